// `process.permission` (https://nodejs.org/api/process.html#processpermission): what a program that was started with `--permission` may do.
'use strict';

const { requireString } = require('node/arguments');
const { isView, join, push, replaceAll, startsWith, stringIncludes } = require('builtins/primordials');
const loadBuffer = () => require('node/buffer/buffer');
const { commandOptions, permissionDrop, permissionHas } = ops;

/** @param {any} scope @param {any} reference */
function check(scope, reference) {
  requireString(scope, 'scope');
  if (reference !== undefined && reference !== null && !isView(reference)) requireString(reference, 'reference');
}

/** @param {any} reference */
function textOf(reference) {
  if (reference === undefined || reference === null) return undefined;
  return typeof reference === 'string' ? reference : loadBuffer().wrap(reference).toString();
}

const permission = {
  /** Whether the program may do this, to what the reference names or to everything. @param {string} scope @param {string} [reference] @returns {boolean} */
  has(scope, reference) {
    check(scope, reference);
    return permissionHas(scope, textOf(reference));
  },
  /** Gives a permission up for good. @param {string} scope @param {string} [reference] as it was granted */
  drop(scope, reference) {
    check(scope, reference);
    permissionDrop(scope, textOf(reference));
  },
};

/** Whether these words, or the options in the environment, say themselves what the child may do. @param {string[]} words @param {string | undefined} inEnvironment */
function isSaid(words, inEnvironment) {
  for (let index = 0; index < words.length; index += 1) if (startsWith(words[index], '--permission')) return true;
  return inEnvironment !== undefined && stringIncludes(inEnvironment, '--permission');
}

/**
 * Puts into the environment of what a limited program starts, names and values in turn, that it may do no more if it is of this command.
 * @param {string[]} pairs
 * @param {string[]} words its command line
 * @param {string | undefined} inEnvironment NODE_OPTIONS so far
 */
function limitChild(pairs, words, inEnvironment) {
  if (isSaid(words, inEnvironment)) return;
  /** @type {string[]} */
  const all = inEnvironment ? [inEnvironment] : [];
  push(all, '--permission');
  const given = commandOptions();
  for (let index = 0; index < given.length; index += 2) {
    const name = given[index];
    const value = given[index + 1];
    if (startsWith(name, '--allow-') || startsWith(name, '--deny-')) push(all, value === '' ? name : `"${name}=${escaped(value)}"`);
  }
  push(pairs, 'NODE_OPTIONS', join(all, ' '));
}

/** @param {string} value */
const escaped = (value) => replaceAll(replaceAll(value, '\\', '\\\\'), '"', '\\"');

module.exports = { limitChild, permission };
