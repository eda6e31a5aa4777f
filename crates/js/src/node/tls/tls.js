// `node:tls` (https://nodejs.org/api/tls.html): what is known without a connection. Sockets and servers are not there yet, and say so.
'use strict';

const { nodeError } = require('node/errors');
const { absentClass, absentFunction } = require('node/absent');
const { checkServerIdentity } = require('node/tls/identity');
const { prototype: emitter } = require('node/events/events');
const { bytesOf } = require('builtins/webidl');
const { isArray, isView, push } = require('builtins/primordials');
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
  TLSSocket: absentClass('tls', 'TLSSocket', 2, emitter),
  Server: absentClass('tls', 'Server', 2, emitter),
  createServer: absentFunction('tls', 'createServer', 2),
  connect: absentFunction('tls', 'connect'),
};
