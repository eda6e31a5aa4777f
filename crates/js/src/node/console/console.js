// `node:console` (https://nodejs.org/api/console.html): the class over any streams. The global `console`, which is this module, writes by itself.
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireInteger, requireObject } = require('node/arguments');
const { emitWarning } = require('node/process/warnings');
const { formatWithOptions } = require('builtins/inspect/format');
const { inspect } = require('builtins/inspect/inspect');
const { console } = require('web/console/console');
const { makeCounters } = require('web/console/counters');
const table = require('web/console/table');
const {
  apply,
  arraySlice,
  assign,
  bind,
  construct,
  defineProperty,
  forEach,
  getPrototypeOf,
  isArray,
  keys,
  repeat,
  replaceAll,
  slice,
  unshift,
} = require('builtins/primordials');

/** @typedef {{ stdout: any, stderr: any, ignores: boolean, colors: any, inspectOptions: any, indent: string, step: number, counters: ReturnType<typeof makeCounters> }} Own */

const own = Symbol('console');
const noop = () => {};

/** @this {any} @param {any} [options] the streams, or one record @param {any} [stderr] @param {any} [ignoreErrors] */
function Console(options, stderr, ignoreErrors) {
  if (new.target === undefined) return construct(Console, [options, stderr, ignoreErrors]);
  const given = !options || typeof options.write === 'function' ? { stdout: options, stderr, ignoreErrors } : options;
  const { stdout, inspectOptions, groupIndentation = 2 } = given;
  const { stderr: errors = stdout, ignoreErrors: ignores = true, colorMode = 'auto' } = given;
  requireStream(stdout, 'stdout');
  requireStream(errors, 'stderr');
  if (colorMode !== 'auto' && typeof colorMode !== 'boolean')
    throw invalidValue('colorMode', colorMode, "must be one of: 'auto', true, false");
  requireInteger(groupIndentation, 'groupIndentation', 0, 1000);
  if (inspectOptions !== undefined) {
    checkInspectOptions(inspectOptions, stdout, errors);
    if (given.colorMode !== undefined && (inspectOptions.colors !== undefined || inspectOptions.get?.(stdout)?.colors !== undefined)) {
      const message = 'Option "options.inspectOptions.color" cannot be used in combination with option "colorMode"';
      throw nodeError(TypeError, 'ERR_INCOMPATIBLE_OPTION_PAIR', message);
    }
  }
  /** @type {Own} */
  const state = {
    stdout,
    stderr: errors,
    ignores: Boolean(ignores),
    colors: colorMode,
    inspectOptions,
    indent: '',
    step: groupIndentation,
    counters: makeCounters(),
  };
  defineProperty(this, own, { value: state, configurable: true, writable: true });
  defineProperty(this, '_stdout', { value: stdout, configurable: true, writable: true });
  defineProperty(this, '_stderr', { value: errors, configurable: true, writable: true });
  defineProperty(this, '_ignoreErrors', { value: Boolean(ignores), configurable: true, writable: true });
  // Bound, so that they can be handed on; also those that a subclass has replaced.
  const names = keys(Console.prototype);
  for (let index = 0; index < names.length; index += 1) {
    defineProperty(this, names[index], {
      value: bind(this[names[index]], this),
      writable: true,
      enumerable: true,
      configurable: true,
    });
    defineProperty(this[names[index]], 'name', { value: names[index], configurable: true });
  }
  return undefined;
}

/** @param {any} stream @param {string} name */
function requireStream(stream, name) {
  if (typeof stream?.write === 'function') return;
  throw nodeError(TypeError, 'ERR_CONSOLE_WRITABLE_STREAM', `Console expects a writable stream instance for ${name}`);
}

/** One record for both streams, or a Map of them. @param {any} options @param {any} stdout @param {any} stderr */
function checkInspectOptions(options, stdout, stderr) {
  requireObject(isArray(options) ? undefined : options, 'options.inspectOptions');
  if (!(options instanceof Map)) return;
  forEach([stdout, stderr], (stream) => {
    const each = options.get(stream);
    if (each !== undefined && typeof each !== 'object') throw invalidType('options.inspectOptions', 'object', each);
  });
}

/** @param {Own} state @param {any} stream @returns {any} */
function optionsFor(state, stream) {
  const given = state.inspectOptions instanceof Map ? state.inspectOptions.get(stream) : state.inspectOptions;
  let colors = state.colors;
  if (colors === 'auto') colors = stream.isTTY === true && (typeof stream.getColorDepth !== 'function' || stream.getColorDepth() > 2);
  return given === undefined ? { colors } : assign({ colors: given.colors ?? colors }, given);
}

