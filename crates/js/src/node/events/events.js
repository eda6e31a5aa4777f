// `node:events` (https://nodejs.org/api/events.html): EventEmitter, `once` and `on`. The exports are the class itself.
'use strict';

const { aborted, invalidType, unhandledError } = require('node/errors');
const { requireFunction, requireInteger, requireNumber, requireSignal } = require('node/arguments');
const { nextTick } = require('node/process/ticks');
const {
  symbolFor,
  apply,
  arraySlice,
  assign,
  defineProperty,
  filter,
  forEach,
  keys,
  Map,
  map,
  mapSize,
  create,
  indexOf,
  isArray,
  ownKeys,
  weakMapGet,
  weakMapSet,
  WeakMap,
  mapDelete,
  mapForEach,
  mapGet,
  mapHas,
  mapSet,
  Promise,
  push,
  reject: rejected,
  resolve: resolved,
  Set,
  setAdd,
  setHas,
  shift,
  splice,
  then,
  unshift,
} = require('builtins/primordials');
const loadAbort = () => require('web/abort/abort');
const loadAbortSignals = () => require('node/abort_signals');
const loadAsyncResource = () => require('node/events/async_resource');
const loadBound = () => require('builtins/bound');
const loadErrors = () => require('web/html/errors');
const loadEvents = () => require('web/events/events');
const loadWarnings = () => require('node/process/warnings');

/**
 * The listeners of one event. `list` is replaced before it changes while `lent` is the same array: an `emit` may be walking along it.
 * After `emits` of the same list `bound` has its listeners bound to the state's owner, or null for one that cannot be.
 * @typedef {{ list: any[], lent: any[] | undefined, emits: number, bound: (Function | null)[] | undefined }} Listeners
 */
/**
 * @typedef {object} State
 * @property {any} owner
 * @property {Map<PropertyKey, Listeners>} events
 * @property {Set<PropertyKey> | undefined} warned
 * @property {boolean} captures whether what a listener's promise is rejected with becomes an `error` event
 */

const state = Symbol('state');
// How many listeners of an event an emitter may have; prototypes may say it for all that have them.
const most = Symbol('most');
const errorMonitor = Symbol('events.errorMonitor');
// From so many on, binding the listeners pays (see `builtins/bound`).
const manyEmits = 32;
const captureSymbol = symbolFor('nodejs.rejection');
let defaultMaxListeners = 10;
let capturesByDefault = false;

/**
 * Made on first use, also for old-style subclasses. What was made of an emitter by `Object.create` shares its listeners, as in Node:
 * packages hand out such objects (node-redis).
 * @param {any} emitter @returns {State}
 */
function stateOf(emitter) {
  return emitter[state] ?? makeState(emitter, capturesByDefault);
}

/** @param {any} emitter @param {boolean} captures @returns {State} */
function makeState(emitter, captures) {
  const value = { owner: emitter, events: new Map(), warned: undefined, captures };
  defineProperty(emitter, state, { value, writable: true, enumerable: false, configurable: true });
  return value;
}

/** @param {any} emitter @param {any} count */
function setMost(emitter, count) {
  defineProperty(emitter, most, { value: count, writable: true, enumerable: false, configurable: true });
}

// A function, not a class: old packages call it without `new` (`EventEmitter.call(this)`).
/** @this {any} @param {any} [options] */
function EventEmitter(options) {
  // `node:domain` puts one of its own there.
  apply(/** @type {any} */ (EventEmitter).init, this, [options]);
}

/** @this {any} @param {any} [options] */
function init(options) {
  const captures = options?.captureRejections;
  if (captures !== undefined && typeof captures !== 'boolean') throw invalidType('options.captureRejections', 'boolean', captures);
  if (captures !== undefined || this[state]?.owner !== this) makeState(this, captures ?? capturesByDefault);
}

