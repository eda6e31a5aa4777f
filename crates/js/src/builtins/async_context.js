// The asynchronous context that a program runs in: a frame, which is an object, or undefined as long as it sets none. The engine takes it along
// through promises, microtasks and timers; queues of JavaScript's own (`process.nextTick`) ask here, which costs a program without frames
// one look at a flag.
'use strict';

const { apply } = require('builtins/primordials');
const { asyncContext, asyncContextToKeep, setAsyncContext } = ops;

/** Whether any frame was ever set, and whether the host of the process has contexts of its own, which it puts into frames. */
const use = { begun: false, hasHost: false };

/** @returns {object | undefined} */
function currentFrame() {
  return use.begun ? asyncContext() : undefined;
}

/** The frame for what runs later, from a queue of JavaScript's own. @returns {object | undefined} */
function frameToKeep() {
  return use.begun || use.hasHost ? asyncContextToKeep() : undefined;
}

/** @param {object | undefined} frame */
function enterFrame(frame) {
  if (frame === undefined && !use.begun) return;
  use.begun = true;
  setAsyncContext(frame);
}

/**
 * A piece of work that hooks of `node:async_hooks` hear of: its numbers, what it belongs to, and the frame that it runs in.
 * @typedef {{ id: number, trigger: number, resource: object, isPromise: boolean, frame: object | undefined, isDestroyed: boolean }} Work
 */

/**
 * Who tells hooks of timers, ticks, microtasks and continuations; nobody while no hook is on, which costs each of them one look.
 * @type {{ now: { begun(type: string, resource: object): Work } | undefined, enter(work: Work): void, leave(work: Work): void, over(work: Work): void }}
 */
const tracker = { now: undefined, enter() {}, leave() {}, over() {} };

/** A function that runs a callback as work of its own. @param {string} type @param {Function} callback @param {object} resource */
function tracked(type, callback, resource) {
  const now = tracker.now;
  if (now === undefined) return callback;
  const work = now.begun(type, resource);
  return (/** @type {any[]} */ ...given) => {
    tracker.enter(work);
    try {
      return apply(callback, undefined, given);
    } finally {
      tracker.leave(work);
      tracker.over(work);
    }
  };
}

module.exports = { currentFrame, enterFrame, frameToKeep, tracked, tracker, use };
