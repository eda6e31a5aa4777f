// What `process` tells of how it was built and can do (https://nodejs.org/api/process.html#processconfig), and what it refuses.
'use strict';

const { nodeError } = require('node/errors');
const { requireString } = require('node/arguments');
const { environmentOptions } = require('node/process/environment_options');
const { apply, arraySlice, assign, forEach, freeze, includes, map, regExp, replace, slice, startsWith } = require('builtins/primordials');
const { builtinSpecifiers, loadedFiles, writeOutput } = ops;
const loadCryptoConstants = () => require('node/crypto/constants');
const loadFileValues = () => require('node/fs/values');
const loadHttpNames = () => require('node/http/names');
const loadHttpParser = () => require('node/http/parser');
const loadSpawnSync = () => require('node/child_process/binding');
/** @returns {any} */
const loadSystemConstants = () => require('node/os/constants');
const loadSystemErrors = () => require('node/util/system_errors');
/** @returns {any} */
const loadTypes = () => require('node/util/types');
const loadFormat = () => require('builtins/inspect/format');

// The keys that packages and tests ask for: whether there is Intl, a shared library, an inspector.
const config = freeze({
  target_defaults: freeze({
    cflags: freeze([]),
    default_configuration: 'Release',
    defines: freeze([]),
    include_dirs: freeze([]),
    libraries: freeze([]),
  }),
  variables: freeze({
    asan: 0,
    coverage: false,
    is_debug: 0,
    icu_small: false,
    napi_build_version: '0',
    node_builtin_shareable_builtins: freeze([]),
    node_prefix: '/usr/local',
    node_quic: false,
    node_shared: false,
    node_shared_openssl: false,
    node_use_amaro: false,
    node_use_openssl: true,
    openssl_is_fips: false,
    ubsan: 0,
    v8_enable_i18n_support: 1,
    v8_enable_inspector: 0,
  }),
});

const features = freeze({
  inspector: false,
  debug: false,
  uv: true,
  ipv6: true,
  tls_alpn: true,
  tls_sni: true,
  tls_ocsp: false,
  tls: true,
  openssl_is_boringssl: false,
  cached_builtins: true,
  require_module: true,
  quic: false,
  typescript: 'strip',
});

/**
 * Node's own parts, of which there are those that packages still ask for.
 * @type {Record<string, () => any>}
 */
const bindings = /** @type {any} */ ({
  __proto__: null,
  constants: () => {
    const { dlopen, errno, priority, signals } = loadSystemConstants();
    return {
      crypto: loadCryptoConstants().constants,
      fs: loadFileValues().constants,
      os: { dlopen, errno, priority, signals },
      trace: {},
      zlib: {},
    };
  },
  http_parser: () => ({ HTTPParser: loadHttpParser().HTTPParser, methods: arraySlice(loadHttpNames().METHODS) }),
  // The names are what is asked for; there are no texts.
  natives: () => {
    /** @type {Record<string, string>} */
    const natives = {};
    forEach(builtinSpecifiers(), (specifier) => {
      natives[slice(specifier, 5)] = '';
    });
    return natives;
  },
  spawn_sync: () => loadSpawnSync().binding,
  util: () => assign({}, loadTypes()),
  uv: () => ({ errname: (/** @type {number} */ number) => loadSystemErrors().getSystemErrorName(number) }),
});
/** @type {Record<string, any>} */
const loadedBindings = /** @type {any} */ ({ __proto__: null });

/** @param {any} name */
function binding(name) {
  const key = `${name}`;
  if (bindings[key] !== undefined) return (loadedBindings[key] ??= bindings[key]());
  throw nodeError(Error, 'ERR_INVALID_MODULE', `No such module: ${key}`);
}

/** @param {...any} given */
function rawDebug(...given) {
  writeOutput(2, `${apply(loadFormat().format, undefined, given)}\n`);
}

/** @param {any} _module @param {any} filename @returns {never} */
function dlopen(_module, filename) {
  requireString(filename, 'filename');
  throw nodeError(Error, 'ERR_DLOPEN_FAILED', `native addons cannot be loaded: ${filename}`);
}

/** The options that NODE_OPTIONS may have: a set that nobody changes, and that knows them without dashes and with underscores too. */
class EnvironmentFlags extends Set {
  #names;
  /** @param {string[]} names */
  constructor(names) {
    super(names);
    this.#names = names;
  }
  add() {
    return this;
  }
  delete() {
    return false;
  }
  clear() {}
  /** @param {any} flag */
  has(flag) {
    if (typeof flag !== 'string') return false;
    const name = replace(replace(replace(flag, values, ''), underscores, '-'), doubled, '--');
    if (startsWith(name, '-')) return includes(this.#names, name);
    return includes(this.#names, `--${name}`) || includes(this.#names, `-${name}`);
  }
  get size() {
    return this.#names.length;
  }
  /** @param {Function} callback @param {any} [thisValue] */
  forEach(callback, thisValue) {
    forEach(this.#names, (name) => apply(callback, thisValue, [name, name, this]));
  }
  keys() {
    return this.values();
  }
  values() {
    return new Set(this.#names).values();
  }
  entries() {
    return new Set(this.#names).entries();
  }
  [Symbol.iterator]() {
    return this.values();
  }
}

// `--stack-trace-limit=100` is its option, whatever the value; an underscore is a dash but at the beginning.
const values = regExp(/=.*$/s);
const underscores = regExp(/_/g);
const doubled = regExp(/^-{2}/);

function environmentFlags() {
  return freeze(new EnvironmentFlags(map(environmentOptions, (name) => name)));
}

/** Built-in files that were loaded, by Node's form of naming them. @returns {string[]} */
function moduleLoadList() {
  const files = loadedFiles();
  /** @type {string[]} */
  const list = [];
  for (let index = 0; index < files.length; index += 1) list[index] = `NativeModule ${files[index]}`;
  return list;
}

module.exports = { binding, config, dlopen, environmentFlags, features, moduleLoadList, rawDebug };