/** @type {Record<string, (...given: any[]) => any> & ThisType<any>} */
const methods = {
  addListener(event, listener) {
    return add(this, event, listener, false);
  },
  prependListener(event, listener) {
    return add(this, event, listener, true);
  },
  once(event, listener) {
    requireFunction(listener, 'listener');
    this.on(event, onceWrapper(this, event, listener));
    return this;
  },
  prependOnceListener(event, listener) {
    requireFunction(listener, 'listener');
    this.prependListener(event, onceWrapper(this, event, listener));
    return this;
  },
  removeListener(event, listener) {
    return remove(this, event, listener);
  },
  removeAllListeners(event) {
    const own = stateOf(this);
    const { events } = own;
    const all = arguments.length === 0;
    if (!mapHas(events, 'removeListener')) {
      // Whom it was made of keeps its listeners, as in Node.
      if (all && own.owner !== this) makeState(this, own.captures);
      else if (all) forEach(namesOf(events), (name) => mapDelete(events, name));
      else mapDelete(events, event);
      return this;
    }
    const names = all ? filter(namesOf(events), (name) => name !== 'removeListener') : [event];
    // Who watches for it is told last.
    if (all) push(names, 'removeListener');
    for (let index = 0; index < names.length; index += 1) {
      const list = arraySlice(mapGet(events, names[index])?.list ?? []);
      for (let at = list.length - 1; at >= 0; at -= 1) this.removeListener(names[index], list[at]);
    }
    return this;
  },
  emit(event, ...given) {
    const own = stateOf(this);
    if (event === 'error') {
      if (mapHas(own.events, errorMonitor)) apply(this.emit, this, concatenated([errorMonitor], given));
      if (!mapHas(own.events, 'error')) throw given[0] instanceof Error ? unheard(this, given[0]) : unhandledError(given[0]);
    }
    const listeners = mapGet(own.events, event);
    if (listeners === undefined) return false;
    const { list } = listeners;
    listeners.lent = list;
    if (listeners.emits < manyEmits) listeners.emits += 1;
    else if (own.owner === this) listeners.bound ??= bindAll(this, list);
    const bound = own.owner === this ? listeners.bound : undefined;
    for (let index = 0; index < list.length; index += 1) {
      const quick = bound === undefined ? null : bound[index];
      const result = quick === null ? apply(list[index], this, given) : callWith(quick, given);
      if (own.captures && result !== undefined && result !== null) capture(this, own, result, event, given);
    }
    return true;
  },
  listeners(event) {
    return map(mapGet(stateOf(this).events, event)?.list ?? [], (listener) => listener.listener ?? listener);
  },
  rawListeners(event) {
    return arraySlice(mapGet(stateOf(this).events, event)?.list ?? []);
  },
  listenerCount(event, listener) {
    const list = mapGet(stateOf(this).events, event)?.list ?? [];
    if (listener === null || listener === undefined) return list.length;
    return filter(list, (each) => each === listener || each.listener === listener).length;
  },
  eventNames() {
    return namesOf(stateOf(this).events);
  },
  setMaxListeners(count) {
    requireNumber(count, 'setMaxListeners', 0);
    setMost(this, count);
    return this;
  },
  getMaxListeners() {
    return this[most] ?? defaultMaxListeners;
  },
};

/** An error that nobody listens to: if it ends the program, that says where it was emitted. @param {any} emitter @param {any} error */
function unheard(emitter, error) {
  const here = /** @type {any} */ ({});
  /** @type {any} */ (Error).captureStackTrace(here, methods.emit);
  loadErrors().noteEmission(error, emitter, here.stack);
  return error;
}

methods.on = methods.addListener;
methods.off = methods.removeListener;
forEach(keys(methods), (name) => {
  defineProperty(EventEmitter.prototype, name, { value: methods[name], writable: true, enumerable: true, configurable: true });
});

/** @param {Map<PropertyKey, Listeners>} events */
function namesOf(events) {
  /** @type {PropertyKey[]} */
  const names = [];
  mapForEach(events, (_, name) => push(names, name));
  return names;
}

/** @param {any} emitter @param {any[]} list */
function bindAll(emitter, list) {
  const { boundTo } = loadBound();
  return map(list, (listener) => boundTo(listener, emitter));
}

/** Calls a function that needs no receiver. @param {Function} callback @param {any[]} given */
function callWith(callback, given) {
  switch (given.length) {
    case 0:
      return callback();
    case 1:
      return callback(given[0]);
    case 2:
      return callback(given[0], given[1]);
    default:
      return apply(callback, undefined, given);
  }
}

/** @param {any[]} list @returns {Listeners} */
function listenersOf(list) {
  return { list, lent: undefined, emits: 0, bound: undefined };
}

