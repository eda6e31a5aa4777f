// Node's own errors (https://nodejs.org/api/errors.html#nodejs-error-codes): each function makes one, and the caller throws it.
'use strict';

const { codedError } = require('builtins/coded_error');
const { invalidType, listed } = require('builtins/invalid_type');
const { isInteger, push, regExp, replace, slice, stringIncludes } = require('builtins/primordials');
const loadInspect = () => require('builtins/inspect/inspect');

const thousands = regExp(/\B(?=(?:\d{3})+$)/g);

/** @param {string} name @param {any} value @param {string} [reason] @param {any} [Class] `RangeError` where Node has it so */
function invalidValue(name, value, reason = 'is invalid', Class = TypeError) {
  const shown = loadInspect().inspect(value);
  const short = shown.length > 128 ? `${slice(shown, 0, 128)}...` : shown;
  const message = `The ${stringIncludes(name, '.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${short}`;
  return codedError(Class, 'ERR_INVALID_ARG_VALUE', message);
}

/**
 * Large integers are shown with separators, as Node does.
 * @param {any} value
 */
function shownNumber(value) {
  if (typeof value === 'bigint') {
    const isLarge = value > 2n ** 32n || value < -(2n ** 32n);
    return `${isLarge ? replace(`${value}`, thousands, '_') : value}n`;
  }
  if (isInteger(value) && (value > 2 ** 32 || value < -(2 ** 32))) return replace(`${value}`, thousands, '_');
  return loadInspect().inspect(value);
}

/** @param {string} name @param {string} range `>= 0 && <= 10` @param {any} value */
function outOfRange(name, range, value) {
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${shownNumber(value)}`;
  return codedError(RangeError, 'ERR_OUT_OF_RANGE', message);
}

/** @param {...string} names */
function missingArguments(...names) {
  /** @type {string[]} */
  const quoted = [];
  for (let index = 0; index < names.length; index += 1) push(quoted, `"${names[index]}"`);
  const message = `The ${listed(quoted, 'and')} argument${names.length > 1 ? 's' : ''} must be specified`;
  return codedError(TypeError, 'ERR_MISSING_ARGS', message);
}

/** @param {any} name */
function unknownEncoding(name) {
  const shown = typeof name === 'object' && name !== null ? loadInspect().inspect(name, { depth: 0 }) : String(name);
  return codedError(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${shown}`);
}

/** @param {any} name */
function unknownSignal(name) {
  return codedError(TypeError, 'ERR_UNKNOWN_SIGNAL', `Unknown signal: ${String(name)}`);
}

/** What an AbortSignal stopped. @param {any} signal */
function aborted(signal) {
  const error = /** @type {any} */ (new Error('The operation was aborted', signal === undefined ? undefined : { cause: signal.reason }));
  error.code = 'ABORT_ERR';
  error.name = 'AbortError';
  return error;
}

/** @param {any} reason what a promise was rejected with instead of an error */
function falsyRejection(reason) {
  const error = codedError(Error, 'ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with falsy value');
  error.reason = reason;
  return error;
}

/** An `error` event without a listener. @param {any} value */
function unhandledError(value) {
  let shown = '';
  try {
    shown = loadInspect().inspect(value);
  } catch {
    shown = `${value}`;
  }
  const error = codedError(Error, 'ERR_UNHANDLED_ERROR', `Unhandled error. (${shown})`);
  error.context = value;
  return error;
}

/** @param {string} [name] */
function outsideOfBuffer(name) {
  const message = name === undefined ? 'Attempt to access memory outside buffer bounds' : `"${name}" is outside of buffer bounds`;
  return codedError(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', message);
}

/**
 * What the system refused, as Node shows it.
 * @param {string} syscall @param {number} number the error's, negative @param {string} code `ESRCH` @param {string} text
 */
function systemError(syscall, number, code, text) {
  const error = codedError(Error, 'ERR_SYSTEM_ERROR', `A system error occurred: ${syscall} returned ${code} (${text})`);
  error.name = 'SystemError';
  error.info = { errno: number, code, message: text, syscall };
  error.errno = number;
  error.syscall = syscall;
  return error;
}

/** @param {string} name */
function notImplemented(name) {
  return codedError(Error, 'ERR_METHOD_NOT_IMPLEMENTED', `The ${name} method is not implemented`);
}

/** Whether the program may not do it (`--permission`). @param {any} error */
function isDenied(error) {
  return error?.code === 'ERR_ACCESS_DENIED';
}

module.exports = {
  aborted,
  falsyRejection,
  invalidType,
  invalidValue,
  isDenied,
  missingArguments,
  nodeError: codedError,
  notImplemented,
  outOfRange,
  outsideOfBuffer,
  systemError,
  unhandledError,
  unknownEncoding,
  unknownSignal,
};
