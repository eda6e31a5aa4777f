// `node:assert` (https://nodejs.org/api/assert.html). The exports are the function `assert` with the rest as its properties.
'use strict';

const { invalidType, invalidValue, missingArguments, nodeError } = require('node/errors');
const { requireFunction, requireOneOf } = require('node/arguments');
const { AssertionError } = require('node/assert/assertion_error');
const { inspect } = require('builtins/inspect/inspect');
const { format } = require('builtins/inspect/format');
const { isDeepEqual, isPartiallyEqual } = require('node/util/deep_equal');
const {
  apply,
  arraySlice,
  assign,
  defineProperty,
  errorToString,
  getPrototypeOf,
  hasOwn,
  indexOf,
  is,
  isArray,
  isPrototypeOf,
  join,
  keys,
  push,
  slice,
  split,
  stringIndexOf,
  test,
} = require('builtins/primordials');
const { className } = ops;
const loadSource = () => require('node/assert/source');

/** What may be given as a message: a text with values for it, an error, or a function that makes one. @typedef {any[]} Message */

const settings = Symbol('assert.options');
const nothingThrown = Symbol('nothing was thrown');

/** @param {any} value */
const isError = (value) => value instanceof Error;
/** @param {any} value */
const isRegExp = (value) => typeof value === 'object' && value !== null && className(value) === 'RegExp';

/** @param {{ message?: any, actual?: any, expected?: any, operator: string, stackStartFn: Function, diff?: any }} failure @returns {never} */
function throwFailure(failure) {
  let { message } = failure;
  if (isArray(message)) {
    const { 0: first } = message;
    if (isError(first)) throw first;
    if (first !== undefined && typeof first !== 'string' && typeof first !== 'function') {
      throw invalidType('message', ['string', 'function'], first);
    }
    if (typeof first === 'function') message = first(failure.actual, failure.expected);
    else message = message.length > 1 ? apply(format, undefined, message) : first;
    if (isError(message)) throw message;
  } else if (isError(message)) {
    throw message;
  }
  throw new AssertionError(assign({}, failure, { message }));
}

/** @param {Function} method @param {number} count how many arguments came @param {Message} given */
function okOrThrow(method, count, given) {
  const { 0: value } = given;
  if (value) return;
  let message = arraySlice(given, 1);
  let generated = false;
  if (count === 0) {
    generated = true;
    message = ['No value argument passed to `assert.ok()`'];
  } else if (message.length === 0 || message[0] === undefined || message[0] === null) {
    generated = true;
    const holder = { stack: '' };
    /** @type {any} */ (Error).captureStackTrace(holder, method);
    const text = loadSource().callText(holder.stack);
    message = [
      text === undefined ? 'The expression evaluated to a falsy value' : `The expression evaluated to a falsy value:\n\n  ${text}\n`,
    ];
  }
  try {
    throwFailure({ actual: value, expected: true, message, operator: '==', stackStartFn: method });
  } catch (error) {
    if (generated && error instanceof AssertionError) error.generatedMessage = true;
    throw error;
  }
}

/** @param {...any} given */
function assert(...given) {
  okOrThrow(assert, given.length, given);
}

/** @param {...any} given */
function ok(...given) {
  okOrThrow(ok, given.length, given);
}

/** @param {number} count */
function requireBoth(count) {
  if (count < 2) throw missingArguments('actual', 'expected');
}

/** @param {any} left @param {any} right */
// biome-ignore lint/suspicious/noDoubleEquals: the loose comparison of `equal`
const loosely = (left, right) => left == right || (left !== left && right !== right);

/**
 * A method that compares two values.
 * @param {string} name @param {string} operator @param {(actual: any, expected: any, options: any) => boolean} passes
 */
function comparing(name, operator, passes) {
  const { [name]: method } = {
    /** @this {any} @param {any} actual @param {any} expected @param {...any} message */
    [name](actual, expected, ...message) {
      requireBoth(arguments.length);
      const options = this?.[settings];
      if (!passes(actual, expected, options))
        throwFailure({ actual, expected, message, operator, stackStartFn: method, diff: options?.diff });
    },
  };
  return method;
}

/** @param {any} left @param {any} right @param {any} options */
const strictly = (left, right, options) => isDeepEqual(left, right, true, options?.skipPrototype);