/** The list to change. @param {Listeners} listeners */
function changeable(listeners) {
  listeners.emits = 0;
  listeners.bound = undefined;
  if (listeners.lent === listeners.list) listeners.list = arraySlice(listeners.list);
  return listeners.list;
}

/** @param {any} emitter @param {PropertyKey} event @param {any} listener @param {boolean} first */
function add(emitter, event, listener, first) {
  requireFunction(listener, 'listener');
  const { events } = stateOf(emitter);
  if (mapHas(events, 'newListener')) emitter.emit('newListener', event, listener.listener ?? listener);
  const listeners = mapGet(events, event);
  if (listeners === undefined) {
    mapSet(events, event, listenersOf([listener]));
    return emitter;
  }
  const list = changeable(listeners);
  if (first) unshift(list, listener);
  else push(list, listener);
  warnAboutLeak(emitter, event, list.length);
  return emitter;
}

/** @param {any} emitter @param {PropertyKey} event @param {number} count */
function warnAboutLeak(emitter, event, count) {
  const own = stateOf(emitter);
  const limit = emitter[most] ?? defaultMaxListeners;
  if (limit <= 0 || count <= limit || (own.warned !== undefined && setHas(own.warned, event))) return;
  setAdd((own.warned ??= new Set()), event);
  const name = `[${emitter.constructor?.name ?? 'EventEmitter'}]`;
  const message =
    `Possible EventEmitter memory leak detected. ${count} ${String(event)} listeners added to ${name}. ` +
    `MaxListeners is ${limit}. Use emitter.setMaxListeners() to increase limit`;
  /** @type {any} */
  const warning = new Error(message);
  warning.name = 'MaxListenersExceededWarning';
  warning.emitter = emitter;
  warning.type = event;
  warning.count = count;
  loadWarnings().emitWarning(warning);
}

/** @param {any} emitter @param {PropertyKey} event @param {any} listener */
function remove(emitter, event, listener) {
  requireFunction(listener, 'listener');
  const { events } = stateOf(emitter);
  const listeners = mapGet(events, event);
  const index = listeners === undefined ? -1 : placeOf(listeners.list, listener);
  if (listeners === undefined || index === -1) return emitter;
  if (listeners.list.length === 1) {
    mapDelete(events, event);
  } else {
    const list = changeable(listeners);
    // The engine takes the first off without moving the rest: many `once` listeners of one event stay linear.
    if (index === 0) shift(list);
    else splice(list, index, 1);
  }
  if (mapHas(events, 'removeListener')) emitter.emit('removeListener', event, listener.listener ?? listener);
  return emitter;
}

/** The last that is the listener or wraps it; a wrapper stands there once, and mostly first. @param {any[]} list @param {any} listener */
function placeOf(list, listener) {
  if (list[0] === listener && listener.listener !== undefined) return 0;
  for (let index = list.length - 1; index >= 0; index -= 1) {
    if (list[index] === listener || list[index].listener === listener) return index;
  }
  return -1;
}

/** @param {any} emitter @param {PropertyKey} event @param {any} listener */
function onceWrapper(emitter, event, listener) {
  let fired = false;
  /** @param {...any} given */
  const wrapper = (...given) => {
    if (fired) return undefined;
    fired = true;
    emitter.removeListener(event, wrapper);
    return apply(listener, emitter, given);
  };
  wrapper.listener = listener;
  return wrapper;
}

/** What an async listener is rejected with becomes an event. @param {any} emitter @param {State} own @param {any} result @param {PropertyKey} event @param {any[]} given */
function capture(emitter, own, result, event, given) {
  try {
    // Asked for once only, as for any thenable.
    const method = result.then;
    if (typeof method !== 'function') return;
    apply(method, result, [undefined, (/** @type {any} */ reason) => nextTick(tellRejection, emitter, own, reason, event, given)]);
  } catch (error) {
    emitter.emit('error', error);
  }
}

/** @param {any} emitter @param {State} own @param {any} reason @param {PropertyKey} event @param {any[]} given */
function tellRejection(emitter, own, reason, event, given) {
  if (typeof emitter[captureSymbol] === 'function') {
    apply(emitter[captureSymbol], emitter, concatenated([reason, event], given));
    return;
  }
  // A listener of `error` that is rejected itself must not be asked again.
  const { captures } = own;
  own.captures = false;
  try {
    emitter.emit('error', reason);
  } finally {
    own.captures = captures;
  }
}

