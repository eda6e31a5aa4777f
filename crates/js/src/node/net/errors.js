// Errors of `node:net` that more than one of its files throws.
'use strict';

const { nodeError } = require('node/errors');
const { isInteger, trim } = require('builtins/primordials');
const loadInspect = () => require('builtins/inspect/inspect');

const socketClosed = () => nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed');
const closedBeforeConnection = () =>
  nodeError(Error, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'Socket closed before the connection was established');
/** @param {any} address */
const invalidAddress = (address) => nodeError(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${address}`);
/** @param {string} address */
const blocked = (address) => nodeError(Error, 'ERR_IP_BLOCKED', `IP(${address}) is blocked by net.BlockList`);

/** What was given, as Node's messages tell it. @param {any} value */
function received(value) {
  if (typeof value === 'string') return `type string (${loadInspect().inspect(value)})`;
  if (typeof value === 'object' && value !== null) return `an instance of ${value.constructor?.name ?? 'Object'}`;
  if (value === undefined || value === null) return `${value}`;
  return `type ${typeof value} (${loadInspect().inspect(value)})`;
}

/** A port as a number. @param {any} port @param {string} name @param {boolean} [allowsZero] @returns {number} */
function toPort(port, name, allowsZero = true) {
  const isText = typeof port === 'string' && trim(port) !== '';
  const number = typeof port === 'number' || isText ? +port : Number.NaN;
  if (!isInteger(number) || number < 0 || number > 65535 || (number === 0 && !allowsZero)) {
    const operator = allowsZero ? '>=' : '>';
    const message = `${name} should be ${operator} 0 and < 65536. Received ${received(port)}.`;
    throw nodeError(RangeError, 'ERR_SOCKET_BAD_PORT', message);
  }
  return number;
}

module.exports = { blocked, closedBeforeConnection, invalidAddress, socketClosed, toPort };
