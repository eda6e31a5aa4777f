// Apps that are made for Node's server (Express, Koa, Fastify, an `http.Server`), as what such a server calls, and as a handler that takes a
// Request and gives a Response: for a server of another kind, where a connection in memory leads to a server of Node that listens nowhere.
'use strict';

const { Promise, apply, includes, min, push, resolve, slice, split, stringIndexOf, then, toLowerCase } = require('builtins/primordials');
const { isObject } = require('builtins/webidl');
const { addAlgorithm } = require('web/abort/abort');
const { Headers, wireText } = require('web/fetch/headers');
const { Response } = require('web/fetch/response');
const loadConsole = () => require('web/console/console');
const loadHttp = () => /** @type {any} */ (require('node/http/http'));
const loadLimits = () => require('node/http/limits');
const loadStream = () => /** @type {any} */ (require('node/stream/module'));
const loadUrl = () => require('web/url/url');

/**
 * @typedef {object} Listener
 * @property {(request: any, response: any) => void} requested
 * @property {any} server the app's own server, which hears of upgrades
 */

/** What Node's server calls, of an app. @param {any} app @returns {Promise<Listener>} */
async function listenerOf(app) {
  if (isServer(app)) return { requested: emitted(app), server: app };
  let listener = app;
  if (typeof app.ready === 'function' && typeof app.routing === 'function') {
    await app.ready();
    listener = app.routing;
  } else if (typeof app.callback === 'function') listener = app.callback();
  if (typeof listener !== 'function') throw new TypeError('serve: the app has nothing that answers requests of node:http');
  return { requested: guarded(app, listener), server: isServer(app.server) ? app.server : undefined };
}

/** An app of Koa has events and `listen` too, but no address. @param {any} value */
function isServer(value) {
  if (!isObject(value) || typeof value === 'function') return false;
  return typeof value.emit === 'function' && typeof value.listen === 'function' && typeof value.address === 'function';
}

/** The event of a server, each of whose listeners fails by itself. @param {any} server @returns {(request: any, response: any) => void} */
function emitted(server) {
  return (request, response) => {
    const listeners = server.rawListeners('request');
    for (let i = 0; i < listeners.length; i += 1) guarded(server, listeners[i])(request, response);
  };
}

