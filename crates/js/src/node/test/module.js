// `node:test` (https://nodejs.org/api/test.html). The exports are the function `test` with the rest as its properties.
'use strict';

const { hookMaker, suiteMaker, testMaker } = require('node/test/harness');
const { register } = require('node/test/assertions');
const { MockTracker } = require('node/test/mock');
const { run } = require('node/test/runner');
const { currentTest } = require('node/test/test');
const { setDefaultSnapshotSerializers, setResolveSnapshotPath } = require('node/test/snapshot');
const { assign, defineProperty } = require('builtins/primordials');

/** The function, with a form of it for each of these options. @param {(extra: any) => any} maker @param {string} name */
function withForms(maker, name) {
  const make = maker(undefined);
  defineProperty(make, 'name', { value: name, configurable: true });
  const forms = ['expectFailure', 'only', 'skip', 'todo'];
  for (let index = 0; index < forms.length; index += 1) make[forms[index]] = maker({ [forms[index]]: true });
  return make;
}

const test = withForms(testMaker, 'test');
const suite = withForms(suiteMaker, 'suite');

/** @type {any} */
let mock;

assign(test, {
  after: hookMaker('after'),
  afterEach: hookMaker('afterEach'),
  before: hookMaker('before'),
  beforeEach: hookMaker('beforeEach'),
  describe: suite,
  /** The context of the test that runs; undefined outside of one. */
  getTestContext: () => currentTest.getStore()?.context,
  it: test,
  run,
  suite,
  test,
});
defineProperty(test, 'mock', { configurable: true, enumerable: true, get: () => (mock ??= new MockTracker()) });
defineProperty(test, 'assert', { configurable: true, enumerable: true, get: () => assertions });
defineProperty(test, 'snapshot', { configurable: true, enumerable: true, get: () => snapshots });

const assertions = { __proto__: null, register };
const snapshots = { __proto__: null, setDefaultSnapshotSerializers, setResolveSnapshotPath };

module.exports = test;
