// `createHook` and the numbers of asynchronous resources (https://nodejs.org/api/async_hooks.html).
//
// Hooks hear of the resources that a program or package makes itself (`AsyncResource`), whose callbacks have numbers of their own. What the
// loop runs (timers, ticks, promises) has none: it all belongs to the first resource, as nobody can tell the numbers cheaply.
'use strict';

const { nodeError } = require('node/errors');
const { setImmediate } = require('web/html/timers');
const { apply, arraySlice, indexOf, isInteger, pop, push, splice } = require('builtins/primordials');

/** @typedef {{ id: number, trigger: number, resource: object }} Execution */
/** @typedef {{ init?: Function, before?: Function, after?: Function, destroy?: Function, promiseResolve?: Function }} Callbacks */

/** Resources whose callbacks are running, the innermost last. @type {Execution[]} */
const executions = [{ id: 1, trigger: 0, resource: {} }];
let lastId = 1;
/** The hooks that are on. @type {{ hook: AsyncHook, callbacks: Callbacks }[]} */
let active = [];

const innermost = () => executions[executions.length - 1];
const executionAsyncId = () => innermost().id;
const triggerAsyncId = () => innermost().trigger;
const executionAsyncResource = () => innermost().resource;

function newId() {
  lastId += 1;
  return lastId;
}

/** @param {'init' | 'before' | 'after' | 'destroy'} name @param {any[]} given */
function emit(name, given) {
  if (active.length === 0) return;
  // Hooks that are turned on or off by a hook count from the next event.
  const now = arraySlice(active);
  for (let index = 0; index < now.length; index += 1) {
    const { hook, callbacks } = now[index];
    const callback = callbacks[name];
    if (callback !== undefined) apply(callback, hook, given);
  }
}

/** @param {'init' | 'before' | 'after' | 'destroy'} name */
function hears(name) {
  for (let index = 0; index < active.length; index += 1) {
    if (active[index].callbacks[name] !== undefined) return true;
  }
  return false;
}

/** In the next turn, as resources are destroyed in the middle of anything. @param {number} id */
function emitDestroy(id) {
  if (hears('destroy')) setImmediate(() => emit('destroy', [id]));
}

/** @param {number} id @param {number} trigger @param {object} resource */
function enterResource(id, trigger, resource) {
  push(executions, { id, trigger, resource });
  emit('before', [id]);
}

/** @param {number} id */
function leaveResource(id) {
  emit('after', [id]);
  if (executions.length > 1) pop(executions);
}

/** @param {any} id @param {string} name */
function requireId(id, name) {
  if (!isInteger(id) || id < -1 || id > 2 ** 53 - 1) {
    throw nodeError(RangeError, 'ERR_INVALID_ASYNC_ID', `Invalid ${name} value: ${String(id)}`);
  }
}

/** @param {any} callback @param {string} name */
function requireCallback(callback, name) {
  if (callback !== undefined && typeof callback !== 'function') {
    throw nodeError(TypeError, 'ERR_ASYNC_CALLBACK', `hook.${name} must be a function`);
  }
}

class AsyncHook {
  #entry;
  #isOn = false;

  /** @param {Callbacks} callbacks */
  constructor(callbacks) {
    this.#entry = { hook: this, callbacks };
  }
  enable() {
    if (!this.#isOn) {
      this.#isOn = true;
      active = arraySlice(active);
      push(active, this.#entry);
    }
    return this;
  }
  disable() {
    if (this.#isOn) {
      this.#isOn = false;
      active = arraySlice(active);
      splice(active, indexOf(active, this.#entry), 1);
    }
    return this;
  }
}

/** @param {any} given */
function createHook({ init, before, after, destroy, promiseResolve, trackPromises }) {
  requireCallback(init, 'init');
  requireCallback(before, 'before');
  requireCallback(after, 'after');
  requireCallback(destroy, 'destroy');
  requireCallback(promiseResolve, 'promiseResolve');
  if (trackPromises === false && promiseResolve !== undefined) {
    throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', 'promiseResolve must not be specified when trackPromises is false');
  }
  return new AsyncHook({ init, before, after, destroy, promiseResolve });
}

module.exports = {
  createHook,
  emit,
  emitDestroy,
  enterResource,
  executionAsyncId,
  executionAsyncResource,
  hears,
  leaveResource,
  newId,
  requireId,
  triggerAsyncId,
};
