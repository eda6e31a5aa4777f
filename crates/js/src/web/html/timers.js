// setTimeout, setInterval, setImmediate and their kin (https://html.spec.whatwg.org/#timers). They return objects with `ref`,
// `unref`, `hasRef`, `refresh` and `close`, as Node's users expect; each becomes a number when one is asked for, which the clear functions take
// as well. Rust has the deadlines: an operation starts a timer under a number, and the loop gives the object back to `fire`.
//
// Deviations from HTML, both Node's: no string handlers, and no minimum of 4 ms for nested timers. From Node: a delay of 0 is 0.
'use strict';

const { tracker } = require('builtins/async_context');
const { invalidType } = require('builtins/invalid_type');
const { max, min, trunc, symbolFor, apply, Map, mapDelete, mapGet, mapSet } = require('builtins/primordials');
const { builtinExports, cancelImmediate, cancelTimer, referenceImmediate, referenceTimer } = ops;
const { setTimerCallback, startImmediate, startTimer } = ops;
const loadInspect = () => require('builtins/inspect/inspect');
const longestDelay = 2 ** 31 - 1;
const idle = 0;
/** @type {any[]} */
const none = [];

/** @typedef {import('../../builtins/async_context.js').Work} Work */

/** @type {(callback: Function, delay: number, given: any[] | undefined, repeats: boolean, referenced: boolean) => Timeout} */
let makeTimer;
/** @type {(timer: Timeout) => void} */
let fire;
/** @type {(timer: any) => boolean} */
let stop;
/** @type {(timer: Timeout) => Function | null} */
let callbackOf;

class Timeout {
  #key = idle;
  /** @type {Function | null} */
  #callback = null;
  /** @type {any[] | undefined} */
  #args;
  #delay = 0;
  #repeats = false;
  #referenced = true;
  #number = 0;
  /** Whether it is one of the active timers that keep the program alive. */
  #isCounted = false;
  /** What hooks know of it. @type {Work | undefined} */
  #work;

