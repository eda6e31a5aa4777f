// Headers, after https://fetch.spec.whatwg.org/#headers-class.
//
// A response's headers cross from Rust as one string, `name:value\n` for each (neither part can hold a line feed), and are taken apart
// when someone looks: most programs never do. Names are kept in lower case, as HTTP/2 and the iteration order want them.
//
// Deviation: no name is forbidden, neither for requests nor for responses. The lists of forbidden names protect a browser's user from a
// page; a program on a server must be able to set `cookie` and to read `set-cookie` (Deno and Node decided the same). What a connection
// stands on is not the program's all the same: Rust sends the URL's own `host` and the body's own `content-length` and
// `transfer-encoding`, whatever stands here (docs/design/connections.md).
'use strict';

const { Map, Set, apply, arraySlice, charCodeAt, customInspect, includes, mapGet, mapSet, mapSize } = require('builtins/primordials');
const { regExp, setAdd, setHas, slice, sort, stringIndexOf, stringify, test, toLowerCase } = require('builtins/primordials');
const { defineInterface, defineIteration, definePairIterator, isObject, requireArguments } = require('builtins/webidl');
const { toByteString, toCallback, toPairs } = require('builtins/webidl');
const loadInspect = () => require('builtins/inspect/inspect');

const token = regExp(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);

// Names as programs wrote them, to what they are in a list: most programs use a few.
/** @type {Map<string, string>} */
const knownNames = new Map();
const mostKnownNames = 512;

/** @param {any} value @param {string} operation @returns {string} */
function normalName(value, operation) {
  return (typeof value === 'string' ? mapGet(knownNames, value) : undefined) ?? newName(value, operation);
}

/** @param {any} value @param {string} operation */
function newName(value, operation) {
  const name = toByteString(value, operation);
  if (!test(token, name)) throw new TypeError(`${operation}: ${stringify(name)} is not a valid header name`);
  const lower = toLowerCase(name);
  if (mapSize(knownNames) < mostKnownNames && name.length <= 64) mapSet(knownNames, name, lower);
  return lower;
}

/** @param {any} value @param {string} name @param {string} operation @returns {string} */
function normalValue(value, name, operation) {
  const text = typeof value === 'string' ? value : `${value}`;
  let isPlain = true;
  for (let i = 0; i < text.length; i += 1) {
    const unit = charCodeAt(text, i);
    if (unit < 14 || unit > 0xff) isPlain = false;
  }
  const { length } = text;
  if (isPlain && (length === 0 || (charCodeAt(text, 0) !== 32 && charCodeAt(text, length - 1) !== 32))) return text;
  return trimmedValue(toByteString(text, operation), name, operation);
}

/** @param {number} unit */
function isWhitespace(unit) {
  return unit === 9 || unit === 10 || unit === 13 || unit === 32;
}

/** @param {string} text @param {string} name @param {string} operation */
function trimmedValue(text, name, operation) {
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespace(charCodeAt(text, start))) start += 1;
  while (end > start && isWhitespace(charCodeAt(text, end - 1))) end -= 1;
  for (let i = start; i < end; i += 1) {
    const unit = charCodeAt(text, i);
    if (unit === 0 || unit === 10 || unit === 13) {
      throw new TypeError(`${operation}: ${stringify(slice(text, start, end))} is not a valid value for the header "${name}"`);
    }
  }
  return slice(text, start, end);
}

/** The inverse of `wireText`: [name, value, name, value, ...]. @param {string} text */
function parseWireText(text) {
  const list = [];
  let start = 0;
  while (start < text.length) {
    const colon = stringIndexOf(text, ':', start);
    const end = stringIndexOf(text, '\n', colon);
    list[list.length] = slice(text, start, colon);
    list[list.length] = slice(text, colon + 1, end);
    start = end + 1;
  }
  return list;
}

