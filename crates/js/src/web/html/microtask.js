// queueMicrotask (https://html.spec.whatwg.org/#microtask-queuing).
'use strict';

const { codedError } = require('builtins/coded_error');
const { reportException } = ops;
const settled = Promise.resolve();
const { then } = Promise.prototype;

function queueMicrotask(callback) {
  if (typeof callback !== 'function') {
    throw codedError(
      TypeError,
      'ERR_INVALID_ARG_TYPE',
      `queueMicrotask: the callback must be a function, not ${callback === null ? 'null' : typeof callback}`,
    );
  }
  // A job of the engine's own queue; what it throws is an uncaught exception, not a rejection.
  Reflect.apply(then, settled, [
    () => {
      try {
        callback();
      } catch (error) {
        reportException(error);
      }
    },
  ]);
}

module.exports = { queueMicrotask };
