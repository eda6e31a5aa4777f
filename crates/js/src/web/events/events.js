// Event and EventTarget (https://dom.spec.whatwg.org/#events), for targets without parents: no tree, so an event visits its target
// only. The global object is such a target as well: the methods take it when they are called without one.
'use strict';

const { defineConstants, defineInterface, requireArguments, toDictionary, toDOMString } = require('builtins/webidl');
const { monotonicNow, reportException } = ops;
const loadInspect = () => require('builtins/inspect/inspect');
const loadDOMException = () => require('builtins/domexception');

// What `abort` says of signals, once it is loaded: before that no value can be one.
let signals = { isAbortSignal: () => false };

function setSignals(functions) {
  signals = functions;
}

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
const UNINITIALIZED = 512;

let beginDispatch;
let endDispatch;
let isEvent;
let stateOf;
let setPassive;
let trust;

class Event {
  #type;
  #state = 0;
  #target = null;
  #currentTarget = null;
  #timeStamp = monotonicNow();

  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'Event');
    this.#type = toDOMString(type);
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
  get currentTarget() {
    return this.#currentTarget;
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
    if (!value) this.preventDefault();
  }
  get cancelBubble() {
    return (this.#state & STOPPED) !== 0;
  }
  set cancelBubble(value) {
    if (value) this.stopPropagation();
  }
  get isTrusted() {
    return (this.#state & TRUSTED) !== 0;
  }
  get timeStamp() {
    return this.#timeStamp;
  }

  composedPath() {
    return this.#currentTarget === null ? [] : [this.#currentTarget];
  }
  stopPropagation() {
    this.#state |= STOPPED;
  }
  stopImmediatePropagation() {
    this.#state |= STOPPED | STOPPED_NOW;
  }
  preventDefault() {
    if ((this.#state & (CANCELABLE | PASSIVE)) === CANCELABLE) this.#state |= CANCELED;
  }
  initEvent(type, bubbles = false, cancelable = false) {
    requireArguments(arguments.length, 1, 'Event.initEvent');
    if ((this.#state & DISPATCHING) !== 0) return;
    this.#type = toDOMString(type);
    this.#target = null;
    this.#state = (this.#state & COMPOSED) | (bubbles ? BUBBLES : 0) | (cancelable ? CANCELABLE : 0);
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const { type, defaultPrevented, cancelable, timeStamp } = this;
    return loadInspect().inspectMembers(this.constructor.name, { type, defaultPrevented, cancelable, timeStamp }, depth, options);
  }

  static {
    isEvent = (value) => typeof value === 'object' && value !== null && #type in value;
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
      event.#currentTarget = target;
      event.#state |= DISPATCHING;
    };
    endDispatch = (event) => {
      event.#currentTarget = null;
      event.#state &= ~(DISPATCHING | STOPPED | STOPPED_NOW | PASSIVE);
      return (event.#state & CANCELED) === 0;
    };
  }
}

defineInterface(Event);
defineConstants(Event, { NONE, CAPTURING_PHASE: 1, AT_TARGET, BUBBLING_PHASE: 3 });

// The global object's listeners; other targets have theirs in a private field.
let globalListeners = null;
let listenersOf;

class EventTarget {
  // A Map of type to array of listeners, made with the first listener. The arrays are replaced, never changed, so that a
  // running dispatch sees those of its start.
  #listeners = null;

  addEventListener(type, callback, options = undefined) {
    requireArguments(arguments.length, 2, 'EventTarget.addEventListener');
    addListener(this ?? globalThis, toDOMString(type), callback, options);
  }

  removeEventListener(type, callback, options = undefined) {
    requireArguments(arguments.length, 2, 'EventTarget.removeEventListener');
    const target = this ?? globalThis;
    const capture = typeof options === 'boolean' ? options : Boolean(options?.capture);
    const name = toDOMString(type);
    const listener = listenersOf(target, false)?.get(name)?.find(isListener(callback, capture));
    if (listener !== undefined) removeListener(target, name, listener);
  }

  dispatchEvent(event) {
    requireArguments(arguments.length, 1, 'EventTarget.dispatchEvent');
    if (!isEvent(event)) throw new TypeError('EventTarget.dispatchEvent: the argument is not an Event');
    if ((stateOf(event) & (DISPATCHING | UNINITIALIZED)) !== 0) {
      const { DOMException } = loadDOMException();
      throw new DOMException('EventTarget.dispatchEvent: the event is being dispatched already', 'InvalidStateError');
    }
    return dispatch(this ?? globalThis, event);
  }

  static {
    listenersOf = (target, create) => {
      if (target === globalThis) return (globalListeners ??= create ? new Map() : null);
      if (create) return (target.#listeners ??= new Map());
      return target.#listeners;
    };
  }
}

defineInterface(EventTarget);

function isListener(callback, capture) {
  return (listener) => listener.callback === callback && listener.capture === capture && !listener.isHandler;
}

function addListener(target, type, callback, options) {
  const settings = typeof options === 'boolean' ? { capture: options } : toDictionary(options, 'EventTarget.addEventListener');
  const capture = Boolean(settings.capture);
  const once = Boolean(settings.once);
  const passive = Boolean(settings.passive);
  const { signal } = settings;
  const listeners = listenersOf(target, true);
  if (signal !== undefined && !signals.isAbortSignal(signal)) {
    throw new TypeError('EventTarget.addEventListener: the option signal is not an AbortSignal');
  }
  if (callback === null || callback === undefined) return;
  if (typeof callback !== 'object' && typeof callback !== 'function') {
    throw new TypeError('EventTarget.addEventListener: the listener must be a function or an object with handleEvent');
  }
  if (signal?.aborted) return;
  const existing = listeners.get(type);
  if (existing?.some(isListener(callback, capture))) return;
  const listener = { callback, capture, once, passive, isHandler: false, removed: false, forget: undefined };
  append(target, listeners, type, listener);
  if (signal !== undefined) removeOnAbort(target, type, listener, signal);
}

function removeOnAbort(target, type, listener, signal) {
  const { addAlgorithm, removeAlgorithm } = signals;
  const remove = () => removeListener(target, type, listener);
  addAlgorithm(signal, remove);
  // A signal that lives long must not collect the listeners that are gone.
  listener.forget = () => removeAlgorithm(signal, remove);
}

function append(target, listeners, type, listener) {
  const existing = listeners.get(type);
  listeners.set(type, existing === undefined ? [listener] : [...existing, listener]);
  target[listenersChanged]?.(type, true);
}

function removeListener(target, type, listener) {
  const listeners = listenersOf(target, false);
  listener.removed = true;
  listener.forget?.();
  const rest = listeners.get(type)?.filter((other) => other !== listener) ?? [];
  if (rest.length > 0) listeners.set(type, rest);
  else listeners.delete(type);
  target[listenersChanged]?.(type, rest.length > 0);
}

/** A target class may have a method of this name: it is told when a type gains or loses listeners. */
const listenersChanged = Symbol('listenersChanged');

function hasListeners(target, type) {
  return listenersOf(target, false)?.has(type) ?? false;
}

/** Calls the listeners; false when one of them canceled the event. */
function dispatch(target, event) {
  const listeners = listenersOf(target, false)?.get(event.type);
  beginDispatch(event, target);
  if (listeners !== undefined) {
    for (let index = 0; index < listeners.length; index += 1) {
      const listener = listeners[index];
      if (listener.removed) continue;
      invoke(target, event, listener);
      if ((stateOf(event) & STOPPED_NOW) !== 0) break;
    }
  }
  return endDispatch(event);
}

function invoke(target, event, listener) {
  if (listener.once) removeListener(target, event.type, listener);
  if (listener.passive) setPassive(event, true);
  const { callback } = listener;
  try {
    if (listener.isHandler) listener.call(target, event);
    else if (typeof callback === 'function') callback.call(target, event);
    else callback.handleEvent(event);
  } catch (error) {
    reportException(error);
  }
  if (listener.passive) setPassive(event, false);
}

/** Dispatches an event that the platform, not the program, made. */
function fire(target, event) {
  return dispatch(target, trust(event));
}

const handlersOf = new WeakMap();

/**
 * Event handler attributes (https://html.spec.whatwg.org/#event-handlers): `onmessage` and its like. A handler keeps the place among
 * the listeners that it took when it was first set.
 */
function defineEventHandlers(Class, names) {
  for (const name of names) {
    Object.defineProperty(Class.prototype, `on${name}`, {
      get() {
        return handlersOf.get(this)?.get(name)?.callback ?? null;
      },
      set(value) {
        setHandler(this, name, value);
      },
      enumerable: true,
      configurable: true,
    });
  }
}

function setHandler(target, name, value) {
  const callback = typeof value === 'function' || (typeof value === 'object' && value !== null) ? value : null;
  let handlers = handlersOf.get(target);
  const existing = handlers?.get(name);
  if (callback === null) {
    if (existing === undefined) return;
    handlers.delete(name);
    removeListener(target, name, existing);
  } else if (existing !== undefined) {
    existing.callback = callback;
  } else {
    if (handlers === undefined) handlersOf.set(target, (handlers = new Map()));
    const listener = { callback, capture: false, once: false, passive: false, isHandler: true, removed: false, call: callHandler };
    handlers.set(name, listener);
    append(target, listenersOf(target, true), name, listener);
  }
}

function callHandler(target, event) {
  if (typeof this.callback !== 'function') return;
  if (this.callback.call(target, event) === false) event.preventDefault();
}

module.exports = {
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
