// Deep equality as `node:assert` and `util.isDeepStrictEqual` mean it: strict compares with `Object.is` and prototypes, loose with `==`, and partial
// asks that everything of the second is in the first.
'use strict';

const { bytesOf, hasEqualState } = require('builtins/webidl');
const {
  bigIntValueOf,
  booleanValueOf,
  dateGetTime,
  endsWith,
  filter,
  floor,
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
  numberValueOf,
  push,
  regExpToString,
  setForEach,
  setHas,
  setSize,
  splice,
  stringValueOf,
  symbolValueOf,
  viewName,
} = require('builtins/primordials');
const { bufferCompare, className, cloneKind } = ops;

const objectPrototype = Object.prototype;
// What `cloneKind` says of plain objects and arrays, which most things are.
const OBJECT = 0;
const ARRAY = 1;

// Kinds of comparison.
const LOOSE = 0;
const STRICT = 1;
const UNPROTOTYPED = 2;
const PARTIAL = 3;

/** The primitive in a box. @type {Record<string, (box: any) => any>} */
const unboxed = { BigInt: bigIntValueOf, Boolean: booleanValueOf, Number: numberValueOf, String: stringValueOf, Symbol: symbolValueOf };

/** What a value is to `cloneKind`; a proxy is what it stands for. @param {any} value */
function kindOf(value) {
  const number = cloneKind(value);
  if (number <= 3 || className(value) !== 'Proxy') return number;
  return isArray(value) ? ARRAY : OBJECT;
}

/** What is being compared further up: the right of a left, and the left of a right. @typedef {{ left: Map<any, any>, right: Map<any, any> }} Visited */

/** @param {any} left @param {any} right @param {boolean} strict @param {boolean} [skipPrototype] @returns {boolean} */
function isDeepEqual(left, right, strict, skipPrototype = false) {
  return equal(left, right, strict ? (skipPrototype ? UNPROTOTYPED : STRICT) : LOOSE, { left: new Map(), right: new Map() });
}

/** Whether `left` has all of `right`. @param {any} left @param {any} right @returns {boolean} */
function isPartiallyEqual(left, right) {
  return equal(left, right, PARTIAL, { left: new Map(), right: new Map() });
}

/** @param {any} value */
const isPrimitive = (value) => (typeof value !== 'object' || value === null) && typeof value !== 'function';

/** @param {any} left @param {any} right @param {number} mode @param {Visited} visited @returns {boolean} */
function equal(left, right, mode, visited) {
  if (left === right) return left !== 0 || mode === LOOSE || is(left, right);
  if (isPrimitive(left) || isPrimitive(right)) {
    if (mode !== LOOSE) return left !== left && right !== right;
    if ((!isPrimitive(left) && left !== null) || (!isPrimitive(right) && right !== null)) return false;
    // biome-ignore lint/suspicious/noDoubleEquals: the loose comparison of `assert.deepEqual`
    return left == right || (left !== left && right !== right);
  }
  if (typeof left === 'function' || typeof right === 'function') return false;
  if ((mode === STRICT || mode === PARTIAL) && getPrototypeOf(left) !== getPrototypeOf(right)) return false;
  const number = kindOf(left);
  if (number !== kindOf(right)) return false;
  // Arguments have a class of their own, and `callee`.
  const isPlain = number === ARRAY || (number === OBJECT && !hasOwn(left, 'callee') && !hasOwn(right, 'callee'));
  if (number === OBJECT && left[Symbol.toStringTag] !== right[Symbol.toStringTag]) return false;
  const kind = isPlain ? '' : className(left);
  if (!isPlain && (kind !== className(right) || isArray(left) !== isArray(right))) return false;
  // A pair that is being compared further up is taken as equal: the rest decides. One of them with another is a circle that the other has not.
  const before = mapGet(visited.left, left);
  if (before !== undefined) return before === right;
  if (mapHas(visited.right, right)) return false;
  mapSet(visited.left, left, right);
  mapSet(visited.right, right, left);
  const result = sameParts(left, right, number, kind, mode, visited);
  mapDelete(visited.left, left);
  mapDelete(visited.right, right);
  return result;
}

