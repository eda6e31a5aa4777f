// node:stream (https://nodejs.org/api/stream.html): the package's streams, with what Node has changed since.
'use strict';

const { aborted, invalidValue } = require('node/errors');
const { requireObject, requireSignal } = require('node/arguments');
const { defineProperty, isView, Promise } = require('builtins/primordials');
const { nextTick } = require('node/process/ticks');
const { ReadableIterator } = require('node/stream/iterator');
const Stream = require('node/stream/stream');
const { bytesOf, isAnyArrayBuffer, isBufferSource } = require('builtins/webidl');
const loadAdapters = () => require('node/stream/adapters');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

const { Duplex, Readable } = Stream;

/** @this {any} */
Readable.prototype[Symbol.asyncIterator] = function () {
  return iteratorOf(this, undefined);
};
/** @this {any} @param {any} [options] */
Readable.prototype.iterator = function (options) {
  if (options !== undefined) requireObject(options, 'options');
  return iteratorOf(this, options);
};

/** @param {any} stream @param {any} options */
function iteratorOf(stream, options) {
  // A stream of the time before `read`.
  const source = typeof stream.read === 'function' ? stream : Readable.wrap(stream, { objectMode: true });
  return new ReadableIterator(source, options);
}

// Node 22 doubled these twice; for objects it stayed 16.
Stream.setDefaultHighWaterMark(false, 64 * 1024);

/** Two streams, each of which reads what the other writes. @param {any} [options] */
function duplexPair(options) {
  const first = half(options);
  const second = half(options);
  first.other = second;
  second.other = first;
  return [first.stream, second.stream];
}

/** @param {any} options */
function half(options) {
  /** @type {{ stream: any, other: any, resume: Function | null }} */
  const self = { stream: undefined, other: undefined, resume: null };
  self.stream = new Duplex({
    ...options,
    read() {
      const { resume } = self;
      self.resume = null;
      resume?.();
    },
    write(/** @type {any} */ chunk, /** @type {any} */ _encoding, /** @type {Function} */ callback) {
      if (chunk.length === 0) {
        nextTick(callback);
        return;
      }
      self.other.stream.push(chunk);
      self.other.resume = callback;
    },
    final(/** @type {Function} */ callback) {
      self.other.stream.on('end', callback);
      self.other.stream.push(null);
    },
  });
  return self;
}

/** @this {any} @param {any} stream @param {{ signal?: any }} [options] */
function compose(stream, options) {
  if (options !== undefined && options !== null) requireObject(options, 'options');
  const signal = options?.signal;
  if (signal !== undefined && signal !== null) requireSignal(signal, 'options.signal');
  if (typeof stream?.pipe === 'function' && !Stream.isWritable(stream)) throw invalidValue('stream', stream, 'must be writable');
  const composed = Stream.compose(this, stream);
  if (signal) Stream.addAbortSignal(signal, composed);
  return composed;
}
defineProperty(Stream.Readable.prototype, 'compose', { value: compose, writable: true, enumerable: true, configurable: true });

// Also what is buffered for writing hears of it.
Duplex.prototype.destroy = Stream.Writable.prototype.destroy;
Stream.duplexPair = duplexPair;
Duplex.toWeb = function toWeb(/** @type {any} */ duplex, /** @type {any} */ options) {
  return loadAdapters().newReadableWritablePairFromDuplex(duplex, options);
};
Stream._isArrayBufferView = isView;
// Any view is bytes to Node by now, and another language's buffer is to us.
Stream._isUint8Array = (/** @type {any} */ chunk) => isView(chunk) || (isBufferSource(chunk) && !isAnyArrayBuffer(chunk));
Stream._uint8ArrayToBuffer = (/** @type {any} */ chunk) => {
  const view = isView(chunk) ? chunk : bytesOf(chunk);
  return loadBuffer().Buffer.from(view.buffer, view.byteOffset, view.byteLength);
};

/** @this {any} */
async function disposeWritable() {
  if (!this.destroyed) this.destroy(this.writableFinished ? null : aborted(undefined));
  await new Promise((resolve, reject) => {
    Stream.finished(this, (/** @type {any} */ error) => {
      if (error && error.name !== 'AbortError') reject(error);
      else resolve(undefined);
    });
  });
}
defineProperty(Stream.Writable.prototype, Symbol.asyncDispose, { value: disposeWritable, writable: true, configurable: true });

module.exports = Stream;
