// `cp` (https://nodejs.org/api/fs.html#fscpsrc-dest-options-callback): a file, a link or a whole tree. Written once as steps, each of which is an
// operation's result; `run` takes them one after another, waiting or not.
'use strict';

const { codedError } = require('builtins/coded_error');
const { apply, getPrototypeOf, resolve: resolved, startsWith } = require('builtins/primordials');
const { requireBoolean, requireFunction, requireInteger, requireObject } = require('node/arguments');
const { operations } = require('node/fs/operations');
const { textOfPath, toPath } = require('node/fs/values');
const path = /** @type {any} */ (require('node/path/path'));

const { next, throw: throwInto } = /** @type {any} */ (getPrototypeOf(function* () {}.prototype));

/** @param {boolean} sync @param {Generator<any, any, any>} steps @returns {any} */
function run(sync, steps) {
  return sync ? runNow(steps) : runLater(steps);
}

/** @param {any} steps */
function runNow(steps) {
  let step = apply(next, steps, []);
  while (!step.done) step = apply(next, steps, [step.value]);
  return step.value;
}

/** @param {any} steps */
async function runLater(steps) {
  let step = apply(next, steps, []);
  while (!step.done) {
    let value;
    try {
      value = await step.value;
    } catch (error) {
      step = apply(throwInto, steps, [error]);
      continue;
    }
    step = apply(next, steps, [value]);
  }
  return step.value;
}

const booleans = ['dereference', 'errorOnExist', 'force', 'preserveTimestamps', 'recursive', 'verbatimSymlinks'];

/** @param {any} options */
function settingsOf(options) {
  if (options === undefined) return settingsOf({});
  requireObject(options, 'options');
  for (let index = 0; index < booleans.length; index += 1) {
    const name = booleans[index];
    // One that is there as undefined is wrong as well.
    if (name in options) requireBoolean(options[name], `options.${name}`);
  }
  const { dereference = false, errorOnExist = false, filter, force = true, mode = 0, preserveTimestamps = false } = options;
  const { recursive = false, verbatimSymlinks = false } = options;
  requireInteger(mode, 'mode', 0, 7);
  if (dereference && verbatimSymlinks) throw incompatible();
  if (filter !== undefined) requireFunction(filter, 'options.filter');
  return { dereference, errorOnExist, filter, force, mode, preserveTimestamps, recursive, verbatimSymlinks };
}

function incompatible() {
  return codedError(
    TypeError,
    'ERR_INCOMPATIBLE_OPTION_PAIR',
    'Option "dereference" cannot be used in combination with option "verbatimSymlinks"',
  );
}

/** @param {string} code @param {string} reason @param {string} from @param {string} to @param {number} errno @param {string} name */
function refusal(code, reason, from, to, errno, name) {
  const error = codedError(Error, code, `${reason}: cp returned ${name} (${reason}) ${to}`);
  error.name = 'SystemError';
  error.info = { message: reason, path: to, syscall: 'cp', errno, code: name };
  error.path = from;
  error.dest = to;
  error.errno = errno;
  error.syscall = 'cp';
  return error;
}

/** @param {boolean} sync @param {any} from @param {any} to @param {any} [options] */
function cp(sync, from, to, options) {
  const settings = settingsOf(options);
  const source = textOfPath(toPath(from, 'src'));
  const target = textOfPath(toPath(to, 'dest'));
  return run(sync, copyTree(sync, source, target, settings));
}

