// A worker of `node:worker_threads` from the inside: what the thread finds of its parent before its program begins. The thread calls `start`, which
// says what the program is, and `ready` once that has begun.
'use strict';

const { nodeError } = require('node/errors');
const { assign, defineProperty, push } = require('builtins/primordials');
const { makeEnvironment } = require('node/process/environment');
const { process } = require('node/process/process');
const threads = require('node/worker_threads/worker_threads');
const { copyOf } = require('node/worker_threads/error_copies');
const { inherit } = require('node/worker_threads/environment');
const { readMessage, writeMessage } = require('web/html/message');
const { listen, makePort } = require('web/messaging/port');
const { portPost, portReference, portTake, requireOf, threadFacts, threadSetFail, threadSetup } = ops;
const loadConsole = () => require('web/console/console');
const loadHeap = () => require('node/v8/module');
const loadStdio = () => require('node/worker_threads/stdio');

const given = threadSetup();
const control = given[2];
/** @type {import('node/worker_threads/worker').Setup} */
const setup = readMessage(given[0]).value;
const facts = threadFacts();

/** @param {any} value */
function tell(value) {
  portPost(control, writeMessage(value));
}

/** @type {any} */
let input;

/** @type {Record<string, (told: any) => void>} */
const heard = /** @type {any} */ ({
  __proto__: null,
  stdin: (/** @type {any} */ told) => input?.arrived(told.chunk),
  // The parent wants to hear of what is written, from now on.
  capture: (/** @type {any} */ told) => captureOutput(told.stream, told.stream === 'stdout' ? 1 : 2, true),
  cpu: (/** @type {any} */ told) => tell({ kind: 'answer', number: told.number, value: process.threadCpuUsage() }),
  heap: (/** @type {any} */ told) => tell({ kind: 'answer', number: told.number, value: loadHeap().getHeapStatistics() }),
});

/** @param {NativeMessage} message */
function hear(message) {
  const told = readMessage(message).value;
  heard[told.kind]?.(told);
}

listen(control, { receive: hear, ended() {} });

threadSetFail((error) => {
  tell({ kind: 'error', error: copyOf(error) });
  return false;
});

// ---- what belongs to the process, and is not a worker's to change

/** @param {string} name */
function unsupported(name) {
  return nodeError(TypeError, 'ERR_WORKER_UNSUPPORTED_OPERATION', `${name} is not supported in workers`);
}

const names = ['abort', 'chdir', 'initgroups', 'setegid', 'seteuid', 'setgid', 'setgroups', 'setuid'];
for (let i = 0; i < names.length; i += 1) {
  const refuse = () => {
    throw unsupported(`process.${names[i]}()`);
  };
  define(names[i], assign(refuse, { disabled: true }));
}
const { umask } = process;
define('umask', (/** @type {any[]} */ ...mask) => {
  if (mask[0] !== undefined) throw unsupported('Setting process.umask()');
  return umask();
});
/** @param {string} name @param {any} value */
function define(name, value) {
  defineProperty(process, name, { value, writable: true, enumerable: true, configurable: true });
}

// ---- what the parent gave

const shownName = setup.kind === 'file' ? setup.program : '[worker eval]';
const argv = [process.execPath, shownName];
for (let i = 0; i < setup.argv.length; i += 1) push(argv, setup.argv[i]);
define('argv', argv);
define('execArgv', setup.execArgv);
process.env = makeEnvironment(setup.environment, setup.sharedEnvironment);
inherit(setup.environmentData);
// As in Node, only where the environment says that there is a channel: packages look whether there is a `process.send`.
if (process.env.NODE_CHANNEL_FD !== undefined) {
  const getters = ['channel', 'connected'];
  for (let i = 0; i < getters.length; i += 1) {
    const get = () => {
      throw unsupported(`process.${getters[i]}`);
    };
    defineProperty(process, getters[i], { get: assign(get, { disabled: true }), enumerable: false, configurable: true });
  }
  const methods = ['send', 'disconnect'];
  for (let i = 0; i < methods.length; i += 1) {
    const refuse = () => {
      throw unsupported(`process.${methods[i]}()`);
    };
    define(methods[i], assign(refuse, { disabled: true }));
  }
}

if (setup.stdin) {
  const { Incoming } = loadStdio();
  // A worker that reads waits for what its parent still writes.
  input = new Incoming((on) => portReference(control, on));
}
defineProperty(process, 'stdin', {
  get: () => (input ??= emptyInput()),
  set(value) {
    input = value;
  },
  enumerable: true,
  configurable: true,
});

function emptyInput() {
  const { Incoming } = loadStdio();
  const empty = new Incoming();
  empty.push(null);
  return empty;
}

captureOutput('stdout', 1, setup.stdout);
captureOutput('stderr', 2, setup.stderr);

/** @param {'stdout' | 'stderr'} kind @param {1 | 2} descriptor @param {boolean} isCaptured */
function captureOutput(kind, descriptor, isCaptured) {
  if (!isCaptured) return;
  const { Outgoing } = loadStdio();
  const stream = new Outgoing((chunk) => tell({ kind, chunk }));
  define(kind, stream);
  loadConsole().redirect(descriptor, (/** @type {string} */ text) => stream.write(text));
}

threads.become({
  isMainThread: false,
  threadId: facts[0],
  threadName: facts[1],
  parentPort: makePort(given[1]),
  workerData: setup.workerData,
  resourceLimits: setup.resourceLimits,
});

/** What the program is. @returns {[kind: string, text: string, url?: string]} */
function start() {
  // What the parent said when it had just started this thread is heard before the program.
  for (let message = portTake(control); message !== undefined; message = portTake(control)) hear(message);
  tell({ kind: 'online' });
  preload();
  return [setup.kind, setup.program, setup.url];
}

/** `--require` among the options. */
function preload() {
  const flags = setup.execArgv;
  for (let i = 0; i < flags.length - 1; i += 1) {
    if (flags[i] === '--require' || flags[i] === '-r') requireOf(`${process.cwd()}/[worker]`)(flags[i + 1]);
  }
}

function ready() {}

module.exports = { ready, start };
