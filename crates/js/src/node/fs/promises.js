// node:fs/promises: the operations as async functions, and FileHandle.
'use strict';

const operations = require('node/fs/operations');
const { nodeError } = require('node/errors');
const { constants, toOptions } = require('node/fs/values');
const { fsClose } = ops;
const loadBuffer = () => require('node/buffer/buffer');

// An open file that the program forgets is closed when its handle is collected.
let forgotten;

class FileHandle {
  #number;
  #closing = undefined;

  constructor(number) {
    this.#number = number;
    forgotten ??= new FinalizationRegistry((left) => fsClose(left, true));
    forgotten.register(this, number, this);
  }

  /** The descriptor's number, -1 once closed. */
  get fd() {
    return this.#number;
  }

  async appendFile(data, options) {
    return operations.writeFile(false, this.#open('write'), data, options);
  }
  async chmod(mode) {
    return operations.fchmod(false, this.#open('fchmod'), mode);
  }
  async datasync() {
    return operations.fdatasync(false, this.#open('fdatasync'));
  }
  async read(buffer, offset, length, position) {
    const number = this.#open('read');
    let target = buffer;
    let range = [offset, length, position];
    if (!ArrayBuffer.isView(buffer)) {
      const options = buffer ?? {};
      target = options.buffer ?? loadBuffer().Buffer.alloc(16384);
      range = [options];
    }
    const bytesRead = await operations.read(false, number, target, ...range);
    return { bytesRead, buffer: target };
  }
  async readFile(options) {
    return operations.readFile(false, this.#open('read'), options);
  }
  async *readLines(options) {
    yield* linesOf(await this.readFile({ encoding: 'utf8', ...toOptions(options) }));
  }
  async stat(options) {
    return operations.fstat(false, this.#open('fstat'), options);
  }
  async sync() {
    return operations.fsync(false, this.#open('fsync'));
  }
  async truncate(length = 0) {
    return operations.ftruncate(false, this.#open('ftruncate'), length);
  }
  async write(data, offset, length, position) {
    const bytesWritten = await operations.write(false, this.#open('write'), data, offset, length, position);
    return { bytesWritten, buffer: data };
  }
  async writeFile(data, options) {
    return operations.writeFile(false, this.#open('write'), data, options);
  }

  close() {
    if (this.#number === -1) return this.#closing ?? Promise.resolve();
    const number = this.#number;
    this.#number = -1;
    forgotten.unregister(this);
    this.#closing = fsClose(number, false);
    return this.#closing;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  #open(syscall) {
    if (this.#number === -1) {
      const error = nodeError(Error, 'EBADF', `EBADF: bad file descriptor, ${syscall}`);
      throw Object.assign(error, { errno: -9, syscall });
    }
    return this.#number;
  }
}

function linesOf(text) {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** A FileHandle may stand for a path where Node takes one. */
function fileOf(value) {
  if (!(value instanceof FileHandle)) return value;
  if (value.fd === -1) throw Object.assign(nodeError(Error, 'EBADF', 'EBADF: bad file descriptor'), { errno: -9 });
  return value.fd;
}

const exported = { FileHandle, constants };
const byDescriptor = ['close', 'fchmod', 'fdatasync', 'fstat', 'fsync', 'ftruncate', 'read', 'write', 'open'];
for (const [name, operation] of Object.entries(operations)) {
  if (byDescriptor.includes(name)) continue;
  const face = { [name]: async (path, ...rest) => operation(false, fileOf(path), ...rest) };
  exported[name] = face[name];
}
exported.open = async function open(path, flags, mode) {
  return new FileHandle(await operations.open(false, path, flags, mode));
};
// The hot one by hand: no rest array, no second promise.
exported.readFile = function readFile(path, options) {
  try {
    return operations.readFile(false, fileOf(path), options);
  } catch (error) {
    return Promise.reject(error);
  }
};

module.exports = exported;