/** @param {any[]} list @param {any[]} more */
function concatenated(list, more) {
  for (let index = 0; index < more.length; index += 1) push(list, more[index]);
  return list;
}

/**
 * Subscribes on either kind of target; answers with the function that ends it.
 * @param {any} target @param {any} event @param {any} listener @param {boolean} [isOnce]
 */
function subscribe(target, event, listener, isOnce = false) {
  if (typeof target?.on === 'function') {
    if (isOnce) target.once(event, listener);
    else target.on(event, listener);
    // Some packages' emitters have no way to take a listener off.
    return () => {
      if (typeof target.removeListener === 'function') target.removeListener(event, listener);
    };
  }
  if (typeof target?.addEventListener !== 'function') throw invalidType('emitter', 'EventEmitter', target);
  target.addEventListener(event, listener, { once: isOnce });
  return () => target.removeEventListener(event, listener);
}

/** @param {(() => void)[]} ends */
function endAll(ends) {
  for (let index = 0; index < ends.length; index += 1) ends[index]();
}

/** @param {any} options */
function requireOptions(options) {
  if (typeof options !== 'object' || options === null || isArray(options)) throw invalidType('options', 'object', options);
}

/**
 * A promise for the arguments of the next `event`; an `error` event before it rejects.
 * @param {any} target @param {any} event @param {{ signal?: any }} [options]
 */
async function once(target, event, options = {}) {
  requireOptions(options);
  const { signal } = options;
  requireSignal(signal, 'options.signal');
  if (signal?.aborted) throw aborted(signal);
  // `await`, because a promise that is returned would be asked for its `then`.
  return await new Promise((resolve, reject) => {
    /** @type {(() => void)[]} */
    const ends = [];
    const succeed = (/** @type {any[]} */ ...given) => {
      endAll(ends);
      resolve(given);
    };
    const fail = (/** @type {any} */ error) => {
      endAll(ends);
      reject(error);
    };
    push(ends, subscribe(target, event, succeed, true));
    if (event !== 'error' && typeof target.on === 'function') push(ends, subscribe(target, 'error', fail, true));
    if (signal !== undefined)
      push(
        ends,
        whenAborted(signal, () => fail(aborted(signal))),
      );
  });
}

/** Also when another listener stops the event; answers with the function that ends it. @param {any} signal not aborted yet @param {() => void} act */
function whenAborted(signal, act) {
  const { offAbort, onAbort } = loadAbortSignals();
  onAbort(signal, act);
  // So that the signal shows who listens.
  const end = subscribe(signal, 'abort', act, true);
  return () => {
    offAbort(signal, act);
    end();
  };
}

/**
 * An async iterator over the arguments of every `event`. BOUNDED: by `highWaterMark` for an emitter that can be paused; by the consumer only for
 * another, as in Node.
 * @param {any} target @param {any} event
 * @param {{ signal?: any, close?: any[], highWaterMark?: any, lowWaterMark?: any, highWatermark?: any, lowWatermark?: any }} [options]
 */
