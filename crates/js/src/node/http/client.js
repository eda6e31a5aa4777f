// `http.ClientRequest` (https://nodejs.org/api/http.html#class-httpclientrequest): a request, its socket from an agent or of its own, and the response.
'use strict';

const {
  apply,
  assign,
  construct,
  defineProperty,
  isArray,
  keys,
  pop,
  push,
  regExp,
  setPrototypeOf,
  test,
  toUpperCase,
} = require('builtins/primordials');
const { addMethods } = require('node/prototypes');
const { requireBoolean, requireFunction, requireInteger } = require('node/arguments');
const { fittingDuration } = require('node/net/durations');
const { invalidType, nodeError } = require('node/errors');
const { globalAgent } = require('node/http/agent');
const { MessageReader, answer, connectionReset, flag } = require('node/http/connection');
const { heard } = require('node/diagnostics_channel/heard');
const { debug, isDebugged } = require('node/http/debug');
const { isToken } = require('node/http/headers');
const { IncomingMessage, fill, forgetAbortion } = require('node/http/incoming');
const { idleParsers } = require('node/http/names');
const { OutgoingMessage, alreadySent, emitClose, errored, fields, needsDrain, toUnique, uniqueFields } = require('node/http/outgoing');
const { nextTick } = require('node/process/ticks');
const Stream = /** @type {any} */ (require('node/stream/module'));
const { beginMeasure, endMeasure } = require('web/performance/measured');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadNet = () => require('node/net/net');
const loadWebUrl = () => /** @type {any} */ (require('web/url/url'));
const loadUrl = () => /** @type {any} */ (require('node/url/url'));

const invalidPath = regExp(/[^\x21-\xff]/);
const failure = Symbol('error');
const target = Symbol('path');

const hangUp = () => connectionReset('socket hang up');

