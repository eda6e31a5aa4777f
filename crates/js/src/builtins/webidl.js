// What every web class needs from Web IDL (https://webidl.spec.whatwg.org/): conversions of arguments and the shape of a class.
// Not a global: only the other files see it.
//
// A conversion takes the value and, where it can fail, what its error names (`Blob.slice: start`). Sequences, records and callbacks come
// back as lists and functions of our own, so that a program cannot change them between the check and the use.
'use strict';

const { ArrayIteratorPrototype, IteratorPrototype, Set, apply, arrayIteratorNext } = require('builtins/primordials');
const {
  arrayValues,
  assign,
  charCodeAt,
  customInspect,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
} = require('builtins/primordials');
const { defineProperty, entries, freeze, getOwnPropertyDescriptor, getOwnPropertyNames } = require('builtins/primordials');
const { getPrototypeOf, hasOwn, includes, isArray, isView, join, map, max, min, ownKeys, regExp, setAdd } = require('builtins/primordials');
const { setBytes, setHas, setPrototypeOf, stringIncludes, test, toWellFormed, trunc, viewBuffer } = require('builtins/primordials');
const { WeakMap, viewByteLength, viewByteOffset, viewName, weakMapHas, weakMapSet } = require('builtins/primordials');

const { codedError } = require('builtins/coded_error');
const { bufferKind, guestBytes, isGuestBuffer, isGuestRecord } = ops;

// What `bufferKind` tells of.
const ownMemory = 1;
const sharedMemory = 2;
const viewOfShared = 4;

// ---- the shape of a class

/** The prototypes of all interfaces. @type {Set<object>} */
const interfaces = new Set();

/**
 * How the instances of an interface are cloned, also into another thread: `serialize` says what an instance is, in values that can be cloned
 * themselves, and `deserialize` makes another of that, in a context where the file was loaded.
 * @typedef {{ file: string, is: (value: any) => boolean, serialize: (value: any) => any, deserialize: (data: any) => any }} Serializer
 */
/** @type {Serializer[]} */
const serializers = [];
/** The prototypes of those that are among them. @type {Set<object>} */
const serializable = new Set();
/** Proxies of our own that are cloned as the plain objects that they look like. @type {WeakMap<object, true>} */
const plainProxies = new WeakMap();

/**
 * Who can be transferred. The exports of the file have the steps, as `transferSteps`.
 * @typedef {{ file: string, is: (value: any) => boolean }} Transferable
 */
/** @type {Transferable[]} */
const transferables = [];

/**
 * Gives a class the outside of a Web IDL interface: its public operations and attributes are enumerable, and
 * `Object.prototype.toString` names it. Symbols stay as they are.
 * @param {Function} Class
 * @param {string} [name]
 */
function defineInterface(Class, name = Class.name) {
  setAdd(interfaces, Class.prototype);
  makeEnumerable(Class.prototype, ['constructor']);
  makeEnumerable(Class, ['prototype', 'length', 'name']);
  defineProperty(Class.prototype, Symbol.toStringTag, hidden(name, false));
}

/**
 * Says that an interface is [Serializable] (https://html.spec.whatwg.org/#serializable): `is` tells its instances, `file` is the one that
 * calls this, once. Instances of the other interfaces cannot be cloned.
 * @param {string} file
 * @param {(value: any) => boolean} is
 * @param {(value: any) => any} serialize
 * @param {(data: any) => any} deserialize
 * @param {Function} [Class] whose instances they are
 */
function defineSerializable(file, is, serialize, deserialize, Class = undefined) {
  if (Class !== undefined) {
    // Node's own are no interfaces.
    setAdd(interfaces, Class.prototype);
    setAdd(serializable, Class.prototype);
  }
  serializers[serializers.length] = { file, is, serialize, deserialize };
}

