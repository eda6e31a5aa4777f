// `v8.Serializer` (https://nodejs.org/api/v8.html#serialization-api): values as bytes in version 15 of V8's format, as Node writes it.
'use strict';

const { nodeError } = require('node/errors');
const types = require('node/util/types');
const {
  bigIntValueOf,
  booleanValueOf,
  charCodeAt,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  dateGetTime,
  getOwnPropertyDescriptor,
  hasOwn,
  isArray,
  isEnumerable,
  isView,
  keys,
  Map,
  mapForEach,
  mapGet,
  mapSet,
  max,
  maxByteLength,
  isResizable,
  numberValueOf,
  push,
  regExp,
  setBytes,
  setForEach,
  stringIncludes,
  stringValueOf,
  subarray,
  test,
  viewBuffer,
  viewByteLength,
  viewByteOffset,
  viewName,
} = require('builtins/primordials');
const { className } = ops;
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

const version = 15;
const canonicalIndex = regExp(/^(?:0|[1-9]\d{0,9})$/);

/** @param {string} tag */
const code = (tag) => charCodeAt(tag, 0);

/** @type {Record<string, string>} */
const viewTags = {
  __proto__: /** @type {any} */ (null),
  Int8Array: 'b',
  Uint8Array: 'B',
  Uint8ClampedArray: 'C',
  Int16Array: 'w',
  Uint16Array: 'W',
  Int32Array: 'd',
  Uint32Array: 'D',
  Float16Array: 'h',
  Float32Array: 'f',
  Float64Array: 'F',
  BigInt64Array: 'q',
  BigUint64Array: 'Q',
};

/** @type {Record<string, string>} */
const errorTags = {
  __proto__: /** @type {any} */ (null),
  EvalError: 'E',
  RangeError: 'R',
  ReferenceError: 'F',
  SyntaxError: 'S',
  TypeError: 'T',
  URIError: 'U',
};

/** @type {[flag: string, bit: number][]} */
const regExpFlags = [
  ['g', 1],
  ['i', 2],
  ['m', 4],
  ['y', 8],
  ['u', 16],
  ['s', 32],
  ['d', 128],
  ['v', 256],
];

/** What a view looks at. @param {any} view @returns {{ buffer: ArrayBufferLike, offset: number, length: number }} */
function viewed(view) {
  if (viewName(view) === undefined) {
    return { buffer: dataViewBuffer(view), offset: dataViewByteOffset(view), length: dataViewByteLength(view) };
  }
  return { buffer: viewBuffer(view), offset: viewByteOffset(view), length: viewByteLength(view) };
}

/** @param {any} value @param {string} name @returns {Uint8Array} */
function bytesOf(value, name) {
  if (!isView(value)) throw nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', `${name} must be a TypedArray or a DataView`);
  const { buffer, offset, length } = viewed(value);
  return new Uint8Array(buffer, offset, length);
}

class Serializer {
  #bytes = new Uint8Array(64);
  #numbers = new DataView(this.#bytes.buffer);
  #length = 0;
  /** Objects that were written, by the order in which they were. @type {Map<any, number>} */
  #written = new Map();
  #count = 0;
  /** @type {Map<any, number>} */
  #transferred = new Map();
  #viewsAreHosts = false;

  writeHeader() {
    this.#byte(0xff);
    this.#byte(version);
  }

  /** @param {any} value */
  writeValue(value) {
    this.#write(value);
    return true;
  }

