// How `inspect` writes primitive values: quotes and escapes of strings, numbers with separators.
'use strict';

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
      return stylize(String(value), 'boolean');
    case 'undefined':
      return stylize('undefined', 'undefined');
    case 'symbol':
      return stylize(escapeControls(value.toString()), 'symbol');
    default:
      return stylize('null', 'null');
  }
}

function formatString(context, value) {
  let trailer = '';
  if (value.length > context.maxStringLength) {
    const remaining = value.length - context.maxStringLength;
    value = value.slice(0, context.maxStringLength);
    trailer = `... ${remaining} more character${remaining > 1 ? 's' : ''}`;
  }
  // A long string of several lines is broken after its line ends, unless it stands alone.
  if (context.compact !== true && value.length > 16 && value.length > context.breakLength - context.indentation - 4) {
    const lines = value.split(/(?<=\n)/).map((line) => context.stylize(quote(line), 'string'));
    return lines.join(` +\n${' '.repeat(context.indentation + 2)}`) + trailer;
  }
  return context.stylize(quote(value), 'string') + trailer;
}

function formatNumber(stylize, value, separate = false) {
  if (!separate) return stylize(Object.is(value, -0) ? '-0' : `${value}`, 'number');
  const whole = Math.trunc(value);
  const text = String(whole);
  if (Object.is(value, -0) || text.includes('e')) return stylize(Object.is(value, -0) ? '-0' : `${value}`, 'number');
  if (whole === value || Number.isNaN(value)) {
    return stylize(!Number.isFinite(whole) || text.length < 4 ? text : separateThousands(text), 'number');
  }
  const fraction = String(value).slice(text.length + 1);
  return stylize(`${separateThousands(text)}.${fraction.replace(/(\d{3})(?=\d)/g, '$1_')}`, 'number');
}

function formatBigInt(stylize, value, separate = false) {
  return stylize(`${separate ? separateThousands(String(value)) : value}n`, 'bigint');
}

function separateThousands(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, '_');
}

const shortEscapes = { __proto__: null, '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };

const lone = '[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]';

const mustEscape = new RegExp(`[\\x00-\\x1f\\x5c\\x7f-\\x9f]|${lone}`);

const everyEscape = new RegExp(`[\\x00-\\x1f\\x27\\x5c\\x7f-\\x9f]|${lone}`, 'g');

const everyEscapeButQuote = new RegExp(`[\\x00-\\x1f\\x5c\\x7f-\\x9f]|${lone}`, 'g');

const needsNothing = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/;

function escapeUnit(unit) {
  const short = shortEscapes[unit];
  if (short !== undefined) return short;
  if (unit === "'") return "\\'";
  const code = unit.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).toUpperCase().padStart(2, '0')}` : `\\u${code.toString(16)}`;
}

/** The string as a literal: single quotes, or the quotes that need no escape. */
function quote(value) {
  if (needsNothing.test(value)) return `'${value}'`;
  let mark = "'";
  if (value.includes("'")) {
    if (!value.includes('"')) mark = '"';
    else if (!value.includes('`') && !value.includes('${')) mark = '`';
  }
  if (mark === "'" && value.includes("'")) return `'${value.replace(everyEscape, escapeUnit)}'`;
  return mustEscape.test(value) ? `${mark}${value.replace(everyEscapeButQuote, escapeUnit)}${mark}` : `${mark}${value}${mark}`;
}

/** Names of symbols and hidden properties keep their quotes and lose their control characters. */
function escapeControls(text) {
  return mustEscape.test(text) ? text.replace(everyEscape, escapeUnit) : text;
}

module.exports = { escapeControls, formatBigInt, formatNumber, formatPrimitive, quote };
