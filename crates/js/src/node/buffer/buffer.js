// `node:buffer` (https://nodejs.org/api/buffer.html): Buffer, a Uint8Array with Node's conversions. Where Node shares memory (slice,
// subarray, from(arrayBuffer)) so does this. Deviation: no pool, every Buffer has memory of its own.
//
// A Buffer with memory of its own is made as a Uint8Array that then gets Buffer's prototype: 90 ns, where the constructor of a subclass takes
// 600 for more bytes than stand in the object itself. Over memory that there is the subclass is faster, 65 of 115. Texts cross to Rust in
// one call.
'use strict';

const { invalidType, invalidValue, nodeError, outOfRange, outsideOfBuffer, unknownEncoding } = require('node/errors');
const { requireInteger, requireNumber, requireString } = require('node/arguments');
const { bytesOf, isAnyArrayBuffer, isBufferSource, isSharedBufferSource } = require('builtins/webidl');
const { encodeUtf8 } = require('web/encoding/utf8');
const numbers = require('node/buffer/numbers');
const {
  ceil,
  exec,
  max,
  min,
  trunc,
  symbolFor,
  assign,
  byteIndexOf,
  byteLastIndexOf,
  create,
  defineProperties,
  defineProperty,
  fillBytes,
  freeze,
  isArray,
  isView,
  keys,
  regExp,
  replace,
  setBytes,
  setPrototypeOf,
  slice,
  stringIndexOf,
  subarray: part,
  toHex,
  toLowerCase,
  viewBuffer,
  viewByteLength,
  viewByteOffset,
  viewName,
} = require('builtins/primordials');
const { bufferCompare, bufferFind, bufferText, bufferUncleared, bufferWrite, isAsciiBytes, isUtf8Bytes, utf8Length } = ops;
const loadBase64 = () => require('web/html/base64');
const loadObjectUrls = () => require('web/file/object_urls');
const loadBlob = () => require('web/file/blob');
const loadCallers = () => require('node/process/callers');
const loadInspect = () => require('builtins/inspect/inspect');
const loadOptions = () => require('node/process/options');

const { toPrimitive } = Symbol;
const utf8 = 0;
const utf16 = 1;
const latin1 = 2;
const ascii = 3;
const hex = 4;
const base64 = 5;
const base64url = 6;
// What operations call the encodings.
/** @type {Record<string, number>} */
const encodings = assign(create(null), {
  utf8,
  'utf-8': utf8,
  ucs2: utf16,
  'ucs-2': utf16,
  utf16le: utf16,
  'utf-16le': utf16,
  latin1,
  binary: latin1,
  ascii,
  hex,
  base64,
  base64url,
});
const names = ['utf8', 'utf16le', 'latin1', 'ascii', 'hex', 'base64', 'base64url'];

/** The number of an encoding, or undefined. @param {any} name @returns {number | undefined} */
function numberOf(name) {
  return typeof name === 'string' ? (encodings[name] ?? encodings[toLowerCase(name)]) : undefined;
}

/** The one name of an encoding, or undefined. @param {any} name @returns {string | undefined} */
function encodingOf(name) {
  const number = numberOf(name);
  return number === undefined ? undefined : names[number];
}

/** @param {any} name */
function requireEncoding(name) {
  const number = numberOf(name);
  if (number !== undefined) return number;
  // What is no string is taken as one.
  const other = typeof name === 'string' ? undefined : numberOf(`${name}`);
  if (other === undefined) throw unknownEncoding(name);
  return other;
}

/** @param {any} value */
const isBytes = (value) => viewName(value) === 'Uint8Array';

const bufferOrBytes = ['Buffer', 'Uint8Array'];

// Buffers over memory that there is, and what `map`, `filter` and other methods of Uint8Array make.
class FastBuffer extends Uint8Array {}
/** @type {any} */
const prototype = FastBuffer.prototype;

