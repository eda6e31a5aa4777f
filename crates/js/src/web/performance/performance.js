// performance (https://w3c.github.io/hr-time/, https://w3c.github.io/user-timing/): the clock, marks and measures.
'use strict';

const { isNaN, symbolFor, filter, forEach, includes, push, sort, arraySlice, assign, defineProperty } = require('builtins/primordials');
const { codedError } = require('builtins/coded_error');
const { defineInterface, illegalConstructor, requireArguments, toDictionary, toDOMString } = require('builtins/webidl');
const { EventTarget } = require('web/events/events');
const { builtinExports, monotonicNow, timeOrigin: originTime } = ops;
const loadInspect = () => require('builtins/inspect/inspect');
const loadStructuredClone = () => require('web/html/structured_clone');
const loadDOMException = () => require('builtins/domexception');
const permission = Symbol('permission');
/** Under which `node:perf_hooks` keeps what `performance` has of it. */
const hooks = Symbol('hooks');

class PerformanceEntry {
  #name;
  #type;
  #start;
  #duration;
  /** @param {symbol} key @param {string} name @param {string} type @param {number} start @param {number} duration */
  constructor(key, name, type, start, duration) {
    if (key !== permission) throw illegalConstructor();
    this.#name = name;
    this.#type = type;
    this.#start = start;
    this.#duration = duration;
  }
  get name() {
    return this.#name;
  }
  get entryType() {
    return this.#type;
  }
  get startTime() {
    return this.#start;
  }
  get duration() {
    return this.#duration;
  }
  toJSON() {
    this.#name;
    const { name, entryType, startTime, duration } = this;
    return { name, entryType, startTime, duration };
  }
  /** @this {any} @param {number} depth @param {any} options */
  [symbolFor('nodejs.util.inspect.custom')](depth, options) {
    const { name, entryType, startTime, duration, detail } = this;
    const members = assign({ name, entryType, startTime, duration }, detail === undefined ? undefined : { detail });
    return loadInspect().inspectMembers(this.constructor.name, members, depth, options);
  }
}

/**
 * Entries of what was fetched, as `node:perf_hooks` keeps them for `markResourceTiming`; none before that.
 * @type {{ entries: any[] }}
 */
const resources = { entries: [] };

/** Who observes entries, once anybody does. @type {(entry: any) => void} */
let tell = () => {};

/** @param {(entry: any) => void} listener */
function setEntryListener(listener) {
  tell = listener;
}

class PerformanceMark extends PerformanceEntry {
  #detail;
  /** @param {any} name @param {any} [options] */
  constructor(name, options = undefined) {
    requireArguments(arguments.length, 1, 'PerformanceMark');
    toDictionary(options, 'PerformanceMark');
    const start = options?.startTime === undefined ? monotonicNow() : Number(options.startTime);
    if (isNaN(start)) throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', 'PerformanceMark: startTime must be a number');
    if (start < 0) throw codedError(TypeError, 'ERR_PERFORMANCE_INVALID_TIMESTAMP', `${start} is not a valid timestamp`);
    super(permission, toDOMString(name), 'mark', start, 0);
    this.#detail = cloneDetail(options);
  }
  get detail() {
    return this.#detail;
  }
}

class PerformanceMeasure extends PerformanceEntry {
  #detail;
  /** @param {symbol} key @param {string} name @param {number} start @param {number} end @param {any} detail */
  constructor(key, name, start, end, detail) {
    super(key, name, 'measure', start, end - start);
    this.#detail = detail;
  }
  get detail() {
    return this.#detail;
  }
}

/** An entry of another type. @param {string} name @param {string} type @param {number} start @param {number} duration @returns {any} */
const makeEntry = (name, type, start, duration) => new PerformanceEntry(permission, name, type, start, duration);

/** @param {any} options */
function cloneDetail(options) {
  const detail = options?.detail;
  return detail === undefined || detail === null ? null : loadStructuredClone().structuredClone(detail);
}

/** https://w3c.github.io/user-timing/#measure-method, step 1 @param {any} given @param {any} endMark */
function readMeasureOptions(given, endMark) {
  const { detail, duration, end, start } = given ?? {};
  if (detail === undefined && duration === undefined && end === undefined && start === undefined) return { end: endMark };
  if (endMark !== undefined) throw new TypeError('Performance.measure: the end is a member of the options');
  if (start === undefined && end === undefined) throw new TypeError('Performance.measure: the options need start or end');
  return { detail, duration, end, start };
}

/** Names of times of the process, which stand for themselves in `measure`. */
const milestones = ['nodeStart', 'v8Start', 'environment', 'loopStart', 'loopExit', 'bootstrapComplete'];

class Performance extends EventTarget {
  // The user's own entries, in the order of their making. BOUNDED: by the program, which clears them.
  /** @type {PerformanceEntry[]} */
  #entries = [];

