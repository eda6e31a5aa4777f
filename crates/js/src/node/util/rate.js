// `debounce` and `throttle` (https://nodejs.org/api/util.html#utildebouncefn-wait-options): functions that are called less often than they are asked.
//
// Each gives a promise for every call. BOUNDED: by the program, which may limit how many calls wait (`maxPending`).
'use strict';

const { aborted, nodeError } = require('node/errors');
const { requireBoolean, requireFunction, requireInteger, requireObject, requireOneOf, requireSignal } = require('node/arguments');
const { setTimeout, clearTimeout } = require('web/html/timers');
const { apply, catchRejection, defineProperty, max, push, reject, resolve, shift, then, withResolvers } = require('builtins/primordials');
const { monotonicNow } = ops;
const loadAbortSignals = () => require('node/abort_signals');

const longestDelay = 2 ** 31 - 1;

/** A timer that may be told to keep the program alive or not before there is one. */
class Alarm {
  #run;
  /** @type {any} */
  #timer;
  #keeps = true;

  /** @param {() => void} run */
  constructor(run) {
    this.#run = run;
  }
  get isSet() {
    return this.#timer !== undefined;
  }
  /** @param {number} delay */
  set(delay) {
    this.clear();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#run();
    }, delay);
    if (!this.#keeps) this.#timer.unref();
  }
  clear() {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }
  /** @param {boolean} keeps */
  keep(keeps) {
    this.#keeps = keeps;
    if (this.#timer === undefined) return;
    if (keeps) this.#timer.ref();
    else this.#timer.unref();
  }
}

/**
 * Puts the methods and the counters on a limited function: its own, and those that both kinds have.
 * @param {Function} limited @param {Function} fn @param {Alarm} alarm @param {() => any[]} waiting the calls that wait
 * @param {Record<string, Function>} ownMethods @param {Record<string, () => any>} [ownGetters]
 */
function dress(limited, fn, alarm, waiting, ownMethods, ownGetters) {
  const keep = (/** @type {boolean} */ keeps) => {
    alarm.keep(keeps);
    return limited;
  };
  /** @type {Record<string, Function>} */
  const methods = { ...ownMethods, ref: () => keep(true), unref: () => keep(false) };
  /** @type {Record<string, () => any>} */
  const getters = { pending: () => waiting()[waiting().length - 1]?.promise ?? null, pendingCount: () => waiting().length, ...ownGetters };
  for (const name in methods) defineProperty(limited, name, { value: methods[name], writable: true, enumerable: true, configurable: true });
  for (const name in getters) defineProperty(limited, name, { get: getters[name], enumerable: false });
  defineProperty(limited, 'length', { value: fn.length, configurable: true });
  defineProperty(limited, 'name', { value: fn.name, configurable: true });
}

/** @param {any} signal */
function throwIfAborted(signal) {
  if (signal?.aborted) throw aborted(signal);
}

/** @param {any[]} calls @param {any} error */
function rejectAll(calls, error) {
  for (let index = 0; index < calls.length; index += 1) calls[index].reject(error);
}

function superseded() {
  const error = aborted(undefined);
  error.message = 'The debounced call was superseded';
  return error;
}

/** @param {any} reason */
const canceled = (reason) => aborted(reason === undefined ? undefined : { reason });

/** @param {any} signal @param {(error: any) => void} stop */
function whenAborted(signal, stop) {
  if (signal !== undefined) loadAbortSignals().onAbort(signal, () => stop(canceled(signal.reason)));
}

/** @param {Function} fn @param {number} wait @param {any} [options] */
function debounce(fn, wait, options = {}) {
  requireFunction(fn, 'fn');
  requireInteger(wait, 'wait', 0, longestDelay);
  requireObject(options, 'options');
  const { leading = false, rejectOnCancel = false, signal } = options;
  requireBoolean(leading, 'options.leading');
  requireBoolean(rejectOnCancel, 'options.rejectOnCancel');
  requireSignal(signal, 'options.signal');
  throwIfAborted(signal);

  /** @type {any[]} */
  let waiting = [];
  /** The arguments of the last call. @type {any[]} */
  let last = [];
  /** @type {any} */
  let stopped;

  const alarm = new Alarm(() => runWaiting());
  const take = () => {
    const calls = waiting;
    waiting = [];
    return calls;
  };
  const stop = (/** @type {any} */ error) => {
    alarm.clear();
    last = [];
    rejectAll(take(), error);
  };
  const run = (/** @type {any[]} */ given, /** @type {any[]} */ calls) => {
    try {
      const result = apply(fn, debounced, given);
      for (let index = 0; index < calls.length; index += 1) calls[index].resolve(result);
    } catch (error) {
      rejectAll(calls, error);
    }
  };
  const runWaiting = () => {
    const given = last;
    last = [];
    const calls = take();
    if (calls.length > 0) run(given, calls);
  };
  /** @type {any} */
  const debounced = /** @param {any[]} given */ (...given) => {
    if (stopped !== undefined) return reject(stopped);
    const isFirst = leading && !alarm.isSet;
    if (waiting.length > 0) {
      // Who waits for a call that another has taken the place of need not look at what becomes of it.
      catchRejection(waiting[waiting.length - 1].promise, () => undefined);
      if (rejectOnCancel) rejectAll(take(), superseded());
    }
    alarm.set(wait);
    const call = withResolvers();
    if (isFirst) {
      run(given, [call]);
    } else {
      push(waiting, call);
      last = given;
    }
    return call.promise;
  };
  const methods = {
    /** @param {any} [reason] */
    cancel(reason = undefined) {
      if (alarm.isSet) stop(canceled(reason));
    },
    flush() {
      if (waiting.length === 0) return;
      alarm.clear();
      runWaiting();
    },
  };
  dress(debounced, fn, alarm, () => waiting, methods);
  whenAborted(signal, (error) => {
    stopped = error;
    stop(error);
  });
  return debounced;
}