/** @param {Own} state @param {any} stream @param {string} text */
function write(state, stream, text) {
  const shown = state.indent === '' ? text : state.indent + replaceAll(text, '\n', `\n${state.indent}`);
  if (!state.ignores) {
    stream.write(`${shown}\n`);
    return;
  }
  // What goes wrong at once or a little later is nobody's business.
  stream.once?.('error', noop);
  try {
    stream.write(`${shown}\n`, (/** @type {any} */ error) => {
      if (error !== null && error !== undefined && stream._writableState?.errorEmitted === false && stream.listenerCount('error') === 0) {
        stream.once('error', noop);
      }
    });
  } catch (error) {
    if (error instanceof RangeError) throw error;
  } finally {
    stream.removeListener?.('error', noop);
  }
}

/** @param {any} self @param {'stdout' | 'stderr'} which @param {any[]} given */
function print(self, which, given) {
  /** @type {Own} */
  const state = self[own];
  const stream = which === 'stdout' ? self._stdout : self._stderr;
  unshift(given, optionsFor(state, stream));
  write(state, stream, apply(formatWithOptions, undefined, given));
}

/** @param {string | undefined} warning */
function warn(warning) {
  if (warning !== undefined) emitWarning(warning);
}

/** @type {Record<string, (this: any, ...given: any[]) => any>} */
const methods = {
  log(...given) {
    print(this, 'stdout', given);
  },
  info(...given) {
    print(this, 'stdout', given);
  },
  debug(...given) {
    print(this, 'stdout', given);
  },
  warn(...given) {
    print(this, 'stderr', given);
  },
  error(...given) {
    print(this, 'stderr', given);
  },
  dir(value, options) {
    const state = this[own];
    write(state, this._stdout, inspect(value, assign({ customInspect: false }, optionsFor(state, this._stdout), options)));
  },
  time(label = 'default') {
    warn(this[own].counters.time(`${label}`));
  },
  timeEnd(label = 'default') {
    const { text, warning } = this[own].counters.elapsed(`${label}`, true);
    if (warning === undefined) print(this, 'stdout', ['%s', text]);
    else warn(warning);
  },
  timeLog(label = 'default', ...given) {
    const { text, warning } = this[own].counters.elapsed(`${label}`);
    if (warning !== undefined) {
      warn(warning);
      return;
    }
    unshift(given, '%s', text);
    print(this, 'stdout', given);
  },
  trace(...given) {
    const error = /** @type {any} */ ({
      name: 'Trace',
      message: apply(formatWithOptions, undefined, withOptions(optionsFor(this[own], this._stderr), given)),
    });
    /** @type {any} */ (Error).captureStackTrace(error, this.trace);
    this.error(error.stack);
  },
  assert(condition, ...given) {
    if (condition) return;
    if (typeof given[0] === 'string') given[0] = `Assertion failed: ${given[0]}`;
    else unshift(given, 'Assertion failed');
    apply(this.warn, this, given);
  },
  clear() {
    if (this._stdout.isTTY) this._stdout.write('\u001b[1;1H\u001b[0J');
  },
  count(label = 'default') {
    this.log(this[own].counters.count(`${label}`));
  },
  countReset(label = 'default') {
    warn(this[own].counters.countReset(`${label}`));
  },
  group(...given) {
    if (given.length > 0) apply(this.log, this, given);
    this[own].indent += repeat(' ', this[own].step);
  },
  groupEnd() {
    const state = this[own];
    state.indent = slice(state.indent, 0, state.indent.length < state.step ? 0 : state.indent.length - state.step);
  },
  table(data, columns) {
    if (columns !== undefined && !isArray(columns)) throw invalidType('properties', 'Array', columns);
    if (typeof data !== 'object' || data === null) this.log(data);
    else this.log(table(data, columns));
  },
  dirxml(...given) {
    print(this, 'stdout', given);
  },
  groupCollapsed(...given) {
    apply(this.group, this, given);
  },
};
assign(Console.prototype, methods);

/** @param {any} options @param {any[]} given */
function withOptions(options, given) {
  const all = arraySlice(given);
  unshift(all, options);
  return all;
}

// The global console is one too, though it was not constructed.
defineProperty(Console, Symbol.hasInstance, {
  value: (/** @type {any} */ instance) =>
    instance === console || (typeof instance === 'object' && instance !== null && hasPrototype(instance, Console.prototype)),
});

/** @param {any} object @param {any} prototype */
function hasPrototype(object, prototype) {
  for (let each = getPrototypeOf(object); each !== null; each = getPrototypeOf(each)) if (each === prototype) return true;
  return false;
}

/** @type {any} */ (console).Console = Console;
module.exports = console;
