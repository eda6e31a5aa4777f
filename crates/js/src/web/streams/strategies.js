// CountQueuingStrategy and ByteLengthQueuingStrategy (https://streams.spec.whatwg.org/#qs-api).
'use strict';

const { defineInterface, requireArguments, toDictionary, toNumber } = require('builtins/webidl');

class CountQueuingStrategy {
  #highWaterMark;
  /** @param {any} init */
  constructor(init) {
    requireArguments(arguments.length, 1, 'CountQueuingStrategy');
    this.#highWaterMark = highWaterMarkOf(init, 'CountQueuingStrategy');
  }
  get highWaterMark() {
    return this.#highWaterMark;
  }
  get size() {
    this.#highWaterMark;
    return countSize;
  }
}

class ByteLengthQueuingStrategy {
  #highWaterMark;
  /** @param {any} init */
  constructor(init) {
    requireArguments(arguments.length, 1, 'ByteLengthQueuingStrategy');
    this.#highWaterMark = highWaterMarkOf(init, 'ByteLengthQueuingStrategy');
  }
  get highWaterMark() {
    return this.#highWaterMark;
  }
  get size() {
    this.#highWaterMark;
    return byteLengthSize;
  }
}

// Methods, so that they are no constructors; each is one function of the realm, called `size`.
const { size: countSize } = { size: () => 1 };
const { size: byteLengthSize } = { size: (/** @type {any} */ chunk) => chunk.byteLength };

/** @param {any} init @param {string} name */
function highWaterMarkOf(init, name) {
  const { highWaterMark } = toDictionary(init, name);
  if (highWaterMark === undefined) throw new TypeError(`${name}: the member "highWaterMark" is required`);
  return toNumber(highWaterMark);
}

defineInterface(CountQueuingStrategy);
defineInterface(ByteLengthQueuingStrategy);

module.exports = { ByteLengthQueuingStrategy, CountQueuingStrategy };
