// Warnings, as `process.emitWarning` makes them (https://nodejs.org/api/process.html#processemitwarningwarning-options): a line on stderr, then
// the event `warning`. A file of its own, because `events` warns too and `process` is an EventEmitter.
'use strict';

const { invalidType } = require('node/errors');
const { requireString } = require('node/arguments');
const { options, processVariable, switchedOn } = require('node/process/options');
const { nextTick } = require('node/process/ticks');
const { errorToString, includes, isArray, setAdd, setHas, Set } = require('builtins/primordials');
const { processFacts } = ops;
const loadConsole = () => require('web/console/console');

/** `process` emits the event, once it is loaded. @type {(warning: any) => void} */
let listener = () => {};
/** What `process` says of deprecations. @type {() => { noDeprecation?: boolean, throwDeprecation?: boolean, traceDeprecation?: boolean }} */
let settings = () => ({});

/** @param {(warning: any) => void} emit @param {() => { noDeprecation?: boolean, throwDeprecation?: boolean }} process */
function setWarningListener(emit, process) {
  listener = emit;
  settings = process;
}

/**
 * `emitWarning(warning[, type[, code]][, constructor])` or `emitWarning(warning, { type, code, detail, ctor })`.
 * @param {any} warning @param {any} [typeOrOptions] @param {any} [code] @param {any} [constructor] where the stack begins
 */
function emitWarning(warning, typeOrOptions, code, constructor) {
  let type = typeOrOptions;
  let name = code;
  let start = constructor;
  let detail;
  if (typeof type === 'object' && type !== null && !isArray(type)) {
    ({ ctor: start, code: name, detail } = type);
    if (typeof detail !== 'string') detail = undefined;
    type = type.type || 'Warning';
  } else if (typeof type === 'function') {
    start = type;
    name = '';
    type = 'Warning';
  }
  if (type !== undefined) requireString(type, 'type');
  if (typeof name === 'function') {
    start = name;
    name = '';
  } else if (name !== undefined) {
    requireString(name, 'code');
  }
  let error = warning;
  if (typeof warning === 'string') {
    error = makeWarning(warning, type, name, detail, start);
  } else if (!(warning instanceof Error)) {
    throw invalidType('warning', ['string', 'Error'], warning);
  }
  if (error.name === 'DeprecationWarning') {
    const { noDeprecation, throwDeprecation } = settings();
    if (noDeprecation) return;
    if (throwDeprecation) {
      nextTick(() => {
        throw error;
      });
      return;
    }
  }
  nextTick(tell, error);
}

/** A function that says once that something is deprecated. @param {string} message @param {string} code */
function deprecated(message, code) {
  let isSaid = false;
  return () => {
    if (isSaid) return;
    isSaid = true;
    emitWarning(message, 'DeprecationWarning', code);
  };
}

/** What was said to be experimental. */
const experimental = new Set();

/** Says once that something is experimental, as Node does. @param {string} feature */
function emitExperimentalWarning(feature) {
  if (setHas(experimental, feature)) return;
  setAdd(experimental, feature);
  emitWarning(`${feature} is an experimental feature and might change at any time`, 'ExperimentalWarning');
}

/** @param {string} message @param {string} [type] @param {string} [code] @param {string} [detail] @param {Function} [start] */
function makeWarning(message, type = 'Warning', code = undefined, detail = undefined, start = undefined) {
  /** @type {any} */
  const error = new Error(message);
  error.name = `${type || 'Warning'}`;
  if (code !== undefined && code !== '') error.code = code;
  if (detail !== undefined) error.detail = detail;
  if (start !== undefined) /** @type {any} */ (Error).captureStackTrace(error, start);
  return error;
}

/** @type {boolean | undefined} */
let shown;

/** Whether warnings are shown at all. */
const isOn = () => (shown ??= switchedOn('--warnings', processVariable('NODE_NO_WARNINGS') !== '1'));

/** @param {any} error */
function tell(error) {
  if (!isOn() || isDisabled(error)) {
    listener(error);
    return;
  }
  const { pid } = processFacts();
  const tag = error.code === undefined ? '' : `[${error.code}] `;
  const detail = typeof error.detail === 'string' ? `\n${error.detail}` : '';
  const isDeprecation = error.name === 'DeprecationWarning';
  const isTraced = switchedOn('--trace-warnings') || (isDeprecation && (switchedOn('--trace-deprecation') || settings().traceDeprecation));
  const text = isTraced && typeof error.stack === 'string' ? error.stack : textOf(error);
  writeWarning(`(node:${pid}) ${tag}${text}${detail}\n`);
  listener(error);
}

/** Whether `--disable-warning` names its code or its kind. @param {any} error */
function isDisabled(error) {
  const disabled = options('--disable-warning');
  return disabled.length > 0 && (includes(disabled, error.code) || includes(disabled, error.name));
}

/** Where the line goes; `process` knows of files. @type {(line: string) => void} */
let writeWarning = (line) => loadConsole().writeWhole(2, line);

/** @param {(line: string) => void} write */
function setWarningWriter(write) {
  writeWarning = write;
}

/** @param {any} error */
function textOf(error) {
  try {
    return typeof error.toString === 'function' ? `${error.toString()}` : errorToString(error);
  } catch {
    return errorToString(error);
  }
}

module.exports = { deprecated, emitExperimentalWarning, emitWarning, setWarningListener, setWarningWriter };
