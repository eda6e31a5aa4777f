// `process.stdin` (https://nodejs.org/api/process.html#processstdin), as far as programs read it: the events of a readable stream, `read`,
// `setEncoding`, `pipe` and `for await`. It is read while somebody listens, and keeps the program alive only then. BOUNDED: nothing
// is read while a chunk that nobody took is waiting.
'use strict';

const { unknownEncoding } = require('node/errors');
const EventEmitter = require('node/events/events');
const { nextTick } = require('node/process/ticks');
const { join, Promise, push, shift, slice, then, unshift } = require('builtins/primordials');
const { isInputTerminal, readInput, stopInput } = ops;
const loadBuffer = () => require('node/buffer/buffer');
const loadEncoding = () => require('web/encoding/encoding');

const chunkSize = 65536;

class Input extends EventEmitter {
  fd = 0;
  isTTY = isInputTerminal();
  readable = true;
  readableEnded = false;
  destroyed = false;
  /** @type {boolean | null} */
  readableFlowing = null;
  /** Chunks that nobody took yet. @type {any[]} */
  #waiting = [];
  #isReading = false;
  #isAtEnd = false;
  /** @type {(bytes: Uint8Array, isLast: boolean) => any} */
  #decode = (bytes) => loadBuffer().wrap(bytes);

