// What `JsProxy` asks of a JavaScript object: its identity, items, iterators, and the parts that `to_py` copies.
//
// Runs on the loop thread with the GIL held.
'use strict';

const jsIdentities = new WeakMap();
let nextIdentity = 1;

const { CALLABLE, AWAITABLE, ITERABLE, ASYNC_ITERABLE, SIZED, BYTES } = ops.kinds;

const ArrayPrototype = Array.prototype;
const arrayValues = ArrayPrototype[Symbol.iterator];
const arrayIterator = Object.getPrototypeOf([][Symbol.iterator]());
const arrayNext = arrayIterator.next;

// What `step` gives at the end of an iteration.
const OVER = Symbol('over');

// What `for ... of` would do with this array, if reading by index is the same.
function iteratesByIndex(value) {
  return Array.isArray(value) && value[Symbol.iterator] === arrayValues && arrayIterator.next === arrayNext;
}

function isArrayBuffer(value) {
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}

// A question that throws is answered by yes: then using the ability tells the error.
function has(object, key) {
  try {
    return typeof object[key] === 'function';
  } catch {
    return true;
  }
}

function isSized(object) {
  try {
    return typeof object.length === 'number' || typeof object.size === 'number';
  } catch {
    return true;
  }
}

module.exports = {
  // A number that stays with a JavaScript object, so that Python keeps one proxy for it.
  identityOf(object) {
    let identity = jsIdentities.get(object);
    if (identity === undefined) {
      identity = nextIdentity++;
      jsIdentities.set(object, identity);
    }
    return identity;
  },
  // What an object can do, of what Python asks a type.
  abilitiesOf(object) {
    let flags = typeof object === 'function' ? CALLABLE : isSized(object) ? SIZED : 0;
    if (has(object, 'then')) flags |= AWAITABLE;
    if (has(object, Symbol.iterator)) flags |= ITERABLE;
    if (has(object, Symbol.asyncIterator)) flags |= ASYNC_ITERABLE;
    if (ArrayBuffer.isView(object) || isArrayBuffer(object)) flags |= BYTES;
    return flags;
  },
  // An iterator; the value itself if it is an Array that Python may read by index.
  iteratorOf(value) {
    return iteratesByIndex(value) ? value : value[Symbol.iterator]?.();
  },
  step(iterator) {
    const { done, value } = iterator.next();
    return done ? OVER : value;
  },
  OVER,
  asyncIteratorOf(value) {
    return value[Symbol.asyncIterator]?.();
  },
  lengthOf(value) {
    return value.length ?? value.size;
  },
  getItem(value, key) {
    return value instanceof Map || value instanceof WeakMap ? value.get(key) : value[key];
  },
  hasItem(value, key) {
    return typeof value.has === 'function' ? value.has(key) : typeof value.includes === 'function' ? value.includes(key) : key in value;
  },
  setItem(value, key, item) {
    if (value instanceof Map || value instanceof WeakMap) value.set(key, item);
    else value[key] = item;
  },
  deleteItem(value, key) {
    if (value instanceof Map || value instanceof WeakMap) return value.delete(key);
    const had = Object.hasOwn(value, key);
    if (Array.isArray(value)) {
      if (had) value.splice(key, 1);
    } else delete value[key];
    return had;
  },
  // What `to_py` copies: [kind, parts], or undefined for what stays a proxy.
  parts(value) {
    if (Array.isArray(value)) return ['list', value];
    if (value instanceof Map) return ['dict', Array.from(value).flat(1)];
    if (value instanceof Set) return ['set', [...value]];
    if (ArrayBuffer.isView(value)) return ['bytes', new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
    if (isArrayBuffer(value)) return ['bytes', new Uint8Array(value)];
    const prototype = Object.getPrototypeOf(value);
    if (prototype === null || prototype === Object.prototype) return ['dict', Object.entries(value).flat(1)];
    return undefined;
  },
  newSet() {
    return new Set();
  },
  addToSet(set, value) {
    set.add(value);
  },
  // Of hexadecimal digits with an optional sign, as Python writes and reads them; any number of them.
  bigintOf(digits) {
    return digits[0] === '-' ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
  },
  hexadecimalOf(bigint) {
    return bigint.toString(16);
  },
  deleteProperty(object, key) {
    delete object[key];
  },
  namesOf(value) {
    const names = new Set();
    for (let object = value; object && object !== Object.prototype; object = Object.getPrototypeOf(object)) {
      for (const key of Object.getOwnPropertyNames(object)) names.add(key);
    }
    return [...names];
  },
  text(value) {
    try {
      return String(value);
    } catch {
      return Object.prototype.toString.call(value);
    }
  },
};
