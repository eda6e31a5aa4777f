// `vm.Script` and `vm.compileFunction` (https://nodejs.org/api/vm.html#class-vmscript). A script is compiled for each realm that it runs in.
'use strict';

const { codedError } = require('builtins/coded_error');
const { invalidType } = require('node/errors');
const { requireArray, requireBoolean, requireFunction, requireInteger, requireObject, requireString } = require('node/arguments');
const { bytesOf } = require('builtins/webidl');
const { constants, contextOf, createContext, gather } = require('node/vm/contexts');
const { exec, isView, push, regExp } = require('builtins/primordials');
const { checksum, realmCheck, realmFunction, realmRun } = ops;
const loadModules = () => /** @type {any} */ (require('node/vm/modules'));
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

const mapComment = regExp(/\/\/[#@] ?sourceMappingURL=(\S+)\s*$/);
const urlComment = regExp(/\/\/[#@] ?sourceURL=(\S+)\s*$/m);
const mostOffset = 2 ** 31 - 1;

/** What both kinds of code take. @param {any} options @param {string} preset */
function placeOf(options, preset) {
  const { filename = preset, lineOffset = 0, columnOffset = 0 } = options;
  requireString(filename, 'options.filename');
  requireInteger(lineOffset, 'options.lineOffset', -mostOffset - 1, mostOffset);
  requireInteger(columnOffset, 'options.columnOffset', -mostOffset - 1, mostOffset);
  return { filename, lineOffset };
}

/** @param {any} options */
function requireCacheOptions(options) {
  const { cachedData, produceCachedData = false, importModuleDynamically } = options;
  if (cachedData !== undefined && !isView(cachedData))
    throw invalidType('options.cachedData', ['Buffer', 'TypedArray', 'DataView'], cachedData);
  requireBoolean(produceCachedData, 'options.produceCachedData');
  if (importModuleDynamically !== undefined && importModuleDynamically !== constants.USE_MAIN_CONTEXT_DEFAULT_LOADER) {
    requireFunction(importModuleDynamically, 'options.importModuleDynamically');
  }
}

/**
 * What finds the dynamic imports of code: the loader of modules, if the program says so, and else nobody. The engine wants the answer at once, so
 * a callback of the program's may give a module, and no promise for one.
 * @param {any} options @param {() => any} referrer
 * @returns {((specifier: string) => any) | undefined}
 */
function loadOf(options, referrer) {
  const { importModuleDynamically } = options;
  if (importModuleDynamically === constants.USE_MAIN_CONTEXT_DEFAULT_LOADER) return undefined;
  return (specifier) => {
    if (importModuleDynamically === undefined) {
      throw codedError(TypeError, 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING', 'A dynamic import callback was not specified.');
    }
    const found = importModuleDynamically(specifier, referrer(), { __proto__: null }, 'evaluation');
    return loadModules().importedRecord(found);
  };
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

/** How long it may run: 0 for ever. @param {any} options */
function limitOf(options) {
  if (options === undefined) return 0;
  requireObject(options, 'options');
  const { timeout, displayErrors = true, breakOnSigint = false } = options;
  if (timeout !== undefined) requireInteger(timeout, 'options.timeout', 1, 2 ** 32 - 1);
  requireBoolean(displayErrors, 'options.displayErrors');
  requireBoolean(breakOnSigint, 'options.breakOnSigint');
  return timeout ?? 0;
}

class Script {
  #code;
  #file;
  #line;
  #load;

  /** @param {any} code @param {any} [options] */
  constructor(code, options = {}) {
    this.#code = `${code}`;
    const settings = typeof options === 'string' ? { filename: options } : options;
    requireObject(settings, 'options');
    const { filename, lineOffset } = placeOf(settings, 'evalmachine.<anonymous>');
    requireCacheOptions(settings);
    this.#file = filename;
    this.#line = lineOffset;
    this.#load = loadOf(settings, () => this);
    realmCheck(this.#code, filename, lineOffset);
    this.sourceURL = exec(urlComment, this.#code)?.[1];
    this.sourceMapURL = exec(mapComment, this.#code)?.[1];
    tellCache(this, settings, this.#code);
  }

  createCachedData() {
    return cacheOf(this.#code);
  }
  /** @param {any} [options] */
  runInThisContext(options) {
    return realmRun(this.#code, this.#file, this.#line, undefined, [], limitOf(options), this.#load);
  }
  /** @param {any} contextified @param {any} [options] */
  runInContext(contextified, options) {
    const context = contextOf(contextified, 'contextifiedObject', 'vm.Context');
    const { global, environment } = context;
    try {
      return realmRun(this.#code, this.#file, this.#line, global, environment, limitOf(options), this.#load);
    } finally {
      gather(context);
    }
  }
  /** @param {any} [object] @param {any} [options] */
  runInNewContext(object, options) {
    return this.runInContext(createContext(object, newContextOptions(options)), options);
  }
}

/** The options of the context among those of a run. @param {any} options */
function newContextOptions(options) {
  if (options === undefined) return {};
  requireObject(options, 'options');
  const { contextName, contextOrigin, contextCodeGeneration, microtaskMode } = options;
  if (contextName !== undefined) requireString(contextName, 'options.contextName');
  if (contextOrigin !== undefined) requireString(contextOrigin, 'options.contextOrigin');
  if (contextCodeGeneration !== undefined) {
    requireObject(contextCodeGeneration, 'options.contextCodeGeneration');
    const { strings, wasm } = contextCodeGeneration;
    if (strings !== undefined) requireBoolean(strings, 'options.contextCodeGeneration.strings');
    if (wasm !== undefined) requireBoolean(wasm, 'options.contextCodeGeneration.wasm');
  }
  return { name: contextName, origin: contextOrigin, codeGeneration: contextCodeGeneration, microtaskMode };
}

/** @param {any} code @param {any} [params] @param {any} [options] */
function compileFunction(code, params, options = {}) {
  requireString(code, 'code');
  if (params !== undefined) requireArray(params, 'params');
  const names = params ?? [];
  for (let index = 0; index < names.length; index += 1) requireString(names[index], `params[${index}]`);
  requireObject(options, 'options');
  const { filename, lineOffset } = placeOf(options, '');
  requireCacheOptions(options);
  const { parsingContext, contextExtensions = [] } = options;
  requireArray(contextExtensions, 'options.contextExtensions');
  for (let index = 0; index < contextExtensions.length; index += 1) {
    requireObject(contextExtensions[index], `options.contextExtensions[${index}]`);
  }
  const context = parsingContext === undefined ? undefined : contextOf(parsingContext, 'options.parsingContext', 'Context');
  // The last extension is the innermost, and the engine wants that first.
  /** @type {object[]} */
  const environment = [];
  for (let index = contextExtensions.length - 1; index >= 0; index -= 1) push(environment, contextExtensions[index]);
  if (context !== undefined && context.environment.length > 0) push(environment, context.environment[0]);
  const load = loadOf(options, () => result);
  const result = /** @type {any} */ (realmFunction(code, filename, lineOffset, context?.global, environment, names, load));
  tellCache(result, options, code);
  return result;
}

module.exports = { cacheOf, compileFunction, loadOf, newContextOptions, Script, tellCache };
