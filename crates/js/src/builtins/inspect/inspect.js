// The text of a value, as Node's `util.inspect` writes it (https://nodejs.org/api/util.html#utilinspectobject-options), because
// that is what JavaScript users read every day. Here are the walk over the value, the properties and the layout of lines;
// `inspect_types` says what each built-in type shows. Loaded when `console` first prints an object.
'use strict';

const { isBuiltIn } = require('builtins/inspect/keys');
const { layOut } = require('builtins/inspect/layout');
const { escapeControls, formatPrimitive, quote } = require('builtins/inspect/primitives');
const { className, proxyDetails } = ops;
const { defineProperty, entries, forEach } = require('builtins/primordials');
const loadStringWidth = () => require('builtins/inspect/string_width');
const loadTypes = () => require('builtins/inspect/types');

const custom = Symbol.for('nodejs.util.inspect.custom');

const { hasOwn } = Object;

const { propertyIsEnumerable } = Object.prototype;

const identifier = /^[a-zA-Z_][a-zA-Z_0-9]*$/;

// Node stops descending when the text of one indentation level passes this, so that a huge graph ends.
const longestText = 2 ** 27;

const defaultOptions = {
  showHidden: false,
  depth: 2,
  colors: false,
  customInspect: true,
  showProxy: false,
  maxArrayLength: 100,
  maxStringLength: 10000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
  numericSeparator: false,
};

// The codes that begin and end a style (https://en.wikipedia.org/wiki/ANSI_escape_code#SGR).
/** @type {Record<string, [begin: number, end: number]>} */
const colors = {
  __proto__: null,
  reset: [0, 0],
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  underline: [4, 24],
  blink: [5, 25],
  inverse: [7, 27],
  hidden: [8, 28],
  strikethrough: [9, 29],
  doubleunderline: [21, 24],
  black: [30, 39],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  white: [37, 39],
  bgBlack: [40, 49],
  bgRed: [41, 49],
  bgGreen: [42, 49],
  bgYellow: [43, 49],
  bgBlue: [44, 49],
  bgMagenta: [45, 49],
  bgCyan: [46, 49],
  bgWhite: [47, 49],
  framed: [51, 54],
  overlined: [53, 55],
  gray: [90, 39],
  redBright: [91, 39],
  greenBright: [92, 39],
  yellowBright: [93, 39],
  blueBright: [94, 39],
  magentaBright: [95, 39],
  cyanBright: [96, 39],
  whiteBright: [97, 39],
  bgGray: [100, 49],
  bgRedBright: [101, 49],
  bgGreenBright: [102, 49],
  bgYellowBright: [103, 49],
  bgBlueBright: [104, 49],
  bgMagentaBright: [105, 49],
  bgCyanBright: [106, 49],
  bgWhiteBright: [107, 49],
};
// Other names for the same, which are not listed.
const aliases = {
  grey: 'gray',
  blackBright: 'gray',
  bgGrey: 'bgGray',
  bgBlackBright: 'bgGray',
  crossedout: 'strikethrough',
  strikeThrough: 'strikethrough',
  crossedOut: 'strikethrough',
  conceal: 'hidden',
  swapcolors: 'inverse',
  swapColors: 'inverse',
  faint: 'dim',
  doubleUnderline: 'doubleunderline',
};
forEach(entries(aliases), (pair) => {
  const name = pair[1];
  defineProperty(colors, pair[0], {
    get: () => colors[name],
    set(codes) {
      colors[name] = codes;
    },
    enumerable: false,
    configurable: true,
  });
});

const styles = {
  __proto__: null,
  special: 'cyan',
  number: 'yellow',
  bigint: 'yellow',
  boolean: 'yellow',
  undefined: 'grey',
  null: 'bold',
  string: 'green',
  symbol: 'green',
  date: 'magenta',
  regexp: 'red',
  module: 'underline',
};

const plain = (text) => text;

const coloured = (text, style) => {
  const color = colors[styles[style]];
  return color === undefined ? text : `\u001b[${color[0]}m${text}\u001b[${color[1]}m`;
};

