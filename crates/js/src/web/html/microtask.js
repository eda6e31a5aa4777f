// queueMicrotask (https://html.spec.whatwg.org/#microtask-queuing): the callback stands in the engine's own queue, and what it throws is
// an uncaught exception.
'use strict';

const { tracked, tracker } = require('builtins/async_context');
const { invalidType } = require('builtins/invalid_type');
const { enqueueMicrotask } = ops;

/** @param {() => void} callback */
function queueMicrotask(callback) {
  if (typeof callback !== 'function') throw invalidType('callback', 'function', callback);
  enqueueMicrotask(tracker.now === undefined ? callback : /** @type {any} */ (tracked('Microtask', callback, { callback })));
}

module.exports = { queueMicrotask };