/** A Uint8Array that nobody else has seen, as a Buffer. @param {Uint8Array} bytes @returns {BufferInstance} */
function wrap(bytes) {
  setPrototypeOf(bytes, prototype);
  return /** @type {any} */ (bytes);
}

/** @param {number} size @returns {BufferInstance} */
function allocate(size) {
  return wrap(new Uint8Array(size));
}

// Clearing less costs nothing that could be seen, and more the system gives cleared.
const leastUncleared = 16 * 1024;
const mostUncleared = 32 * 1024 * 1024;

/** A Buffer of what stood in that memory before: who takes it writes all of it. @param {number} size */
function allocateUncleared(size) {
  return size < leastUncleared || size > mostUncleared ? allocate(size) : wrap(bufferUncleared(size));
}

/** A Buffer over the same memory. @param {Uint8Array} bytes @param {number} start @param {number} length */
function share(bytes, start, length) {
  return /** @type {any} */ (new FastBuffer(/** @type {ArrayBuffer} */ (viewBuffer(bytes)), viewByteOffset(bytes) + start, length));
}

/** The bytes from start to end, none if that is before. @param {Uint8Array} bytes @param {number} start @param {number} end */
function between(bytes, start, end) {
  const from = min(start, viewByteLength(bytes));
  return share(bytes, from, max(0, end - from));
}

/** @param {string} text @param {number} encoding @returns {BufferInstance} */
function fromText(text, encoding) {
  if (encoding === utf8) return wrap(encodeUtf8(text));
  const bytes = allocate(mostBytes(text, encoding));
  const written = bufferWrite(bytes, text, encoding);
  return written === viewByteLength(bytes) ? bytes : share(bytes, 0, written);
}

/** How many bytes a text takes at most in an encoding that is not UTF-8. @param {string} text @param {number} encoding */
function mostBytes(text, encoding) {
  const { length } = text;
  if (encoding === utf16) return length * 2;
  if (encoding === hex) return length >>> 1;
  if (encoding !== base64 && encoding !== base64url) return length;
  const padding = text[length - 1] !== '=' ? 0 : text[length - 2] === '=' ? 2 : 1;
  return ((length - padding) * 3) >>> 2;
}

/** Bytes from numbers. @param {ArrayLike<number>} list */
function fromList(list) {
  const length = +list.length;
  const bytes = allocate(length > 0 ? min(trunc(length), 2 ** 53 - 1) : 0);
  if (length > 0) setBytes(bytes, list);
  return bytes;
}

/** @param {ArrayBufferLike} buffer @param {any} offset @param {any} length */
function fromMemory(buffer, offset, length) {
  const start = offset === undefined ? 0 : +offset || 0;
  const most = new Uint8Array(buffer).length - start;
  if (most < 0) throw outsideOfBuffer('offset');
  if (length === undefined) return wrap(new Uint8Array(buffer, start));
  const wanted = +length;
  if (!(wanted > 0)) return wrap(new Uint8Array(buffer, start, 0));
  if (wanted > most) throw outsideOfBuffer('length');
  return wrap(new Uint8Array(buffer, start, wanted));
}

/** @param {any} value */
const isSharedMemory = (value) => isSharedBufferSource(value) && !isBufferSource(value);

/** @param {any} value @param {any} second @param {any} third @returns {BufferInstance | undefined} */
function fromObject(value, second, third) {
  if (viewName(value) !== undefined) return fromList(value);
  if (isAnyArrayBuffer(value) || isSharedMemory(value)) return fromMemory(value, second, third);
  const primitive = value.valueOf?.();
  if (primitive !== null && primitive !== undefined && primitive !== value) {
    if (typeof primitive === 'string' || typeof primitive === 'object') return from(primitive, second, third);
  }
  if (value.length !== undefined || isAnyArrayBuffer(value.buffer) || isSharedMemory(value.buffer))
    return typeof value.length === 'number' ? fromList(value) : allocate(0);
  if (value.type === 'Buffer' && isArray(value.data)) return fromList(value.data);
  if (typeof value[toPrimitive] === 'function') {
    const text = value[toPrimitive]('string');
    if (typeof text === 'string') return from(text, second);
  }
  return undefined;
}