/** `util.inspect(value, options)`, also in the old form `(value, showHidden, depth, colors)`. */
function inspect(value, options, legacyDepth, legacyColors) {
  const context = { ...defaultOptions, userOptions: undefined };
  if (typeof options === 'boolean') context.showHidden = options;
  if (legacyDepth !== undefined) context.depth = legacyDepth;
  if (legacyColors !== undefined) context.colors = legacyColors;
  if (typeof options === 'object' && options !== null) {
    for (const key of Object.keys(options)) {
      if (hasOwn(defaultOptions, key) || key === 'stylize') context[key] = options[key];
    }
    context.userOptions = options;
  }
  context.stylize ??= context.colors ? coloured : plain;
  if (context.maxArrayLength === null) context.maxArrayLength = Infinity;
  if (context.maxStringLength === null) context.maxStringLength = Infinity;
  context.ancestors = [];
  context.circular = undefined;
  context.indentation = 0;
  context.currentDepth = 0;
  context.lengthAtIndentation = [];
  // What the types call to show what is inside of them.
  context.formatValue = formatValue;
  context.formatProperty = formatProperty;
  return formatValue(context, value, 0);
}

inspect.custom = custom;

inspect.colors = colors;

inspect.styles = styles;

Object.defineProperty(inspect, 'defaultOptions', {
  enumerable: true,
  get: () => defaultOptions,
  set(options) {
    if (typeof options !== 'object' || options === null) throw new TypeError('inspect.defaultOptions must be an object');
    Object.assign(defaultOptions, options);
  },
});

function formatValue(context, value, depth, insideTypedArray = false) {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return formatPrimitive(context, value);
  const original = value;
  const proxy = proxyDetails(value);
  if (proxy !== undefined) {
    if (proxy[0] === null) return context.stylize('<Revoked Proxy>', 'special');
    if (context.showProxy) return formatProxy(context, proxy, depth);
    value = innermostTarget(proxy);
    if (value === null) return context.stylize('<Revoked Proxy>', 'special');
  }
  if (context.customInspect) {
    const text = formatByItsOwnMethod(context, value, original, depth);
    if (text !== undefined) return text;
  }
  if (context.ancestors.includes(value)) return formatCycle(context, value);
  return formatObject(context, value, depth, insideTypedArray);
}

function innermostTarget(proxy) {
  for (;;) {
    const target = proxy[0];
    if (target === null) return null;
    proxy = proxyDetails(target);
    if (proxy === undefined) return target;
  }
}

function formatByItsOwnMethod(context, value, original, depth) {
  const method = value[custom];
  if (typeof method !== 'function' || method === inspect) return undefined;
  // A prototype object carries the method for its instances, not for itself.
  const { constructor } = value;
  if (typeof constructor === 'function' && constructor.prototype === value) return undefined;
  const remaining = context.depth === null ? null : context.depth - depth;
  const result = method.call(original, remaining, optionsFor(context), inspect);
  if (result === original) return undefined;
  if (typeof result === 'object' && result !== null) {
    return formatValue(context, result, depth).replaceAll('\n', `\n${' '.repeat(context.indentation)}`);
  }
  return String(result).replaceAll('\n', `\n${' '.repeat(context.indentation)}`);
}

/** What a method gets: the options as they were given; the remaining depth is its first argument. */
function optionsFor(context) {
  const options = { stylize: context.stylize };
  for (const key of Object.keys(defaultOptions)) options[key] = context[key];
  return { ...options, ...context.userOptions };
}

function formatCycle(context, value) {
  context.circular ??= new Map();
  let index = context.circular.get(value);
  if (index === undefined) {
    index = context.circular.size + 1;
    context.circular.set(value, index);
  }
  return context.stylize(`[Circular *${index}]`, 'special');
}

function formatProxy(context, proxy, depth) {
  if (context.depth !== null && depth > context.depth) return context.stylize('Proxy [Array]', 'special');
  context.indentation += 2;
  const parts = [formatValue(context, proxy[0], depth + 1), formatValue(context, proxy[1], depth + 1)];
  context.indentation -= 2;
  return layOut(context, parts, '', ['Proxy [', ']'], true, depth + 1, undefined);
}

