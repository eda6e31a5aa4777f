// `TestsStream` (https://nodejs.org/api/test.html#class-testsstream): what happens to the tests of a process, as objects in a stream and as events.
'use strict';

const Stream = /** @type {any} */ (require('node/stream/module'));
const { defineProperty, isPrototypeOf, push, shift } = require('builtins/primordials');
const { Readable } = Stream;

class TestsStream extends Readable {
  /** @type {any[]} */
  #waiting = [];
  #canPush = false;

  constructor() {
    super({ objectMode: true, highWaterMark: Number.MAX_SAFE_INTEGER });
  }

  _read() {
    this.#canPush = true;
    while (this.#waiting.length > 0) {
      if (!this.#tryPush(shift(this.#waiting))) return;
    }
  }

  /** @param {any} message */
  #tryPush(message) {
    if (!this.#canPush) {
      push(this.#waiting, message);
      return false;
    }
    this.#canPush = this.push(message);
    return this.#canPush;
  }

  /** @param {string} type @param {any} data */
  tell(type, data) {
    this.emit(type, data);
    // Told apart from the event's own data, so that a listener cannot change what reporters see of `type`.
    this.#tryPush({ __proto__: null, type, data });
  }

  /** A class of streams, as a reporter may be, stands for one of its streams. @param {any} reporter @param {any} [options] */
  compose(reporter, options) {
    const isClass = typeof reporter === 'function' && isPrototypeOf(Stream.prototype, reporter.prototype);
    return super.compose(isClass ? new reporter() : reporter, options);
  }

  close() {
    this.#tryPush(null);
  }
}
defineProperty(TestsStream, 'name', { value: 'TestsStream', configurable: true });

module.exports = { TestsStream };
