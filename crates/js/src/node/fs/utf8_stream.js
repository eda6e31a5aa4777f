// `fs.Utf8Stream` (https://nodejs.org/api/fs.html#class-fsutf8stream): text for a file that is written in large pieces, for loggers. BOUNDED: by
// `maxLength`, beyond which what is written is dropped and told by the event `drop`.
//
// At most one write is under way. What it did not take (`#left`) goes before everything else; what comes meanwhile is gathered in pieces of at most
// `maxWrite`. When a write ends, `#ended` says what is next: more to write, another file, the end, or nothing (`drain`).
'use strict';

const { invalidType, nodeError } = require('node/errors');
const { requireBoolean, requireFunction, requireInteger, requireObject, requireOneOf } = require('node/arguments');
const EventEmitter = require('node/events/events');
const { nextTick } = require('node/process/ticks');
const { Buffer } = /** @type {any} */ (require('node/buffer/buffer'));
const { clearInterval, setInterval, setTimeout } = require('web/html/timers');
const { push, shift, unshift } = require('builtins/primordials');
const loadPath = () => require('node/path/path');
const { wait } = Atomics;

/** Those of `fs`. @type {any} */
let functions;
/** @param {any} all */
function useFunctions(all) {
  functions = all;
}

const mostWrite = 16 * 1024;
/** From so much on its writer is asked to wait. */
const much = 16387;
/** Milliseconds until a file that was busy is tried again. */
const pause = 100;

function sleep() {
  wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
}

/** @param {string} what */
const invalidState = (what) => nodeError(Error, 'ERR_INVALID_STATE', `Invalid state: ${what}`);

/** What is written, as text. */
const texts = {
  empty: '',
  /** @param {string} first @param {string} second */
  join: (first, second) => first + second,
  /** What is left when so many bytes were written. @param {string} text @param {number} bytes */
  rest(text, bytes) {
    const whole = Buffer.from(text);
    // A function of the program's own need not say how much it wrote.
    if (!(bytes < whole.length)) return '';
    // A character that was cut is written again as a whole.
    let end = bytes;
    while (end > 0 && (whole[end] & 0xc0) === 0x80) end -= 1;
    return whole.subarray(end).toString();
  },
};
/** The same as bytes. */
const buffers = {
  empty: Buffer.alloc(0),
  /** @param {any} first @param {any} second */
  join: (first, second) => Buffer.concat([first, second]),
  /** @param {any} buffer @param {number} bytes */
  rest: (buffer, bytes) => buffer.subarray(bytes),
};

class Utf8Stream extends EventEmitter {
  /** @type {any} */
  #kind;
  /** What is to be written after `#left`. @type {any[]} */
  #pieces = [];
  /** @type {any} */
  #left;
  /** How much both are. */
  #length = 0;
  #isWriting = false;
  #isOpening = false;
  #isReopening = false;
  #isEnding = false;
  #isDestroyed = false;
  #isFlushAsked = false;
  #isDrainTold = false;
  /** @type {any} */
  #timer;
  /** Functions that the program gave in the place of those of `fs`, and may change. @type {any} */
  #given;
  /** @type {any} */
  #settings;
  #fd = -1;
  /** @type {string | null} */
  #file = null;

