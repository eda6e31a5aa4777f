// `http.IncomingMessage` (https://nodejs.org/api/http.html#class-httpincomingmessage): a request at a server, a response at a client. Its fields are
// taken apart when somebody asks for them.
'use strict';

const { apply, construct, defineProperty, setPrototypeOf } = require('builtins/primordials');
const { addAlias, addMethods } = require('node/prototypes');
const { addField, distinctOf, listOf, objectOf } = require('node/http/fields');
const { nextTick } = require('node/process/ticks');
const loadAbort = () => require('web/abort/abort');
const Stream = /** @type {any} */ (require('node/stream/module'));

const { Readable } = Stream;

const text = Symbol('fields');
const most = Symbol('maxHeaderPairs');
const parts = Symbol('parts');
const abortion = Symbol('abortion');
/** It has failed, and its connection is there for the answer. */
const isRefused = Symbol('refused');

/** @this {any} @param {any} [socket] */
function IncomingMessage(socket) {
  if (!(this instanceof /** @type {any} */ (IncomingMessage))) return construct(/** @type {any} */ (IncomingMessage), [socket]);
  apply(Readable, this, [socket ? { highWaterMark: socket.readableHighWaterMark } : undefined]);
  this._readableState.readingMore = true;
  this.socket = socket;
  this.httpVersionMajor = null;
  this.httpVersionMinor = null;
  this.httpVersion = null;
  this.complete = false;
  this[text] = '';
  this[most] = 0;
  this[parts] = {
    raw: undefined,
    headers: undefined,
    distinct: undefined,
    trailersText: '',
    rawTrailers: undefined,
    trailers: undefined,
    distinctTrailers: undefined,
  };
  this.joinDuplicateHeaders = false;
  this.aborted = false;
  this.upgrade = null;
  this.url = '';
  this.method = null;
  this.statusCode = null;
  this.statusMessage = null;
  this.client = socket;
  this._consuming = false;
  this._dumped = false;
}
setPrototypeOf(IncomingMessage.prototype, Readable.prototype);
setPrototypeOf(IncomingMessage, Readable);

/** Takes what a parser told of the head. @param {any} message @param {string} fields @param {number} minor @param {number} mostPairs */
function fill(message, fields, minor, mostPairs) {
  message[text] = fields;
  message[most] = mostPairs;
  const major = minor === 9 ? 0 : 1;
  message.httpVersionMajor = major;
  message.httpVersionMinor = minor;
  message.httpVersion = major === 0 ? '0.9' : minor === 1 ? '1.1' : '1.0';
}

/** @param {any} message @param {string} fields */
function fillTrailers(message, fields) {
  message[parts].trailersText = fields;
}

/** @param {string} name @param {(message: any) => any} get @param {string} key */
function lazy(name, get, key) {
  defineProperty(IncomingMessage.prototype, name, {
    /** @this {any} */
    get() {
      const own = this[parts];
      return (own[key] ??= get(this));
    },
    /** @this {any} @param {any} value */
    set(value) {
      this[parts][key] = value;
    },
    enumerable: true,
    configurable: true,
  });
}
lazy('rawHeaders', (message) => listOf(message[text], message[most]), 'raw');
lazy('headers', (message) => objectOf(message.rawHeaders, message.joinDuplicateHeaders), 'headers');
lazy('headersDistinct', (message) => distinctOf(message.rawHeaders), 'distinct');
lazy('rawTrailers', (message) => listOf(message[parts].trailersText, message[most]), 'rawTrailers');
lazy('trailers', (message) => objectOf(message.rawTrailers, message.joinDuplicateHeaders), 'trailers');
lazy('trailersDistinct', (message) => distinctOf(message.rawTrailers), 'distinctTrailers');
addAlias(IncomingMessage.prototype, 'connection', 'socket');

