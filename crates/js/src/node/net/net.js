// `node:net` (https://nodejs.org/api/net.html): what is known without sockets. Sockets and servers are not there yet, and say so.
'use strict';

const { requireBoolean, requireInteger } = require('node/arguments');
const { absentClass, absentFunction } = require('node/absent');
const { isIP, isIPv4, isIPv6 } = require('node/net/addresses');
const { BlockList } = require('node/net/block_list');
const { SocketAddress } = require('node/net/socket_address');
const { max } = require('builtins/primordials');
const { prototype: emitter } = require('node/events/events');

let selectsFamily = true;
let attemptTimeout = 250;

const Socket = absentClass('net', 'Socket', 1, emitter);
const connect = absentFunction('net', 'connect');
module.exports = {
  BlockList,
  SocketAddress,
  connect,
  createConnection: connect,
  createServer: absentFunction('net', 'createServer', 2),
  /** @param {any} input */
  isIP: (input) => isIP(input),
  /** @param {any} input */
  isIPv4: (input) => isIPv4(input),
  /** @param {any} input */
  isIPv6: (input) => isIPv6(input),
  Server: absentClass('net', 'Server', 2, emitter),
  Socket,
  Stream: Socket,
  getDefaultAutoSelectFamily: () => selectsFamily,
  /** @param {boolean} value */
  setDefaultAutoSelectFamily(value) {
    requireBoolean(value, 'value');
    selectsFamily = value;
  },
  getDefaultAutoSelectFamilyAttemptTimeout: () => attemptTimeout,
  /** @param {number} value in milliseconds; Node takes no less than 10 */
  setDefaultAutoSelectFamilyAttemptTimeout(value) {
    requireInteger(value, 'value', 1);
    attemptTimeout = max(value, 10);
  },
};
