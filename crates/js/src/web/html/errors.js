// What happens to errors that nobody handled: the `error`, `unhandledrejection` and `rejectionhandled` events of the global object
// (https://html.spec.whatwg.org/#runtime-script-errors), Node's events on `process`, and the text for stderr. The engine calls
// `uncaught` and the rejection functions; each answers whether the program goes on. As in Node and Deno, an
// error that is not handled ends the program; an `error` listener handles it with `preventDefault()`.
'use strict';

const { apply, exec, regExp } = require('builtins/primordials');
const { fire, hasListeners } = require('web/events/events');
const { commandOptions, hasColors, reportException } = ops;
const loadEventClasses = () => require('web/events/classes');
const loadInspect = () => require('builtins/inspect/inspect');
const loadWebIdl = () => require('builtins/webidl');

/** @type {any} */
const global = globalThis;

// The listeners of `process`, if the program ever touched it: `emit(name, ...arguments)` answers whether somebody listens.
/** @type {(name: string, ...given: any[]) => boolean} */
let emitOnProcess = () => false;

/** @param {(name: string, ...given: any[]) => boolean} emit */
function setProcessEmitter(emit) {
  emitOnProcess = emit;
}

/** Whether somebody handled an exception that left a callback, a module or a microtask. @param {any} error @returns {boolean} */
function uncaught(error, origin = 'uncaughtException') {
  if (emitOnProcess('uncaughtException', error, origin)) return true;
  const handler = global.onerror;
  const hasHandler = typeof handler === 'function';
  if (!hasHandler && !hasListeners(global, 'error')) return false;
  const { ErrorEvent } = loadEventClasses();
  const where = placeOf(error);
  const message = messageOf(error);
  const event = new ErrorEvent('error', {
    cancelable: true,
    message,
    error,
    filename: where.filename,
    lineno: where.lineno,
    colno: where.colno,
  });
  if (hasHandler && apply(handler, global, [message, where.filename, where.lineno, where.colno, error]) === true) {
    event.preventDefault();
  }
  fire(global, event);
  return event.defaultPrevented;
}

/** A promise was rejected, and nobody had handled it when the microtasks were done. @param {any} promise @param {any} reason @returns {boolean} */
function unhandledRejection(promise, reason) {
  const mode = rejectionMode();
  if (mode === 'strict') {
    if (!uncaught(reason, 'unhandledRejection')) return false;
    if (!emitOnProcess('unhandledRejection', reason, promise)) warnOfRejection(reason, false);
    return true;
  }
  const isHandled = emitOnProcess('unhandledRejection', reason, promise) || fireRejection('unhandledrejection', promise, reason, true);
  if (mode === 'none') return true;
  if (mode === 'warn' || (mode === 'warn-with-error-codes' && !isHandled)) {
    warnOfRejection(reason, mode !== 'warn');
    return true;
  }
  return isHandled || uncaught(reason, 'unhandledRejection');
}

/** What `process` says of a rejection that only warns. @type {(reason: any, fails: boolean) => void} */
let warnOfRejection = () => {};

/** @param {(reason: any, fails: boolean) => void} warn */
function setRejectionWarner(warn) {
  warnOfRejection = warn;
}

/** What `--unhandled-rejections` says. */
function rejectionMode() {
  const list = commandOptions();
  for (let index = list.length - 2; index >= 0; index -= 2) if (list[index] === '--unhandled-rejections') return list[index + 1];
  return 'throw';
}

/** A promise that was reported is handled after all. @param {any} promise @param {any} reason */
function rejectionHandled(promise, reason) {
  emitOnProcess('rejectionHandled', promise);
  fireRejection('rejectionhandled', promise, reason, false);
}

/** @param {string} type @param {any} promise @param {any} reason @param {boolean} cancelable @returns {boolean} */
function fireRejection(type, promise, reason, cancelable) {
  const handler = global[`on${type}`];
  const hasHandler = typeof handler === 'function';
  if (!hasHandler && !hasListeners(global, type)) return false;
  const { PromiseRejectionEvent } = loadEventClasses();
  const event = new PromiseRejectionEvent(type, { promise, reason, cancelable });
  if (hasHandler && apply(handler, global, [event]) === false) event.preventDefault();
  fire(global, event);
  return event.defaultPrevented;
}

/** @param {any} error */
function messageOf(error) {
  if (error instanceof Error) return `Uncaught ${error.name}: ${error.message}`;
  return `Uncaught ${textOf(error)}`;
}

const place = regExp(/(?:\(|at )([^()\s]+):(\d+):(\d+)\)?$/m);

/** @param {any} error */
function placeOf(error) {
  const frame = exec(place, typeof error?.stack === 'string' ? error.stack : '');
  if (frame === null) return { filename: '', lineno: 0, colno: 0 };
  return { filename: frame[1], lineno: Number(frame[2]), colno: Number(frame[3]) };
}

/** What an ErrorEvent says of an error. @param {any} error */
function describeForEvent(error) {
  const { filename, lineno, colno } = placeOf(error);
  return { message: messageOf(error), filename, lineno, colno };
}

/** What stderr shows for an error that ends the program. @param {any} error */
function describeUncaught(error, isRejection = false) {
  return `Uncaught ${isRejection ? '(in promise) ' : ''}${textOf(error)}`;
}

/** @param {any} value */
function textOf(value) {
  try {
    return loadInspect().inspect(value, { colors: hasColors(2) });
  } catch {
    // An object whose traps throw must not hide that there was an error.
    return '[an object that cannot be shown]';
  }
}

/** https://html.spec.whatwg.org/#dom-reporterror @param {any} error */
function reportError(error) {
  loadWebIdl().requireArguments(arguments.length, 1, 'reportError');
  reportException(error);
}

module.exports = {
  uncaught,
  unhandledRejection,
  rejectionHandled,
  describeForEvent,
  describeUncaught,
  reportError,
  setProcessEmitter,
  setRejectionWarner,
  onerror: null,
  onunhandledrejection: null,
  onrejectionhandled: null,
};
