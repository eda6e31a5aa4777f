// `util.diff` (https://nodejs.org/api/util.html#utildiffactual-expected): the shortest way from one list to another, by Myers' algorithm, which
// messages of `assert` show too.
'use strict';

const { invalidType } = require('node/errors');
const { isArray, max, push, reverse, split } = require('builtins/primordials');

/** -1 is only in `expected`, 1 only in `actual`, 0 in both. @typedef {[operation: -1 | 0 | 1, value: string]} Step */

/**
 * @param {ArrayLike<string>} actual @param {ArrayLike<string>} expected
 * @param {(left: string, right: string) => boolean} [same] whether two lines are one
 * @param {(left: string, right: string) => string} [shown] which of two such lines is shown
 * @returns {Step[]}
 */
function steps(actual, expected, same = (left, right) => left === right, shown = (left) => left) {
  const width = actual.length + expected.length;
  const reach = new Int32Array(2 * width + 2);
  /** @type {Int32Array[]} */
  const trace = [];
  for (let distance = 0; distance <= width; distance += 1) {
    // What a step reads of the one before it: its own diagonals and one more on each side.
    push(trace, reach.slice(max(width - distance - 1, 0), width + distance + 2));
    for (let diagonal = -distance; diagonal <= distance; diagonal += 2) {
      const at = diagonal + width;
      const down = diagonal === -distance || (diagonal !== distance && reach[at - 1] < reach[at + 1]);
      let x = down ? reach[at + 1] : reach[at - 1] + 1;
      let y = x - diagonal;
      while (x < actual.length && y < expected.length && same(actual[x], expected[y])) {
        x += 1;
        y += 1;
      }
      reach[at] = x;
      if (x >= actual.length && y >= expected.length) return walkedBack(trace, actual, expected, width, shown);
    }
  }
  return [];
}

/** @param {Int32Array[]} trace @param {ArrayLike<string>} actual @param {ArrayLike<string>} expected @param {number} width @param {(left: string, right: string) => string} shown @returns {Step[]} */
function walkedBack(trace, actual, expected, width, shown) {
  /** @type {Step[]} */
  const path = [];
  let x = actual.length;
  let y = expected.length;
  for (let distance = trace.length - 1; distance >= 0; distance -= 1) {
    const reach = trace[distance];
    const diagonal = x - y;
    const first = max(width - distance - 1, 0);
    const at = diagonal + width - first;
    const down = diagonal === -distance || (diagonal !== distance && reach[at - 1] < reach[at + 1]);
    const before = down ? diagonal + 1 : diagonal - 1;
    const beforeX = reach[before + width - first];
    const beforeY = beforeX - before;
    while (x > beforeX && y > beforeY && x > 0 && y > 0) {
      x -= 1;
      y -= 1;
      push(path, [0, shown(actual[x], expected[y])]);
    }
    if (distance === 0) break;
    if (x > beforeX) {
      x -= 1;
      push(path, [1, actual[x]]);
    } else {
      y -= 1;
      push(path, [-1, expected[y]]);
    }
  }
  return reverse(path);
}

/** @param {any} value @param {string} name */
function requireLines(value, name) {
  if (!isArray(value)) throw invalidType(name, 'Array', value);
  for (let index = 0; index < value.length; index += 1) {
    if (typeof value[index] !== 'string') throw invalidType(`${name}[${index}]`, 'string', value[index]);
  }
}

/** @param {any} actual @param {any} expected @returns {Step[]} */
function diff(actual, expected) {
  if (actual === expected) return [];
  const left = typeof actual === 'string' ? split(actual, '') : actual;
  const right = typeof expected === 'string' ? split(expected, '') : expected;
  requireLines(left, 'actual');
  requireLines(right, 'expected');
  return steps(left, right);
}

module.exports = { diff, steps };