  // Old packages hand these on without their timer, which says nothing.
  ref() {
    if (#key in this) this.#setReferenced(true);
    return this;
  }
  unref() {
    if (#key in this) this.#setReferenced(false);
    return this;
  }
  hasRef() {
    return this.#referenced;
  }
  /** Starts again from now, also when it has fired; not when it was cleared. */
  refresh() {
    if (this.#callback === null) return this;
    if (this.#key !== idle) cancelTimer(this.#key);
    this.#start();
    return this;
  }
  close() {
    this.#stop();
    return this;
  }

  // What old packages read and write of a timer of Node's.
  get _destroyed() {
    return this.#key === idle;
  }
  get _idleTimeout() {
    return this.#delay;
  }
  set _idleTimeout(delay) {
    if (delay < 0) this.#stop();
    else this.#delay = delay;
  }
  get _onTimeout() {
    return this.#callback;
  }
  set _onTimeout(callback) {
    this.#callback = callback;
  }
  /** The delay of an interval. @returns {number | null} */
  get _repeat() {
    return this.#repeats ? this.#delay : null;
  }
  set _repeat(delay) {
    this.#repeats = delay !== null;
    if (delay !== null) this.#delay = max(1, toDelay(delay));
  }
  [Symbol.toPrimitive]() {
    if (this.#number === 0) {
      lastNumber += 1;
      this.#number = lastNumber;
      if (this.#key !== idle) mapSet(numbered, this.#number, this);
    }
    return this.#number;
  }
  [Symbol.dispose ?? Symbol('dispose')]() {
    this.#stop();
  }
  /** @param {number} depth @param {any} options */
  [symbolFor('nodejs.util.inspect.custom')](depth, options) {
    const shown = { delay: this.#delay, repeats: this.#repeats, active: this.#key !== idle, referenced: this.#referenced };
    return loadInspect().inspectMembers('Timeout', shown, depth, options);
  }

  /** @param {boolean} referenced */
  #setReferenced(referenced) {
    this.#referenced = referenced;
    if (this.#key === idle) return;
    referenceTimer(this.#key, referenced);
    this.#count(referenced);
  }
  /** @param {boolean} isActive */
  #count(isActive) {
    if (isActive === this.#isCounted) return;
    this.#isCounted = isActive;
    activeTimers += isActive ? 1 : -1;
  }
  #start() {
    this.#count(this.#referenced);
    if (tracker.now !== undefined) this.#work ??= tracker.now.begun('Timeout', this);
    this.#key = startTimer(this, this.#delay, this.#referenced);
    if (this.#number !== 0) mapSet(numbered, this.#number, this);
  }
  #stop() {
    this.#callback = null;
    this.#args = undefined;
    this.#ended();
  }
  #ended() {
    this.#count(false);
    if (this.#key !== idle) cancelTimer(this.#key);
    this.#key = idle;
    if (this.#number !== 0) mapDelete(numbered, this.#number);
    const work = this.#work;
    this.#work = undefined;
    if (work !== undefined) tracker.over(work);
  }

  static {
    makeTimer = (callback, delay, args, repeats, referenced) => {
      const timer = new Timeout();
      timer.#callback = callback;
      timer.#delay = delay;
      timer.#args = args;
      timer.#repeats = repeats;
      timer.#referenced = referenced;
      if (tracker.now !== undefined) timer.#work = tracker.now.begun('Timeout', timer);
      timer.#key = startTimer(timer, delay, referenced);
      timer.#count(referenced);
      return timer;
    };
    fire = (timer) => {
      const callback = timer.#callback;
      timer.#key = idle;
      if (callback === null) return;
      const args = timer.#args;
      const work = timer.#work;
      if (work !== undefined) tracker.enter(work);
      try {
        apply(callback, timer, args ?? none);
      } finally {
        if (work !== undefined) tracker.leave(work);
        // An interval counts from the end of its callback, which may have cleared or refreshed it.
        if (timer.#key === idle) {
          if (timer.#repeats && timer.#callback !== null) timer.#start();
          else timer.#ended();
        }
      }
    };
    callbackOf = (timer) => timer.#callback;
    stop = (timer) => {
      if (timer !== null && typeof timer === 'object' && #key in timer) {
        timer.#stop();
        return true;
      }
      return false;
    };
  }
}

/** Active timers, and immediates, that keep the program alive. */
let activeTimers = 0;
let activeImmediates = 0;

// Timers whose number somebody asked for, while they are running.
/** @type {Map<number, Timeout>} */
const numbered = new Map();
let lastNumber = 0;

/** @param {any} callback */
function requireFunction(callback) {
  if (typeof callback !== 'function') throw invalidType('callback', 'function', callback);
}

/** Milliseconds as HTML's `long`; what does not fit is 1, as in Node, not an overflow that fires at once by chance. @param {any} value */
function toDelay(value) {
  const delay = typeof value === 'number' ? value : Number(value);
  if (delay >= 0 && delay <= longestDelay) return trunc(delay);
  warnAbout(delay);
  return delay > longestDelay ? 1 : 0;
}

let warnedOfNegative = false;
let warnedOfNaN = false;

/** A delay that is none is said once; one that is too long each time. @param {number} delay */
function warnAbout(delay) {
  let what;
  if (delay > longestDelay) what = ['does not fit into a 32-bit signed integer', 'TimeoutOverflowWarning'];
  else if (delay < 0 && !warnedOfNegative) what = ['is a negative number', 'TimeoutNegativeWarning'];
  else if (delay !== delay && !warnedOfNaN) what = ['is not a number', 'TimeoutNaNWarning'];
  if (what === undefined) return;
  if (delay < 0) warnedOfNegative = true;
  if (delay !== delay) warnedOfNaN = true;
  builtinExports('node:process').emitWarning(`${delay} ${what[0]}.\nTimeout duration was set to 1.`, what[1]);
}

/** @param {any} callback @param {any} [delay] @param {...any} args */
function setTimeout(callback, delay = 0, ...args) {
  requireFunction(callback);
  return makeTimer(callback, toDelay(delay), args.length === 0 ? undefined : args, false, true);
}

/** @param {any} callback @param {any} [delay] @param {...any} args */
function setInterval(callback, delay = 0, ...args) {
  requireFunction(callback);
  // An interval of 0 would leave no turn without it.
  return makeTimer(callback, max(1, toDelay(delay)), args.length === 0 ? undefined : args, true, true);
}

/** @param {any} timer */
function clearTimeout(timer) {
  if (stop(timer) || timer === undefined || timer === null) return;
  if (typeof timer === 'number' || typeof timer === 'string') {
    const found = mapGet(numbered, Number(timer));
    if (found !== undefined) stop(found);
  }
}

/** @param {any} timer */
function clearInterval(timer) {
  clearTimeout(timer);
}

/** @type {(immediate: Immediate) => void} */
let runImmediate;
/** @type {(immediate: any) => void} */
let stopImmediate;
/** @type {(immediate: Immediate) => Function | null} */
let callbackOfImmediate;
/** @type {(object: any) => boolean} */
let isImmediate;

class Immediate {
  #key;
  /** @type {Function | null} */
  #callback;
  /** @type {any[] | undefined} */
  #args;
  #referenced = true;
  /** @type {Work | undefined} */
  #work;

  /** @param {Function} callback @param {any[]} args */
  constructor(callback, args) {
    activeImmediates += 1;
    this.#callback = callback;
    this.#args = args;
    if (tracker.now !== undefined) this.#work = tracker.now.begun('Immediate', this);
    this.#key = startImmediate(this);
  }
  ref() {
    this.#setReferenced(true);
    return this;
  }
  unref() {
    this.#setReferenced(false);
    return this;
  }
  /** @param {boolean} referenced */
  #setReferenced(referenced) {
    if (referenced === this.#referenced) return;
    this.#referenced = referenced;
    if (this.#callback === null) return;
    activeImmediates += referenced ? 1 : -1;
    referenceImmediate(this.#key, referenced);
  }
  get _destroyed() {
    return this.#callback === null;
  }
  hasRef() {
    return this.#referenced;
  }
  [Symbol.dispose ?? Symbol('dispose')]() {
    stopImmediate(this);
  }

  static {
    isImmediate = (object) => #referenced in object;
    callbackOfImmediate = (immediate) => immediate.#callback;
    runImmediate = (immediate) => {
      const callback = immediate.#callback;
      if (callback === null) return;
      const args = immediate.#args;
      if (immediate.#referenced) activeImmediates -= 1;
      immediate.#callback = null;
      immediate.#args = undefined;
      const work = immediate.#work;
      if (work === undefined) {
        apply(callback, immediate, args ?? none);
        return;
      }
      tracker.enter(work);
      try {
        apply(callback, immediate, args ?? none);
      } finally {
        tracker.leave(work);
        tracker.over(work);
      }
    };
    stopImmediate = (immediate) => {
      if (immediate === null || typeof immediate !== 'object' || !(#callback in immediate)) return;
      if (immediate.#callback !== null) {
        cancelImmediate(immediate.#key);
        if (immediate.#referenced) activeImmediates -= 1;
        if (immediate.#work !== undefined) tracker.over(immediate.#work);
      }
      immediate.#callback = null;
      immediate.#args = undefined;
    };
  }
}

/** @param {any} callback @param {...any} args */
function setImmediate(callback, ...args) {
  requireFunction(callback);
  return new Immediate(callback, args);
}

/** @param {any} immediate */
function clearImmediate(immediate) {
  stopImmediate(immediate);
}

/** A timer that does not keep the process alive, for other modules. @param {Function} callback @param {number} delay */
function startUnreferenced(callback, delay) {
  return makeTimer(callback, min(delay, longestDelay), undefined, false, false);
}

setTimerCallback(
  (timer) => {
    if (isImmediate(timer)) runImmediate(timer);
    else fire(timer);
  },
  // For a trace.
  (timer) => (isImmediate(timer) ? callbackOfImmediate(timer) : callbackOf(timer)),
);

/** How many timers and immediates keep the program alive. @returns {[timers: number, immediates: number]} */
const activeCounts = () => [activeTimers, activeImmediates];

module.exports = {
  activeCounts,
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval,
  clearImmediate,
  startUnreferenced,
};