/** @param {any} value @param {any} [second] @param {any} [third] @returns {BufferInstance} */
function from(value, second, third) {
  if (typeof value === 'string') {
    return fromText(value, typeof second !== 'string' || second === '' ? utf8 : requireEncoding(second));
  }
  if (typeof value === 'object' && value !== null) {
    const made = fromObject(value, second, third);
    if (made !== undefined) return made;
  }
  throw invalidType('first argument', ['string', 'Buffer', 'ArrayBuffer', 'Array', 'Array-like Object'], value);
}

const deprecation = {
  message:
    'Buffer() is deprecated due to security and usability issues. Please use the Buffer.alloc(), Buffer.allocUnsafe(), or Buffer.from() ' +
    'methods instead.',
  code: 'DEP0005',
  isSaid: false,
  looks: 0,
};

// Old programs call it, with and without `new`; subclasses of Buffer get plain Buffers, as in Node.
/** @param {any} value @param {any} [second] @param {any} [third] */
function Buffer(value, second, third) {
  if (!deprecation.isSaid) loadCallers().warnOfCall(deprecation, loadOptions().pendingDeprecation());
  if (typeof value !== 'number') return from(value, second, third);
  if (typeof second === 'string') throw invalidType('string', 'string', value);
  return alloc(value);
}

/** @param {any} size */
function requireSize(size) {
  requireNumber(size, 'size', 0, constants.MAX_LENGTH);
}

/** @param {number} size @param {any} [fill] @param {any} [encoding] */
function alloc(size, fill, encoding) {
  requireSize(size);
  const buffer = allocate(size);
  return fill === undefined || fill === 0 || size === 0 ? buffer : buffer.fill(fill, encoding);
}

/** @param {number} size */
function allocUnsafe(size) {
  requireSize(size);
  return allocateUncleared(size);
}

/** @param {number} size */
function allocUnsafeSlow(size) {
  return allocUnsafe(size);
}

/** @param {any} value @param {any} [encoding] @returns {number} */
function byteLength(value, encoding) {
  if (typeof value !== 'string') {
    if (isView(value) || isAnyArrayBuffer(value) || isSharedBufferSource(value)) return value.byteLength;
    throw invalidType('string', ['string', 'Buffer', 'ArrayBuffer'], value);
  }
  const number = encoding === undefined ? utf8 : (numberOf(encoding) ?? utf8);
  return number === utf8 ? utf8Length(value) : mostBytes(value, number);
}

/** @param {Uint8Array[]} list @param {number} [length] */
function concat(list, length) {
  if (!isArray(list)) throw invalidType('list', 'Array', list);
  if (list.length === 0) return allocate(0);
  let total = length;
  if (total === undefined) {
    total = 0;
    for (let index = 0; index < list.length; index += 1) {
      // What is no bytes is refused below.
      if (isBytes(list[index])) total += viewByteLength(list[index]);
    }
  } else {
    requireInteger(total, 'length', 0, constants.MAX_LENGTH);
  }
  const joined = allocateUncleared(total);
  let offset = 0;
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    if (!isBytes(item)) throw invalidType(`list[${index}]`, bufferOrBytes, item);
    const size = viewByteLength(item);
    if (size > total - offset) {
      setBytes(joined, new Uint8Array(viewBuffer(item), viewByteOffset(item), total - offset), offset);
      return joined;
    }
    setBytes(joined, item, offset);
    offset += size;
  }
  return offset < total ? /** @type {BufferInstance} */ (fillBytes(joined, 0, offset)) : joined;
}

