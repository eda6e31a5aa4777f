// What scripts and modules of `node:vm` share: data that is cached for the next time, and what finds dynamic imports.
'use strict';

const { codedError } = require('builtins/coded_error');
const { bytesOf } = require('builtins/webidl');
const { constants } = require('node/vm/contexts');
const { checksum } = ops;
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

/**
 * What finds the dynamic imports of code: the loader of modules, if the program says so, its own callback, and else nobody.
 * @param {any} options @param {() => any} referrer @param {(found: any) => any} toNamespace of what a callback gave
 * @returns {((specifier: string) => any) | undefined}
 */
function loadOf(options, referrer, toNamespace) {
  const { importModuleDynamically } = options;
  if (importModuleDynamically === constants.USE_MAIN_CONTEXT_DEFAULT_LOADER) return undefined;
  return (specifier) => {
    if (importModuleDynamically === undefined) {
      throw codedError(TypeError, 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING', 'A dynamic import callback was not specified.');
    }
    return namespaceOf(importModuleDynamically(specifier, referrer(), { __proto__: null }, 'evaluation'), toNamespace);
  };
}

/** @param {any} found a module, or a promise of one @param {(found: any) => any} toNamespace */
async function namespaceOf(found, toNamespace) {
  return toNamespace(await found);
}

/** The engine keeps compiled code itself; what programs get to keep says only which text it is of. @param {string} code */
function cacheOf(code) {
  const { Buffer } = loadBuffer();
  const cache = Buffer.alloc(12);
  cache.write('twinloop', 'latin1');
  cache.writeUInt32LE(checksum(Buffer.from(code), 0), 8);
  return cache;
}

/** Adds what Node tells of cached data. @param {any} target @param {any} options @param {string} code */
function tellCache(target, options, code) {
  if (options.cachedData !== undefined) {
    target.cachedDataRejected = !cacheOf(code).equals(loadBuffer().Buffer.from(bytesOf(options.cachedData)));
  }
  if (options.produceCachedData) {
    target.cachedDataProduced = true;
    target.cachedData = cacheOf(code);
  }
}

module.exports = { cacheOf, loadOf, tellCache };
