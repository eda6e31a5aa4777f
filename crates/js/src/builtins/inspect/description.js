// What the types say of an object: a description that `inspect` lays out.
'use strict';

const { assign, slice } = require('builtins/primordials');

/**
 * `Name `, `Name(3) `, `Name [Tag] `, `[Fallback: null prototype] `.
 * @param {string | null} constructorName @param {string} tag @param {string} fallback @param {string} [size]
 */
function prefixOf(constructorName, tag, fallback, size = '') {
  if (constructorName === null) {
    const shown = tag !== '' && fallback !== tag ? `[${tag}] ` : '';
    return `[${fallback}${size}: null prototype] ${shown}`;
  }
  return tag !== '' && constructorName !== tag ? `${constructorName}${size} [${tag}] ` : `${constructorName}${size} `;
}

/** @returns {string[]} */
const nothing = () => [];

/** @param {InspectRequest} request @param {string} fallback @param {Partial<InspectDescription>} parts @returns {InspectDescription} */
function description({ constructorName, tag }, fallback, parts) {
  const prefix = parts.prefix ?? prefixOf(constructorName, tag, fallback);
  // Below the depth, Node names every object by its constructor and calls one without a constructor an Object.
  const spaced = prefixOf(constructorName, tag, fallback === 'Array' ? 'Array' : 'Object');
  const name = slice(spaced, 0, spaced.length - 1);
  return assign({ prefix, name, base: '', open: `${prefix}{`, close: '}', contents: nothing, keys: [], isList: false }, parts);
}

/** @param {InspectRequest} request @param {PropertyKey[]} keys */
function isBare(request, keys) {
  return keys.length === 0 && request.inherited === undefined;
}

module.exports = { description, isBare, nothing, prefixOf };
