// What each built-in type shows in `inspect`: its prefix and braces, its contents, and which of its properties to list.
// `describe` answers with the whole text where nothing can be nested, else with a description that `inspect` lays out.
'use strict';

const { description, isBare, nothing, prefixOf } = require('builtins/inspect/description');
const { keysBesidesIndices, keysOf } = require('builtins/inspect/keys');
const { formatBigInt, formatNumber, formatPrimitive } = require('builtins/inspect/primitives');
const { className: classOf, promiseDetails } = ops;
const loadErrors = () => require('builtins/inspect/errors');

const { hasOwn } = Object;

const typedArrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

const typedArrayLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length').get;

const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size').get;

const setSize = Object.getOwnPropertyDescriptor(Set.prototype, 'size').get;

/** How to show an object: a finished text, or `{ prefix, base, open, close, contents, keys, isList }`. */
function describe(context, value, constructorName, tag, inherited, insideTypedArray) {
  const request = { context, value, constructorName, tag, inherited, insideTypedArray };
  if (Array.isArray(value)) return describeArray(request);
  const className = classOf(value);
  const describer = describers[className];
  if (describer !== undefined) return describer(request, className);
  if (typeof value === 'function') return describeFunction(request);
  if (ArrayBuffer.isView(value)) return className === 'DataView' ? describeDataView(request) : describeTypedArray(request);
  if (className.endsWith('Error') || value instanceof Error) return loadErrors().describeError(request, className);
  return describeObject(request, className);
}

/** What stands for an object below the depth to show: `[Name]`. */
function tooDeep(context, described) {
  const { name } = described;
  return context.stylize(name.startsWith('[') ? name : `[${name}]`, 'special');
}

function describeArray(request) {
  const { context, value, constructorName, tag } = request;
  const named = constructorName !== 'Array' || tag !== '';
  const prefix = named ? prefixOf(constructorName, tag, 'Array', `(${value.length})`) : '';
  const keys = keysBesidesIndices(context, value);
  if (value.length === 0 && isBare(request, keys)) return `${prefix}[]`;
  return description(request, 'Array', { prefix, open: `${prefix}[`, close: ']', keys, isList: true, contents: arrayContents });
}

function arrayContents(context, value, depth) {
  const limit = Math.min(Math.max(0, context.maxArrayLength), value.length);
  const parts = [];
  let index = 0;
  while (index < value.length && parts.length < limit) {
    if (hasOwn(value, index)) {
      parts.push(context.formatProperty(context, value, depth, index, 'element'));
      index += 1;
    } else {
      const end = endOfHole(value, index);
      parts.push(context.stylize(`<${end - index} empty item${end - index > 1 ? 's' : ''}>`, 'undefined'));
      index = end;
    }
  }
  addRemaining(parts, value.length - index);
  return parts;
}

function endOfHole(value, start) {
  // The next own index, found by the keys: a sparse array may be four thousand million long.
  let index = start;
  for (let steps = 0; steps < 1000 && index < value.length; steps += 1) {
    if (hasOwn(value, index)) return index;
    index += 1;
  }
  if (index >= value.length) return value.length;
  for (const key of Object.keys(value)) {
    if (!/^\d+$/.test(key)) break;
    if (Number(key) >= start) return Number(key);
  }
  return value.length;
}

function addRemaining(parts, remaining, noun = 'item') {
  if (remaining > 0) parts.push(`... ${remaining} more ${noun}${remaining > 1 ? 's' : ''}`);
}

function describeSet(request) {
  const { context, value, constructorName, tag } = request;
  const size = setSize.call(value);
  const prefix = prefixOf(constructorName, tag, 'Set', `(${size})`);
  const keys = keysOf(context, value);
  if (size === 0 && isBare(request, keys)) return `${prefix}{}`;
  return description(request, 'Set', { prefix, keys, contents: setContents });
}

function setContents(context, value, depth) {
  const parts = [];
  const size = setSize.call(value);
  const limit = Math.min(Math.max(0, context.maxArrayLength), size);
  context.indentation += 2;
  for (const item of Set.prototype.values.call(value)) {
    if (parts.length >= limit) break;
    parts.push(context.formatValue(context, item, depth));
  }
  addRemaining(parts, size - limit);
  context.indentation -= 2;
  return parts;
}

function describeMap(request) {
  const { context, value, constructorName, tag } = request;
  const size = mapSize.call(value);
  const prefix = prefixOf(constructorName, tag, 'Map', `(${size})`);
  const keys = keysOf(context, value);
  if (size === 0 && isBare(request, keys)) return `${prefix}{}`;
  return description(request, 'Map', { prefix, keys, contents: mapContents });
}