/** @param {Uint8Array} left @param {Uint8Array} right */
function compare(left, right) {
  if (!isBytes(left)) throw invalidType('buf1', bufferOrBytes, left);
  if (!isBytes(right)) throw invalidType('buf2', bufferOrBytes, right);
  return left === right ? 0 : bufferCompare(left, right);
}

/** @param {...any} items */
function of(...items) {
  return fromList(items);
}

/** @param {any} view @param {number} [offset] @param {number} [length] */
function copyBytesFrom(view, offset = 0, length = undefined) {
  if (viewName(view) === undefined) throw invalidType('view', 'TypedArray', view);
  requireInteger(offset, 'offset', 0);
  if (length !== undefined) requireInteger(length, 'length', 0);
  const width = view.BYTES_PER_ELEMENT;
  const start = min(offset, view.length);
  const end = length === undefined ? view.length : min(start + length, view.length);
  const bytes = new Uint8Array(viewBuffer(view), viewByteOffset(view) + start * width, (end - start) * width);
  const copy = allocate(viewByteLength(bytes));
  setBytes(copy, bytes);
  return copy;
}

/** @param {any} value */
function isBuffer(value) {
  return value instanceof Buffer;
}

/** @param {any} name */
function isEncoding(name) {
  return typeof name === 'string' && name.length !== 0 && numberOf(name) !== undefined;
}

/** An index of `slice`: counted from the end if negative, within the length. @param {any} value @param {number} length @param {number} absent */
function toIndex(value, length, absent) {
  if (value === undefined) return absent;
  const index = trunc(+value) || 0;
  return index < 0 ? max(0, length + index) : min(index, length);
}

/**
 * The byte where a search begins, whole and in range; `absent` when it is no number.
 * @param {any} offset @param {number} length @param {number} absent
 */
function toOffset(offset, length, absent) {
  const start = +offset;
  if (start !== start) return absent;
  return start < 0 ? trunc(length + start) : trunc(min(start, length));
}

/**
 * @param {BufferInstance} buffer @param {any} value @param {any} offset @param {any} encoding @param {boolean} backwards
 * @returns {number}
 */
function search(buffer, value, offset, encoding, backwards) {
  if (typeof offset === 'string') return search(buffer, value, undefined, offset, backwards);
  const length = viewByteLength(buffer);
  const start = toOffset(offset, length, backwards ? length : 0);
  if (typeof value === 'number') {
    const byte = value & 255;
    if (!backwards) return byteIndexOf(buffer, byte, max(0, start));
    return start < 0 ? -1 : byteLastIndexOf(buffer, byte, start);
  }
  const number = encoding === undefined ? utf8 : requireEncoding(encoding);
  const wanted = typeof value === 'string' ? fromText(value, number) : value;
  if (!isBytes(wanted)) throw invalidType('value', ['number', 'string', 'Buffer', 'Uint8Array'], value);
  if (viewByteLength(wanted) === 0) return max(0, min(start, length));
  if (backwards && start < 0) return -1;
  const step = number === utf16 ? 2 : 1;
  return bufferFind(buffer, wanted, max(0, start), backwards ? /** @type {-1 | -2} */ (-step) : step);
}

