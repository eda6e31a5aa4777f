// Errors of child processes, with Node's codes.
'use strict';

const { nodeError } = require('node/errors');
const { assign, join } = require('builtins/primordials');

/**
 * What the system said, as Node tells it: `spawn ls ENOENT`.
 * @param {any} failure an error of an operation @param {string} syscall @param {Record<string, any>} [more]
 */
function systemError(failure, syscall, more = {}) {
  const error = /** @type {any} */ (new Error(`${syscall} ${failure.code}`));
  return assign(error, { errno: failure.errno, code: failure.code, syscall }, more);
}

/** @param {string} name */
const tooMuchOutput = (name) => nodeError(RangeError, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER', `${name} maxBuffer length exceeded`);

const channelClosed = () => nodeError(Error, 'ERR_IPC_CHANNEL_CLOSED', 'Channel closed');
const disconnected = () => nodeError(Error, 'ERR_IPC_DISCONNECTED', 'IPC channel is already disconnected');
const secondChannel = () => nodeError(Error, 'ERR_IPC_ONE_PIPE', 'Child process can have only one IPC pipe');
const channelOfSync = () => nodeError(Error, 'ERR_IPC_SYNC_FORK', 'IPC cannot be used with synchronous forks');
const unknownHandle = () => nodeError(TypeError, 'ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent');
/** @param {string} name */
const channelRequired = (name) =>
  nodeError(Error, 'ERR_CHILD_PROCESS_IPC_REQUIRED', `Forked processes must have an IPC channel, missing value 'ipc' in ${name}`);

/** The error of a command that was run to its end; undefined when it did well. @param {any} result @param {string[] | undefined} args @param {string} [command] */
function commandError(result, args, command) {
  if (result.error !== undefined) return assign(result.error, result);
  if (result.status === 0) return undefined;
  let message = `Command failed: ${command ?? join(/** @type {string[]} */ (args), ' ')}`;
  if (result.stderr !== null && result.stderr.length > 0) message += `\n${result.stderr.toString()}`;
  return assign(/** @type {any} */ (new Error(message)), result);
}

module.exports = {
  channelClosed,
  channelOfSync,
  channelRequired,
  commandError,
  disconnected,
  secondChannel,
  systemError,
  tooMuchOutput,
  unknownHandle,
};
