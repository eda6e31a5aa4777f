// Codes of errors (https://nodejs.org/api/dns.html#error-codes), and the errors themselves.
'use strict';

const { isDenied, nodeError } = require('node/errors');
const { assign } = require('builtins/primordials');
const loadSystemErrors = () => require('node/util/system_errors');

const codes = {
  NODATA: 'ENODATA',
  FORMERR: 'EFORMERR',
  SERVFAIL: 'ESERVFAIL',
  NOTFOUND: 'ENOTFOUND',
  NOTIMP: 'ENOTIMP',
  REFUSED: 'EREFUSED',
  BADQUERY: 'EBADQUERY',
  BADNAME: 'EBADNAME',
  BADFAMILY: 'EBADFAMILY',
  BADRESP: 'EBADRESP',
  CONNREFUSED: 'ECONNREFUSED',
  TIMEOUT: 'ETIMEOUT',
  EOF: 'EOF',
  FILE: 'EFILE',
  NOMEM: 'ENOMEM',
  DESTRUCTION: 'EDESTRUCTION',
  BADSTR: 'EBADSTR',
  BADFLAGS: 'EBADFLAGS',
  NONAME: 'ENONAME',
  BADHINTS: 'EBADHINTS',
  NOTINITIALIZED: 'ENOTINITIALIZED',
  LOADIPHLPAPI: 'ELOADIPHLPAPI',
  ADDRGETNETWORKPARAMS: 'EADDRGETNETWORKPARAMS',
  CANCELLED: 'ECANCELLED',
};

/** @param {any} failure an error of an operation @param {string} syscall @param {string} hostname */
function dnsError(failure, syscall, hostname) {
  const { errno } = failure;
  if (isDenied(failure)) return queryError(failure.code, syscall, hostname);
  // No name and no data are one thing to Node.
  const name = loadSystemErrors().getSystemErrorName(errno);
  const code = name === 'EAI_NODATA' || name === 'EAI_NONAME' ? 'ENOTFOUND' : name;
  const error = /** @type {any} */ (new Error(`${syscall} ${code}${hostname ? ` ${hostname}` : ''}`));
  return assign(error, hostname ? { errno, code, syscall, hostname } : { errno, code, syscall });
}

/** What a name server refused. @param {string} code c-ares' @param {string} syscall `queryA` @param {string} hostname */
function queryError(code, syscall, hostname) {
  const error = /** @type {any} */ (new Error(`${syscall} ${code}${hostname ? ` ${hostname}` : ''}`));
  return assign(error, { errno: undefined, code, syscall, hostname });
}

/** @param {any} address */
const invalidAddress = (address) => nodeError(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${address}`);

module.exports = { codes, dnsError, invalidAddress, queryError };
