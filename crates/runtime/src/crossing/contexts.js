// Python's context in JavaScript's: one more entry of the frame that AsyncLocalStorage keeps (`node/async_hooks/local_storage.js`), a list
// of storages and what they hold, in turn. So it goes wherever a frame goes, and what a program runs in a store of its own keeps it.
//
// Runs on the loop thread with the GIL held.
'use strict';

const { currentFrame, enterFrame, use } = require('builtins/async_context');

// Stands where a storage would.
const PYTHON = { __proto__: null };

use.hasHost = true;

module.exports = {
  /** Enters a frame like this one in which Python's context is `held`, or none if that is undefined. @param {any} held */
  frameWith(held) {
    /** @type {any} */
    const frame = currentFrame();
    const next = [];
    for (let index = 0; frame !== undefined && index < frame.length; index += 2) {
      if (frame[index] === PYTHON) continue;
      next[next.length] = frame[index];
      next[next.length] = frame[index + 1];
    }
    if (held !== undefined) {
      next[next.length] = PYTHON;
      next[next.length] = held;
    }
    enterFrame(next.length === 0 ? undefined : next);
  },
  /** Whether the frame holds anything of JavaScript's. @returns {boolean} */
  hasStores() {
    /** @type {any} */
    const frame = currentFrame();
    return frame !== undefined && (frame.length > 2 || (frame.length > 0 && frame[0] !== PYTHON));
  },
  /** What the frame holds of Python's. @returns {any} */
  heldIn() {
    /** @type {any} */
    const frame = currentFrame();
    for (let index = 0; frame !== undefined && index < frame.length; index += 2) {
      if (frame[index] === PYTHON) return frame[index + 1];
    }
    return undefined;
  },
};
