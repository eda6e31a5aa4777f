// What every web class needs from Web IDL (https://webidl.spec.whatwg.org/): conversions of arguments and the shape of a class.
// Not a global: only the other files see it.
'use strict';

const { guestBytes, isGuestBuffer, isGuestRecord } = ops;

/**
 * Gives a class the outside of a Web IDL interface: its public operations and attributes are enumerable, and
 * `Object.prototype.toString` names it. Symbols stay as they are.
 */
function defineInterface(Class, name = Class.name) {
  makeEnumerable(Class.prototype, 'constructor');
  makeEnumerable(Class, 'prototype', 'length', 'name');
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: name, configurable: true });
}

function makeEnumerable(target, ...hidden) {
  for (const key of Object.getOwnPropertyNames(target)) {
    if (!hidden.includes(key)) Object.defineProperty(target, key, { enumerable: true });
  }
}

/** Constants stand on the class and on its prototype, and cannot be changed. */
function defineConstants(Class, constants) {
  for (const [name, value] of Object.entries(constants)) {
    const descriptor = { value, enumerable: true, writable: false, configurable: false };
    Object.defineProperty(Class, name, descriptor);
    Object.defineProperty(Class.prototype, name, descriptor);
  }
}

/** Throws the TypeError for a call with too few arguments. */
function requireArguments(given, needed, operation) {
  if (given < needed) {
    throw new TypeError(`${operation}: ${needed} argument${needed === 1 ? '' : 's'} required, but only ${given} present`);
  }
}

/** A string without lone surrogates. */
function toUSVString(value) {
  return (typeof value === 'string' ? value : toDOMString(value)).toWellFormed();
}

/** `String(value)`, except that a symbol is refused. */
function toDOMString(value) {
  return typeof value === 'string' ? value : `${value}`;
}

const aboveByte = /[^\x00-\xff]/;

/** A string whose every code unit is a byte. */
function toByteString(value, what) {
  const text = toDOMString(value);
  if (aboveByte.test(text)) {
    const index = text.search(aboveByte);
    throw new TypeError(
      `${what}: cannot convert to a byte string, because the character at index ${index} has the value ${text.charCodeAt(index)}, which is greater than 255`,
    );
  }
  return text;
}

/** An integer of the given range, wrapped as Web IDL does without [Clamp] or [EnforceRange]: `unsigned short`. */
function toUnsignedShort(value) {
  return Number(value) & 0xffff;
}

/** `long long` with [Clamp]. */
function toClampedLongLong(value) {
  const number = Number(value);
  if (Number.isNaN(number)) return 0;
  return Math.min(Math.max(Math.round(number), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

/** Throws for a dictionary of another language (a Python dict) where text or bytes are meant: its text would be sent in silence. */
function refuseRecord(value, what) {
  if (typeof value === 'object' && value !== null && isGuestRecord(value)) {
    throw new TypeError(`${what}: a dict is neither text nor bytes; pass its JSON`);
  }
}

/** A dictionary argument: undefined and null are the empty one, another primitive is refused. */
function toDictionary(value, what) {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' && typeof value !== 'function') {
    throw new TypeError(`${what}: the options must be an object, not ${typeof value}`);
  }
  return value;
}

/** Throws the TypeError for a value that is not one of an enumeration. */
function toEnumeration(value, allowed, what) {
  const text = toDOMString(value);
  if (!allowed.includes(text)) {
    throw new TypeError(`${what}: "${text}" is not one of ${allowed.map((name) => `"${name}"`).join(', ')}`);
  }
  return text;
}

/** A `Uint8Array` over the bytes of a buffer or a view, without a copy; another language's buffer is copied. */
function bytesOf(source) {
  if (source instanceof Uint8Array) return source;
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (isGuestBuffer(source)) return guestBytes(source);
  return new Uint8Array(source);
}

/** True for an ArrayBuffer or a view of one, also from another realm; and for a buffer of another language (Python's bytes). */
function isBufferSource(value) {
  return ArrayBuffer.isView(value) || (typeof value === 'object' && value !== null && (isAnyArrayBuffer(value) || isGuestBuffer(value)));
}

const byteLengthOf = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength').get;

function isAnyArrayBuffer(value) {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof ArrayBuffer) return true;
  try {
    byteLengthOf.call(value);
    return true;
  } catch {
    return false;
  }
}

/** One Uint8Array of many. */
function concatBytes(chunks, total = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)) {
  if (chunks.length === 1 && chunks[0].byteLength === total) return chunks[0];
  const joined = new Uint8Array(total);
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return joined;
}

const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

/**
 * The class of iterators of one interface with pairs (Headers, FormData). `entryAt(target, index)` gives `[name, value]`, or
 * undefined behind the last; it is asked anew at every step, because the pairs may change during the iteration.
 */
function definePairIterator(name, entryAt) {
  class PairIterator {
    #target;
    #kind;
    #index = 0;
    constructor(target, kind) {
      this.#target = target;
      this.#kind = kind;
    }
    next() {
      const entry = entryAt(this.#target, this.#index);
      if (entry === undefined) return { value: undefined, done: true };
      this.#index += 1;
      const value = this.#kind === 'entries' ? [entry[0], entry[1]] : this.#kind === 'keys' ? entry[0] : entry[1];
      return { value, done: false };
    }
  }
  const prototype = Object.create(iteratorPrototype);
  const next = PairIterator.prototype.next;
  Object.defineProperty(prototype, 'next', { value: next, writable: true, enumerable: true, configurable: true });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: `${name} Iterator`, configurable: true });
  return (target, kind) => Object.setPrototypeOf(new PairIterator(target, kind), prototype);
}

module.exports = {
  bytesOf,
  concatBytes,
  defineConstants,
  defineInterface,
  definePairIterator,
  isAnyArrayBuffer,
  isBufferSource,
  refuseRecord,
  requireArguments,
  toByteString,
  toClampedLongLong,
  toDOMString,
  toDictionary,
  toEnumeration,
  toUSVString,
  toUnsignedShort,
};
