// Streams of files (https://nodejs.org/api/fs.html#class-fsreadstream): `createReadStream`, `createWriteStream` and their classes. One operation
// of a descriptor is under way at a time, so closing waits for it.
'use strict';

const { codedError } = require('builtins/coded_error');
const { invalidType, notImplemented, outOfRange } = require('node/errors');
const { requireBoolean, requireFunction, requireInteger, requireSignal } = require('node/arguments');
const { nextTick } = require('node/process/ticks');
const { withCallback } = require('node/fs/callbacks');
const { operations } = require('node/fs/operations');
const { toEncoding, toPath } = require('node/fs/values');
const Stream = /** @type {any} */ (require('node/stream/module'));
const { apply, defineProperties, forEach, hasInstance, min, push, reduce, setPrototypeOf, then } = require('builtins/primordials');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadWarnings = () => require('node/process/warnings');

const { Readable, Writable, finished } = Stream;
/** @type {any} */
const { errorOrDestroy } = require('node/stream/internal/streams/destroy');
const most = 2 ** 53 - 1;
const isBusy = Symbol('an operation of the descriptor is under way');
const whenIdle = Symbol('what waits for its end');
const handle = Symbol('the FileHandle that owns the descriptor');
const functionsOf = Symbol('the functions that do the work');

/** The functions that do the work: those of `fs`, which programs patch, unless the option `fs` has others. @type {any} */
let usual = {};
forEach(['open', 'read', 'write', 'writev', 'close', 'fsync'], (name) => {
  usual[name] = (/** @type {any[]} */ ...given) => withCallback(name, operations[name], given);
});

/** Tells this file of `fs`, which stands above it. @param {any} functions */
function useFunctions(functions) {
  usual = functions;
}

/** @param {any} options @param {any} preset */
function copyOptions(options, preset) {
  if (options === undefined || options === null) return { ...preset };
  if (typeof options === 'string') options = { encoding: options };
  if (typeof options !== 'object') throw invalidType('options', ['string', 'Object'], options);
  const taken = { ...preset };
  // Also what the options inherit.
  for (const name in options) taken[name] = options[name];
  toEncoding(taken);
  if (taken.signal !== undefined) requireSignal(taken.signal, 'options.signal');
  return taken;
}

/** @param {any} stream @param {string[]} names of functions that are called @param {any} options */
function takeFunctions(stream, names, options) {
  const given = options.fs;
  if (given !== undefined && given !== null) {
    if (stream[handle] !== undefined) throw notImplemented('FileHandle with fs');
    for (let index = 0; index < names.length; index += 1) requireFunction(given[names[index]], `options.fs.${names[index]}`);
  }
  stream[functionsOf] = stream[handle] === undefined ? (given ?? usual) : functionsOfHandle(stream[handle]);
}

/** What does the work of a FileHandle: its own methods, which programs watch. @param {any} owner */
function functionsOfHandle(owner) {
  /** @param {string} name @param {string} count */
  const method =
    (name, count) =>
    (/** @type {any[]} */ ...given) => {
      const callback = given[given.length - 1];
      then(
        owner[name](given[1], given[2], given[3], given[4]),
        (result) => nextTick(callback, null, result[count], given[1]),
        (error) => nextTick(callback, error),
      );
    };
  const writev = (/** @type {any} */ _, /** @type {any} */ buffers, /** @type {any} */ position, /** @type {Function} */ callback) =>
    then(
      owner.writev(buffers, position),
      (result) => nextTick(callback, null, result.bytesWritten, buffers),
      (error) => nextTick(callback, error),
    );
  const fsync = (/** @type {any} */ _, /** @type {Function} */ callback) =>
    then(
      owner.sync(),
      () => nextTick(callback, null),
      (error) => nextTick(callback, error),
    );
  return { read: method('read', 'bytesRead'), write: method('write', 'bytesWritten'), writev, fsync };
}

