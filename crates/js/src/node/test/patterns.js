// Patterns of names: which tests run, as `--test-name-pattern` and `--test-skip-pattern` say.
'use strict';

const { invalidValue } = require('node/errors');
const { exec, regExp } = require('builtins/primordials');

const literal = regExp(/^\/(.*)\/([a-z]*)$/s);

/** A text becomes an expression; `/text/i` is one already. @param {any} pattern @returns {RegExp} */
function patternOf(pattern) {
  if (typeof pattern !== 'string') return pattern;
  const parts = exec(literal, pattern);
  try {
    return parts === null ? regExp(new RegExp(pattern)) : regExp(new RegExp(parts[1], parts[2]));
  } catch (error) {
    throw invalidValue('value', pattern, `is an invalid regular expression. ${/** @type {any} */ (error).message}`);
  }
}

/** @param {RegExp[]} patterns @param {string} text */
function anyMatches(patterns, text) {
  for (let index = 0; index < patterns.length; index += 1) {
    patterns[index].lastIndex = 0;
    if (exec(patterns[index], text) !== null) return true;
  }
  return false;
}

/** Whether a pattern matches the name of the test, of one of its parents, or all of them with spaces between. @param {any} test @param {RegExp[]} patterns */
function matchesByName(test, patterns) {
  for (let each = test; each.parent !== null; each = each.parent) {
    if (anyMatches(patterns, each.name)) return true;
  }
  let whole = '';
  for (let each = test; each.parent !== null; each = each.parent) {
    whole = whole === '' ? each.name : `${each.name} ${whole}`;
  }
  return anyMatches(patterns, whole);
}

module.exports = { matchesByName, patternOf };
