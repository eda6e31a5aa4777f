// The walk over a graph that is cloned (https://html.spec.whatwg.org/#structuredserializeinternal): at once, for `structuredClone`, or into
// what the engine can write for another thread, for messages (`message.js`).
//
// The engine knows the language's objects only: to it a Blob and a Headers are plain objects. So the walk over the graph is here, for
// plain objects, arrays, maps, sets and what the interfaces say of their instances; every other object is cloned by the engine.
// Where a graph has nothing but the language's objects that is faster than the engine, which writes and reads it again (2.5 KB of JSON: 9 us
// of 19). It calls itself down to a depth and iterates below, because a program's graph may be deeper than the stack. A transferred buffer moves when everything has been read, as the
// specification has it, so whatever holds one is finished then.
'use strict';

const {
  assign,
  Map,
  Set,
  construct,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  defineProperty,
  endsWith,
  getOwnPropertyDescriptor,
} = require('builtins/primordials');
const {
  getPrototypeOf,
  hasOwn,
  isArray,
  isResizable,
  isView,
  keys,
  mapForEach,
  mapGet,
  mapHas,
  mapSet,
  maxByteLength,
  pop,
} = require('builtins/primordials');
const { push, resizeBuffer, setAdd, setForEach, viewBuffer, viewByteLength, viewByteOffset } = require('builtins/primordials');
const { WeakMap, functionToString, symbolToString, viewLength, viewName, weakMapHas, weakMapSet } = require('builtins/primordials');
const { hidden, isObject, isPlainProxy, serializerOf, transferFile } = require('builtins/webidl');
const { className, cloneKind, guestCopy, structuredClone: cloneByEngine } = ops;
const loadDOMException = () => require('builtins/domexception');

// What `cloneKind` says.
const OBJECT = 0;
const ARRAY = 1;
const MAP = 2;
const SET = 3;

/** The depth from which on nothing calls itself. */
const deepest = 64;

const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
/** @type {Record<string, any>} */
const viewClasses = {
  __proto__: null,
  BigInt64Array,
  BigUint64Array,
  DataView,
  Float16Array,
  Float32Array,
  Float64Array,
  Int16Array,
  Int32Array,
  Int8Array,
  Uint16Array,
  Uint32Array,
  Uint8Array,
  Uint8ClampedArray,
};

/** What the program wants nobody to have a copy of, once it said so of something. @type {WeakMap<object, true> | null} */
let uncloneables = null;

/** @param {object} object */
function markAsUncloneable(object) {
  weakMapSet((uncloneables ??= new WeakMap()), object, true);
}

/** The keys of a source; null when it is a list of our own, undefined when it is an array of elements only. @typedef {string[] | null | undefined} Names */

/** An object, array, map or set at a depth where the stack is not to be relied on, whose parts are still to be cloned. */
class Frame {
  source;
  target;
  names;
  next = 0;
  /** @param {any} source @param {any} target @param {Names} names */
  constructor(source, target, names) {
    this.source = source;
    this.target = target;
    this.names = names;
  }
}

/** Stands for what is made of a transferred buffer: the buffer itself or a view of it. */
class Moved {
  original;
  view;
  /** @param {ArrayBuffer} original @param {((buffer: ArrayBuffer) => any) | null} view */
  constructor(original, view) {
    this.original = original;
    this.view = view;
    /** @type {any} */
    this.made = undefined;
  }
}

/** What most clones have. @type {Moved[]} */
const noneMoved = [];

/** What the clones of a message leave to `message.js`: gives what stands for an instance of an interface. @typedef {(value: any, serializer: import('builtins/webidl').Serializer) => any} Replace */

class Cloner {
  /** What was cloned already, by the original. @type {Map<any, any>} */
  #memory = new Map();
  /** @type {Frame[]} */
  #frames = [];
  /** Maps and sets with the clones of their parts: filled at the end. @type {{ target: any, parts: any[] }[] | null} */
  #collections = null;
  /** Where a Moved stands for something. @type {{ target: any, key: any }[] | null} */
  #unfinished = null;
  /** @type {Moved[]} */
  #moved = noneMoved;
  /** In a message, which the engine writes: what it knows stays as it is, until then. @type {Replace | null} */
  #replace;

  /** @param {Replace | null} replace */
  constructor(replace) {
    this.#replace = replace;
  }

