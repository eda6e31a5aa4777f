// URLSearchParams (https://url.spec.whatwg.org/#interface-urlsearchparams), with application/x-www-form-urlencoded.
'use strict';

const { withoutColors } = require('builtins/inspect/layout');
const { defineInterface, definePairIterator, requireArguments, toUSVString } = require('builtins/webidl');
const { decodeText, encodeUtf8, isGuestRecord } = ops;

let paramsOf;
let setPairs;
let pairsOf;

class URLSearchParams {
  // [name, value] pairs, in order.
  #pairs = [];
  // The URL whose query this is.
  // Hears the new query when the object belongs to a URL.
  #onChange = null;

  constructor(init = '') {
    if ((typeof init === 'object' && init !== null) || typeof init === 'function') this.#pairs = pairsFrom(init);
    else this.#pairs = parse(withoutQuestionMark(toUSVString(init)));
  }

  get size() {
    return this.#pairs.length;
  }

  append(name, value) {
    requireArguments(arguments.length, 2, 'URLSearchParams.append');
    this.#pairs.push([toUSVString(name), toUSVString(value)]);
    this.#changed();
  }

  delete(name, value = undefined) {
    requireArguments(arguments.length, 1, 'URLSearchParams.delete');
    const key = toUSVString(name);
    const wanted = value === undefined ? undefined : toUSVString(value);
    this.#pairs = this.#pairs.filter((pair) => pair[0] !== key || (wanted !== undefined && pair[1] !== wanted));
    this.#changed();
  }

  get(name) {
    requireArguments(arguments.length, 1, 'URLSearchParams.get');
    const key = toUSVString(name);
    return this.#pairs.find((pair) => pair[0] === key)?.[1] ?? null;
  }

  getAll(name) {
    requireArguments(arguments.length, 1, 'URLSearchParams.getAll');
    const key = toUSVString(name);
    return this.#pairs.filter((pair) => pair[0] === key).map((pair) => pair[1]);
  }

  has(name, value = undefined) {
    requireArguments(arguments.length, 1, 'URLSearchParams.has');
    const key = toUSVString(name);
    const wanted = value === undefined ? undefined : toUSVString(value);
    return this.#pairs.some((pair) => pair[0] === key && (wanted === undefined || pair[1] === wanted));
  }

  set(name, value) {
    requireArguments(arguments.length, 2, 'URLSearchParams.set');
    const key = toUSVString(name);
    const text = toUSVString(value);
    const first = this.#pairs.findIndex((pair) => pair[0] === key);
    if (first === -1) {
      this.#pairs.push([key, text]);
    } else {
      this.#pairs[first] = [key, text];
      this.#pairs = this.#pairs.filter((pair, index) => index <= first || pair[0] !== key);
    }
    this.#changed();
  }

  sort() {
    // By code units, as `<` compares; the sort is stable.
    this.#pairs.sort((left, right) => (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0));
    this.#changed();
  }

  forEach(callback, thisArgument = undefined) {
    requireArguments(arguments.length, 1, 'URLSearchParams.forEach');
    if (typeof callback !== 'function') throw new TypeError('URLSearchParams.forEach: the callback must be a function');
    for (let index = 0; index < this.#pairs.length; index += 1) {
      const [name, value] = this.#pairs[index];
      callback.call(thisArgument, value, name, this);
    }
  }

  entries() {
    return iterate(this, this.#pairs && 'entries');
  }
  keys() {
    return iterate(this, this.#pairs && 'keys');
  }
  values() {
    return iterate(this, this.#pairs && 'values');
  }

  toString() {
    return this.#pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  }

  #changed() {
    this.#onChange?.(this.toString());
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special');
    const parts = this.#pairs.map(([name, value]) => `${inspect(name, options)} => ${inspect(value, options)}`);
    if (parts.length === 0) return 'URLSearchParams {}';
    const line = parts.join(', ');
    const isShort = !line.includes('\n') && withoutColors(line).length <= options.breakLength;
    return isShort ? `URLSearchParams { ${line} }` : `URLSearchParams {\n  ${parts.join(',\n  ')} }`;
  }

  static {
    pairsOf = (params) => params.#pairs;
    setPairs = (params, query) => {
      params.#pairs = parse(withoutQuestionMark(query));
    };
    paramsOf = (onChange, query) => {
      const params = new URLSearchParams(query);
      params.#onChange = onChange;
      return params;
    };
  }
}

const iterate = definePairIterator('URLSearchParams', (params, index) => pairsOf(params)[index]);

Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, {
  value: URLSearchParams.prototype.entries,
  writable: true,
  configurable: true,
});
defineInterface(URLSearchParams);

function withoutQuestionMark(text) {
  return text[0] === '?' ? text.slice(1) : text;
}

/** A sequence of pairs, or a record. */
function pairsFrom(init) {
  const iterator = isGuestRecord(init) ? undefined : init[Symbol.iterator];
  if (iterator !== undefined && iterator !== null) {
    if (typeof iterator !== 'function') throw new TypeError('URLSearchParams: the argument is not iterable');
    return Array.from({ [Symbol.iterator]: () => iterator.call(init) }, readPair);
  }
  const pairs = new Map();
  for (const key of Reflect.ownKeys(init)) {
    const descriptor = Object.getOwnPropertyDescriptor(init, key);
    if (descriptor === undefined || !descriptor.enumerable) continue;
    const name = toUSVString(key);
    pairs.set(name, [name, toUSVString(init[key])]);
  }
  return [...pairs.values()];
}

function readPair(pair) {
  if ((typeof pair !== 'object' && typeof pair !== 'function') || pair === null || typeof pair[Symbol.iterator] !== 'function') {
    throw new TypeError('URLSearchParams: every element must be a pair of a name and a value');
  }
  const members = [...pair];
  if (members.length !== 2) throw new TypeError('URLSearchParams: every element must be a pair of a name and a value');
  return [toUSVString(members[0]), toUSVString(members[1])];
}

function parse(text) {
  const pairs = [];
  if (text === '') return pairs;
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals === -1) pairs.push([decode(part), '']);
    else pairs.push([decode(part.slice(0, equals)), decode(part.slice(equals + 1))]);
  }
  return pairs;
}

function decode(text) {
  if (text.includes('+')) text = text.replaceAll('+', ' ');
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return decodeMalformed(text);
  }
}

/** Percent signs that encode nothing stay, and bytes that are no UTF-8 become U+FFFD. */
function decodeMalformed(text) {
  const bytes = encodeUtf8(text);
  let length = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] === 0x25 ? hexadecimal(bytes[index + 1]) * 16 + hexadecimal(bytes[index + 2]) : NaN;
    bytes[length] = Number.isNaN(byte) ? bytes[index] : byte;
    if (!Number.isNaN(byte)) index += 2;
    length += 1;
  }
  return decodeText('utf-8', bytes.subarray(0, length), false, true);
}

function hexadecimal(unit) {
  return unit === undefined || !/[0-9a-f]/i.test(String.fromCharCode(unit)) ? NaN : Number.parseInt(String.fromCharCode(unit), 16);
}

const unreserved = /^[*\-.0-9A-Z_a-z]*$/;

function encode(text) {
  if (unreserved.test(text)) return text;
  return encodeURIComponent(text).replace(/%20|[!'()~]/g, (found) =>
    found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

module.exports = { URLSearchParams, paramsOf, setPairs };
