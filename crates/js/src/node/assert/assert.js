// `node:assert` (https://nodejs.org/api/assert.html). The exports are the function `assert` with the rest as its properties.
'use strict';

const { requireFunction } = require('node/arguments');
const { invalidType, missingArguments } = require('node/errors');
const { inspect } = require('builtins/inspect/inspect');
const { isDeepEqual } = require('node/util/deep_equal');
const {
  apply,
  assign,
  defineProperty,
  errorToString,
  is,
  isPrototypeOf,
  keys,
  push,
  regExpToString,
  replaceAll,
  test,
} = require('builtins/primordials');

/** @typedef {string | Error | undefined} Message */

class AssertionError extends Error {
  /** @param {{ message?: any, actual?: any, expected?: any, operator?: string }} options */
  constructor(options) {
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'object', options);
    const { message, actual, expected, operator } = options;
    super(message === undefined ? `${inspect(actual)} ${operator} ${inspect(expected)}` : `${message}`);
    defineProperty(this, 'name', { value: 'AssertionError', writable: true, configurable: true });
    this.generatedMessage = message === undefined;
    this.code = 'ERR_ASSERTION';
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
  }
}

/**
 * Throws unless the condition holds: the message if it is an error, else an AssertionError with it.
 * @param {boolean} condition @param {Message} message @param {() => string} defaultMessage
 * @param {any} actual @param {any} expected @param {string} operator
 */
function check(condition, message, defaultMessage, actual, expected, operator) {
  if (condition) return;
  if (message instanceof Error) throw message;
  const error = new AssertionError({ message: message ?? defaultMessage(), actual, expected, operator });
  error.generatedMessage = message === undefined;
  throw error;
}

/** @param {string} title @param {any} actual @param {any} expected */
const both = (title, actual, expected) => () => `${title}\n+ actual - expected\n\n+ ${shown(actual, '+ ')}\n- ${shown(expected, '- ')}\n`;
/** @param {any} value @param {string} margin */
const shown = (value, margin) => replaceAll(inspect(value, { depth: 1000, sorted: true }), '\n', `\n${margin}`);

/** @param {...any} given */
function assert(...given) {
  apply(ok, undefined, given);
}

/** @param {any} [value] @param {Message} [message] */
function ok(value, message) {
  const missing = arguments.length === 0;
  const text = () =>
    missing ? 'No value argument passed to `assert.ok()`' : `The expression evaluated to a falsy value: ${inspect(value)}`;
  check(value, message, text, value, true, '==');
}

/** @param {any} actual @param {any} expected @param {Message} [message] */
function equal(actual, expected, message) {
  if (arguments.length < 2) throw missingArguments('actual', 'expected');
  // biome-ignore lint/suspicious/noDoubleEquals: `equal` is `==`
  const same = actual == expected || (actual !== actual && expected !== expected);
  check(same, message, () => `${inspect(actual)} == ${inspect(expected)}`, actual, expected, '==');
}

/** @param {any} actual @param {any} expected @param {Message} [message] */
function notEqual(actual, expected, message) {
  if (arguments.length < 2) throw missingArguments('actual', 'expected');
  // biome-ignore lint/suspicious/noDoubleEquals: `notEqual` is `!=`
  check(actual != expected, message, () => `${inspect(actual)} != ${inspect(expected)}`, actual, expected, '!=');
}

/** @param {any} actual @param {any} expected @param {Message} [message] */
function strictEqual(actual, expected, message) {
  if (arguments.length < 2) throw missingArguments('actual', 'expected');
  const text = both('Expected values to be strictly equal:', actual, expected);
  check(is(actual, expected), message, text, actual, expected, 'strictEqual');
}

/** @param {any} actual @param {any} expected @param {Message} [message] */
function notStrictEqual(actual, expected, message) {
  if (arguments.length < 2) throw missingArguments('actual', 'expected');
  const text = () => `Expected "actual" to be strictly unequal to: ${inspect(expected)}`;
  check(!is(actual, expected), message, text, actual, expected, 'notStrictEqual');
}