/** How an instance of an interface is cloned; undefined for another object; null for what cannot be cloned. @param {any} value */
function serializerOf(value) {
  let prototype = getPrototypeOf(value);
  while (prototype !== null && !setHas(interfaces, prototype)) prototype = getPrototypeOf(prototype);
  if (prototype === null) return undefined;
  // A subclass is defined after its superclass.
  for (let i = serializers.length - 1; i >= 0; i -= 1) if (serializers[i].is(value)) return serializers[i];
  // A prototype is no instance, and what was only given the prototype of one that can be cloned is an object like others.
  return hasOwn(value, 'constructor') || setHas(serializable, prototype) ? undefined : null;
}

/** Has a proxy cloned as the plain object that it looks like. @param {object} proxy */
function definePlainProxy(proxy) {
  weakMapSet(plainProxies, proxy, true);
}

/** @param {object} value */
function isPlainProxy(value) {
  return weakMapHas(plainProxies, value);
}

/** What `serialize` of the interface in this file gave, as an instance again. @param {string} file @param {any} data */
function deserialize(file, data) {
  require(file);
  for (let i = 0; i < serializers.length; i += 1) if (serializers[i].file === file) return serializers[i].deserialize(data);
  throw new TypeError(`${file} has nothing to deserialize`);
}

/**
 * Says that an interface is [Transferable] (https://html.spec.whatwg.org/#transferable): `is` tells its instances, and `file` exports its
 * `transferSteps` (see `web/html/message`).
 * @param {string} file
 * @param {(value: any) => boolean} is
 */
function defineTransferable(file, is) {
  transferables[transferables.length] = { file, is };
}

/** The file with the steps for an instance that can be transferred; undefined for others. @param {any} value */
function transferFile(value) {
  for (let i = 0; i < transferables.length; i += 1) if (transferables[i].is(value)) return transferables[i].file;
  return undefined;
}

/** @param {string} file @returns {any} */
function transferSteps(file) {
  return require(file).transferSteps;
}

/** @param {any} target @param {string[]} but */
function makeEnumerable(target, but) {
  const names = getOwnPropertyNames(target);
  for (let i = 0; i < names.length; i += 1) {
    if (!includes(but, names[i])) defineProperty(target, names[i], /** @type {any} */ ({ __proto__: null, enumerable: true }));
  }
}

/** The descriptor of a property that is not enumerable. @param {any} value @returns {PropertyDescriptor} */
function hidden(value, writable = true) {
  return /** @type {any} */ ({ __proto__: null, value, writable, enumerable: false, configurable: true });
}

/**
 * Constants stand on the class and on its prototype, and cannot be changed.
 * @param {Function} Class
 * @param {Record<string, number>} constants
 */
function defineConstants(Class, constants) {
  const list = entries(constants);
  for (let i = 0; i < list.length; i += 1) {
    const descriptor = /** @type {any} */ ({ __proto__: null, value: list[i][1], enumerable: true, writable: false, configurable: false });
    defineProperty(Class, list[i][0], descriptor);
    defineProperty(Class.prototype, list[i][0], descriptor);
  }
}

/**
 * The iteration of an interface: `Symbol.iterator` is its own `entries` (or `Symbol.asyncIterator` its `values`).
 * @param {Function} Class
 * @param {symbol} symbol
 * @param {string} method
 */
function defineIteration(Class, symbol, method) {
  defineProperty(Class.prototype, symbol, hidden(Class.prototype[method]));
}

/** The TypeError for a method that is called on something else. @param {string} name */
function invalidThis(name) {
  return codedError(TypeError, 'ERR_INVALID_THIS', `Value of "this" must be of type ${name}`);
}

/**
 * A TypeError with the code that Node's programs compare. Not a `codedError`, whose stack costs microseconds: a writer makes one at every release.
 * @param {string} code @param {string} message @returns {any}
 */
function refusal(code, message) {
  /** @type {any} */
  const error = new TypeError(message);
  error.code = code;
  return error;
}

/** A method by which an instance that shows no properties says whether another is equal to it. */
const hasEqualState = Symbol('has equal state');

/** @param {string} message */
const invalidState = (message) => refusal('ERR_INVALID_STATE', message);
/** @param {string} message */
const invalidArgument = (message) => refusal('ERR_INVALID_ARG_TYPE', message);
/** @param {string} message */
const notIterable = (message) => refusal('ERR_ARG_NOT_ITERABLE', message);
/** For a class of which programs make no objects. */
const illegalConstructor = () => refusal('ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');