  /** @param {symbol} key */
  constructor(key) {
    if (key !== permission) throw illegalConstructor();
    super();
  }
  get timeOrigin() {
    this.#entries;
    return originTime();
  }
  now() {
    this.#entries;
    return monotonicNow();
  }
  /** @param {any} name @param {any} [options] */
  mark(name, options = undefined) {
    requireArguments(arguments.length, 1, 'Performance.mark');
    const mark = new PerformanceMark(name, options);
    push(this.#entries, mark);
    tell(mark);
    return mark;
  }
  /** @param {any} name @param {any} [startOrOptions] @param {any} [endMark] */
  measure(name, startOrOptions = undefined, endMark = undefined) {
    requireArguments(arguments.length, 1, 'Performance.measure');
    const isDictionary = typeof startOrOptions === 'object' || typeof startOrOptions === 'function';
    const options = isDictionary ? readMeasureOptions(startOrOptions, endMark) : { start: startOrOptions, end: endMark };
    const { from, to } = this.#span(options);
    const measure = new PerformanceMeasure(permission, toDOMString(name), from, to, cloneDetail(options));
    push(this.#entries, measure);
    tell(measure);
    return measure;
  }
  /** @param {any} options @returns {{ from: number, to: number }} */
  #span({ start, end, duration }) {
    if (duration !== undefined && start !== undefined && end !== undefined) {
      throw new TypeError('Performance.measure: only two of start, end and duration may be given');
    }
    const length = Number(duration);
    if (end === undefined && start !== undefined && duration !== undefined) {
      const from = this.#time(start);
      return { from, to: from + length };
    }
    const last = end === undefined ? monotonicNow() : this.#time(end);
    if (start === undefined && duration !== undefined) return { from: last - length, to: last };
    return { from: start === undefined ? 0 : this.#time(start), to: last };
  }
  /** @param {any} markOrTime @returns {number} */
  #time(markOrTime) {
    if (typeof markOrTime === 'number') {
      if (!(markOrTime >= 0)) throw new TypeError('Performance.measure: a time must not be negative');
      return markOrTime;
    }
    const name = toDOMString(markOrTime);
    if (includes(milestones, name)) return /** @type {any} */ (this).nodeTiming[name];
    for (let index = this.#entries.length - 1; index >= 0; index -= 1) {
      const entry = this.#entries[index];
      if (entry.entryType === 'mark' && entry.name === name) return entry.startTime;
    }
    throw new (loadDOMException().DOMException)(`Performance.measure: there is no mark "${name}"`, 'SyntaxError');
  }
  /** @param {any} [name] */
  clearMarks(name = undefined) {
    this.#clear('mark', name);
  }
  /** @param {any} [name] */
  clearMeasures(name = undefined) {
    this.#clear('measure', name);
  }
  /** @param {string} type @param {any} name */
  #clear(type, name) {
    const wanted = name === undefined ? undefined : toDOMString(name);
    this.#entries = filter(this.#entries, (entry) => entry.entryType !== type || (wanted !== undefined && entry.name !== wanted));
  }
  getEntries() {
    const all = arraySlice(this.#entries);
    forEach(resources.entries, (entry) => push(all, entry));
    return sort(all, (left, right) => left.startTime - right.startTime);
  }
  /** @param {any} name @param {any} [type] */
  getEntriesByName(name, type = undefined) {
    if (arguments.length === 0) throw codedError(TypeError, 'ERR_MISSING_ARGS', 'The "name" argument must be specified');
    return filter(this.getEntries(), (entry) => entry.name === `${name}` && (type === undefined || entry.entryType === type));
  }
  /** @param {any} type */
  getEntriesByType(type) {
    if (arguments.length === 0) throw codedError(TypeError, 'ERR_MISSING_ARGS', 'The "type" argument must be specified');
    return filter(this.getEntries(), (entry) => entry.entryType === `${type}`);
  }
  toJSON() {
    this.#entries;
    return { timeOrigin: this.timeOrigin };
  }
  /** @param {number} depth @param {any} options */
  [symbolFor('nodejs.util.inspect.custom')](depth, options) {
    return loadInspect().inspectMembers('Performance', { timeOrigin: this.timeOrigin }, depth, options);
  }
}

forEach([PerformanceEntry, PerformanceMark, PerformanceMeasure, Performance], (Class) => defineInterface(Class));
// Those that no program constructs take no arguments.
forEach([PerformanceEntry, PerformanceMeasure, Performance], (Class) => defineProperty(Class, 'length', { value: 0, configurable: true }));

// Node's own members are above, and made when somebody asks (https://nodejs.org/api/perf_hooks.html#class-performance).
forEach(
  ['eventLoopUtilization', 'nodeTiming', 'timerify', 'markResourceTiming', 'clearResourceTimings', 'setResourceTimingBufferSize'],
  (name) => {
    defineProperty(Performance.prototype, name, {
      get: () => builtinExports('node:perf_hooks')[hooks][name],
      set(value) {
        defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
      enumerable: true,
      configurable: true,
    });
  },
);

module.exports = {
  hooks,
  makeEntry,
  permission,
  resources,
  setEntryListener,
  performance: new Performance(permission),
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
};
