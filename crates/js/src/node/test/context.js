// What the functions of tests and suites are given: `TestContext` and `SuiteContext` (https://nodejs.org/api/test.html#class-testcontext).
'use strict';

const { invalidType, nodeError } = require('node/errors');
const { requireFunction, requireInteger, requireNumber, requireObject } = require('node/arguments');
const { assertionsOf } = require('node/test/assertions');
const { kinds, testFailure } = require('node/test/failure');
const { process } = require('node/process/process');
const { clearTimeout, setTimeout } = require('web/html/timers');
const { withResolvers } = require('builtins/primordials');

/** How many assertions and subtests a test is to have. */
class TestPlan {
  #expected;
  #actual = 0;
  #wait;
  /** @type {any} */
  #met;
  /** @type {any} */
  #timer;

  /** @param {any} count @param {any} [options] */
  constructor(count, options = {}) {
    requireNumber(count, 'count');
    requireInteger(count, 'count', 0);
    requireObject(options, 'options');
    const { wait = false } = options;
    if (typeof wait !== 'boolean' && typeof wait !== 'number') throw invalidType('options.wait', ['boolean', 'number'], wait);
    if (typeof wait === 'number') requireNumber(wait, 'options.wait', 0, 2 ** 31 - 1);
    this.#expected = count;
    this.#wait = wait;
  }

  count() {
    this.#actual += 1;
    if (this.#met === undefined) return;
    if (this.#actual === this.#expected) this.#met.resolve(undefined);
    else if (this.#actual > this.#expected) this.#met.reject(this.#failure());
  }

  #failure() {
    return testFailure(`plan expected ${this.#expected} assertions but received ${this.#actual}`, kinds.code);
  }

  /** Throws if the plan was not kept; a promise if it is to be waited for. */
  check() {
    if (this.#actual === this.#expected) return undefined;
    if (this.#actual > this.#expected || this.#wait === false) throw this.#failure();
    this.#met = withResolvers();
    if (typeof this.#wait === 'number') {
      this.#timer = setTimeout(() => {
        const text = `plan timed out after ${this.#wait}ms with ${this.#actual} assertions when expecting ${this.#expected}`;
        this.#met.reject(testFailure(text, kinds.timeout));
      }, this.#wait);
    }
    return this.#met.promise;
  }

  end() {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
  }
}

/** The number of the process among those that a runner has at once. */
function workerId() {
  const id = process.env.NODE_TEST_WORKER_ID;
  return id === undefined ? undefined : Number(id);
}

class TestContext {
  #test;
  /** @type {any} */
  #assert;

  /** @param {any} test */
  constructor(test) {
    this.#test = test;
  }

  get signal() {
    return this.#test.signal;
  }
  get name() {
    return this.#test.name;
  }
  get fullName() {
    return this.#test.fullName;
  }
  get filePath() {
    return this.#test.entryFile;
  }
  get error() {
    return this.#test.error;
  }
  get passed() {
    return this.#test.isPassed;
  }
  get attempt() {
    return this.#test.tree.attempt;
  }
  get workerId() {
    return workerId();
  }
  get mock() {
    return this.#test.mock;
  }
  get assert() {
    return (this.#assert ??= assertionsOf(this, this.#test));
  }

  /** @param {any} message */
  diagnostic(message) {
    this.#test.diagnostic(message);
  }
  /** @param {any} count @param {any} [options] */
  plan(count, options = {}) {
    if (this.#test.plan !== null) {
      throw nodeError(Error, 'ERR_TEST_FAILURE', 'cannot set plan more than once');
    }
    this.#test.planned(count, options);
  }
  /** @param {any} value */
  runOnly(value) {
    this.#test.runsOnlySubtests = !!value;
  }
  /** @param {any} [message] */
  skip(message) {
    this.#test.skip(message);
  }
  /** @param {any} [message] */
  todo(message) {
    this.#test.todo(message);
  }
  /** @param {any} [name] @param {any} [options] @param {any} [fn] */
  test(name, options, fn) {
    this.#test.plan?.count();
    return this.#test.subtest(name, options, fn);
  }
  /** @param {any} fn @param {any} [options] */
  before(fn, options) {
    this.#test.addHook('before', fn, options);
  }
  /** @param {any} fn @param {any} [options] */
  after(fn, options) {
    this.#test.addHook('after', fn, options);
  }
  /** @param {any} fn @param {any} [options] */
  beforeEach(fn, options) {
    this.#test.addHook('beforeEach', fn, options);
  }
  /** @param {any} fn @param {any} [options] */
  afterEach(fn, options) {
    this.#test.addHook('afterEach', fn, options);
  }

  /** Asks until the condition holds. @param {any} condition @param {any} [options] @returns {Promise<any>} */
  waitFor(condition, options = {}) {
    requireFunction(condition, 'condition');
    requireObject(options, 'options');
    const { interval = 50, timeout = 1000 } = options;
    requireNumber(interval, 'options.interval', 0, 2 ** 31 - 1);
    requireNumber(timeout, 'options.timeout', 0, 2 ** 31 - 1);
    return waitFor(condition, interval, timeout);
  }
}

/** @param {() => any} condition @param {number} interval @param {number} timeout */
async function waitFor(condition, interval, timeout) {
  const { promise, resolve, reject } = withResolvers();
  /** @type {any} */
  let cause;
  let isOver = false;
  /** @type {any} */
  let next;
  const limit = setTimeout(() => {
    isOver = true;
    clearTimeout(next);
    const error = new Error('waitFor() timed out');
    if (cause !== undefined) error.cause = cause;
    reject(error);
  }, timeout);
  const ask = async () => {
    try {
      const value = await condition();
      if (isOver) return;
      isOver = true;
      clearTimeout(limit);
      // In a box, because the value may be a thenable.
      resolve({ value });
    } catch (error) {
      if (isOver) return;
      cause = error;
      next = setTimeout(ask, interval);
    }
  };
  ask();
  return /** @type {any} */ (await promise).value;
}

class SuiteContext {
  #test;

  /** @param {any} test */
  constructor(test) {
    this.#test = test;
  }

  get signal() {
    return this.#test.signal;
  }
  get name() {
    return this.#test.name;
  }
  get fullName() {
    return this.#test.fullName;
  }
  get filePath() {
    return this.#test.entryFile;
  }
  get passed() {
    return this.#test.isPassed;
  }
  get attempt() {
    return this.#test.tree.attempt;
  }
  /** @param {any} message */
  diagnostic(message) {
    this.#test.diagnostic(message);
  }
}

module.exports = { SuiteContext, TestContext, TestPlan };
