// Tests, suites and hooks as a tree: how each runs, when its result is told, and what it makes of its children. Results are told in the order
// in which the tests were made, whatever the order in which they end.
'use strict';

const { requireFunction, requireOneOf, requireSignal } = require('node/arguments');
const { AsyncLocalStorage } = require('node/async_hooks/local_storage');
const { SuiteContext, TestContext, TestPlan } = require('node/test/context');
const { callerPlace, isTestFailure, kinds, testFailure } = require('node/test/failure');
const { concurrencyOf, expectedFailureOf, testArguments, timeoutOf } = require('node/test/options');
const { matchesByName } = require('node/test/patterns');
const { onAbort } = require('node/abort_signals');
const { AbortController } = require('web/abort/abort');
const { clearTimeout, setTimeout } = require('web/html/timers');
const { apply, arraySlice, push, round, shift, splice, then, withResolvers } = require('builtins/primordials');
const nothing = () => {};
const loadRandom = () => require('node/test/random');
const loadAssert = () => /** @type {any} */ (require('node/assert/assert'));
const { monotonicNow } = ops;

/** The test in whose code the program is. @type {any} */
const currentTest = new AsyncLocalStorage();

/** To the nanosecond. @param {number} start @param {number} end */
function millisecondsBetween(start, end) {
  return round((end - start) * 1e6) / 1e6;
}

/** The hooks that a test has of its own. */
class Hooks {
  /** @type {Hook[]} */
  before = [];
  /** @type {Hook[]} */
  after = [];
  /** @type {Hook[]} */
  beforeEach = [];
  /** @type {Hook[]} */
  afterEach = [];
}

/** @param {Hook[]} first @param {Hook[]} second */
function joined(first, second) {
  const all = arraySlice(first);
  for (let index = 0; index < second.length; index += 1) push(all, second[index]);
  return all;
}

/** A promise that rejects when the time is over or the signal says so; `end` takes both back. @param {any} test @param {number | undefined} timeout @param {any} signal */
function limits(test, timeout, signal) {
  const { promise, reject } = withResolvers();
  // Whoever waits for it hears of it; when nobody does, nothing is wrong.
  then(promise, undefined, () => {});
  /** @type {any} */
  let timer;
  if (timeout !== undefined) {
    timer = setTimeout(() => reject(testFailure(`test timed out after ${timeout}ms`, kinds.timeout)), timeout);
  }
  const abort = () => reject(abortFailure(signal));
  if (signal.aborted) abort();
  else onAbort(signal, abort);
  test.stopped = promise;
  return { promise, end: () => clearTimeout(timer) };
}

/** @param {any} signal */
function abortFailure(signal) {
  const { reason } = signal;
  if (isTestFailure(reason)) return reason;
  return testFailure(reason ?? 'This operation was aborted', kinds.aborted);
}

/** Settles as the first of the two does. @param {any} work @param {Promise<any>} stop */
function firstOf(work, stop) {
  const { promise, resolve, reject } = withResolvers();
  const relay = async () => {
    try {
      await work;
      resolve(undefined);
    } catch (error) {
      reject(error);
    }
  };
  relay();
  then(stop, undefined, reject);
  return promise;
}

