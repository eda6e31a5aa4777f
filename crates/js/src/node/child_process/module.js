// `node:child_process`: `spawn`, `exec`, `execFile`, `fork` and what they share (https://nodejs.org/api/child_process.html#asynchronous-process-creation).
'use strict';

const { aborted } = require('node/errors');
const { requireArray, requireFunction, requireObject, requireSignal } = require('node/arguments');
const { nextTick } = require('node/process/ticks');
const { process } = require('node/process/process');
const { useHandles } = require('node/child_process/channel');
const { ChildProcess, begin } = require('node/child_process/child');
const { channelRequired, tooMuchOutput } = require('node/child_process/errors');
const {
  commandOf,
  killSignalOf,
  requireLimit,
  requireNoNull,
  requireNoNulls,
  requireSerialization,
  requireTimeout,
  shellCommand,
} = require('node/child_process/options');
const { execFileSync, execSync, spawnSync } = require('node/child_process/sync');
const { clearTimeout, setTimeout } = require('web/html/timers');
const { assign, defineProperty, includes, isArray, join, push, slice, symbolFor, withResolvers } = require('builtins/primordials');
const loadHandles = () => require('node/child_process/handles');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadPaths = () => require('node/fs/values');
const loadSystemErrors = () => require('node/util/system_errors');

const defaultLimit = 1024 * 1024;

/** Ends the child when the signal says so. @param {any} child @param {any} signal @param {any} killSignal */
function followSignal(child, signal, killSignal) {
  const stop = () => {
    try {
      if (child.kill(killSignal)) child.emit('error', aborted(signal));
    } catch (error) {
      child.emit('error', error);
    }
  };
  if (signal.aborted) {
    nextTick(stop);
    return;
  }
  signal.addEventListener('abort', stop);
  child.once('exit', () => signal.removeEventListener('abort', stop));
}

/** @param {any} file @param {any} [args] @param {any} [given] */
function spawn(file, args, given) {
  const command = commandOf(file, args, given);
  const { options } = command;
  requireTimeout(options.timeout);
  requireSignal(options.signal, 'options.signal');
  const killSignal = killSignalOf(options.killSignal);
  requireSerialization(options.serialization);
  const child = new /** @type {any} */ (ChildProcess)();
  begin(child, command);
  if (options.timeout > 0) {
    const timer = setTimeout(() => {
      try {
        child.kill(killSignal);
      } catch (error) {
        child.emit('error', error);
      }
    }, options.timeout);
    child.once('close', () => clearTimeout(timer));
  }
  if (options.signal) followSignal(child, options.signal, killSignal);
  return child;
}

/** `execFile(file, args?, options?, callback?)`: the arguments by what they are. @param {any} file @param {any[]} given */
function fileArguments(file, given) {
  let [args, options, callback] = [given[0], given[1], given[2]];
  if (typeof args === 'function') {
    callback = args;
    args = [];
    options = undefined;
  } else if (typeof args === 'object' && args !== null && !isArray(args)) {
    callback = options;
    options = args;
    args = [];
  } else if (args === undefined || args === null) {
    args = [];
  }
  if (typeof options === 'function') {
    callback = options;
    options = undefined;
  } else if (options !== undefined && options !== null) {
    requireObject(options, 'options');
  }
  if (callback !== undefined && callback !== null) requireFunction(callback, 'callback');
  return { file, args, options: options ?? {}, callback: callback ?? undefined };
}

/** Gathers what one stream of a child brings, up to the limit. */
class Output {
  /** @type {any[]} */
  #chunks = [];
  #length = 0;
  #stream;
  #encoding;

