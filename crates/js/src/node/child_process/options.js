// Arguments and options of `spawn` and its kin, checked and brought into one form (https://nodejs.org/api/child_process.html#child_processspawncommand-args-options).
'use strict';

const { invalidType, invalidValue, unknownSignal } = require('node/errors');
const { requireBoolean, requireInteger, requireNumber, requireObject, requireOneOf, requireString } = require('node/arguments');
const { channelOfSync, secondChannel } = require('node/child_process/errors');
const { signals } = /** @type {any} */ (require('node/os/constants'));
const { process } = require('node/process/process');
const { arraySlice, isArray, isView, join, keys, push, stringIncludes, toUpperCase } = require('builtins/primordials');
const { isLimited } = ops;
const loadPermission = () => require('node/process/permission');
const loadPaths = () => require('node/fs/values');
const loadWarnings = () => require('node/process/warnings');

/** What the operations take as a descriptor. */
const nothing = -1;
const newPipe = -2;

/** @typedef {{ type: 'ignore' | 'pipe' | 'overlapped' | 'inherit' | 'fd' | 'ipc', number: number, input?: any }} Stdio */
/**
 * What a child is started with.
 * @typedef {{ file: string, args: string[], environment: string[], cwd: string | undefined, options: any }} Command
 */

/** @param {any} value @param {string} name */
function requireNoNull(value, name) {
  if (typeof value === 'string' && stringIncludes(value, '\0')) throw invalidValue(name, value, 'must be a string without null bytes');
}

/** @param {any[]} values @param {string} name */
function requireNoNulls(values, name) {
  for (let index = 0; index < values.length; index += 1) requireNoNull(values[index], `${name}[${index}]`);
}

/** @param {any} options @param {string} name @param {(value: any, name: string) => void} check */
function check(options, name, check) {
  const value = options[name];
  if (value !== undefined && value !== null) check(value, `options.${name}`);
}

/** @param {any} value @param {string} name */
function requireId(value, name) {
  requireInteger(value, name, -(2 ** 31), 2 ** 31 - 1);
}

/** @param {any} value @param {string} name */
function requireShell(value, name) {
  if (typeof value !== 'boolean' && typeof value !== 'string') throw invalidType(name, ['boolean', 'string'], value);
}

/** @param {any} value */
function requireSerialization(value) {
  requireOneOf(value, 'options.serialization', /** @type {any[]} */ ([undefined, 'json', 'advanced']));
}

/** @param {any} timeout */
function requireTimeout(timeout) {
  if (timeout !== undefined && timeout !== null) requireInteger(timeout, 'timeout', 0);
}

/** @param {any} limit */
function requireLimit(limit) {
  if (limit !== undefined && limit !== null) requireNumber(limit, 'options.maxBuffer', 0);
}

/** @type {Record<number, string>} */
const signalNames = {};
/** @type {string[]} */
const allSignals = keys(signals);
for (let index = 0; index < allSignals.length; index += 1) signalNames[signals[allSignals[index]]] ??= allSignals[index];

/** The number of a signal. @param {any} signal @returns {number} */
function signalNumber(signal) {
  if (typeof signal === 'number' && (signalNames[signal] !== undefined || signal === 0)) return signal;
  const number = typeof signal === 'string' ? signals[toUpperCase(signal)] : undefined;
  if (number === undefined) throw unknownSignal(signal);
  return number;
}

/** The signal of the option `killSignal`; undefined when there is none. @param {any} signal */
function killSignalOf(signal) {
  // 0 ends nothing.
  if (signal === 0) throw unknownSignal(signal);
  if (typeof signal === 'string' || typeof signal === 'number') return signalNumber(signal);
  if (signal !== undefined && signal !== null) throw invalidType('options.killSignal', ['string', 'number'], signal);
  return undefined;
}

/** `spawn(file, args?, options?)` in one form. @param {any} file @param {any} args @param {any} options @returns {Command} */
function commandOf(file, args, options) {
  requireString(file, 'file');
  requireNoNull(file, 'file');
  if (file.length === 0) throw invalidValue('file', file, 'cannot be empty');
  let given = args;
  let settings = options;
  if (isArray(args)) given = arraySlice(args);
  else if (args === undefined || args === null) given = [];
  else if (typeof args !== 'object') throw invalidType('args', 'object', args);
  else {
    settings = args;
    given = [];
  }
  requireNoNulls(given, 'args');
  if (settings === undefined) settings = {};
  else requireObject(settings, 'options');
  settings = { __proto__: null, ...settings };
  /** @type {string | undefined} */
  let cwd;
  if (settings.cwd !== undefined && settings.cwd !== null) cwd = `${loadPaths().toPath(settings.cwd, 'options.cwd')}` || undefined;
  check(settings, 'detached', requireBoolean);
  check(settings, 'uid', requireId);
  check(settings, 'gid', requireId);
  check(settings, 'shell', requireShell);
  check(settings, 'argv0', requireString);
  check(settings, 'argv0', requireNoNull);
  check(settings, 'windowsHide', requireBoolean);
  check(settings, 'windowsVerbatimArguments', requireBoolean);
  let program = file;
  if (settings.shell) {
    requireNoNull(settings.shell, 'options.shell');
    if (given.length > 0) warnOfShell();
    const all = [file];
    for (let index = 0; index < given.length; index += 1) push(all, given[index]);
    given = ['-c', join(all, ' ')];
    program = typeof settings.shell === 'string' ? settings.shell : '/bin/sh';
  }
  const texts = [typeof settings.argv0 === 'string' ? settings.argv0 : program];
  for (let index = 0; index < given.length; index += 1) push(texts, `${given[index]}`);
  return { file: program, args: texts, environment: environmentOf(settings.env, texts), cwd, options: settings };
}

