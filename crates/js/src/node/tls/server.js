// `tls.Server` (https://nodejs.org/api/tls.html#class-tlsserver): a `net.Server` whose connections are secure before a program has them.
'use strict';

const { addMethods } = require('node/prototypes');
const { requireFunction, requireNumber, requireObject, requireString } = require('node/arguments');
const { bytesOf } = require('builtins/webidl');
const { invalidType, invalidValue, nodeError } = require('node/errors');
const { captureRejectionSymbol } = /** @type {any} */ (require('node/events/events'));
const { apply, construct, isView, join, push, regExp, replace, replaceAll, setPrototypeOf, test } = require('builtins/primordials');
const { Server: NetServer } = require('node/net/server');
const exported = require('node/tls/exported');
const { connectionReset } = require('node/tls/errors');
const { convertALPNProtocols } = require('node/tls/protocols');
const { TLSSocket } = require('node/tls/socket');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadProcess = () => /** @type {any} */ (require('node/process/process')).process;
const loadHash = () => /** @type {any} */ (require('node/crypto/module'));

const handshakeTime = Symbol('handshake-timeout');
const sniCallback = Symbol('snicallback');
const pskCallback = Symbol('pskcallback');
const trace = Symbol('enableTrace');
const hintFailure = Symbol('hintFailure');
/** Its error was told. */
const isTold = Symbol('error-emitted');

const isGiven = (/** @type {any} */ value) => value !== undefined && value !== null;

/** @this {any} @param {any} [given] @param {any} [listener] */
function Server(given, listener) {
  if (!(this instanceof /** @type {any} */ (Server))) return construct(/** @type {any} */ (Server), [given, listener]);
  let options = given;
  let secured = listener;
  if (typeof given === 'function') {
    secured = given;
    options = {};
  } else if (given === undefined || given === null) options = {};
  else if (typeof given !== 'object') throw invalidType('options', 'Object', given);
  takeOptions(this, options);
  apply(NetServer, this, [options, connectionListener]);
  if (secured) this.on('secureConnection', secured);
}
setPrototypeOf(Server.prototype, NetServer.prototype);
setPrototypeOf(Server, NetServer);

/** What the options of a server say of TLS. @param {any} server @param {any} options */
function takeOptions(server, options) {
  server._contexts = [];
  server.requestCert = options.requestCert === true;
  server.rejectUnauthorized = options.rejectUnauthorized !== false;
  if (options.ALPNProtocols) convertALPNProtocols(options.ALPNProtocols, server);
  if (options.ALPNCallback) {
    requireFunction(options.ALPNCallback, 'options.ALPNCallback');
    if (options.ALPNProtocols) {
      const message = 'The ALPNCallback and ALPNProtocols TLS options are mutually exclusive';
      throw nodeError(TypeError, 'ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS', message);
    }
    server.ALPNCallback = options.ALPNCallback;
  }
  setSecureContext(server, options);
  server[handshakeTime] = options.handshakeTimeout || 120_000;
  requireNumber(server[handshakeTime], 'options.handshakeTimeout');
  const { SNICallback, pskCallback: pskOf, pskIdentityHint } = options;
  if (isGiven(SNICallback)) requireFunction(SNICallback, 'options.SNICallback');
  if (isGiven(pskOf)) requireFunction(pskOf, 'options.pskCallback');
  if (isGiven(pskIdentityHint)) requireString(pskIdentityHint, 'options.pskIdentityHint');
  if (isGiven(pskIdentityHint)) {
    try {
      server._sharedCreds.context.set('pskHint', pskIdentityHint);
    } catch {
      // Told of each connection, as nobody else may hear of it.
      server[hintFailure] = nodeError(Error, 'ERR_TLS_PSK_SET_IDENTITY_HINT_FAILED', 'Failed to set PSK identity hint');
    }
  }
  server._defaultSNICallback = contextFor;
  server[sniCallback] = SNICallback || contextFor;
  server[pskCallback] = pskOf;
  server[trace] = options.enableTrace;
}

/** The context of a name, of those that were added; the last counts. @this {any} @param {string} name @param {(error: any, context?: any) => void} callback */
function contextFor(name, callback) {
  const contexts = this.server._contexts;
  for (let index = contexts.length - 1; index >= 0; index -= 1) {
    if (test(contexts[index].pattern, name)) {
      callback(null, contexts[index].context);
      return;
    }
  }
  callback(null, undefined);
}

/** @this {any} @param {any} below */
function connectionListener(below) {
  const socket = construct(/** @type {any} */ (TLSSocket), [
    below,
    {
      secureContext: this._sharedCreds,
      isServer: true,
      server: this,
      requestCert: this.requestCert,
      rejectUnauthorized: this.rejectUnauthorized,
      handshakeTimeout: this[handshakeTime],
      ALPNProtocols: this.ALPNProtocols,
      ALPNCallback: this.ALPNCallback,
      SNICallback: this[sniCallback],
      enableTrace: this[trace],
      pauseOnConnect: this.pauseOnConnect,
      pskCallback: this[pskCallback],
    },
  ]);
  socket[isTold] = false;
  socket.on('secure', onSecure);
  socket.on('close', onClose);
  socket.on('_tlsError', onError);
  if (this.listenerCount('keylog') > 0) socket.on('keylog', onKey);
  if (this[hintFailure]) socket.destroy(this[hintFailure]);
  else socket._start();
}

