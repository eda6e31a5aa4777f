// `node:util` (https://nodejs.org/api/util.html): inspect and format, and small tools around functions.
'use strict';

const { invalidType } = require('node/errors');
const { inspect } = require('builtins/inspect/inspect');
const { format, formatWithOptions } = require('builtins/inspect/format');
const loadMicrotask = () => require('web/html/microtask');
const loadWarnings = () => require('node/process/warnings');
const loadDeepEqual = () => require('node/util/deep_equal');
const loadUtilTypes = () => require('node/util/types');
const loadEncoding = () => require('web/encoding/encoding');
const customPromisify = Symbol.for('nodejs.util.promisify.custom');

function requireFunction(value, name) {
  if (typeof value === 'function') return;
  throw invalidType(name, 'of type function', value);
}

function promisify(original) {
  requireFunction(original, 'original');
  const own = original[customPromisify];
  if (own !== undefined) {
    requireFunction(own, 'util.promisify.custom');
    return own;
  }
  function promisified(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [
        ...args,
        (error, value) => {
          if (error) reject(error);
          else resolve(value);
        },
      ]);
    });
  }
  Object.setPrototypeOf(promisified, Object.getPrototypeOf(original));
  return Object.defineProperties(promisified, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = customPromisify;

function callbackify(original) {
  requireFunction(original, 'original');
  function callbackified(...args) {
    const callback = args.pop();
    requireFunction(callback, 'last argument');
    Reflect.apply(original, this, args).then(
      (value) => loadMicrotask().queueMicrotask(() => callback.call(this, null, value)),
      (reason) => loadMicrotask().queueMicrotask(() => callback.call(this, reason || falsyRejection(reason))),
    );
  }
  return Object.defineProperty(callbackified, 'name', { value: `${original.name}Callbackified`, configurable: true });
}

function falsyRejection(reason) {
  const error = new Error('Promise was rejected with falsy value');
  error.code = 'ERR_FALSY_VALUE_REJECTION';
  error.reason = reason;
  return error;
}

function inherits(constructor, parent) {
  requireFunction(constructor, 'ctor');
  requireFunction(parent, 'superCtor');
  Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, parent.prototype);
}

const deprecated = new Set();

function deprecate(original, message, code) {
  let warned = false;
  return function (...args) {
    if (!warned && !(code !== undefined && deprecated.has(code))) {
      if (code !== undefined) deprecated.add(code);
      loadWarnings().emitWarning(message, 'DeprecationWarning', code);
    }
    warned = true;
    return new.target === undefined ? Reflect.apply(original, this, args) : Reflect.construct(original, args, new.target);
  };
}

function stripVTControlCharacters(text) {
  return String(text).replace(/[\u001b\u009b](?:\[[\d;?]*[ -/]*[@-~]|\][^\u0007]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g, '');
}

function styleText(style, text) {
  let result = String(text);
  for (const name of [style].flat().toReversed()) {
    const codes = inspect.colors[name];
    if (codes === undefined) {
      const error = new TypeError(`The argument 'format' is not a known style: ${String(name)}`);
      error.code = 'ERR_INVALID_ARG_VALUE';
      throw error;
    }
    result = `\u001b[${codes[0]}m${result}\u001b[${codes[1]}m`;
  }
  return result;
}

function toUSVString(text) {
  return String(text).toWellFormed();
}

module.exports = {
  inspect,
  format,
  formatWithOptions,
  promisify,
  callbackify,
  inherits,
  deprecate,
  stripVTControlCharacters,
  styleText,
  toUSVString,
  isDeepStrictEqual: (left, right) => loadDeepEqual().isDeepEqual(left, right, true),
  get types() {
    return loadUtilTypes();
  },
  get TextEncoder() {
    return loadEncoding().TextEncoder;
  },
  get TextDecoder() {
    return loadEncoding().TextDecoder;
  },
};
