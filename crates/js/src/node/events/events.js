// `node:events` (https://nodejs.org/api/events.html): EventEmitter, `once` and `on`. The exports are the class itself.
'use strict';

const { nodeError } = require('node/errors');
const loadWarnings = () => require('node/process/warnings');
const loadInspect = () => require('builtins/inspect/inspect');
const loadMicrotask = () => require('web/html/microtask');
const state = Symbol('state');
const errorMonitor = Symbol('events.errorMonitor');
let defaultMaxListeners = 10;

function typeError(message) {
  return nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', message);
}

function requireListener(listener) {
  if (typeof listener !== 'function') throw typeError(`The "listener" argument must be of type function, not ${typeof listener}`);
}

/** The emitter's listeners by event, each an array that is replaced when it changes; made on first use, also for old-style subclasses. */
function stateOf(emitter) {
  if (!Object.hasOwn(emitter, state)) {
    const value = { listeners: new Map(), maxListeners: undefined, warned: undefined };
    Object.defineProperty(emitter, state, { value, writable: true, configurable: true });
  }
  return emitter[state];
}

// A function, not a class: old packages call it without `new` (`EventEmitter.call(this)`).
function EventEmitter() {
  stateOf(this);
}

const methods = {
  on(event, listener) {
    return add(this, event, listener, false);
  },
  addListener(event, listener) {
    return add(this, event, listener, false);
  },
  prependListener(event, listener) {
    return add(this, event, listener, true);
  },
  once(event, listener) {
    requireListener(listener);
    return add(this, event, onceWrapper(this, event, listener), false);
  },
  prependOnceListener(event, listener) {
    requireListener(listener);
    return add(this, event, onceWrapper(this, event, listener), true);
  },
  off(event, listener) {
    return remove(this, event, listener);
  },
  removeListener(event, listener) {
    return remove(this, event, listener);
  },
  removeAllListeners(event) {
    const { listeners } = stateOf(this);
    const events = arguments.length === 0 ? [...listeners.keys()] : [event];
    if (!listeners.has('removeListener')) {
      for (const name of events) listeners.delete(name);
      return this;
    }
    for (const name of events) {
      if (name === 'removeListener' && arguments.length === 0) continue;
      for (const listener of (listeners.get(name) ?? []).toReversed()) remove(this, name, listener);
    }
    if (arguments.length === 0) listeners.clear();
    return this;
  },
  emit(event, ...args) {
    const { listeners } = stateOf(this);
    if (event === 'error') {
      if (listeners.has(errorMonitor)) this.emit(errorMonitor, ...args);
      if (!listeners.has('error')) throw unhandledError(args[0]);
    }
    const called = listeners.get(event);
    if (called === undefined) return false;
    for (const listener of called) Reflect.apply(listener, this, args);
    return true;
  },
  listeners(event) {
    return (stateOf(this).listeners.get(event) ?? []).map((listener) => listener.listener ?? listener);
  },
  rawListeners(event) {
    return [...(stateOf(this).listeners.get(event) ?? [])];
  },
  listenerCount(event, listener) {
    const all = stateOf(this).listeners.get(event) ?? [];
    if (typeof listener !== 'function') return all.length;
    return all.filter((each) => each === listener || each.listener === listener).length;
  },
  eventNames() {
    return [...stateOf(this).listeners.keys()];
  },
  setMaxListeners(count) {
    requireCount(count);
    stateOf(this).maxListeners = count;
    return this;
  },
  getMaxListeners() {
    return stateOf(this).maxListeners ?? defaultMaxListeners;
  },
};

for (const name of Object.keys(methods)) {
  Object.defineProperty(EventEmitter.prototype, name, { value: methods[name], writable: true, enumerable: true, configurable: true });
}

function requireCount(count) {
  if (typeof count === 'number' && count >= 0) return;
  const error = new RangeError(`The number of listeners must not be negative: ${String(count)}`);
  error.code = 'ERR_OUT_OF_RANGE';
  throw error;
}

function add(emitter, event, listener, first) {
  requireListener(listener);
  const { listeners } = stateOf(emitter);
  if (listeners.has('newListener')) emitter.emit('newListener', event, listener.listener ?? listener);
  const existing = listeners.get(event);
  if (existing === undefined) listeners.set(event, [listener]);
  else listeners.set(event, first ? [listener, ...existing] : [...existing, listener]);
  warnAboutLeak(emitter, event, listeners.get(event).length);
  return emitter;
}

function warnAboutLeak(emitter, event, count) {
  const own = stateOf(emitter);
  const most = emitter.getMaxListeners();
  if (most <= 0 || count <= most || own.warned?.has(event)) return;
  (own.warned ??= new Set()).add(event);
  const name = emitter.constructor?.name ?? 'EventEmitter';
  const message =
    `Possible EventEmitter memory leak detected. ${count} ${String(event)} listeners added to [${name}]. ` +
    `MaxListeners is ${most}. Use emitter.setMaxListeners() to increase limit`;
  loadWarnings().emitWarning(message, 'MaxListenersExceededWarning');
}