class Test {
  type = 'test';
  /** @type {Test[]} */
  subtests = [];
  /** @type {Hooks} */
  hooks;
  /** @type {any} */
  startTime = null;
  /** @type {any} */
  endTime = null;
  isFinished = false;
  isPassed = false;
  isCancelled = false;
  isFiltered = false;
  isSkipped = false;
  isSkippedFromStart = false;
  isTodo = false;
  isTold = false;
  isStartTold = false;
  /** @type {any} */
  error = null;
  message = '';
  /** @type {{ message: string, level: string }[]} */
  diagnostics = [];
  /** How many children run now. */
  running = 0;
  /** Those that wait for a place. @type {{ test: Test, go: () => void }[]} */
  waiting = [];
  /** Where the order is drawn: how many children have been, and the numbers that it is drawn by. */
  drawn = 0;
  /** @type {(() => number) | undefined} */
  numbers;
  isFilling = false;
  /** The child whose result comes next, and how many were told. */
  turn = 0;
  told = 0;
  /** What a child with `only` makes of its siblings. */
  runsOnlySubtests = false;
  failedSubtests = 0;
  hasRunBefore = false;
  hasRunAfter = false;
  /** @type {any} */
  plan = null;
  /** @type {any} */
  #mock;
  /** @type {Promise<any> | undefined} */
  stopped;
  /** What it was in the last run, if it passed there and is not run again. @type {any} */
  before;
  number = 0;
  outcome = withResolvers();

  /** @param {any} settings @param {any} parent null for the root */
  constructor(settings, parent) {
    const { name, fn, options, place, tree } = settings;
    this.name = name;
    this.fn = fn;
    this.parent = parent;
    this.place = place;
    this.tree = tree ?? parent.tree;
    this.controller = new AbortController();
    this.signal = this.controller.signal;
    this.context = this.makeContext();
    this.hooks = new Hooks();
    this.entryFile = this.tree.file;
    this.nesting = parent === null || parent.parent === null ? 0 : parent.nesting + 1;
    if (parent === null) {
      this.concurrency = tree.concurrency;
      this.timeout = undefined;
      this.only = false;
      return;
    }
    this.timeout = timeoutOf(options.timeout, 'options.timeout') ?? this.inheritedTimeout();
    this.concurrency = concurrencyOf(options.concurrency, parent.concurrency, 'options.concurrency');
    requireSignal(options.signal, 'options.signal');
    this.expectFailure = expectedFailureOf(options.expectFailure) ?? parent.expectFailure;
    this.recall();
    const { only, skip, todo, plan, signal } = options;
    if (signal?.aborted) this.controller.abort(signal.reason);
    else if (signal !== undefined) onAbort(signal, () => this.controller.abort(signal.reason));
    if (!parent.signal.aborted) onAbort(parent.signal, () => this.controller.abort(parent.signal.reason));
    if (skip !== undefined && skip !== false) this.skip(skip);
    if (todo !== undefined && todo !== false) this.todo(todo);
    else if (parent.isTodo && parent.type === 'suite') this.todo(parent.message);
    if (plan !== undefined && this.before === undefined) this.planned(plan);
    this.only = only ?? (parent.only && !parent.runsOnlySubtests);
    this.takePartInOnly(only);
    if (parent.isFinished) this.fail(testFailure('test could not be started because its parent finished', kinds.parentFinished));
    this.index = parent.subtests.length;
    push(parent.subtests, this);
  }

  makeContext() {
    return new TestContext(this);
  }

  inheritedTimeout() {
    return this.parent.parent === null ? this.tree.timeout : this.parent.timeout;
  }

