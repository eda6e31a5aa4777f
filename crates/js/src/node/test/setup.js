// What `--test-global-setup` names (https://nodejs.org/api/test.html#global-setup-and-teardown): a module whose `globalSetup` runs before all tests
// and whose `globalTeardown` runs after them.
'use strict';

const { inspect } = require('builtins/inspect/inspect');
const { writeOutput } = ops;
const loadPath = () => /** @type {any} */ (require('node/path/path'));
const loadUrl = () => require('node/url/url');

class GlobalSetup {
  #path;
  /** @type {any} */
  #module;

  /** @param {string | undefined} path */
  constructor(path) {
    this.#path = path;
  }

  /** Whether it went well; standard error has what was thrown. @returns {Promise<boolean>} */
  async run() {
    if (this.#path === undefined) return true;
    try {
      const module = await import(loadUrl().pathToFileURL(loadPath().resolve(this.#path)).href);
      await module.globalSetup?.();
      this.#module = module;
      return true;
    } catch (error) {
      writeOutput(2, `${inspect(error)}\n`);
      return false;
    }
  }

  async tearDown() {
    const module = this.#module;
    this.#module = undefined;
    await module?.globalTeardown?.();
  }
}

module.exports = { GlobalSetup };