/** @param {any} actual @param {any} expected @param {Message} [message] */
function deepEqual(actual, expected, message) {
  if (arguments.length < 2) throw missingArguments('actual', 'expected');
  const text = both('Expected values to be loosely deep-equal:', actual, expected);
  check(isDeepEqual(actual, expected, false), message, text, actual, expected, 'deepEqual');
}

/** @param {any} actual @param {any} expected @param {Message} [message] */
function notDeepEqual(actual, expected, message) {
  if (arguments.length < 2) throw missingArguments('actual', 'expected');
  const text = () => `Expected "actual" not to be loosely deep-equal to: ${inspect(expected)}`;
  check(!isDeepEqual(actual, expected, false), message, text, actual, expected, 'notDeepEqual');
}

/** @param {any} actual @param {any} expected @param {Message} [message] */
function deepStrictEqual(actual, expected, message) {
  if (arguments.length < 2) throw missingArguments('actual', 'expected');
  const text = both('Expected values to be strictly deep-equal:', actual, expected);
  check(isDeepEqual(actual, expected, true), message, text, actual, expected, 'deepStrictEqual');
}

/** @param {any} actual @param {any} expected @param {Message} [message] */
function notDeepStrictEqual(actual, expected, message) {
  if (arguments.length < 2) throw missingArguments('actual', 'expected');
  const text = () => `Expected "actual" not to be strictly deep-equal to: ${inspect(expected)}`;
  check(!isDeepEqual(actual, expected, true), message, text, actual, expected, 'notDeepStrictEqual');
}

/** @param {any} text @param {RegExp} pattern @param {Message} [message] */
function match(text, pattern, message) {
  if (!(pattern instanceof RegExp)) throw invalidType('regexp', 'RegExp', pattern);
  const describe = () => `The input did not match the regular expression ${regExpToString(pattern)}. Input:\n\n${inspect(text)}\n`;
  check(typeof text === 'string' && test(pattern, text), message, describe, text, pattern, 'match');
}

/** @param {any} text @param {RegExp} pattern @param {Message} [message] */
function doesNotMatch(text, pattern, message) {
  if (!(pattern instanceof RegExp)) throw invalidType('regexp', 'RegExp', pattern);
  const describe = () =>
    `The input was expected to not match the regular expression ${regExpToString(pattern)}. Input:\n\n${inspect(text)}\n`;
  check(typeof text === 'string' && !test(pattern, text), message, describe, text, pattern, 'doesNotMatch');
}

/** @param {Message} [message] */
function fail(message = 'Failed') {
  check(false, message, () => 'Failed', undefined, undefined, 'fail');
}

/** @param {any} value */
function ifError(value) {
  if (value === null || value === undefined) return;
  if (value instanceof Error) throw value;
  check(false, undefined, () => `ifError got unwanted exception: ${inspect(value)}`, value, null, 'ifError');
}

/** @param {any} error */
const thrownText = (error) => (error instanceof Error ? errorToString(error) : `${error}`);

/**
 * Whether a thrown value is what a test expects; throws when it is not.
 * @param {any} error @param {any} expected @param {Message} message @param {string} operator
 */
function checkThrown(error, expected, message, operator) {
  if (expected === undefined) return;
  if (typeof expected === 'function') {
    if (expected.prototype !== undefined && error instanceof expected) return;
    if (isPrototypeOf(Error, expected) || expected === Error) throw error;
    const accepted = apply(expected, {}, [error]);
    check(accepted === true, message, () => 'The validation function is expected to return "true".', error, expected, operator);
  } else if (expected instanceof RegExp) {
    const text = () =>
      `The input did not match the regular expression ${regExpToString(expected)}. Input:\n\n${inspect(thrownText(error))}\n`;
    check(test(expected, thrownText(error)), message, text, error, expected, operator);
  } else {
    const names = keys(expected);
    if (expected instanceof Error) push(names, 'name', 'message');
    for (let index = 0; index < names.length; index += 1) {
      const key = names[index];
      const wanted = expected[key];
      const same =
        wanted instanceof RegExp && typeof error?.[key] === 'string' ? test(wanted, error[key]) : isDeepEqual(error?.[key], wanted, true);
      check(same, message, both(`The thrown value differs in "${key}":`, error?.[key], wanted), error, expected, operator);
    }
  }
}