  /** Something else stands for this object. @param {any} value @param {any} replacement */
  stand(value, replacement) {
    mapSet(this.#memory, value, replacement);
  }

  /** @param {any} value @param {any[] | undefined} transfer */
  clone(value, transfer) {
    if (transfer !== undefined) this.#announce(transfer);
    let made = isObject(value) ? this.#visit(value, 0) : this.#primitive(value);
    const root = { value: made };
    if (this.#isMoved(made)) this.#finishLater(root, 'value');
    if (transfer !== undefined && transfer.length > 0) {
      this.#move(transfer);
      made = root.value;
    }
    if (this.#collections !== null) this.#fill(this.#collections);
    return made;
  }

  /** @param {any[]} transfer */
  #announce(transfer) {
    for (let i = 0; i < transfer.length; i += 1) {
      const buffer = transfer[i];
      if (className(buffer) !== 'ArrayBuffer') throw refusal('structuredClone: only an ArrayBuffer can be transferred');
      if (mapHas(this.#memory, buffer)) throw refusal('structuredClone: a buffer stands twice among what is transferred');
      mapSet(this.#memory, buffer, this.#later(buffer, null));
    }
  }

  /** @param {any} buffer @param {((buffer: ArrayBuffer) => any) | null} view */
  #later(buffer, view) {
    const moved = new Moved(buffer, view);
    if (this.#moved === noneMoved) this.#moved = [];
    push(this.#moved, moved);
    return moved;
  }

  /** @param {any} made */
  #isMoved(made) {
    return this.#moved !== noneMoved && made instanceof Moved;
  }

  /** @param {any} target @param {any} key */
  #finishLater(target, key) {
    push((this.#unfinished ??= []), { target, key });
  }

  /** Clones the parts of an object that was just made. @param {any} source @param {any} target @param {Names} names @param {number} depth */
  #fillIn(source, target, names, depth) {
    if (depth < deepest) {
      if (names === undefined || names === null) this.#fillList(source, target, names, 0, depth + 1);
      else this.#fillNamed(source, target, names, 0, depth + 1);
      return;
    }
    const frames = this.#frames;
    push(frames, new Frame(source, target, names));
    // The loop of the object at this depth goes on with those below.
    if (depth === deepest) this.#advance(frames, frames.length - 1);
  }

  /** Until there are no more frames than so many: the innermost first, as its getters are to run. @param {Frame[]} frames @param {number} base */
  #advance(frames, base) {
    while (frames.length > base) {
      const frame = frames[frames.length - 1];
      const { names, source, target, next } = frame;
      if (names === undefined || names === null) frame.next = this.#fillList(source, target, names, next, deepest + 1);
      else frame.next = this.#fillNamed(source, target, names, next, deepest + 1);
      if (frame.next < 0) pop(frames);
    }
  }

  /**
   * The elements from this on; below the deepest, where it stopped because one has parts of its own. -1 when there are no more.
   * @param {any} source @param {any} target @param {null | undefined} names @param {number} start @param {number} depth
   */
  #fillList(source, target, names, start, depth) {
    const open = this.#frames.length;
    // As long as it was when it was opened, whatever the getters do.
    const { length } = names === null ? source : target;
    for (let index = start; index < length; index += 1) {
      // A getter of an earlier element may have deleted it.
      if (names !== null && !hasOwn(source, index)) continue;
      const part = source[index];
      const made = isObject(part) ? this.#visit(part, depth) : this.#primitive(part);
      // A setter must not see it.
      if (!(index in arrayPrototype)) target[index] = made;
      else defineEnumerable(target, index, made);
      if (this.#isMoved(made)) this.#finishLater(target, index);
      if (depth > deepest && this.#frames.length !== open) return index + 1;
    }
    return -1;
  }

  /** The same for properties. @param {any} source @param {any} target @param {string[]} names @param {number} start @param {number} depth */
  #fillNamed(source, target, names, start, depth) {
    const open = this.#frames.length;
    const { length } = names;
    const prototype = isArray(target) ? arrayPrototype : objectPrototype;
    for (let index = start; index < length; index += 1) {
      const name = names[index];
      // A getter of an earlier property may have deleted it.
      if (!hasOwn(source, name)) continue;
      const part = source[name];
      const made = isObject(part) ? this.#visit(part, depth) : this.#primitive(part);
      // A setter or `__proto__` must not see it.
      if (!(name in prototype)) target[name] = made;
      else defineEnumerable(target, name, made);
      if (this.#isMoved(made)) this.#finishLater(target, name);
      if (depth > deepest && this.#frames.length !== open) return index + 1;
    }
    return -1;
  }

  /** @param {any} value */
  #primitive(value) {
    if (typeof value === 'symbol') throw uncloneable(value);
    return value;
  }

  /** The clone of an object; below the deepest its parts are still missing. @param {any} value @param {number} depth @returns {any} */
  #visit(value, depth) {
    return mapGet(this.#memory, value) ?? this.#start(value, cloneKind(value), depth);
  }

  /** @param {any} value @param {any} copy */
  #remember(value, copy) {
    mapSet(this.#memory, value, copy);
    return copy;
  }

  /** @param {any} value @param {number} kind @param {number} depth @returns {any} */
  #start(value, kind, depth) {
    if (uncloneables !== null && weakMapHas(uncloneables, value) && className(value) !== 'ArrayBuffer') throw uncloneable(value);
    switch (kind) {
      case OBJECT: {
        // What the language made is no instance of an interface.
        if (getPrototypeOf(value) !== objectPrototype) {
          const clone = this.#instance(value);
          if (clone !== undefined) return this.#remember(value, clone);
        }
        const copy = this.#remember(value, {});
        const names = keys(value);
        if (names.length > 0) this.#fillIn(value, copy, names, depth);
        return copy;
      }
      case ARRAY: {
        const { length } = value;
        const copy = this.#remember(value, /** @type {any[]} */ ([]));
        copy.length = length;
        const names = keys(value);
        // Indices come first and ascend, so an array whose keys end thus has its elements and nothing else.
        const isWhole = names.length === length && length > 0 && names[length - 1] === `${length - 1}`;
        if (names.length > 0) this.#fillIn(value, copy, isWhole ? undefined : names, depth);
        return copy;
      }
      case MAP: {
        /** @type {any[]} */
        const list = [];
        mapForEach(value, (part, key) => push(list, key, part));
        return this.#collect(value, new Map(), list, depth);
      }
      case SET: {
        /** @type {any[]} */
        const list = [];
        setForEach(value, (part) => push(list, part));
        return this.#collect(value, new Set(), list, depth);
      }
      default:
        if (isView(value)) return this.#replace !== null ? value : this.#remember(value, this.#view(value, viewName(value) ?? 'DataView'));
        return this.#leaf(value, depth);
    }
  }

  /** @param {any} source @param {any} target @param {any[]} list @param {number} depth */
  #collect(source, target, list, depth) {
    this.#remember(source, target);
    /** @type {any[]} */
    const parts = [];
    push((this.#collections ??= []), { target, parts });
    this.#fillIn(list, parts, null, depth);
    return target;
  }

  /** The clone of an instance of an interface; undefined for another object. @param {any} value */
  #instance(value) {
    const serializer = serializerOf(value);
    if (serializer === undefined) return undefined;
    if (serializer === null) throw uncloneable(value);
    if (this.#replace !== null) return this.#replace(value, serializer);
    return serializer.deserialize(serializer.serialize(value));
  }

  /** What has no parts of its own here; errors have a cause. @param {any} value @param {number} depth @returns {any} */
  #leaf(value, depth) {
    if (isPlainProxy(value)) return this.#remember(value, this.#start(assign({}, value), OBJECT, depth));
    const clone = this.#instance(value);
    if (clone !== undefined) return this.#remember(value, clone);
    // Another language's lists and dictionaries are Proxies.
    const data = guestCopy(value);
    if (data !== undefined) return this.#remember(value, this.#visit(data, depth));
    if (typeof value === 'function') throw uncloneable(value);
    const cause = isError(value) ? getOwnPropertyDescriptor(value, 'cause') : undefined;
    if (!isObject(cause?.value)) return this.#replace !== null ? value : this.#remember(value, cloneLeaf(value));
    const copy = this.#remember(value, cloneWithoutCause(value, /** @type {PropertyDescriptor} */ (cause)));
    defineProperty(copy, 'cause', hidden(undefined));
    this.#fillIn({ __proto__: null, cause: /** @type {any} */ (cause).value }, copy, ['cause'], depth);
    return copy;
  }

  /** @param {any} view @param {string} name */
  #view(view, name) {
    const isData = name === 'DataView';
    const original = isData ? dataViewBuffer(view) : viewBuffer(view);
    let offset = 0;
    /** In elements; undefined for a view that grows with its buffer. @type {number | undefined} */
    let length;
    try {
      offset = isData ? dataViewByteOffset(view) : viewByteOffset(view);
      if (!tracksLength(view, original)) length = isData ? dataViewByteLength(view) : viewLength(view);
    } catch {
      // The buffer was resized and the view lies outside.
      throw uncloneable(view);
    }
    const buffer = this.#visit(original, deepest);
    /** @param {ArrayBuffer} over */
    const make = (over) => construct(viewClasses[name], length === undefined ? [over, offset] : [over, offset, length]);
    return buffer instanceof Moved ? this.#later(original, make) : make(buffer);
  }

  /** @param {any[]} transfer */
  #move(transfer) {
    const buffers = cloneByEngine(transfer, transfer);
    /** @type {Map<any, ArrayBuffer>} */
    const byOriginal = new Map();
    for (let i = 0; i < transfer.length; i += 1) mapSet(byOriginal, transfer[i], buffers[i]);
    for (let i = 0; i < this.#moved.length; i += 1) {
      const moved = this.#moved[i];
      const buffer = /** @type {ArrayBuffer} */ (mapGet(byOriginal, moved.original));
      moved.made = moved.view === null ? buffer : moved.view(buffer);
    }
    const unfinished = this.#unfinished ?? [];
    for (let i = 0; i < unfinished.length; i += 1) {
      const { target, key } = unfinished[i];
      target[key] = target[key].made;
    }
  }

  /** @param {{ target: any, parts: any[] }[]} collections */
  #fill(collections) {
    for (let i = 0; i < collections.length; i += 1) {
      const { target, parts } = collections[i];
      if (className(target) === 'Set') for (let j = 0; j < parts.length; j += 1) setAdd(target, parts[j]);
      else for (let j = 0; j < parts.length; j += 2) mapSet(target, parts[j], parts[j + 1]);
    }
  }
}

/** Whether a view of a resizable buffer grows with it; a clone of it says so when its own buffer is resized. @param {any} view @param {any} buffer */
function tracksLength(view, buffer) {
  if (className(buffer) !== 'ArrayBuffer' || !isResizable(buffer)) return false;
  const probe = cloneByEngine(view, undefined);
  const isData = viewName(probe) === undefined;
  const own = isData ? dataViewBuffer(probe) : viewBuffer(probe);
  const lengthNow = () => (isData ? dataViewByteLength(probe) : viewByteLength(probe));
  const size = isData ? 1 : probe.BYTES_PER_ELEMENT;
  const most = maxByteLength(own);
  const whole = most - (isData ? dataViewByteOffset(probe) : viewByteOffset(probe));
  resizeBuffer(own, most);
  const longest = lengthNow();
  if (longest !== whole - (whole % size)) return false;
  // It ends where the largest buffer ends: one that is bound to its length is out of bounds in a smaller one, and has none.
  resizeBuffer(own, most - size);
  return longest <= size || lengthNow() !== 0;
}

/** @param {any} target @param {PropertyKey} key @param {any} value */
function defineEnumerable(target, key, value) {
  const descriptor = hidden(value);
  descriptor.enumerable = true;
  defineProperty(target, key, descriptor);
}

/** Whether a cause is cloned for its error only. */
let isRefusing = false;

/** Each class of errors of the language has a name of its own. @param {any} value */
function isError(value) {
  const name = className(value);
  return name !== undefined && endsWith(name, 'Error');
}

/** What only the engine can clone. @param {any} value */
function cloneLeaf(value) {
  try {
    return cloneByEngine(value, undefined);
  } catch (error) {
    if (/** @type {any} */ (error)?.message !== engineRefusal) throw error;
    // The engine refuses an error for what lies in its cause, which then says what that is; once, as causes may go in a circle.
    if (isError(value) && !isRefusing) {
      isRefusing = true;
      try {
        cloneValue(value.cause);
      } finally {
        isRefusing = false;
      }
    }
    throw uncloneable(value);
  }
}

const notListed = 'Object that needs transfer was found in message but not listed in transferList';

/** Names the value as V8 does. @param {any} value */
function uncloneable(value) {
  let text;
  if (typeof value === 'symbol') text = symbolToString(value);
  else if (typeof value === 'function') text = functionText(value);
  else if (transferFile(value) !== undefined) return refusal(notListed);
  else text = `#<${nameOf(value)}>`;
  return new (loadDOMException().DOMException)(`${text} could not be cloned.`, 'DataCloneError');
}

/** @param {Function} value */
function functionText(value) {
  try {
    return functionToString(value);
  } catch {
    // A Proxy of one.
    return '#<Function>';
  }
}

/** @param {any} value */
function nameOf(value) {
  try {
    const { name } = value.constructor;
    if (typeof name === 'string' && name !== '') return name;
  } catch {}
  return 'Object';
}

// What the engine says of a class of its own that it does not clone.
const engineRefusal = 'structuredClone: unsupported type for structured data';

/** @param {string} reason */
function refusal(reason) {
  return new (loadDOMException().DOMException)(reason, 'DataCloneError');
}

/** A deep copy; `transfer` lists buffers that move instead. @param {any} value @param {any[]} [transfer] */
function cloneValue(value, transfer = undefined) {
  if (transfer === undefined && !isObject(value) && typeof value !== 'symbol') return value;
  return new Cloner(null).clone(value, transfer);
}

/**
 * An error as the engine clones it. Its cause is out of the way meanwhile: the engine would clone the whole chain behind it, for each error
 * of the chain again.
 * @param {any} error @param {PropertyDescriptor} cause
 */
function cloneWithoutCause(error, cause) {
  if (!cause.writable && !cause.configurable) return cloneLeaf(error);
  defineProperty(error, 'cause', { value: undefined });
  try {
    return cloneLeaf(error);
  } finally {
    defineProperty(error, 'cause', { value: cause.value });
  }
}

module.exports = { Cloner, cloneValue, markAsUncloneable, nameOf, uncloneable };
