// node:fs: `promises`, the functions that wait (`readFileSync`), and those with a callback. Absent so far: streams, watching, opendir.
'use strict';

const { invalidType, nodeError } = require('node/errors');
const operations = require('node/fs/operations');
const { Dirent, Stats, constants, toPath } = require('node/fs/values');
const { fsExists } = ops;
const loadFsPromises = () => require('node/fs/promises');

const exported = { Dirent, Stats, constants };
const { F_OK, R_OK, W_OK, X_OK } = constants;
Object.assign(exported, { F_OK, R_OK, W_OK, X_OK });

for (const [name, operation] of Object.entries(operations)) {
  const faces = {
    [`${name}Sync`]: (...given) => operation(true, ...given),
    [name]: (...given) => withCallback(name, operation, given),
  };
  Object.assign(exported, faces);
}

// What a callback gets beside the error and the value.
const second = { read: (given) => given[1], write: (given) => given[1] };

function withCallback(name, operation, given) {
  const callback = given.at(-1);
  if (typeof callback !== 'function') throw invalidType('cb', 'of type function', callback);
  const rest = given.slice(0, -1);
  const succeed = (value) => {
    if (name in second) callback(null, value, second[name](rest));
    else if (value === undefined) callback(null);
    else callback(null, value);
  };
  // In a microtask of its own, so that what the callback throws is an uncaught exception and not a rejection.
  operation(false, ...rest).then(
    (value) => queueMicrotask(() => succeed(value)),
    (error) => queueMicrotask(() => callback(error)),
  );
}

exported.existsSync = function existsSync(path) {
  try {
    return fsExists(toPath(path), true);
  } catch {
    return false;
  }
};
exported.exists = function exists(path, callback) {
  let found;
  try {
    found = fsExists(toPath(path), false);
  } catch {
    found = Promise.resolve(false);
  }
  found.then((there) => queueMicrotask(() => callback(there)));
};
exported.accessSync = function accessSync(path, mode) {
  operations.access(true, path, mode);
};
exported.realpath.native = exported.realpath;
exported.realpathSync.native = exported.realpathSync;
for (const name of ['createReadStream', 'createWriteStream', 'watch', 'watchFile', 'opendir', 'opendirSync']) {
  const missing = {
    [name]() {
      throw nodeError(Error, 'ERR_METHOD_NOT_IMPLEMENTED', `The fs.${name} method is not implemented`);
    },
  };
  exported[name] = missing[name];
}
Object.defineProperty(exported, 'promises', { get: loadFsPromises, enumerable: true, configurable: true });

module.exports = exported;