/** How many calls began in the window: one that starts anew (fixed), or the last `interval` milliseconds before now (strict). */
class Window {
  /** When the calls began, the oldest first. @type {number[]} */
  #begun = [];
  #start = -Infinity;
  #limit;
  #interval;
  #isStrict;

  /** @param {number} limit @param {number} interval @param {boolean} isStrict */
  constructor(limit, interval, isStrict) {
    this.#limit = limit;
    this.#interval = interval;
    this.#isStrict = isStrict;
  }
  /** Forgets what is over. */
  #forget() {
    const now = monotonicNow();
    if (this.#isStrict) {
      while (this.#begun.length > 0 && now - this.#begun[0] >= this.#interval) shift(this.#begun);
    } else if (now - this.#start >= this.#interval) {
      this.#begun = [];
    }
    return now;
  }
  hasRoom() {
    this.#forget();
    return this.#begun.length < this.#limit;
  }
  begin() {
    const now = this.#forget();
    if (this.#begun.length === 0) this.#start = now;
    push(this.#begun, now);
  }
  /** Milliseconds until there is room. */
  delay() {
    const from = this.#isStrict ? this.#begun[0] : this.#start;
    return from + this.#interval - monotonicNow();
  }
  clear() {
    this.#begun = [];
    this.#start = -Infinity;
  }
}

/** @param {Function} fn @param {number} limit @param {number} interval @param {any} [options] */
function throttle(fn, limit, interval, options = {}) {
  requireFunction(fn, 'fn');
  requireInteger(limit, 'limit', 1);
  requireInteger(interval, 'interval', 0, longestDelay);
  requireObject(options, 'options');
  const { concurrency = Infinity, maxPending = Infinity, overflow = 'queue', signal, strict = false } = options;
  if (concurrency !== Infinity) requireInteger(concurrency, 'options.concurrency', 1);
  if (maxPending !== Infinity) requireInteger(maxPending, 'options.maxPending', 0);
  requireOneOf(overflow, 'options.overflow', ['queue', 'drop']);
  requireSignal(signal, 'options.signal');
  requireBoolean(strict, 'options.strict');
  throwIfAborted(signal);

  const window = new Window(limit, interval, strict);
  /** @type {any[]} */
  let waiting = [];
  let active = 0;
  /** @type {any} */
  let stopped;

  const alarm = new Alarm(() => goOn());
  const settled = () => {
    active -= 1;
    goOn();
  };
  const run = (/** @type {any} */ call) => {
    window.begin();
    active += 1;
    /** @type {Promise<any>} */
    let result;
    try {
      result = resolve(apply(fn, throttled, call.given));
    } catch (error) {
      result = reject(error);
    }
    then(
      result,
      (value) => {
        call.resolve(value);
        settled();
      },
      (reason) => {
        call.reject(reason);
        settled();
      },
    );
  };
  const goOn = () => {
    while (waiting.length > 0 && active < concurrency && window.hasRoom()) run(shift(waiting));
    if (waiting.length > 0 && active < concurrency && !alarm.isSet) alarm.set(max(window.delay(), 1));
  };
  const stop = (/** @type {any} */ error) => {
    alarm.clear();
    window.clear();
    const calls = waiting;
    waiting = [];
    rejectAll(calls, error);
  };
  const hasImmediateCapacity = () => stopped === undefined && waiting.length === 0 && active < concurrency && window.hasRoom();
  /** @type {any} */
  const throttled = /** @param {any[]} given */ (...given) => {
    if (stopped !== undefined) return reject(stopped);
    const isFree = hasImmediateCapacity();
    if (!isFree && (overflow === 'drop' || waiting.length >= maxPending)) {
      const dropped = reject(nodeError(Error, 'ERR_THROTTLED', 'The call was dropped by the throttled function'));
      catchRejection(dropped, () => undefined);
      return dropped;
    }
    const call = { ...withResolvers(), given };
    if (isFree) {
      run(call);
    } else {
      push(waiting, call);
      goOn();
    }
    return call.promise;
  };
  const methods = {
    /** @param {any} [reason] */
    cancel: (reason = undefined) => stop(canceled(reason)),
    hasImmediateCapacity,
  };
  dress(throttled, fn, alarm, () => waiting, methods, { activeCount: () => active });
  whenAborted(signal, (error) => {
    stopped = error;
    stop(error);
  });
  return throttled;
}

module.exports = { debounce, throttle };
