// Errors of `node:tls` that more than one of its files throws.
'use strict';

const { nodeError } = require('node/errors');
const { replaceAll, toUpperCase } = require('builtins/primordials');

const EPROTO = -71;

/**
 * What OpenSSL gave up with, as Node shows it.
 * @param {string} message @param {string | undefined} library @param {string | undefined} routine @param {string | undefined} reason
 * @param {boolean} isWrite something was to be written, which could not be
 */
function fault(message, library, routine, reason, isWrite) {
  /** @type {any} */
  const error = new Error(isWrite ? `write EPROTO ${message}` : message);
  if (isWrite) {
    error.errno = EPROTO;
    error.code = 'EPROTO';
    error.syscall = 'write';
    return error;
  }
  if (library !== undefined) error.library = library;
  if (routine !== undefined) error.function = routine;
  if (reason !== undefined) {
    error.reason = reason;
    error.code = `ERR_SSL_${replaceAll(toUpperCase(reason), ' ', '_')}`;
  }
  return error;
}

/** @param {string} message */
const connectionReset = (message) => nodeError(Error, 'ECONNRESET', message);
const handshakeTimeout = () => nodeError(Error, 'ERR_TLS_HANDSHAKE_TIMEOUT', 'TLS handshake timeout');
const calledTwice = () => nodeError(Error, 'ERR_MULTIPLE_CALLBACK', 'Callback called multiple times');
const noContext = () => nodeError(TypeError, 'ERR_TLS_INVALID_CONTEXT', 'Invalid SNI context');

module.exports = { calledTwice, connectionReset, fault, handshakeTimeout, noContext };
