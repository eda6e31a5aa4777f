// `ChildProcess` (https://nodejs.org/api/child_process.html#class-childprocess): a child that runs, and what tells of it. Its events come in Node's
// order: `spawn`, what its pipes bring, `exit`, and `close` when its pipes are closed as well.
'use strict';

const { invalidType, isDenied } = require('node/errors');
const { requireArray, requireObject, requireString } = require('node/arguments');
const EventEmitter = require('node/events/events');
const { nextTick } = require('node/process/ticks');
const { environmentPairs, flatEnvironment } = require('node/child_process/binding');
const { traced } = require('node/diagnostics_channel/heard');
const { joinChannel } = require('node/child_process/channel');
const { systemError } = require('node/child_process/errors');
const { requireSerialization, signalNames, signalNumber, stdioOf } = require('node/child_process/options');
const { Pipe } = require('node/child_process/pipe');
const { apply, arraySlice, assign, hasInstance, indexOf, map, push, setPrototypeOf, symbolFor, then } = require('builtins/primordials');
const { childKill, childReference, childStart } = ops;

// What is told by the event `error`; anything else is thrown.
const told = ['EACCES', 'EAGAIN', 'EMFILE', 'ENFILE', 'ENOENT'];

/** What a child's class needs to know of its child. */
const state = Symbol('the child');

/** @this {any} */
function ChildProcess() {
  if (!hasInstance(ChildProcess, this)) return new /** @type {any} */ (ChildProcess)();
  apply(EventEmitter, this, []);
  this[state] = { native: undefined, hasEnded: false, closesNeeded: 1, closesGot: 0 };
  this.signalCode = null;
  this.exitCode = null;
  this.killed = false;
  this.spawnfile = null;
  this.connected = false;
}
setPrototypeOf(ChildProcess.prototype, EventEmitter.prototype);
setPrototypeOf(ChildProcess, EventEmitter);

/** @param {any} child */
function maybeClose(child) {
  const own = child[state];
  own.closesGot += 1;
  if (own.closesGot === own.closesNeeded) child.emit('close', child.exitCode, child.signalCode);
}

/** What nobody reads is read to its end, so that it can close. @param {any} child */
function flush(child) {
  const { stdio } = child;
  if (stdio === undefined || stdio === null) return;
  for (let index = 0; index < stdio.length; index += 1) {
    const stream = stdio[index];
    if (stream?.readable && !stream.isLent && stream.readableFlowing === null && stream.listenerCount('readable') === 0) stream.resume();
  }
}

/** @param {any} child @param {number | null} code @param {number | undefined} signal */
function ended(child, code, signal) {
  const own = child[state];
  own.hasEnded = true;
  child.signalCode = signal === undefined ? null : (signalNames[signal] ?? `SIG${signal}`);
  child.exitCode = signal === undefined ? code : null;
  child.stdin?.destroy();
  child.emit('exit', child.exitCode, child.signalCode);
  nextTick(() => flush(child));
  maybeClose(child);
}

/** @param {any} child @param {any} failure */
function notStarted(child, failure) {
  const own = child[state];
  own.hasEnded = true;
  child.exitCode = failure.errno;
  child.stdin?.destroy();
  child.emit(
    'error',
    systemError(failure, `spawn ${child.spawnfile}`, { path: child.spawnfile, spawnargs: arraySlice(child.spawnargs, 1) }),
  );
  nextTick(() => flush(child));
  maybeClose(child);
}

/** @param {any} child @param {import('./options').Stdio[]} places @param {(NativePipe | undefined)[]} pipes */
function takeStreams(child, places, pipes) {
  const own = child[state];
  child.stdio = map(places, (place, index) => {
    if (place.type !== 'pipe' && place.type !== 'overlapped') return null;
    const stream = new Pipe(pipes[index], index > 0);
    own.closesNeeded += 1;
    stream.on('close', () => maybeClose(child));
    return stream;
  });
  child.stdin = child.stdio[0];
  child.stdout = child.stdio[1];
  child.stderr = child.stdio[2];
}

