// `monitorEventLoopDelay` (https://nodejs.org/api/perf_hooks.html#perf_hooksmonitoreventloopdelayoptions): how long a timer's turns really take.
'use strict';

const { requireInteger, requireObject } = require('node/arguments');
const { Counts, Histogram, permission } = require('node/perf_hooks/histogram');
const { clearInterval, setInterval } = require('web/html/timers');
const { defineProperty, symbolFor } = require('builtins/primordials');
const { monotonicNow } = ops;

class IntervalHistogram extends Histogram {
  #resolution;
  /** @type {any} */
  #timer;
  #before = 0;

  /** @param {symbol} key @param {InstanceType<typeof Counts>} counts @param {number} resolution in milliseconds */
  constructor(key, counts, resolution) {
    super(key, counts);
    this.#resolution = resolution;
  }

  /** Whether it was off. */
  enable() {
    if (this.#timer !== undefined) return false;
    this.#before = monotonicNow();
    const counts = Histogram.countsOf(this);
    this.#timer = setInterval(() => {
      const now = monotonicNow();
      counts.add(Math.round((now - this.#before) * 1e6));
      this.#before = now;
    }, this.#resolution);
    this.#timer.unref();
    return true;
  }

  /** Whether it was on. */
  disable() {
    if (this.#timer === undefined) return false;
    clearInterval(this.#timer);
    this.#timer = undefined;
    return true;
  }
}
defineProperty(IntervalHistogram.prototype, Symbol.dispose ?? symbolFor('Symbol.dispose'), {
  /** @this {IntervalHistogram} */
  value() {
    this.disable();
  },
  writable: true,
  configurable: true,
});

/** @param {{ resolution?: number }} [options] */
function monitorEventLoopDelay(options = {}) {
  requireObject(options, 'options');
  const { resolution = 10 } = options;
  requireInteger(resolution, 'options.resolution', 1);
  return new IntervalHistogram(permission, new Counts(1, 3_600_000_000_000, 3), resolution);
}

module.exports = { monitorEventLoopDelay };
