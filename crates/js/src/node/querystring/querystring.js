// `node:querystring` (https://nodejs.org/api/querystring.html): pairs of names and values as text.
'use strict';

const { nodeError } = require('node/errors');
const {
  create,
  charCodeAt,
  isArray,
  isFinite,
  keys,
  numberToString,
  padStart,
  push,
  slice,
  stringIncludes,
  stringIndexOf,
  toUpperCase,
} = require('builtins/primordials');
const loadBuffer = () => require('node/buffer/buffer');

// Characters that `escape` leaves as they are, by code.
const plain = "!'()*-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
const isPlain = new Uint8Array(128);
for (let index = 0; index < plain.length; index += 1) isPlain[charCodeAt(plain, index)] = 1;

/** @param {number} byte */
const percent = (byte) => `%${padStart(toUpperCase(numberToString(byte, 16)), 2, '0')}`;

/** @param {any} value */
function escape(value) {
  let text = value;
  if (typeof value !== 'string') text = typeof value === 'object' ? String(value) : `${value}`;
  let out = '';
  let last = 0;
  for (let index = 0; index < text.length; index += 1) {
    let unit = charCodeAt(text, index);
    if (unit < 128 && isPlain[unit] === 1) continue;
    if (last < index) out += slice(text, last, index);
    if (unit < 0x80) {
      out += percent(unit);
    } else if (unit < 0x800) {
      out += percent(0xc0 | (unit >> 6)) + percent(0x80 | (unit & 63));
    } else if (unit < 0xd800 || unit >= 0xe000) {
      out += percent(0xe0 | (unit >> 12)) + percent(0x80 | ((unit >> 6) & 63)) + percent(0x80 | (unit & 63));
    } else {
      index += 1;
      // The end of the text is where the second half of a pair is missing.
      if (index >= text.length) throw nodeError(URIError, 'ERR_INVALID_URI', 'URI malformed');
      unit = 0x10000 + (((unit & 0x3ff) << 10) | (charCodeAt(text, index) & 0x3ff));
      out +=
        percent(0xf0 | (unit >> 18)) +
        percent(0x80 | ((unit >> 12) & 63)) +
        percent(0x80 | ((unit >> 6) & 63)) +
        percent(0x80 | (unit & 63));
    }
    last = index + 1;
  }
  return last === 0 ? text : out + slice(text, last);
}

/** @param {number} code the code of a hexadecimal digit, or another's */
function digit(code) {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** The bytes that a text stands for; what is no escape stays. @param {string} text @param {boolean} [decodeSpaces] */
function unescapeBuffer(text, decodeSpaces = false) {
  const { Buffer } = loadBuffer();
  const source = typeof text === 'string' ? text : `${text}`;
  const bytes = /** @type {any} */ (Buffer).allocUnsafe(source.length);
  let length = 0;
  for (let index = 0; index < source.length; index += 1) {
    const unit = charCodeAt(source, index);
    if (unit === 43 && decodeSpaces) {
      bytes[length] = 32;
    } else {
      const high = unit === 37 && index + 2 < source.length ? digit(charCodeAt(source, index + 1)) : -1;
      const low = high === -1 ? -1 : digit(charCodeAt(source, index + 2));
      if (low === -1) {
        bytes[length] = unit;
      } else {
        bytes[length] = high * 16 + low;
        index += 2;
      }
    }
    length += 1;
  }
  return length === source.length ? bytes : bytes.subarray(0, length);
}

/** @param {string} text @param {boolean} [decodeSpaces] */
function unescape(text, decodeSpaces) {
  try {
    return decodeURIComponent(text);
  } catch {
    return querystring.unescapeBuffer(text, decodeSpaces).toString();
  }
}

/** A value as text; what is no primitive is nothing. @param {any} value */
function textOf(value) {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && isFinite(value)) return `${value}`;
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return '';
}

/** @param {any} value @param {(text: string) => string} encode */
function encoded(value, encode) {
  const text = textOf(value);
  return text === '' ? '' : encode(text);
}

/** @param {any} object @param {string} [separator] @param {string} [equals] @param {{ encodeURIComponent?: (text: string) => string }} [options] */
function stringify(object, separator, equals, options) {
  const sep = separator || '&';
  const eq = equals || '=';
  let encode = querystring.escape;
  if (options && typeof options.encodeURIComponent === 'function') encode = options.encodeURIComponent;
  if (object === null || typeof object !== 'object') return '';
  let fields = '';
  const names = keys(object);
  for (let index = 0; index < names.length; index += 1) {
    const value = object[names[index]];
    const name = encoded(names[index], encode) + eq;
    if (isArray(value)) {
      for (let item = 0; item < value.length; item += 1) {
        if (fields !== '') fields += sep;
        fields += name + encoded(value[item], encode);
      }
    } else {
      if (fields !== '') fields += sep;
      fields += name + encoded(value, encode);
    }
  }
  return fields;
}

/** @param {string} text @param {(text: string) => string} decode @param {boolean} custom */
function decoded(text, decode, custom) {
  let plainText = text;
  if (!custom && !stringIncludes(text, '%')) return text;
  try {
    plainText = decode(text);
  } catch {
    plainText = unescape(text, true);
  }
  return plainText;
}

/** Spaces are written as plus signs, which a decoder of the program's own sees as `%20`. @param {string} text @param {string} by */
function withSpaces(text, by) {
  let out = '';
  let last = 0;
  for (let at = stringIndexOf(text, '+'); at !== -1; at = stringIndexOf(text, '+', last)) {
    out += slice(text, last, at) + by;
    last = at + 1;
  }
  return last === 0 ? text : out + slice(text, last);
}

/**
 * @param {any} text @param {string} [separator] @param {string} [equals]
 * @param {{ maxKeys?: number, decodeURIComponent?: (text: string) => string }} [options] at most 1000 pairs, unless `maxKeys` says other; 0 is any
 * @returns {Record<string, string | string[]>}
 */
function parse(text, separator, equals, options) {
  /** @type {Record<string, any>} */
  const result = create(null);
  if (typeof text !== 'string' || text.length === 0) return result;
  const sep = separator ? `${separator}` : '&';
  const eq = equals ? `${equals}` : '=';
  let left = -1;
  if (options && typeof options.maxKeys === 'number') left = options.maxKeys > 0 ? options.maxKeys : -1;
  else left = 1000;
  let decode = querystring.unescape;
  if (options && typeof options.decodeURIComponent === 'function') decode = options.decodeURIComponent;
  const custom = decode !== unescape;
  const by = custom ? '%20' : ' ';
  let start = 0;
  while (start <= text.length && left !== 0) {
    let end = stringIndexOf(text, sep, start);
    if (end === -1) end = text.length;
    if (end > start) {
      const pair = slice(text, start, end);
      const at = stringIndexOf(pair, eq);
      const name = withSpaces(at === -1 ? pair : slice(pair, 0, at), by);
      const value = withSpaces(at === -1 ? '' : slice(pair, at + eq.length), by);
      add(result, decoded(name, decode, custom && name !== ''), decoded(value, decode, custom && value !== ''));
      left -= 1;
    }
    start = end + sep.length;
  }
  return result;
}

/** @param {Record<string, any>} result @param {string} name @param {string} value */
function add(result, name, value) {
  const before = result[name];
  if (before === undefined) result[name] = value;
  else if (isArray(before)) push(before, value);
  else result[name] = [before, value];
}

/** @type {any} */
const querystring = {
  unescapeBuffer,
  unescape,
  escape,
  stringify,
  encode: stringify,
  parse,
  decode: parse,
};
module.exports = querystring;
