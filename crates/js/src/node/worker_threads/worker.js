// The class Worker of `node:worker_threads` (https://nodejs.org/api/worker_threads.html#class-worker), as the parent sees one.
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireNumber, requireObject, requireString } = require('node/arguments');
const { absent } = require('node/absent');
const EventEmitter = require('node/events/events');
const { nextTick } = require('node/process/ticks');
const { share } = require('node/process/environment');
const { process } = require('node/process/process');
const { heard } = require('node/diagnostics_channel/heard');
const { allEnvironmentData } = require('node/worker_threads/environment');
const { madeOf } = require('node/worker_threads/error_copies');
const { arraySlice, assign, entries, isArray, map, Map, mapDelete, mapGet, mapSet, max, min, push } = require('builtins/primordials');
const { regExp, split, startsWith, symbolFor, symbolToString, test, then } = require('builtins/primordials');
const { isObject } = require('builtins/webidl');
const { readMessage, writeMessage } = require('web/html/message');
const { toTransfer } = require('web/messaging/port');
const { defaultStackBytes, Thread } = require('web/workers/thread');
const loadPath = () => require('node/path/path');
const loadStdio = () => require('node/worker_threads/stdio');
const loadUrls = () => require('node/url/url');

const shareEnvironment = symbolFor('nodejs.worker_threads.SHARE_ENV');
const relative = regExp(/^\.\.?[\\/]/);
const megabyte = 1 << 20;
/** Below this the engine's own library has no room. */
const leastHeapBytes = 6 * megabyte;
/** What is less is no heap at all. */
const noHeapBytes = 2 * megabyte;

/**
 * What a worker is told before its program begins.
 * @typedef {object} Setup
 * @property {'file' | 'eval' | 'data'} kind
 * @property {string} program a path, or text
 * @property {string | undefined} url
 * @property {string[]} argv
 * @property {string[]} execArgv
 * @property {Record<string, string>} environment
 * @property {number} sharedEnvironment the number of one that threads share, or 0
 * @property {Map<any, any>} environmentData
 * @property {any} workerData
 * @property {Record<string, number>} resourceLimits
 * @property {boolean} stdin
 * @property {boolean} stdout
 * @property {boolean} stderr
 */

class Worker extends EventEmitter {
  /** @type {InstanceType<typeof Thread> | undefined} */
  #thread;
  #id;
  #name;
  /** @type {Record<string, number>} */
  #limits;
  /** @type {any} */
  #stdin = null;
  /** @type {any} */
  #stdout;
  /** @type {any} */
  #stderr;
  /** Calls that wait for its answer. @type {Map<number, { resolve: (value: any) => void, reject: (reason: any) => void }>} */
  #questions = new Map();
  #lastQuestion = 0;
  /** Whether it has told that it runs: its thread may before anybody could know. */
  #isOnline = false;

