// Deep equality as `node:assert` and `util.isDeepStrictEqual` mean it: strict compares with `Object.is` and prototypes, loose with `==`.
'use strict';

const { bytesOf } = require('builtins/webidl');
const {
  dateGetTime,
  endsWith,
  filter,
  getOwnPropertySymbols,
  getPrototypeOf,
  hasOwn,
  is,
  isArray,
  isEnumerable,
  isView,
  keys,
  Map,
  mapDelete,
  mapForEach,
  mapGet,
  mapHas,
  mapSet,
  mapSize,
  push,
  setForEach,
  setHas,
  setSize,
  splice,
  viewByteLength,
} = require('builtins/primordials');
const { bufferCompare, className, cloneKind } = ops;

// What `cloneKind` says of plain objects and arrays, which most things are.
const OBJECT = 0;
const ARRAY = 1;

/** Pairs that are being compared further up. @typedef {Map<any, any>} Visited */

/** @param {any} left @param {any} right @param {boolean} strict @returns {boolean} */
function isDeepEqual(left, right, strict) {
  return equal(left, right, strict, new Map());
}

/** @param {any} value */
const isPrimitive = (value) => (typeof value !== 'object' || value === null) && typeof value !== 'function';

/** @param {any} left @param {any} right @param {boolean} strict @param {Visited} visited @returns {boolean} */
function equal(left, right, strict, visited) {
  if (is(left, right)) return true;
  if (isPrimitive(left) || isPrimitive(right)) {
    if (strict || (!isPrimitive(left) && left !== null) || (!isPrimitive(right) && right !== null)) return false;
    // biome-ignore lint/suspicious/noDoubleEquals: the loose comparison of `assert.deepEqual`
    return left == right || (left !== left && right !== right);
  }
  if (typeof left === 'function' || typeof right === 'function') return false;
  if (strict && getPrototypeOf(left) !== getPrototypeOf(right)) return false;
  const number = cloneKind(left);
  if (number !== cloneKind(right)) return false;
  const isPlain = number === OBJECT || number === ARRAY;
  const kind = isPlain ? '' : className(left);
  if (!isPlain && (kind !== className(right) || isArray(left) !== isArray(right))) return false;
  // A pair that is being compared further up is taken as equal: the rest decides.
  if (mapGet(visited, left) === right) return true;
  mapSet(visited, left, right);
  const same = isPlain ? number === OBJECT || left.length === right.length : sameContents(left, right, kind, strict, visited);
  const result = same && sameProperties(left, right, strict, visited);
  mapDelete(visited, left);
  return result;
}

/** @param {any} left @param {any} right @param {string} kind @param {boolean} strict @param {Visited} visited @returns {boolean} */
function sameContents(left, right, kind, strict, visited) {
  switch (kind) {
    case 'Date':
      return is(dateGetTime(left), dateGetTime(right));
    case 'RegExp':
      return `${left}` === `${right}` && left.lastIndex === right.lastIndex;
    case 'Number':
    case 'String':
    case 'Boolean':
    case 'BigInt':
    case 'Symbol':
      return is(left.valueOf(), right.valueOf());
    case 'Map':
      return sameMap(left, right, strict, visited);
    case 'Set':
      return sameSet(left, right, strict, visited);
    case 'ArrayBuffer':
    case 'SharedArrayBuffer':
      return bufferCompare(bytesOf(left), bytesOf(right)) === 0;
    case 'WeakMap':
    case 'WeakSet':
    case 'Promise':
      return false;
    default:
      break;
  }
  if (endsWith(kind, 'Error') || left instanceof Error) {
    return (
      equal(left.name, right.name, strict, visited) &&
      equal(left.message, right.message, strict, visited) &&
      equal(left.cause, right.cause, strict, visited) &&
      equal(left.errors, right.errors, strict, visited)
    );
  }
  if (isArray(left)) return left.length === right.length;
  return !isView(left) || bufferCompare(left, right) === 0;
}

/** @param {Set<any>} left @param {Set<any>} right @param {boolean} strict @param {Visited} visited */
function sameSet(left, right, strict, visited) {
  if (setSize(left) !== setSize(right)) return false;
  /** @type {any[]} */
  const rest = [];
  setForEach(right, (item) => {
    if (!setHas(left, item)) push(rest, item);
  });
  let same = true;
  setForEach(left, (item) => {
    if (!same || setHas(right, item)) return;
    same = takeFirst(rest, (other) => equal(item, other, strict, visited));
  });
  return same;
}

/** @param {Map<any, any>} left @param {Map<any, any>} right @param {boolean} strict @param {Visited} visited */
function sameMap(left, right, strict, visited) {
  if (mapSize(left) !== mapSize(right)) return false;
  /** @type {{ key: any, value: any }[]} */
  const rest = [];
  mapForEach(right, (value, key) => {
    if (!mapHas(left, key)) push(rest, { key, value });
  });
  let same = true;
  mapForEach(left, (value, key) => {
    if (!same) return;
    same = mapHas(right, key)
      ? equal(value, mapGet(right, key), strict, visited)
      : takeFirst(rest, (other) => equal(key, other.key, strict, visited) && equal(value, other.value, strict, visited));
  });
  return same;
}

/** Takes the first that passes out of the list; false if none does. @template T @param {T[]} list @param {(item: T) => boolean} test */
function takeFirst(list, test) {
  for (let index = 0; index < list.length; index += 1) {
    if (!test(list[index])) continue;
    splice(list, index, 1);
    return true;
  }
  return false;
}

/** @param {any} object @param {boolean} strict @returns {PropertyKey[]} */
function enumerableKeys(object, strict) {
  /** @type {PropertyKey[]} */
  const names = keys(object);
  if (!strict) return names;
  const own = getOwnPropertySymbols(object);
  if (own.length === 0) return names;
  const symbols = filter(own, (symbol) => isEnumerable(object, symbol));
  for (let index = 0; index < symbols.length; index += 1) push(names, symbols[index]);
  return names;
}

/** @param {any} left @param {any} right @param {boolean} strict @param {Visited} visited */
function sameProperties(left, right, strict, visited) {
  if (isView(left)) return viewByteLength(bytesOf(left)) === viewByteLength(bytesOf(right));
  const names = enumerableKeys(left, strict);
  if (names.length !== enumerableKeys(right, strict).length) return false;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index];
    if (!hasOwn(right, name) || !equal(left[name], right[name], strict, visited)) return false;
  }
  return true;
}

module.exports = { isDeepEqual };
