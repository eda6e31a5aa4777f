// Every operation of node:fs once, with `sync` as its first argument: true gives the result (or throws), false a promise.
// `node_fs.js` makes the three faces of it: `xSync`, `promises.x`, and `x` with a callback.
'use strict';

const { invalidType, nodeError } = require('node/errors');
const values = require('node/fs/values');
const {
  fsAccess,
  fsChmod,
  fsClose,
  fsCopyFile,
  fsFchmod,
  fsFstat,
  fsFsync,
  fsFtruncate,
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
  fsSymlink,
  fsTruncate,
  fsUnlink,
  fsUtimes,
  fsWrite,
  fsWriteFile,
} = ops;
const loadAbort = () => require('web/abort/abort');
const loadBuffer = () => require('node/buffer/buffer');
const { Dirent, constants, makeStats, toContent, toDescriptor, toEncoding, toFile, toFlags, toMode, toOptions, toPath } = values;

/** `map(result)`, now or when the promise is fulfilled. */
function finish(sync, result, map) {
  return sync ? map(result) : result.then(map);
}

/** An operation that an AbortSignal may stop before its result is used. */
function abortable(sync, options, start) {
  const { signal } = options;
  if (sync || signal === undefined || signal === null) return start();
  if (!loadAbort().isAbortSignal(signal)) throw invalidType('options.signal', 'an instance of AbortSignal', signal);
  if (signal.aborted) return Promise.reject(abortError(signal));
  return new Promise((resolve, reject) => {
    const { addAlgorithm, removeAlgorithm } = loadAbort();
    const stop = () => reject(abortError(signal));
    addAlgorithm(signal, stop);
    start()
      .then(resolve, reject)
      .finally(() => removeAlgorithm(signal, stop));
  });
}

function abortError(signal) {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  error.code = 'ABORT_ERR';
  return error;
}

const toBuffer = (bytes) => loadBuffer().wrap(bytes);

function decode(bytes, encoding) {
  const buffer = toBuffer(bytes);
  return encoding === undefined ? buffer : buffer.toString(encoding);
}

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

function write(sync, path, data, options, flag) {
  const file = toFile(path);
  const settings = toOptions(options);
  const encoding = toEncoding(settings);
  const flags = toFlags(settings.flag, flag);
  const mode = toMode(settings.mode, 0o666);
  return abortable(sync, settings, () => fsWriteFile(file, toContent(data, encoding), flags, mode, sync));
}

function writeFile(sync, path, data, options) {
  if (!sync && isIterable(data)) return writePieces(path, data, options);
  return write(sync, path, data, options, 'w');
}

function isIterable(data) {
  if (typeof data !== 'object' || data === null || ArrayBuffer.isView(data)) return false;
  return typeof data[Symbol.asyncIterator] === 'function' || typeof data[Symbol.iterator] === 'function';
}

/** The content comes from an iterable: one piece at a time is in memory (BOUNDED). */
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

function readdir(sync, path, options) {
  const folder = toPath(path);
  const settings = toOptions(options);
  const shown = typeof folder === 'string' ? folder : toBuffer(folder).toString();
  const make = (items) => {
    const names = settings.encoding === 'buffer' ? (name) => loadBuffer().Buffer.from(name) : (name) => name;
    if (!settings.withFileTypes) return items.map(([, relative]) => names(relative));
    return items.map(([name, , parent, kind]) => new Dirent(names(name), parent, kind));
  };
  if (!settings.recursive) {
    return finish(sync, fsReaddir(folder, sync), (flat) => make(entriesOf(flat, shown, '')));
  }
  return sync ? make(walk(shown)) : walkLater(shown).then(make);
}

/** [name, path from the start, parent, kind] for each entry of one directory. */
function entriesOf(flat, parent, prefix) {
  const entries = [];
  for (let i = 0; i < flat.length; i += 2) entries.push([flat[i], prefix + flat[i], parent, flat[i + 1]]);
  return entries;
}

const join = (parent, name) => (parent.endsWith('/') ? parent + name : `${parent}/${name}`);

function below(entries) {
  return entries
    .filter((entry) => entry[3] === constants.UV_DIRENT_DIR)
    .map(([name, relative, parent]) => [join(parent, name), `${relative}/`]);
}

function walk(start) {
  const found = [];
  const folders = [[start, '']];
  for (let i = 0; i < folders.length; i += 1) {
    const entries = entriesOf(fsReaddir(folders[i][0], true), ...folders[i]);
    for (const entry of entries) found.push(entry);
    folders.push(...below(entries));
  }
  return found;
}

async function walkLater(start) {
  const found = [];
  const folders = [[start, '']];
  for (let i = 0; i < folders.length; i += 1) {
    const entries = entriesOf(await fsReaddir(folders[i][0], false), ...folders[i]);
    for (const entry of entries) found.push(entry);
    folders.push(...below(entries));
  }
  return found;
}

function statWith(follow) {
  return (sync, path, options) => {
    const target = toPath(path);
    if (sync && options?.throwIfNoEntry === false) {
      try {
        return makeStats(fsStat(target, follow, true), options);
      } catch (error) {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
        throw error;
      }
    }
    return finish(sync, fsStat(target, follow, sync), (fields) => makeStats(fields, options));
  };
}

