// Which properties of an object `inspect` lists.
'use strict';

const {
  arraySlice,
  charCodeAt,
  functionToString,
  getOwnPropertyNames,
  getOwnPropertySymbols,
  hasOwn,
  isArray,
  isEnumerable,
  keys: enumerableNames,
  push,
  regExp,
  test,
  viewLength,
} = require('builtins/primordials');
const capital = regExp(/^[A-Z]/);
const native = regExp(/\[native code\]\s*\}$/);

/** A class of the engine, not of the program. @param {Function} constructor */
function isBuiltIn(constructor) {
  return test(capital, constructor.name) && test(native, functionToString(constructor));
}

/** The keys to list: enumerable ones, or all with `showHidden`. @param {InspectContext} context @param {any} value */
function keysOf(context, value) {
  /** @type {PropertyKey[]} */
  let names;
  if (context.showHidden) {
    names = getOwnPropertyNames(value);
  } else {
    try {
      names = enumerableNames(value);
    } catch {
      // A module namespace with a binding that is not initialised yet.
      names = getOwnPropertyNames(value);
    }
  }
  return withSymbols(context, value, names);
}

/** @param {InspectContext} context @param {any} value @param {PropertyKey[]} names */
function withSymbols(context, value, names) {
  const symbols = getOwnPropertySymbols(value);
  for (let index = 0; index < symbols.length; index += 1) {
    if (context.showHidden || isEnumerable(value, symbols[index])) push(names, symbols[index]);
  }
  return names;
}

// The language lists indices among the keys; of a longer list only symbols are shown besides its elements.
const longestToSearch = 100_000;

/** As `keysOf`, without array indices; integer keys come first in property order. @param {InspectContext} context @param {any} value */
function keysBesidesIndices(context, value) {
  const list = context.showHidden ? getOwnPropertyNames : enumerableNames;
  const names = lengthOf(value) > longestToSearch ? [] : list(value);
  let start = 0;
  while (start < names.length && isIndex(names[start])) start += 1;
  return withSymbols(context, value, arraySlice(names, start));
}

/** The number of elements that are really there: a sparse array has few, whatever its length says. @param {any} value @returns {number} */
function lengthOf(value) {
  if (!isArray(value)) return viewLength(value);
  return value.length > longestToSearch && !hasOwn(value, value.length >> 1) ? 0 : value.length;
}

/** @param {string} name */
function isIndex(name) {
  const first = charCodeAt(name, 0);
  const number = +name >>> 0;
  return first >= 48 && first <= 57 && `${number}` === name && number !== 0xffffffff;
}

module.exports = { isBuiltIn, keysBesidesIndices, keysOf };
