// Histograms (https://nodejs.org/api/perf_hooks.html#class-histogram) with a fixed number of exact figures: values are counted in buckets that grow with
// them, as HdrHistogram has it (http://hdrhistogram.org/). BOUNDED: by the figures, 64 times so many buckets.
'use strict';

const { invalidType, nodeError, outOfRange } = require('node/errors');
const { requireInteger, requireNumber, requireObject } = require('node/arguments');
const {
  assign,
  ceil,
  customInspect,
  floor,
  hasInstance,
  isInteger,
  Map,
  mapForEach,
  mapGet,
  mapSet,
  max,
  push,
  sort,
  sqrt,
} = require('builtins/primordials');
const { defineSerializable } = require('builtins/webidl');
const { monotonicParts } = ops;

const permission = Symbol('permission');
const { log, log2, pow } = Math;
/** What Node tells as the least of nothing. */
const nothing = 9223372036854775807n;

/** The nanoseconds of the clock. */
function nanoseconds() {
  const parts = monotonicParts();
  return parts[0] * 1e9 + parts[1];
}

class Counts {
  /** Values by the least that is counted with them. @type {Map<number, number>} */
  counts = new Map();
  total = 0;
  exceeds = 0;

  /** @param {number} lowest @param {number} highest @param {number} figures */
  constructor(lowest, highest, figures) {
    this.lowest = lowest;
    this.highest = highest;
    this.figures = figures;
    /** Bits of a value that are kept. */
    this.bits = ceil(log2(2 * pow(10, figures)));
    /** Values below are not told apart. */
    this.unit = pow(2, floor(log2(lowest)));
  }

  /** How many values are counted with this one. @param {number} value */
  width(value) {
    if (value < this.unit * pow(2, this.bits)) return this.unit;
    return pow(2, max(floor(log2(value)) - this.bits + 1, 0));
  }

  /** @param {number} value @param {number} [count] */
  add(value, count = 1) {
    if (value > this.highest) {
      this.exceeds += count;
      return;
    }
    const width = this.width(value);
    const place = floor(value / width) * width;
    mapSet(this.counts, place, (mapGet(this.counts, place) ?? 0) + count);
    this.total += count;
  }

  /** @returns {{ value: number, count: number }[]} */
  sorted() {
    /** @type {{ value: number, count: number }[]} */
    const list = [];
    mapForEach(this.counts, (count, value) => push(list, { value, count }));
    return sort(list, (left, right) => left.value - right.value);
  }
}

class Histogram {
  /** @type {Counts} */
  #counts;

