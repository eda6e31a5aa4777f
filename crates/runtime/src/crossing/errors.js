// Python exceptions in JavaScript, and what Python wants to know of a thrown value.
//
// Runs on the loop thread with the GIL held.
'use strict';

// A Python exception in JavaScript. `cause` follows Python's `__cause__` or `__context__`.
class PythonError extends Error {
  #exception;
  constructor(name, message, frames, exception, cause) {
    super(message, cause === undefined ? undefined : { cause });
    Object.defineProperty(this, 'name', { value: name, writable: true, configurable: true });
    // The frames of the bridge itself tell a program nothing.
    const own = String(this.stack ?? '')
      .split('\n')
      .filter((line) => line.startsWith('    at ') && !line.includes('twinloop:bridge'));
    const stack = [message ? `${name}: ${message}` : name, ...frames, ...own].join('\n');
    Object.defineProperty(this, 'stack', { value: stack, writable: true, configurable: true });
    this.#exception = exception;
  }
  // The Python exception object itself.
  get pythonException() {
    return this.#exception;
  }
  static exceptionOf(value) {
    return #exception in value ? value.#exception : undefined;
  }
}

const errorClasses = new Map();

// A class for each Python type's name, so that an inspector prints `ValueError: ...`; all are PythonErrors.
function errorClass(name) {
  let found = errorClasses.get(name);
  if (found === undefined) {
    found = { [name]: class extends PythonError {} }[name];
    errorClasses.set(name, found);
  }
  return found;
}

// The error of an exception, by the exception's proxy: one that crosses again, or comes back, is the same object.
const errors = new WeakMap();

module.exports = {
  PythonError,
  exceptionOf(value) {
    return PythonError.exceptionOf(value);
  },
  knownError(exception) {
    return errors.get(exception);
  },
  makeError(name, message, frames, exception, cause) {
    const error = new (errorClass(name))(name, message, frames, exception, cause);
    errors.set(exception, error);
    return error;
  },
  describe(value) {
    if (typeof value === 'object' && value !== null && (value instanceof Error || typeof value.stack === 'string')) {
      return [String(value.name ?? 'Error'), String(value.message ?? ''), String(value.stack ?? '')];
    }
    let text;
    try {
      text = typeof value === 'string' ? value : String(value);
    } catch {
      text = Object.prototype.toString.call(value);
    }
    return ['', text, ''];
  },
};
