// The arguments and options of `test`, `suite` and hooks (https://nodejs.org/api/test.html#testname-options-fn), checked and in one form.
'use strict';

const { invalidType, invalidValue, outOfRange } = require('node/errors');
const { requireNumber } = require('node/arguments');
const { isInteger, keys } = require('builtins/primordials');

const longestTimeout = 2 ** 31 - 1;
const nothing = () => {};

/** The arguments of `test(name?, options?, fn?)`. @param {any} name @param {any} options @param {any} fn */
function testArguments(name, options, fn) {
  let text = name;
  let given = options;
  let body = fn;
  if (typeof name === 'function') {
    body = name;
    text = body.name;
    given = undefined;
  } else if (name !== null && typeof name === 'object') {
    body = options;
    given = name;
    text = body?.name;
  } else if (typeof options === 'function') {
    body = options;
    given = undefined;
  }
  if (typeof body !== 'function') body = nothing;
  if (typeof text !== 'string' || text === '') text = body === nothing || body.name === '' ? '<anonymous>' : body.name;
  return { name: text, options: given ?? {}, fn: body };
}

/** @param {any} value @param {string} name @returns {number | undefined} */
function timeoutOf(value, name) {
  if (value === null || value === undefined || value === Infinity) return undefined;
  requireNumber(value, name, 0, longestTimeout);
  return value;
}

/** How many children may run at once. @param {any} value @param {number} inherited @param {string} name @returns {number} */
function concurrencyOf(value, inherited, name) {
  if (value === undefined || value === null) return inherited;
  if (value === true) return Infinity;
  if (value === false) return 1;
  if (typeof value !== 'number') throw invalidType(name, ['boolean', 'number'], value);
  if (!isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < 1 || value > 2 ** 32 - 1) throw outOfRange(name, `>= 1 && <= ${2 ** 32 - 1}`, value);
  return value;
}

/**
 * What is expected of the error of a test that has to fail: a reason to show, and something that `assert.throws` understands.
 * @param {any} given @returns {{ label: any, match: any } | undefined}
 */
function expectedFailureOf(given) {
  if (given === undefined || given === null || given === false) return undefined;
  if (given === true || given === '') return { label: undefined, match: undefined };
  if (typeof given === 'string') return { label: given, match: undefined };
  if (typeof given === 'object' && !(given instanceof RegExp)) {
    const names = keys(given);
    if (names.length === 0) throw invalidValue('options.expectFailure', given, 'must not be an empty object');
    let areSettings = true;
    for (let index = 0; index < names.length; index += 1) {
      if (names[index] !== 'label' && names[index] !== 'match') areSettings = false;
    }
    if (areSettings) return { label: given.label, match: given.match };
  }
  return { label: undefined, match: given };
}

module.exports = { concurrencyOf, expectedFailureOf, testArguments, timeoutOf };
