// A queue whose both ends cost the same however long it is (`Array.prototype.shift` moves what is left): a ring in an array, which never
// becomes shorter one by one, as `length = 0` is a call out of compiled code (40 ns).
'use strict';

const smallest = 4;
// An empty queue gives back what it grew beyond this.
const kept = 1024;

/** @template T */
class Fifo {
  /** As many as a power of two, or none. @type {(T | undefined)[]} */
  #items = [];
  #head = 0;
  length = 0;

  /** @param {T} item */
  push(item) {
    const { length } = this;
    if (length === this.#items.length) this.#grow();
    const items = this.#items;
    items[(this.#head + length) & (items.length - 1)] = item;
    this.length = length + 1;
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
    const head = this.#head;
    const item = /** @type {T} */ (items[head]);
    items[head] = undefined;
    this.length -= 1;
    if (this.length === 0 && items.length > kept) {
      this.#items = [];
      this.#head = 0;
    } else {
      this.#head = (head + 1) & (items.length - 1);
    }
    return item;
  }

  #grow() {
    const items = this.#items;
    const size = items.length === 0 ? smallest : items.length * 2;
    /** @type {(T | undefined)[]} */
    const ring = [];
    for (let index = 0; index < size; index += 1) {
      ring[index] = index < items.length ? items[(this.#head + index) & (items.length - 1)] : undefined;
    }
    this.#items = ring;
    this.#head = 0;
  }
}

module.exports = { Fifo };
