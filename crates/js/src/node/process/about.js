// What `process` tells of how it was built and can do (https://nodejs.org/api/process.html#processconfig), and what it refuses.
'use strict';

const { nodeError } = require('node/errors');
const { requireString } = require('node/arguments');
const { apply, freeze } = require('builtins/primordials');
const { loadedFiles, writeOutput } = ops;
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
  dtls: false,
  quic: false,
  typescript: 'strip',
});

/** Node's own parts, which there are none of here. @param {any} name @returns {never} */
function binding(name) {
  throw nodeError(Error, 'ERR_INVALID_MODULE', `No such module: ${String(name)}`);
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

/** Flags that the environment may give: none, because it is not read for flags. It answers as a set that cannot change. */
class EnvironmentFlags extends Set {
  add() {
    return this;
  }
  delete() {
    return false;
  }
  clear() {}
}

/** Built-in files that were loaded, by Node's form of naming them. @returns {string[]} */
function moduleLoadList() {
  const files = loadedFiles();
  /** @type {string[]} */
  const list = [];
  for (let index = 0; index < files.length; index += 1) list[index] = `NativeModule ${files[index]}`;
  return list;
}

module.exports = { binding, config, dlopen, environmentFlags: () => freeze(new EnvironmentFlags()), features, moduleLoadList, rawDebug };
