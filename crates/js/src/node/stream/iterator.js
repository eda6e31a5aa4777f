// The asynchronous iterator of a Readable (https://nodejs.org/api/stream.html#readablesymbolasynciterator), in the place of the package's async generator: what
// that does, written out, with the same turns of the microtask queue, as programs see these. The generator took twice the time for a chunk.
//
// As of an async generator, calls are answered in their order, one at a time; nothing is begun before the first `next`, and a `return` before
// that leaves the stream alone.
'use strict';

const { getPrototypeOf, reject, resolve, setPrototypeOf, then } = require('builtins/primordials');
const { aggregateTwoErrors } = require('node/stream/host/errors');
const { destroyer } = require('node/stream/internal/streams/destroy');
const finished = require('node/stream/internal/streams/end-of-stream');
const { Fifo } = require('web/streams/fifo');
const { pendingPromise, rejectPromise, resolvePromise } = ops;

// What all async generators inherit from, so that this looks like one.
const asyncGeneratorPrototype = getPrototypeOf(async function* () {}.prototype);
const fulfilled = resolve(undefined);

// What the iterator is doing.
const NEW = 0;
const IDLE = 1;
const BUSY = 2;
const DONE = 3;

// What a look at the stream found.
const CHUNK = 0;
const PROMISE = 1;
const END = 2;
const NOTHING = 3;

/** @typedef {{ value: any, done: boolean }} Step */
/** @typedef {{ method: 'next' | 'return' | 'throw', value: any, answer: Promise<Step> }} Call */

