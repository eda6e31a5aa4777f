// structuredClone (https://html.spec.whatwg.org/#dom-structuredclone).
//
// The engine knows the language's objects only: to it a Blob and a Headers are plain objects. So the walk over the graph is here, for
// plain objects, arrays, maps, sets and what the interfaces say of their instances; every other object is cloned by the engine.
// Iterative, because a program's graph may be deeper than the stack. A transferred buffer moves when everything has been read, as the
// specification has it, so whatever holds one is finished then.
'use strict';

const { Map, Set, construct, dataViewBuffer, dataViewByteLength, dataViewByteOffset, defineProperty } = require('builtins/primordials');
const { hasOwn, isResizable, isView, keys, mapForEach, mapGet, mapHas, mapSet, maxByteLength, pop } = require('builtins/primordials');
const { push, resizeBuffer, setAdd, setForEach, viewBuffer, viewByteLength, viewByteOffset } = require('builtins/primordials');
const { viewLength, viewName } = require('builtins/primordials');
const { clonePlatformObject, hidden, isObject, requireArguments, toDictionary, toSequence } = require('builtins/webidl');
const { className, structuredClone: cloneByEngine } = ops;
const loadDOMException = () => require('builtins/domexception');

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

/** An object, array, map or set whose parts are still to be cloned: `names` are keys of `source`, or there is a list. */
class Frame {
  source;
  target;
  names;
  next = 0;
  /** @param {any} source @param {any} target @param {string[] | null} names */
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

class Cloner {
  /** What was cloned already, by the original. @type {Map<any, any>} */
  #memory = new Map();
  /** @type {Frame[]} */
  #frames = [];
  /** Maps and sets with the clones of their parts: filled at the end. @type {{ target: any, parts: any[] }[]} */
  #collections = [];
  /** Where a Moved stands for something. @type {{ target: any, key: any }[]} */
  #unfinished = [];
  /** @type {Moved[]} */
  #moved = [];