/** @param {any} left @param {any} right @param {number} number @param {string} kind @param {number} mode @param {Visited} visited @returns {boolean} */
function sameParts(left, right, number, kind, mode, visited) {
  if (number === ARRAY) {
    if (mode === PARTIAL) return arrayContains(left, right, visited) && sameProperties(left, right, mode, visited, true);
    return left.length === right.length && sameProperties(left, right, mode, visited, false);
  }
  if (number === OBJECT) {
    if (getPrototypeOf(left) !== objectPrototype) {
      // An instance that shows no properties compares itself.
      if (typeof left[hasEqualState] === 'function' && !left[hasEqualState](right)) return false;
      if (left instanceof Error && !sameError(left, right, mode, visited)) return false;
    }
    return sameProperties(left, right, mode, visited, false);
  }
  return sameContents(left, right, kind, mode, visited) && sameProperties(left, right, mode, visited, isView(left));
}

/** @param {any} left @param {any} right @param {string} kind @param {number} mode @param {Visited} visited @returns {boolean} */
function sameContents(left, right, kind, mode, visited) {
  switch (kind) {
    case 'Date':
      return is(dateGetTime(left), dateGetTime(right));
    case 'RegExp':
      return regExpToString(left) === regExpToString(right) && left.lastIndex === right.lastIndex;
    case 'Number':
    case 'String':
    case 'Boolean':
    case 'BigInt':
    case 'Symbol':
      return is(unboxed[kind](left), unboxed[kind](right));
    case 'Map':
      return sameMap(left, right, mode, visited);
    case 'Set':
      return sameSet(left, right, mode, visited);
    case 'ArrayBuffer':
    case 'SharedArrayBuffer':
      return sameBytes(bytesOf(left), bytesOf(right), mode);
    case 'WeakMap':
    case 'WeakSet':
    case 'Promise':
      return false;
    default:
      break;
  }
  if (endsWith(kind, 'Error') || left instanceof Error) return sameError(left, right, mode, visited);
  if (isArray(left)) return left.length === right.length;
  return !isView(left) || sameView(left, right, mode);
}

// Not enumerable, and still what an error says.
const errorNames = ['message', 'name', 'cause', 'errors'];

/** @param {any} left @param {any} right @param {number} mode @param {Visited} visited */
function sameError(left, right, mode, visited) {
  for (let index = 0; index < errorNames.length; index += 1) {
    const name = errorNames[index];
    const isShown = isEnumerable(left, name) || isEnumerable(right, name);
    if (isShown) continue;
    if (mode === PARTIAL && !hasOwn(right, name) && index > 1) continue;
    if (index > 1 && hasOwn(left, name) !== hasOwn(right, name)) return false;
    if (!equal(left[name], right[name], mode === PARTIAL ? PARTIAL : STRICT, visited)) return false;
  }
  return true;
}

/** @param {Uint8Array} left @param {Uint8Array} right @param {number} mode */
function sameBytes(left, right, mode) {
  if (mode !== PARTIAL) return left.length === right.length && bufferCompare(left, right) === 0;
  return isSubsequence(left, right);
}

/** Elements of the right one in order among those of the left one. @param {ArrayLike<any>} left @param {ArrayLike<any>} right */
function isSubsequence(left, right) {
  let at = 0;
  for (let index = 0; index < right.length; index += 1) {
    while (at < left.length && !is(left[at], right[index])) at += 1;
    if (at === left.length) return false;
    at += 1;
  }
  return true;
}

/** @param {any} left @param {any} right @param {number} mode */
function sameView(left, right, mode) {
  const name = viewName(left);
  if (name !== viewName(right)) return false;
  if (name === undefined) return sameBytes(bytesOf(left), bytesOf(right), mode);
  if (mode === PARTIAL) return isSubsequence(left, right);
  if (left.length !== right.length) return false;
  if (name !== 'Float32Array' && name !== 'Float64Array' && name !== 'Float16Array') return bufferCompare(left, right) === 0;
  for (let index = 0; index < left.length; index += 1) {
    const same =
      mode === LOOSE
        ? left[index] === right[index] || (left[index] !== left[index] && right[index] !== right[index])
        : is(left[index], right[index]);
    if (!same) return false;
  }
  return true;
}

