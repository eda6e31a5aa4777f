// The text of a value, as Node's `util.inspect` writes it (https://nodejs.org/api/util.html#utilinspectobject-options), because
// that is what JavaScript users read every day. Here are the walk over the value, the properties and the layout of lines;
// `inspect_types` says what each built-in type shows. Loaded when `console` first prints an object.
(function (ops, use) {
  'use strict';

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

  const colors = {
    __proto__: null,
    bold: [1, 22],
    italic: [3, 23],
    underline: [4, 24],
    cyan: [36, 39],
    grey: [90, 39],
    green: [32, 39],
    magenta: [35, 39],
    red: [31, 39],
    yellow: [33, 39],
  };

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
    const proxy = ops.proxyDetails(value);
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
      proxy = ops.proxyDetails(target);
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
    const types = use('inspect_types');
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
      return context.stylize(
        `[${name}: Inspection interrupted prematurely. Maximum call stack size exceeded.]`,
        'special',
      );
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
    const name = ops.className(value);
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

  /** A class of the engine, not of the program. */
  function isBuiltIn(constructor) {
    return /^[A-Z]/.test(constructor.name) && /\[native code\]\s*\}$/.test(Function.prototype.toString.call(constructor));
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

  /** The keys to list: enumerable ones, or all with `showHidden`. */
  function keysOf(context, value) {
    const symbols = Object.getOwnPropertySymbols(value);
    if (context.showHidden) return [...Object.getOwnPropertyNames(value), ...symbols];
    let keys;
    try {
      keys = Object.keys(value);
    } catch {
      // A module namespace with a binding that is not initialised yet.
      keys = Object.getOwnPropertyNames(value);
    }
    for (const symbol of symbols) if (propertyIsEnumerable.call(value, symbol)) keys.push(symbol);
    return keys;
  }

  // The language lists indices among the keys; of a longer list only symbols are shown besides its elements.
  const longestToSearch = 100_000;

  /** As `keysOf`, without array indices; integer keys come first in property order. */
  function keysBesidesIndices(context, value) {
    const list = context.showHidden ? Object.getOwnPropertyNames : Object.keys;
    const names = lengthOf(value) > longestToSearch ? [] : list(value);
    let start = 0;
    while (start < names.length && isIndex(names[start])) start += 1;
    const keys = names.slice(start);
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (context.showHidden || propertyIsEnumerable.call(value, symbol)) keys.push(symbol);
    }
    return keys;
  }

  const typedArrayLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length').get;

  /** The number of elements that are really there: a sparse array has few, whatever its length says. */
  function lengthOf(value) {
    if (!Array.isArray(value)) return typedArrayLength.call(value);
    return value.length > longestToSearch && !hasOwn(value, value.length >> 1) ? 0 : value.length;
  }

  function isIndex(name) {
    const first = name.charCodeAt(0);
    return first >= 48 && first <= 57 && String(name >>> 0) === name && name >>> 0 !== 0xffffffff;
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
      if (step === 3 && context.breakLength < use('string_width')(text)) separator = `\n${' '.repeat(context.indentation)}`;
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

  /** Joins the parts on one line when they are short and shallow enough, else one to a line; long lists become columns. */
  function layOut(context, parts, base, braces, isList, depth, value) {
    const before = base === '' ? '' : `${base} `;
    if (context.compact === true) return layOutCompact(context, parts, base, braces);
    if (typeof context.compact === 'number' && context.compact >= 1) {
      const { length } = parts;
      if (isList && length > 6) parts = columns(context, parts, value);
      if (context.currentDepth - depth < context.compact && length === parts.length) {
        const start = parts.length + context.indentation + braces[0].length + base.length + 10;
        if (fitsOnOneLine(context, parts, start, base)) {
          const joined = parts.join(', ');
          if (!joined.includes('\n')) return `${before}${braces[0]} ${joined} ${braces[1]}`;
        }
      }
    }
    const margin = `\n${' '.repeat(context.indentation)}`;
    return `${before}${braces[0]}${margin}  ${parts.join(`,${margin}  `)}${margin}${braces[1]}`;
  }

  function layOutCompact(context, parts, base, braces) {
    if (fitsOnOneLine(context, parts, 0, base)) {
      return `${braces[0]}${base === '' ? '' : ` ${base}`} ${parts.join(', ')} ${braces[1]}`;
    }
    const margin = `\n${' '.repeat(context.indentation)}`;
    const start = base === '' && braces[0].length === 1 ? ' ' : `${base === '' ? '' : ` ${base}`}${margin}  `;
    return `${braces[0]}${start}${parts.join(`,${margin}  `)} ${braces[1]}`;
  }

  function fitsOnOneLine(context, parts, start, base) {
    let total = parts.length + start;
    if (total + parts.length > context.breakLength) return false;
    for (const part of parts) {
      total += context.colors ? withoutColors(part).length : part.length;
      if (total > context.breakLength) return false;
    }
    return base === '' || !base.includes('\n');
  }

  function withoutColors(text) {
    return text.replace(/\u001b\[\d+m/g, '');
  }

  /** Groups the elements of a long list into aligned columns, if they are similar enough in width. */
  function columns(context, parts, value) {
    const width = use('string_width');
    const hasTrailer = context.maxArrayLength < parts.length;
    const count = hasTrailer ? parts.length - 1 : parts.length;
    const gap = 2;
    const widths = [];
    let total = 0;
    let widest = 0;
    for (let index = 0; index < count; index += 1) {
      const length = width(context.colors ? withoutColors(parts[index]) : parts[index]);
      widths.push(length);
      total += length + gap;
      if (length > widest) widest = length;
    }
    const cell = widest + gap;
    if (!(cell * 3 + context.indentation < context.breakLength && (total / cell > 5 || widest <= 6))) return parts;
    // A block about as wide as high (a character is 2.5 times as high as wide); cells that are mostly short count as narrower.
    const narrowed = Math.max(cell - 3 - Math.sqrt(cell - total / parts.length), 1);
    const perRow = Math.min(
      Math.round(Math.sqrt(2.5 * narrowed * count) / narrowed),
      Math.floor((context.breakLength - context.indentation) / cell),
      context.compact * 4,
      15,
    );
    if (perRow <= 1) return parts;
    return rows(parts, widths, count, perRow, gap, alignsRight(value, parts.length), hasTrailer);
  }

  function alignsRight(value, length) {
    if (value === undefined) return true;
    for (let index = 0; index < length; index += 1) {
      if (typeof value[index] !== 'number' && typeof value[index] !== 'bigint') return false;
    }
    return true;
  }

  function rows(parts, widths, count, perRow, gap, right, hasTrailer) {
    const columnWidths = [];
    for (let column = 0; column < perRow; column += 1) {
      let widest = 0;
      for (let index = column; index < count; index += perRow) widest = Math.max(widest, widths[index]);
      columnWidths.push(widest + gap);
    }
    const lines = [];
    for (let first = 0; first < count; first += perRow) {
      const end = Math.min(first + perRow, count);
      let line = '';
      for (let index = first; index < end - 1; index += 1) {
        // Padding counts code units, widths count columns of the terminal.
        const padded = columnWidths[index - first] + parts[index].length - widths[index];
        line += right ? `${parts[index]}, `.padStart(padded) : `${parts[index]}, `.padEnd(padded);
      }
      const last = end - 1;
      line += right ? parts[last].padStart(columnWidths[last - first] + parts[last].length - widths[last] - gap) : parts[last];
      lines.push(line);
    }
    if (hasTrailer) lines.push(parts[count]);
    return lines;
  }

  /** For `[inspect.custom]` methods of Web classes: the class name, then the members as an object shows them. */
  function inspectMembers(name, members, depth, options) {
    if (typeof depth === 'number' && depth < 0) return options.stylize(`[${name}]`, 'special');
    return `${name} ${inspect(members, { ...options, depth })}`;
  }

  return {
    inspect,
    inspectMembers,
    custom,
    colors,
    formatValue,
    formatProperty,
    formatNumber,
    formatBigInt,
    formatPrimitive,
    keysOf,
    keysBesidesIndices,
    withoutColors,
    isBuiltIn,
    isTooMuchRecursion,
  };
})
