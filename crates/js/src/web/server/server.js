// `twinloop.serve`: a server whose handlers take a Request and give a Response. Its shapes are those of Bun.serve and Deno.serve, and of modules that
// export `{ fetch }`.
//
// A request that comes is one call of `requested`; a handler that answers at once is answered within it. What a handler throws is shown, and its client
// gets 500. Rust has the connections (`twinloop_web::server`).
'use strict';

const {
  Map,
  apply,
  catchRejection,
  freeze,
  hasOwn,
  mapDelete,
  mapGet,
  mapSet,
  resolve,
  slice,
  stringIndexOf,
  then,
  trim,
} = require('builtins/primordials');
const { bytesOf, defineInterface, isBufferSource, isObject, requireArguments, toDOMString } = require('builtins/webidl');
const { toUSVString } = require('builtins/webidl');
const { forgetLog, readAccessLog } = require('web/server/access_log');
const { addAlgorithm, isAborted } = require('web/abort/abort');
const { ArrivedRecord, arrivedOf, fieldOf, isPlain } = require('web/server/arrived');
const { answer, responseOf } = require('web/server/answer');
const { asgi, serverBegan, serverEnded, wsgi } = require('web/server/mounts');
const { functionOf, readLimits, readNumber, readPlace, readServing, readSignal, readTls } = require('web/server/options');
const { AcceptedWebSocket, ServerWebSocket, accepted, opened, told } = require('web/server/socket');
const { serveDir, serveFile } = require('web/server/files');
const { isTooLong } = require('web/fetch/body');
const { Headers, wireText } = require('web/fetch/headers');
const { Request, isRequest, makeRequest } = require('web/fetch/request');
const { ResponseRecord, asResponse, makeResponse } = require('web/fetch/response');
const { enqueueMicrotask, serverAddress, serverConnections, serverCut, serverGone, serverIdentity, serverPeer, serverPublish } = ops;
const { serverReference, serverRespond, serverSetReceivers, serverStart, serverStop } = ops;
const { serverSubscribers, serverTimeout, serverUpgrade } = ops;
const loadConsole = () => require('web/console/console');
const loadUrl = () => require('web/url/url');

/** @typedef {import('./options.js').Serving} Serving */
/** @typedef {InstanceType<typeof ArrivedRecord>} Arrived */

const asksForSocket = 4;

/** Servers that listen, by their numbers. @type {Map<number, Server>} */
const servers = new Map();
let isReceiving = false;
/** No table has numbers of this kind. */
let nextMounted = 2 ** 52;

/** @param {any} error */
function show(error) {
  loadConsole().console.error(error);
}

/** What is shown if it fails later. @param {any} result */
function watch(result) {
  if (isObject(result)) catchRejection(resolve(result), show);
}

/** The third argument of handlers, as workers have it. */
const context = freeze({
  /** @param {any} promise */
  waitUntil(promise) {
    watch(promise);
  },
  passThroughOnException() {},
});

/** What Deno's handlers are told of a request. */
class Info {
  #exchange;
  /** @type {any} */
  #remote = undefined;
  /** @param {number} exchange */
  constructor(exchange) {
    this.#exchange = exchange;
    this.#remote = endpoint(serverPeer(exchange));
  }
  get remoteAddr() {
    return this.#remote;
  }
  get completed() {
    return then(serverGone(this.#exchange), () => undefined);
  }
}

/** @param {Endpoint | null} address */
function endpoint(address) {
  return address === null ? { transport: 'unix' } : { transport: 'tcp', hostname: address[0], port: address[1] };
}

/**
 * What a client on this machine opens: an address that stands for all of them is none of a host.
 * @param {boolean} isSecure @param {string} hostname as it was given @param {string} address @param {number} port
 */
function originAt(isSecure, hostname, address, port) {
  let host = hostname;
  if (address === '0.0.0.0' || address === '::') host = 'localhost';
  else if (stringIndexOf(host, ':') >= 0 && slice(host, 0, 1) !== '[') host = `[${host}]`;
  const suffix = port === (isSecure ? 443 : 80) ? '' : `:${port}`;
  return `${isSecure ? 'https' : 'http'}://${host}${suffix}`;
}

/** @type {(server: Server) => Serving} */
let servingOf;
/** @type {(server: Server) => string} */
let originOf;
/** @type {(server: Server) => number} */
let numberOf;
/** @type {(server: Server, by: number) => void} */
let count;

class Server {
  #number = 0;
  /** @type {Serving} */
  #serving;
  #hostname;
  #isSecure;
  #origin = '';
  #pending = 0;
  #sockets = 0;
  /** What the WebSockets of these handlers have in common. @type {import('./socket.js').Shared | undefined} */
  #shared = undefined;
  /** @type {ReturnType<typeof readAccessLog>} */
  #log = undefined;
  /** Set by the first stop. @type {Promise<void> | undefined} */
  #stopped = undefined;
  /** @type {(value?: any) => void} */
  #finish = () => undefined;
  #finished = new Promise((settle) => {
    this.#finish = settle;
  });

