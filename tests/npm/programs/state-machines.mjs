// xstate, @reduxjs/toolkit, redux-saga, redux, immer, immutable, mobx, mobx-state-tree, zustand, jotai, valtio and nanostores do what
// they do on Node.
import { createMachine, createActor, assign, fromPromise, waitFor } from 'xstate';
import { configureStore, createSlice, createAsyncThunk } from '@reduxjs/toolkit';
import createSagaMiddleware from 'redux-saga';
import * as se from 'redux-saga/effects';
import { legacy_createStore, applyMiddleware } from 'redux';
import { enablePatches, produceWithPatches, enableMapSet } from 'immer';
import { Map as IM, List, fromJS, Record } from 'immutable';
import { observable, autorun, runInAction } from 'mobx';
import { types, onSnapshot, getSnapshot, flow } from 'mobx-state-tree';
import { createStore } from 'zustand/vanilla';
import { subscribeWithSelector } from 'zustand/middleware';
import { atom, createStore as jstore } from 'jotai/vanilla';
import { proxy, subscribe, snapshot } from 'valtio/vanilla';
import { atom as natom, computed as ncomp } from 'nanostores';
const a = createActor(
  createMachine({
    initial: 'idle',
    context: { n: 0 },
    states: {
      idle: { on: { GO: 'load' } },
      load: {
        invoke: { src: fromPromise(async () => 5), onDone: { target: 'done', actions: assign({ n: ({ event }) => event.output }) } },
      },
      done: { type: 'final' },
    },
  }),
).start();
a.send({ type: 'GO' });
console.log((await waitFor(a, (s) => s.status === 'done')).context);
const sl = createSlice({
  name: 's',
  initialState: { v: 0 },
  reducers: {
    inc: (s) => {
      s.v++;
    },
  },
  extraReducers: (b) =>
    b.addCase('t/fulfilled', (s, x) => {
      s.v += x.payload;
    }),
});
const th = createAsyncThunk('t', async (x) => x);
const st = configureStore({ reducer: sl.reducer });
st.dispatch(sl.actions.inc());
await st.dispatch(th(10));
console.log(st.getState());
const sm = createSagaMiddleware.default ? createSagaMiddleware.default() : createSagaMiddleware();
const rs = legacy_createStore((s = [], x) => [...s, x.type], applyMiddleware(sm));
const tk = sm.run(function* () {
  yield se.take('A');
  yield se.delay(5);
  yield se.put({ type: 'B' });
  const { r } = yield se.race({ r: se.call(async () => 1), t: se.delay(100) });
  yield se.all([se.put({ type: `C${r}` })]);
});
rs.dispatch({ type: 'A' });
await tk.toPromise();
console.log(rs.getState().slice(1));
enablePatches();
enableMapSet();
console.log(
  produceWithPatches({ a: [1], m: new Map() }, (d) => {
    d.a.push(2);
    d.m.set('k', 1);
  })[1],
);
console.log(
  IM({ a: List([1]) })
    .updateIn(['a', 0], (x) => x + 1)
    .toJS(),
  fromJS({ a: { b: 1 } }).getIn(['a', 'b']),
  new (Record({ x: 1 }))({ x: 5 }).x,
  String(List([1, 2])),
);
const ob = observable({
  x: 1,
  get y() {
    return this.x * 2;
  },
});
const dis = autorun(() => console.log('auto', ob.y));
runInAction(() => (ob.x = 5));
dis();
const T = types.model({ t: types.string, l: types.array(types.number) }).actions((s) => ({
  add(n) {
    s.l.push(n);
  },
  f: flow(function* () {
    s.t = yield Promise.resolve('fl');
  }),
}));
const t = T.create({ t: 'a' });
onSnapshot(t, (s) => console.log('snap', s));
t.add(1);
await t.f();
console.log(getSnapshot(t));
try {
  T.create({ t: 5 });
} catch (e) {
  console.log(e.message.split('\n')[0]);
}
const zs = createStore(subscribeWithSelector((set) => ({ n: 0, inc: () => set((s) => ({ n: s.n + 1 })) })));
zs.subscribe(
  (s) => s.n,
  (n) => console.log('z', n),
);
zs.getState().inc();
const at = atom(1);
const dd = atom((g) => g(at) * 2);
const js = jstore();
js.sub(dd, () => console.log('jotai', js.get(dd)));
js.set(at, 4);
const pr = proxy({ c: 0, n: { d: 1 } });
subscribe(pr, () => console.log('valtio', snapshot(pr)));
pr.n.d++;
await Promise.resolve();
const na = natom(1);
ncomp(na, (x) => x + 1).subscribe((v) => console.log('nano', v));
na.set(5);
