// The values of node:fs: paths, flags, encodings and modes that come in, Stats and Dirent that go out.
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const loadNodeUrl = () => require('node/url/url');
const loadBuffer = () => require('node/buffer/buffer');

// Linux, as in `fs.constants`.
const constants = Object.freeze({
  F_OK: 0,
  R_OK: 4,
  W_OK: 2,
  X_OK: 1,
  COPYFILE_EXCL: 1,
  COPYFILE_FICLONE: 2,
  COPYFILE_FICLONE_FORCE: 4,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DSYNC: 0o10000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  O_SYNC: 0o4010000,
  S_IFMT: 0o170000,
  S_IFREG: 0o100000,
  S_IFDIR: 0o040000,
  S_IFCHR: 0o020000,
  S_IFBLK: 0o060000,
  S_IFIFO: 0o010000,
  S_IFLNK: 0o120000,
  S_IFSOCK: 0o140000,
  S_IRWXU: 0o700,
  S_IRUSR: 0o400,
  S_IWUSR: 0o200,
  S_IXUSR: 0o100,
  S_IRWXG: 0o070,
  S_IRGRP: 0o040,
  S_IWGRP: 0o020,
  S_IXGRP: 0o010,
  S_IRWXO: 0o007,
  S_IROTH: 0o004,
  S_IWOTH: 0o002,
  S_IXOTH: 0o001,
  UV_DIRENT_UNKNOWN: 0,
  UV_DIRENT_FILE: 1,
  UV_DIRENT_DIR: 2,
  UV_DIRENT_LINK: 3,
  UV_DIRENT_FIFO: 4,
  UV_DIRENT_SOCKET: 5,
  UV_DIRENT_CHAR: 6,
  UV_DIRENT_BLOCK: 7,
});

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_SYNC } = constants;

const flagNames = {
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  sr: O_RDONLY | O_SYNC,
  'r+': O_RDWR,
  'rs+': O_RDWR | O_SYNC,
  'sr+': O_RDWR | O_SYNC,
  w: O_TRUNC | O_CREAT | O_WRONLY,
  wx: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  xw: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  'w+': O_TRUNC | O_CREAT | O_RDWR,
  'wx+': O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  'xw+': O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  a: O_APPEND | O_CREAT | O_WRONLY,
  ax: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  xa: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  as: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
  'a+': O_APPEND | O_CREAT | O_RDWR,
  'ax+': O_APPEND | O_CREAT | O_RDWR | O_EXCL,
  'as+': O_APPEND | O_CREAT | O_RDWR | O_SYNC,
};

/** A path as Rust takes it: a string, or bytes. */
function toPath(value, name = 'path') {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw invalidValue(name, value, 'must be a string, Uint8Array, or URL without null bytes');
    return value;
  }
  if (value instanceof Uint8Array) {
    if (value.includes(0)) throw invalidValue(name, value, 'must be a string, Uint8Array, or URL without null bytes');
    return value;
  }
  if (typeof value === 'object' && value !== null && typeof value.href === 'string' && typeof value.protocol === 'string') {
    return toPath(loadNodeUrl().fileURLToPath(value), name);
  }
  throw invalidType(name, 'of type string or an instance of Buffer or URL', value);
}

/** A path, the number of an open file, or a FileHandle. */
function toFile(value, name = 'path') {
  if (typeof value === 'number') return toDescriptor(value);
  return toPath(value, name);
}

function toDescriptor(value, name = 'fd') {
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value);
  if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff) {
    const message = `The value of "${name}" is out of range. It must be an integer >= 0 && <= 2147483647. Received ${value}`;
    throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', message);
  }
  return value;
}

function toFlags(value, absent) {
  if (value === undefined || value === null) return flagNames[absent];
  if (typeof value === 'number') return value;
  const flags = flagNames[value];
  if (flags === undefined) throw invalidValue('flags', value, 'is invalid');
  return flags;
}

function toMode(value, absent) {
  if (value === undefined || value === null) return absent;
  if (typeof value === 'string') {
    if (!/^[0-7]+$/.test(value)) throw invalidValue('mode', value, 'must be a 32-bit unsigned integer or an octal string');
    return Number.parseInt(value, 8);
  }
  if (typeof value !== 'number') throw invalidType('mode', 'of type number', value);
  return value;
}

/** The options of a function that also takes a bare encoding. */
function toOptions(value) {
  if (value === undefined || value === null || typeof value === 'function') return {};
  if (typeof value === 'string') return { encoding: value };
  if (typeof value !== 'object') throw invalidType('options', 'of type string or an instance of Object', value);
  return value;
}

/** undefined for bytes ('buffer' too), else a known encoding in lower case. */
function toEncoding(options) {
  const { encoding } = options;
  if (encoding === undefined || encoding === null || encoding === 'buffer') return undefined;
  const known = loadBuffer().encodingOf(encoding);
  if (known === undefined) throw invalidValue('encoding', encoding, 'is invalid encoding');
  return known;
}

