// `http.OutgoingMessage` (https://nodejs.org/api/http.html#class-httpoutgoingmessage): what a response at a server and a request at a client
// share: fields, the head, the framing of the body, and waiting for a socket.
'use strict';

const { apply, construct, create, isArray, isView, join, keys } = require('builtins/primordials');
const { listOf: iterated, map, push, regExp, setPrototypeOf, test, toLowerCase } = require('builtins/primordials');
const { addAlias, addGetters, addMethods } = require('node/prototypes');
const { requireString } = require('node/arguments');
const { invalidType, nodeError } = require('node/errors');
const { hasUnfit, validateHeaderName, validateHeaderValue } = require('node/http/headers');
const { captureRejectionSymbol } = /** @type {any} */ (require('node/events/events'));
const { nextTick } = require('node/process/ticks');
const Stream = /** @type {any} */ (require('node/stream/module'));
const { bytesOfChunk } = require('builtins/webidl');
const { setTimeout } = require('web/html/timers');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

const noop = () => {};
const needsDrain = Symbol('needDrain');
const corked = Symbol('corked');
const chunked = Symbol('chunkedBuffer');
const fields = Symbol('headers');
const uniqueFields = Symbol('uniqueHeaders');
/** How long the body is that was written so far. */
const bytesOfBody = Symbol('kBytesWritten');
const errored = Symbol('errored');
const highWaterMark = Symbol('highWaterMark');
const rejectsBody = Symbol('rejectNonStandardBodyWrites');
/** Everything has left, which is told next. */
const isSent = Symbol('sent');
/** The callbacks of `end`, if there are any. */
const toldOfEnd = Symbol('toldOfEnd');

let cachedDate = '';
let dateTimer = false;
/** The time of now as a field; it is made once a second. */
function dateField() {
  if (!dateTimer) {
    const now = new Date();
    cachedDate = now.toUTCString();
    dateTimer = true;
    setTimeout(() => {
      dateTimer = false;
    }, 1000 - now.getMilliseconds()).unref();
  }
  return cachedDate;
}

/** @this {any} @param {any} [options] */
function OutgoingMessage(options) {
  if (!(this instanceof /** @type {any} */ (OutgoingMessage))) return construct(/** @type {any} */ (OutgoingMessage), [options]);
  apply(Stream, this, []);
  this[highWaterMark] = options?.highWaterMark ?? Stream.getDefaultHighWaterMark(false);
  this[rejectsBody] = options?.rejectNonStandardBodyWrites ?? false;
  // What waits for a socket.
  this.outputData = [];
  this.outputSize = 0;
  this.writable = true;
  this.destroyed = false;
  this._last = false;
  this.chunkedEncoding = false;
  this.shouldKeepAlive = true;
  this.maxRequestsOnConnectionReached = false;
  this._defaultKeepAlive = true;
  this.useChunkedEncodingByDefault = true;
  this.sendDate = false;
  this._removedConnection = false;
  this._removedContLen = false;
  this._removedTE = false;
  this.strictContentLength = false;
  this[bytesOfBody] = 0;
  this._contentLength = null;
  this._hasBody = true;
  this._trailer = '';
  this[needsDrain] = false;
  this.finished = false;
  this[isSent] = false;
  this[toldOfEnd] = null;
  this._headerSent = false;
  this[corked] = 0;
  this[chunked] = [];
  this._closed = false;
  this.socket = null;
  this._header = null;
  this[fields] = null;
  this[errored] = null;
  this._keepAliveTimeout = 0;
  this._onPendingData = noop;
}
setPrototypeOf(OutgoingMessage.prototype, Stream.prototype);
setPrototypeOf(OutgoingMessage, Stream);

/** Texts of so many characters are not put together with what stands around them: the engine would make a flat copy of it all. */
const LONG = 2048;

const isChunked = regExp(/(?:^|\W)chunked(?:$|\W)/i);
const wide = regExp(/[^\0-\x7f]/);
const isClose = regExp(/(?:^|\W)close(?:$|\W)/i);

/** @param {string} [verb] */
function alreadySent(verb) {
  return nodeError(Error, 'ERR_HTTP_HEADERS_SENT', `Cannot ${verb} headers after they are sent to the client`);
}

