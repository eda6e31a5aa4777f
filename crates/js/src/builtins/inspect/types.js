// What each built-in type shows in `inspect`: its prefix and braces, its contents, and which of its properties to list.
// `describe` answers with the whole text where nothing can be nested, else with a description that `inspect` lays out.
'use strict';

const { description, isBare, nothing, prefixOf } = require('builtins/inspect/description');
const { keysBesidesIndices, keysOf } = require('builtins/inspect/keys');
const { formatBigInt, formatNumber, formatPrimitive } = require('builtins/inspect/primitives');
const {
  max,
  min,
  assign,
  bigIntValueOf,
  booleanValueOf,
  dateGetTime,
  dateToISOString,
  endsWith,
  functionToString,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  hasOwn,
  isArray,
  isView,
  join,
  keys: namesOf,
  mapForEach,
  mapSize,
  numberToString,
  numberValueOf,
  padStart,
  push,
  regExp,
  regExpToString,
  setForEach,
  setSize,
  splice,
  startsWith,
  stringValueOf,
  symbolValueOf,
  test,
  unshift,
  viewLength,
  viewName,
} = require('builtins/primordials');
const { className: classOf, promiseDetails } = ops;
const hiddenOfArrays = ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer'];
/** @param {string} text */
const plain = (text) => text;
const loadErrors = () => require('builtins/inspect/errors');

/**
 * How to show an object: a finished text, or what to lay out.
 * @param {InspectContext} context @param {any} value @param {string | null} constructorName @param {string} tag
 * @param {string[] | undefined} inherited @param {boolean} insideTypedArray
 * @returns {string | InspectDescription}
 */
function describe(context, value, constructorName, tag, inherited, insideTypedArray) {
  const request = { context, value, constructorName, tag, inherited, insideTypedArray };
  if (isArray(value)) return describeArray(request);
  const className = classOf(value);
  const describer = describers[className];
  if (describer !== undefined) return describer(request, className);
  if (typeof value === 'function') return describeFunction(request);
  if (isView(value)) return className === 'DataView' ? describeDataView(request) : describeTypedArray(request);
  if (endsWith(className, 'Error') || value instanceof Error) return loadErrors().describeError(request);
  return describeObject(request, className);
}

/** What stands for an object below the depth to show: `[Name]`. @param {InspectContext} context @param {InspectDescription} described */
function tooDeep(context, described) {
  const { name } = described;
  return context.stylize(startsWith(name, '[') ? name : `[${name}]`, 'special');
}

/** @param {InspectRequest} request @returns {string | InspectDescription} */
function describeArray(request) {
  const { context, value, constructorName, tag } = request;
  const named = constructorName !== 'Array' || tag !== '';
  const prefix = named ? prefixOf(constructorName, tag, 'Array', `(${value.length})`) : '';
  const keys = keysBesidesIndices(context, value);
  if (value.length === 0 && isBare(request, keys)) return `${prefix}[]`;
  return description(request, 'Array', { prefix, open: `${prefix}[`, close: ']', keys, isList: true, contents: arrayContents });
}

/** @param {InspectContext} context @param {any} value @param {number} depth */
function arrayContents(context, value, depth) {
  const limit = min(max(0, context.maxArrayLength), value.length);
  /** @type {string[]} */
  const parts = [];
  let index = 0;
  while (index < value.length && parts.length < limit) {
    if (hasOwn(value, index)) {
      push(parts, context.formatProperty(context, value, depth, index, 'element'));
      index += 1;
    } else {
      const end = endOfHole(value, index);
      push(parts, context.stylize(`<${end - index} empty item${end - index > 1 ? 's' : ''}>`, 'undefined'));
      index = end;
    }
  }
  addRemaining(parts, value.length - index);
  return parts;
}

/** @param {any[]} value @param {number} start */
function endOfHole(value, start) {
  // The next own index, found by the keys: a sparse array may be four thousand million long.
  let index = start;
  for (let steps = 0; steps < 1000 && index < value.length; steps += 1) {
    if (hasOwn(value, index)) return index;
    index += 1;
  }
  if (index >= value.length) return value.length;
  const names = namesOf(value);
  for (let position = 0; position < names.length; position += 1) {
    if (!test(digits, names[position])) break;
    if (+names[position] >= start) return +names[position];
  }
  return value.length;
}

const digits = regExp(/^\d+$/);

/** @param {string[]} parts @param {number} remaining @param {string} [noun] */
function addRemaining(parts, remaining, noun = 'item') {
  if (remaining > 0) push(parts, `... ${remaining} more ${noun}${remaining > 1 ? 's' : ''}`);
}

