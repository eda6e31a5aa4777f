// `node:util/types`: what an object is inside, whatever its prototype says.
'use strict';

const {
  endsWith,
  forEach,
  functionToString,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  includes,
  isView,
  regExp,
  test,
  viewName,
} = require('builtins/primordials');
const { className, proxyDetails } = ops;
const loadKeys = () => require('node/crypto/keys');
const loadKey = () => require('web/crypto/key');
const asyncSource = regExp(/^async\b/);
const generatorSource = regExp(/^(?:async\s*)?(?:function\s*)?\*/);

/** @param {any} value */
const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';

/** @param {...string} names @returns {(value: any) => boolean} */
const is =
  (...names) =>
  (value) =>
    isObject(value) && includes(names, className(value));

/** @param {any} value */
const sourceOf = (value) => (typeof value === 'function' ? functionToString(value) : '');

/** @type {Record<string, (value: any) => boolean>} */
const types = {
  isAnyArrayBuffer: is('ArrayBuffer', 'SharedArrayBuffer'),
  isArrayBuffer: is('ArrayBuffer'),
  isArrayBufferView: (value) => isView(value),
  isSharedArrayBuffer: is('SharedArrayBuffer'),
  isArgumentsObject: is('Arguments'),
  isAsyncFunction: (value) => test(asyncSource, sourceOf(value)),
  isBigIntObject: is('BigInt'),
  isBooleanObject: is('Boolean'),
  isBoxedPrimitive: is('BigInt', 'Boolean', 'Number', 'String', 'Symbol'),
  isCryptoKey: (value) => loadKey().isCryptoKey(value),
  // Keys of `node:crypto`; nothing else makes it load.
  isKeyObject: (value) => typeof value === 'object' && value !== null && loadKeys().isKeyObject(value),
  isDataView: (value) => isView(value) && viewName(value) === undefined,
  isDate: is('Date'),
  // Pointers of native addons, which there are none of.
  isExternal: () => false,
  isFloat16Array: (value) => isView(value) && viewName(value) === 'Float16Array',
  isGeneratorFunction: (value) => test(generatorSource, sourceOf(value)),
  isGeneratorObject: is('Generator', 'AsyncGenerator'),
  isMap: is('Map'),
  isMapIterator: is('Map Iterator'),
  isModuleNamespaceObject: (value) =>
    isObject(value) && getPrototypeOf(value) === null && getOwnPropertyDescriptor(value, Symbol.toStringTag)?.value === 'Module',
  isNativeError: (value) => isObject(value) && endsWith(className(value), 'Error'),
  isNumberObject: is('Number'),
  isPromise: is('Promise'),
  isProxy: (value) => isObject(value) && proxyDetails(value) !== undefined,
  isRegExp: is('RegExp'),
  isSet: is('Set'),
  isSetIterator: is('Set Iterator'),
  isStringObject: is('String'),
  isSymbolObject: is('Symbol'),
  isTypedArray: (value) => isView(value) && viewName(value) !== undefined,
  isWeakMap: is('WeakMap'),
  isWeakSet: is('WeakSet'),
};
const typedArrays = [
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
];
forEach(typedArrays, (name) => {
  types[`is${name}`] = (value) => isView(value) && viewName(value) === name;
});
module.exports = types;
