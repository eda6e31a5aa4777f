// `util.format`: printf-like substitution, and what `console.log` makes of its arguments.
'use strict';

const { inspect } = require('builtins/inspect/inspect');
const { isBuiltIn } = require('builtins/inspect/keys');
const { formatBigInt, formatNumber } = require('builtins/inspect/primitives');
const { proxyDetails } = ops;
const plain = (text) => text;

/** The text of `console.log(...args)`; `options` go to `inspect` for every value that is not a string. */
function formatWithOptions(options, args) {
  const [first] = args;
  let text = '';
  let next = 0;
  if (typeof first === 'string') {
    if (args.length === 1) return first;
    [text, next] = substitute(options, first, args);
  }
  for (; next < args.length; next += 1) {
    const value = args[next];
    if (next > 0) text += ' ';
    text += typeof value === 'string' ? value : inspect(value, options);
  }
  return text;
}

/** The template with its directives replaced, and the index of the first argument that none took. */
function substitute(options, template, args) {
  let text = '';
  let next = 1;
  let copied = 0;
  for (let at = template.indexOf('%'); at !== -1 && at < template.length - 1; at = template.indexOf('%', at)) {
    const directive = template[at + 1];
    let replacement;
    if (directive === '%') replacement = '%';
    else if (next < args.length) replacement = directives[directive]?.(args[next], options);
    if (replacement === undefined) {
      at += 1;
      continue;
    }
    if (directive !== '%') next += 1;
    text += template.slice(copied, at) + replacement;
    at += 2;
    copied = at;
  }
  return [text + template.slice(copied), next];
}

const directives = {
  __proto__: null,
  s: formatAsString,
  d: (value) => formatAsNumber(value, Number),
  i: (value) => formatAsNumber(value, Number.parseInt),
  f: (value) => formatNumber(plain, typeof value === 'symbol' ? NaN : Number.parseFloat(value)),
  j: formatAsJson,
  O: (value, options) => inspect(value, options),
  o: (value, options) => inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 }),
  c: () => '',
};

function formatAsString(value, options) {
  if (typeof value === 'number') return formatNumber(plain, value);
  if (typeof value === 'bigint') return formatBigInt(plain, value);
  if (typeof value !== 'object' || value === null || hasItsOwnToString(value)) return String(value);
  return inspect(value, { ...options, depth: 0, colors: false, compact: 3 });
}

function formatAsNumber(value, convert) {
  if (typeof value === 'bigint') return formatBigInt(plain, value);
  if (typeof value === 'symbol') return 'NaN';
  return formatNumber(plain, typeof value === 'object' && convert === Number ? Number(value) : convert(value));
}

function formatAsJson(value) {
  try {
    const text = JSON.stringify(value);
    return text === undefined ? 'undefined' : text;
  } catch (error) {
    if (isCycle(value, [])) return '[Circular]';
    throw error;
  }
}

function isCycle(value, ancestors) {
  if (typeof value !== 'object' || value === null) return false;
  if (ancestors.includes(value)) return true;
  ancestors.push(value);
  const found = Object.keys(value).some((key) => isCycle(value[key], ancestors));
  ancestors.pop();
  return found;
}

/** Whether the program, not the engine, says how the object becomes a string. */
function hasItsOwnToString(value) {
  if (proxyDetails(value) !== undefined) return false;
  if (typeof value.toString !== 'function') return false;
  if (Object.hasOwn(value, 'toString')) return true;
  let holder = value;
  do {
    holder = Object.getPrototypeOf(holder);
  } while (!Object.hasOwn(holder, 'toString'));
  const constructor = Object.getOwnPropertyDescriptor(holder, 'constructor')?.value;
  return !(typeof constructor === 'function' && isBuiltIn(constructor));
}

module.exports = {
  format: (...args) => formatWithOptions(undefined, args),
  formatWithOptions: (options, ...args) => formatWithOptions(options, args),
  formatArguments: formatWithOptions,
};
