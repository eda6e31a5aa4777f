// `v8.Deserializer` (https://nodejs.org/api/v8.html#class-v8deserializer): what `Serializer` wrote, here or in Node. Bytes from outside are
// not to be trusted: lengths are checked against what is there before anything is made of them.
'use strict';

const { bytesOf, errorTags, regExpFlags, version, viewTags } = require('node/v8/serializer');
const { defineProperty, fromCharCode, keys, Map, mapGet, mapSet, push, setBytes, subarray } = require('builtins/primordials');
const { Set: OwnSet, setAdd } = require('builtins/primordials');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

/** Deeper nesting is refused before the stack ends. */
const deepest = 5000;

/** @type {Record<string, string>} */
const viewNames = { __proto__: /** @type {any} */ (null) };
const allViews = keys(viewTags);
for (let index = 0; index < allViews.length; index += 1) viewNames[viewTags[allViews[index]]] = allViews[index];
/** @type {Record<string, string>} */
const errorNames = { __proto__: /** @type {any} */ (null) };
const allErrors = keys(errorTags);
for (let index = 0; index < allErrors.length; index += 1) errorNames[errorTags[allErrors[index]]] = allErrors[index];

/** @type {Record<string, any>} */
const errorClasses = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
/** @type {Record<string, any>} */
const viewClasses = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float16Array: /** @type {any} */ (globalThis).Float16Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

const invalid = () => new Error('Unable to deserialize cloned data.');

class Deserializer {
  /** @type {Uint8Array} */
  #bytes;
  /** @type {DataView} */
  #numbers;
  #at = 0;
  #version = 0;
  /** @type {any[]} */
  #objects = [];
  #depth = 0;
  /** @type {Map<number, any>} */
  #transferred = new Map();

  /** @param {any} buffer */
  constructor(buffer) {
    this.#bytes = bytesOf(buffer, 'buffer');
    this.#numbers = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    this.buffer = buffer;
  }

