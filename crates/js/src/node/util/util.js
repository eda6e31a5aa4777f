// `node:util` (https://nodejs.org/api/util.html): inspect and format, and small tools around functions.
'use strict';

const { falsyRejection, invalidType, notImplemented } = require('node/errors');
const { requireBoolean, requireFunction, requireOneOf, requireString } = require('node/arguments');
const { inspect } = require('builtins/inspect/inspect');
const { format, formatWithOptions } = require('builtins/inspect/format');
const { nextTick } = require('node/process/ticks');
const {
  symbolFor,
  apply,
  construct,

  defineProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  isArray,
  keys,
  ownKeys,
  pop,
  Promise,
  push,
  regExp,
  replace,
  replaceAll,
  Set,
  setAdd,
  setHas,
  setPrototypeOf,

  test,
  then,

  toLowerCase,
  toUpperCase,
  toWellFormed,
} = require('builtins/primordials');
const { hasColors, processFacts, writeOutput } = ops;
const loadWarnings = () => require('node/process/warnings');
const loadDeepEqual = () => require('node/util/deep_equal');
const loadUtilTypes = () => require('node/util/types');
const loadEncoding = () => require('web/encoding/encoding');
const loadProcess = () => require('node/process/process');
const loadTimers = () => require('node/timers/timers');
const loadAbort = () => require('web/abort/abort');
const loadCallSites = () => require('node/util/call_sites');
const loadDiff = () => require('node/util/diff');
const loadRate = () => require('node/util/rate');
const loadMime = () => require('node/util/mime');
const loadParseArgs = () => require('node/util/parse_args');
const loadParseEnv = () => require('node/util/parse_env');
const loadSystemErrors = () => require('node/util/system_errors');
const loadConstants = () => require('node/os/constants');
const customPromisify = symbolFor('nodejs.util.promisify.custom');

/** @param {any} original */
function promisify(original) {
  requireFunction(original, 'original');
  // Timers have a promisified form, which is left with them there.
  loadTimers();
  const own = original[customPromisify];
  if (own !== undefined) {
    requireFunction(own, 'util.promisify.custom');
    defineProperty(own, customPromisify, { value: own, enumerable: false, writable: false, configurable: true });
    return own;
  }
  /** @this {any} @param {...any} given */
  function promisified(...given) {
    return new Promise((resolve, reject) => {
      push(given, (/** @type {any} */ error, /** @type {any} */ value) => {
        if (error) reject(error);
        else resolve(value);
      });
      apply(original, this, given);
    });
  }
  setPrototypeOf(promisified, getPrototypeOf(original));
  copyProperties(original, promisified);
  defineProperty(promisified, customPromisify, { value: promisified, enumerable: false, writable: false, configurable: true });
  return promisified;
}
promisify.custom = customPromisify;

/** @param {any} from @param {any} to */
function copyProperties(from, to) {
  const names = ownKeys(from);
  for (let index = 0; index < names.length; index += 1) {
    const descriptor = getOwnPropertyDescriptor(from, names[index]);
    if (descriptor !== undefined) defineProperty(to, names[index], descriptor);
  }
}

/** @param {any} original */
function callbackify(original) {
  requireFunction(original, 'original');
  /** @this {any} @param {...any} given */
  function callbackified(...given) {
    const callback = pop(given);
    requireFunction(callback, 'last argument');
    const tell = (/** @type {any} */ error, /** @type {any} */ value) => apply(callback, this, error === null ? [null, value] : [error]);
    // A thenable of the program's own has a `then` of its own.
    const result = apply(original, this, given);
    const succeed = (/** @type {any} */ value) => nextTick(tell, null, value);
    const fail = (/** @type {any} */ reason) => nextTick(tell, reason || falsyRejection(reason));
    if (loadUtilTypes().isPromise(result)) then(result, succeed, fail);
    else apply(result.then, result, [succeed, fail]);
  }
  copyProperties(original, callbackified);
  defineProperty(callbackified, 'length', { value: original.length + 1, configurable: true });
  defineProperty(callbackified, 'name', { value: `${original.name}Callbackified`, configurable: true });
  return callbackified;
}

/** @param {any} constructor @param {any} parent */
function inherits(constructor, parent) {
  requireFunction(constructor, 'ctor');
  if (parent === undefined || parent === null) throw invalidType('superCtor', 'function', parent);
  if (parent.prototype === undefined) throw invalidType('superCtor.prototype', 'object', parent.prototype);
  defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true });
  setPrototypeOf(constructor.prototype, parent.prototype);
}

