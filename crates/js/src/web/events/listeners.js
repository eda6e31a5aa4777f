// The listeners of one type at one target: adding, finding and removing take the same time however many there are, and a dispatch that is
// under way sees those of its start.
'use strict';

const { Map, mapDelete, mapGet, mapSet } = require('builtins/primordials');

/** From how many on a callback is looked up in a table instead of the list. */
const tableFrom = 8;

class Listener {
  callback;
  capture;
  once;
  passive;
  isHandler;
  removed = false;
  /** What else is to be undone when it is removed. @type {(() => void) | undefined} */
  forget = undefined;
  /**
   * @param {any} callback a function or an object with `handleEvent`
   * @param {boolean} capture
   * @param {boolean} once
   * @param {boolean} passive
   * @param {boolean} isHandler whether it is an event handler attribute (`onmessage`)
   */
  constructor(callback, capture, once, passive, isHandler) {
    this.callback = callback;
    this.capture = capture;
    this.once = once;
    this.passive = passive;
    this.isHandler = isHandler;
  }
}

class ListenerList {
  /** In order of addition, the removed ones among them until `#compact`. @type {Listener[]} */
  items = [];
  /** How many are not removed. */
  live = 0;
  /** How many dispatches walk `items` now. */
  walks = 0;
  // By callback, once there are many: those for the capturing phase, and the others.
  /** @type {Map<any, Listener> | null} */
  #capturing = null;
  /** @type {Map<any, Listener> | null} */
  #others = null;

  /** @param {Listener} listener */
  add(listener) {
    const { items } = this;
    items[items.length] = listener;
    this.live += 1;
    if (this.#others !== null) this.#enter(listener);
    else if (this.live > tableFrom) this.#makeTables();
  }

  /** @param {any} callback @param {boolean} capture @returns {Listener | undefined} */
  find(callback, capture) {
    if (this.#others !== null) return mapGet(/** @type {Map<any, Listener>} */ (capture ? this.#capturing : this.#others), callback);
    const { items } = this;
    for (let i = 0; i < items.length; i += 1) {
      const listener = items[i];
      if (listener.callback === callback && listener.capture === capture && !listener.isHandler && !listener.removed) return listener;
    }
    return undefined;
  }

  /** @param {Listener} listener */
  remove(listener) {
    listener.removed = true;
    this.live -= 1;
    if (this.#others !== null && !listener.isHandler) {
      mapDelete(/** @type {Map<any, Listener>} */ (listener.capture ? this.#capturing : this.#others), listener.callback);
    }
    // A closure that is gone must not be kept by the place where it was.
    listener.callback = null;
    if (this.walks === 0 && this.items.length > this.live * 2) this.#compact();
  }

  /** A dispatch has ended. */
  endWalk() {
    this.walks -= 1;
    if (this.walks === 0 && this.items.length > this.live * 2) this.#compact();
  }

  #compact() {
    if (this.live === 0) {
      this.items.length = 0;
      return;
    }
    const kept = [];
    const { items } = this;
    for (let i = 0; i < items.length; i += 1) if (!items[i].removed) kept[kept.length] = items[i];
    this.items = kept;
  }

  #makeTables() {
    this.#capturing = new Map();
    this.#others = new Map();
    const { items } = this;
    for (let i = 0; i < items.length; i += 1) if (!items[i].removed) this.#enter(items[i]);
  }

  /** @param {Listener} listener */
  #enter(listener) {
    if (listener.isHandler) return;
    mapSet(/** @type {Map<any, Listener>} */ (listener.capture ? this.#capturing : this.#others), listener.callback, listener);
  }
}

module.exports = { Listener, ListenerList };
