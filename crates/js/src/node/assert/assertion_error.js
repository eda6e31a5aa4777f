// `assert.AssertionError` (https://nodejs.org/api/assert.html#class-assertassertionerror) and the messages that compare two values line by line.
'use strict';

const { invalidType } = require('node/errors');
const { requireOneOf } = require('node/arguments');
const { inspect } = require('builtins/inspect/inspect');
const { steps } = require('node/util/diff');
const {
  arraySlice,
  assign,
  create,
  customInspect,
  defineProperty,
  endsWith,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  includes,
  join,
  keys,
  max,
  push,
  repeat,
  slice,
  split,
  stringIndexOf,
  trimEnd,
} = require('builtins/primordials');
const { hasColors } = ops;

/** @type {Record<string, string>} */
const headlines = {
  deepStrictEqual: 'Expected values to be strictly deep-equal:',
  partialDeepStrictEqual: 'Expected values to be partially and strictly deep-equal:',
  strictEqual: 'Expected values to be strictly equal:',
  strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
  deepEqual: 'Expected values to be loosely deep-equal:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  notIdentical: 'Values have same structure but are not reference-equal:',
  notDeepEqualUnequal: 'Expected values not to be loosely deep-equal:',
};
// Operators whose message has the difference, also below a message of the program's own.
const comparing = ['deepStrictEqual', 'strictEqual', 'partialDeepStrictEqual'];

// Values whose text is so short stand beside each other, and how long others may be.
const shortLength = 12;
const longLength = 512;
const mostLines = 50;
// So many equal lines in a row are shown before the rest of them is left out.
const contextLines = 5;
// BOUNDED: longer values are compared line by line at the same place, and not by the shortest way.
const mostCompared = 4000;

/** @param {any} value */
function shown(value) {
  return inspect(value, {
    compact: false,
    customInspect: false,
    depth: 1000,
    maxArrayLength: Number.POSITIVE_INFINITY,
    maxStringLength: Number.POSITIVE_INFINITY,
    showHidden: false,
    showProxy: false,
    sorted: true,
    getters: true,
    breakLength: Number.POSITIVE_INFINITY,
  });
}

function palette() {
  const on = hasColors(2);
  const code = (/** @type {number} */ number) => (on ? `\u001b[${number}m` : '');
  return { on, green: code(32), red: code(31), blue: code(34), gray: code(90), white: code(39) };
}

/** @typedef {ReturnType<typeof palette>} Palette */

/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null;

/** Lines that differ only in the comma at their end are one. @param {string} left @param {string} right */
const sameButComma = (left, right) => left === right || `${left},` === right || left === `${right},`;

/** @param {string} left @param {string} right */
const withComma = (left, right) => (endsWith(left, ',') ? left : right);

/** @param {string[]} actual @param {string[]} expected @param {boolean} ignoresCommas */
function linesDiff(actual, expected, ignoresCommas) {
  if (actual.length + expected.length <= mostCompared) {
    return ignoresCommas ? steps(actual, expected, sameButComma, withComma) : steps(actual, expected);
  }
  /** @type {[operation: -1 | 0 | 1, value: string][]} */
  const list = [];
  for (let index = 0; index < max(actual.length, expected.length); index += 1) {
    if (index < actual.length && index < expected.length && sameButComma(actual[index], expected[index])) push(list, [0, actual[index]]);
    else {
      if (index < actual.length) push(list, [1, actual[index]]);
      if (index < expected.length) push(list, [-1, expected[index]]);
    }
  }
  return list;
}

/** @param {[operation: -1 | 0 | 1, value: string][]} list @param {string} operator @param {Palette} colors */
function printed(list, operator, colors) {
  let text = '';
  let skipped = false;
  let equal = 0;
  for (let index = 0; index < list.length; index += 1) {
    const { 0: operation, 1: value } = list[index];
    if (index > 0 && list[index - 1][0] === 0 && operation !== 0) {
      // One or two lines more are not worth leaving out.
      if (equal === contextLines + 1) text += `${colors.white}  ${list[index - 1][1]}\n`;
      else if (equal === contextLines + 2) text += `${colors.white}  ${list[index - 2][1]}\n${colors.white}  ${list[index - 1][1]}\n`;
      else if (equal >= contextLines + 3) {
        text += `${colors.blue}...${colors.white}\n${colors.white}  ${list[index - 1][1]}\n`;
        skipped = true;
      }
      equal = 0;
    }
    if (operation === 1) {
      text +=
        operator === 'partialDeepStrictEqual'
          ? `${colors.gray}${colors.on ? ' ' : '+'} ${value}${colors.white}\n`
          : `${colors.green}+${colors.white} ${value}\n`;
    } else if (operation === -1) {
      text += `${colors.red}-${colors.white} ${value}\n`;
    } else {
      if (equal < contextLines) text += `${colors.white}  ${value}\n`;
      equal += 1;
    }
  }
  return { text: `\n${trimEnd(text)}`, skipped };
}

