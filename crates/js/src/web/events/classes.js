// The events with attributes of their own. CloseEvent stands with WebSocket.
'use strict';

const { freeze } = require('builtins/primordials');
const {
  defineInterface,
  isObject,
  requireArguments,
  toDOMString,
  toDictionary,
  toNumber,
  toSequence,
  toUSVString,
} = require('builtins/webidl');
const { toUnsignedLong } = require('builtins/webidl');
const { Event } = require('web/events/events');
const loadInspect = () => require('builtins/inspect/inspect');

class CustomEvent extends Event {
  /** @type {any} */
  #detail;
  /** @param {any} type @param {any} [init] */
  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'CustomEvent');
    super(type, init);
    this.#detail = toDictionary(init, 'CustomEvent').detail ?? null;
  }
  get detail() {
    return this.#detail;
  }
  /** @param {any} type @param {any} [detail] */
  initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
    requireArguments(arguments.length, 1, 'CustomEvent.initCustomEvent');
    if (this.eventPhase !== 0) return;
    this.initEvent(type, bubbles, cancelable);
    this.#detail = detail;
  }
}

class ErrorEvent extends Event {
  #message = '';
  #filename = '';
  #line = 0;
  #column = 0;
  /** @type {any} */
  #error = undefined;
  /** @param {any} type @param {any} [init] */
  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'ErrorEvent');
    super(type, init);
    const { colno = 0, error, filename = '', lineno = 0, message = '' } = toDictionary(init, 'ErrorEvent');
    this.#message = toDOMString(message);
    this.#filename = toUSVString(filename);
    this.#line = toUnsignedLong(lineno);
    this.#column = toUnsignedLong(colno);
    this.#error = error;
  }
  get message() {
    return this.#message;
  }
  get filename() {
    return this.#filename;
  }
  get lineno() {
    return this.#line;
  }
  get colno() {
    return this.#column;
  }
  get error() {
    return this.#error;
  }
}

/** @param {any} value */
const shown = (value) => loadInspect().inspect(value);

/** As long as the file of ports was not loaded there are none. @type {(value: any) => boolean} */
let isPort = () => false;

/** @param {(value: any) => boolean} is */
function setPortTest(is) {
  isPort = is;
}

/** As undici words it. @param {any} value @param {string} name */
function requirePort(value, name) {
  if (isPort(value)) return value;
  throw new TypeError(`MessageEvent constructor: Expected eventInitDict.${name} ("${shown(value)}") to be an instance of MessagePort.`);
}

/** @type {readonly any[]} */
const noPorts = freeze([]);

/** One that the platform fires; `ports` is a list of our own. @type {(type: string, data: any, ports?: any[], origin?: string) => MessageEvent} */
let makeMessageEvent;

class MessageEvent extends Event {
  /** @type {any} */
  #data;
  #origin = '';
  #lastEventId = '';
  /** @type {any} */
  #source = null;
  #ports = noPorts;
  /** @param {any} type @param {any} [init] */
  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'MessageEvent');
    super(type, init);
    const { data = null, lastEventId, origin, ports, source } = toDictionary(init, 'MessageEvent');
    this.#data = data;
    if (origin !== undefined) this.#origin = toUSVString(origin);
    if (lastEventId !== undefined) this.#lastEventId = toDOMString(lastEventId);
    if (source !== undefined && source !== null) {
      if (source !== globalThis) requirePort(source, 'source');
      this.#source = source;
    }
    if (ports !== undefined) {
      if (!isObject(ports) || typeof ports[Symbol.iterator] !== 'function') {
        throw new TypeError(`MessageEvent constructor: eventInitDict.ports (${shown(ports)}) is not iterable.`);
      }
      this.#ports = freeze(toSequence(ports, 'MessageEvent: ports', (port) => requirePort(port, 'ports')));
    }
  }
  get data() {
    return this.#data;
  }
  get origin() {
    return this.#origin;
  }
  get lastEventId() {
    return this.#lastEventId;
  }
  get source() {
    return this.#source;
  }
  get ports() {
    return this.#ports;
  }

  static {
    makeMessageEvent = (type, data, ports, origin = '') => {
      const event = new MessageEvent(type);
      event.#data = data;
      event.#origin = origin;
      if (ports !== undefined) event.#ports = freeze(ports);
      return event;
    };
  }
}

class ProgressEvent extends Event {
  #lengthComputable;
  #loaded;
  #total;
  /** @param {any} type @param {any} [init] */
  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'ProgressEvent');
    super(type, init);
    const { lengthComputable = false, loaded = 0, total = 0 } = toDictionary(init, 'ProgressEvent');
    this.#lengthComputable = !!lengthComputable;
    this.#loaded = toNumber(loaded);
    this.#total = toNumber(total);
  }
  get lengthComputable() {
    return this.#lengthComputable;
  }
  get loaded() {
    return this.#loaded;
  }
  get total() {
    return this.#total;
  }
}

class PromiseRejectionEvent extends Event {
  /** @type {any} */
  #promise;
  /** @type {any} */
  #reason;
  /** @param {any} type @param {any} init */
  constructor(type, init) {
    requireArguments(arguments.length, 2, 'PromiseRejectionEvent');
    super(type, init);
    const { promise, reason } = toDictionary(init, 'PromiseRejectionEvent');
    if (promise === undefined) throw new TypeError('PromiseRejectionEvent: the option promise is missing');
    this.#promise = promise;
    this.#reason = reason;
  }
  get promise() {
    return this.#promise;
  }
  get reason() {
    return this.#reason;
  }
}

defineInterface(CustomEvent);
defineInterface(ErrorEvent);
defineInterface(MessageEvent);
defineInterface(ProgressEvent);
defineInterface(PromiseRejectionEvent);

module.exports = { CustomEvent, ErrorEvent, makeMessageEvent, MessageEvent, ProgressEvent, PromiseRejectionEvent, setPortTest };
