// Checks of the arguments of `node:sqlite`. Its messages name no value, other than those of all other modules.
'use strict';

const { nodeError } = require('node/errors');
const { byteIndexOf, isInteger, stringIncludes, viewBuffer, viewByteLength, viewByteOffset } = require('builtins/primordials');
const { isView, viewName } = require('builtins/primordials');
const loadBuffer = () => require('node/buffer/buffer');

/** @param {string} name @param {string} kind `a string` */
function invalid(name, kind) {
  return nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${kind}.`);
}

/** @param {string} message */
const invalidState = (message) => nodeError(Error, 'ERR_INVALID_STATE', message);

/** @param {any} value @param {string} name */
function requireText(value, name) {
  if (typeof value !== 'string') throw invalid(name, 'a string');
  return value;
}

/** @param {any} value @param {string} name */
function requireCallable(value, name) {
  if (typeof value !== 'function') throw invalid(name, 'a function');
  return value;
}

/** @param {any} value @param {string} name */
function requireFlag(value, name) {
  if (typeof value !== 'boolean') throw invalid(name, 'a boolean');
  return value;
}

/** An option that may be left out. @param {any} options @param {string} name @param {boolean} otherwise */
function flagOf(options, name, otherwise) {
  const value = options[name];
  return value === undefined ? otherwise : requireFlag(value, `options.${name}`);
}

/** @param {any} value @param {string} name */
function requireWhole(value, name) {
  if (typeof value !== 'number' || !isInteger(value)) throw invalid(name, 'an integer');
  return value;
}

/** @param {any} value @returns {any} an object, of nothing if there is none */
function optionsOf(value) {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null) throw invalid('options', 'an object');
  return value;
}

/** @param {any} value */
function isBytes(value) {
  return isView(value) && viewName(value) === 'Uint8Array';
}

/** The bytes of a path, which may be a URI. @param {any} path @returns {Uint8Array} */
function pathBytes(path) {
  const { Buffer } = loadBuffer();
  if (typeof path === 'string') {
    if (!stringIncludes(path, '\0')) return Buffer.from(path);
  } else if (isBytes(path)) {
    if (byteIndexOf(path, 0) === -1) return Buffer.from(viewBuffer(path), viewByteOffset(path), viewByteLength(path));
  } else if (typeof path === 'object' && path !== null && typeof path.href === 'string' && typeof path.protocol === 'string') {
    const { href } = path;
    if (path.protocol !== 'file:') throw nodeError(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file:');
    if (!stringIncludes(href, '\0')) return Buffer.from(href);
  }
  throw invalid('path', 'a string, Uint8Array, or URL without null bytes');
}

module.exports = {
  flagOf,
  invalid,
  invalidState,
  isBytes,
  optionsOf,
  pathBytes,
  requireCallable,
  requireFlag,
  requireText,
  requireWhole,
};
