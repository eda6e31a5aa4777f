// `https.Server` (https://nodejs.org/api/https.html#class-httpsserver): a `tls.Server` that does with its connections what `http.Server` does.
'use strict';

const { apply, construct, isArray, setPrototypeOf } = require('builtins/primordials');
const { addMethods } = require('node/prototypes');
const { invalidType } = require('node/errors');
const { connectionListener, methods, prepare, takeOptions } = require('node/http/server');
const { Server: TLSServer } = require('node/tls/server');

/** @this {any} @param {any} [given] @param {any} [listener] */
function Server(given, listener) {
  if (!(this instanceof /** @type {any} */ (Server))) return construct(/** @type {any} */ (Server), [given, listener]);
  let options = given;
  let requested = listener;
  if (typeof given === 'function') {
    requested = given;
    options = {};
  } else if (given === undefined || given === null) options = {};
  else if (typeof given !== 'object' || isArray(given)) throw invalidType('options', 'object', given);
  options = { noDelay: true, ...options };
  if (!options.ALPNProtocols && !options.ALPNCallback) options.ALPNProtocols = ['http/1.1'];
  takeOptions(this, options);
  apply(TLSServer, this, [options, connectionListener]);
  prepare(this, requested);
  this.on('tlsClientError', clientFailed);
}
setPrototypeOf(Server.prototype, TLSServer.prototype);
setPrototypeOf(Server, TLSServer);
addMethods(Server.prototype, methods);

/** A connection that did not come to be. @this {any} @param {any} error @param {any} socket */
function clientFailed(error, socket) {
  if (!this.emit('clientError', error, socket)) socket.destroy(error);
}

/** @param {any} [options] @param {any} [listener] */
function createServer(options, listener) {
  return construct(/** @type {any} */ (Server), [options, listener]);
}

module.exports = { Server, createServer };
