// `fs.Utf8Stream` (https://nodejs.org/api/fs.html#class-fsutf8stream): text for a file that is written in large pieces, for loggers. BOUNDED: by
// `maxLength`, beyond which what is written is dropped and told by the event `drop`.
'use strict';

const { nodeError } = require('node/errors');
const { requireBoolean, requireFunction, requireInteger, requireObject, requireOneOf, requireString } = require('node/arguments');
const EventEmitter = require('node/events/events');
const { nextTick } = require('node/process/ticks');
const { clearInterval, setInterval, setTimeout } = require('web/html/timers');
const { push, setBytes, shift, subarray, viewByteLength } = require('builtins/primordials');
const { bytesOf, isSharedBufferSource } = require('builtins/webidl');
const { encodeUtf8 } = require('web/encoding/utf8');
const loadPath = () => require('node/path/path');

/** Those of `fs`. @type {any} */
let functions;
/** @param {any} all */
function useFunctions(all) {
  functions = all;
}

const mostWrite = 16 * 1024;

class Utf8Stream extends EventEmitter {
  /** What is to be written. @type {{ bytes: Uint8Array }[]} */
  #queue = [];
  #length = 0;
  #isWriting = false;
  #isOpening = false;
  #isEnding = false;
  #isEnded = false;
  #isDestroyed = false;
  /** Called when all is written. @type {((error?: any) => void)[]} */
  #flushes = [];
  /** @type {any} */
  #timer;
  /** @type {any} */
  #fs;
  #settings;
  #fd = -1;
  /** @type {string | undefined} */
  #file;

  /** @param {any} [options] */
  constructor(options = {}) {
    requireObject(options, 'options');
    super();
    const { append = true, contentMode = 'utf8', dest, fd, fsync = false, maxLength = 0, maxWrite = mostWrite, minLength = 0 } = options;
    const { mkdir = false, mode, periodicFlush = 0, sync = true, retryEAGAIN = () => true } = options;
    requireBoolean(append, 'options.append');
    requireOneOf(contentMode, 'options.contentMode', ['utf8', 'buffer']);
    requireBoolean(fsync, 'options.fsync');
    requireBoolean(mkdir, 'options.mkdir');
    requireBoolean(sync, 'options.sync');
    requireInteger(maxLength, 'options.maxLength', 0);
    requireInteger(maxWrite, 'options.maxWrite', 0);
    requireInteger(minLength, 'options.minLength', 0);
    requireInteger(periodicFlush, 'options.periodicFlush', 0);
    requireFunction(retryEAGAIN, 'options.retryEAGAIN');
    this.#fs = options.fs ?? functions;
    this.#settings = { append, contentMode, fsync, maxLength, maxWrite, minLength, mkdir, mode, periodicFlush, sync, retryEAGAIN };
    if (typeof fd === 'number') {
      this.#fd = fd;
      nextTick(() => this.emit('ready'));
    } else {
      requireString(dest, 'options.dest');
      this.#open(dest);
    }
    if (periodicFlush > 0) {
      this.#timer = setInterval(() => this.flush(), periodicFlush);
      this.#timer.unref();
    }
  }

  get append() {
    return this.#settings.append;
  }
  get contentMode() {
    return this.#settings.contentMode;
  }
  get fd() {
    return this.#fd;
  }
  get file() {
    return this.#file;
  }
  get fsync() {
    return this.#settings.fsync;
  }
  get maxLength() {
    return this.#settings.maxLength;
  }
  get minLength() {
    return this.#settings.minLength;
  }
  get mkdir() {
    return this.#settings.mkdir;
  }
  get mode() {
    return this.#settings.mode;
  }
  get periodicFlush() {
    return this.#settings.periodicFlush;
  }
  get sync() {
    return this.#settings.sync;
  }
  get writing() {
    return this.#isWriting;
  }

