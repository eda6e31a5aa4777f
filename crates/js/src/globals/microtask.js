// queueMicrotask (https://html.spec.whatwg.org/#microtask-queuing).
(function (ops, use) {
  'use strict';

  const settled = Promise.resolve();
  const { then } = Promise.prototype;

  function queueMicrotask(callback) {
    if (typeof callback !== 'function') {
      const error = new TypeError(`queueMicrotask: the callback must be a function, not ${callback === null ? 'null' : typeof callback}`);
      error.code = 'ERR_INVALID_ARG_TYPE';
      throw error;
    }
    // A job of the engine's own queue; what it throws is an uncaught exception, not a rejection.
    Reflect.apply(then, settled, [
      () => {
        try {
          callback();
        } catch (error) {
          use('global_events').reportException(error);
        }
      },
    ]);
  }

  return { queueMicrotask };
})
