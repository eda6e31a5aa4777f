// `node:net` (https://nodejs.org/api/net.html).
'use strict';

const { construct, max } = require('builtins/primordials');
const { requireBoolean, requireInteger } = require('node/arguments');
const { isIP, isIPv4, isIPv6 } = require('node/net/addresses');
const { BlockList } = require('node/net/block_list');
const { normalized } = require('node/net/connecting');
const families = require('node/net/families');
const { createServerHandle, Server } = require('node/net/server');
const { Socket } = require('node/net/socket');
const { SocketAddress } = require('node/net/socket_address');

/** @param {any[]} given */
function connect(...given) {
  const pair = normalized(given);
  const options = pair[0];
  const socket = construct(Socket, [options]);
  if (options.timeout) socket.setTimeout(options.timeout);
  return socket.connect(pair);
}

module.exports = {
  /** @param {any} address @param {any} port @param {any} _addressType @param {any} fd @param {any} [flags] */
  _createServerHandle: (address, port, _addressType, fd, flags) => createServerHandle(address, port, fd, flags | 0),
  _normalizeArgs: normalized,
  BlockList,
  SocketAddress,
  connect,
  createConnection: connect,
  /** @param {any} [options] @param {any} [listener] */
  createServer: function createServer(options, listener) {
    return construct(Server, [options, listener]);
  },
  /** @param {any} input */
  isIP: (input) => isIP(input),
  /** @param {any} input */
  isIPv4: (input) => isIPv4(input),
  /** @param {any} input */
  isIPv6: (input) => isIPv6(input),
  Server,
  Socket,
  Stream: Socket,
  getDefaultAutoSelectFamily: () => families.selects,
  /** @param {boolean} value */
  setDefaultAutoSelectFamily(value) {
    requireBoolean(value, 'value');
    families.selects = value;
  },
  getDefaultAutoSelectFamilyAttemptTimeout: () => families.attemptTimeout,
  /** @param {number} value in milliseconds; Node takes no less than 10 */
  setDefaultAutoSelectFamilyAttemptTimeout(value) {
    requireInteger(value, 'value', 1);
    families.attemptTimeout = max(value, 10);
  },
};