function mapContents(context, value, depth) {
  const parts = [];
  const size = mapSize.call(value);
  const limit = Math.min(Math.max(0, context.maxArrayLength), size);
  context.indentation += 2;
  for (const entry of Map.prototype.entries.call(value)) {
    if (parts.length >= limit) break;
    parts.push(`${context.formatValue(context, entry[0], depth)} => ${context.formatValue(context, entry[1], depth)}`);
  }
  addRemaining(parts, size - limit);
  context.indentation -= 2;
  return parts;
}

function describeTypedArray(request) {
  const { context, value, constructorName, tag } = request;
  const kind = typedArrayTag.call(value);
  const length = typedArrayLength.call(value);
  const prefix = prefixOf(constructorName, tag, constructorName === null ? kind : '', `(${length})`);
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

function typedArrayContents(context, value, depth) {
  const length = typedArrayLength.call(value);
  const limit = Math.min(Math.max(0, context.maxArrayLength), length);
  const parts = [];
  for (let index = 0; index < limit; index += 1) {
    const element = value[index];
    parts.push(
      typeof element === 'bigint'
        ? formatBigInt(context.stylize, element, context.numericSeparator)
        : formatNumber(context.stylize, element, context.numericSeparator),
    );
  }
  addRemaining(parts, length - limit);
  if (context.showHidden) {
    context.indentation += 2;
    for (const key of ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer']) {
      parts.push(`[${key}]: ${context.formatValue(context, value[key], depth, true)}`);
    }
    context.indentation -= 2;
  }
  return parts;
}

function describeBuffer(request, className) {
  const { context, value, constructorName, tag, insideTypedArray } = request;
  const prefix = prefixOf(constructorName, tag, className);
  const keys = keysOf(context, value);
  if (insideTypedArray && keys.length === 0) {
    return `${prefix}{ byteLength: ${formatNumber(context.stylize, value.byteLength)} }`;
  }
  keys.unshift('byteLength');
  return description(request, className, { prefix, keys, contents: insideTypedArray ? nothing : bufferContents });
}

function bufferContents(context, value) {
  let bytes;
  try {
    bytes = new Uint8Array(value);
  } catch {
    return [context.stylize('(detached)', 'special')];
  }
  const limit = Math.min(Math.max(0, context.maxArrayLength), bytes.length);
  const shown = Array.from(bytes.subarray(0, limit), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const remaining = bytes.length - limit;
  const trailer = remaining > 0 ? ` ... ${remaining} more byte${remaining > 1 ? 's' : ''}` : '';
  return [`${context.stylize('[Uint8Contents]', 'special')}: <${shown}${trailer}>`];
}

function describeDataView(request) {
  const keys = keysOf(request.context, request.value);
  keys.unshift('byteLength', 'byteOffset', 'buffer');
  return description(request, 'DataView', { keys });
}

function describePromise(request) {
  const keys = keysOf(request.context, request.value);
  return description(request, 'Promise', { keys, contents: promiseContents });
}

function promiseContents(context, value, depth) {
  const [state, result] = promiseDetails(value);
  if (state === 0) return [context.stylize('<pending>', 'special')];
  context.indentation += 2;
  const text = context.formatValue(context, result, depth);
  context.indentation -= 2;
  return [state === 2 ? `${context.stylize('<rejected>', 'special')} ${text}` : text];
}

/** Their contents depend on the collector, so they are not shown. */
function describeWeakCollection(request, className) {
  const keys = keysOf(request.context, request.value);
  const contents = (context) => [context.stylize('<items unknown>', 'special')];
  return description(request, className, { keys, contents });
}

function describeDate(request) {
  const { context, value, constructorName, tag } = request;
  const keys = keysOf(context, value);
  const time = Date.prototype.getTime.call(value);
  let base = Number.isNaN(time) ? 'Invalid Date' : Date.prototype.toISOString.call(value);
  const prefix = prefixOf(constructorName, tag, 'Date');
  if (prefix !== 'Date ') base = `${prefix}${base}`;
  base = context.stylize(base, 'date');
  return isBare(request, keys) ? base : withBase(request, base, keys);
}

function describeRegExp(request) {
  const { context, value, constructorName, tag } = request;
  const keys = keysOf(context, value);
  let base = RegExp.prototype.toString.call(constructorName === null ? new RegExp(value) : value);
  const prefix = prefixOf(constructorName, tag, 'RegExp');
  if (prefix !== 'RegExp ') base = `${prefix}${base}`;
  base = context.stylize(base, 'regexp');
  return isBare(request, keys) ? base : withBase(request, base, keys);
}

/** A text of its own (`/x/`, `[Function: f]`), then braces with the properties. */
function withBase(request, base, keys) {
  return description(request, 'Object', { base, open: '{', keys });
}

const boxes = {
  __proto__: null,
  Number: [Number.prototype.valueOf, 'number'],
  String: [String.prototype.valueOf, 'string'],
  Boolean: [Boolean.prototype.valueOf, 'boolean'],
  BigInt: [BigInt.prototype.valueOf, 'bigint'],
  Symbol: [Symbol.prototype.valueOf, 'symbol'],
};

function describeBox(request, className) {
  const { context, value, constructorName, tag } = request;
  let keys = keysOf(context, value);
  const [valueOf, style] = boxes[className];
  const primitive = valueOf.call(value);
  // The characters of a string are index properties of its object.
  if (className === 'String') keys = keys.slice(primitive.length);
  let base = `[${className}`;
  if (className !== constructorName) base += constructorName === null ? ' (null prototype)' : ` (${constructorName})`;
  base += `: ${formatPrimitive({ ...context, stylize: (text) => text, indentation: 0, compact: true }, primitive)}]`;
  if (tag !== '' && tag !== constructorName) base += ` [${tag}]`;
  base = context.stylize(base, style);
  return isBare(request, keys) ? base : withBase(request, base, keys);
}

function describeFunction(request) {
  const { context, value, constructorName, tag } = request;
  const keys = keysOf(context, value);
  const base = context.stylize(functionText(value, constructorName, tag), 'special');
  return isBare(request, keys) ? base : withBase(request, functionText(value, constructorName, tag), keys);
}

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

function isClass(value) {
  const source = Function.prototype.toString.call(value);
  return source.startsWith('class') && source.endsWith('}') && /^class[\s{/]/.test(source);
}

function functionKind(value) {
  const source = Function.prototype.toString.call(value);
  // The tag on the built-in prototype tells generators apart; async functions that are not generators have one as well.
  let prototype = Object.getPrototypeOf(value);
  for (; prototype !== null && prototype !== undefined; prototype = Object.getPrototypeOf(prototype)) {
    const tag = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value;
    if (tag === 'AsyncFunction' || tag === 'GeneratorFunction' || tag === 'AsyncGeneratorFunction') return tag;
  }
  if (/^async\b/.test(source)) return /^async\s*(function\s*)?\*/.test(source) ? 'AsyncGeneratorFunction' : 'AsyncFunction';
  return /^(function\s*)?\*/.test(source) ? 'GeneratorFunction' : 'Function';
}

function classText(value, constructorName, tag) {
  const name = (hasOwn(value, 'name') && value.name) || '(anonymous)';
  let text = `class ${name}`;
  if (constructorName !== 'Function' && constructorName !== null) text += ` [${constructorName}]`;
  if (tag !== '' && constructorName !== tag) text += ` [${tag}]`;
  if (constructorName === null) {
    text += ' extends [null prototype]';
  } else {
    const parent = Object.getPrototypeOf(value).name;
    if (parent) text += ` extends ${parent}`;
  }
  return `[${text}]`;
}

function describeIterator(request) {
  const { context, value, constructorName, tag } = request;
  // The engine offers no look at what remains without taking it.
  const keys = keysOf(context, value);
  const prefix = prefixOf(constructorName, tag, 'Object');
  return isBare(request, keys) ? `${prefix}{}` : description(request, 'Object', { prefix, keys });
}

function describeArguments(request) {
  const keys = keysOf(request.context, request.value);
  if (isBare(request, keys)) return '[Arguments] {}';
  return description(request, 'Arguments', { prefix: '[Arguments] ', keys });
}

function describeObject(request, className) {
  const { context, value, constructorName, tag } = request;
  const keys = keysOf(context, value);
  if (isModuleNamespace(value, className)) {
    return description(request, 'Module', { prefix: '[Module: null prototype] ', keys, contents: nothing });
  }
  const prefix = prefixOf(constructorName, tag, 'Object');
  const isPlain = constructorName === 'Object' && tag === '';
  if (isBare(request, keys)) return isPlain ? '{}' : `${prefix}{}`;
  return description(request, 'Object', { prefix, open: isPlain ? '{' : `${prefix}{`, keys });
}

function isModuleNamespace(value, className) {
  return (
    (className === 'Module' || className === 'Proxy') &&
    Object.getPrototypeOf(value) === null &&
    Object.getOwnPropertyDescriptor(value, Symbol.toStringTag)?.value === 'Module'
  );
}

const describers = {
  __proto__: null,
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
