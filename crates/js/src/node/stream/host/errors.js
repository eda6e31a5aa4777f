// The errors of streams (https://nodejs.org/api/errors.html#nodejs-error-codes), as the package readable-stream takes them: each name is a
// function that makes the error, with `new` or without.
'use strict';

const { codedError } = require('builtins/coded_error');
const { isArray, push } = require('builtins/primordials');
const errors = require('node/errors');

/** @param {ErrorConstructor} Class @param {string} code @param {(...given: any[]) => string} message */
function made(Class, code, message) {
  return /** @param {any[]} given */ function NodeError(...given) {
    return codedError(Class, code, message(...given));
  };
}

const codes = {
  ERR_ILLEGAL_CONSTRUCTOR: made(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', () => 'Illegal constructor'),
  /** @param {string} name @param {string | string[]} expected @param {any} value */
  ERR_INVALID_ARG_TYPE: function NodeError(name, expected, value) {
    return errors.invalidType(name, expected, value);
  },
  /** @param {string} name @param {any} value @param {string} [reason] */
  ERR_INVALID_ARG_VALUE: function NodeError(name, value, reason) {
    return errors.invalidValue(name, value, reason);
  },
  ERR_INVALID_RETURN_VALUE: made(TypeError, 'ERR_INVALID_RETURN_VALUE', (wanted, name, value) => {
    const kind = value?.constructor?.name ? `an instance of ${value.constructor.name}` : `type ${typeof value}`;
    return `Expected ${wanted} to be returned from the "${name}" function but got ${kind}.`;
  }),
  /** @param {string[]} names */
  ERR_MISSING_ARGS: function NodeError(...names) {
    return errors.missingArguments(...names);
  },
  ERR_MULTIPLE_CALLBACK: made(Error, 'ERR_MULTIPLE_CALLBACK', () => 'Callback called multiple times'),
  /** @param {string} name */
  ERR_METHOD_NOT_IMPLEMENTED: function NodeError(name) {
    return errors.notImplemented(name);
  },
  /** @param {string} name @param {string} range @param {any} value */
  ERR_OUT_OF_RANGE: function NodeError(name, range, value) {
    return errors.outOfRange(name, range, value);
  },
  ERR_SOCKET_BAD_PORT: made(
    RangeError,
    'ERR_SOCKET_BAD_PORT',
    (name, port, allowsZero) => `${name} should be ${allowsZero ? '>=' : '>'} 0 and < 65536. Received ${port}.`,
  ),
  ERR_STREAM_ALREADY_FINISHED: made(Error, 'ERR_STREAM_ALREADY_FINISHED', (name) => `Cannot call ${name} after a stream was finished`),
  ERR_STREAM_CANNOT_PIPE: made(Error, 'ERR_STREAM_CANNOT_PIPE', () => 'Cannot pipe, not readable'),
  ERR_STREAM_DESTROYED: made(Error, 'ERR_STREAM_DESTROYED', (name) => `Cannot call ${name} after a stream was destroyed`),
  ERR_STREAM_NULL_VALUES: made(TypeError, 'ERR_STREAM_NULL_VALUES', () => 'May not write null values to stream'),
  ERR_STREAM_PREMATURE_CLOSE: made(Error, 'ERR_STREAM_PREMATURE_CLOSE', () => 'Premature close'),
  ERR_STREAM_PUSH_AFTER_EOF: made(Error, 'ERR_STREAM_PUSH_AFTER_EOF', () => 'stream.push() after EOF'),
  ERR_STREAM_UNSHIFT_AFTER_END_EVENT: made(Error, 'ERR_STREAM_UNSHIFT_AFTER_END_EVENT', () => 'stream.unshift() after end event'),
  ERR_STREAM_WRITE_AFTER_END: made(Error, 'ERR_STREAM_WRITE_AFTER_END', () => 'write after end'),
  /** @param {any} name */
  ERR_UNKNOWN_ENCODING: function NodeError(name) {
    return errors.unknownEncoding(name);
  },
  /** @param {any} name */
  ERR_UNKNOWN_SIGNAL: function NodeError(name) {
    return errors.unknownSignal(name);
  },
};

class AbortError extends Error {
  /** @param {string} [message] @param {any} [options] */
  constructor(message = 'The operation was aborted', options) {
    if (options !== undefined && typeof options !== 'object') throw errors.invalidType('options', 'Object', options);
    super(message, options);
    this.code = 'ABORT_ERR';
    this.name = 'AbortError';
  }
}

/** @param {any} inner @param {any} outer */
function aggregateTwoErrors(inner, outer) {
  if (!inner || !outer || inner === outer) return inner || outer;
  if (isArray(outer.errors)) {
    push(outer.errors, inner);
    return outer;
  }
  const error = /** @type {any} */ (new AggregateError([outer, inner], outer.message));
  error.code = outer.code;
  return error;
}

module.exports = { AbortError, aggregateTwoErrors, codes, hideStackFrames: (/** @type {Function} */ method) => method };