/** Takes the descriptor or the FileHandle of the options. @param {any} stream @param {any} options @param {any} path */
function takeTarget(stream, options, path) {
  const { fd } = options;
  if (fd === undefined || fd === null) {
    stream.fd = null;
    stream.path = toPath(path);
    return;
  }
  if (path !== undefined && path !== null) stream.path = toPath(path);
  if (typeof fd === 'number') {
    requireInteger(fd, 'fd', 0, 2 ** 31 - 1);
    stream.fd = fd;
    return;
  }
  if (typeof fd !== 'object' || typeof fd.fd !== 'number') throw invalidType('fd', ['number', 'FileHandle'], fd);
  stream[handle] = fd;
  stream.fd = fd.fd;
  fd.once?.('close', () => stream.close());
}

/** @param {any} options @param {string} name */
function requirePlace(options, name) {
  requireInteger(options[name], name, 0, most);
}

/**
 * @this {any}
 * @param {any} path
 * @param {any} [options]
 */
function ReadStream(path, options) {
  if (!hasInstance(ReadStream, this)) return new /** @type {any} */ (ReadStream)(path, options);
  const taken = copyOptions(options, { highWaterMark: 64 * 1024, emitClose: true, autoDestroy: true });
  if (taken.autoClose === false) taken.autoDestroy = false;
  takeTarget(this, taken, path);
  takeFunctions(this, this.fd === null ? ['open', 'read', 'close'] : ['read', 'close'], taken);
  this.flags = taken.flags ?? 'r';
  this.mode = taken.mode ?? 0o666;
  this.start = taken.start;
  this.end = taken.end ?? Number.POSITIVE_INFINITY;
  this.pos = undefined;
  this.bytesRead = 0;
  this[isBusy] = false;
  if (this.start !== undefined) {
    requirePlace(taken, 'start');
    this.pos = this.start;
  }
  if (this.end !== Number.POSITIVE_INFINITY) {
    requirePlace({ end: this.end }, 'end');
    if (this.start !== undefined && this.start > this.end) throw outOfRange('start', `<= "end" (here: ${this.end})`, this.start);
  }
  apply(Readable, this, [taken]);
  if (taken.encoding) this.setEncoding(taken.encoding);
}
setPrototypeOf(ReadStream.prototype, Readable.prototype);
setPrototypeOf(ReadStream, Readable);

/** @param {any} stream @param {Function} callback */
function construct(stream, callback) {
  if (typeof stream.fd === 'number') {
    callback();
    return;
  }
  if (stream.open !== open) {
    constructByOpen(stream, callback);
    return;
  }
  stream[functionsOf].open(stream.path, stream.flags, stream.mode, (/** @type {any} */ error, /** @type {number} */ descriptor) => {
    if (error) {
      callback(error);
      return;
    }
    stream.fd = descriptor;
    callback();
    // The stream is ready in the tick after the next: what a listener wrote before would be overtaken by what is written then.
    nextTick(nextTick, () => {
      stream.emit('open', descriptor);
      stream.emit('ready');
    });
  });
}

let isOpenSaid = false;

/** Nothing: a stream opens itself. Programs of old put a function of their own in its place, which emits `open` or `error`. */
function open() {
  if (isOpenSaid) return;
  isOpenSaid = true;
  const message = 'ReadStream.prototype.open() and WriteStream.prototype.open() are deprecated';
  loadWarnings().emitWarning(message, 'DeprecationWarning', 'DEP0135');
}

/** @param {any} stream @param {Function} callback */
function constructByOpen(stream, callback) {
  const { emit } = stream;
  stream.emit = (/** @type {any[]} */ ...given) => {
    if (given[0] === 'open') {
      stream.emit = emit;
      callback();
    } else if (given[0] === 'error') {
      stream.emit = emit;
      callback(given[1]);
      return false;
    }
    return apply(emit, stream, given);
  };
  stream.open();
}

/** @param {any} stream @param {boolean} busy */
function setBusy(stream, busy) {
  stream[isBusy] = busy;
  if (!busy && stream[whenIdle] !== undefined) stream[whenIdle]();
}

/** @param {any} stream @param {any} error @param {Function} callback */
function close(stream, error, callback) {
  const owner = stream[handle];
  if (typeof stream.fd !== 'number') {
    callback(error);
    return;
  }
  const descriptor = stream.fd;
  const done = (/** @type {any} */ failure) => callback(failure || error);
  if (owner === undefined) stream[functionsOf].close(descriptor, done);
  else then(owner.close(), () => done(undefined), done);
  stream.fd = null;
}

