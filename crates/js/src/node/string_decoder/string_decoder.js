// StringDecoder (https://nodejs.org/api/string_decoder.html): text of chunks whose ends may cut a character.
'use strict';

const { copyBytes, defineProperties, defineProperty, isView, setBytes } = require('builtins/primordials');
const { bytesOf } = require('builtins/webidl');
const { encodingOf, wrap } = require('node/buffer/buffer');
const { invalidType, unknownEncoding } = require('node/errors');

const none = new Uint8Array(0);

/**
 * How many bytes at the end of `bytes` begin a character of UTF-8 that is not whole yet (RFC 3629).
 * @param {Uint8Array} bytes
 */
function cutOfUtf8(bytes) {
  const end = bytes.length;
  for (let back = 1; back <= 3 && back <= end; back += 1) {
    const byte = bytes[end - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      if (!isCutLead(byte, back, bytes[end - back + 1])) return 0;
      return back;
    }
  }
  return 0;
}

/**
 * Whether a lead byte with `have` bytes of its character, itself included, may get more.
 * @param {number} lead @param {number} have @param {number} second the byte behind the lead, if there is one
 */
function isCutLead(lead, have, second) {
  const needs = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  // What begins as one of four bytes is waited for, though no character begins so.
  if (have >= needs || lead > 0xf7 || lead < 0xc2) return false;
  if (have === 1) return true;
  if (lead === 0xe0) return second >= 0xa0;
  if (lead === 0xed) return second <= 0x9f;
  if (lead === 0xf0) return second >= 0x90;
  if (lead === 0xf4) return second <= 0x8f;
  return true;
}

/**
 * As `cutOfUtf8` for UTF-16: an odd byte, the first half of a pair; both if the half was kept before.
 * @param {Uint8Array} bytes @param {number} before how many of them were kept
 */
function cutOfUtf16(bytes, before) {
  const odd = bytes.length % 2;
  const end = bytes.length - odd;
  const isHalf = end >= 2 && (bytes[end - 1] & 0xfc) === 0xd8;
  if (odd === 0) return isHalf ? 2 : 0;
  return isHalf && before >= 2 && end === 2 ? 3 : 1;
}

/** @param {string} encoding @param {Uint8Array} bytes @param {number} before how many of them were kept */
function cut(encoding, bytes, before) {
  if (encoding === 'utf8') return cutOfUtf8(bytes);
  if (encoding === 'utf16le') return cutOfUtf16(bytes, before);
  if (encoding === 'base64' || encoding === 'base64url') return bytes.length % 3;
  return 0;
}

/** How many bytes the character that begins with these has in all. @param {string} encoding @param {Uint8Array} bytes */
function wholeLength(encoding, bytes) {
  if (bytes.length === 0) return 0;
  if (encoding === 'utf16le') return bytes.length > 1 ? 4 : 2;
  if (encoding !== 'utf8') return 3;
  return bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
}

/** @param {Uint8Array} first @param {Uint8Array} second */
function joined(first, second) {
  if (first.length === 0) return second;
  const all = new Uint8Array(first.length + second.length);
  setBytes(all, first, 0);
  setBytes(all, second, first.length);
  return all;
}

const kept = Symbol('kept');

/**
 * @this {any}
 * @param {any} [encoding]
 */
function StringDecoder(encoding) {
  const known = encoding === undefined || encoding === null || encoding === '' ? 'utf8' : encodingOf(encoding);
  if (known === undefined) throw unknownEncoding(encoding);
  this.encoding = known;
  defineProperty(this, kept, { value: none, writable: true });
}

defineProperties(StringDecoder.prototype, {
  write: hidden(
    /** @this {any} @param {any} buf */ function write(buf) {
      if (typeof buf === 'string') return buf;
      if (!isView(buf)) throw invalidType('buf', ['Buffer', 'TypedArray', 'DataView'], buf);
      const bytes = joined(this[kept], bytesOf(buf));
      const count = cut(this.encoding, bytes, this[kept].length);
      const end = bytes.length - count;
      this[kept] = count === 0 ? none : copyBytes(bytes, end);
      return end === 0 ? '' : textOf(this.encoding, bytes, end);
    },
  ),
  end: hidden(
    /** @this {any} @param {any} [buf] */ function end(buf) {
      const text = buf === undefined ? '' : this.write(buf);
      const rest = this[kept];
      this[kept] = none;
      if (rest.length === 0) return text;
      return text + textOf(this.encoding, rest, this.encoding === 'utf16le' ? rest.length - (rest.length % 2) : rest.length);
    },
  ),
  text: hidden(
    /** @this {any} @param {Uint8Array} buf @param {number} offset */ function text(buf, offset) {
      this[kept] = none;
      return this.write(copyBytes(bytesOf(buf), offset));
    },
  ),
  // Undocumented, and read all the same.
  lastChar: {
    configurable: true,
    enumerable: true,
    get() {
      const four = new Uint8Array(4);
      setBytes(four, this[kept], 0);
      return wrap(four);
    },
  },
  lastNeed: {
    configurable: true,
    enumerable: true,
    get() {
      return wholeLength(this.encoding, this[kept]) - this[kept].length;
    },
  },
  lastTotal: {
    configurable: true,
    enumerable: true,
    get() {
      return wholeLength(this.encoding, this[kept]);
    },
  },
});

/** @param {any} value */
function hidden(value) {
  return { value, writable: true, enumerable: true, configurable: true };
}

/** @param {string} encoding @param {Uint8Array} bytes @param {number} end */
function textOf(encoding, bytes, end) {
  return wrap(bytes).toString(/** @type {any} */ (encoding), 0, end);
}

module.exports = { StringDecoder };
