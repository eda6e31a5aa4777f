// The language's own methods as they were before any program ran, as functions whose first argument is the receiver: a program that
// replaces `Array.prototype.push` or `Reflect.apply` breaks nothing of ours. The files call these in place of methods wherever a program's
// replacement could be seen.
//
// What calls a method without naming it is to be avoided as well: `for (const x of list)`, `[...list]`, `f(...list)` and `[a, b] = list` call
// `Array.prototype[Symbol.iterator]`. Walk lists by index; `listOf` reads an iterable of the program's own.
//
// Two forms, because they cost differently (nanoseconds above the plain call, SpiderMonkey 153): a bound `call` costs nothing of a method
// that the JIT inlines, 50 of another in C++ (the `buffer` of a view), 200 of one that the engine has in JavaScript; `apply` with an array
// literal costs 10 to 15 for any.
//
// It runs when the program first names a global of the engine's that it has not got yet, or when another file needs it: an empty script does
// not pay for it. What syntax reaches without such a name is taken before, by `builtins/syntax_primordials`; everything else is new here.
'use strict';

const { ArrayClass, ArrayIteratorPrototype, ArrayPrototype, IteratorPrototype, arrayIteratorNext } = require('builtins/syntax_primordials');
const { BigIntPrototype, BooleanPrototype, ErrorPrototype, FunctionPrototype } = require('builtins/syntax_primordials');
const { NumberClass, NumberPrototype, ObjectClass, ObjectPrototype, native } = require('builtins/syntax_primordials');
const { Promise, PromiseClass, PromisePrototype, RegExpPrototype, regExpMembers } = require('builtins/syntax_primordials');
const { StringClass, StringPrototype, SymbolClass, SymbolPrototype } = require('builtins/syntax_primordials');
const { decodeURIComponent, encodeURIComponent } = require('builtins/syntax_primordials');

const { apply, construct, defineProperty, deleteProperty, get, getOwnPropertyDescriptor, getPrototypeOf, has, ownKeys, set } = Reflect;
const { setPrototypeOf } = Reflect;
/** @param {any} object @param {PropertyKey} name @returns {Function} */
function getterOf(object, name) {
  return /** @type {any} */ (getOwnPropertyDescriptor(object, name)).get;
}
/** @type {(object: any, name: PropertyKey) => any} */
const getter = (object, name) => native(getterOf(object, name));

const { every, filter, find, findIndex, flatMap, forEach, includes, indexOf, map, reduce, some, sort } = ArrayPrototype;
const {
  codePointAt,
  includes: stringIncludesMethod,
  indexOf: stringIndexOfMethod,
  isWellFormed,
  lastIndexOf,
  normalize,
  padEnd,
  padStart,
  repeat,
  replace,
  replaceAll,
  slice,
  split,
  toWellFormed,
} = StringPrototype;
const { exec, toString: regExpToStringMethod } = RegExpPrototype;
const { forEach: forEachOfMap } = Map.prototype;
const { forEach: forEachOfSet } = Set.prototype;
const { then } = PromisePrototype;
const { reject, resolve, withResolvers } = PromiseClass;
const TypedArrayPrototype = getPrototypeOf(Uint8Array.prototype);
const bufferOfView = getterOf(TypedArrayPrototype, 'buffer');
/** @type {(view: any) => number} */
const viewByteLength = getter(TypedArrayPrototype, 'byteLength');
const nameOfView = getterOf(TypedArrayPrototype, SymbolClass.toStringTag);
const bufferOfDataView = getterOf(DataView.prototype, 'buffer');
const resizable = getterOf(ArrayBuffer.prototype, 'resizable');
const detached = getterOf(ArrayBuffer.prototype, 'detached');
const { transfer } = /** @type {any} */ (ArrayBuffer.prototype);
const ByteArray = Uint8Array;
const {
  indexOf: byteIndexOf,
  lastIndexOf: byteLastIndexOf,
  set: setBytes,
  slice: copyBytes,
  toBase64,
  toHex,
} = /** @type {any} */ (Uint8Array.prototype);
const { propertyIsEnumerable } = ObjectPrototype;
const { [SymbolClass.hasInstance]: hasInstance } = FunctionPrototype;
const { toFixed } = NumberPrototype;
const { set: setInWeakMap } = WeakMap.prototype;
const { deref } = WeakRef.prototype;
const iterate = SymbolClass.iterator;
const OwnSet = Set;
/** @type {(set: Set<any>, value: any) => void} */
const addToSet = native(Set.prototype.add);

