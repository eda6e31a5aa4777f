// What the types say of an object: a description that `inspect` lays out.
'use strict';

/** `Name `, `Name(3) `, `Name [Tag] `, `[Fallback: null prototype] `. */
function prefixOf(constructorName, tag, fallback, size = '') {
  if (constructorName === null) {
    const shown = tag !== '' && fallback !== tag ? `[${tag}] ` : '';
    return `[${fallback}${size}: null prototype] ${shown}`;
  }
  return tag !== '' && constructorName !== tag ? `${constructorName}${size} [${tag}] ` : `${constructorName}${size} `;
}

const nothing = () => [];

function description({ constructorName, tag }, fallback, parts) {
  const prefix = parts.prefix ?? prefixOf(constructorName, tag, fallback);
  // Below the depth, Node names every object by its constructor and calls one without a constructor an Object.
  const name = prefixOf(constructorName, tag, fallback === 'Array' ? 'Array' : 'Object').slice(0, -1);
  return { prefix, name, base: '', open: `${prefix}{`, close: '}', contents: nothing, keys: [], isList: false, ...parts };
}

function isBare(request, keys) {
  return keys.length === 0 && request.inherited === undefined;
}

module.exports = { description, isBare, nothing, prefixOf };