let isWarned = false;
function warnOfShell() {
  if (isWarned) return;
  isWarned = true;
  loadWarnings().emitWarning(
    'Passing args to a child process with shell option true can lead to security vulnerabilities, as the arguments are not escaped, only concatenated.',
    'DeprecationWarning',
    'DEP0190',
  );
}

/** Names and values in turn. @param {any} given @param {string[]} words the child's command line */
function environmentOf(given, words) {
  const env = given || process.env;
  /** @type {string[]} */
  const pairs = [];
  // Inherited names count.
  for (const name in env) {
    const value = env[name];
    if (value === undefined) continue;
    requireNoNull(name, `options.env['${name}']`);
    requireNoNull(value, `options.env['${name}']`);
    push(pairs, name, `${value}`);
  }
  if (isLimited()) loadPermission().limitChild(pairs, words, env.NODE_OPTIONS);
  return pairs;
}

/** What lets this file know the descriptor of a stream that is a pipe of a child. @type {(stream: any) => number | undefined} */
let pipeNumberOf = (_stream) => undefined;
/** @param {(stream: any) => number | undefined} find */
function usePipes(find) {
  pipeNumberOf = find;
}

/** @param {any} stdio what one place of the option says @param {number} index @param {boolean} isSync @returns {Stdio} */
function stdioAt(stdio, index, isSync) {
  if (stdio === undefined || stdio === null) return { type: index < 3 ? 'pipe' : 'ignore', number: index < 3 ? newPipe : nothing };
  if (stdio === 'ignore') return { type: 'ignore', number: nothing };
  if (stdio === 'pipe' || stdio === 'overlapped' || (typeof stdio === 'number' && stdio < 0)) {
    return { type: stdio === 'overlapped' ? 'overlapped' : 'pipe', number: newPipe };
  }
  if (stdio === 'ipc') {
    if (isSync) throw channelOfSync();
    return { type: 'ipc', number: newPipe };
  }
  if (stdio === 'inherit') return { type: 'inherit', number: index };
  if (typeof stdio === 'number') return { type: 'fd', number: stdio };
  if (typeof stdio === 'object' && !isView(stdio)) {
    const number = pipeNumberOf(stdio) ?? stdio.fd;
    if (typeof number === 'number' && number >= 0) return { type: 'fd', number };
    // What another synchronous call made of it.
    if (isSync && stdio.type === 'pipe') return { type: 'pipe', number: newPipe, input: stdio.input };
  }
  throw invalidValue('stdio', stdio);
}

/** @param {any} stdio @param {boolean} isSync @returns {Stdio[]} */
function stdioOf(stdio, isSync) {
  let given = stdio;
  if (typeof stdio === 'string') {
    if (stdio !== 'ignore' && stdio !== 'overlapped' && stdio !== 'pipe' && stdio !== 'inherit') throw invalidValue('stdio', stdio);
    given = [stdio, stdio, stdio];
  } else if (!isArray(stdio)) {
    throw invalidValue('stdio', stdio);
  }
  /** @type {Stdio[]} */
  const places = [];
  let hasChannel = false;
  for (let index = 0; index < given.length || index < 3; index += 1) {
    const place = stdioAt(given[index], index, isSync);
    if (place.type === 'ipc') {
      if (hasChannel) throw secondChannel();
      hasChannel = true;
    }
    push(places, place);
  }
  return places;
}

/** `exec(command, options)` as arguments of `execFile`. @param {any} command @param {any} options */
function shellCommand(command, options) {
  requireString(command, 'command');
  requireNoNull(command, 'command');
  const settings = { ...options };
  settings.shell = typeof settings.shell === 'string' ? settings.shell : true;
  return { file: command, options: settings };
}

module.exports = {
  commandOf,
  killSignalOf,
  requireLimit,
  requireNoNull,
  requireNoNulls,
  requireSerialization,
  requireTimeout,
  shellCommand,
  signalNames,
  signalNumber,
  stdioOf,
  usePipes,
};
