// `--watch` and `--watch-path`: runs the program as a child, and anew when one of its files changes. The child says by a pipe which files it is
// made of (`modules/watched.rs`, and `_twinloop/program/watched.py` for Python); it is asked to end by a signal, and made to after a while.
'use strict';

const { arraySlice, assign, forEach, includes, keys, pop, Promise, split } = require('builtins/primordials');
const { nodeError } = require('node/errors');
const { process } = require('node/process/process');
const { option, options, switchedOn } = require('node/process/options');
const { WatchedFiles } = require('node/watch/files');
const { clearTimeout, setTimeout } = require('web/html/timers');
const { inspect } = require('builtins/inspect/inspect');
const { writeOutput } = ops;
const loadChildren = () => /** @type {any} */ (require('node/child_process/module'));
const loadConstants = () => /** @type {any} */ (require('node/os/os'));
const loadPath = () => /** @type {any} */ (require('node/path/path'));

// Changes that come together are one (milliseconds).
const pause = 200;
// How long a program has to end before it is killed.
const patience = 10_000;

/** The descriptor by which a child tells of its files. */
const reportAt = 3;

function main() {
  const signal = option('--watch-kill-signal') ?? 'SIGTERM';
  if (!includes(keys(loadConstants().constants.signals), signal)) {
    throw nodeError(TypeError, 'ERR_UNKNOWN_SIGNAL', `Unknown signal: ${signal}`);
  }
  const words = arraySlice(process.argv, 1);
  const shown = inspect(option('--watched-program') ?? '');
  const paths = options('--watch-path');
  const keepsOutput = switchedOn('--watch-preserve-output');
  const isColored = !!process.stdout.isTTY && process.stdout.getColorDepth() > 2;
  const say = (/** @type {string} */ color, /** @type {string} */ text) =>
    writeOutput(1, isColored ? `\x1b[${color}m${text}\x1b[39m\n` : `${text}\n`);

  /** @type {any} */
  let child;
  /** @type {any} */
  let timer;
  let isStarting = false;
  let isLeaving = false;

  const files = new WatchedFiles(() => {
    clearTimeout(timer);
    timer = setTimeout(restart, pause);
  });

  function start() {
    const env = assign({}, process.env, { TWINLOOP_WATCH_REPORT: `${reportAt}:${process.pid}` });
    // Who talks to this process means the program.
    const isChannel = typeof process.send === 'function';
    const stdio = ['inherit', 'inherit', 'inherit', 'pipe', ...(isChannel ? ['ipc'] : [])];
    const current = loadChildren().spawn(process.execPath, words, { stdio, env });
    child = current;
    if (isChannel) current.on('message', (/** @type {any} */ message) => process.send(message));
    let rest = '';
    const report = current.stdio[reportAt];
    report.setEncoding('utf8');
    report.on('data', (/** @type {string} */ text) => {
      if (paths.length > 0) return;
      const lines = split(rest + text, '\n');
      rest = /** @type {string} */ (pop(lines));
      forEach(lines, (line) => files.add(line));
    });
    report.on('error', () => {});
    current.once('exit', (/** @type {number | null} */ code) => {
      child = undefined;
      if (isStarting || isLeaving) return;
      if (code === 0) say('32', `Completed running ${shown}. Waiting for file changes before restarting...`);
      else say('31', `Failed running ${shown}. Waiting for file changes before restarting...`);
    });
    current.once('error', (/** @type {any} */ error) => say('31', `Failed running ${shown}: ${error.message}`));
  }

  /** Ends the child, and answers with its status. @param {string} how the signal @returns {Promise<number | null>} */
  function end(how) {
    const current = child;
    if (current === undefined) return new Promise((resolve) => resolve(0));
    return new Promise((resolve) => {
      const kill = setTimeout(() => current.kill('SIGKILL'), patience);
      current.once('exit', (/** @type {number | null} */ code) => {
        clearTimeout(kill);
        resolve(code);
      });
      current.kill(how);
    });
  }

  async function restart() {
    if (isStarting || isLeaving) return;
    isStarting = true;
    await end(signal);
    isStarting = false;
    if (isLeaving) return;
    if (!keepsOutput) writeOutput(1, '\x1bc');
    say('32', `Restarting ${shown}`);
    start();
  }

  if (typeof process.send === 'function') {
    process.on('message', (/** @type {any} */ message) => {
      if (child?.connected) child.send(message);
    });
  }
  const leave = async (/** @type {string} */ how) => {
    if (isLeaving) return;
    isLeaving = true;
    files.close();
    process.exit((await end(how)) ?? 0);
  };
  forEach(['SIGINT', 'SIGTERM'], (how) => process.on(how, () => leave(how)));

  if (paths.length > 0) forEach(paths, (path) => files.addTree(loadPath().resolve(path)));
  else {
    const entry = option('--watched-file');
    if (entry !== undefined) files.add(loadPath().resolve(entry));
    forEach([...options('--env-file'), ...options('--env-file-if-exists')], (path) => files.add(loadPath().resolve(path)));
  }
  start();
}

module.exports = { main };
