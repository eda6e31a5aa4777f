// What reporters share: colours where they are shown, symbols, and a test's line and error as text.
'use strict';

const { process } = require('node/process/process');
const { inspect } = require('builtins/inspect/inspect');
const { getColorDepth } = require('node/tty/colors');
const { join, regExp, repeat, split } = require('builtins/primordials');
const { isTerminalDescriptor } = ops;

const symbols = {
  arrow: '\u25b6 ',
  diagnostic: '\u2139 ',
  fail: '\u2716 ',
  minus: '\ufe63 ',
  pass: '\u2714 ',
};

function hasColors() {
  const { FORCE_COLOR, NO_COLOR, NODE_DISABLE_COLORS } = process.env;
  if (FORCE_COLOR !== undefined) return getColorDepth(process.env) > 2;
  if (NO_COLOR !== undefined || NODE_DISABLE_COLORS !== undefined) return false;
  return isTerminalDescriptor(1) && getColorDepth(process.env) > 2;
}

/** @returns {Record<string, string>} */
function colors() {
  if (!hasColors()) return { blue: '', gray: '', green: '', red: '', yellow: '', white: '' };
  return {
    blue: '\u001b[34m',
    gray: '\u001b[90m',
    green: '\u001b[32m',
    red: '\u001b[31m',
    yellow: '\u001b[33m',
    white: '\u001b[39m',
  };
}

/** @param {number} nesting */
const indentation = (nesting) => repeat('  ', nesting);
const lines = regExp(/\r?\n/);

/** @param {any} error @param {string} indent */
function errorText(error, indent) {
  if (error === undefined || error === null) return '';
  const shown = error.code === 'ERR_TEST_FAILURE' ? (error.cause ?? error) : error;
  const text = join(split(inspect(shown, { colors: hasColors(), breakLength: Infinity }), lines), `\n${indent}  `);
  return `\n${indent}  ${text}\n`;
}

/** @param {'pass' | 'fail'} kind @param {any} data @param {{ prefix?: string, indent?: string, hasChildren?: boolean, showsError?: boolean }} how */
function testLine(kind, data, { prefix = '', indent = '', hasChildren = false, showsError = false } = {}) {
  const tones = colors();
  const { skip, todo, expectFailure } = data;
  let color = kind === 'pass' ? tones.green : tones.red;
  let symbol = symbols[kind];
  const duration = data.details?.duration_ms;
  let title = duration === undefined ? data.name : `${data.name} ${tones.gray}(${duration}ms)${tones.white}`;
  const before = data.details?.passed_on_attempt;
  if (before !== undefined) title += ` ${tones.gray}(passed on attempt ${before})${tones.white}`;
  if (skip !== undefined) {
    title += ` # ${typeof skip === 'string' && skip !== '' ? skip : 'SKIP'}`;
    color = tones.gray;
    symbol = symbols.minus;
  } else if (todo !== undefined) {
    title += ` # ${typeof todo === 'string' && todo !== '' ? todo : 'TODO'}`;
  } else if (expectFailure !== undefined) {
    title += ` # ${typeof expectFailure === 'string' ? expectFailure : 'EXPECTED FAILURE'}`;
  }
  const error = showsError && !hasChildren ? errorText(data.details?.error, indent) : '';
  return `${prefix}${indent}${color}${symbol}${title}${tones.white}${error}`;
}

module.exports = { colors, errorText, indentation, symbols, testLine };
