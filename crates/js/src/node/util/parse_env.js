// `util.parseEnv` (https://nodejs.org/api/util.html#utilparseenvcontent): the form of `.env` files.
'use strict';

const { requireString } = require('node/arguments');
const { create, replaceAll, slice, startsWith, stringIndexOf, trim } = require('builtins/primordials');

/** @param {string} content @returns {Record<string, string>} */
function parseEnv(content) {
  requireString(content, 'content');
  /** @type {Record<string, string>} */
  const variables = create(null);
  let rest = trim(replaceAll(content, '\r', ''));
  while (rest !== '') {
    if (rest[0] === '\n' || rest[0] === '#') {
      const newline = stringIndexOf(rest, '\n');
      if (newline === -1) break;
      rest = slice(rest, newline + 1);
      continue;
    }
    const equals = stringIndexOf(rest, '=');
    const newline = stringIndexOf(rest, '\n');
    // A line without `=` says nothing.
    if (equals === -1 || (newline !== -1 && newline < equals)) {
      if (newline === -1) break;
      rest = slice(rest, newline + 1);
      continue;
    }
    let name = trim(slice(rest, 0, equals));
    rest = slice(rest, equals + 1);
    if (name === '') {
      const end = stringIndexOf(rest, '\n');
      rest = end === -1 ? '' : slice(rest, end + 1);
      continue;
    }
    if (startsWith(name, 'export ')) name = trim(slice(name, 7));
    const taken = takeValue(rest);
    variables[name] = taken.value;
    rest = taken.rest;
  }
  return variables;
}

/** The value at the front, and what comes behind its line. @param {string} text @returns {{ value: string, rest: string }} */
function takeValue(text) {
  let at = 0;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  const quote = text[at];
  if (quote === '"' || quote === "'" || quote === '`') {
    const end = stringIndexOf(text, quote, at + 1);
    if (end !== -1) {
      const inside = slice(text, at + 1, end);
      const newline = stringIndexOf(text, '\n', end + 1);
      const value = quote === '"' ? replaceAll(inside, '\\n', '\n') : inside;
      return { value, rest: newline === -1 ? '' : slice(text, newline + 1) };
    }
  }
  const newline = stringIndexOf(text, '\n', at);
  const line = newline === -1 ? slice(text, at) : slice(text, at, newline);
  const hash = stringIndexOf(line, '#');
  return { value: trim(hash === -1 ? line : slice(line, 0, hash)), rest: newline === -1 ? '' : slice(text, newline + 1) };
}

module.exports = { parseEnv };
