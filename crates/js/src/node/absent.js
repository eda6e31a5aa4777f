// What a module has by its documentation and does not have here yet: the name is there, so that packages load, and a call says so.
'use strict';

const { nodeError } = require('node/errors');
const { defineProperty } = require('builtins/primordials');

/** @param {string} name `http.createServer` */
function absent(name) {
  return nodeError(Error, 'ERR_METHOD_NOT_IMPLEMENTED', `${name} is not there yet`);
}

/**
 * A function that refuses to be called, with the name and the `length` that it has in Node.
 * @param {string} module @param {string} name @param {number} [length]
 * @returns {(...given: any[]) => any}
 */
function absentFunction(module, name, length = 0) {
  const refuse = () => {
    throw absent(`${module}.${name}`);
  };
  return named(refuse, name, length);
}

/**
 * A class that can be extended and mentioned, and refuses to be constructed; with or without `new`, as old packages have it.
 * @param {string} module @param {string} name @param {number} [length] @param {any} [parent] the prototype's prototype
 * @returns {any}
 */
function absentClass(module, name, length = 0, parent = undefined) {
  function Refusing() {
    throw absent(`${module}.${name}`);
  }
  if (parent !== undefined) Object.setPrototypeOf(Refusing.prototype, parent);
  return named(Refusing, name, length);
}

/** @template {Function} T @param {T} callable @param {string} name @param {number} length @returns {T} */
function named(callable, name, length) {
  defineProperty(callable, 'name', { value: name, configurable: true });
  defineProperty(callable, 'length', { value: length, configurable: true });
  return callable;
}

module.exports = { absent, absentClass, absentFunction, named };
