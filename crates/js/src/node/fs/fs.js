// node:fs: `promises`, the functions that wait (`readFileSync`), those with a callback, and streams. Absent so far: watching, opendir.
'use strict';

const { notImplemented } = require('node/errors');
const { requireFunction } = require('node/arguments');
const { nextTick } = require('node/process/ticks');
const { apply, arraySlice, assign, defineProperty, endsWith, forEach, keys, resolve, then } = require('builtins/primordials');
const operations = require('node/fs/operations');
const { Dirent, Stats, constants, toPath } = require('node/fs/values');
const { fsExists } = ops;
const loadFsPromises = () => require('node/fs/promises');
const loadStreams = () => require('node/fs/streams');

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

/** @param {boolean} sync @param {any[]} given */
function prepended(sync, given) {
  /** @type {any[]} */
  const all = [sync];
  for (let index = 0; index < given.length; index += 1) all[index + 1] = given[index];
  return all;
}

/** @param {string} name @param {Function} operation @param {any[]} given */
function withCallback(name, operation, given) {
  const callback = given.length > 1 ? given[given.length - 1] : undefined;
  requireFunction(callback, 'cb');
  const rest = arraySlice(given, 0, given.length - 1);
  const succeed = (/** @type {any} */ value) => {
    // These two give the buffer as well.
    if (name === 'read' || name === 'write') callback(null, value, rest[1]);
    else if (value === undefined) callback(null);
    else callback(null, value);
  };
  // In a tick of its own, so that what the callback throws is an uncaught exception and not a rejection.
  then(
    apply(operation, undefined, prepended(false, rest)),
    (value) => nextTick(succeed, value),
    (error) => nextTick(callback, error),
  );
}

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
forEach(['watch', 'watchFile', 'opendir', 'opendirSync'], (name) => {
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
