// What `JsProxy` asks of a JavaScript object: its identity, items, iterators, and the parts that `to_py` copies.
//
// Runs on the loop thread with the GIL held.
'use strict';

const { ArrayIteratorPrototype, Map, Set, WeakMap, apply, arrayIteratorNext, arrayValues, entries } = require('builtins/primordials');
const { getOwnPropertyNames, getPrototypeOf, hasInstance, hasOwn, includes, isArray, isView, mapDelete } = require('builtins/primordials');
const { mapForEach, mapGet, mapHas, mapSet, objectToString, setAdd, setForEach, setHas } = require('builtins/primordials');
const { slice, splice, weakMapGet, weakMapSet } = require('builtins/primordials');
const { CALLABLE, AWAITABLE, ITERABLE, ASYNC_ITERABLE, SIZED, BYTES } = ops.kinds;

// The language's own, whatever a program makes of the globals later.
const { ArrayBuffer, BigInt, Object: OwnObject, SharedArrayBuffer, String: OwnString, Uint8Array } = globalThis;
const { prototype: ArrayPrototype } = Array;
const { prototype: MapPrototype } = Map;
const { prototype: ObjectPrototype } = OwnObject;
const { prototype: SetPrototype } = Set;
/** @type {(this: bigint, radix: number) => string} */
const bigIntToString = BigInt.prototype.toString;

/** @type {WeakMap<object, number>} */
const identities = new WeakMap();
let nextIdentity = 1;

// What `step` gives at the end of an iteration.
const OVER = Symbol('over');

/** What `for ... of` would do with this array, if reading by index is the same. @param {any} value */
function iteratesByIndex(value) {
  return isArray(value) && value[Symbol.iterator] === arrayValues && ArrayIteratorPrototype.next === arrayIteratorNext;
}

/** @param {any} value */
const isArrayBuffer = (value) => hasInstance(ArrayBuffer, value) || hasInstance(SharedArrayBuffer, value);
/** Whether methods of a subclass may have to be asked. @param {any} value @param {object} prototype */
const isPlain = (value, prototype) => getPrototypeOf(value) === prototype;
/** @param {any} value */
const isMap = (value) => hasInstance(Map, value) || hasInstance(WeakMap, value);

/** A question that throws is answered by yes: then using the ability tells the error. @param {any} object @param {PropertyKey} key */
function has(object, key) {
  try {
    return typeof object[key] === 'function';
  } catch {
    return true;
  }
}

/** @param {any} object */
function isSized(object) {
  try {
    return typeof object.length === 'number' || typeof object.size === 'number';
  } catch {
    return true;
  }
}

/** What an object can do, of what Python asks a type. @param {any} object */
function abilitiesOf(object) {
  let flags = typeof object === 'function' ? CALLABLE : isSized(object) ? SIZED : 0;
  if (has(object, 'then')) flags |= AWAITABLE;
  if (has(object, Symbol.iterator)) flags |= ITERABLE;
  if (has(object, Symbol.asyncIterator)) flags |= ASYNC_ITERABLE;
  if (isView(object) || isArrayBuffer(object)) flags |= BYTES;
  return flags;
}

/** @param {any} value @returns {any[]} */
function partsOfMap(value) {
  /** @type {any[]} */
  const parts = [];
  mapForEach(value, (item, key) => {
    parts[parts.length] = key;
    parts[parts.length] = item;
  });
  return parts;
}

/** @param {any} value @returns {any[]} */
function partsOfSet(value) {
  /** @type {any[]} */
  const parts = [];
  setForEach(value, (item) => {
    parts[parts.length] = item;
  });
  return parts;
}

/** @param {any} value @returns {any[]} */
function partsOfRecord(value) {
  const pairs = entries(value);
  const parts = [];
  for (let i = 0; i < pairs.length; i += 1) {
    parts[parts.length] = pairs[i][0];
    parts[parts.length] = pairs[i][1];
  }
  return parts;
}

