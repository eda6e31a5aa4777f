// Modules of WebAssembly that are imported (https://webassembly.github.io/esm-integration/).
'use strict';

const { create, includes, push, startsWith } = require('builtins/primordials');
const { Global, Instance, LinkError, Module } = /** @type {any} */ (globalThis).WebAssembly;

// What the engine has itself for modules that ask for it (https://webassembly.github.io/js-string-builtins/js-api/).
const options = { builtins: ['js-string'], importedStringConstants: 'wasm:js/string-constants' };

/** @param {string} name */
function requireFree(name) {
  if (startsWith(name, 'wasm:') || startsWith(name, 'wasm-js:'))
    throw new LinkError(`"${name}" is a name that WebAssembly keeps for itself`);
}

/** What a global holds; a vector of 128 bits is no value of JavaScript's. @param {any} value */
function unwrapped(value) {
  if (!(value instanceof Global)) return value;
  try {
    return value.value;
  } catch {
    return undefined;
  }
}

/** What has to be imported, the names of the exports, and what makes an instance and gives their values. @param {Uint8Array} bytes */
function prepare(bytes) {
  const module = new Module(bytes, options);
  const described = Module.imports(module);
  /** @type {string[]} */
  const imports = [];
  for (let index = 0; index < described.length; index += 1) {
    requireFree(described[index].module);
    requireFree(described[index].name);
    if (!includes(imports, described[index].module)) push(imports, described[index].module);
  }
  const found = Module.exports(module);
  /** @type {string[]} */
  const exports = [];
  for (let index = 0; index < found.length; index += 1) {
    requireFree(found[index].name);
    push(exports, found[index].name);
  }
  /** @param {any[]} namespaces */
  const run = (namespaces) => {
    const given = create(null);
    for (let index = 0; index < imports.length; index += 1) given[imports[index]] = namespaces[index];
    const instance = new Instance(module, given);
    /** @type {any[]} */
    const values = [];
    for (let index = 0; index < exports.length; index += 1) {
      push(values, unwrapped(instance.exports[exports[index]]));
    }
    return values;
  };
  return { imports, exports, run };
}

module.exports = { prepare };
