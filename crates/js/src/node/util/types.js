// `node:util/types`: what an object is inside, whatever its prototype says.
'use strict';

const { className, proxyDetails } = ops;
const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
const is =
  (...names) =>
  (value) =>
    isObject(value) && names.includes(className(value));
const typedArrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const isTypedArray = (value) => ArrayBuffer.isView(value) && typedArrayTag.call(value) !== undefined;
const typedArray = (name) => (value) => ArrayBuffer.isView(value) && typedArrayTag.call(value) === name;

const sourceOf = (value) => (typeof value === 'function' ? Function.prototype.toString.call(value) : '');

const types = {
  isAnyArrayBuffer: is('ArrayBuffer', 'SharedArrayBuffer'),
  isArrayBuffer: is('ArrayBuffer'),
  isArrayBufferView: (value) => ArrayBuffer.isView(value),
  isSharedArrayBuffer: is('SharedArrayBuffer'),
  isArgumentsObject: is('Arguments'),
  isAsyncFunction: (value) => /^async\b/.test(sourceOf(value)),
  isBigIntObject: is('BigInt'),
  isBooleanObject: is('Boolean'),
  isBoxedPrimitive: is('BigInt', 'Boolean', 'Number', 'String', 'Symbol'),
  isDataView: (value) => ArrayBuffer.isView(value) && typedArrayTag.call(value) === undefined,
  isDate: is('Date'),
  isGeneratorFunction: (value) => /^(?:async\s*)?(?:function\s*)?\*/.test(sourceOf(value)),
  isGeneratorObject: is('Generator', 'AsyncGenerator'),
  isMap: is('Map'),
  isMapIterator: is('Map Iterator'),
  isModuleNamespaceObject: (value) =>
    isObject(value) &&
    Object.getPrototypeOf(value) === null &&
    Object.getOwnPropertyDescriptor(value, Symbol.toStringTag)?.value === 'Module',
  isNativeError: (value) => isObject(value) && className(value).endsWith('Error'),
  isNumberObject: is('Number'),
  isPromise: is('Promise'),
  isProxy: (value) => isObject(value) && proxyDetails(value) !== undefined,
  isRegExp: is('RegExp'),
  isSet: is('Set'),
  isSetIterator: is('Set Iterator'),
  isStringObject: is('String'),
  isSymbolObject: is('Symbol'),
  isTypedArray,
  isWeakMap: is('WeakMap'),
  isWeakSet: is('WeakSet'),
};
for (const name of [
  'BigInt64Array',
  'BigUint64Array',
  'Float32Array',
  'Float64Array',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Uint16Array',
  'Uint32Array',
]) {
  types[`is${name}`] = typedArray(name);
}
module.exports = types;