function mkdir(sync, path, options) {
  const target = toPath(path);
  const settings = typeof options === 'object' && options !== null ? options : { mode: options };
  return fsMkdir(target, Boolean(settings.recursive), toMode(settings.mode, 0o777), sync);
}

function rm(sync, path, options) {
  const target = toPath(path);
  const settings = toOptions(options);
  return fsRm(target, Boolean(settings.recursive), Boolean(settings.force), sync);
}

function rmdir(sync, path, options) {
  const target = toPath(path);
  return options?.recursive ? fsRm(target, true, false, sync) : fsRmdir(target, sync);
}

function copyFile(sync, from, to, mode = 0) {
  return fsCopyFile(toPath(from, 'src'), toPath(to, 'dest'), (mode & constants.COPYFILE_EXCL) !== 0, sync);
}

function mkdtemp(sync, prefix) {
  return fsMkdtemp(toPath(prefix, 'prefix'), sync);
}

function close(sync, descriptor) {
  return fsClose(toDescriptor(descriptor), sync);
}

/** What `read(fd, buffer, offset, length, position)` and its object forms mean. */
function readRange(buffer, offset, length, position) {
  const options = typeof offset === 'object' && offset !== null ? offset : { offset, length, position };
  if (!ArrayBuffer.isView(buffer)) throw invalidType('buffer', 'an instance of Buffer, TypedArray, or DataView', buffer);
  const from = Number(options.offset ?? 0);
  const most = Number(options.length ?? buffer.byteLength - from);
  if (!(from >= 0 && from <= buffer.byteLength)) throw outOfRange('offset', `>= 0 && <= ${buffer.byteLength}`, from);
  if (!(most >= 0 && most <= buffer.byteLength - from)) throw outOfRange('length', `>= 0 && <= ${buffer.byteLength - from}`, most);
  const at = options.position ?? -1;
  return [from, most, typeof at === 'bigint' ? Number(at) : at];
}

function outOfRange(name, range, value) {
  return nodeError(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be ${range}. Received ${value}`);
}

/** Fills `buffer`; the number of bytes read. */
function read(sync, descriptor, buffer, offset, length, position) {
  const number = toDescriptor(descriptor);
  const [from, most, at] = readRange(buffer, offset, length, position);
  return finish(sync, fsRead(number, most, at, sync), (bytes) => {
    new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).set(bytes, from);
    return bytes.byteLength;
  });
}

/** Writes a string (position, encoding) or part of a buffer (offset, length, position); the number of bytes written. */
function writeTo(sync, descriptor, data, offset, length, position) {
  const number = toDescriptor(descriptor);
  if (typeof data === 'string') {
    const encoding = typeof length === 'string' ? toEncoding({ encoding: length }) : undefined;
    return fsWrite(number, toContent(data, encoding), offset ?? -1, sync);
  }
  const [from, most, at] = readRange(data, offset, length, position);
  const bytes = new Uint8Array(data.buffer, data.byteOffset + from, most);
  return fsWrite(number, bytes, at, sync);
}

module.exports = {
  access: (sync, path, mode = 0) => fsAccess(toPath(path), mode, sync),
  appendFile: (sync, path, data, options) => write(sync, path, data, options, 'a'),
  chmod: (sync, path, mode) => fsChmod(toPath(path), toMode(mode, 0), sync),
  close,
  copyFile,
  fchmod: (sync, descriptor, mode) => fsFchmod(toDescriptor(descriptor), toMode(mode, 0), sync),
  fdatasync: (sync, descriptor) => fsFsync(toDescriptor(descriptor), true, sync),
  fstat: (sync, descriptor, options) => finish(sync, fsFstat(toDescriptor(descriptor), sync), (fields) => makeStats(fields, options)),
  fsync: (sync, descriptor) => fsFsync(toDescriptor(descriptor), false, sync),
  ftruncate: (sync, descriptor, length = 0) => fsFtruncate(toDescriptor(descriptor), length, sync),
  link: (sync, from, to) => fsLink(toPath(from, 'existingPath'), toPath(to, 'newPath'), sync),
  lstat: statWith(false),
  mkdir,
  mkdtemp,
  open: (sync, path, flags, mode) => fsOpen(toPath(path), toFlags(flags, 'r'), toMode(mode, 0o666), sync),
  read,
  readFile,
  readdir,
  readlink: (sync, path) => fsReadlink(toPath(path), sync),
  realpath: (sync, path) => fsRealpath(toPath(path), sync),
  rename: (sync, from, to) => fsRename(toPath(from, 'oldPath'), toPath(to, 'newPath'), sync),
  rm,
  rmdir,
  stat: statWith(true),
  symlink: (sync, target, path) => fsSymlink(toPath(target, 'target'), toPath(path), sync),
  truncate: (sync, path, length = 0) => fsTruncate(toPath(path), length, sync),
  unlink: (sync, path) => fsUnlink(toPath(path), sync),
  utimes: (sync, path, accessed, modified) => fsUtimes(toPath(path), values.toSeconds(accessed), values.toSeconds(modified), sync),
  write: writeTo,
  writeFile,
};