  releaseBuffer() {
    const released = loadBuffer().wrap(subarray(this.#bytes, 0, this.#length));
    this.#bytes = new Uint8Array(64);
    this.#numbers = new DataView(this.#bytes.buffer);
    this.#length = 0;
    return released;
  }

  /** @param {number} id @param {ArrayBuffer} buffer */
  transferArrayBuffer(id, buffer) {
    mapSet(this.#transferred, buffer, id >>> 0);
  }
  /** @param {number} value */
  writeUint32(value) {
    this.#varint(value >>> 0);
  }
  /** @param {number} high @param {number} low */
  writeUint64(high, low) {
    let rest = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    while (rest > 127n) {
      this.#byte(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }
  /** @param {number} value */
  writeDouble(value) {
    this.#room(8);
    this.#numbers.setFloat64(this.#length, value, true);
    this.#length += 8;
  }
  /** @param {any} source */
  writeRawBytes(source) {
    this.#raw(bytesOf(source, 'source'));
  }
  /** @param {boolean} areHosts */
  _setTreatArrayBufferViewsAsHostObjects(areHosts) {
    this.#viewsAreHosts = !!areHosts;
  }

  /** @param {number} count */
  #room(count) {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(max(needed, this.#bytes.length * 2));
    setBytes(grown, this.#bytes);
    this.#bytes = grown;
    this.#numbers = new DataView(grown.buffer);
  }
  /** @param {number} byte */
  #byte(byte) {
    this.#room(1);
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }
  /** @param {string} tag */
  #tag(tag) {
    this.#byte(code(tag));
  }
  /** @param {number} value */
  #varint(value) {
    let rest = value;
    while (rest > 127) {
      this.#byte((rest % 128) | 128);
      rest = (rest - (rest % 128)) / 128;
    }
    this.#byte(rest);
  }
  /** @param {Uint8Array} bytes */
  #raw(bytes) {
    this.#room(bytes.length);
    setBytes(this.#bytes, bytes, this.#length);
    this.#length += bytes.length;
  }

  /** @param {any} value */
  #write(value) {
    if (value === undefined) this.#tag('_');
    else if (value === null) this.#tag('0');
    else if (value === true) this.#tag('T');
    else if (value === false) this.#tag('F');
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#string(value);
    else if (typeof value === 'bigint') {
      this.#tag('Z');
      this.#bigint(value);
    } else if (typeof value === 'symbol') this.#refuse(String(value));
    else this.#object(value);
  }

  /** @param {number} value */
  #number(value) {
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      this.#tag('I');
      this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
      return;
    }
    this.#tag('N');
    this.writeDouble(value);
  }

  /** @param {bigint} value */
  #bigint(value) {
    let rest = value < 0n ? -value : value;
    /** @type {bigint[]} */
    const words = [];
    while (rest > 0n) {
      push(words, rest & 0xffffffffffffffffn);
      rest >>= 64n;
    }
    this.#varint(words.length * 16 + (value < 0n ? 1 : 0));
    this.#room(words.length * 8);
    for (let index = 0; index < words.length; index += 1) {
      this.#numbers.setBigUint64(this.#length, words[index], true);
      this.#length += 8;
    }
  }

  /** @param {string} text */
  #string(text) {
    const { length } = text;
    let isNarrow = true;
    for (let index = 0; index < length && isNarrow; index += 1) isNarrow = charCodeAt(text, index) < 256;
    if (isNarrow) {
      this.#tag('"');
      this.#varint(length);
      this.#room(length);
      for (let index = 0; index < length; index += 1) this.#bytes[this.#length + index] = charCodeAt(text, index);
      this.#length += length;
      return;
    }
    // The units stand at an even place.
    const size = length * 2;
    let digits = 1;
    for (let rest = size; rest > 127; rest = (rest - (rest % 128)) / 128) digits += 1;
    if ((this.#length + 1 + digits) % 2 === 1) this.#byte(0);
    this.#tag('c');
    this.#varint(size);
    this.#room(size);
    for (let index = 0; index < length; index += 1) this.#numbers.setUint16(this.#length + index * 2, charCodeAt(text, index), true);
    this.#length += size;
  }

  /** @param {any} object */
  #object(object) {
    const known = mapGet(this.#written, object);
    if (known !== undefined) {
      this.#tag('^');
      this.#varint(known);
      return;
    }
    const isPart = isView(object);
    if (isPart && !this.#viewsAreHosts) {
      // Its buffer first, so that views can share one.
      this.#object(viewed(object).buffer);
    }
    mapSet(this.#written, object, this.#count);
    this.#count += 1;
    if (typeof object === 'function') this.#refuse(String(object));
    else if (isPart) this.#view(object);
    else if (isArray(object) && !types.isProxy(object)) this.#array(object);
    else this.#ofClass(object);
  }

  /** @param {any} object */
  #ofClass(object) {
    if (types.isProxy(object)) this.#refuse('#<Object>');
    const name = className(object);
    switch (name) {
      case 'Date':
        this.#tag('D');
        this.writeDouble(dateGetTime(object));
        break;
      case 'Boolean':
        this.#tag(booleanValueOf(object) ? 'y' : 'x');
        break;
      case 'Number':
        this.#tag('n');
        this.writeDouble(numberValueOf(object));
        break;
      case 'BigInt':
        this.#tag('z');
        this.#bigint(bigIntValueOf(object));
        break;
      case 'String':
        this.#tag('s');
        this.#string(stringValueOf(object));
        break;
      case 'RegExp':
        this.#regExp(object);
        break;
      case 'Map':
        this.#map(object);
        break;
      case 'Set':
        this.#set(object);
        break;
      case 'ArrayBuffer':
        this.#buffer(object);
        break;
      case 'SharedArrayBuffer':
        this.#shared(object);
        break;
      case 'Object':
      case 'Arguments':
        this.#plain(object);
        break;
      default:
        if (types.isNativeError(object)) this.#error(object);
        else this.#refuse(`#<${name === undefined ? 'Object' : name}>`);
    }
  }

  /** @param {any} object */
  #plain(object) {
    this.#tag('o');
    const names = keys(object);
    const count = this.#properties(object, names);
    this.#tag('{');
    this.#varint(count);
  }

  /** How many were written: a getter may take others away. @param {any} object @param {string[]} names */
  #properties(object, names) {
    let count = 0;
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index];
      if (!hasOwn(object, name) || !isEnumerable(object, name)) continue;
      const number = test(canonicalIndex, name) ? Number(name) : -1;
      if (number >= 0 && number < 2 ** 32 - 1) this.#number(number);
      else this.#string(name);
      this.#write(object[name]);
      count += 1;
    }
    return count;
  }

  /** @param {any[]} array */
  #array(array) {
    const { length } = array;
    const names = keys(array);
    let isDense = names.length >= length;
    for (let index = 0; index < length && isDense; index += 1) isDense = names[index] === `${index}`;
    this.#tag(isDense ? 'A' : 'a');
    this.#varint(length);
    if (isDense) {
      for (let index = 0; index < length; index += 1) {
        // A getter may have made it shorter.
        if (hasOwn(array, index)) this.#write(array[index]);
        else this.#tag('-');
      }
    }
    /** @type {string[]} */
    const rest = [];
    for (let index = isDense ? length : 0; index < names.length; index += 1) push(rest, names[index]);
    const count = this.#properties(array, rest);
    this.#tag(isDense ? '$' : '@');
    this.#varint(count);
    this.#varint(length);
  }

  /** @param {RegExp} expression */
  #regExp(expression) {
    this.#tag('R');
    this.#string(expression.source);
    let bits = 0;
    for (let index = 0; index < regExpFlags.length; index += 1) {
      if (stringIncludes(expression.flags, regExpFlags[index][0])) bits += regExpFlags[index][1];
    }
    this.#varint(bits);
  }

  /** @param {Map<any, any>} map */
  #map(map) {
    /** @type {any[]} */
    const list = [];
    mapForEach(map, (value, key) => push(list, key, value));
    this.#tag(';');
    for (let index = 0; index < list.length; index += 1) this.#write(list[index]);
    this.#tag(':');
    this.#varint(list.length);
  }
  /** @param {Set<any>} set */
  #set(set) {
    /** @type {any[]} */
    const list = [];
    setForEach(set, (value) => push(list, value));
    this.#tag("'");
    for (let index = 0; index < list.length; index += 1) this.#write(list[index]);
    this.#tag(',');
    this.#varint(list.length);
  }

  /** @param {any} error */
  #error(error) {
    this.#tag('r');
    const tag = errorTags[`${error.name}`];
    if (tag !== undefined) this.#tag(tag);
    const message = getOwnPropertyDescriptor(error, 'message');
    if (message !== undefined) {
      this.#tag('m');
      this.#string(`${error.message}`);
    }
    const { stack } = error;
    if (typeof stack === 'string') {
      this.#tag('s');
      this.#string(stack);
    }
    if (hasOwn(error, 'cause')) {
      this.#tag('c');
      this.#write(error.cause);
    }
    this.#tag('.');
  }

  /** @param {ArrayBuffer} buffer */
  #buffer(buffer) {
    const transferred = mapGet(this.#transferred, buffer);
    if (transferred !== undefined) {
      this.#tag('t');
      this.#varint(transferred);
      return;
    }
    if (/** @type {any} */ (buffer).detached) this.#refuse('An ArrayBuffer is detached and', '');
    const bytes = new Uint8Array(buffer);
    const grows = isResizable(buffer);
    this.#tag(grows ? '~' : 'B');
    this.#varint(bytes.length);
    if (grows) this.#varint(maxByteLength(buffer));
    this.#raw(bytes);
  }
  /** @param {any} buffer */
  #shared(buffer) {
    if (typeof (/** @type {any} */ (this)._getSharedArrayBufferId) !== 'function') this.#refuse('#<SharedArrayBuffer>');
    this.#tag('u');
    this.#varint(/** @type {any} */ (this)._getSharedArrayBufferId(buffer) >>> 0);
  }

  /** @param {any} view */
  #view(view) {
    if (this.#viewsAreHosts) {
      this.#tag('\\');
      if (typeof (/** @type {any} */ (this)._writeHostObject) !== 'function') {
        throw nodeError(TypeError, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _writeHostObject() method is not implemented');
      }
      /** @type {any} */ (this)._writeHostObject(view);
      return;
    }
    const name = viewName(view);
    const { offset, length } = viewed(view);
    this.#tag('V');
    this.#tag(name === undefined ? '?' : viewTags[name]);
    this.#varint(offset);
    this.#varint(length);
    this.#varint(0);
  }

  /** @param {string} what @param {string} [rest] @returns {never} */
  #refuse(what, rest = '') {
    const Refusal = /** @type {any} */ (this)._getDataCloneError;
    throw new Refusal(`${what}${rest} could not be cloned.`);
  }
}
/** @type {any} */ (Serializer.prototype)._getDataCloneError = Error;

module.exports = { bytesOf, errorTags, regExpFlags, Serializer, version, viewTags };