/** @this {any} @param {any} input @param {any} [givenOptions] @param {any} [givenCallback] */
function ClientRequest(input, givenOptions, givenCallback) {
  if (!(this instanceof /** @type {any} */ (ClientRequest)))
    return construct(/** @type {any} */ (ClientRequest), [input, givenOptions, givenCallback]);
  apply(OutgoingMessage, this, []);
  let url = input;
  let options = givenOptions;
  let callback = givenCallback;
  this[target] = '/';
  this[failure] = null;
  if (typeof url === 'string') url = loadUrl().urlToHttpOptions(new (loadWebUrl().URL)(url));
  else if (url instanceof loadWebUrl().URL) url = loadUrl().urlToHttpOptions(url);
  else {
    callback = options;
    options = url;
    url = null;
  }
  if (typeof options === 'function') {
    callback = options;
    options = url || {};
  } else options = assign(url || {}, options);

  let { agent } = options;
  const defaultAgent = options._defaultAgent || globalAgent();
  if (agent === false) agent = construct(defaultAgent.constructor, []);
  else if (agent === null || agent === undefined) {
    if (typeof options.createConnection !== 'function') agent = defaultAgent;
  } else if (typeof agent.addRequest !== 'function') {
    throw invalidType('options.agent', ['Agent-like Object', 'undefined', 'false'], agent);
  }
  this.agent = agent;
  const protocol = options.protocol || defaultAgent.protocol;
  let expectedProtocol = defaultAgent.protocol;
  if (this.agent?.protocol) expectedProtocol = this.agent.protocol;
  if (options.path) requirePath(options.path);
  if (protocol !== expectedProtocol) {
    throw nodeError(TypeError, 'ERR_INVALID_PROTOCOL', `Protocol "${protocol}" not supported. Expected "${expectedProtocol}"`);
  }
  const defaultPort = options.defaultPort || this.agent?.defaultPort;
  const port = (options.port = options.port || defaultPort || 80);
  const host = (options.host = requireHost(options.hostname, 'hostname') || requireHost(options.host, 'host') || 'localhost');
  const setsDefaults = options.setDefaultHeaders !== false;
  const setsHost = options.setHost !== undefined ? !!options.setHost : setsDefaults;
  this._removedConnection = !setsDefaults;
  this._removedContLen = !setsDefaults;
  this._removedTE = !setsDefaults;
  this.socketPath = options.socketPath;
  if (options.timeout !== undefined) this.timeout = fittingDuration(options.timeout, 'timeout');
  const { signal } = options;
  if (signal) Stream.addAbortSignal(signal, this);
  let { method } = options;
  if (method !== null && method !== undefined && typeof method !== 'string') throw invalidType('options.method', 'string', method);
  if (method) {
    if (!isToken(method)) throw nodeError(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Method must be a valid HTTP token ["${method}"]`);
    method = this.method = toUpperCase(method);
  } else method = this.method = 'GET';
  if (options.maxHeaderSize !== undefined) requireInteger(options.maxHeaderSize, 'maxHeaderSize', 0);
  this.maxHeaderSize = options.maxHeaderSize;
  if (options.insecureHTTPParser !== undefined) requireBoolean(options.insecureHTTPParser, 'options.insecureHTTPParser');
  this.insecureHTTPParser = options.insecureHTTPParser;
  if (options.joinDuplicateHeaders !== undefined) requireBoolean(options.joinDuplicateHeaders, 'options.joinDuplicateHeaders');
  this.joinDuplicateHeaders = options.joinDuplicateHeaders;
  this[uniqueFields] = toUnique(options.uniqueHeaders);
  this.path = options.path || '/';
  if (callback) {
    requireFunction(callback, 'callback');
    this.once('response', callback);
  }
  if (method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'OPTIONS' || method === 'TRACE' || method === 'CONNECT') {
    this.useChunkedEncodingByDefault = false;
  } else this.useChunkedEncodingByDefault = true;
  this._ended = false;
  this.res = null;
  this.aborted = false;
  this.timeoutCb = null;
  this.upgradeOrConnect = false;
  this.maxHeadersCount = null;
  this.reusedSocket = false;
  this.host = host;
  this.protocol = protocol;
  if (this.agent) {
    if (!this.agent.keepAlive && Number.isFinite(this.agent.maxSockets) === false) {
      this._last = true;
      this.shouldKeepAlive = false;
    } else {
      this._last = false;
      this.shouldKeepAlive = true;
    }
  }
  const isList = isArray(options.headers);
  if (options.headers !== null && options.headers !== undefined && isArray(options.headers.host)) {
    throw invalidType('options.headers.host', 'string', options.headers.host);
  }
  if (!isList) {
    if (options.headers) {
      const own = keys(options.headers);
      for (let i = 0; i < own.length; i += 1) this.setHeader(own[i], options.headers[own[i]]);
    }
    if (host && !this.getHeader('host') && setsHost) {
      let value = host;
      // An address of IPv6 stands in brackets.
      if (value.includes(':') && value.indexOf(':') !== value.lastIndexOf(':') && value[0] !== '[') value = `[${value}]`;
      if (port && +port !== defaultPort) value += `:${port}`;
      this.setHeader('Host', value);
    }
    if (options.auth && !this.getHeader('Authorization')) {
      this.setHeader('Authorization', `Basic ${loadBuffer().Buffer.from(options.auth).toString('base64')}`);
    }
    if (this.getHeader('expect')) this._implicitHeader();
  } else this._storeHeader(`${this.method} ${this.path} HTTP/1.1\r\n`, options.headers);

  heard('http.client.request.created')?.publish({ request: this });
  // A socket comes from the agent, from the program, or is made here. The signal is the request's alone.
  if (options.timeout !== undefined) options.timeout = this.timeout;
  if (signal !== undefined) {
    options = { ...options };
    delete options.signal;
  }
  if (this.agent) this.agent.addRequest(this, options);
  else {
    this._last = true;
    this.shouldKeepAlive = false;
    const opts = { ...options, path: options.socketPath };
    if (typeof options.createConnection === 'function') {
      const done = once((/** @type {any} */ error, /** @type {any} */ socket) => {
        if (error) nextTick(() => emitError(this, error));
        else this.onSocket(socket);
      });
      try {
        const socket = options.createConnection(opts, done);
        if (socket) done(null, socket);
      } catch (error) {
        done(error);
      }
    } else this.onSocket(loadNet().createConnection(opts));
  }
}
setPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);
setPrototypeOf(ClientRequest, OutgoingMessage);

/** @param {(...given: any[]) => void} callback */
function once(callback) {
  let isCalled = false;
  return (/** @type {any[]} */ ...given) => {
    if (isCalled) return;
    isCalled = true;
    callback(...given);
  };
}

/** @param {any} path */
function requirePath(path) {
  if (test(invalidPath, String(path))) throw nodeError(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters');
}

/** @param {any} host @param {string} name */
function requireHost(host, name) {
  if (host !== null && host !== undefined && typeof host !== 'string')
    throw invalidType(`options.${name}`, ['string', 'undefined', 'null'], host);
  return host;
}

/** @param {any} request @param {any} error */
function emitError(request, error) {
  heard('http.client.request.error')?.publish({ request, error });
  request.emit('error', error);
}

/** @type {Record<string, any>} */
const methods = {
  /** @this {any} */
  _implicitHeader() {
    if (this._header) throw alreadySent('render');
    this._storeHeader(`${this.method} ${this.path} HTTP/1.1\r\n`, this[fields]);
  },

  /** @this {any} */
  _finish() {
    apply(OutgoingMessage.prototype._finish, this, []);
    heard('http.client.request.start')?.publish({ request: this });
  },

  /** @this {any} */
  abort() {
    if (this.aborted) return;
    this.aborted = true;
    nextTick(() => this.emit('abort'));
    this.destroy();
  },

  /** @this {any} @param {any} [error] */
  destroy(error) {
    if (this.destroyed) return this;
    this.destroyed = true;
    this[errored] = error;
    // A response that came is told of it by its socket.
    if (this.res) this.res._dump();
    this[failure] = error;
    this.socket?.destroy(error);
    if (!this.socket && this.agent === null) this.once('socket', (/** @type {any} */ socket) => socket.destroy(error));
    if (!this.socket) {
      nextTick(() => {
        if (this.socket || this._closed) return;
        // One that the program connects is awaited.
        if (!this._hasPendingSocket && this.agent) {
          const reason = error ?? (this.aborted ? undefined : hangUp());
          if (!this.res && reason !== undefined) emitError(this, reason);
          emitClose(this);
        }
      });
    }
    return this;
  },

  /** @this {any} @param {any} socket @param {any} [error] */
  onSocket(socket, error) {
    debug('a socket for %s %s', this.method, this.path);
    this._hasPendingSocket = true;
    nextTick(onSocketNow, this, socket, error);
  },

  /** @this {any} @param {number} milliseconds @param {any} [callback] */
  setTimeout(milliseconds, callback) {
    if (this._ended) return this;
    listenForTimeout(this);
    const delay = fittingDuration(milliseconds, 'msecs');
    this.timeout = delay;
    if (callback) {
      requireFunction(callback, 'callback');
      this.once('timeout', callback);
    }
    if (this.socket) setSocketTimeout(this.socket, delay);
    else this.once('socket', (/** @type {any} */ socket) => setSocketTimeout(socket, delay));
    return this;
  },
  /** @this {any} */
  clearTimeout() {
    this.setTimeout(0);
  },
  /** @this {any} @param {any} on */
  setNoDelay(on) {
    deferred(this, 'setNoDelay', [on]);
  },
  /** @this {any} @param {any} on @param {any} delay */
  setSocketKeepAlive(on, delay) {
    deferred(this, 'setKeepAlive', [on, delay]);
  },
};
addMethods(ClientRequest.prototype, methods);
defineProperty(ClientRequest.prototype, 'path', {
  /** @this {any} */
  get() {
    return this[target];
  },
  /** @this {any} @param {any} path which is looked at whenever it is set, as it goes into the head */
  set(path) {
    requirePath(path);
    this[target] = path;
  },
  enumerable: true,
  configurable: true,
});

/** @param {any} request @param {string} name @param {any[]} given */
function deferred(request, name, given) {
  const call = (/** @type {any} */ socket) => {
    if (typeof socket[name] === 'function') socket[name](...given);
  };
  if (request.socket) {
    if (request.socket.connecting) request.socket.once('connect', () => call(request.socket));
    else call(request.socket);
  } else request.once('socket', call);
}

/** @param {any} socket @param {number} delay */
function setSocketTimeout(socket, delay) {
  if (socket.connecting) socket.once('connect', () => socket.setTimeout(delay));
  else socket.setTimeout(delay);
}

/** The request hears when nothing happens on its socket. @param {any} request */
function listenForTimeout(request) {
  if (request.timeoutCb) return;
  request.timeoutCb = onRequestTimeout;
  if (request.socket) request.socket.once('timeout', onRequestTimeout);
  else request.once('socket', (/** @type {any} */ socket) => socket.once('timeout', onRequestTimeout));
}

/** @this {any} the socket */
function onRequestTimeout() {
  this._httpMessage?.emit('timeout');
}

/** @this {any} the socket */
function onResponseTimeout() {
  this._httpMessage?.res?.emit('timeout');
}

/** @param {any} request @param {any} socket @param {any} error */
function onSocketNow(request, socket, error) {
  if (!request.destroyed && !error) {
    request._hasPendingSocket = false;
    begin(request, socket);
    request._flush();
    return;
  }
  const reason = error ?? request[failure];
  if (socket && (error || request[failure] || !request.agent || socket.destroyed)) {
    // It is told when the socket has ended, with what that may have said of it.
    const stopWaiting = Stream.finished(socket.destroy(reason), (/** @type {any} */ told) => {
      stopWaiting();
      endWithout(request, (told?.code === 'ERR_STREAM_PREMATURE_CLOSE' ? undefined : told) ?? reason);
    });
    return;
  }
  // It was asked for and is not needed any more.
  if (socket) socket.emit('free');
  endWithout(request, reason);
}

/** A request ends that never had a socket. @param {any} request @param {any} error */
function endWithout(request, error) {
  const reason = error ?? (request.aborted ? undefined : hangUp());
  if (reason !== undefined && !request.res && !request._closed) emitError(request, reason);
  emitClose(request);
}

/** When a request began, if somebody observes it. */
const measured = Symbol('measured');

/** Reads the response to a request. */
class ResponseReader extends MessageReader {
  /** @param {any} request @param {any} socket */
  constructor(request, socket) {
    super(socket, true, request);
    this.outgoing = request;
    this.onIncoming = onIncoming;
  }
  freed() {
    if (idleReaders.length < idleParsers.max) push(idleReaders, this);
  }
  /** @param {any} event @returns {[any, number]} */
  head(event) {
    const request = this.outgoing;
    const response = construct(/** @type {any} */ (IncomingMessage), [this.socket]);
    fill(response, event[5], event[4], request.maxHeadersCount === null ? 1000 : request.maxHeadersCount);
    response.statusCode = event[2];
    response.statusMessage = event[3];
    response.joinDuplicateHeaders = request.joinDuplicateHeaders;
    response.upgrade = request.method === 'CONNECT' || ((event[6] & flag.upgrades) !== 0 && event[2] === 101);
    this.incoming = response;
    return [response, onIncoming(request, this.socket, response, (event[6] & flag.keepsAlive) !== 0)];
  }
  /** @param {any} response @param {any} rest */
  handedOver(response, rest) {
    handOver(this.outgoing, this.socket, response, rest);
  }
  /** @param {any} error */
  failed(error) {
    const request = this.outgoing;
    const { socket } = this;
    release(socket);
    socket.removeListener('data', onData);
    socket.removeListener('end', onEnd);
    socket.destroy();
    request[failure] = error;
    request.isErrorEmitted = true;
    emitError(request, error);
  }
}

/** Those that wait for another response. @type {ResponseReader[]} */
const idleReaders = [];

/** @param {any} request @param {any} socket */
function readerFor(request, socket) {
  const idle = pop(idleReaders);
  if (idle === undefined) return new ResponseReader(request, socket);
  idle.reset(socket, request);
  idle.outgoing = request;
  idle.onIncoming = onIncoming;
  return idle;
}

/** The request has its socket. @param {any} request @param {any} socket */
function begin(request, socket) {
  request.socket = socket;
  request[measured] = beginMeasure('http');
  socket._httpMessage = request;
  socket.parser = readerFor(request, socket);
  request.parser = socket.parser;
  socket.on('error', onError);
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('close', onClose);
  socket.on('drain', onDrain);
  if (request.timeout !== undefined || request.agent?.options?.timeout) {
    listenForTimeout(request);
    if (request.timeout !== undefined && socket.timeout !== request.timeout) setSocketTimeout(socket, request.timeout);
  }
  request.emit('socket', socket);
}

/** Nothing more is read for the request. @param {any} socket */
function release(socket) {
  const { parser } = socket;
  if (!parser) return;
  socket.parser = null;
  if (parser.outgoing) parser.outgoing.parser = null;
  parser.outgoing = null;
  parser.free();
}

/** @param {any} socket */
function stopHearing(socket) {
  socket.removeListener('error', onError);
  socket.removeListener('data', onData);
  socket.removeListener('end', onEnd);
  socket.removeListener('close', onClose);
  socket.removeListener('drain', onDrain);
  socket.removeListener('timeout', onRequestTimeout);
  socket.removeListener('timeout', onResponseTimeout);
}

/** @this {any} the socket @param {any} chunk */
function onData(chunk) {
  const { parser } = this;
  if (!parser) return;
  parser.read(chunk);
  const { incoming } = parser;
  if (!incoming?.complete || incoming.statusCode < 200) return;
  // What comes after the response is nobody's.
  this.removeListener('data', onData);
  this.removeListener('end', onEnd);
  this.removeListener('drain', onDrain);
  release(this);
}

/** @this {any} the socket */
function onEnd() {
  const request = this._httpMessage;
  if (!request.res && !request.isErrorEmitted) {
    request.isErrorEmitted = true;
    emitError(request, hangUp());
  }
  this.parser?.finish(false);
  release(this);
  this.end();
}

/** @this {any} the socket @param {any} error */
function onError(error) {
  const request = this._httpMessage;
  if (request && !request.isErrorEmitted) {
    request.isErrorEmitted = true;
    emitError(request, error);
  }
  this.parser?.finish(false);
  release(this);
  this.removeListener('data', onData);
  this.removeListener('end', onEnd);
  this.destroy();
}

/** @this {any} the socket */
function onDrain() {
  const request = this._httpMessage;
  if (!request || request.destroyed || !request[needsDrain]) return;
  request[needsDrain] = false;
  request.emit('drain');
}

/** @this {any} the socket */
function onClose() {
  const request = this._httpMessage;
  // What the socket has still is the response's.
  for (let chunk = this.read(); chunk !== null && chunk !== undefined; chunk = this.read()) this.parser?.read(chunk);
  this.parser?.finish(false);
  release(this);
  request.destroyed = true;
  const { res: response } = request;
  if (response) {
    if (!response.complete) response.destroy(connectionReset('aborted'));
  } else if (!request.isErrorEmitted) {
    request.isErrorEmitted = true;
    emitError(request, request[failure] ?? hangUp());
  }
  emitClose(request);
  request.outputData.length = 0;
}

/** A response begins. @param {any} request @param {any} socket @param {any} response @param {boolean} keepsAlive @returns {number} */
function onIncoming(request, socket, response, keepsAlive) {
  if (isDebugged()) debug('response %d to %s %s', response.statusCode, request.method, request.path, response.headers);
  if (request.res) {
    // A second answer to one request, which is read as far as it came and is nobody's.
    socket.destroy();
    return answer.body;
  }
  if (response.upgrade) {
    request.res = response;
    return answer.handOver;
  }
  if (response.statusCode < 200) {
    if (response.statusCode === 100) request.emit('continue');
    const { statusCode, statusMessage, httpVersion, httpVersionMajor, httpVersionMinor, headers, rawHeaders } = response;
    request.emit('information', { statusCode, statusMessage, httpVersion, httpVersionMajor, httpVersionMinor, headers, rawHeaders });
    return answer.noBody;
  }
  request.res = response;
  response.req = request;
  heard('http.client.response.finish')?.publish({ request, response });
  if (request[measured] !== undefined) {
    const { method, path: url } = request;
    const { statusCode, statusMessage, headers } = response;
    const detail = { req: { method, url, headers: request.getHeaders() }, res: { statusCode, statusMessage, headers } };
    endMeasure('http', 'HttpClient', request[measured], detail);
  }
  if (request.shouldKeepAlive && !keepsAlive) request.shouldKeepAlive = false;
  // The socket is cared for before the program hears.
  response.on('end', onBodyEnd);
  request.on('finish', onRequestFinish);
  socket.on('timeout', onResponseTimeout);
  const isHeard = !request.aborted && request.emit('response', response);
  // Nobody wants the body.
  if (!isHeard) response._dump();
  return request.method === 'HEAD' ? answer.noBody : answer.body;
}

/** The program has read the response to its end. @this {any} the response */
function onBodyEnd() {
  forgetAbortion(this);
  const request = this.req;
  const { socket } = request;
  request._ended = true;
  socket.removeListener('timeout', onRequestTimeout);
  socket.removeListener('timeout', onResponseTimeout);
  if (!request.shouldKeepAlive) {
    if (socket.writable) {
      if (typeof socket.destroySoon === 'function') socket.destroySoon();
      else socket.end();
    }
  } else if (request.writableFinished && !this.aborted) leave(request);
}

/** @this {any} the request */
function onRequestFinish() {
  if (this.shouldKeepAlive && this._ended) leave(this);
}

/** The socket may serve another request. @param {any} request */
function leave(request) {
  if (request.destroyed) return;
  const { socket } = request;
  if (request.timeoutCb) {
    socket.setTimeout(0, request.timeoutCb);
    request.timeoutCb = null;
  }
  stopHearing(socket);
  release(socket);
  // Those who listen for the end come first.
  nextTick(free, request);
  request.destroyed = true;
  // What is done with the response does nothing to the socket any more.
  if (request.res) request.res.socket = null;
}

/** @param {any} request */
function free(request) {
  emitClose(request);
  request.socket?.emit('free');
}

/** @param {any} request @param {any} socket @param {any} response @param {any} rest */
function handOver(request, socket, response, rest) {
  stopHearing(socket);
  release(socket);
  socket._httpMessage = null;
  request._ended = true;
  const event = request.method === 'CONNECT' ? 'connect' : 'upgrade';
  if (request.listenerCount(event) > 0) {
    request.upgradeOrConnect = true;
    socket.emit('agentRemove');
    socket.readableFlowing = null;
    request.emit(event, response, socket, rest);
    request.destroyed = true;
    emitClose(request);
  } else socket.destroy();
}

module.exports = { ClientRequest };
