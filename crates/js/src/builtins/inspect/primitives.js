// How `inspect` writes primitive values: quotes and escapes of strings, numbers with separators.
'use strict';

const {
  trunc,
  charCodeAt,
  is,
  join,
  map,
  numberToString,
  padStart,
  regExp,
  repeat,
  replace,
  slice,
  split,
  stringIncludes,
  symbolToString,
  test,
  toUpperCase,
} = require('builtins/primordials');

/** @typedef {(text: string, style: string) => string} Stylize */

/** @param {Pick<InspectContext, 'stylize' | 'numericSeparator' | 'maxStringLength' | 'compact' | 'breakLength' | 'indentation'>} context @param {any} value */
function formatPrimitive(context, value) {
  const { stylize } = context;
  switch (typeof value) {
    case 'string':
      return formatString(context, value);
    case 'number':
      return formatNumber(stylize, value, context.numericSeparator);
    case 'bigint':
      return formatBigInt(stylize, value, context.numericSeparator);
    case 'boolean':
      return stylize(`${value}`, 'boolean');
    case 'undefined':
      return stylize('undefined', 'undefined');
    case 'symbol':
      return stylize(escapeControls(symbolToString(value)), 'symbol');
    default:
      return stylize('null', 'null');
  }
}

/** @param {Parameters<typeof formatPrimitive>[0]} context @param {string} value */
function formatString(context, value) {
  let trailer = '';
  if (value.length > context.maxStringLength) {
    const remaining = value.length - context.maxStringLength;
    value = slice(value, 0, context.maxStringLength);
    trailer = `... ${remaining} more character${remaining > 1 ? 's' : ''}`;
  }
  // A long string of several lines is broken after its line ends, unless it stands alone.
  if (context.compact !== true && value.length > 16 && value.length > context.breakLength - context.indentation - 4) {
    const lines = map(split(value, lineStart), (line) => context.stylize(quote(line), 'string'));
    return join(lines, ` +\n${repeat(' ', context.indentation + 2)}`) + trailer;
  }
  return context.stylize(quote(value), 'string') + trailer;
}

const lineStart = regExp(/(?<=\n)/);
const triple = regExp(/(\d{3})(?=\d)/g);
const thousands = regExp(/\B(?=(\d{3})+$)/g);

/** @param {Stylize} stylize @param {number} value @param {boolean} [separate] */
function formatNumber(stylize, value, separate = false) {
  if (!separate) return stylize(is(value, -0) ? '-0' : `${value}`, 'number');
  const whole = trunc(value);
  const text = `${whole}`;
  if (is(value, -0) || stringIncludes(text, 'e')) return stylize(is(value, -0) ? '-0' : `${value}`, 'number');
  if (whole === value || value !== value) {
    return stylize(!(whole > -Infinity && whole < Infinity) || text.length < 4 ? text : separateThousands(text), 'number');
  }
  const fraction = slice(`${value}`, text.length + 1);
  return stylize(`${separateThousands(text)}.${replace(fraction, triple, '$1_')}`, 'number');
}

/** @param {Stylize} stylize @param {bigint} value @param {boolean} [separate] */
function formatBigInt(stylize, value, separate = false) {
  return stylize(`${separate ? separateThousands(`${value}`) : value}n`, 'bigint');
}

/** @param {string} digits */
function separateThousands(digits) {
  return replace(digits, thousands, '_');
}

/** @type {any} */
const shortEscapes = { __proto__: null, '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };

const lone = '[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]';

const mustEscape = regExp(new RegExp(`[\\x00-\\x1f\\x5c\\x7f-\\x9f]|${lone}`));

const everyEscape = regExp(new RegExp(`[\\x00-\\x1f\\x27\\x5c\\x7f-\\x9f]|${lone}`, 'g'));

const everyEscapeButQuote = regExp(new RegExp(`[\\x00-\\x1f\\x5c\\x7f-\\x9f]|${lone}`, 'g'));

const needsNothing = regExp(/^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/);

/** @param {string} unit @returns {string} */
function escapeUnit(unit) {
  const short = shortEscapes[unit];
  if (short !== undefined) return short;
  if (unit === "'") return "\\'";
  const code = charCodeAt(unit, 0);
  return code < 256 ? `\\x${padStart(toUpperCase(numberToString(code, 16)), 2, '0')}` : `\\u${numberToString(code, 16)}`;
}

/** The string as a literal: single quotes, or the quotes that need no escape. @param {string} value */
function quote(value) {
  if (test(needsNothing, value)) return `'${value}'`;
  let mark = "'";
  if (stringIncludes(value, "'")) {
    if (!stringIncludes(value, '"')) mark = '"';
    else if (!stringIncludes(value, '`') && !stringIncludes(value, '${')) mark = '`';
  }
  if (mark === "'" && stringIncludes(value, "'")) return `'${replace(value, everyEscape, escapeUnit)}'`;
  return test(mustEscape, value) ? `${mark}${replace(value, everyEscapeButQuote, escapeUnit)}${mark}` : `${mark}${value}${mark}`;
}

/** Names of symbols and hidden properties keep their quotes and lose their control characters. @param {string} text */
function escapeControls(text) {
  return test(mustEscape, text) ? replace(text, everyEscape, escapeUnit) : text;
}

module.exports = { escapeControls, formatBigInt, formatNumber, formatPrimitive, quote };
