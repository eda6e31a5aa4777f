// node:fs: `promises`, the functions that wait (`readFileSync`), those with a callback, and streams.
'use strict';

const { isDenied } = require('node/errors');
const { requireFunction, requireObject, requireString } = require('node/arguments');
const { nextTick } = require('node/process/ticks');
const { apply, assign, construct, defineProperty, endsWith, forEach, keys, resolve, symbolFor, then } = require('builtins/primordials');
const { Promise, startsWith, viewName } = require('builtins/primordials');
const operations = require('node/fs/all');
const { prepended, withCallback } = require('node/fs/callbacks');
const { useFunctions } = require('node/fs/operations');
const { Dirent, Stats: OwnStats, constants, toPath, toSeconds } = require('node/fs/values');
const { fsExists } = ops;
const loadFsPromises = () => require('node/fs/promises');
const loadBlob = () => require('web/file/blob');
const loadDir = () => require('node/fs/dir');
const loadWarnings = () => require('node/process/warnings');
const loadPath = () => require('node/path/path');
const loadStreams = () => require('node/fs/streams');
const loadUtf8Stream = () => require('node/fs/utf8_stream');
const loadWatch = () => require('node/fs/watch');
const loadWatchFile = () => require('node/fs/watch_file');

/** A function that says once that it is not to be used. @param {string} message @param {string} code */
function deprecated(message, code) {
  let isSaid = false;
  return () => {
    if (isSaid) return;
    isSaid = true;
    loadWarnings().emitWarning(message, 'DeprecationWarning', code);
  };
}

const statsAreDeprecated = deprecated('fs.Stats constructor is deprecated.', 'DEP0180');

/** Programs have always called it, with and without `new`. @param {...any} fields */
function Stats(...fields) {
  statsAreDeprecated();
  return construct(OwnStats, [fields], new.target ?? Stats);
}
Stats.prototype = OwnStats.prototype;
defineProperty(Stats.prototype, 'constructor', { value: Stats, writable: true, configurable: true });

/** @type {Record<string, any>} */
const exported = { Dirent, Stats, constants };
const { F_OK, R_OK, W_OK, X_OK } = constants;
assign(exported, { F_OK, R_OK, W_OK, X_OK });

forEach(keys(operations), (name) => {
  const operation = operations[name];
  const faces = {
    [`${name}Sync`]: (/** @type {any[]} */ ...given) => apply(operation, undefined, prepended(true, given)),
    [name]: (/** @type {any[]} */ ...given) => withCallback(name, operation, given),
  };
  assign(exported, faces);
});

// `util.promisify` gives the buffer too.
const custom = symbolFor('nodejs.util.promisify.custom');
forEach(['read', 'readv', 'write', 'writev'], (name) => {
  const named = startsWith(name, 'write') ? 'bytesWritten' : 'bytesRead';
  const value = (/** @type {any[]} */ ...given) =>
    new Promise((fulfil, reject) => {
      given[given.length] = (/** @type {any} */ error, /** @type {number} */ bytes, /** @type {any} */ second) => {
        if (error) reject(error);
        else fulfil({ [named]: bytes, [endsWith(name, 'v') ? 'buffers' : 'buffer']: second });
      };
      apply(exported[name], exported, given);
    });
  defineProperty(value, 'name', { value: name, configurable: true });
  defineProperty(exported[name], custom, { value, configurable: true });
});

const existsIsDeprecated = deprecated('Passing invalid argument types to fs.existsSync is deprecated', 'DEP0187');

exported._toUnixTimestamp = toSeconds;
exported.existsSync = function existsSync(/** @type {any} */ path) {
  if (typeof path !== 'string' && viewName(path) !== 'Uint8Array' && typeof path?.href !== 'string') existsIsDeprecated();
  try {
    return fsExists(toPath(path), true);
  } catch (error) {
    if (isDenied(error)) throw error;
    return false;
  }
};
exported.exists = function exists(/** @type {any} */ path, /** @type {any} */ callback) {
  requireFunction(callback, 'cb');
  let found;
  try {
    found = fsExists(toPath(path), false);
  } catch {
    found = resolve(false);
  }
  then(found, (there) => nextTick(callback, there));
};
defineProperty(exported.exists, custom, {
  value: { exists: (/** @type {any} */ path) => new Promise((fulfil) => exported.exists(path, fulfil)) }.exists,
  configurable: true,
});
exported.accessSync = function accessSync(/** @type {any} */ path, /** @type {any} */ mode) {
  operations.access(true, path, mode);
};
exported.realpath.native = exported.realpath;
exported.realpathSync.native = exported.realpathSync;
exported.watchFile = (/** @type {any} */ file, /** @type {any} */ options, /** @type {any} */ listener) =>
  loadWatchFile().watchFile(file, options, listener);
exported.unwatchFile = (/** @type {any} */ file, /** @type {any} */ listener) => loadWatchFile().unwatchFile(file, listener);
exported.openAsBlob = async function openAsBlob(/** @type {any} */ path, /** @type {any} */ options) {
  const { Blob } = loadBlob();
  return new Blob([await operations.readFile(false, toPath(path))], { type: options?.type });
};
exported.openAsBlobSync = function openAsBlobSync(/** @type {any} */ path, /** @type {any} */ options = {}) {
  requireObject(options, 'options');
  requireString(options.type || '', 'options.type');
  const { Blob } = loadBlob();
  return new Blob([operations.readFile(true, toPath(path))], { type: options.type });
};
// There are none but on macOS.
exported.lchmod = undefined;
exported.lchmodSync = undefined;
exported.mkdtempDisposableSync = function mkdtempDisposableSync(/** @type {any} */ prefix, /** @type {any} */ options) {
  const path = operations.mkdtemp(true, prefix, options);
  // Also after a change of the working directory.
  const whole = loadPath().resolve(`${path}`);
  const remove = () => operations.rm(true, whole, { recursive: true, force: true });
  return { path, remove, [Symbol.dispose]: remove };
};
exported.watch = function watch(/** @type {any} */ filename, /** @type {any} */ options, /** @type {any} */ listener) {
  return loadWatch().watch(filename, options, listener);
};

useFunctions(exported);

/** The streams' file, which takes these functions as they are when a program first needs a stream. */
function streams() {
  const file = loadStreams();
  file.useFunctions(exported);
  return file;
}
exported.createReadStream = function createReadStream(/** @type {any} */ path, /** @type {any} */ options) {
  return streams().createReadStream(path, options);
};
exported.createWriteStream = function createWriteStream(/** @type {any} */ path, /** @type {any} */ options) {
  return streams().createWriteStream(path, options);
};
defineProperty(exported, 'Utf8Stream', {
  get() {
    const file = loadUtf8Stream();
    file.useFunctions(exported);
    return file.Utf8Stream;
  },
  enumerable: true,
  configurable: true,
});
defineProperty(exported, 'Dir', { get: () => loadDir().Dir, enumerable: true, configurable: true });
// Programs that patch `fs` (graceful-fs) put classes of their own here.
forEach(['ReadStream', 'WriteStream', 'FileReadStream', 'FileWriteStream'], (name) => {
  /** @type {any} */
  let own;
  const kind = endsWith(name, 'ReadStream') ? 'ReadStream' : 'WriteStream';
  defineProperty(exported, name, {
    get: () => (own ??= streams()[kind]),
    set(value) {
      own = value;
    },
    enumerable: true,
    configurable: true,
  });
});
defineProperty(exported, 'promises', { get: loadFsPromises, enumerable: true, configurable: true });

module.exports = exported;
