// `node:timers/promises` (https://nodejs.org/api/timers.html#timers-promises-api).
'use strict';

const { aborted, nodeError } = require('node/errors');
const { requireBoolean, requireNumber, requireObject, requireSignal } = require('node/arguments');
const { forgetAbortable, noteAbortable, notesAbortables } = require('builtins/abortable');
const { Promise, reject: rejected } = require('builtins/primordials');
const timers = require('web/html/timers');
const loadAbortSignals = () => require('node/abort_signals');

/** @typedef {{ signal?: any, ref?: boolean }} Options */

/** @param {any} options */
function requireOptions(options) {
  if (options === undefined) return;
  requireObject(options, 'options');
  requireSignal(options.signal, 'options.signal');
  if (options.ref !== undefined) requireBoolean(options.ref, 'options.ref');
}

/**
 * A promise for `value` that `start` fulfils later, and that an abort rejects at once.
 * @param {(done: () => void) => any} start @param {(timer: any) => void} cancel @param {any} value @param {Options} [options]
 */
function cancelable(start, cancel, value, options = {}) {
  const { signal, ref = true } = options;
  if (signal?.aborted) return rejected(aborted(signal));
  /** @type {any} */
  let timer;
  let abort = () => {};
  /** @type {Promise<any>} */
  const promise = new Promise((resolve, reject) => {
    const onAbort = () => {
      cancel(timer);
      forgetAbortable(promise);
      reject(aborted(signal));
    };
    abort = onAbort;
    timer = start(() => {
      forgetAbortable(promise);
      if (signal !== undefined) loadAbortSignals().offAbort(signal, onAbort);
      resolve(value);
    });
    if (!ref) timer.unref();
    if (signal !== undefined) loadAbortSignals().onAbort(signal, onAbort);
  });
  return notesAbortables() ? noteAbortable(promise, abort) : promise;
}

/** @param {number} [delay] @param {any} [value] @param {Options} [options] */
function setTimeout(delay, value, options) {
  try {
    if (delay !== undefined) requireNumber(delay, 'delay');
    requireOptions(options);
  } catch (error) {
    return rejected(error);
  }
  return cancelable((done) => timers.setTimeout(done, delay), timers.clearTimeout, value, options);
}

/** @param {any} [value] @param {Options} [options] */
function setImmediate(value, options) {
  try {
    requireOptions(options);
  } catch (error) {
    return rejected(error);
  }
  return cancelable((done) => timers.setImmediate(done), timers.clearImmediate, value, options);
}

/** A wait that `waker` is told how to end. @param {(wake: () => void) => void} waker @param {any} signal @returns {Promise<void>} */
function tick(waker, signal) {
  let abort = () => {};
  /** @type {Promise<void>} */
  const promise = new Promise((resolve, reject) => {
    waker(() => {
      forgetAbortable(promise);
      resolve(undefined);
    });
    abort = () => {
      forgetAbortable(promise);
      reject(aborted(signal));
    };
  });
  return notesAbortables() ? noteAbortable(promise, abort) : promise;
}

/**
 * Yields `value` at every tick; ticks that nobody awaited yet are counted, not queued.
 * @param {number} [delay] @param {any} [value] @param {Options} [options]
 */
async function* setInterval(delay, value, options = {}) {
  if (delay !== undefined) requireNumber(delay, 'delay');
  requireOptions(options);
  const { signal, ref = true } = options;
  if (signal?.aborted) throw aborted(signal);
  let missed = 0;
  let wake = () => {};
  const timer = timers.setInterval(() => {
    missed += 1;
    wake();
  }, delay);
  if (!ref) timer.unref();
  const onAbort = () => wake();
  if (signal !== undefined) loadAbortSignals().onAbort(signal, onAbort);
  try {
    for (;;) {
      if (signal?.aborted) throw aborted(signal);
      if (missed === 0) await tick((woken) => (wake = woken), signal);
      for (; missed > 0 && !signal?.aborted; missed -= 1) yield value;
    }
  } finally {
    timers.clearInterval(timer);
    if (signal !== undefined) loadAbortSignals().offAbort(signal, onAbort);
  }
}

const token = {};

class Scheduler {
  /** @param {any} given */
  constructor(given) {
    if (given !== token) throw nodeError(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
  }
  /** @param {number} delay @param {Options} [options] */
  wait(delay, options) {
    return setTimeout(delay, undefined, options);
  }
  yield() {
    return setImmediate();
  }
}
const scheduler = new Scheduler(token);

module.exports = { setTimeout, setImmediate, setInterval, scheduler };
