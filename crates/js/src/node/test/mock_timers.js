// `mock.timers` (https://nodejs.org/api/test.html#class-mocktimers): timers and the clock stand still until the test moves them.
'use strict';

const { aborted, invalidValue, nodeError } = require('node/errors');
const { requireArray, requireFunction, requireNumber, requireObject, requireOneOf, requireSignal } = require('node/arguments');
const { offAbort, onAbort } = require('node/abort_signals');
const { AbortController, AbortSignal } = require('web/abort/abort');
const { DOMException } = require('builtins/domexception');
const {
  apply,
  assign,
  construct,
  dateGetTime,
  defineProperty,
  getOwnPropertyDescriptor,
  includes,
  Map,
  map,
  mapDelete,
  mapForEach,
  mapSet,
  push,
  reflectGet,
  reject,
  shift,
  symbolFor,
  withResolvers,
} = require('builtins/primordials');
const loadTimers = () => /** @type {any} */ (require('node/timers/timers'));
const loadPromises = () => /** @type {any} */ (require('node/timers/promises'));

const supported = ['setTimeout', 'setInterval', 'setImmediate', 'Date', 'scheduler.wait', 'AbortSignal.timeout'];
const longest = 2 ** 31 - 1;
const RealDate = Date;
/** @type {any} */
const global = globalThis;

/** @param {string} message */
function invalidState(message) {
  return nodeError(Error, 'ERR_INVALID_STATE', `Invalid state: ${message}`);
}

/** A mocked timer, as the functions give it. */
class Timeout {
  /** @param {number} id @param {any} clock */
  constructor(id, clock) {
    this.id = id;
    defineProperty(this, 'clock', { value: clock });
  }
  hasRef() {
    return true;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  refresh() {
    /** @type {any} */ (this).clock.refresh(this);
    return this;
  }
  close() {
    /** @type {any} */ (this).clock.clear(this);
    return this;
  }
  [Symbol.toPrimitive]() {
    return this.id;
  }
  [Symbol.dispose ?? symbolFor('Symbol.dispose')]() {
    this.close();
  }
}

class MockTimers {
  #isEnabled = false;
  /** @type {string[]} */
  #apis = [];
  #now = 0;
  #nextId = 1;
  /** @type {Map<number, any>} */
  #timers = new Map();
  /** How to bring back what was replaced. @type {(() => void)[]} */
  #undo = [];

  /** @param {any} [options] */
  enable(options = { apis: supported, now: 0 }) {
    requireObject(options, 'options');
    if (this.#isEnabled) throw invalidState('MockTimers is already enabled!');
    const { apis = supported, now: start = 0 } = options;
    requireArray(apis, 'options.apis');
    for (let index = 0; index < apis.length; index += 1) requireOneOf(apis[index], 'options.apis', supported);
    let time = start;
    if (typeof start === 'object' && start !== null && start instanceof RealDate) time = dateGetTime(start);
    requireNumber(time, 'initialTime');
    if (!(time >= 0)) throw invalidValue('initialTime', time, 'must be a positive number');
    this.#now = time;
    this.#apis = map(apis, (name) => `${name}`);
    this.#isEnabled = true;
    this.#replaceAll();
  }

  // ---- Time

  /** @param {any} [time] */
  tick(time = 1) {
    this.#requireEnabled();
    if (!(time >= 0)) throw invalidValue('time', time, 'must be a positive integer');
    const target = this.#now + time;
    for (;;) {
      const timer = this.#next();
      if (timer === undefined || timer.at > target) break;
      this.#now = timer.at;
      this.#fire(timer);
    }
    // A callback may have moved the time itself.
    if (this.#now < target) this.#now = target;
  }

  runAll() {
    this.#requireEnabled();
    /** @type {any} */
    let latest;
    mapForEach(this.#timers, (timer) => {
      if (latest === undefined || timer.at > latest) latest = timer.at;
    });
    if (latest !== undefined) this.tick(latest - this.#now);
  }

  /** @param {any} [time] */
  setTime(time = 0) {
    requireNumber(time, 'time');
    if (!(time >= 0)) throw invalidValue('time', time, 'must be a positive integer');
    this.#requireEnabled();
    this.#now = time;
  }

  reset() {
    if (!this.#isEnabled) return;
    for (let index = this.#undo.length - 1; index >= 0; index -= 1) this.#undo[index]();
    this.#undo = [];
    this.#apis = [];
    this.#timers = new Map();
    this.#now = 0;
    this.#isEnabled = false;
  }
  [Symbol.dispose ?? symbolFor('Symbol.dispose')]() {
    this.reset();
  }

  #requireEnabled() {
    if (!this.#isEnabled) throw invalidState('You should enable MockTimers first by calling the .enable function');
  }

  /** The timer that is due first; of those at one time, the oldest. @returns {any} */
  #next() {
    /** @type {any} */
    let first;
    mapForEach(this.#timers, (timer) => {
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.priority < first.priority)) first = timer;
    });
    return first;
  }

