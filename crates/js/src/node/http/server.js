// `http.Server` (https://nodejs.org/api/http.html#class-httpserver): connections as requests and responses, one after the other, with their times.
'use strict';

const { apply, assign, construct, push, setPrototypeOf, shift } = require('builtins/primordials');
const { addMethods } = require('node/prototypes');
const { requireBoolean, requireFunction, requireInteger, requireObject } = require('node/arguments');
const { nodeError, outOfRange } = require('node/errors');
const { MessageReader, ON_TIMEOUT, answer, connectionReset, flag } = require('node/http/connection');
const { heard } = require('node/diagnostics_channel/heard');
const { debug, isDebugged } = require('node/http/debug');
const { IncomingMessage, fill, forgetAbortion } = require('node/http/incoming');
const { bodyLimit, limitBody, linger } = require('node/http/limits');
const { emitClose, needsDrain, toUnique, uniqueFields } = require('node/http/outgoing');
const { ServerResponse } = require('node/http/response');
const { Server: NetServer } = require('node/net/server');
const { nextTick } = require('node/process/ticks');
const { clearInterval, setInterval } = require('web/html/timers');
const { beginMeasure, endMeasure } = require('web/performance/measured');
const loadClock = () => /** @type {any} */ (require('web/performance/performance'));
const { captureRejectionSymbol } = /** @type {any} */ (require('node/events/events'));

const connections = Symbol('http.server.connections');
const checking = Symbol('http.server.connectionsCheckingInterval');
const incomingClass = Symbol('IncomingMessage');
const responseClass = Symbol('ServerResponse');
const state = Symbol('http.server.state');
/** Whether requests without a body are over before the program hears of them. */
const endsEmpty = Symbol('http.server.optimizeEmptyRequests');

/** When a request began, if somebody observes it. */
const measured = Symbol('measured');

const noop = () => {};
/** In milliseconds. */
const now = () => loadClock().performance.now();

/** What the options of a server say. @param {any} server @param {any} options */
function takeOptions(server, options) {
  server[incomingClass] = options.IncomingMessage || IncomingMessage;
  server[responseClass] = options.ServerResponse || ServerResponse;
  if (options.maxHeaderSize !== undefined) requireInteger(options.maxHeaderSize, 'maxHeaderSize', 0);
  server.maxHeaderSize = options.maxHeaderSize;
  if (options.insecureHTTPParser !== undefined) requireBoolean(options.insecureHTTPParser, 'options.insecureHTTPParser');
  server.insecureHTTPParser = options.insecureHTTPParser;
  if (options.requestTimeout !== undefined) requireInteger(options.requestTimeout, 'requestTimeout', 0);
  server.requestTimeout = options.requestTimeout ?? 300_000;
  if (options.headersTimeout !== undefined) requireInteger(options.headersTimeout, 'headersTimeout', 0);
  server.headersTimeout = options.headersTimeout ?? Math.min(60_000, server.requestTimeout || 60_000);
  if (server.requestTimeout > 0 && server.headersTimeout > 0 && server.headersTimeout > server.requestTimeout) {
    throw outOfRange('headersTimeout', '<= requestTimeout', server.headersTimeout);
  }
  if (options.keepAliveTimeout !== undefined) requireInteger(options.keepAliveTimeout, 'keepAliveTimeout', 0);
  server.keepAliveTimeout = options.keepAliveTimeout ?? 5000;
  if (options.keepAliveTimeoutBuffer !== undefined) requireInteger(options.keepAliveTimeoutBuffer, 'keepAliveTimeoutBuffer', 0);
  server.keepAliveTimeoutBuffer = options.keepAliveTimeoutBuffer ?? 1000;
  if (options.connectionsCheckingInterval !== undefined)
    requireInteger(options.connectionsCheckingInterval, 'connectionsCheckingInterval', 0);
  server.connectionsCheckingInterval = options.connectionsCheckingInterval ?? 30_000;
  if (options.requireHostHeader !== undefined) requireBoolean(options.requireHostHeader, 'options.requireHostHeader');
  server.requireHostHeader = options.requireHostHeader ?? true;
  if (options.joinDuplicateHeaders !== undefined) requireBoolean(options.joinDuplicateHeaders, 'options.joinDuplicateHeaders');
  server.joinDuplicateHeaders = options.joinDuplicateHeaders;
  if (options.rejectNonStandardBodyWrites !== undefined)
    requireBoolean(options.rejectNonStandardBodyWrites, 'options.rejectNonStandardBodyWrites');
  server.rejectNonStandardBodyWrites = options.rejectNonStandardBodyWrites ?? false;
  if (options.optimizeEmptyRequests !== undefined) requireBoolean(options.optimizeEmptyRequests, 'options.optimizeEmptyRequests');
  server[endsEmpty] = options.optimizeEmptyRequests ?? false;
  if (options.shouldUpgradeCallback !== undefined) requireFunction(options.shouldUpgradeCallback, 'options.shouldUpgradeCallback');
  server.shouldUpgradeCallback = options.shouldUpgradeCallback ?? ((/** @type {any} */ _request) => server.listenerCount('upgrade') > 0);
  server[uniqueFields] = toUnique(options.uniqueHeaders);
}

