// The values of node:fs: paths, flags, encodings and modes that come in, Stats and Dirent that go out.
'use strict';

const { invalidType, invalidValue } = require('node/errors');
const { requireInteger } = require('node/arguments');
const {
  round,
  byteIndexOf,
  dateGetTime,
  now,
  defineProperty,
  forEach,
  freeze,
  isFinite,
  isInteger,
  isView,
  map,
  parseInt,
  regExp,
  replace,
  slice,
  stringIncludes,
  test,
  viewName,
} = require('builtins/primordials');
const { guestBytes, isGuestBuffer } = ops;
const loadNodeUrl = () => require('node/url/url');
const loadBuffer = () => require('node/buffer/buffer');

// Linux, as in `fs.constants`.
const constants = freeze({
  __proto__: /** @type {null} */ (null),
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
  O_DIRECT: 0o40000,
  O_NOATIME: 0o1000000,
  UV_FS_SYMLINK_DIR: 1,
  UV_FS_SYMLINK_JUNCTION: 2,
  UV_FS_O_FILEMAP: 0,
  UV_FS_O_RANDOM: 0,
  UV_FS_O_SEQUENTIAL: 0,
  UV_FS_O_SHORT_LIVED: 0,
  UV_FS_O_TEMPORARY: 0,
  UV_FS_COPYFILE_EXCL: 1,
  UV_FS_COPYFILE_FICLONE: 2,
  UV_FS_COPYFILE_FICLONE_FORCE: 4,
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

/** @type {Record<string, number>} */
const flagNames = {
  __proto__: /** @type {any} */ (null),
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

/** A path as Rust takes it: a string, or bytes. @param {any} value @param {string} [name] @returns {string | Uint8Array} */
function toPath(value, name = 'path') {
  if (typeof value === 'string') {
    if (stringIncludes(value, '\0')) throw invalidValue(name, value, 'must be a string, Uint8Array, or URL without null bytes');
    return value;
  }
  if (viewName(value) === 'Uint8Array') {
    if (byteIndexOf(value, 0) !== -1) throw invalidValue(name, value, 'must be a string, Uint8Array, or URL without null bytes');
    return value;
  }
  if (typeof value === 'object' && value !== null && typeof value.href === 'string' && typeof value.protocol === 'string') {
    return toPath(loadNodeUrl().fileURLToPath(value), name);
  }
  throw invalidType(name, ['string', 'Buffer', 'URL'], value);
}

/** A path as text. @param {string | Uint8Array} path @returns {string} */
function textOfPath(path) {
  return typeof path === 'string' ? path : loadBuffer().Buffer.from(path).toString();
}

/** A path, or the number of an open file. @param {any} value @param {string} [name] @returns {string | Uint8Array | number} */
function toFile(value, name = 'path') {
  if (isInteger(value)) return toDescriptor(value);
  return toPath(value, name);
}

/** @param {any} value @param {string} [name] @returns {number} */
function toDescriptor(value, name = 'fd') {
  requireInteger(value, name, 0, 0x7fffffff);
  return value;
}

/** @param {any} value @param {string} absent @returns {number} */
function toFlags(value, absent) {
  if (value === undefined || value === null) return flagNames[absent];
  if (typeof value === 'number') return value;
  const flags = flagNames[value];
  if (flags === undefined) throw invalidValue('flags', value);
  return flags;
}

const octal = regExp(/^[0-7]+$/);

/** @param {any} value @param {number} [absent] what it is when it is left out, if it may be @returns {number} */
function toMode(value, absent) {
  if (absent !== undefined && (value === undefined || value === null)) return absent;
  if (typeof value === 'string') {
    if (!test(octal, value)) throw invalidValue('mode', value, 'must be a 32-bit unsigned integer or an octal string');
    return parseInt(value, 8);
  }
  requireInteger(value, 'mode', 0, 2 ** 32 - 1);
  return value;
}

/** The options of a function that also takes a bare encoding. @param {any} value @returns {Record<string, any>} */
function toOptions(value) {
  if (value === undefined || value === null || typeof value === 'function') return {};
  if (typeof value === 'string') return { encoding: value };
  if (typeof value !== 'object') throw invalidType('options', ['string', 'object'], value);
  return value;
}

/** undefined for bytes ('buffer' too), else a known encoding in lower case. @param {Record<string, any>} options */
function toEncoding(options) {
  const { encoding } = options;
  if (encoding === undefined || encoding === null || encoding === 'buffer') return undefined;
  const known = loadBuffer().encodingOf(encoding);
  if (known === undefined) throw invalidValue('encoding', encoding, 'is invalid encoding');
  return known;
}

/** A name or a path as the options want it. @param {string | Uint8Array} name bytes if it is no UTF-8 @param {Record<string, any>} options @returns {any} */
function toName(name, options) {
  const encoding = options.encoding === 'buffer' ? undefined : (toEncoding(options) ?? 'utf8');
  if (encoding === 'utf8' && typeof name === 'string') return name;
  const { Buffer } = loadBuffer();
  const bytes = typeof name === 'string' ? Buffer.from(name) : loadBuffer().wrap(name);
  return encoding === undefined ? bytes : bytes.toString(encoding);
}

/** What is to be written: a string for UTF-8, or bytes. @param {any} value @param {string | undefined} encoding @param {string} [name] @returns {string | ArrayBufferView} */
function toContent(value, encoding, name = 'data') {
  if (typeof value === 'string') {
    return encoding === undefined || encoding === 'utf8' ? value : loadBuffer().Buffer.from(value, encoding);
  }
  if (isView(value)) return value;
  if (isGuestBuffer(value)) return guestBytes(value);
  throw invalidType(name, ['string', 'Buffer', 'TypedArray', 'DataView'], value);
}

/** Seconds, also as text, or a Date, as seconds. @param {any} value @param {string} [name] */
function toSeconds(value, name = 'time') {
  if (value instanceof Date) return dateGetTime(value) / 1000;
  // biome-ignore lint/suspicious/noDoubleEquals: a text that is a number, as Node asks
  const number = typeof value === 'string' && +value == /** @type {any} */ (value) ? +value : value;
  if (typeof number !== 'number' || !isFinite(number)) throw invalidType(name, ['Date', 'Time in seconds'], value);
  // As Node: what lies before 1970 is now.
  return number < 0 ? now() / 1000 : number;
}

/** @param {number} mode @param {number} kind */
function isKind(mode, kind) {
  return (mode & constants.S_IFMT) === kind;
}

/** The whole of a time, by its place among the fields of times. @type {(stats: any, place: number) => bigint} */
let nanosecondsOf;

class Stats {
  /** @type {number[] | undefined} */
  #fields;
  /** @param {number[]} fields in the order of the operation */
  constructor(fields) {
    this.dev = fields[0];
    this.mode = fields[1];
    this.nlink = fields[2];
    this.uid = fields[3];
    this.gid = fields[4];
    this.rdev = fields[5];
    this.blksize = fields[6];
    this.ino = fields[7];
    this.size = fields[8];
    this.blocks = fields[9];
    this.atimeMs = fields[10];
    this.mtimeMs = fields[11];
    this.ctimeMs = fields[12];
    this.birthtimeMs = fields[13];
    this.#fields = fields;
  }
  static {
    nanosecondsOf = (stats, place) => {
      const milliseconds = /** @type {any} */ (stats)[timeFields[place]];
      // An object that only looks like one of these has what it was given.
      if (!(#fields in stats) || stats.#fields === undefined) return wholeNanoseconds(Number(milliseconds), undefined);
      return wholeNanoseconds(stats.#fields[10 + place], stats.#fields[14 + place]);
    };
  }
  // Dates on demand: most programs look at one of them.
  get atime() {
    return dateField(this, 'atime', this.atimeMs);
  }
  set atime(value) {
    setField(this, 'atime', value);
  }
  get mtime() {
    return dateField(this, 'mtime', this.mtimeMs);
  }
  set mtime(value) {
    setField(this, 'mtime', value);
  }
  get ctime() {
    return dateField(this, 'ctime', this.ctimeMs);
  }
  set ctime(value) {
    setField(this, 'ctime', value);
  }
  get birthtime() {
    return dateField(this, 'birthtime', this.birthtimeMs);
  }
  set birthtime(value) {
    setField(this, 'birthtime', value);
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

/** @param {number} milliseconds @param {number | undefined} ofSecond the nanoseconds of the second, which milliseconds round @returns {bigint} */
function wholeNanoseconds(milliseconds, ofSecond) {
  if (ofSecond === undefined) return BigInt(round(milliseconds * 1e6));
  return BigInt(round((milliseconds - ofSecond / 1e6) / 1e3)) * 1000000000n + BigInt(ofSecond);
}

/** @param {Stats} stats @param {string} name @param {number} milliseconds */
function dateField(stats, name, milliseconds) {
  return setField(stats, name, new Date(round(milliseconds)));
}

/** @param {Stats} stats @param {string} name @param {any} value */
function setField(stats, name, value) {
  defineProperty(stats, name, { value, writable: true, enumerable: true, configurable: true });
  return value;
}

const bigintFields = ['dev', 'mode', 'nlink', 'uid', 'gid', 'rdev', 'blksize', 'ino', 'size', 'blocks'];

const timeFields = ['atimeMs', 'mtimeMs', 'ctimeMs', 'birthtimeMs'];

forEach(timeFields, (field, place) => {
  const name = `${slice(field, 0, field.length - 2)}Instant`;
  defineProperty(Stats.prototype, name, {
    /** @this {any} */
    get() {
      // Not before somebody asks: the engine makes all of it with its first name.
      const { Instant } = /** @type {any} */ (globalThis).Temporal;
      return setField(this, name, new Instant(nanosecondsOf(this, place)));
    },
    /** @this {any} @param {any} value */
    set(value) {
      setField(this, name, value);
    },
    enumerable: true,
    configurable: true,
  });
});

/** A Stats, with BigInts if the options say so. @param {number[]} fields @param {any} options @returns {any} */
function makeStats(fields, options) {
  const stats = /** @type {any} */ (new Stats(fields));
  if (!options?.bigint) return stats;
  const { mode } = stats;
  forEach(bigintFields, (name) => {
    stats[name] = BigInt(stats[name]);
  });
  forEach(timeFields, (name, place) => {
    const milliseconds = stats[name];
    const nanoseconds = nanosecondsOf(stats, place);
    dateField(stats, slice(name, 0, name.length - 2), milliseconds);
    stats[name] = nanoseconds / 1000000n;
    stats[replace(name, 'Ms', 'Ns')] = nanoseconds;
  });
  forEach(kinds, (kind) => {
    defineProperty(stats, kind.name, { value: () => isKind(mode, kind.bits) });
  });
  return stats;
}

const kinds = [
  { name: 'isFile', bits: constants.S_IFREG },
  { name: 'isDirectory', bits: constants.S_IFDIR },
  { name: 'isSymbolicLink', bits: constants.S_IFLNK },
  { name: 'isFIFO', bits: constants.S_IFIFO },
  { name: 'isSocket', bits: constants.S_IFSOCK },
  { name: 'isCharacterDevice', bits: constants.S_IFCHR },
  { name: 'isBlockDevice', bits: constants.S_IFBLK },
];

/** What `statfs` gives. */
class StatFs {
  /** @param {any[]} fields in the order of the operation */
  constructor(fields) {
    this.type = fields[0];
    this.bsize = fields[1];
    this.frsize = fields[2];
    this.blocks = fields[3];
    this.bfree = fields[4];
    this.bavail = fields[5];
    this.files = fields[6];
    this.ffree = fields[7];
  }
}

/** @param {number[]} fields @param {any} options */
function makeStatFs(fields, options) {
  return new StatFs(options?.bigint ? map(fields, (field) => BigInt(field)) : fields);
}

class Dirent {
  #kind;
  /** @param {any} name @param {string} parentPath @param {number} kind */
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
  textOfPath,
  Stats,
  constants,
  makeStatFs,
  makeStats,
  toContent,
  toDescriptor,
  toEncoding,
  toFile,
  toFlags,
  toMode,
  toName,
  toOptions,
  toPath,
  toSeconds,
};