function on(target, event, options = {}) {
  requireOptions(options);
  const { signal, close = [], highWaterMark, lowWaterMark, highWatermark, lowWatermark } = options;
  requireSignal(signal, 'options.signal');
  if (signal?.aborted) throw aborted(signal);
  // Both spellings, as in Node. Beyond the higher mark the emitter is paused, if it can be.
  const high = highWaterMark ?? highWatermark ?? Number.MAX_SAFE_INTEGER;
  requireInteger(high, 'options.highWaterMark', 1);
  const low = lowWaterMark ?? lowWatermark ?? 1;
  requireInteger(low, 'options.lowWaterMark', 1);
  let isPaused = false;
  /** @type {any[]} */
  const arrived = [];
  /** @type {{ resolve: (result: any) => void, reject: (reason: any) => void }[]} */
  const waiting = [];
  /** @type {(() => void)[]} */
  const ends = [];
  /** @type {{ error: any } | undefined} */
  let failure;
  let finished = false;

  const finish = () => {
    finished = true;
    endAll(splice(ends, 0, ends.length));
    forEach(splice(waiting, 0, waiting.length), ({ resolve }) => resolve({ value: undefined, done: true }));
  };
  const fail = (/** @type {any} */ error) => {
    const first = shift(waiting);
    if (first === undefined) failure = { error };
    else first.reject(error);
    finish();
  };
  const arrive = (/** @type {any[]} */ ...given) => {
    const first = shift(waiting);
    if (first !== undefined) {
      first.resolve({ value: given, done: false });
      return;
    }
    push(arrived, given);
    if (!isPaused && arrived.length > high) {
      isPaused = true;
      target.pause();
    }
  };

  push(ends, subscribe(target, event, arrive));
  if (event !== 'error' && typeof target.on === 'function') push(ends, subscribe(target, 'error', fail));
  for (let index = 0; index < close.length; index += 1) push(ends, subscribe(target, close[index], finish));
  if (signal !== undefined)
    push(
      ends,
      whenAborted(signal, () => fail(aborted(signal))),
    );

  const iterator = {
    next() {
      if (arrived.length > 0) {
        const value = shift(arrived);
        if (isPaused && arrived.length < low) {
          isPaused = false;
          target.resume();
        }
        return resolved({ value, done: false });
      }
      if (failure !== undefined) {
        const { error } = failure;
        failure = undefined;
        return rejected(error);
      }
      if (finished) return resolved({ value: undefined, done: true });
      return new Promise((resolve, reject) => push(waiting, { resolve, reject }));
    },
    return() {
      finish();
      return resolved({ value: undefined, done: true });
    },
    /** @param {any} error */
    throw(error) {
      if (!(error instanceof Error)) throw invalidType('EventEmitter.AsyncIterator', 'Error', error);
      fail(error);
      return resolved({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return iterator;
    },
    [symbolFor('nodejs.watermarkData')]: {
      get size() {
        return arrived.length;
      },
      get isPaused() {
        return isPaused;
      },
      low,
      high,
    },
  };
  return iterator;
}

/** What `addAbortListener` added: programs count it. @type {WeakMap<object, Function[]>} */
const abortListeners = new WeakMap();

/** @param {any} signal @param {any} listener it is called even if another stops the event */
function addAbortListener(signal, listener) {
  if (signal === undefined) throw invalidType('signal', 'AbortSignal', signal);
  requireSignal(signal, 'signal');
  requireFunction(listener, 'listener');
  let end = () => {};
  if (signal.aborted) {
    then(resolved(), () => listener());
  } else {
    const { offAbort, onAbort } = loadAbortSignals();
    const algorithm = () => listener(makeAbortEvent(signal));
    onAbort(signal, algorithm);
    const listeners = weakMapGet(abortListeners, signal) ?? [];
    weakMapSet(abortListeners, signal, listeners);
    push(listeners, listener);
    end = () => {
      const at = indexOf(listeners, listener);
      if (at !== -1) splice(listeners, at, 1);
      offAbort(signal, algorithm);
    };
  }
  return { [Symbol.dispose ?? symbolFor('Symbol.dispose')]: () => end() };
}

/** The event that listeners of the signal get. @param {any} signal */
function makeAbortEvent(signal) {
  const { Event } = loadEvents();
  const event = new Event('abort');
  defineProperty(event, 'target', { value: signal, configurable: true });
  defineProperty(event, 'currentTarget', { value: signal, configurable: true });
  return event;
}

/** How many listeners an EventTarget may have before somebody is warned. @type {WeakMap<object, number>} */
const mostOfTargets = new WeakMap();

/** @param {number} [count] @param {...any} targets */
function setMaxListeners(count = defaultMaxListeners, ...targets) {
  requireNumber(count, 'setMaxListeners', 0);
  if (targets.length === 0) defaultMaxListeners = count;
  for (let index = 0; index < targets.length; index += 1) {
    const target = targets[index];
    if (typeof target?.setMaxListeners === 'function') target.setMaxListeners(count);
    else if (typeof target?.addEventListener === 'function') weakMapSet(mostOfTargets, target, count);
    else throw invalidType('eventTargets', ['EventEmitter', 'EventTarget'], target);
  }
}

/** @param {any} target */
function getMaxListeners(target) {
  if (typeof target?.getMaxListeners === 'function') return target.getMaxListeners();
  if (typeof target?.addEventListener === 'function')
    return weakMapGet(mostOfTargets, target) ?? (loadAbort().isAbortSignal(target) ? 0 : defaultMaxListeners);
  throw invalidType('emitter', ['EventEmitter', 'EventTarget'], target);
}

/** @param {any} target @param {PropertyKey} event */
function getEventListeners(target, event) {
  if (typeof target?.listeners === 'function') return target.listeners(event);
  if (typeof target?.addEventListener === 'function') {
    const listeners = loadEvents().callbacksOf(target, `${String(event)}`);
    const others = event === 'abort' ? weakMapGet(abortListeners, target) : undefined;
    for (let index = 0; others !== undefined && index < others.length; index += 1) push(listeners, others[index]);
    return listeners;
  }
  throw invalidType('emitter', ['EventEmitter', 'EventTarget'], target);
}

assign(EventEmitter, {
  EventEmitter,
  once,
  on,
  addAbortListener,
  setMaxListeners,
  getMaxListeners,
  getEventListeners,
  listenerCount: (/** @type {any} */ emitter, /** @type {PropertyKey} */ event) =>
    typeof emitter?.listenerCount === 'function' ? emitter.listenerCount(event) : getEventListeners(emitter, event).length,
  errorMonitor,
  captureRejectionSymbol: captureSymbol,
  usingDomains: false,
  init,
});
defineProperty(EventEmitter, 'EventEmitterAsyncResource', {
  get: () => loadAsyncResource().classFor(EventEmitter),
  enumerable: true,
  configurable: true,
});
// What old packages read and write of an emitter: the listeners of each event, one alone or a list. Loops over an emitter's properties see them, as
// Next.js does, which has a request become another stream.
defineProperty(EventEmitter.prototype, '_events', {
  /** @this {any} */
  get() {
    if (!isInstance(this)) return undefined;
    /** @type {any} */
    const table = create(null);
    const { events, warned } = stateOf(this);
    mapForEach(events, ({ list }, name) => {
      if (warned !== undefined && setHas(warned, name)) /** @type {any} */ (list).warned = true;
      table[name] = list.length === 1 ? list[0] : list;
    });
    return table;
  },
  /** @this {any} @param {any} table */
  set(table) {
    const before = this[state];
    const isNone = typeof table !== 'object' || table === null;
    // A prototype that has none shares none with what is made of it.
    if (isNone && before === undefined) return;
    const { events } = before?.owner === this ? before : makeState(this, before?.captures ?? capturesByDefault);
    forEach(namesOf(events), (name) => mapDelete(events, name));
    if (isNone) return;
    forEach(ownKeys(table), (name) => {
      const given = table[name];
      if (typeof given === 'function') mapSet(events, name, listenersOf([given]));
      else if (isArray(given)) mapSet(events, name, listenersOf(arraySlice(given)));
    });
  },
  enumerable: true,
  configurable: true,
});
defineProperty(EventEmitter.prototype, '_eventsCount', {
  /** @this {any} */
  get() {
    return isInstance(this) ? mapSize(stateOf(this).events) : 0;
  },
  set() {},
  enumerable: true,
  configurable: true,
});
defineProperty(EventEmitter.prototype, '_maxListeners', {
  /** @this {any} */
  get() {
    return this[most];
  },
  /** @this {any} @param {any} count */
  set(count) {
    setMost(this, count);
  },
  enumerable: true,
  configurable: true,
});

/** Whether somebody constructed it: the prototypes are asked too. @param {any} emitter */
const isInstance = (emitter) => typeof emitter === 'object' && emitter !== null && emitter[state] !== undefined;
defineProperty(EventEmitter, 'defaultMaxListeners', {
  enumerable: true,
  get: () => defaultMaxListeners,
  set(count) {
    requireNumber(count, 'defaultMaxListeners', 0);
    defaultMaxListeners = count;
  },
});
defineProperty(EventEmitter, 'captureRejections', {
  enumerable: true,
  get: () => capturesByDefault,
  set(value) {
    if (typeof value !== 'boolean') throw invalidType('EventEmitter.captureRejections', 'boolean', value);
    capturesByDefault = value;
  },
});

module.exports = /** @type {EmitterClass} */ (/** @type {any} */ (EventEmitter));
