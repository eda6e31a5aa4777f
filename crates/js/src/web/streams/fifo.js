// A queue whose both ends cost the same however long it is: `Array.prototype.shift` moves what is left.
'use strict';

const { arraySlice } = require('builtins/primordials');

const compactAt = 64;

/** @template T */
class Fifo {
  /** @type {(T | undefined)[]} */
  #items = [];
  #head = 0;

  get length() {
    return this.#items.length - this.#head;
  }

  /** @param {T} item */
  push(item) {
    this.#items[this.#items.length] = item;
  }

  /** The first, which stays; only called when there is one. @returns {T} */
  first() {
    return /** @type {T} */ (this.#items[this.#head]);
  }

  /** Puts another in the place of the first. @param {T} item */
  setFirst(item) {
    this.#items[this.#head] = item;
  }

  /** The first; only called when there is one. @returns {T} */
  shift() {
    const items = this.#items;
    const item = /** @type {T} */ (items[this.#head]);
    items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === items.length) {
      items.length = 0;
      this.#head = 0;
    } else if (this.#head >= compactAt && this.#head * 2 >= items.length) {
      this.#items = arraySlice(items, this.#head);
      this.#head = 0;
    }
    return item;
  }
}

module.exports = { Fifo };
