// Moving a terminal's cursor (https://nodejs.org/api/readline.html#readlinecursortostream-x-y-callback): control sequences of ECMA-48 that are
// written to a stream.
'use strict';

const { requireFunction } = require('node/arguments');
const { invalidValue, nodeError } = require('node/errors');
const { isNaN } = require('builtins/primordials');
const { nextTick } = require('node/process/ticks');

const escape = '\u001b[';

/** @param {any} stream @param {string} text @param {any} callback */
function write(stream, text, callback) {
  if (callback !== undefined) requireFunction(callback, 'callback');
  if (stream === null || stream === undefined || text === '') {
    if (callback !== undefined) nextTick(callback, null);
    return true;
  }
  return stream.write(text, callback);
}

/** @param {any} stream @param {any} x @param {any} [y] @param {any} [callback] */
function cursorTo(stream, x, y, callback) {
  const done = typeof y === 'function' ? y : callback;
  const row = typeof y === 'function' ? undefined : y;
  if (isNaN(x)) throw invalidValue('x', x);
  if (isNaN(row)) throw invalidValue('y', row);
  if (stream !== null && stream !== undefined && typeof x !== 'number' && typeof row === 'number') {
    throw nodeError(TypeError, 'ERR_INVALID_CURSOR_POS', 'Cannot set cursor row without setting its column');
  }
  if (typeof x !== 'number') return write(stream, '', done);
  return write(stream, typeof row === 'number' ? `${escape}${row + 1};${x + 1}H` : `${escape}${x + 1}G`, done);
}

/** @param {any} stream @param {number} dx @param {number} dy @param {any} [callback] */
function moveCursor(stream, dx, dy, callback) {
  let text = '';
  if (dx < 0) text += `${escape}${-dx}D`;
  else if (dx > 0) text += `${escape}${dx}C`;
  if (dy < 0) text += `${escape}${-dy}A`;
  else if (dy > 0) text += `${escape}${dy}B`;
  return write(stream, text, callback);
}

/** @param {any} stream @param {number} direction @param {any} [callback] */
function clearLine(stream, direction, callback) {
  return write(stream, `${escape}${direction < 0 ? 1 : direction > 0 ? 0 : 2}K`, callback);
}

/** @param {any} stream @param {any} [callback] */
function clearScreenDown(stream, callback) {
  return write(stream, `${escape}0J`, callback);
}

module.exports = { clearLine, clearScreenDown, cursorTo, moveCursor };