/** @param {string} name @param {boolean} wanted whether the text should match */
function matching(name, wanted) {
  const { [name]: method } = {
    /** @this {any} @param {any} text @param {RegExp} pattern @param {...any} message */
    [name](text, pattern, ...message) {
      if (!isRegExp(pattern)) throw invalidType('regexp', 'RegExp', pattern);
      if (typeof text === 'string' && test(pattern, text) === wanted) return;
      const generated = message.length === 0 || message[0] === undefined;
      let given = message;
      if (generated && typeof text !== 'string') {
        given = [`The "string" argument must be of type string. Received ${received(text)}`];
      } else if (generated) {
        const start = wanted
          ? 'The input did not match the regular expression'
          : 'The input was expected to not match the regular expression';
        given = [`${start} ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`];
      }
      failGenerated(
        { actual: text, expected: pattern, message: given, operator: name, stackStartFn: method, diff: this?.[settings]?.diff },
        generated,
      );
    },
  };
  return method;
}

/** `type number (1)`, as argument errors say it. @param {any} value */
function received(value) {
  const { message } = invalidType('x', 'string', value);
  return slice(message, stringIndexOf(message, 'Received ') + 9);
}

/** @param {any} failure @param {boolean} generated @returns {never} */
function failGenerated(failure, generated) {
  try {
    throwFailure(failure);
  } catch (error) {
    if (generated && error instanceof AssertionError) error.generatedMessage = true;
    throw error;
  }
}

/** @this {any} @param {any} [message] */
function fail(message) {
  if (isError(message)) throw message;
  const error = new AssertionError({
    operator: 'fail',
    stackStartFn: fail,
    message: message === undefined ? 'Failed' : message,
    diff: this?.[settings]?.diff,
  });
  if (message === undefined) error.generatedMessage = true;
  throw error;
}

/** @this {any} @param {any} value */
function ifError(value) {
  if (value === null || value === undefined) return;
  let message = 'ifError got unwanted exception: ';
  if (typeof value === 'object' && typeof value.message === 'string') {
    message += value.message.length === 0 && value.constructor ? value.constructor.name : value.message;
  } else {
    message += inspect(value);
  }
  const error = new AssertionError({
    actual: value,
    expected: null,
    operator: 'ifError',
    message,
    stackStartFn: ifError,
    diff: this?.[settings]?.diff,
  });
  const { stack } = value;
  const frames = typeof stack === 'string' ? stringIndexOf(stack, '\n    at') : -1;
  if (frames !== -1) {
    // Frames that both have are shown once, behind those of this call alone.
    const original = split(slice(stack, frames + 1), '\n');
    let own = split(`${error.stack}`, '\n');
    for (let index = 0; index < original.length; index += 1) {
      const at = indexOf(own, original[index]);
      if (at === -1) continue;
      own = arraySlice(own, 0, at);
      break;
    }
    error.stack = `${join(own, '\n')}\n${join(original, '\n')}`;
  }
  throw error;
}

/** The properties of an error that a test asks for, so that the difference shows them alone. */
class Comparison {
  /** @param {any} object @param {string[]} names @param {any} [actual] */
  constructor(object, names, actual) {
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index];
      if (!(name in object)) continue;
      const matches =
        actual !== undefined && typeof actual[name] === 'string' && isRegExp(object[name]) && test(object[name], actual[name]);
      /** @type {any} */ (this)[name] = matches ? actual[name] : object[name];
    }
  }
}

/** @param {any} actual @param {any} expected @param {string[]} names @param {any} message @param {Function} method @param {any} diff */
function compareProperties(actual, expected, names, message, method, diff) {
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index];
    if (typeof actual[name] === 'string' && isRegExp(expected[name]) && test(expected[name], actual[name])) continue;
    if (name in actual && isDeepEqual(actual[name], expected[name], true)) continue;
    if (message) throwFailure({ actual, expected, message, operator: method.name, stackStartFn: method, diff });
    const left = new Comparison(actual, names);
    const right = new Comparison(expected, names, actual);
    const error = new AssertionError({ actual: left, expected: right, operator: 'deepStrictEqual', stackStartFn: method, diff });
    error.actual = actual;
    error.expected = expected;
    error.operator = method.name;
    throw error;
  }
}

/** A thrown value as text; only a class's own `toString` is asked. @param {any} value */
function textOf(value) {
  if (!isError(value)) return String(value);
  for (let object = /** @type {any} */ (value); object !== null && object !== Error.prototype; object = getPrototypeOf(object)) {
    if (hasOwn(object, 'toString')) return String(value);
  }
  return errorToString(value);
}

