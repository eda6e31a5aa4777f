// `node:http` (https://nodejs.org/api/http.html).
'use strict';

const { requireInteger } = require('node/arguments');
const { absentFunction } = require('node/absent');
const { Agent, globalAgent, setGlobalAgent } = require('node/http/agent');
const { maxHeaderSize } = require('node/http/connection');
const { ClientRequest } = require('node/http/client');
const { websocketMask, websocketUnmask } = require('node/http/masks');
const { isToken, isValidHeaderValue, validateHeaderName, validateHeaderValue } = require('node/http/headers');
const { IncomingMessage } = require('node/http/incoming');
const { idleParsers, METHODS, STATUS_CODES } = require('node/http/names');
const { OutgoingMessage } = require('node/http/outgoing');
const { ServerResponse } = require('node/http/response');
const { Server, connectionListener } = require('node/http/server');
const { apply, arraySlice, construct } = require('builtins/primordials');
const loadEventClasses = () => require('web/events/classes');
const loadWebSocket = () => require('web/websocket/websocket');

/** @param {any} url @param {any} [options] @param {any} [callback] */
function request(url, options, callback) {
  return construct(/** @type {any} */ (ClientRequest), [url, options, callback]);
}

/** @param {any} url @param {any} [options] @param {any} [callback] */
function get(url, options, callback) {
  const made = request(url, options, callback);
  made.end();
  return made;
}

module.exports = {
  _connectionListener: connectionListener,
  METHODS: arraySlice(METHODS),
  STATUS_CODES,
  Agent,
  ClientRequest,
  IncomingMessage,
  OutgoingMessage,
  Server,
  ServerResponse,
  /** @param {any} [options] @param {any} [listener] */
  createServer: function createServer(options, listener) {
    return construct(/** @type {any} */ (Server), [options, listener]);
  },
  /** @param {any} name */
  isValidHeaderName: (name) => isToken(name),
  isValidHeaderValue,
  /** @param {...any} given */
  validateHeaderName: (...given) => apply(validateHeaderName, undefined, given),
  /** @param {...any} given */
  validateHeaderValue: (...given) => apply(validateHeaderValue, undefined, given),
  get,
  request,
  /** @param {number} max how many parsers of responses wait for another one */
  setMaxIdleHTTPParsers(max) {
    requireInteger(max, 'max', 1);
    idleParsers.max = max;
  },
  setGlobalProxyFromEnv: absentFunction('http', 'setGlobalProxyFromEnv'),
  websocketMask,
  websocketUnmask,
  get maxHeaderSize() {
    return maxHeaderSize();
  },
  get globalAgent() {
    return globalAgent();
  },
  set globalAgent(agent) {
    setGlobalAgent(agent);
  },
  get WebSocket() {
    return loadWebSocket().WebSocket;
  },
  get CloseEvent() {
    return loadWebSocket().CloseEvent;
  },
  get MessageEvent() {
    return loadEventClasses().MessageEvent;
  },
};
