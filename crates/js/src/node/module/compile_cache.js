// The compile cache (https://nodejs.org/api/module.html#module-compile-cache): compiled files of the program, kept in a folder for its next start.
'use strict';

const { invalidType } = require('builtins/invalid_type');
const { processVariable } = require('node/process/options');
const { assign, create, freeze } = require('builtins/primordials');
const { compileCacheEnable, compileCacheFlush, compileCacheFolder } = ops;
const loadOs = () => require('node/os/os');

const compileCacheStatus = freeze(assign(create(null), { FAILED: 0, ENABLED: 1, ALREADY_ENABLED: 2, DISABLED: 3 }));

/** @param {any} [options] the folder, or an object that has it */
function enableCompileCache(options) {
  const isObject = typeof options === 'object' && options !== null;
  // `portable` asks that the cache be used where the project is moved to; here such files are compiled again.
  const given = isObject ? options.directory : options;
  if (given !== undefined && typeof given !== 'string') throw invalidType('cacheDir', 'string', given);
  const known = compileCacheFolder();
  if (known !== undefined) return { status: compileCacheStatus.ALREADY_ENABLED, directory: known };
  const directory = given || processVariable('NODE_COMPILE_CACHE') || `${loadOs().tmpdir()}/node-compile-cache`;
  const message = compileCacheEnable(directory);
  if (message !== undefined) {
    const status = processVariable('NODE_DISABLE_COMPILE_CACHE') ? compileCacheStatus.DISABLED : compileCacheStatus.FAILED;
    return { status, message };
  }
  return { status: compileCacheStatus.ENABLED, directory };
}

module.exports = { compileCacheStatus, enableCompileCache, flushCompileCache: compileCacheFlush, getCompileCacheDir: compileCacheFolder };
