// `process.stdout` and `process.stderr` (https://nodejs.org/api/process.html#processstdout), as programs use them: synchronous writes, and a
// stream's methods around them.
'use strict';

const { invalidType } = require('node/errors');
const EventEmitter = require('node/events/events');
const { nextTick } = require('node/process/ticks');
const { bytesOf } = require('builtins/webidl');
const { assign, defineProperties, defineProperty, isView } = require('builtins/primordials');
const { hasColors, isTerminal, terminalSize, writeOutput } = ops;
const loadBuffer = () => require('node/buffer/buffer');
const loadConsole = () => require('web/console/console');

/** @param {1 | 2} descriptor @returns {any} */
function outputStream(descriptor) {
  const stream = /** @type {any} */ (new EventEmitter());

  /** @param {any} chunk @param {any} [encoding] @param {any} [callback] */
  function write(chunk, encoding, callback) {
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof chunk === 'string') {
      const isUtf8 = typeof encoding !== 'string' || loadBuffer().encodingOf(encoding) === 'utf8';
      writeOutput(descriptor, isUtf8 ? chunk : loadBuffer().Buffer.from(chunk, encoding));
    } else if (isView(chunk)) {
      writeOutput(descriptor, bytesOf(chunk));
    } else {
      throw invalidType('chunk', ['string', 'Buffer', 'TypedArray', 'DataView'], chunk);
    }
    if (typeof done === 'function') nextTick(done);
    return true;
  }

  /** @param {any} [chunk] @param {any} [encoding] @param {any} [callback] */
  function end(chunk, encoding, callback) {
    const done = typeof chunk === 'function' ? chunk : typeof encoding === 'function' ? encoding : callback;
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') {
      stream.write(chunk, typeof encoding === 'function' ? undefined : encoding);
    }
    if (typeof done === 'function') nextTick(done);
    return stream;
  }

  // Whoever replaces `write` (test runners do) wants what `console` prints as well.
  let current = write;
  defineProperty(stream, 'write', {
    get: () => current,
    set(replacement) {
      current = replacement;
      loadConsole().redirect(descriptor, replacement === write ? undefined : (/** @type {string} */ text) => stream.write(text));
    },
    enumerable: true,
    configurable: true,
  });
  defineProperties(stream, {
    columns: { get: () => terminalSize(descriptor)?.[0], enumerable: true, configurable: true },
    rows: { get: () => terminalSize(descriptor)?.[1], enumerable: true, configurable: true },
  });
  return assign(stream, {
    fd: descriptor,
    isTTY: isTerminal(descriptor),
    writable: true,
    writableLength: 0,
    writableHighWaterMark: 16384,
    end,
    cork() {},
    uncork() {},
    hasColors: () => hasColors(descriptor),
    getColorDepth: () => (hasColors(descriptor) ? 4 : 1),
    getWindowSize: () => terminalSize(descriptor),
  });
}

module.exports = { outputStream };
