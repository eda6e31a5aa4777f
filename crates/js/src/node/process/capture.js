// Who is told of an uncaught exception before its listeners are (https://nodejs.org/api/process.html#processsetuncaughtexceptioncapturecallbackfn).
'use strict';

const { invalidType, nodeError } = require('node/errors');
const { requireFunction } = require('node/arguments');
const { push } = require('builtins/primordials');

/** @type {((error: any) => void) | null} */
let only = null;
/** Each may say that it took the error. @type {((error: any) => any)[]} */
const others = [];

/** @param {any} callback */
function setUncaughtExceptionCaptureCallback(callback) {
  if (callback === null) {
    only = null;
    return;
  }
  if (typeof callback !== 'function') throw invalidType('fn', ['function', 'null'], callback);
  if (captureInDomain !== inNoDomain) {
    const message = 'The `domain` module is in use, which is mutually exclusive with calling process.setUncaughtExceptionCaptureCallback()';
    throw nodeError(Error, 'ERR_DOMAIN_CANNOT_SET_UNCAUGHT_EXCEPTION_CAPTURE', message);
  }
  if (only !== null) {
    const message = '`process.setupUncaughtExceptionCapture()` was called while a capture callback was already active';
    throw nodeError(Error, 'ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET', message);
  }
  only = callback;
}

/** @param {any} callback */
function addUncaughtExceptionCaptureCallback(callback) {
  requireFunction(callback, 'fn');
  push(others, callback);
}

function inNoDomain() {
  return false;
}

/** What `node:domain` leaves here. @type {(error: any) => boolean} */
let captureInDomain = inNoDomain;

/** @param {(error: any) => boolean} capture */
function setDomainCapture(capture) {
  captureInDomain = capture;
}

const hasUncaughtExceptionCaptureCallback = () => only !== null;

/** Whether somebody took the error. @param {any} error */
function capture(error) {
  if (only !== null) {
    only(error);
    return true;
  }
  if (captureInDomain(error)) return true;
  for (let index = others.length - 1; index >= 0; index -= 1) if (others[index](error) === true) return true;
  return false;
}

module.exports = {
  addUncaughtExceptionCaptureCallback,
  capture,
  hasUncaughtExceptionCaptureCallback,
  setDomainCapture,
  setUncaughtExceptionCaptureCallback,
};
