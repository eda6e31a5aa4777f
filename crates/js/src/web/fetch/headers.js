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

const { defineInterface, definePairIterator, requireArguments, toByteString } = require('builtins/webidl');
const { isGuestRecord } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const outerWhitespace = /^[\t\n\r ]+|[\t\n\r ]+$/g;
const forbiddenInValue = /[\0\n\r]/;
const mayNeedTrim = /^[\t\n\r ]|[\t\n\r ]$/;

function normalName(value, operation) {
  const name = toByteString(value, operation);
  if (!token.test(name)) throw new TypeError(`${operation}: ${JSON.stringify(name)} is not a valid header name`);
  return name.toLowerCase();
}

function normalValue(value, name, operation) {
  let text = toByteString(value, operation);
  if (mayNeedTrim.test(text)) text = text.replace(outerWhitespace, '');
  if (forbiddenInValue.test(text)) {
    throw new TypeError(`${operation}: ${JSON.stringify(text)} is not a valid value for the header "${name}"`);
  }
  return text;
}

/** The inverse of `wireText`: [name, value, name, value, ...]. */
function parseWireText(text) {
  const list = [];
  let start = 0;
  while (start < text.length) {
    const colon = text.indexOf(':', start);
    const end = text.indexOf('\n', colon);
    list.push(text.slice(start, colon), text.slice(colon + 1, end));
    start = end + 1;
  }
  return list;
}

let wireText, makeHeaders, guardOf, copyList, firstValue, entryOf;

class Headers {
  // One of the two holds the truth: the text from Rust until someone looks, then the flat list.
  #text = '';
  #list = null;
  #guard = 'none';
  // Sorted and combined pairs for the iteration; dropped by a change.
  #sorted = null;

  constructor(init = undefined) {
    if (init === undefined || init === construction) return;
    this.#list = [];
    this.#fill(init);
  }

  append(name, value) {
    requireArguments(arguments.length, 2, 'Headers.append');
    const key = normalName(name, 'Headers.append');
    const text = normalValue(value, key, 'Headers.append');
    this.#change('append').push(key, text);
  }

  delete(name) {
    requireArguments(arguments.length, 1, 'Headers.delete');
    const key = normalName(name, 'Headers.delete');
    remove(this.#change('delete'), key, 0);
  }

  get(name) {
    requireArguments(arguments.length, 1, 'Headers.get');
    return combined(this.#open(), normalName(name, 'Headers.get'));
  }

  getSetCookie() {
    const list = this.#open();
    const values = [];
    for (let i = 0; i < list.length; i += 2) if (list[i] === 'set-cookie') values.push(list[i + 1]);
    return values;
  }

  has(name) {
    requireArguments(arguments.length, 1, 'Headers.has');
    return indexOfName(this.#open(), normalName(name, 'Headers.has'), 0) >= 0;
  }

  set(name, value) {
    requireArguments(arguments.length, 2, 'Headers.set');
    const key = normalName(name, 'Headers.set');
    const text = normalValue(value, key, 'Headers.set');
    const list = this.#change('set');
    const first = indexOfName(list, key, 0);
    if (first < 0) {
      list.push(key, text);
    } else {
      list[first + 1] = text;
      remove(list, key, first + 2);
    }
  }

  forEach(callback, thisArgument = undefined) {
    requireArguments(arguments.length, 1, 'Headers.forEach');
    if (typeof callback !== 'function') throw new TypeError('Headers.forEach: the callback is not a function');
    let entry;
    for (let i = 0; (entry = this.#entryAt(i)) !== undefined; i += 1) {
      callback.call(thisArgument, entry[1], entry[0], this);
    }
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

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const shown = {};
    for (const [name, value] of this.#sortedList()) {
      if (name === 'set-cookie') (shown[name] ??= []).push(value);
      else shown[name] = value;
    }
    return loadInspect().inspectMembers('Headers', shown, depth, options);
  }

  /** The list, taken apart if it was not yet. */
  #open() {
    if (this.#list === null) {
      this.#list = parseWireText(this.#text);
      this.#text = '';
    }
    return this.#list;
  }

  #change(operation) {
    if (this.#guard === 'immutable') throw new TypeError(`Headers.${operation}: these headers are immutable`);
    this.#sorted = null;
    return this.#open();
  }

  #entryAt(index) {
    return (this.#sorted ??= this.#sortedList())[index];
  }

  /** https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine */
  #sortedList() {
    const list = this.#open();
    const names = new Set();
    for (let i = 0; i < list.length; i += 2) names.add(list[i]);
    const pairs = [];
    for (const name of [...names].sort()) {
      if (name === 'set-cookie') for (const value of this.getSetCookie()) pairs.push([name, value]);
      else pairs.push([name, combined(list, name)]);
    }
    return pairs;
  }

  /** https://fetch.spec.whatwg.org/#concept-headers-fill */
  #fill(init) {
    if ((typeof init !== 'object' && typeof init !== 'function') || init === null) {
      throw new TypeError('Headers: the initial value must be an object, a sequence of pairs or Headers');
    }
    if (#list in init && init[Symbol.iterator] === Headers.prototype.entries) {
      this.#list = [...init.#open()];
      return;
    }
    const method = isGuestRecord(init) ? undefined : init[Symbol.iterator];
    if (method !== undefined && method !== null) this.#fillFromPairs(init);
    else this.#fillFromRecord(init);
  }

  #fillFromPairs(init) {
    for (const pair of init) {
      if (typeof pair !== 'object' || pair === null || typeof pair[Symbol.iterator] !== 'function') {
        throw new TypeError('Headers: each item of the initial sequence must be a pair of name and value');
      }
      const parts = [...pair];
      if (parts.length !== 2) {
        throw new TypeError(`Headers: each item of the initial sequence must have 2 parts, not ${parts.length}`);
      }
      this.append(parts[0], parts[1]);
    }
  }

  #fillFromRecord(init) {
    for (const key of Reflect.ownKeys(init)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(init, key);
      if (descriptor === undefined || !descriptor.enumerable) continue;
      if (typeof key === 'symbol') throw new TypeError('Headers: a symbol is not a valid header name');
      const name = normalName(key, 'Headers');
      this.#list.push(name, normalValue(init[key], name, 'Headers'));
    }
  }

  static {
    makeHeaders = (text, guard) => {
      const headers = new Headers(construction);
      headers.#text = text;
      headers.#guard = guard;
      return headers;
    };
    guardOf = (headers) => headers.#guard;
    entryOf = (headers, index) => headers.#entryAt(index);
    copyList = (headers) => [...headers.#open()];
    firstValue = (headers, name) => {
      const list = headers.#open();
      const index = indexOfName(list, name, 0);
      return index < 0 ? null : list[index + 1];
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

// Tells the constructor that `makeHeaders` calls; no user value can be it.
const construction = Symbol('construction');

function indexOfName(list, name, from) {
  for (let i = from; i < list.length; i += 2) if (list[i] === name) return i;
  return -1;
}

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

function combined(list, name) {
  let value = null;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) value = value === null ? list[i + 1] : `${value}, ${list[i + 1]}`;
  }
  return value;
}

const makeIterator = definePairIterator('Headers', (headers, index) => entryOf(headers, index));
defineInterface(Headers);
Object.defineProperty(Headers.prototype, Symbol.iterator, {
  value: Headers.prototype.entries,
  writable: true,
  configurable: true,
});

module.exports = { Headers, copyList, firstValue, guardOf, makeHeaders, wireText };
