// What `JsProxy` asks of a JavaScript object: its identity, items, iterators, and the parts that `to_py` copies.
//
// Runs on the loop thread with the GIL held.
'use strict';

const {
  ArrayIteratorPrototype,
  Map,
  Set,
  WeakMap,
  apply,
  arrayIteratorNext,
  arraySlice,
  arrayValues,
  entries,
} = require('builtins/primordials');
const {
  getOwnPropertyDescriptor,
  getOwnPropertyNames,
  getPrototypeOf,
  hasInstance,
  hasOwn,
  includes,
  isArray,
  isView,
  keys,
  mapDelete,
} = require('builtins/primordials');
const { mapForEach, mapGet, mapHas, mapKeys, mapSet, objectToString, setAdd, setForEach, setHas } = require('builtins/primordials');
const { regExp, replace, slice, splice, startsWith, viewName, weakMapGet, weakMapSet } = require('builtins/primordials');
const loadInspect = () => require('builtins/inspect/inspect');
const { CALLABLE, AWAITABLE, ITERABLE, ASYNC_ITERABLE, SIZED, BYTES, RECORD, ITERATOR, ASYNC_ITERATOR } = ops.kinds;
const { DISPOSABLE, ASYNC_DISPOSABLE, BEYOND } = ops.kinds;

// The language's own, whatever a program makes of the globals later.
const { ArrayBuffer, BigInt, DataView, Date: OwnDate, Error: OwnError, Object: OwnObject, SharedArrayBuffer } = globalThis;
const { String: OwnString, Uint8Array } = globalThis;
/** By the kind of typed array, the letter of Python's `array` for the same elements; the rest are bytes. @type {Record<string, string>} */
const elementsOfArrays = {
  __proto__: /** @type {any} */ (null),
  Int8Array: 'b',
  Int16Array: 'h',
  Uint16Array: 'H',
  Int32Array: 'i',
  Uint32Array: 'I',
  BigInt64Array: 'q',
  BigUint64Array: 'Q',
  Float32Array: 'f',
  Float64Array: 'd',
};
const { prototype: ArrayPrototype } = Array;
const { slice: viewSlice } = /** @type {any} */ (getPrototypeOf(Uint8Array.prototype));
const { prototype: MapPrototype } = Map;
const { prototype: ObjectPrototype } = OwnObject;
const { prototype: SetPrototype } = Set;
/** @type {(this: bigint, radix: number) => string} */
const bigIntToString = BigInt.prototype.toString;
/** @type {(this: Date) => number} */
const dateToNumber = OwnDate.prototype.valueOf;

/** @type {WeakMap<object, number>} */
const identities = new WeakMap();
let nextIdentity = 1;

// A longer text of a value ends with dots.
const longestShown = 300;
const lineBreak = regExp(/\s*\n\s*/g);

// What `step` gives at the end of an iteration.
const OVER = Symbol('over');
/** @type {any} */
let returned;

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
/** Whether items are asked of `get`: a Map, and what has its methods (Headers, URLSearchParams, FormData). @param {any} value */
const isMapLike = (value) =>
  isMap(value) || (areFunctions(value.get, value.has, value.keys) && typeof value[Symbol.iterator] === 'function');
/** @param {any} first @param {any} second @param {any} third */
const areFunctions = (first, second, third) => typeof first === 'function' && typeof second === 'function' && typeof third === 'function';

/**
 * Whether this is an object of data: `{ ... }`, or one without a prototype, as a module's namespace. The language's own namespaces (Math, Temporal) and
 * the global object have a tag.
 * @param {any} value
 */
function isRecord(value) {
  const prototype = getPrototypeOf(value);
  return prototype === null || (prototype === ObjectPrototype && !hasOwn(value, Symbol.toStringTag));
}

/** The length of an Array or typed array, undefined for all else. @param {any} value @returns {number | undefined} */
function listLength(value) {
  return isArray(value) ? value.length : isView(value) && !hasInstance(DataView, value) ? /** @type {any} */ (value).length : undefined;
}

/** A question that throws is answered by yes: then using the ability tells the error. @param {any} object @param {PropertyKey} key */
function has(object, key) {
  try {
    return typeof object[key] === 'function';
  } catch {
    return true;
  }
}

/** Whether it has a number of this name, or a getter, which may do more than tell. @param {any} object @param {PropertyKey} key */
function hasNumber(object, key) {
  if (!(key in object)) return false;
  for (let owner = object; owner !== null; owner = getPrototypeOf(owner)) {
    const descriptor = getOwnPropertyDescriptor(owner, key);
    if (descriptor !== undefined) return typeof descriptor.get === 'function' || typeof descriptor.value === 'number';
  }
  return false;
}

/** @param {any} object */
function isSized(object) {
  try {
    return hasNumber(object, 'length') || hasNumber(object, 'size');
  } catch {
    return true;
  }
}

