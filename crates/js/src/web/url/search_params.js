// URLSearchParams (https://url.spec.whatwg.org/#interface-urlsearchparams), with application/x-www-form-urlencoded.
'use strict';

const { apply, charCodeAt, customInspect, decodeURIComponent, encodeURIComponent, filter } = require('builtins/primordials');
const { findIndex, join, map, numberToString, push, regExp, replace, replaceAll, slice, some, sort } = require('builtins/primordials');
const { stringIncludes, subarray, toUpperCase } = require('builtins/primordials');
const { codedError } = require('builtins/coded_error');
const { invalidType } = require('builtins/invalid_type');
const { withoutColors } = require('builtins/inspect/layout');
const { defineInterface, defineIteration, definePairIterator, invalidThis, isObject } = require('builtins/webidl');
const { toCallback, toPairs, toUSVString } = require('builtins/webidl');
const { encodeUtf8 } = require('web/encoding/utf8');
const { decodeText } = ops;

/** @typedef {[name: string, value: string]} Pair */

/** @type {(onChange: (query: string) => void, query: string) => URLSearchParams} */
let paramsOf;
/** @type {(params: URLSearchParams, query: string) => void} */
let setPairs;
/** @type {(params: any) => Pair[]} */
let pairsOf;
/** @type {(params: any) => string} */
let textOf;
/** @type {(value: any) => value is URLSearchParams} */
let isSearchParams;

/** @param {boolean} isOurs */
function requireThis(isOurs) {
  if (!isOurs) throw invalidThis('URLSearchParams');
}

/** @param {string} what */
function missing(what) {
  return codedError(TypeError, 'ERR_MISSING_ARGS', `The ${what} must be specified`);
}

class URLSearchParams {
  /** In order. @type {Pair[]} */
  #pairs = [];
  /** Hears the new query when the object belongs to a URL. @type {((query: string) => void) | null} */
  #onChange = null;
  /** The serialized form, until the next change. @type {string | null} */
  #text = null;

  /** @param {any} [init] */
  constructor(init = '') {
    if (isObject(init)) this.#pairs = pairsFrom(init);
    else this.#pairs = parseQuery(withoutQuestionMark(toUSVString(init)));
  }

