// `node:tls` (https://nodejs.org/api/tls.html): connections are in `socket`, `connecting` and `server`, what they are made of in `context`.
'use strict';

const { named } = require('node/absent');
const { getCACertificates, rootCertificates, setDefaultCACertificates } = require('node/tls/authorities');
const { connect } = require('node/tls/connecting');
const { checkServerIdentity } = require('node/tls/identity');
const { convertALPNProtocols } = require('node/tls/protocols');
const { Server, createServer } = require('node/tls/server');
const { TLSSocket } = require('node/tls/socket');
const exported = require('node/tls/exported');
const { arraySlice, assign, defineProperty, map, sort, toLowerCase } = require('builtins/primordials');
const { tlsCiphers } = ops;

/** @type {string[] | undefined} */
let ciphers;

function getCiphers() {
  ciphers ??= sort(map(tlsCiphers(), (name) => toLowerCase(name)));
  return arraySlice(ciphers, 0);
}

module.exports = assign(exported, {
  getCiphers,
  /** OpenSSL is built without the coders that this would need. @returns {string[]} */
  getCertificateCompressionAlgorithms: () => [],
  getCACertificates: named(getCACertificates, 'getCACertificates', 0),
  setDefaultCACertificates,
  convertALPNProtocols,
  checkServerIdentity,
  createSecureContext: exported.createSecureContext,
  SecureContext: exported.SecureContext,
  TLSSocket: named(TLSSocket, 'TLSSocket', 2),
  Server: named(Server, 'Server', 2),
  createServer,
  connect: named(connect, 'connect', 0),
});

// A hundred and fifty certificates, which nearly no program asks for.
defineProperty(module.exports, 'rootCertificates', { get: rootCertificates, enumerable: true, configurable: false });
