// Operations with a callback, as Node's oldest functions have it.
'use strict';

const { apply, arraySlice, includes, then } = require('builtins/primordials');
const { requireFunction } = require('node/arguments');
const { nextTick } = require('node/process/ticks');

const withBuffers = ['read', 'readv', 'write', 'writev'];

/** @param {string} name @param {Function} operation @param {any[]} given */
function withCallback(name, operation, given) {
  const callback = given.length > 1 ? given[given.length - 1] : undefined;
  requireFunction(callback, 'cb');
  const rest = arraySlice(given, 0, given.length - 1);
  const succeed = (/** @type {any} */ value) => {
    // These two give the buffer as well.
    if (includes(withBuffers, name)) callback(null, value, rest[1]);
    else if (value === undefined) callback(null);
    else callback(null, value);
  };
  // In a tick of its own, so that what the callback throws is an uncaught exception and not a rejection.
  then(
    apply(operation, undefined, prepended(false, rest)),
    (value) => nextTick(succeed, value),
    (error) => nextTick(callback, error),
  );
}

/** @param {boolean} sync @param {any[]} given */
function prepended(sync, given) {
  /** @type {any[]} */
  const all = [sync];
  for (let index = 0; index < given.length; index += 1) all[index + 1] = given[index];
  return all;
}

module.exports = { prepended, withCallback };
