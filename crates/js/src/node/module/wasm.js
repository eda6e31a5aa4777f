// Modules of WebAssembly that are imported (https://webassembly.github.io/esm-integration/).
'use strict';

const { create, includes, push } = require('builtins/primordials');
const { Global, Instance, Module } = /** @type {any} */ (globalThis).WebAssembly;

/** What has to be imported, the names of the exports, and what makes an instance and gives their values. @param {Uint8Array} bytes */
function prepare(bytes) {
  const module = new Module(bytes);
  const described = Module.imports(module);
  /** @type {string[]} */
  const imports = [];
  for (let index = 0; index < described.length; index += 1) {
    if (!includes(imports, described[index].module)) push(imports, described[index].module);
  }
  const found = Module.exports(module);
  /** @type {string[]} */
  const exports = [];
  for (let index = 0; index < found.length; index += 1) push(exports, found[index].name);
  /** @param {any[]} namespaces */
  const run = (namespaces) => {
    const given = create(null);
    for (let index = 0; index < imports.length; index += 1) given[imports[index]] = namespaces[index];
    const instance = new Instance(module, given);
    /** @type {any[]} */
    const values = [];
    for (let index = 0; index < exports.length; index += 1) {
      const value = instance.exports[exports[index]];
      push(values, value instanceof Global ? value.value : value);
    }
    return values;
  };
  return { imports, exports, run };
}

module.exports = { prepare };
