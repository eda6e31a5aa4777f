// Every operation of node:fs once, with `sync` as its first argument: true gives the result (or throws), false a promise.
// `fs.js` and `promises.js` make the three faces of it: `xSync`, `promises.x`, and `x` with a callback.
'use strict';

const { aborted, invalidType, outOfRange } = require('node/errors');
const { requireInteger, requireSignal } = require('node/arguments');
const { bytesOf } = require('builtins/webidl');
const {
  endsWith,
  forEach,
  isArray,
  isView,
  map: mapEach,
  Promise,
  push,
  reduce,
  reject: rejected,
  setBytes,
  subarray,
  then,
} = require('builtins/primordials');
const values = require('node/fs/values');
const {
  fsAccess,
  fsChmod,
  fsChown,
  fsClose,
  fsCopyFile,
  fsFchmod,
  fsFchown,
  fsFstat,
  fsFsync,
  fsFtruncate,
  fsFutimes,
  fsLink,
  fsMkdir,
  fsMkdtemp,
  fsOpen,
  fsRead,
  fsReadFile,
  fsReaddir,
  fsReadlink,
  fsRealpath,
  fsRename,
  fsRm,
  fsRmdir,
  fsStat,
  fsStatfs,
  fsSymlink,
  fsTruncate,
  fsUnlink,
  fsUtimes,
  fsWrite,
  fsWriteFile,
  isGuestBuffer,
} = ops;
const loadAbort = () => require('web/abort/abort');
const loadBuffer = () => require('node/buffer/buffer');
const { Dirent, constants, makeStats, toContent, toDescriptor, toEncoding, toFile, toFlags, toMode, toOptions, toPath } = values;

/** `map(result)`, now or when the promise is fulfilled. @param {boolean} sync @param {any} result @param {(value: any) => any} map @returns {any} */
function finish(sync, result, map) {
  return sync ? map(result) : then(result, map);
}

/**
 * An operation that an AbortSignal may stop before its result is used.
 * @param {boolean} sync @param {Record<string, any>} options @param {() => any} start
 */
function abortable(sync, options, start) {
  const { signal } = options;
  if (sync || signal === undefined || signal === null) return start();
  requireSignal(signal, 'options.signal');
  if (signal.aborted) return rejected(aborted(signal));
  return new Promise((resolve, reject) => {
    const { addAlgorithm, removeAlgorithm } = loadAbort();
    const stop = () => reject(aborted(signal));
    addAlgorithm(signal, stop);
    then(
      start(),
      (value) => {
        removeAlgorithm(signal, stop);
        resolve(value);
      },
      (error) => {
        removeAlgorithm(signal, stop);
        reject(error);
      },
    );
  });
}

/** @param {Uint8Array} bytes */
const toBuffer = (bytes) => loadBuffer().wrap(bytes);

/** @param {Uint8Array} bytes @param {string | undefined} encoding */
function decode(bytes, encoding) {
  const buffer = toBuffer(bytes);
  return encoding === undefined ? buffer : buffer.toString(encoding);
}

/** @param {boolean} sync @param {any} path @param {any} [options] */
function readFile(sync, path, options) {
  const file = toFile(path);
  if (options === 'utf8' || options === 'utf-8') return fsReadFile(file, true, sync);
  const settings = toOptions(options);
  const encoding = toEncoding(settings);
  if (settings.flag !== undefined) toFlags(settings.flag, 'r');
  return abortable(sync, settings, () => {
    if (encoding === 'utf8') return fsReadFile(file, true, sync);
    return finish(sync, fsReadFile(file, false, sync), (bytes) => decode(bytes, encoding));
  });
}

/** @param {boolean} sync @param {any} path @param {any} data @param {any} options @param {string} flag */
function write(sync, path, data, options, flag) {
  const file = toFile(path);
  const settings = toOptions(options);
  const encoding = toEncoding(settings);
  const flags = toFlags(settings.flag, flag);
  const mode = toMode(settings.mode, 0o666);
  return abortable(sync, settings, () => fsWriteFile(file, toContent(data, encoding), flags, mode, sync));
}

/** @param {boolean} sync @param {any} path @param {any} data @param {any} [options] */
function writeFile(sync, path, data, options) {
  if (!sync && isIterable(data)) return writePieces(path, data, options);
  return write(sync, path, data, options, 'w');
}

