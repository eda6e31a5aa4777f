// The system calls of WASI preview 1 (https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md) over `node:fs`: one function each, which
// throws an `Errno` or an error of the file system; `wasi.js` makes numbers of both.
//
// A program sees the folders that were opened for it and nothing above them: a path is resolved part by part, links in it too, and one that
// leaves its folder is ENOTCAPABLE. Sockets are not there, as in Node. Everything here waits, as WASI has it.
'use strict';

const { Errno, Memory } = require('node/wasi/memory');
const { encodeUtf8 } = require('web/encoding/utf8');
const fs = /** @type {any} */ (require('node/fs/fs'));
const { randomFillSync } = /** @type {any} */ (require('node/crypto/random'));
const { Map, mapDelete, mapGet, mapSet, join, keys, max } = require('builtins/primordials');
const { now, push, shift, slice, split, startsWith, unshift, viewByteLength } = require('builtins/primordials');
const { monotonicParts } = ops;
const { wait } = Atomics;
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

const errno = {
  success: 0,
  acces: 2,
  again: 6,
  badf: 8,
  busy: 10,
  exist: 20,
  fault: 21,
  fbig: 22,
  inval: 28,
  io: 29,
  isdir: 31,
  loop: 32,
  mfile: 33,
  mlink: 34,
  nametoolong: 37,
  noent: 44,
  nospc: 51,
  nosys: 52,
  notdir: 54,
  notempty: 55,
  notsup: 58,
  perm: 63,
  pipe: 64,
  rofs: 69,
  spipe: 70,
  xdev: 75,
  notcapable: 76,
};

/** @type {Record<string, number>} */
const byCode = {
  __proto__: /** @type {any} */ (null),
  EACCES: errno.acces,
  EAGAIN: errno.again,
  EBADF: errno.badf,
  EBUSY: errno.busy,
  EEXIST: errno.exist,
  EFBIG: errno.fbig,
  EINVAL: errno.inval,
  EIO: errno.io,
  EISDIR: errno.isdir,
  ELOOP: errno.loop,
  EMFILE: errno.mfile,
  EMLINK: errno.mlink,
  ENAMETOOLONG: errno.nametoolong,
  ENOENT: errno.noent,
  ENOSPC: errno.nospc,
  ENOSYS: errno.nosys,
  ENOTDIR: errno.notdir,
  ENOTEMPTY: errno.notempty,
  ENOTSUP: errno.notsup,
  EPERM: errno.perm,
  EPIPE: errno.pipe,
  EROFS: errno.rofs,
  ESPIPE: errno.spipe,
  EXDEV: errno.xdev,
};

const types = { unknown: 0, block: 1, character: 2, directory: 3, file: 4, socket: 6, link: 7 };
/** What `path_open` may be asked to do. */
const open = { create: 1, directory: 2, exclusive: 4, truncate: 8 };
const flags = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 };
const rights = { read: 1n << 1n, write: 1n << 6n };
const allRights = (1n << 30n) - 1n;
const followsLinks = 1;
const mostLinks = 40;

/**
 * What a number of the program stands for. A file's offset is kept here, as preads and pwrites do not move it.
 * @typedef {object} Descriptor
 * @property {number} real the system's number, or -1 for a folder
 * @property {number} type
 * @property {string} path of a folder
 * @property {string} root the real folder that its paths may not leave
 * @property {string} guest what the program calls that folder
 * @property {string | undefined} preopen the name by which the program was given it
 * @property {bigint} offset
 * @property {number} flags
 * @property {bigint} rights
 * @property {bigint} inheriting
 */

/** @param {any} stats */
function typeOf(stats) {
  if (stats.isFile()) return types.file;
  if (stats.isDirectory()) return types.directory;
  if (stats.isSymbolicLink()) return types.link;
  if (stats.isCharacterDevice()) return types.character;
  if (stats.isBlockDevice()) return types.block;
  return stats.isSocket() || stats.isFIFO() ? types.socket : types.unknown;
}

