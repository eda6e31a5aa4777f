// What happens to errors that nobody handled: the `error`, `unhandledrejection` and `rejectionhandled` events of the global object
// (https://html.spec.whatwg.org/#runtime-script-errors), Node's events on `process`, and the text for stderr. The engine calls
// `uncaught` and the rejection functions; each answers whether the program goes on. As in Node and Deno, an
// error that is not handled ends the program; an `error` listener handles it with `preventDefault()`.
'use strict';

const { fire, hasListeners } = require('web/events/events');
const { endWithError, hasColors } = ops;
const loadEventClasses = () => require('web/events/classes');
const loadInspect = () => require('builtins/inspect/inspect');
const loadWebIdl = () => require('builtins/webidl');

// The listeners of `process`, if the program ever touched it: `emit(name, ...arguments)` answers whether somebody listens.
let emitOnProcess = () => false;

function setProcessEmitter(emit) {
  emitOnProcess = emit;
}

/** Whether somebody handled an exception that left a callback, a module or a microtask. */
function uncaught(error, origin = 'uncaughtException') {
  if (emitOnProcess('uncaughtException', error, origin)) return true;
  const handler = globalThis.onerror;
  const hasHandler = typeof handler === 'function';
  if (!hasHandler && !hasListeners(globalThis, 'error')) return false;
  const { ErrorEvent } = loadEventClasses();
  const place = placeOf(error);
  const message = messageOf(error);
  const event = new ErrorEvent('error', { cancelable: true, message, error, ...place });
  if (hasHandler && handler.call(globalThis, message, place.filename, place.lineno, place.colno, error) === true) {
    event.preventDefault();
  }
  fire(globalThis, event);
  return event.defaultPrevented;
}

/** A promise was rejected, and nobody had handled it when the microtasks were done. */
function unhandledRejection(promise, reason) {
  if (emitOnProcess('unhandledRejection', reason, promise)) return true;
  if (fireRejection('unhandledrejection', promise, reason, true)) return true;
  return uncaught(reason, 'unhandledRejection');
}

/** A promise that was reported is handled after all. */
function rejectionHandled(promise, reason) {
  emitOnProcess('rejectionHandled', promise);
  fireRejection('rejectionhandled', promise, reason, false);
}

function fireRejection(type, promise, reason, cancelable) {
  const handler = globalThis[`on${type}`];
  const hasHandler = typeof handler === 'function';
  if (!hasHandler && !hasListeners(globalThis, type)) return false;
  const { PromiseRejectionEvent } = loadEventClasses();
  const event = new PromiseRejectionEvent(type, { promise, reason, cancelable });
  if (hasHandler && handler.call(globalThis, event) === false) event.preventDefault();
  fire(globalThis, event);
  return event.defaultPrevented;
}

function messageOf(error) {
  if (error instanceof Error) return `Uncaught ${error.name}: ${error.message}`;
  return `Uncaught ${textOf(error)}`;
}

function placeOf(error) {
  const frame = /(?:\(|at )([^()\s]+):(\d+):(\d+)\)?$/m.exec(typeof error?.stack === 'string' ? error.stack : '');
  if (frame === null) return { filename: '', lineno: 0, colno: 0 };
  return { filename: frame[1], lineno: Number(frame[2]), colno: Number(frame[3]) };
}

/** What stderr shows for an error that ends the program. */
function describeUncaught(error, isRejection = false) {
  return `Uncaught ${isRejection ? '(in promise) ' : ''}${textOf(error)}`;
}

function textOf(value) {
  try {
    return loadInspect().inspect(value, { colors: hasColors(2) });
  } catch {
    // An object whose traps throw must not hide that there was an error.
    return '[an object that cannot be shown]';
  }
}

/** `reportError(error)`, and what listeners throw: handled now, or the end of the program. */
function reportException(error) {
  if (!uncaught(error)) endWithError(error);
}

function reportError(error) {
  loadWebIdl().requireArguments(arguments.length, 1, 'reportError');
  reportException(error);
}

module.exports = {
  uncaught,
  unhandledRejection,
  rejectionHandled,
  describeUncaught,
  reportException,
  reportError,
  setProcessEmitter,
  onerror: null,
  onunhandledrejection: null,
  onrejectionhandled: null,
};