  /** @param {any} filename @param {any} [options] */
  constructor(filename, options = {}) {
    super();
    const program = programOf(filename, options);
    if (options.execArgv && !isArray(options.execArgv)) throw invalidType('options.execArgv', 'Array', options.execArgv);
    if (options.argv && !isArray(options.argv)) throw invalidType('options.argv', 'Array', options.argv);
    /** @type {string[]} */
    const argv = options.argv ? map(options.argv, textOf) : [];
    const isShared = options.env === shareEnvironment;
    const environment = isShared ? {} : environmentOf(options.env);
    /** @type {string[]} */
    const execArgv = withoutEnd(options.execArgv ?? process.execArgv);
    if (options.execArgv) checkFlags(execArgv, 'execArgv flags');
    if (isObject(options.env) && options.env.NODE_OPTIONS) {
      checkFlags(split(`${options.env.NODE_OPTIONS}`, ' '), 'NODE_OPTIONS env variable');
    }
    if (options.name !== undefined) requireString(options.name, 'options.name');
    this.#name = options.name || 'WorkerThread';
    this.#limits = limitsOf(options.resourceLimits);
    const { stdin = false, stdout = false, stderr = false } = options;
    /** @type {Setup} */
    const setup = {
      kind: program.kind,
      program: program.text,
      url: program.url,
      argv,
      execArgv,
      environment,
      sharedEnvironment: isShared ? share(process.env) : 0,
      environmentData: allEnvironmentData(),
      workerData: options.workerData,
      resourceLimits: this.#limits,
      stdin: !!stdin,
      stdout: !!stdout,
      stderr: !!stderr,
    };
    const heap = heapOf(options.resourceLimits);
    this.#thread = new Thread({
      boot: 'node/worker_threads/inside',
      setup,
      transfer: toTransfer(options.transferList, 'Worker'),
      name: this.#name,
      heapBytes: heap === undefined ? 0 : heap < noHeapBytes ? 1 : min(max(heap, leastHeapBytes), 0xffffffff),
      stackBytes: max(this.#limits.stackSizeMb * megabyte, megabyte / 2),
      message: (message) => this.#received(message),
      control: (told) => this.#heard(told),
      ended: (code, reason, text) => this.#ended(code, reason, text),
    });
    this.#id = this.#thread.id;
    if (stdin) this.#stdin = new (loadStdio().Outgoing)((chunk) => this.#thread?.tell({ kind: 'stdin', chunk }));
    if (stdout) this.#stdout = new (loadStdio().Incoming)();
    if (stderr) this.#stderr = new (loadStdio().Incoming)();
    heard('worker_threads')?.publish({ worker: this });
    nextTick(() => process.emit('worker', this));
  }

  get threadId() {
    return this.#thread === undefined ? -1 : this.#id;
  }
  get threadName() {
    return this.#thread === undefined ? null : this.#name;
  }
  get resourceLimits() {
    return this.#thread === undefined ? {} : assign({}, this.#limits);
  }
  get stdin() {
    return this.#stdin;
  }
  get stdout() {
    return (this.#stdout ??= this.#listenTo('stdout'));
  }
  get stderr() {
    return (this.#stderr ??= this.#listenTo('stderr'));
  }
  /** What the worker writes comes by way of this thread from now on, and goes where it went before as well. @param {'stdout' | 'stderr'} stream */
  #listenTo(stream) {
    this.#thread?.tell({ kind: 'capture', stream });
    const incoming = new (loadStdio().Incoming)();
    if (this.#thread === undefined) incoming.push(null);
    else incoming.passOn(process[stream]);
    return incoming;
  }

  get performance() {
    return {
      /** @param {any} [first] @param {any} [second] */
      eventLoopUtilization: (first, second) => utilization(this.#isOnline ? this.#thread?.times() : undefined, first, second),
    };
  }

  /** @param {any} value @param {any} [transferList] */
  postMessage(value, transferList = undefined) {
    if (arguments.length === 0) throw nodeError(TypeError, 'ERR_MISSING_ARGS', 'The "message" argument must be specified');
    this.#thread?.post(writeMessage(value, toTransfer(transferList, 'Worker.postMessage')));
  }

  /** Has the program wait for the worker, or not. */
  ref() {
    this.#thread?.reference(true);
  }
  unref() {
    this.#thread?.reference(false);
  }

  /** @param {any} [callback] @returns {Promise<number | undefined>} */
  terminate(callback = undefined) {
    if (typeof callback === 'function') {
      process.emitWarning(
        'Passing a callback to worker.terminate() is deprecated. It returns a Promise instead.',
        'DeprecationWarning',
        'DEP0132',
      );
      if (this.#thread === undefined) nextTick(() => callback(null, undefined));
      else this.once('exit', (/** @type {number} */ code) => callback(null, code));
    }
    const thread = this.#thread;
    if (thread === undefined) return Promise.resolve(undefined);
    thread.reference(true);
    thread.terminate();
    return new Promise((resolve) => this.once('exit', resolve));
  }

  async [Symbol.asyncDispose]() {
    await this.terminate();
  }

  /** @returns {Promise<any>} */
  getHeapSnapshot() {
    throw absent('worker_threads.Worker.getHeapSnapshot');
  }
  startCpuProfile() {
    throw absent('worker_threads.Worker.startCpuProfile');
  }
  startHeapProfile() {
    throw absent('worker_threads.Worker.startHeapProfile');
  }
  getHeapStatistics() {
    return this.#ask('heap');
  }

  /** @param {any} [previous] @returns {Promise<{ user: number, system: number }>} */
  cpuUsage(previous = undefined) {
    if (previous) {
      requireObject(previous, 'prev');
      requireNumber(previous.user, 'prev.user', 0, Number.MAX_SAFE_INTEGER);
      requireNumber(previous.system, 'prev.system', 0, Number.MAX_SAFE_INTEGER);
    }
    const { user = 0, system = 0 } = previous || {};
    return then(this.#ask('cpu'), (used) => ({ user: used.user - user, system: used.system - system }));
  }

  /** @param {string} kind @returns {Promise<any>} */
  #ask(kind) {
    return new Promise((resolve, reject) => {
      const thread = this.#thread;
      if (thread === undefined) throw notRunning();
      this.#lastQuestion += 1;
      mapSet(this.#questions, this.#lastQuestion, { resolve, reject });
      thread.tell({ kind, number: this.#lastQuestion });
    });
  }

  /** @param {NativeMessage} message */
  #received(message) {
    let received;
    try {
      received = readMessage(message);
    } catch (error) {
      this.emit('messageerror', error);
      return;
    }
    this.emit('message', received.value);
  }

  /** @param {any} told */
  #heard(told) {
    switch (told.kind) {
      case 'online':
        this.#isOnline = true;
        this.emit('online');
        break;
      case 'stdout':
        this.#stdout.arrived(told.chunk);
        break;
      case 'stderr':
        this.#stderr.arrived(told.chunk);
        break;
      case 'error':
        this.emit('error', madeOf(told.error));
        break;
      case 'answer':
        mapGet(this.#questions, told.number)?.resolve(told.value);
        mapDelete(this.#questions, told.number);
        break;
      default:
    }
  }

  /** @param {number} code @param {number} reason @param {string} text */
  #ended(code, reason, text) {
    this.#thread = undefined;
    this.#stdout?.arrived(null);
    this.#stderr?.arrived(null);
    const waiting = this.#questions;
    this.#questions = new Map();
    for (let number = 1; number <= this.#lastQuestion; number += 1) mapGet(waiting, number)?.reject(notRunning());
    if (reason === 1) {
      const message = 'Worker terminated due to reaching memory limit: JS heap out of memory';
      this.emit('error', nodeError(Error, 'ERR_WORKER_OUT_OF_MEMORY', message));
    } else if (reason === 2) {
      this.emit('error', nodeError(Error, 'ERR_WORKER_INIT_FAILED', `Worker initialization failure: ${text}`));
    }
    this.emit('exit', code);
  }
}

/**
 * What `performance.eventLoopUtilization` says of a thread: active is the time that it had a processor.
 * @param {[] | [computed: number, exists: number] | undefined} times
 * @param {{ idle: number, active: number } | undefined} first
 * @param {{ idle: number, active: number } | undefined} second
 */
function utilization(times, first, second) {
  if (times === undefined || times.length === 0) return { idle: 0, active: 0, utilization: 0 };
  let active = times[0] - (first?.active ?? 0);
  let idle = times[1] - times[0] - (first?.idle ?? 0);
  if (first !== undefined && second !== undefined) {
    active = first.active - second.active;
    idle = first.idle - second.idle;
  }
  return { idle, active, utilization: idle + active === 0 ? 0 : active / (idle + active) };
}

function notRunning() {
  return nodeError(Error, 'ERR_WORKER_NOT_RUNNING', 'Worker instance not running');
}

/** @param {any} filename @param {any} options @returns {{ kind: 'file' | 'eval' | 'data', text: string, url: string | undefined }} */
function programOf(filename, options) {
  requireObject(options, 'options');
  if (options.eval) {
    if (typeof filename !== 'string') {
      throw invalidValue('options.eval', options.eval, "must be false when 'filename' is not a string");
    }
    return { kind: 'eval', text: filename, url: undefined };
  }
  if (isObject(filename) && typeof filename.href === 'string' && typeof filename.protocol === 'string') {
    const { href } = filename;
    if (filename.protocol === 'data:') return { kind: 'data', text: href, url: undefined };
    return { kind: 'file', text: loadUrls().fileURLToPath(filename), url: undefined };
  }
  if (typeof filename !== 'string') throw invalidType('filename', ['string', 'URL'], filename);
  const { isAbsolute, resolve } = loadPath();
  if (isAbsolute(filename) || test(relative, filename)) return { kind: 'file', text: resolve(filename), url: undefined };
  let hint = '';
  if (startsWith(filename, 'file://')) hint = ' Wrap file:// URLs with `new URL`.';
  if (startsWith(filename, 'data:text/javascript')) hint = ' Wrap data: URLs with `new URL`.';
  const rule = "The worker script or module filename must be an absolute path or a relative path starting with './' or '../'.";
  throw nodeError(TypeError, 'ERR_WORKER_PATH', `${rule}${hint} Received "${filename}"`);
}

/** @param {any} given @returns {Record<string, string>} */
function environmentOf(given) {
  if (given !== undefined && given !== null && typeof given !== 'object') {
    throw invalidType('options.env', ['object', 'undefined', 'null', 'worker_threads.SHARE_ENV'], given);
  }
  /** @type {Record<string, string>} */
  const variables = {};
  const pairs = entries(given ?? process.env);
  for (let i = 0; i < pairs.length; i += 1) variables[pairs[i][0]] = `${pairs[i][1]}`;
  return variables;
}

/** @param {any} value */
function textOf(value) {
  return typeof value === 'symbol' ? symbolToString(value) : `${value}`;
}

/** Options of the process, which are none of a thread. */
const processFlags = regExp(/^--(?:title|redirect-warnings|trace-event|max-old-space-size|expose[-_]gc|cpu-prof|heap-prof|abort)/);
/** How the names of Node's other options begin. */
const knownFlags = regExp(
  /^(?:[^-]|-[a-zA-Z]$|--(?:async|conditions|dep|disable|dns|enable|env|es|eval|exp|extra|force|frozen|harmony|heap|icu|import|input|insp|jit|loader|max|network|no-|node|openssl|pending|perf|preserve|print|req|report|secure|stack|test|throw|tls|trace|unhandled|use|v8|verify|warn|watch|zero))/,
);

/** `--` ends the options and is none. @param {any[]} flags */
const withoutEnd = (flags) => (flags[flags.length - 1] === '--' ? arraySlice(flags, 0, -1) : flags);

/** @param {any[]} flags @param {string} what */
function checkFlags(flags, what) {
  /** @type {string[]} */
  const bad = [];
  for (let i = 0; i < flags.length; i += 1) {
    const flag = `${flags[i]}`;
    if (test(processFlags, flag) || !isKnown(flag)) push(bad, flag);
  }
  if (bad.length === 0) return;
  let list = bad[0];
  for (let i = 1; i < bad.length; i += 1) list += `, ${bad[i]}`;
  throw nodeError(Error, 'ERR_WORKER_INVALID_EXEC_ARGV', `Initiated Worker with invalid ${what}: ${list}`);
}

/** @param {string} flag */
function isKnown(flag) {
  return test(knownFlags, flag) || process.allowedNodeEnvironmentFlags.has(flag);
}

/** The bytes of the whole heap; undefined for no limit. @param {any} limits */
function heapOf(limits) {
  const { maxOldGenerationSizeMb: old, maxYoungGenerationSizeMb: young } = limits ?? {};
  if (old === undefined && young === undefined) return undefined;
  // The young generation has no size of its own here.
  return (old === undefined ? max(young, 0) + 64 : max(old, 0)) * megabyte;
}

/** @param {any} given @returns {Record<string, number>} */
function limitsOf(given) {
  const limits = {
    maxYoungGenerationSizeMb: 48,
    maxOldGenerationSizeMb: 4096,
    codeRangeSizeMb: 0,
    stackSizeMb: defaultStackBytes / megabyte,
  };
  if (given === undefined || given === null || typeof given !== 'object') return limits;
  const { codeRangeSizeMb, maxOldGenerationSizeMb, maxYoungGenerationSizeMb, stackSizeMb } = given;
  if (typeof maxOldGenerationSizeMb === 'number') limits.maxOldGenerationSizeMb = max(maxOldGenerationSizeMb, 2);
  if (typeof maxYoungGenerationSizeMb === 'number') limits.maxYoungGenerationSizeMb = maxYoungGenerationSizeMb;
  if (typeof codeRangeSizeMb === 'number') limits.codeRangeSizeMb = codeRangeSizeMb;
  if (typeof stackSizeMb === 'number') limits.stackSizeMb = stackSizeMb;
  return limits;
}

module.exports = { Worker };
