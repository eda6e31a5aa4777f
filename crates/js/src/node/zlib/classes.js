// The streams of `node:zlib` (https://nodejs.org/api/zlib.html#class-zlibzlibbase): transforms over the coders, which work on the blocking pool. A
// piece of input may become many of output: each is at most `chunkSize`, and the next is made when the reader wants it.
'use strict';

const { invalidType, outOfRange } = require('node/errors');
const { emitWarning } = require('node/process/warnings');
const { nextTick } = require('node/process/ticks');
const { bytesOf } = require('builtins/webidl');
const { constants } = require('node/zlib/constants');
const { coded, inRange, isDecoder, settingsOf, tooLarge, trailingJunk, unexpectedEnd } = require('node/zlib/settings');
const { apply, defineProperty, hasInstance, isView, setBytes, setPrototypeOf, subarray, then } = require('builtins/primordials');
const { coderEnd, coderLevel, coderReset, coderRun, coderStep } = ops;
const Stream = /** @type {any} */ (require('node/stream/module'));
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

const { Transform, finished } = Stream;
const own = Symbol('the coder and its settings');
const { Uint32Array } = globalThis;
/** What a chunk without bytes asks for. */
const flushKind = Symbol('the kind of a flush');

/**
 * @this {any} @param {number} mode @param {any} options
 */
function ZlibBase(mode, options) {
  const settings = settingsOf(mode, options);
  apply(Transform, this, [{ autoDestroy: true, ...options }]);
  this[own] = { settings, isOver: false, total: 0 };
  this.bytesWritten = 0;
  this._chunkSize = settings.chunkSize;
  this._level = settings.level;
  this._strategy = settings.strategy;
  this._mode = mode;
  this._info = options?.info;
  this._defaultFlushFlag = settings.flush;
  this._finishFlushFlag = settings.finishFlush;
  this._defaultFullFlushFlag = settings.fullFlush;
  this._maxOutputLength = settings.maxOutputLength;
}
setPrototypeOf(ZlibBase.prototype, Transform.prototype);
setPrototypeOf(ZlibBase, Transform);

defineProperty(ZlibBase.prototype, '_closed', {
  /** @this {any} */
  get() {
    return this.destroyed;
  },
  configurable: true,
});
/** What packages of old reach for behind a stream: they save it, replace its `close`, put it back. @param {any} stream */
function handleOf(stream) {
  return {
    close() {
      stream[own].settings = null;
    },
    /**
     * So much of `input` as fills so much of `output`; what is left of both stands in `_writeState` then.
     * @param {number} flush @param {any} input @param {number} inputAt @param {number} inputLength @param {any} output @param {number} outputAt
     * @param {number} outputLength
     */
    writeSync(flush, input, inputAt, inputLength, output, outputAt, outputLength) {
      const { settings } = stream[own];
      if (settings === null) throw new Error('zlib binding closed');
      const given = input ? subarray(bytesOf(input), inputAt, inputAt + inputLength) : loadBuffer().Buffer.alloc(0);
      try {
        const result = coderStep(settings.coder, given, flush, outputLength, true);
        setBytes(output, result[0], outputAt);
        stream._writeState[0] = outputLength - result[0].length;
        stream._writeState[1] = inputLength - result[1];
      } catch (error) {
        throw coded(settings.mode, error);
      }
    },
  };
}

/** A property that is made when it is first asked for, and is the stream's own then. @param {string} name @param {(stream: any) => any} make */
function lazily(name, make) {
  /** @param {any} stream @param {any} value */
  const keep = (stream, value) => {
    defineProperty(stream, name, { value, writable: true, enumerable: true, configurable: true });
    return value;
  };
  defineProperty(ZlibBase.prototype, name, {
    /** @this {any} */
    get() {
      return this[own] === undefined ? undefined : keep(this, make(this));
    },
    /** @this {any} @param {any} value */
    set(value) {
      keep(this, value);
    },
    configurable: true,
  });
}
lazily('_handle', (stream) => (stream[own].settings === null ? null : handleOf(stream)));
lazily('_writeState', () => new Uint32Array(2));
lazily('_outBuffer', (stream) => loadBuffer().Buffer.allocUnsafe(stream._chunkSize));
lazily('_outOffset', () => 0);

ZlibBase.prototype.reset = /** @this {any} */ function reset() {
  const state = this[own];
  if (state.settings === null) throw new Error('zlib binding closed');
  state.isOver = false;
  coderReset(state.settings.coder);
};

/** @param {(error?: any) => void} callback */
ZlibBase.prototype._flush = /** @this {any} */ function _flush(callback) {
  this._transform(loadBuffer().Buffer.alloc(0), '', callback);
};
/** @param {(error?: any) => void} callback */
ZlibBase.prototype._final = /** @this {any} */ function _final(callback) {
  callback();
};

