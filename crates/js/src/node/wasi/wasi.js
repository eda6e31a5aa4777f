// `node:wasi` (https://nodejs.org/api/wasi.html): programs of WebAssembly that were compiled for WASI preview 1. The system calls are in `preview1.js`.
'use strict';

const { invalidType, nodeError } = require('node/errors');
const { requireArray, requireBoolean, requireFunction, requireInteger, requireObject, requireOneOf } = require('node/arguments');
const { emitExperimentalWarning } = require('node/process/warnings');
const { process } = require('node/process/process');
const { makeCalls, numberOf } = require('node/wasi/preview1');
const { apply, create, entries, keys, map } = require('builtins/primordials');

emitExperimentalWarning('WASI');

/** Ends a program that called `proc_exit`, and is caught by whoever started it. */
class Exit {
  /** @param {number} status */
  constructor(status) {
    this.status = status;
  }
}

class WASI {
  /** @type {any} */
  #memory;
  #started = false;
  #version;
  #returns;

  /** @param {any} [options] */
  constructor(options = {}) {
    requireObject(options, 'options');
    const { version, args, env, preopens, returnOnExit, stdin = 0, stdout = 1, stderr = 2 } = options;
    if (typeof version !== 'string') throw invalidType('options.version', 'string', version);
    requireOneOf(version, 'options.version', ['unstable', 'preview1']);
    this.#version = version;
    if (args !== undefined) requireArray(args, 'options.args');
    if (env !== undefined) requireObject(env, 'options.env');
    if (preopens !== undefined) requireObject(preopens, 'options.preopens');
    if (returnOnExit !== undefined) requireBoolean(returnOnExit, 'options.returnOnExit');
    requireInteger(stdin, 'options.stdin', 0, 2 ** 31 - 1);
    requireInteger(stdout, 'options.stdout', 0, 2 ** 31 - 1);
    requireInteger(stderr, 'options.stderr', 0, 2 ** 31 - 1);
    this.#returns = returnOnExit ?? true;
    const variables = [];
    const pairs = entries(env ?? {});
    for (let index = 0; index < pairs.length; index += 1) {
      if (pairs[index][1] !== undefined) variables[variables.length] = `${pairs[index][0]}=${pairs[index][1]}`;
    }
    /** @type {Record<string, string>} */
    const folders = create(null);
    const names = keys(preopens ?? {});
    for (let index = 0; index < names.length; index += 1) folders[names[index]] = `${preopens[names[index]]}`;
    const calls = /** @type {Record<string, (...given: any[]) => any>} */ (
      makeCalls(
        map(args ?? [], (each) => `${each}`),
        variables,
        folders,
        [stdin, stdout, stderr],
        () => this.#memory ?? throwNotStarted(),
        (status) => {
          if (!this.#returns) process.reallyExit(status);
          throw new Exit(status);
        },
      )
    );
    /** @type {Record<string, (...given: any[]) => number>} */
    this.wasiImport = {};
    const callNames = keys(calls);
    for (let index = 0; index < callNames.length; index += 1) this.wasiImport[callNames[index]] = answering(calls[callNames[index]]);
  }

  /** Tells which memory is the program's, where nobody starts it here. @param {any} instance @param {{ memory?: any }} [options] */
  finalizeBindings(instance, { memory = instance?.exports?.memory } = {}) {
    if (this.#started) throw nodeError(Error, 'ERR_WASI_ALREADY_STARTED', 'WASI instance has already started');
    requireObject(instance, 'instance');
    requireObject(instance.exports, 'instance.exports');
    if (!(memory instanceof /** @type {any} */ (globalThis).WebAssembly.Memory))
      throw invalidType('instance.exports.memory', 'WebAssembly.Memory', memory);
    this.#started = true;
    this.#memory = memory;
  }

  /** Runs a command, and returns its status. @param {any} instance */
  start(instance) {
    this.finalizeBindings(instance);
    const { _start, _initialize } = instance.exports;
    requireFunction(_start, 'instance.exports._start');
    if (_initialize !== undefined) throw invalidType('instance.exports._initialize', 'undefined', _initialize);
    try {
      apply(_start, undefined, []);
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      return error.status;
    }
    return 0;
  }

  /** Prepares a library. @param {any} instance */
  initialize(instance) {
    this.finalizeBindings(instance);
    const { _start, _initialize } = instance.exports;
    if (_start !== undefined) throw invalidType('instance.exports._start', 'undefined', _start);
    if (_initialize === undefined) return;
    requireFunction(_initialize, 'instance.exports._initialize');
    apply(_initialize, undefined, []);
  }

  getImportObject() {
    return { [this.#version === 'unstable' ? 'wasi_unstable' : 'wasi_snapshot_preview1']: this.wasiImport };
  }
}

/** @returns {never} */
function throwNotStarted() {
  throw nodeError(Error, 'ERR_WASI_NOT_STARTED', 'wasi.start() has not been called');
}

/** The call as programs of WebAssembly know it: its result is a number. @param {(...given: any[]) => any} call */
function answering(call) {
  return (/** @type {any[]} */ ...given) => {
    try {
      apply(call, undefined, given);
      return 0;
    } catch (error) {
      const number = numberOf(error);
      if (number === undefined) throw error;
      return number;
    }
  };
}

module.exports = { WASI };
