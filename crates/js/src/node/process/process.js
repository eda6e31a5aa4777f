// `process` (https://nodejs.org/api/process.html), as far as programs that run everywhere use it. The engine calls `beforeExit` and
// `exit` when the loop has nothing left to do, if this module was loaded.
//
// Deviation: `nextTick` callbacks run in order with the microtasks, not before them.
'use strict';

const { invalidType, nodeError } = require('node/errors');
const EventEmitter = require('node/events/events');
const { emitWarning, setWarningListener } = require('node/process/warnings');
const { setProcessEmitter } = require('web/html/errors');
const {
  changeDirectory,
  currentDirectory,
  environment: environmentPairs,
  exitProcess,
  hasColors,
  hostFacts,
  isTerminal,
  memoryUsage: memoryBytes,
  monotonicNow,
  monotonicParts,
  parentId,
  processFacts,
  sendSignal,
  terminalSize,
  unwatchSignal,
  watchSignal,
  writeOutput,
} = ops;
const loadInspect = () => require('builtins/inspect/inspect');
const loadMicrotask = () => require('web/html/microtask');
const loadWebIdl = () => require('builtins/webidl');
const loadConsole = () => require('web/console/console');
const facts = { ...hostFacts(), ...processFacts() };
// Versions of Node's interfaces that packages ask for; not a promise to have all of them.
const nodeVersion = '22.0.0';

let exitCode;
let exiting = false;

function readExitCode(code) {
  if (code === undefined || code === null) return undefined;
  const number = typeof code === 'string' && code !== '' ? Number(code) : code;
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', `The exit code must be an integer, not ${loadInspect().inspect(code)}`);
}

class Process extends EventEmitter {
  get [Symbol.toStringTag]() {
    return 'process';
  }
}

const process = new Process();

/** The code to end with; `exit` listeners may change it, and run once only. */
function exit() {
  if (!exiting) {
    exiting = true;
    process.emit('exit', exitCode ?? 0);
  }
  return (exitCode ?? 0) & 0xff;
}

/** The loop is empty; listeners may give it work again. */
function beforeExit() {
  process.emit('beforeExit', exitCode ?? 0);
}

/** Emits what somebody listens to, and answers whether somebody did. */
function emitIfListened(name, ...args) {
  return process.listenerCount(name) > 0 && process.emit(name, ...args);
}

const hrtime = Object.assign(
  (previous) => {
    const [seconds, nanoseconds] = monotonicParts();
    if (previous === undefined) return [seconds, nanoseconds];
    const borrowed = nanoseconds < previous[1];
    return [seconds - previous[0] - (borrowed ? 1 : 0), nanoseconds - previous[1] + (borrowed ? 1e9 : 0)];
  },
  {
    bigint() {
      const [seconds, nanoseconds] = monotonicParts();
      return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
    },
  },
);

const memoryUsage = Object.assign(
  () => {
    const [rss, heapTotal, heapUsed, external, arrayBuffers] = memoryBytes();
    return { rss, heapTotal, heapUsed, external, arrayBuffers };
  },
  { rss: () => memoryBytes()[0] },
);

const members = {
  argv: facts.argv,
  argv0: facts.argv[0],
  execArgv: [],
  execPath: facts.execPath,
  pid: facts.pid,
  platform: facts.platform,
  arch: facts.arch,
  title: 'twinloop',
  version: `v${nodeVersion}`,
  versions: Object.freeze({ node: nodeVersion, twinloop: facts.version, spidermonkey: facts.engine }),
  release: Object.freeze({ name: 'node' }),
  features: Object.freeze({ typescript: 'strip' }),
  hrtime,
  memoryUsage,
  exit(code) {
    if (code !== undefined) exitCode = readExitCode(code);
    exitProcess(exit());
  },
  // Node's name for leaving without listeners.
  reallyExit(code) {
    exitProcess((readExitCode(code) ?? 0) & 0xff);
  },
  abort() {
    exitProcess(134);
  },
  cwd: () => currentDirectory(),
  chdir(directory) {
    changeDirectory(String(directory));
  },
  uptime: () => monotonicNow() / 1000,
  nextTick(callback, ...args) {
    if (typeof callback !== 'function') {
      throw invalidType('callback', 'of type function', callback);
    }
    loadMicrotask().queueMicrotask(args.length === 0 ? callback : () => callback(...args));
  },
  emitWarning,
  kill(pid, signal = 'SIGTERM') {
    sendSignal(Number(pid), typeof signal === 'number' ? String(signal) : String(signal));
    return true;
  },
};
for (const name of Object.keys(members)) {
  Object.defineProperty(process, name, { value: members[name], writable: true, enumerable: true, configurable: true });
}