  get mock() {
    return (this.#mock ??= this.tree.makeMock());
  }

  get root() {
    /** @type {any} */
    let test = this;
    while (test.parent !== null) test = test.parent;
    return test;
  }

  get fullName() {
    if (this.parent === null) return '<root>';
    let name = this.name;
    for (let test = this.parent; test.parent !== null; test = test.parent) name = `${test.name} > ${name}`;
    return name;
  }

  /** What passed in the run before makes the children that it had, and passes. */
  recall() {
    if (this.place === undefined || this.tree.runs === undefined) return;
    this.before = this.tree.runs.passedBefore(this.place);
    if (this.before === undefined) return;
    const { children = [] } = this.before;
    this.fn = () => {
      for (let index = 0; index < children.length; index += 1) {
        const { name, line, column, file } = children[index];
        const child = new Test({ name, fn: nothing, options: {}, place: { line, column, file } }, this);
        // A suite starts its own.
        if (this.type !== 'suite') child.start();
      }
    };
  }

  // ---- What runs at all

  /** @param {any} only as the program gave it */
  takePartInOnly(only) {
    const { parent } = this;
    if (!this.tree.settings.only) {
      if (only || parent.runsOnlySubtests) this.diagnostic("'only' and 'runOnly' require the --test-only command-line option.");
      return;
    }
    if (!this.only) return;
    parent.runsOnlySubtests = true;
    for (let test = parent; test !== null && !test.only && (test.startTime === null || test.parent === null); test = test.parent) {
      test.only = true;
      if (test.parent !== null) test.parent.runsOnlySubtests = true;
    }
  }

  isLeftOut() {
    const { names, skips, only } = this.tree.settings;
    if (only && !this.only && (this.parent.runsOnlySubtests || (only === true && this.parent.parent === null))) return true;
    if (names.length > 0 && !matchesByName(this, names)) return true;
    return skips.length > 0 && matchesByName(this, skips);
  }

  // ---- Children

  /** Makes and starts a test inside of this one. @param {any} name @param {any} options @param {any} fn @param {any} [extra] */
  async subtest(name, options, fn, extra) {
    const given = testArguments(name, options, fn);
    const settings = { ...given, options: { ...given.options, ...extra }, place: callerPlace() };
    await new Test(settings, this).start();
  }

  /** Runs when there is a place for it. */
  async start() {
    if (this.isLeftOut()) {
      this.isFiltered = true;
      this.isPassed = true;
      this.finish();
      return;
    }
    const { parent, tree } = this;
    tree.tell('test:enqueue', this.about({ type: this.type }));
    const isDrawn = tree.settings.seed !== undefined;
    if (isDrawn || parent.running >= parent.concurrency || parent.waiting.length > 0) {
      const { promise, resolve } = withResolvers();
      push(parent.waiting, { test: this, go: /** @type {any} */ (resolve) });
      if (isDrawn) parent.fill();
      await promise;
    } else {
      parent.running += 1;
    }
    if (this.isFinished) {
      parent.leave();
      return;
    }
    tree.tell('test:dequeue', this.about({ type: this.type }));
    await this.run();
  }

  /** A child has ended: its place goes to the next. */
  leave() {
    if (this.waiting.length === 0) this.running -= 1;
    else this.next().go();
  }

  /** The one that has waited longest, or has been drawn. */
  next() {
    const { seed } = this.tree.settings;
    if (seed === undefined || this.waiting.length < 2) {
      const first = /** @type {{ test: Test, go: () => void }} */ (shift(this.waiting));
      if (seed !== undefined) this.moveUp(first.test);
      return first;
    }
    const { drawn, numbersFrom } = loadRandom();
    this.numbers ??= numbersFrom(seed);
    const chosen = drawn(this.waiting, this.numbers);
    this.moveUp(chosen.test);
    return chosen;
  }

  /** Results are told in the order that was drawn. @param {any} test */
  moveUp(test) {
    const { subtests } = this;
    if (this.drawn < this.turn) this.drawn = this.turn;
    while (subtests[this.drawn].isFinished) this.drawn += 1;
    const other = subtests[this.drawn];
    subtests[test.index] = other;
    other.index = test.index;
    subtests[this.drawn] = test;
    test.index = this.drawn;
    this.drawn += 1;
  }

  /** Gives the places to children, once all that are made together wait for them. */
  async fill() {
    if (this.isFilling) return;
    this.isFilling = true;
    await undefined;
    this.isFilling = false;
    while (this.waiting.length > 0 && this.running < this.concurrency) {
      this.running += 1;
      this.next().go();
    }
  }

  /** Waits for the children there are, and for those that come meanwhile. */
  async subtestsEnd() {
    for (let index = 0; index < this.subtests.length; index += 1) await this.subtests[index].outcome.promise;
    if (this.tree.settings.seed === undefined) return;
    // Those that have changed places meanwhile.
    while (this.hasOpenSubtests()) {
      for (let index = 0; index < this.subtests.length; index += 1) await this.subtests[index].outcome.promise;
    }
  }

  hasOpenSubtests() {
    for (let index = 0; index < this.subtests.length; index += 1) {
      if (!this.subtests[index].isFinished) return true;
    }
    return false;
  }

  // ---- Running

  /** @param {() => any} work */
  inside(work) {
    return currentTest.run(this, work);
  }

  /** Whether it was stopped before it began. */
  isStopped() {
    if (this.signal.aborted) {
      this.cancel(abortFailure(this.signal));
      return true;
    }
    return false;
  }

  async run() {
    const { parent } = this;
    this.startTime = monotonicNow();
    if (this.error !== null || this.isStopped()) {
      this.finish();
      parent?.leave();
      return;
    }
    const limit = limits(this, this.timeout, this.signal);
    this.isSkippedFromStart = this.isSkipped;
    try {
      await parent.runBefore();
      if (!this.isSkipped) await parent.runHooks('beforeEach', this.context);
      if (!this.isSkipped)
        await firstOf(
          this.inside(() => this.call()),
          limit.promise,
        );
      if (this.hasOpenSubtests()) await firstOf(this.subtestsEnd(), limit.promise);
      if (this.plan !== null) {
        const waits = this.plan.check();
        if (waits !== undefined) await firstOf(waits, limit.promise);
      }
      this.pass();
      await this.runAfterwards();
    } catch (error) {
      this.failWith(error);
      try {
        await this.runAfterwards();
      } catch {
        // What failed first is the result.
      }
    } finally {
      limit.end();
      this.plan?.end();
      this.controller.abort();
    }
    this.finish();
    parent.leave();
  }

  /** The test's own function: with a callback if it takes one. @returns {Promise<any>} */
  async call() {
    if (this.fn.length !== 2) return apply(this.fn, this.context, [this.context]);
    const { promise, resolve, reject } = withResolvers();
    let called = false;
    const done = (/** @type {any} */ error) => {
      if (called) {
        const failure = testFailure('callback invoked multiple times', kinds.multipleCallbacks);
        if (this.isFinished) this.tree.late(this, failure);
        else this.fail(failure);
        return;
      }
      called = true;
      if (error) reject(error);
      else resolve(undefined);
    };
    const returned = apply(this.fn, this.context, [this.context, done]);
    if (typeof returned?.then === 'function') {
      throw testFailure('passed a callback but also returned a Promise', kinds.callbackAndPromise);
    }
    return promise;
  }

  /** @param {any} error */
  failWith(error) {
    if (!isTestFailure(error)) this.fail(testFailure(error, kinds.code));
    else if (error.failureType === kinds.timeout || error.failureType === kinds.aborted) this.cancel(error);
    else this.fail(error);
  }

  async runAfterwards() {
    const { parent } = this;
    if (this.hasRunAfter) return;
    this.hasRunAfter = true;
    try {
      if (!this.isSkippedFromStart) await parent.runHooks('afterEach', this.context);
    } finally {
      await this.runHooks('after', this.context);
    }
  }

  /** The `before` hooks of a test run once, ahead of its first child. */
  async runBefore() {
    if (this.hasRunBefore || this.hooks.before.length === 0) return this.beforeRuns;
    this.hasRunBefore = true;
    this.beforeRuns = this.runHooks('before', this.context);
    return this.beforeRuns;
  }
  /** @type {Promise<void> | undefined} */
  beforeRuns;

  /** Those around each child are its parents' as well: theirs before its own, and after them. @param {keyof Hooks} kind @returns {Hook[]} */
  hooksFor(kind) {
    const own = this.hooks[kind];
    if (this.parent === null || kind === 'before' || kind === 'after') return own;
    const inherited = this.parent.hooksFor(kind);
    return kind === 'beforeEach' ? joined(inherited, own) : joined(own, inherited);
  }

  /** @param {'before' | 'after' | 'beforeEach' | 'afterEach'} kind @param {any} context */
  async runHooks(kind, context) {
    const hooks = this.hooksFor(kind);
    for (let index = 0; index < hooks.length; index += 1) {
      const hook = hooks[index];
      await hook.runFor(context, kind);
      if (hook.error !== null) {
        const failure = testFailure(hook.error.cause ?? hook.error, kinds.hook);
        failure.message = `failed running ${kind} hook`;
        throw failure;
      }
    }
  }

  /** @param {'before' | 'after' | 'beforeEach' | 'afterEach'} kind @param {any} fn @param {any} options */
  addHook(kind, fn, options) {
    requireFunction(fn, 'fn');
    const hook = new Hook({ name: kind, fn, options: options ?? {}, place: callerPlace() }, this);
    push(this.hooks[kind], hook);
    if (kind !== 'before' || this.startTime === null) return;
    // The test runs already: now is before all that comes.
    const run = async () => {
      await hook.runFor(this.context, kind);
      if (hook.error !== null) this.fail(hook.error);
    };
    run();
  }

  // ---- Results

  pass() {
    if (this.error !== null) return;
    if (this.expectFailure !== undefined && !this.isSkipped && this.before === undefined) {
      this.fail(testFailure('test was expected to fail but passed', kinds.expected));
      return;
    }
    this.isPassed = true;
  }

  /** @param {any} failure */
  fail(failure) {
    if (this.error !== null) return;
    if (this.expectFailure !== undefined && failure.failureType === kinds.code) {
      const { match } = this.expectFailure;
      if (match === undefined || this.isExpected(failure, match)) {
        this.isPassed = true;
        this.error = null;
        return;
      }
    }
    this.isPassed = false;
    this.error = failure;
  }

  /** @param {any} failure @param {any} match */
  isExpected(failure, match) {
    try {
      loadAssert().throws(() => {
        throw failure.cause;
      }, match);
      return true;
    } catch (error) {
      this.isPassed = false;
      this.error = testFailure('The test failed, but the error did not match the expected validation', kinds.code);
      this.error.cause = error;
      return false;
    }
  }

  /** @param {any} [failure] */
  cancel(failure) {
    if (this.error !== null) return;
    this.fail(failure ?? testFailure('test did not finish before its parent and was cancelled', kinds.cancelled));
    this.isCancelled = true;
    this.controller.abort();
  }

  /** @param {any} message */
  skip(message) {
    this.isSkipped = true;
    this.message = typeof message === 'string' ? message : '';
  }

  /** @param {any} message */
  todo(message) {
    this.isTodo = true;
    this.message = typeof message === 'string' ? message : '';
  }

  /** @param {any} count @param {any} [options] */
  planned(count, options) {
    this.plan = new TestPlan(count, options);
  }

  /** @param {any} message @param {string} [level] */
  diagnostic(message, level = 'info') {
    push(this.diagnostics, { message: `${message}`, level });
  }

  /** The end, whatever led to it. @param {any} [pending] why children that have not ended are cancelled */
  finish(pending) {
    if (this.isFinished) return;
    this.startTime ??= monotonicNow();
    for (let index = 0; index < this.subtests.length; index += 1) {
      const subtest = this.subtests[index];
      if (this.isFiltered) {
        subtest.isFiltered = true;
        subtest.isPassed = true;
      }
      if (!subtest.isFinished) {
        if (!subtest.isFiltered) subtest.cancel(pending);
        subtest.finish(pending);
      }
      if (!subtest.isPassed && !subtest.isTodo) this.failedSubtests += 1;
    }
    if ((this.isPassed || this.parent === null) && this.failedSubtests > 0) {
      const plural = this.failedSubtests === 1 ? '' : 's';
      this.isPassed = false;
      this.error = testFailure(`${this.failedSubtests} subtest${plural} failed`, kinds.subtests);
    }
    this.endTime ??= monotonicNow();
    this.isFinished = true;
    this.#mock?.reset();
    if (!this.isFiltered && this.parent !== null) this.tree.tell('test:complete', this.completion());
    if (this.parent !== null) this.parent.tellTurns();
    this.outcome.resolve(undefined);
    this.tree.hasFinished(this);
  }

  // ---- Telling

  /** Whether all that comes before it was told. @returns {boolean} */
  isItsTurn() {
    return this.parent === null || (this.parent.turn === this.index && this.parent.isItsTurn());
  }

  /** Tells the results of children whose turn it is. */
  tellTurns() {
    if (!this.isItsTurn()) return;
    for (; this.turn < this.subtests.length; this.turn += 1) {
      const subtest = this.subtests[this.turn];
      if (!subtest.isFinished) {
        subtest.tellTurns();
        return;
      }
      subtest.tellTurns();
      subtest.tellResult();
    }
  }

  tellStart() {
    if (this.isStartTold || this.parent === null) return;
    this.parent.tellStart();
    this.isStartTold = true;
    this.parent.told += 1;
    this.number = this.parent.told;
    this.tree.tell('test:start', this.about({}));
  }

  tellResult() {
    if (this.isTold) return;
    this.isTold = true;
    if (this.isFiltered) return;
    this.tellStart();
    if (this.told > 0) this.tree.tell('test:plan', this.about({ nesting: this.nesting + 1, count: this.told, name: undefined }));
    this.tree.count(this);
    const data = { ...this.about({}), testNumber: this.number, details: this.details(), ...this.directives() };
    if (this.isPassed) this.tree.tell('test:pass', data);
    else this.tree.tell('test:fail', data);
    for (let index = 0; index < this.diagnostics.length; index += 1) {
      this.tree.tell('test:diagnostic', { __proto__: null, ...this.placed(), nesting: this.nesting, ...this.diagnostics[index] });
    }
  }

  completion() {
    const number = this.number === 0 ? this.parent.told + 1 : this.number;
    const details = { ...this.details(), passed: this.isPassed };
    return { ...this.about({}), testNumber: number, details, ...this.directives() };
  }

  details() {
    const duration = this.before?.duration_ms ?? millisecondsBetween(this.startTime, this.endTime);
    /** @type {any} */
    const details = { __proto__: null, duration_ms: duration, type: this.type };
    if (this.tree.runs !== undefined) details.attempt = this.tree.attempt;
    if (this.before !== undefined) details.passed_on_attempt = this.before.passed_on_attempt;
    if (!this.isPassed) details.error = this.error;
    return details;
  }

  directives() {
    /** @type {any} */
    const directives = {};
    if (this.isSkipped) directives.skip = this.message === '' ? true : this.message;
    else if (this.isTodo) directives.todo = this.message === '' ? true : this.message;
    else if (this.expectFailure !== undefined) directives.expectFailure = this.expectFailure.label ?? true;
    return directives;
  }

  placed() {
    return { line: this.place?.line, column: this.place?.column, file: this.place?.file };
  }

  /** @param {any} more */
  about(more) {
    return { __proto__: null, name: this.name, nesting: this.nesting, ...this.placed(), ...more };
  }
}

/** A suite: its function runs at once and makes its tests, which run when its turn comes. */
class Suite extends Test {
  type = 'suite';

