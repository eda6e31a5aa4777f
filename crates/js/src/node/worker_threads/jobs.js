// Work that another language gives to threads: one function call a job, in workers that wait for the next one. A function goes over as its text, so
// it has nothing of where it stood; a module is loaded in the worker.
'use strict';

const { indexOf, push, resolve, shift, splice, then, withResolvers } = require('builtins/primordials');
const { Worker } = require('node/worker_threads/worker');
const { parallelism } = ops;
// The language's own, whatever a program makes of the globals later.
const { Error: OwnError } = globalThis;

/**
 * A call: of the function of this text, or of what a module exports by this name.
 * @typedef {{ source?: string, module?: string, referrer: string, line: number, name: string, values: any[] }} Work
 * @typedef {{ work: Work, transfer: any[], answer: PromiseWithResolvers<any>, worker: Thread | undefined, isOver: boolean }} Job
 * @typedef {{ worker: any, job: Job | undefined }} Thread
 */

/** The program of a worker. Buffers go back as themselves, and what cannot be written says so. */
const program = `
const { parentPort } = process.getBuiltinModule('node:worker_threads');
const { compileFunction, constants } = process.getBuiltinModule('node:vm');
// An import is the one of the file and line that ask.
const importer = (filename, line) =>
  compileFunction('return import(module)', ['module'], {
    filename,
    lineOffset: line - 1,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
const buffersOf = (value) => {
  if (value instanceof ArrayBuffer) return [value];
  if (ArrayBuffer.isView(value)) return value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
  if (value === null || typeof value !== 'object') return [];
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && prototype !== Array.prototype) return [];
  return Object.values(value).flatMap((part) => (part instanceof ArrayBuffer || ArrayBuffer.isView(part) ? buffersOf(part) : []));
};
async function exported({ module, referrer, line, name }) {
  const exports = await importer(referrer, line)(module);
  const found = exports[name] ?? exports.default?.[name];
  if (typeof found !== 'function') throw new TypeError(module + ' exports no function ' + name);
  return found;
}
parentPort.on('message', async (work) => {
  try {
    const called = work.source === undefined ? await exported(work) : (0, eval)('(' + work.source + '\\n)');
    const value = await called(...work.values);
    parentPort.postMessage({ value }, [...new Set(buffersOf(value))]);
  } catch (error) {
    try {
      parentPort.postMessage({ error });
    } catch {
      parentPort.postMessage({ error: new Error(String(error)) });
    }
  }
});`;

/** Those that wait for a worker: each is a caller that waits, so their number has no limit of ours. @type {Job[]} */
const waiting = [];
/** @type {Thread[]} */
const idle = [];
let count = 0;

/** @param {Work} work @param {any[]} transfer */
function start(work, transfer) {
  /** @type {Job} */
  const job = { work, transfer, answer: withResolvers(), worker: undefined, isOver: false };
  push(waiting, job);
  next();
  return {
    promise: job.answer.promise,
    /** Nobody waits any more: a function that runs is ended with its worker. */
    cancel() {
      if (job.isOver) return;
      job.isOver = true;
      const { worker } = job;
      if (worker !== undefined) void then(resolve(worker.worker.terminate()), () => {});
    },
  };
}

function next() {
  while (waiting.length > 0 && (idle.length > 0 || count < parallelism())) {
    const job = /** @type {Job} */ (shift(waiting));
    if (job.isOver) continue;
    const thread = shift(idle) ?? made();
    thread.job = job;
    job.worker = thread;
    thread.worker.ref();
    try {
      thread.worker.postMessage(job.work, job.transfer);
    } catch (error) {
      // What cannot be written for another thread.
      done(thread, () => job.answer.reject(error));
    }
  }
}

/** @returns {Thread} */
function made() {
  const worker = new Worker(program, { eval: true, name: 'twinloop job' });
  /** @type {Thread} */
  const thread = { worker, job: undefined };
  count += 1;
  worker.on('message', (/** @type {any} */ told) => {
    const { job } = thread;
    done(thread, () => ('error' in told ? job?.answer.reject(told.error) : job?.answer.resolve(told.value)));
  });
  worker.on('error', (/** @type {any} */ error) => {
    const { job } = thread;
    thread.job = undefined;
    if (job !== undefined) job.isOver = true;
    job?.answer.reject(error);
  });
  worker.on('exit', (/** @type {number} */ code) => {
    count -= 1;
    const place = indexOf(idle, thread);
    if (place >= 0) splice(idle, place, 1);
    const { job } = thread;
    if (job !== undefined) {
      job.isOver = true;
      job.answer.reject(new OwnError(`the worker left with status ${code} before its function was done`));
    }
    next();
  });
  return thread;
}

/** @param {Thread} thread @param {() => void} settle */
function done(thread, settle) {
  if (thread.job !== undefined) thread.job.isOver = true;
  thread.job = undefined;
  thread.worker.unref();
  push(idle, thread);
  settle();
  next();
}

module.exports = { start };
