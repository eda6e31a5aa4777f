// A callback of the program's bound to its receiver. It matters how what is called often is called: `Reflect.apply` of two or three functions from one
// place leaves compiled code (75 to 100 ns), a bound function does not (15 ns). `bind` asks a function for its name and length, so one whose
// answer would run code of the program's (a proxy, an accessor) is not bound.
'use strict';

const { bind, getOwnPropertyDescriptor, hasOwn } = require('builtins/primordials');
const { proxyDetails } = ops;

/** From so many calls on, binding a callback pays. */
const manyCalls = 32;

/** The callback with its receiver; null if the program would see it. @param {Function} callback @param {any} self @returns {Function | null} */
function boundTo(callback, self) {
  if (proxyDetails(callback) !== undefined || !hasValue(callback, 'name') || !hasValue(callback, 'length')) return null;
  return bind(callback, self);
}

/** @param {Function} callback @param {string} name */
function hasValue(callback, name) {
  const property = getOwnPropertyDescriptor(callback, name);
  return property !== undefined && hasOwn(property, 'value');
}

module.exports = { boundTo, manyCalls };
