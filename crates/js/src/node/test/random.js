// `--test-randomize` and `--test-random-seed` (https://nodejs.org/api/test.html#randomizing-tests-execution-order): which of the tests that wait is
// next. The same seed gives the same order as in Node.
'use strict';

const { floor, imul, random, splice } = require('builtins/primordials');

function makeSeed() {
  return floor(random() * 2 ** 32);
}

/** Numbers below 1, by the generator Mulberry32. @param {number} seed */
function numbersFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = imul(state ^ (state >>> 15), 1 | state);
    value ^= value + imul(value ^ (value >>> 7), 61 | value);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Takes one out of a list of two or more. @template T @param {T[]} list @param {() => number} next @returns {T} */
function drawn(list, next) {
  return splice(list, floor(next() * list.length), 1)[0];
}

module.exports = { drawn, makeSeed, numbersFrom };
