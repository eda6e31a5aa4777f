// What the command line and NODE_OPTIONS say, by the names of Node's options (https://nodejs.org/api/cli.html#options).
'use strict';

const { push, slice } = require('builtins/primordials');
const { commandOptions, environmentVariable: processVariable } = ops;

/** Names and values in turn; an option without a value has ''. @type {string[] | undefined} */
let known;

const all = () => (known ??= commandOptions());

/** What an option says; what is said last counts. @param {string} name @returns {string | undefined} */
function option(name) {
  const list = all();
  for (let index = list.length - 2; index >= 0; index -= 2) if (list[index] === name) return list[index + 1];
  return undefined;
}

/** All values of an option that may be repeated. @param {string} name */
function options(name) {
  const list = all();
  /** @type {string[]} */
  const values = [];
  for (let index = 0; index < list.length; index += 2) if (list[index] === name) push(values, list[index + 1]);
  return values;
}

/** Whether a switch is on: `--no-...` takes it back. @param {string} name `--warnings` @param {boolean} [usual] */
function switchedOn(name, usual = false) {
  const list = all();
  const negated = `--no-${slice(name, 2)}`;
  for (let index = list.length - 2; index >= 0; index -= 2) {
    if (list[index] === name) return true;
    if (list[index] === negated) return false;
  }
  return usual;
}

/** @type {boolean | undefined} */
let pending;
/** Whether what is deprecated in the documents alone warns too. @returns {boolean} */
const pendingDeprecation = () => (pending ??= switchedOn('--pending-deprecation') || processVariable('NODE_PENDING_DEPRECATION') === '1');

module.exports = { option, options, pendingDeprecation, processVariable, switchedOn };