/** Throws unless a thrown value is what a test expects. @param {any} actual @param {any} expected @param {any} message @param {Function} method @param {any} diff */
function requireExpected(actual, expected, message, method, diff) {
  let text = message;
  if (typeof expected !== 'function') {
    if (isRegExp(expected)) {
      const input = textOf(actual);
      if (test(expected, input)) return;
      text ||= `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(input)}\n`;
    } else if (typeof actual !== 'object' || actual === null) {
      const error = new AssertionError({ actual, expected, message, operator: 'deepStrictEqual', stackStartFn: method, diff });
      error.operator = method.name;
      throw error;
    } else {
      const names = keys(expected);
      if (isError(expected)) push(names, 'name', 'message');
      else if (names.length === 0) throw invalidValue('error', expected, 'may not be an empty object');
      compareProperties(actual, expected, names, message, method, diff);
      return;
    }
  } else if (expected.prototype !== undefined && actual instanceof expected) {
    return;
  } else if (isPrototypeOf(Error, expected)) {
    if (!text) {
      text = `The error is expected to be an instance of "${expected.name}". Received `;
      text += isError(actual) ? `"${actual.name}"` : `"${inspect(actual, { depth: -1 })}"`;
      if (isError(actual)) text += `\n\nError message:\n\n${actual.message}`;
    }
  } else {
    const result = apply(expected, {}, [actual]);
    if (result === true) return;
    if (!text) {
      text = `The ${expected.name ? `"${expected.name}" ` : ''}validation function is expected to return "true". Received ${inspect(result)}`;
      if (isError(actual)) text += `\n\nCaught error:\n\n${actual}`;
    }
  }
  const error = new AssertionError({ actual, expected, message: text, operator: method.name, stackStartFn: method, diff });
  error.generatedMessage = !message;
  throw error;
}

/** @param {Function} method @param {any} actual @param {any[]} given the expected error and a message, both optional @param {any} diff */
function expectError(method, actual, given, diff) {
  let { 0: expected, 1: message } = given;
  if (typeof expected === 'string') {
    if (given.length > 1) throw invalidType('error', ['object', 'Error', 'function', 'RegExp'], expected);
    const text = typeof actual === 'object' && actual !== null ? actual.message : actual;
    if (text === expected) {
      const kind = typeof actual === 'object' && actual !== null ? 'error message' : 'error';
      const problem = `The "error/message" argument is ambiguous. The ${kind} "${text}" is identical to the message.`;
      throw nodeError(TypeError, 'ERR_AMBIGUOUS_ARGUMENT', problem);
    }
    message = expected;
    expected = undefined;
  } else if (expected !== null && expected !== undefined && typeof expected !== 'object' && typeof expected !== 'function') {
    throw invalidType('error', ['object', 'Error', 'function', 'RegExp'], expected);
  }
  if (actual === nothingThrown) {
    const what = method === rejects ? 'rejection' : 'exception';
    const name = expected?.name ? ` (${expected.name})` : '';
    if (isError(message)) throw message;
    const text = `Missing expected ${what}${name}${message ? `: ${message}` : '.'}`;
    failGenerated({ actual: undefined, expected, operator: method.name, message: text, stackStartFn: method, diff }, false);
  }
  if (expected) requireExpected(actual, expected, message, method, diff);
}

/** @param {any} actual @param {any} expected */
function isExpected(actual, expected) {
  if (typeof expected !== 'function') {
    if (isRegExp(expected)) return test(expected, textOf(actual));
    throw invalidType('expected', ['function', 'RegExp'], expected);
  }
  if (expected.prototype !== undefined && actual instanceof expected) return true;
  return isPrototypeOf(Error, expected) ? false : apply(expected, {}, [actual]) === true;
}

/** @param {Function} method @param {any} actual @param {any[]} given @param {any} diff */
function expectNoError(method, actual, given, diff) {
  if (actual === nothingThrown) return;
  let { 0: expected, 1: message } = given;
  if (typeof expected === 'string') {
    message = expected;
    expected = undefined;
  }
  if (expected && !isExpected(actual, expected)) throw actual;
  const what = method === doesNotReject ? 'rejection' : 'exception';
  const text = `Got unwanted ${what}${message ? `: ${message}` : '.'}\nActual message: "${actual?.message}"`;
  throwFailure({ actual, expected, operator: method.name, message: text, stackStartFn: method, diff });
}

