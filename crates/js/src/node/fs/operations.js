// Every operation of node:fs once, with `sync` as its first argument: true gives the result (or throws), false a promise.
// `fs.js` and `promises.js` make the three faces of it: `xSync`, `promises.x`, and `x` with a callback.
'use strict';

const { aborted, invalidType, invalidValue, outOfRange } = require('node/errors');
const { requireBoolean, requireInteger, requireNumber, requireSignal } = require('node/arguments');
const { bytesOf } = require('builtins/webidl');
const {
  endsWith,
  forEach,
  includes,
  isArray,
  isView,
  map: mapEach,
  max,
  Promise,
  push,
  reduce,
  reject: rejected,
  resolve: resolved,
  setBytes,
  subarray,
  then,
} = require('builtins/primordials');
const { nextTick } = require('node/process/ticks');
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
const loadAbortSignals = () => require('node/abort_signals');
const loadWarnings = () => require('node/process/warnings');
const loadBuffer = () => require('node/buffer/buffer');
const { Dirent, constants, makeStats, textOfPath, toContent, toDescriptor, toEncoding, toFile, toFlags } = values;
const { toMode, toName, toOptions, toPath } = values;

/** Writes to the disk: the functions of `fs`, which stands above this file. @type {any} */
let syncing = { fsyncSync: (/** @type {any} */ number) => fsFsync(number, false, true) };

