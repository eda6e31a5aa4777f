// One job that computes, in all the places where it can: `twinloop cpu.js`. What each takes, and how long the loop stands still for it.
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { rows } from './job.mjs';

const WORKER = new URL('worker.mjs', import.meta.url);

const PLACES = {
  loop: ['on the loop', ({ whole }) => rows(...whole)],

  pieces: [
    'on the loop, in pieces',
    async ({ pieces }, signal) => {
      const done = [];
      for (const piece of pieces) {
        done.push(rows(...piece));
        await turn(undefined, { signal }); // the others have a turn
      }
      return Buffer.concat(done);
    },
  ],

  worker: ['in a Worker', ({ whole }, signal) => inWorkers([whole], 1, signal)],

  workers: ['in Workers', ({ pieces, count }, signal) => inWorkers(pieces, count, signal)],

  processes: ['in processes', ({ pieces, count }, signal) => inProcesses(pieces, count, signal)],
};

async function inWorkers(pieces, count, signal) {
  const workers = Array.from({ length: count }, () => new Worker(WORKER));
  try {
    return await share(pieces, workers, (worker, piece) => worker.postMessage(piece), signal);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function inProcesses(pieces, count, signal) {
  const processes = Array.from({ length: count }, () => fork(WORKER, { serialization: 'advanced' }));
  try {
    return await share(pieces, processes, (child, piece) => child.send(piece), signal);
  } finally {
    for (const child of processes) child.kill();
  }
}

/** A worker that ended before its answer, by itself or by another's hand. */
class WorkerEnded extends Error {}

/** The next message of a worker. One that has ended gives none. */
async function answerOf(worker, signal) {
  const over = new AbortController();
  const options = { signal: AbortSignal.any([signal, over.signal]) };
  const ended = once(worker, 'exit', options).then(([code, name]) => {
    throw new WorkerEnded(`a worker ended with ${name ?? `code ${code}`} before it had answered`);
  });
  try {
    const [message] = await Promise.race([once(worker, 'message', options), ended]);
    return message;
  } finally {
    over.abort();
  }
}

/** Has the pieces computed: each of the workers gets the next one when it has done one. */
async function share(pieces, workers, send, signal) {
  const done = [];
  let next = 0;
  const work = workers.map(async (worker) => {
    while (next < pieces.length) {
      const place = next++;
      send(worker, pieces[place]);
      done[place] = await answerOf(worker, signal);
    }
  });
  await Promise.all(work);
  return Buffer.concat(done);
}

/** Ticks, and notes for how long it could not. */
class Clock {
  longest = 0;
  #begun = performance.now();
  #last = this.#begun;
  #timer = setInterval(() => this.#tick(), 5);

  #tick() {
    const now = performance.now();
    this.longest = Math.max(this.longest, now - this.#last - 5);
    this.#last = now;
  }

  stop() {
    this.#tick();
    clearInterval(this.#timer);
    this.seconds = (this.#last - this.#begun) / 1000;
  }
}

function refuse() {
  console.error(`cpu.js: [${Object.keys(PLACES).join(' | ')}] [--width 2-20000] [--steps 2-255] [--workers 1-1000] [--out FILE]`);
  process.exit(2);
}

function words() {
  const width = { type: 'string', default: '600' };
  const steps = { type: 'string', default: '200' };
  const workers = { type: 'string', default: `${availableParallelism()}` };
  try {
    return parseArgs({ allowPositionals: true, options: { width, steps, workers, out: { type: 'string' } } });
  } catch {
    return refuse();
  }
}

const { values, positionals } = words();
const [width, steps, count] = [values.width, values.steps, values.workers].map(Number);
const height = Math.floor((width * 3) / 4);
const isNumber = (number, least, most) => Number.isInteger(number) && number >= least && number <= most;
const stranger = positionals.find((name) => !Object.hasOwn(PLACES, name));
if (stranger !== undefined || !isNumber(width, 2, 20_000) || !isNumber(steps, 2, 255) || !isNumber(count, 1, 1000)) {
  refuse();
}

// Pieces that are short enough: ten for each worker, since not all rows take as long.
const step = Math.max(1, Math.floor(height / (10 * count)));
const pieces = [];
for (let first = 0; first < height; first += step) pieces.push([first, Math.min(first + step, height), width, height, steps]);
const picture = { whole: [0, height, width, height, steps], pieces, count };

async function show(name, signal) {
  const [says, place] = PLACES[name];
  const clock = new Clock();
  let done;
  try {
    done = await place(picture, signal);
    await turn(undefined, { signal }); // what came while the loop stood still
  } catch (error) {
    if (!(error instanceof WorkerEnded)) throw error;
    process.exitCode = 1; // the other places may fare better
    return console.log(`${says.padEnd(26)} ${error.message}`);
  } finally {
    clock.stop();
  }
  const digest = createHash('sha256').update(done).digest('hex').slice(0, 8);
  console.log(`${says.padEnd(26)} ${clock.seconds.toFixed(2).padStart(6)} s   ${clock.longest.toFixed(0).padStart(12)} ms   ${digest}`);
  if (values.out) write(done);
}

function write(done) {
  try {
    writeFileSync(values.out, Buffer.concat([Buffer.from(`P5 ${width} ${height} ${steps}\n`), done]));
  } catch (error) {
    console.error(`cpu.js: the picture was not written: ${error.message}`);
    process.exitCode = 1;
  }
}

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => controller.abort());
console.log(`${width} x ${height} points, ${count} workers\n${''.padEnd(26)}   time    loop stood still   picture`);
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(PLACES)) await show(name, controller.signal);
} catch (error) {
  if (!controller.signal.aborted) throw error;
  console.error('stopped');
  process.exitCode = 130;
}
