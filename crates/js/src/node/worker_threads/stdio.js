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
  #hold;
  #isHeld = false;

  /** @param {(on: boolean) => void} [hold] has the program wait for what comes, from the first read to the end */
  constructor(hold = undefined) {
    super();
    this.#hold = hold;
  }

  _read() {
    if (this.#hold === undefined || this.#isHeld) return;
    this.#isHeld = true;
    this.#hold(true);
  }

  /** Writes what comes to another stream as well. @param {any} other */
  passOn(other) {
    this.#other = other;
  }

  /** @param {Uint8Array | null} chunk */
  arrived(chunk) {
    if (chunk !== null) this.#other?.write(chunk);
    else this.#release();
    if (!this.destroyed && !this.readableEnded) this.push(chunk === null ? null : loadBuffer().wrap(chunk));
  }

  #release() {
    const hold = this.#hold;
    this.#hold = undefined;
    if (this.#isHeld) hold?.(false);
  }

  /** @param {any} error @param {(error: any) => void} callback */
  _destroy(error, callback) {
    this.#release();
    callback(error);
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
