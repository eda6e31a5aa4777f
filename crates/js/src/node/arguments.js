// Checks of arguments as Node's modules make them: each throws Node's error, or answers with nothing.
'use strict';

const { invalidType, invalidValue, nodeError, outOfRange } = require('node/errors');
const { received } = require('builtins/invalid_type');
const { includes, isArray, isFinite, isInteger, join, map, trim } = require('builtins/primordials');
const loadInspect = () => require('builtins/inspect/inspect');

/** @param {any} value @param {string} name */
function requireFunction(value, name) {
  if (typeof value !== 'function') throw invalidType(name, 'function', value);
}

/** @param {any} value @param {string} name */
function requireString(value, name) {
  if (typeof value !== 'string') throw invalidType(name, 'string', value);
}

/** @param {any} value @param {string} name */
function requireBoolean(value, name) {
  if (typeof value !== 'boolean') throw invalidType(name, 'boolean', value);
}

/** @param {any} value @param {string} name */
function requireObject(value, name) {
  if (typeof value !== 'object' || value === null || isArray(value)) throw invalidType(name, 'object', value);
}

/** @param {any} value @param {string} name */
function requireArray(value, name) {
  if (!isArray(value)) throw invalidType(name, 'Array', value);
}

/** @param {any} value @param {string} name @param {number} [least] @param {number} [most] */
function requireNumber(value, name, least, most) {
  if (typeof value !== 'number') throw invalidType(name, 'number', value);
  if ((least !== undefined && !(value >= least)) || (most !== undefined && !(value <= most))) {
    const lower = least === undefined ? '' : `>= ${least}`;
    const upper = most === undefined ? '' : `<= ${most}`;
    throw outOfRange(name, `${lower}${lower !== '' && upper !== '' ? ' && ' : ''}${upper}`, value);
  }
}

/** @param {any} value @param {string} name @param {number} [least] @param {number} [most] */
function requireInteger(value, name, least = -(2 ** 53) + 1, most = 2 ** 53 - 1) {
  if (typeof value !== 'number') throw invalidType(name, 'number', value);
  if (!isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < least || value > most) throw outOfRange(name, `>= ${least} && <= ${most}`, value);
}

/** @param {any} value @param {string} name @param {string[]} allowed */
function requireOneOf(value, name, allowed) {
  if (includes(allowed, value)) return;
  const shown = join(
    map(allowed, (each) => loadInspect().inspect(each)),
    ', ',
  );
  throw invalidValue(name, value, `must be one of: ${shown}`);
}

/** A port as a number. @param {any} port also as text @param {string} name @returns {number} */
function requirePort(port, name) {
  const isText = typeof port === 'string' && trim(port) !== '';
  const number = typeof port === 'number' || isText ? +port : Number.NaN;
  if (isInteger(number) && number >= 0 && number <= 65535) return number;
  throw nodeError(RangeError, 'ERR_SOCKET_BAD_PORT', `${name} should be >= 0 and < 65536. Received ${received(port)}.`);
}

/** A time in milliseconds. @param {any} value @param {string} name @returns {number} */
function requireDuration(value, name) {
  requireNumber(value, name);
  if (value < 0 || !isFinite(value)) throw outOfRange(name, 'a non-negative finite number', value);
  return value;
}

/** Anything that has a state will do, as in Node: `node/abort_signals` listens to it. @param {any} signal @param {string} name */
function requireSignal(signal, name) {
  if (signal === undefined) return;
  if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) throw invalidType(name, 'AbortSignal', signal);
}

module.exports = {
  requireArray,
  requireBoolean,
  requireDuration,
  requireFunction,
  requireInteger,
  requireNumber,
  requireObject,
  requireOneOf,
  requirePort,
  requireSignal,
  requireString,
};
