// Every operation: those of `operations`, and those that are made of them and loaded when a program first uses one.
'use strict';

const { assign } = require('builtins/primordials');
const { operations } = require('node/fs/operations');
const loadCopy = () => require('node/fs/copy');
const loadDir = () => require('node/fs/dir');
const loadGlob = () => require('node/fs/glob');

/** @type {Record<string, (sync: boolean, ...given: any[]) => any>} */
const composed = {
  cp: (sync, from, to, options) => loadCopy().cp(sync, from, to, options),
  glob: (sync, pattern, options) => loadGlob().glob(sync, pattern, options),
  opendir: (sync, path, options) => loadDir().opendir(sync, path, options),
};

module.exports = assign(/** @type {Record<string, (sync: boolean, ...given: any[]) => any>} */ ({}), operations, composed);