/** @param {any} stream @param {any} error @param {Function} callback */
function destroy(stream, error, callback) {
  if (!stream[isBusy]) {
    close(stream, error, callback);
    return;
  }
  stream[whenIdle] = () => {
    stream[whenIdle] = undefined;
    close(stream, error, callback);
  };
}

const pending = {
  /** @this {any} */
  get() {
    return this.fd === null;
  },
  configurable: true,
};

/** @param {Function} value */
const method = (value) => ({ value, writable: true, configurable: true });

defineProperties(ReadStream.prototype, {
  constructor: method(ReadStream),
  _construct: method(
    /** @this {any} @param {Function} callback */ function _construct(callback) {
      construct(this, callback);
    },
  ),
  _read: method(
    /** @this {any} @param {number} size */ function _read(size) {
      const left = this.pos === undefined ? this.end - this.bytesRead + 1 : this.end - this.pos + 1;
      const length = min(left, size);
      if (length <= 0) {
        this.push(null);
        return;
      }
      const bytes = loadBuffer().Buffer.allocUnsafeSlow(length);
      setBusy(this, true);
      this[functionsOf].read(this.fd, bytes, 0, length, this.pos ?? null, (/** @type {any} */ error, /** @type {number} */ count) => {
        setBusy(this, false);
        if (this.destroyed) return;
        if (error) {
          errorOrDestroy(this, error);
          return;
        }
        if (count === 0) {
          this.push(null);
          return;
        }
        if (this.pos !== undefined) this.pos += count;
        this.bytesRead += count;
        // What was read of a small file keeps no large buffer alive.
        this.push(
          count === length ? bytes : count * 2 < length ? loadBuffer().Buffer.from(bytes.subarray(0, count)) : bytes.subarray(0, count),
        );
      });
    },
  ),
  _destroy: method(
    /** @this {any} @param {any} error @param {Function} callback */ function _destroy(error, callback) {
      destroy(this, error, callback);
    },
  ),
  close: method(
    /** @this {any} @param {Function} [callback] */ function close(callback) {
      if (callback) finished(this, callback);
      this.destroy();
    },
  ),
  open: method(open),
  pending,
});

/**
 * @this {any}
 * @param {any} path
 * @param {any} [options]
 */
function WriteStream(path, options) {
  if (!hasInstance(WriteStream, this)) return new /** @type {any} */ (WriteStream)(path, options);
  const taken = copyOptions(options, { emitClose: true, autoDestroy: true, decodeStrings: true });
  if (taken.autoClose === false) taken.autoDestroy = false;
  takeTarget(this, taken, path);
  takeFunctions(this, writingFunctions(taken.fs, this.fd === null), taken);
  // Either is enough.
  if (this[functionsOf].write === undefined) this._write = null;
  if (this[functionsOf].writev === undefined) this._writev = null;
  this.flags = taken.flags ?? 'w';
  this.mode = taken.mode ?? 0o666;
  this.flush = taken.flush ?? false;
  requireBoolean(this.flush, 'options.flush');
  this.start = taken.start;
  this.pos = undefined;
  this.bytesWritten = 0;
  this[isBusy] = false;
  if (this.start !== undefined) {
    requirePlace(taken, 'start');
    this.pos = this.start;
  }
  apply(Writable, this, [taken]);
  if (taken.encoding) this.setDefaultEncoding(taken.encoding);
}
setPrototypeOf(WriteStream.prototype, Writable.prototype);
setPrototypeOf(WriteStream, Writable);

/** The functions that a program's own `fs` must have. @param {any} given @param {boolean} isClosed */
function writingFunctions(given, isClosed) {
  const names = isClosed ? ['open', 'close'] : ['close'];
  if (given?.write !== undefined || given?.writev === undefined) push(names, 'write');
  if (given?.writev !== undefined) push(names, 'writev');
  return names;
}

const mostRetries = 5;

/**
 * Writes all of `bytes`: the system may take less at a time.
 * @param {any} stream @param {any} bytes @param {(error?: any) => void} done @param {number} [retries] how often it took nothing
 */
