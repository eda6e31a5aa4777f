// `twinloop test` and `--test`: runs the files of tests that the command line names, or that are there, and reports them.
'use strict';

const { invalidValue } = require('node/errors');
const { process } = require('node/process/process');
const { option, switchedOn } = require('node/process/options');
const { testFiles } = require('node/test/files');
const { start } = require('node/test/runner');
const { report } = require('node/test/reporting');
const { settings } = require('node/test/settings');
const { inspect } = require('builtins/inspect/inspect');
const { setImmediate } = require('web/html/timers');
const { arraySlice, exec, map, mapDelete, Map, mapForEach, mapSet, push, regExp } = require('builtins/primordials');
const { exitProcess, writeOutput } = ops;
const loadPath = () => /** @type {any} */ (require('node/path/path'));

const shardForm = regExp(/^(\d+)\/(\d+)$/);

/** Starts; the loop ends when all is reported. */
function main() {
  const chosen = settings();
  const named = arraySlice(process.argv, 1);
  const shard = shardOf(option('--test-shard'));
  const types = switchedOn('--strip-types', switchedOn('--experimental-strip-types', true));
  const watch = switchedOn('--watch');
  const files = testFiles(named, process.cwd(), types);
  if (named.length > 0 && files.length === 0 && !watch) {
    writeOutput(2, `Could not find '${named.join(', ')}'\n`);
    exitProcess(1);
    return;
  }
  const setup = option('--test-global-setup');
  const isolation = option('--test-isolation') ?? option('--experimental-test-isolation') ?? 'process';
  // A runner that watches has all files in one process.
  const isNested = chosen.isChild && isolation === 'none';
  const { stream, teardown } = start(
    {
      concurrency: chosen.concurrency ?? true,
      ...ofRun(chosen.coverage),
      // A runner that watches looks for files that are new.
      files: watch ? undefined : files,
      globPatterns: watch ? named : undefined,
      forceExit: chosen.forceExit,
      globalSetupPath: setup === undefined ? undefined : loadPath().resolve(process.cwd(), setup),
      isolation,
      only: chosen.only,
      rerunFailuresFilePath: chosen.rerun,
      randomSeed: chosen.seed,
      shard,
      testNamePatterns: chosen.names,
      testSkipPatterns: chosen.skips,
      timeout: chosen.timeout,
      cwd: process.cwd(),
      watch,
    },
    isNested,
  );
  follow(stream, teardown);
  const work = async () => {
    try {
      await report(stream, { ...chosen, isChild: isNested });
    } catch (error) {
      writeOutput(2, `${inspect(error)}\n`);
      // Node's status for what reports errors and fails itself.
      exitProcess(7);
    }
    if (chosen.forceExit) process.exit();
  };
  work();
}

/** As `run` takes it. @param {import('./coverage.js').CoverageSettings | undefined} coverage */
function ofRun(coverage) {
  if (coverage === undefined) return {};
  return {
    coverage: true,
    lineCoverage: coverage.lines,
    branchCoverage: coverage.branches,
    functionCoverage: coverage.functions,
    coverageIncludeGlobs: coverage.include,
    coverageExcludeGlobs: coverage.exclude,
  };
}

/** What of `i/n` is meant. @param {string | undefined} text */
function shardOf(text) {
  if (text === undefined) return undefined;
  const parts = exec(shardForm, text);
  if (parts === null) {
    const error = invalidValue('--test-shard', text, 'must be in the form of <index>/<total>');
    throw error;
  }
  return { index: Number(parts[1]), total: Number(parts[2]) };
}

/** The exit status, and what runs when a signal ends it. @param {any} stream @param {() => Promise<void>} teardown */
function follow(stream, teardown) {
  /** What runs, by its place. @type {Map<string, any>} */
  const running = new Map();
  const keyOf = (/** @type {any} */ data) => `${data.file}\0${data.line}\0${data.column}\0${data.name}`;
  stream.on('test:fail', (/** @type {any} */ data) => {
    if (data.todo === undefined || data.todo === false) process.exitCode = 1;
  });
  stream.on('test:summary', (/** @type {any} */ data) => {
    if (!data.success) process.exitCode = 1;
  });
  stream.on('test:dequeue', (/** @type {any} */ data) => {
    if (data.nesting === 0) mapSet(running, keyOf(data), data);
  });
  stream.on('test:complete', (/** @type {any} */ data) => mapDelete(running, keyOf(data)));
  const interrupt = async () => {
    process.exitCode = 1;
    /** @type {any[]} */
    const tests = [];
    mapForEach(running, (data) => push(tests, data));
    const files = map(tests, (data) => ({ name: data.name, nesting: data.nesting, file: data.file, line: data.line, column: data.column }));
    if (files.length > 0) stream.tell('test:interrupted', { __proto__: null, tests: files });
    try {
      await teardown();
    } catch (error) {
      writeOutput(2, `${inspect(error)}\n`);
    }
    stream.close();
    stream.once('end', () => setImmediate(() => process.exit(1)));
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
}

module.exports = { main };
