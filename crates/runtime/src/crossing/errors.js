// Python exceptions in JavaScript, and what Python wants to know of a thrown value.
//
// Runs on the loop thread with the GIL held.
'use strict';

const {
  Map,
  WeakMap,
  defineProperty,
  hasInstance,
  includes,
  isArray,
  join,
  mapGet,
  mapSet,
  objectToString,
} = require('builtins/primordials');
const { split, startsWith, stringIncludes, weakMapGet, weakMapSet } = require('builtins/primordials');

// The language's own, whatever a program makes of the globals later.
const { AggregateError: OwnAggregateError, Error: OwnError, String: OwnString } = globalThis;
// The engine's own class.
const { InternalError } = /** @type {any} */ (globalThis);

/** @param {any} value */
const hidden = (value) => ({ __proto__: null, value, writable: true, configurable: true });

/**
 * Name and stack as Python has them. @param {Error} error @param {string} name @param {string} message @param {string[]} frames the notes
 * first
 */
function describeAs(error, name, message, frames) {
  defineProperty(error, 'name', hidden(name));
  const stack = [message ? `${name}: ${message}` : name];
  for (let i = 0; i < frames.length; i += 1) stack[stack.length] = frames[i];
  // The frames of the bridge itself tell a program nothing.
  const own = split(OwnString(error.stack ?? ''), '\n');
  for (let i = 0; i < own.length; i += 1) {
    if (startsWith(own[i], '    at ') && !stringIncludes(own[i], 'twinloop:bridge')) stack[stack.length] = own[i];
  }
  defineProperty(error, 'stack', hidden(join(stack, '\n')));
}

/** The Python exceptions that errors stand for. @type {WeakMap<object, any>} */
const exceptions = new WeakMap();

/** @param {any} error */
const exceptionOf = (error) => weakMapGet(exceptions, error);

/** A Python exception in JavaScript. `cause` follows Python's `__cause__` or `__context__`. */
class PythonError extends OwnError {
  /** The Python exception object itself. */
  get pythonException() {
    return exceptionOf(this);
  }
}

/** An ExceptionGroup, whose `errors` are those of its exceptions. */
class PythonErrorGroup extends OwnAggregateError {
  /** The Python exception object itself. */
  get pythonException() {
    return exceptionOf(this);
  }
}

/** @type {Map<string, any>} */
const errorClasses = new Map();
/** @type {Map<string, any>} */
const groupClasses = new Map();

/** A class for each Python type's name, so that an inspector prints `ValueError: ...`. @param {string} name @param {boolean} isGroup */
function errorClass(name, isGroup) {
  const classes = isGroup ? groupClasses : errorClasses;
  let found = mapGet(classes, name);
  if (found === undefined) {
    found = isGroup ? { [name]: class extends PythonErrorGroup {} }[name] : { [name]: class extends PythonError {} }[name];
    mapSet(classes, name, found);
  }
  return found;
}

/** The error of an exception, by the exception's proxy: one that crosses again, or comes back, is the same object. @type {WeakMap<object, PythonError>} */
const errors = new WeakMap();

/** What a program's own code gives, which may throw; a value can be made to. @template T, U @param {() => T} give @param {U} otherwise @returns {T | U} */
function tried(give, otherwise) {
  try {
    return give();
  } catch (error) {
    // A stack without room fails whatever is tried next, and is told as what it is.
    if (hasInstance(InternalError, error)) throw error;
    return otherwise;
  }
}

/** @param {any} value */
function isErrorLike(value) {
  if (typeof value !== 'object' || value === null) return false;
  return tried(() => hasInstance(OwnError, value) || typeof value.stack === 'string', false);
}

module.exports = {
  PythonError,
  exceptionOf,
  /** @param {object} exception */
  knownError(exception) {
    return weakMapGet(errors, exception);
  },
  /**
   * @param {string} name @param {string} message @param {string[]} frames @param {any} exception @param {any} cause
   * @param {any[] | undefined} parts the errors of a group
   */
  makeError(name, message, frames, exception, cause, parts) {
    const options = cause === undefined ? undefined : { __proto__: null, cause };
    const Class = errorClass(name, parts !== undefined);
    const error = parts === undefined ? new Class(message, options) : new Class(parts, message, options);
    describeAs(error, name, message, frames);
    weakMapSet(exceptions, error, exception);
    weakMapSet(errors, exception, error);
    return error;
  },
  /**
   * Name, message, stack, the cause if that is an object, whether it is an Error, and the errors of an AggregateError; only the message
   * for what is no error.
   * @param {any} value
   */
  describe(value) {
    if (isErrorLike(value)) {
      const cause = tried(() => value.cause, undefined);
      const text = (/** @type {string} */ name, /** @type {string} */ otherwise) =>
        tried(() => OwnString(value[name] ?? otherwise), otherwise);
      /** @type {any[]} */
      const parts = [text('name', 'Error'), text('message', ''), text('stack', '')];
      if (typeof cause === 'object' && cause !== null) {
        parts[3] = cause;
        parts[4] = tried(() => hasInstance(OwnError, cause), false);
      }
      const several = tried(() => (hasInstance(OwnAggregateError, value) ? value.errors : undefined), undefined);
      if (isArray(several) && several.length > 0 && !includes(several, value)) parts[5] = several;
      return parts;
    }
    const tag = () => objectToString(value);
    // A proxy that was revoked has nothing to tell.
    const text = tried(() => (typeof value === 'string' ? value : OwnString(value)), undefined) ?? tried(tag, '[object Proxy]');
    return ['', text, ''];
  },
};
