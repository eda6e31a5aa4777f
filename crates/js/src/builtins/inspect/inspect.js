// The text of a value, as Node's `util.inspect` writes it (https://nodejs.org/api/util.html#utilinspectobject-options), because
// that is what JavaScript users read every day. Here are the walk over the value, the properties and the layout of lines;
// `types.js` says what each built-in type shows. Loaded when `console` first prints an object.
'use strict';

const { isBuiltIn } = require('builtins/inspect/keys');
const { layOut } = require('builtins/inspect/layout');
const { escapeControls, formatPrimitive, quote } = require('builtins/inspect/primitives');
const { codedError } = require('builtins/coded_error');
const {
  symbolFor,
  apply,
  arraySlice,
  assign,
  defineProperty,
  entries,
  forEach,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  hasOwn,
  includes,
  isEnumerable,
  keys,
  Map,
  mapGet,
  mapSet,
  mapSize,
  ownKeys,
  pop,
  push,
  regExp,
  repeat,
  replaceAll,
  Set,
  setAdd,
  setHas,
  sort,
  symbolToString,
  test,
  trimEnd,
} = require('builtins/primordials');
const { className, proxyDetails } = ops;
const loadStringWidth = () => require('builtins/inspect/string_width');
const loadTypes = () => require('builtins/inspect/types');

const custom = symbolFor('nodejs.util.inspect.custom');

const identifier = regExp(/^[a-zA-Z_][a-zA-Z_0-9]*$/);

// Node stops descending when the text of one indentation level passes this, so that a huge graph ends.
const longestText = 2 ** 27;

/** @type {Record<string, any>} */
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
  __proto__: /** @type {any} */ (null),
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
/** @type {Record<string, string>} */
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

