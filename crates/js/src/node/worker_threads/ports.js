// What Node adds to MessagePort (https://nodejs.org/api/worker_threads.html#class-messageport): the methods of its NodeEventTarget, by which
// listeners get the value and not the event, and references. What the globals are, too: WebAssembly made by napi-rs keeps a program alive by the `ref`
// of a port whose module nobody loaded.
'use strict';

const { nodeError } = require('node/errors');
const { requireFunction } = require('node/arguments');
const { Map, WeakMap, apply, defineProperty, mapForEach, mapGet, mapSet, push } = require('builtins/primordials');
const { splice, weakMapGet, weakMapSet } = require('builtins/primordials');
const { hasListeners } = require('web/events/events');
const { CustomEvent } = require('web/events/classes');
const { isMessagePort, isReferenced, MessageChannel, MessagePort, nativeOf, setReference, takeMessage } = require('web/messaging/port');
const { addEventListener, dispatchEvent, removeEventListener } = require('web/events/events');
const { nativeOf: nativeOfChannel } = require('web/messaging/broadcast_channel');
const { readMessage } = require('web/html/message');
const { portIsOpen, portTake } = ops;

/** A listener and what hears of events for it. @typedef {{ listener: Function, wrapper: (event: any) => void }} Wrapped */
/** @type {WeakMap<object, Map<string, Wrapped[]>>} */
const wrappers = new WeakMap();
/** What `emit` was given, by its event. @type {WeakMap<object, { value: any }>} */
const emitted = new WeakMap();

/** What a listener of Node's gets. @param {any} event */
function argumentOf(event) {
  const given = weakMapGet(emitted, event);
  if (given !== undefined) return given.value;
  return event.type === 'message' || event.type === 'messageerror' ? event.data : event;
}

/** @param {any} target @param {string} type @returns {Wrapped[]} */
function listOf(target, type) {
  let byType = weakMapGet(wrappers, target);
  if (byType === undefined) weakMapSet(wrappers, target, (byType = new Map()));
  let list = mapGet(byType, type);
  if (list === undefined) mapSet(byType, type, (list = []));
  return list;
}

/** @param {any} target @param {any} type @param {any} listener @param {boolean} once */
function add(target, type, listener, once) {
  requireFunction(listener, 'listener');
  const list = listOf(target, `${type}`);
  for (let i = 0; i < list.length; i += 1) if (list[i].listener === listener) return;
  /** @type {Wrapped} */
  const wrapped = {
    listener,
    wrapper: (event) => {
      if (once) forget(list, wrapped);
      apply(listener, target, [argumentOf(event)]);
    },
  };
  push(list, wrapped);
  apply(addEventListener, target, [type, wrapped.wrapper, { once }]);
}

/** @param {Wrapped[]} list @param {Wrapped} wrapped */
function forget(list, wrapped) {
  for (let i = 0; i < list.length; i += 1) if (list[i] === wrapped) splice(list, i, 1);
}

/** @type {Record<string, any>} */
const methods = {
  /** @param {any} type @param {any} listener */
  on(type, listener) {
    add(this, type, listener, false);
    return this;
  },
  /** @param {any} type @param {any} listener */
  addListener(type, listener) {
    add(this, type, listener, false);
    return this;
  },
  /** @param {any} type @param {any} listener */
  once(type, listener) {
    add(this, type, listener, true);
    return this;
  },
  /** @param {any} type @param {any} listener */
  off(type, listener) {
    const list = listOf(this, `${type}`);
    for (let i = 0; i < list.length; i += 1) {
      if (list[i].listener !== listener) continue;
      apply(removeEventListener, this, [type, list[i].wrapper]);
      splice(list, i, 1);
      return this;
    }
    apply(removeEventListener, this, [type, listener]);
    return this;
  },
  /** @param {any} type @param {any} listener */
  removeListener(type, listener) {
    return apply(methods.off, this, [type, listener]);
  },
  /** @param {any} [type] */
  removeAllListeners(type) {
    if (type === undefined) {
      const byType = weakMapGet(wrappers, /** @type {any} */ (this));
      if (byType !== undefined) mapForEach(byType, (_, name) => apply(methods.removeAllListeners, this, [name]));
      return this;
    }
    const list = listOf(this, `${type}`);
    while (list.length > 0) apply(methods.off, this, [type, list[0].listener]);
    return this;
  },
  /** @param {any} type @param {any} [value] */
  emit(type, value) {
    const had = hasListeners(this, `${type}`);
    const event = new CustomEvent(type, { detail: value });
    weakMapSet(emitted, event, { value });
    apply(dispatchEvent, this, [event]);
    return had;
  },
  /** @param {any} type */
  listenerCount(type) {
    return listOf(this, `${type}`).length;
  },
  eventNames() {
    /** @type {string[]} */
    const names = [];
    const byType = weakMapGet(wrappers, /** @type {any} */ (this));
    if (byType !== undefined) mapForEach(byType, (list, name) => (list.length > 0 ? push(names, name) : 0));
    return names;
  },
  setMaxListeners() {
    return this;
  },
  getMaxListeners: () => 10,
};

const { close } = MessagePort.prototype;
/** @type {Record<string, any>} */
const references = {
  /** @param {any} [callback] */
  close(callback) {
    if (typeof callback === 'function') apply(methods.once, this, ['close', callback]);
    apply(close, this, []);
  },
  ref() {
    if (portIsOpen(nativeOf(this))) setReference(this, true);
  },
  unref() {
    if (portIsOpen(nativeOf(this))) setReference(this, false);
  },
  hasRef() {
    return isReferenced(this);
  },
};

/** Gives a prototype Node's methods. @param {any} prototype @param {Record<string, any>} given */
function addMethods(prototype, given) {
  const names = ['on', 'addListener', 'once', 'off', 'removeListener', 'removeAllListeners', 'emit', 'listenerCount', 'eventNames'];
  push(names, 'setMaxListeners', 'getMaxListeners', 'close', 'ref', 'unref', 'hasRef');
  for (let i = 0; i < names.length; i += 1) {
    const value = given[names[i]];
    if (value === undefined) continue;
    defineProperty(
      prototype,
      names[i],
      /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: false, configurable: true }),
    );
  }
}

addMethods(MessagePort.prototype, methods);
addMethods(MessagePort.prototype, references);

/** @param {any} port @returns {{ message: any } | undefined} */
function receiveMessageOnPort(port) {
  if (isMessagePort(port)) return takeMessage(port);
  const channel = nativeOfChannel(port);
  if (channel === undefined) {
    throw nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "port" argument must be a MessagePort instance');
  }
  const message = portTake(channel);
  return message === undefined ? undefined : { message: readMessage(message).value };
}

module.exports = { addMethods, MessageChannel, MessagePort, methods, receiveMessageOnPort };