/** @type {Record<string, (...given: any[]) => any> & ThisType<BufferInstance>} */
const methods = {
  /** @param {any} encoding @param {any} start @param {any} end */
  toString(encoding, start, end) {
    if (arguments.length === 0) return bufferText(this, utf8);
    const length = viewByteLength(this);
    const from = start === undefined || start <= 0 ? 0 : min(trunc(start) || 0, length);
    const to = end === undefined ? length : min(trunc(end) || 0, length);
    const number = encoding === undefined ? utf8 : requireEncoding(encoding);
    if (to <= from) return '';
    // The engine's own takes a third of the time.
    if (number === hex && to - from === length) return toHex(this);
    return bufferText(this, number, from, to);
  },
  toJSON() {
    const data = [];
    for (let index = 0; index < viewByteLength(this); index += 1) data[index] = this[index];
    return { type: 'Buffer', data };
  },
  equals(other) {
    if (!isBytes(other)) throw invalidType('otherBuffer', bufferOrBytes, other);
    if (viewByteLength(this) !== viewByteLength(other)) return false;
    return this === other || bufferCompare(this, other) === 0;
  },
  compare(target, targetStart = 0, targetEnd = undefined, sourceStart = 0, sourceEnd = undefined) {
    if (!isBytes(target)) throw invalidType('target', bufferOrBytes, target);
    if (arguments.length === 1) return bufferCompare(this, target);
    const length = viewByteLength(this);
    const other = viewByteLength(target);
    requireInteger(targetStart, 'targetStart', 0);
    requireInteger(sourceStart, 'sourceStart', 0);
    if (targetEnd !== undefined) requireInteger(targetEnd, 'targetEnd', 0, other);
    if (sourceEnd !== undefined) requireInteger(sourceEnd, 'sourceEnd', 0, length);
    return bufferCompare(between(this, sourceStart, sourceEnd ?? length), between(target, targetStart, targetEnd ?? other));
  },
  /** Shares memory, unlike Uint8Array's. */
  slice(start, end) {
    return this.subarray(start, end);
  },
  subarray(start, end) {
    const length = viewByteLength(this);
    const from = toIndex(start, length, 0);
    const to = toIndex(end, length, length);
    return share(this, from, to > from ? to - from : 0);
  },
  write(text, offset, length, encoding) {
    if (typeof text !== 'string') throw nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', 'argument must be a string');
    const size = viewByteLength(this);
    let start = 0;
    let room = size;
    let name = encoding;
    if (typeof offset === 'string' && length === undefined) {
      name = offset;
    } else if (offset !== undefined) {
      requireInteger(offset, 'offset', 0, size);
      start = offset;
      room = size - start;
      if (typeof length === 'string') {
        name = length;
      } else if (length !== undefined) {
        requireInteger(length, 'length', 0, size);
        room = min(length, room);
      }
    }
    return writeText(this, text, name ? requireEncoding(name) : utf8, start, start + room);
  },
  copy(given, targetStart, sourceStart, sourceEnd) {
    if (!isView(given)) throw invalidType('target', bufferOrBytes, given);
    // Of any other view its bytes.
    const target = /** @type {Uint8Array} */ (isBytes(given) ? given : bytesOf(given));
    const length = viewByteLength(this);
    const to = targetStart === undefined ? 0 : trunc(+targetStart) || 0;
    if (to < 0) throw outOfRange('targetStart', '>= 0', to);
    const start = sourceStart === undefined ? 0 : trunc(+sourceStart) || 0;
    if (start < 0 || start > length) throw outOfRange('sourceStart', `>= 0 && <= ${length}`, start);
    const end = sourceEnd === undefined ? length : trunc(+sourceEnd) || 0;
    if (end < 0) throw outOfRange('sourceEnd', '>= 0', end);
    const room = viewByteLength(target) - to;
    const count = min(min(end, length) - start, room);
    if (count <= 0) return 0;
    setBytes(target, count === length ? this : new Uint8Array(viewBuffer(this), viewByteOffset(this) + start, count), to);
    return count;
  },
  fill(value, offset, end, encoding) {
    let start = offset;
    let stop = end;
    let name = encoding;
    if (typeof value === 'string') {
      if (typeof start === 'string') {
        name = start;
        start = undefined;
        stop = undefined;
      } else if (typeof stop === 'string') {
        name = stop;
        stop = undefined;
      }
      if (name !== undefined) requireString(name, 'encoding');
    }
    const length = viewByteLength(this);
    start ??= 0;
    stop ??= length;
    requireNumber(start, 'offset', 0);
    requireNumber(stop, 'end', 0, length);
    if (start >= stop) return this;
    if (typeof value === 'number' || typeof value === 'boolean') return fillBytes(this, +value & 255, start, stop);
    const pattern = typeof value === 'string' ? fromText(value, name === undefined ? utf8 : requireEncoding(name)) : value;
    if (!isView(pattern)) return fillBytes(this, +value & 255, start, stop);
    return repeatBytes(this, /** @type {any} */ (pattern), trunc(start), trunc(stop), value);
  },
  indexOf(value, offset, encoding) {
    return search(this, value, offset, encoding, false);
  },
  lastIndexOf(value, offset, encoding) {
    return search(this, value, offset, encoding, true);
  },
  includes(value, offset, encoding) {
    return search(this, value, offset, encoding, false) !== -1;
  },
  swap16() {
    return swap(this, 2);
  },
  swap32() {
    return swap(this, 4);
  },
  swap64() {
    return swap(this, 8);
  },
};
methods.toLocaleString = methods.toString;
methods.inspect = shown;

