// Contexts of `node:vm`: a realm whose global object stands for an object of the program's. What its scripts declare and assign is that object's;
// what the object does not have is the realm's (the language).
//
// In the scope of its scripts, and as their `globalThis`, is a Proxy over both. An assignment to a name that nobody declared goes to the realm's
// global, and is moved when the script has run. The prototype of the global is a Proxy too: also without a scope it has what the object has.
'use strict';

const { invalidType } = require('node/errors');
const { requireBoolean, requireObject, requireOneOf, requireString } = require('node/arguments');
const { assign, create, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, has, hasOwn, keys } = require('builtins/primordials');
const {
  includes,
  ownKeys,
  push,
  reflectGet,
  setPrototypeOf,
  WeakMap,
  weakMapGet,
  weakMapHas,
  weakMapSet,
} = require('builtins/primordials');
const { realmCreate } = ops;

const constants = create(null, {
  USE_MAIN_CONTEXT_DEFAULT_LOADER: { value: Symbol('vm_dynamic_import_main_context_default'), enumerable: true },
  DONT_CONTEXTIFY: { value: Symbol('vm_context_no_contextify'), enumerable: true },
});

/** @typedef {{ object: any, global: any, environment: object[] }} Context */
/** By the object that stands for each. @type {WeakMap<object, Context>} */
const contexts = new WeakMap();
const { deleteProperty, set: reflectSet } = Reflect;

/**
 * The handler of the Proxy that scripts see. Its target has what was declared with `var`, which the language wants never to be deleted.
 * @param {any} object @param {any} global @returns {ProxyHandler<any>}
 */
function handlerOf(object, global) {
  return {
    has: (target, key) => has(object, key) || has(global, key) || hasOwn(target, key),
    // Accessors and functions are called on the object that has them.
    get: (_, key) => (has(object, key) ? reflectGet(object, key, object) : reflectGet(global, key, global)),
    set(_, key, value) {
      if (!hasOwn(object, key)) {
        const own = getOwnPropertyDescriptor(global, key);
        // `undefined` and its like.
        if (own !== undefined && own.writable === false && own.configurable === false) return false;
      }
      return reflectSet(object, key, value, object);
    },
    defineProperty(target, key, descriptor) {
      const isVariable = descriptor.configurable === false && !hasOwn(object, key);
      if (!defineProperty(object, key, isVariable ? assign({}, descriptor, { configurable: true }) : descriptor)) return false;
      if (descriptor.configurable === false) defineProperty(target, key, descriptor);
      return true;
    },
    deleteProperty(target, key) {
      if (hasOwn(target, key)) return false;
      if (hasOwn(object, key) && !deleteProperty(object, key)) return false;
      return hasOwn(global, key) ? deleteProperty(global, key) : true;
    },
    ownKeys(target) {
      const keys = ownKeys(object);
      const more = [ownKeys(global), ownKeys(target)];
      for (let list = 0; list < more.length; list += 1) {
        for (let index = 0; index < more[list].length; index += 1) {
          if (!includes(keys, more[list][index])) push(keys, more[list][index]);
        }
      }
      return keys;
    },
    getOwnPropertyDescriptor(target, key) {
      const ofObject = getOwnPropertyDescriptor(object, key);
      const own = ofObject ?? getOwnPropertyDescriptor(global, key);
      // The language lets nothing be told as fixed that the target does not have.
      if (ofObject?.configurable === false && !hasOwn(target, key)) defineProperty(target, key, ofObject);
      const declared = getOwnPropertyDescriptor(target, key);
      if (declared !== undefined) return own === undefined ? declared : assign({}, own, { configurable: false });
      return own === undefined ? undefined : assign({}, own, { configurable: true });
    },
    getPrototypeOf: () => getPrototypeOf(/** @type {object} */ (getPrototypeOf(global))),
    setPrototypeOf: (_, prototype) => Reflect.setPrototypeOf(object, prototype),
    preventExtensions: () => false,
  };
}

/** @param {any} object @param {any} prototype the realm's `Object.prototype` @returns {ProxyHandler<any>} */
function behindGlobal(object, prototype) {
  return {
    has: (_, key) => has(object, key) || has(prototype, key),
    get: (_, key, receiver) => (has(object, key) ? reflectGet(object, key, object) : reflectGet(prototype, key, receiver)),
    set: (_, key, value) => reflectSet(object, key, value, object),
    getOwnPropertyDescriptor: () => undefined,
    getPrototypeOf: () => prototype,
  };
}

/** @param {any} options */
function requireContextOptions(options) {
  requireObject(options, 'options');
  const { name, origin, codeGeneration, microtaskMode } = options;
  if (name !== undefined) requireString(name, 'options.name');
  if (origin !== undefined) requireString(origin, 'options.origin');
  if (codeGeneration !== undefined) {
    requireObject(codeGeneration, 'options.codeGeneration');
    if (codeGeneration.strings !== undefined) requireBoolean(codeGeneration.strings, 'options.codeGeneration.strings');
    if (codeGeneration.wasm !== undefined) requireBoolean(codeGeneration.wasm, 'options.codeGeneration.wasm');
  }
  requireOneOf(microtaskMode, 'options.microtaskMode', /** @type {any[]} */ (['afterEvaluate', undefined]));
}

/** @param {any} value */
const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';

/** @param {any} options */
function newRealm({ codeGeneration, microtaskMode }) {
  return realmCreate(microtaskMode === 'afterEvaluate', codeGeneration?.strings === false, codeGeneration?.wasm === false);
}

/** @param {any} [object] @param {any} [options] */
function createContext(object = {}, options = {}) {
  if (object === constants.DONT_CONTEXTIFY) {
    requireContextOptions(options);
    const global = newRealm(options);
    weakMapSet(contexts, global, { object: global, global, environment: [] });
    return global;
  }
  if (!isObject(object)) throw invalidType('object', 'object', object);
  if (weakMapHas(contexts, object)) return object;
  requireContextOptions(options);
  const global = newRealm(options);
  const proxy = new Proxy({}, handlerOf(object, global));
  const prototype = getPrototypeOf(global);
  setPrototypeOf(global, new Proxy({}, behindGlobal(object, prototype)));
  defineProperty(global, 'globalThis', { value: proxy, writable: true, enumerable: false, configurable: true });
  weakMapSet(contexts, object, { object, global, environment: [proxy] });
  return object;
}

/**
 * Moves what scripts assigned without declaring it, which the engine puts onto the realm's own global, to the object.
 * @param {Context} context
 */
function gather({ object, global }) {
  if (object === global) return;
  const names = keys(global);
  for (let index = 0; index < names.length; index += 1) {
    const own = getOwnPropertyDescriptor(global, names[index]);
    if (own === undefined || own.configurable !== true) continue;
    deleteProperty(global, names[index]);
    if (!has(object, names[index])) defineProperty(object, names[index], own);
    else reflectSet(object, names[index], own.value, object);
  }
}

/** @param {any} object */
function isContext(object) {
  if (typeof object !== 'object' || object === null) throw invalidType('object', 'object', object);
  return weakMapHas(contexts, object);
}

/** @param {any} object @param {string} name @param {string} expected */
function contextOf(object, name, expected) {
  if (!isObject(object)) throw invalidType(name, 'object', object);
  const context = weakMapGet(contexts, object);
  if (context === undefined) throw invalidType(name, expected, object);
  return context;
}

module.exports = { constants, contextOf, createContext, gather, isContext };
