// The tests of this process: the tree's root, how its results are counted and told, and what ends it. The root is made with the first test;
// the tests begin once the program's file has run as far as it goes without waiting.
'use strict';

const { process } = require('node/process/process');
const { option } = require('node/process/options');
const { TestsStream } = require('node/test/events');
const { callerPlace, isTestFailure, kinds, testFailure } = require('node/test/failure');
const { MockTracker } = require('node/test/mock');
const { concurrencyOf, testArguments } = require('node/test/options');
const { settings } = require('node/test/settings');
const { GlobalSetup } = require('node/test/setup');
const { currentTest, Hook, millisecondsBetween, Suite, Test } = require('node/test/test');
const { report } = require('node/test/reporting');
const { inspect } = require('builtins/inspect/inspect');
const { setImmediate } = require('web/html/timers');
const { assign, push, withResolvers } = require('builtins/primordials');
const { exitProcess, monotonicNow, writeOutput } = ops;
const loadCoverage = () => require('node/test/coverage');
const loadRerun = () => require('node/test/rerun');

/** Counts and tells for all tests of a process. */
class Tree {
  stream;
  counts = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0, topLevel: 0 };
  success = true;
  isOver = false;
  /** Whether more tests may come, for reasons that the loop does not know. */
  isOpening = false;

  /** @param {any} chosen @param {string} [file] the program's @param {any} [stream] one that has the events of other trees too, and stays open */
  constructor(chosen, file, stream) {
    this.file = file;
    this.isPart = stream !== undefined;
    this.stream = stream ?? new TestsStream();
    this.settings = chosen;
    this.timeout = chosen.timeout;
    this.concurrency = concurrencyOf(chosen.concurrency, 1, 'options.concurrency');
    if (chosen.rerun !== undefined) this.runs = new (loadRerun().Runs)(chosen.rerun, chosen.folder ?? process.cwd());
    this.root = new Test({ name: '<root>', fn: () => {}, options: {}, tree: this }, null);
    this.root.startTime = monotonicNow();
  }

  /** @param {string} type @param {any} data */
  tell(type, data) {
    this.runs?.take(type, data);
    this.stream.tell(type, data);
  }

  /** What passed before, if that counts. @type {InstanceType<typeof import('./rerun.js').Runs> | undefined} */
  runs;

  get attempt() {
    return this.runs?.attempt ?? 0;
  }

  makeMock() {
    return new MockTracker();
  }

  /** @param {any} test */
  count(test) {
    const { counts } = this;
    if (test.type === 'suite') {
      counts.suites += 1;
      if (!test.isPassed && !test.isTodo) this.success = false;
      return;
    }
    this.countResult(test, test.nesting === 0);
  }

  /** @param {{ isPassed: boolean, isSkipped: boolean, isTodo: boolean, isCancelled: boolean }} test @param {boolean} isTop */
  countResult(test, isTop) {
    const { counts } = this;
    counts.tests += 1;
    if (isTop) counts.topLevel += 1;
    if (test.isSkipped) counts.skipped += 1;
    else if (test.isTodo) counts.todo += 1;
    else if (test.isCancelled) counts.cancelled += 1;
    else if (test.isPassed) counts.passed += 1;
    else counts.failed += 1;
    if (!test.isPassed && !test.isTodo && !test.isSkipped) this.success = false;
  }

  /** The error of a test that had ended. @param {any} test @param {any} error */
  late(test, error) {
    const what = test instanceof Hook ? 'Test hook' : 'Test';
    const { file, line, column } = test.place ?? {};
    const shown = isTestFailure(error) ? error.cause : error;
    const kind = error.failureType === kinds.unhandled ? 'unhandledRejection' : 'uncaughtException';
    this.root.diagnostic(
      `Error: ${what} "${test.name}" at ${file}:${line}:${column} generated asynchronous activity after the test ended. This activity ` +
        `created the error "${inspectedLine(shown)}" and would have caused the test to fail, but instead triggered an ${kind} event.`,
      'error',
    );
    this.success = false;
    process.exitCode = 1;
  }

  /** @param {any} test */
  hasFinished(test) {
    const { root } = this;
    if (test.parent !== root || root.running > 1 || root.waiting.length > 0) return;
    // All tests that there are have ended; what keeps the loop alive may be for the `after` hooks to end.
    setImmediate(() => {
      if (!root.isFinished && !this.isOpening && root.running === 0 && !root.hasOpenSubtests()) this.wrapUp();
    });
  }

  /** The hooks of the root that run after all. */
  async wrapUp() {
    const { root } = this;
    if (root.hasRunAfter) return;
    root.hasRunAfter = true;
    try {
      await root.runHooks('after', root.context);
      await this.setup?.tearDown();
    } catch (error) {
      root.fail(error);
    }
    if (this.settings.forceExit && this.reported !== undefined) {
      this.end();
      await this.reported;
      if (!this.success) process.exitCode = 1;
      process.exit();
    }
  }
  /** @type {Promise<any> | undefined} */
  reported;
  /** @type {InstanceType<typeof GlobalSetup> | undefined} */
  setup;

  /** The end of all tests. @param {any} [pending] why those that have not ended are cancelled */
  end(pending) {
    if (this.isOver) return;
    this.isOver = true;
    const { counts, root } = this;
    root.finish(pending);
    if (root.error !== null && root.error.failureType !== kinds.subtests) {
      this.success = false;
      push(root.diagnostics, { message: inspectedLine(root.error), level: 'error' });
    }
    const duration = millisecondsBetween(root.startTime, root.endTime);
    this.tell('test:plan', { __proto__: null, nesting: 0, count: root.told, ...placeOf(root) });
    const lines = [
      { message: `tests ${counts.tests}`, level: 'info' },
      { message: `suites ${counts.suites}`, level: 'info' },
      { message: `pass ${counts.passed}`, level: 'info' },
      { message: `fail ${counts.failed}`, level: 'info' },
      { message: `cancelled ${counts.cancelled}`, level: 'info' },
      { message: `skipped ${counts.skipped}`, level: 'info' },
      { message: `todo ${counts.todo}`, level: 'info' },
      { message: `duration_ms ${duration}`, level: 'info' },
    ];
    for (let index = 0; index < root.diagnostics.length; index += 1) this.tellDiagnostic(root.diagnostics[index]);
    for (let index = 0; index < lines.length; index += 1) this.tellDiagnostic(lines[index]);
    if (!this.settings.isChild && !this.isPart) this.runs?.write();
    this.#tellCoverage();
    this.tell('test:summary', {
      __proto__: null,
      success: this.success,
      counts: assign({ __proto__: null }, counts),
      duration_ms: duration,
      file: this.file,
    });
    if (!this.isPart) this.stream.close();
  }

  /** What the tests ran, for who asks; a file's process leaves it to its runner. */
  #tellCoverage() {
    const { coverage, isChild } = this.settings;
    if (coverage === undefined || isChild || this.isPart) return;
    const { coverageSummary, missedThresholds, ownReports } = loadCoverage();
    const summary = coverageSummary((this.coverageReports ?? ownReports)(), this.folder ?? process.cwd(), coverage);
    const missed = missedThresholds(summary);
    for (let index = 0; index < missed.length; index += 1) {
      this.success = false;
      process.exitCode = 1;
      this.tellDiagnostic({ message: missed[index], level: 'error' });
    }
    this.tell('test:coverage', { __proto__: null, nesting: 0, ...placeOf(this.root), summary });
  }
  /** Where the reports of a runner's processes are read. @type {(() => any[]) | undefined} */
  coverageReports;
  /** What paths are relative to. @type {string | undefined} */
  folder;

  /** @param {any} line */
  tellDiagnostic(line) {
    this.tell('test:diagnostic', { __proto__: null, nesting: 0, ...placeOf(this.root), ...line });
  }
}

