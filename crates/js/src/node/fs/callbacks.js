// Operations with a callback, as Node's oldest functions have it.
'use strict';

const { apply, arraySlice, includes, reject: rejected, then } = require('builtins/primordials');
const { isDenied } = require('node/errors');
const { requireFunction, requireInteger } = require('node/arguments');
const { readInto, readRange, toOwner } = require('node/fs/operations');
const { toDescriptor, toMode } = require('node/fs/values');
const { nextTick } = require('node/process/ticks');

const withBuffers = ['readv', 'write', 'writev'];

/** Checks that Node makes before it looks at the callback. @type {Record<string, (given: any[]) => void>} */
const first = {
  __proto__: /** @type {any} */ (null),
  chmod: (given) => toMode(given[1]),
  chown: ownersOf,
  close: descriptorOf,
  fchmod(given) {
    descriptorOf(given);
    toMode(given[1]);
  },
  fchown(given) {
    descriptorOf(given);
    ownersOf(given);
  },
  fdatasync: descriptorOf,
  fsync: descriptorOf,
  ftruncate(given) {
    descriptorOf(given);
    if (given[1] !== undefined) requireInteger(given[1], 'len');
  },
  futimes: descriptorOf,
  lchown: ownersOf,
  read: descriptorOf,
  readv: descriptorOf,
  truncate(given) {
    if (given[1] !== undefined) requireInteger(given[1], 'len');
  },
  write: descriptorOf,
  writev: descriptorOf,
};

/** @param {any[]} given */
function descriptorOf(given) {
  toDescriptor(given[0]);
}

/** @param {any[]} given */
function ownersOf(given) {
  toOwner(given[1], 'uid');
  toOwner(given[2], 'gid');
}

/** What `close` does with an error for which nobody gave a callback. @param {any} error */
function thrown(error) {
  if (error !== null) throw error;
}

/** @param {string} name @param {Function} operation @param {any[]} given */
function withCallback(name, operation, given) {
  let callback = given.length > 1 ? given[given.length - 1] : undefined;
  let count = given.length - 1;
  if (typeof callback !== 'function') {
    first[name]?.(given);
    if (name !== 'close' || given.length > 1) requireFunction(callback, name === 'opendir' ? 'callback' : 'cb');
    callback = thrown;
    count = 1;
  }
  const rest = arraySlice(given, 0, count);
  if (name === 'read') {
    const number = toDescriptor(rest[0]);
    const form = rest.length === 3 ? 'options' : rest.length > 3 ? 'places' : 'any';
    const range = readRange(rest[1], rest[2], rest[3], rest[4], form);
    later(readInto(false, number, range), (value) => callback(null, value, range.buffer), callback);
    return;
  }
  const succeed = (/** @type {any} */ value) => {
    // These give the buffer as well.
    if (includes(withBuffers, name)) callback(null, value, rest[1]);
    else if (value === undefined) callback(null);
    else callback(null, value);
  };
  let promise;
  try {
    promise = apply(operation, undefined, prepended(false, rest));
  } catch (error) {
    // No fault of the arguments, so the callback hears it.
    if (!isDenied(error)) throw error;
    promise = rejected(error);
  }
  later(promise, succeed, callback);
}

/** In a tick of its own, so that what the callback throws is an uncaught exception and not a rejection. @param {Promise<any>} promise @param {(value: any) => void} succeed @param {Function} callback */
function later(promise, succeed, callback) {
  then(
    promise,
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
