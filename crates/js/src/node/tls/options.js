// What the command line says of TLS (https://nodejs.org/api/cli.html).
'use strict';

const { slice, startsWith } = require('builtins/primordials');
const loadProcess = () => /** @type {any} */ (require('node/process/process')).process;

/** The value of an option; an empty one for an option without. @param {string} name @returns {string | undefined} */
function optionOf(name) {
  const { execArgv } = loadProcess();
  let value;
  for (let index = 0; index < execArgv.length; index += 1) {
    if (execArgv[index] === name) value = '';
    else if (startsWith(execArgv[index], `${name}=`)) value = slice(execArgv[index], name.length + 1);
  }
  return value;
}

module.exports = { optionOf };
