// Which properties of an object `inspect` lists.
'use strict';

const { hasOwn } = Object;
const { propertyIsEnumerable } = Object.prototype;

/** A class of the engine, not of the program. */
function isBuiltIn(constructor) {
  return /^[A-Z]/.test(constructor.name) && /\[native code\]\s*\}$/.test(Function.prototype.toString.call(constructor));
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

module.exports = { isBuiltIn, keysBesidesIndices, keysOf };