/** @param {BufferInstance} bytes @param {string} text @param {number} encoding @param {number} start @param {number} end */
function writeText(bytes, text, encoding, start, end) {
  if (isShared(bytes)) {
    // Rust writes no memory that another thread may be reading.
    const room = allocate(end - start);
    const written = bufferWrite(room, text, encoding);
    setBytes(bytes, share(room, 0, written), start);
    return written;
  }
  return bufferWrite(bytes, text, encoding, start, end);
}

/** @param {Uint8Array} bytes */
function isShared(bytes) {
  const buffer = viewBuffer(bytes);
  return !(buffer instanceof ArrayBuffer) && isAnyArrayBuffer(buffer);
}

/**
 * Fills with a pattern, the part that is done copied again and again.
 * @param {BufferInstance} bytes @param {any} pattern @param {number} start @param {number} end @param {any} value
 */
function repeatBytes(bytes, pattern, start, end, value) {
  const source = isBytes(pattern) ? pattern : new Uint8Array(pattern.buffer, pattern.byteOffset, pattern.byteLength);
  let size = viewByteLength(source);
  if (size === 0) {
    if (typeof value === 'string') return fillBytes(bytes, 0, start, end);
    throw invalidValue('value', value);
  }
  const total = end - start;
  setBytes(bytes, size > total ? part(new Uint8Array(source), 0, total) : source, start);
  while (size < total) {
    const more = min(size, total - size);
    setBytes(bytes, new Uint8Array(viewBuffer(bytes), viewByteOffset(bytes) + start, more), start + size);
    size += more;
  }
  return bytes;
}

/** Turns every group of so many bytes round. @param {BufferInstance} bytes @param {number} width */
function swap(bytes, width) {
  const length = viewByteLength(bytes);
  if (length % width !== 0) {
    throw nodeError(RangeError, 'ERR_INVALID_BUFFER_SIZE', `Buffer size must be a multiple of ${width * 8}-bits`);
  }
  for (let start = 0; start < length; start += width) {
    for (let left = start, right = start + width - 1; left < right; left += 1, right -= 1) {
      const byte = bytes[left];
      bytes[left] = bytes[right];
      bytes[right] = byte;
    }
  }
  return bytes;
}

/** What a program has put onto a Buffer that is not large: all its numbers are properties as well. @param {any} buffer @param {any} options */
function shownMembers(buffer, options) {
  const length = viewByteLength(buffer);
  if (length > mostShown) return '';
  const names = keys(buffer);
  if (names.length === length) return '';
  /** @type {any} */
  const members = create(null);
  for (let index = length; index < names.length; index += 1) members[names[index]] = buffer[names[index]];
  const text = loadInspect().inspect(members, { ...options, breakLength: Number.POSITIVE_INFINITY, compact: true });
  // Without `[Object: null prototype] { ` and ` }`.
  return slice(text, stringIndexOf(text, '{') + 2, -2);
}

const mostShown = 4096;

