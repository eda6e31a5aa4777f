require('core-js');
console.log(
  [1, 2, 3].at(-1),
  typeof Iterator,
  Object.groupBy([1, 2], (x) => x % 2),
  new Set([1]).union(new Set([2])),
);
const w = require('web-streams-polyfill');
(async () => {
  for await (const x of new w.ReadableStream({
    start(c) {
      c.enqueue(1);
      c.close();
    },
  }))
    console.log(x);
})();
require('abort-controller');
const inherits = require('inherits');
function A() {}
function B() {}
inherits(A, B);
console.log(new A() instanceof B, require('safe-buffer').Buffer === Buffer);
