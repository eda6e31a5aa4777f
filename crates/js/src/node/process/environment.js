// `process.env` (https://nodejs.org/api/process.html#processenv): strings by name. A thread has its own, until it shares it with a worker.
'use strict';

const { nodeError } = require('node/errors');
const { pendingDeprecation } = require('node/process/options');
const { emitWarning } = require('node/process/warnings');
const { definePlainProxy } = require('builtins/webidl');
const { WeakMap, assign, defineProperty, hasOwn, keys, push, reflectGet, weakMapGet, weakMapSet } = require('builtins/primordials');
const { environment: environmentPairs, setSharedVariable, setTimeZone, sharedVariable, sharedVariableNames, sharedVariables } = ops;

/** What is behind an environment. @typedef {{ variables: Record<string, string>, shared: number }} Source */
/** @type {WeakMap<object, Source>} */
const sources = new WeakMap();

/** The environment of the process. @returns {Record<string, string>} */
function processVariables() {
  /** @type {Record<string, string>} */
  const variables = {};
  const pairs = environmentPairs();
  for (let index = 0; index < pairs.length; index += 1) variables[pairs[index][0]] = pairs[index][1];
  return variables;
}

/** @param {string} value @returns {PropertyDescriptor} */
function described(value) {
  return /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

/**
 * `process.env` over these variables, which it changes, or over those that threads share under a number. `TZ` takes effect at once.
 * @param {Record<string, string>} variables
 * @param {number} shared
 * @returns {Record<string, string>}
 */
function makeEnvironment(variables, shared = 0) {
  const source = { variables, shared };
  /** @param {string} name @param {string | undefined} value */
  const put = (name, value) => {
    // What the system refuses, without a word.
    if (name === '') return;
    if (source.shared !== 0) setSharedVariable(source.shared, name, value);
    else if (value === undefined) delete variables[name];
    else defineProperty(variables, name, described(value));
    if (name === 'TZ') setTimeZone(value);
  };
  const environment = new Proxy(variables, {
    get(target, name, receiver) {
      if (source.shared === 0 || typeof name === 'symbol') return reflectGet(target, name, receiver);
      return sharedVariable(source.shared, name) ?? reflectGet(Object.prototype, name, receiver);
    },
    has(target, name) {
      if (source.shared === 0 || typeof name === 'symbol') return name in target;
      return sharedVariable(source.shared, name) !== undefined;
    },
    ownKeys(target) {
      return source.shared === 0 ? keys(target) : sharedVariableNames(source.shared);
    },
    getOwnPropertyDescriptor(target, name) {
      if (typeof name === 'symbol') return undefined;
      if (source.shared === 0) return hasOwn(target, name) ? described(target[name]) : undefined;
      const value = sharedVariable(source.shared, name);
      return value === undefined ? undefined : described(value);
    },
    set(_target, name, value) {
      warnOfConversion(value);
      if (typeof name === 'symbol' || typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
      put(name, `${value}`);
      return true;
    },
    deleteProperty(_target, name) {
      if (typeof name !== 'symbol') put(name, undefined);
      return true;
    },
    defineProperty(_target, name, descriptor) {
      if (descriptor.get !== undefined || descriptor.set !== undefined) {
        throw refused('does not accept an accessor(getter/setter) descriptor');
      }
      if (!descriptor.configurable || !descriptor.writable || !descriptor.enumerable) {
        throw refused('only accepts a configurable, writable, and enumerable data descriptor');
      }
      if (typeof name === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
      put(name, `${descriptor.value}`);
      return true;
    },
  });
  weakMapSet(sources, environment, source);
  definePlainProxy(environment);
  return environment;
}

/** @type {boolean | undefined} */
let warnsOfConversion;

/** @param {any} value */
function warnOfConversion(value) {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return;
  warnsOfConversion ??= pendingDeprecation();
  if (!warnsOfConversion) return;
  warnsOfConversion = false;
  emitWarning(
    'Assigning any value other than a string, number, or boolean to a process.env property is deprecated. ' +
      'Please make sure to convert the value to a string before setting process.env with it.',
    'DeprecationWarning',
    'DEP0104',
  );
}

/** @param {string} reason */
function refused(reason) {
  return nodeError(TypeError, 'ERR_INVALID_OBJECT_DEFINE_PROPERTY', `'process.env' ${reason}`);
}

/** The number under which other threads reach this environment from now on. @param {any} environment @returns {number} */
function share(environment) {
  const source = weakMapGet(sources, environment);
  // A program put another object there.
  if (source === undefined) return share(makeEnvironment(assign({}, environment)));
  if (source.shared === 0) {
    /** @type {string[]} */
    const list = [];
    const names = keys(source.variables);
    for (let index = 0; index < names.length; index += 1) push(list, names[index], `${source.variables[names[index]]}`);
    source.shared = sharedVariables(list);
  }
  return source.shared;
}

module.exports = { makeEnvironment, processVariables, share };
