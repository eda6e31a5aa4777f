// `node:tls` (https://nodejs.org/api/tls.html): what is known without a connection. Sockets and servers are not there yet, and say so.
'use strict';

const { nodeError } = require('node/errors');
const { absent, absentClass, absentFunction, named } = require('node/absent');
const { checkServerIdentity } = require('node/tls/identity');
const EventEmitter = /** @type {any} */ (require('node/events/events'));
const { bytesOf } = require('builtins/webidl');
const { apply, defineProperty, isArray, isView, push, setPrototypeOf } = require('builtins/primordials');
const { prototype: emitter } = EventEmitter;
const loadBuffer = () => require('node/buffer/buffer');

/** Names in the form of RFC 7301: each behind its length. @param {string[]} protocols */
function packedProtocols(protocols) {
  const { Buffer } = loadBuffer();
  /** @type {any[]} */
  const parts = [];
  for (let index = 0; index < protocols.length; index += 1) {
    const name = Buffer.from(protocols[index]);
    if (name.length > 255) {
      const message = `The byte length of the protocol at index ${index} exceeds the maximum length. It must be <= 255. Received ${name.length}`;
      throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', message);
    }
    push(parts, Buffer.from([name.length]), name);
  }
  return Buffer.concat(parts);
}

/** @param {any} protocols @param {any} out */
function convertALPNProtocols(protocols, out) {
  if (isArray(protocols)) out.ALPNProtocols = packedProtocols(protocols);
  else if (isView(protocols)) out.ALPNProtocols = loadBuffer().Buffer.from(bytesOf(protocols));
}

/** What a TLSSocket over a stream that is no socket writes to; packages take its class from there. */
class JSStreamSocket {
  /** @param {any} stream */
  constructor(stream) {
    this.stream = stream;
  }
}

/** Over a stream there is no connection yet, so one can be made; whatever needs a connection is refused. @this {any} @param {any} socket */
function TLSSocket(socket) {
  if (!new.target || typeof socket?.pipe !== 'function') throw absent('tls.TLSSocket');
  apply(EventEmitter, this, []);
  defineProperty(this, '_handle', { value: { _parentWrap: new JSStreamSocket(socket) }, writable: true, configurable: true });
}
setPrototypeOf(TLSSocket.prototype, emitter);
named(TLSSocket, 'TLSSocket', 2);
const refused = [
  'connect',
  'destroy',
  'end',
  'pause',
  'pipe',
  'read',
  'resume',
  'write',
  'getPeerCertificate',
  'getCipher',
  'renegotiate',
  'setKeyCert',
];
for (let index = 0; index < refused.length; index += 1) {
  defineProperty(TLSSocket.prototype, refused[index], {
    value: absentFunction('tls.TLSSocket', refused[index]),
    writable: true,
    configurable: true,
  });
}

module.exports = {
  CLIENT_RENEG_LIMIT: 3,
  CLIENT_RENEG_WINDOW: 600,
  DEFAULT_CIPHERS:
    'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:' +
    'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384',
  DEFAULT_ECDH_CURVE: 'auto',
  DEFAULT_MIN_VERSION: 'TLSv1.2',
  DEFAULT_MAX_VERSION: 'TLSv1.3',
  getCiphers: absentFunction('tls', 'getCiphers'),
  getCertificateCompressionAlgorithms: absentFunction('tls', 'getCertificateCompressionAlgorithms'),
  rootCertificates: [],
  getCACertificates: absentFunction('tls', 'getCACertificates'),
  setDefaultCACertificates: absentFunction('tls', 'setDefaultCACertificates', 1),
  convertALPNProtocols,
  checkServerIdentity,
  createSecureContext: absentFunction('tls', 'createSecureContext', 1),
  SecureContext: absentClass('tls', 'SecureContext', 4),
  TLSSocket,
  Server: absentClass('tls', 'Server', 2, emitter),
  createServer: absentFunction('tls', 'createServer', 2),
  connect: absentFunction('tls', 'connect'),
};