function writeAll(stream, bytes, done, retries = 0) {
  stream[functionsOf].write(
    stream.fd,
    bytes,
    0,
    bytes.length,
    stream.pos ?? null,
    (/** @type {any} */ failure, /** @type {number} */ written) => {
      const isFull = failure?.code === 'EAGAIN';
      const error = isFull ? null : failure;
      const count = isFull ? 0 : written;
      if (error || stream.destroyed) {
        done(error || codedError(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'));
        return;
      }
      stream.bytesWritten += count;
      if (stream.pos !== undefined) stream.pos += count;
      if (count === bytes.length) done();
      else if (count === 0 && retries === mostRetries) done(failure ?? codedError(Error, 'EAGAIN', 'the file takes nothing more'));
      else writeAll(stream, bytes.subarray(count), done, count === 0 ? retries + 1 : 0);
    },
  );
}

/** The same with several pieces at once. @param {any} stream @param {any[]} chunks @param {(error?: any) => void} done */
function writeAllOf(stream, chunks, done) {
  const total = reduce(chunks, (sum, chunk) => sum + chunk.length, 0);
  stream[functionsOf].writev(stream.fd, chunks, stream.pos ?? null, (/** @type {any} */ error, /** @type {number} */ count) => {
    if (error) {
      done(error);
      return;
    }
    stream.bytesWritten += count;
    if (stream.pos !== undefined) stream.pos += count;
    if (count === total) done();
    else if (stream.destroyed) done(error);
    else writeAllOf(stream, [loadBuffer().Buffer.concat(chunks).subarray(count)], done);
  });
}

/** @param {any} stream @param {any} bytes @param {Function} callback */
function writeBytes(stream, bytes, callback) {
  setBusy(stream, true);
  writeAll(stream, bytes, (error) => {
    setBusy(stream, false);
    if (stream.destroyed && !error) return callback(error);
    callback(error);
  });
}

defineProperties(WriteStream.prototype, {
  constructor: method(WriteStream),
  _construct: method(
    /** @this {any} @param {Function} callback */ function _construct(callback) {
      construct(this, callback);
    },
  ),
  _write: method(
    /** @this {any} @param {any} chunk @param {any} _encoding @param {Function} callback */ function _write(chunk, _encoding, callback) {
      writeBytes(this, chunk, callback);
    },
  ),
  _writev: method(
    /** @this {any} @param {any[]} entries @param {Function} callback */ function _writev(entries, callback) {
      /** @type {any[]} */
      const chunks = [];
      for (let index = 0; index < entries.length; index += 1) chunks[index] = entries[index].chunk;
      setBusy(this, true);
      writeAllOf(this, chunks, (/** @type {any} */ error) => {
        setBusy(this, false);
        callback(error);
      });
    },
  ),
  _final: method(
    /** @this {any} @param {Function} callback */ function _final(callback) {
      if (this.flush && typeof this.fd === 'number') this[functionsOf].fsync(this.fd, callback);
      else callback();
    },
  ),
  _destroy: method(
    /** @this {any} @param {any} error @param {Function} callback */ function _destroy(error, callback) {
      destroy(this, error, callback);
    },
  ),
  close: method(
    /** @this {any} @param {Function} [callback] */ function close(callback) {
      if (callback) {
        if (this.closed) {
          nextTick(callback);
          return;
        }
        this.on('close', callback);
      }
      if (!this.autoClose) this.on('finish', this.destroy);
      this.end();
    },
  ),
  open: method(open),
  destroySoon: method(
    /** @this {any} */ function destroySoon() {
      this.end();
    },
  ),
  pending,
});
const autoClose = {
  /** @this {any} */
  get() {
    const state = this?._readableState ?? this?._writableState;
    if (state === undefined) throw codedError(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type ReadStream or WriteStream');
    return state.autoDestroy;
  },
  /** @this {any} @param {boolean} value */
  set(value) {
    (this._readableState ?? this._writableState).autoDestroy = value;
  },
  configurable: true,
};
defineProperties(ReadStream.prototype, { autoClose });
defineProperties(WriteStream.prototype, { autoClose });

/** @param {any} path @param {any} [options] */
function createReadStream(path, options) {
  return new /** @type {any} */ (ReadStream)(path, options);
}

/** @param {any} path @param {any} [options] */
function createWriteStream(path, options) {
  return new /** @type {any} */ (WriteStream)(path, options);
}

module.exports = { ReadStream, WriteStream, createReadStream, createWriteStream, useFunctions };
