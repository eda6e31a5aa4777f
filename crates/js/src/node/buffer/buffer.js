// node:buffer: Buffer, a Uint8Array with Node's conversions. Where Node shares memory (slice, subarray, from(arrayBuffer)) so does this.
'use strict';

const { bytesOf, isAnyArrayBuffer } = require('builtins/webidl');
const { invalidType, nodeError } = require('node/errors');
const { decodeText, encodeUtf8 } = ops;
const loadEncoding = () => require('web/encoding/encoding');
const loadBase64 = () => require('web/html/base64');
const loadBlob = () => require('web/file/blob');
const names = new Map([
  ['utf8', 'utf8'],
  ['utf-8', 'utf8'],
  ['hex', 'hex'],
  ['base64', 'base64'],
  ['base64url', 'base64url'],
  ['latin1', 'latin1'],
  ['binary', 'latin1'],
  ['ascii', 'ascii'],
  ['ucs2', 'utf16le'],
  ['ucs-2', 'utf16le'],
  ['utf16le', 'utf16le'],
  ['utf-16le', 'utf16le'],
]);

/** The one name of an encoding, or undefined. */
function encodingOf(name) {
  return typeof name === 'string' ? (names.get(name) ?? names.get(name.toLowerCase())) : undefined;
}

function requireEncoding(name) {
  if (name === undefined || name === null) return 'utf8';
  const encoding = encodingOf(name);
  if (encoding === undefined) throw nodeError(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${name}`);
  return encoding;
}

function encode(text, encoding) {
  switch (encoding) {
    case 'utf8':
      return encodeUtf8(text);
    case 'hex':
      return Uint8Array.fromHex(/^(?:[0-9a-f]{2})*/i.exec(text)[0]);
    case 'base64':
    case 'base64url':
      return decodeBase64(text);
    case 'utf16le':
      return encodeUnits(text, 2);
    default:
      return encodeUnits(text, 1);
  }
}

/** Both alphabets, with and without padding, anything else skipped: as lenient as Node. */
function decodeBase64(text) {
  const clean = text
    .replace(/=.*$/s, '')
    .replace(/-/g, '+')
    .replace(/_/g, '/')
    .replace(/[^A-Za-z0-9+/]/g, '');
  return Uint8Array.fromBase64(clean.length % 4 === 1 ? clean.slice(0, -1) : clean, { lastChunkHandling: 'loose' });
}

function encodeUnits(text, size) {
  const bytes = new Uint8Array(text.length * size);
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    bytes[i * size] = unit;
    if (size === 2) bytes[i * 2 + 1] = unit >> 8;
  }
  return bytes;
}

function decode(bytes, encoding) {
  switch (encoding) {
    case 'utf8':
      // A byte order mark stays, as in Node.
      return decodeText('utf-8', bytes, false, true);
    case 'hex':
      return plain(bytes).toHex();
    case 'base64':
      return plain(bytes).toBase64();
    case 'base64url':
      return plain(bytes).toBase64({ alphabet: 'base64url', omitPadding: true });
    case 'utf16le':
      return decodeUnits(bytes.length >> 1, (i) => bytes[i * 2] | (bytes[i * 2 + 1] << 8));
    case 'ascii':
      return decodeUnits(bytes.length, (i) => bytes[i] & 0x7f);
    default:
      return decodeUnits(bytes.length, (i) => bytes[i]);
  }
}

const plain = (bytes) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function decodeUnits(length, unitAt) {
  let text = '';
  for (let start = 0; start < length; start += 4096) {
    const units = [];
    for (let i = start; i < Math.min(start + 4096, length); i += 1) units.push(unitAt(i));
    text += String.fromCharCode(...units);
  }
  return text;
}

/** A Buffer over the same memory. */
function wrap(bytes) {
  return new Buffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

class Buffer extends Uint8Array {
  // Methods that Uint8Array makes arrays with (map, filter) make Buffers, as in Node.
  static get [Symbol.species]() {
    return Buffer;
  }

  static from(value, second = undefined, third = undefined) {
    if (typeof value === 'string') return wrap(encode(value, requireEncoding(second)));
    if (isAnyArrayBuffer(value)) return new Buffer(value, second, third);
    if (ArrayBuffer.isView(value)) {
      return wrap(value instanceof Uint8Array ? plain(value).slice() : Uint8Array.from(value));
    }
    if (typeof value === 'object' && value !== null) {
      if (value.type === 'Buffer' && Array.isArray(value.data)) return wrap(Uint8Array.from(value.data));
      if (typeof value.length === 'number' || typeof value[Symbol.iterator] === 'function') return wrap(Uint8Array.from(value));
      const primitive = value.valueOf();
      if (primitive !== value && primitive !== null && primitive !== undefined) return Buffer.from(primitive, second, third);
    }
    const expected = 'of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object';
    throw invalidType('first argument', expected, value);
  }

  static of(...items) {
    return wrap(Uint8Array.from(items));
  }

  static alloc(size, fill = undefined, encoding = undefined) {
    const buffer = new Buffer(requireSize(size));
    return fill === undefined || fill === 0 ? buffer : buffer.fill(fill, encoding);
  }
  static allocUnsafe(size) {
    return new Buffer(requireSize(size));
  }
  static allocUnsafeSlow(size) {
    return new Buffer(requireSize(size));
  }

  static byteLength(value, encoding = undefined) {
    if (typeof value !== 'string') return value.byteLength;
    return encode(value, encodingOf(encoding) ?? 'utf8').byteLength;
  }

  static concat(list, length = list.reduce((sum, item) => sum + item.length, 0)) {
    const joined = Buffer.alloc(length);
    let offset = 0;
    for (const item of list) {
      if (offset >= length) break;
      joined.set(item.length > length - offset ? item.subarray(0, length - offset) : item, offset);
      offset += item.length;
    }
    return joined;
  }

  static compare(a, b) {
    const shared = Math.min(a.length, b.length);
    for (let i = 0; i < shared; i += 1) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
    return Math.sign(a.length - b.length);
  }
  static isBuffer(value) {
    return value instanceof Buffer;
  }
  static isEncoding(name) {
    return encodingOf(name) !== undefined;
  }

  get parent() {
    return this.buffer;
  }
  get offset() {
    return this.byteOffset;
  }

  toString(encoding = undefined, start = 0, end = this.length) {
    const known = requireEncoding(encoding);
    const part = start === 0 && end === this.length ? this : this.subarray(Math.max(0, start), Math.max(0, end));
    return decode(part, known);
  }
  toLocaleString(encoding, start, end) {
    return this.toString(encoding, start, end);
  }
  toJSON() {
    return { type: 'Buffer', data: Array.from(this) };
  }
  equals(other) {
    return Buffer.compare(this, other) === 0;
  }
  compare(target, start = 0, end = target.length, ownStart = 0, ownEnd = this.length) {
    return Buffer.compare(this.subarray(ownStart, ownEnd), target.subarray(start, end));
  }
  /** Shares memory, unlike Uint8Array's. */
  slice(start = undefined, end = undefined) {
    return this.subarray(start, end);
  }
  subarray(start = undefined, end = undefined) {
    const part = plain(this).subarray(start, end);
    return new Buffer(part.buffer, part.byteOffset, part.byteLength);
  }

  write(text, offset = 0, length = undefined, encoding = undefined) {
    if (typeof offset === 'string') return this.write(text, 0, undefined, offset);
    if (typeof length === 'string') return this.write(text, offset, undefined, length);
    const room = Math.min(length ?? Infinity, this.length - offset);
    const known = requireEncoding(encoding);
    if (known === 'utf8') return new (loadEncoding().TextEncoder)().encodeInto(text, plain(this).subarray(offset, offset + room)).written;
    const bytes = encode(text, known);
    const part = bytes.subarray(0, known === 'utf16le' ? room & ~1 : room);
    this.set(part, offset);
    return part.length;
  }

  copy(target, targetStart = 0, start = 0, end = this.length) {
    const part = plain(this).subarray(start, Math.min(end, start + Math.max(0, target.length - targetStart)));
    target.set(part, targetStart);
    return part.length;
  }

  fill(value, start = undefined, end = undefined, encoding = undefined) {
    if (typeof start === 'string') return this.fill(value, 0, this.length, start);
    if (typeof end === 'string') return this.fill(value, start, this.length, end);
    if (typeof value === 'number' || typeof value === 'boolean') return super.fill(Number(value) & 255, start, end);
    const pattern = typeof value === 'string' ? encode(value, requireEncoding(encoding)) : bytesOf(value);
    if (pattern.length === 0) return super.fill(0, start, end);
    const from = start ?? 0;
    for (let i = from; i < (end ?? this.length); i += 1) this[i] = pattern[(i - from) % pattern.length];
    return this;
  }

  indexOf(value, offset = 0, encoding = undefined) {
    if (typeof value === 'number') return super.indexOf(value & 255, offset);
    const wanted = typeof value === 'string' ? encode(value, requireEncoding(encoding)) : value;
    const from = offset < 0 ? Math.max(0, this.length + offset) : offset;
    if (wanted.length === 0) return Math.min(from, this.length);
    for (let at = super.indexOf(wanted[0], from); at >= 0 && at + wanted.length <= this.length; at = super.indexOf(wanted[0], at + 1)) {
      let matched = 1;
      while (matched < wanted.length && this[at + matched] === wanted[matched]) matched += 1;
      if (matched === wanted.length) return at;
    }
    return -1;
  }
  includes(value, offset = 0, encoding = undefined) {
    return this.indexOf(value, offset, encoding) >= 0;
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    const shown = Array.from(this.subarray(0, 50), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const more = this.length > 50 ? ` ... ${this.length - 50} more byte${this.length === 51 ? '' : 's'}` : '';
    return `<Buffer${shown === '' ? '' : ' '}${shown}${more}>`;
  }
}

// readUInt16LE and its kin, by DataView.
const numbers = [
  ['Int8', 1],
  ['UInt8', 1],
  ['Int16', 2],
  ['UInt16', 2],
  ['Int32', 4],
  ['UInt32', 4],
  ['BigInt64', 8],
  ['BigUInt64', 8],
  ['Float', 4],
  ['Double', 8],
];
const viewNames = { Float: 'Float32', Double: 'Float64', UInt8: 'Uint8', UInt16: 'Uint16', UInt32: 'Uint32', BigUInt64: 'BigUint64' };
for (const [name, size] of numbers) {
  const get = DataView.prototype[`get${viewNames[name] ?? name}`];
  const set = DataView.prototype[`set${viewNames[name] ?? name}`];
  for (const order of size === 1 ? [''] : ['LE', 'BE']) {
    defineNumber(`${name}${order}`, size, get, set, order === 'LE');
  }
}

function defineNumber(name, size, get, set, littleEndian) {
  const methods = {
    [`read${name}`](offset = 0) {
      return get.call(viewOf(this, offset, size), 0, littleEndian);
    },
    [`write${name}`](value, offset = 0) {
      set.call(viewOf(this, offset, size), 0, value, littleEndian);
      return offset + size;
    },
  };
  for (const [key, value] of Object.entries(methods)) {
    for (const alias of [key, key.replace('UInt', 'Uint')]) {
      Object.defineProperty(Buffer.prototype, alias, { value, writable: true, configurable: true });
    }
  }
}

function viewOf(buffer, offset, size) {
  if (!Number.isInteger(offset) || offset < 0 || offset + size > buffer.length) {
    const range = `>= 0 and <= ${buffer.length - size}`;
    const message = `The value of "offset" is out of range. It must be ${range}. Received ${offset}`;
    throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', message);
  }
  return new DataView(buffer.buffer, buffer.byteOffset + offset, size);
}

function requireSize(size) {
  if (typeof size !== 'number') throw invalidType('size', 'of type number', size);
  if (!(size >= 0 && size <= constants.MAX_LENGTH)) {
    const message = `The value of "size" is out of range. It must be >= 0 && <= ${constants.MAX_LENGTH}. Received ${size}`;
    throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', message);
  }
  return size;
}

const constants = Object.freeze({ MAX_LENGTH: 2 ** 33, MAX_STRING_LENGTH: 2 ** 30 - 2 });

module.exports = {
  Buffer,
  constants,
  encodingOf,
  kMaxLength: constants.MAX_LENGTH,
  wrap,
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
