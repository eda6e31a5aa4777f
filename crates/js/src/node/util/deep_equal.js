// Deep equality as `node:assert` and `util.isDeepStrictEqual` mean it: strict compares with `Object.is` and prototypes, loose with `==`.
'use strict';

const { className } = ops;
const { hasOwn } = Object;

function isDeepEqual(left, right, strict) {
  return equal(left, right, strict, new Map());
}

const isPrimitive = (value) => (typeof value !== 'object' || value === null) && typeof value !== 'function';

function equal(left, right, strict, visited) {
  if (Object.is(left, right)) return true;
  if (isPrimitive(left) || isPrimitive(right)) {
    if (strict || (!isPrimitive(left) && left !== null) || (!isPrimitive(right) && right !== null)) return false;
    // eslint-disable-next-line eqeqeq -- what loose means
    // biome-ignore lint/suspicious/noDoubleEquals: the loose comparison of `assert.deepEqual`
    return left == right || (left !== left && right !== right);
  }
  if (typeof left === 'function' || typeof right === 'function') return false;
  if (strict && Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  const kind = className(left);
  if (kind !== className(right) || Array.isArray(left) !== Array.isArray(right)) return false;
  // A pair that is being compared further up is taken as equal: the rest decides.
  if (visited.get(left) === right) return true;
  visited.set(left, right);
  const result = sameContents(left, right, kind, strict, visited) && sameProperties(left, right, strict, visited);
  visited.delete(left);
  return result;
}

function sameContents(left, right, kind, strict, visited) {
  switch (kind) {
    case 'Date':
      return Date.prototype.getTime.call(left) === Date.prototype.getTime.call(right);
    case 'RegExp':
      return String(left) === String(right) && left.lastIndex === right.lastIndex;
    case 'Number':
    case 'String':
    case 'Boolean':
    case 'BigInt':
    case 'Symbol':
      return Object.is(left.valueOf(), right.valueOf());
    case 'Map':
      return sameMap(left, right, strict, visited);
    case 'Set':
      return sameSet(left, right, strict, visited);
    case 'ArrayBuffer':
    case 'SharedArrayBuffer':
      return sameBytes(new Uint8Array(left), new Uint8Array(right));
    case 'WeakMap':
    case 'WeakSet':
    case 'Promise':
      return false;
    default:
      break;
  }
  if (kind.endsWith('Error') || left instanceof Error) {
    return ['name', 'message', 'cause', 'errors'].every((key) => equal(left[key], right[key], strict, visited));
  }
  if (Array.isArray(left)) return left.length === right.length;
  if (ArrayBuffer.isView(left)) return left.byteLength === right.byteLength && sameView(left, right);
  return true;
}

function sameView(left, right) {
  const bytes = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return sameBytes(bytes(left), bytes(right));
}

function sameBytes(left, right) {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function sameSet(left, right, strict, visited) {
  if (left.size !== right.size) return false;
  const rest = [...right].filter((item) => !left.has(item));
  for (const item of left) {
    if (right.has(item)) continue;
    const index = rest.findIndex((other) => equal(item, other, strict, visited));
    if (index === -1) return false;
    rest.splice(index, 1);
  }
  return true;
}

function sameMap(left, right, strict, visited) {
  if (left.size !== right.size) return false;
  const rest = [...right].filter(([key]) => !left.has(key));
  for (const [key, value] of left) {
    if (right.has(key)) {
      if (!equal(value, right.get(key), strict, visited)) return false;
      continue;
    }
    const index = rest.findIndex((other) => equal(key, other[0], strict, visited) && equal(value, other[1], strict, visited));
    if (index === -1) return false;
    rest.splice(index, 1);
  }
  return true;
}

function enumerableKeys(object, strict) {
  const keys = Object.keys(object);
  if (!strict) return keys;
  return [...keys, ...Object.getOwnPropertySymbols(object).filter((key) => Object.prototype.propertyIsEnumerable.call(object, key))];
}

function sameProperties(left, right, strict, visited) {
  if (ArrayBuffer.isView(left)) return true;
  const keys = enumerableKeys(left, strict);
  if (keys.length !== enumerableKeys(right, strict).length) return false;
  return keys.every((key) => hasOwn(right, key) && equal(left[key], right[key], strict, visited));
}

module.exports = { isDeepEqual };