/** What an object can do, of what Python asks a type. @param {any} object */
function abilitiesOf(object) {
  let flags = 0;
  if (has(object, 'then')) flags |= AWAITABLE;
  if (has(object, Symbol.iterator)) flags |= has(object, 'next') ? ITERABLE | ITERATOR : ITERABLE;
  if (has(object, Symbol.asyncIterator)) flags |= has(object, 'next') ? ASYNC_ITERABLE | ASYNC_ITERATOR : ASYNC_ITERABLE;
  if (has(object, Symbol.dispose)) flags |= DISPOSABLE;
  // `await using` takes either.
  if (flags & DISPOSABLE || has(object, Symbol.asyncDispose)) flags |= ASYNC_DISPOSABLE;
  if (typeof object === 'function') flags |= CALLABLE;
  // Not by a `length` that an object of data may or may not have.
  else if (flags === 0 && isRecord(object)) return RECORD;
  else if (isSized(object)) flags |= SIZED;
  if (isView(object) || isArrayBuffer(object)) flags |= BYTES;
  return flags;
}

/** What an iterator gave, as `for ... of` checks it. @param {any} step */
function stepOf(step) {
  if ((typeof step !== 'object' && typeof step !== 'function') || step === null) {
    throw new TypeError(`iterator.next() returned a non-object value: ${OwnString(step)}`);
  }
  return step;
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
   * Identity and abilities in one call, of an object that may be new to Python: minus its identity if it is not, else that times
   * `BEYOND` and the flags.
   * @param {object} object
   */
  introduce(object) {
    const identity = weakMapGet(identities, object);
    if (identity !== undefined) return -identity;
    weakMapSet(identities, object, nextIdentity);
    return nextIdentity++ * BEYOND + abilitiesOf(object);
  },
  /** An iterator; the value itself if it is an Array that Python may read by index. @param {any} value */
  iteratorOf(value) {
    return iteratesByIndex(value) ? value : value[Symbol.iterator]?.();
  },
  /** @param {Iterator<any>} iterator */
  step(iterator) {
    const { done, value } = stepOf(iterator.next());
    if (!done) return value;
    returned = value;
    return OVER;
  },
  /** What the iterator returned whose `step` was the last just now. */
  takeReturned() {
    const value = returned;
    returned = undefined;
    return value;
  },
  /** @param {Iterator<any>} iterator @param {any} value */
  advance(iterator, value) {
    return value === undefined ? iterator.next() : iterator.next(value);
  },
  /** What a generator makes of an error where it waits; an iterator that takes none is closed. @param {any} iterator @param {any} error */
  throwInto(iterator, error) {
    const { throw: takes } = iterator;
    if (takes !== undefined && takes !== null) return apply(takes, iterator, [error]);
    iterator.return?.();
    throw error;
  },
  /** Whether a step is the last, and its value. @param {any} step */
  partsOfStep(step) {
    const { done, value } = stepOf(step);
    return [!!done, value];
  },
  /** @param {any} value @param {any} constructor */
  isInstance(value, constructor) {
    return value instanceof constructor;
  },
  /** @param {any} object */
  dispose(object) {
    object[Symbol.dispose]();
  },
  /** @param {any} object */
  disposeAsync(object) {
    const { [Symbol.asyncDispose]: dispose } = object;
    return dispose === undefined || dispose === null ? object[Symbol.dispose]() : apply(dispose, object, []);
  },
  OVER,
  /** What leaving a `for ... of` early does. @param {any} iterator */
  closeIterator(iterator) {
    const { return: close } = iterator;
    return close === undefined || close === null ? undefined : apply(close, iterator, []);
  },
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
    return isMapLike(value) ? value.get(key) : value[key];
  },
  /** @param {any} value @param {any} key */
  hasItem(value, key) {
    if (isPlain(value, MapPrototype)) return mapHas(value, key);
    if (isPlain(value, SetPrototype)) return setHas(value, key);
    if (isArray(value) && isPlain(value, ArrayPrototype)) return includes(value, key);
    if (isRecord(value) && typeof value.has !== 'function') return hasOwn(value, key);
    return typeof value.has === 'function' ? value.has(key) : typeof value.includes === 'function' ? value.includes(key) : key in value;
  },
  /** Whether there is an item, though it be undefined or null. @param {any} value @param {any} key */
  ownsItem(value, key) {
    if (isPlain(value, MapPrototype)) return mapHas(value, key);
    return isMapLike(value) ? value.has(key) : key in value;
  },
  /** Whether Python must not see `keys`, by which `dict` knows a mapping from an iterable of pairs. @param {any} value */
  hidesKeys(value) {
    return typeof value.keys === 'function' && typeof value[Symbol.iterator] === 'function' && !isMapLike(value);
  },
  /** @param {object} value */
  keysOf(value) {
    return keys(value);
  },
  /** @param {Map<any, any>} value */
  mapKeysOf(value) {
    return mapKeys(value);
  },
  listLength,
  /** A part of an Array or typed array, as one of its kind. @param {any} value @param {number} start @param {number} step @param {number} count */
  sliced(value, start, step, count) {
    const part = isArray(value) ? [] : apply(viewSlice, value, [0, count]);
    for (let i = 0; i < count; i += 1) part[i] = value[start + i * step];
    return part;
  },
  /** Puts items where the slice was; as many, unless the step is 1. @param {any[]} value @param {number} start @param {number} step @param {number} count @param {any[]} items */
  replaceSlice(value, start, step, count, items) {
    if (items.length === count) {
      for (let i = 0; i < count; i += 1) value[start + i * step] = items[i];
      return;
    }
    const rest = arraySlice(value, start + count);
    value.length = start;
    for (let i = 0; i < items.length; i += 1) value[value.length] = items[i];
    for (let i = 0; i < rest.length; i += 1) value[value.length] = rest[i];
  },
  /** @param {any[]} value @param {number} start @param {number} step @param {number} count */
  deleteSlice(value, start, step, count) {
    const first = step > 0 ? start : start + (count - 1) * step;
    const by = step > 0 ? step : -step;
    const { length } = value;
    let to = first;
    for (let from = first; from < length; from += 1) {
      if ((from - first) % by !== 0 || from > first + (count - 1) * by) value[to++] = value[from];
    }
    value.length = length - count;
  },
  /** @param {any} value @param {any} key @param {any} item */
  setItem(value, key, item) {
    if (typeof key === 'number') {
      // Beyond the end would be a hole or, of a typed array, nothing at all.
      const length = listLength(value);
      if (length !== undefined && !(key >= 0 && key < length)) return false;
    }
    if (isPlain(value, MapPrototype)) mapSet(value, key, item);
    else if (isMapLike(value) && typeof value.set === 'function') value.set(key, item);
    else value[key] = item;
    return true;
  },
  /** @param {any} value @param {any} key */
  deleteItem(value, key) {
    if (isPlain(value, MapPrototype)) return mapDelete(value, key);
    if (isMapLike(value) && typeof value.delete === 'function') {
      const had = value.has(key);
      value.delete(key);
      return had;
    }
    const had = hasOwn(value, key);
    if (isArray(value)) {
      if (had) splice(value, key, 1);
    } else delete value[key];
    return had;
  },
  /** Whether a function is async, also one that is bound. @param {any} value */
  isAsync: (value) => typeof value === 'function' && objectToString(value) === '[object AsyncFunction]',
  /** What `to_py` copies: [kind, parts], or undefined for what stays a proxy. @param {any} value */
  parts(value) {
    if (isArray(value)) return ['list', value];
    if (hasInstance(Map, value)) return ['dict', partsOfMap(value)];
    if (hasInstance(Set, value)) return ['set', partsOfSet(value)];
    if (isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      // Of a DataView the name is undefined.
      return ['bytes', bytes, elementsOfArrays[viewName(value) ?? '']];
    }
    if (isArrayBuffer(value)) return ['bytes', new Uint8Array(value)];
    if (hasInstance(OwnDate, value)) return ['date', apply(dateToNumber, value, [])];
    const prototype = getPrototypeOf(value);
    if (prototype === null || prototype === ObjectPrototype) return ['dict', partsOfRecord(value)];
    const tag = objectToString(value);
    if (!startsWith(tag, '[object Temporal.')) return undefined;
    // A year and a month are of no fixed length, which Python's timedelta needs.
    if (tag === '[object Temporal.Duration]' && (value.years !== 0 || value.months !== 0)) return undefined;
    return ['temporal', slice(tag, 17, tag.length - 1), OwnString(value)];
  },
  newSet() {
    return new Set();
  },
  /** @param {number} milliseconds */
  newDate(milliseconds) {
    return new OwnDate(milliseconds);
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
    for (let object = OwnObject(value); object !== null && object !== ObjectPrototype; object = getPrototypeOf(object)) {
      const own = getOwnPropertyNames(object);
      for (let i = 0; i < own.length; i += 1) setAdd(names, own[i]);
    }
    return partsOfSet(names);
  },
  /** What `console.log` would write of the value, on one line and of a bounded length. @param {any} value */
  shown(value) {
    let text;
    try {
      if (hasInstance(OwnError, value)) text = `[${OwnString(value)}]`;
      else
        text = loadInspect().inspect(value, { depth: 1, breakLength: Infinity, compact: true, maxArrayLength: 10, maxStringLength: 100 });
      text = replace(text, lineBreak, ' ');
    } catch {
      return objectToString(value);
    }
    return text.length <= longestShown ? text : `${slice(text, 0, longestShown - 3)}...`;
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
