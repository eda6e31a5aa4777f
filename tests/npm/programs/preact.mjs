import { h } from 'preact';
import { useState, useMemo } from 'preact/hooks';
import render from 'preact-render-to-string';
function App({ name }) {
  const [n] = useState(1);
  const d = useMemo(() => n * 2, [n]);
  return h('div', { class: 'a' }, `hi ${name} ${d}`, h('br'));
}
console.log(render(h(App, { name: '<you>' })));
