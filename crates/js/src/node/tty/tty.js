// `node:tty` (https://nodejs.org/api/tty.html): which descriptors are terminals, and the classes of streams over them.
'use strict';

const { nodeError } = require('node/errors');
const { absent, named } = require('node/absent');
const { construct, isInteger } = require('builtins/primordials');
const { TerminalOutput } = require('node/process/stdout');
const { isTerminalDescriptor } = ops;
const loadStdin = () => require('node/process/stdin');

/** @param {any} descriptor */
function isatty(descriptor) {
  return isInteger(descriptor) && descriptor >= 0 && descriptor <= 2147483647 && isTerminalDescriptor(descriptor);
}

/** @param {any} descriptor */
function requireTerminal(descriptor) {
  if (!isInteger(descriptor) || descriptor < 0 || descriptor > 2147483647) {
    throw nodeError(RangeError, 'ERR_INVALID_FD', `"fd" must be a positive integer: ${descriptor}`);
  }
  if (isTerminalDescriptor(descriptor)) return;
  const message = 'TTY initialization failed: uv_tty_init returned EINVAL (invalid argument)';
  const error = nodeError(Error, 'ERR_TTY_INIT_FAILED', message);
  error.name = 'SystemError';
  error.info = { errno: -22, code: 'EINVAL', message: 'invalid argument', syscall: 'uv_tty_init' };
  error.errno = -22;
  error.syscall = 'uv_tty_init';
  throw error;
}

/** Over a descriptor of the process's own; `process.stdout` is one. @param {any} descriptor @returns {any} */
function WriteStream(descriptor) {
  requireTerminal(descriptor);
  if (descriptor !== 1 && descriptor !== 2) throw absent(`tty.WriteStream over the descriptor ${descriptor}`);
  return construct(TerminalOutput, [descriptor], new.target ?? WriteStream);
}
WriteStream.prototype = TerminalOutput.prototype;

/** @param {any} descriptor @returns {any} */
function ReadStream(descriptor) {
  requireTerminal(descriptor);
  if (descriptor !== 0) throw absent(`tty.ReadStream over the descriptor ${descriptor}`);
  return loadStdin().inputStream();
}

module.exports = { isatty, ReadStream: named(ReadStream, 'ReadStream', 2), WriteStream: named(WriteStream, 'WriteStream', 1) };
