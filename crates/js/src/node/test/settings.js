// How this process runs tests: what the command line says (`--test-only` and the others), read once, and whether a runner started it.
'use strict';

const { invalidValue } = require('node/errors');
const { requireInteger } = require('node/arguments');
const { process } = require('node/process/process');
const { option, options, switchedOn } = require('node/process/options');
const { patternOf } = require('node/test/patterns');
const { map } = require('builtins/primordials');

const loadRandom = () => require('node/test/random');

/** @typedef {import('./coverage.js').CoverageSettings} CoverageSettings */
/** @typedef {{ only: boolean | 'where said', names: RegExp[], skips: RegExp[], timeout: number | undefined, concurrency: any, forceExit: boolean,
 *   updateSnapshots: boolean, rerun: string | undefined, seed: number | undefined, isChild: boolean, coverage: CoverageSettings | undefined, reporters: string[], destinations: string[] }} Settings */

/** @returns {Settings} */
function readSettings() {
  const isChild = process.env.NODE_TEST_CONTEXT === 'child-v8';
  const timeout = option('--test-timeout');
  const concurrency = option('--test-concurrency');
  return {
    only: switchedOn('--test-only'),
    names: map(options('--test-name-pattern'), patternOf),
    skips: map(options('--test-skip-pattern'), patternOf),
    timeout: timeout === undefined || Number(timeout) === 0 ? undefined : Number(timeout),
    concurrency: concurrency === undefined ? undefined : Number(concurrency),
    forceExit: switchedOn('--test-force-exit'),
    updateSnapshots: switchedOn('--test-update-snapshots'),
    rerun: option('--test-rerun-failures'),
    seed: seedOf(),
    isChild,
    coverage: coverageSettings(),
    ...reporting(),
  };
}

/** What the command line says of coverage; undefined when nobody asks. @returns {CoverageSettings | undefined} */
function coverageSettings() {
  if (!switchedOn('--experimental-test-coverage')) return undefined;
  const exclude = options('--test-coverage-exclude');
  return {
    lines: Number(option('--test-coverage-lines') ?? 0),
    branches: Number(option('--test-coverage-branches') ?? 0),
    functions: Number(option('--test-coverage-functions') ?? 0),
    include: options('--test-coverage-include'),
    exclude: exclude.length === 0 ? undefined : exclude,
  };
}

/** By what the order of the tests is drawn, if that is wanted. @returns {number | undefined} */
function seedOf() {
  const given = option('--test-random-seed');
  if (given === undefined) return switchedOn('--test-randomize') ? loadRandom().makeSeed() : undefined;
  const seed = Number(given);
  requireInteger(seed, '--test-random-seed', 0, 2 ** 32 - 1);
  return seed;
}

/** Which reporters write where; one alone writes to standard output. */
function reporting() {
  const reporters = options('--test-reporter');
  const destinations = options('--test-reporter-destination');
  if (reporters.length === 0 && destinations.length === 0) return { reporters: ['spec'], destinations: ['stdout'] };
  if (reporters.length === 1 && destinations.length === 0) return { reporters, destinations: ['stdout'] };
  if (reporters.length !== destinations.length) {
    throw invalidValue('--test-reporter', reporters, "must match the number of specified '--test-reporter-destination'");
  }
  return { reporters, destinations };
}

/** @type {Settings | undefined} */
let known;

/** @returns {Settings} */
function settings() {
  return (known ??= readSettings());
}

module.exports = { settings };