/** @param {any} child @param {{ file: string, args: string[], environment: string[], cwd: string | undefined, options: any }} command */
function start(child, command) {
  const { file, options } = command;
  const places = stdioOf(options.stdio ?? 'pipe', false);
  const channelAt = indexOf(
    map(places, (place) => place.type),
    'ipc',
  );
  const environment = arraySlice(command.environment);
  if (channelAt !== -1) {
    push(environment, 'NODE_CHANNEL_FD', `${channelAt}`);
    push(environment, 'NODE_CHANNEL_SERIALIZATION_MODE', options.serialization ?? 'json');
  }
  child.spawnfile = file;
  child.spawnargs = command.args;
  const numbers = map(places, (place) => place.number);
  const trace = traced('child_process.spawn');
  const shown = trace && assign({}, options, { file, args: command.args });
  trace?.start.publish({ process: child, options: shown });
  let started;
  try {
    started = childStart(file, command.args, environment, command.cwd, options.uid, options.gid, options.detached === true, numbers);
  } catch (failure) {
    const { code } = /** @type {any} */ (failure);
    trace?.error.publish({ process: child, options: shown, error: systemError(failure, 'spawn') });
    if (isDenied(failure)) throw failure;
    if (indexOf(told, code) === -1) throw systemError(failure, 'spawn');
    // Without descriptors there are no streams either.
    if (code !== 'EMFILE' && code !== 'ENFILE') takeStreams(child, places, []);
    nextTick(() => notStarted(child, failure));
    return;
  }
  const own = child[state];
  own.native = started[0];
  child.pid = started[1];
  takeStreams(child, places, started[2]);
  trace?.end.publish({ process: child });
  nextTick(() => child.emit('spawn'));
  if (channelAt !== -1) {
    own.closesNeeded += 1;
    child.once('disconnect', () => maybeClose(child));
    joinChannel(child, /** @type {NativePipe} */ (started[2][channelAt]), options.serialization);
  }
  // In a tick of its own, so that what listeners throw is an uncaught exception and not a rejection.
  then(
    started[3],
    (status) => nextTick(() => ended(child, status[0] ?? null, status[1])),
    (error) => nextTick(() => child.emit('error', error)),
  );
}

/** Starts a child; by way of the method if a program (nyc, for one) put another in its place. @param {any} child @param {import('./options').Command} command */
function begin(child, command) {
  if (child.spawn === ownSpawn) {
    start(child, command);
    return;
  }
  const { file, args, environment, cwd, options } = command;
  child.spawn({ ...options, file, args, cwd, envPairs: environmentPairs(environment) });
}

/** @param {any} options what Node's own class takes: `file`, `args`, `envPairs`, `cwd`, `stdio` ... */
ChildProcess.prototype.spawn = function spawn(options) {
  requireObject(options, 'options');
  requireSerialization(options.serialization);
  if (options.envPairs !== undefined && !Array.isArray(options.envPairs)) throw invalidType('options.envPairs', 'Array', options.envPairs);
  requireString(options.file, 'options.file');
  if (options.args !== undefined) requireArray(options.args, 'options.args');
  const args = options.args === undefined ? [options.file] : arraySlice(options.args);
  start(this, { file: options.file, args, environment: flatEnvironment(options.envPairs), cwd: options.cwd ?? undefined, options });
  return 0;
};
const ownSpawn = ChildProcess.prototype.spawn;

/** @param {any} [signal] */
ChildProcess.prototype.kill = function kill(signal) {
  const number = signal === undefined || signal === null ? signalNumber('SIGTERM') : signalNumber(signal);
  if (this.pid === undefined || this[state].hasEnded) return false;
  try {
    childKill(this.pid, number);
  } catch (error) {
    const { code } = /** @type {any} */ (error);
    if (code === 'EINVAL' || code === 'ENOSYS') throw error;
    // It has ended, and nobody was told yet.
    if (code !== 'ESRCH') this.emit('error', error);
    return false;
  }
  this.killed = true;
  return true;
};

ChildProcess.prototype.ref = function ref() {
  if (this[state].native !== undefined) childReference(this[state].native, true);
};
ChildProcess.prototype.unref = function unref() {
  if (this[state].native !== undefined) childReference(this[state].native, false);
};
ChildProcess.prototype[Symbol.dispose ?? symbolFor('Symbol.dispose')] = /** @this {any} */ function () {
  if (!this.killed) this.kill();
};

module.exports = { ChildProcess, begin };