/** Codes that were warned about. @type {Set<string>} */
const deprecated = new Set();

/** @param {any} original @param {string} message @param {string} [code] */
function deprecate(original, message, code) {
  if (code !== undefined) requireString(code, 'code');
  let warned = false;
  /** @this {any} @param {...any} given */
  function wrapper(...given) {
    if (!warned && !(code !== undefined && setHas(deprecated, code))) {
      if (code !== undefined) setAdd(deprecated, code);
      loadWarnings().emitWarning(message, 'DeprecationWarning', code);
    }
    warned = true;
    return new.target === undefined ? apply(original, this, given) : construct(original, given, new.target);
  }
  setPrototypeOf(wrapper, original);
  if (original.prototype !== undefined) wrapper.prototype = original.prototype;
  return wrapper;
}

const controlSequence = regExp(/[\u001b\u009b](?:\[[\d;?]*[ -/]*[@-~]|\][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)|[@-Z\\-_])/g);

/** @param {string} text */
function stripVTControlCharacters(text) {
  requireString(text, 'str');
  return replace(text, controlSequence, '');
}

/**
 * The text in the style of a name or several; plain where the stream that it is for shows no colours.
 * @param {string | string[]} style @param {string} text @param {{ validateStream?: boolean, stream?: any }} [options]
 */
function styleText(style, text, options = {}) {
  requireString(text, 'text');
  const { validateStream = true, stream } = options;
  requireBoolean(validateStream, 'options.validateStream');
  const names = isArray(style) ? style : [style];
  let result = text;
  for (let index = names.length - 1; index >= 0; index -= 1) {
    if (names[index] === 'none') continue;
    const codes = inspect.colors[names[index]];
    if (codes === undefined) requireOneOf(names[index], 'format', keys(inspect.colors));
    const close = `\u001b[${codes[1]}m`;
    const open = `\u001b[${codes[0]}m`;
    // A style that ends inside of this one gives it back; 22 ends both bold and dim.
    const again = codes[1] === 22 ? close + open : open;
    // One that ends where this does has nothing to give back.
    const last = result.length - close.length;
    const inner = replaceAll(result, close, (/** @type {string} */ _, /** @type {number} */ at) => (at === last ? close : again));
    result = `${open}${inner}${close}`;
  }
  return validateStream && !showsColors(stream) ? text : result;
}

/** @param {any} stream */
function showsColors(stream) {
  if (stream === undefined) return hasColors(1);
  if (typeof stream !== 'object' || stream === null || typeof stream.on !== 'function') {
    throw invalidType('stream', ['ReadableStream', 'WritableStream', 'Stream'], stream);
  }
  return Boolean(stream.isTTY) && (typeof stream.hasColors !== 'function' || stream.hasColors());
}

/** @type {((section: string) => boolean) | undefined} */
let isDebugged;

/** Whether `NODE_DEBUG` names a section; `*` in it stands for anything. @param {string} section */
function debugs(section) {
  if (isDebugged === undefined) {
    const named = loadProcess().process.env.NODE_DEBUG ?? '';
    const pattern = replace(replace(replace(named, regExp(/[|\\{}()[\]^$+?.]/g), '\\$&'), regExp(/\*/g), '.*'), regExp(/,/g), '$|^');
    const expression = regExp(new RegExp(`^${pattern}$`, 'i'));
    isDebugged = (name) => named !== '' && test(expression, name);
  }
  return isDebugged(section);
}

/** What goes over connections may be written to the log. @param {string} set */
function warnOfSecrets(set) {
  if (hasWarned || (set !== 'HTTP' && set !== 'HTTP2') || !debugs(set)) return;
  hasWarned = true;
  const name = toLowerCase(set);
  loadWarnings().emitWarning(
    `Setting the NODE_DEBUG environment variable to '${name}' can expose sensitive data (such as passwords, tokens and authentication headers) in the resulting log.`,
  );
}
let hasWarned = false;

/** A function that writes to stderr if `NODE_DEBUG` names the section. @param {string} section @param {(log: Function) => void} [ready] */
function debuglog(section, ready) {
  const set = toUpperCase(`${section}`);
  warnOfSecrets(set);
  /** @param {...any} given */
  function log(...given) {
    if (!debugs(set)) return;
    ready?.(log);
    ready = undefined;
    writeOutput(2, `${set} ${processFacts().pid}: ${apply(format, undefined, given)}\n`);
  }
  defineProperty(log, 'enabled', { get: () => debugs(set), enumerable: true, configurable: true });
  return log;
}

