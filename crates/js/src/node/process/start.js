// What the command line has done before the program runs: modules that are loaded first, the name of the process, `gc`.
'use strict';

const { option, options, processVariable, switchedOn } = require('node/process/options');
const { defineProperty } = require('builtins/primordials');
const { collectGarbage } = ops;
const loadModules = () => require('node/module/module');
const loadUrl = () => require('node/url/url');
const loadWarnings = () => require('node/process/warnings');
const loadProcess = () => require('node/process/process');

/** @type {any} */
const global = globalThis;

/** What names on the command line are relative to. */
function baseUrl() {
  return `${loadUrl().pathToFileURL(loadProcess().process.cwd()).href}/`;
}

/** Globals that an option takes away. @type {[option: string, names: string[]][]} */
const takenAway = [
  ['--no-experimental-websocket', ['WebSocket', 'CloseEvent']],
  ['--no-experimental-eventsource', ['EventSource']],
  ['--no-experimental-global-navigator', ['navigator', 'Navigator']],
  ['--no-experimental-webstorage', ['localStorage', 'sessionStorage', 'Storage', 'StorageEvent']],
  ['--no-webstorage', ['localStorage', 'sessionStorage', 'Storage', 'StorageEvent']],
];

/** Does it; gives the specifiers that are to be imported before the program. @returns {string[]} */
function prepare() {
  const limit = option('--stack-trace-limit');
  if (limit !== undefined) /** @type {any} */ (Error).stackTraceLimit = Number(limit);
  const redirects = option('--redirect-warnings') ?? processVariable('NODE_REDIRECT_WARNINGS');
  if (option('--unhandled-rejections') !== undefined || redirects !== undefined) loadProcess();
  const title = option('--title');
  if (title !== undefined) loadProcess().process.title = title;
  if (switchedOn('--expose-gc')) {
    const gc = function gc() {
      collectGarbage();
    };
    defineProperty(global, 'gc', { value: gc, writable: true, enumerable: false, configurable: true });
  }
  for (let index = 0; index < takenAway.length; index += 1) {
    const { 0: name, 1: names } = takenAway[index];
    if (option(name) === undefined) continue;
    for (let each = 0; each < names.length; each += 1) {
      defineProperty(global, names[each], { value: undefined, writable: true, enumerable: false, configurable: true });
    }
  }
  if (switchedOn('--permission')) warnOfPermissions();
  // What runs tests in other processes leaves imports to them; what runs them itself loads all once it is set up.
  const runsTests = switchedOn('--test');
  const required = runsTests && option('--test-isolation') === 'none' ? [] : options('--require');
  for (let index = 0; index < required.length; index += 1) loadModules().preload(required[index]);
  const loaders = options('--experimental-loader');
  for (let index = 0; index < loaders.length; index += 1) loadModules().register(loaders[index], baseUrl());
  return runsTests ? [] : options('--import');
}

/** Each of these lets a program get at everything in the end. */
const far = ['--allow-addons', '--allow-child-process', '--allow-inspector', '--allow-run', '--allow-wasi', '--allow-worker'];

function warnOfPermissions() {
  for (let index = 0; index < far.length; index += 1) {
    if (option(far[index]) === undefined) continue;
    const message = `The flag ${far[index]} must be used with extreme caution. It could invalidate the permission model.`;
    loadWarnings().emitWarning(message, 'SecurityWarning');
  }
}

module.exports = { prepare };
