import { configureStore, createSlice } from '@reduxjs/toolkit';
import { observable, autorun } from 'mobx';
import { createStore as zs } from 'zustand/vanilla';
import { createMachine, createActor } from 'xstate';
const slice = createSlice({
  name: 'a',
  initialState: { n: 0 },
  reducers: {
    inc: (s) => {
      s.n++;
    },
  },
});
const store = configureStore({ reducer: { a: slice.reducer } });
store.dispatch(slice.actions.inc());
console.log(store.getState());
const o = observable({ x: 1 });
autorun(() => console.log('mobx', o.x));
o.x = 2;
const z = zs((set) => ({ n: 1, inc: () => set((s) => ({ n: s.n + 1 })) }));
z.getState().inc();
console.log(z.getState().n);
const actor = createActor(
  createMachine({ initial: 'a', states: { a: { on: { GO: 'b' } }, b: { after: { 3: 'c' } }, c: { type: 'final' } } }),
);
actor.subscribe((s) => console.log(s.value));
actor.start();
actor.send({ type: 'GO' });