/** @param {any} functions */
function useFunctions(functions) {
  syncing = functions;
}

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
  if (sync || signal === undefined) return start();
  requireSignal(signal, 'options.signal');
  if (signal.aborted) return rejected(aborted(signal));
  return new Promise((resolve, reject) => {
    const { offAbort, onAbort } = loadAbortSignals();
    const stop = () => reject(aborted(signal));
    onAbort(signal, stop);
    then(
      start(),
      // In a tick of its own: what is done at once can be aborted like what takes a while.
      (value) =>
        nextTick(() => {
          offAbort(signal, stop);
          resolve(value);
        }),
      (error) => {
        offAbort(signal, stop);
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
  const flags = toFlags(settings.flag, 'r');
  return abortable(sync, settings, () => {
    if (flags !== constants.O_RDONLY && typeof file !== 'number') return readOpened(sync, file, flags, encoding);
    if (encoding === 'utf8') return fsReadFile(file, true, sync);
    return finish(sync, fsReadFile(file, false, sync), (bytes) => decode(bytes, encoding));
  });
}

/** A file that is opened in a way of its own, which may make or empty it. @param {boolean} sync @param {string | Uint8Array} file @param {number} flags @param {string | undefined} encoding */
function readOpened(sync, file, flags, encoding) {
  if (!sync) return readOpenedLater(file, flags, encoding);
  const number = fsOpen(file, flags, 0o666, true);
  try {
    return decode(fsReadFile(number, false, true), encoding);
  } finally {
    fsClose(number, true);
  }
}

/** @param {string | Uint8Array} file @param {number} flags @param {string | undefined} encoding */
async function readOpenedLater(file, flags, encoding) {
  const number = await fsOpen(file, flags, 0o666, false);
  try {
    return decode(await fsReadFile(number, false, false), encoding);
  } finally {
    await fsClose(number, false);
  }
}

/** @param {boolean} sync @param {any} path @param {any} data @param {any} options @param {string} flag */
function write(sync, path, data, options, flag) {
  const file = toFile(path);
  const settings = toOptions(options);
  const encoding = toEncoding(settings);
  const flags = toFlags(settings.flag, flag);
  const mode = toMode(settings.mode, 0o666);
  const flush = settings.flush ?? false;
  requireBoolean(flush, 'options.flush');
  return abortable(sync, settings, () => {
    const content = toContent(data, encoding);
    if (!flush) return fsWriteFile(file, content, flags, mode, sync);
    return sync ? writeFlushed(file, content, flags, mode) : writeFlushedLater(file, content, flags, mode);
  });
}

/** Written and on the disk, by the functions of `fs`, which programs replace. @param {any} file @param {any} content @param {number} flags @param {number} mode */
function writeFlushed(file, content, flags, mode) {
  const number = typeof file === 'number' ? file : fsOpen(file, flags, mode, true);
  try {
    fsWriteFile(number, content, 0, 0, true);
    syncing.fsyncSync(number);
  } finally {
    if (number !== file) fsClose(number, true);
  }
}

/** @param {any} file @param {any} content @param {number} flags @param {number} mode */
async function writeFlushedLater(file, content, flags, mode) {
  const number = typeof file === 'number' ? file : await fsOpen(file, flags, mode, false);
  try {
    await fsWriteFile(number, content, 0, 0, false);
    await new Promise((resolve, reject) => {
      syncing.fsync(number, (/** @type {any} */ error) => (error ? reject(error) : resolve(undefined)));
    });
  } finally {
    if (number !== file) await fsClose(number, false);
  }
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
  const { signal } = settings;
  requireSignal(signal, 'options.signal');
  const check = () => {
    if (signal?.aborted) throw aborted(signal);
  };
  check();
  const isOpen = typeof path === 'number';
  const number = isOpen ? path : await fsOpen(toPath(path), toFlags(settings.flag, 'w'), toMode(settings.mode, 0o666), false);
  try {
    check();
    for await (const piece of pieces) {
      check();
      await fsWriteFile(number, toContent(piece, encoding), 0, 0, false);
      check();
    }
  } finally {
    if (!isOpen) await fsClose(number, false);
  }
}

/** An entry of a directory, with bytes where a name is no UTF-8. @typedef {{ name: string | Uint8Array, relative: string | Uint8Array, parent: string, kind: number }} Entry */

/** @param {boolean} sync @param {any} path @param {any} [options] */
function readdir(sync, path, options) {
  const folder = toPath(path);
  const settings = toOptions(options);
  toEncoding(settings);
  if (settings.recursive !== undefined && settings.recursive !== null) requireBoolean(settings.recursive, 'options.recursive');
  const shown = typeof folder === 'string' ? folder : toBuffer(folder).toString();
  const named = (/** @type {string | Uint8Array} */ name) => toName(name, settings);
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
    const name = /** @type {string | Uint8Array} */ (/** @type {any} */ (flat[i]));
    const relative = prefix === '' ? name : prefix + textOfPath(name);
    push(entries, { name, relative, parent, kind: /** @type {number} */ (flat[i + 1]) });
  }
  return entries;
}

/** @param {string} parent @param {string} name */
const join = (parent, name) => (endsWith(parent, '/') ? parent + name : `${parent}/${name}`);

/** Adds what was found, and the folders among it to those that are still to be read. @param {Entry[]} entries @param {Entry[]} found @param {{ path: string, prefix: string }[]} folders */
function collect(entries, found, folders) {
  forEach(entries, (entry) => {
    push(found, entry);
    if (entry.kind === constants.UV_DIRENT_DIR)
      push(folders, { path: join(entry.parent, textOfPath(entry.name)), prefix: `${textOfPath(entry.relative)}/` });
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

/** Nothing, if that is what an error says. @param {any} error */
function noEntry(error) {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  return undefined;
}

/** @param {boolean} follow @returns {(sync: boolean, path: any, options?: any) => any} */
function statWith(follow) {
  return (sync, path, options) => {
    const target = toPath(path);
    if (!sync && options?.throwIfNoEntry === false) {
      return then(fsStat(target, follow, false), (fields) => makeStats(fields, options), noEntry);
    }
    if (options?.throwIfNoEntry === false) {
      try {
        return makeStats(/** @type {number[]} */ (fsStat(target, follow, true)), options);
      } catch (error) {
        return noEntry(error);
      }
    }
    return finish(sync, fsStat(target, follow, sync), (fields) => makeStats(fields, options));
  };
}

/** @param {boolean} sync @param {any} path @param {any} [options] */
function mkdir(sync, path, options) {
  const target = toPath(path);
  const settings = typeof options === 'object' && options !== null ? options : { mode: options };
  const { recursive = false } = settings;
  requireBoolean(recursive, 'options.recursive');
  return fsMkdir(target, recursive, toMode(settings.mode, 0o777), sync);
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
  if (options?.recursive !== undefined) throw invalidValue('options.recursive', options.recursive, 'is no longer supported');
  return fsRmdir(target, sync);
}

/** What `access` and `copyFile` take. @param {any} mode @param {string} name @returns {number} */
function requireBits(mode, name) {
  requireInteger(mode, name, 0, 7);
  return mode;
}

/** @param {boolean} sync @param {any} from @param {any} to @param {any} [mode] */
function copyFile(sync, from, to, mode) {
  const how = mode ?? 0;
  return fsCopyFile(toPath(from, 'src'), toPath(to, 'dest'), (requireBits(how, 'mode') & constants.COPYFILE_EXCL) !== 0, sync);
}

let isWarned = false;

/** @param {boolean} sync @param {any} prefix @param {any} [options] */
function mkdtemp(sync, prefix, options) {
  const settings = toOptions(options);
  toEncoding(settings);
  const start = toPath(prefix, 'prefix');
  if (!isWarned && endsWith(textOfPath(start), 'X')) {
    isWarned = true;
    loadWarnings().emitWarning('mkdtemp() templates ending with X are not portable. For details see: https://nodejs.org/api/fs.html');
  }
  return finish(sync, fsMkdtemp(start, sync), (made) => toName(made, settings));
}

/** An operation whose result is a path. @param {(path: string | Uint8Array, sync: boolean) => any} operation @returns {(sync: boolean, path: any, options?: any) => any} */
function pathWith(operation) {
  return (sync, path, options) => {
    const target = toPath(path);
    const settings = toOptions(options);
    toEncoding(settings);
    return finish(sync, operation(target, sync), (found) => toName(found, settings));
  };
}

const types = ['dir', 'file', 'junction'];

/** @param {boolean} sync @param {any} target @param {any} path @param {any} [type] means something on Windows alone */
function symlink(sync, target, path, type) {
  if (type !== undefined && type !== null && !includes(types, type)) {
    throw invalidValue('type', type, "must be one of: 'dir', 'file', 'junction', null, undefined");
  }
  return fsSymlink(toPath(target, 'target'), toPath(path), sync);
}

/** @param {any} length @returns {number} */
function toLength(length) {
  requireInteger(length, 'len');
  return max(length, 0);
}

/** @param {boolean} sync @param {any} path @param {any} [length] */
function truncate(sync, path, length = 0) {
  const wanted = toLength(length);
  return fsTruncate(toPath(path), wanted, sync);
}

/** @param {boolean} sync @param {any} descriptor */
function close(sync, descriptor) {
  return fsClose(toDescriptor(descriptor), sync);
}

/**
 * A place in a file; -1 is the file's own.
 * @param {any} position @param {number} [length] of what is read there
 * @returns {number}
 */
function toPosition(position, length = 0) {
  if (position === undefined || position === null) return -1;
  if (typeof position === 'number') {
    requireInteger(position, 'position', -1);
    return position;
  }
  if (typeof position !== 'bigint') throw invalidType('position', ['integer', 'bigint'], position);
  const last = 2n ** 63n - 1n - BigInt(length);
  if (position < -1n || position > last) throw outOfRange('position', `>= -1 && <= ${last}`, position);
  // No file is as long, and a number says it exactly.
  return Number(position > farthest ? farthest : position);
}

const farthest = 2n ** 62n;

/** The most that one call of the system takes. */
const MOST = 2 ** 31 - 1;

/** @param {any} offset */
function toOffset(offset) {
  if (offset === undefined || offset === null) return 0;
  requireInteger(offset, 'offset', 0);
  return offset;
}

/**
 * What `(buffer, offset, length, position)` and its object forms mean for reading.
 * @param {any} first @param {any} second @param {any} length @param {any} position
 * @param {'any' | 'options' | 'places'} form whether `first` may be an object of all, and `second` one of the rest
 * @returns {{ buffer: any, from: number, most: number, at: number }}
 */
function readRange(first, second, length, position, form = 'any') {
  let buffer = first;
  let options = { offset: second, length, position };
  if (form !== 'any' && !isView(first)) throw invalidType('buffer', ['Buffer', 'TypedArray', 'DataView'], first);
  if (form === 'options') {
    if (second !== undefined && second !== null) requireObjectOf(second, 'options');
    options = second ?? {};
  } else if (!isView(first)) {
    // Everything in one object, or nothing at all.
    if (first !== undefined && first !== null) requireObjectOf(first, 'options');
    options = first ?? {};
    buffer = /** @type {any} */ (options).buffer;
    if (buffer === undefined) buffer = loadBuffer().Buffer.alloc(16384);
    if (!isView(buffer)) throw invalidType('buffer', ['Buffer', 'TypedArray', 'DataView'], first);
  } else if (second !== undefined && second !== null && typeof second !== 'number') {
    requireObjectOf(second, 'options');
    options = second;
  }
  const size = bytesOf(buffer).byteLength;
  const from = toOffset(options.offset);
  const wanted = options.length ?? size - from;
  const most = typeof wanted === 'number' ? wanted | 0 : wanted;
  if (most === 0) return { buffer, from: 0, most: 0, at: -1 };
  if (size === 0) throw invalidValue('buffer', buffer, 'is empty and cannot be written');
  requireNumber(most, 'length');
  if (most < 0) throw outOfRange('length', '>= 0', most);
  if (from + most > size) throw outOfRange('length', `<= ${size - from}`, most);
  return { buffer, from, most, at: toPosition(options.position, most) };
}

/** @param {any} value @param {string} name */
function requireObjectOf(value, name) {
  if (typeof value !== 'object' || isArray(value)) throw invalidType(name, 'object', value);
}

/**
 * The same for writing.
 * @param {any} buffer @param {any} offset @param {any} length @param {any} position
 * @returns {{ from: number, most: number, at: number }}
 */
function writeRange(buffer, offset, length, position) {
  if (!isView(buffer)) throw invalidType('buffer', ['string', 'Buffer', 'TypedArray', 'DataView'], buffer);
  let options = { offset, length, position };
  if (offset !== undefined && offset !== null && typeof offset !== 'number') {
    requireObjectOf(offset, 'options');
    options = offset;
  }
  const size = bytesOf(buffer).byteLength;
  const from = toOffset(options.offset);
  if (from > size) throw outOfRange('offset', `<= ${size}`, from);
  const most = options.length ?? size - from;
  requireNumber(most, 'length');
  if (most > size - from) throw outOfRange('length', `<= ${size - from}`, most);
  if (most < 0) throw outOfRange('length', '>= 0', most);
  if (most > MOST) throw outOfRange('length', `>= 0 && <= ${MOST}`, most);
  requireInteger(most, 'length');
  const at = options.position;
  return { from, most, at: typeof at === 'bigint' ? Number(at) : typeof at === 'number' ? at : -1 };
}

/**
 * Fills `buffer`; the number of bytes read.
 * @param {boolean} sync @param {any} descriptor @param {any} buffer @param {any} [offset] @param {any} [length] @param {any} [position]
 */
function read(sync, descriptor, buffer, offset, length, position) {
  const number = toDescriptor(descriptor);
  const form = arguments.length <= 4 ? 'options' : 'places';
  return readInto(sync, number, readRange(buffer, offset, length, position, form));
}

/** @param {boolean} sync @param {number} number @param {ReturnType<typeof readRange>} range */
function readInto(sync, number, { buffer, from, most, at }) {
  if (most === 0) return sync ? 0 : resolved(0);
  return fsRead(number, buffer, from, most, at, sync);
}

/**
 * Writes a string (position, encoding) or part of a buffer (offset, length, position); the number of bytes written.
 * @param {boolean} sync @param {any} descriptor @param {any} data @param {any} [offset] @param {any} [length] @param {any} [position]
 */
function writeTo(sync, descriptor, data, offset, length, position) {
  const number = toDescriptor(descriptor);
  if (typeof data === 'string') {
    if (offset !== null && (typeof offset === 'object' || typeof offset === 'boolean')) throw invalidType('position', 'integer', offset);
    const encoding = typeof length === 'string' ? toEncoding({ encoding: length }) : undefined;
    const at = typeof offset === 'number' || typeof offset === 'bigint' ? Number(offset) : -1;
    return fsWrite(number, toContent(data, encoding), at, sync);
  }
  const { from, most, at } = writeRange(data, offset, length, position);
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
  const whole = new Uint8Array(total);
  return finish(sync, fsRead(number, whole, 0, total, placeOf(position), sync), (count) => {
    const bytes = subarray(whole, 0, count);
    let from = 0;
    forEach(parts, (part) => {
      const piece = subarray(bytes, from, from + part.byteLength);
      setBytes(part, piece, 0);
      from += piece.byteLength;
    });
    return count;
  });
}

/** Writes several buffers as one; the number of bytes written. @param {boolean} sync @param {any} descriptor @param {any} buffers @param {any} [position] */
function writev(sync, descriptor, buffers, position) {
  const number = toDescriptor(descriptor);
  const parts = toVectors(buffers);
  return fsWrite(number, loadBuffer().Buffer.concat(parts), placeOf(position), sync);
}

/** @type {Record<string, (sync: boolean, ...given: any[]) => any>} */
const operations = {
  access: (sync, path, mode) => fsAccess(toPath(path), requireBits(mode ?? 0, 'mode'), sync),
  appendFile: (sync, path, data, options) => write(sync, path, data, options, 'a'),
  chown: chownWith(true),
  chmod: (sync, path, mode) => fsChmod(toPath(path), toMode(mode), sync),
  close,
  copyFile,
  fchmod: (sync, descriptor, mode) => fsFchmod(toDescriptor(descriptor), toMode(mode), sync),
  fchown: (sync, descriptor, user, group) => fsFchown(toDescriptor(descriptor), toOwner(user, 'uid'), toOwner(group, 'gid'), sync),
  fdatasync: (sync, descriptor) => fsFsync(toDescriptor(descriptor), true, sync),
  fstat: (sync, descriptor, options) => finish(sync, fsFstat(toDescriptor(descriptor), sync), (fields) => makeStats(fields, options)),
  fsync: (sync, descriptor) => fsFsync(toDescriptor(descriptor), false, sync),
  ftruncate: (sync, descriptor, length = 0) => fsFtruncate(toDescriptor(descriptor), toLength(length), sync),
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
  readlink: pathWith(fsReadlink),
  realpath: pathWith(fsRealpath),
  rename: (sync, from, to) => fsRename(toPath(from, 'oldPath'), toPath(to, 'newPath'), sync),
  rm,
  rmdir,
  stat: statWith(true),
  statfs,
  symlink,
  truncate,
  unlink: (sync, path) => fsUnlink(toPath(path), sync),
  utimes: utimesWith(true),
  write: writeTo,
  writeFile,
  writev,
};

module.exports = { operations, readInto, readRange, toOwner, useFunctions };
