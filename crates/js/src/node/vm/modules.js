// `vm.SourceTextModule` and `vm.SyntheticModule` (https://nodejs.org/api/vm.html#class-vmmodule): modules whose imports the program resolves.
//
// The program links them here, one import after another, before the engine hears of it: when that links the graph it asks for the
// record behind each specifier, and all are known. A synthetic module is a text of its own with a variable for each export.
'use strict';

const { codedError } = require('builtins/coded_error');
const { invalidType, invalidValue } = require('node/errors');
const { requireArray, requireBoolean, requireFunction, requireInteger, requireObject, requireString } = require('node/arguments');
const { constants, contextOf, gather } = require('node/vm/contexts');
const { isModuleNamespaceObject } = /** @type {any} */ (require('node/util/types'));
const { cacheOf, loadOf, tellCache } = require('node/vm/code');
const {
  apply,
  arraySlice,
  create,
  customInspect,
  defineProperty,
  forEach,
  freeze,
  getPrototypeOf,
  includes,
  indexOf,
  isArray,
  isView,
  join,
  map,
  push,
  reject,
  resolve,
  stringify,
  then,
  WeakMap,
  weakMapGet,
  weakMapSet,
} = require('builtins/primordials');
const { moduleCompile, moduleEvaluate, moduleImports, moduleLink, moduleNamespace, promiseDetails } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

/** How many modules without a name each context has. @type {WeakMap<object, number>} */
const counts = new WeakMap();

/** @param {string} message */
const badStatus = (message) => codedError(Error, 'ERR_VM_MODULE_STATUS', `Module status ${message}`);

/** @type {(module: any, record: NativeModule, requests: any[], status: string) => void} */
let initialize;
/** @type {(module: any) => any} */
let stateOf;
/** @type {(value: any) => boolean} */
let isModule;
/** @type {(module: any, status: string, error?: { reason: any }) => void} */
let setStatus;
/** @type {(module: any, linked: any[]) => void} */
let setLinked;

/** What both kinds of module have. Its state lies with the class, as each reads that of the others. */
class Module {
  /** @type {string} */
  #identifier;
  /** @type {any} */
  #contextified;
  /** @type {NativeModule} */
  #record = /** @type {any} */ (undefined);
  #status = 'unlinked';
  /** @type {any} */
  #error;
  /** @type {Module[] | undefined} those behind the requests, in their order */
  #linked;
  /** @type {Promise<void> | undefined} */
  #evaluation;
  /** @type {{ specifier: string, attributes: any, phase: string }[]} */
  #requests = [];

  /** @param {any} options */
  constructor(options) {
    if (new.target === Module) throw new TypeError('Module is not a constructor');
    requireObject(options, 'options');
    const { context, identifier } = options;
    if (context !== undefined) contextOf(context, 'options.context', 'vm.Context');
    if (identifier !== undefined) requireString(identifier, 'options.identifier');
    const { importModuleDynamically } = options;
    if (importModuleDynamically !== undefined && importModuleDynamically !== constants.USE_MAIN_CONTEXT_DEFAULT_LOADER) {
      requireFunction(importModuleDynamically, 'options.importModuleDynamically');
    }
    this.#contextified = context;
    const key = context ?? counts;
    const count = weakMapGet(counts, key) ?? 0;
    if (identifier === undefined) weakMapSet(counts, key, count + 1);
    this.#identifier = identifier ?? `vm:module(${count})`;
  }

  static {
    initialize = (module, record, requests, status) => {
      module.#record = record;
      module.#requests = requests;
      module.#status = status;
    };
    stateOf = (module) => {
      requireModule(module);
      return {
        record: module.#record,
        requests: module.#requests,
        status: module.#status,
        contextified: module.#contextified,
        linked: module.#linked,
      };
    };
    isModule = (value) => typeof value === 'object' && value !== null && #identifier in value;
    setStatus = (module, status, error) => {
      module.#status = status;
      if (error !== undefined) module.#error = error.reason;
    };
    setLinked = (module, linked) => {
      module.#linked = linked;
    };
  }

