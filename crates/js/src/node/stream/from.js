// `Readable.from` (https://nodejs.org/api/stream.html#streamreadablefromiterable-options) in the place of the package's file: what a synchronous iterator gives
// is pushed at once, without an async function's call for each chunk (250 ns). What a program sees is the same.
'use strict';

const { then } = require('builtins/primordials');
const { nextTick } = require('node/process/ticks');
const { codes } = require('node/stream/host/errors');
const { Buffer } = /** @type {any} */ (require('node/buffer/buffer'));

class Source {
  #readable;
  #iterator;
  #isAsync;
  #isReading = false;

  /** @param {any} readable @param {any} iterator @param {boolean} isAsync */
  constructor(readable, iterator, isAsync) {
    this.#readable = readable;
    this.#iterator = iterator;
    this.#isAsync = isAsync;
  }

  read() {
    if (this.#isReading) return;
    this.#isReading = true;
    if (this.#isAsync) this.#awaitAll();
    else this.#pushAll();
  }

  /** Until the stream has enough, or a promise comes. */
  #pushAll() {
    try {
      for (;;) {
        const { value, done } = this.#iterator.next();
        if (done) {
          this.#readable.push(null);
          return;
        }
        if (value && typeof value.then === 'function') {
          this.#awaitOne(value);
          return;
        }
        if (!this.#push(value)) return;
      }
    } catch (error) {
      this.#readable.destroy(error);
    }
  }

  /** Goes on when the value is there. @param {any} value */
  async #awaitOne(value) {
    try {
      if (!this.#push(await value)) return;
    } catch (error) {
      this.#readable.destroy(error);
      return;
    }
    this.#pushAll();
  }

  async #awaitAll() {
    try {
      for (;;) {
        const { value, done } = await this.#iterator.next();
        if (done) {
          this.#readable.push(null);
          return;
        }
        if (!this.#push(value && typeof value.then === 'function' ? await value : value)) return;
      }
    } catch (error) {
      this.#readable.destroy(error);
    }
  }

  /** Whether the stream wants more. @param {any} value */
  #push(value) {
    if (value === null) {
      this.#isReading = false;
      throw codes.ERR_STREAM_NULL_VALUES();
    }
    if (this.#readable.push(value)) return true;
    this.#isReading = false;
    return false;
  }

  /** @param {any} error */
  async close(error) {
    const iterator = this.#iterator;
    if (error !== undefined && error !== null && typeof iterator.throw === 'function') {
      const { value, done } = await iterator.throw(error);
      await value;
      if (done) return;
    }
    if (typeof iterator.return === 'function') {
      const { value } = await iterator.return();
      await value;
    }
  }
}

/** @param {any} Readable @param {any} iterable @param {any} [options] */
function from(Readable, iterable, options) {
  if (typeof iterable === 'string' || iterable instanceof Buffer) {
    return new Readable({
      objectMode: true,
      ...options,
      /** @this {any} */
      read() {
        this.push(iterable);
        this.push(null);
      },
    });
  }
  const isAsync = Boolean(iterable?.[Symbol.asyncIterator]);
  if (!isAsync && !iterable?.[Symbol.iterator]) throw codes.ERR_INVALID_ARG_TYPE('iterable', ['Iterable'], iterable);
  const iterator = isAsync ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  const readable = new Readable({ objectMode: true, highWaterMark: 1, ...options });
  const source = new Source(readable, iterator, isAsync);
  readable._read = () => source.read();
  readable._destroy = (/** @type {any} */ error, /** @type {Function} */ callback) => {
    then(
      source.close(error),
      // In a tick, as the callback may throw.
      () => nextTick(callback, error),
      (reason) => nextTick(callback, reason || error),
    );
  };
  return readable;
}

module.exports = from;
