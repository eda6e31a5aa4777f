// performance (https://w3c.github.io/hr-time/, https://w3c.github.io/user-timing/): the clock, marks and measures.
'use strict';

const { defineInterface, requireArguments, toDOMString } = require('builtins/webidl');
const { EventTarget } = require('web/events/events');
const { monotonicNow, timeOrigin: originTime } = ops;
const loadInspect = () => require('builtins/inspect/inspect');
const loadStructuredClone = () => require('web/html/structured_clone');
const loadDOMException = () => require('builtins/domexception');
const permission = Symbol('permission');

class PerformanceEntry {
  #name;
  #type;
  #start;
  #duration;
  constructor(key, name, type, start, duration) {
    if (key !== permission) throw new TypeError('PerformanceEntry: illegal constructor');
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
    const { name, entryType, startTime, duration } = this;
    return { name, entryType, startTime, duration };
  }
  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const { name, entryType, startTime, duration, detail } = this;
    const members = { name, entryType, startTime, duration, ...(detail === undefined ? {} : { detail }) };
    return loadInspect().inspectMembers(this.constructor.name, members, depth, options);
  }
}

class PerformanceMark extends PerformanceEntry {
  #detail;
  constructor(name, options = undefined) {
    requireArguments(arguments.length, 1, 'PerformanceMark');
    const start = options?.startTime === undefined ? monotonicNow() : Number(options.startTime);
    if (!(start >= 0)) throw new TypeError('PerformanceMark: startTime must not be negative');
    super(permission, toDOMString(name), 'mark', start, 0);
    this.#detail = cloneDetail(options);
  }
  get detail() {
    return this.#detail;
  }
}

class PerformanceMeasure extends PerformanceEntry {
  #detail;
  constructor(key, name, start, end, detail) {
    super(key, name, 'measure', start, end - start);
    this.#detail = detail;
  }
  get detail() {
    return this.#detail;
  }
}

function cloneDetail(options) {
  const detail = options?.detail;
  return detail === undefined || detail === null ? null : loadStructuredClone().structuredClone(detail);
}

class Performance extends EventTarget {
  // The user's own entries, in the order of their making. BOUNDED: by the program, which clears them.
  #entries = [];

  constructor(key) {
    if (key !== permission) throw new TypeError('Performance: illegal constructor');
    super();
  }
  get timeOrigin() {
    return originTime();
  }
  now() {
    return monotonicNow();
  }
  mark(name, options = undefined) {
    const mark = new PerformanceMark(name, options);
    this.#entries.push(mark);
    return mark;
  }
  measure(name, startOrOptions = undefined, endMark = undefined) {
    requireArguments(arguments.length, 1, 'Performance.measure');
    const options =
      typeof startOrOptions === 'object' && startOrOptions !== null ? startOrOptions : { start: startOrOptions, end: endMark };
    const [start, end] = this.#span(options);
    const measure = new PerformanceMeasure(permission, toDOMString(name), start, end, cloneDetail(options));
    this.#entries.push(measure);
    return measure;
  }
  #span({ start, end, duration }) {
    if (duration !== undefined && start !== undefined && end !== undefined) {
      throw new TypeError('Performance.measure: only two of start, end and duration may be given');
    }
    const length = Number(duration);
    if (end === undefined && start !== undefined && duration !== undefined) return [this.#time(start), this.#time(start) + length];
    const last = end === undefined ? monotonicNow() : this.#time(end);
    if (start === undefined && duration !== undefined) return [last - length, last];
    return [start === undefined ? 0 : this.#time(start), last];
  }
  #time(markOrTime) {
    if (typeof markOrTime === 'number') return markOrTime;
    const name = toDOMString(markOrTime);
    const mark = this.#entries.findLast((entry) => entry.entryType === 'mark' && entry.name === name);
    if (mark !== undefined) return mark.startTime;
    throw new (loadDOMException().DOMException)(`Performance.measure: there is no mark "${name}"`, 'SyntaxError');
  }
  clearMarks(name = undefined) {
    this.#clear('mark', name);
  }
  clearMeasures(name = undefined) {
    this.#clear('measure', name);
  }
  #clear(type, name) {
    this.#entries = this.#entries.filter((entry) => entry.entryType !== type || (name !== undefined && entry.name !== `${name}`));
  }
  getEntries() {
    return this.#entries.toSorted((left, right) => left.startTime - right.startTime);
  }
  getEntriesByName(name, type = undefined) {
    return this.getEntries().filter((entry) => entry.name === `${name}` && (type === undefined || entry.entryType === type));
  }
  getEntriesByType(type) {
    return this.getEntries().filter((entry) => entry.entryType === `${type}`);
  }
  toJSON() {
    return { timeOrigin: this.timeOrigin };
  }
  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    return loadInspect().inspectMembers('Performance', { timeOrigin: this.timeOrigin }, depth, options);
  }
}

for (const Class of [PerformanceEntry, PerformanceMark, PerformanceMeasure, Performance]) defineInterface(Class);

module.exports = { performance: new Performance(permission), Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure };
