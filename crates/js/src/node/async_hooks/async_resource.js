// `AsyncResource` (https://nodejs.org/api/async_context.html#class-asyncresource): what a package uses to run callbacks in the context in which
// they were handed in.
'use strict';

const { nodeError } = require('node/errors');
const { requireFunction, requireString } = require('node/arguments');
const { currentFrame, enterFrame } = require('builtins/async_context');
const { emit, emitDestroy, enterResource, executionAsyncId, hears, leaveResource, newId, requireId } = require('node/async_hooks/hooks');
const { apply, defineProperty, FinalizationRegistry, register } = require('builtins/primordials');

/** Tells the hooks of resources that nobody destroyed and the collector took. @type {FinalizationRegistry<{ id: number, isDestroyed: boolean }> | undefined} */
let collected;

/** @param {object} resource @param {{ id: number, isDestroyed: boolean }} state */
function destroyWhenCollected(resource, state) {
  collected ??= new FinalizationRegistry((gone) => {
    if (!gone.isDestroyed) emitDestroy(gone.id);
  });
  register(collected, resource, state);
}

class AsyncResource {
  #frame = currentFrame();
  #trigger;
  #state;

  /** @param {string} type @param {number | { triggerAsyncId?: number, requireManualDestroy?: boolean }} [options] */
  constructor(type, options = {}) {
    requireString(type, 'type');
    const settings = typeof options === 'number' ? { triggerAsyncId: options } : options;
    const given = settings.triggerAsyncId;
    this.#trigger = given === undefined ? executionAsyncId() : given;
    requireId(this.#trigger, 'triggerAsyncId');
    this.#state = { id: newId(), isDestroyed: false };
    if (hears('init')) {
      if (type === '') throw nodeError(TypeError, 'ERR_ASYNC_TYPE', `Invalid name for async "type": ${type}`);
      emit('init', [this.#state.id, type, this.#trigger, this]);
    }
    if (settings.requireManualDestroy !== true && hears('destroy')) destroyWhenCollected(this, this.#state);
  }

  /** @param {Function} callback @param {any} [receiver] @param {...any} given */
  runInAsyncScope(callback, receiver, ...given) {
    const { id } = this.#state;
    enterResource(id, this.#trigger, this);
    const prior = currentFrame();
    enterFrame(this.#frame);
    try {
      return apply(callback, receiver, given);
    } finally {
      enterFrame(prior);
      leaveResource(id);
    }
  }

  emitDestroy() {
    this.#state.isDestroyed = true;
    emitDestroy(this.#state.id);
    return this;
  }
  asyncId() {
    return this.#state.id;
  }
  triggerAsyncId() {
    return this.#trigger;
  }

  /** @param {Function} callback @param {any} [receiver] the caller's own when it is left out */
  bind(callback, receiver) {
    requireFunction(callback, 'fn');
    const resource = this;
    const bound = /** @this {any} @param {...any} given */ function (...given) {
      /** @type {any[]} */
      const all = [callback, receiver === undefined ? this : receiver];
      for (let index = 0; index < given.length; index += 1) all[index + 2] = given[index];
      return apply(resource.runInAsyncScope, resource, all);
    };
    defineProperty(bound, 'length', { value: callback.length, configurable: true });
    return bound;
  }

  /** @param {Function} callback @param {string} [type] @param {any} [receiver] */
  static bind(callback, type, receiver) {
    requireFunction(callback, 'fn');
    return new AsyncResource(type || callback.name || 'bound-anonymous-fn').bind(callback, receiver);
  }
}

module.exports = { AsyncResource };