/** @param {any} kind @param {any} [callback] */
ZlibBase.prototype.flush = /** @this {any} */ function flush(kind, callback) {
  let wanted = kind;
  let told = callback;
  if (typeof kind === 'function' || (kind === undefined && !callback)) {
    told = kind;
    wanted = this._defaultFullFlushFlag;
  }
  if (this.writableFinished) {
    if (told) nextTick(told);
  } else if (this.writableEnded) {
    if (told) this.once('end', told);
  } else {
    const empty = loadBuffer().Buffer.alloc(0);
    empty[flushKind] = wanted;
    this.write(empty, '', told);
  }
};

/** @param {any} [callback] */
ZlibBase.prototype.close = /** @this {any} */ function close(callback) {
  if (callback) finished(this, callback);
  this.destroy();
};

/** @param {any} error @param {(error?: any) => void} callback */
ZlibBase.prototype._destroy = /** @this {any} */ function _destroy(error, callback) {
  const { settings } = this[own];
  if (settings) coderEnd(settings.coder);
  this[own].settings = null;
  this._handle = null;
  callback(error);
};

/** @param {any} chunk @param {string} _encoding @param {(error?: any) => void} callback */
ZlibBase.prototype._transform = /** @this {any} */ function _transform(chunk, _encoding, callback) {
  if (!isView(chunk)) throw invalidType('chunk', ['string', 'Buffer', 'TypedArray', 'DataView'], chunk);
  const kind = /** @type {any} */ (chunk)[flushKind];
  let flush = this._defaultFlushFlag;
  if (typeof kind === 'number') flush = kind;
  // The last chunk finishes the stream.
  if (this.writableEnded && this.writableLength === chunk.byteLength) flush = strongest(this, flush);
  work(this, bytesOf(chunk), flush, callback);
};

/** @param {any} stream @param {number} flush */
function strongest(stream, flush) {
  const order = stream._mode <= constants.UNZIP ? [0, 1, 2, 3, 5, 4] : [0, 1, 3, 2];
  const finish = stream._finishFlushFlag;
  let [a, b] = [0, 0];
  for (let index = 0; index < order.length; index += 1) {
    if (order[index] === flush) a = index;
    if (order[index] === finish) b = index;
  }
  return a > b ? flush : finish;
}

/** Has the coder work on one chunk, a piece of output at a time. @param {any} stream @param {any} input @param {number} flush @param {(error?: any) => void} callback */
function work(stream, input, flush, callback) {
  const state = stream[own];
  const { settings } = state;
  if (settings === null) {
    callback();
    return;
  }
  if (state.isOver && input.length > 0 && settings.mode !== constants.GUNZIP && settings.mode !== constants.UNZIP) {
    trailing(stream, callback);
    return;
  }
  // In a tick of their own, so that what listeners throw is an uncaught exception and not a rejection.
  then(
    coderStep(settings.coder, input, flush, stream._chunkSize, false),
    (result) => nextTick(() => came(stream, input, flush, callback, result)),
    (error) => nextTick(() => fail(stream, coded(settings.mode, error))),
  );
}

/** @param {any} stream @param {any} error */
function fail(stream, error) {
  if (!stream.destroyed) stream.destroy(error);
}

/** What comes after the end of a stream is nobody's, or a fault. @param {any} stream @param {(error?: any) => void} callback */
function trailing(stream, callback) {
  if (stream[own].settings.rejectGarbage) fail(stream, trailingJunk());
  else {
    stream.push(null);
    callback();
  }
}

/** @param {any} stream @param {any} input @param {number} flush @param {(error?: any) => void} callback @param {CoderResult} result */
function came(stream, input, flush, callback, result) {
  const state = stream[own];
  const { settings } = state;
  if (stream.destroyed || settings === null) {
    callback();
    return;
  }
  const [output, read, more, isAtEnd] = [result[0], result[1], result[2], result[3]];
  stream.bytesWritten += read;
  state.isOver = isAtEnd;
  let wantsMore = true;
  if (output.length > 0) {
    state.total += output.length;
    if (state.total > settings.maxOutputLength) {
      fail(stream, tooLarge(settings.maxOutputLength));
      return;
    }
    wantsMore = stream.push(loadBuffer().wrap(output));
    if (stream.destroyed) {
      callback();
      return;
    }
  }
  const rest = subarray(input, read);
  if (more || (rest.length > 0 && !isAtEnd && (read > 0 || output.length > 0))) {
    if (wantsMore) work(stream, rest, flush, callback);
    else later(stream, rest, flush, callback);
    return;
  }
  if (isAtEnd && rest.length > 0 && isDecoder(settings.mode)) {
    trailing(stream, callback);
    return;
  }
  const finish = settings.mode <= constants.UNZIP ? constants.Z_FINISH : 2;
  if (!isAtEnd && flush === finish && isDecoder(settings.mode) && !(settings.mode > constants.UNZIP && stream.bytesWritten === 0)) {
    fail(stream, unexpectedEnd());
    return;
  }
  callback();
}

