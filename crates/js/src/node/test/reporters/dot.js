// The reporter `dot`: a sign for each test, `.` or `X`.
'use strict';

const { colors, errorText, testLine } = require('node/test/reporters/format');
const { process } = require('node/process/process');
const { push } = require('builtins/primordials');

/** @param {AsyncIterable<{ type: string, data: any }>} source */
async function* dot(source) {
  let count = 0;
  let columns = width();
  /** @type {any[]} */
  const failed = [];
  for await (const { type, data } of source) {
    const tones = colors();
    if (type === 'test:pass') yield `${tones.green}.${tones.white}`;
    if (type === 'test:fail') {
      yield `${tones.red}X${tones.white}`;
      push(failed, data);
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    count += 1;
    if (count === columns) {
      yield '\n';
      columns = width();
      count = 0;
    }
  }
  yield '\n';
  if (failed.length === 0) return;
  const tones = colors();
  yield `\n${tones.red}Failed tests:${tones.white}\n\n`;
  for (let index = 0; index < failed.length; index += 1) {
    yield `${testLine('fail', failed[index])}${errorText(failed[index].details?.error, '')}\n`;
  }
}

function width() {
  const { columns } = process.stdout;
  return columns === undefined || columns < 20 ? 20 : columns;
}

module.exports = { dot };