/**
 * Throws the TypeError for a call with too few arguments.
 * @param {number} given
 * @param {number} needed
 * @param {string} operation
 */
function requireArguments(given, needed, operation) {
  if (given < needed) {
    throw refusal('ERR_MISSING_ARGS', `${operation}: ${needed} argument${needed === 1 ? '' : 's'} required, but only ${given} present`);
  }
}

// ---- strings

/** A symbol is refused in the words that programs know from V8. @param {any} value @returns {string} */
function textOf(value) {
  if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
  return `${value}`;
}

/** A string without lone surrogates. @param {any} value @returns {string} */
function toUSVString(value) {
  const text = typeof value === 'string' ? value : textOf(value);
  // Names and short values: a look at each unit costs less than the call.
  const { length } = text;
  if (length > 32) return toWellFormed(text);
  let index = 0;
  while (index < length && (charCodeAt(text, index) & 0xf800) !== 0xd800) index += 1;
  return index === length ? text : toWellFormed(text);
}

/** `String(value)`, except that a symbol is refused. @param {any} value @returns {string} */
function toDOMString(value) {
  return typeof value === 'string' ? value : textOf(value);
}

const aboveByte = regExp(/[^\x00-\xff]/);

/** A string whose every code unit is a byte. @param {any} value @param {string} what @returns {string} */
function toByteString(value, what) {
  const text = toDOMString(value);
  // Most are short, and a call of the expression costs more than a look at so many.
  const { length } = text;
  let index = 0;
  if (length <= 64) while (index < length && charCodeAt(text, index) <= 0xff) index += 1;
  else index = test(aboveByte, text) ? 0 : length;
  if (index < length) {
    while (charCodeAt(text, index) <= 0xff) index += 1;
    throw new TypeError(
      `${what}: cannot convert to a byte string, because the character at index ${index} has the value ${charCodeAt(text, index)}, which is greater than 255`,
    );
  }
  return text;
}

/**
 * Throws the TypeError for a value that is not one of an enumeration.
 * @template {string} T
 * @param {any} value
 * @param {readonly T[]} allowed
 * @param {string} what
 * @returns {T}
 */
function toEnumeration(value, allowed, what) {
  const text = /** @type {T} */ (toDOMString(value));
  if (!includes(allowed, text)) {
    const names = join(
      map(allowed, (name) => `"${name}"`),
      ', ',
    );
    throw refusal('ERR_INVALID_ARG_VALUE', `${what}: "${text}" is not one of ${names}`);
  }
  return text;
}

// ---- numbers (https://webidl.spec.whatwg.org/#abstract-opdef-converttoint)

/** `Number(value)`: a BigInt and a symbol are TypeErrors. @param {any} value @returns {number} */
function toNumber(value) {
  return +value;
}

/** `unsigned short`, wrapped. @param {any} value */
function toUnsignedShort(value) {
  return +value & 0xffff;
}

/** `unsigned long`, wrapped. @param {any} value */
function toUnsignedLong(value) {
  return +value >>> 0;
}

/** `long long`, wrapped; beyond 2^53 it is what a double can say of it. @param {any} value */
function toLongLong(value) {
  const number = +value;
  if (number !== number || number === Infinity || number === -Infinity) return 0;
  const whole = trunc(number) + 0;
  if (whole >= Number.MIN_SAFE_INTEGER && whole <= Number.MAX_SAFE_INTEGER) return whole;
  return toNumberOfBits(BigInt(whole));
}

/** @param {bigint} whole */
function toNumberOfBits(whole) {
  const modulus = 2n ** 64n;
  const rest = ((whole % modulus) + modulus) % modulus;
  return +`${rest >= modulus / 2n ? rest - modulus : rest}`;
}

/**
 * [Clamp]: into the range, then to the nearest integer, from the middle to the even one.
 * @param {any} value
 * @param {number} low
 * @param {number} high
 */
