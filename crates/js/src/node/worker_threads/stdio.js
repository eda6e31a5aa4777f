// The standard streams of workers: on the parent's side of one that has its own, and inside. Chunks travel as messages of the files on either side.
'use strict';

const { bytesOf } = require('builtins/webidl');
const { copyBytes } = require('builtins/primordials');
const Stream = /** @type {any} */ (require('node/stream/module'));
const loadBuffer = () => require('node/buffer/buffer');

/** What comes from the other side. */
class Incoming extends Stream.Readable {
  /** @type {any} */
  #other;

  _read() {}

  /** Writes what comes to another stream as well. @param {any} other */
  passOn(other) {
    this.#other = other;
  }

  /** @param {Uint8Array | null} chunk */
  arrived(chunk) {
    if (chunk !== null) this.#other?.write(chunk);
    if (!this.destroyed && !this.readableEnded) this.push(chunk === null ? null : loadBuffer().wrap(chunk));
  }

  ref() {
    return this;
  }
  unref() {
    return this;
  }
}

/** What goes to the other side. */
class Outgoing extends Stream.Writable {
  #send;

  /** @param {(chunk: Uint8Array | null) => void} send */
  constructor(send) {
    super({ decodeStrings: true });
    this.#send = send;
  }

  /** @param {any} chunk @param {string} encoding @param {() => void} callback */
  _write(chunk, encoding, callback) {
    encoding;
    this.#send(copyBytes(bytesOf(chunk)));
    callback();
  }

  /** @param {() => void} callback */
  _final(callback) {
    this.#send(null);
    callback();
  }

  ref() {
    return this;
  }
  unref() {
    return this;
  }
}

module.exports = { Incoming, Outgoing };
