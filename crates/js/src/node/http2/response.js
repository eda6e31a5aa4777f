// `Http2ServerResponse` (https://nodejs.org/api/http2.html#class-http2http2serverresponse): the response of a stream in the form of HTTP/1.
'use strict';

const { http2Error, http2ErrorOf } = require('node/http2/errors');
const { isOfConnection, requireFieldValue } = require('node/http2/fields');
const { requestOf, socketOfStream } = require('node/http2/request');
const { requireFunction, requireObject, requireString } = require('node/arguments');
const { invalidValue, nodeError } = require('node/errors');
const { isToken, linkOf } = require('node/http/headers');

const { nextTick } = require('node/process/ticks');
const { assign, create, hasOwn, isArray, keys, push, toLowerCase, trim } = require('builtins/primordials');
const Stream = /** @type {any} */ (require('node/stream/module'));
const { emitWarning } = require('node/process/warnings');

const state = /** @type {any} */ (Symbol('http2.response'));

let hasWarnedOfMessage = false;
let hasWarnedOfConnection = false;

/** @param {string} message */
const warn = (message) => emitWarning(message, 'UnsupportedWarning');

function warnOfMessage() {
  if (hasWarnedOfMessage) return;
  hasWarnedOfMessage = true;
  warn('Status message is not supported by HTTP/2 (RFC7540 8.1.2.4)');
}

function warnOfConnection() {
  if (hasWarnedOfConnection) return;
  hasWarnedOfConnection = true;
  warn('The provided connection header is not valid, the value will be dropped from the header and will never be in use.');
}

