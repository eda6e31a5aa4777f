// How a prompt shows errors: without the frames of its own machinery, a mistake in the text with its line and a caret.
'use strict';

const {
  arraySlice,
  defineProperty,
  endsWith,
  filter,
  join,
  max,
  regExp,
  repeat,
  slice,
  split,
  startsWith,
  test,
} = require('builtins/primordials');
const { realmCheck } = ops;

const ownFrame = regExp(/^\s+at .*\(?REPL\d+:\d+:\d+\)?$/);
const machinery = regExp(/^\s+at .*node:(?:internal\/)?(?:repl|vm|readline)[:/]/);
const firstLine = regExp(/^\[?(?:[A-Z][a-z0-9_]*)*Error/);
const lineWidth = 80;

/** What an error thrown is an error of, wherever it was made. @param {any} value */
function isError(value) {
  return (
    value instanceof Error ||
    (typeof value === 'object' && value !== null && typeof value.stack === 'string' && typeof value.message === 'string')
  );
}

/** The frames of a text end with the text itself: below it is the prompt. @param {any} error */
function withoutOwnFrames(error) {
  if (!isError(error) || typeof error.stack !== 'string') return;
  const lines = split(error.stack, '\n');
  let end = -1;
  for (let index = 0; index < lines.length; index += 1) if (test(ownFrame, lines[index])) end = index;
  const kept = end === -1 ? filter(lines, (line) => !test(machinery, line)) : arraySlice(lines, 0, end);
  if (kept.length === lines.length) return;
  try {
    defineProperty(error, 'stack', { value: join(kept, '\n'), writable: true, configurable: true });
  } catch {
    // A frozen error keeps them.
  }
}

/** @param {any} error @param {(value: any) => any} write @returns {string} */
function shownError(error, write) {
  let text = `${write(error)}`;
  // Without frames it stands in brackets.
  const bare = `[${error?.stack}]`;
  if (isError(error) && startsWith(text, bare)) text = slice(bare, 1, -1) + slice(text, bare.length);
  const lines = split(text, '\n');
  let shown = '';
  let isSaid = false;
  if (isError(error)) {
    for (let index = 0; index < lines.length && !isSaid; index += 1) {
      if (!test(firstLine, lines[index])) continue;
      lines[index] = lines[index].length > lineWidth ? `Uncaught:\n${lines[index]}` : `Uncaught ${lines[index]}`;
      isSaid = true;
    }
    if (isSaid) shown = join(lines, '\n');
  }
  if (!isSaid) shown = `Uncaught${lines.length === 1 ? ' ' : ':\n'}${text}`;
  const place = error?.[mistakeIn];
  return `${place ?? ''}${shown}${endsWith(shown, '\n') ? '' : '\n'}`;
}

/** The line and the caret of a mistake. */
const mistakeIn = Symbol('mistake');

/** What is wrong with a text, if something is. @param {string} text @param {string} file @returns {any} */
function shownMistake(text, file) {
  try {
    realmCheck(text, file, 0);
    return undefined;
  } catch (caught) {
    const error = /** @type {any} */ (caught);
    const lines = split(text, '\n');
    const { lineNumber, columnNumber } = error;
    const line = lines[lineNumber - 1];
    if (line !== undefined) {
      defineProperty(error, mistakeIn, { value: `${line}\n${repeat(' ', max(columnNumber - 1, 0))}^\n\n`, configurable: true });
    }
    try {
      defineProperty(error, 'stack', { value: `${error.name}: ${error.message}`, writable: true, configurable: true });
    } catch {
      // As above.
    }
    return error;
  }
}

module.exports = { shownError, shownMistake, withoutOwnFrames };