/** @type {Record<string, any>} */
const methods = {
  /** Everything was given to the socket, or will be. @this {any} */
  _finish() {
    this.emit('prefinish');
  },
  /** @this {any} @param {number} milliseconds @param {any} [callback] */
  setTimeout(milliseconds, callback) {
    if (callback) this.on('timeout', callback);
    if (!this.socket) this.once('socket', (/** @type {any} */ socket) => socket.setTimeout(milliseconds));
    else this.socket.setTimeout(milliseconds);
    return this;
  },

  /** @this {any} */
  cork() {
    this[corked] += 1;
    this.socket?.cork();
  },
  /** @this {any} */
  uncork() {
    if (this[corked] > 0) this[corked] -= 1;
    this.socket?.uncork();
    const waiting = this[chunked];
    if (this[corked] > 0 || waiting.length === 0) return;
    /** @type {any[]} */
    const callbacks = [];
    let size = 0;
    for (let i = 0; i < waiting.length; i += 1) {
      size += waiting[i].size;
      if (waiting[i].callback) push(callbacks, waiting[i].callback);
    }
    this[chunked] = [];
    const done =
      callbacks.length === 0
        ? undefined
        : (/** @type {any} */ error) => {
            for (let i = 0; i < callbacks.length; i += 1) callbacks[i](error);
          };
    this._send(`${size.toString(16)}\r\n`, 'latin1', null);
    for (let i = 0; i < waiting.length; i += 1) this._send(waiting[i].chunk, waiting[i].encoding, null);
    this._send('\r\n', null, done);
  },

  /** @this {any} @param {any} [error] */
  destroy(error) {
    if (this.destroyed) return this;
    this.destroyed = true;
    this[errored] = error;
    if (this.socket) this.socket.destroy(error);
    else {
      this.once('socket', (/** @type {any} */ socket) => socket.destroy(error));
    }
    return this;
  },

  /** Sends with the head, if that was not sent yet. @this {any} @param {any} data @param {any} encoding @param {any} [callback] */
  _send(data, encoding, callback) {
    // A class of the program's own may have none.
    if (this._headerSent || this._header === null) return this._writeRaw(data, encoding, callback);
    this._headerSent = true;
    const header = this._header;
    // One piece, where both are the same bytes in the encoding of the body: fields are latin1.
    const isOne = encoding === 'latin1' || ((!encoding || encoding === 'utf8') && !test(wide, header));
    if (typeof data === 'string' && isOne && data.length < LONG) return this._writeRaw(header + data, encoding, callback);
    this._writeRaw(header, 'latin1', null);
    return this._writeRaw(data, encoding, callback);
  },

  /** @this {any} @param {any} data @param {any} givenEncoding @param {any} [givenCallback] */
  _writeRaw(data, givenEncoding, givenCallback) {
    const { socket } = this;
    if (socket?.destroyed) return false;
    let encoding = givenEncoding;
    let callback = givenCallback;
    if (typeof encoding === 'function') {
      callback = encoding;
      encoding = null;
    }
    if (socket && socket._httpMessage === this && socket.writable) {
      if (this.outputData.length > 0) this._flushOutput(socket);
      return socket.write(data, encoding, callback);
    }
    push(this.outputData, { data, encoding, callback });
    this.outputSize += data.length;
    this._onPendingData(data.length);
    return this.outputSize < this[highWaterMark];
  },

  /** Makes the head. @this {any} @param {string} firstLine @param {any} headers a list of pairs, a flat list, an object, or an object of entries */
  _storeHeader(firstLine, headers) {
    const state = { connection: false, contLen: false, te: false, date: false, expect: false, trailer: false, header: firstLine };
    if (headers) {
      if (headers === this[fields]) {
        for (const name in headers) eachValue(this, state, headers[name][0], headers[name][1], false);
      } else if (isArray(headers)) {
        if (headers.length > 0 && isArray(headers[0])) {
          for (let i = 0; i < headers.length; i += 1) eachValue(this, state, headers[i][0], headers[i][1], true);
        } else {
          if (headers.length % 2 !== 0) throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', "The argument 'headers' is invalid.");
          for (let i = 0; i < headers.length; i += 2) eachValue(this, state, headers[i], headers[i + 1], true);
        }
      } else {
        const own = keys(headers);
        for (let i = 0; i < own.length; i += 1) eachValue(this, state, own[i], headers[own[i]], true);
      }
    }
    let { header } = state;
    if (this.sendDate && !state.date) header += `Date: ${dateField()}\r\n`;
    // RFC 9110 15.3.5, 15.4.5: no body, so no framing.
    if (this.chunkedEncoding && (this.statusCode === 204 || this.statusCode === 304)) {
      this.chunkedEncoding = false;
      this.shouldKeepAlive = false;
    }
    if (this._removedConnection) {
      this._last = !this.shouldKeepAlive;
    } else if (!state.connection) {
      const shouldSend = this.shouldKeepAlive && (state.contLen || this.useChunkedEncodingByDefault || this.agent);
      if (shouldSend && this.maxRequestsOnConnectionReached) header += 'Connection: close\r\n';
      else if (shouldSend) {
        header += 'Connection: keep-alive\r\n';
        if (this._keepAliveTimeout && this._defaultKeepAlive) {
          const seconds = Math.floor(this._keepAliveTimeout / 1000);
          const max = ~~this._maxRequestsPerSocket > 0 ? `, max=${this._maxRequestsPerSocket}` : '';
          header += `Keep-Alive: timeout=${seconds}${max}\r\n`;
        }
      } else {
        this._last = true;
        header += 'Connection: close\r\n';
      }
    }
    if (!state.contLen && !state.te) {
      if (!this._hasBody) this.chunkedEncoding = false;
      else if (!this.useChunkedEncodingByDefault) this._last = true;
      else if (!state.trailer && !this._removedContLen && typeof this._contentLength === 'number') {
        header += `Content-Length: ${this._contentLength}\r\n`;
      } else if (!this._removedTE) {
        header += 'Transfer-Encoding: chunked\r\n';
        this.chunkedEncoding = true;
      } else {
        // Without any framing only the end of the connection ends the body.
        this._last = true;
      }
    }
    if (this.chunkedEncoding !== true && state.trailer) {
      throw nodeError(Error, 'ERR_HTTP_TRAILER_INVALID', 'Trailers are invalid with this transfer encoding');
    }
    this._header = `${header}\r\n`;
    this._headerSent = false;
    // What waits for an answer before its body goes ahead.
    if (state.expect) this._send('');
  },

  /** @this {any} @param {any} name @param {any} value */
  setHeader(name, value) {
    if (this._header) throw alreadySent('set');
    validateHeaderName(name);
    validateValue(name, value);
    const all = (this[fields] ??= create(null));
    all[toLowerCase(name)] = [name, value];
    return this;
  },
  /** @this {any} @param {any} headers a Headers or a Map */
  setHeaders(headers) {
    if (this._header) throw alreadySent('set');
    if (!headers || isArray(headers) || typeof headers.keys !== 'function' || typeof headers.get !== 'function') {
      throw invalidType('headers', ['Headers', 'Map'], headers);
    }
    const cookies = /** @type {any[]} */ ([]);
    const list = iterated(headers);
    for (let i = 0; i < list.length; i += 1) {
      const [name, value] = [list[i][0], list[i][1]];
      if (name === 'set-cookie') {
        if (isArray(value)) for (let j = 0; j < value.length; j += 1) push(cookies, value[j]);
        else push(cookies, value);
      } else this.setHeader(name, value);
    }
    if (cookies.length > 0) this.setHeader('set-cookie', cookies);
    return this;
  },
  /** @this {any} @param {any} name @param {any} value */
  appendHeader(name, value) {
    if (this._header) throw alreadySent('append');
    validateHeaderName(name);
    validateValue(name, value);
    const field = toLowerCase(name);
    const all = (this[fields] ??= create(null));
    const before = all[field];
    if (before === undefined) all[field] = [name, value];
    else {
      const list = isArray(before[1]) ? before[1] : [before[1]];
      if (isArray(value)) for (let i = 0; i < value.length; i += 1) push(list, value[i]);
      else push(list, value);
      before[1] = list;
    }
    return this;
  },
  /** @this {any} @param {any} name */
  getHeader(name) {
    requireString(name, 'name');
    return this[fields]?.[toLowerCase(name)]?.[1];
  },
  /** @this {any} */
  getHeaderNames() {
    return this[fields] === null ? [] : keys(this[fields]);
  },
  /** @this {any} */
  getRawHeaderNames() {
    const all = this[fields];
    return all === null ? [] : map(keys(all), (/** @type {string} */ name) => all[name][0]);
  },
  /** @this {any} */
  getHeaders() {
    const copy = create(null);
    const all = this[fields];
    if (all !== null) {
      const own = keys(all);
      for (let i = 0; i < own.length; i += 1) copy[own[i]] = all[own[i]][1];
    }
    return copy;
  },
  /** @this {any} @param {any} name */
  hasHeader(name) {
    requireString(name, 'name');
    return this[fields] !== null && this[fields][toLowerCase(name)] !== undefined;
  },
  /** @this {any} @param {any} name */
  removeHeader(name) {
    requireString(name, 'name');
    if (this._header) throw alreadySent('remove');
    const field = toLowerCase(name);
    if (field === 'connection') this._removedConnection = true;
    else if (field === 'content-length') this._removedContLen = true;
    else if (field === 'transfer-encoding') this._removedTE = true;
    else if (field === 'date') this.sendDate = false;
    if (this[fields] !== null) delete this[fields][field];
  },

  _implicitHeader() {
    throw nodeError(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _implicitHeader() method is not implemented');
  },

  /** @this {any} @param {any} chunk @param {any} givenEncoding @param {any} givenCallback */
  write(chunk, givenEncoding, givenCallback) {
    const callback = typeof givenEncoding === 'function' ? givenEncoding : givenCallback;
    const encoding = typeof givenEncoding === 'function' ? null : givenEncoding;
    const wantsMore = writeBody(this, chunk, encoding, callback, false);
    if (!wantsMore) this[needsDrain] = true;
    return wantsMore;
  },

  /** @this {any} @param {any} headers */
  addTrailers(headers) {
    this._trailer = '';
    const list = isArray(headers) ? headers : keys(headers);
    for (let i = 0; i < list.length; i += 1) {
      const name = isArray(headers) ? list[i][0] : list[i];
      const value = isArray(headers) ? list[i][1] : headers[list[i]];
      validateHeaderName(name, 'Trailer name');
      const isUnique = isArray(value) && value.length > 1 && this[uniqueFields]?.has(toLowerCase(name));
      const values = isUnique ? [join(value, '; ')] : isArray(value) ? value : [value];
      for (let j = 0; j < values.length; j += 1) {
        if (values[j] === undefined || hasUnfit(values[j]))
          throw nodeError(TypeError, 'ERR_INVALID_CHAR', `Invalid character in trailer content ["${name}"]`);
        this._trailer += `${name}: ${values[j]}\r\n`;
      }
    }
  },

  /** @this {any} @param {any} given @param {any} givenEncoding @param {any} givenCallback */
  end(given, givenEncoding, givenCallback) {
    let chunk = given;
    let encoding = givenEncoding;
    let callback = givenCallback;
    if (typeof chunk === 'function') {
      callback = chunk;
      chunk = null;
      encoding = null;
    } else if (typeof encoding === 'function') {
      callback = encoding;
      encoding = null;
    }
    const hasChunk = chunk !== null && chunk !== undefined;
    if (this.finished) {
      if (hasChunk) endedError(this, typeof callback === 'function' ? callback : noop);
      else if (typeof callback === 'function') {
        if (!hasLeft(this)) tellOfEnd(this, callback);
        else callback(nodeError(Error, 'ERR_STREAM_ALREADY_FINISHED', 'Cannot call end after a stream was finished'));
      }
      return this;
    }
    // Head, body and end go as one.
    const held = hasChunk || !this._header ? this.socket : null;
    held?.cork();
    if (hasChunk) writeBody(this, chunk, encoding, null, true);
    else if (!this._header) {
      this._contentLength = 0;
      this._implicitHeader();
    }
    endMessage(this, callback, held);
    return this;
  },

  /** Sends what waited, to the socket that is there now. @this {any} */
  _flush() {
    const { socket } = this;
    if (!socket?.writable) return;
    const wantsMore = this._flushOutput(socket);
    if (this.finished) this._finish();
    else if (wantsMore && this[needsDrain]) {
      this[needsDrain] = false;
      this.emit('drain');
    }
  },
  /** @this {any} @param {any} socket */
  _flushOutput(socket) {
    while (this[corked] > 0 && socket.writableCorked < this[corked]) socket.cork();
    const waiting = this.outputData;
    if (waiting.length === 0) return true;
    let wantsMore = true;
    this.outputData = [];
    socket.cork();
    for (let i = 0; i < waiting.length; i += 1) {
      const { data, encoding, callback } = waiting[i];
      waiting[i].data = null;
      wantsMore = socket.write(data, encoding, callback);
    }
    socket.uncork();
    this._onPendingData(-this.outputSize);
    this.outputSize = 0;
    return wantsMore;
  },

  /** @this {any} */
  flushHeaders() {
    if (!this._header) this._implicitHeader();
    this._send('');
  },
  /** @this {any} */
  pipe() {
    // It cannot be read.
    this.emit('error', nodeError(Error, 'ERR_STREAM_CANNOT_PIPE', 'Cannot pipe, not readable'));
  },
  /** @this {any} @param {any} error @param {string} _event */
  [captureRejectionSymbol](error, _event) {
    this.destroy(error);
  },
};
addMethods(OutgoingMessage.prototype, methods);

/** @param {string} name @param {any} value */
function validateValue(name, value) {
  if (!isArray(value)) return validateHeaderValue(name, value);
  for (let i = 0; i < value.length; i += 1) validateHeaderValue(name, value[i]);
}

/** @param {any} message @param {any} state @param {string} name @param {any} value @param {boolean} validates */
function eachValue(message, state, name, value, validates) {
  if (validates) validateHeaderName(name);
  if (isArray(value)) {
    const field = toLowerCase(name);
    const isUnique = message[uniqueFields]?.has(field);
    if ((value.length < 2 || field !== 'cookie') && !isUnique) {
      for (let i = 0; i < value.length; i += 1) store(message, state, name, value[i], validates);
      return;
    }
    store(message, state, name, join(value, '; '), validates);
    return;
  }
  store(message, state, name, value, validates);
}

/** @param {any} message @param {any} state @param {string} name @param {any} value @param {boolean} validates */
function store(message, state, name, value, validates) {
  if (validates) validateHeaderValue(name, value);
  state.header += `${name}: ${value}\r\n`;
  const { length } = name;
  if (length !== 4 && length !== 6 && length !== 7 && length !== 10 && length !== 14 && length !== 17) return;
  switch (toLowerCase(name)) {
    case 'connection':
      state.connection = true;
      message._removedConnection = false;
      if (test(isClose, `${value}`)) message._last = true;
      else message.shouldKeepAlive = true;
      break;
    case 'transfer-encoding':
      state.te = true;
      message._removedTE = false;
      if (test(isChunked, `${value}`)) message.chunkedEncoding = true;
      break;
    case 'content-length':
      state.contLen = true;
      message._contentLength = +value;
      message._removedContLen = false;
      break;
    case 'date':
      state.date = true;
      break;
    case 'expect':
      state.expect = true;
      break;
    case 'trailer':
      state.trailer = true;
      break;
    case 'keep-alive':
      message._defaultKeepAlive = false;
      break;
    default:
  }
}

/** Whether the system has everything of a message that has ended, also if that has not been told yet. @param {any} message */
function hasLeft(message) {
  return message.outputSize === 0 && (!message.socket || message.socket.writableLength === 0);
}

/** Whoever ended it hears before all others that everything has left. @param {any} message @param {(error: any) => void} callback */
function tellOfEnd(message, callback) {
  if (message[toldOfEnd] === null) message[toldOfEnd] = [callback];
  else push(message[toldOfEnd], callback);
}

/** Somebody writes after the end. @param {any} message @param {(error: any) => void} done */
function endedError(message, done) {
  const error = nodeError(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end');
  nextTick(() => {
    done(error);
    if (!message.destroyed) message.emit('error', error);
  });
}

/** @param {any} message @param {any} given @param {any} encoding @param {any} callback @param {boolean} isEnd */
function writeBody(message, given, encoding, callback, isEnd) {
  let chunk = given;
  const done = typeof callback === 'function' ? callback : noop;
  if (chunk === null) throw nodeError(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
  if (typeof chunk !== 'string' && !isView(chunk)) chunk = bytesOfChunk(given);
  if (chunk === undefined) throw invalidType('chunk', ['string', 'Buffer', 'Uint8Array'], given);
  if (message.finished) {
    endedError(message, done);
    return false;
  }
  if (message.destroyed) {
    nextTick(done, nodeError(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'));
    return false;
  }
  const { Buffer } = loadBuffer();
  const length = typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.byteLength;
  if (!message._header) {
    if (isEnd) message._contentLength = length;
    message._implicitHeader();
  }
  if (!message._hasBody) {
    if (message[rejectsBody])
      throw nodeError(Error, 'ERR_HTTP_BODY_NOT_ALLOWED', 'Adding content for this request method or response status is not allowed.');
    nextTick(done);
    return true;
  }
  const total = message[bytesOfBody] + length;
  if (hasStrictLength(message) && (isEnd ? total !== message._contentLength : total > message._contentLength)) {
    throw lengthMismatch(total, message._contentLength);
  }
  message[bytesOfBody] = total;
  if (!isEnd && message.socket && !message.socket.writableCorked && !message[corked]) {
    // Everything that is written in this turn goes as one.
    const { socket } = message;
    socket.cork();
    nextTick(() => socket.uncork());
  }
  if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (!message.chunkedEncoding || length === 0) return message._send(chunk, encoding, callback);
  if (message[corked] > 0) {
    push(message[chunked], { chunk, encoding, callback, size: length });
    return length < message[highWaterMark];
  }
  if (typeof chunk === 'string' && length < LONG && (encoding === 'utf8' || encoding === 'utf-8' || !encoding)) {
    return message._send(`${length.toString(16)}\r\n${chunk}\r\n`, 'utf8', callback);
  }
  message._send(`${length.toString(16)}\r\n`, 'latin1', null);
  message._send(chunk, encoding, null);
  return message._send('\r\n', null, callback);
}

/** Whether the body has to be as long as its head says. @param {any} message */
function hasStrictLength(message) {
  return message.strictContentLength && message._contentLength !== null && !message.chunkedEncoding;
}

/** @param {number} actual @param {number} expected */
function lengthMismatch(actual, expected) {
  return nodeError(
    Error,
    'ERR_HTTP_CONTENT_LENGTH_MISMATCH',
    `Response body's content-length of ${actual} byte(s) does not match the content-length of ${expected} byte(s) set in header`,
  );
}

/** @param {any} message @param {any} callback @param {any} held the socket that was held back */
function endMessage(message, callback, held) {
  if (typeof callback === 'function') tellOfEnd(message, callback);
  if (message._hasBody && hasStrictLength(message) && message[bytesOfBody] !== message._contentLength) {
    throw lengthMismatch(message[bytesOfBody], message._contentLength);
  }
  const finish = (/** @type {any} */ error) => {
    if (error) return;
    message[isSent] = true;
    const told = message[toldOfEnd];
    for (let i = 0; told !== null && i < told.length; i += 1) told[i](null);
    message.emit('finish');
  };
  if (message._hasBody && message.chunkedEncoding) {
    while (message[corked] > 0) message.uncork();
    message._send(`0\r\n${message._trailer}\r\n`, 'latin1', finish);
  } else if (!message._headerSent || message.writableLength || message.outputData.length > 0 || message.socket) {
    message._send('', 'latin1', finish);
  } else nextTick(finish);
  held?.uncork();
  if (message.socket) while (message.socket.writableCorked > 0) message.socket.uncork();
  message[corked] = 0;
  message.finished = true;
  if (message.outputData.length === 0 && message.socket && message.socket._httpMessage === message) message._finish();
}

/** @param {any} message */
function emitClose(message) {
  if (message._closed) return;
  message.destroyed = true;
  message._closed = true;
  message.emit('close');
}

/** @type {Record<string, (message: any) => any>} */
const getters = {
  writableFinished: (message) => message[isSent],
  writableObjectMode: () => false,
  writableLength: (message) => {
    let size = message.outputSize + (message.socket ? message.socket.writableLength : 0);
    for (let i = 0; i < message[chunked].length; i += 1) size += message[chunked][i].size;
    return size;
  },
  writableHighWaterMark: (message) => (message.socket ? message.socket.writableHighWaterMark : message[highWaterMark]),
  writableCorked: (message) => message[corked],
  writableEnded: (message) => message.finished,
  writableNeedDrain: (message) => !message.destroyed && !message.finished && message[needsDrain],
  writableAborted: (message) => message.destroyed && !message.finished,
  errored: (message) => message[errored],
  closed: (message) => message._closed,
  headersSent: (message) => !!message._header,
};
addGetters(OutgoingMessage.prototype, getters);
addAlias(OutgoingMessage.prototype, 'connection', 'socket');

/** A list of names that are sent once, joined. @param {any} list */
function toUnique(list) {
  if (!isArray(list)) return null;
  const unique = new Set();
  for (let i = 0; i < list.length; i += 1) unique.add(toLowerCase(list[i]));
  return unique;
}

module.exports = {
  OutgoingMessage,
  alreadySent,
  bytesOfBody,
  dateField,
  emitClose,
  endedError,
  errored,
  fields,
  needsDrain,
  toUnique,
  uniqueFields,
};
