// What leaves an isolated context: a copy of plain objects, lists, maps, sets, dates, buffers and primitives, and how much it is.
//
// A message is written by the engine, outside of the heap that is limited, and a text that stands a million times in an array is written a million
// times. So what goes is copied first, in the heap, and counted. Each property is read once: what a getter or a Proxy gives the second time is
// not sent.
'use strict';

const { isOwnFrame } = require('builtins/own_frames');
const {
  Map,
  Set,
  arrayBufferByteLength,
  copyBytes,
  create,
  dateGetTime,
  hasInstance,
  isArray,
  isView,
  keys,
} = require('builtins/primordials');
const { mapForEach, mapGet, mapSet, setAdd, setBytes, setForEach, slice, split, viewBuffer } = require('builtins/primordials');
const { viewByteLength, viewByteOffset, viewClasses, viewName } = require('builtins/primordials');
const { className } = ops;
// The language's own, whatever a program makes of the globals later.
const { ArrayBuffer: OwnArrayBuffer, Date: OwnDate, Error: OwnError, RangeError: OwnRangeError } = globalThis;
const { TypeError: OwnTypeError, Uint8Array: Bytes } = globalThis;

/** What each object and each primitive takes beside its text. */
const each = 16;

class Copying {
  #limit;
  /** @type {Map<object, any>} */
  #made = new Map();
  cost = 0;

  /** @param {number} limit in bytes */
  constructor(limit) {
    this.#limit = limit;
  }

  /** @param {number} bytes */
  #count(bytes) {
    this.cost += bytes + each;
    if (this.cost > this.#limit) throw new OwnRangeError(`a value that leaves the context may have ${this.#limit} bytes`);
  }

  /** @param {any} value @param {string} path @returns {any} */
  copy(value, path) {
    switch (typeof value) {
      case 'string':
        this.#count(value.length * 2);
        return value;
      case 'bigint':
        this.#count(`${value}`.length);
        return value;
      case 'symbol':
      case 'function':
        throw refusal(path, `a ${typeof value}`);
      case 'object':
        if (value !== null) return mapGet(this.#made, value) ?? this.#copyObject(value, path);
    }
    this.#count(0);
    return value;
  }

  /** @param {any} object @param {string} path */
  #copyObject(object, path) {
    if (isArray(object)) return this.#copyArray(object, path);
    if (isView(object)) return this.#copyView(object);
    if (hasInstance(OwnError, object)) return this.#copyError(object);
    switch (className(object)) {
      case 'Map':
        return this.#copyMap(object, path);
      case 'Set':
        return this.#copySet(object, path);
      case 'Date':
        this.#count(0);
        return this.#note(object, new OwnDate(dateGetTime(object)));
      case 'ArrayBuffer':
        this.#count(arrayBufferByteLength(object));
        return this.#note(object, viewBuffer(copyBytes(new Bytes(object))));
      case 'Promise':
        throw refusal(path, 'a Promise, which is to be awaited');
      case 'WeakMap':
      case 'WeakSet':
      case 'WeakRef':
      case 'Generator':
      case 'AsyncGenerator':
        throw refusal(path, `a ${className(object)}`);
    }
    const copy = this.#note(object, create(null));
    const names = keys(object);
    for (let i = 0; i < names.length; i += 1) {
      this.#count(names[i].length * 2);
      copy[names[i]] = this.copy(object[names[i]], `${path}.${names[i]}`);
    }
    return copy;
  }

  /** @template T @param {object} object @param {T} copy @returns {T} */
  #note(object, copy) {
    this.#count(0);
    mapSet(this.#made, object, copy);
    return copy;
  }

  /** @param {any[]} list @param {string} path */
  #copyArray(list, path) {
    const copy = this.#note(list, /** @type {any[]} */ ([]));
    const { length } = list;
    for (let i = 0; i < length; i += 1) copy[i] = this.copy(list[i], `${path}[${i}]`);
    return copy;
  }

  /** @param {any} view */
  #copyView(view) {
    const name = viewName(view);
    if (name === undefined) throw refusal('', 'a DataView');
    const size = viewByteLength(view);
    this.#count(size);
    // The part of the buffer that it shows, whatever else that has.
    const bytes = new Bytes(new OwnArrayBuffer(size));
    setBytes(bytes, new Bytes(viewBuffer(view), viewByteOffset(view), size));
    return this.#note(view, new viewClasses[name](viewBuffer(bytes)));
  }

  /** @param {Map<any, any>} map @param {string} path */
  #copyMap(map, path) {
    const copy = this.#note(map, new Map());
    mapForEach(map, (value, key) => {
      mapSet(copy, this.copy(key, `a key of ${path}`), this.copy(value, `a value of ${path}`));
    });
    return copy;
  }

  /** @param {Set<any>} set @param {string} path */
  #copySet(set, path) {
    const copy = this.#note(set, new Set());
    setForEach(set, (value) => {
      setAdd(copy, this.copy(value, `a member of ${path}`));
    });
    return copy;
  }

  /** @param {any} error */
  #copyError(error) {
    const copy = this.#note(error, create(null));
    const told = describe(error);
    copy.name = this.copy(told.name, '');
    copy.message = this.copy(told.message, '');
    copy.stack = this.copy(told.stack, '');
    return copy;
  }
}

/** @param {string} path @param {string} what */
function refusal(path, what) {
  return new OwnTypeError(`${path || 'a value'} cannot leave the context: it is ${what}`);
}

/** Longer texts of errors are cut. */
const longestText = 64 * 1024;

/** @param {() => any} give @returns {string} */
function text(give) {
  try {
    const given = give();
    const shown = typeof given === 'string' ? given : given === undefined ? '' : `${given}`;
    return shown.length > longestText ? `${slice(shown, 0, longestText)}...` : shown;
  } catch {
    return '';
  }
}

/** The frames of these files tell nobody anything. @param {string} stack */
function ownFrames(stack) {
  const lines = split(stack, '\n');
  let kept = '';
  for (let i = 0; i < lines.length; i += 1) {
    if (!isOwnFrame(lines[i])) kept += i === 0 ? lines[i] : `\n${lines[i]}`;
  }
  return kept;
}

/** @param {any} thrown */
function isErrorLike(thrown) {
  try {
    return hasInstance(OwnError, thrown) || (typeof thrown === 'object' && thrown !== null && typeof thrown.stack === 'string');
  } catch {
    return false;
  }
}

/** Name, message and stack of what was thrown; of what is no error, its text alone. @param {any} thrown */
function describe(thrown) {
  if (!isErrorLike(thrown)) return { name: '', message: text(() => thrown), stack: '' };
  return { name: text(() => thrown.name), message: text(() => thrown.message), stack: ownFrames(text(() => thrown.stack)) };
}

module.exports = { Copying, describe };
