// `mock.module` (https://nodejs.org/api/test.html#mockmodulespecifier-options): what stands in the place of a module from now on, for `import` as
// for `require`. The loader asks here once it knows a module's URL (`node/module/hooks`); what was loaded before keeps what it has.
'use strict';

const { invalidValue, nodeError } = require('node/errors');
const { requireBoolean, requireObject, requireString } = require('node/arguments');
const { formatOfUrl, resolveImport, setMocks } = require('node/module/hooks');
const { emitWarning } = require('node/process/warnings');
const { callerPlace } = require('node/test/failure');
const { URL } = require('web/url/url');
const { defineProperty, getOwnPropertyDescriptor, indexOf, keys, push, slice, startsWith, stringIndexOf } = require('builtins/primordials');
/** The loader in JavaScript, which `require` asks once it is there. */
const loadLoader = () => require('node/module/module');
const loadUrl = () => require('node/url/url');
const loadPath = () => /** @type {any} */ (require('node/path/path'));

/** @typedef {Record<string, any>} Exports */

/** The modules that are mocked now, by their URLs. @type {Record<string, ModuleMock>} */
const mocks = { __proto__: /** @type {any} */ (null) };
/** What stands at the end of the URL of a record that is none of the module itself. */
const mark = 'node-test-mock=';
/** One for each record that was made. */
let serial = 0;
/** Which options were warned of. @type {string[]} */
const warned = [];

class ModuleMock {
  #url;
  #format;
  #cache;
  #exports;
  #hasDefault;
  /** The URL of the record, and what `require` gave, of a mock that is kept. */
  #kept = '';
  /** @type {{ exports: any } | undefined} */
  #required;

  /** @param {string} url @param {string | undefined} format @param {boolean} cache @param {Exports} exports @param {boolean} hasDefault */
  constructor(url, format, cache, exports, hasDefault) {
    this.#url = url;
    this.#format = format;
    this.#cache = cache;
    this.#exports = exports;
    this.#hasDefault = hasDefault;
  }

  /** The URL of the record that an import gets. */
  address() {
    if (this.#cache && this.#kept !== '') return this.#kept;
    serial += 1;
    this.#kept = `${this.#url}${stringIndexOf(this.#url, '?') === -1 ? '?' : '&'}${mark}${serial}`;
    return this.#kept;
  }

  /** What an import sees, by name. @returns {Exports} */
  imported() {
    if (this.#format === 'module' || this.#format === 'module-typescript' || this.#format === 'json') return this.#exports;
    const whole = this.required();
    /** @type {Exports} */
    const seen = { __proto__: null, default: whole, 'module.exports': whole };
    const names = keys(this.#exports);
    for (let index = 0; index < names.length; index += 1) {
      if (names[index] !== 'default') seen[names[index]] = this.#exports[names[index]];
    }
    return seen;
  }

  /** `module.exports`: the default export, with the named ones on it. */
  required() {
    if (this.#required !== undefined) return this.#required.exports;
    const exports = this.#hasDefault ? this.#exports.default : {};
    const names = keys(this.#exports);
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index];
      if (name === 'default') continue;
      if (exports === null || (typeof exports !== 'object' && typeof exports !== 'function')) {
        throw new Error(`Cannot create mock for '${this.#url}' because named exports cannot be applied to the provided default export.`);
      }
      defineProperty(exports, name, /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(this.#exports, name)));
    }
    if (this.#cache) this.#required = { exports };
    return exports;
  }
}

/** A `ModuleMock` by the URL of the module, or of a record of its. */
const loader = {
  /** @param {string} url @returns {string | undefined} */
  addressOf: (url) => mocks[url]?.address(),
  /** @param {string} url @returns {Exports | undefined} */
  exportsAt(url) {
    const at = stringIndexOf(url, mark);
    return at === -1 ? undefined : mocks[slice(url, 0, at - 1)]?.imported();
  },
  /** What `require` of this file or built-in gets. @param {string} filename @returns {{ exports: any } | undefined} */
  requiredAt(filename) {
    const isFile = startsWith(filename, '/');
    const url = isFile ? loadUrl().pathToFileURL(filename).href : startsWith(filename, 'node:') ? filename : `node:${filename}`;
    const mock = mocks[url];
    return mock === undefined ? undefined : { exports: mock.required() };
  },
};

/** What `mock.module` gives. */
class MockModuleContext {
  #url;
  #mock;

  /** @param {string} url @param {ModuleMock} mock */
  constructor(url, mock) {
    this.#url = url;
    this.#mock = mock;
  }

  restore() {
    if (mocks[this.#url] !== this.#mock) return;
    delete mocks[this.#url];
    if (keys(mocks).length === 0) setMocks(undefined);
  }
}

/** @param {string} name @param {string} instead */
function deprecate(name, instead) {
  if (indexOf(warned, name) !== -1) return;
  push(warned, name);
  emitWarning(`mock.module(): options.${name} is deprecated. Use ${instead} instead.`, 'DeprecationWarning');
}

/** The exports of both forms of the options, as one object. @param {any} options */
function exportsOf(options) {
  const { defaultExport, exports, namedExports } = options;
  const hasOldDefault = 'defaultExport' in options;
  if (exports !== undefined) {
    requireObject(exports, 'options.exports');
    if (namedExports !== undefined) throw invalidValue('options.exports', exports, "cannot be used with 'options.namedExports'");
    if (hasOldDefault) throw invalidValue('options.exports', exports, "cannot be used with 'options.defaultExport'");
  }
  if (namedExports !== undefined) {
    requireObject(namedExports, 'options.namedExports');
    deprecate('namedExports', 'options.exports');
  }
  /** @type {Exports} */
  const all = { __proto__: null };
  const given = exports ?? namedExports ?? {};
  const names = keys(given);
  for (let index = 0; index < names.length; index += 1) {
    defineProperty(all, names[index], /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(given, names[index])));
  }
  if (hasOldDefault) {
    deprecate('defaultExport', 'options.exports.default');
    all.default = defaultExport;
  }
  return { all, hasDefault: 'default' in all };
}

/** @param {any} specifier @param {any} options */
function mockModule(specifier, options) {
  if (!(specifier instanceof URL)) requireString(specifier, 'specifier');
  requireObject(options, 'options');
  const { cache = false } = options;
  requireBoolean(cache, 'options.cache');
  const { all, hasDefault } = exportsOf(options);
  const file = callerPlace()?.file ?? loadPath().resolve('[mock]');
  const parent = startsWith(file, '/') ? loadUrl().pathToFileURL(file).href : file;
  const { url, format } = resolveImport(`${specifier}`, parent, undefined);
  const at = stringIndexOf(url, mark);
  const address = at === -1 ? url : slice(url, 0, at - 1);
  if (mocks[address] !== undefined) {
    throw nodeError(Error, 'ERR_INVALID_STATE', `Invalid state: Cannot mock '${specifier}'. The module is already mocked.`);
  }
  const mock = new ModuleMock(address, formatOfUrl(address, format), cache, all, hasDefault);
  loadLoader();
  mocks[address] = mock;
  setMocks(loader);
  return new MockModuleContext(address, mock);
}

module.exports = { mockModule };
