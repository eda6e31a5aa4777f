// `Http2ServerRequest` (https://nodejs.org/api/http2.html#class-http2http2serverrequest): the request of a stream in the form of HTTP/1.
'use strict';

const { streamSocket } = require('node/http2/socket');
const { requireString } = require('node/arguments');
const { invalidValue } = require('node/errors');
const { nextTick } = require('node/process/ticks');
const { assign, push, trim } = require('builtins/primordials');
const { Readable } = /** @type {any} */ (require('node/stream/module'));

const state = /** @type {any} */ (Symbol('http2.request'));
/** The request of a stream, and the socket that both of its sides show. */
const requestOf = /** @type {any} */ (Symbol('http2.requestOfStream'));
const socketOf = /** @type {any} */ (Symbol('http2.socketOfStream'));

class Http2ServerRequest extends Readable {
  /** @param {any} stream @param {any} headers @param {any} [options] @param {any} [rawHeaders] */
  constructor(stream, headers, options, rawHeaders) {
    super({ autoDestroy: false, ...options });
    this[state] = {
      stream,
      headers,
      rawHeaders,
      trailers: {},
      rawTrailers: /** @type {any[]} */ ([]),
      isClosed: false,
      didRead: false,
      isAborted: false,
    };
    stream[requestOf] = this;
    stream[socketOf] = undefined;
    stream.on('trailers', (/** @type {any} */ trailers, /** @type {any} */ _flags, /** @type {any[]} */ raw) => {
      assign(this[state].trailers, trailers);
      for (let i = 0; i < raw.length; i += 1) push(this[state].rawTrailers, raw[i]);
    });
    stream.on('end', () => this.push(null));
    // Errors of the stream are those of the session and of the server.
    stream.on('error', () => {});
    stream.on('aborted', () => {
      this[state].isAborted = true;
      this.emit('aborted');
    });
    stream.on('close', () => {
      this[state].isClosed = true;
      this.push(null);
      // Nobody has looked at it: it ends all the same.
      if (!this[state].didRead && this.readableFlowing === null) this.resume();
      stream[socketOf] = undefined;
      stream[requestOf] = undefined;
      this.emit('close');
    });
    stream.on('timeout', () => this.emit('timeout'));
    this.on('pause', () => stream.pause());
    this.on('resume', () => {
      // What was never read from flows by itself.
      if (this[state].didRead) stream.resume();
    });
  }

  get aborted() {
    return this[state].isAborted;
  }
  get complete() {
    const { isAborted, isClosed, stream } = this[state];
    return isAborted || this.readableEnded || isClosed || stream.destroyed;
  }
  get stream() {
    return this[state].stream;
  }
  get headers() {
    return this[state].headers;
  }
  get rawHeaders() {
    return this[state].rawHeaders;
  }
  get trailers() {
    return this[state].trailers;
  }
  get rawTrailers() {
    return this[state].rawTrailers;
  }
  get httpVersionMajor() {
    return 2;
  }
  get httpVersionMinor() {
    return 0;
  }
  get httpVersion() {
    return '2.0';
  }
  get socket() {
    return socketOfStream(this[state].stream);
  }
  get connection() {
    return this.socket;
  }
  get method() {
    return this[state].headers[':method'];
  }
  set method(method) {
    requireString(method, 'method');
    if (trim(method) === '') throw invalidValue('method', method);
    this[state].headers[':method'] = method;
  }
  get authority() {
    const { headers } = this[state];
    return headers[':authority'] ?? headers.host;
  }
  get scheme() {
    return this[state].headers[':scheme'];
  }
  get url() {
    return this[state].headers[':path'];
  }
  set url(url) {
    this[state].headers[':path'] = url;
  }

  /** @param {any} error */
  destroy(error) {
    this[state].stream.destroy(error);
    return this;
  }

  _read() {
    const { didRead, stream } = this[state];
    if (!didRead) {
      this[state].didRead = true;
      stream.on('data', (/** @type {any} */ chunk) => {
        if (!this.push(chunk)) stream.pause();
      });
    } else nextTick(() => stream.resume());
  }

  /** @param {number} milliseconds @param {any} [callback] */
  setTimeout(milliseconds, callback) {
    if (!this[state].isClosed) this[state].stream.setTimeout(milliseconds, callback);
    return this;
  }
}

/** @param {any} stream */
function socketOfStream(stream) {
  stream[socketOf] ??= streamSocket(stream);
  return stream[socketOf];
}

module.exports = { Http2ServerRequest, requestOf, socketOfStream };
