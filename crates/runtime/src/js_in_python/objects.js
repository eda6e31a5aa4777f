// What `JsProxy` asks of a JavaScript object: its identity, items, iterators, and the parts that `to_py` copies.
//
// Runs on the loop thread with the GIL held.
'use strict';

const jsIdentities = new WeakMap();
let nextIdentity = 1;

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
  isThenable(value) {
    return typeof value.then === 'function';
  },
  resolve(value) {
    return Promise.resolve(value);
  },
  iteratorOf(value) {
    return value[Symbol.iterator]?.();
  },
  asyncIteratorOf(value) {
    return (value[Symbol.asyncIterator] ?? value[Symbol.iterator])?.call(value);
  },
  isIterable(value) {
    return typeof value[Symbol.iterator] === 'function';
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
    if (value instanceof ArrayBuffer) return ['bytes', new Uint8Array(value)];
    const prototype = Object.getPrototypeOf(value);
    if (prototype === null || prototype === Object.prototype) return ['dict', Object.entries(value).flat(1)];
    return undefined;
  },
  fromEntries(entries) {
    return Object.fromEntries(entries);
  },
  newSet(items) {
    return new Set(items);
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
