// node:fs/promises: the operations as async functions, and FileHandle.
'use strict';

const operations = require('node/fs/all');
const { constants, toOptions } = require('node/fs/values');
const { apply, assign, forEach, includes, isView, keys, reject: rejected, resolve: resolved } = require('builtins/primordials');
const { fsClose } = ops;
const loadStreams = () => require('node/fs/streams');
const loadReadline = () => /** @type {any} */ (require('node/readline/readline'));
const loadBuffer = () => require('node/buffer/buffer');

// An open file that the program forgets is closed when its handle is collected.
const { register, unregister } = FinalizationRegistry.prototype;
/** @type {FinalizationRegistry<number>} */
const forgotten = new FinalizationRegistry((left) => fsClose(left, true));

class FileHandle {
  #number;
  /** @type {Promise<void> | undefined} */
  #closing = undefined;

  /** @param {number} number */
  constructor(number) {
    this.#number = number;
    apply(register, forgotten, [this, number, this]);
  }

  /** The descriptor's number, -1 once closed. */
  get fd() {
    return this.#number;
  }

  /** @param {any} data @param {any} [options] */
  async appendFile(data, options) {
    return await operations.writeFile(false, this.#open('write'), data, options);
  }
  /** @param {any} mode */
  async chmod(mode) {
    return await operations.fchmod(false, this.#open('fchmod'), mode);
  }
  /** @param {any} user @param {any} group */
  async chown(user, group) {
    return await operations.fchown(false, this.#open('fchown'), user, group);
  }
  /** @param {any} [options] */
  createReadStream(options) {
    return loadStreams().createReadStream(undefined, assign({}, toOptions(options), { fd: this }));
  }
  /** @param {any} [options] */
  createWriteStream(options) {
    return loadStreams().createWriteStream(undefined, assign({}, toOptions(options), { fd: this }));
  }
  async datasync() {
    return await operations.fdatasync(false, this.#open('fdatasync'));
  }
  /** @param {any} [buffer] @param {any} [offset] @param {any} [length] @param {any} [position] */
  async read(buffer, offset, length, position) {
    const number = this.#open('read');
    if (isView(buffer)) return { bytesRead: await operations.read(false, number, buffer, offset, length, position), buffer };
    const options = buffer ?? {};
    const target = options.buffer ?? loadBuffer().Buffer.alloc(16384);
    return { bytesRead: await operations.read(false, number, target, options), buffer: target };
  }
  /** @param {any} buffers @param {any} [position] */
  async readv(buffers, position) {
    return { bytesRead: await operations.readv(false, this.#open('read'), buffers, position), buffers };
  }
  /** @param {any} accessed @param {any} modified */
  async utimes(accessed, modified) {
    return await operations.futimes(false, this.#open('futime'), accessed, modified);
  }
  /** @param {any} buffers @param {any} [position] */
  async writev(buffers, position) {
    return { bytesWritten: await operations.writev(false, this.#open('write'), buffers, position), buffers };
  }
  /** @param {any} [options] */
  async readFile(options) {
    return await operations.readFile(false, this.#open('read'), options);
  }
  /** @param {any} [options] */
  readLines(options) {
    return loadReadline().createInterface({ input: this.createReadStream(options), crlfDelay: Infinity });
  }
  /** @param {any} [options] */
  async stat(options) {
    return await operations.fstat(false, this.#open('fstat'), options);
  }
  async sync() {
    return await operations.fsync(false, this.#open('fsync'));
  }
  async truncate(length = 0) {
    return await operations.ftruncate(false, this.#open('ftruncate'), length);
  }
  /** @param {any} data @param {any} [offset] @param {any} [length] @param {any} [position] */
  async write(data, offset, length, position) {
    const bytesWritten = await operations.write(false, this.#open('write'), data, offset, length, position);
    return { bytesWritten, buffer: data };
  }
  /** @param {any} data @param {any} [options] */
  async writeFile(data, options) {
    return await operations.writeFile(false, this.#open('write'), data, options);
  }

  close() {
    if (this.#number === -1) return this.#closing ?? resolved();
    const number = this.#number;
    this.#number = -1;
    apply(unregister, forgotten, [this]);
    this.#closing = fsClose(number, false);
    return this.#closing;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  /** The number, for a call of the system. @param {string} syscall */
  #open(syscall) {
    if (this.#number === -1) throw assign(closed(`, ${syscall}`), { syscall });
    return this.#number;
  }
}

/** What every use of a handle throws once it is closed. @param {string} where */
function closed(where) {
  return assign(new Error(`EBADF: bad file descriptor${where}`), { errno: -9, code: 'EBADF' });
}

/** A FileHandle may stand for a path where Node takes one. @param {any} value */
function fileOf(value) {
  if (!(value instanceof FileHandle)) return value;
  if (value.fd === -1) throw closed('');
  return value.fd;
}

/** @type {Record<string, any>} */
const exported = { FileHandle, constants };
const byDescriptor = [
  'close',
  'fchmod',
  'fchown',
  'fdatasync',
  'fstat',
  'fsync',
  'ftruncate',
  'futimes',
  'glob',
  'read',
  'readv',
  'write',
  'writev',
  'open',
];
forEach(keys(operations), (name) => {
  if (includes(byDescriptor, name)) return;
  const operation = operations[name];
  const face = {
    /** @param {any} path @param {any} [second] @param {any} [third] */
    [name]: (path, second, third) => {
      try {
        return operation(false, fileOf(path), second, third);
      } catch (error) {
        return rejected(error);
      }
    },
  };
  exported[name] = face[name];
});
exported.open = async function open(/** @type {any} */ path, /** @type {any} */ flags, /** @type {any} */ mode) {
  return new FileHandle(await operations.open(false, path, flags, mode));
};
exported.glob = async function* glob(/** @type {any} */ pattern, /** @type {any} */ options) {
  const found = await operations.glob(false, pattern, options);
  for (let index = 0; index < found.length; index += 1) yield found[index];
};
exported.mkdtempDisposable = async function mkdtempDisposable(/** @type {any} */ prefix, /** @type {any} */ options) {
  const path = await operations.mkdtemp(false, prefix, options);
  const remove = () => operations.rm(false, path, { recursive: true, force: true });
  return { path, remove, [Symbol.asyncDispose]: remove };
};
// The hot one by hand: no rest array, no second promise.
exported.readFile = function readFile(/** @type {any} */ path, /** @type {any} */ options) {
  try {
    return operations.readFile(false, fileOf(path), options);
  } catch (error) {
    return rejected(error);
  }
};

module.exports = exported;
