// `node:dgram` (https://nodejs.org/api/dgram.html).
'use strict';

const { construct } = require('builtins/primordials');
const { nodeError } = require('node/errors');
const { UdpHandle } = require('node/dgram/handle');
const { Socket } = require('node/dgram/socket');

/** @param {any} type @param {any} [listener] */
function createSocket(type, listener) {
  return construct(/** @type {any} */ (Socket), [type, listener]);
}

/**
 * What older programs share between processes: a bound handle, or the error's number.
 * @param {any} address @param {any} port @param {any} addressType @param {any} fd @param {any} flags
 */
function _createSocketHandle(address, port, addressType, fd, flags) {
  if (addressType !== 'udp4' && addressType !== 'udp6') {
    throw nodeError(TypeError, 'ERR_SOCKET_BAD_TYPE', 'Bad socket type specified. Valid types are: udp4, udp6');
  }
  const handle = new UdpHandle(addressType === 'udp4' ? 4 : 6);
  let errno = 0;
  if (typeof fd === 'number' && fd > 0) errno = handle.open(fd);
  else if (port || address) errno = handle.bind(address || (addressType === 'udp4' ? '0.0.0.0' : '::'), port || 0, flags | 0);
  if (errno !== 0) {
    handle.close();
    return errno;
  }
  return handle;
}

module.exports = { _createSocketHandle, createSocket, Socket };
