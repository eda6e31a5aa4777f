// `vm.Script` and `vm.compileFunction` (https://nodejs.org/api/vm.html#class-vmscript). A script is compiled for each realm that it runs in.
'use strict';

const { invalidType } = require('node/errors');
const { requireArray, requireBoolean, requireFunction, requireInteger, requireObject, requireString } = require('node/arguments');
const { cacheOf, loadOf, tellCache } = require('node/vm/code');
const { constants, contextOf, createContext, gather } = require('node/vm/contexts');
const { markedLine } = require('web/html/errors');
const { exec, isView, max, push, regExp, split, startsWith } = require('builtins/primordials');
const { realmCheck, realmFunction, realmRun } = ops;
const loadModules = () => /** @type {any} */ (require('node/vm/modules'));

const mapComment = regExp(/\/\/[#@] ?sourceMappingURL=(\S+)\s*$/);
const urlComment = regExp(/\/\/[#@] ?sourceURL=(\S+)\s*$/m);
const mostOffset = 2 ** 31 - 1;

/** What both kinds of code take. @param {any} options @param {string} preset */
function placeOf(options, preset) {
  const { filename = preset, lineOffset = 0, columnOffset = 0 } = options;
  requireString(filename, 'options.filename');
  requireInteger(lineOffset, 'options.lineOffset', -mostOffset - 1, mostOffset);
  requireInteger(columnOffset, 'options.columnOffset', -mostOffset - 1, mostOffset);
  return { filename, lineOffset, columnOffset };
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

/** @param {any} found what a callback for dynamic imports gave */
const imported = (found) => loadModules().importedNamespace(found);

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
  #column;
  #load;

  /** @param {any} code @param {any} [options] */
  constructor(code, options = {}) {
    this.#code = `${code}`;
    const settings = typeof options === 'string' ? { filename: options } : options;
    requireObject(settings, 'options');
    const { filename, lineOffset, columnOffset } = placeOf(settings, 'evalmachine.<anonymous>');
    requireCacheOptions(settings);
    this.#file = filename;
    this.#line = lineOffset;
    this.#column = columnOffset;
    this.#load = loadOf(settings, () => this, imported);
    try {
      realmCheck(this.#code, filename, lineOffset, columnOffset);
    } catch (error) {
      throw this.#decorated(error, settings);
    }
    this.sourceURL = exec(urlComment, this.#code)?.[1];
    this.sourceMapURL = exec(mapComment, this.#code)?.[1];
    tellCache(this, settings, this.#code);
  }

  /** @param {any} error @param {any} options */
  #decorated(error, options) {
    if (options?.displayErrors === false) return error;
    return decorate(error, this.#code, this.#file, this.#line, this.#column);
  }

  /** @param {object | undefined} global @param {object[]} environment @param {any} options */
  #run(global, environment, options) {
    const limit = limitOf(options);
    const breaks = options?.breakOnSigint === true;
    try {
      return realmRun(this.#code, this.#file, this.#line, global, environment, limit, this.#load, breaks, this.#column);
    } catch (error) {
      throw this.#decorated(error, options);
    }
  }

  createCachedData() {
    return cacheOf(this.#code);
  }
  /** @param {any} [options] */
  runInThisContext(options) {
    return this.#run(undefined, [], options);
  }
  /** @param {any} contextified @param {any} [options] */
  runInContext(contextified, options) {
    const context = contextOf(contextified, 'contextifiedObject', 'vm.Context');
    try {
      return this.#run(context.global, context.environment, options);
    } finally {
      gather(context);
    }
  }
  /** @param {any} [object] @param {any} [options] */
  runInNewContext(object, options) {
    return this.runInContext(createContext(object, newContextOptions(options)), options);
  }
}

const place = regExp(/^\s*at (?:.* \()?(.*):(\d+):(\d+)\)?$/);

/**
 * An error of this code with its line and a caret before its stack, as Node shows it; another stays as it is.
 * @param {any} error @param {string} code @param {string} file @param {number} lineOffset @param {number} columnOffset
 */
function decorate(error, code, file, lineOffset, columnOffset) {
  if (typeof error !== 'object' || error === null || typeof error.stack !== 'string') return error;
  const { stack } = error;
  const frames = split(stack, '\n');
  let index = 0;
  while (index < frames.length && exec(place, frames[index]) === null) index += 1;
  const found = index < frames.length ? exec(place, frames[index]) : null;
  if (found === null || found[1] !== file || startsWith(stack, `${file}:`)) return error;
  const row = Number(found[2]) - 1 - lineOffset;
  const line = split(code, '\n')[row];
  if (line === undefined) return error;
  const column = max(Number(found[3]) - 1 - (row === 0 ? columnOffset : 0), 0);
  try {
    error.stack = `${markedLine(file, Number(found[2]), line, column)}\n\n${stack}`;
  } catch {
    // A frozen error says what it can.
  }
  return error;
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
  const load = loadOf(options, () => result, imported);
  const result = /** @type {any} */ (realmFunction(code, filename, lineOffset, context?.global, environment, names, load));
  tellCache(result, options, code);
  return result;
}

module.exports = { Script, compileFunction, newContextOptions };
