// `process.nextTick` (https://nodejs.org/api/process.html#processnexttickcallback-args): callbacks that run before the promise jobs when a
// callback of the loop is over, and in their own order. The engine's checkpoint calls `runTicks`; a queue of JavaScript costs 10 ns a tick.
'use strict';

const { requireFunction } = require('node/arguments');
const { currentFrame, enterFrame, frameToKeep, tracked, tracker, use } = require('builtins/async_context');
const { apply } = require('builtins/primordials');
const { reportException, runBeforeMicrotasks } = ops;

// Callbacks and their arguments in turn.
/** @type {any[]} */
let queue = [];
let isRequested = false;
let isOver = false;

/** The process ends: what is asked for from now on never runs. */
function endTicks() {
  isOver = true;
}

function runTicks() {
  // What the script left behind is not the ticks' own.
  if (use.begun) enterFrame(undefined);
  while (queue.length > 0) {
    const due = queue;
    queue = [];
    for (let index = 0; index < due.length; index += 2) {
      try {
        runTick(due[index], due[index + 1]);
      } catch (error) {
        reportException(error);
      }
    }
  }
  isRequested = false;
}

/** Direct calls stay in compiled code, `apply` of several functions does not. @param {Function} callback @param {any[] | undefined} given */
function runTick(callback, given) {
  if (given === undefined) callback();
  else if (given.length === 1) callback(given[0]);
  else if (given.length === 2) callback(given[0], given[1]);
  else apply(callback, undefined, given);
}

/** @param {Function} callback @param {...any} given */
function nextTick(callback, ...given) {
  requireFunction(callback, 'callback');
  if (isOver) return;
  const end = queue.length;
  queue[end] = use.begun || use.hasHost ? inFrame(callback) : callback;
  if (tracker.now !== undefined) queue[end] = tracked('TickObject', queue[end], { callback, args: given });
  queue[end + 1] = given.length === 0 ? undefined : given;
  if (isRequested) return;
  isRequested = true;
  runBeforeMicrotasks(runTicks);
}

/** The callback in the frame of now, wherever it is called. @param {Function} callback */
function inFrame(callback) {
  const frame = frameToKeep();
  if (frame === undefined) return callback;
  return (/** @type {any[]} */ ...given) => {
    const prior = currentFrame();
    enterFrame(frame);
    try {
      apply(callback, undefined, given);
    } catch (error) {
      // In its own frame, which may say who hears of it.
      reportException(error);
    } finally {
      enterFrame(prior);
    }
  };
}

module.exports = { endTicks, nextTick };
