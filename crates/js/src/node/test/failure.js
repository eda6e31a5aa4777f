// Why a test failed: the error ERR_TEST_FAILURE with its kind and its cause, and where in the program a test stands.
'use strict';

const { codedError } = require('builtins/coded_error');
const { getCallSites } = require('node/util/call_sites');
const { inspect } = require('builtins/inspect/inspect');
const loadUrl = () => require('node/url/url');
const { defineProperty, startsWith } = require('builtins/primordials');

/** The kinds of failure, as `error.failureType` names them. */
const kinds = {
  aborted: 'testAborted',
  callbackAndPromise: 'callbackAndPromisePresent',
  cancelled: 'cancelledByParent',
  code: 'testCodeFailure',
  expected: 'expectedFailure',
  hook: 'hookFailed',
  multipleCallbacks: 'multipleCallbackInvocations',
  parentFinished: 'parentAlreadyFinished',
  subtests: 'subtestsFailed',
  timeout: 'testTimeoutFailure',
  uncaught: 'uncaughtException',
  unhandled: 'unhandledRejection',
};

/** @param {any} cause an error, or a text @param {string} failureType */
function testFailure(cause, failureType) {
  let message = cause?.message ?? cause;
  if (typeof message !== 'string') message = inspect(message);
  const error = codedError(Error, 'ERR_TEST_FAILURE', message);
  defineProperty(error, 'stack', {
    value: typeof cause?.stack === 'string' ? cause.stack : error.stack,
    writable: true,
    configurable: true,
  });
  error.failureType = failureType;
  error.cause = cause;
  return error;
}

/** @param {any} error */
function isTestFailure(error) {
  return error?.code === 'ERR_TEST_FAILURE' && 'failureType' in error;
}

/** Where the program calls this module now: `{ line, column, file }`. */
function callerPlace() {
  const { 0: site } = getCallSites(1);
  if (site === undefined) return undefined;
  const { scriptName } = site;
  return {
    line: site.lineNumber,
    column: site.columnNumber,
    file: startsWith(scriptName, 'file:') ? loadUrl().fileURLToPath(scriptName) : scriptName,
  };
}

module.exports = { callerPlace, isTestFailure, kinds, testFailure };