/** An object that is neither a cycle nor formatted by a method of its own. */
function formatObject(context, value, depth, insideTypedArray) {
  const types = loadTypes();
  const inherited = context.showHidden && (context.depth === null || depth <= context.depth) ? [] : undefined;
  const constructorName = nameOfConstructor(context, value, depth, inherited);
  const described = types.describe(context, value, constructorName, tagOf(context, value), inherited, insideTypedArray);
  if (typeof described === 'string') return described;
  if (context.depth !== null && depth > context.depth) return types.tooDeep(context, described);

  depth += 1;
  context.ancestors.push(value);
  context.currentDepth = depth;
  let parts;
  const { indentation } = context;
  try {
    parts = described.contents(context, value, depth);
    const kind = described.isList ? 'list' : 'object';
    for (const key of described.keys) parts.push(formatProperty(context, value, depth, key, kind));
    if (inherited !== undefined) parts.push(...inherited);
  } catch (error) {
    if (!isTooMuchRecursion(error)) throw error;
    context.ancestors.pop();
    context.indentation = indentation;
    const name = described.prefix.trimEnd();
    return context.stylize(`[${name}: Inspection interrupted prematurely. Maximum call stack size exceeded.]`, 'special');
  }
  context.ancestors.pop();
  return finish(context, value, depth, described, parts);
}

function finish(context, value, depth, described, parts) {
  let { base } = described;
  const braces = [described.open, described.close];
  const index = context.circular?.get(value);
  if (index !== undefined) {
    const reference = context.stylize(`<ref *${index}>`, 'special');
    if (context.compact !== true) base = base === '' ? reference : `${reference} ${base}`;
    else braces[0] = `${reference} ${braces[0]}`;
  }
  if (context.sorted) sortParts(context, parts, described);
  const text = layOut(context, parts, base, braces, described.isList, depth, value);
  const length = (context.lengthAtIndentation[context.indentation] ?? 0) + text.length;
  context.lengthAtIndentation[context.indentation] = length;
  if (length > longestText) context.depth = -1;
  return text;
}

function sortParts(context, parts, described) {
  const comparator = context.sorted === true ? undefined : context.sorted;
  if (!described.isList) {
    parts.sort(comparator);
  } else if (described.keys.length > 1) {
    const start = parts.length - described.keys.length;
    parts.splice(start, described.keys.length, ...parts.slice(start).sort(comparator));
  }
}

function isTooMuchRecursion(error) {
  return (
    (typeof InternalError === 'function' && error instanceof InternalError && error.message === 'too much recursion') ||
    (error instanceof RangeError && error.message === 'Maximum call stack size exceeded')
  );
}

/** `Symbol.toStringTag`, unless it will be listed among the properties anyway. */
function tagOf(context, value) {
  const tag = value[Symbol.toStringTag];
  if (typeof tag !== 'string' || tag === '') return '';
  const listed = context.showHidden ? hasOwn(value, Symbol.toStringTag) : propertyIsEnumerable.call(value, Symbol.toStringTag);
  return listed ? '' : tag;
}

/** The name of the nearest constructor on the prototype chain; null for an object without a prototype. */
function nameOfConstructor(context, value, depth, inherited) {
  let object = value;
  let firstPrototype;
  while (object !== null && object !== undefined) {
    const constructor = Object.getOwnPropertyDescriptor(object, 'constructor')?.value;
    if (typeof constructor === 'function' && constructor.name !== '' && isInstance(value, constructor)) {
      if (inherited !== undefined && (firstPrototype !== object || !isBuiltIn(constructor))) {
        addInheritedProperties(context, value, firstPrototype ?? value, depth, inherited);
      }
      return String(constructor.name);
    }
    object = Object.getPrototypeOf(object);
    if (firstPrototype === undefined) firstPrototype = object;
  }
  if (firstPrototype === null) return null;
  const name = className(value);
  if (context.depth !== null && depth > context.depth) return `${name} <Complex prototype>`;
  const prototypeName = nameOfConstructor(context, firstPrototype, depth + 1, inherited);
  if (prototypeName !== null) return `${name} <${prototypeName}>`;
  const text = inspect(firstPrototype, { ...context.userOptions, customInspect: false, depth: -1 });
  return `${name} <${text}>`;
}