/** Two values of one line each. @param {any} actual @param {string} actualText @param {any} expected @param {string} expectedText @param {Palette} colors */
function simpleDiff(actual, actualText, expected, expectedText, colors) {
  const quotes = (typeof actual === 'string' ? 2 : 0) + (typeof expected === 'string' ? 2 : 0);
  const isShort = actualText.length + expectedText.length - quotes <= shortLength;
  if (isShort && (actual !== 0 || expected !== 0)) return { text: `${actualText} !== ${expectedText}`, header: '' };
  const areStrings = typeof actual === 'string' && typeof expected === 'string';
  if (areStrings && colors.on) return charactersDiff(actualText, expectedText, colors);
  let text = `\n${colors.green}+${colors.white} ${actualText}\n${colors.red}- ${colors.white}${expectedText}`;
  if (areStrings) {
    let at = 0;
    while (at < actualText.length && actualText[at] === expectedText[at]) at += 1;
    // The first letters are compared at a glance.
    if (at >= 3 && at < actualText.length) text += `\n${repeat(' ', at + 2)}^`;
  }
  return { text, header: undefined };
}

/** @param {string} actual @param {string} expected @param {Palette} colors */
function charactersDiff(actual, expected, colors) {
  const list = linesDiff(split(actual, ''), split(expected, ''), false);
  let text = '\n';
  for (let index = 0; index < list.length; index += 1) {
    const { 0: operation, 1: value } = list[index];
    text += `${operation === 1 ? colors.green : operation === -1 ? colors.red : colors.white}${value}${colors.white}`;
  }
  return { text, header: `${colors.green}actual${colors.white} ${colors.red}expected${colors.white}` };
}

/** @param {any} actual @param {any} expected @param {string} given @param {any} message @param {string} diff */
function comparison(actual, expected, given, message, diff) {
  const colors = palette();
  let operator = given;
  const areObjects = (isObject(actual) && isObject(expected)) || (typeof actual === 'function' && typeof expected === 'function');
  if (operator === 'strictEqual' && areObjects) operator = 'strictEqualObject';
  const actualText = shown(actual);
  const expectedText = shown(expected);
  const actualLines = split(actualText, '\n');
  const expectedLines = split(expectedText, '\n');
  let header = `${colors.green}+ actual${colors.white} ${colors.red}- expected${colors.white}`;
  let skipped = false;
  let text = '';
  if (actualLines.length === 1 && expectedLines.length === 1 && !(isObject(actual) && isObject(expected))) {
    const simple = simpleDiff(actual, actualText, expected, expectedText, colors);
    text = simple.text;
    header = simple.header ?? header;
  } else if (actualText === expectedText) {
    operator = 'notIdentical';
    header = '';
    skipped = actualLines.length > mostLines && diff !== 'full';
    text = skipped ? `${join(arraySlice(actualLines, 0, mostLines), '\n')}\n...}` : actualText;
  } else {
    const list = linesDiff(actualLines, expectedLines, isObject(actual));
    ({ text, skipped } = printed(list, operator, colors));
  }
  return `${message || headlines[operator]}\n${header}${skipped ? '\n... Skipped lines' : ''}\n${text}\n`;
}

/** What should not have been equal. @param {any} actual @param {string} operator @param {string} diff */
function inequality(actual, operator, diff) {
  const colors = palette();
  const isReference = operator === 'notStrictEqual' && (isObject(actual) || typeof actual === 'function');
  const headline = isReference ? headlines.notStrictEqualObject : headlines[operator];
  let lines = split(shown(actual), '\n');
  if (lines.length > mostLines && diff !== 'full') {
    lines = arraySlice(lines, 0, 46);
    push(lines, `${colors.blue}...${colors.white}`);
  }
  if (lines.length === 1) return `${headline}${lines[0].length > 5 ? '\n\n' : ' '}${lines[0]}`;
  return `${headline}\n\n${join(lines, '\n')}\n`;
}

