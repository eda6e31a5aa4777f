// `process.stdout` and `process.stderr` (https://nodejs.org/api/process.html#processstdout): writable streams whose writes are done when they
// return, and what a terminal can do beside.
'use strict';

const { bytesOf } = require('builtins/webidl');
const { defineProperty } = require('builtins/primordials');
const { builtinExports, isTerminal, terminalSize, writeOutput } = ops;
const Stream = /** @type {any} */ (require('node/stream/module'));
const loadBuffer = () => require('node/buffer/buffer');
const loadColors = () => require('node/tty/colors');
const loadConsole = () => require('web/console/console');

const escape = '\u001b[';

/** `process.env`, with the program's changes. @returns {Record<string, string>} */
const variables = () => builtinExports('node:process').env;

class Output extends Stream.Writable {
  /** @param {1 | 2} descriptor */
  constructor(descriptor) {
    super({ decodeStrings: false, emitClose: false, autoDestroy: true, highWaterMark: 16384 });
    this.fd = descriptor;
    if (isTerminal(descriptor)) this.isTTY = true;
    redirectable(this, descriptor);
  }

  /** @param {any} chunk @param {string} encoding @param {Function} callback */
  _write(chunk, encoding, callback) {
    try {
      if (typeof chunk !== 'string') writeOutput(this.fd, bytesOf(chunk));
      else if (encoding === 'utf8' || encoding === 'utf-8') writeOutput(this.fd, chunk);
      else writeOutput(this.fd, loadBuffer().Buffer.from(chunk, encoding));
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  // The process's outputs stay open, whoever ends or destroys the stream.
  /** @param {any} error @param {Function} callback */
  _destroy(error, callback) {
    callback(error);
  }

  ref() {
    return this;
  }
  unref() {
    return this;
  }
}

/** @param {1 | 2} descriptor */
class TerminalOutput extends Output {
  get columns() {
    return terminalSize(this.fd)?.[0];
  }
  get rows() {
    return terminalSize(this.fd)?.[1];
  }
  getWindowSize() {
    return terminalSize(this.fd);
  }
  /** @param {Record<string, string>} [environment] */
  getColorDepth(environment) {
    return loadColors().getColorDepth(environment ?? variables());
  }
  /** @param {any} [count] @param {Record<string, string>} [environment] */
  hasColors(count, environment) {
    return loadColors().hasColors(count, environment, variables());
  }
  /** @param {number} x @param {number | Function} [y] @param {Function} [callback] */
  cursorTo(x, y, callback) {
    if (typeof y === 'function') return this.write(`${escape}${x + 1}G`, y);
    return this.write(y === undefined ? `${escape}${x + 1}G` : `${escape}${y + 1};${x + 1}H`, callback);
  }
  /** @param {number} dx @param {number} dy @param {Function} [callback] */
  moveCursor(dx, dy, callback) {
    let text = '';
    if (dx !== 0) text += dx > 0 ? `${escape}${dx}C` : `${escape}${-dx}D`;
    if (dy !== 0) text += dy > 0 ? `${escape}${dy}B` : `${escape}${-dy}A`;
    return this.write(text, callback);
  }
  /** @param {-1 | 0 | 1} direction @param {Function} [callback] */
  clearLine(direction, callback) {
    return this.write(`${escape}${direction < 0 ? 1 : direction > 0 ? 0 : 2}K`, callback);
  }
  /** @param {Function} [callback] */
  clearScreenDown(callback) {
    return this.write(`${escape}0J`, callback);
  }
}

/** Whoever replaces `write` (test runners do) wants what `console` prints as well. @param {any} stream @param {1 | 2} descriptor */
function redirectable(stream, descriptor) {
  const usual = stream.write;
  let current = usual;
  defineProperty(stream, 'write', {
    get: () => current,
    set(replacement) {
      current = replacement;
      loadConsole().redirect(descriptor, replacement === usual ? undefined : (/** @type {string} */ text) => stream.write(text));
    },
    enumerable: true,
    configurable: true,
  });
}

/** @param {1 | 2} descriptor @returns {any} */
function outputStream(descriptor) {
  const Class = isTerminal(descriptor) ? TerminalOutput : Output;
  return new Class(descriptor);
}

module.exports = { outputStream, TerminalOutput };