  /** @param {any} settings @param {any} parent */
  constructor(settings, parent) {
    super(settings, parent);
    this.type = 'suite';
    this.built = this.build();
  }

  makeContext() {
    return /** @type {any} */ (new SuiteContext(this));
  }

  inheritedTimeout() {
    return this.parent.timeout;
  }

  async build() {
    if (this.isSkipped || this.error !== null) return;
    try {
      await this.inside(() => apply(this.fn, this.context, [this.context]));
    } catch (error) {
      this.fail(testFailure(error, kinds.code));
    }
  }

  /** A suite is left out when all in it is. */
  isLeftOut() {
    const { names, only, skips } = this.tree.settings;
    if (only && !this.only && (this.parent.runsOnlySubtests || (only === true && this.parent.parent === null))) return true;
    if (skips.length > 0 && matchesByName(this, skips)) return true;
    if (this.subtests.length === 0) {
      return names.length > 0 && !matchesByName(this, names);
    }
    for (let index = 0; index < this.subtests.length; index += 1) {
      if (!this.subtests[index].isLeftOut()) return false;
    }
    return this.error === null;
  }

  async run() {
    const { parent } = this;
    this.startTime = monotonicNow();
    await this.built;
    if (this.error !== null || this.isStopped() || this.isSkipped) {
      if (this.isSkipped) this.pass();
      if (this.error !== null) splice(this.subtests, 0, this.subtests.length);
      this.finish();
      parent.leave();
      return;
    }
    const limit = limits(this, this.timeout, this.signal);
    try {
      await parent.runBefore();
      await firstOf(this.runBefore(), limit.promise);
      await firstOf(this.runSubtests(), limit.promise);
      await this.runHooks('after', this.context);
      this.pass();
    } catch (error) {
      this.failWith(error);
      if (!this.hasRunAfter) {
        try {
          await this.runHooks('after', this.context);
        } catch {
          // What failed first is the result.
        }
      }
    } finally {
      limit.end();
      this.controller.abort();
    }
    this.finish();
    parent.leave();
  }

