// `http.ClientRequest` (https://nodejs.org/api/http.html#class-httpclientrequest): a request, its socket from an agent or of its own, and the response.
'use strict';

const { apply, assign, construct, isArray, keys, regExp, setPrototypeOf, test, toUpperCase } = require('builtins/primordials');
const { addMethods } = require('node/prototypes');
const { requireBoolean, requireDuration, requireFunction, requireInteger } = require('node/arguments');
const { invalidType, nodeError } = require('node/errors');
const { globalAgent } = require('node/http/agent');
const { MessageReader, answer, connectionReset, flag, maxHeaderSize } = require('node/http/connection');
const { isToken } = require('node/http/headers');
const { IncomingMessage, fill } = require('node/http/incoming');
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
/** What listens to the socket of a request. */
const heard = Symbol('listeners');

const hangUp = () => connectionReset('socket hang up');

/** @this {any} @param {any} input @param {any} [givenOptions] @param {any} [givenCallback] */
function ClientRequest(input, givenOptions, givenCallback) {
  if (!(this instanceof /** @type {any} */ (ClientRequest)))
    return construct(/** @type {any} */ (ClientRequest), [input, givenOptions, givenCallback]);
  apply(OutgoingMessage, this, []);
  let url = input;
  let options = givenOptions;
  let callback = givenCallback;
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
  if (options.path) {
    const path = String(options.path);
    if (test(invalidPath, path)) throw nodeError(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters');
  }
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
  if (options.timeout !== undefined) this.timeout = requireDuration(options.timeout, 'timeout');
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
  this[failure] = null;
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

  // A socket comes from the agent, from the program, or is made here.
  if (options.timeout !== undefined) options.timeout = this.timeout;
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

/** @param {any} host @param {string} name */
function requireHost(host, name) {
  if (host !== null && host !== undefined && typeof host !== 'string')
    throw invalidType(`options.${name}`, ['string', 'undefined', 'null'], host);
  return host;
}

/** @param {any} request @param {any} error */
function emitError(request, error) {
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
        if (!this._hasPendingSocket) {
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
    this._hasPendingSocket = true;
    nextTick(onSocketNow, this, socket, error);
  },

  /** @this {any} @param {number} milliseconds @param {any} [callback] */
  setTimeout(milliseconds, callback) {
    if (this._ended) return this;
    const delay = requireDuration(milliseconds, 'msecs');
    this.timeout = delay;
    if (callback) {
      requireFunction(callback, 'callback');
      this.once('timeout', callback);
    }
    if (this.socket) setSocketTimeout(this, this.socket);
    else this.once('socket', (/** @type {any} */ socket) => setSocketTimeout(this, socket));
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

/** @param {any} request @param {any} socket */
function setSocketTimeout(request, socket) {
  const set = () => {
    if (request.destroyed || request._ended) return;
    socket.setTimeout(request.timeout);
    listenForTimeout(request, socket);
  };
  if (socket.connecting) socket.once('connect', set);
  else set();
}

/** @param {any} request @param {any} socket */
function listenForTimeout(request, socket) {
  if (request.timeoutCb) return;
  request.timeoutCb = () => request.emit('timeout');
  socket.once('timeout', request.timeoutCb);
}

/** @param {any} request @param {any} socket @param {any} error */
function onSocketNow(request, socket, error) {
  request._hasPendingSocket = false;
  if (request.destroyed || error) {
    const reason = error ?? request[failure] ?? (request.aborted ? undefined : hangUp());
    if (socket) {
      // It was asked for and is not needed any more.
      if (!error && request.agent && !socket.destroyed && !request[failure]) socket.emit('free');
      else {
        socket.destroy(request[failure] ?? error);
      }
    }
    if (reason !== undefined && !request.res && !request._closed) emitError(request, reason);
    emitClose(request);
    return;
  }
  begin(request, socket);
}

/** When a request began, if somebody observes it. */
const measured = Symbol('measured');

/** The request has its socket. @param {any} request @param {any} socket */
function begin(request, socket) {
  request.socket = socket;
  request[measured] = beginMeasure('http');
  socket._httpMessage = request;
  const limit = request.maxHeaderSize || maxHeaderSize();
  const reader = new MessageReader(socket, true, limit, {
    head: (event) => onHead(request, socket, event),
    ended: () => {},
    handedOver: (response, rest) => handOver(request, socket, own, response, rest),
    failed: (error) => {
      stop(socket, own);
      // What comes after the response is nobody's.
      if (request.res?.complete) {
        socket.destroy();
        return;
      }
      request[failure] = error;
      if (!request.res) request.isErrorEmitted = true;
      socket.destroy();
      emitError(request, error);
    },
  });
  const own = {
    reader,
    onData: (/** @type {any} */ chunk) => reader.read(chunk),
    onEnd: () => {
      if (!request.res && !request.isErrorEmitted) {
        request.isErrorEmitted = true;
        emitError(request, hangUp());
      }
      reader.finish(false);
      socket.end();
    },
    onClose: () => onClose(request, socket, own),
    onError: (/** @type {any} */ error) => {
      if (error && !request.isErrorEmitted) {
        request.isErrorEmitted = true;
        emitError(request, error);
      }
      reader.finish(false);
      socket.destroy();
    },
    onDrain: () => {
      if (!request.destroyed && request[needsDrain]) {
        request[needsDrain] = false;
        request.emit('drain');
      }
    },
  };
  request[heard] = own;
  socket.on('error', own.onError);
  socket.on('data', own.onData);
  socket.on('end', own.onEnd);
  socket.on('close', own.onClose);
  socket.on('drain', own.onDrain);
  if (request.timeout !== undefined || request.agent?.options?.timeout) {
    if (request.timeout !== undefined && socket.timeout !== request.timeout) setSocketTimeout(request, socket);
    else listenForTimeout(request, socket);
  }
  request.emit('socket', socket);
  request._flush();
}

/** @param {any} socket @param {any} own */
function stop(socket, own) {
  stopHearing(socket, own);
  // What goes wrong with it now is nobody's.
  if (socket.listenerCount('error') === 0) socket.once('error', () => {});
}

/** @param {any} socket @param {any} own */
function stopHearing(socket, own) {
  socket.removeListener('error', own.onError);
  socket.removeListener('data', own.onData);
  socket.removeListener('end', own.onEnd);
  socket.removeListener('close', own.onClose);
  socket.removeListener('drain', own.onDrain);
}

/** @param {any} request @param {any} socket @param {any} own */
function onClose(request, socket, own) {
  // What the socket has still is the response's.
  for (let chunk = socket.read(); chunk !== null && chunk !== undefined; chunk = socket.read()) own.reader.read(chunk);
  own.reader.finish(false);
  request.destroyed = true;
  const { res: response } = request;
  if (response) {
    if (!response.complete) response.destroy(connectionReset('aborted'));
    emitClose(request);
    return;
  }
  if (!request.isErrorEmitted) {
    request.isErrorEmitted = true;
    emitError(request, request[failure] ?? hangUp());
  }
  emitClose(request);
}

/** A response begins. @param {any} request @param {any} socket @param {any} event @returns {[any, number]} */
function onHead(request, socket, event) {
  const response = construct(/** @type {any} */ (IncomingMessage), [socket]);
  const flags = event[6];
  fill(response, event[5], event[4], request.maxHeadersCount === null ? 1000 : request.maxHeadersCount);
  response.statusCode = event[2];
  response.statusMessage = event[3];
  response.joinDuplicateHeaders = request.joinDuplicateHeaders;
  if (request.res) {
    // A second answer to one request.
    socket.destroy();
    return [response, answer.noBody];
  }
  response.upgrade = false;
  if (request.method === 'CONNECT' || ((flags & flag.upgrades) !== 0 && event[2] === 101)) {
    request.res = response;
    response.upgrade = true;
    return [response, answer.handOver];
  }
  if (event[2] < 200) {
    if (event[2] === 100) request.emit('continue');
    const { statusCode, statusMessage, httpVersion, httpVersionMajor, httpVersionMinor, headers, rawHeaders } = response;
    request.emit('information', { statusCode, statusMessage, httpVersion, httpVersionMajor, httpVersionMinor, headers, rawHeaders });
    return [response, answer.noBody];
  }
  request.res = response;
  response.req = request;
  if (request[measured] !== undefined) {
    const { method, path: url } = request;
    const { statusCode, statusMessage, headers } = response;
    const detail = { req: { method, url, headers: request.getHeaders() }, res: { statusCode, statusMessage, headers } };
    endMeasure('http', 'HttpClient', request[measured], detail);
  }
  if (request.shouldKeepAlive && (flags & flag.keepsAlive) === 0) request.shouldKeepAlive = false;
  response.on('end', () => onBodyEnd(request));
  const isHeard = !request.aborted && request.emit('response', response);
  // Nobody wants the body.
  if (!isHeard) response._dump();
  if (request.method === 'HEAD') return [response, answer.noBody];
  return [response, answer.body];
}

/** The program has read the response to its end. @param {any} request */
function onBodyEnd(request) {
  request._ended = true;
  if (!request.shouldKeepAlive) {
    const { socket } = request;
    if (socket.writable) {
      if (typeof socket.destroySoon === 'function') socket.destroySoon();
      else socket.end();
    }
    return;
  }
  if (request.writableFinished) free(request);
  else request.once('finish', () => free(request));
}

/** The socket may serve another request. @param {any} request */
function free(request) {
  const { socket } = request;
  if (request.timeoutCb) socket.removeListener('timeout', request.timeoutCb);
  stopHearing(socket, request[heard]);
  request.destroyed = true;
  nextTick(() => {
    socket._httpMessage = null;
    emitClose(request);
    if (!socket.destroyed) socket.emit('free');
  });
}

/** @param {any} request @param {any} socket @param {any} own @param {any} response @param {any} rest */
function handOver(request, socket, own, response, rest) {
  stopHearing(socket, own);
  if (request.timeoutCb) socket.removeListener('timeout', request.timeoutCb);
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
