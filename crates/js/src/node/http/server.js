// `http.Server` (https://nodejs.org/api/http.html#class-httpserver): connections as requests and responses, one after the other, with their times.
'use strict';

const { apply, assign, construct, push, setPrototypeOf, shift } = require('builtins/primordials');
const { addMethods } = require('node/prototypes');
const { requireBoolean, requireFunction, requireInteger, requireObject } = require('node/arguments');
const { nodeError, outOfRange } = require('node/errors');
const { MessageReader, answer, connectionReset, flag, maxHeaderSize } = require('node/http/connection');
const { IncomingMessage, fill } = require('node/http/incoming');
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
    onError(socket, nodeError(Error, 'ERR_HTTP_REQUEST_TIMEOUT', 'Request timeout'));
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
  /** @type {any} */
  const own = {
    server,
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
    /** @type {any} */
    reader: null,
  };
  socket[state] = own;
  socket.server = server;
  socket._httpMessage = null;
  socket._paused = false;
  server[connections].add(socket);
  // What others know as the parser of the connection.
  const parser = { socket, incoming: null, free: noop, close: noop };
  own.parser = parser;
  socket.parser = parser;
  socket.setEncoding = refuseEncoding;
  if (server.timeout && typeof socket.setTimeout === 'function') socket.setTimeout(server.timeout);
  socket.on('timeout', onTimeout);
  own.reader = new MessageReader(socket, false, server.maxHeaderSize || maxHeaderSize(), {
    head: (event) => onHead(server, socket, own, event),
    ended: () => onMessageEnd(own),
    handedOver: (request, rest) => handOver(server, socket, own, request, rest),
    failed: (error) => onError(socket, error),
  });
  socket.on('error', (own.onSocketError = (/** @type {any} */ error) => onError(socket, error)));
  socket.on(
    'data',
    (own.onData = (/** @type {any} */ chunk) => {
      if (own.began === 0 && !own.reader.isWithin) own.began = now();
      own.reader.read(chunk);
      if (socket._paused && !socket.destroyed) socket.pause();
    }),
  );
  socket.on('end', (own.onEnd = () => onEnd(server, socket, own)));
  socket.on(
    'close',
    (own.onClose = () => {
      server[connections].delete(socket);
      release(socket, own);
      abortIncoming(own);
    }),
  );
  socket.on('drain', (own.onDrain = () => onDrain(socket, own)));
}

function refuseEncoding() {
  throw nodeError(Error, 'ERR_HTTP_SOCKET_ENCODING', 'Changing the socket encoding is not allowed per RFC7230 Section 3.');
}