function clamp(value, low, high) {
  const number = +value;
  if (number !== number) return 0;
  const inside = min(max(number, low), high);
  const below = trunc(inside);
  const rest = inside < 0 ? below - inside : inside - below;
  const away = inside < 0 ? -1 : 1;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + away : below + 0;
}

/** `long long` with [Clamp]. @param {any} value */
function toClampedLongLong(value) {
  return clamp(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
}

/** `unsigned short` with [Clamp]. @param {any} value */
function toClampedUnsignedShort(value) {
  return clamp(value, 0, 0xffff);
}

/** `unsigned long long` with [EnforceRange]. @param {any} value @param {string} what */
function toEnforcedUnsignedLongLong(value, what) {
  const number = +value;
  const whole = trunc(number) + 0;
  if (!(whole >= 0 && whole <= Number.MAX_SAFE_INTEGER)) {
    throw refusal('ERR_OUT_OF_RANGE', `${what}: ${number} is not an integer from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  return whole;
}

// ---- dictionaries, sequences, records, callbacks

/** The dictionary without members; it inherits nothing that a program can reach. @type {any} */
const noMembers = freeze({ __proto__: null });

/**
 * A dictionary argument: undefined and null are the empty one, another primitive is refused.
 * @param {any} value
 * @param {string} what
 * @returns {any}
 */
function toDictionary(value, what) {
  if (value === undefined || value === null) return noMembers;
  if (typeof value !== 'object' && typeof value !== 'function') {
    throw invalidArgument(`${what}: the options must be an object, not ${typeof value}`);
  }
  return value;
}

/** Whether a value is an object as Web IDL means it. @param {any} value */
function isObject(value) {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/**
 * The elements of a `sequence`, by the iterator that the value has.
 * @template T
 * @param {any} value
 * @param {string} what
 * @param {(element: any) => T} convert
 * @returns {T[]}
 */
function toSequence(value, what, convert) {
  const method = isObject(value) ? value[Symbol.iterator] : undefined;
  if (typeof method !== 'function') throw invalidArgument(`${what} must be a sequence`);
  return sequenceBy(value, method, what, convert);
}

/**
 * @template T
 * @param {any} value
 * @param {Function} method
 * @param {string} what
 * @param {(element: any) => T} convert
 * @returns {T[]}
 */
function sequenceBy(value, method, what, convert) {
  // An array that nobody made iterate otherwise.
  if (method === arrayValues && ArrayIteratorPrototype.next === arrayIteratorNext && isArray(value)) {
    const list = [];
    for (let i = 0; i < value.length; i += 1) list[i] = convert(value[i]);
    return list;
  }
  const iterator = apply(method, value, []);
  if (!isObject(iterator)) throw invalidArgument(`${what} must be a sequence`);
  const { next } = iterator;
  const list = [];
  for (;;) {
    const step = apply(next, iterator, []);
    if (!isObject(step)) throw invalidArgument(`${what} must be a sequence`);
    if (step.done) return list;
    list[list.length] = convert(step.value);
  }
}

/**
 * What `Headers` and `URLSearchParams` are made of: a sequence of pairs, or a record; a flat list of names and values.
 * @param {any} value
 * @param {string} what
 * @param {(name: any) => string} convertName
 * @param {(value: any) => string} convertValue
 * @returns {string[]}
 */
function toPairs(value, what, convertName, convertValue) {
  /** @type {string[]} */
  const flat = [];
  const method = isGuestRecord(value) ? undefined : value[Symbol.iterator];
  if (method !== undefined && method !== null) {
    if (typeof method !== 'function') throw notIterable(`${what}: the argument is not iterable`);
    sequenceBy(value, method, `${what}: the argument`, (pair) => {
      const parts = toSequence(pair, `${what}: every element of the sequence`, (part) => part);
      if (parts.length !== 2)
        throw refusal('ERR_INVALID_TUPLE', `${what}: every element must be a pair of a name and a value, not ${parts.length} parts`);
      flat[flat.length] = convertName(parts[0]);
      flat[flat.length] = convertValue(parts[1]);
    });
    return flat;
  }
  const keys = ownKeys(value);
  for (let i = 0; i < keys.length; i += 1) {
    const descriptor = getOwnPropertyDescriptor(value, keys[i]);
    if (descriptor === undefined || !descriptor.enumerable) continue;
    const name = convertName(keys[i]);
    const text = convertValue(value[keys[i]]);
    // Two keys may become one name (lone surrogates): the place of the first, the value of the last.
    let at = name === keys[i] ? flat.length : 0;
    while (at < flat.length && flat[at] !== name) at += 2;
    flat[at] = name;
    flat[at + 1] = text;
  }
  return flat;
}

/**
 * Throws for a dictionary of another language (a Python dict) where text or bytes are meant: its text would be sent in silence.
 * @param {any} value
 * @param {string} what
 */
function refuseRecord(value, what) {
  if (typeof value === 'object' && value !== null && isGuestRecord(value)) {
    throw new TypeError(`${what}: a dict is neither text nor bytes; pass its JSON`);
  }
}

/**
 * A callback function: a function, or the TypeError.
 * @param {any} value
 * @param {string} what
 * @returns {Function}
 */
function toCallback(value, what) {
  if (typeof value !== 'function') throw invalidArgument(`${what} must be a function`);
  return value;
}

// ---- buffers

/** True for a `Uint8Array`, also from another realm. @param {any} value @returns {value is Uint8Array<ArrayBuffer>} */
function isUint8Array(value) {
  return viewName(value) === 'Uint8Array';
}

/** A `Uint8Array` over the bytes of a buffer or a view, without a copy; another language's buffer is copied. @param {any} source @returns {Uint8Array<ArrayBuffer>} */
function bytesOf(source) {
  const name = viewName(source);
  if (name === 'Uint8Array') return source;
  if (name !== undefined) return new Uint8Array(/** @type {any} */ (viewBuffer(source)), viewByteOffset(source), viewByteLength(source));
  if (isView(source)) {
    return new Uint8Array(dataViewBuffer(source), dataViewByteOffset(source), dataViewByteLength(source));
  }
  if (typeof source === 'object' && source !== null && isGuestBuffer(source)) return guestBytes(source);
  return new Uint8Array(source);
}

/** A chunk of bytes as a `Uint8Array`: itself, or a copy of another language's buffer; undefined for anything else. @param {any} chunk */
function bytesOfChunk(chunk) {
  if (isUint8Array(chunk)) return chunk;
  return typeof chunk === 'object' && chunk !== null && isGuestBuffer(chunk) ? guestBytes(chunk) : undefined;
}

/** True for an ArrayBuffer or a view of one, also from another realm; and for a buffer of another language (Python's bytes). @param {any} value */
function isBufferSource(value) {
  return isView(value) || (typeof value === 'object' && value !== null && (isAnyArrayBuffer(value) || isGuestBuffer(value)));
}

/** Whether threads share the memory of a view, which interfaces do not take without [AllowShared]. @param {any} value */
function isSharedView(value) {
  return isView(value) && bufferKind(value) === viewOfShared;
}

/** The same where the interface says [AllowShared]. @param {any} value */
function isSharedBufferSource(value) {
  return isBufferSource(value) || (typeof value === 'object' && bufferKind(value) === sharedMemory);
}

/** @param {any} value @returns {value is ArrayBuffer} */
function isAnyArrayBuffer(value) {
  return typeof value === 'object' && !isView(value) && bufferKind(value) === ownMemory;
}

/**
 * One Uint8Array of many.
 * @param {Uint8Array<ArrayBuffer>[]} chunks
 * @param {number} [total]
 * @returns {Uint8Array<ArrayBuffer>}
 */
function concatBytes(chunks, total = sumOf(chunks)) {
  if (chunks.length === 1 && viewByteLength(chunks[0]) === total) return chunks[0];
  const joined = new Uint8Array(total);
  let offset = 0;
  for (let i = 0; i < chunks.length; i += 1) {
    setBytes(joined, chunks[i], offset);
    offset += viewByteLength(chunks[i]);
  }
  return joined;
}

/** @param {Uint8Array[]} chunks */
function sumOf(chunks) {
  let total = 0;
  for (let i = 0; i < chunks.length; i += 1) total += viewByteLength(chunks[i]);
  return total;
}

// ---- iterators

/** @typedef {'entries' | 'keys' | 'values'} IteratorKind */

/**
 * The class of iterators of one interface with pairs (Headers, FormData). `entryAt(target, index)` gives `[name, value]`, or
 * undefined behind the last; it is asked anew at every step, because the pairs may change during the iteration.
 * @template T
 * @param {string} name
 * @param {(target: T, index: number) => ArrayLike<any> | undefined} entryAt
 * @param {boolean} shows whether `inspect` shows what is left
 * @returns {(target: T, kind: IteratorKind) => IterableIterator<any>}
 */
function definePairIterator(name, entryAt, shows = false) {
  class PairIterator {
    #target;
    #kind;
    #index = 0;
    /** @param {T} target @param {IteratorKind} kind */
    constructor(target, kind) {
      this.#target = target;
      this.#kind = kind;
    }
    next() {
      if (!isObject(this) || !(#target in this)) throw invalidThis(`${name}Iterator`);
      const entry = entryAt(this.#target, this.#index);
      if (entry === undefined) return { value: undefined, done: true };
      this.#index += 1;
      return { value: this.#part(entry), done: false };
    }
    /** @param {ArrayLike<any>} entry */
    #part(entry) {
      return this.#kind === 'entries' ? [entry[0], entry[1]] : this.#kind === 'keys' ? entry[0] : entry[1];
    }
    /** What is left. @param {any} depth @param {any} options @param {(value: any, options: any) => string} inspect */
    [customInspect](depth, options, inspect) {
      if (!isObject(this) || !(#target in this)) throw invalidThis(`${name}Iterator`);
      if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special');
      const inner = assign({}, options, { depth: typeof depth === 'number' ? depth - 1 : depth });
      /** @type {any[]} */
      const values = [];
      for (let index = this.#index, entry = entryAt(this.#target, index); entry !== undefined; entry = entryAt(this.#target, ++index)) {
        values[values.length] = this.#part(entry);
      }
      const isLong = stringIncludes(inspect(values, inner), '\n');
      const texts = map(values, (value) => inspect(value, inner));
      return `${name} Iterator {${isLong ? '\n  ' : ' '}${join(texts, isLong ? ',\n  ' : ', ')} }`;
    }
  }
  // Programs reach the prototype and not the class.
  /** @type {any} */
  const prototype = PairIterator.prototype;
  delete prototype.constructor;
  setPrototypeOf(prototype, IteratorPrototype);
  const descriptor = hidden(prototype.next);
  descriptor.enumerable = true;
  defineProperty(prototype, 'next', descriptor);
  if (shows) defineProperty(prototype, customInspect, hidden(prototype[customInspect]));
  else delete prototype[customInspect];
  defineProperty(prototype, Symbol.toStringTag, hidden(`${name} Iterator`, false));
  return (target, kind) => /** @type {any} */ (new PairIterator(target, kind));
}

module.exports = {
  hasEqualState,
  illegalConstructor,
  invalidArgument,
  invalidState,
  notIterable,
  bytesOf,
  bytesOfChunk,
  concatBytes,
  defineConstants,
  defineInterface,
  definePlainProxy,
  defineIteration,
  definePairIterator,
  defineSerializable,
  defineTransferable,
  deserialize,
  hidden,
  invalidThis,
  isAnyArrayBuffer,
  isBufferSource,
  isObject,
  isPlainProxy,
  isSharedBufferSource,
  isSharedView,
  isUint8Array,
  refuseRecord,
  requireArguments,
  serializerOf,
  toByteString,
  toCallback,
  toClampedLongLong,
  toClampedUnsignedShort,
  toDOMString,
  toDictionary,
  toEnforcedUnsignedLongLong,
  toEnumeration,
  toLongLong,
  toNumber,
  toPairs,
  toSequence,
  toUSVString,
  toUnsignedLong,
  toUnsignedShort,
  transferFile,
  transferSteps,
};
