// `database.limits` (https://nodejs.org/api/sqlite.html#databaselimits): SQLite's limits of a connection, by name.
'use strict';

const { nodeError } = require('node/errors');
const { invalid } = require('node/sqlite/arguments');
const { defineProperty, forEach, isInteger, min } = require('builtins/primordials');
const { databaseLimit } = ops;

// In the order of SQLite's numbers.
const names = [
  'length',
  'sqlLength',
  'column',
  'exprDepth',
  'compoundSelect',
  'vdbeOp',
  'functionArg',
  'attach',
  'likePatternLength',
  'variableNumber',
  'triggerDepth',
];
const MOST = 2 ** 31 - 1;

/** @param {any} value */
function requireLimit(value) {
  if (value === Infinity) return MOST;
  if (typeof value !== 'number' || !isInteger(value)) {
    throw nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', 'Limit value must be a non-negative integer or Infinity.');
  }
  if (value < 0) throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', 'Limit value must be non-negative.');
  return min(value, MOST);
}

/** What the option of the constructor sets. @param {any} limits @returns {[number: number, value: number][]} */
function requireLimits(limits) {
  /** @type {[number, number][]} */
  const wanted = [];
  if (limits === undefined) return wanted;
  if (typeof limits !== 'object' || limits === null) throw invalid('options.limits', 'an object');
  forEach(names, (name, number) => {
    const value = limits[name];
    if (value === undefined) return;
    if (typeof value !== 'number' || !isInteger(value)) throw invalid(`options.limits.${name}`, 'an integer');
    if (value < 0) throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', `The "options.limits.${name}" argument must be non-negative.`);
    wanted[wanted.length] = [number, value];
  });
  return wanted;
}

/** @param {() => NativeDatabase} opened throws if it is not */
function limitsOf(opened) {
  const limits = {};
  forEach(names, (name, number) => {
    const property = {
      __proto__: null,
      get: () => databaseLimit(opened(), number, -1),
      set: (/** @type {any} */ value) => {
        const database = opened();
        databaseLimit(database, number, requireLimit(value));
      },
      enumerable: true,
      configurable: true,
    };
    defineProperty(limits, name, /** @type {any} */ (property));
  });
  return limits;
}

module.exports = { limitsOf, requireLimits };
