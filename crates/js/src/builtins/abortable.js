// Promises whose work can be given up when nobody waits any more: another language cancels who waits for them, which a promise itself cannot tell.
// Noted only once that language has asked for it, and until they settle.
'use strict';

const { Map, mapDelete, mapForEach, mapSet } = require('builtins/primordials');
const loadDOMException = () => require('builtins/domexception');

/** How to give each up. @type {Map<object, () => void> | null} */
let noted = null;

module.exports = {
  /** From now on they are noted. */
  noteAbortables() {
    noted ??= new Map();
  },
  notesAbortables: () => noted !== null,
  /** @template {object} P @param {P} promise @param {() => void} abort rejects it @returns {P} */
  noteAbortable(promise, abort) {
    if (noted !== null) mapSet(noted, promise, abort);
    return promise;
  },
  /** It is settled, or about to be. @param {object} promise */
  forgetAbortable(promise) {
    if (noted !== null) mapDelete(noted, promise);
  },
  /** What they reject with then. */
  givenUp: () => new (loadDOMException().DOMException)('This operation was aborted', 'AbortError'),
  /** @param {(abort: () => void, promise: object) => void} f */
  forEachAbortable(f) {
    if (noted !== null) mapForEach(noted, f);
  },
};
