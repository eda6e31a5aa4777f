// WebAssembly.compileStreaming and instantiateStreaming (https://webassembly.github.io/spec/web-api/#streaming-modules): a module from a
// Response. Runs when a program first touches `WebAssembly`. The body is read whole before it is compiled.
'use strict';

const { apply, defineProperty, getOwnPropertyDescriptor, stringIncludes } = require('builtins/primordials');
const { requireArguments } = require('builtins/webidl');
const loadResponse = () => require('web/fetch/response');
const loadBody = () => require('web/fetch/body');
const loadMime = () => require('web/fetch/mime');

const { hasGuest } = ops;
const loadGuestBytes = () => require('web/webassembly/guest_bytes');

const namespace = /** @type {any} */ (globalThis).WebAssembly;
const { compile, instantiate } = namespace;

/** The bytes of a Response that says it is a module. @param {any} source @param {string} operation */
async function moduleBytes(source, operation) {
  const { asResponse, contentTypeOf } = loadResponse();
  const response = asResponse(await source);
  if (response === undefined) throw new TypeError(`${operation}: the argument must be a Response or a promise of one`);
  const { body, status } = response.record;
  const type = contentTypeOf(response.record);
  const parsed = loadMime().parseMimeType(type);
  if (parsed?.essence !== 'application/wasm' || stringIncludes(type ?? '', ';')) {
    throw new TypeError(`${operation}: the response must have the Content-Type application/wasm, not ${type ?? 'none'}`);
  }
  if (status < 200 || status > 299) throw new TypeError(`${operation}: the response has status ${status}`);
  return loadBody().bytesOfBody(body);
}

// Methods, so that they are no constructors.
const streaming = {
  /** @param {any} source */
  async compileStreaming(source) {
    requireArguments(arguments.length, 1, 'WebAssembly.compileStreaming');
    return await apply(compile, namespace, [await moduleBytes(source, 'WebAssembly.compileStreaming')]);
  },
  /** @param {any} source @param {any} [imports] */
  async instantiateStreaming(source, imports = undefined) {
    requireArguments(arguments.length, 1, 'WebAssembly.instantiateStreaming');
    return await apply(instantiate, namespace, [await moduleBytes(source, 'WebAssembly.instantiateStreaming'), imports]);
  },
};

/** @param {'compileStreaming' | 'instantiateStreaming'} name */
function define(name) {
  const { enumerable } = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(namespace, 'compile'));
  const descriptor = /** @type {any} */ ({ __proto__: null, value: streaming[name], writable: true, enumerable, configurable: true });
  defineProperty(namespace, name, descriptor);
}

define('compileStreaming');
define('instantiateStreaming');

if (hasGuest()) loadGuestBytes().takeGuestBytes(namespace);

module.exports = { WebAssembly: namespace };