/** @param {string} operator @param {Message} message @param {any} expected */
function missing(operator, message, expected) {
  const what = operator === 'rejects' ? 'rejection' : 'exception';
  const name = typeof expected === 'function' && expected.name !== '' ? ` (${expected.name})` : '';
  check(false, message, () => `Missing expected ${what}${name}.`, undefined, expected, operator);
}

/** @param {() => any} body @param {any} [expected] @param {any} [message] */
function throws(body, expected, message) {
  requireFunction(body, 'fn');
  const text = typeof expected === 'string' ? expected : message;
  const wanted = typeof expected === 'string' ? undefined : expected;
  try {
    body();
  } catch (error) {
    checkThrown(error, wanted, text, 'throws');
    return;
  }
  missing('throws', text, wanted);
}

/** @param {any} value */
function requirePromiseOrBody(value) {
  const isPromise = typeof value === 'object' && value !== null && typeof value.then === 'function';
  if (!isPromise && typeof value !== 'function') throw invalidType('promiseFn', ['function', 'Promise'], value);
}

/** @param {any} promiseOrBody @param {any} [expected] @param {any} [message] */
async function rejects(promiseOrBody, expected, message) {
  requirePromiseOrBody(promiseOrBody);
  const text = typeof expected === 'string' ? expected : message;
  const wanted = typeof expected === 'string' ? undefined : expected;
  try {
    await (typeof promiseOrBody === 'function' ? promiseOrBody() : promiseOrBody);
  } catch (error) {
    checkThrown(error, wanted, text, 'rejects');
    return;
  }
  missing('rejects', text, wanted);
}

/** @param {any} error @param {any} message @param {string} operator @param {string} what */
function unwanted(error, message, operator, what) {
  const text = () => `Got unwanted ${what}.\nActual message: "${error?.message}"`;
  check(false, typeof message === 'string' ? `Got unwanted ${what}: ${message}` : message, text, error, undefined, operator);
}

/** @param {() => any} body @param {any} [expected] @param {any} [message] */
function doesNotThrow(body, expected, message) {
  requireFunction(body, 'fn');
  try {
    body();
  } catch (error) {
    unwanted(error, typeof expected === 'string' ? expected : message, 'doesNotThrow', 'exception');
  }
}

/** @param {any} promiseOrBody @param {any} [expected] @param {any} [message] */
async function doesNotReject(promiseOrBody, expected, message) {
  requirePromiseOrBody(promiseOrBody);
  try {
    await (typeof promiseOrBody === 'function' ? promiseOrBody() : promiseOrBody);
  } catch (error) {
    unwanted(error, typeof expected === 'string' ? expected : message, 'doesNotReject', 'rejection');
  }
}

assign(assert, {
  AssertionError,
  ok,
  equal,
  notEqual,
  strictEqual,
  notStrictEqual,
  deepEqual,
  notDeepEqual,
  deepStrictEqual,
  notDeepStrictEqual,
  match,
  doesNotMatch,
  fail,
  ifError,
  throws,
  rejects,
  doesNotThrow,
  doesNotReject,
});
/** @type {any} */
const strict = assign((/** @type {any[]} */ ...given) => apply(ok, undefined, given), assert, {
  equal: strictEqual,
  notEqual: notStrictEqual,
  deepEqual: deepStrictEqual,
  notDeepEqual: notDeepStrictEqual,
});
assign(assert, { strict });
strict.strict = strict;
module.exports = /** @type {any} */ (assert);