class ReadableIterator {
  #source;
  #options;
  #state = NEW;
  /** How the stream ended: undefined as long as it has not, null when all was well. @type {any} */
  #error = undefined;
  /** @type {any} */
  #chunk = undefined;
  /** The calls that wait for the one under way. @type {Queue<Call>} */
  #calls = new Fifo();
  /** Resolved when the stream has something to say. @type {Promise<any> | null} */
  #change = null;
  #wake = () => {
    const change = this.#change;
    this.#change = null;
    if (change !== null) resolvePromise(change, undefined);
  };
  #give = () => {
    const value = this.#chunk;
    this.#chunk = undefined;
    this.#settled(IDLE);
    return { value, done: false };
  };
  /** @type {() => void} */
  #stopListening = () => undefined;

  /** @param {any} stream @param {any} options */
  constructor(stream, options) {
    this.#source = stream;
    this.#options = options;
    // As on the generators of Node.
    /** @type {any} */
    this.stream = stream;
  }

  /** @param {any} [value] of no use, as to the generator @returns {Promise<Step>} */
  next(value) {
    if (!(#state in this)) return reject(wrongReceiver());
    return this.#state === BUSY ? this.#later('next', value) : this.#next();
  }

  /** @param {any} value @returns {Promise<Step>} */
  return(value) {
    if (!(#state in this)) return reject(wrongReceiver());
    return this.#state === BUSY ? this.#later('return', value) : this.#return(value);
  }

  /** @param {any} error @returns {Promise<Step>} */
  throw(error) {
    if (!(#state in this)) return reject(wrongReceiver());
    return this.#state === BUSY ? this.#later('throw', error) : this.#throw(error);
  }

  // ---- calls, one at a time

  /** @param {Call['method']} method @param {any} value @returns {Promise<Step>} */
  #later(method, value) {
    const answer = pendingPromise();
    this.#calls.push({ method, value, answer });
    return answer;
  }

  /** The call under way has its answer. @param {number} state */
  #settled(state) {
    this.#state = state;
    while (this.#calls.length > 0 && /** @type {number} */ (this.#state) !== BUSY) {
      const { method, value, answer } = this.#calls.shift();
      const result = method === 'next' ? this.#next() : method === 'return' ? this.#return(value) : this.#throw(value);
      then(
        result,
        (step) => resolvePromise(answer, step),
        (reason) => rejectPromise(answer, reason),
      );
    }
  }

  /** @returns {Promise<Step>} */
  #next() {
    if (this.#state === DONE) return resolve({ value: undefined, done: true });
    if (this.#state === NEW) {
      try {
        this.#begin();
      } catch (error) {
        this.#state = DONE;
        return reject(error);
      }
    }
    try {
      switch (this.#look()) {
        case CHUNK:
          // In the next turn: the generator's `yield` is an `await` too.
          this.#state = BUSY;
          return then(fulfilled, this.#give);
        case END:
          this.#finish();
          return resolve({ value: undefined, done: true });
        case PROMISE:
          return this.#afterChunk(pendingPromise());
        default:
          return this.#afterChange(pendingPromise());
      }
    } catch (error) {
      return reject(this.#fail(error));
    }
  }

  /** @param {any} value @returns {Promise<Step>} */
  #return(value) {
    if (this.#state !== IDLE) {
      this.#state = DONE;
      return then(promiseOf(value), (result) => ({ value: result, done: true }));
    }
    this.#state = BUSY;
    const answer = pendingPromise();
    then(
      promiseOf(value),
      (result) => {
        this.#finish();
        resolvePromise(answer, { value: result, done: true });
        this.#settled(DONE);
      },
      (reason) => this.#failed(answer, reason),
    );
    return answer;
  }

  /** @param {any} error @returns {Promise<Step>} */
  #throw(error) {
    if (this.#state === IDLE) return reject(this.#fail(error));
    this.#state = DONE;
    return reject(error);
  }

  // ---- the stream

  #begin() {
    this.#state = IDLE;
    this.#source.on('readable', this.#wake);
    this.#stopListening = finished(this.#source, { writable: false }, (/** @type {any} */ error) => {
      this.#error = error ? aggregateTwoErrors(this.#error, error) : null;
      this.#wake();
    });
  }

  /** Takes the next chunk, if there is one; throws what the stream failed with. */
  #look() {
    const chunk = this.#source.destroyed ? null : this.#source.read();
    if (chunk !== null) {
      this.#chunk = chunk;
      return (typeof chunk === 'object' || typeof chunk === 'function') && typeof chunk.then === 'function' ? PROMISE : CHUNK;
    }
    if (this.#error) throw this.#error;
    return this.#error === null ? END : NOTHING;
  }

  /** Answers when a chunk that is a promise is there. @param {Promise<Step>} answer */
  #afterChunk(answer) {
    this.#state = BUSY;
    then(
      promiseOf(this.#chunk),
      (value) => {
        resolvePromise(answer, { value, done: false });
        this.#settled(IDLE);
      },
      (reason) => this.#failed(answer, reason),
    );
    return answer;
  }

  /** Answers when the stream has something to say. @param {Promise<Step>} answer */
  #afterChange(answer) {
    this.#state = BUSY;
    const change = pendingPromise();
    this.#change = change;
    then(change, () => this.#lookAgain(answer));
    return answer;
  }

  /** @param {Promise<Step>} answer */
  #lookAgain(answer) {
    try {
      switch (this.#look()) {
        case CHUNK:
          then(fulfilled, () => resolvePromise(answer, this.#give()));
          return;
        case END:
          this.#finish();
          resolvePromise(answer, { value: undefined, done: true });
          this.#settled(DONE);
          return;
        case PROMISE:
          this.#afterChunk(answer);
          return;
        default:
          this.#afterChange(answer);
      }
    } catch (error) {
      this.#failed(answer, error);
    }
  }

  /** @param {Promise<Step>} answer @param {any} error */
  #failed(answer, error) {
    rejectPromise(answer, this.#fail(error));
    this.#settled(DONE);
  }

  /** What the iteration fails with. @param {any} error */
  #fail(error) {
    this.#error = aggregateTwoErrors(this.#error, error);
    this.#finish();
    return this.#error;
  }

  /** The iteration is over: with it the stream, unless that is to stay. */
  #finish() {
    this.#state = DONE;
    const error = this.#error;
    const isToEnd = Boolean(error) || this.#options?.destroyOnReturn !== false;
    if (isToEnd && (error === undefined || this.#source._readableState.autoDestroy)) {
      destroyer(this.#source, null);
    } else {
      this.#source.off('readable', this.#wake);
      this.#stopListening();
    }
  }
}

/** @param {any} value @returns {Promise<any>} */
function promiseOf(value) {
  try {
    return resolve(value);
  } catch (error) {
    return reject(error);
  }
}

function wrongReceiver() {
  return new TypeError('the receiver is not the iterator of a stream');
}

setPrototypeOf(ReadableIterator.prototype, asyncGeneratorPrototype);

module.exports = { ReadableIterator };
