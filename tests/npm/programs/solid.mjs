import { createSignal, createMemo, createRoot } from 'solid-js';
createRoot(() => {
  const [a, setA] = createSignal(1);
  const b = createMemo(() => a() * 2);
  setA(4);
  console.log(a(), b());
});