/** Goes on when the reader wants more. @param {any} stream @param {any} rest @param {number} flush @param {(error?: any) => void} callback */
function later(stream, rest, flush, callback) {
  const usual = stream._read;
  stream._read = () => {
    stream._read = usual;
    work(stream, rest, flush, callback);
  };
}

/** One chunk at once, as old packages do it. @param {any} chunk @param {number} flush @param {any} [callback] */
ZlibBase.prototype._processChunk = /** @this {any} */ function _processChunk(chunk, flush, callback) {
  if (typeof callback === 'function') {
    work(this, bytesOf(chunk), flush, callback);
    return undefined;
  }
  const { settings } = this[own];
  if (settings === null) throw new Error('zlib binding closed');
  try {
    const result = coderRun(settings.coder, bytesOf(chunk), flush, settings.maxOutputLength, true);
    this.bytesWritten += result[1];
    if (result[0].length > settings.maxOutputLength) throw tooLarge(settings.maxOutputLength);
    return loadBuffer().wrap(result[0]);
  } catch (error) {
    throw coded(settings.mode, error);
  }
};

/** The streams of zlib itself. @this {any} @param {any} options @param {number} mode */
function Zlib(options, mode) {
  apply(ZlibBase, this, [mode, options]);
}
setPrototypeOf(Zlib.prototype, ZlibBase.prototype);
setPrototypeOf(Zlib, ZlibBase);

/** @param {any} level @param {any} strategy @param {(error?: any) => void} callback */
Zlib.prototype.params = /** @this {any} */ function params(level, strategy, callback) {
  if (level === undefined) throw outOfRange('level', '>= -1 and <= 9', level);
  inRange(level, 'level', -1, 9, -1);
  inRange(strategy, 'strategy', 0, 4, 0);
  if (this._level === level && this._strategy === strategy) {
    nextTick(callback);
    return;
  }
  // What was written before has the old level. The strategy stays: the library cannot change it on the way.
  this.flush(constants.Z_SYNC_FLUSH, (/** @type {any} */ error) => {
    const { settings } = this[own];
    if (settings === null) return;
    if (error) {
      callback?.(error);
      return;
    }
    try {
      coderLevel(settings.coder, level);
      this._level = level;
      this._strategy = strategy;
    } catch (refused) {
      callback?.(coded(settings.mode, refused));
      return;
    }
    callback?.();
  });
};

/** @type {Record<string, boolean>} */
const warned = {};
/** @param {string} name */
function warnOfCall(name) {
  if (warned[name]) return;
  warned[name] = true;
  emitWarning(`Instantiating ${name} without the 'new' keyword has been deprecated.`, 'DeprecationWarning', 'DEP0184');
}

/** @param {string} name @param {number} mode @param {any} Parent @returns {any} */
function streamClass(name, mode, Parent) {
  /** @this {any} @param {any} [options] */
  function Class(options) {
    if (!hasInstance(Class, this)) {
      warnOfCall(name);
      return new /** @type {any} */ (Class)(options);
    }
    apply(ZlibBase, this, [mode, options]);
  }
  defineProperty(Class, 'name', { value: name, configurable: true });
  setPrototypeOf(Class.prototype, Parent.prototype);
  setPrototypeOf(Class, Parent);
  return Class;
}

const Deflate = streamClass('Deflate', constants.DEFLATE, Zlib);
const Inflate = streamClass('Inflate', constants.INFLATE, Zlib);
const Gzip = streamClass('Gzip', constants.GZIP, Zlib);
const Gunzip = streamClass('Gunzip', constants.GUNZIP, Zlib);
const DeflateRaw = streamClass('DeflateRaw', constants.DEFLATERAW, Zlib);
const InflateRaw = streamClass('InflateRaw', constants.INFLATERAW, Zlib);
const Unzip = streamClass('Unzip', constants.UNZIP, Zlib);
const BrotliCompress = streamClass('BrotliCompress', constants.BROTLI_ENCODE, ZlibBase);
const BrotliDecompress = streamClass('BrotliDecompress', constants.BROTLI_DECODE, ZlibBase);
const ZstdCompress = streamClass('ZstdCompress', constants.ZSTD_COMPRESS, ZlibBase);
const ZstdDecompress = streamClass('ZstdDecompress', constants.ZSTD_DECOMPRESS, ZlibBase);

module.exports = {
  BrotliCompress,
  BrotliDecompress,
  Deflate,
  DeflateRaw,
  Gunzip,
  Gzip,
  Inflate,
  InflateRaw,
  Unzip,
  ZstdCompress,
  ZstdDecompress,
};