  /** @param {any} timer */
  #fire(timer) {
    mapDelete(this.#timers, timer.id);
    if (timer.interval !== undefined) {
      timer.at += timer.interval;
      mapSet(this.#timers, timer.id, timer);
    }
    apply(timer.callback, timer.handle, timer.given);
  }

  /** @param {any} callback @param {number} delay @param {any[]} given @param {{ repeats?: boolean, isImmediate?: boolean }} [how] */
  #add(callback, delay, given, { repeats = false, isImmediate = false } = {}) {
    const wait = delay >= 1 && delay <= longest ? delay : isImmediate ? 0 : 1;
    const id = this.#nextId;
    this.#nextId += 1;
    const handle = new Timeout(id, {
      refresh: () => {
        timer.at = this.#now + wait;
        mapSet(this.#timers, id, timer);
      },
      clear: () => mapDelete(this.#timers, id),
    });
    const timer = {
      id,
      at: this.#now + wait,
      interval: repeats ? wait : undefined,
      callback,
      given,
      handle,
      priority: isImmediate ? 0 : id,
    };
    mapSet(this.#timers, id, timer);
    return handle;
  }

  /** @param {any} handle */
  #clear(handle) {
    const id = typeof handle === 'object' && handle !== null ? handle.id : Number(handle);
    mapDelete(this.#timers, id);
  }

  // ---- What is replaced

  #replaceAll() {
    const has = (/** @type {string} */ name) => includes(this.#apis, name);
    const timers = loadTimers();
    const promises = loadPromises();
    const timed =
      (/** @type {boolean} */ repeats) =>
      (/** @type {any} */ callback, /** @type {any} */ delay, /** @type {any[]} */ ...given) => {
        requireFunction(callback, 'callback');
        return this.#add(callback, Number(delay), given, { repeats });
      };
    const clear = (/** @type {any} */ handle) => {
      if (handle !== null && handle !== undefined) this.#clear(handle);
    };
    if (has('setTimeout')) {
      this.#replaceTimer('setTimeout', 'clearTimeout', timed(false), clear, timers);
      this.#replace(promises, 'setTimeout', (/** @type {any} */ delay, /** @type {any} */ value, /** @type {any} */ options) =>
        this.#promised((done) => this.#add(done, Number(delay), []), value, options),
      );
    }
    if (has('setInterval')) {
      this.#replaceTimer('setInterval', 'clearInterval', timed(true), clear, timers);
      this.#replace(promises, 'setInterval', (/** @type {any} */ delay, /** @type {any} */ value, /** @type {any} */ options) =>
        this.#ticks(Number(delay), value, options),
      );
    }
    if (has('setImmediate')) {
      const immediate = (/** @type {any} */ callback, /** @type {any[]} */ ...given) => {
        requireFunction(callback, 'callback');
        return this.#add(callback, 0, given, { isImmediate: true });
      };
      this.#replaceTimer('setImmediate', 'clearImmediate', immediate, clear, timers);
      this.#replace(promises, 'setImmediate', (/** @type {any} */ value, /** @type {any} */ options) =>
        this.#promised((done) => this.#add(done, 0, [], { isImmediate: true }), value, options),
      );
    }
    if (has('scheduler.wait')) {
      this.#replace(promises.scheduler, 'wait', (/** @type {any} */ delay, /** @type {any} */ options) =>
        this.#promised((done) => this.#add(done, Number(delay), []), undefined, options),
      );
    }
    if (has('Date') && global.Date.isMock) throw invalidState('Date is already being mocked!');
    if (has('Date')) this.#replace(global, 'Date', this.#date());
    if (has('AbortSignal.timeout')) {
      this.#replace(AbortSignal, 'timeout', (/** @type {any} */ delay) => {
        requireNumber(delay, 'delay', 0);
        const controller = new AbortController();
        this.#add(() => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), delay, []);
        return controller.signal;
      });
    }
  }

  /** @param {string} name @param {string} clearName @param {any} set @param {any} clear @param {any} timers */
  #replaceTimer(name, clearName, set, clear, timers) {
    this.#replace(global, name, set);
    this.#replace(global, clearName, clear);
    this.#replace(timers, name, set);
    this.#replace(timers, clearName, clear);
  }

  /** @param {any} object @param {string} name @param {any} value */
  #replace(object, name, value) {
    const descriptor = getOwnPropertyDescriptor(object, name);
    // A method of the object's class gets one of its own before it.
    defineProperty(object, name, { writable: true, configurable: true, ...descriptor, value });
    push(this.#undo, () => {
      if (descriptor === undefined) delete object[name];
      else defineProperty(object, name, descriptor);
    });
  }

  /** @param {(done: () => void) => any} start @param {any} value @param {any} [options] @returns {Promise<any>} */
  #promised(start, value, options = {}) {
    const problem = this.#problem(options);
    if (problem !== undefined) return reject(problem);
    const { signal } = options;
    const settled = withResolvers();
    const stop = () => {
      this.#clear(handle);
      settled.reject(aborted(signal));
    };
    const handle = start(() => {
      if (signal !== undefined) offAbort(signal, stop);
      settled.resolve(value);
    });
    if (signal !== undefined) onAbort(signal, stop);
    return settled.promise;
  }

  /** @param {any} options */
  #problem(options) {
    try {
      requireObject(options, 'options');
      requireSignal(options.signal, 'options.signal');
    } catch (error) {
      return error;
    }
    return options.signal?.aborted ? aborted(options.signal) : undefined;
  }

  /** @param {number} delay @param {any} value @param {any} [options] */
  #ticks(delay, value, options = {}) {
    const problem = this.#problem(options);
    const { signal } = options ?? {};
    /** @type {any[]} */
    const readers = [];
    let due = 0;
    /** @type {any} */
    let failure = problem;
    let isOver = false;
    const serve = () => {
      while (readers.length > 0 && (failure !== undefined || isOver || due > 0)) {
        const reader = shift(readers);
        if (failure !== undefined) reader.reject(failure);
        else if (isOver) reader.resolve({ done: true, value: undefined });
        else {
          due -= 1;
          reader.resolve({ done: false, value });
        }
      }
    };
    const handle =
      problem === undefined
        ? this.#add(
            () => {
              due += 1;
              serve();
            },
            delay,
            [],
            { repeats: true },
          )
        : undefined;
    const stop = () => {
      this.#clear(handle);
      failure = aborted(signal);
      serve();
    };
    // As a listener, which a program can count.
    if (problem === undefined) signal?.addEventListener('abort', stop, { once: true });
    const iterator = {
      next: () => {
        const reader = withResolvers();
        push(readers, reader);
        serve();
        return reader.promise;
      },
      return: async () => {
        isOver = true;
        if (handle !== undefined) this.#clear(handle);
        signal?.removeEventListener('abort', stop);
        serve();
        return { done: true, value: undefined };
      },
    };
    return assign(iterator, {
      [Symbol.asyncIterator]: () => iterator,
    });
  }

  /** `Date` with this clock. */
  #date() {
    const time = () => this.#now;
    /** @type {any} */
    const Mocked = new Proxy(RealDate, {
      apply: () => `${new RealDate(time())}`,
      construct: (_target, given, newTarget) =>
        construct(RealDate, given.length === 0 ? [time()] : given, newTarget === Mocked ? RealDate : newTarget),
      get: (target, name, receiver) => {
        if (name === 'now') return time;
        if (name === 'isMock') return true;
        // In the words of Node's engine.
        if (name === 'toString') return () => 'function Date() { [native code] }';
        return name === 'prototype' ? target.prototype : reflectGet(target, name, receiver);
      },
    });
    return Mocked;
  }
}

module.exports = { MockTimers };
