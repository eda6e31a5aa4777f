// node:fs: `promises`, the functions that wait (`readFileSync`), those with a callback, and streams. Absent so far: `watch`.
'use strict';

const { notImplemented } = require('node/errors');
const { requireFunction } = require('node/arguments');
const { nextTick } = require('node/process/ticks');
const { apply, assign, defineProperty, endsWith, forEach, keys, resolve, then } = require('builtins/primordials');
const operations = require('node/fs/all');
const { prepended, withCallback } = require('node/fs/callbacks');
const { Dirent, Stats, constants, toPath } = require('node/fs/values');
const { fsExists } = ops;
const loadFsPromises = () => require('node/fs/promises');
const loadBlob = () => require('web/file/blob');
const loadDir = () => require('node/fs/dir');
const loadStreams = () => require('node/fs/streams');
const loadWatchFile = () => require('node/fs/watch_file');

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

exported.existsSync = function existsSync(/** @type {any} */ path) {
  try {
    return fsExists(toPath(path), true);
  } catch {
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
exported.mkdtempDisposableSync = function mkdtempDisposableSync(/** @type {any} */ prefix, /** @type {any} */ options) {
  const path = operations.mkdtemp(true, prefix, options);
  const remove = () => operations.rm(true, path, { recursive: true, force: true });
  return { path, remove, [Symbol.dispose]: remove };
};
forEach(['watch'], (name) => {
  const missing = {
    [name]() {
      throw notImplemented(`fs.${name}`);
    },
  };
  exported[name] = missing[name];
});

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