/** @param {() => any} body */
function thrownBy(body) {
  requireFunction(body, 'fn');
  try {
    body();
  } catch (error) {
    return error;
  }
  return nothingThrown;
}

/** @param {any} value */
const isPromise = (value) =>
  typeof value === 'object' &&
  value !== null &&
  (className(value) === 'Promise' || (typeof value.then === 'function' && typeof value.catch === 'function'));

/** @param {any} promiseOrBody */
async function rejectedBy(promiseOrBody) {
  let promise = promiseOrBody;
  if (typeof promiseOrBody === 'function') {
    promise = promiseOrBody();
    if (!isPromise(promise)) {
      const message = `Expected instance of Promise to be returned from the "promiseFn" function but got ${received(promise)}.`;
      throw nodeError(TypeError, 'ERR_INVALID_RETURN_VALUE', message);
    }
  } else if (!isPromise(promiseOrBody)) {
    throw invalidType('promiseFn', ['function', 'Promise'], promiseOrBody);
  }
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return nothingThrown;
}

/** @this {any} @param {() => any} body @param {...any} given */
function throws(body, ...given) {
  expectError(throws, thrownBy(body), given, this?.[settings]?.diff);
}
/** @this {any} @param {any} promiseOrBody @param {...any} given */
async function rejects(promiseOrBody, ...given) {
  expectError(rejects, await rejectedBy(promiseOrBody), given, this?.[settings]?.diff);
}
/** @this {any} @param {() => any} body @param {...any} given */
function doesNotThrow(body, ...given) {
  expectNoError(doesNotThrow, thrownBy(body), given, this?.[settings]?.diff);
}
/** @this {any} @param {any} promiseOrBody @param {...any} given */
async function doesNotReject(promiseOrBody, ...given) {
  expectNoError(doesNotReject, await rejectedBy(promiseOrBody), given, this?.[settings]?.diff);
}

/** @type {Record<string, any>} */
const methods = {
  fail,
  ok,
  equal: comparing('equal', '==', loosely),
  notEqual: comparing('notEqual', '!=', (left, right) => !loosely(left, right)),
  deepEqual: comparing('deepEqual', 'deepEqual', (left, right) => isDeepEqual(left, right, false)),
  notDeepEqual: comparing('notDeepEqual', 'notDeepEqual', (left, right) => !isDeepEqual(left, right, false)),
  deepStrictEqual: comparing('deepStrictEqual', 'deepStrictEqual', strictly),
  notDeepStrictEqual: comparing('notDeepStrictEqual', 'notDeepStrictEqual', (left, right, options) => !strictly(left, right, options)),
  strictEqual: comparing('strictEqual', 'strictEqual', is),
  notStrictEqual: comparing('notStrictEqual', 'notStrictEqual', (left, right) => !is(left, right)),
  partialDeepStrictEqual: comparing('partialDeepStrictEqual', 'partialDeepStrictEqual', isPartiallyEqual),
  throws,
  rejects,
  doesNotThrow,
  doesNotReject,
  ifError,
  match: matching('match', true),
  doesNotMatch: matching('doesNotMatch', false),
};

/** The methods with options of their own. @this {any} @param {{ diff?: string, strict?: boolean, skipPrototype?: boolean }} [options] */
function Assert(options) {
  if (new.target === undefined) {
    throw nodeError(TypeError, 'ERR_CONSTRUCT_CALL_REQUIRED', 'Class constructor Assert cannot be invoked without `new`');
  }
  const own = assign({ strict: true, skipPrototype: false }, options);
  if (own.diff !== undefined) requireOneOf(own.diff, 'options.diff', ['simple', 'full']);
  this.AssertionError = AssertionError;
  defineProperty(this, settings, { value: own });
  if (!own.strict) return;
  this.equal = this.strictEqual;
  this.deepEqual = this.deepStrictEqual;
  this.notEqual = this.notStrictEqual;
  this.notDeepEqual = this.notDeepStrictEqual;
}
assign(Assert.prototype, methods);

/** @param {...any} given */
function strict(...given) {
  okOrThrow(strict, given.length, given);
}

assign(assert, methods, { AssertionError, Assert, strict });
assign(strict, assert, {
  equal: methods.strictEqual,
  deepEqual: methods.deepStrictEqual,
  notEqual: methods.notStrictEqual,
  notDeepEqual: methods.notDeepStrictEqual,
});
module.exports = /** @type {any} */ (assert);