/** @param {string} name @param {any} value */
function requireField(name, value) {
  if (name === '' || !isToken(name)) {
    if (name[0] === ':') throw http2Error('PSEUDOHEADER_NOT_ALLOWED');
    throw nodeError(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Header name must be a valid HTTP token ["${name}"]`);
  }
  requireFieldValue(name, value);
}

class Http2ServerResponse extends Stream {
  /** @param {any} stream @param {any} [_options] */
  constructor(stream, _options) {
    super();
    this[state] = {
      stream,
      /** @type {Record<string, any>} */
      headers: create(null),
      /** @type {Record<string, any>} */
      trailers: create(null),
      isClosed: false,
      isEnding: false,
      isDestroyed: false,
      isHeadRequest: false,
      sendDate: true,
      statusCode: 200,
    };
    this.writable = true;
    this.req = stream[requestOf];
    stream.on('drain', () => this.emit('drain'));
    stream.on('close', () => closed(this));
    stream.on('wantTrailers', () => stream.sendTrailers(this[state].trailers));
    stream.on('timeout', () => this.emit('timeout'));
  }

  get _header() {
    return this.headersSent;
  }
  get writableEnded() {
    return this[state].isEnding;
  }
  get finished() {
    return this[state].isEnding;
  }
  get socket() {
    return this[state].isClosed ? undefined : socketOfStream(this[state].stream);
  }
  get connection() {
    return this.socket;
  }
  get stream() {
    return this[state].stream;
  }
  get headersSent() {
    return this[state].stream.headersSent;
  }
  get sendDate() {
    return this[state].sendDate;
  }
  set sendDate(sends) {
    this[state].sendDate = !!sends;
  }
  get statusCode() {
    return this[state].statusCode;
  }
  set statusCode(given) {
    const code = given | 0;
    if (code >= 100 && code < 200) throw http2Error('INFO_STATUS_NOT_ALLOWED');
    if (code < 100 || code > 599) throw http2ErrorOf(RangeError, 'STATUS_INVALID', `Invalid status code: ${given}`);
    this[state].statusCode = code;
  }
  get statusMessage() {
    warnOfMessage();
    return '';
  }
  set statusMessage(_message) {
    warnOfMessage();
  }
  get writableCorked() {
    return this[state].stream.writableCorked;
  }
  get writableHighWaterMark() {
    return this[state].stream.writableHighWaterMark;
  }
  get writableFinished() {
    return this[state].stream.writableFinished;
  }
  get writableLength() {
    return this[state].stream.writableLength;
  }
  get writableNeedDrain() {
    return this[state].stream.writableNeedDrain;
  }

  /** @param {any} name @param {any} value */
  setTrailer(name, value) {
    requireString(name, 'name');
    const key = toLowerCase(trim(name));
    requireField(key, value);
    this[state].trailers[key] = value;
  }
  /** @param {any} headers */
  addTrailers(headers) {
    const names = keys(headers);
    for (let i = 0; i < names.length; i += 1) this.setTrailer(names[i], headers[names[i]]);
  }

  /** @param {any} name */
  getHeader(name) {
    requireString(name, 'name');
    return this[state].headers[toLowerCase(trim(name))];
  }
  getHeaderNames() {
    return keys(this[state].headers);
  }
  getHeaders() {
    return assign(create(null), this[state].headers);
  }
  /** @param {any} name */
  hasHeader(name) {
    requireString(name, 'name');
    return hasOwn(this[state].headers, toLowerCase(trim(name)));
  }
  /** @param {any} name */
  removeHeader(name) {
    requireString(name, 'name');
    if (this.headersSent) throw http2Error('HEADERS_SENT');
    const key = toLowerCase(trim(name));
    if (key === 'date') this[state].sendDate = false;
    delete this[state].headers[key];
  }
  /** @param {any} name @param {any} value */
  setHeader(name, value) {
    requireString(name, 'name');
    if (this.headersSent) throw http2Error('HEADERS_SENT');
    setField(this, name, value);
  }
  /** @param {any} name @param {any} value */
  appendHeader(name, value) {
    requireString(name, 'name');
    if (this.headersSent) throw http2Error('HEADERS_SENT');
    appendField(this, name, value);
  }
  flushHeaders() {
    if (!this[state].isClosed && !this.headersSent) this.writeHead(this[state].statusCode);
  }

  /** @param {number} statusCode @param {any} [statusMessage] @param {any} [given] */
  writeHead(statusCode, statusMessage, given) {
    const own = this[state];
    if (own.isClosed || own.stream.destroyed || own.stream.closed || own.isDestroyed) return this;
    if (this.headersSent) throw http2Error('HEADERS_SENT');
    let headers = given;
    if (typeof statusMessage === 'string') warnOfMessage();
    else if (headers === undefined) headers = statusMessage;
    if (isArray(headers)) takeList(this, headers);
    else if (typeof headers === 'object' && headers !== null) {
      const names = keys(headers);
      for (let i = 0; i < names.length; i += 1) setField(this, names[i], headers[names[i]]);
    }
    this.statusCode = statusCode;
    sendHead(this);
    return this;
  }

  cork() {
    this[state].stream.cork();
  }
  uncork() {
    this[state].stream.uncork();
  }

  /** @param {any} chunk @param {any} [encoding] @param {any} [callback] */
  write(chunk, encoding, callback) {
    const done = typeof encoding === 'function' ? encoding : callback;
    const own = this[state];
    let error;
    if (own.isEnding) error = nodeError(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end');
    else if (own.isClosed) error = http2Error('INVALID_STREAM');
    else if (own.isDestroyed) return false;
    if (error !== undefined) {
      if (typeof done === 'function') nextTick(done, error);
      this.destroy(error);
      return false;
    }
    if (!own.stream.headersSent) this.writeHead(own.statusCode);
    return own.stream.write(chunk, typeof encoding === 'function' ? undefined : encoding, done);
  }

  /** @param {any} [chunk] @param {any} [encoding] @param {any} [callback] */
  end(chunk, encoding, callback) {
    const own = this[state];
    const { stream } = own;
    let piece = chunk;
    let done = callback;
    let coding = encoding;
    if (typeof piece === 'function') {
      done = piece;
      piece = null;
    } else if (typeof coding === 'function') {
      done = coding;
      coding = 'utf8';
    }
    if ((own.isClosed || own.isEnding) && own.isHeadRequest === stream.headRequest) {
      if (typeof done === 'function') nextTick(done);
      return this;
    }
    if (piece !== null && piece !== undefined) this.write(piece, coding);
    own.isHeadRequest = stream.headRequest;
    own.isEnding = true;
    if (typeof done === 'function') {
      if (own.isClosed) nextTick(done);
      else if (stream.writableEnded) this.once('finish', done);
      else stream.once('finish', done);
    }
    if (!stream.headersSent) this.writeHead(own.statusCode);
    if (own.isClosed || stream.destroyed) closed(this);
    else stream.end();
    return this;
  }

  /** @param {any} [error] */
  destroy(error) {
    if (this[state].isDestroyed) return this;
    this[state].isDestroyed = true;
    this[state].stream.destroy(error);
    return this;
  }

  /** @param {number} milliseconds @param {any} [callback] */
  setTimeout(milliseconds, callback) {
    if (!this[state].isClosed) this[state].stream.setTimeout(milliseconds, callback);
    return this;
  }

  /** @param {any} headers @param {any} callback */
  createPushResponse(headers, callback) {
    requireFunction(callback, 'callback');
    if (this[state].isClosed) {
      nextTick(callback, http2Error('INVALID_STREAM'));
      return;
    }
    this[state].stream.pushStream(headers, {}, (/** @type {any} */ error, /** @type {any} */ stream) => {
      if (error) callback(error);
      else callback(null, new Http2ServerResponse(stream));
    });
  }

  writeContinue() {
    const { stream, isClosed } = this[state];
    if (stream.headersSent || isClosed) return false;
    stream.additionalHeaders({ ':status': 100 });
    return true;
  }

  /** An answer ahead of the answer. @param {any} code @param {any} [headers] */
  writeInformation(code, headers) {
    if (typeof code !== 'number' || code < 100 || code > 199 || code === 101) {
      throw http2ErrorOf(RangeError, 'STATUS_INVALID', `Invalid status code: ${code}`);
    }
    const { stream, isClosed } = this[state];
    if (stream.headersSent || isClosed) return false;
    if (headers !== undefined && headers !== null) requireObject(headers, 'headers');
    stream.additionalHeaders({ ...headers, ':status': code });
    return true;
  }

  /** @param {any} hints */
  writeEarlyHints(hints) {
    requireObject(hints, 'hints');
    /** @type {Record<string, any>} */
    const headers = create(null);
    const link = linkOf(hints.link);
    const names = keys(hints);
    for (let i = 0; i < names.length; i += 1) if (names[i] !== 'link') headers[names[i]] = hints[names[i]];
    const { stream, isClosed } = this[state];
    if (link.length === 0 || stream.headersSent || isClosed) return false;
    stream.additionalHeaders({ ...headers, ':status': 103, link });
    return true;
  }

  /** @param {any} error */
  [Symbol.for('nodejs.rejection')](error) {
    this.destroy(error);
  }
}

/** @param {any} response @param {string} name @param {any} value */
function setField(response, name, value) {
  const key = toLowerCase(trim(name));
  requireField(key, value);
  if (isOfConnection(key, value)) {
    warnOfConnection();
    return;
  }
  response[state].headers[key] = value;
}

/** @param {any} response @param {string} name @param {any} value */
function appendField(response, name, value) {
  const key = toLowerCase(trim(name));
  requireField(key, value);
  if (isOfConnection(key, value)) {
    warnOfConnection();
    return;
  }
  const { headers } = response[state];
  const before = headers[key];
  if (before === undefined) headers[key] = value;
  else {
    /** @type {any[]} */
    const list = [];
    const add = (/** @type {any} */ each) => {
      if (isArray(each)) for (let i = 0; i < each.length; i += 1) push(list, each[i]);
      else push(list, each);
    };
    add(before);
    add(value);
    headers[key] = list;
  }
}

/** Fields of `writeHead` as a list: pairs, or names and values in turn. @param {any} response @param {any[]} headers */
function takeList(response, headers) {
  if (isArray(headers[0])) {
    for (let i = 0; i < headers.length; i += 1) {
      const name = headers[i][0];
      if (i > 0 && isRepeated(headers, i)) appendField(response, name, headers[i][1]);
      else setField(response, name, headers[i][1]);
    }
    return;
  }
  if (headers.length % 2 !== 0) throw invalidValue('headers', headers);
  for (let i = 0; i < headers.length; i += 2) delete response[state].headers[toLowerCase(trim(`${headers[i]}`))];
  for (let i = 0; i < headers.length; i += 2) appendField(response, `${headers[i]}`, headers[i + 1]);
}

/** @param {any[]} headers @param {number} at */
function isRepeated(headers, at) {
  const name = toLowerCase(`${headers[at][0]}`);
  for (let i = 0; i < at; i += 1) if (toLowerCase(`${headers[i][0]}`) === name) return true;
  return false;
}

/** @param {any} response */
function sendHead(response) {
  const own = response[state];
  own.headers[':status'] = own.statusCode;
  own.stream.respond(own.headers, { endStream: own.isEnding, waitForTrailers: true, sendDate: own.sendDate });
}

/** @param {any} response */
function closed(response) {
  const own = response[state];
  if (own.isClosed) return;
  own.isClosed = true;
  response.emit('finish');
  response.emit('close');
}

module.exports = { Http2ServerResponse };