/** @param {any} data */
function isIterable(data) {
  if (typeof data !== 'object' || data === null || isView(data) || isGuestBuffer(data)) return false;
  return typeof data[Symbol.asyncIterator] === 'function' || typeof data[Symbol.iterator] === 'function';
}

/** The content comes from an iterable: one piece at a time is in memory (BOUNDED). @param {any} path @param {any} pieces @param {any} options */
async function writePieces(path, pieces, options) {
  const settings = toOptions(options);
  const encoding = toEncoding(settings);
  const isOpen = typeof path === 'number';
  const number = isOpen ? path : await fsOpen(toPath(path), toFlags(settings.flag, 'w'), toMode(settings.mode, 0o666), false);
  try {
    for await (const piece of pieces) await fsWriteFile(number, toContent(piece, encoding), 0, 0, false);
  } finally {
    if (!isOpen) await fsClose(number, false);
  }
}

/** An entry of a directory. @typedef {{ name: string, relative: string, parent: string, kind: number }} Entry */

/** @param {boolean} sync @param {any} path @param {any} [options] */
function readdir(sync, path, options) {
  const folder = toPath(path);
  const settings = toOptions(options);
  const shown = typeof folder === 'string' ? folder : toBuffer(folder).toString();
  const named = settings.encoding === 'buffer' ? loadBuffer().Buffer.from : (/** @type {string} */ name) => name;
  /** @param {Entry[]} entries @returns {any[]} */
  const make = (entries) =>
    mapEach(entries, ({ name, relative, parent, kind }) =>
      settings.withFileTypes ? new Dirent(named(name), parent, kind) : named(relative),
    );
  if (!settings.recursive) {
    return finish(sync, fsReaddir(folder, sync), (flat) => make(entriesOf(flat, shown, '')));
  }
  return sync ? make(walk(shown)) : then(walkLater(shown), make);
}

/** @param {(string | number)[]} flat @param {string} parent @param {string} prefix */
function entriesOf(flat, parent, prefix) {
  /** @type {Entry[]} */
  const entries = [];
  for (let i = 0; i < flat.length; i += 2) {
    const name = /** @type {string} */ (flat[i]);
    push(entries, { name, relative: prefix + name, parent, kind: /** @type {number} */ (flat[i + 1]) });
  }
  return entries;
}

/** @param {string} parent @param {string} name */
const join = (parent, name) => (endsWith(parent, '/') ? parent + name : `${parent}/${name}`);

/** Adds what was found, and the folders among it to those that are still to be read. @param {Entry[]} entries @param {Entry[]} found @param {{ path: string, prefix: string }[]} folders */
function collect(entries, found, folders) {
  forEach(entries, (entry) => {
    push(found, entry);
    if (entry.kind === constants.UV_DIRENT_DIR) push(folders, { path: join(entry.parent, entry.name), prefix: `${entry.relative}/` });
  });
}

/** @param {string} start */
function walk(start) {
  /** @type {Entry[]} */
  const found = [];
  const folders = [{ path: start, prefix: '' }];
  for (let i = 0; i < folders.length; i += 1) {
    const { path, prefix } = folders[i];
    collect(entriesOf(/** @type {any} */ (fsReaddir(path, true)), path, prefix), found, folders);
  }
  return found;
}

/** @param {string} start */
async function walkLater(start) {
  /** @type {Entry[]} */
  const found = [];
  const folders = [{ path: start, prefix: '' }];
  for (let i = 0; i < folders.length; i += 1) {
    const { path, prefix } = folders[i];
    collect(entriesOf(await fsReaddir(path, false), path, prefix), found, folders);
  }
  return found;
}

/** @param {boolean} follow @returns {(sync: boolean, path: any, options?: any) => any} */
function statWith(follow) {
  return (sync, path, options) => {
    const target = toPath(path);
    if (sync && options?.throwIfNoEntry === false) {
      try {
        return makeStats(/** @type {number[]} */ (fsStat(target, follow, true)), options);
      } catch (error) {
        const { code } = /** @type {any} */ (error);
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
        throw error;
      }
    }
    return finish(sync, fsStat(target, follow, sync), (fields) => makeStats(fields, options));
  };
}

