// `twinloop serve --workers N`: processes that share a socket, which is bound here and handed to each: who connects while they come and go waits in
// its queue. One that dies is started again; SIGHUP starts all anew, one after the other, each before the one that it replaces ends.
'use strict';

const { Promise, arraySlice, assign, filter, forEach, indexOf, push, splice } = require('builtins/primordials');
const { process } = require('node/process/process');
const { placeOf } = require('node/serve/arguments');
const { setTimeout } = require('web/html/timers');
const { readPlace } = require('web/server/options');
const { originAt } = require('web/server/server');
const { monotonicNow, serverBind, writeOutput } = ops;
const loadFs = () => /** @type {any} */ (require('node/fs/fs'));
const loadChildren = () => /** @type {any} */ (require('node/child_process/module'));

/** @typedef {import('./arguments.js').ServeArguments} ServeArguments */
/** @typedef {{ child: any, startedAt: number, isReady: boolean }} Worker */

// One that dies sooner than this (milliseconds) has a fault that a new one would have too: it waits before it begins.
const youth = 1000;

/** The flag of a place that is a path. */
const isPath = 4;

/** Where a worker finds the socket: behind the standard streams and the channel to its parent. */
const place = 4;

/** Where to listen, as `serverBind` is told it. @typedef {{ place: string | number, port: number, flags: number }} Wanted */

/** @param {ServeArguments} read */
async function run(read) {
  // Also where a host and a port are said: `ipv6Only` and `reusePort` are the application's.
  const isForApplication = read.fd === undefined && read.uds === undefined;
  const wanted = isForApplication ? await askApplication() : readPlace(placeOf(read, {}));
  if (wanted === undefined) return;
  /** @type {{ descriptor: number, shownAt: (isSecure: boolean) => string }} */
  let socket;
  try {
    socket = bound(wanted);
  } catch (error) {
    writeOutput(2, `twinloop serve: ${/** @type {any} */ (error).message}\n`);
    process.exitCode = 1;
    return;
  }
  supervise(read, socket.descriptor, socket.shownAt);
}

/** @param {Wanted} wanted @returns {{ descriptor: number, shownAt: (isSecure: boolean) => string }} */
function bound({ place, port, flags }) {
  if (typeof place === 'number') return { descriptor: place, shownAt: () => `descriptor ${place}` };
  const [descriptor, address, number] = serverBind(place, port, flags);
  if ((flags & isPath) !== 0) {
    process.on('exit', () => loadFs().rmSync(place, { force: true }));
    return { descriptor, shownAt: () => place };
  }
  const shownAt = (/** @type {boolean} */ isSecure) =>
    `${originAt(isSecure, place, /** @type {string} */ (address), /** @type {number} */ (number))}/`;
  return { descriptor, shownAt };
}

/** @param {'asked for' | '4'} socket @param {any[]} stdio */
function spawn(socket, stdio) {
  const words = [...process.execArgv, 'serve', ...arraySlice(process.argv, 1)];
  return loadChildren().spawn(process.execPath, words, { stdio, env: assign({}, process.env, { TWINLOOP_SERVE_SOCKET: socket }) });
}

/** Where an application that may say it itself is to listen; nothing, if it cannot be loaded. @returns {Promise<Wanted | undefined>} */
function askApplication() {
  const child = spawn('asked for', ['ignore', 'inherit', 'inherit', 'ipc']);
  return new Promise((/** @type {any} */ settle) => {
    child.on('message', settle);
    child.on('exit', (/** @type {number | null} */ code) => {
      process.exitCode ||= code ?? 1;
      settle(undefined);
    });
  });
}

/** @param {ServeArguments} read @param {number} descriptor of the socket @param {(isSecure: boolean) => string} shownAt */
function supervise(read, descriptor, shownAt) {
  /** @type {Worker[]} */
  const workers = [];
  let isStopping = false;
  let isTold = false;

  /** @param {(() => void) | undefined} ready */
  function start(ready) {
    const child = spawn(`${place}`, ['ignore', 'inherit', 'inherit', 'ipc', descriptor]);
    /** @type {Worker} */
    const worker = { child, startedAt: monotonicNow(), isReady: false };
    push(workers, worker);
    child.on('message', (/** @type {any} */ message) => {
      if (typeof message?.isSecure !== 'boolean' || worker.isReady) return;
      worker.isReady = true;
      if (!isTold && filter(workers, (/** @type {Worker} */ one) => one.isReady).length === read.workers) {
        isTold = true;
        writeOutput(1, `Listening on ${shownAt(message.isSecure)} with ${read.workers} workers\n`);
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

module.exports = { run };
