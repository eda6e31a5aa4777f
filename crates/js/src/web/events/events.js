// Event and EventTarget (https://dom.spec.whatwg.org/#events), for targets without parents: no tree, so an event visits its target
// only. The global object is such a target as well: the methods take it when they are called without one.
'use strict';

const {
  Map,
  WeakMap,
  apply,
  customInspect,
  defineProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  mapDelete,
} = require('builtins/primordials');
const { mapGet, mapSet, mapSize, weakMapGet, weakMapSet } = require('builtins/primordials');
const { defineConstants, defineInterface, isObject, requireArguments, toDictionary, toDOMString } = require('builtins/webidl');
const { Listener, ListenerList } = require('web/events/listeners');
const { monotonicNow, proxyDetails, reportException } = ops;
const loadInspect = () => require('builtins/inspect/inspect');
const loadDOMException = () => require('builtins/domexception');

/**
 * What `abort` says of signals.
 * @typedef {{
 *   isAbortSignal(value: any): boolean,
 *   isAborted(signal: any): boolean,
 *   addAlgorithm(signal: any, algorithm: (reason: any) => void): void,
 *   removeAlgorithm(signal: any, algorithm: (reason: any) => void): void,
 * }} Signals
 */

/** Left here once `abort` is loaded: before that no value can be a signal. @type {Signals | null} */
let signals = null;

/** @param {Signals} functions */
function setSignals(functions) {
  signals = functions;
}

const globalObject = globalThis;
const NONE = 0;
const AT_TARGET = 2;

// Bits of an event's state.
const BUBBLES = 1;
const CANCELABLE = 2;
const COMPOSED = 4;
const STOPPED = 8;
const STOPPED_NOW = 16;
const CANCELED = 32;
const PASSIVE = 64;
const DISPATCHING = 128;
const TRUSTED = 256;

/** @type {(event: Event, target: any) => void} */
let beginDispatch;
/** False when the event was canceled. @type {(event: Event) => boolean} */
let endDispatch;
/** @type {(value: any) => value is Event} */
let isEvent;
/** @type {(event: Event) => number} */
let stateOf;
/** @type {(event: Event) => string} */
let typeOf;
/** @type {(event: Event, passive: boolean) => void} */
let setPassive;
/** @type {(event: Event) => Event} */
let trust;
/**
 * [LegacyUnforgeable]: an own property of every event, whose getter is one function. It takes 65 of the 145 ns of a new event: the JIT makes
 * no accessors, and `__defineGetter__`, which takes 45, would leave it configurable.
 * @type {PropertyDescriptor}
 */
let unforgeable;

class Event {
  /** @type {string} */
  #type;
  #state = 0;
  /** @type {any} */
  #target = null;
  /** @type {number} */
  #timeStamp = monotonicNow();

  /** @param {any} type @param {any} [init] */
  constructor(type, init = undefined) {
    if (arguments.length === 0) requireArguments(0, 1, 'Event');
    this.#type = toDOMString(type);
    defineProperty(this, 'isTrusted', unforgeable);
    if (init !== undefined && init !== null) {
      const options = toDictionary(init, 'Event');
      if (options.bubbles) this.#state |= BUBBLES;
      if (options.cancelable) this.#state |= CANCELABLE;
      if (options.composed) this.#state |= COMPOSED;
    }
  }

