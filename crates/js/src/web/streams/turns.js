// The microtasks of streams. Each step between two ends of a stream has its turn in the engine's queue, at the place that the specification gives
// it; but a turn of the engine costs 90 ns, and most follow one another with nothing of the program's between. So a turn that is asked for
// while nothing was queued behind the last one of ours is not queued itself: the last one runs it after its own. The order is that of a queue with
// all of them in it. Whether something was queued is asked of the engine (10 ns).
//
// A turn is a function that never throws and what it is about: no closure is made for one.
'use strict';

const { use, enterFrame } = require('builtins/async_context');
const { Fifo } = require('web/streams/fifo');
const { enqueueTurn, microtasksQueued } = ops;

const NONE = -1;

// A ring of functions, each followed by its argument. `first` and `end` count on and wrap as 32-bit integers do.
/** @type {any[]} */
let ring = [undefined, undefined, undefined, undefined];
let first = 0;
let end = 0;
// Where the turns end that belong to one microtask, for all of these but the last, to which more may be added.
/** @type {Queue<number>} */
const ends = new Fifo();
// What `microtasksQueued` was with the last one, or NONE when that is over.
let last = NONE;

/**
 * Has a function called with this argument in a microtask. It must not throw.
 * @template T
 * @param {(about: T) => void} run @param {T} about
 */
function afterwards(run, about) {
  // In an asynchronous context each turn has a microtask, as the engine takes the context along with that.
  if (last === NONE || use.begun || microtasksQueued() !== last) {
    if (last !== NONE) ends.push(end);
    last = enqueueTurn(runTurns);
  }
  if (((end - first) | 0) === ring.length) grow();
  const place = end & (ring.length - 1);
  ring[place] = run;
  ring[place + 1] = about;
  end = (end + 2) | 0;
}

/** What the engine calls for each microtask: all turns that belong to it. */
function runTurns() {
  let isDone = false;
  try {
    runAll();
    isDone = true;
  } finally {
    // A turn that throws after all (the stack was too deep) costs those behind it their place and no more.
    if (!isDone) last = enqueueTurn(runTurns);
  }
  if (ends.length > 0) ends.shift();
  else last = NONE;
}

function runAll() {
  let isLater = false;
  while (first !== (ends.length > 0 ? ends.first() : end)) {
    // The first context ever was entered meanwhile: these turns were asked for in none.
    if (isLater && use.begun) enterFrame(undefined);
    isLater = true;
    const place = first & (ring.length - 1);
    const run = ring[place];
    const about = ring[place + 1];
    ring[place + 1] = undefined;
    first = (first + 2) | 0;
    run(about);
  }
}

function grow() {
  /** @type {any[]} */
  const larger = [];
  const size = ring.length;
  for (let index = 0; index < size * 2; index += 1) larger[index] = undefined;
  for (let index = 0; index < size; index += 1) {
    const place = first + index;
    larger[place & (size * 2 - 1)] = ring[place & (size - 1)];
  }
  ring = larger;
}

/** The function of a turn that is a closure. @param {() => void} run */
function invoke(run) {
  run();
}

module.exports = { afterwards, invoke };