/** @type {(headers: Headers) => string} */
let wireText;
/** @type {(text: string, guard: HeadersGuard) => Headers} */
let makeHeaders;
/** @type {(headers: Headers, index: number) => [string, string] | undefined} */
let entryOf;
/** The first value of a name in lower case. @type {(headers: Headers, name: string) => string | null} */
let combinedValue;
/** Adds a header of our own, whose name is in lower case, unless it is there. @type {(headers: Headers, name: string, value: string) => void} */
let addMissing;

// Tells the constructor that `makeHeaders` calls; no value of a program can be it.
const construction = Symbol('construction');

class Headers {
  // One of the two holds the truth: the text from Rust until someone looks, then the flat list.
  #text = '';
  /** @type {string[] | null} */
  #list = null;
  /** @type {HeadersGuard} */
  #guard = 'none';
  /** Sorted and combined pairs for the iteration; dropped by a change. @type {[string, string][] | null} */
  #sorted = null;

  /** @param {any} [init] */
  constructor(init = undefined) {
    if (init === undefined || init === construction) return;
    this.#fill(init);
  }

  /** @param {any} name @param {any} value */
  append(name, value) {
    requireArguments(arguments.length, 2, 'Headers.append');
    const key = normalName(name, 'Headers.append');
    const text = normalValue(value, key, 'Headers.append');
    const list = this.#change('append');
    list[list.length] = key;
    list[list.length] = text;
  }

