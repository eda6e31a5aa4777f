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
const { asyncFrames, forgetAsyncFrames } = ops;

// The language's own, whatever a program makes of the globals later.
const { AggregateError: OwnAggregateError, Error: OwnError, String: OwnString } = globalThis;
const { SuppressedError: OwnSuppressedError } = /** @type {any} */ (globalThis);
// The engine's own class.
const { InternalError } = /** @type {any} */ (globalThis);

/** @param {any} value */
const hidden = (value) => ({ __proto__: null, value, writable: true, configurable: true });

/** @param {string} line */
const isFrame = (line) => startsWith(line, '    at ');

/** The frames of the bridge itself tell a program nothing; where some stand, one language called the other. @param {string} line */
const isOfBridge = (line) => stringIncludes(line, 'twinloop:bridge');

/**
 * Name and stack as Python has them. @param {Error} error @param {string} name @param {string} message @param {string[]} frames the notes
 * first @param {string} stack what JavaScript runs
 */
function describeAs(error, name, message, frames, stack) {
  defineProperty(error, 'name', hidden(name));
  setStack(error, message ? `${name}: ${message}` : name, frames, stack);
}

/** @param {any} error @param {string} head @param {string[]} frames the notes first @param {string} stack what JavaScript runs */
function setStack(error, head, frames, stack) {
  const lines = [head];
  for (let i = 0; i < frames.length; i += 1) lines[lines.length] = frames[i];
  const own = split(stack, '\n');
  for (let i = 0; i < own.length; i += 1) if (isFrame(own[i]) && !isOfBridge(own[i])) lines[lines.length] = own[i];
  const text = join(lines, '\n');
  /** @type {PropertyDescriptor & { __proto__: null }} */
  const descriptor = {
    __proto__: null,
    configurable: true,
    // The async functions that it leaves from now on stand there once it has.
    get() {
      const left = asyncFrames(error, text);
      return left === '' ? text : `${text}\n${left}`;
    },
    set(value) {
      defineProperty(this, 'stack', hidden(value));
    },
  };
  defineProperty(error, 'stack', descriptor);
}

/** Whether a frame is of an async function that has waited. @param {string} line */
const isAsync = (line) => startsWith(line, '    at async ') && !startsWith(line, '    at async (');

/**
 * The innermost frames of a stack that are JavaScript's alone: those up to where it called Python, without those that it leaves by an `await`.
 * @param {string} stack
 */
function segmentOf(stack) {
  const lines = split(stack, '\n');
  /** @type {string[]} */
  const segment = [];
  for (let i = 0; i < lines.length; i += 1) {
    if (!isFrame(lines[i]) || isAsync(lines[i])) continue;
    if (!isOfBridge(lines[i])) segment[segment.length] = lines[i];
    else if (segment.length > 0) break;
  }
  return segment;
}

/**
 * How errors came here from Python the last time: the frames that they had left until then, innermost first, and those of JavaScript that they leave on
 * their way back; and how many of its async functions Python knows. @type {WeakMap<object, { frames: string[], segment: string[], known: number }>}
 */
const routes = new WeakMap();

/** @param {object} error @param {string[]} frames among other lines @param {string} stack what JavaScript runs */
function passes(error, frames, stack) {
  /** @type {string[]} */
  const left = [];
  for (let i = 0; i < frames.length; i += 1) if (isFrame(frames[i])) left[left.length] = frames[i];
  // They are among Python's frames.
  forgetAsyncFrames(error);
  weakMapSet(routes, error, { frames: left, segment: segmentOf(stack), known: 0 });
}

/** The frames of async functions that a value has left, beyond those of a stack. @param {any} value @param {string} stack @returns {string[]} */
function asyncFramesLeft(value, stack) {
  const text = asyncFrames(value, stack);
  return text === '' ? [] : split(text, '\n');
}

/** All frames that a thrown value has left, which is in Python from now on. @param {any} value @param {string} stack */
function framesLeft(value, stack) {
  const route = weakMapGet(routes, value);
  const segment = segmentOf(stack);
  const frames = route === undefined ? segment : route.frames;
  const more = takeSegment(value, route ?? { frames, segment: [], known: 0 }, segment);
  for (let i = 0; i < more.length; i += 1) frames[frames.length] = more[i];
  return frames;
}

/**
 * The frames that a value has left since Python knew it. @param {any} value @param {{ frames: string[], segment: string[], known: number }} route
 * @param {string[]} begun those of its own stack
 */
function takeSegment(value, route, begun) {
  const { segment } = route;
  const left = asyncFramesLeft(value, '');
  if (left.length > route.known) {
    // Those that called before they waited stand in the stack already.
    const more = asyncFramesLeft(value, join(segment.length > 0 ? segment : begun, '\n'));
    for (let i = route.known; i < left.length; i += 1) if (includes(more, left[i])) segment[segment.length] = left[i];
  }
  weakMapSet(routes, value, { frames: route.frames, segment: [], known: left.length });
  return segment;
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
    const stack = OwnString(error.stack ?? '');
    describeAs(error, name, message, frames, stack);
    passes(error, frames, stack);
    weakMapSet(exceptions, error, exception);
    weakMapSet(errors, exception, error);
    return error;
  },
  /**
   * A thrown value comes from Python once more. @param {any} error @param {string[]} frames that the exception has left, innermost first; notes before them
   */
  passed(error, frames) {
    const stack = OwnString(new OwnError().stack ?? '');
    passes(error, frames, stack);
    if (exceptionOf(error) === undefined) {
      // JavaScript's own: what stands before its frames stays. One that has none keeps what the program gave it.
      const own = tried(() => error.stack, undefined);
      const parts = typeof own === 'string' ? split(own, '\n    at ') : [];
      if (parts.length > 1 && frames.length > 0) tried(() => setStack(error, parts[0], frames, stack), undefined);
      return;
    }
    const name = tried(() => OwnString(error.name), 'PythonError');
    const message = tried(() => OwnString(error.message), '');
    describeAs(error, name, message, frames, stack);
  },
  /** The frames that a value leaves on its way home to Python, which knows those before; as one text. @param {any} error */
  segmentLeft(error) {
    const route = weakMapGet(routes, error);
    return route === undefined ? '' : join(takeSegment(error, route, []), '\n');
  },
  /**
   * Name, message, stack, the cause if that is an object, whether it is an Error, the errors of an AggregateError, the frames that it has left, and what a
   * SuppressedError suppressed; only the message for what is no error.
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
      // What a `using` throws is the reason of the two, and what it threw over is what Python has as the context of that.
      if (parts[3] === undefined && tried(() => hasInstance(OwnSuppressedError, value), false)) {
        parts[3] = tried(() => value.error, undefined);
        parts[4] = tried(() => hasInstance(OwnError, parts[3]), false);
        parts[7] = tried(() => value.suppressed, undefined);
      }
      const several = tried(() => (hasInstance(OwnAggregateError, value) ? value.errors : undefined), undefined);
      if (isArray(several) && several.length > 0 && !includes(several, value)) parts[5] = several;
      parts[6] = join(framesLeft(value, parts[2]), '\n');
      return parts;
    }
    const tag = () => objectToString(value);
    // A proxy that was revoked has nothing to tell.
    const text = tried(() => (typeof value === 'string' ? value : OwnString(value)), undefined) ?? tried(tag, '[object Proxy]');
    return ['', text, ''];
  },
};
