// The events with attributes of their own. CloseEvent stands with WebSocket.
'use strict';

const { defineInterface, requireArguments, toDOMString, toDictionary, toUSVString } = require('builtins/webidl');
const { Event } = require('web/events/events');

class CustomEvent extends Event {
  #detail;
  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'CustomEvent');
    super(type, init);
    this.#detail = init?.detail ?? null;
  }
  get detail() {
    return this.#detail;
  }
  initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
    requireArguments(arguments.length, 1, 'CustomEvent.initCustomEvent');
    if (this.eventPhase !== Event.NONE) return;
    this.initEvent(type, bubbles, cancelable);
    this.#detail = detail;
  }
}

class ErrorEvent extends Event {
  #message;
  #filename;
  #line;
  #column;
  #error;
  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'ErrorEvent');
    super(type, init);
    const { message = '', filename = '', lineno = 0, colno = 0, error } = toDictionary(init, 'ErrorEvent');
    this.#message = toDOMString(message);
    this.#filename = toUSVString(filename);
    this.#line = Number(lineno) >>> 0;
    this.#column = Number(colno) >>> 0;
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

const noPorts = Object.freeze([]);

class MessageEvent extends Event {
  #data;
  #origin = '';
  #lastEventId = '';
  #source = null;
  #ports = noPorts;
  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'MessageEvent');
    super(type, init);
    const { data = null, origin, lastEventId, source, ports } = toDictionary(init, 'MessageEvent');
    this.#data = data;
    if (origin !== undefined) this.#origin = toUSVString(origin);
    if (lastEventId !== undefined) this.#lastEventId = toDOMString(lastEventId);
    if (source !== undefined) this.#source = source;
    if (ports !== undefined) this.#ports = Object.freeze([...ports]);
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
}

class ProgressEvent extends Event {
  #lengthComputable;
  #loaded;
  #total;
  constructor(type, init = undefined) {
    requireArguments(arguments.length, 1, 'ProgressEvent');
    super(type, init);
    const { lengthComputable = false, loaded = 0, total = 0 } = toDictionary(init, 'ProgressEvent');
    this.#lengthComputable = Boolean(lengthComputable);
    this.#loaded = Number(loaded);
    this.#total = Number(total);
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
  #promise;
  #reason;
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

for (const Class of [CustomEvent, ErrorEvent, MessageEvent, ProgressEvent, PromiseRejectionEvent]) defineInterface(Class);

module.exports = { CustomEvent, ErrorEvent, MessageEvent, ProgressEvent, PromiseRejectionEvent };
