import React, { Suspense, use, useState, createContext, useContext } from 'react';
import { renderToString, renderToStaticMarkup, renderToPipeableStream } from 'react-dom/server';
import { renderToReadableStream } from 'react-dom/server.edge';
import { Writable } from 'node:stream';
const h = React.createElement;
const Theme = createContext('light');
function Counter() {
  const [n] = useState(3);
  return h('p', { className: useContext(Theme) }, 'n: ', n);
}
const data = new Promise((resolve) => setTimeout(resolve, 5, 'late'));
function Late() {
  return h('i', null, use(data));
}
const tree = h(
  Theme.Provider,
  { value: 'dark' },
  h('div', { style: { color: 'red', marginTop: 3 } }, h(Counter), h(Suspense, { fallback: 'wait' }, h(Late))),
);
console.log(renderToString(h(Counter)));
console.log(
  renderToStaticMarkup(
    h(
      'ul',
      null,
      [1, 2].map((x) => h('li', { key: x }, x, '&')),
    ),
  ),
);
console.log(
  await new Promise((resolve, reject) => {
    let text = '';
    const { pipe } = renderToPipeableStream(tree, {
      onAllReady() {
        pipe(
          new Writable({
            write(c, _e, d) {
              text += c;
              d();
            },
            final(d) {
              d();
              resolve(text);
            },
          }),
        );
      },
      onError: reject,
    });
  }),
);
const stream = await renderToReadableStream(tree);
await stream.allReady;
console.log(await new Response(stream).text());
