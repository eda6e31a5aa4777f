// `util.format`: printf-like substitution, and what `console.log` makes of its arguments.
'use strict';

const { inspect } = require('builtins/inspect/inspect');
const { isBuiltIn } = require('builtins/inspect/keys');
const { formatBigInt, formatNumber } = require('builtins/inspect/primitives');
const {
  assign,
  charCodeAt,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  hasOwn,
  includes,
  keys,
  min,
  parseFloat,
  parseInt,
  pop,
  push,
  slice,
  stringify,
  stringIndexOf,
} = require('builtins/primordials');
const { proxyDetails } = ops;
/** @param {string} text */
const plain = (text) => text;

/** The text of `console.log(...args)`; `options` go to `inspect` for every value that is not a string. @param {any} options @param {any[]} args @returns {string} */
function formatWithOptions(options, args) {
  const first = args[0];
  if (args.length === 1 && typeof first === 'string') return first;
  let text = '';
  let next = 0;
  if (typeof first === 'string') {
    // The template with its directives replaced.
    next = 1;
    let copied = 0;
    let at = nextPercent(first, 0);
    while (at !== -1 && at < first.length - 1) {
      const directive = first[at + 1];
      let replacement;
      if (directive === '%') replacement = '%';
      else if (next < args.length) replacement = substituted(directive, args[next], options);
      if (replacement === undefined) {
        at = nextPercent(first, at + 1);
        continue;
      }
      if (directive !== '%') next += 1;
      text += slice(first, copied, at) + replacement;
      copied = at + 2;
      at = nextPercent(first, copied);
    }
    text += copied === 0 ? first : slice(first, copied);
  }
  for (; next < args.length; next += 1) {
    const value = args[next];
    if (next > 0) text += ' ';
    text += typeof value === 'string' ? value : inspect(value, options);
  }
  return text;
}

/** Where the next `%` stands at `from` or behind it; -1 if nowhere. @param {string} text @param {number} from */
function nextPercent(text, from) {
  // It is mostly near, and the call costs as much as a look at thirty characters.
  const near = min(from + 32, text.length);
  for (let index = from; index < near; index += 1) if (charCodeAt(text, index) === 37) return index;
  return near === text.length ? -1 : stringIndexOf(text, '%', near);
}

/** What stands for a directive; undefined if it is none. @param {string} directive @param {any} value @param {any} options */
function substituted(directive, value, options) {
  switch (directive) {
    case 's':
      return typeof value === 'string' ? value : formatAsString(value, options);
    case 'd':
      return formatAsNumber(value, Number, options);
    case 'i':
      return formatAsNumber(value, parseInt, options);
    case 'f':
      return formatNumber(plain, typeof value === 'symbol' ? NaN : parseFloat(value), separates(options));
    case 'j':
      return formatAsJson(value);
    case 'O':
      return inspect(value, options);
    case 'o':
      return inspect(value, assign({}, options, { showHidden: true, showProxy: true, depth: 4 }));
    case 'c':
      return '';
    default:
      return undefined;
  }
}

/** Whether large numbers are written with `_` in between. @param {any} options */
const separates = (options) => options?.numericSeparator ?? /** @type {any} */ (inspect).defaultOptions.numericSeparator;

/** @param {any} value @param {any} options @returns {string} */
function formatAsString(value, options) {
  if (typeof value === 'number') return formatNumber(plain, value, separates(options));
  if (typeof value === 'bigint') return formatBigInt(plain, value, separates(options));
  if (typeof value !== 'object' || value === null || hasItsOwnToString(value)) return String(value);
  return inspect(value, assign({}, options, { depth: 0, colors: false, compact: 3 }));
}

/** @param {any} value @param {(value: any) => number} convert @param {any} options */
function formatAsNumber(value, convert, options) {
  const separated = separates(options);
  if (typeof value === 'number' && convert === Number) return formatNumber(plain, value, separated);
  if (typeof value === 'bigint') return formatBigInt(plain, value, separated);
  if (typeof value === 'symbol') return 'NaN';
  return formatNumber(plain, convert(value), separated);
}

/** @param {any} value */
function formatAsJson(value) {
  try {
    const text = stringify(value);
    return text === undefined ? 'undefined' : text;
  } catch (error) {
    if (isCycle(value, [])) return '[Circular]';
    throw error;
  }
}

/** @param {any} value @param {any[]} ancestors @returns {boolean} */
function isCycle(value, ancestors) {
  if (typeof value !== 'object' || value === null) return false;
  if (includes(ancestors, value)) return true;
  push(ancestors, value);
  const names = keys(value);
  let found = false;
  for (let index = 0; index < names.length && !found; index += 1) found = isCycle(value[names[index]], ancestors);
  pop(ancestors);
  return found;
}

/** Whether the program, not the engine, says how the object becomes a string. @param {any} value */
function hasItsOwnToString(value) {
  if (proxyDetails(value) !== undefined) return false;
  if (typeof value.toString !== 'function') return false;
  if (hasOwn(value, 'toString')) return true;
  let holder = value;
  do {
    holder = getPrototypeOf(holder);
  } while (!hasOwn(holder, 'toString'));
  const constructor = getOwnPropertyDescriptor(holder, 'constructor')?.value;
  return !(typeof constructor === 'function' && isBuiltIn(constructor));
}

/** `format(...args)`. @param {...any} args */
const format = (...args) => formatWithOptions(undefined, args);

module.exports = {
  format,
  formatWithOptions: (/** @type {any} */ options, /** @type {any[]} */ ...args) => formatWithOptions(options, args),
  formatArguments: formatWithOptions,
};
