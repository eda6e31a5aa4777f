// The asynchronous context that a program runs in: a frame, which is an object, or undefined as long as it sets none. The engine takes it along
// through promises, microtasks and timers; queues of JavaScript's own (`process.nextTick`) ask here, which costs a program without frames
// one look at a flag.
'use strict';

const { asyncContext, setAsyncContext } = ops;

/** Whether any frame was ever set. */
const use = { begun: false };

/** @returns {object | undefined} */
function currentFrame() {
  return use.begun ? asyncContext() : undefined;
}

/** @param {object | undefined} frame */
function enterFrame(frame) {
  if (frame === undefined && !use.begun) return;
  use.begun = true;
  setAsyncContext(frame);
}

module.exports = { currentFrame, enterFrame, use };
