// Who called what is deprecated: Node says nothing of calls that packages make (https://nodejs.org/api/deprecations.html).
'use strict';

const { regExp, split, startsWith, stringIncludes, test, trim } = require('builtins/primordials');

const inPackage = regExp(/[/\\]node_modules[/\\]/);

/** Whether the first frame that is the program's is one of a package. It costs a stack, microseconds. */
function isCalledByPackage() {
  const lines = split(`${new Error().stack}`, '\n');
  for (let index = 0; index < lines.length; index += 1) {
    if (startsWith(trim(lines[index]), 'at ') && !stringIncludes(lines[index], 'twinloop:')) return test(inPackage, lines[index]);
  }
  return false;
}

module.exports = { isCalledByPackage };