module.exports = {
  apply,
  construct,
  defineProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  has,
  ownKeys,
  reflectDefine: defineProperty,
  reflectGet: get,
  reflectDelete: deleteProperty,
  reflectSet: set,
  setPrototypeOf,

  // ---- Object
  assign: ObjectClass.assign,
  create: ObjectClass.create,
  defineProperties: ObjectClass.defineProperties,
  entries: ObjectClass.entries,
  freeze: ObjectClass.freeze,
  fromEntries: ObjectClass.fromEntries,
  getOwnPropertyDescriptors: ObjectClass.getOwnPropertyDescriptors,
  getOwnPropertyNames: ObjectClass.getOwnPropertyNames,
  getOwnPropertySymbols: ObjectClass.getOwnPropertySymbols,
  hasOwn: ObjectClass.hasOwn,
  is: ObjectClass.is,
  isFrozen: ObjectClass.isFrozen,
  keys: ObjectClass.keys,
  values: ObjectClass.values,
  /** @type {(object: any, key: PropertyKey) => boolean} */
  isEnumerable: (object, key) => apply(propertyIsEnumerable, object, [key]),
  /** @type {(prototype: any, object: any) => boolean} */
  isPrototypeOf: native(ObjectPrototype.isPrototypeOf),
  /** @type {(object: any) => string} */
  objectToString: native(ObjectPrototype.toString),
  /** @type {(error: any) => string} */
  errorToString: native(ErrorPrototype.toString),

  // ---- Symbol
  /** The method by which a class says how `inspect` shows its instances. @type {unique symbol} */
  customInspect: /** @type {any} */ (SymbolClass.for('nodejs.util.inspect.custom')),

  // ---- Function
  /** @type {(method: Function, self: any, ...args: any[]) => any} */
  bind: native(FunctionPrototype.bind),
  /** @type {(method: Function) => string} */
  functionToString: native(FunctionPrototype.toString),
  /** @type {(Class: Function, value: any) => boolean} */
  hasInstance: (Class, value) => apply(hasInstance, Class, [value]),

  // ---- Array
  isArray: ArrayClass.isArray,
  /** @type {<T>(list: T[], ...items: T[]) => number} */
  push: native(ArrayPrototype.push),
  /** @type {<T>(list: T[]) => T | undefined} */
  pop: native(ArrayPrototype.pop),
  /** @type {<T>(list: T[]) => T | undefined} */
  shift: native(ArrayPrototype.shift),
  /** @type {<T>(list: T[], ...items: T[]) => number} */
  unshift: native(ArrayPrototype.unshift),
  /** @type {<T>(list: T[], start: number, count?: number, ...items: T[]) => T[]} */
  splice: native(ArrayPrototype.splice),
  /** @type {<T>(list: ArrayLike<T>, start?: number, end?: number) => T[]} */
  arraySlice: native(ArrayPrototype.slice),
  /** @type {(list: any[], separator?: string) => string} */
  join: native(ArrayPrototype.join),
  /** @type {<T>(list: T[]) => T[]} */
  reverse: native(ArrayPrototype.reverse),
  /** @type {<T>(list: T[], test: (value: T, index: number) => unknown) => boolean} */
  every: (list, test) => apply(every, list, [test]),
  /** @type {<T>(list: T[], test: (value: T, index: number) => unknown) => T[]} */
  filter: (list, test) => apply(filter, list, [test]),
  /** @type {<T>(list: T[], test: (value: T, index: number) => unknown) => T | undefined} */
  find: (list, test) => apply(find, list, [test]),
  /** @type {<T>(list: T[], test: (value: T, index: number) => unknown) => number} */
  findIndex: (list, test) => apply(findIndex, list, [test]),
  /** @type {<T, R>(list: T[], make: (value: T, index: number) => R | R[]) => R[]} */
  flatMap: (list, make) => apply(flatMap, list, [make]),
  /** @type {<T>(list: T[], visit: (value: T, index: number) => void) => void} */
  forEach: (list, visit) => apply(forEach, list, [visit]),
  /** @type {<T>(list: readonly T[], value: T) => boolean} */
  includes: (list, value) => apply(includes, list, [value]),
  /** @type {<T>(list: readonly T[], value: T, from?: number) => number} */
  indexOf: (list, value, from = 0) => apply(indexOf, list, [value, from]),
  /** @type {<T, R>(list: readonly T[], make: (value: T, index: number) => R) => R[]} */
  map: (list, make) => apply(map, list, [make]),
  /** @type {<T, R>(list: readonly T[], combine: (sum: R, value: T) => R, start: R) => R} */
  reduce: (list, combine, start) => apply(reduce, list, [combine, start]),
  /** @type {<T>(list: T[], test: (value: T, index: number) => unknown) => boolean} */
  some: (list, test) => apply(some, list, [test]),
  /** @type {<T>(list: T[], compare?: (left: T, right: T) => number) => T[]} */
  sort: (list, compare) => apply(sort, list, [compare]),

  /** What iterates an array, as long as the program made nothing else of it. */
  arrayValues: ArrayPrototype[SymbolClass.iterator],
  ArrayIteratorPrototype,
  arrayIteratorNext,
  IteratorPrototype,

  // ---- String
  fromCharCode: StringClass.fromCharCode,
  /** @type {(text: string, index: number) => number} */
  charCodeAt: native(StringPrototype.charCodeAt),
  /** @type {(text: string, index: number) => number | undefined} */
  codePointAt: (text, index) => apply(codePointAt, text, [index]),
  /** @type {(text: string, part: string) => boolean} */
  startsWith: native(StringPrototype.startsWith),
  /** @type {(text: string, part: string) => boolean} */
  endsWith: native(StringPrototype.endsWith),
  /** @type {(text: string) => string} */
  toLowerCase: native(StringPrototype.toLowerCase),
  /** @type {(text: string) => string} */
  toUpperCase: native(StringPrototype.toUpperCase),
  /** @type {(text: string) => string} */
  trim: native(StringPrototype.trim),
  /** @type {(text: string) => string} */
  trimEnd: native(StringPrototype.trimEnd),
  /** @type {(text: string, part: string, from?: number) => boolean} */
  stringIncludes: (text, part, from = 0) => apply(stringIncludesMethod, text, [part, from]),
  /** @type {(text: string, part: string, from?: number) => number} */
  stringIndexOf: (text, part, from = 0) => apply(stringIndexOfMethod, text, [part, from]),
  /** @type {(text: string) => boolean} */
  isWellFormed: (text) => apply(isWellFormed, text, []),
  /** @type {(text: string, part: string) => number} */
  lastIndexOf: (text, part) => apply(lastIndexOf, text, [part]),
  /** @type {(text: string, form: string) => string} */
  normalize: (text, form) => apply(normalize, text, [form]),
  /** @type {(text: string, length: number, fill?: string) => string} */
  padEnd: (text, length, fill = ' ') => apply(padEnd, text, [length, fill]),
  /** @type {(text: string, length: number, fill?: string) => string} */
  padStart: (text, length, fill = ' ') => apply(padStart, text, [length, fill]),
  /** @type {(text: string, count: number) => string} */
  repeat: (text, count) => apply(repeat, text, [count]),
  /** `pattern` is a string or an expression of `regExp`. @type {(text: string, pattern: string | RegExp, by: any) => string} */
  replace: (text, pattern, by) => apply(replace, text, [pattern, by]),
  /** @type {(text: string, pattern: string | RegExp, by: any) => string} */
  replaceAll: (text, pattern, by) => apply(replaceAll, text, [pattern, by]),
  /** @type {(text: string, start: number, end?: number) => string} */
  slice: (text, start, end = text.length) => apply(slice, text, [start, end]),
  /** @type {(text: string, separator: string | RegExp, limit?: number) => string[]} */
  split: (text, separator, limit) => apply(split, text, [separator, limit]),
  /** @type {(text: string) => string} */
  toWellFormed: (text) => apply(toWellFormed, text, []),

  // ---- Number and BigInt
  /** @type {(number: number, radix?: number) => string} */
  numberToString: native(NumberPrototype.toString),
  /** @type {(number: number, digits?: number) => string} */
  toFixed: (number, digits) => apply(toFixed, number, [digits]),
  isFinite: NumberClass.isFinite,
  isInteger: NumberClass.isInteger,
  isNaN: NumberClass.isNaN,
  parseFloat: NumberClass.parseFloat,
  parseInt: NumberClass.parseInt,

  // ---- Math
  abs: Math.abs,
  ceil: Math.ceil,
  cos: Math.cos,
  floor: Math.floor,
  imul: Math.imul,
  max: Math.max,
  min: Math.min,
  random: Math.random,
  round: Math.round,
  sin: Math.sin,
  sqrt: Math.sqrt,
  tan: Math.tan,
  trunc: Math.trunc,

  // ---- JSON and URI components
  parseJson: JSON.parse,
  stringify: JSON.stringify,
  decodeURIComponent,
  encodeURIComponent,

  // ---- Boxes: the primitive inside
  bigIntValueOf: /** @type {(box: any) => bigint} */ (native(BigIntPrototype.valueOf)),
  booleanValueOf: /** @type {(box: any) => boolean} */ (native(BooleanPrototype.valueOf)),
  numberValueOf: /** @type {(box: any) => number} */ (native(NumberPrototype.valueOf)),
  stringValueOf: /** @type {(box: any) => string} */ (native(StringPrototype.valueOf)),
  symbolFor: SymbolClass.for,
  symbolToString: /** @type {(symbol: symbol) => string} */ (native(SymbolPrototype.toString)),
  symbolValueOf: /** @type {(box: any) => symbol} */ (native(SymbolPrototype.valueOf)),

  // ---- Date
  now: Date.now,
  /** @type {(date: Date) => number} */
  dateGetTime: native(Date.prototype.getTime),
  /** @type {(date: Date) => string} */
  dateToISOString: native(Date.prototype.toISOString),

  // ---- RegExp
  regExp,
  /** @type {(expression: RegExp) => string} */
  regExpToString: (expression) => apply(regExpToStringMethod, expression, []),
  /** @type {(expression: RegExp, text: string) => RegExpExecArray | null} */
  exec: (expression, text) => apply(exec, expression, [text]),
  /** @type {(expression: RegExp, text: string) => boolean} */
  test: (expression, text) => apply(exec, expression, [text]) !== null,

  // ---- Map, Set, WeakMap, WeakSet, WeakRef, FinalizationRegistry
  Map,
  Set,
  WeakMap,
  WeakRef,
  WeakSet,
  /** @type {<K, V>(map: Map<K, V>, key: K) => V | undefined} */
  mapGet: native(Map.prototype.get),
  /** @type {<K, V>(map: Map<K, V>, key: K, value: V) => Map<K, V>} */
  mapSet: native(Map.prototype.set),
  /** @type {<K>(map: Map<K, any>, key: K) => boolean} */
  mapHas: native(Map.prototype.has),
  /** @type {<K>(map: Map<K, any>) => MapIterator<K>} */
  mapKeys: native(Map.prototype.keys),
  /** @type {<K>(map: Map<K, any>, key: K) => boolean} */
  mapDelete: native(Map.prototype.delete),
  /** @type {(map: Map<any, any>) => number} */
  mapSize: getter(Map.prototype, 'size'),
  /** @type {<K, V>(map: Map<K, V>, visit: (value: V, key: K) => void) => void} */
  mapForEach: (map, visit) => apply(forEachOfMap, map, [visit]),
  setOf,
  /** @type {<T>(set: Set<T>, value: T) => Set<T>} */
  setAdd: native(Set.prototype.add),
  /** @type {<T>(set: Set<T>, value: T) => boolean} */
  setHas: native(Set.prototype.has),
  /** @type {<T>(set: Set<T>, value: T) => boolean} */
  setDelete: native(Set.prototype.delete),
  /** @type {(set: Set<any>) => void} */
  setClear: native(Set.prototype.clear),
  /** @type {(set: Set<any>) => number} */
  setSize: getter(Set.prototype, 'size'),
  /** @type {<T>(set: Set<T>, visit: (value: T) => void) => void} */
  setForEach: (set, visit) => apply(forEachOfSet, set, [visit]),
  /** @type {<K extends WeakKey, V>(map: WeakMap<K, V>, key: K) => V | undefined} */
  weakMapGet: native(WeakMap.prototype.get),
  /** @type {<K extends WeakKey, V>(map: WeakMap<K, V>, key: K, value: V) => WeakMap<K, V>} */
  weakMapSet: (map, key, value) => /** @type {any} */ (apply(setInWeakMap, map, [key, value])),
  /** @type {<K extends WeakKey>(map: WeakMap<K, any>, key: K) => boolean} */
  weakMapHas: native(WeakMap.prototype.has),
  /** @type {<T extends WeakKey>(reference: WeakRef<T>) => T | undefined} */
  deref: (reference) => apply(deref, reference, []),

  FinalizationRegistry,
  /** @type {<T>(registry: FinalizationRegistry<T>, target: WeakKey, held: T, token?: WeakKey) => void} */
  register: native(FinalizationRegistry.prototype.register),
  /** @type {(registry: FinalizationRegistry<any>, token: WeakKey) => boolean} */
  unregister: native(FinalizationRegistry.prototype.unregister),

  // ---- Promise. `await` needs none of these; `resolve` and `reject` make promises of the engine's own class.
  Promise,
  /** @type {<T>(value?: T | PromiseLike<T>) => Promise<T>} */
  resolve: (value) => /** @type {any} */ (apply(resolve, Promise, [value])),
  /** @type {(reason: any) => Promise<never>} */
  reject: (reason) => apply(reject, Promise, [reason]),
  /** @type {<T>() => PromiseWithResolvers<T>} */
  withResolvers: () => /** @type {any} */ (apply(withResolvers, Promise, [])),
  /** @type {(promise: Promise<any>, onFulfilled?: ((value: any) => any) | null, onRejected?: (reason: any) => any) => Promise<any>} */
  // biome-ignore lint/suspicious/noThenProperty: these are methods, and nobody awaits the exports
  then: (promise, onFulfilled, onRejected) => apply(then, promise, [onFulfilled, onRejected]),
  /** @type {(promise: Promise<any>, onRejected: (reason: any) => any) => Promise<any>} */
  catchRejection: (promise, onRejected) => apply(then, promise, [undefined, onRejected]),

  // ---- Buffers and views
  /** @type {(buffer: ArrayBufferLike) => number} */
  arrayBufferByteLength: getter(ArrayBuffer.prototype, 'byteLength'),
  isView: ArrayBuffer.isView,
  /** @type {(buffer: ArrayBuffer, size: number) => void} */
  resizeBuffer: native(ArrayBuffer.prototype.resize),
  /** @type {(buffer: ArrayBufferLike) => number} */
  /** @type {(buffer: any) => boolean} */
  isResizable: (buffer) => apply(resizable, buffer, []),
  /** @type {(buffer: any) => boolean} */
  isDetached: (buffer) => apply(detached, buffer, []),
  /** Another buffer with the bytes of this one, which is detached. @type {(buffer: any) => ArrayBuffer} */
  transferBuffer: (buffer) => apply(transfer, buffer, []),
  /** The classes of views by their names. @type {Record<string, any>} */
  viewClasses: {
    __proto__: null,
    BigInt64Array,
    BigUint64Array,
    DataView,
    Float16Array: /** @type {any} */ (globalThis).Float16Array,
    Float32Array,
    Float64Array,
    Int8Array,
    Int16Array,
    Int32Array,
    Uint8Array,
    Uint8ClampedArray,
    Uint16Array,
    Uint32Array,
  },
  /** @type {(buffer: any) => number} */
  maxByteLength: getter(ArrayBuffer.prototype, 'maxByteLength'),
  /** @type {(view: any) => any} */
  dataViewBuffer: (view) => apply(bufferOfDataView, view, []),
  /** @type {(view: any) => number} */
  dataViewByteLength: getter(DataView.prototype, 'byteLength'),
  /** @type {(view: any) => number} */
  dataViewByteOffset: getter(DataView.prototype, 'byteOffset'),
  /** @type {(view: any) => ArrayBufferLike} */
  viewBuffer: (view) => apply(bufferOfView, view, []),
  viewByteLength,
  /** @type {(view: any) => number} */
  viewByteOffset: getter(TypedArrayPrototype, 'byteOffset'),
  /** The number of elements. @type {(array: any) => number} */
  viewLength: getter(TypedArrayPrototype, 'length'),
  /** The name of a typed array's class; undefined for anything else. @type {(value: any) => string | undefined} */
  viewName: (value) => apply(nameOfView, value, []),
  /** @type {<T extends ArrayBufferLike>(bytes: Uint8Array<T>, start?: number, end?: number) => Uint8Array<T>} */
  subarray: native(Uint8Array.prototype.subarray),
  /** @type {(target: Uint8Array, source: ArrayLike<number>, offset?: number) => void} */
  setBytes: native(Uint8Array.prototype.set),
  /** @type {(bytes: Uint8Array, byte: number, start?: number, end?: number) => Uint8Array} */
  fillBytes: native(Uint8Array.prototype.fill),
  /** @type {(bytes: Uint8Array, target: number, start: number, end?: number) => Uint8Array} */
  copyWithin: native(Uint8Array.prototype.copyWithin),
  /** @type {(bytes: Uint8Array) => string} */
  toBase64: (bytes) => apply(toBase64, bytes, []),
  /** @type {(bytes: Uint8Array) => string} */
  toHex: (bytes) => apply(toHex, bytes, []),
  /** @type {(bytes: Uint8Array, byte: number, from?: number) => number} */
  byteIndexOf: (bytes, byte, from) => apply(byteIndexOf, bytes, [byte, from]),
  /** @type {(bytes: Uint8Array, byte: number, from: number) => number} */
  byteLastIndexOf: (bytes, byte, from) => apply(byteLastIndexOf, bytes, [byte, from]),
  /** @type {(bytes: Uint8Array, start?: number, end?: number) => Uint8Array<ArrayBuffer>} */
  copyBytes: (bytes, start, end) => {
    if (start !== undefined) return apply(copyBytes, bytes, [start, end]);
    // The whole, which nearly all copies are: `slice` makes an ArrayBuffer with each, and takes 500 ns more.
    const copy = new ByteArray(viewByteLength(bytes));
    apply(setBytes, copy, [bytes]);
    return copy;
  },

  listOf,
};

/**
 * A regular expression whose use no program can change: it has the methods of its class itself.
 * @param {RegExp} expression
 */
function regExp(expression) {
  for (let index = 0; index < regExpMembers.length; index += 1) {
    defineProperty(expression, regExpMembers[index].name, regExpMembers[index].descriptor);
  }
  return expression;
}

/**
 * A set of these values; `new Set(list)` would ask the list's iterator.
 * @template T
 * @param {readonly T[]} list
 * @returns {Set<T>}
 */
function setOf(list) {
  const set = new OwnSet();
  for (let i = 0; i < list.length; i += 1) addToSet(set, list[i]);
  return set;
}

/**
 * The elements of an iterable of the program's own, by its `Symbol.iterator`, whatever the program made of it.
 * @param {any} iterable
 * @returns {any[]}
 */
function listOf(iterable) {
  const list = [];
  const iterator = apply(iterable[iterate], iterable, []);
  const { next } = iterator;
  for (;;) {
    const step = apply(next, iterator, []);
    if (step.done) return list;
    list[list.length] = step.value;
  }
}
