// `node:assert` (https://nodejs.org/api/assert.html). The exports are the function `assert` with the rest as its properties.
'use strict';

const { inspect } = require('builtins/inspect/inspect');
const { isDeepEqual } = require('node/util/deep_equal');

class AssertionError extends Error {
  constructor(options) {
    const { message, actual, expected, operator } = options;
    super(message === undefined ? `${inspect(actual)} ${operator} ${inspect(expected)}` : String(message));
    Object.defineProperty(this, 'name', { value: 'AssertionError', writable: true, configurable: true });
    this.generatedMessage = message === undefined;
    this.code = 'ERR_ASSERTION';
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
  }
}

function check(condition, message, defaultMessage, actual, expected, operator) {
  if (condition) return;
  if (message instanceof Error) throw message;
  const error = new AssertionError({ message: message ?? defaultMessage(), actual, expected, operator });
  error.generatedMessage = message === undefined;
  throw error;
}

const both = (title, actual, expected) => () => `${title}\n+ actual - expected\n\n+ ${shown(actual, '+ ')}\n- ${shown(expected, '- ')}\n`;
const shown = (value, margin) => inspect(value, { depth: 1000, sorted: true }).replaceAll('\n', `\n${margin}`);

function assert(...args) {
  ok(...args);
}

function ok(value, message) {
  const missing = arguments.length === 0;
  const text = () =>
    missing ? 'No value argument passed to `assert.ok()`' : `The expression evaluated to a falsy value: ${inspect(value)}`;
  check(value, message, text, value, true, '==');
}

function equal(actual, expected, message) {
  // eslint-disable-next-line eqeqeq -- the loose form
  // biome-ignore lint/suspicious/noDoubleEquals: `equal` is `==`
  const same = actual == expected || (actual !== actual && expected !== expected);
  check(same, message, () => `${inspect(actual)} == ${inspect(expected)}`, actual, expected, '==');
}

function notEqual(actual, expected, message) {
  // eslint-disable-next-line eqeqeq -- the loose form
  // biome-ignore lint/suspicious/noDoubleEquals: `notEqual` is `!=`
  check(actual != expected, message, () => `${inspect(actual)} != ${inspect(expected)}`, actual, expected, '!=');
}

function strictEqual(actual, expected, message) {
  const text = both('Expected values to be strictly equal:', actual, expected);
  check(Object.is(actual, expected), message, text, actual, expected, 'strictEqual');
}

function notStrictEqual(actual, expected, message) {
  const text = () => `Expected "actual" to be strictly unequal to: ${inspect(expected)}`;
  check(!Object.is(actual, expected), message, text, actual, expected, 'notStrictEqual');
}

function deepEqual(actual, expected, message) {
  const text = both('Expected values to be loosely deep-equal:', actual, expected);
  check(isDeepEqual(actual, expected, false), message, text, actual, expected, 'deepEqual');
}

function notDeepEqual(actual, expected, message) {
  const text = () => `Expected "actual" not to be loosely deep-equal to: ${inspect(expected)}`;
  check(!isDeepEqual(actual, expected, false), message, text, actual, expected, 'notDeepEqual');
}

function deepStrictEqual(actual, expected, message) {
  const text = both('Expected values to be strictly deep-equal:', actual, expected);
  check(isDeepEqual(actual, expected, true), message, text, actual, expected, 'deepStrictEqual');
}

function notDeepStrictEqual(actual, expected, message) {
  const text = () => `Expected "actual" not to be strictly deep-equal to: ${inspect(expected)}`;
  check(!isDeepEqual(actual, expected, true), message, text, actual, expected, 'notDeepStrictEqual');
}

function match(text, pattern, message) {
  const describe = () => `The input did not match the regular expression ${pattern}. Input:\n\n${inspect(text)}\n`;
  check(typeof text === 'string' && pattern.test(text), message, describe, text, pattern, 'match');
}

function doesNotMatch(text, pattern, message) {
  const describe = () => `The input was expected to not match the regular expression ${pattern}. Input:\n\n${inspect(text)}\n`;
  check(typeof text === 'string' && !pattern.test(text), message, describe, text, pattern, 'doesNotMatch');
}

function fail(message = 'Failed') {
  check(false, message, () => 'Failed', undefined, undefined, 'fail');
}

function ifError(value) {
  if (value === null || value === undefined) return;
  if (value instanceof Error) throw value;
  check(false, undefined, () => `ifError got unwanted exception: ${inspect(value)}`, value, null, 'ifError');
}

/** Whether a thrown value is what a test expects; throws when it is not. */
function checkThrown(error, expected, message, operator) {
  if (expected === undefined) return;
  if (typeof expected === 'function') {
    if (expected.prototype !== undefined && error instanceof expected) return;
    if (Object.prototype.isPrototypeOf.call(Error, expected) || expected === Error) throw error;
    const accepted = Reflect.apply(expected, {}, [error]);
    check(accepted === true, message, () => 'The validation function is expected to return "true".', error, expected, operator);
  } else if (expected instanceof RegExp) {
    const text = () => `The input did not match the regular expression ${expected}. Input:\n\n${inspect(String(error))}\n`;
    check(expected.test(String(error)), message, text, error, expected, operator);
  } else {
    const keys = Object.keys(expected);
    if (expected instanceof Error) keys.push('name', 'message');
    for (const key of keys) {
      const wanted = expected[key];
      const same =
        wanted instanceof RegExp && typeof error?.[key] === 'string' ? wanted.test(error[key]) : isDeepEqual(error?.[key], wanted, true);
      check(same, message, both(`The thrown value differs in "${key}":`, error?.[key], wanted), error, expected, operator);
    }
  }
}

function missing(operator, message, expected) {
  const what = operator === 'rejects' ? 'rejection' : 'exception';
  const name = typeof expected === 'function' && expected.name !== '' ? ` (${expected.name})` : '';
  check(false, message, () => `Missing expected ${what}${name}.`, undefined, expected, operator);
}

function throws(body, expected, message) {
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

async function rejects(promiseOrBody, expected, message) {
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

function unwanted(error, message, operator, what) {
  const text = () => `Got unwanted ${what}.\nActual message: "${error?.message}"`;
  check(false, typeof message === 'string' ? `Got unwanted ${what}: ${message}` : message, text, error, undefined, operator);
}

function doesNotThrow(body, expected, message) {
  try {
    body();
  } catch (error) {
    unwanted(error, typeof expected === 'string' ? expected : message, 'doesNotThrow', 'exception');
  }
}

async function doesNotReject(promiseOrBody, expected, message) {
  try {
    await (typeof promiseOrBody === 'function' ? promiseOrBody() : promiseOrBody);
  } catch (error) {
    unwanted(error, typeof expected === 'string' ? expected : message, 'doesNotReject', 'rejection');
  }
}

Object.assign(assert, {
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
const strict = Object.assign((...args) => ok(...args), assert, {
  equal: strictEqual,
  notEqual: notStrictEqual,
  deepEqual: deepStrictEqual,
  notDeepEqual: notDeepStrictEqual,
});
assert.strict = strict;
strict.strict = strict;
module.exports = assert;