  /** Takes the data; false asks its writer to wait for `drain`. @param {any} data */
  write(data) {
    if (this.#isDestroyed || this.#isEnding) throw nodeError(Error, 'ERR_INVALID_STATE', 'Invalid state: Utf8Stream is destroyed');
    if (this.#settings.contentMode === 'utf8') requireString(data, 'data');
    const bytes = isSharedBufferSource(data) ? bytesOf(data) : encodeUtf8(`${data}`);
    const { maxLength, maxWrite, minLength } = this.#settings;
    const length = viewByteLength(bytes);
    if (maxLength > 0 && this.#length + length > maxLength) {
      this.emit('drop', data);
      return this.#length < maxWrite;
    }
    this.#length += length;
    push(this.#queue, { bytes });
    if (!this.#isWriting && !this.#isOpening && this.#length >= minLength) this.#go();
    return this.#length < maxWrite;
  }

  /** Writes all that is there. @param {(error?: any) => void} [callback] */
  flush(callback = undefined) {
    if (callback !== undefined) requireFunction(callback, 'cb');
    if (this.#isDestroyed) {
      const error = nodeError(Error, 'ERR_INVALID_STATE', 'Invalid state: Utf8Stream is destroyed');
      if (callback === undefined) throw error;
      callback(error);
      return;
    }
    if (callback !== undefined) push(this.#flushes, callback);
    if (!this.#isWriting && !this.#isOpening) this.#go();
  }

  /** The same at once. */
  flushSync() {
    if (this.#isDestroyed) throw nodeError(Error, 'ERR_INVALID_STATE', 'Invalid state: Utf8Stream is destroyed');
    if (this.#fd < 0) throw nodeError(Error, 'ERR_INVALID_STATE', 'Invalid state: Utf8Stream is not ready');
    for (;;) {
      const piece = this.#take();
      if (piece === undefined) break;
      this.#writeNow(piece);
    }
    if (this.#settings.fsync) this.#fs.fsyncSync(this.#fd);
  }

  /** Closes the file, and opens it or another one. @param {string} [file] */
  reopen(file = this.#file) {
    if (this.#isDestroyed) throw nodeError(Error, 'ERR_INVALID_STATE', 'Invalid state: Utf8Stream is destroyed');
    if (this.#isOpening) {
      this.once('ready', () => this.reopen(file));
      return;
    }
    if (this.#isEnding) return;
    if (file === undefined)
      throw nodeError(Error, 'ERR_INVALID_STATE', 'Invalid state: Unable to reopen a file descriptor, you must pass a file to Utf8Stream');
    if (this.#fd >= 0) {
      const old = this.#fd;
      this.once('ready', () => {
        if (old !== this.#fd) this.#fs.close(old, (/** @type {any} */ error) => error && this.emit('error', error));
      });
    }
    this.#open(file);
  }

  /** Writes what is there, and closes. */
  end() {
    if (this.#isDestroyed) throw nodeError(Error, 'ERR_INVALID_STATE', 'Invalid state: Utf8Stream is destroyed');
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (!this.#isWriting && !this.#isOpening) this.#go();
  }

  /** Closes without that. */
  destroy() {
    if (this.#isDestroyed) return;
    this.#close();
  }

  [Symbol.dispose]() {
    this.destroy();
  }

  /** @param {string} file */
  #open(file) {
    this.#isOpening = true;
    const { append, mkdir, mode, sync } = this.#settings;
    const flags = append ? 'a' : 'w';
    const opened = (/** @type {any} */ error, /** @type {number} */ fd) => {
      this.#isOpening = false;
      if (error) {
        this.emit('error', error);
        return;
      }
      this.#fd = fd;
      this.#file = file;
      this.emit('ready');
      if (this.#isDestroyed) return;
      if (this.#length > this.#settings.minLength || this.#isEnding || this.#flushes.length > 0) this.#go();
    };
    if (sync) {
      try {
        if (mkdir) this.#fs.mkdirSync(loadPath().dirname(file), { recursive: true });
        const fd = this.#fs.openSync(file, flags, mode);
        this.#fd = fd;
        this.#file = file;
        this.#isOpening = false;
        nextTick(() => {
          this.emit('ready');
          if (!this.#isDestroyed && !this.#isWriting && this.#length > this.#settings.minLength) this.#go();
        });
      } catch (error) {
        opened(error, -1);
        throw error;
      }
      return;
    }
    const open = () => this.#fs.open(file, flags, mode, opened);
    if (!mkdir) open();
    else this.#fs.mkdir(loadPath().dirname(file), { recursive: true }, (/** @type {any} */ error) => (error ? opened(error, -1) : open()));
  }

  /** The next bytes, as many as one write may have. */
  #take() {
    if (this.#queue.length === 0) return undefined;
    const first = this.#queue[0].bytes;
    const { maxWrite } = this.#settings;
    if (viewByteLength(first) >= maxWrite || this.#queue.length === 1) return /** @type {any} */ (shift(this.#queue)).bytes;
    let length = 0;
    let count = 0;
    while (count < this.#queue.length && length + viewByteLength(this.#queue[count].bytes) <= maxWrite) {
      length += viewByteLength(this.#queue[count].bytes);
      count += 1;
    }
    const joined = new Uint8Array(length);
    let place = 0;
    for (let index = 0; index < count; index += 1) {
      const { bytes } = /** @type {any} */ (shift(this.#queue));
      setBytes(joined, bytes, place);
      place += viewByteLength(bytes);
    }
    return joined;
  }

  /** @param {Uint8Array} bytes */
  #writeNow(bytes) {
    let left = bytes;
    while (viewByteLength(left) > 0) {
      try {
        const written = this.#fs.writeSync(this.#fd, left);
        this.#length -= written;
        left = subarray(left, written);
      } catch (error) {
        if (!this.#mayRetry(error, left)) throw error;
      }
    }
    this.emit('write', viewByteLength(bytes));
  }

  /** @param {any} error @param {Uint8Array} left */
  #mayRetry(error, left) {
    return (error?.code === 'EAGAIN' || error?.code === 'EBUSY') && this.#settings.retryEAGAIN(error, viewByteLength(left), this.#length);
  }

  /** Writes piece by piece until nothing is left. */
  #go() {
    let bytes = this.#take();
    if (bytes !== undefined && !this.#settings.sync) {
      this.#isWriting = true;
      this.#writeLater(bytes, viewByteLength(bytes));
      return;
    }
    try {
      for (; bytes !== undefined; bytes = this.#take()) this.#writeNow(bytes);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#rest();
  }

  /** @param {Uint8Array} bytes @param {number} whole */
  #writeLater(bytes, whole) {
    this.#fs.write(this.#fd, bytes, (/** @type {any} */ error, /** @type {number} */ written) => {
      if (error) {
        if (this.#mayRetry(error, bytes)) setTimeout(() => this.#writeLater(bytes, whole), 100);
        else this.#fail(error);
        return;
      }
      this.#length -= written;
      if (written < viewByteLength(bytes)) {
        this.#writeLater(subarray(bytes, written), whole);
        return;
      }
      this.#isWriting = false;
      this.emit('write', whole);
      this.#go();
    });
  }

  /** @param {any} error */
  #fail(error) {
    this.#isWriting = false;
    this.#settle(error);
    this.emit('error', error);
  }

  /** @param {any} [error] */
  #settle(error = undefined) {
    const flushes = this.#flushes;
    this.#flushes = [];
    for (let index = 0; index < flushes.length; index += 1) flushes[index](error);
  }

  /** Nothing is left to write. */
  #rest() {
    const done = (/** @type {any} */ error) => {
      if (this.#flushes.length > 0) this.#settle(error ?? undefined);
      if (this.#isEnding && !this.#isEnded) {
        this.#isEnded = true;
        this.#close();
      } else {
        nextTick(() => this.emit('drain'));
      }
    };
    if (this.#settings.fsync && (this.#isEnding || this.#flushes.length > 0)) this.#fs.fsync(this.#fd, done);
    else done(undefined);
  }

  #close() {
    if (this.#isOpening) {
      this.once('ready', () => this.#close());
      return;
    }
    this.#isDestroyed = true;
    if (this.#timer !== undefined) clearInterval(this.#timer);
    this.#queue = [];
    this.#length = 0;
    const finish = (/** @type {any} */ error) => {
      if (error) {
        this.emit('error', error);
        return;
      }
      if (this.#isEnded) this.emit('finish');
      this.emit('close');
    };
    // Who writes to a standard stream does not close it.
    if (this.#fd === 1 || this.#fd === 2) nextTick(() => finish(undefined));
    else this.#fs.close(this.#fd, finish);
  }
}

module.exports = { Utf8Stream, useFunctions };
