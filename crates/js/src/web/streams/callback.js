// A callback of a source, a sink or a transformer, with what it has as `this`: it is called for each chunk, so it is bound when there are many.
'use strict';

const { boundTo, manyCalls } = require('builtins/bound');
const { apply } = require('builtins/primordials');

class Callback {
  /** @type {Function} */
  #callback;
  #self;
  #calls = 0;
  /** @type {Function | null} */
  #bound = null;

  /** @param {Function} callback @param {any} self */
  constructor(callback, self) {
    this.#callback = callback;
    this.#self = self;
  }

  /** Calls it with one argument; what it throws comes out. @param {any} argument */
  runOne(argument) {
    const bound = this.#bound ?? this.#counted();
    return bound === null ? apply(this.#callback, this.#self, [argument]) : bound(argument);
  }

  /** Calls it with two. @param {any} first @param {any} second */
  runTwo(first, second) {
    const bound = this.#bound ?? this.#counted();
    return bound === null ? apply(this.#callback, this.#self, [first, second]) : bound(first, second);
  }

  #counted() {
    this.#calls += 1;
    if (this.#calls === manyCalls) this.#bound = boundTo(this.#callback, this.#self);
    return this.#bound;
  }
}

/** @param {Function | undefined} callback @param {any} self */
function callbackOf(callback, self) {
  return callback === undefined ? undefined : new Callback(callback, self);
}

module.exports = { callbackOf };