/** @this {any} @param {any} [given] @param {any} [listener] */
function Server(given, listener) {
  if (!(this instanceof /** @type {any} */ (Server))) return construct(/** @type {any} */ (Server), [given, listener]);
  let options = given;
  let requested = listener;
  if (typeof options === 'function') {
    requested = options;
    options = {};
  } else if (options === undefined || options === null) options = {};
  else requireObject(options, 'options');
  options = { ...options };
  takeOptions(this, options);
  apply(NetServer, this, [
    assign(
      {
        allowHalfOpen: true,
        noDelay: options.noDelay ?? true,
        keepAlive: options.keepAlive,
        keepAliveInitialDelay: options.keepAliveInitialDelay,
      },
      options.highWaterMark === undefined ? {} : { highWaterMark: options.highWaterMark },
    ),
  ]);
  this.on('connection', connectionListener);
  prepare(this, requested);
}
setPrototypeOf(Server.prototype, NetServer.prototype);
setPrototypeOf(Server, NetServer);

/** What a server has besides its connections. @param {any} server @param {any} [requested] */
function prepare(server, requested) {
  if (requested) server.on('request', requested);
  // An end of the other side ends the response, unless this says otherwise.
  server.httpAllowHalfOpen = false;
  server.on('listening', startChecking);
  server.timeout = 0;
  server.maxHeadersCount = null;
  server.maxRequestsPerSocket = 0;
  server[connections] = new Set();
}

/** @this {any} */
function startChecking() {
  if (this[checking]) clearInterval(this[checking]);
  this[checking] = setInterval(() => checkTimes(this), this.connectionsCheckingInterval);
  this[checking].unref();
}

/** Ends connections whose requests take too long. @param {any} server */
function checkTimes(server) {
  const { headersTimeout, requestTimeout } = server;
  if (headersTimeout === 0 && requestTimeout === 0) return;
  const time = now();
  server[connections].forEach((/** @type {any} */ socket) => {
    const own = socket[state];
    if (own.began === 0) return;
    const took = time - own.began;
    const isLate = (!own.hasHead && headersTimeout > 0 && took > headersTimeout) || (requestTimeout > 0 && took > requestTimeout);
    if (!isLate) return;
    own.began = 0;
    own.reader[ON_TIMEOUT]?.(socket);
  });
}

/** @type {Record<string, any>} */
const methods = {
  /** @this {any} @param {any} [callback] */
  close(callback) {
    if (this[checking]) clearInterval(this[checking]);
    this.closeIdleConnections();
    return apply(NetServer.prototype.close, this, [callback]);
  },
  /** @this {any} */
  closeAllConnections() {
    this[connections].forEach((/** @type {any} */ socket) => {
      socket.destroy();
    });
  },
  /** @this {any} */
  closeIdleConnections() {
    this[connections].forEach((/** @type {any} */ socket) => {
      const own = socket[state];
      // A response that is whole is sent before.
      const isBusy = own.reader.isWithin || (socket._httpMessage && !socket._httpMessage.finished);
      if (!isBusy && own.served > 0) socket.destroy();
    });
  },
  /** @this {any} @param {any} milliseconds @param {any} [callback] */
  setTimeout(milliseconds, callback) {
    this.timeout = milliseconds ?? 0;
    if (callback) this.on('timeout', callback);
    return this;
  },
  /** @this {any} @param {any} error @param {string} event @param {any[]} given */
  [captureRejectionSymbol](error, event, ...given) {
    const [, response] = given;
    if (event === 'request' && response) {
      if (!response.headersSent && !response.writableEnded) {
        const own = response.getHeaderNames();
        for (let i = 0; i < own.length; i += 1) response.removeHeader(own[i]);
        response.statusCode = 500;
        response.end('Internal Server Error');
      } else response.destroy();
    } else apply(NetServer.prototype[captureRejectionSymbol], this, [error, event, ...given]);
  },
};
addMethods(Server.prototype, methods);

