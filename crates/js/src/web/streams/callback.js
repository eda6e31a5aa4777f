// A callback of a source, a sink or a transformer, with what it has as `this`. As these are called for each chunk, it matters how: `Reflect.apply` of
// two or three functions from one place leaves compiled code (100 ns), a bound function does not (15 ns). So one that is called often is
// bound, unless the program could see that: `bind` asks a function for its name and length.
'use strict';

const { apply, bind, getOwnPropertyDescriptor, hasOwn } = require('builtins/primordials');
const { proxyDetails } = ops;

const often = 32;

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
    if (this.#calls === often && isPlain(this.#callback)) this.#bound = bind(this.#callback, this.#self);
    return this.#bound;
  }
}

/** @param {Function | undefined} callback @param {any} self */
function callbackOf(callback, self) {
  return callback === undefined ? undefined : new Callback(callback, self);
}

/** Whether nothing of the program's runs when it is bound. @param {Function} callback */
function isPlain(callback) {
  return proxyDetails(callback) === undefined && hasValue(callback, 'name') && hasValue(callback, 'length');
}

/** @param {Function} callback @param {string} name */
function hasValue(callback, name) {
  const property = getOwnPropertyDescriptor(callback, name);
  return property !== undefined && hasOwn(property, 'value');
}

module.exports = { callbackOf };