  /** @param {any} stream @param {string | undefined} encoding @param {number} limit @param {() => void} exceeded */
  constructor(stream, encoding, limit, exceeded) {
    this.#stream = stream;
    this.#encoding = encoding;
    if (!stream) return;
    if (encoding !== undefined) stream.setEncoding(encoding);
    stream.on('data', (/** @type {any} */ chunk) => {
      const { readableEncoding } = stream;
      const length = readableEncoding ? loadBuffer().Buffer.byteLength(chunk, readableEncoding) : chunk.length;
      this.#length += length;
      if (this.#length <= limit) {
        push(this.#chunks, chunk);
        return;
      }
      const room = limit - (this.#length - length);
      push(this.#chunks, typeof chunk === 'string' ? slice(chunk, 0, room) : chunk.subarray(0, room));
      exceeded();
    });
  }

  whole() {
    if (this.#encoding !== undefined || this.#stream?.readableEncoding) return join(this.#chunks, '');
    return loadBuffer().Buffer.concat(this.#chunks);
  }
}

/** @param {any} file @param {...any} given */
function execFile(file, ...given) {
  const { args, options: own, callback } = fileArguments(file, given);
  const options = {
    __proto__: null,
    encoding: 'utf8',
    timeout: 0,
    maxBuffer: defaultLimit,
    killSignal: 'SIGTERM',
    cwd: null,
    env: null,
    shell: false,
    ...own,
  };
  requireTimeout(options.timeout);
  requireLimit(options.maxBuffer);
  const killSignal = killSignalOf(options.killSignal);
  const { cwd, env, gid, shell, signal, uid, argv0 } = options;
  const child = spawn(file, args, {
    cwd,
    env,
    gid,
    shell,
    signal,
    uid,
    argv0,
    windowsHide: !!options.windowsHide,
    windowsVerbatimArguments: !!options.windowsVerbatimArguments,
  });
  const encoding = options.encoding !== 'buffer' && loadBuffer().Buffer.isEncoding(options.encoding) ? options.encoding : undefined;
  /** @type {any} */
  let failure = null;
  let isKilled = false;
  let isOver = false;
  /** @type {any} */
  let timer;
  const end = () => {
    child.stdout?.destroy();
    child.stderr?.destroy();
    isKilled = true;
    try {
      child.kill(killSignal);
    } catch (error) {
      failure = error;
      finish(child.exitCode, child.signalCode);
    }
  };
  const exceeded = (/** @type {string} */ name) => () => {
    failure = tooMuchOutput(name);
    end();
  };
  const limit = options.maxBuffer ?? Infinity;
  const stdout = new Output(child.stdout, encoding, limit, exceeded('stdout'));
  const stderr = new Output(child.stderr, encoding, limit, exceeded('stderr'));
  const finish = (/** @type {number | null} */ code, /** @type {string | null} */ ended) => {
    if (isOver) return;
    isOver = true;
    if (timer !== undefined) clearTimeout(timer);
    if (callback === undefined) return;
    const out = stdout.whole();
    const err = stderr.whole();
    if (failure === null && code === 0 && ended === null) {
      callback(null, out, err);
      return;
    }
    const command = args.length > 0 ? `${file} ${join(args, ' ')}` : file;
    if (failure === null) {
      const name = code !== null && code < 0 ? loadSystemErrors().getSystemErrorName(code) : code;
      failure = assign(/** @type {any} */ (new Error(`Command failed: ${command}\n${err}`)), {
        code: name,
        killed: child.killed || isKilled,
        signal: ended,
      });
    }
    failure.cmd = command;
    callback(failure, out, err);
  };
  if (options.timeout > 0) timer = setTimeout(end, options.timeout);
  child.addListener('close', finish);
  child.addListener('error', (/** @type {any} */ error) => {
    failure = error;
    child.stdout?.destroy();
    child.stderr?.destroy();
    finish(child.exitCode, child.signalCode);
  });
  return child;
}

/** @param {any} command @param {any} [options] @param {any} [callback] */
function exec(command, options, callback) {
  const isLast = typeof options === 'function';
  const normal = shellCommand(command, isLast ? undefined : options);
  return execFile(normal.file, normal.options, isLast ? options : callback);
}

/** The form that `util.promisify` gives: a promise for both outputs, with the child. @param {Function} start */
function promised(start) {
  const later = (/** @type {any[]} */ ...given) => {
    const { promise, resolve, reject } = withResolvers();
    push(given, (/** @type {any} */ error, /** @type {any} */ stdout, /** @type {any} */ stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(assign(error, { stdout, stderr }));
    });
    const child = start(...given);
    return assign(promise, { child });
  };
  defineProperty(later, 'name', { value: start.name, configurable: true });
  return later;
}
const custom = symbolFor('nodejs.util.promisify.custom');
defineProperty(exec, custom, { value: promised(exec), enumerable: false });
defineProperty(execFile, custom, { value: promised(execFile), enumerable: false });

/** @param {any} file @param {any} [args] @param {any} [options] */
function fork(file, args = [], options = undefined) {
  const path = `${loadPaths().toPath(file, 'modulePath')}`;
  let list = args;
  let given = options;
  if (args === null) list = [];
  else if (typeof args === 'object' && !isArray(args)) {
    given = args;
    list = [];
  } else requireArray(args, 'args');
  if (given !== undefined && given !== null) requireObject(given, 'options');
  const settings = { __proto__: null, ...given, shell: false };
  settings.execPath ||= process.execPath;
  requireNoNull(settings.execPath, 'options.execPath');
  const flags = settings.execArgv || process.execArgv;
  requireNoNulls(flags, 'options.execArgv');
  /** @type {any[]} */
  const all = [];
  // Code of the command line (`-e CODE`) is the parent's own: its child would fork in turn, without an end.
  const isOwn = flags !== process.execArgv;
  for (let index = 0; index < flags.length; index += 1) {
    if (isOwn || !includes(withCode, flags[index])) push(all, flags[index]);
    else index += 1;
  }
  push(all, path);
  for (let index = 0; index < list.length; index += 1) push(all, list[index]);
  settings.stdio = forkStdio(settings);
  return spawn(settings.execPath, all, settings);
}

/** Options of the command that code follows. */
const withCode = ['-e', '--eval', '-p', '-pe', '--print'];

/** @param {any} settings */
function forkStdio(settings) {
  const { stdio } = settings;
  if (isArray(stdio)) {
    if (!includes(stdio, 'ipc')) throw channelRequired('options.stdio');
    return stdio;
  }
  const kind = typeof stdio === 'string' ? stdio : settings.silent ? 'pipe' : 'inherit';
  return [kind, kind, kind, 'ipc'];
}

useHandles(loadHandles);

module.exports = { ChildProcess, exec, execFile, execFileSync, execSync, fork, spawn, spawnSync };
