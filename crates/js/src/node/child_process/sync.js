// `spawnSync`, `execFileSync` and `execSync` (https://nodejs.org/api/child_process.html#synchronous-process-creation): the program stands still meanwhile.
'use strict';

const { invalidType, isDenied } = require('node/errors');
const { commandError, systemError } = require('node/child_process/errors');
const { startSync } = require('node/child_process/binding');
const {
  commandOf,
  killSignalOf,
  requireLimit,
  requireSerialization,
  requireTimeout,
  shellCommand,
  signalNames,
  signalNumber,
  stdioOf,
} = require('node/child_process/options');
const { process } = require('node/process/process');
const { arraySlice, isArray, isView, map } = require('builtins/primordials');
const { bytesOf } = require('builtins/webidl');
const { childRun } = ops;
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadSystemErrors = () => require('node/util/system_errors');

const defaultLimit = 1024 * 1024;

/** @param {any} input @param {number} index @param {any} encoding */
function inputBytes(input, index, encoding) {
  if (input === undefined || input === null) return undefined;
  if (isView(input)) return /** @type {Uint8Array} */ (bytesOf(input));
  if (typeof input === 'string') return loadBuffer().Buffer.from(input, encoding === 'buffer' ? undefined : encoding);
  throw invalidType(`options.stdio[${index}]`, ['Buffer', 'TypedArray', 'DataView', 'string'], input);
}

/** @param {any} file @param {any} [args] @param {any} [given] */
function spawnSync(file, args, given) {
  const command = commandOf(file, args, given);
  const { options } = command;
  const limit = options.maxBuffer === undefined ? defaultLimit : options.maxBuffer;
  requireTimeout(options.timeout);
  requireLimit(limit);
  const signal = killSignalOf(options.killSignal) ?? signalNumber('SIGTERM');
  requireSerialization(options.serialization);
  const places = stdioOf(options.stdio || 'pipe', true);
  if (options.input) {
    places[0].input = options.input;
    places[0].number = -2;
  }
  const inputs = map(places, (place, index) => inputBytes(place.input, index, options.encoding));
  const numbers = map(places, (place) => place.number);
  const failed = (/** @type {any} */ failure) =>
    systemError(failure, `spawnSync ${command.file}`, { path: command.file, spawnargs: arraySlice(command.args, 1) });
  const run = (/** @type {string} */ program, /** @type {string[]} */ words, /** @type {string[]} */ environment, /** @type {any} */ cwd) =>
    childRun(
      program,
      words,
      environment,
      cwd,
      options.uid,
      options.gid,
      options.detached === true,
      numbers,
      inputs,
      options.timeout ?? 0,
      limit ?? Infinity,
      signal,
    );
  let finished;
  try {
    finished = startSync(run, command);
  } catch (failure) {
    if (isDenied(failure)) throw failure;
    return { error: failed(failure), status: null, signal: null, output: null, pid: 0, stdout: null, stderr: null };
  }
  const encoding = options.encoding && options.encoding !== 'buffer' ? options.encoding : undefined;
  const output = map(finished[3], (bytes, index) => {
    // The first pipe is the child's to read.
    if (bytes === null || index === 0) return null;
    const buffer = loadBuffer().wrap(bytes);
    return encoding === undefined ? buffer : buffer.toString(encoding);
  });
  /** @type {any} */
  const result = {
    status: finished[1],
    signal: finished[2] === null ? null : (signalNames[finished[2]] ?? null),
    output,
    pid: finished[0],
    stdout: output[1],
    stderr: output[2],
  };
  if (finished[4] !== 0) {
    const number = -finished[4];
    result.error = failed({ errno: number, code: loadSystemErrors().getSystemErrorName(number) });
  }
  return result;
}

/** What a command wrote to its stderr is shown, unless the program said where it goes. @param {any} result @param {any} options */
function showErrors(result, options) {
  if (!options?.stdio && result.stderr) process.stderr.write(result.stderr);
}

/** @param {any} file @param {any} [args] @param {any} [options] */
function execFileSync(file, args, options) {
  const list = isArray(args) ? args : [];
  const settings = isArray(args) || args === undefined || args === null ? options : args;
  const result = spawnSync(file, list, settings);
  showErrors(result, settings);
  /** @type {string[]} */
  const all = [settings?.argv0 || file];
  for (let index = 0; index < list.length; index += 1) all[index + 1] = list[index];
  const error = commandError(result, all);
  if (error !== undefined) throw error;
  return result.stdout;
}

/** @param {any} command @param {any} [options] */
function execSync(command, options) {
  const { file, options: settings } = shellCommand(command, options);
  const result = spawnSync(file, settings);
  showErrors(result, options);
  const error = commandError(result, undefined, command);
  if (error !== undefined) throw error;
  return result.stdout;
}

module.exports = { execFileSync, execSync, spawnSync };
