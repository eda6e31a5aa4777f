// What the package readable-stream takes of the language, by the names that Node's own files have for it: methods as they were before any
// program ran.
'use strict';

const primordials = require('builtins/primordials');
const { apply, arraySlice, create, defineProperties, defineProperty, getOwnPropertyDescriptor, hasInstance } = primordials;
const { hasOwn, includes, indexOf, isArray, isInteger, isNaN, join, keys, map, pop, push, reject, resolve, setBytes } = primordials;
const { setPrototypeOf, slice, test, then, toLowerCase, toUpperCase, trim } = primordials;
const { exec } = primordials;

/** @param {Function} method @param {any} self @param {any[]} given */
const call = (method, self, ...given) => apply(method, self, given);

module.exports = {
  AggregateError,
  ArrayIsArray: isArray,
  ArrayPrototypeIncludes: includes,
  ArrayPrototypeIndexOf: indexOf,
  ArrayPrototypeJoin: join,
  ArrayPrototypeMap: map,
  ArrayPrototypePop: pop,
  ArrayPrototypePush: push,
  ArrayPrototypeSlice: arraySlice,
  Boolean,
  Error,
  FunctionPrototypeCall: call,
  FunctionPrototypeSymbolHasInstance: hasInstance,
  MathFloor: primordials.floor,
  Number,
  NumberIsInteger: isInteger,
  NumberIsNaN: isNaN,
  NumberMAX_SAFE_INTEGER: Number.MAX_SAFE_INTEGER,
  NumberMIN_SAFE_INTEGER: Number.MIN_SAFE_INTEGER,
  NumberParseInt: primordials.parseInt,
  ObjectCreate: create,
  ObjectDefineProperties: defineProperties,
  ObjectDefineProperty: defineProperty,
  ObjectGetOwnPropertyDescriptor: getOwnPropertyDescriptor,
  ObjectKeys: keys,
  ObjectPrototypeHasOwnProperty: hasOwn,
  ObjectSetPrototypeOf: setPrototypeOf,
  Promise: primordials.Promise,
  PromisePrototypeCatch: primordials.catchRejection,
  PromisePrototypeThen: then,
  PromiseReject: reject,
  PromiseResolve: resolve,
  ReflectApply: apply,
  RegExpPrototypeExec: exec,
  RegExpPrototypeTest: test,
  SafeSet: Set,
  String,
  StringPrototypeSlice: slice,
  StringPrototypeToLowerCase: toLowerCase,
  StringPrototypeToUpperCase: toUpperCase,
  StringPrototypeTrim: trim,
  Symbol,
  SymbolAsyncDispose: Symbol.asyncDispose,
  SymbolAsyncIterator: Symbol.asyncIterator,
  SymbolDispose: Symbol.dispose,
  SymbolFor: primordials.symbolFor,
  SymbolHasInstance: Symbol.hasInstance,
  SymbolIterator: Symbol.iterator,
  TypedArrayPrototypeSet: setBytes,
  Uint8Array,
};