function remove(emitter, event, listener) {
  requireListener(listener);
  const { listeners } = stateOf(emitter);
  const existing = listeners.get(event);
  const index = existing?.findLastIndex((each) => each === listener || each.listener === listener) ?? -1;
  if (index === -1) return emitter;
  if (existing.length === 1) listeners.delete(event);
  else listeners.set(event, existing.toSpliced(index, 1));
  if (listeners.has('removeListener')) emitter.emit('removeListener', event, listener.listener ?? listener);
  return emitter;
}

function onceWrapper(emitter, event, listener) {
  let fired = false;
  const wrapper = (...args) => {
    if (fired) return undefined;
    fired = true;
    remove(emitter, event, wrapper);
    return Reflect.apply(listener, emitter, args);
  };
  wrapper.listener = listener;
  return wrapper;
}

function unhandledError(reason) {
  if (reason instanceof Error) return reason;
  const error = new Error(`Unhandled error. (${typeof reason === 'string' ? `'${reason}'` : loadInspect().inspect(reason)})`);
  error.code = 'ERR_UNHANDLED_ERROR';
  error.context = reason;
  return error;
}

function abortError(signal) {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  error.code = 'ABORT_ERR';
  return error;
}

/** Subscribes on either kind of target; answers with the function that ends it. */
function subscribe(target, event, listener, isOnce) {
  if (typeof target.on === 'function') {
    if (isOnce) target.once(event, listener);
    else target.on(event, listener);
    return () => target.removeListener(event, listener);
  }
  if (typeof target.addEventListener !== 'function') throw typeError('The "emitter" argument must be an EventEmitter or EventTarget');
  target.addEventListener(event, listener, { once: isOnce });
  return () => target.removeEventListener(event, listener);
}

/** A promise for the arguments of the next `event`; an `error` event before it rejects. */
function once(target, event, { signal } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortError(signal));
      return;
    }
    const ends = [];
    const end = () => {
      for (const unsubscribe of ends) unsubscribe();
    };
    ends.push(
      subscribe(
        target,
        event,
        (...args) => {
          end();
          resolve(args);
        },
        true,
      ),
    );
    if (event !== 'error' && typeof target.on === 'function') {
      ends.push(
        subscribe(
          target,
          'error',
          (error) => {
            end();
            reject(error);
          },
          true,
        ),
      );
    }
    if (signal !== undefined) {
      ends.push(
        subscribe(
          signal,
          'abort',
          () => {
            end();
            reject(abortError(signal));
          },
          true,
        ),
      );
    }
  });
}

/** An async iterator over the arguments of every `event`. BOUNDED: by the consumer only, as in Node, because an emitter cannot wait. */
function on(target, event, { signal, close = [] } = {}) {
  const arrived = [];
  const waiting = [];
  const ends = [];
  let failure;
  let finished = false;

  const finish = () => {
    finished = true;
    for (const unsubscribe of ends.splice(0)) unsubscribe();
    for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
  };
  const fail = (error) => {
    const first = waiting.shift();
    if (first === undefined) failure = { error };
    else first.reject(error);
    finish();
  };

  if (signal?.aborted) throw abortError(signal);
  ends.push(
    subscribe(target, event, (...args) => {
      const first = waiting.shift();
      if (first === undefined) arrived.push(args);
      else first.resolve({ value: args, done: false });
    }),
  );
  if (event !== 'error' && typeof target.on === 'function') ends.push(subscribe(target, 'error', fail));
  for (const name of close) ends.push(subscribe(target, name, finish));
  if (signal !== undefined) ends.push(subscribe(signal, 'abort', () => fail(abortError(signal)), true));

  return {
    next() {
      if (arrived.length > 0) return Promise.resolve({ value: arrived.shift(), done: false });
      if (failure !== undefined) {
        const { error } = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      if (finished) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return() {
      finish();
      return Promise.resolve({ value: undefined, done: true });
    },
    throw(error) {
      fail(error);
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function addAbortListener(signal, listener) {
  requireListener(listener);
  let end = () => {};
  if (signal.aborted) loadMicrotask().queueMicrotask(() => listener());
  else end = subscribe(signal, 'abort', listener, true);
  return { [Symbol.dispose ?? Symbol.for('Symbol.dispose')]: () => end() };
}

function setMaxListeners(count = defaultMaxListeners, ...emitters) {
  requireCount(count);
  if (emitters.length === 0) defaultMaxListeners = count;
  for (const emitter of emitters) emitter.setMaxListeners?.(count);
}

Object.assign(EventEmitter, {
  EventEmitter,
  once,
  on,
  addAbortListener,
  setMaxListeners,
  getMaxListeners: (emitter) => emitter.getMaxListeners?.() ?? 0,
  getEventListeners: (emitter, event) => emitter.listeners?.(event) ?? [],
  listenerCount: (emitter, event) => emitter.listenerCount(event),
  errorMonitor,
});
Object.defineProperty(EventEmitter, 'defaultMaxListeners', {
  enumerable: true,
  get: () => defaultMaxListeners,
  set(count) {
    requireCount(count);
    defaultMaxListeners = count;
  },
});

module.exports = EventEmitter;