defineLazily('env', environment);
defineLazily('stdout', () => outputStream(1));
defineLazily('stderr', () => outputStream(2));
Object.defineProperty(process, 'ppid', { get: () => parentId(), enumerable: true, configurable: true });
Object.defineProperty(process, 'exitCode', {
  get: () => exitCode,
  set(code) {
    exitCode = readExitCode(code);
  },
  enumerable: true,
  configurable: true,
});

function defineLazily(name, make) {
  let value;
  Object.defineProperty(process, name, {
    get: () => (value ??= make()),
    set(replacement) {
      value = replacement;
    },
    enumerable: true,
    configurable: true,
  });
}

/** The environment as it was when the program first asked, with its own changes; every value is a string. */
function environment() {
  const variables = {};
  for (const [name, value] of environmentPairs()) variables[name] = value;
  return new Proxy(variables, {
    set(target, name, value) {
      if (typeof name === 'symbol' || typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
      target[name] = `${value}`;
      return true;
    },
    defineProperty(target, name, descriptor) {
      if ('get' in descriptor || 'set' in descriptor) throw new TypeError("'process.env' does not accept an accessor descriptor");
      return Reflect.defineProperty(target, name, { ...descriptor, value: `${descriptor.value}` });
    },
  });
}

/** What programs use of `process.stdout`: synchronous writes, and a stream's methods around them. */
function outputStream(descriptor) {
  const stream = new EventEmitter();
  const write = (chunk, encoding, callback) => {
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof chunk !== 'string' && !ArrayBuffer.isView(chunk)) {
      throw invalidType('chunk', 'of type string or an instance of Buffer, TypedArray, or DataView', chunk);
    }
    writeOutput(descriptor, typeof chunk === 'string' ? chunk : loadWebIdl().bytesOf(chunk));
    if (typeof done === 'function') loadMicrotask().queueMicrotask(() => done());
    return true;
  };
  // Whoever replaces `write` (test runners do) wants what `console` prints as well.
  let current = write;
  Object.defineProperty(stream, 'write', {
    get: () => current,
    set(replacement) {
      current = replacement;
      loadConsole().redirect(descriptor, replacement === write ? undefined : (text) => stream.write(text));
    },
    enumerable: true,
    configurable: true,
  });
  Object.defineProperties(stream, {
    columns: { get: () => terminalSize(descriptor)?.[0], enumerable: true, configurable: true },
    rows: { get: () => terminalSize(descriptor)?.[1], enumerable: true, configurable: true },
  });
  return Object.assign(stream, {
    fd: descriptor,
    isTTY: isTerminal(descriptor),
    writable: true,
    writableLength: 0,
    end(chunk, encoding, callback) {
      const done = [chunk, encoding, callback].find((argument) => typeof argument === 'function');
      if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') write(chunk);
      if (done !== undefined) loadMicrotask().queueMicrotask(() => done());
      return stream;
    },
    cork() {},
    uncork() {},
    hasColors: () => hasColors(descriptor),
    getColorDepth: () => (hasColors(descriptor) ? 4 : 1),
  });
}

// Signals: the first listener has the loop watch for it, the last gives the default action back.
const isSignal = (name) => typeof name === 'string' && /^SIG[A-Z0-9]+$/.test(name) && name !== 'SIGKILL' && name !== 'SIGSTOP';
process.on('newListener', (name) => {
  if (isSignal(name) && process.listenerCount(name) === 0) watchSignal(name, (number) => process.emit(name, name, number));
});
process.on('removeListener', (name) => {
  if (isSignal(name) && process.listenerCount(name) === 0) unwatchSignal(name);
});

setProcessEmitter(emitIfListened);
setWarningListener((warning) => process.emit('warning', warning));

module.exports = { process, exit, beforeExit, emitIfListened };
