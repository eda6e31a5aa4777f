// queueMicrotask (https://html.spec.whatwg.org/#microtask-queuing): the callback stands in the engine's own queue, and what it throws is
// an uncaught exception.
'use strict';

const { invalidType } = require('builtins/invalid_type');
const { enqueueMicrotask } = ops;

/** @param {() => void} callback */
function queueMicrotask(callback) {
  if (typeof callback !== 'function') throw invalidType('callback', 'function', callback);
  enqueueMicrotask(callback);
}

module.exports = { queueMicrotask };