/** @param {boolean} sync @param {any} path @param {any} [options] */
function mkdir(sync, path, options) {
  const target = toPath(path);
  const settings = typeof options === 'object' && options !== null ? options : { mode: options };
  return fsMkdir(target, Boolean(settings.recursive), toMode(settings.mode, 0o777), sync);
}

/** @param {boolean} sync @param {any} path @param {any} [options] */
function rm(sync, path, options) {
  const target = toPath(path);
  const settings = toOptions(options);
  return fsRm(target, Boolean(settings.recursive), Boolean(settings.force), sync);
}

/** @param {boolean} sync @param {any} path @param {any} [options] */
function rmdir(sync, path, options) {
  const target = toPath(path);
  return options?.recursive ? fsRm(target, true, false, sync) : fsRmdir(target, sync);
}

/** @param {boolean} sync @param {any} from @param {any} to @param {number} [mode] */
function copyFile(sync, from, to, mode = 0) {
  return fsCopyFile(toPath(from, 'src'), toPath(to, 'dest'), (mode & constants.COPYFILE_EXCL) !== 0, sync);
}

/** @param {boolean} sync @param {any} prefix */
function mkdtemp(sync, prefix) {
  return fsMkdtemp(toPath(prefix, 'prefix'), sync);
}

/** @param {boolean} sync @param {any} descriptor */
function close(sync, descriptor) {
  return fsClose(toDescriptor(descriptor), sync);
}

/**
 * What `read(fd, buffer, offset, length, position)` and its object forms mean.
 * @param {any} buffer @param {any} offset @param {any} length @param {any} position
 * @returns {{ from: number, most: number, at: number }}
 */
function readRange(buffer, offset, length, position) {
  const options = typeof offset === 'object' && offset !== null ? offset : { offset, length, position };
  if (!isView(buffer)) throw invalidType('buffer', ['Buffer', 'TypedArray', 'DataView'], buffer);
  const size = bytesOf(buffer).byteLength;
  const from = +(options.offset ?? 0);
  const most = +(options.length ?? size - from);
  if (!(from >= 0 && from <= size)) throw outOfRange('offset', `>= 0 && <= ${size}`, from);
  if (!(most >= 0 && most <= size - from)) throw outOfRange('length', `>= 0 && <= ${size - from}`, most);
  return { from, most, at: Number(options.position ?? -1) };
}

/**
 * Fills `buffer`; the number of bytes read.
 * @param {boolean} sync @param {any} descriptor @param {any} buffer @param {any} [offset] @param {any} [length] @param {any} [position]
 */
function read(sync, descriptor, buffer, offset, length, position) {
  const number = toDescriptor(descriptor);
  const { from, most, at } = readRange(buffer, offset, length, position);
  return finish(sync, fsRead(number, most, at, sync), (bytes) => {
    setBytes(bytesOf(buffer), bytes, from);
    return bytes.byteLength;
  });
}

/**
 * Writes a string (position, encoding) or part of a buffer (offset, length, position); the number of bytes written.
 * @param {boolean} sync @param {any} descriptor @param {any} data @param {any} [offset] @param {any} [length] @param {any} [position]
 */
function writeTo(sync, descriptor, data, offset, length, position) {
  const number = toDescriptor(descriptor);
  if (typeof data === 'string') {
    const encoding = typeof length === 'string' ? toEncoding({ encoding: length }) : undefined;
    return fsWrite(number, toContent(data, encoding), offset ?? -1, sync);
  }
  const { from, most, at } = readRange(data, offset, length, position);
  return fsWrite(number, subarray(bytesOf(data), from, from + most), at, sync);
}

/** The number of a user or a group; -1 leaves it as it is. @param {any} value @param {string} name @returns {number} */
function toOwner(value, name) {
  requireInteger(value, name, -1, 2 ** 32 - 1);
  return value;
}

/** @param {boolean} follow @returns {(sync: boolean, path: any, user: any, group: any) => any} */
function chownWith(follow) {
  return (sync, path, user, group) => fsChown(toPath(path), toOwner(user, 'uid'), toOwner(group, 'gid'), follow, sync);
}

/** @param {boolean} follow @returns {(sync: boolean, path: any, accessed: any, modified: any) => any} */
function utimesWith(follow) {
  return (sync, path, accessed, modified) => fsUtimes(toPath(path), values.toSeconds(accessed), values.toSeconds(modified), follow, sync);
}