/** @param {any} root */
function placeOf(root) {
  return { line: root.place?.line, column: root.place?.column, file: root.place?.file };
}

/** @param {any} error */
function inspectedLine(error) {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return inspect(error);
}

/** @type {Tree | undefined} */
let own;
let hasBegun = false;
/** What tests wait for before they begin. @type {PromiseWithResolvers<any> | undefined} */
let opened;

/** The tree of the tests that this program makes. */
function tree() {
  if (own === undefined) {
    const { 1: file } = process.argv;
    own = new Tree(settings(), file);
    own.reported = reportOrLeave(own.stream);
    watchProcess(own, true);
    const setup = option('--test-global-setup');
    if (setup !== undefined && !own.settings.isChild) setUp(own, new GlobalSetup(setup));
  }
  return own;
}

/** Tests begin once all is set up. @param {Tree} held @param {InstanceType<typeof GlobalSetup>} setup */
async function setUp(held, setup) {
  held.isOpening = true;
  opened = withResolvers();
  if (!(await setup.run())) {
    process.exit(1);
    return;
  }
  held.setup = setup;
  held.isOpening = false;
  opened.resolve(undefined);
}

/** Who cannot report leaves with Node's status for it. @param {any} stream */
async function reportOrLeave(stream) {
  try {
    await report(stream, settings());
  } catch (error) {
    writeOutput(2, `${inspect(error)}\n`);
    exitProcess(7);
  }
}