  /** @param {any} options @param {boolean} [isMounted] it listens nowhere: another server has requests for it */
  constructor(options, isMounted = false) {
    this.#serving = readServing(options);
    this.#hostname = '';
    this.#isSecure = false;
    if (!isReceiving) {
      isReceiving = true;
      serverSetReceivers([requested, messaged, drained, ended, pinged, ponged]);
    }
    if (isMounted) {
      this.#number = nextMounted++;
      this.#origin = 'http://localhost';
      mapSet(servers, this.#number, this);
      return;
    }
    const { place, port, flags } = readPlace(options);
    const identity = readTls(options);
    const signal = readSignal(options);
    const onListen = functionOf(options, 'onListen');
    this.#log = readAccessLog(options);
    this.#isSecure = identity !== undefined;
    this.#hostname = typeof place === 'string' ? place : '';
    this.#number = serverStart(place, port, flags, identity, readLimits(options));
    const address = serverAddress(this.#number);
    if (typeof place === 'number' && address !== null) this.#hostname = address[0];
    this.#origin = address === null ? `${this.protocol}://localhost` : originAt(this.#isSecure, this.#hostname, address[0], address[1]);
    mapSet(servers, this.#number, this);
    this.#log?.follow(this.#number);
    serverBegan();
    if (signal !== undefined) {
      if (isAborted(signal)) this.stop(true);
      else addAlgorithm(signal, () => this.stop());
    }
    if (onListen !== undefined) apply(onListen, options, [this.addr]);
  }

  get port() {
    return serverAddress(this.#number)?.[1];
  }
  get hostname() {
    return this.#hostname;
  }
  get protocol() {
    return this.#isSecure ? 'https' : 'http';
  }
  get addr() {
    return endpoint(serverAddress(this.#number));
  }
  get url() {
    return new (loadUrl().URL)(`${this.#origin}/`);
  }
  get development() {
    this.#number;
    return false;
  }
  get pendingRequests() {
    return this.#pending;
  }
  get pendingWebSockets() {
    return this.#sockets;
  }
  /** Connections that are open, idle ones too. */
  get connections() {
    return serverConnections(this.#number);
  }
  get finished() {
    return this.#finished;
  }

  /** Accepts no more; resolves when what was under way has ended, or was cut. @param {any} [closesActive] */
  stop(closesActive = false) {
    if (this.#stopped === undefined || closesActive) {
      this.#stopped = then(serverStop(this.#number, !!closesActive), () => {
        if (!mapDelete(servers, this.#number)) return undefined;
        this.#finish();
        return this.#ended(!!closesActive);
      });
    }
    return this.#stopped;
  }
  /** @param {boolean} atOnce */
  async #ended(atOnce) {
    await serverEnded(atOnce);
    await this.#log?.flushed();
  }
  shutdown() {
    return this.stop();
  }
  /** Has other handlers answer from now on, and shows other certificates. What answers besides the routes stays unless it is named. @param {any} options */
  reload(options) {
    if (!isObject(options)) throw new TypeError('Server.reload: the options must be an object');
    this.#serving = readServing(options, this.#serving);
    const identity = readTls(options);
    if (identity !== undefined && this.#isSecure) serverIdentity(this.#number, identity);
    if (options.accessLog !== undefined) {
      this.#log = readAccessLog(options);
      if (this.#log === undefined) forgetLog(this.#number);
      else this.#log.follow(this.#number);
    }
    return this;
  }
  ref() {
    serverReference(this.#number, true);
  }
  unref() {
    serverReference(this.#number, false);
  }
  /** What the handler answers to a request that did not come by the network. @param {any} input @param {any} [init] */
  fetch(input, init = undefined) {
    const text = typeof input === 'string' ? input : undefined;
    const isPath = text !== undefined && slice(text, 0, 1) === '/';
    const request = isRequest(input) && init === undefined ? input : new Request(isPath ? this.#origin + text : input, init);
    const call = async () => await handle(this, this.#serving, request, undefined);
    return call();
  }
  /** @param {any} request */
  requestIP(request) {
    const arrived = arrivedOf(request);
    const address = arrived === undefined ? null : serverPeer(arrived.exchange);
    if (address === null) return null;
    return { address: address[0], port: address[1], family: stringIndexOf(address[0], ':') < 0 ? 'IPv4' : 'IPv6' };
  }

  /** Cuts a request when nothing of it moves for so long, in either direction; 0 takes that back. @param {any} request @param {any} seconds */
  timeout(request, seconds) {
    const arrived = arrivedOf(request);
    if (arrived === undefined) throw new TypeError('Server.timeout: the request is not one that came to a server');
    serverTimeout(arrived.exchange, readNumber({ seconds }, 'seconds', 0, 2 ** 31, 'Server.timeout'));
  }

  /** Goes on with a request as a WebSocket of the server's `websocket` handlers. @param {any} request @param {any} [options] */
  upgrade(request, options = {}) {
    const { websocket } = this.#serving;
    if (websocket === undefined) throw new TypeError("Server.upgrade: the server has no option 'websocket' with handlers");
    const arrived = arrivedOf(request);
    if (arrived === undefined || (arrived.flags & asksForSocket) === 0) return false;
    if (this.#shared?.handlers !== websocket) this.#shared = this.#sharedBy(websocket);
    const socket = new ServerWebSocket(/** @type {any} */ (this.#shared), options?.data);
    const number = become(arrived, socket, options?.headers, undefined, websocket.limits, true);
    if (typeof number === 'string') return false;
    this.#sockets += 1;
    guard(() => opened(socket, number));
    return true;
  }
  /** @param {any} handlers */
  #sharedBy(handlers) {
    const left = () => {
      this.#sockets -= 1;
    };
    return { server: this.#number, handlers, left };
  }
  /** How many listen. @param {any} topic */
  subscriberCount(topic) {
    return serverSubscribers(this.#number, toDOMString(topic));
  }
  /** To all that listen: how many bytes, or 0 if nobody does. @param {any} topic @param {any} data */
  publish(topic, data) {
    const content = isBufferSource(data) ? bytesOf(data) : toUSVString(data);
    return serverPublish(this.#number, toDOMString(topic), content, 0) === 0 ? 0 : content.length;
  }

  [Symbol.dispose]() {
    this.stop(true);
  }
  async [Symbol.asyncDispose]() {
    await this.stop();
  }

  static {
    servingOf = (server) => server.#serving;
    originOf = (server) => server.#origin;
    numberOf = (server) => server.#number;
    count = (server, by) => (server.#pending += by);
  }
}

// ---- requests

/**
 * A request came.
 * @param {number} number @param {number} exchange @param {string} method @param {string} target @param {string} fields @param {number} flags
 */
function requested(number, exchange, method, target, fields, flags) {
  const server = mapGet(servers, number);
  if (server === undefined) {
    serverCut(exchange);
    return;
  }
  const record = new ArrivedRecord(method, target, fields, exchange, flags, originOf(server));
  const request = makeRequest(/** @type {any} */ (record));
  const serving = servingOf(server);
  /** @param {any} error */
  const failed = (error) => fail(server, serving, record, request, error);
  try {
    const result = handle(server, serving, request, exchange);
    if (asResponse(result) !== undefined) {
      answer(exchange, result, show);
      return;
    }
    if (result === undefined && record.isTaken) return;
    if (!isObject(result)) throw notResponse(result);
    count(server, 1);
    then(
      resolve(result),
      (/** @type {any} */ response) => {
        count(server, -1);
        settle(record, response, failed);
      },
      (/** @type {any} */ error) => {
        count(server, -1);
        failed(error);
      },
    );
  } catch (error) {
    failed(error);
  }
}

/** @param {any} value */
function notResponse(value) {
  return new TypeError(`serve: the handler must give a Response, or a promise of one, not ${value === null ? 'null' : typeof value}`);
}

/** @param {Arrived} record @param {any} response @param {(error: any) => void} failed */
function settle(record, response, failed) {
  if (record.isTaken) return;
  try {
    const given = responseOf(response);
    if (given === undefined) throw notResponse(response);
    answer(record.exchange, given, show);
  } catch (error) {
    failed(error);
  }
}

/** Calls whatever answers this request. @param {Server} server @param {Serving} serving @param {any} request @param {number | undefined} exchange */
function handle(server, serving, request, exchange) {
  if (serving.routes !== undefined) {
    const found = serving.routes.find(pathOf(request));
    let target = found?.target;
    if (isObject(target) && typeof target !== 'function' && asResponse(target) === undefined) target = byMethod(target, request.method);
    if (target !== undefined && target !== false) {
      if (typeof target !== 'function') return target.clone();
      request.params = found?.params;
      return apply(target, serving.self, [request, server, context]);
    }
  }
  if (serving.fetch === undefined) return makeResponse(new ResponseRecord('default', 404, '', '', false, '', 'response', null));
  const second = serving.wantsInfo && exchange !== undefined ? new Info(exchange) : server;
  return apply(serving.fetch, serving.self, [request, second, context]);
}

/** HEAD asks for what GET would get. @param {any} table @param {string} method */
function byMethod(table, method) {
  const own = hasOwn(table, method) ? table[method] : undefined;
  return own === undefined && method === 'HEAD' && hasOwn(table, 'GET') ? table.GET : own;
}

/** As a handler sees it in the URL, so that no way of writing a path goes round its route. @param {any} request */
function pathOf(request) {
  const target = arrivedOf(request)?.target;
  const text = target === undefined || !isPlain(target) ? new (loadUrl().URL)(request.url).pathname : target;
  const end = stringIndexOf(text, '?');
  return end < 0 ? text : slice(text, 0, end);
}

/**
 * A handler threw: it may say itself what the client gets.
 * @param {Server} server @param {Serving} serving @param {Arrived} record @param {any} request @param {any} error
 */
function fail(server, serving, record, request, error) {
  if (record.isTaken) {
    show(error);
    return;
  }
  // What a handler does about a client that has gone is nothing to tell of.
  if (record.isAbortedWith(error)) {
    serverCut(record.exchange);
    return;
  }
  if (serving.error === undefined && isTooLong(error)) {
    serverRespond(record.exchange, 413, 'content-type:text/plain;charset=UTF-8\n', 'Payload Too Large', false);
    return;
  }
  if (serving.error === undefined) {
    show(error);
    serverRespond(record.exchange, 500, 'content-type:text/plain;charset=UTF-8\n', 'Internal Server Error', false);
    return;
  }
  const plain = { ...serving, error: undefined };
  const failed = (/** @type {any} */ later) => fail(server, plain, record, request, later);
  try {
    const result = apply(serving.error, serving.self, [error]);
    if (asResponse(result) !== undefined) settle(record, result, failed);
    else if (isObject(result)) then(resolve(result), (/** @type {any} */ response) => settle(record, response, failed), failed);
    else failed(error);
  } catch (later) {
    failed(later);
  }
}

// ---- WebSockets

/**
 * @param {Arrived} arrived @param {any} socket @param {any} headers @param {string | undefined} protocol
 * @param {SocketLimits} limits @param {boolean} [takesFirst] the first subprotocol that the client offers is taken if the program says none
 */
function become(arrived, socket, headers, protocol, limits, takesFirst = false) {
  let fields = headers === undefined ? '' : wireText(new Headers(headers));
  const chosen = protocol ?? (fieldOf(fields, 'sec-websocket-protocol') || (takesFirst ? firstOffered(arrived) : undefined));
  if (protocol === undefined && chosen !== undefined) {
    const rest = new Headers(headers);
    rest.delete('sec-websocket-protocol');
    fields = wireText(rest);
  }
  const number = serverUpgrade(arrived.exchange, socket, chosen, fields, limits);
  if (typeof number !== 'string') arrived.isTaken = true;
  return number;
}

/** What a client likes best; browsers give up where an offer is answered with none. @param {Arrived} arrived */
function firstOffered(arrived) {
  const offered = fieldOf(arrived.headerText, 'sec-websocket-protocol');
  const end = stringIndexOf(offered, ',');
  return trim(end < 0 ? offered : slice(offered, 0, end)) || undefined;
}

/** Goes on with a request as a WebSocket with events: `{ socket, response }`, the latter for the handler to return. @param {any} request @param {any} [options] */
function upgradeWebSocket(request, options = {}) {
  requireArguments(arguments.length, 1, 'upgradeWebSocket');
  const arrived = arrivedOf(request);
  if (arrived === undefined) throw new TypeError('upgradeWebSocket: the request is not one that came to a server');
  if ((arrived.flags & asksForSocket) === 0) throw new TypeError('upgradeWebSocket: the request does not ask for a WebSocket');
  const { protocol, headers } = options;
  const idle = readNumber(options, 'idleTimeout', 120, 2 ** 31, 'upgradeWebSocket');
  const name = protocol === undefined ? undefined : toDOMString(protocol);
  const socket = new AcceptedWebSocket(arrived.url, name ?? '');
  // Who does not answer is told so, as by Deno.
  const goingAway = 1001;
  const number = become(arrived, socket, headers, name, [64 * 1024 * 1024, 64 * 1024 * 1024, 1, idle / 2, idle, goingAway, 0]);
  if (typeof number === 'string') throw new TypeError(`upgradeWebSocket: ${number}`);
  // Who made it has yet to say what it listens to.
  enqueueMicrotask(() => accepted(socket, number));
  return { socket, response: makeResponse(new ResponseRecord('default', 101, 'Switching Protocols', '', false, '', 'immutable', null)) };
}

/** Runs a handler whose failure concerns nobody else. @param {() => any} handler */
function guard(handler) {
  try {
    watch(handler());
  } catch (error) {
    show(error);
  }
}

/** @param {any} socket @param {any} message */
function messaged(socket, message) {
  guard(() => told(socket, 'message', message));
}
/** @param {any} socket */
function drained(socket) {
  guard(() => told(socket, 'drained'));
}
/** @param {any} socket @param {number} code @param {string} reason @param {boolean} wasClean @param {string} address */
function ended(socket, code, reason, wasClean, address) {
  guard(() => told(socket, 'closed', code, reason, wasClean, address));
}
/** @param {any} socket @param {any} payload */
function pinged(socket, payload) {
  guard(() => told(socket, 'pinged', payload));
}
/** @param {any} socket @param {any} payload */
function ponged(socket, payload) {
  guard(() => told(socket, 'ponged', payload));
}

// ---- what programs call

/** `serve(options)`, `serve(handler)` or `serve(options, handler)`. @param {any} first @param {any} [second] */
function serve(first, second = undefined) {
  requireArguments(arguments.length, 1, 'serve');
  if (typeof first === 'function') return new Server({ ...second, handler: first });
  if (!isObject(first)) throw new TypeError('serve: the options must be an object');
  return new Server(typeof second === 'function' ? { ...first, handler: second } : first);
}

/** A server that listens nowhere, and its number. @param {any} options */
function serveMounted(options) {
  const server = new Server(options, true);
  return { number: numberOf(server), server };
}

defineInterface(Server);

const twinloop = freeze({ asgi, serve, serveDir, serveFile, upgradeWebSocket, wsgi });

module.exports = { originAt, serveMounted, twinloop };