  get readableLength() {
    let length = 0;
    for (let index = 0; index < this.#waiting.length; index += 1) length += this.#waiting[index].length;
    return length;
  }

  /** @param {PropertyKey} event @param {Function} listener */
  on(event, listener) {
    super.on(event, listener);
    if (event === 'data' && this.readableFlowing !== false) this.resume();
    if (event === 'readable') this.#wanted();
    return this;
  }
  /** @param {PropertyKey} event @param {Function} listener */
  addListener(event, listener) {
    return this.on(event, listener);
  }

  resume() {
    this.readableFlowing = true;
    nextTick(() => this.#flow());
    return this;
  }
  pause() {
    this.readableFlowing = false;
    if (this.#isReading) stopInput();
    return this;
  }
  isPaused() {
    return this.readableFlowing === false;
  }

  /** All that is waiting, or so much of it; null when there is not enough. @param {number} [size] */
  read(size) {
    const waiting = this.#waiting;
    if (size === 0) {
      this.#wanted();
      return null;
    }
    let taken = null;
    if (waiting.length > 0) {
      const whole = waiting.length === 1 ? waiting[0] : joined(waiting);
      waiting.length = 0;
      if (size === undefined || size >= whole.length) {
        if (size === undefined || size === whole.length || this.#isAtEnd) taken = whole;
        else unshift(waiting, whole);
      } else {
        taken = part(whole, 0, size);
        unshift(waiting, part(whole, size, whole.length));
      }
    }
    if (this.#isAtEnd && waiting.length === 0) this.#end();
    else this.#wanted(taken === null);
    return taken;
  }

  /** @param {string} encoding */
  setEncoding(encoding = 'utf8') {
    const known = loadBuffer().encodingOf(encoding);
    if (known === undefined) throw unknownEncoding(encoding);
    this.#decode = decoderOf(known);
    return this;
  }

  /** @param {any} target @param {{ end?: boolean }} [options] */
  pipe(target, options) {
    this.on('data', (/** @type {any} */ chunk) => {
      if (target.write(chunk) !== false) return;
      this.pause();
      target.once('drain', () => this.resume());
    });
    if (options?.end !== false && target.fd !== 1 && target.fd !== 2) this.once('end', () => target.end());
    target.emit?.('pipe', this);
    return target;
  }

  /** @param {any} [error] */
  destroy(error) {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.readable = false;
    if (this.#isReading) stopInput();
    nextTick(() => {
      if (error) this.emit('error', error);
      this.emit('close');
    });
    return this;
  }

  ref() {
    return this;
  }
  unref() {
    return this;
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (;;) {
        const chunk = this.read();
        if (chunk !== null) yield chunk;
        else if (this.readableEnded || this.destroyed) return;
        else await this.#changed();
      }
    } finally {
      this.destroy();
    }
  }

  /** Waits until there is something to read, or never will be. */
  #changed() {
    return new Promise((resolve, reject) => {
      const settle = (/** @type {any} */ error) => {
        this.removeListener('readable', settle);
        this.removeListener('end', settle);
        this.removeListener('close', settle);
        this.removeListener('error', settle);
        if (error === undefined) resolve(undefined);
        else reject(error);
      };
      this.on('readable', settle);
      this.on('end', settle);
      this.on('close', settle);
      this.on('error', settle);
    });
  }

  /** Somebody wants chunks: reads one if none is waiting, or not enough. @param {boolean} [more] */
  #wanted(more = false) {
    if (this.#isReading || this.#isAtEnd || this.destroyed || (this.#waiting.length > 0 && !more)) return;
    this.#isReading = true;
    // In a tick of their own, so that what listeners throw is an uncaught exception and not a rejection.
    then(
      readInput(chunkSize),
      (bytes) => nextTick(() => this.#arrived(bytes)),
      (error) => nextTick(() => this.destroy(error)),
    );
  }

  /** @param {Uint8Array | undefined} bytes */
  #arrived(bytes) {
    this.#isReading = false;
    if (bytes === undefined) {
      // Given up by `pause`; somebody may have resumed since.
      if (this.readableFlowing) this.#wanted();
      return;
    }
    this.#isAtEnd = bytes.length === 0;
    const chunk = this.#decode(bytes, this.#isAtEnd);
    if (chunk.length > 0) push(this.#waiting, chunk);
    if (this.readableFlowing) this.#flow();
    else if (this.listenerCount('readable') > 0 || !this.#isAtEnd) this.emit('readable');
    if (this.#isAtEnd && this.#waiting.length === 0) this.#end();
  }

  #flow() {
    while (this.readableFlowing && this.#waiting.length > 0) this.emit('data', shift(this.#waiting));
    if (!this.readableFlowing) return;
    if (this.#isAtEnd) this.#end();
    else this.#wanted();
  }

  #end() {
    if (this.readableEnded || this.destroyed) return;
    this.readableEnded = true;
    this.readable = false;
    nextTick(() => {
      this.emit('end');
      this.destroy();
    });
  }
}

/** @param {any} chunk @param {number} start @param {number} end */
function part(chunk, start, end) {
  return typeof chunk === 'string' ? slice(chunk, start, end) : chunk.subarray(start, end);
}

/** @param {any[]} chunks */
function joined(chunks) {
  return typeof chunks[0] === 'string' ? join(chunks, '') : loadBuffer().Buffer.concat(chunks);
}

/** Characters may be cut in two by the end of a chunk. @param {string} encoding @returns {(bytes: Uint8Array, isLast: boolean) => any} */
function decoderOf(encoding) {
  if (encoding === 'utf8' || encoding === 'utf16le') {
    /** @type {any} */
    const TextDecoder = loadEncoding().TextDecoder;
    const decoder = new TextDecoder(encoding === 'utf8' ? 'utf-8' : 'utf-16le', { ignoreBOM: true });
    return (bytes, isLast) => decoder.decode(bytes, { stream: !isLast });
  }
  if (encoding !== 'base64' && encoding !== 'base64url') return (bytes) => loadBuffer().wrap(bytes).toString(encoding);
  // Three bytes are four characters: what is left over goes with the next chunk.
  /** @type {any} */
  let rest = loadBuffer().Buffer.alloc(0);
  return (bytes, isLast) => {
    const all = loadBuffer().Buffer.concat([rest, bytes]);
    const whole = isLast ? all.length : all.length - (all.length % 3);
    rest = all.subarray(whole);
    return all.toString(encoding, 0, whole);
  };
}

module.exports = { inputStream: () => new Input() };