/** A connection begins. @this {any} the server @param {any} socket */
function connectionListener(socket) {
  connect(this, socket);
}

/** @param {any} server @param {any} socket */
function connect(server, socket) {
  debug('a connection to the server');
  /** @type {any} */
  const own = {
    server,
    socket,
    /** Requests whose responses are not finished. @type {any[]} */
    incoming: [],
    /** Responses that wait for those before them. @type {any[]} */
    outgoing: [],
    outgoingData: 0,
    requestsCount: 0,
    served: 0,
    keepAliveTimeoutSet: false,
    /** When the request that comes began; 0 without one. */
    began: now(),
    hasHead: false,
    /** The body of its last request was too long. */
    isRefused: false,
    /** @type {any} */
    reader: null,
  };
  socket[state] = own;
  socket.server = server;
  socket._httpMessage = null;
  socket._paused = false;
  server[connections].add(socket);
  own.reader = new RequestReader(server, socket, own);
  socket.parser = own.reader;
  socket.setEncoding = refuseEncoding;
  if (server.timeout && typeof socket.setTimeout === 'function') socket.setTimeout(server.timeout);
  socket.on('timeout', onTimeout);
  socket.on('error', onSocketError);
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('close', onClose);
  socket.on('drain', onDrain);
}

/** Reads the requests of a connection. */
class RequestReader extends MessageReader {
  #server;
  #own;