  /** @param {any} value @param {any[] | undefined} transfer */
  clone(value, transfer) {
    if (transfer !== undefined) this.#announce(transfer);
    const root = { value: this.#visit(value) };
    if (root.value instanceof Moved) push(this.#unfinished, { target: root, key: 'value' });
    while (this.#frames.length > 0) this.#advance();
    if (transfer !== undefined && transfer.length > 0) this.#move(transfer);
    this.#fill();
    return root.value;
  }

  /** @param {any[]} transfer */
  #announce(transfer) {
    for (let i = 0; i < transfer.length; i += 1) {
      const buffer = transfer[i];
      if (className(buffer) !== 'ArrayBuffer') throw refusal('only an ArrayBuffer can be transferred');
      if (mapHas(this.#memory, buffer)) throw refusal('a buffer stands twice among what is transferred');
      mapSet(this.#memory, buffer, this.#later(buffer, null));
    }
  }

  /** @param {any} buffer @param {((buffer: ArrayBuffer) => any) | null} view */
  #later(buffer, view) {
    const moved = new Moved(buffer, view);
    push(this.#moved, moved);
    return moved;
  }

  /** One more part of the object that is being cloned now: the innermost first, as its getters are to run. */
  #advance() {
    const frame = this.#frames[this.#frames.length - 1];
    const { names, source, target } = frame;
    if (frame.next === (names ?? source).length) {
      pop(this.#frames);
      return;
    }
    const index = frame.next;
    frame.next += 1;
    if (names === null) {
      this.#put(target, index, this.#visit(source[index]), arrayPrototype);
      return;
    }
    const name = names[index];
    // A getter of an earlier property may have deleted it.
    if (hasOwn(source, name)) this.#put(target, name, this.#visit(source[name]), objectPrototype);
  }

  /** @param {any} target @param {any} key @param {any} value @param {any} prototype */
  #put(target, key, value, prototype) {
    if (typeof value === 'object' && value instanceof Moved) push(this.#unfinished, { target, key });
    if (!(key in prototype)) {
      target[key] = value;
    } else {
      const descriptor = hidden(value);
      descriptor.enumerable = true;
      defineProperty(target, key, descriptor);
    }
  }

  /** The clone of a value, whose parts may still be missing. @param {any} value @returns {any} */
  #visit(value) {
    if (!isObject(value)) return typeof value === 'symbol' ? cloneByEngine(value, undefined) : value;
    const known = mapGet(this.#memory, value);
    if (known !== undefined) return known;
    const copy = this.#start(value, className(value));
    mapSet(this.#memory, value, copy);
    return copy;
  }

  /** @param {any} value @param {string} kind */
  #start(value, kind) {
    switch (kind) {
      case 'Object': {
        const clone = clonePlatformObject(value);
        if (clone === null) throw refusal(`an instance of an interface that is not serializable cannot be cloned`);
        return clone ?? this.#open(value, {}, keys(value));
      }
      case 'Array': {
        const copy = /** @type {any[]} */ ([]);
        copy.length = value.length;
        return this.#open(value, copy, keys(value));
      }
      case 'Map': {
        /** @type {any[]} */
        const list = [];
        mapForEach(value, (part, key) => push(list, key, part));
        return this.#collect(new Map(), list);
      }
      case 'Set': {
        /** @type {any[]} */
        const list = [];
        setForEach(value, (part) => push(list, part));
        return this.#collect(new Set(), list);
      }
      default:
        if (isView(value)) return this.#view(value, viewName(value) ?? 'DataView');
        return this.#leaf(value);
    }
  }

  /** @param {any} source @param {any} target @param {string[]} names */
  #open(source, target, names) {
    if (names.length > 0) push(this.#frames, new Frame(source, target, names));
    return target;
  }

  /** @param {any} target @param {any[]} list */
  #collect(target, list) {
    /** @type {any[]} */
    const parts = [];
    push(this.#collections, { target, parts });
    push(this.#frames, new Frame(list, parts, null));
    return target;
  }

  /** What has no parts of its own here; errors have a cause. @param {any} value */
  #leaf(value) {
    const clone = clonePlatformObject(value);
    if (clone !== undefined && clone !== null) return clone;
    const copy = cloneByEngine(value, undefined);
    if (hasOwn(copy, 'cause') && isObject(copy.cause)) {
      const parts = { __proto__: null, cause: value.cause };
      mapSet(this.#memory, value, copy);
      defineProperty(copy, 'cause', hidden(undefined));
      push(this.#frames, new Frame(parts, copy, ['cause']));
    }
    return copy;
  }

  /** @param {any} view @param {string} name */
  #view(view, name) {
    const isData = name === 'DataView';
    const original = isData ? dataViewBuffer(view) : viewBuffer(view);
    const offset = isData ? dataViewByteOffset(view) : viewByteOffset(view);
    // In elements; undefined for a view that grows with its buffer.
    const length = tracksLength(view, original) ? undefined : isData ? dataViewByteLength(view) : viewLength(view);
    const buffer = this.#visit(original);
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
    for (let i = 0; i < this.#unfinished.length; i += 1) {
      const { target, key } = this.#unfinished[i];
      target[key] = target[key].made;
    }
  }

  #fill() {
    for (let i = 0; i < this.#collections.length; i += 1) {
      const { target, parts } = this.#collections[i];
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

/** @param {string} reason */
function refusal(reason) {
  return new (loadDOMException().DOMException)(`structuredClone: ${reason}`, 'DataCloneError');
}

/** A deep copy; `transfer` lists buffers that move instead. @param {any} value @param {any[]} [transfer] */
function cloneValue(value, transfer = undefined) {
  return new Cloner().clone(value, transfer);
}

/** @param {any} value @param {any} [options] */
function structuredClone(value, options = undefined) {
  requireArguments(arguments.length, 1, 'structuredClone');
  const { transfer } = toDictionary(options, 'structuredClone');
  if (transfer === undefined) return cloneValue(value);
  const list = toSequence(transfer, 'structuredClone: the option transfer', (item) => {
    if (!isObject(item)) throw new TypeError('structuredClone: every element of transfer must be an object');
    return item;
  });
  return cloneValue(value, list);
}

module.exports = { cloneValue, structuredClone };
