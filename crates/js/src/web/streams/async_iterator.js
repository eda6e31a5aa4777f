// The asynchronous iterator of a ReadableStream (https://streams.spec.whatwg.org/#rs-asynciterator).
//
// A call that comes while none is under way answers at once; later ones wait for the one before (Web IDL's "ongoing promise").
'use strict';

const { getPrototypeOf, reject, resolve, setPrototypeOf, then, withResolvers } = require('builtins/primordials');
const { defineInterface } = require('builtins/webidl');
const { PromisedRead, acquireReader, cancelStream, readFrom, readPromise, releaseReader } = require('web/streams/algorithms');
const { afterwards, invoke } = require('web/streams/turns');

const asyncIteratorPrototype = getPrototypeOf(/** @type {any} */ (getPrototypeOf(async function* () {}.prototype)));

/** @type {(iterator: AsyncIterator) => void} */
let finish;
/** @type {(iterator: AsyncIterator) => void} */
let answered;

/** A read of the iterator, which lets go of the stream when it ends. */
class IteratedRead extends PromisedRead {
  #iterator;
  /** @param {AsyncIterator} iterator */
  constructor(iterator) {
    super();
    this.#iterator = iterator;
  }
  /** @param {any} value */
  chunk(value) {
    const give = () => {
      answered(this.#iterator);
      super.chunk(value);
    };
    // Who waited learns of it a microtask later than of a reader's read, so that the next `pull` comes before.
    if (this.isWaiting) afterwards(invoke, give);
    else give();
  }
  /** @param {any} value */
  close(value) {
    answered(this.#iterator);
    finish(this.#iterator);
    super.close(value);
  }
  /** @param {any} reason */
  error(reason) {
    answered(this.#iterator);
    finish(this.#iterator);
    super.error(reason);
  }
}

class AsyncIterator {
  #reader;
  #preventCancel;
  #finished = false;
  // How many calls have no answer yet, and the promise of the last of them.
  #open = 0;
  /** @type {Promise<any>} */
  #last = /** @type {any} */ (undefined);

  /** @param {StreamSlots} stream @param {boolean} preventCancel */
  constructor(stream, preventCancel) {
    this.#reader = acquireReader(stream);
    this.#preventCancel = preventCancel;
  }

  /** @returns {Promise<{ value: any, done: boolean }>} */
  next() {
    try {
      if (this.#open > 0) return this.#after(() => this.#step());
      const answer = this.#step();
      if (this.#open > 0) this.#last = answer;
      return answer;
    } catch (error) {
      return reject(error);
    }
  }

  /** @param {any} value @returns {Promise<{ value: any, done: boolean }>} */
  return(value) {
    try {
      if (this.#open > 0) return this.#after(() => this.#stop(value));
      this.#last = this.#stop(value);
      return this.#last;
    } catch (error) {
      return reject(error);
    }
  }

  /** @param {() => Promise<any>} action @returns {Promise<any>} */
  #after(action) {
    const answer = withResolvers();
    const run = () => {
      this.#open -= 1;
      then(action(), answer.resolve, answer.reject);
    };
    this.#open += 1;
    then(
      this.#last,
      () => afterwards(invoke, run),
      () => afterwards(invoke, run),
    );
    this.#last = answer.promise;
    return answer.promise;
  }

  #step() {
    if (this.#finished) return resolve({ value: undefined, done: true });
    const { controller, state } = /** @type {StreamSlots} */ (this.#reader.stream);
    if (state === 'readable' && controller.chunks.length > 0) return readPromise(this.#reader);
    const read = new IteratedRead(this);
    this.#open += 1;
    readFrom(this.#reader, read);
    return read.promise;
  }

  /** @param {any} value */
  async #stop(value) {
    if (this.#finished) return { value, done: true };
    this.#open += 1;
    try {
      const canceled = this.#preventCancel ? undefined : cancelStream(/** @type {StreamSlots} */ (this.#reader.stream), value);
      finish(this);
      await canceled;
    } finally {
      this.#open -= 1;
    }
    return { value, done: true };
  }

  static {
    answered = (iterator) => {
      iterator.#open -= 1;
    };
    finish = (iterator) => {
      iterator.#finished = true;
      if (iterator.#reader.stream !== null) releaseReader(iterator.#reader);
    };
  }
}

defineInterface(AsyncIterator, 'ReadableStream AsyncIterator');
setPrototypeOf(AsyncIterator.prototype, asyncIteratorPrototype);
delete (/** @type {any} */ (AsyncIterator.prototype).constructor);

module.exports = { AsyncIterator };