/** @param {InspectRequest} request @returns {string | InspectDescription} */
function describeSet(request) {
  const { context, value, constructorName, tag } = request;
  const size = setSize(value);
  const prefix = prefixOf(constructorName, tag, 'Set', `(${size})`);
  const keys = keysOf(context, value);
  if (size === 0 && isBare(request, keys)) return `${prefix}{}`;
  return description(request, 'Set', { prefix, keys, contents: setContents });
}

/** @param {InspectContext} context @param {any} value @param {number} depth */
function setContents(context, value, depth) {
  /** @type {string[]} */
  const parts = [];
  const size = setSize(value);
  const limit = min(max(0, context.maxArrayLength), size);
  context.indentation += 2;
  setForEach(value, (item) => {
    if (parts.length < limit) push(parts, context.formatValue(context, item, depth));
  });
  addRemaining(parts, size - limit);
  context.indentation -= 2;
  return parts;
}

/** @param {InspectRequest} request @returns {string | InspectDescription} */
function describeMap(request) {
  const { context, value, constructorName, tag } = request;
  const size = mapSize(value);
  const prefix = prefixOf(constructorName, tag, 'Map', `(${size})`);
  const keys = keysOf(context, value);
  if (size === 0 && isBare(request, keys)) return `${prefix}{}`;
  return description(request, 'Map', { prefix, keys, contents: mapContents });
}

/** @param {InspectContext} context @param {any} value @param {number} depth */
function mapContents(context, value, depth) {
  /** @type {string[]} */
  const parts = [];
  const size = mapSize(value);
  const limit = min(max(0, context.maxArrayLength), size);
  context.indentation += 2;
  mapForEach(value, (item, key) => {
    if (parts.length >= limit) return;
    push(parts, `${context.formatValue(context, key, depth)} => ${context.formatValue(context, item, depth)}`);
  });
  addRemaining(parts, size - limit);
  context.indentation -= 2;
  return parts;
}

/** @param {InspectRequest} request @returns {string | InspectDescription} */
function describeTypedArray(request) {
  const { context, value, constructorName, tag } = request;
  const kind = viewName(value);
  const length = viewLength(value);
  const prefix = prefixOf(constructorName, tag, constructorName === null ? `${kind}` : '', `(${length})`);
  const keys = keysBesidesIndices(context, value);
  if (length === 0 && isBare(request, keys)) return `${prefix}[]`;
  return description(request, 'Object', {
    prefix,
    open: `${prefix}[`,
    close: ']',
    keys,
    isList: true,
    contents: typedArrayContents,
  });
}

/** @param {InspectContext} context @param {any} value @param {number} depth */
function typedArrayContents(context, value, depth) {
  const length = viewLength(value);
  const limit = min(max(0, context.maxArrayLength), length);
  /** @type {string[]} */
  const parts = [];
  for (let index = 0; index < limit; index += 1) {
    const element = value[index];
    push(
      parts,
      typeof element === 'bigint'
        ? formatBigInt(context.stylize, element, context.numericSeparator)
        : formatNumber(context.stylize, element, context.numericSeparator),
    );
  }
  addRemaining(parts, length - limit);
  if (context.showHidden) {
    context.indentation += 2;
    for (let index = 0; index < hiddenOfArrays.length; index += 1) {
      const key = hiddenOfArrays[index];
      push(parts, `[${key}]: ${context.formatValue(context, value[key], depth, true)}`);
    }
    context.indentation -= 2;
  }
  return parts;
}

/** @param {InspectRequest} request @param {string} className @returns {string | InspectDescription} */
function describeBuffer(request, className) {
  const { context, value, constructorName, tag, insideTypedArray } = request;
  const prefix = prefixOf(constructorName, tag, className);
  const keys = keysOf(context, value);
  if (insideTypedArray && keys.length === 0) {
    return `${prefix}{ byteLength: ${formatNumber(context.stylize, value.byteLength)} }`;
  }
  unshift(keys, 'byteLength');
  return description(request, className, { prefix, keys, contents: insideTypedArray ? nothing : bufferContents });
}

/** @param {InspectContext} context @param {any} value */
function bufferContents(context, value) {
  let bytes;
  try {
    bytes = new Uint8Array(value);
  } catch {
    return [context.stylize('(detached)', 'special')];
  }
  const limit = min(max(0, context.maxArrayLength), bytes.length);
  /** @type {string[]} */
  const shown = [];
  for (let index = 0; index < limit; index += 1) push(shown, padStart(numberToString(bytes[index], 16), 2, '0'));
  const remaining = bytes.length - limit;
  const trailer = remaining > 0 ? ` ... ${remaining} more byte${remaining > 1 ? 's' : ''}` : '';
  return [`${context.stylize('[Uint8Contents]', 'special')}: <${join(shown, ' ')}${trailer}>`];
}