  get identifier() {
    requireModule(this);
    return this.#identifier;
  }
  get context() {
    requireModule(this);
    return this.#contextified;
  }
  get status() {
    requireModule(this);
    return this.#status;
  }
  get namespace() {
    requireModule(this);
    if (this.#status === 'unlinked' || this.#status === 'linking') throw badStatus('must not be unlinked or linking');
    return moduleNamespace(this.#record);
  }
  get error() {
    requireModule(this);
    if (this.#status !== 'errored') throw badStatus('must be errored');
    return this.#error;
  }

  /** @param {any} linker */
  async link(linker) {
    requireModule(this);
    requireFunction(linker, 'linker');
    if (this.#status === 'linked') throw codedError(Error, 'ERR_VM_MODULE_ALREADY_LINKED', 'Module has already been linked');
    if (this.#status !== 'unlinked') throw badStatus('must be unlinked');
    try {
      await linkGraph(this, linker);
      instantiate(this);
    } catch (error) {
      setStatus(this, 'errored', { reason: error });
      throw error;
    }
  }

  /** What it comes to is known at once unless the graph has `await`, and so is the promise settled. @param {any} [options] @returns {Promise<void>} */
  evaluate(options = {}) {
    try {
      requireModule(this);
      requireObject(options, 'options');
      const { timeout = -1, breakOnSigint = false } = options;
      if (timeout !== -1) requireInteger(timeout, 'options.timeout', 1, 2 ** 32 - 1);
      requireBoolean(breakOnSigint, 'options.breakOnSigint');
      const status = this.#status;
      if (this.#evaluation === undefined) {
        if (status === 'errored') return reject(this.#error);
        if (status !== 'linked' && status !== 'evaluated') throw badStatus('must be one of linked, evaluated, or errored');
        this.#evaluation = this.#evaluated(timeout);
      }
      return this.#evaluation;
    } catch (error) {
      return reject(error);
    }
  }

  /** @param {number} timeout @returns {Promise<void>} */
  #evaluated(timeout) {
    this.#status = 'evaluating';
    const context = this.#contextified === undefined ? undefined : contextOf(this.#contextified, 'context', 'vm.Context');
    const fail = (/** @type {any} */ reason) => setStatus(this, 'errored', { reason });
    try {
      const promise = moduleEvaluate(this.#record, timeout === -1 ? 0 : timeout);
      const details = promiseDetails(promise);
      if (details[0] === 1) {
        markEvaluated(this);
        return resolve(undefined);
      }
      if (details[0] === 2) {
        then(promise, undefined, () => {});
        fail(details[1]);
        return reject(details[1]);
      }
      return then(
        promise,
        () => markEvaluated(this),
        (reason) => {
          fail(reason);
          throw reason;
        },
      );
    } catch (error) {
      fail(error);
      return reject(error);
    } finally {
      if (context !== undefined) gather(context);
    }
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    requireModule(this);
    const name = this.constructor.name;
    if (typeof depth === 'number' && depth < 0) return `[${name}]`;
    const shown = create(getPrototypeOf(this));
    defineProperty(shown, Symbol.toStringTag, { value: name, configurable: true });
    forEach(['status', 'identifier', 'context'], (key) => {
      const value = /** @type {any} */ (this)[key];
      defineProperty(shown, key, { value, writable: true, enumerable: true, configurable: true });
    });
    return loadInspect().inspect(shown, { ...options, customInspect: false });
  }
}
defineProperty(Module.prototype, Symbol.toStringTag, { value: 'Module', configurable: true });

/** @param {any} value */
function requireModule(value) {
  if (!isModule(value)) throw codedError(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type Module');
}

/** Asks the linker for what a module imports, and for what that imports. @param {any} module @param {Function} linker */
async function linkGraph(module, linker) {
  const { requests, contextified } = stateOf(module);
  setStatus(module, 'linking');
  /** @type {any[]} */
  const linked = [];
  // All are asked for before the first is there.
  const answers = map(requests, (/** @type {any} */ request) => {
    const { specifier, attributes } = request;
    return linkOne(linker, specifier, module, attributes);
  });
  for (let index = 0; index < answers.length; index += 1) {
    const found = await answers[index];
    requireLinkable(found, contextified, requests[index].specifier);
    push(linked, found);
    if (stateOf(found).status === 'unlinked') await linkGraph(found, linker);
  }
  setLinked(module, linked);
}

/** @param {Function} linker @param {string} specifier @param {any} module @param {any} attributes */
async function linkOne(linker, specifier, module, attributes) {
  return await linker(specifier, module, { attributes, assert: attributes });
}

/** @param {any} found @param {any} contextified @param {string} specifier */
function requireLinkable(found, contextified, specifier) {
  if (!isModule(found)) {
    throw codedError(Error, 'ERR_VM_MODULE_NOT_MODULE', 'Provided module is not an instance of Module');
  }
  if (stateOf(found).contextified !== contextified) {
    throw codedError(Error, 'ERR_VM_MODULE_DIFFERENT_CONTEXT', 'Linked modules must use the same context');
  }
  if (stateOf(found).status === 'errored') {
    const message = `request for '${specifier}' resolved to an errored module`;
    throw codedError(Error, 'ERR_VM_MODULE_LINK_FAILURE', message, { cause: found.error });
  }
}

/** Has the engine bind the imports of a graph. @param {any} module */
function instantiate(module) {
  moduleLink(stateOf(module).record);
  visitGraph(module, (each) => {
    const { status } = stateOf(each);
    if (status === 'unlinked' || status === 'linking') setStatus(each, 'linked');
  });
}

/** @param {any} module */
function markEvaluated(module) {
  visitGraph(module, (each) => {
    if (stateOf(each).status !== 'errored') setStatus(each, 'evaluated');
  });
}

/** @param {any} module @param {(module: any) => void} visit */
function visitGraph(module, visit) {
  const seen = [module];
  for (let index = 0; index < seen.length; index += 1) {
    visit(seen[index]);
    forEach(stateOf(seen[index]).linked ?? [], (/** @type {any} */ next) => {
      if (!includes(seen, next)) push(seen, next);
    });
  }
}

/** The record behind a specifier of a module that is linked. @param {any} module @param {string} specifier @returns {NativeModule | undefined} */
function recordOf(module, specifier) {
  const { requests, linked } = stateOf(module);
  for (let index = 0; index < requests.length; index += 1) {
    if (requests[index].specifier === specifier && linked !== undefined) return stateOf(linked[index]).record;
  }
  return undefined;
}

/** The namespace of what a callback gave for a dynamic import, which may be a namespace itself. @param {any} found */
function importedNamespace(found) {
  if (isModuleNamespaceObject(found)) return found;
  if (!isModule(found)) throw codedError(Error, 'ERR_VM_MODULE_NOT_MODULE', 'Provided module is not an instance of Module');
  if (stateOf(found).status === 'errored') throw found.error;
  return found.namespace;
}

/** What finds the imports of a module: what it was linked to, and its callback for others. @param {any} module @param {any} options */
function loaderOf(module, options) {
  const dynamic = loadOf(options, () => module, importedNamespace);
  return (/** @type {string} */ specifier, /** @type {boolean} */ isDynamic) => {
    const record = recordOf(module, specifier);
    if (record !== undefined) return record;
    if (isDynamic) return dynamic?.(specifier);
    const message = `request for '${specifier}' can not be resolved on module '${module.identifier}' that is not linked`;
    throw codedError(Error, 'ERR_VM_MODULE_LINK_FAILURE', message);
  };
}

/** @param {any} options */
function globalOf(options) {
  return options.context === undefined ? undefined : contextOf(options.context, 'options.context', 'vm.Context').global;
}

class SourceTextModule extends Module {
  #text;
  #awaits;
  /** @type {readonly string[] | undefined} */
  #specifiers;

  /** @param {any} text @param {any} [options] */
  constructor(text, options = {}) {
    requireString(text, 'code');
    super(options);
    const { lineOffset = 0, columnOffset = 0, initializeImportMeta, cachedData } = options;
    requireInteger(lineOffset, 'options.lineOffset');
    requireInteger(columnOffset, 'options.columnOffset');
    if (initializeImportMeta !== undefined) requireFunction(initializeImportMeta, 'options.initializeImportMeta');
    if (cachedData !== undefined && !isView(cachedData)) {
      throw invalidType('options.cachedData', ['Buffer', 'TypedArray', 'DataView'], cachedData);
    }
    if (cachedData !== undefined) {
      const told = /** @type {any} */ ({});
      tellCache(told, { cachedData }, text);
      if (told.cachedDataRejected) throw codedError(Error, 'ERR_VM_MODULE_CACHED_DATA_REJECTED', 'cachedData buffer was rejected');
    }
    // What is no module is refused by the engine, with its own words.
    const found = moduleImports(text) ?? [[], false, text];
    const requests = map(found[0], (/** @type {string[]} */ list) => {
      /** @type {any} */
      const attributes = { __proto__: null };
      for (let index = 1; index < list.length; index += 2) attributes[list[index]] = list[index + 1];
      return freeze({ __proto__: null, specifier: list[0], attributes: freeze(attributes), phase: 'evaluation' });
    });
    const fill = (/** @type {object} */ meta) => {
      if (initializeImportMeta !== undefined) apply(initializeImportMeta, undefined, [meta, this]);
    };
    const load = loaderOf(this, options);
    const record = moduleCompile(found[2], this.identifier, lineOffset, globalOf(options), load, fill);
    initialize(this, record, /** @type {any} */ (freeze(requests)), 'unlinked');
    this.#text = text;
    this.#awaits = found[1];
  }

  get moduleRequests() {
    requireSourceText(#text in this);
    return stateOf(this).requests;
  }
  get dependencySpecifiers() {
    requireSourceText(#text in this);
    this.#specifiers ??= freeze(map(stateOf(this).requests, (/** @type {any} */ request) => request.specifier));
    return this.#specifiers;
  }

  /** @param {any} modules */
  linkRequests(modules) {
    requireSourceText(typeof this === 'object' && this !== null && #text in this);
    requireArray(modules, 'modules');
    const { requests, status, contextified } = stateOf(this);
    if (status !== 'unlinked') throw badStatus('must be unlinked');
    if (modules.length !== requests.length) {
      throw codedError(Error, 'ERR_MODULE_LINK_MISMATCH', `Expected ${requests.length} modules, got ${modules.length}`);
    }
    for (let index = 0; index < modules.length; index += 1) requireLinkable(modules[index], contextified, requests[index].specifier);
    setLinked(this, arraySlice(modules));
  }
  instantiate() {
    requireSourceText(typeof this === 'object' && this !== null && #text in this);
    const { status, requests, linked } = stateOf(this);
    if (status !== 'unlinked') throw badStatus('must be unlinked');
    if (linked === undefined) {
      const message = requests.length > 0 ? `request for '${requests[0].specifier}' is not yet fulfilled` : 'linkRequests() was not called';
      throw codedError(Error, 'ERR_VM_MODULE_LINK_FAILURE', message);
    }
    instantiate(this);
  }

  hasTopLevelAwait() {
    return this.#awaits;
  }
  hasAsyncGraph() {
    const { status } = stateOf(this);
    if (status === 'unlinked' || status === 'linking') throw badStatus('must be instantiated');
    let isAsync = false;
    visitGraph(this, (each) => {
      if (#awaits in each && each.#awaits) isAsync = true;
    });
    return isAsync;
  }

  createCachedData() {
    const { status } = stateOf(this);
    if (status === 'evaluating' || status === 'evaluated' || status === 'errored') {
      throw codedError(
        Error,
        'ERR_VM_MODULE_CANNOT_CREATE_CACHED_DATA',
        'Cached data cannot be created for a module which has been evaluated',
      );
    }
    return cacheOf(this.#text);
  }
}

/** @param {boolean} isOne */
function requireSourceText(isOne) {
  if (!isOne) throw codedError(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type SourceTextModule');
}

class SyntheticModule extends Module {
  #names;
  /** @type {any[]} */
  #values = [];
  /** @type {((index: number, value: any) => void) | undefined} sets the variable of an export, once the module runs */
  #assign;

  /** @param {any} exportNames @param {any} evaluateCallback @param {any} [options] */
  constructor(exportNames, evaluateCallback, options = {}) {
    if (!isArray(exportNames)) throw invalidNames(exportNames);
    for (let index = 0; index < exportNames.length; index += 1) {
      if (typeof exportNames[index] !== 'string') throw invalidNames(exportNames);
      if (indexOf(exportNames, exportNames[index], index + 1) !== -1) {
        throw invalidValue(`exportNames.${exportNames[index]}`, exportNames[index], 'is duplicated');
      }
    }
    requireFunction(evaluateCallback, 'evaluateCallback');
    super(options);
    const names = arraySlice(exportNames);
    this.#names = names;
    const variables = map(names, (_, index) => `v${index}`);
    const exported = map(names, (name, index) => `v${index} as ${stringify(name)}`);
    const cases = map(names, (_, index) => `case ${index}: v${index} = value; break;`);
    const declared = variables.length === 0 ? '' : `let ${join(variables, ', ')};`;
    const text = `${declared} export { ${join(exported, ', ')} }; import.meta.run((index, value) => { switch (index) { ${join(cases, ' ')} } });`;
    const run = (/** @type {(index: number, value: any) => void} */ assign) => {
      this.#assign = assign;
      for (let index = 0; index < names.length; index += 1) assign(index, this.#values[index]);
      apply(evaluateCallback, this, []);
    };
    const fill = (/** @type {any} */ meta) => {
      meta.run = run;
    };
    const load = () => /** @type {never} */ (undefined);
    const record = moduleCompile(text, this.identifier, 0, globalOf(options), load, fill);
    initialize(this, record, [], 'linked');
    moduleLink(record);
  }

  /** There is nothing to link. @param {any} _linker */
  async link(_linker) {
    requireModule(this);
  }

  /** @param {any} name @param {any} value */
  setExport(name, value) {
    if (!isModule(this) || !(#names in this)) {
      throw codedError(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type SyntheticModule');
    }
    requireString(name, 'name');
    const index = indexOf(this.#names, name);
    if (index === -1) throw new ReferenceError(`Export '${name}' is not defined in module`);
    this.#values[index] = value;
    this.#assign?.(index, value);
  }
}

/** @param {any} names */
const invalidNames = (names) => invalidType('exportNames', 'Array of unique strings', names);

module.exports = { importedNamespace, Module, SourceTextModule, SyntheticModule };