function isInstance(value, constructor) {
  try {
    return value instanceof constructor;
  } catch {
    return false;
  }
}

/** With `showHidden`: the accessors and data that up to three prototypes of user classes add. */
function addInheritedProperties(context, main, object, depth, parts) {
  const known = new Set();
  for (let level = 0; level < 3; level += 1) {
    if (level !== 0 || main === object) {
      object = Object.getPrototypeOf(object);
      if (object === null) return;
      const constructor = Object.getOwnPropertyDescriptor(object, 'constructor')?.value;
      if (typeof constructor === 'function' && isBuiltIn(constructor)) return;
    }
    context.ancestors.push(main);
    for (const key of Reflect.ownKeys(object)) {
      if (key === 'constructor' || hasOwn(main, key) || known.has(key)) continue;
      known.add(key);
      const descriptor = Object.getOwnPropertyDescriptor(object, key);
      if (typeof descriptor.value === 'function') continue;
      const text = formatProperty(context, object, depth, key, 'object', descriptor, main);
      parts.push(context.colors ? `\u001b[2m${text}\u001b[22m` : text);
    }
    context.ancestors.pop();
  }
}

/** `key: value`; in a list, an index shows its value alone. */
function formatProperty(context, value, depth, key, kind, descriptor, original = value) {
  descriptor ??= Object.getOwnPropertyDescriptor(value, key) ?? { value: value[key], enumerable: true };
  let separator = ' ';
  let text;
  if (descriptor.value !== undefined) {
    const step = context.compact !== true || kind !== 'object' ? 2 : 3;
    context.indentation += step;
    text = formatValue(context, descriptor.value, depth);
    if (step === 3 && context.breakLength < loadStringWidth()(text)) separator = `\n${' '.repeat(context.indentation)}`;
    context.indentation -= step;
  } else if (descriptor.get !== undefined) {
    text = formatGetter(context, descriptor, original, depth);
  } else {
    text = context.stylize(descriptor.set !== undefined ? '[Setter]' : 'undefined', descriptor.set !== undefined ? 'special' : 'undefined');
  }
  return kind === 'element' ? text : `${formatKey(context, key, descriptor)}:${separator}${text}`;
}

function formatGetter(context, descriptor, original, depth) {
  const label = descriptor.set !== undefined ? 'Getter/Setter' : 'Getter';
  const { stylize, getters } = context;
  const wanted =
    getters === true || (getters === 'get' && descriptor.set === undefined) || (getters === 'set' && descriptor.set !== undefined);
  if (!wanted) return stylize(`[${label}]`, 'special');
  try {
    const result = descriptor.get.call(original);
    context.indentation += 2;
    const text = formatValue(context, result, depth);
    context.indentation -= 2;
    return typeof result === 'object' && result !== null
      ? `${stylize(`[${label}]`, 'special')} ${text}`
      : `${stylize(`[${label}:`, 'special')} ${text}${stylize(']', 'special')}`;
  } catch (error) {
    return `${stylize(`[${label}:`, 'special')} <Inspection threw (${error?.message})>${stylize(']', 'special')}`;
  }
}

function formatKey(context, key, descriptor) {
  if (typeof key === 'symbol') return `[${context.stylize(escapeControls(key.toString()), 'symbol')}]`;
  if (key === '__proto__') return "['__proto__']";
  if (descriptor.enumerable === false) return `[${escapeControls(key)}]`;
  if (identifier.test(key)) return context.stylize(key, 'name');
  return context.stylize(quote(key), 'string');
}

/** For `[inspect.custom]` methods of Web classes: the class name, then the members as an object shows them. */
function inspectMembers(name, members, depth, options) {
  if (typeof depth === 'number' && depth < 0) return options.stylize(`[${name}]`, 'special');
  return `${name} ${inspect(members, { ...options, depth })}`;
}

module.exports = { colors, custom, inspect, inspectMembers, isTooMuchRecursion };
