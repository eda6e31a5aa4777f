// The global `python`: Python itself, made when a program names it. What a program puts in its place stays there.
//
// Runs on the loop thread with the GIL held.
'use strict';

const { defineProperty } = require('builtins/primordials');
const { pyRoot } = ops;

/** @param {any} value */
function put(value) {
  const property = { __proto__: null, value, writable: true, enumerable: false, configurable: true };
  defineProperty(globalThis, 'python', property);
  return value;
}

defineProperty(
  globalThis,
  'python',
  /** @type {any} */ ({ __proto__: null, get: () => put(pyRoot()), set: put, enumerable: false, configurable: true }),
);
