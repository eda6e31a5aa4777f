// node:fs/promises: the operations as async functions, and FileHandle.
'use strict';

const { invalidType, nodeError, notImplemented } = require('node/errors');
const { requireBoolean } = require('node/arguments');
const { EventEmitter } = /** @type {any} */ (require('node/events/events'));
const operations = require('node/fs/all');
const { readInto, readRange } = require('node/fs/operations');
const { constants, toOptions } = require('node/fs/values');
const { apply, assign, forEach, includes, keys, reject: rejected, resolve: resolved, then } = require('builtins/primordials');
const { fsClose } = ops;
const loadStreams = () => require('node/fs/streams');
const loadReadline = () => /** @type {any} */ (require('node/readline/readline'));
const loadReadable = () => /** @type {any} */ (require('web/streams/readable_stream'));
const loadWarnings = () => require('node/process/warnings');
const loadWatch = () => require('node/fs/watch');
const loadPath = () => require('node/path/path');

// An open file that the program forgets is closed when its handle is collected.
const { register, unregister } = FinalizationRegistry.prototype;
/** @type {FinalizationRegistry<number>} */
const forgotten = new FinalizationRegistry((left) => fsClose(left, true));

class FileHandle extends EventEmitter {
  #number;
  #isStreamed = false;
  /** @type {Promise<void> | undefined} */
  #closing = undefined;

  /** @param {number} number */
  constructor(number) {
    super();
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
    const range = readRange(buffer, offset, length, position);
    return { bytesRead: await readInto(false, number, range), buffer: range.buffer };
  }
  /** @param {any} [options] */
  readableWebStream(options) {
    if (this.#number === -1) throw nodeError(Error, 'ERR_INVALID_STATE', 'Invalid state: The FileHandle is closed');
    if (this.#isStreamed) throw nodeError(Error, 'ERR_INVALID_STATE', 'Invalid state: The FileHandle is locked');
    const given = options ?? {};
    if (typeof given !== 'object') throw invalidType('options', 'object', given);
    const { type, autoClose = false } = given;
    requireBoolean(autoClose, 'options.autoClose');
    if (type !== undefined && type !== 'bytes') {
      loadWarnings().emitWarning(
        'A non-"bytes" options.type has no effect. A byte-oriented steam is always created.',
        'ExperimentalWarning',
      );
    }
    this.#isStreamed = true;
    return webStreamOf(this, autoClose);
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
    const emitClose = () => {
      this.emit('close');
    };
    this.#closing = then(fsClose(number, false), emitClose, (error) => {
      emitClose();
      throw error;
    });
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

/** The bytes of a file as a stream of the web. @param {FileHandle} handle @param {boolean} autoClose */
function webStreamOf(handle, autoClose) {
  const { ReadableStream } = loadReadable();
  let isOver = false;
  const end = async () => {
    isOver = true;
    if (autoClose) await handle.close();
  };
  return new ReadableStream({
    type: 'bytes',
    autoAllocateChunkSize: 16384,
    start(/** @type {any} */ controller) {
      handle.once('close', () => {
        if (isOver) return;
        isOver = true;
        controller.close();
        // What waits for bytes gets none.
        controller.byobRequest?.respond(0);
      });
    },
    async pull(/** @type {any} */ controller) {
      const { view } = controller.byobRequest;
      const { bytesRead } = await handle.read(view, 0, view.byteLength);
      if (isOver) return;
      if (bytesRead === 0) {
        isOver = true;
        controller.close();
      }
      controller.byobRequest.respond(bytesRead);
      if (bytesRead === 0) await end();
    },
    cancel: end,
  });
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
  // Also after a change of the working directory.
  const whole = loadPath().resolve(`${path}`);
  const remove = () => operations.rm(false, whole, { recursive: true, force: true });
  return { path, remove, [Symbol.asyncDispose]: remove };
};
exported.watch = function watch(/** @type {any} */ filename, /** @type {any} */ options) {
  return loadWatch().changes(filename, options);
};
// The hot one by hand: no rest array, no second promise.
exported.readFile = function readFile(/** @type {any} */ path, /** @type {any} */ options) {
  try {
    return operations.readFile(false, fileOf(path), options);
  } catch (error) {
    return rejected(error);
  }
};

// There is none but on macOS.
exported.lchmod = async () => {
  throw notImplemented('lchmod()');
};

module.exports = exported;
