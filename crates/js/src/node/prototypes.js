// Methods and accessors of classes that are functions, as Node has them: packages of old call them without `new`, and see their prototypes' properties.
'use strict';

const { construct, defineProperty, getPrototypeOf, keys, ownKeys, setPrototypeOf } = require('builtins/primordials');

/** @param {any} prototype @param {Record<string | symbol, any>} methods those under symbols are not enumerable */
function addMethods(prototype, methods) {
  const names = ownKeys(methods);
  for (let i = 0; i < names.length; i += 1) {
    const name = /** @type {any} */ (names[i]);
    defineProperty(prototype, name, { value: methods[name], writable: true, enumerable: typeof name === 'string', configurable: true });
  }
}

/** @param {any} prototype @param {Record<string, (self: any) => any>} getters each is given the object */
function addGetters(prototype, getters) {
  const names = keys(getters);
  for (let i = 0; i < names.length; i += 1) {
    const get = getters[names[i]];
    defineProperty(prototype, names[i], {
      /** @this {any} */
      get() {
        return get(this);
      },
      enumerable: true,
      configurable: true,
    });
  }
}

/** Another name of a property, to read and to write. @param {any} prototype @param {string} name @param {string} property */
function addAlias(prototype, name, property) {
  defineProperty(prototype, name, {
    /** @this {any} */
    get() {
      return this[property];
    },
    /** @this {any} @param {any} value */
    set(value) {
      this[property] = value;
    },
    enumerable: true,
    configurable: true,
  });
}

/** A class that may be called without `new`, as it could when it was a function. @template {new (...given: any) => any} T @param {T} Class @returns {T} */
function callable(Class) {
  /** @type {any} */
  const { [Class.name]: Callable } = {
    /** @param {any[]} given */
    [Class.name]: function (...given) {
      return construct(Class, given, new.target ?? Callable);
    },
  };
  defineProperty(Callable, 'length', { value: Class.length, configurable: true });
  Callable.prototype = Class.prototype;
  defineProperty(Callable, 'prototype', { enumerable: false });
  defineProperty(Class.prototype, 'constructor', { value: Callable, writable: true, enumerable: false, configurable: true });
  setPrototypeOf(Callable, getPrototypeOf(Class));
  return Callable;
}

module.exports = { addAlias, addGetters, addMethods, callable };