/** Nothing more is read from the connection. @param {any} socket @param {any} own */
function release(socket, own) {
  own.reader.isOver = true;
  if (socket.parser !== own.parser) return;
  socket.parser = null;
  own.parser.free();
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

/** @param {any} socket @param {any} own */
function onDrain(socket, own) {
  if (socket._paused && own.outgoingData <= socket.writableHighWaterMark) {
    socket._paused = false;
    socket.resume();
  }
  const response = socket._httpMessage;
  if (response && !response.finished && response[needsDrain]) {
    response[needsDrain] = false;
    response.emit('drain');
  }
}

/** @param {any} own */
function abortIncoming(own) {
  while (own.incoming.length > 0) {
    shift(own.incoming).destroy(connectionReset('aborted'));
  }
}

/** @param {any} server @param {any} socket @param {any} own */
function onEnd(server, socket, own) {
  if (!own.reader.finish()) return;
  if (!server.httpAllowHalfOpen) {
    abortIncoming(own);
    if (socket.writable) socket.end();
  } else if (own.outgoing.length > 0) own.outgoing[own.outgoing.length - 1]._last = true;
  else if (socket._httpMessage) socket._httpMessage._last = true;
  else if (socket.writable) socket.end();
}

/** @type {Record<string, string>} */
const refusals = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** @param {any} socket @param {any} error */
function onError(socket, error) {
  const own = socket[state];
  socket.removeListener('error', own.onSocketError);
  if (socket.listenerCount('error') === 0) socket.on('error', noop);
  if (own.server.emit('clientError', error, socket)) return;
  if (socket.writable && !socket._httpMessage?._headerSent) {
    socket.write(`HTTP/1.1 ${refusals[error.code] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`, 'latin1');
  }
  socket.destroy(error);
}

/** A request begins. @param {any} server @param {any} socket @param {any} own @param {any} event @returns {[any, number]} */
function onHead(server, socket, own, event) {
  const Class = server[incomingClass];
  const request = new Class(socket);
  const flags = event[6];
  own.hasHead = true;
  fill(request, event[5], event[4], server.maxHeadersCount === null ? 1000 : server.maxHeadersCount);
  request.method = event[2];
  request.url = event[3];
  request.joinDuplicateHeaders = server.joinDuplicateHeaders;
  if (own.keepAliveTimeoutSet) {
    socket.setTimeout(server.timeout || 0);
    own.keepAliveTimeoutSet = false;
  }
  if ((flags & flag.upgrades) !== 0) {
    request.upgrade = request.method === 'CONNECT' || !!server.shouldUpgradeCallback(request);
    if (request.upgrade) return [request, answer.handOver];
  } else request.upgrade = false;

  push(own.incoming, request);
  own.parser.incoming = request;
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
  response._onPendingData = (/** @type {number} */ change) => {
    own.outgoingData += change;
    if (socket._paused && own.outgoingData < socket.writableHighWaterMark) onDrain(socket, own);
  };
  response.shouldKeepAlive = (flags & flag.keepsAlive) !== 0;
  response[uniqueFields] = server[uniqueFields];
  if (socket._httpMessage) push(own.outgoing, response);
  else response.assignSocket(socket);
  const start = beginMeasure('http');
  response.on('finish', () => {
    if (start !== undefined) endMeasure('http', 'HttpRequest', start, detailOf(request, response, response.getHeaders()));
    onFinish(server, socket, own, request, response);
  });

  if (event[4] === 1 && server.requireHostHeader && (flags & flag.hasHost) === 0) {
    response.writeHead(400, ['Connection', 'close']);
    response.end();
    return [request, answer.body];
  }
  if (typeof server.maxRequestsPerSocket === 'number' && server.maxRequestsPerSocket > 0) {
    own.requestsCount += 1;
    response.maxRequestsOnConnectionReached = server.maxRequestsPerSocket <= own.requestsCount;
    if (server.maxRequestsPerSocket < own.requestsCount) {
      server.emit('dropRequest', request, socket);
      response.writeHead(503);
      response.end();
      return [request, answer.body];
    }
  }
  if ((flags & flag.expectsContinue) !== 0 && event[4] === 1) {
    response._expect_continue = true;
    if (server.listenerCount('checkContinue') > 0) server.emit('checkContinue', request, response);
    else {
      response.writeContinue();
      server.emit('request', request, response);
    }
  } else if ((flags & flag.expectsOther) !== 0 && event[4] === 1) {
    if (server.listenerCount('checkExpectation') > 0) server.emit('checkExpectation', request, response);
    else {
      response.writeHead(417);
      response.end();
    }
  } else server.emit('request', request, response);
  return [request, answer.body];
}

/** What an observer is told of a request. @param {any} request @param {any} response @param {any} headers of the response */
function detailOf({ method, url, headers: asked }, { statusCode, statusMessage }, headers) {
  return { req: { method, url, headers: asked }, res: { statusCode, statusMessage, headers } };
}

/** A request is there whole. @param {any} own */
function onMessageEnd(own) {
  own.served += 1;
  own.began = 0;
  own.hasHead = false;
}

/** A response has been sent. @param {any} server @param {any} socket @param {any} own @param {any} request @param {any} response */
function onFinish(server, socket, own, request, response) {
  if (own.incoming[0] === request) shift(own.incoming);
  const { parser } = own;
  if (parser.incoming === request) {
    const forget = () => {
      if (parser.incoming === request) parser.incoming = null;
    };
    if (request.readableEnded) forget();
    else request.on('end', forget);
  }
  // What nobody read is not to stand in the way of the next request.
  if (!request._consumed) request._dump();
  if (response.socket) response.detachSocket(socket);
  nextTick(emitClose, response);
  if (response._last) {
    if (typeof socket.destroySoon === 'function') socket.destroySoon();
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
  socket.removeListener('data', own.onData);
  socket.removeListener('end', own.onEnd);
  socket.removeListener('close', own.onClose);
  socket.removeListener('drain', own.onDrain);
  socket.removeListener('error', own.onSocketError);
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
