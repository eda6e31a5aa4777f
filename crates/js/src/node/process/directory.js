// `process.cwd` (https://nodejs.org/api/process.html#processcwd), which programs replace: paths are resolved by what they put there. A file of its
// own, because `path` stands below `process`.
'use strict';

const { currentDirectory } = ops;

const cwd = () => currentDirectory();
let current = cwd;

/** What `process.cwd` is now. */
const getDirectory = () => current;

/** @param {() => string} replacement */
function setDirectory(replacement) {
  current = replacement;
}

/** The folder in which relative paths begin. @returns {string} */
const workingDirectory = () => current();

module.exports = { getDirectory, setDirectory, workingDirectory };
