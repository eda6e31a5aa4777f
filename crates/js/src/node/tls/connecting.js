// `tls.connect` (https://nodejs.org/api/tls.html#tlsconnectoptions-callback): a socket that has said hello, and who is checked when the other end answers.
'use strict';

const { requireFunction, requireNumber } = require('node/arguments');
const { invalidValue, nodeError } = require('node/errors');
const { construct } = require('builtins/primordials');
const { isIP } = require('node/net/addresses');
const { normalized } = require('node/net/connecting');
const { emitWarning } = require('node/process/warnings');
const exported = require('node/tls/exported');
const { connectionReset } = require('node/tls/errors');
const { TLSSocket, asked, verified } = require('node/tls/socket');
const loadProcess = () => /** @type {any} */ (require('node/process/process')).process;

let hasWarnedOfTrust = false;

function allowsUnauthorized() {
  const allows = loadProcess().env.NODE_TLS_REJECT_UNAUTHORIZED === '0';
  if (allows && !hasWarnedOfTrust) {
    hasWarnedOfTrust = true;
    emitWarning(
      "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS connections and HTTPS requests insecure by disabling certificate verification.",
    );
  }
  return allows;
}

/** @param {any[]} given @returns {[options: any, callback: any]} */
function argumentsOf(given) {
  const [first, callback] = [...normalized(given)];
  // Options may follow the port, or the port and the host.
  const more = given[1] !== null && typeof given[1] === 'object' ? given[1] : given[2];
  const isMore = more !== null && typeof more === 'object';
  return [isMore ? { ...first, ...more } : first, callback];
}

/** @param {any[]} given */
function connect(...given) {
  const pair = argumentsOf(given);
  const callback = pair[1];
  const options = {
    rejectUnauthorized: !allowsUnauthorized(),
    ciphers: exported.DEFAULT_CIPHERS,
    checkServerIdentity: exported.checkServerIdentity,
    minDHSize: 1024,
    ...pair[0],
  };
  if (!options.keepAlive) options.singleUse = true;
  requireFunction(options.checkServerIdentity, 'options.checkServerIdentity');
  requireNumber(options.minDHSize, 'options.minDHSize', 1);
  // RFC 6066 knows names alone.
  if (options.servername && isIP(options.servername)) {
    throw invalidValue('options.servername', options.servername, 'Setting the TLS ServerName to an IP address is not permitted');
  }
  const secureContext = options.secureContext || exported.createSecureContext(options);
  const { socket: below } = options;
  const socket = construct(/** @type {any} */ (TLSSocket), [
    below,
    {
      allowHalfOpen: below ? below.allowHalfOpen : !!options.allowHalfOpen,
      pipe: !!options.path,
      secureContext,
      isServer: false,
      requestCert: true,
      rejectUnauthorized: options.rejectUnauthorized !== false,
      session: options.session,
      ALPNProtocols: options.ALPNProtocols,
      requestOCSP: options.requestOCSP,
      enableTrace: options.enableTrace,
      pskCallback: options.pskCallback,
      highWaterMark: options.highWaterMark,
      onread: options.onread,
      signal: options.signal,
    },
  ]);
  options.rejectUnauthorized = options.rejectUnauthorized !== false;
  socket[asked] = options;
  if (callback) socket.once('secureConnect', callback);
  if (!below) {
    // Whoever gives a socket sees to its times and its connection.
    if (options.timeout) socket.setTimeout(options.timeout);
    socket.connect(options, socket._start);
  }
  socket._releaseControl();
  if (options.session) socket.setSession(options.session);
  if (options.servername) {
    socket.setServername(options.servername);
  }
  if (below) socket._start();
  socket.on('secure', onSecure);
  socket.prependListener('end', onEnd);
  return socket;
}

/** The handshake is done: is it whom it was to be? @this {any} */
function onSecure() {
  const options = this[asked];
  const key = this.getEphemeralKeyInfo();
  if (key?.type === 'DH' && key.size < options.minDHSize) {
    const message = `DH parameter size ${key.size} is less than ${options.minDHSize}`;
    this.emit('error', nodeError(Error, 'ERR_TLS_DH_PARAM_SIZE', message));
    this.destroy();
    return;
  }
  let error = this._handle.verifyError();
  // A session of ours was checked when it began.
  if (!error && !this.isSessionReused()) {
    const certificate = this.getPeerCertificate(true);
    error = options.checkServerIdentity(hostOf(options), certificate);
  }
  if (error) {
    this.authorized = false;
    this.authorizationError = error.code || error.message;
    // It may have been set to undefined, which is no.
    if (options.rejectUnauthorized !== false) {
      this.destroy(error);
      return;
    }
  } else this.authorized = true;
  this.secureConnecting = false;
  this.emit('secureConnect');
  verified(this);
  this.removeListener('end', onEnd);
}

/** @param {any} options */
function hostOf(options) {
  return options.servername || options.host || options.socket?._host || 'localhost';
}

/** The end came before the handshake was done. @this {any} */
function onEnd() {
  if (this._hadError) return;
  const options = this[asked];
  this._hadError = true;
  const error = connectionReset('Client network socket disconnected before secure TLS connection was established');
  error.path = options.path;
  error.host = options.host;
  error.port = options.port;
  error.localAddress = options.localAddress;
  this.destroy(error);
}

module.exports = { connect };