/** What `inspect` shows. @this {BufferInstance} @param {number} _depth @param {any} [options] */
function shown(_depth, options) {
  const length = viewByteLength(this);
  const count = min(inspectedBytes, length);
  const digits = bufferText(this, hex, 0, count);
  let text = '';
  for (let index = 0; index < count; index += 1) text += ` ${digits[index * 2]}${digits[index * 2 + 1]}`;
  if (length > count) text += ` ... ${length - count} more byte${length - count > 1 ? 's' : ''}`;
  const more = options === undefined ? '' : shownMembers(this, options);
  if (more !== '' && text !== '') text += ',';
  return `<${this.constructor.name}${text === '' && more === '' ? ' ' : text}${more === '' ? '' : ` ${more}`}>`;
}

// The methods behind `toString` and `write`, which packages call to save a look at the encoding: `utf8Slice`, `latin1Write`.
const direct = { ascii: 3, base64, base64url, hex, latin1, ucs2: utf16, utf8 };
const directNames = keys(direct);
for (let index = 0; index < directNames.length; index += 1) {
  const name = directNames[index];
  const number = encodings[name];
  methods[`${name}Slice`] = /** @this {BufferInstance} @param {number} start @param {number} end */ function (start, end) {
    return bufferText(this, number, start ?? 0, end ?? viewByteLength(this));
  };
  methods[`${name}Write`] = /** @this {BufferInstance} @param {string} text @param {number} [offset] @param {number} [length] */ function (
    text,
    offset = 0,
    length = viewByteLength(this) - offset,
  ) {
    requireString(text, 'argument');
    const size = viewByteLength(this);
    if (!(offset >= 0 && offset <= size)) throw outsideOfBuffer('offset');
    if (!(length >= 0 && length <= size - offset)) throw outsideOfBuffer('length');
    return writeText(this, text, number, offset, offset + length);
  };
}

/** @param {any} target @param {Record<string, any>} members @param {boolean} enumerable */
function define(target, members, enumerable) {
  const all = keys(members);
  for (let index = 0; index < all.length; index += 1) {
    defineProperty(target, all[index], { value: members[all[index]], writable: true, enumerable, configurable: true });
  }
}

define(prototype, methods, true);
define(prototype, numbers, true);
// Both spellings: readUInt8 and readUint8.
const numberNames = keys(numbers);
for (let index = 0; index < numberNames.length; index += 1) {
  const alias = replace(numberNames[index], 'UInt', 'Uint');
  defineProperty(prototype, alias, { value: numbers[numberNames[index]], writable: true, enumerable: true, configurable: true });
}
defineProperties(prototype, {
  constructor: { value: Buffer, writable: true, enumerable: false, configurable: true },
  parent: {
    enumerable: true,
    /** @this {any} */
    get() {
      return this instanceof Buffer ? viewBuffer(this) : undefined;
    },
  },
  offset: {
    enumerable: true,
    /** @this {any} */
    get() {
      return this instanceof Buffer ? viewByteOffset(this) : undefined;
    },
  },
  [symbolFor('nodejs.util.inspect.custom')]: { value: shown, writable: true, enumerable: false, configurable: true },
});

/** @param {any} bytes @param {(bytes: any) => boolean} test */
function question(bytes, test) {
  const buffer = isView(bytes) ? /** @type {any} */ (bytes).buffer : bytes;
  if (isAnyArrayBuffer(buffer)) {
    if (buffer.detached === true) throw nodeError(Error, 'ERR_INVALID_STATE', 'Invalid state: Cannot validate on a detached buffer');
    return test(bytes);
  }
  throw invalidType('input', ['ArrayBuffer', 'Buffer', 'TypedArray'], bytes);
}

