// `twinloop serve --workers N`: processes that share a port (SO_REUSEPORT). One that dies is started again; SIGHUP starts all anew, one after the
// other, each before the one that it replaces ends, so that no request finds nobody.
'use strict';

const { arraySlice, assign, filter, forEach, indexOf, push, splice, startsWith } = require('builtins/primordials');
const { process } = require('node/process/process');
const { setTimeout } = require('web/html/timers');
const { monotonicNow, writeOutput } = ops;
const loadChildren = () => /** @type {any} */ (require('node/child_process/module'));

/** @typedef {import('./arguments.js').ServeArguments} ServeArguments */
/** @typedef {{ child: any, startedAt: number, isReady: boolean }} Worker */

// One that dies sooner than this (milliseconds) has a fault that a new one would have too: it waits before it begins.
const youth = 1000;

/** @param {ServeArguments} read */
function run(read) {
  /** @type {Worker[]} */
  const workers = [];
  let isStopping = false;
  let isTold = false;
  const words = [...process.execArgv, 'serve', ...withoutWorkers(arraySlice(process.argv, 1))];
  const env = assign({}, process.env, { TWINLOOP_SERVE_WORKER: '1' });

  /** @param {(() => void) | undefined} ready */
  function start(ready) {
    const child = loadChildren().spawn(process.execPath, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env });
    /** @type {Worker} */
    const worker = { child, startedAt: monotonicNow(), isReady: false };
    push(workers, worker);
    child.on('message', (/** @type {any} */ message) => {
      if (typeof message !== 'string' || worker.isReady) return;
      worker.isReady = true;
      if (!isTold && filter(workers, (/** @type {Worker} */ one) => one.isReady).length === read.workers) {
        isTold = true;
        writeOutput(1, `Listening on ${message} with ${read.workers} workers\n`);
      }
      ready?.();
    });
    child.on('exit', (/** @type {number | null} */ code, /** @type {string | null} */ signal) => ended(worker, code, signal));
    child.on('error', (/** @type {any} */ error) => writeOutput(2, `twinloop serve: ${error.message}\n`));
  }

  /** @param {Worker} worker @param {number | null} code @param {string | null} signal */
  function ended(worker, code, signal) {
    const place = indexOf(workers, worker);
    if (place < 0) return;
    splice(workers, place, 1);
    if (isStopping) {
      if (workers.length === 0) process.exit();
      return;
    }
    const age = monotonicNow() - worker.startedAt;
    if (!worker.isReady && !isTold) {
      // It cannot be begun at all.
      stop('SIGTERM');
      process.exitCode = code ?? 1;
      if (workers.length === 0) process.exit();
      return;
    }
    writeOutput(2, `twinloop serve: worker ${worker.child.pid} ended (${signal ?? `status ${code}`}), another one starts\n`);
    setTimeout(() => isStopping || start(undefined), age < youth ? youth : 0);
  }

  /** @param {string} signal */
  function stop(signal) {
    if (isStopping && signal !== '') forEach(workers, (/** @type {Worker} */ worker) => worker.child.kill('SIGKILL'));
    isStopping = true;
    forEach(workers, (/** @type {Worker} */ worker) => worker.child.kill('SIGTERM'));
  }

  function restart() {
    const old = arraySlice(workers, 0);
    const next = () => {
      if (isStopping || old.length === 0) return;
      const [worker] = splice(old, 0, 1);
      start(() => {
        const place = indexOf(workers, worker);
        if (place >= 0) splice(workers, place, 1);
        worker.child.once('exit', next);
        worker.child.kill('SIGTERM');
      });
    };
    next();
  }

  for (let i = 0; i < read.workers; i += 1) start(undefined);
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', restart);
}

/** @param {string[]} words */
function withoutWorkers(words) {
  /** @type {string[]} */
  const rest = [];
  for (let i = 0; i < words.length; i += 1) {
    if (words[i] === '-w' || words[i] === '--workers') i += 1;
    else if (!startsWith(words[i], '--workers=')) push(rest, words[i]);
  }
  return rest;
}

module.exports = { run };
