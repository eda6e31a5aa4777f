// `context.assert`: the methods of `node:assert`, snapshots, and what a program registers, each counted by the test's plan.
'use strict';

const { requireFunction, requireString } = require('node/arguments');
const { fileSnapshot, snapshot } = require('node/test/snapshot');
const { apply, assign, defineProperty, keys } = require('builtins/primordials');
const loadAssert = () => /** @type {any} */ (require('node/assert/assert'));

/** @type {Record<string, any> | undefined} */
let known;

/** All assertions by name. @returns {Record<string, any>} */
function assertions() {
  if (known !== undefined) return known;
  const assert = loadAssert();
  /** @type {Record<string, any>} */
  const all = {};
  const names = keys(assert);
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index];
    if (name !== 'AssertionError' && name !== 'Assert' && name !== 'strict' && name !== 'options') all[name] = assert[name];
  }
  known = assign(all, { fileSnapshot, snapshot });
  return known;
}

/** @param {any} name @param {any} fn */
function register(name, fn) {
  requireString(name, 'name');
  requireFunction(fn, 'fn');
  assertions()[name] = fn;
}

/** @param {any} context @param {any} test */
function assertionsOf(context, test) {
  /** @type {Record<string, any>} */
  const own = {};
  const all = assertions();
  const names = keys(all);
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index];
    const method = all[name];
    const counted = (/** @type {any[]} */ ...given) => {
      test.plan?.count();
      // The stack begins where the program asserts.
      return name === 'snapshot' || name === 'fileSnapshot' ? method(test, given) : apply(method, context, given);
    };
    defineProperty(counted, 'name', { value: name, configurable: true });
    own[name] = counted;
  }
  return own;
}

module.exports = { assertionsOf, register };
