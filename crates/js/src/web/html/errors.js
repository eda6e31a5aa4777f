// What happens to errors that nobody handled: the `error`, `unhandledrejection` and `rejectionhandled` events of the global object
// (https://html.spec.whatwg.org/#runtime-script-errors), Node's events on `process`, and the text for stderr. The engine calls
// `uncaught` and the rejection functions; each answers whether the program goes on. As in Node and Deno, an
// error that is not handled ends the program; an `error` listener handles it with `preventDefault()`.
'use strict';

const { WeakMap, apply, arraySlice, defineProperty, exec, hasOwn, join, push, regExp, slice, split } = require('builtins/primordials');
const { weakMapGet, weakMapSet } = require('builtins/primordials');
const { fire, hasListeners } = require('web/events/events');
const { commandOptions, hasColors, reportException, sourceLine } = ops;
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
  const mode = option('--unhandled-rejections') ?? 'throw';
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

/** What an option of the command line says; what is said last counts. @param {string} name @returns {string | undefined} */
function option(name) {
  const list = commandOptions();
  for (let index = list.length - 2; index >= 0; index -= 2) if (list[index] === name) return list[index + 1];
  return undefined;
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

const framePlace = regExp(/^\s*at (?:.* \()?(?:async )?((?:\/|file:|data:|webpack|\[|[a-z-]+:\/\/).*?):(\d+):(\d+)\)?$/);
const throwBefore = regExp(/throw\s+$/);
const throwAround = regExp(/throw\b[^;]*$/);
const LONG = 400;

/**
 * What stderr shows for an error that ends the program: as Node, the line that threw it and a mark below its place, then the error.
 * @param {any} error @param {boolean} [isRejection] @param {string} [site] the stack where it was thrown
 */
function describeUncaught(error, isRejection = false, site = '') {
  const isError = isErrorLike(error);
  if (isRejection && !isError) return textOf(rejectionOf(error));
  // A mistake in a text is where the text has it, which its own stack says first.
  let frames = isError && isMistake(error) ? '' : site;
  if (frames === '') {
    try {
      frames = `${error.stack}`;
    } catch {
      // An object that throws when it is looked at has no place either.
    }
  }
  let head = headOf(frames, isError);
  const emission = isError ? weakMapGet(emissions, error) : undefined;
  if (emission !== undefined) {
    addEmission(error, emission);
    head = `${head === '' ? '' : `${head}\n`}Unhandled 'error' event`;
  }
  const text = textOf(error);
  if (isError) return head === '' ? text : `${head}\n\n${text}`;
  let thrown = head === '' ? text : `\n${head}\n${text}`;
  if (site !== '' && option('--trace-uncaught') !== undefined) thrown += `\nThrown at:\n${site}`;
  return head === '' ? `Uncaught:\n${thrown}` : thrown;
}

/** Errors that were emitted and nobody listened to: by what, and the frames of it. @type {WeakMap<object, { emitter: any, frames: string[] }>} */
const emissions = new WeakMap();

/** @param {Error} error @param {any} emitter @param {any} stack where it was emitted */
function noteEmission(error, emitter, stack) {
  if (typeof stack === 'string') weakMapSet(emissions, error, { emitter, frames: framesOf(stack) });
}

/** @param {string} stack */
function framesOf(stack) {
  const lines = split(stack, '\n');
  let start = 0;
  while (start < lines.length && exec(isFrame, lines[start]) === null) start += 1;
  return arraySlice(lines, start);
}

const isFrame = regExp(/^\s+at /);

/** Adds to the stack of an error where it was emitted, as Node has it. @param {any} error @param {{ emitter: any, frames: string[] }} emission */
function addEmission(error, { emitter, frames }) {
  try {
    const { name } = emitter.constructor;
    const { stack } = error;
    const own = framesOf(stack);
    let same = 0;
    while (same < frames.length && same < own.length && frames[frames.length - 1 - same] === own[own.length - 1 - same]) same += 1;
    const shown = same > 3 ? arraySlice(frames, 0, frames.length - same) : frames;
    if (same > 3) push(shown, '    [... lines matching original stack trace ...]');
    const where = name === 'EventEmitter' ? '' : ` on ${name} instance`;
    const value = `${stack}\nEmitted 'error' event${where} at:\n${join(shown, '\n')}`;
    defineProperty(error, 'stack', { value, configurable: true, writable: true, enumerable: false });
  } catch {
    // One that cannot be changed, or throws when it is looked at, is shown as it is.
  }
}

/** @param {any} error */
function isMistake(error) {
  try {
    return error.name === 'SyntaxError';
  } catch {
    return false;
  }
}

/** The place of the first frame of the program's own, its line, and a mark below it; empty if there is none. @param {string} frames @param {boolean} isError */
function headOf(frames, isError) {
  const all = split(frames, '\n');
  for (let index = 0; index < all.length; index += 1) {
    const found = exec(framePlace, all[index]);
    if (found !== null) return sourceOf(found[1], +found[2], +found[3] - 1, isError);
  }
  return '';
}

/** @param {string} file @param {number} line @param {number} column from 0 @param {boolean} isError */
function sourceOf(file, line, column, isError) {
  const source = sourceLine(file, line);
  return source === undefined ? '' : markedLine(file, line, source, column, isError);
}

/**
 * A place, its line and a mark below it: as in V8, at the statement for what that throws.
 * @param {string} file @param {number} line @param {string} source @param {number} column from 0 @param {boolean} [isError]
 */
function markedLine(file, line, source, column, isError = true) {
  const statement = exec(isError ? throwBefore : throwAround, slice(source, 0, column));
  let at = statement === null ? column : statement.index;
  let shown = source;
  if (source.length > LONG) {
    const start = at > 80 ? at - 80 : 0;
    shown = slice(source, start, start + 160);
    at -= start;
  }
  let mark = '';
  for (let index = 0; index < at; index += 1) mark += shown[index] === '\t' ? '\t' : ' ';
  return `${file}:${line}\n${shown}\n${mark}^`;
}

/** @param {any} value */
function isErrorLike(value) {
  try {
    return value instanceof Error || (typeof value === 'object' && value !== null && hasOwn(value, 'stack'));
  } catch {
    return false;
  }
}

/** What a rejection with something other than an error is reported as. @param {any} reason */
function rejectionOf(reason) {
  const shown = typeof reason === 'object' && reason !== null ? '#<Object>' : typeof reason === 'symbol' ? 'Symbol()' : `${reason}`;
  const error = /** @type {any} */ (
    new Error(
      'This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was ' +
        `not handled with .catch(). The promise rejected with the reason "${shown}".`,
    )
  );
  error.name = 'UnhandledPromiseRejection';
  error.stack = `${error.name}: ${error.message}`;
  error.code = 'ERR_UNHANDLED_REJECTION';
  defineProperty(error, 'name', { enumerable: false });
  return error;
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
  markedLine,
  noteEmission,
  reportError,
  setProcessEmitter,
  setRejectionWarner,
  onerror: null,
  onunhandledrejection: null,
  onrejectionhandled: null,
};
