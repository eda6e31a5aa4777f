// setTimeout, setInterval, setImmediate and their kin (https://html.spec.whatwg.org/#timers). They return objects with `ref`,
// `unref`, `hasRef`, `refresh` and `close`, as Node's users expect; each becomes a number when one is asked for, which the clear functions take
// as well. Rust has the deadlines: an operation starts a timer under a number, and the loop gives the object back to `fire`.
//
// Deviations from HTML, both Node's: no string handlers, and no minimum of 4 ms for nested timers. From Node: a delay of 0 is 0.
'use strict';

const { codedError } = require('builtins/coded_error');
const { cancelImmediate, cancelTimer, referenceTimer, setTimerCallback, startImmediate, startTimer } = ops;
const loadInspect = () => require('builtins/inspect/inspect');
const longestDelay = 2 ** 31 - 1;
const idle = 0;

let makeTimer;
let fire;
let stop;

class Timeout {
  #key = idle;
  #callback;
  #args;
  #delay;
  #repeats;
  #referenced;
  #number = 0;

  ref() {
    this.#setReferenced(true);
    return this;
  }
  unref() {
    this.#setReferenced(false);
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
  [Symbol.toPrimitive]() {
    if (this.#number === 0) {
      lastNumber += 1;
      this.#number = lastNumber;
      if (this.#key !== idle) numbered.set(this.#number, this);
    }
    return this.#number;
  }
  [Symbol.dispose ?? Symbol('dispose')]() {
    this.#stop();
  }
  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const shown = { delay: this.#delay, repeats: this.#repeats, active: this.#key !== idle, referenced: this.#referenced };
    return loadInspect().inspectMembers('Timeout', shown, depth, options);
  }

  #setReferenced(referenced) {
    this.#referenced = referenced;
    if (this.#key !== idle) referenceTimer(this.#key, referenced);
  }
  #start() {
    this.#key = startTimer(this, this.#delay, this.#referenced);
    if (this.#number !== 0) numbered.set(this.#number, this);
  }
  #stop() {
    this.#callback = null;
    this.#args = undefined;
    this.#ended();
  }
  #ended() {
    if (this.#key !== idle) cancelTimer(this.#key);
    this.#key = idle;
    if (this.#number !== 0) numbered.delete(this.#number);
  }

  static {
    makeTimer = (callback, delay, args, repeats, referenced) => {
      const timer = new Timeout();
      timer.#callback = callback;
      timer.#delay = delay;
      timer.#args = args;
      timer.#repeats = repeats;
      timer.#referenced = referenced;
      timer.#key = startTimer(timer, delay, referenced);
      return timer;
    };
    fire = (timer) => {
      const callback = timer.#callback;
      timer.#key = idle;
      if (callback === null) return;
      const args = timer.#args;
      try {
        if (args === undefined) callback.call(timer);
        else callback.apply(timer, args);
      } finally {
        // An interval counts from the end of its callback, which may have cleared or refreshed it.
        if (timer.#key === idle) {
          if (timer.#repeats && timer.#callback !== null) timer.#start();
          else if (timer.#number !== 0) numbered.delete(timer.#number);
        }
      }
    };
    stop = (timer) => {
      if (timer !== null && typeof timer === 'object' && #key in timer) {
        timer.#stop();
        return true;
      }
      return false;
    };
  }
}

// Timers whose number somebody asked for, while they are running.
const numbered = new Map();
let lastNumber = 0;

function requireFunction(callback, operation) {
  if (typeof callback !== 'function') {
    throw codedError(
      TypeError,
      'ERR_INVALID_ARG_TYPE',
      `${operation}: the callback must be a function, not ${callback === null ? 'null' : typeof callback}`,
    );
  }
}

/** Milliseconds as HTML's `long`; what does not fit is 1, as in Node, not an overflow that fires at once by chance. */
function toDelay(value) {
  const delay = typeof value === 'number' ? value : Number(value);
  if (delay >= 0 && delay <= longestDelay) return Math.trunc(delay);
  return delay > longestDelay ? 1 : 0;
}

function setTimeout(callback, delay = 0, ...args) {
  requireFunction(callback, 'setTimeout');
  return makeTimer(callback, toDelay(delay), args.length === 0 ? undefined : args, false, true);
}

function setInterval(callback, delay = 0, ...args) {
  requireFunction(callback, 'setInterval');
  // An interval of 0 would leave no turn without it.
  return makeTimer(callback, Math.max(1, toDelay(delay)), args.length === 0 ? undefined : args, true, true);
}

function clearTimeout(timer) {
  if (stop(timer) || timer === undefined || timer === null) return;
  if (typeof timer === 'number' || typeof timer === 'string') {
    const found = numbered.get(Number(timer));
    if (found !== undefined) stop(found);
  }
}

function clearInterval(timer) {
  clearTimeout(timer);
}

let runImmediate;
let stopImmediate;

class Immediate {
  #key;
  #callback;
  #args;
  #referenced = true;

  constructor(callback, args) {
    this.#callback = callback;
    this.#args = args;
    this.#key = startImmediate(this);
  }
  ref() {
    this.#referenced = true;
    return this;
  }
  unref() {
    // It runs in the next turn, so there is nothing to keep alive for longer.
    this.#referenced = false;
    return this;
  }
  hasRef() {
    return this.#referenced;
  }
  [Symbol.dispose ?? Symbol('dispose')]() {
    stopImmediate(this);
  }

  static {
    runImmediate = (immediate) => {
      const callback = immediate.#callback;
      if (callback === null) return;
      const args = immediate.#args;
      immediate.#callback = null;
      immediate.#args = undefined;
      callback.apply(undefined, args);
    };
    stopImmediate = (immediate) => {
      if (immediate === null || typeof immediate !== 'object' || !(#callback in immediate)) return;
      if (immediate.#callback !== null) cancelImmediate(immediate.#key);
      immediate.#callback = null;
      immediate.#args = undefined;
    };
  }
}

function setImmediate(callback, ...args) {
  requireFunction(callback, 'setImmediate');
  return new Immediate(callback, args);
}

function clearImmediate(immediate) {
  stopImmediate(immediate);
}

/** A timer that does not keep the process alive, for other modules. */
function startUnreferenced(callback, delay) {
  return makeTimer(callback, Math.min(delay, longestDelay), undefined, false, false);
}

setTimerCallback((timer) => {
  if (timer instanceof Immediate) runImmediate(timer);
  else fire(timer);
});

module.exports = {
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval,
  clearImmediate,
  startUnreferenced,
};