  /** @param {any} [options] */
  constructor(options = {}) {
    requireObject(options, 'options');
    super();
    const { append = true, contentMode = 'utf8', dest, fsync = false, maxLength = 0, maxWrite = mostWrite, minLength = 0 } = options;
    const { mkdir = false, mode, periodicFlush = 0, sync = false, retryEAGAIN = () => true } = options;
    const fd = options.fd ?? dest;
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
    if (typeof fd !== 'number' && typeof fd !== 'string') throw invalidType('options.fd', ['number', 'string'], fd);
    if (minLength >= maxWrite) {
      throw nodeError(RangeError, 'ERR_INVALID_ARG_VALUE', `minLength should be smaller than maxWrite (${maxWrite})`);
    }
    this.#given = options.fs;
    this.#settings = {
      append,
      contentMode,
      fsync,
      maxLength,
      maxWrite,
      minLength: minLength || 0,
      mkdir,
      mode,
      periodicFlush,
      sync,
      retryEAGAIN,
    };
    this.#kind = contentMode === 'utf8' ? texts : buffers;
    this.#left = this.#kind.empty;
    if (typeof fd === 'number') {
      this.#fd = fd;
      nextTick(() => this.emit('ready'));
    } else {
      this.#open(fd);
    }
    this.on('newListener', (/** @type {any} */ name) => {
      if (name === 'drain') this.#isDrainTold = false;
    });
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
    if (this.#isDestroyed) throw invalidState('Utf8Stream is destroyed');
    const given = this.#kind === texts ? data : typeof data === 'string' ? Buffer.from(data) : data;
    if (this.#kind === texts ? typeof given !== 'string' : !Buffer.isBuffer(given)) {
      throw invalidType('data', this.#kind === texts ? 'string' : ['string', 'Buffer'], data);
    }
    const { maxLength, maxWrite, minLength } = this.#settings;
    if (maxLength > 0 && this.#length + given.length > maxLength) {
      this.emit('drop', data);
      return this.#length < much;
    }
    const last = this.#pieces.length - 1;
    if (last < 0 || this.#pieces[last].length + given.length > maxWrite) push(this.#pieces, given);
    else this.#pieces[last] = this.#kind.join(this.#pieces[last], given);
    this.#length += given.length;
    if (!this.#isWriting && this.#length >= minLength) this.#write();
    return this.#length < much;
  }

  /** Writes what is there although it is less than `minLength`, and tells when it has reached the disk. @param {((error?: any) => void) | null} [callback] */
  flush(callback = undefined) {
    if (callback !== undefined && callback !== null) requireFunction(callback, 'cb');
    if (this.#isDestroyed) {
      const error = invalidState('Utf8Stream is destroyed');
      if (!callback) throw error;
      callback(error);
      return;
    }
    if (this.#settings.minLength <= 0) {
      callback?.();
      return;
    }
    if (callback) this.#tellWhenDrained(callback);
    if (this.#isWriting) return;
    if (this.#pieces.length === 0) push(this.#pieces, this.#kind.empty);
    this.#write();
  }

  /** Writes all at once, on this thread. */
  flushSync() {
    if (this.#isDestroyed) throw invalidState('Utf8Stream is destroyed');
    if (this.#fd < 0) throw invalidState('Invalid file descriptor');
    if (!this.#isWriting && this.#left.length > 0) {
      unshift(this.#pieces, this.#left);
      this.#left = this.#kind.empty;
    }
    let piece = this.#kind.empty;
    while (this.#pieces.length > 0 || piece.length > 0) {
      if (piece.length === 0) piece = shift(this.#pieces);
      try {
        piece = this.#without(piece, this.#writeNow(piece));
      } catch (error) {
        if (!isBusy(error) || !this.#settings.retryEAGAIN(error, piece.length, this.#length - piece.length)) {
          unshift(this.#pieces, piece);
          throw error;
        }
        sleep();
      }
    }
    try {
      this.#f('fsyncSync')(this.#fd);
    } catch {
      // Not every descriptor can be told to reach a disk.
    }
  }

  /** Opens the file once more, where it was moved away, or another one. @param {string} [file] */
  reopen(file = undefined) {
    if (this.#isDestroyed) throw invalidState('Utf8Stream is destroyed');
    if (this.#isOpening) {
      this.once('ready', () => this.reopen(file));
      return;
    }
    if (this.#isEnding) return;
    if (this.#file === null) throw invalidState('Unable to reopen a file descriptor, you must pass a file to SonicBoom');
    if (file) this.#file = file;
    this.#isReopening = true;
    if (this.#isWriting) return;
    const old = this.#fd;
    this.once('ready', () => {
      if (old !== this.#fd) this.#f('close')(old, (/** @type {any} */ error) => error && this.emit('error', error));
    });
    this.#open(this.#file);
  }

  /** Writes what is there, and closes. */
  end() {
    if (this.#isDestroyed) throw invalidState('Utf8Stream is destroyed');
    if (this.#isOpening) {
      this.once('ready', () => this.end());
      return;
    }
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#isWriting) return;
    if (this.#length > 0 && this.#fd >= 0) this.#write();
    else this.#close();
  }

  /** Closes without that. */
  destroy() {
    if (!this.#isDestroyed) this.#close();
  }

  [Symbol.dispose]() {
    this.destroy();
  }

  /** @param {string} name @returns {(...given: any[]) => any} */
  #f(name) {
    return this.#given?.[name] ?? functions[name];
  }

  /** @param {string} file */
  #open(file) {
    this.#isOpening = true;
    this.#isWriting = true;
    this.#isDrainTold = false;
    const { append, mkdir, mode, sync } = this.#settings;
    const flags = append ? 'a' : 'w';
    const opened = (/** @type {any} */ error, /** @type {number} */ fd) => {
      this.#isReopening = false;
      this.#isOpening = false;
      this.#isWriting = false;
      if (error) {
        if (!sync) this.emit('error', error);
        else nextTick(() => this.listenerCount('error') > 0 && this.emit('error', error));
        return;
      }
      this.#fd = fd;
      this.#file = file;
      if (sync) nextTick(() => this.emit('ready'));
      else this.emit('ready');
      if (this.#isDestroyed) return;
      if ((!this.#isWriting && this.#length > this.#settings.minLength) || this.#isFlushAsked) this.#write();
    };
    if (sync) {
      /** @type {number} */
      let fd;
      try {
        if (mkdir) this.#f('mkdirSync')(loadPath().dirname(file), { recursive: true });
        fd = this.#f('openSync')(file, flags, mode);
      } catch (error) {
        opened(error, -1);
        throw error;
      }
      opened(null, fd);
      return;
    }
    const open = () => this.#f('open')(file, flags, mode, opened);
    if (!mkdir) open();
    else
      this.#f('mkdir')(loadPath().dirname(file), { recursive: true }, (/** @type {any} */ error) => (error ? opened(error, -1) : open()));
  }

  /** @param {(error?: any) => void} callback */
  #tellWhenDrained(callback) {
    this.#isFlushAsked = true;
    const told = (/** @type {any} */ error) => {
      this.#isFlushAsked = false;
      callback(error);
    };
    const onError = (/** @type {any} */ error) => {
      this.removeListener('drain', onDrain);
      told(error);
    };
    const onDrain = () => {
      this.removeListener('error', onError);
      if (this.#settings.fsync) told(undefined);
      // What closed meanwhile has been told to reach the disk.
      else this.#f('fsync')(this.#fd, (/** @type {any} */ error) => told(error?.code === 'EBADF' ? undefined : error));
    };
    this.once('drain', onDrain);
    this.once('error', onError);
  }

  /** What is left of a piece of which so much was written. @param {any} piece @param {number} bytes */
  #without(piece, bytes) {
    const rest = this.#kind.rest(piece, bytes);
    this.#length -= piece.length - rest.length;
    return rest;
  }

  /** @param {any} piece @returns {number} */
  #writeNow(piece) {
    return this.#kind === texts ? this.#f('writeSync')(this.#fd, piece, 'utf8') : this.#f('writeSync')(this.#fd, piece);
  }

  #write() {
    this.#isWriting = true;
    if (this.#left.length === 0) this.#left = shift(this.#pieces) ?? this.#kind.empty;
    if (this.#settings.sync) {
      /** @type {number} */
      let written;
      try {
        written = this.#writeNow(this.#left);
      } catch (error) {
        this.#failed(error);
        return;
      }
      this.#wrote(written);
      return;
    }
    const done = (/** @type {any} */ error, /** @type {number} */ written) => (error ? this.#failed(error) : this.#wrote(written));
    if (this.#kind === texts) this.#f('write')(this.#fd, this.#left, 'utf8', done);
    else this.#f('write')(this.#fd, this.#left, done);
  }

  /** @param {any} error */
  #failed(error) {
    if (isBusy(error) && this.#settings.retryEAGAIN(error, this.#left.length, this.#length - this.#left.length)) {
      if (this.#settings.sync) {
        sleep();
        this.#write();
      } else {
        // Within the time that a busy pipe needs.
        setTimeout(() => this.#write(), pause);
      }
      return;
    }
    this.#isWriting = false;
    this.emit('error', error);
  }

  /** @param {number} written */
  #wrote(written) {
    this.emit('write', written);
    this.#left = this.#without(this.#left, written);
    if (this.#left.length > 0) {
      this.#write();
      return;
    }
    if (this.#settings.fsync) this.#f('fsyncSync')(this.#fd);
    this.#next();
  }

  /** A write has ended. */
  #next() {
    if (this.#isReopening) {
      this.#isWriting = false;
      this.#isReopening = false;
      this.reopen();
    } else if (this.#length > this.#settings.minLength) {
      this.#write();
    } else if (this.#isEnding) {
      if (this.#length > 0) {
        this.#write();
        return;
      }
      this.#isWriting = false;
      this.#close();
    } else {
      this.#isWriting = false;
      if (!this.#settings.sync) {
        this.emit('drain');
      } else if (!this.#isDrainTold) {
        this.#isDrainTold = true;
        nextTick(() => {
          if (this.listenerCount('drain') === 0) return;
          this.#isDrainTold = false;
          this.emit('drain');
        });
      }
    }
  }

  #close() {
    if (this.#fd === -1) {
      this.once('ready', () => this.#close());
      return;
    }
    if (this.#timer !== undefined) clearInterval(this.#timer);
    this.#isDestroyed = true;
    this.#pieces = [];
    const done = (/** @type {any} */ error) => {
      if (error) {
        this.emit('error', error);
        return;
      }
      if (this.#isEnding && !this.#isWriting) this.emit('finish');
      this.emit('close');
    };
    const close = () => {
      // Who writes to a standard stream does not close it.
      if (this.#fd === 1 || this.#fd === 2) nextTick(done);
      else this.#f('close')(this.#fd, done);
    };
    try {
      this.#f('fsync')(this.#fd, close);
    } catch {
      // As above: not every descriptor can.
    }
  }
}

/** @param {any} error */
const isBusy = (error) => error?.code === 'EAGAIN' || error?.code === 'EBUSY';

module.exports = { Utf8Stream, useFunctions };