  /** @param {any} server @param {any} socket @param {any} own */
  constructor(server, socket, own) {
    super(socket, false, server);
    this.#server = server;
    this.#own = own;
    this.onIncoming = onIncoming;
    /** @type {any} */ (this)[ON_TIMEOUT] = onRequestTimeout;
  }
  /** @param {any} event @returns {[any, number]} */
  head(event) {
    const server = this.#server;
    const Class = server[incomingClass];
    const request = new Class(this.socket);
    this.#own.hasHead = true;
    fill(request, event[5], event[4], server.maxHeadersCount === null ? 1000 : server.maxHeadersCount);
    request.method = event[2];
    request.url = event[3];
    request.joinDuplicateHeaders = server.joinDuplicateHeaders;
    this.incoming = request;
    return [request, onIncoming(server, this.socket, this.#own, request, event[6])];
  }
  ended() {
    const own = this.#own;
    own.served += 1;
    own.began = 0;
    own.hasHead = false;
  }
  /** @param {any} request @param {any} rest */
  handedOver(request, rest) {
    handOver(this.#server, this.socket, this.#own, request, rest);
  }
  /** @param {any} error */
  failed(error) {
    apply(onSocketError, this.socket, [error]);
  }
}

/** @this {any} the socket @param {any} chunk */
function onData(chunk) {
  const own = this[state];
  const { reader } = own;
  if (own.began === 0 && !reader.isWithin) own.began = now();
  reader.read(chunk);
  // Behind a whole request another one may have begun.
  if (own.began === 0 && reader.isWithin) own.began = now();
  if (this._paused && !this.destroyed) this.pause();
}

/** @this {any} the socket */
function onClose() {
  const own = this[state];
  // Programs call it with something else.
  if (own === undefined) return;
  own.server[connections].delete(this);
  release(this, own);
  abortIncoming(own);
}

/** @param {any} socket */
function onRequestTimeout(socket) {
  apply(onSocketError, socket, [nodeError(Error, 'ERR_HTTP_REQUEST_TIMEOUT', 'Request timeout')]);
}

function refuseEncoding() {
  throw nodeError(Error, 'ERR_HTTP_SOCKET_ENCODING', 'Changing the socket encoding is not allowed per RFC7230 Section 3.');
}

/** Nothing more is read from the connection. @param {any} socket @param {any} own */
function release(socket, own) {
  own.reader.free();
  if (socket.parser === own.reader) socket.parser = null;
}

/** @this {any} */
function onTimeout() {
  const own = this[state];
  const request = own.incoming[0];
  // Each of them is told.
  const byRequest = request && !request.complete && request.emit('timeout', this);
  const byResponse = this._httpMessage?.emit('timeout', this);
  const byServer = own.server.emit('timeout', this);
  if (!byRequest && !byResponse && !byServer) this.destroy();
}

/** @this {any} the socket */
function onDrain() {
  goOn(this);
}

/** Requests are read again, and the response may be written, when enough of the responses has left. @param {any} socket */
function goOn(socket) {
  if (socket._paused && socket[state].outgoingData <= socket.writableHighWaterMark) {
    socket._paused = false;
    socket.resume();
  }
  const response = socket._httpMessage;
  if (response && !response.finished && response[needsDrain]) {
    response[needsDrain] = false;
    response.emit('drain');
  }
}

/** Requests that wait for a response get none. @param {any} own */
function abortIncoming(own) {
  while (own.incoming.length > 0) shift(own.incoming).destroy(connectionReset('aborted'));
}

/** @this {any} the socket */
function onEnd() {
  const own = this[state];
  if (!own.reader.finish()) return;
  if (!own.server.httpAllowHalfOpen) {
    // What has no answer yet is told when the connection has closed: until then nothing has failed.
    if (this.writable) this.end();
  } else if (own.outgoing.length > 0) own.outgoing[own.outgoing.length - 1]._last = true;
  else if (this._httpMessage) this._httpMessage._last = true;
  else if (this.writable) this.end();
}

/** @type {Record<string, string>} */
const refusals = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** @this {any} the socket @param {any} error */
function onSocketError(error) {
  const own = this[state];
  debug('a connection to the server fails', error);
  this.removeListener('error', onSocketError);
  if (this.listenerCount('error') === 0) this.on('error', noop);
  if (own.server.emit('clientError', error, this)) return;
  if (this.writable && !this._httpMessage?._headerSent) {
    this.write(`HTTP/1.1 ${refusals[error.code] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`, 'latin1');
  }
  this.destroy(error);
}

/** A request begins. @param {any} server @param {any} socket @param {any} own @param {any} request @param {number} flags @returns {number} */
function onIncoming(server, socket, own, request, flags) {
  if (isDebugged()) debug('request %s %s', request.method, request.url, request.headers);
  if (own.keepAliveTimeoutSet) {
    socket.setTimeout(server.timeout || 0);
    own.keepAliveTimeoutSet = false;
  }
  if ((flags & flag.upgrades) !== 0) {
    request.upgrade = request.method === 'CONNECT' || !!server.shouldUpgradeCallback(request);
    if (request.upgrade) return answer.handOver;
  } else request.upgrade = false;
  const isOldest = request.httpVersionMinor === 0;

  push(own.incoming, request);
  if (!socket._paused && (socket.writableNeedDrain || own.outgoingData >= socket.writableHighWaterMark)) {
    // Nobody reads the responses: no more requests.
    socket._paused = true;
    socket.pause();
  }
  const Response = server[responseClass];
  const response = new Response(request, {
    highWaterMark: socket.writableHighWaterMark,
    rejectNonStandardBodyWrites: server.rejectNonStandardBodyWrites,
  });
  response._keepAliveTimeout = server.keepAliveTimeout;
  response._maxRequestsPerSocket = server.maxRequestsPerSocket;
  heard('http.server.response.created')?.publish({ request, response });
  response[state] = own;
  response._onPendingData = onPendingData;
  response.shouldKeepAlive = (flags & flag.keepsAlive) !== 0;
  response[uniqueFields] = server[uniqueFields];
  if (socket._httpMessage) push(own.outgoing, response);
  else response.assignSocket(socket);
  heard('http.server.request.start')?.publish({ request, response, socket, server });
  response[measured] = beginMeasure('http');
  response.on('finish', onFinish);
  if (server[endsEmpty] && request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined)
    request._dumpAndCloseReadable();

  if (!isOldest && server.requireHostHeader && (flags & flag.hasHost) === 0) {
    response.writeHead(400, ['Connection', 'close']);
    response.end();
    return answer.body;
  }
  if (typeof server.maxRequestsPerSocket === 'number' && server.maxRequestsPerSocket > 0) {
    own.requestsCount += 1;
    response.maxRequestsOnConnectionReached = server.maxRequestsPerSocket <= own.requestsCount;
    if (server.maxRequestsPerSocket < own.requestsCount) {
      server.emit('dropRequest', request, socket);
      response.writeHead(503);
      response.end();
      return answer.body;
    }
  }
  if ((flags & flag.hasBody) !== 0 && server[bodyLimit] !== undefined && limitBody(server, own, request, response)) return answer.body;
  if ((flags & flag.expectsContinue) !== 0 && !isOldest) {
    response._expect_continue = true;
    if (server.listenerCount('checkContinue') > 0) server.emit('checkContinue', request, response);
    else {
      response.writeContinue();
      server.emit('request', request, response);
    }
  } else if ((flags & flag.expectsOther) !== 0 && !isOldest) {
    if (server.listenerCount('checkExpectation') > 0) server.emit('checkExpectation', request, response);
    else {
      response.writeHead(417);
      response.end();
    }
  } else server.emit('request', request, response);
  return answer.body;
}

/** What an observer is told of a request. @param {any} request @param {any} response @param {any} headers of the response */
function detailOf({ method, url, headers: asked }, { statusCode, statusMessage }, headers) {
  return { req: { method, url, headers: asked }, res: { statusCode, statusMessage, headers } };
}

/** @this {any} the request that has been read to its end */
function forget() {
  const parser = this.socket?.parser;
  if (parser?.incoming === this) parser.incoming = null;
}

/** @this {any} the response @param {number} change of the bytes that wait for those before them */
function onPendingData(change) {
  const own = this[state];
  own.outgoingData += change;
  if (own.socket._paused && own.outgoingData < own.socket.writableHighWaterMark) goOn(own.socket);
}

/** A response has been sent. @this {any} the response */
function onFinish() {
  const own = this[state];
  const { server, socket } = own;
  const { req: request } = this;
  heard('http.server.response.finish')?.publish({ request, response: this, socket, server });
  if (this[measured] !== undefined) {
    endMeasure('http', 'HttpRequest', this[measured], detailOf(request, this, this.getHeaders()));
  }
  forgetAbortion(request);
  if (own.incoming[0] === request) shift(own.incoming);
  if (own.reader.incoming === request) {
    if (request.readableEnded) own.reader.incoming = null;
    else request.on('end', forget);
  }
  // What nobody read is not to stand in the way of the next request.
  if (!request._consuming) request._dump();
  if (this.socket) this.detachSocket(socket);
  nextTick(emitClose, this);
  if (this._last) {
    if (own.isRefused) linger(socket, own);
    else if (typeof socket.destroySoon === 'function') socket.destroySoon();
    else socket.end();
    return;
  }
  if (own.outgoing.length > 0) {
    shift(own.outgoing).assignSocket(socket);
    return;
  }
  if (server.keepAliveTimeout > 0 && typeof socket.setTimeout === 'function') {
    socket.setTimeout(server.keepAliveTimeout + server.keepAliveTimeoutBuffer);
    own.keepAliveTimeoutSet = true;
  }
}

/** The connection is not HTTP any more. @param {any} server @param {any} socket @param {any} own @param {any} request @param {any} rest */
function handOver(server, socket, own, request, rest) {
  own.began = 0;
  socket.removeListener('data', onData);
  socket.removeListener('end', onEnd);
  socket.removeListener('close', onClose);
  socket.removeListener('drain', onDrain);
  socket.removeListener('error', onSocketError);
  socket.removeListener('timeout', onTimeout);
  server[connections].delete(socket);
  release(socket, own);
  delete socket.setEncoding;
  const event = request.method === 'CONNECT' ? 'connect' : 'upgrade';
  if (server.listenerCount(event) > 0) {
    socket.readableFlowing = null;
    server.emit(event, request, socket, rest);
  } else socket.destroy();
}

module.exports = { Server, checking, connectionListener, methods, prepare, takeOptions };