/** @param {boolean} sync @param {any} path @param {any} [options] */
function statfs(sync, path, options) {
  return finish(sync, fsStatfs(toPath(path), sync), (fields) => values.makeStatFs(fields, options));
}

/** @param {any} buffers @returns {Uint8Array[]} */
function toVectors(buffers) {
  if (!isArray(buffers)) throw invalidType('buffers', 'ArrayBufferView[]', buffers);
  return mapEach(buffers, (buffer) => {
    if (!isView(buffer)) throw invalidType('buffers', 'ArrayBufferView[]', buffers);
    return bytesOf(buffer);
  });
}

/** @param {any} position */
const placeOf = (position) => (typeof position === 'number' || typeof position === 'bigint' ? Number(position) : -1);

/** Fills several buffers in turn; the number of bytes read. @param {boolean} sync @param {any} descriptor @param {any} buffers @param {any} [position] */
function readv(sync, descriptor, buffers, position) {
  const number = toDescriptor(descriptor);
  const parts = toVectors(buffers);
  const total = reduce(parts, (sum, part) => sum + part.byteLength, 0);
  return finish(sync, fsRead(number, total, placeOf(position), sync), (bytes) => {
    let from = 0;
    forEach(parts, (part) => {
      const piece = subarray(bytes, from, from + part.byteLength);
      setBytes(part, piece, 0);
      from += piece.byteLength;
    });
    return bytes.byteLength;
  });
}

/** Writes several buffers as one; the number of bytes written. @param {boolean} sync @param {any} descriptor @param {any} buffers @param {any} [position] */
function writev(sync, descriptor, buffers, position) {
  const number = toDescriptor(descriptor);
  const parts = toVectors(buffers);
  return fsWrite(number, loadBuffer().Buffer.concat(parts), placeOf(position), sync);
}

/** @type {Record<string, (sync: boolean, ...given: any[]) => any>} */
module.exports = {
  access: (sync, path, mode = 0) => fsAccess(toPath(path), mode, sync),
  appendFile: (sync, path, data, options) => write(sync, path, data, options, 'a'),
  chown: chownWith(true),
  chmod: (sync, path, mode) => fsChmod(toPath(path), toMode(mode, 0), sync),
  close,
  copyFile,
  fchmod: (sync, descriptor, mode) => fsFchmod(toDescriptor(descriptor), toMode(mode, 0), sync),
  fchown: (sync, descriptor, user, group) => fsFchown(toDescriptor(descriptor), toOwner(user, 'uid'), toOwner(group, 'gid'), sync),
  fdatasync: (sync, descriptor) => fsFsync(toDescriptor(descriptor), true, sync),
  fstat: (sync, descriptor, options) => finish(sync, fsFstat(toDescriptor(descriptor), sync), (fields) => makeStats(fields, options)),
  fsync: (sync, descriptor) => fsFsync(toDescriptor(descriptor), false, sync),
  ftruncate: (sync, descriptor, length = 0) => fsFtruncate(toDescriptor(descriptor), length, sync),
  futimes: (sync, descriptor, accessed, modified) =>
    fsFutimes(toDescriptor(descriptor), values.toSeconds(accessed), values.toSeconds(modified), sync),
  lchown: chownWith(false),
  link: (sync, from, to) => fsLink(toPath(from, 'existingPath'), toPath(to, 'newPath'), sync),
  lstat: statWith(false),
  lutimes: utimesWith(false),
  mkdir,
  mkdtemp,
  open: (sync, path, flags, mode) => fsOpen(toPath(path), toFlags(flags, 'r'), toMode(mode, 0o666), sync),
  read,
  readFile,
  readdir,
  readv,
  readlink: (sync, path) => fsReadlink(toPath(path), sync),
  realpath: (sync, path) => fsRealpath(toPath(path), sync),
  rename: (sync, from, to) => fsRename(toPath(from, 'oldPath'), toPath(to, 'newPath'), sync),
  rm,
  rmdir,
  stat: statWith(true),
  statfs,
  symlink: (sync, target, path) => fsSymlink(toPath(target, 'target'), toPath(path), sync),
  truncate: (sync, path, length = 0) => fsTruncate(toPath(path), length, sync),
  unlink: (sync, path) => fsUnlink(toPath(path), sync),
  utimes: utimesWith(true),
  write: writeTo,
  writeFile,
  writev,
};