/** @param {string} text @param {string} diff */
const cut = (text, diff) => (text.length > longLength && diff !== 'full' ? `${slice(text, 0, longLength - 3)}...` : text);

/** @param {any} actual @param {any} expected @param {any} operator @param {string} diff */
function sentence(actual, expected, operator, diff) {
  const left = shown(actual);
  const right = shown(expected);
  if (operator === 'notDeepEqual' && left === right) {
    const text = `${headlines.notDeepEqual}\n\n${left}`;
    return text.length > 1024 && diff !== 'full' ? `${slice(text, 0, 1021)}...` : text;
  }
  if (operator === 'deepEqual') return `${headlines.deepEqual}\n\n${cut(left, diff)}\n\nshould loosely deep-equal\n\n${cut(right, diff)}`;
  if (operator === 'notDeepEqual') {
    return `${headlines.notDeepEqualUnequal}\n\n${cut(left, diff)}\n\nshould not loosely deep-equal\n\n${cut(right, diff)}`;
  }
  return `${cut(left, diff)} ${operator} ${cut(right, diff)}`;
}

/** An error without its frames, which would be compared. @param {any} error */
function withoutStack(error) {
  const copy = create(getPrototypeOf(error));
  const names = keys(error);
  for (let index = 0; index < names.length; index += 1) copy[names[index]] = error[names[index]];
  defineProperty(copy, 'message', { value: error.message, configurable: true });
  if (getOwnPropertyDescriptor(error, 'cause') !== undefined) {
    const { cause } = error;
    defineProperty(copy, 'cause', { value: cause instanceof Error ? withoutStack(cause) : cause, configurable: true });
  }
  return copy;
}

/** @param {any} options @param {string} diff */
function messageOf(options, diff) {
  const { message, operator } = options;
  let { actual, expected } = options;
  if (message !== undefined && message !== null) {
    return includes(comparing, operator) ? comparison(actual, expected, operator, message, diff) : `${message}`;
  }
  if (
    isObject(actual) &&
    isObject(expected) &&
    actual instanceof Error &&
    expected instanceof Error &&
    'stack' in actual &&
    'stack' in expected
  ) {
    actual = withoutStack(actual);
    expected = withoutStack(expected);
  }
  if (includes(comparing, operator)) return comparison(actual, expected, operator, undefined, diff);
  if (operator === 'notDeepStrictEqual' || operator === 'notStrictEqual') return inequality(actual, operator, diff);
  return sentence(actual, expected, operator, diff);
}

/** A long text in front of which nobody wants to scroll. @param {any} value */
function withEllipsis(value) {
  if (typeof value !== 'string') return value;
  const lines = split(value, '\n', 11);
  if (lines.length > 10) return `${join(arraySlice(lines, 0, 10), '\n')}\n...`;
  return value.length > longLength ? `${slice(value, 0, longLength)}...` : value;
}

/** Whatever the program made of `Object.prototype`. @param {any} value @returns {PropertyDescriptor} */
function hidden(value) {
  return /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: false, configurable: true });
}

class AssertionError extends Error {
  /** @param {any} options */
  constructor(options) {
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'object', options);
    const { message, actual, expected, operator, stackStartFn, stackStartFunction, diff = 'simple' } = options;
    requireOneOf(diff, 'diff', ['simple', 'full']);
    super(messageOf(options, diff));
    this.generatedMessage = !message;
    this.code = 'ERR_ASSERTION';
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
    this.diff = diff;
    // The header of the stack has the code, the name has not.
    defineProperty(this, 'name', hidden('AssertionError'));
    const holder = { stack: '' };
    /** @type {any} */ (Error).captureStackTrace(holder, stackStartFn ?? stackStartFunction ?? AssertionError);
    const at = typeof holder.stack === 'string' ? stringIndexOf(holder.stack, '\n    at') : -1;
    const frames = at === -1 ? '' : slice(holder.stack, at);
    defineProperty(this, 'stack', hidden(`AssertionError [ERR_ASSERTION]: ${this.message}${frames}`));
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }

  /** @param {number} _depth @param {any} context */
  [customInspect](_depth, context) {
    const { actual, expected } = this;
    this.actual = withEllipsis(actual);
    this.expected = withEllipsis(expected);
    const text = inspect(this, assign({}, context, { customInspect: false, depth: 0 }));
    this.actual = actual;
    this.expected = expected;
    return text;
  }
}

module.exports = { AssertionError };