/** @param {InspectRequest} request @returns {string | InspectDescription} */
function describeDataView(request) {
  const keys = keysOf(request.context, request.value);
  unshift(keys, 'byteLength', 'byteOffset', 'buffer');
  return description(request, 'DataView', { keys });
}

/** @param {InspectRequest} request @returns {string | InspectDescription} */
function describePromise(request) {
  const keys = keysOf(request.context, request.value);
  return description(request, 'Promise', { keys, contents: promiseContents });
}

/** @param {InspectContext} context @param {any} value @param {number} depth */
function promiseContents(context, value, depth) {
  const details = promiseDetails(value);
  const state = details[0];
  if (state === 0) return [context.stylize('<pending>', 'special')];
  context.indentation += 2;
  const text = context.formatValue(context, details[1], depth);
  context.indentation -= 2;
  return [state === 2 ? `${context.stylize('<rejected>', 'special')} ${text}` : text];
}

/** Their contents depend on the collector, so they are not shown. @param {InspectRequest} request @param {string} className @returns {string | InspectDescription} */
function describeWeakCollection(request, className) {
  const keys = keysOf(request.context, request.value);
  const contents = (/** @type {InspectContext} */ context) => [context.stylize('<items unknown>', 'special')];
  return description(request, className, { keys, contents });
}

/** @param {InspectRequest} request @returns {string | InspectDescription} */
function describeDate(request) {
  const { context, value, constructorName, tag } = request;
  const keys = keysOf(context, value);
  const time = dateGetTime(value);
  let base = time !== time ? 'Invalid Date' : dateToISOString(value);
  const prefix = prefixOf(constructorName, tag, 'Date');
  if (prefix !== 'Date ') base = `${prefix}${base}`;
  base = context.stylize(base, 'date');
  return isBare(request, keys) ? base : withBase(request, base, keys);
}

/** @param {InspectRequest} request @returns {string | InspectDescription} */
function describeRegExp(request) {
  const { context, value, constructorName, tag } = request;
  const keys = keysOf(context, value);
  let base = regExpToString(constructorName === null ? new RegExp(value) : value);
  const prefix = prefixOf(constructorName, tag, 'RegExp');
  if (prefix !== 'RegExp ') base = `${prefix}${base}`;
  base = context.stylize(base, 'regexp');
  return isBare(request, keys) ? base : withBase(request, base, keys);
}

/** A text of its own (`/x/`, `[Function: f]`), then braces with the properties. @param {InspectRequest} request @param {string} base @param {PropertyKey[]} keys */
function withBase(request, base, keys) {
  return description(request, 'Object', { base, open: '{', keys });
}

/** @type {Record<string, { valueOf: (box: any) => any, style: string }>} */
const boxes = {
  __proto__: /** @type {any} */ (null),
  Number: { valueOf: numberValueOf, style: 'number' },
  String: { valueOf: stringValueOf, style: 'string' },
  Boolean: { valueOf: booleanValueOf, style: 'boolean' },
  BigInt: { valueOf: bigIntValueOf, style: 'bigint' },
  Symbol: { valueOf: symbolValueOf, style: 'symbol' },
};

/** @param {InspectRequest} request @param {string} className @returns {string | InspectDescription} */
function describeBox(request, className) {
  const { context, value, constructorName, tag } = request;
  const keys = keysOf(context, value);
  const { valueOf, style } = boxes[className];
  const primitive = valueOf(value);
  // The characters of a string are index properties of its object.
  if (className === 'String') splice(keys, 0, primitive.length);
  let base = `[${className}`;
  if (className !== constructorName) base += constructorName === null ? ' (null prototype)' : ` (${constructorName})`;
  base += `: ${formatPrimitive(assign({}, context, { stylize: plain, indentation: 0, compact: true }), primitive)}]`;
  if (tag !== '' && tag !== constructorName) base += ` [${tag}]`;
  base = context.stylize(base, style);
  return isBare(request, keys) ? base : withBase(request, base, keys);
}

/** @param {InspectRequest} request @returns {string | InspectDescription} */
function describeFunction(request) {
  const { context, value, constructorName, tag } = request;
  const keys = keysOf(context, value);
  const base = context.stylize(functionText(value, constructorName, tag), 'special');
  return isBare(request, keys) ? base : withBase(request, functionText(value, constructorName, tag), keys);
}

/** @param {Function} value @param {string | null} constructorName @param {string} tag */
function functionText(value, constructorName, tag) {
  if (isClass(value)) return classText(value, constructorName, tag);
  const kind = classOf(value) === 'Proxy' ? 'Function' : functionKind(value);
  let text = `[${kind}`;
  if (constructorName === null) text += ' (null prototype)';
  text += value.name === '' ? ' (anonymous)' : `: ${typeof value.name === 'string' ? value.name : String(value.name)}`;
  text += ']';
  if (constructorName !== kind && constructorName !== null) text += ` ${constructorName}`;
  if (tag !== '' && constructorName !== tag) text += ` [${tag}]`;
  return text;
}