module.exports = {
  /** A number that stays with a JavaScript object, so that Python keeps one proxy for it. @param {object} object */
  identityOf(object) {
    let identity = weakMapGet(identities, object);
    if (identity === undefined) {
      identity = nextIdentity++;
      weakMapSet(identities, object, identity);
    }
    return identity;
  },
  abilitiesOf,
  /**
   * Identity and abilities in one call, of an object that may be new to Python: minus its identity if it is not, else that times 128
   * and the flags.
   * @param {object} object
   */
  introduce(object) {
    const identity = weakMapGet(identities, object);
    if (identity !== undefined) return -identity;
    weakMapSet(identities, object, nextIdentity);
    return nextIdentity++ * 128 + abilitiesOf(object);
  },
  /** An iterator; the value itself if it is an Array that Python may read by index. @param {any} value */
  iteratorOf(value) {
    return iteratesByIndex(value) ? value : value[Symbol.iterator]?.();
  },
  /** @param {Iterator<any>} iterator */
  step(iterator) {
    const { done, value } = iterator.next();
    return done ? OVER : value;
  },
  OVER,
  /** @param {any} value */
  asyncIteratorOf(value) {
    return value[Symbol.asyncIterator]?.();
  },
  /** @param {any} value */
  lengthOf(value) {
    return value.length ?? value.size;
  },
  /** @param {any} value @param {any} key */
  getItem(value, key) {
    if (isPlain(value, MapPrototype)) return mapGet(value, key);
    return isMap(value) ? value.get(key) : value[key];
  },
  /** @param {any} value @param {any} key */
  hasItem(value, key) {
    if (isPlain(value, MapPrototype)) return mapHas(value, key);
    if (isPlain(value, SetPrototype)) return setHas(value, key);
    if (isArray(value) && isPlain(value, ArrayPrototype)) return includes(value, key);
    return typeof value.has === 'function' ? value.has(key) : typeof value.includes === 'function' ? value.includes(key) : key in value;
  },
  /** @param {any} value @param {any} key @param {any} item */
  setItem(value, key, item) {
    if (isPlain(value, MapPrototype)) mapSet(value, key, item);
    else if (isMap(value)) value.set(key, item);
    else value[key] = item;
  },
  /** @param {any} value @param {any} key */
  deleteItem(value, key) {
    if (isPlain(value, MapPrototype)) return mapDelete(value, key);
    if (isMap(value)) return value.delete(key);
    const had = hasOwn(value, key);
    if (isArray(value)) {
      if (had) splice(value, key, 1);
    } else delete value[key];
    return had;
  },
  /** What `to_py` copies: [kind, parts], or undefined for what stays a proxy. @param {any} value */
  parts(value) {
    if (isArray(value)) return ['list', value];
    if (hasInstance(Map, value)) return ['dict', partsOfMap(value)];
    if (hasInstance(Set, value)) return ['set', partsOfSet(value)];
    if (isView(value)) return ['bytes', new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
    if (isArrayBuffer(value)) return ['bytes', new Uint8Array(value)];
    const prototype = getPrototypeOf(value);
    if (prototype === null || prototype === ObjectPrototype) return ['dict', partsOfRecord(value)];
    return undefined;
  },
  newSet() {
    return new Set();
  },
  /** @param {Set<any>} set @param {any} value */
  addToSet(set, value) {
    setAdd(set, value);
  },
  /** Of hexadecimal digits with an optional sign, as Python writes and reads them; any number of them. @param {string} digits */
  bigintOf(digits) {
    return digits[0] === '-' ? -BigInt(`0x${slice(digits, 1)}`) : BigInt(`0x${digits}`);
  },
  /** @param {bigint} bigint */
  hexadecimalOf(bigint) {
    return apply(bigIntToString, bigint, [16]);
  },
  /** @param {any} object @param {PropertyKey} key */
  deleteProperty(object, key) {
    delete object[key];
  },
  /** @param {any} value */
  namesOf(value) {
    const names = new Set();
    for (let object = value; object && object !== ObjectPrototype; object = getPrototypeOf(object)) {
      const own = getOwnPropertyNames(object);
      for (let i = 0; i < own.length; i += 1) setAdd(names, own[i]);
    }
    return partsOfSet(names);
  },
  /** @param {any} value */
  text(value) {
    try {
      return OwnString(value);
    } catch {
      return objectToString(value);
    }
  },
};
