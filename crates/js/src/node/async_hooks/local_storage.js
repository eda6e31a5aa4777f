// `AsyncLocalStorage` (https://nodejs.org/api/async_context.html#class-asynclocalstorage). A frame is a list of storages and what they
// hold, in turn; it is never changed once it was entered, but by `disable`. Programs have few storages, so a walk beats a map.
'use strict';

const { requireObject } = require('node/arguments');
const { currentFrame, enterFrame } = require('builtins/async_context');
const { AsyncResource } = require('node/async_hooks/async_resource');
const { apply, arraySlice, is, splice, symbolFor } = require('builtins/primordials');

/** @param {any} frame @param {AsyncLocalStorage} storage */
function placeOf(frame, storage) {
  if (frame === undefined) return -1;
  for (let index = 0; index < frame.length; index += 2) {
    if (frame[index] === storage) return index;
  }
  return -1;
}

/** What a storage holds until the scope is disposed of. */
class RunScope {
  #storage;
  #prior;
  #isOver = false;

  /** @param {AsyncLocalStorage} storage @param {any} store */
  constructor(storage, store) {
    this.#storage = storage;
    this.#prior = storage.getStore();
    storage.enterWith(store);
  }
  dispose() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#storage.enterWith(this.#prior);
  }
  [Symbol.dispose ?? symbolFor('Symbol.dispose')]() {
    this.dispose();
  }
}

class AsyncLocalStorage {
  /** @type {any} */
  #defaultValue;
  #name = '';

  /** @param {{ defaultValue?: any, name?: any }} [options] */
  constructor(options = {}) {
    requireObject(options, 'options');
    this.#defaultValue = options.defaultValue;
    if (options.name !== undefined) this.#name = `${options.name}`;
  }

  get name() {
    return this.#name;
  }

  /** @param {Function} callback */
  static bind(callback) {
    return AsyncResource.bind(callback);
  }
  static snapshot() {
    return AsyncLocalStorage.bind((/** @type {Function} */ callback, /** @type {any[]} */ ...given) => apply(callback, undefined, given));
  }

  disable() {
    const frame = /** @type {any} */ (currentFrame());
    const place = placeOf(frame, this);
    if (place !== -1) splice(frame, place, 2);
  }

  /** @param {any} store */
  enterWith(store) {
    const frame = /** @type {any} */ (currentFrame());
    const place = placeOf(frame, this);
    const next = frame === undefined ? [] : arraySlice(frame);
    const at = place === -1 ? next.length : place;
    next[at] = this;
    next[at + 1] = store;
    enterFrame(next);
  }

  /** @param {any} store @param {Function} callback @param {...any} given */
  run(store, callback, ...given) {
    const prior = this.getStore();
    if (is(prior, store)) return apply(callback, null, given);
    this.enterWith(store);
    try {
      return apply(callback, null, given);
    } finally {
      this.enterWith(prior);
    }
  }

  /** @param {Function} callback @param {...any} given */
  exit(callback, ...given) {
    return apply(this.run, this, withFirst(undefined, callback, given));
  }

  getStore() {
    const frame = /** @type {any} */ (currentFrame());
    const place = placeOf(frame, this);
    return place === -1 ? this.#defaultValue : frame[place + 1];
  }

  /** @param {any} store */
  withScope(store) {
    return new RunScope(this, store);
  }
}

/** @param {any} first @param {any} second @param {any[]} rest */
function withFirst(first, second, rest) {
  const all = [first, second];
  for (let index = 0; index < rest.length; index += 1) all[index + 2] = rest[index];
  return all;
}

module.exports = { AsyncLocalStorage };
