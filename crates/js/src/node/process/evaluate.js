// Code of the command line or of standard input that is no module: a script, with what a CommonJS module has as globals, and with the built-in
// modules by their names (https://nodejs.org/api/cli.html#-e---eval-script).
'use strict';

const { Module, requireFor } = /** @type {any} */ (require('node/module/module'));
const { process } = require('node/process/process');
const { defineProperty, startsWith, stringIncludes } = require('builtins/primordials');
const { realmRun } = ops;
const loadConsole = () => require('web/console/console');
const loadPath = () => /** @type {any} */ (require('node/path/path'));

/** @type {any} */
const global = globalThis;

/** Each built-in module as a global of its name, loaded when it is named. @param {any} target @param {(name: string) => any} load */
function defineModules(target, load) {
  const names = Module.builtinModules;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index];
    if (startsWith(name, '_') || stringIncludes(name, '/') || stringIncludes(name, ':') || name in target) continue;
    defineModule(target, name, load);
  }
}

/** @param {any} target @param {string} name @param {(name: string) => any} load */
function defineModule(target, name, load) {
  defineProperty(target, name, {
    get() {
      const value = load(name);
      defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
      return value;
    },
    set(value) {
      defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
    },
    enumerable: false,
    configurable: true,
  });
}

/** What a script finds before the globals: one module, loaded when it is named. @param {string} name @param {(name: string) => any} load */
function moduleOf(name, load) {
  const scope = { __proto__: null };
  defineModule(scope, name, load);
  return scope;
}

/** @param {string} code @param {string} name @param {boolean} prints */
function evaluate(code, name, prints) {
  const filename = loadPath().join(process.cwd(), name);
  const module = new Module(name);
  module.filename = filename;
  module.paths = Module._nodeModulePaths(process.cwd());
  const require = requireFor(module);
  const own = { __filename: name, __dirname: '.', exports: module.exports, module, require };
  const names = ['__filename', '__dirname', 'exports', 'module', 'require'];
  for (let index = 0; index < names.length; index += 1) {
    const value = /** @type {any} */ (own)[names[index]];
    defineProperty(global, names[index], { value, writable: true, enumerable: true, configurable: true });
  }
  defineModules(global, require);
  // The name of this one is the global's of the web, which functions made elsewhere go on to see.
  const nearer = stringIncludes(code, 'crypto') ? [moduleOf('crypto', require)] : [];
  const result = realmRun(code, name, 0, undefined, nearer, 0);
  if (prints) loadConsole().console.log(result);
}

module.exports = { defineModules, evaluate };