/** @type {Record<string, any>} */
const methods = {
  /** @this {any} @param {number} milliseconds @param {any} [callback] */
  setTimeout(milliseconds, callback) {
    if (callback) this.on('timeout', callback);
    this.socket?.setTimeout(milliseconds);
    return this;
  },

  /** Who reads, or listens for data, wants the body. @this {any} @param {number} size */
  read(size) {
    if (!this._consuming) {
      this._readableState.readingMore = false;
      this._consuming = true;
    }
    return apply(Readable.prototype.read, this, [size]);
  },

  /** @this {any} */
  _read() {
    // The body may have come whole, or not at all.
    if (this.socket?.readable) readStart(this.socket);
  },

  /** @this {any} @param {any} given @param {(error?: any) => void} callback */
  _destroy(given, callback) {
    let error = given;
    if (this[isRefused]) {
      callback(this.listenerCount('error') === 0 ? undefined : error);
      return;
    }
    if (!this.readableEnded || !this.complete) {
      this.aborted = true;
      this.emit('aborted');
      abort(this);
    }
    const { socket } = this;
    const done = (/** @type {any} */ reason) => {
      nextTick(() => {
        // Those who do not listen for errors have not asked for this one.
        if (this.listenerCount('error') === 0) callback();
        else callback(reason);
      });
    };
    if (socket && !socket.destroyed && this.aborted) {
      socket.destroy(error);
      const cleanUp = Stream.finished(socket, (/** @type {any} */ reason) => {
        if (reason?.code === 'ERR_STREAM_PREMATURE_CLOSE') error = undefined;
        cleanUp();
        done(reason?.code === 'ERR_STREAM_PREMATURE_CLOSE' ? given : (reason ?? given));
      });
    } else if (error) done(error);
    else callback();
  },

  /** @this {any} @param {string[]} list @param {number} count */
  _addHeaderLines(list, count) {
    const isTrailers = this.complete;
    this[parts][isTrailers ? 'rawTrailers' : 'raw'] = list;
    const fields = isTrailers ? this.trailers : this.headers;
    for (let i = 0; i < count; i += 2) addField(fields, list[i], list[i + 1], this.joinDuplicateHeaders);
  },
  /** @this {any} @param {string} name @param {string} value @param {any} fields */
  _addHeaderLine(name, value, fields) {
    addField(fields, name, value, this.joinDuplicateHeaders);
  },

  /** There is no body: it is over before the program hears of it. @this {any} */
  _dumpAndCloseReadable() {
    this._dumped = true;
    const { _readableState: readable } = this;
    readable.ended = true;
    readable.endEmitted = true;
    readable.destroyed = true;
    readable.closed = true;
    readable.closeEmitted = true;
  },

  /** Nobody wants what is left. @this {any} */
  _dump() {
    if (this._dumped) return;
    this._dumped = true;
    // What has come already is nobody's either.
    this.removeAllListeners('data');
    // One that has ended without a byte need not flow to be over.
    if (this.complete && this.readableLength === 0) this.read(0);
    else this.resume();
  },
};
addMethods(IncomingMessage.prototype, methods);

/**
 * What `signal` is aborted by, if somebody has asked for it: the connection that closes before all is said. Null once that is no matter any more.
 * @typedef {{ controller: any, socket: any, listener: (() => void) | undefined }} Abortion
 */

defineProperty(IncomingMessage.prototype, 'signal', {
  configurable: true,
  /** @this {any} */
  get() {
    const before = this[abortion];
    if (before?.controller !== undefined) return before.controller.signal;
    /** @type {Abortion} */
    const own = { controller: new (loadAbort().AbortController)(), socket: undefined, listener: undefined };
    this[abortion] = own;
    const { socket } = this;
    if (this.destroyed && (!this.readableEnded || !this.complete)) own.controller.abort();
    // Nothing can happen to what is over.
    else if (before === null || !socket) return own.controller.signal;
    else if (socket.destroyed) own.controller.abort();
    else {
      own.socket = socket;
      own.listener = () => abort(this);
      socket.once('close', own.listener);
    }
    return own.controller.signal;
  },
});

/** @param {any} message */
function abort(message) {
  const own = message[abortion];
  forgetAbortion(message);
  own?.controller.abort();
}

/** Its connection is no matter to it any more. @param {any} message */
function forgetAbortion(message) {
  const own = message[abortion];
  if (own === undefined || own === null) {
    message[abortion] = null;
    return;
  }
  own.socket?.removeListener('close', own.listener);
  own.socket = undefined;
}

/** Who reads a request gets an error, and may answer. @param {any} message @param {any} error */
function refuseRest(message, error) {
  message[isRefused] = true;
  message.destroy(error);
}

/** @param {any} socket */
function readStart(socket) {
  if (socket && !socket._paused && socket.readable) socket.resume();
}

/** @param {any} socket */
function readStop(socket) {
  socket?.pause();
}

module.exports = { IncomingMessage, fill, fillTrailers, forgetAbortion, readStart, readStop, refuseRest };