  get size() {
    requireThis(isObject(this) && #pairs in this);
    return this.#pairs.length;
  }

  /** @param {any} name @param {any} value */
  append(name, value) {
    requireThis(isObject(this) && #pairs in this);
    if (arguments.length < 2) throw missing('"name" and "value" arguments');
    push(this.#pairs, [toUSVString(name), toUSVString(value)]);
    this.#changed();
  }

  /** @param {any} name @param {any} [value] */
  delete(name, value = undefined) {
    requireThis(isObject(this) && #pairs in this);
    if (arguments.length < 1) throw missing('"name" argument');
    const key = toUSVString(name);
    const wanted = value === undefined ? undefined : toUSVString(value);
    this.#pairs = filter(this.#pairs, (pair) => pair[0] !== key || (wanted !== undefined && pair[1] !== wanted));
    this.#changed();
  }

  /** @param {any} name */
  get(name) {
    requireThis(isObject(this) && #pairs in this);
    if (arguments.length < 1) throw missing('"name" argument');
    const key = toUSVString(name);
    const pairs = this.#pairs;
    for (let i = 0; i < pairs.length; i += 1) if (pairs[i][0] === key) return pairs[i][1];
    return null;
  }

  /** @param {any} name */
  getAll(name) {
    requireThis(isObject(this) && #pairs in this);
    if (arguments.length < 1) throw missing('"name" argument');
    const key = toUSVString(name);
    return map(
      filter(this.#pairs, (pair) => pair[0] === key),
      (pair) => pair[1],
    );
  }

  /** @param {any} name @param {any} [value] */
  has(name, value = undefined) {
    requireThis(isObject(this) && #pairs in this);
    if (arguments.length < 1) throw missing('"name" argument');
    const key = toUSVString(name);
    const wanted = value === undefined ? undefined : toUSVString(value);
    return some(this.#pairs, (pair) => pair[0] === key && (wanted === undefined || pair[1] === wanted));
  }

  /** @param {any} name @param {any} value */
  set(name, value) {
    requireThis(isObject(this) && #pairs in this);
    if (arguments.length < 2) throw missing('"name" and "value" arguments');
    const key = toUSVString(name);
    const text = toUSVString(value);
    const first = findIndex(this.#pairs, (pair) => pair[0] === key);
    if (first === -1) {
      push(this.#pairs, [key, text]);
    } else {
      this.#pairs[first] = [key, text];
      this.#pairs = filter(this.#pairs, (pair, index) => index <= first || pair[0] !== key);
    }
    this.#changed();
  }

  sort() {
    requireThis(isObject(this) && #pairs in this);
    // By code units, as `<` compares; the sort is stable.
    sort(this.#pairs, (left, right) => (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0));
    this.#changed();
  }

  /** @param {any} callback @param {any} [thisArgument] */
  forEach(callback, thisArgument = undefined) {
    requireThis(isObject(this) && #pairs in this);
    if (typeof callback !== 'function') throw invalidType('callback', 'function', callback);
    const visit = toCallback(callback, 'URLSearchParams.forEach: the callback');
    for (let index = 0; index < this.#pairs.length; index += 1) {
      const pair = this.#pairs[index];
      apply(visit, thisArgument, [pair[1], pair[0], this]);
    }
  }

  entries() {
    requireThis(isObject(this) && #pairs in this);
    return iterate(this, 'entries');
  }
  keys() {
    requireThis(isObject(this) && #pairs in this);
    return iterate(this, 'keys');
  }
  values() {
    requireThis(isObject(this) && #pairs in this);
    return iterate(this, 'values');
  }

  toString() {
    requireThis(isObject(this) && #pairs in this);
    return (this.#text ??= serialize(this.#pairs));
  }

  #changed() {
    this.#text = null;
    if (this.#onChange !== null) this.#onChange((this.#text = serialize(this.#pairs)));
  }

  /** @param {any} depth @param {any} options @param {any} inspect */
  [customInspect](depth, options, inspect) {
    requireThis(isObject(this) && #pairs in this);
    if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special');
    const parts = map(this.#pairs, (pair) => `${inspect(pair[0], options)} => ${inspect(pair[1], options)}`);
    if (parts.length === 0) return 'URLSearchParams {}';
    const line = join(parts, ', ');
    const isShort = !stringIncludes(line, '\n') && withoutColors(line).length <= options.breakLength;
    return isShort ? `URLSearchParams { ${line} }` : `URLSearchParams {\n  ${join(parts, ',\n  ')} }`;
  }

  static {
    pairsOf = (params) => params.#pairs;
    isSearchParams = /** @type {any} */ ((/** @type {any} */ value) => typeof value === 'object' && value !== null && #pairs in value);
    textOf = (params) => (params.#text ??= serialize(params.#pairs));
    setPairs = (params, query) => {
      params.#text = null;
      params.#pairs = parseQuery(withoutQuestionMark(query));
    };
    paramsOf = (onChange, query) => {
      const params = new URLSearchParams(query);
      params.#onChange = onChange;
      return params;
    };
  }
}

const iterate = definePairIterator('URLSearchParams', (/** @type {any} */ params, index) => pairsOf(params)[index], true);
defineInterface(URLSearchParams);
defineIteration(URLSearchParams, Symbol.iterator, 'entries');

/** @param {string} text */
function withoutQuestionMark(text) {
  return text[0] === '?' ? slice(text, 1) : text;
}

/** A sequence of pairs, or a record. @param {any} init */
function pairsFrom(init) {
  const flat = toPairs(init, 'URLSearchParams', toUSVString, toUSVString);
  /** @type {Pair[]} */
  const pairs = [];
  for (let i = 0; i < flat.length; i += 2) pairs[pairs.length] = [flat[i], flat[i + 1]];
  return pairs;
}

/** The serialized form of a URLSearchParams, whatever a program did to its `toString`. @param {any} params */
function queryOf(params) {
  return textOf(params);
}

/** @param {Pair[]} pairs */
function serialize(pairs) {
  let text = '';
  for (let i = 0; i < pairs.length; i += 1) {
    if (i > 0) text += '&';
    text += `${encode(pairs[i][0])}=${encode(pairs[i][1])}`;
  }
  return text;
}

// What a part has that stands for something else.
const PLUS = 1;
const PERCENT = 2;

/** https://url.spec.whatwg.org/#concept-urlencoded-parser, in one pass: calls of methods would take most of the time. @param {string} text */
function parseQuery(text) {
  /** @type {Pair[]} */
  const pairs = [];
  const { length } = text;
  let start = 0;
  let equals = -1;
  let ofName = 0;
  let found = 0;
  for (let i = 0; i <= length; i += 1) {
    const unit = i < length ? charCodeAt(text, i) : 0x26;
    if (unit === 0x26) {
      if (equals >= 0) pairs[pairs.length] = [decode(slice(text, start, equals), ofName), decode(slice(text, equals + 1, i), found)];
      else if (i > start) pairs[pairs.length] = [decode(slice(text, start, i), found), ''];
      start = i + 1;
      equals = -1;
      found = 0;
    } else if (unit === 0x3d && equals < 0) {
      equals = i;
      ofName = found;
      found = 0;
    } else if (unit === 0x2b) {
      found |= PLUS;
    } else if (unit === 0x25) {
      found |= PERCENT;
    }
  }
  return pairs;
}

/** @param {string} text @param {number} found */
function decode(text, found) {
  const spaced = (found & PLUS) !== 0 ? replaceAll(text, '+', ' ') : text;
  if ((found & PERCENT) === 0) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return decodeMalformed(spaced);
  }
}

/** Percent signs that encode nothing stay, and bytes that are no UTF-8 become U+FFFD. @param {string} text */
function decodeMalformed(text) {
  const bytes = encodeUtf8(text);
  const size = bytes.length;
  let length = 0;
  for (let index = 0; index < size; index += 1) {
    const byte = bytes[index] === 0x25 && index + 2 < size ? hexadecimal(bytes[index + 1]) * 16 + hexadecimal(bytes[index + 2]) : NaN;
    if (byte === byte) {
      bytes[length] = byte;
      index += 2;
    } else {
      bytes[length] = bytes[index];
    }
    length += 1;
  }
  return decodeText('utf-8', subarray(bytes, 0, length), false, true);
}

/** NaN for what is no digit. @param {number} unit */
function hexadecimal(unit) {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : NaN;
}

// Which ASCII units stay as they are.
const isUnreserved = new Uint8Array(128);
const unreserved = '*-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
for (let i = 0; i < unreserved.length; i += 1) isUnreserved[charCodeAt(unreserved, i)] = 1;

const differs = regExp(/%20|[!'()~]/g);

/** @param {string} text */
function encode(text) {
  let isPlain = true;
  let isAscii = true;
  for (let i = 0; i < text.length; i += 1) {
    const unit = charCodeAt(text, i);
    if (unit > 127) isAscii = false;
    if (isUnreserved[unit] !== 1) isPlain = false;
  }
  if (isPlain) return text;
  return isAscii ? encodeAscii(text) : encodeOthers(text);
}

/** @param {string} text */
function encodeAscii(text) {
  let encoded = '';
  let start = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = charCodeAt(text, i);
    if (isUnreserved[unit] === 1) continue;
    encoded += slice(text, start, i) + (unit === 0x20 ? '+' : percentEncoded(unit));
    start = i + 1;
  }
  return encoded + slice(text, start);
}

/** @param {number} unit */
function percentEncoded(unit) {
  return `${unit < 16 ? '%0' : '%'}${toUpperCase(numberToString(unit, 16))}`;
}

/** @param {string} text */
function encodeOthers(text) {
  return replace(encodeURIComponent(text), differs, (/** @type {string} */ found) =>
    found === '%20' ? '+' : percentEncoded(charCodeAt(found, 0)),
  );
}

module.exports = { URLSearchParams, isSearchParams, paramsOf, parseQuery, queryOf, setPairs };