const classStart = regExp(/^class[\s{/]/);

/** @param {Function} value */
function isClass(value) {
  const source = functionToString(value);
  return endsWith(source, '}') && test(classStart, source);
}

const asyncStart = regExp(/^async\b/);
const asyncGeneratorStart = regExp(/^async\s*(function\s*)?\*/);
const generatorStart = regExp(/^(function\s*)?\*/);

/** @param {Function} value */
function functionKind(value) {
  const source = functionToString(value);
  // The tag on the built-in prototype tells generators apart; async functions that are not generators have one as well.
  let prototype = getPrototypeOf(value);
  for (; prototype !== null && prototype !== undefined; prototype = getPrototypeOf(prototype)) {
    const tag = getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value;
    if (tag === 'AsyncFunction' || tag === 'GeneratorFunction' || tag === 'AsyncGeneratorFunction') return tag;
  }
  if (test(asyncStart, source)) return test(asyncGeneratorStart, source) ? 'AsyncGeneratorFunction' : 'AsyncFunction';
  return test(generatorStart, source) ? 'GeneratorFunction' : 'Function';
}

/** @param {Function} value @param {string | null} constructorName @param {string} tag */
function classText(value, constructorName, tag) {
  const name = (hasOwn(value, 'name') && value.name) || '(anonymous)';
  let text = `class ${name}`;
  if (constructorName !== 'Function' && constructorName !== null) text += ` [${constructorName}]`;
  if (tag !== '' && constructorName !== tag) text += ` [${tag}]`;
  if (constructorName === null) {
    text += ' extends [null prototype]';
  } else {
    const parent = /** @type {any} */ (getPrototypeOf(value)).name;
    if (parent) text += ` extends ${parent}`;
  }
  return `[${text}]`;
}

/** @param {InspectRequest} request @returns {string | InspectDescription} */
function describeIterator(request) {
  const { context, value, constructorName, tag } = request;
  // The engine offers no look at what remains without taking it.
  const keys = keysOf(context, value);
  const prefix = prefixOf(constructorName, tag, 'Object');
  return isBare(request, keys) ? `${prefix}{}` : description(request, 'Object', { prefix, keys });
}

/** @param {InspectRequest} request @returns {string | InspectDescription} */
function describeArguments(request) {
  const keys = keysOf(request.context, request.value);
  if (isBare(request, keys)) return '[Arguments] {}';
  return description(request, 'Arguments', { prefix: '[Arguments] ', keys });
}

/** @param {InspectRequest} request @param {string} className @returns {string | InspectDescription} */
function describeObject(request, className) {
  const { context, value, constructorName, tag } = request;
  const keys = keysOf(context, value);
  if (isModuleNamespace(value, className)) {
    return description(request, 'Module', { prefix: '[Module: null prototype] ', keys, contents: nothing });
  }
  if (constructorName !== 'Object' && isUrl(value)) {
    return isBare(request, keys) ? value.href : withBase(request, value.href, keys);
  }
  const prefix = prefixOf(constructorName, tag, 'Object');
  const isPlain = constructorName === 'Object' && tag === '';
  if (isBare(request, keys)) return isPlain ? '{}' : `${prefix}{}`;
  return description(request, 'Object', { prefix, open: isPlain ? '{' : `${prefix}{`, keys });
}

/** Whether it shows no more of itself than a URL does, where its own way of being shown is not asked for. @param {any} value */
function isUrl(value) {
  return value[Symbol.toStringTag] === 'URL' && typeof value.href === 'string';
}

/** @param {any} value @param {string} className */
function isModuleNamespace(value, className) {
  return (
    (className === 'Module' || className === 'Proxy') &&
    getPrototypeOf(value) === null &&
    getOwnPropertyDescriptor(value, Symbol.toStringTag)?.value === 'Module'
  );
}

/** @type {Record<string, (request: InspectRequest, className: string) => string | InspectDescription>} */
const describers = {
  __proto__: /** @type {any} */ (null),
  Set: describeSet,
  Map: describeMap,
  ArrayBuffer: describeBuffer,
  SharedArrayBuffer: describeBuffer,
  Promise: describePromise,
  WeakSet: describeWeakCollection,
  WeakMap: describeWeakCollection,
  Date: describeDate,
  RegExp: describeRegExp,
  Number: describeBox,
  String: describeBox,
  Boolean: describeBox,
  BigInt: describeBox,
  Symbol: describeBox,
  'Map Iterator': describeIterator,
  'Set Iterator': describeIterator,
  Arguments: describeArguments,
};

module.exports = { describe, tooDeep };