/** @param {Uint8Array} source @param {string} fromEncoding @param {string} toEncoding */
function transcode(source, fromEncoding, toEncoding) {
  if (!isBytes(source)) throw invalidType('source', bufferOrBytes, source);
  const from = numberOf(fromEncoding) ?? hex;
  const to = numberOf(toEncoding) ?? hex;
  if (from >= hex || to >= hex) {
    const code = 'U_ILLEGAL_ARGUMENT_ERROR';
    const error = /** @type {any} */ (new Error(`Unable to transcode Buffer [${code}]`));
    throw assign(error, { errno: 1, code });
  }
  const text = bufferText(source, from);
  return fromText(to === latin1 || to === ascii ? replace(text, to === latin1 ? aboveLatin1 : aboveAscii, '?') : text, to);
}

/** How long the text of some bytes is. @param {any} input @param {any} [encoding] */
function stringLength(input, encoding = 'utf8') {
  if (viewName(input) === undefined && !isAnyArrayBuffer(input) && !isSharedMemory(input)) {
    throw invalidType('input', ['ArrayBuffer', 'Buffer', 'TypedArray'], input);
  }
  requireString(encoding, 'encoding');
  const number = numberOf(encoding);
  if (number === undefined) throw unknownEncoding(encoding);
  const { byteLength: length } = input;
  if (number === utf8) return bufferText(bytesOf(input), number).length;
  if (number === utf16) return trunc(length / 2);
  if (number === hex) return length * 2;
  if (number === base64) return ceil(length / 3) * 4;
  return number === base64url ? ceil((length * 4) / 3) : length;
}

// What an encoding has no byte for, a whole character at a time.
const beyondLatin1 = regExp(/[^\x00-\xff]/);
const aboveLatin1 = regExp(/[^\x00-\xff]/gu);
const aboveAscii = regExp(/[^\x00-\x7f]/gu);

const constants = freeze({ MAX_LENGTH: 2 ** 33, MAX_STRING_LENGTH: 2 ** 30 - 2 });

setPrototypeOf(Buffer, Uint8Array);
defineProperties(Buffer, {
  prototype: { value: prototype, writable: false, enumerable: false, configurable: false },
  [Symbol.species]: { get: () => FastBuffer, enumerable: false, configurable: true },
});
define(
  Buffer,
  {
    poolSize: 8192,
    from,
    of,
    alloc,
    allocUnsafe,
    allocUnsafeSlow,
    byteLength,
    compare,
    concat,
    copyBytesFrom,
    isBuffer,
    isEncoding,
    stringLength,
  },
  true,
);

/** How many bytes `inspect` shows. */
let inspectedBytes = 50;

const exported = {
  Buffer: /** @type {BufferClass} */ (/** @type {any} */ (Buffer)),
  SlowBuffer: allocUnsafeSlow,
  get INSPECT_MAX_BYTES() {
    return inspectedBytes;
  },
  set INSPECT_MAX_BYTES(count) {
    requireNumber(count, 'INSPECT_MAX_BYTES', 0);
    inspectedBytes = count;
  },
  constants,
  encodingOf,
  isAscii: (/** @type {any} */ input) => question(input, isAsciiBytes),
  isUtf8: (/** @type {any} */ input) => question(input, isUtf8Bytes),
  /** Whether a text has a byte for each of its units. @param {any} input */
  isLatin1(input) {
    requireString(input, 'input');
    return exec(beyondLatin1, input) === null;
  },
  kMaxLength: constants.MAX_LENGTH,
  kStringMaxLength: constants.MAX_STRING_LENGTH,
  transcode,
  wrap,
  /** @param {any} id */
  resolveObjectURL: (id) => loadObjectUrls().objectOf(`${id}`),
  get Blob() {
    return loadBlob().Blob;
  },
  get File() {
    return loadBlob().File;
  },
  get atob() {
    return loadBase64().atob;
  },
  get btoa() {
    return loadBase64().btoa;
  },
};
// For the rooms above; no program sees them.
defineProperties(exported, { encodingOf: { enumerable: false }, wrap: { enumerable: false } });

module.exports = exported;
