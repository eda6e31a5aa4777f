// `node:timers/promises` (https://nodejs.org/api/timers.html#timers-promises-api).
'use strict';

const timers = require('web/html/timers');

function abortError(signal) {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  error.code = 'ABORT_ERR';
  return error;
}

/** A promise for `value` that `start` fulfils later, and that an abort rejects at once. */
function cancelable(start, cancel, value, { signal, ref = true } = {}) {
  if (signal?.aborted) return Promise.reject(abortError(signal));
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      cancel(timer);
      reject(abortError(signal));
    };
    const timer = start(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    });
    if (!ref) timer.unref();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function setTimeout(delay, value, options) {
  return cancelable((done) => timers.setTimeout(done, delay), timers.clearTimeout, value, options);
}

function setImmediate(value, options) {
  return cancelable((done) => timers.setImmediate(done), timers.clearImmediate, value, options);
}

/** Yields `value` at every tick; ticks that nobody awaited yet are counted, not queued. */
async function* setInterval(delay, value, { signal, ref = true } = {}) {
  if (signal?.aborted) throw abortError(signal);
  let missed = 0;
  let wake = () => {};
  const timer = timers.setInterval(() => {
    missed += 1;
    wake();
  }, delay);
  if (!ref) timer.unref();
  const onAbort = () => wake();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      if (signal?.aborted) throw abortError(signal);
      if (missed === 0) await new Promise((resolve) => (wake = resolve));
      for (; missed > 0 && !signal?.aborted; missed -= 1) yield value;
    }
  } finally {
    timers.clearInterval(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

const scheduler = {
  wait: (delay, options) => setTimeout(delay, undefined, options),
  yield: () => setImmediate(),
};

module.exports = { setTimeout, setImmediate, setInterval, scheduler };