/** @param {boolean} sync @param {string} file @param {boolean} follow @returns {Generator<any, any, any>} */
function* statOf(sync, file, follow) {
  try {
    return yield (follow ? operations.stat : operations.lstat)(sync, file);
  } catch (error) {
    if (/** @type {any} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @typedef {ReturnType<typeof settingsOf>} Settings */

/** @param {boolean} sync @param {string} source @param {string} target @param {Settings} settings @returns {Generator<any, any, any>} */
function* copyTree(sync, source, target, settings) {
  if (settings.filter !== undefined && !(yield filtered(sync, settings.filter, source, target))) return;
  const from = yield* statOf(sync, source, settings.dereference);
  if (from === undefined) {
    yield operations.lstat(sync, source);
    return;
  }
  const there = yield* statOf(sync, target, settings.dereference);
  check(source, target, from, there);
  yield* checkParents(sync, source, from, target);
  if (from.isDirectory() && !settings.recursive) {
    throw refusal('ERR_FS_EISDIR', 'Recursive option not enabled, cannot copy a directory', source, source, 21, 'EISDIR');
  }
  const parent = path.dirname(target);
  if ((yield* statOf(sync, parent, true)) === undefined) yield operations.mkdir(sync, parent, { recursive: true });
  yield* copyEntry(sync, source, target, from, there, settings);
}

/** @param {boolean} sync @param {Function} filter @param {string} source @param {string} target */
function filtered(sync, filter, source, target) {
  const answer = filter(source, target);
  if (sync && typeof answer?.then === 'function') throw invalidReturn();
  return sync ? answer : resolved(answer);
}

function invalidReturn() {
  const message = 'Expected boolean to be returned from the "options.filter" function but got an instance of Promise.';
  return codedError(TypeError, 'ERR_INVALID_RETURN_VALUE', message);
}

/** @param {string} source @param {string} target @param {any} from @param {any} there */
function check(source, target, from, there) {
  if (there !== undefined) {
    if (from.ino === there.ino && from.dev === there.dev) {
      throw refusal('ERR_FS_CP_EINVAL', 'src and dest cannot be the same', source, target, 22, 'EINVAL');
    }
    if (from.isDirectory() && !there.isDirectory()) {
      throw refusal(
        'ERR_FS_CP_DIR_TO_NON_DIR',
        `cannot overwrite non-directory ${target} with directory ${source}`,
        source,
        target,
        21,
        'EISDIR',
      );
    }
    if (!from.isDirectory() && there.isDirectory()) {
      throw refusal(
        'ERR_FS_CP_NON_DIR_TO_DIR',
        `cannot overwrite directory ${target} with non-directory ${source}`,
        source,
        target,
        20,
        'ENOTDIR',
      );
    }
  }
  if (!from.isDirectory()) return;
  const inside = path.resolve(target);
  const folder = path.resolve(source);
  if (inside === folder || startsWith(inside, `${folder}/`)) {
    throw refusal('ERR_FS_CP_EINVAL', `cannot copy ${source} to a subdirectory of self ${target}`, source, target, 22, 'EINVAL');
  }
}

/** A folder must not be copied into itself by way of a link. @param {boolean} sync @param {string} source @param {any} from @param {string} target @returns {Generator<any, any, any>} */
function* checkParents(sync, source, from, target) {
  if (!from.isDirectory()) return;
  let folder = path.resolve(path.dirname(target));
  for (;;) {
    const stat = yield* statOf(sync, folder, true);
    if (stat !== undefined && stat.ino === from.ino && stat.dev === from.dev) {
      throw refusal('ERR_FS_CP_EINVAL', `cannot copy ${source} to a subdirectory of self ${target}`, source, target, 22, 'EINVAL');
    }
    const parent = path.dirname(folder);
    if (parent === folder) return;
    folder = parent;
  }
}

/** @param {boolean} sync @param {string} source @param {string} target @param {any} from @param {any} there @param {Settings} settings @returns {Generator<any, any, any>} */
function* copyEntry(sync, source, target, from, there, settings) {
  if (from.isDirectory()) yield* copyFolder(sync, source, target, from, there, settings);
  else if (from.isFile() || from.isCharacterDevice() || from.isBlockDevice()) yield* copyOne(sync, source, target, from, there, settings);
  else if (from.isSymbolicLink()) yield* copyLink(sync, source, target, there, settings);
  else if (from.isSocket()) throw refusal('ERR_FS_CP_SOCKET', 'cannot copy a socket file', source, target, 22, 'EINVAL');
  else if (from.isFIFO()) throw refusal('ERR_FS_CP_FIFO_PIPE', 'cannot copy a FIFO pipe', source, target, 22, 'EINVAL');
  else throw refusal('ERR_FS_CP_UNKNOWN', 'cannot copy an unknown file type', source, target, 22, 'EINVAL');
}

/** @param {boolean} sync @param {string} source @param {string} target @param {any} from @param {any} there @param {Settings} settings @returns {Generator<any, any, any>} */
function* copyOne(sync, source, target, from, there, settings) {
  if (there !== undefined) {
    if (settings.force) yield operations.unlink(sync, target);
    else if (settings.errorOnExist) throw refusal('ERR_FS_CP_EEXIST', `${target} already exists`, source, target, 17, 'EEXIST');
    else return;
  }
  yield operations.copyFile(sync, source, target, settings.mode);
  if (settings.preserveTimestamps) yield operations.utimes(sync, target, from.atime, from.mtime);
  yield operations.chmod(sync, target, from.mode & 0o7777);
}

/** @param {boolean} sync @param {string} source @param {string} target @param {any} from @param {any} there @param {Settings} settings @returns {Generator<any, any, any>} */
function* copyFolder(sync, source, target, from, there, settings) {
  if (there === undefined) yield operations.mkdir(sync, target);
  else if (settings.errorOnExist && !settings.force) {
    throw refusal('ERR_FS_CP_EEXIST', `${target} already exists`, source, target, 17, 'EEXIST');
  }
  const names = yield operations.readdir(sync, source);
  for (let index = 0; index < names.length; index += 1) {
    const inside = path.join(source, names[index]);
    const outside = path.join(target, names[index]);
    if (settings.filter !== undefined && !(yield filtered(sync, settings.filter, inside, outside))) continue;
    const stat = yield* statOf(sync, inside, settings.dereference);
    if (stat === undefined) continue;
    const other = yield* statOf(sync, outside, settings.dereference);
    check(inside, outside, stat, other);
    yield* copyEntry(sync, inside, outside, stat, other, settings);
  }
  if (there === undefined) yield operations.chmod(sync, target, from.mode & 0o7777);
}

/** @param {boolean} sync @param {string} source @param {string} target @param {any} there @param {Settings} settings @returns {Generator<any, any, any>} */
function* copyLink(sync, source, target, there, settings) {
  let link = yield operations.readlink(sync, source);
  if (!settings.verbatimSymlinks && !path.isAbsolute(link)) link = path.resolve(path.dirname(source), link);
  if (there !== undefined) {
    // A file is not replaced by a link: the system says that it exists.
    if (there.isSymbolicLink()) {
      let present = yield operations.readlink(sync, target);
      if (!path.isAbsolute(present)) present = path.resolve(path.dirname(target), present);
      const isFolder = (yield* statOf(sync, source, true))?.isDirectory() === true;
      if (isFolder && isInside(link, present)) {
        throw refusal('ERR_FS_CP_EINVAL', `cannot copy ${link} to a subdirectory of self ${present}`, source, target, 22, 'EINVAL');
      }
      if (isFolder && isInside(present, link)) {
        throw refusal('ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY', `cannot overwrite ${present} with ${link}`, source, target, 22, 'EINVAL');
      }
      yield operations.unlink(sync, target);
    }
  }
  yield operations.symlink(sync, link, target);
}

/** @param {string} folder @param {string} file */
function isInside(folder, file) {
  return file === folder || startsWith(file, `${folder}/`);
}

module.exports = { cp, run };
