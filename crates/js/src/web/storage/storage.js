// Storage, localStorage and sessionStorage (https://html.spec.whatwg.org/#webstorage). `sessionStorage` lives as long as the program, and so does
// `localStorage` unless `--localstorage-file` names a file: then each change is a line there, and the next program finds it.
//
// A Storage is a proxy: its keys are properties too.
'use strict';

const { Map, WeakMap, create, customInspect, defineProperty, getOwnPropertyDescriptor, has, isArray } = require('builtins/primordials');
const {
  mapDelete,
  mapForEach,
  mapGet,
  mapHas,
  mapSet,
  mapSize,
  ownKeys,
  parseJson,
  push,
  reflectGet,
  split,
} = require('builtins/primordials');
const { stringify, weakMapGet, weakMapSet } = require('builtins/primordials');
const { defineInterface, illegalConstructor, requireArguments, toDOMString, toUnsignedLong } = require('builtins/webidl');
const { storageAppend, storageOpen, storageReplace } = ops;
const loadQuota = () => require('web/html/quota_exceeded');
const loadInspect = () => require('builtins/inspect/inspect');

/** Code units of keys and values together, as in browsers. */
const quota = 5 * 1024 * 1024;
// Tells the constructor that this file calls; no value of a program can be it.
const construction = Symbol('construction');

class Area {
  /** @type {Map<string, string>} */
  items = new Map();
  /** The code units in it. */
  size = 0;
  isKept;
  /** How many lines the log has. */
  lines = 0;

  /** @param {boolean} isKept whether a file has what is in it */
  constructor(isKept) {
    const log = isKept ? storageOpen() : undefined;
    this.isKept = log !== undefined;
    if (log !== undefined) this.#replay(log);
  }

  /** @param {string} log */
  #replay(log) {
    const lines = split(log, '\n');
    let isTorn = false;
    for (let i = 0; i < lines.length; i += 1) {
      if (lines[i] === '') continue;
      let change;
      try {
        change = parseJson(lines[i]);
      } catch {
        isTorn = true;
      }
      if (!isArray(change)) continue;
      this.lines += 1;
      if (change.length === 0) this.#forgetAll();
      else if (change.length === 1) this.#forget(`${change[0]}`);
      else this.#put(`${change[0]}`, `${change[1]}`);
    }
    // What is past, and a line that was cut off, would stay for ever.
    if (isTorn || this.lines > 2 * mapSize(this.items) + 64) this.#compact();
  }

  #compact() {
    let log = '';
    mapForEach(this.items, (value, key) => {
      log += `${stringify([key, value])}\n`;
    });
    storageReplace(log);
    this.lines = mapSize(this.items);
  }

  /** @param {any[]} change */
  #note(change) {
    if (!this.isKept) return;
    storageAppend(`${stringify(change)}\n`);
    this.lines += 1;
    if (this.lines > 2 * mapSize(this.items) + 4096) this.#compact();
  }

  /** @param {string} key @param {string} value */
  #put(key, value) {
    const old = mapGet(this.items, key);
    this.size += value.length - (old === undefined ? -key.length : old.length);
    mapSet(this.items, key, value);
  }

  /** @param {string} key */
  #forget(key) {
    const old = mapGet(this.items, key);
    if (old === undefined) return false;
    this.size -= key.length + old.length;
    mapDelete(this.items, key);
    return true;
  }

  #forgetAll() {
    this.items = new Map();
    this.size = 0;
  }

  /** @param {string} key @param {string} value */
  set(key, value) {
    const old = mapGet(this.items, key);
    if (old === value) return;
    const wanted = this.size + value.length - (old === undefined ? -key.length : old.length);
    if (wanted > quota) {
      const { QuotaExceededError } = loadQuota();
      // Without its numbers, as the standard has it.
      throw new QuotaExceededError(`Storage.setItem: ${wanted} code units are more than the quota of ${quota}`);
    }
    this.#note([key, value]);
    this.#put(key, value);
  }

  /** @param {string} key */
  remove(key) {
    if (!mapHas(this.items, key)) return;
    this.#note([key]);
    this.#forget(key);
  }

  clear() {
    if (mapSize(this.items) === 0) return;
    this.#note([]);
    this.#forgetAll();
  }

  keys() {
    /** @type {string[]} */
    const keys = [];
    mapForEach(this.items, (_, key) => push(keys, key));
    return keys;
  }
}