/** What a listener throws concerns its client alone. @param {any} app @param {any} listener @returns {(request: any, response: any) => void} */
function guarded(app, listener) {
  return (request, response) => {
    /** @param {any} error */
    const failed = (error) => {
      // That a client sends too much is no fault of the listener.
      const isOfClient = loadLimits().isTooLong(error);
      if (!isOfClient) loadConsole().console.error(error);
      if (isOfClient && response.writableEnded) return;
      if (response.headersSent) response.destroy();
      else if (!response.writableEnded) {
        response.statusCode = isOfClient ? 413 : 500;
        response.end(isOfClient ? 'Payload Too Large' : 'Internal Server Error');
      }
    };
    try {
      const result = apply(listener, app, [request, response]);
      if (isObject(result)) then(resolve(result), undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
}

/** What a server does otherwise if somebody listens to it. */
const ofServer = ['upgrade', 'connect', 'checkContinue', 'checkExpectation', 'clientError', 'dropRequest'];

/** Limits of which zero is none. */
const limitsOfServer = ['headersTimeout', 'requestTimeout', 'timeout', 'maxHeadersCount', 'maxRequestsPerSocket'];

/**
 * Has the app's own server hear of what comes to another one, if it wants to: upgrades, what was no request (Fastify's `clientErrorHandler`) and the
 * like; and has the other keep its limits, where they are stricter.
 * @param {any} server @param {Listener} listener
 */
function standIn(server, listener) {
  const own = listener.server;
  if (own === undefined) return;
  for (let i = 0; i < ofServer.length; i += 1) {
    const type = ofServer[i];
    if (own.listenerCount(type) > 0) server.on(type, (/** @type {any[]} */ ...list) => own.emit(type, ...list));
  }
  for (let i = 0; i < limitsOfServer.length; i += 1) {
    const name = limitsOfServer[i];
    if (own[name] > 0) server[name] = server[name] > 0 ? min(server[name], own[name]) : own[name];
  }
}

/** As a handler of `twinloop.serve`. @param {() => Promise<Listener>} find */
function handlerOf(find) {
  /** @type {Promise<any> | undefined} */
  let inner;
  const make = async () => {
    const { requested } = await find();
    const server = loadHttp().createServer(requested);
    // What is slow is known to the server that clients connect to.
    server.headersTimeout = 0;
    server.requestTimeout = 0;
    return server;
  };
  return async (/** @type {any} */ request, /** @type {any} */ info) => {
    inner ??= make();
    return await ask(await inner, request, info?.requestIP?.(request) ?? null);
  };
}

// What is said between two neighbours, and not by the client to the app.
const ofConnection = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect', 'te', 'trailer', 'proxy-connection'];

/** @param {any} server @param {any} request @param {{ address: string, port: number, family: string } | null} peer @returns {Promise<any>} */
function ask(server, request, peer) {
  const url = new (loadUrl().URL)(request.url);
  const [near, far] = loadStream().duplexPair();
  beSocket(near, null, false);
  beSocket(far, peer, url.protocol === 'https:');
  server.emit('connection', far);
  const { body, method, signal } = request;
  const headers = headersOf(request, body !== null);
  const outgoing = loadHttp().request({
    createConnection: () => near,
    method,
    path: url.pathname + url.search,
    headers,
    setHost: false,
    setDefaultHeaders: false,
  });
  addAlgorithm(signal, () => near.destroy());
  near.once('close', () => far.destroy());
  const { Readable, pipeline } = loadStream();
  if (body === null) outgoing.end();
  // Its failure is the answer's, or nobody's.
  else pipeline(Readable.fromWeb(body), outgoing, () => undefined);
  return new Promise((/** @type {any} */ settle, /** @type {any} */ failed) => {
    outgoing.on('error', failed);
    outgoing.on('response', (/** @type {any} */ incoming) => {
      try {
        settle(responseOf(incoming, method));
      } catch (error) {
        near.destroy();
        failed(error);
      }
    });
  });
}

/** Names and values in turn. @param {any} request @param {boolean} hasBody */
function headersOf(request, hasBody) {
  /** @type {string[]} */
  const headers = [];
  const lines = split(wireText(request.headers), '\n');
  let hasLength = false;
  for (let i = 0; i < lines.length; i += 1) {
    const colon = stringIndexOf(lines[i], ':');
    const name = colon < 0 ? '' : slice(lines[i], 0, colon);
    if (name === '' || includes(ofConnection, name)) continue;
    hasLength ||= name === 'content-length';
    push(headers, name, slice(lines[i], colon + 1));
  }
  if (hasBody && !hasLength) push(headers, 'transfer-encoding', 'chunked');
  push(headers, 'connection', 'close');
  return headers;
}

/** @param {any} incoming @param {string} method */
function responseOf(incoming, method) {
  const headers = new Headers();
  const raw = incoming.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    if (!includes(ofConnection, toLowerCase(raw[i]))) headers.append(raw[i], raw[i + 1]);
  }
  const status = incoming.statusCode;
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 205 && status !== 304;
  if (!hasBody) incoming.resume();
  const body = hasBody ? loadStream().Readable.toWeb(incoming) : null;
  return new Response(body, { status, statusText: incoming.statusMessage, headers });
}

/** What programs ask of a socket. @param {any} stream @param {{ address: string, port: number, family: string } | null} peer @param {boolean} isSecure */
function beSocket(stream, peer, isSecure) {
  stream.remoteAddress = peer?.address;
  stream.remotePort = peer?.port;
  stream.remoteFamily = peer?.family;
  if (isSecure) stream.encrypted = true;
  const itself = () => stream;
  const names = ['setTimeout', 'setNoDelay', 'setKeepAlive', 'ref', 'unref'];
  for (let i = 0; i < names.length; i += 1) stream[names[i]] = itself;
}

module.exports = { handlerOf, isServer, listenerOf, standIn };