  readHeader() {
    if (this.#bytes[this.#at] === 0xff) {
      this.#at += 1;
      this.#version = this.#varint();
      if (this.#version <= version) return true;
    }
    throw new Error('Unable to deserialize cloned data due to invalid or unsupported version.');
  }
  readValue() {
    return this.#read();
  }
  getWireFormatVersion() {
    return this.#version;
  }
  /** @param {number} id @param {any} buffer */
  transferArrayBuffer(id, buffer) {
    mapSet(this.#transferred, id >>> 0, buffer);
  }
  readUint32() {
    return this.#checked('ReadUint32', () => this.#varint());
  }
  readUint64() {
    return this.#checked('ReadUint64', () => {
      let value = 0n;
      let shift = 0n;
      for (;;) {
        const byte = this.#byte();
        if (shift < 64n) value |= BigInt(byte & 127) << shift;
        shift += 7n;
        if (byte < 128) return [Number((value >> 32n) & 0xffffffffn), Number(value & 0xffffffffn)];
      }
    });
  }
  readDouble() {
    return this.#checked('ReadDouble', () => this.#double());
  }
  /** Where the bytes begin, in the buffer. @param {number} length */
  _readRawBytes(length) {
    return this.#checked('ReadRawBytes', () => {
      const start = this.#at;
      this.#take(length);
      return start;
    });
  }
  /** @param {number} length */
  readRawBytes(length) {
    const start = this._readRawBytes(length);
    return loadBuffer().wrap(subarray(this.#bytes, start, start + length));
  }

  /** @template T @param {string} name @param {() => T} read @returns {T} */
  #checked(name, read) {
    try {
      return read();
    } catch {
      throw new Error(`${name}() failed`);
    }
  }

  /** Steps over so many bytes. @param {number} count */
  #take(count) {
    if (!(count >= 0 && count <= this.#bytes.length - this.#at)) throw invalid();
    this.#at += count;
  }
  #byte() {
    this.#take(1);
    return this.#bytes[this.#at - 1];
  }
  #varint() {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#byte();
      if (factor < 2 ** 35) value += (byte & 127) * factor;
      factor *= 128;
      if (byte < 128) return value % 2 ** 32;
    }
  }
  #double() {
    this.#take(8);
    return this.#numbers.getFloat64(this.#at - 8, true);
  }

  /** The next tag that means something, which stays there. */
  #peek() {
    while (this.#bytes[this.#at] === 0 && this.#at < this.#bytes.length) this.#at += 1;
    return this.#at < this.#bytes.length ? fromCharCode(this.#bytes[this.#at]) : '';
  }
  #tag() {
    const tag = this.#peek();
    this.#take(1);
    return tag;
  }

  /** @returns {any} */
  #read() {
    this.#depth += 1;
    try {
      if (this.#depth > deepest) throw invalid();
      return this.#value(this.#tag());
    } finally {
      this.#depth -= 1;
    }
  }

  /** @param {string} tag @returns {any} */
  #value(tag) {
    switch (tag) {
      case '_':
        return undefined;
      case '0':
        return null;
      case 'T':
        return true;
      case 'F':
        return false;
      case 'I': {
        const bits = this.#varint();
        return (bits >>> 1) ^ -(bits & 1);
      }
      case 'U':
        return this.#varint();
      case 'N':
        return this.#double();
      case 'Z':
        return this.#bigint();
      case '"':
      case 'c':
      case 'S':
        return this.#string(tag);
      case '?':
        this.#varint();
        return this.#read();
      case '^': {
        const number = this.#varint();
        if (number >= this.#objects.length) throw invalid();
        return this.#viewOf(this.#objects[number]);
      }
      default:
        return this.#object(tag);
    }
  }

  /** A place for an object that is about to be read: what it holds may name it. */
  #reserve() {
    push(this.#objects, undefined);
    return this.#objects.length - 1;
  }
  /** @template T @param {T} object @returns {T} */
  #keep(object) {
    push(this.#objects, object);
    return object;
  }

  /** @param {string} tag @returns {any} */
  #object(tag) {
    switch (tag) {
      case 'o': {
        const object = this.#keep({});
        this.#properties(object, '{');
        return object;
      }
      case 'A':
        return this.#dense();
      case 'a':
        return this.#sparse();
      case 'D':
        return this.#keep(new Date(this.#double()));
      case 'y':
        return this.#keep(Object(true));
      case 'x':
        return this.#keep(Object(false));
      case 'n':
        return this.#keep(Object(this.#double()));
      case 'z':
        return this.#keep(Object(this.#bigint()));
      case 's':
        return this.#keep(Object(this.#string(this.#tag())));
      case 'R':
        return this.#regExp();
      case ';':
        return this.#map();
      case "'":
        return this.#set();
      case 'B':
      case '~':
        return this.#buffer(tag === '~');
      case 't': {
        const buffer = mapGet(this.#transferred, this.#varint());
        if (buffer === undefined) throw invalid();
        return this.#viewOf(this.#keep(buffer));
      }
      case 'u':
        return this.#shared();
      case 'r':
        return this.#error();
      case '\\':
        return this.#host();
      default:
        throw invalid();
    }
  }

  #bigint() {
    const bits = this.#varint();
    const length = (bits >>> 1) % 2 ** 30;
    this.#take(length);
    let value = 0n;
    for (let index = this.#at - 1; index >= this.#at - length; index -= 1) value = (value << 8n) | BigInt(this.#bytes[index]);
    return bits % 2 === 1 ? -value : value;
  }

  /** @param {string} tag */
  #string(tag) {
    const length = this.#varint();
    this.#take(length);
    const bytes = loadBuffer().wrap(subarray(this.#bytes, this.#at - length, this.#at));
    if (tag === '"') return bytes.latin1Slice(0, length);
    if (tag === 'S') return bytes.utf8Slice(0, length);
    if (tag !== 'c' || length % 2 === 1) throw invalid();
    return bytes.ucs2Slice(0, length);
  }

  /** How many properties came. @param {any} object @param {string} end */
  #properties(object, end) {
    let count = 0;
    while (this.#peek() !== end) {
      const name = this.#read();
      if (typeof name !== 'string' && typeof name !== 'number') throw invalid();
      defineProperty(object, name, { value: this.#read(), writable: true, enumerable: true, configurable: true });
      count += 1;
    }
    this.#take(1);
    if (this.#varint() !== count) throw invalid();
  }

  #dense() {
    const length = this.#varint();
    // Each element takes a byte at least.
    if (length > this.#bytes.length - this.#at) throw invalid();
    /** @type {any[]} */
    const array = this.#keep([]);
    array.length = length;
    for (let index = 0; index < length; index += 1) {
      if (this.#peek() === '-') this.#take(1);
      else array[index] = this.#read();
    }
    this.#properties(array, '$');
    this.#varint();
    return array;
  }
  #sparse() {
    const length = this.#varint();
    /** @type {any[]} */
    const array = this.#keep([]);
    array.length = length;
    this.#properties(array, '@');
    this.#varint();
    return array;
  }

  #regExp() {
    const place = this.#reserve();
    const source = this.#string(this.#tag());
    const bits = this.#varint();
    let flags = '';
    for (let index = 0; index < regExpFlags.length; index += 1) {
      if ((bits & regExpFlags[index][1]) !== 0) flags += regExpFlags[index][0];
    }
    try {
      this.#objects[place] = new RegExp(source, flags);
    } catch {
      throw invalid();
    }
    return this.#objects[place];
  }

  #map() {
    const map = this.#keep(new Map());
    let count = 0;
    while (this.#peek() !== ':') {
      const key = this.#read();
      mapSet(map, key, this.#read());
      count += 2;
    }
    this.#take(1);
    if (this.#varint() !== count) throw invalid();
    return map;
  }
  #set() {
    const set = this.#keep(new OwnSet());
    let count = 0;
    while (this.#peek() !== ',') {
      setAdd(set, this.#read());
      count += 1;
    }
    this.#take(1);
    if (this.#varint() !== count) throw invalid();
    return set;
  }

  /** @param {boolean} grows */
  #buffer(grows) {
    const length = this.#varint();
    const most = grows ? this.#varint() : length;
    this.#take(length);
    if (most < length) throw invalid();
    const buffer = grows ? new /** @type {any} */ (ArrayBuffer)(length, { maxByteLength: most }) : new ArrayBuffer(length);
    setBytes(new Uint8Array(buffer), subarray(this.#bytes, this.#at - length, this.#at));
    return this.#viewOf(this.#keep(buffer));
  }
  #shared() {
    const id = this.#varint();
    if (typeof (/** @type {any} */ (this)._getSharedArrayBufferFromId) !== 'function') throw invalid();
    return this.#viewOf(this.#keep(/** @type {any} */ (this)._getSharedArrayBufferFromId(id)));
  }

  /** A buffer may be followed by the view that it was written for. @param {any} object */
  #viewOf(object) {
    if (!(object instanceof ArrayBuffer || object instanceof SharedArrayBuffer) || this.#peek() !== 'V') return object;
    this.#take(1);
    const tag = this.#tag();
    const offset = this.#varint();
    const length = this.#varint();
    if (this.#version >= 14) this.#varint();
    if (offset + length > object.byteLength) throw invalid();
    if (tag === '?') return this.#keep(new DataView(object, offset, length));
    const View = viewClasses[viewNames[tag]];
    if (View === undefined || offset % View.BYTES_PER_ELEMENT !== 0 || length % View.BYTES_PER_ELEMENT !== 0) throw invalid();
    return this.#keep(new View(object, offset, length / View.BYTES_PER_ELEMENT));
  }

  #error() {
    const place = this.#reserve();
    /** @type {string | undefined} */
    let message;
    /** @type {string | undefined} */
    let stack;
    let Class = Error;
    // The object must be there before what caused it is read, which may name it.
    /** @type {any} */
    let error;
    const make = () => {
      error ??= message === undefined ? new Class() : new Class(message);
      this.#objects[place] = error;
    };
    for (;;) {
      const tag = this.#tag();
      if (tag === '.') break;
      if (tag === 'm') message = this.#string(this.#tag());
      else if (tag === 's') stack = this.#string(this.#tag());
      else if (tag === 'c') {
        make();
        defineProperty(error, 'cause', { value: this.#read(), writable: true, enumerable: false, configurable: true });
      } else if (errorNames[tag] !== undefined) Class = errorClasses[errorNames[tag]];
      else throw invalid();
    }
    make();
    defineProperty(error, 'stack', { value: stack, writable: true, enumerable: false, configurable: true });
    return error;
  }

  #host() {
    const place = this.#reserve();
    if (typeof (/** @type {any} */ (this)._readHostObject) !== 'function') throw invalid();
    const object = /** @type {any} */ (this)._readHostObject();
    if (typeof object !== 'object' || object === null) throw new TypeError('readHostObject must return an object');
    this.#objects[place] = object;
    return object;
  }
}

module.exports = { Deserializer };
