// What syntax alone reaches of the language: the methods of the classes of literals, functions, promises and errors, as they were before
// any program ran. `[].constructor` needs no global name, so these are taken at the start of each context; the other classes are taken by
// `builtins/primordials`, when the program first names a global that it has not got yet (`Map`, `Reflect`, `fetch` ...).
//
// This file runs in every program, also in one that uses nothing: it reads properties and binds nothing.
'use strict';

/**
 * Some members of an object, of the object's own type, as nothing of it changes.
 * @template T
 * @param {T} object
 * @param {PropertyKey[]} names
 * @returns {T}
 */
function take(object, names) {
  const own = /** @type {any} */ ({ __proto__: null });
  for (let index = 0; index < names.length; index += 1) own[names[index]] = /** @type {any} */ (object)[names[index]];
  return own;
}

const arrayIterator = /** @type {any} */ ([][Symbol.iterator]());
const ArrayIteratorPrototype = Object.getPrototypeOf(arrayIterator);
const { bind, call } = Function.prototype;

/** What `replace`, `split` and the like look up on an expression. @type {{ name: PropertyKey, descriptor: PropertyDescriptor }[]} */
const regExpMembers = [];
const regExpNames = ['exec', Symbol.match, Symbol.matchAll, Symbol.replace, Symbol.search, Symbol.split, 'flags', 'constructor'];
for (let index = 0; index < regExpNames.length; index += 1) {
  const name = regExpNames[index];
  const descriptor = Object.getOwnPropertyDescriptor(RegExp.prototype, name);
  if (descriptor !== undefined) regExpMembers[regExpMembers.length] = { name, descriptor };
}

module.exports = {
  ObjectClass: take(Object, [
    'assign',
    'create',
    'defineProperties',
    'entries',
    'freeze',
    'fromEntries',
    'getOwnPropertyDescriptors',
    'getOwnPropertyNames',
    'getOwnPropertySymbols',
    'hasOwn',
    'is',
    'isFrozen',
    'keys',
    'values',
  ]),
  ObjectPrototype: take(Object.prototype, ['propertyIsEnumerable', 'isPrototypeOf', 'toString']),
  FunctionPrototype: take(Function.prototype, [Symbol.hasInstance, 'bind', 'toString']),
  ArrayClass: take(Array, ['isArray']),
  ArrayPrototype: take(Array.prototype, [
    'every',
    'filter',
    'find',
    'findIndex',
    'flatMap',
    'forEach',
    'includes',
    'indexOf',
    'map',
    'reduce',
    'some',
    'sort',
    'push',
    'pop',
    'shift',
    'unshift',
    'splice',
    'slice',
    'join',
    'reverse',
    Symbol.iterator,
  ]),
  StringClass: take(String, ['fromCharCode']),
  StringPrototype: take(String.prototype, [
    'codePointAt',
    'includes',
    'indexOf',
    'isWellFormed',
    'lastIndexOf',
    'normalize',
    'padEnd',
    'padStart',
    'repeat',
    'replace',
    'replaceAll',
    'slice',
    'split',
    'toWellFormed',
    'charCodeAt',
    'startsWith',
    'endsWith',
    'toLowerCase',
    'toUpperCase',
    'trim',
    'trimEnd',
    'valueOf',
  ]),
  RegExpPrototype: take(RegExp.prototype, ['exec', 'toString']),
  PromiseClass: take(Promise, ['reject', 'resolve', 'withResolvers']),
  PromisePrototype: take(Promise.prototype, ['then']),
  NumberClass: take(Number, ['isFinite', 'isInteger', 'isNaN', 'parseFloat', 'parseInt']),
  NumberPrototype: take(Number.prototype, ['toFixed', 'toString', 'valueOf']),
  BooleanPrototype: take(Boolean.prototype, ['valueOf']),
  BigIntPrototype: take(BigInt.prototype, ['valueOf']),
  SymbolClass: take(Symbol, ['toStringTag', 'hasInstance', 'iterator', 'for']),
  SymbolPrototype: take(Symbol.prototype, ['toString', 'valueOf']),
  ErrorPrototype: take(Error.prototype, ['toString']),
  ArrayIteratorPrototype,
  /** @type {Function} */
  arrayIteratorNext: arrayIterator.next,
  /** @type {object} */
  IteratorPrototype: Object.getPrototypeOf(ArrayIteratorPrototype),
  Promise,
  regExpMembers,
  decodeURIComponent,
  encodeURIComponent,
  /** A method as a function of its receiver and arguments. @type {(method: Function) => any} */
  native: /** @type {any} */ (bind).bind(call),
};

// As in Node: libraries tell the global object of a host by it.
Object.defineProperty(globalThis, Symbol.toStringTag, { value: 'global', configurable: true });