  get type() {
    return this.#type;
  }
  get target() {
    return this.#target;
  }
  get srcElement() {
    return this.#target;
  }
  /** Without a tree there is none but the target. */
  get currentTarget() {
    return (this.#state & DISPATCHING) !== 0 ? this.#target : null;
  }
  get eventPhase() {
    return (this.#state & DISPATCHING) !== 0 ? AT_TARGET : NONE;
  }
  get bubbles() {
    return (this.#state & BUBBLES) !== 0;
  }
  get cancelable() {
    return (this.#state & CANCELABLE) !== 0;
  }
  get composed() {
    return (this.#state & COMPOSED) !== 0;
  }
  get defaultPrevented() {
    return (this.#state & CANCELED) !== 0;
  }
  get returnValue() {
    return (this.#state & CANCELED) === 0;
  }
  set returnValue(value) {
    if (!value) this.#cancel();
  }
  get cancelBubble() {
    return (this.#state & STOPPED) !== 0;
  }
  set cancelBubble(value) {
    if (value) this.#state |= STOPPED;
  }
  get timeStamp() {
    return this.#timeStamp;
  }

  composedPath() {
    return (this.#state & DISPATCHING) !== 0 ? [this.#target] : [];
  }
  stopPropagation() {
    this.#state |= STOPPED;
  }
  stopImmediatePropagation() {
    this.#state |= STOPPED | STOPPED_NOW;
  }
  preventDefault() {
    this.#cancel();
  }
  /** @param {any} type */
  initEvent(type, bubbles = false, cancelable = false) {
    requireArguments(arguments.length, 1, 'Event.initEvent');
    if ((this.#state & DISPATCHING) !== 0) return;
    this.#type = toDOMString(type);
    this.#target = null;
    this.#state = (this.#state & COMPOSED) | (bubbles ? BUBBLES : 0) | (cancelable ? CANCELABLE : 0);
  }

  #cancel() {
    if ((this.#state & (CANCELABLE | PASSIVE)) === CANCELABLE) this.#state |= CANCELED;
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const { type, defaultPrevented, cancelable, timeStamp } = this;
    return loadInspect().inspectMembers(this.constructor.name, { type, defaultPrevented, cancelable, timeStamp }, depth, options);
  }

  static {
    const isTrusted = getOwnPropertyDescriptor(
      {
        get isTrusted() {
          return (stateOf(/** @type {any} */ (this)) & TRUSTED) !== 0;
        },
      },
      'isTrusted',
    );
    unforgeable = /** @type {any} */ ({ __proto__: null, get: isTrusted?.get, set: undefined, enumerable: true, configurable: false });
    isEvent = /** @type {any} */ ((/** @type {any} */ value) => typeof value === 'object' && value !== null && #type in value);
    typeOf = (event) => event.#type;
    stateOf = (event) => event.#state;
    trust = (event) => {
      event.#state |= TRUSTED;
      return event;
    };
    setPassive = (event, passive) => {
      event.#state = passive ? event.#state | PASSIVE : event.#state & ~PASSIVE;
    };
    beginDispatch = (event, target) => {
      event.#target = target;
      event.#state |= DISPATCHING;
    };
    endDispatch = (event) => {
      event.#state &= ~(DISPATCHING | STOPPED | STOPPED_NOW | PASSIVE);
      return (event.#state & CANCELED) === 0;
    };
  }
}

defineInterface(Event);
defineConstants(Event, { NONE, CAPTURING_PHASE: 1, AT_TARGET, BUBBLING_PHASE: 3 });

/** A target's listeners by type; null before the first one. @typedef {Map<string, EventListeners> | null} ListenerTable */

/** The global object's listeners; other targets have theirs in a private field. @type {ListenerTable} */
let globalListeners = null;
/** @type {(target: any) => ListenerTable} */
let listenersOf;
/** The same, made if it was not there. @type {(target: any) => Map<string, EventListeners>} */
let openListeners;

class EventTarget {
  /** @type {ListenerTable} */
  #listeners = null;

  /** @param {any} type @param {any} callback @param {any} [options] */
  addEventListener(type, callback, options = undefined) {
    requireArguments(arguments.length, 2, 'EventTarget.addEventListener');
    addListener(this ?? globalObject, toDOMString(type), callback, options);
  }

  /** @param {any} type @param {any} callback @param {any} [options] */
  removeEventListener(type, callback, options = undefined) {
    requireArguments(arguments.length, 2, 'EventTarget.removeEventListener');
    const target = this ?? globalObject;
    const name = toDOMString(type);
    const capture = typeof options === 'boolean' ? options : isObject(options) && !!options.capture;
    const table = listenersOf(target);
    const list = table === null ? undefined : mapGet(table, name);
    const listener = list?.find(callback, capture);
    if (listener !== undefined) removeListener(target, name, listener);
  }

  /** @param {any} event */
  dispatchEvent(event) {
    if (arguments.length === 0) requireArguments(0, 1, 'EventTarget.dispatchEvent');
    if (!isEvent(event)) throw new TypeError('EventTarget.dispatchEvent: the argument is not an Event');
    if ((stateOf(event) & DISPATCHING) !== 0) {
      const { DOMException } = loadDOMException();
      throw new DOMException('EventTarget.dispatchEvent: the event is being dispatched already', 'InvalidStateError');
    }
    return dispatch(this ?? globalObject, event);
  }

  static {
    /**
     * What has the listeners of a proxy of a target, or of what was made of one by `Object.create`: they are the same, as in Node.
     * @param {any} target
     */
    const behind = (target) => {
      for (let at = target; isObject(at); at = proxyDetails(at)?.[0] ?? getPrototypeOf(at)) if (#listeners in at) return at;
      // Which throws.
      return target;
    };
    listenersOf = (target) => (target === globalObject ? globalListeners : behind(target).#listeners);
    openListeners = (target) => {
      if (target === globalObject) return (globalListeners ??= new Map());
      const owner = behind(target);
      return (owner.#listeners ??= new Map());
    };
  }
}

defineInterface(EventTarget);

/** @param {any} target @param {string} type @param {any} callback @param {any} options */
function addListener(target, type, callback, options) {
  const settings = typeof options === 'boolean' ? { capture: options } : toDictionary(options, 'EventTarget.addEventListener');
  const capture = !!settings.capture;
  const once = !!settings.once;
  const passive = !!settings.passive;
  const { signal } = settings;
  const listeners = openListeners(target);
  if (signal !== undefined && !signals?.isAbortSignal(signal)) {
    throw new TypeError('EventTarget.addEventListener: the option signal is not an AbortSignal');
  }
  if (callback === null || callback === undefined) return;
  if (!isObject(callback)) {
    throw new TypeError('EventTarget.addEventListener: the listener must be a function or an object with handleEvent');
  }
  if (signal !== undefined && /** @type {Signals} */ (signals).isAborted(signal)) return;
  if (mapGet(listeners, type)?.find(callback, capture) !== undefined) return;
  const listener = new Listener(callback, capture, once, passive, false);
  append(target, listeners, type, listener);
  if (signal !== undefined) removeOnAbort(target, type, listener, signal);
}

/** @param {any} target @param {string} type @param {EventListenerSlots} listener @param {any} signal */
function removeOnAbort(target, type, listener, signal) {
  const { addAlgorithm, removeAlgorithm } = /** @type {Signals} */ (signals);
  const remove = () => removeListener(target, type, listener);
  addAlgorithm(signal, remove);
  // A signal that lives long must not collect the listeners that are gone.
  listener.forget = () => removeAlgorithm(signal, remove);
}

/** @param {any} target @param {Map<string, EventListeners>} listeners @param {string} type @param {EventListenerSlots} listener */
function append(target, listeners, type, listener) {
  let list = mapGet(listeners, type);
  if (list === undefined) mapSet(listeners, type, (list = new ListenerList()));
  list.add(listener);
  if (list.live === 1) target[listenersChanged]?.(type, true);
}

/** @param {any} target @param {string} type @param {EventListenerSlots} listener */
function removeListener(target, type, listener) {
  if (listener.removed) return;
  const table = openListeners(target);
  const list = /** @type {EventListeners} */ (mapGet(table, type));
  list.remove(listener);
  const { forget } = listener;
  if (forget !== undefined) forget();
  if (list.live > 0) return;
  // What is added while a dispatch walks the list belongs to the same one.
  if (list.walks === 0) forgetType(table, type);
  target[listenersChanged]?.(type, false);
}

/** A type has no listeners any more: its list stays for those to come, unless the target has heard of many types. @param {Map<string, EventListeners>} table @param {string} type */
function forgetType(table, type) {
  if (mapSize(table) > mostTypesKept) mapDelete(table, type);
}

const mostTypesKept = 8;

/** A target class may have a method of this name: it is told when a type gains its first listener or loses the last. @type {unique symbol} */
const listenersChanged = Symbol('listenersChanged');

/** @param {any} target @param {string} type */
function hasListeners(target, type) {
  const table = listenersOf(target);
  const list = table === null ? undefined : mapGet(table, type);
  return list !== undefined && list.live > 0;
}

/** Calls the listeners; false when one of them canceled the event. @param {any} target @param {Event} event */
function dispatch(target, event) {
  const table = listenersOf(target);
  const type = typeOf(event);
  const list = table === null ? undefined : mapGet(table, type);
  beginDispatch(event, target);
  if (list !== undefined && list.live > 0) walk(target, event, type, list);
  return endDispatch(event);
}

/** @param {any} target @param {Event} event @param {string} type @param {EventListeners} list */
function walk(target, event, type, list) {
  const { items } = list;
  const { length } = items;
  list.walks += 1;
  for (let i = 0; i < length; i += 1) {
    const listener = items[i];
    if (listener.removed) continue;
    invoke(target, event, type, listener);
    if ((stateOf(event) & STOPPED_NOW) !== 0) break;
  }
  list.endWalk();
  // A type whose last listener went in this dispatch.
  if (list.live === 0 && list.walks === 0) {
    const table = openListeners(target);
    if (mapGet(table, type) === list) forgetType(table, type);
  }
}

/** Never throws: what a listener throws is reported. @param {any} target @param {Event} event @param {string} type @param {EventListenerSlots} listener */
function invoke(target, event, type, listener) {
  const { callback, isHandler, passive } = listener;
  if (listener.once) removeListener(target, type, listener);
  if (passive) setPassive(event, true);
  try {
    if (typeof callback === 'function') {
      const result = apply(callback, target, [event]);
      if (isHandler && result === false) event.preventDefault();
    } else if (!isHandler) {
      const { handleEvent } = callback;
      if (typeof handleEvent !== 'function') throw new TypeError('EventTarget.dispatchEvent: the listener has no method handleEvent');
      apply(handleEvent, callback, [event]);
    }
  } catch (error) {
    reportException(error);
  }
  if (passive) setPassive(event, false);
}

/** Dispatches an event that the platform, not the program, made. @param {any} target @param {Event} event */
function fire(target, event) {
  return dispatch(target, trust(event));
}

/** @type {WeakMap<object, Map<string, EventListenerSlots>>} */
const handlersOf = new WeakMap();

/** @param {any} target @param {string} name */
function handlerOf(target, name) {
  const handlers = weakMapGet(handlersOf, target);
  return handlers === undefined ? undefined : mapGet(handlers, name);
}

/**
 * Event handler attributes (https://html.spec.whatwg.org/#event-handlers): `onmessage` and its like. A handler keeps the place among
 * the listeners that it took when it was first set.
 * @param {Function} Class
 * @param {string[]} names
 */
function defineEventHandlers(Class, names) {
  for (let i = 0; i < names.length; i += 1) {
    const name = names[i];
    const accessor = /** @type {any} */ (
      getOwnPropertyDescriptor(
        {
          get [`on${name}`]() {
            // Throws for what is no EventTarget, as an interface's prototype.
            listenersOf(this);
            return handlerOf(this, name)?.callback ?? null;
          },
          set [`on${name}`](/** @type {any} */ value) {
            listenersOf(this);
            setHandler(this, name, value);
          },
        },
        `on${name}`,
      )
    );
    defineProperty(
      Class.prototype,
      `on${name}`,
      /** @type {any} */ ({ __proto__: null, get: accessor.get, set: accessor.set, enumerable: true, configurable: true }),
    );
  }
}

/** @param {any} target @param {string} name @param {any} value */
function setHandler(target, name, value) {
  const callback = isObject(value) ? value : null;
  const existing = handlerOf(target, name);
  if (callback === null) {
    if (existing === undefined) return;
    mapDelete(/** @type {Map<string, any>} */ (weakMapGet(handlersOf, target)), name);
    removeListener(target, name, existing);
  } else if (existing !== undefined) {
    existing.callback = callback;
  } else {
    const listeners = openListeners(target);
    let handlers = weakMapGet(handlersOf, target);
    if (handlers === undefined) weakMapSet(handlersOf, target, (handlers = new Map()));
    const listener = new Listener(callback, false, false, false, true);
    mapSet(handlers, name, listener);
    append(target, listeners, name, listener);
  }
}

/** The callbacks of a type's listeners, in order. @param {any} target @param {string} type @returns {any[]} */
function callbacksOf(target, type) {
  const table = listenersOf(target);
  const list = table === null || table === undefined ? undefined : mapGet(table, type);
  /** @type {any[]} */
  const callbacks = [];
  if (list === undefined) return callbacks;
  for (let index = 0; index < list.items.length; index += 1) {
    if (!list.items[index].removed) callbacks[callbacks.length] = list.items[index].callback;
  }
  return callbacks;
}

module.exports = {
  callbacksOf,
  Event,
  EventTarget,
  defineEventHandlers,
  fire,
  hasListeners,
  listenersChanged,
  setSignals,
  addEventListener: EventTarget.prototype.addEventListener,
  removeEventListener: EventTarget.prototype.removeEventListener,
  dispatchEvent: EventTarget.prototype.dispatchEvent,
};