/** The area of each proxy. @type {WeakMap<object, Area>} */
const areas = new WeakMap();

/** @param {any} storage @returns {Area} */
function areaOf(storage) {
  const area = typeof storage === 'object' && storage !== null ? weakMapGet(areas, storage) : undefined;
  if (area === undefined) throw new TypeError('Storage: the receiver is no Storage');
  return area;
}

class Storage {
  /** @param {any} [key] */
  constructor(key = undefined) {
    if (key !== construction) throw illegalConstructor();
  }
  get length() {
    return mapSize(areaOf(this).items);
  }
  /** @param {any} index */
  key(index) {
    const area = areaOf(this);
    requireArguments(arguments.length, 1, 'Storage.key');
    return area.keys()[toUnsignedLong(index)] ?? null;
  }
  /** @param {any} key */
  getItem(key) {
    const area = areaOf(this);
    requireArguments(arguments.length, 1, 'Storage.getItem');
    return mapGet(area.items, toDOMString(key)) ?? null;
  }
  /** @param {any} key @param {any} value */
  setItem(key, value) {
    const area = areaOf(this);
    requireArguments(arguments.length, 2, 'Storage.setItem');
    area.set(toDOMString(key), toDOMString(value));
  }
  /** @param {any} key */
  removeItem(key) {
    const area = areaOf(this);
    requireArguments(arguments.length, 1, 'Storage.removeItem');
    area.remove(toDOMString(key));
  }
  clear() {
    areaOf(this).clear();
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const { items } = areaOf(this);
    const shown = create(null);
    mapForEach(items, (value, key) => {
      shown[key] = value;
    });
    return loadInspect().inspectMembers('Storage', shown, depth, options);
  }
}

defineInterface(Storage);

/** The traps of a legacy platform object with named properties that its prototype's hide. @param {Area} area @returns {ProxyHandler<any>} */
function handlerOf(area) {
  /** @param {any} target @param {PropertyKey} key */
  const isNamed = (target, key) => typeof key === 'string' && mapHas(area.items, key) && !has(target, key);
  return {
    get: (target, key, receiver) =>
      isNamed(target, key) ? mapGet(area.items, /** @type {string} */ (key)) : reflectGet(target, key, receiver),
    has: (target, key) => isNamed(target, key) || has(target, key),
    set(target, key, value, receiver) {
      if (typeof key === 'string') {
        area.set(key, toDOMString(value));
        return true;
      }
      defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
      return receiver !== undefined;
    },
    deleteProperty(target, key) {
      if (isNamed(target, key)) area.remove(/** @type {string} */ (key));
      else return delete target[key];
      return true;
    },
    defineProperty(target, key, descriptor) {
      if (typeof key === 'symbol') {
        defineProperty(target, key, descriptor);
        return true;
      }
      if ('get' in descriptor || 'set' in descriptor) return false;
      area.set(key, toDOMString(descriptor.value));
      return true;
    },
    getOwnPropertyDescriptor: (target, key) =>
      isNamed(target, key)
        ? { value: mapGet(area.items, /** @type {string} */ (key)), writable: true, enumerable: true, configurable: true }
        : getOwnPropertyDescriptor(target, key),
    ownKeys(target) {
      /** @type {(string | symbol)[]} */
      const keys = [];
      const names = area.keys();
      for (let i = 0; i < names.length; i += 1) if (isNamed(target, names[i])) push(keys, names[i]);
      const own = ownKeys(target);
      for (let i = 0; i < own.length; i += 1) push(keys, own[i]);
      return keys;
    },
    preventExtensions: () => false,
  };
}

/** @param {boolean} isKept */
function makeStorage(isKept) {
  const area = new Area(isKept);
  const storage = new Proxy(new Storage(construction), handlerOf(area));
  weakMapSet(areas, storage, area);
  return storage;
}

/** @type {any} */
let localStorage;
/** @type {any} */
let sessionStorage;

module.exports = {
  Storage,
  // Opened when a program names it.
  get localStorage() {
    return (localStorage ??= makeStorage(true));
  },
  get sessionStorage() {
    return (sessionStorage ??= makeStorage(false));
  },
};
