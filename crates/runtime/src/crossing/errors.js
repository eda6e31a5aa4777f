// Python exceptions in JavaScript, and what Python wants to know of a thrown value.
//
// Runs on the loop thread with the GIL held.
'use strict';

const { Map, WeakMap, defineProperty, hasInstance, join, mapGet, mapSet, objectToString } = require('builtins/primordials');
const { split, startsWith, stringIncludes, weakMapGet, weakMapSet } = require('builtins/primordials');

// The language's own, whatever a program makes of the globals later.
const { Error: OwnError, String: OwnString } = globalThis;
// The engine's own class.
const { InternalError } = /** @type {any} */ (globalThis);

/** @param {any} value */
const hidden = (value) => ({ __proto__: null, value, writable: true, configurable: true });

/** A Python exception in JavaScript. `cause` follows Python's `__cause__` or `__context__`. */
class PythonError extends OwnError {
  #exception;
  /** @param {string} name @param {string} message @param {string[]} frames @param {any} exception @param {any} cause */
  constructor(name, message, frames, exception, cause) {
    super(message, cause === undefined ? undefined : { cause });
    defineProperty(this, 'name', hidden(name));
    const stack = [message ? `${name}: ${message}` : name];
    for (let i = 0; i < frames.length; i += 1) stack[stack.length] = frames[i];
    // The frames of the bridge itself tell a program nothing.
    const own = split(OwnString(this.stack ?? ''), '\n');
    for (let i = 0; i < own.length; i += 1) {
      if (startsWith(own[i], '    at ') && !stringIncludes(own[i], 'twinloop:bridge')) stack[stack.length] = own[i];
    }
    defineProperty(this, 'stack', hidden(join(stack, '\n')));
    this.#exception = exception;
  }
  /** The Python exception object itself. */
  get pythonException() {
    return this.#exception;
  }
  /** @param {any} value */
  static exceptionOf(value) {
    return #exception in value ? value.#exception : undefined;
  }
}

const { exceptionOf } = PythonError;

/** @type {Map<string, typeof PythonError>} */
const errorClasses = new Map();

/** A class for each Python type's name, so that an inspector prints `ValueError: ...`; all are PythonErrors. @param {string} name */
function errorClass(name) {
  let found = mapGet(errorClasses, name);
  if (found === undefined) {
    found = { [name]: class extends PythonError {} }[name];
    mapSet(errorClasses, name, found);
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
  /** @param {string} name @param {string} message @param {string[]} frames @param {any} exception @param {any} cause */
  makeError(name, message, frames, exception, cause) {
    const error = new (errorClass(name))(name, message, frames, exception, cause);
    weakMapSet(errors, exception, error);
    return error;
  },
  /**
   * Name, message, stack, the cause if that is an object, and whether it is an Error; only the message for what is no error.
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
      return parts;
    }
    const tag = () => objectToString(value);
    // A proxy that was revoked has nothing to tell.
    const text = tried(() => (typeof value === 'string' ? value : OwnString(value)), undefined) ?? tried(tag, '[object Proxy]');
    return ['', text, ''];
  },
};
