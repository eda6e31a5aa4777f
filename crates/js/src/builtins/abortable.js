// Promises whose work can be given up when nobody waits any more: another language cancels who waits for them, which a promise itself cannot tell.
// Noted only once that language has asked for it.
'use strict';

const { WeakMap, weakMapGet, weakMapSet } = require('builtins/primordials');

/** How to give them up, and how many wait of those that can be cancelled. @type {WeakMap<object, { abort: () => void, waiting: number }> | null} */
let noted = null;

module.exports = {
  /** From now on they are noted. */
  noteAbortables() {
    noted ??= new WeakMap();
  },
  notesAbortables: () => noted !== null,
  /** @template {object} P @param {P} promise @param {() => void} abort @returns {P} */
  noteAbortable(promise, abort) {
    if (noted !== null) weakMapSet(noted, promise, { abort, waiting: 0 });
    return promise;
  },
  /** Somebody waits who can be cancelled; false if that means nothing to this promise. @param {object} promise */
  waitForAbortable(promise) {
    const found = noted === null ? undefined : weakMapGet(noted, promise);
    if (found === undefined) return false;
    found.waiting += 1;
    return true;
  },
  /** One of them waits no more; the last that was cancelled gives it up. @param {object} promise @param {boolean} wasCancelled */
  leaveAbortable(promise, wasCancelled) {
    const found = noted === null ? undefined : weakMapGet(noted, promise);
    if (found === undefined) return;
    found.waiting -= 1;
    if (wasCancelled && found.waiting === 0) found.abort();
  },
};