/** What is to be written: a string for UTF-8, or bytes. */
function toContent(value, encoding, name = 'data') {
  if (typeof value === 'string') {
    return encoding === undefined || encoding === 'utf8' ? value : loadBuffer().Buffer.from(value, encoding);
  }
  if (ArrayBuffer.isView(value)) return value;
  throw invalidType(name, 'of type string or an instance of Buffer, TypedArray, or DataView', value);
}

/** Milliseconds or a Date, as seconds. */
function toSeconds(value) {
  if (value instanceof Date) return value.getTime() / 1000;
  const number = Number(value);
  if (!Number.isFinite(number)) throw invalidType('time', 'a number or Date', value);
  return number;
}

function isKind(mode, kind) {
  return (mode & constants.S_IFMT) === kind;
}

class Stats {
  constructor(fields) {
    [this.dev, this.mode, this.nlink, this.uid, this.gid, this.rdev, this.blksize, this.ino, this.size, this.blocks] = fields;
    [, , , , , , , , , , this.atimeMs, this.mtimeMs, this.ctimeMs, this.birthtimeMs] = fields;
  }
  // Dates on demand: most programs look at one of them.
  get atime() {
    return dateField(this, 'atime', this.atimeMs);
  }
  get mtime() {
    return dateField(this, 'mtime', this.mtimeMs);
  }
  get ctime() {
    return dateField(this, 'ctime', this.ctimeMs);
  }
  get birthtime() {
    return dateField(this, 'birthtime', this.birthtimeMs);
  }
  isFile() {
    return isKind(this.mode, constants.S_IFREG);
  }
  isDirectory() {
    return isKind(this.mode, constants.S_IFDIR);
  }
  isSymbolicLink() {
    return isKind(this.mode, constants.S_IFLNK);
  }
  isFIFO() {
    return isKind(this.mode, constants.S_IFIFO);
  }
  isSocket() {
    return isKind(this.mode, constants.S_IFSOCK);
  }
  isCharacterDevice() {
    return isKind(this.mode, constants.S_IFCHR);
  }
  isBlockDevice() {
    return isKind(this.mode, constants.S_IFBLK);
  }
}

function dateField(stats, name, milliseconds) {
  const value = new Date(Math.round(milliseconds));
  Object.defineProperty(stats, name, { value, writable: true, enumerable: true, configurable: true });
  return value;
}

const bigintFields = ['dev', 'mode', 'nlink', 'uid', 'gid', 'rdev', 'blksize', 'ino', 'size', 'blocks'];

const timeFields = ['atimeMs', 'mtimeMs', 'ctimeMs', 'birthtimeMs'];

/** A Stats, with BigInts if the options say so. */
function makeStats(fields, options) {
  const stats = new Stats(fields);
  if (options?.bigint) {
    for (const name of bigintFields) stats[name] = BigInt(stats[name]);
    for (const name of timeFields) {
      const milliseconds = stats[name];
      dateField(stats, name.slice(0, -2), milliseconds);
      stats[name] = BigInt(Math.trunc(milliseconds));
      stats[name.replace('Ms', 'Ns')] = BigInt(Math.trunc(milliseconds)) * 1000000n + BigInt(Math.round((milliseconds % 1) * 1e6));
    }
    const mode = Number(stats.mode);
    for (const [name, kind] of kinds) Object.defineProperty(stats, name, { value: () => isKind(mode, kind) });
  }
  return stats;
}

const kinds = [
  ['isFile', constants.S_IFREG],
  ['isDirectory', constants.S_IFDIR],
  ['isSymbolicLink', constants.S_IFLNK],
  ['isFIFO', constants.S_IFIFO],
  ['isSocket', constants.S_IFSOCK],
  ['isCharacterDevice', constants.S_IFCHR],
  ['isBlockDevice', constants.S_IFBLK],
];

class Dirent {
  #kind;
  constructor(name, parentPath, kind) {
    this.name = name;
    this.parentPath = parentPath;
    this.#kind = kind;
  }
  isFile() {
    return this.#kind === constants.UV_DIRENT_FILE;
  }
  isDirectory() {
    return this.#kind === constants.UV_DIRENT_DIR;
  }
  isSymbolicLink() {
    return this.#kind === constants.UV_DIRENT_LINK;
  }
  isFIFO() {
    return this.#kind === constants.UV_DIRENT_FIFO;
  }
  isSocket() {
    return this.#kind === constants.UV_DIRENT_SOCKET;
  }
  isCharacterDevice() {
    return this.#kind === constants.UV_DIRENT_CHAR;
  }
  isBlockDevice() {
    return this.#kind === constants.UV_DIRENT_BLOCK;
  }
}

module.exports = {
  Dirent,
  Stats,
  constants,
  makeStats,
  toContent,
  toDescriptor,
  toEncoding,
  toFile,
  toFlags,
  toMode,
  toOptions,
  toPath,
  toSeconds,
};
