// `node:vm`: what it exports.
'use strict';

const { requireObject, requireOneOf } = require('node/arguments');
const { constants, contextOf, createContext, isContext } = require('node/vm/contexts');
const { compileFunction, newContextOptions, Script } = require('node/vm/script');
const { defineProperty, forEach, resolve } = require('builtins/primordials');
const loadWarnings = () => require('node/process/warnings');
const loadV8 = () => require('node/v8/module');
const loadModules = () => /** @type {any} */ (require('node/vm/modules'));

/** @param {any} code @param {any} [options] */
const createScript = (code, options) => new Script(code, options);

/** @param {any} options */
const withName = (options) => (typeof options === 'string' ? { filename: options } : options);

/** @param {any} code @param {any} contextified @param {any} [options] */
function runInContext(code, contextified, options) {
  contextOf(contextified, 'contextifiedObject', 'vm.Context');
  const settings = withName(options);
  return createScript(code, settings).runInContext(contextified, settings);
}

/** @param {any} code @param {any} [object] @param {any} [options] */
function runInNewContext(code, object, options) {
  const settings = withName(options);
  const context = createContext(object, newContextOptions(settings));
  return createScript(code, settings).runInContext(context, settings);
}

/** @param {any} code @param {any} [options] */
function runInThisContext(code, options) {
  const settings = withName(options);
  return createScript(code, settings).runInThisContext(settings);
}

/** The engine does not tell what each realm takes: of one it can be anything up to all. @param {any} [options] */
function measureMemory(options = {}) {
  requireObject(options, 'options');
  requireOneOf(options.mode, 'options.mode', /** @type {any[]} */ (['summary', 'detailed', undefined]));
  requireOneOf(options.execution, 'options.execution', /** @type {any[]} */ (['default', 'eager', undefined]));
  loadWarnings().emitExperimentalWarning('vm.measureMemory');
  const { total_heap_size: most, used_heap_size: used } = loadV8().getHeapStatistics();
  const total = { jsMemoryEstimate: used, jsMemoryRange: [used, most] };
  if (options.mode !== 'detailed') return resolve({ total });
  return resolve({ total, current: { jsMemoryEstimate: used, jsMemoryRange: [0, most] }, other: [] });
}

const exported = {
  Script,
  createContext,
  createScript,
  runInContext,
  runInNewContext,
  runInThisContext,
  isContext,
  compileFunction,
  measureMemory,
  constants,
};
forEach(['Module', 'SourceTextModule', 'SyntheticModule'], (name) => {
  defineProperty(exported, name, { get: () => loadModules()[name], enumerable: true, configurable: true });
});

module.exports = exported;
