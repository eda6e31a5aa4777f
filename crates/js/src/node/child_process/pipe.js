// This program's end of a child's pipe: a duplex stream over a local socket, which is read only while somebody wants chunks.
'use strict';

const { nextTick } = require('node/process/ticks');
const { usePipes } = require('node/child_process/options');
const { then } = require('builtins/primordials');
const { pipeClose, pipeEnd, pipeNumber, pipeRead, pipeReference, pipeWrite } = ops;
const Stream = /** @type {any} */ (require('node/stream/module'));
const loadBuffer = () => require('node/buffer/buffer');

const chunkSize = 65536;

class Pipe extends Stream.Duplex {
  /** @type {NativePipe | undefined} */
  #pipe;
  #isReading = false;
  /** Whether another child has it as well, whose it is to read then. */
  isLent = false;
  bytesRead = 0;
  bytesWritten = 0;

  /** @param {NativePipe | undefined} pipe nothing, when the child could not be started @param {boolean} isReadable */
  constructor(pipe, isReadable) {
    super({ allowHalfOpen: false, readable: isReadable, decodeStrings: true, highWaterMark: chunkSize });
    this.#pipe = pipe;
    if (pipe === undefined) {
      if (isReadable) this.push(null);
      this.destroy();
    }
  }

  /** @param {any} stream */
  static numberOf(stream) {
    if (!(#pipe in stream) || stream.#pipe === undefined) return undefined;
    stream.isLent = true;
    return pipeNumber(stream.#pipe);
  }

  get pending() {
    return false;
  }
  get readyState() {
    if (this.destroyed) return 'closed';
    return this.readable ? (this.writable ? 'open' : 'readOnly') : 'writeOnly';
  }

  _read() {
    if (this.#isReading || this.#pipe === undefined) return;
    this.#isReading = true;
    // In a tick of their own, so that what listeners throw is an uncaught exception and not a rejection.
    then(
      pipeRead(this.#pipe, chunkSize),
      (bytes) => nextTick(() => this.#arrived(bytes)),
      (error) => nextTick(() => this.#failed(error)),
    );
  }

  /** @param {any} chunk @param {string} _encoding @param {(error?: any) => void} callback */
  _write(chunk, _encoding, callback) {
    if (this.#pipe === undefined) return callback();
    this.bytesWritten += chunk.length;
    then(
      pipeWrite(this.#pipe, chunk),
      () => nextTick(callback),
      (error) => nextTick(callback, error),
    );
  }

  /** @param {{ chunk: any }[]} chunks @param {(error?: any) => void} callback */
  _writev(chunks, callback) {
    /** @type {any[]} */
    const list = [];
    for (let index = 0; index < chunks.length; index += 1) list[index] = chunks[index].chunk;
    this._write(loadBuffer().Buffer.concat(list), 'buffer', callback);
  }

  /** @param {(error?: any) => void} callback */
  _final(callback) {
    if (this.#pipe !== undefined) pipeEnd(this.#pipe);
    callback();
  }

  /** @param {any} error @param {(error?: any) => void} callback */
  _destroy(error, callback) {
    if (this.#pipe !== undefined) pipeClose(this.#pipe);
    this.#pipe = undefined;
    callback(error);
  }

  ref() {
    if (this.#pipe !== undefined) pipeReference(this.#pipe, true);
    return this;
  }
  unref() {
    if (this.#pipe !== undefined) pipeReference(this.#pipe, false);
    return this;
  }
  setTimeout() {
    return this;
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  #arrived(bytes) {
    this.#isReading = false;
    if (this.destroyed) return;
    this.bytesRead += bytes.length;
    this.push(bytes.length === 0 ? null : loadBuffer().wrap(bytes));
  }

  /** @param {any} error */
  #failed(error) {
    this.#isReading = false;
    if (!this.destroyed) this.destroy(error);
  }
}

usePipes((stream) => Pipe.numberOf(stream));

module.exports = { Pipe };