/** @type {Record<string, string>} */
const styles = {
  __proto__: /** @type {any} */ (null),
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

/** @param {string} text */
const plain = (text) => text;

/** @param {string} text @param {string} style */
const coloured = (text, style) => {
  const color = colors[styles[style]];
  return color === undefined ? text : `\u001b[${color[0]}m${text}\u001b[${color[1]}m`;
};

/** `util.inspect(value, options)`, also in the old form `(value, showHidden, depth, colors)`. @param {any} value @param {any} [options] @param {any} [legacyDepth] @param {any} [legacyColors] @returns {string} */
function inspect(value, options, legacyDepth, legacyColors) {
  /** @type {any} */
  const context = assign({}, defaultOptions, { userOptions: undefined });
  if (typeof options === 'boolean') context.showHidden = options;
  if (legacyDepth !== undefined) context.depth = legacyDepth;
  if (legacyColors !== undefined) context.colors = legacyColors;
  if (typeof options === 'object' && options !== null) {
    forEach(keys(options), (key) => {
      if (hasOwn(defaultOptions, key) || key === 'stylize') context[key] = options[key];
    });
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

defineProperty(inspect, 'defaultOptions', {
  enumerable: true,
  get: () => defaultOptions,
  set(options) {
    if (typeof options !== 'object' || options === null)
      throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "options" argument must be of type object');
    assign(defaultOptions, options);
  },
});

/** @param {InspectContext} context @param {any} value @param {number} depth @param {boolean} [insideTypedArray] @returns {string} */
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
  if (includes(context.ancestors, value)) return formatCycle(context, value);
  return formatObject(context, value, depth, insideTypedArray);
}

/** @param {[target: any, handler: any]} proxy */
function innermostTarget(proxy) {
  let target = proxy[0];
  for (;;) {
    if (target === null) return null;
    const inner = proxyDetails(target);
    if (inner === undefined) return target;
    target = inner[0];
  }
}

/** @param {InspectContext} context @param {any} value @param {any} original @param {number} depth @returns {string | undefined} */
function formatByItsOwnMethod(context, value, original, depth) {
  const method = value[custom];
  if (typeof method !== 'function' || method === inspect) return undefined;
  // A prototype object carries the method for its instances, not for itself.
  const { constructor } = value;
  if (typeof constructor === 'function' && constructor.prototype === value) return undefined;
  const remaining = context.depth === null ? null : context.depth - depth;
  const result = apply(method, original, [remaining, optionsFor(context), inspect]);
  if (result === original) return undefined;
  if (typeof result === 'object' && result !== null) {
    return replaceAll(formatValue(context, result, depth), '\n', `\n${repeat(' ', context.indentation)}`);
  }
  return replaceAll(String(result), '\n', `\n${repeat(' ', context.indentation)}`);
}

/** What a method gets: the options as they were given; the remaining depth is its first argument. @param {any} context */
function optionsFor(context) {
  /** @type {any} */
  const options = { stylize: context.stylize };
  forEach(keys(defaultOptions), (key) => {
    options[key] = context[key];
  });
  return assign(options, context.userOptions);
}

/** @param {InspectContext} context @param {any} value */
function formatCycle(context, value) {
  context.circular ??= new Map();
  let index = mapGet(context.circular, value);
  if (index === undefined) {
    index = mapSize(context.circular) + 1;
    mapSet(context.circular, value, index);
  }
  return context.stylize(`[Circular *${index}]`, 'special');
}

/** @param {InspectContext} context @param {[target: any, handler: any]} proxy @param {number} depth */
function formatProxy(context, proxy, depth) {
  if (context.depth !== null && depth > context.depth) return context.stylize('Proxy [Array]', 'special');
  context.indentation += 2;
  const parts = [formatValue(context, proxy[0], depth + 1), formatValue(context, proxy[1], depth + 1)];
  context.indentation -= 2;
  return layOut(context, parts, '', ['Proxy [', ']'], true, depth + 1, undefined);
}

/** An object that is neither a cycle nor formatted by a method of its own. @param {InspectContext} context @param {any} value @param {number} depth @param {boolean} insideTypedArray */
function formatObject(context, value, depth, insideTypedArray) {
  const types = loadTypes();
  /** @type {string[] | undefined} */
  const inherited = context.showHidden && (context.depth === null || depth <= context.depth) ? [] : undefined;
  const constructorName = nameOfConstructor(context, value, depth, inherited);
  const described = types.describe(context, value, constructorName, tagOf(context, value), inherited, insideTypedArray);
  if (typeof described === 'string') return described;
  if (context.depth !== null && depth > context.depth) return types.tooDeep(context, described);

  depth += 1;
  push(context.ancestors, value);
  context.currentDepth = depth;
  let parts;
  const { indentation } = context;
  try {
    parts = described.contents(context, value, depth);
    const kind = described.isList ? 'list' : 'object';
    for (let index = 0; index < described.keys.length; index += 1)
      push(parts, formatProperty(context, value, depth, described.keys[index], kind));
    if (inherited !== undefined) for (let index = 0; index < inherited.length; index += 1) push(parts, inherited[index]);
  } catch (error) {
    if (!isTooMuchRecursion(error)) throw error;
    pop(context.ancestors);
    context.indentation = indentation;
    const name = trimEnd(described.prefix);
    return context.stylize(`[${name}: Inspection interrupted prematurely. Maximum call stack size exceeded.]`, 'special');
  }
  pop(context.ancestors);
  return finish(context, value, depth, described, parts);
}

/** @param {InspectContext} context @param {any} value @param {number} depth @param {InspectDescription} described @param {string[]} parts */
function finish(context, value, depth, described, parts) {
  let { base } = described;
  const braces = [described.open, described.close];
  const index = context.circular === undefined ? undefined : mapGet(context.circular, value);
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

/** @param {InspectContext} context @param {string[]} parts @param {InspectDescription} described */
function sortParts(context, parts, described) {
  const comparator = typeof context.sorted === 'function' ? context.sorted : undefined;
  if (!described.isList) {
    sort(parts, comparator);
  } else if (described.keys.length > 1) {
    const start = parts.length - described.keys.length;
    const sorted = sort(arraySlice(parts, start), comparator);
    for (let index = 0; index < sorted.length; index += 1) parts[start + index] = sorted[index];
  }
}

/** @param {any} error */
function isTooMuchRecursion(error) {
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded';
}

/** `Symbol.toStringTag`, unless it will be listed among the properties anyway. @param {InspectContext} context @param {any} value @returns {string} */
function tagOf(context, value) {
  const tag = value[Symbol.toStringTag];
  if (typeof tag !== 'string' || tag === '') return '';
  const listed = context.showHidden ? hasOwn(value, Symbol.toStringTag) : isEnumerable(value, Symbol.toStringTag);
  return listed ? '' : tag;
}

/** The name of the nearest constructor on the prototype chain; null for an object without a prototype. @param {InspectContext} context @param {any} value @param {number} depth @param {string[] | undefined} inherited @returns {string | null} */
function nameOfConstructor(context, value, depth, inherited) {
  let object = value;
  let firstPrototype;
  while (object !== null && object !== undefined) {
    const constructor = getOwnPropertyDescriptor(object, 'constructor')?.value;
    if (typeof constructor === 'function' && constructor.name !== '' && isInstance(value, constructor)) {
      if (inherited !== undefined && (firstPrototype !== object || !isBuiltIn(constructor))) {
        addInheritedProperties(context, value, firstPrototype ?? value, depth, inherited);
      }
      return String(constructor.name);
    }
    object = getPrototypeOf(object);
    if (firstPrototype === undefined) firstPrototype = object;
  }
  if (firstPrototype === null) return null;
  const name = className(value);
  if (context.depth !== null && depth > context.depth) return `${name} <Complex prototype>`;
  const prototypeName = nameOfConstructor(context, firstPrototype, depth + 1, inherited);
  if (prototypeName !== null) return `${name} <${prototypeName}>`;
  const text = inspect(firstPrototype, assign({}, context.userOptions, { customInspect: false, depth: -1 }));
  return `${name} <${text}>`;
}

/** @param {any} value @param {any} constructor */
function isInstance(value, constructor) {
  try {
    return value instanceof constructor;
  } catch {
    return false;
  }
}

/** With `showHidden`: the accessors and data that up to three prototypes of user classes add. @param {InspectContext} context @param {any} main @param {any} object @param {number} depth @param {string[]} parts */
function addInheritedProperties(context, main, object, depth, parts) {
  const known = new Set();
  for (let level = 0; level < 3; level += 1) {
    if (level !== 0 || main === object) {
      object = getPrototypeOf(object);
      if (object === null) return;
      const constructor = getOwnPropertyDescriptor(object, 'constructor')?.value;
      if (typeof constructor === 'function' && isBuiltIn(constructor)) return;
    }
    push(context.ancestors, main);
    forEach(ownKeys(object), (key) => {
      if (key === 'constructor' || hasOwn(main, key) || setHas(known, key)) return;
      setAdd(known, key);
      const descriptor = getOwnPropertyDescriptor(object, key);
      if (typeof descriptor?.value === 'function') return;
      const text = formatProperty(context, object, depth, key, 'object', descriptor, main);
      push(parts, context.colors ? `\u001b[2m${text}\u001b[22m` : text);
    });
    pop(context.ancestors);
  }
}

/** `key: value`; in a list, an index shows its value alone. @param {InspectContext} context @param {any} value @param {number} depth @param {PropertyKey} key @param {string} kind @param {PropertyDescriptor} [descriptor] @param {any} [original] */
function formatProperty(context, value, depth, key, kind, descriptor, original = value) {
  try {
    descriptor ??= getOwnPropertyDescriptor(value, key) ?? { value: value[key], enumerable: true };
  } catch {
    // A binding of a module that has not run.
    return `${formatKey(context, key, {})}: ${context.stylize('<uninitialized>', 'special')}`;
  }
  let separator = ' ';
  let text;
  if (descriptor.value !== undefined) {
    const step = context.compact !== true || kind !== 'object' ? 2 : 3;
    context.indentation += step;
    text = formatValue(context, descriptor.value, depth);
    if (step === 3 && context.breakLength < loadStringWidth()(text)) separator = `\n${repeat(' ', context.indentation)}`;
    context.indentation -= step;
  } else if (descriptor.get !== undefined) {
    text = formatGetter(context, descriptor, original, depth);
  } else {
    text = context.stylize(descriptor.set !== undefined ? '[Setter]' : 'undefined', descriptor.set !== undefined ? 'special' : 'undefined');
  }
  return kind === 'element' ? text : `${formatKey(context, key, descriptor)}:${separator}${text}`;
}

/** @param {InspectContext} context @param {PropertyDescriptor} descriptor @param {any} original @param {number} depth */
function formatGetter(context, descriptor, original, depth) {
  const label = descriptor.set !== undefined ? 'Getter/Setter' : 'Getter';
  const { stylize, getters } = context;
  const wanted =
    getters === true || (getters === 'get' && descriptor.set === undefined) || (getters === 'set' && descriptor.set !== undefined);
  if (!wanted) return stylize(`[${label}]`, 'special');
  try {
    const result = apply(/** @type {Function} */ (descriptor.get), original, []);
    context.indentation += 2;
    const text = formatValue(context, result, depth);
    context.indentation -= 2;
    return typeof result === 'object' && result !== null
      ? `${stylize(`[${label}]`, 'special')} ${text}`
      : `${stylize(`[${label}:`, 'special')} ${text}${stylize(']', 'special')}`;
  } catch (error) {
    return `${stylize(`[${label}:`, 'special')} <Inspection threw (${/** @type {any} */ (error)?.message})>${stylize(']', 'special')}`;
  }
}

/** @param {InspectContext} context @param {PropertyKey} key @param {PropertyDescriptor} descriptor */
function formatKey(context, key, descriptor) {
  if (typeof key === 'symbol') return `[${context.stylize(escapeControls(symbolToString(key)), 'symbol')}]`;
  const name = `${key}`;
  if (name === '__proto__') return "['__proto__']";
  if (descriptor.enumerable === false) return `[${escapeControls(name)}]`;
  if (test(identifier, name)) return context.stylize(name, 'name');
  return context.stylize(quote(name), 'string');
}

/** For `[inspect.custom]` methods of Web classes: the class name, then the members as an object shows them. @param {string} name @param {any} members @param {any} depth @param {any} options */
function inspectMembers(name, members, depth, options) {
  if (typeof depth === 'number' && depth < 0) return options.stylize(`[${name}]`, 'special');
  // The members are a level deeper than what has them.
  return `${name} ${inspect(members, assign({}, options, { depth: typeof options?.depth === 'number' ? options.depth - 1 : options?.depth }))}`;
}

module.exports = { colors, custom, inspect, inspectMembers, isTooMuchRecursion };
