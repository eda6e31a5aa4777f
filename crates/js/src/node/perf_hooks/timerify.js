// `performance.timerify` (https://nodejs.org/api/perf_hooks.html#performancetimerifyfn-options): a function whose calls are measured.
'use strict';

const { invalidType } = require('node/errors');
const { requireFunction, requireObject } = require('node/arguments');
const { isRecordable } = require('node/perf_hooks/histogram');
const { makeEntry } = require('web/performance/performance');
const { enqueue } = require('web/performance/observer');
const { apply, ceil, construct, defineProperties, defineProperty, then } = require('builtins/primordials');
const { className, monotonicNow } = ops;

/** @param {string} name @param {number} start @param {any} histogram @param {any[]} given */
function finish(name, start, histogram, given) {
  const duration = monotonicNow() - start;
  histogram?.record(ceil(duration * 1e6) || 1);
  const entry = makeEntry(name, 'function', start, duration);
  for (let index = 0; index < given.length; index += 1) entry[index] = given[index];
  defineProperty(entry, 'detail', { value: given, enumerable: true, configurable: true });
  enqueue(entry);
}

/** @param {Function} original @param {{ histogram?: any }} [options] */
function timerify(original, options = {}) {
  requireFunction(original, 'fn');
  requireObject(options, 'options');
  const { histogram } = options;
  if (histogram !== undefined && !isRecordable(histogram)) throw invalidType('options.histogram', 'RecordableHistogram', histogram);

  /** @this {any} @param {...any} given */
  function timerified(...given) {
    const start = monotonicNow();
    const isNew = new.target !== undefined;
    const result = isNew ? construct(original, given) : apply(original, this, given);
    if (!isNew && typeof result === 'object' && result !== null && typeof result.finally === 'function') {
      const done = () => finish(original.name, start, histogram, given);
      return className(result) === 'Promise'
        ? then(
            result,
            (value) => {
              done();
              return value;
            },
            (reason) => {
              done();
              throw reason;
            },
          )
        : result.finally(done);
    }
    finish(original.name, start, histogram, given);
    return result;
  }
  defineProperties(timerified, {
    length: { configurable: false, enumerable: true, value: original.length },
    name: { configurable: false, enumerable: true, value: `timerified ${original.name}` },
  });
  return timerified;
}

module.exports = { timerify };
