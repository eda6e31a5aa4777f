// What stands between `spawnSync` and the start of its child, where packages that follow every child (nyc, for one) put a function of their own:
// Node's internal binding `spawn_sync`, and its form of an environment.
'use strict';

const { nodeError } = require('node/errors');
const { requireArray } = require('node/arguments');
const { push, slice, stringIndexOf } = require('builtins/primordials');

/** Names and values in turn, from Node's `NAME=value`. @param {any} pairs */
function flatEnvironment(pairs) {
  if (pairs === undefined) return [];
  requireArray(pairs, 'options.envPairs');
  /** @type {string[]} */
  const flat = [];
  for (let index = 0; index < pairs.length; index += 1) {
    const text = `${pairs[index]}`;
    const at = stringIndexOf(text, '=');
    push(flat, at === -1 ? text : slice(text, 0, at), at === -1 ? '' : slice(text, at + 1));
  }
  return flat;
}

/** The other way round. @param {string[]} flat */
function environmentPairs(flat) {
  /** @type {string[]} */
  const pairs = [];
  for (let index = 0; index < flat.length; index += 2) push(pairs, `${flat[index]}=${flat[index + 1]}`);
  return pairs;
}

/** @typedef {(file: string, args: string[], environment: string[], cwd: string | undefined) => any[]} Run */

/** What runs the child that is being started, for `binding.spawn`. @type {Run | undefined} */
let running;

/** What `process.binding('spawn_sync')` is: packages that follow every child (nyc, for one) put a function of their own in the place of its `spawn`. */
const binding = {
  /** @param {any} options `file`, `args`, `envPairs` and `cwd`; the rest is as it was given to `spawnSync` */
  spawn(options) {
    if (running === undefined) throw nodeError(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'spawn can only be called by spawnSync');
    return running(options.file, options.args, flatEnvironment(options.envPairs), options.cwd);
  },
};
const ownSpawn = binding.spawn;

/** @param {Run} run @param {import('./options').Command} command @returns {ReturnType<Run>} */
function startSync(run, command) {
  const { file, args, environment, cwd, options } = command;
  if (binding.spawn === ownSpawn) return run(file, args, environment, cwd);
  running = run;
  try {
    return binding.spawn({ ...options, file, args, cwd, envPairs: environmentPairs(environment) });
  } finally {
    running = undefined;
  }
}

module.exports = { binding, environmentPairs, flatEnvironment, startSync };
