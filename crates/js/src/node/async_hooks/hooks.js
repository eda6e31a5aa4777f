// `createHook` and the numbers of asynchronous resources (https://nodejs.org/api/async_hooks.html).
//
// While a hook is on, timers, immediates, ticks, microtasks and continuations of promises are work with numbers of their own, beside the
// resources that a program or package makes itself (`AsyncResource`). Two things are not as in Node, as the engine tells nobody of a promise: what it calls
// a resource of the kind PROMISE is a continuation (a reaction, or an `await` that waits), with an object of its own as the resource, and
// `promiseResolve` is never called. Without a hook all of that belongs to the first resource, and costs nothing.
'use strict';

const { nodeError } = require('node/errors');
const { currentFrame, enterFrame, tracker, use } = require('builtins/async_context');
const { setImmediate } = require('web/html/timers');
const {
  apply,
  arraySlice,
  FinalizationRegistry,
  indexOf,
  isInteger,
  pop,
  push,
  register,
  splice,
  unregister,
} = require('builtins/primordials');
const { reportException, setPromiseTracker, trackPromises } = ops;

/** @typedef {{ id: number, trigger: number, resource: object }} Execution */
/** @typedef {{ init?: Function, before?: Function, after?: Function, destroy?: Function, promiseResolve?: Function, trackPromises?: boolean }} Callbacks */

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

/** @param {'init' | 'before' | 'after' | 'destroy'} name @param {any[]} given @param {boolean} [ofPromise] */
function emit(name, given, ofPromise = false) {
  if (active.length === 0) return;
  // Hooks that are turned on or off by a hook count from the next event.
  const now = arraySlice(active);
  for (let index = 0; index < now.length; index += 1) {
    const { hook, callbacks } = now[index];
    const callback = callbacks[name];
    if (callback === undefined || (ofPromise && callbacks.trackPromises === false)) continue;
    try {
      apply(callback, hook, given);
    } catch (error) {
      // Nobody's who began or ended the work.
      reportException(error);
    }
  }
}

/** @param {'init' | 'before' | 'after' | 'destroy'} name */
function hears(name) {
  for (let index = 0; index < active.length; index += 1) {
    if (active[index].callbacks[name] !== undefined) return true;
  }
  return false;
}

/** Numbers of what is over, and is not told yet. @type {[id: number, ofPromise: boolean][]} */
let over = [];

/** In the next turn, as resources are destroyed in the middle of anything. @param {number} id @param {boolean} [ofPromise] */
function emitDestroy(id, ofPromise = false) {
  if (!hears('destroy')) return;
  push(over, [id, ofPromise]);
  if (over.length > 1) return;
  // No work that hooks hear of, which would be over itself.
  const { now } = tracker;
  tracker.now = undefined;
  setImmediate(() => {
    const all = over;
    over = [];
    for (let index = 0; index < all.length; index += 1) emit('destroy', [all[index][0]], all[index][1]);
  });
  tracker.now = now;
}

/** @param {number} id @param {number} trigger @param {object} resource @param {boolean} [ofPromise] */
function enterResource(id, trigger, resource, ofPromise = false) {
  push(executions, { id, trigger, resource });
  emit('before', [id], ofPromise);
}

/** @param {number} id @param {boolean} [ofPromise] */
function leaveResource(id, ofPromise = false) {
  emit('after', [id], ofPromise);
  if (executions.length > 1) pop(executions);
}

// ---- What nobody made with AsyncResource

/** What tells of continuations that never run. @type {FinalizationRegistry<number> | undefined} */
let collected;

class Work {
  #isWork = true;
  isDestroyed = false;

  /** @param {string} type @param {object | undefined} resource @param {boolean} isPromise */
  constructor(type, resource, isPromise) {
    this.id = newId();
    this.trigger = executionAsyncId();
    this.resource = resource ?? {};
    this.isPromise = isPromise;
    this.frame = currentFrame();
    emit('init', [this.id, type, this.trigger, this.resource], isPromise);
  }
  /** @param {any} value @returns {value is Work} */
  static is(value) {
    return typeof value === 'object' && value !== null && #isWork in value && value.#isWork;
  }
}

/** @param {{ id: number, trigger: number, resource: object, isPromise: boolean }} work */
function enterWork({ id, trigger, resource, isPromise }) {
  enterResource(id, trigger, resource, isPromise);
}
/** @param {{ id: number, isPromise: boolean }} work */
function leaveWork({ id, isPromise }) {
  leaveResource(id, isPromise);
}
/** @param {{ id: number, isPromise: boolean, isDestroyed: boolean }} work */
function endWork(work) {
  if (work.isDestroyed) return;
  work.isDestroyed = true;
  emitDestroy(work.id, work.isPromise);
}

const begins = {
  /** @param {string} type @param {object} resource */
  begun: (type, resource) => new Work(type, resource, false),
};

/** The context of a continuation that is registered now. */
function beginContinuation() {
  const work = new Work('PROMISE', undefined, true);
  if (hears('destroy')) {
    collected ??= new FinalizationRegistry((id) => emitDestroy(id, true));
    register(collected, work, work.id, work);
  }
  return work;
}
/** A continuation runs, in what was its context then. @param {any} context */
function enterContinuation(context) {
  if (!Work.is(context)) return;
  enterFrame(context.frame);
  enterWork(context);
}
/** @param {any} context */
function leaveContinuation(context) {
  if (!Work.is(context)) return;
  leaveWork(context);
  if (collected !== undefined) unregister(collected, context);
  endWork(context);
}

let isJoined = false;

/** Has who begins and ends work tell of it as long as a hook is on. */
function changed() {
  if (!isJoined) {
    isJoined = true;
    tracker.enter = enterWork;
    tracker.leave = leaveWork;
    tracker.over = endWork;
    setPromiseTracker(beginContinuation, enterContinuation, leaveContinuation);
  }
  tracker.now = active.length === 0 ? undefined : begins;
  let hearsPromises = false;
  for (let index = 0; index < active.length; index += 1) {
    const { init, before, after, destroy, trackPromises } = active[index].callbacks;
    hearsPromises ||= trackPromises !== false && (init ?? before ?? after ?? destroy) !== undefined;
  }
  if (hearsPromises) use.begun = true;
  trackPromises(hearsPromises);
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
      changed();
    }
    return this;
  }
  disable() {
    if (this.#isOn) {
      this.#isOn = false;
      active = arraySlice(active);
      splice(active, indexOf(active, this.#entry), 1);
      changed();
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
  return new AsyncHook({ init, before, after, destroy, promiseResolve, trackPromises });
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
