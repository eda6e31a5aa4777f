// The reporter `lcov`: what a coverage event says, in the format of geninfo (https://github.com/linux-test-project/lcov).
'use strict';

const { process } = require('node/process/process');
const Stream = /** @type {any} */ (require('node/stream/module'));
const loadPath = () => /** @type {any} */ (require('node/path/path'));

class LcovReporter extends Stream.Transform {
  /** @param {any} [options] */
  constructor(options) {
    super({ ...options, writableObjectMode: true, __proto__: null });
  }

  /** @param {{ type: string, data: any }} event @param {any} _encoding @param {(error: any, text?: string) => void} callback */
  _transform({ type, data }, _encoding, callback) {
    if (type !== 'test:coverage') {
      callback(null);
      return;
    }
    let text = '';
    const { files, workingDirectory } = data.summary;
    for (let index = 0; index < files.length; index += 1) text += recordOf(files[index], workingDirectory ?? process.cwd());
    callback(null, text);
  }
}

/** @param {any} file @param {string} folder */
function recordOf(file, folder) {
  let text = `TN:\nSF:${loadPath().relative(folder, file.path)}\n`;
  for (let index = 0; index < file.functions.length; index += 1) {
    const { name, line } = file.functions[index];
    text += `FN:${line},${name || `anonymous_${index}`}\n`;
  }
  for (let index = 0; index < file.functions.length; index += 1) {
    const { name, count } = file.functions[index];
    text += `FNDA:${count},${name || `anonymous_${index}`}\n`;
  }
  text += `FNF:${file.totalFunctionCount}\nFNH:${file.coveredFunctionCount}\n`;
  for (let index = 0; index < file.branches.length; index += 1) {
    const { line, count } = file.branches[index];
    text += `BRDA:${line},${index},0,${count}\n`;
  }
  text += `BRF:${file.totalBranchCount}\nBRH:${file.coveredBranchCount}\n`;
  for (let index = 0; index < file.lines.length; index += 1) text += `DA:${file.lines[index].line},${file.lines[index].count}\n`;
  return `${text}LH:${file.coveredLineCount}\nLF:${file.totalLineCount}\nend_of_record\n`;
}

module.exports = { LcovReporter };
