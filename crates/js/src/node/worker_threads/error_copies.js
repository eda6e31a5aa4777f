// Errors on their way from a worker to its parent: of the class that the language has, with their own properties, as Node copies them.
'use strict';

const { endsWith, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, push } = require('builtins/primordials');
const { cloneValue } = require('web/html/cloner');
const { defineProperty } = require('builtins/primordials');
const { className } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

/** @typedef {{ name: string, message: any, stack: any, properties: [string, any][] }} ErrorCopy */

/** @type {Record<string, any>} */
const classes = /** @type {any} */ ({
  __proto__: null,
  AggregateError,
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
});

/** What can be sent. @param {any} error @returns {{ copy: ErrorCopy } | { value: any }} */
function copyOf(error) {
  if (typeof error === 'object' && error !== null && endsWith(className(error) ?? '', 'Error') && !isInstance(error)) {
    try {
      return { copy: describe(error, 0) };
    } catch {
      // A getter threw.
    }
  }
  try {
    return { value: cloneValue(error) };
  } catch {
    return { value: loadInspect().inspect(error) };
  }
}

/** DOMExceptions are cloned as what they are. @param {any} error */
function isInstance(error) {
  const { name } = getPrototypeOf(error)?.constructor ?? {};
  return name === 'DOMException';
}

/** @param {any} error @param {number} depth @returns {ErrorCopy} */
function describe(error, depth) {
  let name = 'Error';
  for (let prototype = getPrototypeOf(error); prototype !== null; prototype = getPrototypeOf(prototype)) {
    const own = getOwnPropertyDescriptor(prototype, 'constructor')?.value?.name;
    if (classes[own] === undefined) continue;
    name = own;
    break;
  }
  /** @type {[string, any][]} */
  const properties = [];
  const keys = ownKeys(error);
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i];
    if (typeof key !== 'string' || key === 'message' || key === 'stack') continue;
    try {
      const value = error[key];
      const isError = key === 'cause' && depth < 8 && endsWith(className(value) ?? '', 'Error');
      push(properties, [key, isError ? { copy: describe(value, depth + 1) } : { value: cloneValue(value) }]);
    } catch {
      // It cannot be cloned.
    }
  }
  const inherited = error.name;
  if (typeof inherited === 'string' && inherited !== name && getOwnPropertyDescriptor(error, 'name') === undefined) {
    push(properties, ['name', { value: inherited }]);
  }
  return { name, message: `${error.message}`, stack: stackOf(error), properties };
}

/** @param {any} error */
function stackOf(error) {
  try {
    const { stack } = error;
    return typeof stack === 'string' ? stack : undefined;
  } catch {
    return undefined;
  }
}

/** @param {{ copy?: ErrorCopy, value?: any }} sent @returns {any} */
function madeOf(sent) {
  const { copy } = sent;
  if (copy === undefined) return sent.value;
  const Class = classes[copy.name];
  const error = copy.name === 'AggregateError' ? new Class([], copy.message) : new Class(copy.message);
  define(error, 'stack', copy.stack, false);
  for (let i = 0; i < copy.properties.length; i += 1) {
    const name = copy.properties[i][0];
    define(error, name, madeOf(copy.properties[i][1]), name !== 'cause' && name !== 'name');
  }
  return error;
}

/** @param {any} error @param {string} name @param {any} value @param {boolean} enumerable */
function define(error, name, value, enumerable) {
  defineProperty(error, name, /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable, configurable: true }));
}

module.exports = { copyOf, madeOf };
