// What a call of `assert.ok` looks like where it stands: its message shows the expression. Read from the file, by the caller's line and column.
'use strict';

const { isOwnFrame } = require('builtins/own_frames');
const { exec, regExp, slice, split, startsWith, test } = require('builtins/primordials');
const loadFiles = () => require('node/fs/fs');
const loadUrl = () => require('node/url/url');

const frame = regExp(/^ {4}at (?:.* \()?(.*):(\d+):(\d+)\)?$/);
const calleeEnd = regExp(/[\p{ID_Continue}$.\]'"?]/u);

/** The text of the call that made this stack; undefined when it cannot be read. @param {string} stack @returns {string | undefined} */
function callText(stack) {
  const lines = split(stack, '\n');
  for (let index = 0; index < lines.length; index += 1) {
    const parts = exec(frame, lines[index]);
    if (parts === null || isOwnFrame(parts[1])) continue;
    try {
      const path = startsWith(parts[1], 'file:') ? loadUrl().fileURLToPath(parts[1]) : parts[1];
      const line = split(loadFiles().readFileSync(path, 'utf8'), '\n')[Number(parts[2]) - 1];
      return expressionAt(line, Number(parts[3]) - 1);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** The call around a column, as far as it stands in its line. @param {string} line @param {number} column */
function expressionAt(line, column) {
  let start = column;
  while (start > 0 && test(calleeEnd, line[start - 1])) start -= 1;
  let depth = 0;
  for (let at = column; at < line.length; at += 1) {
    const unit = line[at];
    if (unit === '"' || unit === "'" || unit === '`') {
      at = endOfString(line, at);
    } else if (unit === '(' || unit === '[' || unit === '{') {
      depth += 1;
    } else if (unit === ')' || unit === ']' || unit === '}') {
      depth -= 1;
      if (depth === 0 && unit === ')') return slice(line, start, at + 1);
    }
  }
  return slice(line, start);
}

/** @param {string} line @param {number} start */
function endOfString(line, start) {
  let at = start + 1;
  while (at < line.length && line[at] !== line[start]) at += line[at] === '\\' ? 2 : 1;
  return at;
}

module.exports = { callText };