/** Elements of the right array in order among those of the left one; holes say nothing. @param {any[]} left @param {any[]} right @param {Visited} visited */
function arrayContains(left, right, visited) {
  if (right.length > left.length) return false;
  let at = 0;
  for (let index = 0; index < right.length; index += 1) {
    if (!hasOwn(right, index)) continue;
    while (at < left.length && !(hasOwn(left, at) && equal(left[at], right[index], PARTIAL, visited))) at += 1;
    if (at >= left.length) return false;
    at += 1;
  }
  return true;
}

/** Whether a value may be equal to another that is not it. @param {any} value @param {number} mode */
const hasOthers = (value, mode) => mode === LOOSE || !isPrimitive(value);

/** @param {Set<any>} left @param {Set<any>} right @param {number} mode @param {Visited} visited */
function sameSet(left, right, mode, visited) {
  if (mode === PARTIAL ? setSize(left) < setSize(right) : setSize(left) !== setSize(right)) return false;
  /** Of the left, those that the right has not as they are. @type {any[]} */
  const rest = [];
  setForEach(left, (item) => {
    if (!setHas(right, item)) push(rest, item);
  });
  let same = true;
  setForEach(right, (item) => {
    if (!same || setHas(left, item)) return;
    same = hasOthers(item, mode) && takeFirst(rest, (other) => equal(other, item, mode, visited));
  });
  return same;
}

/** @param {Map<any, any>} left @param {Map<any, any>} right @param {number} mode @param {Visited} visited */
function sameMap(left, right, mode, visited) {
  if (mode === PARTIAL ? mapSize(left) < mapSize(right) : mapSize(left) !== mapSize(right)) return false;
  // Loosely, what stands under the same key may be meant for another: 1 and '1'.
  const isSettled = (/** @type {any} */ value, /** @type {any} */ key, /** @type {Map<any, any>} */ other) =>
    mapHas(other, key) && (mode !== LOOSE || equal(mapGet(other, key), value, mode, visited));
  /** @type {{ key: any, value: any }[]} */
  const rest = [];
  mapForEach(left, (value, key) => {
    if (!isSettled(value, key, right)) push(rest, { key, value });
  });
  const isOther = (/** @type {{ key: any, value: any }} */ other, /** @type {any} */ key, /** @type {any} */ value) =>
    equal(other.key, key, mode, visited) && equal(other.value, value, mode, visited);
  let same = true;
  mapForEach(right, (value, key) => {
    if (!same) return;
    if (isSettled(value, key, left)) same = mode === LOOSE || equal(mapGet(left, key), value, mode, visited);
    else same = hasOthers(key, mode) && takeFirst(rest, (other) => isOther(other, key, value));
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

/** @param {any} object @param {number} mode @param {boolean} withoutIndexes @returns {PropertyKey[]} */
function enumerableKeys(object, mode, withoutIndexes) {
  /** @type {PropertyKey[]} */
  let names = keys(object);
  if (withoutIndexes) names = filter(names, (name) => !isIndex(name));
  if (mode === LOOSE) return names;
  const own = getOwnPropertySymbols(object);
  if (own.length === 0) return names;
  const symbols = filter(own, (symbol) => isEnumerable(object, symbol));
  for (let index = 0; index < symbols.length; index += 1) push(names, symbols[index]);
  return names;
}

/** @param {PropertyKey} name */
function isIndex(name) {
  const number = Number(name);
  return number >= 0 && number < 2 ** 32 - 1 && floor(number) === number && `${number}` === name;
}

/** @param {any} left @param {any} right @param {number} mode @param {Visited} visited @param {boolean} withoutIndexes elements were compared already */
function sameProperties(left, right, mode, visited, withoutIndexes) {
  const names = enumerableKeys(right, mode, withoutIndexes);
  if (mode !== PARTIAL && names.length !== enumerableKeys(left, mode, withoutIndexes).length) return false;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index];
    if (!isEnumerable(left, name)) return false;
    if (!equal(left[name], right[name], mode, visited)) return false;
  }
  return true;
}

module.exports = { isDeepEqual, isPartiallyEqual };