  /** @param {symbol} key @param {Counts} counts */
  constructor(key, counts) {
    if (key !== permission) throw nodeError(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
    this.#counts = counts;
  }

  /** @param {any} value */
  static isHistogram(value) {
    return typeof value === 'object' && value !== null && #counts in value;
  }
  /** @param {any} histogram @returns {Counts} */
  static countsOf(histogram) {
    if (!Histogram.isHistogram(histogram)) throw nodeError(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type Histogram');
    return histogram.#counts;
  }

  get count() {
    return Histogram.countsOf(this).total;
  }
  get countBigInt() {
    return BigInt(this.count);
  }
  get exceeds() {
    return Histogram.countsOf(this).exceeds;
  }
  get exceedsBigInt() {
    return BigInt(this.exceeds);
  }
  get min() {
    return Number(this.minBigInt);
  }
  get minBigInt() {
    const list = Histogram.countsOf(this).sorted();
    return list.length === 0 ? nothing : BigInt(list[0].value);
  }
  get max() {
    const counts = Histogram.countsOf(this);
    const list = counts.sorted();
    if (list.length === 0) return 0;
    const { value } = list[list.length - 1];
    return value + counts.width(value) - 1;
  }
  get maxBigInt() {
    return BigInt(this.max);
  }
  get mean() {
    const counts = Histogram.countsOf(this);
    let sum = 0;
    mapForEach(counts.counts, (count, value) => {
      sum += middle(counts, value) * count;
    });
    return sum / counts.total;
  }
  get stddev() {
    const counts = Histogram.countsOf(this);
    const { mean } = this;
    let sum = 0;
    mapForEach(counts.counts, (count, value) => {
      sum += (middle(counts, value) - mean) ** 2 * count;
    });
    return sqrt(sum / counts.total);
  }

  /** @param {number} percentile */
  percentile(percentile) {
    const counts = Histogram.countsOf(this);
    requireNumber(percentile, 'percentile');
    if (!(percentile > 0 && percentile <= 100)) throw outOfRange('percentile', '> 0 && <= 100', percentile);
    const wanted = max(floor((percentile / 100) * counts.total + 0.5), 1);
    const list = counts.sorted();
    let seen = 0;
    for (let index = 0; index < list.length; index += 1) {
      seen += list[index].count;
      if (seen >= wanted) return list[index].value + counts.width(list[index].value) - 1;
    }
    return 0;
  }
  /** @param {number} percentile */
  percentileBigInt(percentile) {
    return BigInt(this.percentile(percentile));
  }
  get percentiles() {
    /** @type {Map<number, number>} */
    const map = new Map();
    eachPercentile(Histogram.countsOf(this), (percentile, value) => mapSet(map, percentile, value));
    return map;
  }
  get percentilesBigInt() {
    /** @type {Map<number, bigint>} */
    const map = new Map();
    eachPercentile(Histogram.countsOf(this), (percentile, value) => mapSet(map, percentile, BigInt(value)));
    return map;
  }

  reset() {
    const counts = Histogram.countsOf(this);
    counts.counts = new Map();
    counts.total = 0;
    counts.exceeds = 0;
  }

  toJSON() {
    /** @type {Record<string, number>} */
    const percentiles = {};
    mapForEach(this.percentiles, (value, percentile) => {
      percentiles[percentile] = value;
    });
    return { count: this.count, min: this.min, max: this.max, mean: this.mean, exceeds: this.exceeds, stddev: this.stddev, percentiles };
  }

  /** @param {number} depth @param {any} options @param {(value: any, options: any) => string} inspect */
  [customInspect](depth, options, inspect) {
    if (depth < 0) return `[${this.constructor.name}]`;
    const shown = {
      min: this.min,
      max: this.max,
      mean: this.mean,
      exceeds: this.exceeds,
      stddev: this.stddev,
      count: this.count,
      percentiles: this.percentiles,
    };
    return `Histogram ${inspect(shown, assign({}, options, { depth: options.depth === null ? null : options.depth - 1 }))}`;
  }
}

/** The value that stands for all that are counted with this one. @param {Counts} counts @param {number} value */
const middle = (counts, value) => value + floor(counts.width(value) / 2);

/** Halves of what is left, until all is told. @param {Counts} counts @param {(percentile: number, value: number) => void} visit */
function eachPercentile(counts, visit) {
  const list = counts.sorted();
  let wanted = 0;
  let seen = 0;
  let last = 0;
  for (let index = 0; index < list.length; index += 1) {
    const { count, value } = list[index];
    seen += count;
    last = value;
    const reached = (100 * seen) / counts.total;
    while (wanted <= reached && wanted < 100) {
      visit(wanted, value);
      const halves = pow(2, floor(log(100 / (100 - wanted)) / log(2)) + 1);
      wanted += 100 / halves;
      if (seen >= counts.total) break;
    }
  }
  visit(100, last);
}

class RecordableHistogram extends Histogram {
  #before = 0;

  /** @param {any} value an integer of any kind */
  record(value) {
    const counts = Histogram.countsOf(this);
    if (typeof value !== 'bigint') requireInteger(value, 'val', 1);
    counts.add(Number(value));
  }
  /** Counts the nanoseconds since it was called last. */
  recordDelta() {
    const counts = Histogram.countsOf(this);
    const now = nanoseconds();
    if (this.#before !== 0 && now > this.#before) counts.add(now - this.#before);
    this.#before = now;
  }
  /** @param {any} other */
  add(other) {
    const counts = Histogram.countsOf(this);
    if (!isRecordable(other)) throw invalidType('other', 'RecordableHistogram', other);
    const more = Histogram.countsOf(other);
    // What is too large for this one is left out, and not counted as too large.
    mapForEach(more.counts, (count, value) => {
      if (value <= counts.highest) counts.add(value, count);
    });
  }

  /** @param {any} value */
  static isRecordable(value) {
    return typeof value === 'object' && value !== null && #before in value;
  }
}

/** @param {any} value */
const isRecordable = (value) => RecordableHistogram.isRecordable(value);

/** @param {any} value @param {string} name @param {number} least */
function toBound(value, name, least) {
  if (typeof value === 'bigint') return Number(value);
  requireInteger(value, name, least);
  return value;
}

/** @param {{ lowest?: number | bigint, highest?: number | bigint, figures?: number }} [options] */
function createHistogram(options = {}) {
  requireObject(options, 'options');
  const { lowest = 1, highest = Number.MAX_SAFE_INTEGER, figures = 3 } = options;
  const least = toBound(lowest, 'options.lowest', 1);
  if (typeof highest !== 'number' && typeof highest !== 'bigint') throw invalidType('options.highest', ['number', 'bigint'], highest);
  if (!isInteger(Number(highest)) || Number(highest) < 2 * least) {
    throw outOfRange('options.highest', `>= 2 * options.lowest (${2n * BigInt(least)}n)`, highest);
  }
  requireInteger(figures, 'options.figures', 1, 5);
  return new RecordableHistogram(permission, new Counts(least, Number(highest), figures));
}

defineSerializable(
  'node/perf_hooks/histogram',
  (value) => Histogram.isHistogram(value),
  (value) => ({ counts: Histogram.countsOf(value), isRecordable: isRecordable(value) }),
  ({ counts: given, isRecordable: hasMethods }) => {
    // In one thread both sides count in the same place; another gets what was counted until now.
    let counts = given;
    if (!hasInstance(Counts, given)) {
      const { lowest, highest, figures, counts: values, total, exceeds } = given;
      counts = assign(new Counts(lowest, highest, figures), { counts: values, total, exceeds });
    }
    return hasMethods ? new RecordableHistogram(permission, counts) : new Histogram(permission, counts);
  },
  Histogram,
);

module.exports = { Counts, createHistogram, Histogram, isRecordable, permission };
