// PerformanceObserver (https://w3c.github.io/performance-timeline/#the-performanceobserver-interface): who is told of entries as they are made.
'use strict';

const { codedError } = require('builtins/coded_error');
const { invalidType } = require('builtins/invalid_type');
const { defineInterface } = require('builtins/webidl');
const {
  apply,
  arraySlice,
  defineProperty,
  filter,
  forEach,
  freeze,
  includes,
  isArray,
  push,
  Set,
  setAdd,
  setDelete,
  setForEach,
  setSize,
  sort,
} = require('builtins/primordials');
const { useObservers } = require('web/performance/measured');
const { makeEntry, performance, setEntryListener } = require('web/performance/performance');
const { setImmediate } = require('web/html/timers');
const loadInspect = () => require('builtins/inspect/inspect');

const supported = freeze(['dns', 'function', 'http', 'http2', 'mark', 'measure', 'net', 'resource']);
const permission = Symbol('permission');

/** Observers that observe something. @type {Set<PerformanceObserver>} */
const observers = new Set();
let isQueued = false;

class PerformanceObserverEntryList {
  #entries;
  /** @param {symbol} key @param {any[]} entries */
  constructor(key, entries) {
    if (key !== permission) throw codedError(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
    this.#entries = sort(arraySlice(entries), (left, right) => left.startTime - right.startTime);
  }
  getEntries() {
    return arraySlice(this.#entries);
  }
  /** @param {any} type */
  getEntriesByType(type) {
    if (arguments.length === 0) throw codedError(TypeError, 'ERR_MISSING_ARGS', 'The "type" argument must be specified');
    const text = `${type}`;
    return filter(this.#entries, (entry) => entry.entryType === text);
  }
  /** @param {any} name @param {any} [type] */
  getEntriesByName(name, type = undefined) {
    if (arguments.length === 0) throw codedError(TypeError, 'ERR_MISSING_ARGS', 'The "name" argument must be specified');
    const text = `${name}`;
    return filter(this.#entries, (entry) => entry.name === text && (type === undefined || type === null || entry.entryType === `${type}`));
  }
}

/** @type {(observer: PerformanceObserver, entry: any) => void} */
let offer;
/** @type {(observer: PerformanceObserver) => void} */
let deliver;
/** @type {(observer: PerformanceObserver, type: string) => boolean} */
let observesType;

class PerformanceObserver {
  #callback;
  /** @type {any[]} */
  #buffer = [];
  /** @type {string[]} */
  #types = [];
  /** @type {'single' | 'multiple' | undefined} */
  #kind;

  /** @param {any} callback */
  constructor(callback) {
    if (typeof callback !== 'function') throw invalidType('callback', 'function', callback);
    this.#callback = callback;
  }

  static get supportedEntryTypes() {
    return supported;
  }

  /** @param {any} [options] */
  observe(options = {}) {
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'object', options);
    const { entryTypes, type, buffered } = options;
    if (entryTypes === undefined && type === undefined) {
      throw codedError(TypeError, 'ERR_MISSING_ARGS', 'The "options.entryTypes" and "options.type" arguments must be specified');
    }
    if (entryTypes !== undefined && type !== undefined) {
      const shown = loadInspect().inspect(entryTypes);
      const message = `The property 'options.entryTypes' options.entryTypes can not set with options.type together. Received ${shown}`;
      throw codedError(TypeError, 'ERR_INVALID_ARG_VALUE', message);
    }
    const kind = entryTypes === undefined ? 'single' : 'multiple';
    if (this.#kind !== undefined && this.#kind !== kind) {
      const message =
        kind === 'single'
          ? 'PerformanceObserver can not change to multiple observations'
          : 'PerformanceObserver can not change to single observation';
      throw codedError(Error, 'ERR_INVALID_STATE', `Invalid state: ${message}`);
    }
    this.#kind = kind;
    if (kind === 'multiple') {
      if (!isArray(entryTypes)) throw invalidType('options.entryTypes', 'string[]', entryTypes);
      this.#types = filter(entryTypes, (each) => includes(supported, each));
    } else if (includes(supported, type) && !includes(this.#types, type)) {
      push(this.#types, type);
    }
    if (this.#types.length === 0) {
      this.disconnect();
      return;
    }
    setAdd(observers, this);
    if (kind === 'single' && buffered) {
      forEach(performance.getEntriesByType(type), (entry) => push(this.#buffer, entry));
      if (this.#buffer.length > 0) queue();
    }
  }

  disconnect() {
    setDelete(observers, this);
    this.#buffer = [];
    this.#types = [];
    this.#kind = undefined;
  }

  takeRecords() {
    const records = this.#buffer;
    this.#buffer = [];
    return records;
  }

  /** @param {PerformanceObserver} observer @param {any} entry */
  static #offer(observer, entry) {
    if (!includes(observer.#types, entry.entryType)) return;
    push(observer.#buffer, entry);
    queue();
  }
  /** @param {PerformanceObserver} observer @param {string} type */
  static #observes(observer, type) {
    return includes(observer.#types, type);
  }
  /** @param {PerformanceObserver} observer */
  static #deliver(observer) {
    if (observer.#buffer.length === 0) return;
    const list = new PerformanceObserverEntryList(permission, observer.takeRecords());
    apply(observer.#callback, observer, [list, observer]);
  }
  static {
    offer = PerformanceObserver.#offer;
    deliver = PerformanceObserver.#deliver;
    observesType = PerformanceObserver.#observes;
  }
}

/** What was made is told later, in one go. */
function queue() {
  if (isQueued) return;
  isQueued = true;
  setImmediate(() => {
    isQueued = false;
    /** @type {PerformanceObserver[]} */
    const due = [];
    setForEach(observers, (observer) => push(due, observer));
    for (let index = 0; index < due.length; index += 1) deliver(due[index]);
  });
}

/** Tells all who observe entries of its type. @param {any} entry */
function enqueue(entry) {
  if (setSize(observers) === 0) return;
  setForEach(observers, (observer) => offer(observer, entry));
}

setEntryListener(enqueue);
useObservers({
  observes(type) {
    let isObserved = false;
    setForEach(observers, (observer) => {
      if (observesType(observer, type)) isObserved = true;
    });
    return isObserved;
  },
  tell(
    /** @type {string} */ name,
    /** @type {string} */ type,
    /** @type {number} */ start,
    /** @type {number} */ duration,
    /** @type {any} */ detail,
  ) {
    const entry = makeEntry(name, type, start, duration);
    defineProperty(entry, 'detail', { value: detail, enumerable: true, configurable: true });
    enqueue(entry);
  },
});
forEach([PerformanceObserver, PerformanceObserverEntryList], (Class) => defineInterface(Class));
// No program constructs it.
defineProperty(PerformanceObserverEntryList, 'length', { value: 0, configurable: true });

module.exports = { PerformanceObserver, PerformanceObserverEntryList, enqueue };