  /** @param {any} name */
  delete(name) {
    requireArguments(arguments.length, 1, 'Headers.delete');
    const key = normalName(name, 'Headers.delete');
    remove(this.#change('delete'), key, 0);
  }

  /** @param {any} name */
  get(name) {
    requireArguments(arguments.length, 1, 'Headers.get');
    return combined(this.#open(), normalName(name, 'Headers.get'));
  }

  getSetCookie() {
    return valuesOf(this.#open(), 'set-cookie');
  }

  /** @param {any} name */
  has(name) {
    requireArguments(arguments.length, 1, 'Headers.has');
    return indexOfName(this.#open(), normalName(name, 'Headers.has'), 0) >= 0;
  }

  /** @param {any} name @param {any} value */
  set(name, value) {
    requireArguments(arguments.length, 2, 'Headers.set');
    const key = normalName(name, 'Headers.set');
    const text = normalValue(value, key, 'Headers.set');
    const list = this.#change('set');
    const first = indexOfName(list, key, 0);
    if (first < 0) {
      list[list.length] = key;
      list[list.length] = text;
    } else {
      list[first + 1] = text;
      remove(list, key, first + 2);
    }
  }

  /** @param {any} callback @param {any} [thisArgument] */
  forEach(callback, thisArgument = undefined) {
    requireArguments(arguments.length, 1, 'Headers.forEach');
    const visit = toCallback(callback, 'Headers.forEach: the callback');
    let entry;
    for (let i = 0; (entry = this.#entryAt(i)) !== undefined; i += 1) apply(visit, thisArgument, [entry[1], entry[0], this]);
  }

  entries() {
    this.#guard;
    return makeIterator(this, 'entries');
  }

  keys() {
    this.#guard;
    return makeIterator(this, 'keys');
  }

  values() {
    this.#guard;
    return makeIterator(this, 'values');
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    /** @type {any} */
    const shown = { __proto__: null };
    const list = this.#sortedList();
    for (let i = 0; i < list.length; i += 1) {
      if (list[i][0] === 'set-cookie') shown['set-cookie'] = valuesOf(this.#open(), 'set-cookie');
      else shown[list[i][0]] = list[i][1];
    }
    return loadInspect().inspectMembers('Headers', { ...shown }, depth, options);
  }

  /** The list, taken apart if it was not yet. */
  #open() {
    if (this.#list === null) {
      this.#list = parseWireText(this.#text);
      this.#text = '';
    }
    return this.#list;
  }

  /** @param {string} operation */
  #change(operation) {
    if (this.#guard === 'immutable') throw new TypeError(`Headers.${operation}: these headers are immutable`);
    this.#sorted = null;
    return this.#open();
  }

  /** @param {number} index */
  #entryAt(index) {
    return (this.#sorted ??= this.#sortedList())[index];
  }

  /** https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine @returns {[string, string][]} */
  #sortedList() {
    const list = this.#open();
    const order = namesOf(list);
    sort(order);
    /** @type {[string, string][]} */
    const pairs = [];
    for (let i = 0; i < order.length; i += 1) {
      if (order[i] !== 'set-cookie') {
        pairs[pairs.length] = [order[i], /** @type {string} */ (combined(list, order[i]))];
        continue;
      }
      const cookies = valuesOf(list, 'set-cookie');
      for (let j = 0; j < cookies.length; j += 1) pairs[pairs.length] = ['set-cookie', cookies[j]];
    }
    return pairs;
  }

  /** https://fetch.spec.whatwg.org/#concept-headers-fill @param {any} init */
  #fill(init) {
    if (!isObject(init)) throw new TypeError('Headers: the initial value must be an object, a sequence of pairs or Headers');
    if (#list in init && /** @type {any} */ (init)[Symbol.iterator] === ownEntries) {
      this.#list = arraySlice(init.#open());
      return;
    }
    const pairs = toPairs(
      init,
      'Headers',
      (name) => toByteString(name, 'Headers'),
      (value) => toByteString(value, 'Headers'),
    );
    for (let i = 0; i < pairs.length; i += 2) {
      pairs[i] = normalName(pairs[i], 'Headers');
      pairs[i + 1] = normalValue(pairs[i + 1], pairs[i], 'Headers');
    }
    this.#list = pairs;
  }

  static {
    makeHeaders = (text, guard) => {
      const headers = new Headers(construction);
      headers.#text = text;
      headers.#guard = guard;
      return headers;
    };
    entryOf = (headers, index) => headers.#entryAt(index);
    combinedValue = (headers, name) => combined(headers.#open(), name);
    addMissing = (headers, name, value) => {
      const list = headers.#open();
      if (indexOfName(list, name, 0) >= 0) return;
      headers.#sorted = null;
      list[list.length] = name;
      list[list.length] = value;
    };
    wireText = (headers) => {
      const list = headers.#list;
      if (list === null) return headers.#text;
      let text = '';
      for (let i = 0; i < list.length; i += 2) text += `${list[i]}:${list[i + 1]}\n`;
      return text;
    };
  }
}

const { entries: ownEntries } = Headers.prototype;

/** Each name once. @param {string[]} list @returns {string[]} */
function namesOf(list) {
  /** @type {string[]} */
  const names = [];
  // A table costs more than it saves before there are many.
  const seen = list.length > 64 ? new Set() : null;
  for (let i = 0; i < list.length; i += 2) {
    if (seen === null ? includes(names, list[i]) : setHas(seen, list[i])) continue;
    names[names.length] = list[i];
    if (seen !== null) setAdd(seen, list[i]);
  }
  return names;
}

/** @param {string[]} list @param {string} name @param {number} from */
function indexOfName(list, name, from) {
  for (let i = from; i < list.length; i += 2) if (list[i] === name) return i;
  return -1;
}

/** @param {string[]} list @param {string} name */
function valuesOf(list, name) {
  const values = [];
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) values[values.length] = list[i + 1];
  return values;
}

/** @param {string[]} list @param {string} name @param {number} from */
function remove(list, name, from) {
  let kept = from;
  for (let i = from; i < list.length; i += 2) {
    if (list[i] === name) continue;
    list[kept] = list[i];
    list[kept + 1] = list[i + 1];
    kept += 2;
  }
  list.length = kept;
}

/** @param {string[]} list @param {string} name @returns {string | null} */
function combined(list, name) {
  let value = null;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) value = value === null ? list[i + 1] : `${value}, ${list[i + 1]}`;
  }
  return value;
}

/** @type {(headers: Headers, kind: 'entries' | 'keys' | 'values') => IterableIterator<any>} */
const makeIterator = definePairIterator('Headers', (/** @type {Headers} */ headers, index) => entryOf(headers, index));
defineInterface(Headers);
defineIteration(Headers, Symbol.iterator, 'entries');

module.exports = { Headers, addMissing, combinedValue, makeHeaders, wireText };
