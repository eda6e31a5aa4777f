// Errors with a `code` that programs compare, as Node's have (https://nodejs.org/api/errors.html#errorcode): the stack begins with
// `TypeError [ERR_X]: message`, while `name` and `message` stay what they are.
'use strict';

const { construct, defineProperty, slice, startsWith, stringIncludes, stringIndexOf } = require('builtins/primordials');

// Files that only make errors: their frames say nothing about the program.
const makers = ['builtins/coded_error:', 'builtins/webidl:', 'errors:', 'arguments:'];

/**
 * An error of this class and message with the code; the caller throws it.
 * @param {ErrorConstructor} Class
 * @param {string} code
 * @param {string} message
 * @param {ErrorOptions} [options]
 * @returns {any}
 */
function codedError(Class, code, message, options) {
  /** @type {any} */
  const error = construct(Class, options === undefined ? [message] : [message, options]);
  const stack = `${error.name} [${code}]: ${message}${framesOf(error)}`;
  const descriptor = { __proto__: null, value: stack, writable: true, enumerable: false, configurable: true };
  defineProperty(error, 'stack', /** @type {any} */ (descriptor));
  error.code = code;
  // Node's errors say their code as text, too.
  defineProperty(error, 'toString', /** @type {any} */ ({ __proto__: null, value: codedText, writable: true, configurable: true }));
  return error;
}

/** @this {any} */
function codedText() {
  return `${this.name} [${this.code}]: ${this.message}`;
}

/**
 * The frames of an error from the first that is not the maker's, each on a line of its own.
 * @param {Error} error
 */
function framesOf(error) {
  const stack = `${error.stack}`;
  const header = `${error.name}: ${error.message}`;
  let frames = startsWith(stack, header) ? slice(stack, header.length) : '';
  for (;;) {
    const next = stringIndexOf(frames, '\n', 1);
    if (next === -1 || !isOfMaker(slice(frames, 0, next))) return frames;
    frames = slice(frames, next);
  }
}

/** @param {string} frame */
function isOfMaker(frame) {
  for (let index = 0; index < makers.length; index += 1) {
    if (stringIncludes(frame, `node:internal/${makers[index]}`)) return true;
  }
  return false;
}

module.exports = { codedError };
