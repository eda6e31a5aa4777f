// Dir (https://nodejs.org/api/fs.html#class-fsdir): the entries of a folder, one at a time.
'use strict';

const { codedError } = require('builtins/coded_error');
const { reject, resolve, shift, then } = require('builtins/primordials');
const { requireFunction, requireInteger } = require('node/arguments');
const { missingArguments } = require('node/errors');
const { nextTick } = require('node/process/ticks');
const { operations } = require('node/fs/operations');
const { toEncoding, toOptions, toPath } = require('node/fs/values');

function concurrentError() {
  const message = 'Cannot do synchronous work on directory handle with concurrent asynchronous operations';
  return codedError(Error, 'ERR_DIR_CONCURRENT_OPERATION', message);
}

function closedError() {
  return codedError(Error, 'ERR_DIR_CLOSED', 'Directory handle was closed');
}

class Dir {
  #path;
  /** @type {any[]} */
  #entries;
  #closed = false;
  /** Reads that were asked for and are not answered. */
  #reading = 0;

  /** @param {any} path @param {any[]} entries */
  constructor(path, entries) {
    if (entries === undefined) throw missingArguments('handle');
    this.#path = path;
    this.#entries = entries;
  }

  get path() {
    if (!(#path in this)) throw codedError(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type Dir');
    return this.#path;
  }

  /** @param {Function} [callback] */
  read(callback) {
    if (callback !== undefined) {
      requireFunction(callback, 'callback');
      if (this.#closed) throw closedError();
      const entry = shift(this.#entries) ?? null;
      this.#reading += 1;
      nextTick(() => {
        this.#reading -= 1;
        callback(null, entry);
      });
      return undefined;
    }
    if (this.#closed) return reject(closedError());
    this.#reading += 1;
    return then(resolve(shift(this.#entries) ?? null), (entry) => {
      this.#reading -= 1;
      return entry;
    });
  }

  readSync() {
    if (this.#closed) throw closedError();
    if (this.#reading > 0) throw concurrentError();
    return shift(this.#entries) ?? null;
  }

  /** @param {Function} [callback] */
  close(callback) {
    if (callback !== undefined) {
      requireFunction(callback, 'callback');
      if (this.#closed) {
        nextTick(callback, closedError());
        return undefined;
      }
      this.#closed = true;
      nextTick(callback, null);
      return undefined;
    }
    if (this.#closed) return reject(closedError());
    this.#closed = true;
    return resolve(undefined);
  }

  closeSync() {
    if (this.#closed) throw closedError();
    if (this.#reading > 0) throw concurrentError();
    this.#closed = true;
  }

  async *entries() {
    try {
      for (;;) {
        const entry = await this.read();
        if (entry === null) return;
        yield entry;
      }
    } finally {
      if (!this.#closed) this.closeSync();
    }
  }

  [Symbol.dispose]() {
    if (!this.#closed) this.closeSync();
  }
  async [Symbol.asyncDispose]() {
    if (!this.#closed) this.closeSync();
  }
}
/** @type {any} */ (Dir.prototype)[Symbol.asyncIterator] = Dir.prototype.entries;

/** @param {boolean} sync @param {any} path @param {any} [options] */
function opendir(sync, path, options) {
  const folder = toPath(path);
  const settings = toOptions(options);
  toEncoding(settings);
  if (settings.bufferSize !== undefined) requireInteger(settings.bufferSize, 'options.bufferSize', 1, 2 ** 32 - 1);
  const make = (/** @type {any[]} */ entries) => new Dir(folder, entries);
  const read = () => operations.readdir(sync, folder, { encoding: settings.encoding, recursive: settings.recursive, withFileTypes: true });
  if (!sync) return then(read(), make, (error) => reject(asOpendir(error)));
  try {
    return make(read());
  } catch (error) {
    throw asOpendir(error);
  }
}

/** Node names the system call by which a folder is opened. @param {any} error */
function asOpendir(error) {
  if (error.syscall !== 'scandir') return error;
  error.syscall = 'opendir';
  error.message = error.message.replace(', scandir ', ', opendir ');
  return error;
}

module.exports = { Dir, opendir };
