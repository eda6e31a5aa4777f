// `process.stdin` (https://nodejs.org/api/process.html#processstdin): a readable stream over the loop's reads of descriptor 0. It is read while
// somebody wants chunks, and keeps the program alive only then.
'use strict';

const { nextTick } = require('node/process/ticks');
const { then } = require('builtins/primordials');
const { isInputTerminal, readInput, setRawInput, stopInput } = ops;
const Stream = /** @type {any} */ (require('node/stream/module'));
const loadBuffer = () => require('node/buffer/buffer');

const chunkSize = 65536;

class Input extends Stream.Readable {
  fd = 0;
  isTTY = isInputTerminal() || undefined;
  isRaw = false;
  #isReading = false;
  #isWanted = false;

  constructor() {
    super({ highWaterMark: chunkSize, autoDestroy: true });
    this.on('pause', () => this.#stop());
  }

  /** */
  _read() {
    this.#isWanted = true;
    if (this.#isReading) return;
    this.#isReading = true;
    // In a tick of their own, so that what listeners throw is an uncaught exception and not a rejection.
    then(
      readInput(chunkSize),
      (bytes) => nextTick(() => this.#arrived(bytes)),
      (error) => nextTick(() => this.destroy(error)),
    );
  }

  /** @param {any} error @param {Function} callback */
  _destroy(error, callback) {
    this.#stop();
    callback(error);
  }

  /** Keys come one by one, and the terminal shows none of them. @param {any} on */
  setRawMode(on) {
    this.isRaw = !!on;
    setRawInput(this.isRaw);
    return this;
  }

  ref() {
    return this;
  }
  unref() {
    return this;
  }

  /** Gives up a read that waits: a program that paused its input may end. */
  #stop() {
    this.#isWanted = false;
    if (this.#isReading) stopInput();
  }

  /** @param {Uint8Array | undefined} bytes */
  #arrived(bytes) {
    this.#isReading = false;
    if (this.destroyed) return;
    if (bytes === undefined) {
      // Given up by `pause`; somebody may have resumed since.
      if (this.#isWanted) this._read();
      return;
    }
    this.#isWanted = false;
    this.push(bytes.length === 0 ? null : loadBuffer().wrap(bytes));
  }
}

function inputStream() {
  const input = new Input();
  // Only a terminal has modes; programs ask whether the method is there.
  if (!input.isTTY) /** @type {any} */ (input).setRawMode = undefined;
  return input;
}

/** A terminal that a program leaves raw would be of no use to the user. */
function restoreInput() {
  setRawInput(false);
}

module.exports = { inputStream, restoreInput };
