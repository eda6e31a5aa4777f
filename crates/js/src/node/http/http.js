// `node:http` (https://nodejs.org/api/http.html): what is known without a connection. Servers and requests are not there yet, and say so.
'use strict';

const { requireInteger } = require('node/arguments');
const { absentClass, absentFunction } = require('node/absent');
const { Agent } = require('node/http/agent');
const { validateHeaderName, validateHeaderValue } = require('node/http/headers');
const { METHODS, STATUS_CODES } = require('node/http/names');
const { prototype: emitter } = require('node/events/events');
const { apply, arraySlice, construct } = require('builtins/primordials');
const loadEventClasses = () => require('web/events/classes');
const loadWebSocket = () => require('web/websocket/websocket');

/** @type {any} */
let globalAgent;
const OutgoingMessage = absentClass('http', 'OutgoingMessage', 1, emitter);

module.exports = {
  _connectionListener: absentFunction('http', '_connectionListener', 1),
  METHODS: arraySlice(METHODS),
  STATUS_CODES,
  Agent,
  ClientRequest: absentClass('http', 'ClientRequest', 3, OutgoingMessage.prototype),
  IncomingMessage: absentClass('http', 'IncomingMessage', 1, emitter),
  OutgoingMessage,
  Server: absentClass('http', 'Server', 2, emitter),
  ServerResponse: absentClass('http', 'ServerResponse', 2, OutgoingMessage.prototype),
  createServer: absentFunction('http', 'createServer', 2),
  /** @param {...any} given */
  validateHeaderName: (...given) => apply(validateHeaderName, undefined, given),
  /** @param {...any} given */
  validateHeaderValue: (...given) => apply(validateHeaderValue, undefined, given),
  get: absentFunction('http', 'get', 3),
  request: absentFunction('http', 'request', 3),
  /** Parsers are not kept here: there is nothing to limit. @param {number} max */
  setMaxIdleHTTPParsers(max) {
    requireInteger(max, 'max', 1);
  },
  setGlobalProxyFromEnv: absentFunction('http', 'setGlobalProxyFromEnv'),
  maxHeaderSize: 16384,
  get globalAgent() {
    return (globalAgent ??= construct(Agent, [{ keepAlive: true, scheduling: 'lifo', timeout: 5000 }]));
  },
  set globalAgent(agent) {
    globalAgent = agent;
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