/** @this {any} */
function onSecure() {
  if (this._requestCert) {
    const error = this._handle.verifyError();
    if (error) {
      this.authorizationError = error.code;
      if (this._rejectUnauthorized) this.destroy();
    } else this.authorized = true;
  }
  if (this.destroyed || !this._releaseControl()) return;
  this.secureConnecting = false;
  this._tlsOptions.server.emit('secureConnection', this);
}

/** It is closed before it was secure. @this {any} @param {any} hadError */
function onClose(hadError) {
  if (hadError || this._controlReleased || this[isTold]) return;
  this[isTold] = true;
  this._tlsOptions.server.emit('tlsClientError', connectionReset('socket hang up'), this);
}

/** @this {any} @param {any} error */
function onError(error) {
  if (this._controlReleased || this[isTold]) return;
  this[isTold] = true;
  this._tlsOptions.server.emit('tlsClientError', error, this);
}

/** @this {any} @param {any} line */
function onKey(line) {
  this._tlsOptions.server.emit('keylog', line, this);
}

/** @param {any} server @param {any} options */
function setSecureContext(server, options) {
  requireObject(options, 'options');
  const { pfx, key, passphrase, cert, clientCertEngine, ca, minVersion, maxVersion, secureProtocol, crl, sigalgs } = options;
  const { ciphers, ecdhCurve, dhparam, secureOptions, privateKeyIdentifier, privateKeyEngine, allowPartialTrustChain } = options;
  const { sessionTimeout, ticketKeys } = options;
  const sessionIdContext = options.sessionIdContext || ownSessionContext();
  server._sharedCreds = exported.createSecureContext({
    pfx,
    key,
    passphrase,
    cert,
    clientCertEngine,
    ca,
    minVersion,
    maxVersion,
    secureProtocol,
    crl,
    sigalgs,
    ciphers,
    ecdhCurve,
    dhparam,
    allowPartialTrustChain,
    honorCipherOrder: options.honorCipherOrder !== undefined ? !!options.honorCipherOrder : true,
    secureOptions,
    sessionIdContext,
    sessionTimeout,
    ticketKeys,
    privateKeyIdentifier,
    privateKeyEngine,
  });
}

/** The same for each run of a program. */
function ownSessionContext() {
  const hash = loadHash().createHash('sha1');
  hash.update(join(loadProcess().argv, ' '));
  return hash.digest('hex').slice(0, 32);
}

const special = regExp(/[.^$+?\-\\[\]{}]/g);

/** @type {Record<string | symbol, any>} */
const methods = {
  /** @this {any} @param {any} options */
  setSecureContext(options) {
    setSecureContext(this, options);
  },
  /** @this {any} */
  getTicketKeys() {
    return this._sharedCreds.context.getTicketKeys();
  },
  /** @this {any} @param {any} keys */
  setTicketKeys(keys) {
    if (!isView(keys)) throw invalidType('keys', ['Buffer', 'TypedArray', 'DataView'], keys);
    if (keys.byteLength !== 48) {
      throw invalidValue('keys', keys.byteLength, 'Session ticket keys must be a 48-byte buffer');
    }
    this._sharedCreds.context.setTicketKeys(bytesOf(keys));
  },
  /** @this {any} */
  _getServerData() {
    return { ticketKeys: this.getTicketKeys().toString('hex') };
  },
  /** @this {any} @param {any} data */
  _setServerData(data) {
    this.setTicketKeys(loadBuffer().Buffer.from(data.ticketKeys, 'hex'));
  },
  /** @this {any} @param {any} name @param {any} context */
  addContext(name, context) {
    if (!name) {
      throw nodeError(Error, 'ERR_TLS_REQUIRED_SERVER_NAME', '"servername" is required parameter for Server.addContext');
    }
    const { SecureContext, createSecureContext } = exported;
    const made = context instanceof SecureContext ? context : createSecureContext(context);
    const pattern = `^${replaceAll(replace(name, special, '\\$&'), '*', '[^.]*')}$`;
    push(this._contexts, { pattern: regExp(new RegExp(pattern)), context: made.context });
  },
  /** @this {any} @param {any} error @param {string} event @param {any} socket */
  [captureRejectionSymbol](error, event, socket) {
    if (event === 'secureConnection') socket.destroy(error);
    else apply(NetServer.prototype[captureRejectionSymbol], this, [error, event, socket]);
  },
};
addMethods(Server.prototype, methods);

/** @param {any} [options] @param {any} [listener] */
function createServer(options, listener) {
  return construct(/** @type {any} */ (Server), [options, listener]);
}

module.exports = { Server, createServer, takeOptions, connectionListener };