/** @param {any} text */
function toUSVString(text) {
  return toWellFormed(`${text}`);
}

/** Resolves when the signal is aborted. @param {any} signal @param {any} resource */
async function aborted(signal, resource) {
  if (!loadAbort().isAbortSignal(signal)) throw invalidType('signal', 'AbortSignal', signal);
  if (resource === null || typeof resource !== 'object') throw invalidType('resource', 'object', resource);
  if (signal.aborted) return undefined;
  return await new Promise((resolve) => /** @type {any} */ (signal).addEventListener('abort', () => resolve(undefined), { once: true }));
}

/** The last first, as Node has it: proxies send fields in this order. @param {any} target @param {any} source an object, or nothing */
function _extend(target, source) {
  if (source === null || typeof source !== 'object') return target;
  const names = keys(source);
  for (let i = names.length - 1; i >= 0; i -= 1) target[names[i]] = source[names[i]];
  return target;
}

/** @param {string} signal */
function convertProcessSignalToExitCode(signal) {
  const { signals } = loadConstants();
  requireOneOf(signal, 'signalCode', keys(signals));
  return 128 + /** @type {any} */ (signals)[signal];
}

/** @param {any} promise */
function markPromiseAsHandled(promise) {
  if (!loadUtilTypes().isPromise(promise)) throw invalidType('promise', 'Promise', promise);
  then(promise, undefined, () => {});
}

module.exports = {
  _errnoException: (/** @type {any[]} */ ...given) => apply(loadSystemErrors().errnoException, undefined, given),
  _exceptionWithHostPort: (/** @type {any[]} */ ...given) => apply(loadSystemErrors().exceptionWithHostPort, undefined, given),
  _extend,
  convertProcessSignalToExitCode,
  markPromiseAsHandled,
  getCallSites: (/** @type {any[]} */ ...given) => apply(loadCallSites().getCallSites, undefined, given),
  getSystemErrorMap: () => loadSystemErrors().getSystemErrorMap(),
  /** @param {number} number */
  getSystemErrorName: (number) => loadSystemErrors().getSystemErrorName(number),
  /** @param {number} number */
  getSystemErrorMessage: (number) => loadSystemErrors().getSystemErrorMessage(number),
  transferableAbortController: () => new (loadAbort().AbortController)(),
  /** @param {any} signal */
  transferableAbortSignal(signal) {
    if (!loadAbort().isAbortSignal(signal)) throw invalidType('signal', 'AbortSignal', signal);
    return signal;
  },
  /** @param {any} actual @param {any} expected */
  diff: (actual, expected) => loadDiff().diff(actual, expected),
  /** @param {string} content */
  parseEnv: (content) => loadParseEnv().parseEnv(content),
  /** @param {any} [config] */
  parseArgs: (config) => loadParseArgs().parseArgs(config),
  /** @param {any} fn @param {any} wait @param {any} [options] */
  debounce: (fn, wait, options) => loadRate().debounce(fn, wait, options),
  /** @param {any} fn @param {any} limit @param {any} interval @param {any} [options] */
  throttle: (fn, limit, interval, options) => loadRate().throttle(fn, limit, interval, options),
  get MIMEType() {
    return loadMime().MIMEType;
  },
  get MIMEParams() {
    return loadMime().MIMEParams;
  },
  /** Interrupts have no stack to print. @param {boolean} enable */
  setTraceSigInt(enable) {
    requireBoolean(enable, 'enable');
    if (enable) throw notImplemented('setTraceSigInt');
  },
  inspect,
  format,
  formatWithOptions,
  promisify,
  callbackify,
  inherits,
  deprecate,
  debuglog,
  debug: debuglog,
  aborted,
  stripVTControlCharacters,
  styleText,
  toUSVString,
  isArray,
  /** @param {any} left @param {any} right @param {any} [options] `{ skipPrototype }`, or true for it */
  isDeepStrictEqual: (left, right, options) =>
    loadDeepEqual().isDeepEqual(left, right, true, options === true || options?.skipPrototype === true),
  /** @param {any} left @param {any} right what the left one has at least */
  isPartialDeepStrictEqual: (left, right) => loadDeepEqual().isPartiallyEqual(left, right),
  get types() {
    return loadUtilTypes();
  },
  get TextEncoder() {
    return loadEncoding().TextEncoder;
  },
  get TextDecoder() {
    return loadEncoding().TextDecoder;
  },
};