/** The number for what was thrown; undefined for what is not the file system's. @param {any} error */
function numberOf(error) {
  if (error instanceof Errno) return error.number;
  return typeof error?.syscall === 'string' || error?.code === 'EBADF' ? (byCode[error.code] ?? errno.io) : undefined;
}

/** @param {number} number @returns {never} */
function fail(number) {
  throw new Errno(number);
}

/** Nanoseconds of a clock: the real one, the monotonic one, and those of the processor, which are the monotonic one here. @param {number} clock */
function nanoseconds(clock) {
  if (clock === 0) return BigInt(now()) * 1_000_000n;
  if (clock > 3) fail(errno.inval);
  const parts = monotonicParts();
  return BigInt(parts[0]) * 1_000_000_000n + BigInt(parts[1]);
}

/**
 * The system calls for one program.
 * @param {string[]} args @param {string[]} variables `name=value` @param {Record<string, string>} preopens
 * @param {[number, number, number]} standard the numbers of stdin, stdout and stderr
 * @param {() => any} memoryOf the instance's memory
 * @param {(status: number) => never} exit
 */
function makeCalls(args, variables, preopens, standard, memoryOf, exit) {
  /** @type {Map<number, Descriptor>} */
  const table = new Map();
  let next = 3;
  for (let fd = 0; fd < 3; fd += 1) mapSet(table, fd, standardDescriptor(standard[fd]));
  const names = keys(preopens);
  for (let index = 0; index < names.length; index += 1) {
    const root = fs.realpathSync(preopens[names[index]]);
    mapSet(table, next, {
      real: -1,
      type: types.directory,
      path: root,
      root,
      guest: names[index],
      preopen: names[index],
      offset: 0n,
      flags: 0,
      rights: allRights,
      inheriting: allRights,
    });
    next += 1;
  }

  const memory = () => new Memory(memoryOf());
  /** @param {number} fd @returns {Descriptor} */
  const at = (fd) => mapGet(table, fd) ?? fail(errno.badf);
  /** @param {number} fd */
  const fileAt = (fd) => {
    const descriptor = at(fd);
    if (descriptor.type === types.directory) fail(errno.isdir);
    return descriptor;
  };
  /** @param {number} fd */
  const folderAt = (fd) => {
    const descriptor = at(fd);
    if (descriptor.type !== types.directory) fail(errno.notdir);
    return descriptor;
  };

  /** The real path of a path in a folder. @param {number} fd @param {string} path @param {boolean} follow whether a link at its end is followed */
  function resolve(fd, path, follow) {
    const { path: folder, root, guest } = folderAt(fd);
    if (path === '') fail(errno.noent);
    if (startsWith(path, '/')) fail(errno.notcapable);
    const left = split(path, '/');
    /** The parts below the root. @type {string[]} */
    const done = folder === root ? [] : split(slice(folder, root.length + (root === '/' ? 0 : 1)), '/');
    let links = 0;
    while (left.length > 0) {
      const part = /** @type {string} */ (shift(left));
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (done.length === 0) fail(errno.notcapable);
        done.length -= 1;
        continue;
      }
      push(done, part);
      if (left.length === 0 && !follow) break;
      const target = linkAt(pathOf(root, done));
      if (target === undefined) continue;
      links += 1;
      if (links > mostLinks) fail(errno.loop);
      // What a link says from the top on is meant as the program sees it: below the name that its folder has for it.
      const isAbsolute = startsWith(target, '/');
      const top = guest === '/' ? '' : guest;
      if (isAbsolute && target !== top && !startsWith(target, `${top}/`)) fail(errno.notcapable);
      done.length = isAbsolute ? 0 : done.length - 1;
      const more = split(isAbsolute ? slice(target, top.length) : target, '/');
      for (let index = more.length - 1; index >= 0; index -= 1) unshift(left, more[index]);
    }
    return pathOf(root, done);
  }

  /** @param {number} address @param {any} stats of BigInts */
  function putStats(address, stats) {
    const into = memory();
    into.setU64(address, stats.dev);
    into.setU64(address + 8, stats.ino);
    into.setU64(address + 16, 0n);
    into.setU8(address + 16, typeOf(stats));
    into.setU64(address + 24, stats.nlink);
    into.setU64(address + 32, stats.size);
    into.setU64(address + 40, stats.atimeNs);
    into.setU64(address + 48, stats.mtimeNs);
    into.setU64(address + 56, stats.ctimeNs);
  }

  /**
   * Reads or writes the pieces of a list, until one is not whole, and says at the address how much that was.
   * @param {number} list @param {number} count @param {{ offset: bigint }} place where the next piece stands in the file @param {number} address
   * @param {(bytes: Uint8Array, length: number, offset: bigint) => number} move
   */
  function eachPiece(list, count, place, address, move) {
    const from = memory();
    let total = 0;
    for (let index = 0; index < count; index += 1) {
      const bytes = from.bytes(from.getU32(list + index * 8), from.getU32(list + index * 8 + 4));
      const length = viewByteLength(bytes);
      if (length === 0) continue;
      const moved = move(bytes, length, place.offset);
      place.offset += BigInt(moved);
      total += moved;
      if (moved < length) break;
    }
    memory().setU32(address, total);
  }

  /** Texts one behind the other, each ended by 0, and where each begins. @param {string[]} texts @param {number} places @param {number} address */
  function putTexts(texts, places, address) {
    const into = memory();
    let place = address;
    for (let index = 0; index < texts.length; index += 1) {
      const bytes = encodeUtf8(`${texts[index]}\0`);
      into.setU32(places + index * 4, place);
      into.put(place, viewByteLength(bytes), bytes);
      place += viewByteLength(bytes);
    }
  }
  /** @param {string[]} texts @param {number} count @param {number} size */
  function putSizes(texts, count, size) {
    let length = 0;
    for (let index = 0; index < texts.length; index += 1) length += viewByteLength(encodeUtf8(texts[index])) + 1;
    memory().setU32(count, texts.length);
    memory().setU32(size, length);
  }

  /** The two times, by the flags that say which are set and which to now. @param {any} stats @param {bigint} accessed @param {bigint} modified @param {number} which */
  function times(stats, accessed, modified, which) {
    if ((which & 3) === 3 || (which & 12) === 12) fail(errno.inval);
    const seconds = (/** @type {bigint} */ time) => Number(time) / 1e9;
    const current = now() / 1000;
    const first = which & 2 ? current : which & 1 ? seconds(accessed) : seconds(stats.atimeNs);
    const second = which & 8 ? current : which & 4 ? seconds(modified) : seconds(stats.mtimeNs);
    return [first, second];
  }

  /** Lets the number of a file go. @param {number} fd */
  function close(fd) {
    const { real } = at(fd);
    mapDelete(table, fd);
    if (fd > 2 && real >= 0) fs.closeSync(real);
  }

  return {
    args_get: (/** @type {number} */ places, /** @type {number} */ address) => putTexts(args, places, address),
    args_sizes_get: (/** @type {number} */ count, /** @type {number} */ size) => putSizes(args, count, size),
    environ_get: (/** @type {number} */ places, /** @type {number} */ address) => putTexts(variables, places, address),
    environ_sizes_get: (/** @type {number} */ count, /** @type {number} */ size) => putSizes(variables, count, size),
    clock_res_get(/** @type {number} */ clock, /** @type {number} */ address) {
      if (clock > 3) fail(errno.inval);
      memory().setU64(address, clock === 0 ? 1_000_000n : 1n);
    },
    clock_time_get(/** @type {number} */ clock, /** @type {bigint} */ _precision, /** @type {number} */ address) {
      memory().setU64(address, nanoseconds(clock));
    },
    fd_advise(/** @type {number} */ fd) {
      fileAt(fd);
    },
    fd_allocate(/** @type {number} */ fd, /** @type {bigint} */ offset, /** @type {bigint} */ length) {
      const { real } = fileAt(fd);
      const end = offset + length;
      if (fs.fstatSync(real, { bigint: true }).size < end) fs.ftruncateSync(real, Number(end));
    },
    fd_close: close,
    fd_datasync: (/** @type {number} */ fd) => fs.fdatasyncSync(fileAt(fd).real),
    fd_sync: (/** @type {number} */ fd) => fs.fsyncSync(fileAt(fd).real),
    fd_fdstat_get(/** @type {number} */ fd, /** @type {number} */ address) {
      const descriptor = at(fd);
      const into = memory();
      into.setU64(address, 0n);
      into.setU8(address, descriptor.type);
      into.setU16(address + 2, descriptor.flags);
      into.setU64(address + 8, descriptor.rights);
      into.setU64(address + 16, descriptor.inheriting);
    },
    fd_fdstat_set_flags(/** @type {number} */ fd, /** @type {number} */ given) {
      if ((given & ~flags.append) !== 0) fail(errno.notsup);
      fileAt(fd).flags = given;
    },
    fd_fdstat_set_rights(/** @type {number} */ fd, /** @type {bigint} */ base, /** @type {bigint} */ inheriting) {
      const descriptor = at(fd);
      if ((base & ~descriptor.rights) !== 0n || (inheriting & ~descriptor.inheriting) !== 0n) fail(errno.notcapable);
      descriptor.rights = base;
      descriptor.inheriting = inheriting;
    },
    fd_filestat_get(/** @type {number} */ fd, /** @type {number} */ address) {
      const { real, path } = at(fd);
      putStats(address, real < 0 ? fs.statSync(path, { bigint: true }) : fs.fstatSync(real, { bigint: true }));
    },
    fd_filestat_set_size: (/** @type {number} */ fd, /** @type {bigint} */ size) => fs.ftruncateSync(fileAt(fd).real, Number(size)),
    fd_filestat_set_times(
      /** @type {number} */ fd,
      /** @type {bigint} */ accessed,
      /** @type {bigint} */ modified,
      /** @type {number} */ which,
    ) {
      const { real } = fileAt(fd);
      const [first, second] = times(fs.fstatSync(real, { bigint: true }), accessed, modified, which);
      fs.futimesSync(real, first, second);
    },
    fd_pread(
      /** @type {number} */ fd,
      /** @type {number} */ list,
      /** @type {number} */ count,
      /** @type {bigint} */ offset,
      /** @type {number} */ address,
    ) {
      const { real } = fileAt(fd);
      eachPiece(list, count, { offset }, address, (bytes, length, at) => fs.readSync(real, bytes, 0, length, at));
    },
    fd_pwrite(
      /** @type {number} */ fd,
      /** @type {number} */ list,
      /** @type {number} */ count,
      /** @type {bigint} */ offset,
      /** @type {number} */ address,
    ) {
      const { real } = fileAt(fd);
      eachPiece(list, count, { offset }, address, (bytes, length, at) => fs.writeSync(real, bytes, 0, length, Number(at)));
    },
    fd_prestat_get(/** @type {number} */ fd, /** @type {number} */ address) {
      const { preopen } = at(fd);
      if (preopen === undefined) fail(errno.badf);
      const into = memory();
      into.setU32(address, 0);
      into.setU32(address + 4, viewByteLength(encodeUtf8(/** @type {string} */ (preopen))));
    },
    fd_prestat_dir_name(/** @type {number} */ fd, /** @type {number} */ address, /** @type {number} */ room) {
      const { preopen } = at(fd);
      if (preopen === undefined) fail(errno.badf);
      const bytes = encodeUtf8(/** @type {string} */ (preopen));
      if (viewByteLength(bytes) > room >>> 0) fail(errno.nametoolong);
      memory().put(address, room, bytes);
    },
    fd_read(/** @type {number} */ fd, /** @type {number} */ list, /** @type {number} */ count, /** @type {number} */ address) {
      const descriptor = fileAt(fd);
      const isFile = descriptor.type === types.file;
      eachPiece(list, count, descriptor, address, (bytes, length, at) =>
        fs.readSync(descriptor.real, bytes, 0, length, isFile ? at : null),
      );
    },
    fd_write(/** @type {number} */ fd, /** @type {number} */ list, /** @type {number} */ count, /** @type {number} */ address) {
      const descriptor = fileAt(fd);
      const isFile = descriptor.type === types.file;
      if (isFile && descriptor.flags & flags.append) descriptor.offset = fs.fstatSync(descriptor.real, { bigint: true }).size;
      eachPiece(list, count, descriptor, address, (bytes, length, at) =>
        fs.writeSync(descriptor.real, bytes, 0, length, isFile ? Number(at) : null),
      );
    },
    fd_readdir(
      /** @type {number} */ fd,
      /** @type {number} */ address,
      /** @type {number} */ room,
      /** @type {bigint} */ cookie,
      /** @type {number} */ used,
    ) {
      const { path } = folderAt(fd);
      const entries = fs.readdirSync(path, { withFileTypes: true });
      const into = memory();
      let place = 0;
      for (let index = Number(cookie); index < entries.length && place < room; index += 1) {
        const entry = entries[index];
        const name = encodeUtf8(entry.name);
        const head = new Uint8Array(24);
        const stats = fs.lstatSync(`${path}/${entry.name}`, { bigint: true, throwIfNoEntry: false });
        put64(head, 0, BigInt(index + 1));
        put64(head, 8, stats?.ino ?? 0n);
        put64(head, 16, BigInt(viewByteLength(name)) | (BigInt(typeOf(entry)) << 32n));
        place += into.put(address + place, room - place, head);
        place += into.put(address + place, room - place, name);
      }
      into.setU32(used, place);
    },
    fd_renumber(/** @type {number} */ from, /** @type {number} */ to) {
      const descriptor = at(from);
      at(to);
      if (from === to) return;
      close(to);
      mapDelete(table, from);
      mapSet(table, to, descriptor);
    },
    fd_seek(/** @type {number} */ fd, /** @type {bigint} */ delta, /** @type {number} */ whence, /** @type {number} */ address) {
      const descriptor = fileAt(fd);
      if (descriptor.type !== types.file) fail(errno.spipe);
      if (whence > 2) fail(errno.inval);
      const base = whence === 0 ? 0n : whence === 1 ? descriptor.offset : fs.fstatSync(descriptor.real, { bigint: true }).size;
      if (base + delta < 0n) fail(errno.inval);
      descriptor.offset = base + delta;
      memory().setU64(address, descriptor.offset);
    },
    fd_tell(/** @type {number} */ fd, /** @type {number} */ address) {
      const descriptor = fileAt(fd);
      if (descriptor.type !== types.file) fail(errno.spipe);
      memory().setU64(address, descriptor.offset);
    },
    path_create_directory(/** @type {number} */ fd, /** @type {number} */ path, /** @type {number} */ length) {
      fs.mkdirSync(resolve(fd, memory().text(path, length), false));
    },
    path_filestat_get(
      /** @type {number} */ fd,
      /** @type {number} */ how,
      /** @type {number} */ path,
      /** @type {number} */ length,
      /** @type {number} */ address,
    ) {
      putStats(address, fs.lstatSync(resolve(fd, memory().text(path, length), (how & followsLinks) !== 0), { bigint: true }));
    },
    path_filestat_set_times(
      /** @type {number} */ fd,
      /** @type {number} */ how,
      /** @type {number} */ path,
      /** @type {number} */ length,
      /** @type {bigint} */ accessed,
      /** @type {bigint} */ modified,
      /** @type {number} */ which,
    ) {
      const found = resolve(fd, memory().text(path, length), (how & followsLinks) !== 0);
      const [first, second] = times(fs.lstatSync(found, { bigint: true }), accessed, modified, which);
      fs.lutimesSync(found, first, second);
    },
    path_link(
      /** @type {number} */ fd,
      /** @type {number} */ how,
      /** @type {number} */ path,
      /** @type {number} */ length,
      /** @type {number} */ newFd,
      /** @type {number} */ newPath,
      /** @type {number} */ newLength,
    ) {
      const from = resolve(fd, memory().text(path, length), (how & followsLinks) !== 0);
      fs.linkSync(from, resolve(newFd, memory().text(newPath, newLength), false));
    },
    path_open(
      /** @type {number} */ fd,
      /** @type {number} */ how,
      /** @type {number} */ path,
      /** @type {number} */ length,
      /** @type {number} */ asked,
      /** @type {bigint} */ base,
      /** @type {bigint} */ inheriting,
      /** @type {number} */ given,
      /** @type {number} */ address,
    ) {
      const folder = folderAt(fd);
      if (((base | inheriting) & ~folder.inheriting) !== 0n) fail(errno.notcapable);
      const found = resolve(fd, memory().text(path, length), (how & followsLinks) !== 0 && (asked & open.exclusive) === 0);
      const stats = fs.lstatSync(found, { throwIfNoEntry: false });
      if (stats?.isSymbolicLink()) fail(asked & open.exclusive && asked & open.create ? errno.exist : errno.loop);
      if (asked & open.directory && stats !== undefined && !stats.isDirectory()) fail(errno.notdir);
      /** @type {Descriptor} */
      const descriptor = {
        real: -1,
        type: types.directory,
        path: found,
        root: folder.root,
        guest: folder.guest,
        preopen: undefined,
        offset: 0n,
        flags: given,
        rights: base,
        inheriting,
      };
      if (stats?.isDirectory()) {
        if (asked & open.create && asked & open.exclusive) fail(errno.exist);
        // A folder is opened for reading whatever else was asked for, as its rights say; cutting it is not possible.
        if (asked & open.truncate) fail(errno.isdir);
      } else {
        const { O_CREAT, O_DSYNC, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = fs.constants;
        const reads = (base & rights.read) !== 0n;
        const writes = (base & rights.write) !== 0n;
        let mode = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
        if (asked & open.create) mode |= O_CREAT;
        if (asked & open.exclusive) mode |= O_EXCL;
        if (asked & open.truncate) mode |= O_TRUNC;
        if (given & flags.dsync) mode |= O_DSYNC;
        if (given & (flags.sync | flags.rsync)) mode |= O_SYNC;
        if (given & flags.nonblock) mode |= O_NONBLOCK;
        descriptor.real = fs.openSync(found, mode | O_NOFOLLOW, 0o666);
        descriptor.type = typeOf(fs.fstatSync(descriptor.real));
      }
      const number = next;
      next += 1;
      mapSet(table, number, descriptor);
      memory().setU32(address, number);
    },
    path_readlink(
      /** @type {number} */ fd,
      /** @type {number} */ path,
      /** @type {number} */ length,
      /** @type {number} */ address,
      /** @type {number} */ room,
      /** @type {number} */ used,
    ) {
      const target = encodeUtf8(fs.readlinkSync(resolve(fd, memory().text(path, length), false)));
      memory().setU32(used, memory().put(address, room, target));
    },
    path_remove_directory(/** @type {number} */ fd, /** @type {number} */ path, /** @type {number} */ length) {
      fs.rmdirSync(resolve(fd, memory().text(path, length), false));
    },
    path_rename(
      /** @type {number} */ fd,
      /** @type {number} */ path,
      /** @type {number} */ length,
      /** @type {number} */ newFd,
      /** @type {number} */ newPath,
      /** @type {number} */ newLength,
    ) {
      const from = resolve(fd, memory().text(path, length), false);
      fs.renameSync(from, resolve(newFd, memory().text(newPath, newLength), false));
    },
    path_symlink(
      /** @type {number} */ target,
      /** @type {number} */ targetLength,
      /** @type {number} */ fd,
      /** @type {number} */ path,
      /** @type {number} */ length,
    ) {
      const text = memory().text(target, targetLength);
      if (startsWith(text, '/')) fail(errno.notcapable);
      fs.symlinkSync(text, resolve(fd, memory().text(path, length), false));
    },
    path_unlink_file(/** @type {number} */ fd, /** @type {number} */ path, /** @type {number} */ length) {
      fs.unlinkSync(resolve(fd, memory().text(path, length), false));
    },
    poll_oneoff(/** @type {number} */ list, /** @type {number} */ events, /** @type {number} */ count, /** @type {number} */ address) {
      if (count === 0) fail(errno.inval);
      const into = memory();
      /** What is ready by itself: files and standard streams never make anybody wait here. @type {{ user: bigint, type: number, error: number }[]} */
      const ready = [];
      /** @type {{ user: bigint, end: bigint }[]} */
      const clocks = [];
      for (let index = 0; index < count; index += 1) {
        const at48 = list + index * 48;
        const user = into.getU64(at48);
        const type = into.getU8(at48 + 8);
        if (type === 0) {
          const clock = into.getU32(at48 + 16);
          const time = into.getU64(at48 + 24);
          const isAbsolute = (into.getU16(at48 + 40) & 1) !== 0;
          push(clocks, { user, end: nanoseconds(1) + (isAbsolute ? time - nanoseconds(clock) : time) });
        } else {
          const isKnown = mapGet(table, into.getU32(at48 + 16)) !== undefined;
          push(ready, { user, type, error: isKnown ? errno.success : errno.badf });
        }
      }
      if (ready.length === 0) {
        let first = clocks[0].end;
        for (let index = 1; index < clocks.length; index += 1) if (clocks[index].end < first) first = clocks[index].end;
        wait(nobodyWakes, 0, 0, max(Number(first - nanoseconds(1)) / 1e6, 0));
        for (let index = 0; index < clocks.length; index += 1) {
          if (clocks[index].end <= first) push(ready, { user: clocks[index].user, type: 0, error: errno.success });
        }
      }
      for (let index = 0; index < ready.length; index += 1) {
        const at32 = events + index * 32;
        into.setU64(at32, ready[index].user);
        into.setU64(at32 + 8, BigInt(ready[index].error) | (BigInt(ready[index].type) << 16n));
        into.setU64(at32 + 16, ready[index].type === 0 ? 0n : 1n);
        into.setU64(at32 + 24, 0n);
      }
      into.setU32(address, ready.length);
    },
    proc_exit: (/** @type {number} */ status) => exit(status >>> 0),
    proc_raise: () => fail(errno.nosys),
    random_get(/** @type {number} */ address, /** @type {number} */ length) {
      const bytes = new Uint8Array(length >>> 0);
      const into = memory();
      into.bytes(address, length);
      randomFillSync(bytes);
      into.put(address, length, bytes);
    },
    sched_yield() {},
    sock_accept: () => fail(errno.nosys),
    sock_recv: () => fail(errno.nosys),
    sock_send: () => fail(errno.nosys),
    sock_shutdown: () => fail(errno.nosys),
  };
}

/** @param {number} real @returns {Descriptor} */
function standardDescriptor(real) {
  const stats = fs.fstatSync(real);
  // A file that is somewhere else already: its offset is the system's, as other processes share it.
  const type = stats.isFile() ? types.unknown : typeOf(stats);
  return { real, type, path: '', root: '', guest: '', preopen: undefined, offset: 0n, flags: 0, rights: allRights, inheriting: 0n };
}

/** @param {string} root @param {string[]} parts */
function pathOf(root, parts) {
  if (parts.length === 0) return root;
  return root === '/' ? `/${join(parts, '/')}` : `${root}/${join(parts, '/')}`;
}

/** Where a link leads; undefined for anything else. @param {string} path @returns {string | undefined} */
function linkAt(path) {
  const stats = fs.lstatSync(path, { throwIfNoEntry: false });
  return stats?.isSymbolicLink() ? fs.readlinkSync(path) : undefined;
}

/** @param {Uint8Array} bytes @param {number} place @param {bigint} value */
function put64(bytes, place, value) {
  for (let index = 0; index < 8; index += 1) bytes[place + index] = Number((value >> BigInt(index * 8)) & 255n);
}

module.exports = { makeCalls, numberOf };
