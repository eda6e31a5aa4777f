// Errors of `node:net` that more than one of its files throws.
'use strict';

const { nodeError } = require('node/errors');

const socketClosed = () => nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed');
const closedBeforeConnection = () =>
  nodeError(Error, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'Socket closed before the connection was established');
/** @param {any} address */
const invalidAddress = (address) => nodeError(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${address}`);
/** @param {string} address */
const blocked = (address) => nodeError(Error, 'ERR_IP_BLOCKED', `IP(${address}) is blocked by net.BlockList`);

module.exports = { blocked, closedBeforeConnection, invalidAddress, socketClosed };
