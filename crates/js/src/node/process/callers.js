// Who called what is deprecated: Node says nothing of calls that packages make (https://nodejs.org/api/deprecations.html).
'use strict';

const { isOwnFrame } = require('builtins/own_frames');
const { emitWarning } = require('node/process/warnings');
const { regExp, split, startsWith, test, trim } = require('builtins/primordials');

const inPackage = regExp(/[/\\]node_modules[/\\]/);

/** A stack costs microseconds, so at some time nobody looks any more. */
const mostLooks = 1000;

/** What is said once, and how often somebody looked. @typedef {{ message: string, code: string, isSaid: boolean, looks: number }} Deprecation */

/**
 * Says that something is deprecated, to what is no package; who calls it looks at `isSaid` first.
 * @param {Deprecation} deprecation @param {boolean} [isForPackages] whether packages hear of it too
 */
function warnOfCall(deprecation, isForPackages = false) {
  deprecation.looks += 1;
  deprecation.isSaid = deprecation.looks > mostLooks;
  if (deprecation.isSaid || (!isForPackages && isCalledByPackage())) return;
  deprecation.isSaid = true;
  emitWarning(deprecation.message, 'DeprecationWarning', deprecation.code);
}

/** Whether the first frame that is the program's is one of a package. */
function isCalledByPackage() {
  const lines = split(`${new Error().stack}`, '\n');
  for (let index = 0; index < lines.length; index += 1) {
    if (startsWith(trim(lines[index]), 'at ') && !isOwnFrame(lines[index])) return test(inPackage, lines[index]);
  }
  return false;
}

module.exports = { warnOfCall };