/** Has the tests that this program makes belong to the tree of a runner in this process. @param {Tree} given */
function adopt(given) {
  own = given;
  given.isOpening = true;
  opened = withResolvers();
  watchProcess(given, false);
}

/** All files were loaded: their tests begin. @param {Tree} given */
async function open(given) {
  given.isOpening = false;
  opened?.resolve(undefined);
  await given.root.subtestsEnd();
  await given.wrapUp();
  given.end();
}

/** Has the tests of a tree know of errors and of the end of the process. @param {Tree} watched @param {boolean} setsExitCode */
function watchProcess(watched, setsExitCode) {
  const attribute = (/** @type {string} */ kind) => (/** @type {any} */ error) => {
    /** @type {any} */
    const test = currentTest.getStore();
    const failure = testFailure(error, kind);
    if (test === undefined || test.tree !== watched) {
      watched.root.fail(failure);
      watched.root.diagnostic(`${error?.stack ?? inspectedLine(error)}`, 'error');
      watched.success = false;
      process.exitCode = 1;
    } else if (test.isFinished) {
      watched.late(test, failure);
    } else {
      test.fail(failure);
      test.controller?.abort();
    }
  };
  const onError = attribute(kinds.uncaught);
  const onRejection = attribute(kinds.unhandled);
  const finish = () => {
    watched.end(testFailure('Promise resolution is still pending but the event loop has already resolved', kinds.cancelled));
    if (!watched.success && setsExitCode) process.exitCode = 1;
  };
  const beforeExit = async () => {
    if (!watched.root.hasRunAfter && !watched.isOver) await watched.wrapUp();
    finish();
    // What listeners of `exit` throw is not the tests'.
    process.removeListener('uncaughtException', onError);
    process.removeListener('unhandledRejection', onRejection);
    process.removeListener('beforeExit', beforeExit);
  };
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onRejection);
  process.on('beforeExit', beforeExit);
  process.on('exit', finish);
}

/** The test or suite in whose code the program is; the root outside of any. @returns {any} */
function parentOf() {
  /** @type {any} */
  const test = currentTest.getStore();
  if (test === undefined) return tree().root;
  return test instanceof Hook ? test.test : test;
}

/** Starts a test of the root once the program's file had its turn. @param {any} test */
async function startLater(test) {
  if (!hasBegun) {
    await opened?.promise;
    hasBegun = true;
  }
  await test.start();
}

/** @param {any} extra @returns {(name?: any, options?: any, fn?: any) => Promise<void>} */
function testMaker(extra) {
  return (name, options, fn) => make(Test, name, options, fn, extra);
}
/** @param {any} extra @returns {(name?: any, options?: any, fn?: any) => Promise<void>} */
function suiteMaker(extra) {
  return (name, options, fn) => make(Suite, name, options, fn, extra);
}

/** @param {any} Class @param {any} name @param {any} options @param {any} fn @param {any} extra @returns {Promise<void>} */
function make(Class, name, options, fn, extra) {
  const parent = parentOf();
  const given = testArguments(name, options, fn);
  const settingsOfTest = { ...given, options: { ...given.options, ...extra }, place: callerPlace() };
  const test = new Class(settingsOfTest, parent);
  return parent instanceof Suite ? nothing() : startLater(test);
}

async function nothing() {}

/** @param {'before' | 'after' | 'beforeEach' | 'afterEach'} kind */
function hookMaker(kind) {
  return (/** @type {any} */ fn, /** @type {any} */ options) => parentOf().addHook(kind, fn, options);
}

module.exports = { adopt, hookMaker, open, suiteMaker, testMaker, Tree, tree, watchProcess };