  async runSubtests() {
    /** @type {Promise<any>[]} */
    const running = [];
    for (let index = 0; index < this.subtests.length; index += 1) push(running, this.subtests[index].start());
    for (let index = 0; index < running.length; index += 1) await running[index];
    await this.subtestsEnd();
  }
}

/** What runs around tests; it has a time of its own, and its failure is its test's. */
class Hook {
  /** @type {any} */
  error = null;
  #hasRun = false;

  /** @param {any} settings @param {any} test */
  constructor(settings, test) {
    const { name, fn, options, place } = settings;
    this.name = name;
    this.fn = fn;
    this.place = place;
    this.test = test;
    this.tree = test.tree;
    this.parent = test;
    this.timeout = timeoutOf(options.timeout, 'options.timeout');
    requireSignal(options.signal, 'options.signal');
    this.signal = options.signal ?? new AbortController().signal;
    this.isFinished = false;
  }

  /** @param {any} context @param {string} kind */
  async runFor(context, kind) {
    requireOneOf(kind, 'kind', ['before', 'after', 'beforeEach', 'afterEach']);
    if ((kind === 'before' || kind === 'after') && this.#hasRun) return;
    this.#hasRun = true;
    this.error = null;
    this.isFinished = false;
    const limit = limits(this, this.timeout, this.signal);
    try {
      await firstOf(
        currentTest.run(this, () => this.call(context)),
        limit.promise,
      );
    } catch (error) {
      this.error = isTestFailure(error) ? error : testFailure(error, kinds.code);
    } finally {
      limit.end();
      this.isFinished = true;
    }
  }

  /** @param {any} context @returns {Promise<any>} */
  async call(context) {
    if (this.fn.length !== 2) return apply(this.fn, context, [context]);
    const { promise, resolve, reject } = withResolvers();
    const done = (/** @type {any} */ error) => (error ? reject(error) : resolve(undefined));
    const returned = apply(this.fn, context, [context, done]);
    if (typeof returned?.then === 'function') {
      throw testFailure('passed a callback but also returned a Promise', kinds.callbackAndPromise);
    }
    return promise;
  }

  /** An error of its own that came later. @param {any} failure */
  fail(failure) {
    this.error ??= failure;
  }
}

module.exports = { currentTest, Hook, millisecondsBetween, Suite, Test };
