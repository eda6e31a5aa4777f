// What is given up when Python's Tasks are cancelled that waited for a promise: fetches, timers and Python's own Tasks for which, over any number
// of async functions, `then`s and combinators, nobody else waits.
//
// Runs on the loop thread with the GIL held.
'use strict';

const { WeakMap, weakMapGet, weakMapSet } = require('builtins/primordials');
const { forEachAbortable, noteAbortables } = require('builtins/abortable');
const { servedBy } = ops;

noteAbortables();

/** @typedef {{ promise: object, what: (() => void) | number }} Work */

/** By the promise that Python waits for. @type {WeakMap<object, Work[]>} */
let works = new WeakMap();

/** @param {object} promise @param {Work['what']} what */
function gather(promise, what) {
  const end = servedBy(promise);
  if (end === undefined) return;
  const known = weakMapGet(works, end);
  if (known === undefined) weakMapSet(works, end, [{ promise, what }]);
  else known[known.length] = { promise, what };
}

module.exports = {
  /** Looks whom everything serves that can be given up. @param {any[]} tasks promises that wait for Tasks, each with the Task's ticket */
  gatherWorks(tasks) {
    works = new WeakMap();
    for (let i = 0; i < tasks.length; i += 2) gather(tasks[i], tasks[i + 1]);
    forEachAbortable((abort, promise) => gather(promise, abort));
  },
  /** Gives up what serves this promise alone; the tickets of Tasks, for Python to cancel. @param {object} promise */
  giveUp(promise) {
    const found = weakMapGet(works, promise) ?? [];
    const tickets = [];
    for (let i = 0; i < found.length; i += 1) {
      const { promise: inner, what } = found[i];
      // Much may have happened since it was gathered.
      if (servedBy(inner) !== promise) continue;
      if (typeof what === 'number') tickets[tickets.length] = what;
      else what();
    }
    return tickets;
  },
};
