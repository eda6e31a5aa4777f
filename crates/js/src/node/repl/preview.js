// What a prompt shows of a line that is still typed (https://nodejs.org/api/repl.html#replstartoptions, `preview`): the rest of a name that can be
// no other behind it, and below it the value, where that is known without an effect. And what is found while one searches the history.
'use strict';

const { complete } = require('node/repl/completion');
const { unknown, valueOf } = require('node/repl/effect_free');
const { inspect } = require('builtins/inspect/inspect');
const loadWidth = () => require('builtins/inspect/string_width');
const { exec, filter, regExp, replaceAll, slice, startsWith, stringIncludes, stringIndexOf, test, trim } = require('builtins/primordials');
const { promptExpression } = ops;

const isCommand = regExp(/^\s*\./);
const lastName = regExp(/[a-zA-Z_$][\w$]*$/);
const lineBreaks = regExp(/\s*\n\s*/g);
// A longer line is no expression whose value somebody wants to see at each key.
const longest = 1000;

/** The rest of what is typed, if it can be no other. @param {any} repl @param {string} line */
function restOf(repl, line) {
  const part = exec(lastName, line)?.[0];
  if (part === undefined) return '';
  const { 0: found, 1: text } = complete(repl, line);
  const all = filter(found, (each) => each !== '');
  if (all.length === 0 || text === undefined || text === '') return '';
  let common = all[0];
  for (let index = 1; index < all.length; index += 1) {
    while (!startsWith(all[index], common)) common = slice(common, 0, -1);
  }
  return startsWith(common, text) ? slice(common, text.length) : '';
}

/** The value of a line on one line of text; '' if it has none that is known. @param {any} repl @param {string} line @param {number} columns */
function valueText(repl, line, columns) {
  const text = trim(line);
  if (text === '' || text.length > longest || test(isCommand, text)) return '';
  const tree = promptExpression(text);
  if (tree === undefined) return '';
  const value = valueOf(repl, tree);
  if (value === unknown) return '';
  const whole = inspect(value, {
    colors: false,
    customInspect: false,
    depth: 1,
    showProxy: false,
    breakLength: Infinity,
    maxArrayLength: 20,
  });
  const shown = replaceAll(whole, lineBreaks, ' ');
  if (shown === text) return '';
  const most = columns === Infinity ? 250 : columns - 1;
  if (loadWidth()(shown) <= most) return shown;
  let cut = slice(shown, 0, most - 3);
  while (loadWidth()(cut) > most - 3) cut = slice(cut, 0, -1);
  return `${cut}...`;
}

/** @param {any} repl @returns {{ behind: string, below: string, rest: string }} */
function previewOf(repl) {
  const { line, cursor } = repl;
  const nothing = { behind: '', below: '', rest: '' };
  if (stringIncludes(line, '\n')) return nothing;
  try {
    const rest = cursor === line.length ? restOf(repl, line) : '';
    let value = valueText(repl, line + rest, repl.columns);
    if (value === '' && rest !== '') value = valueText(repl, line, repl.columns);
    const grey = (/** @type {string} */ text) => (text === '' ? '' : repl.useColors ? `\x1b[90m${text}\x1b[39m` : `// ${text}`);
    return { behind: rest !== '' && !repl.useColors ? ` ${grey(rest)}` : grey(rest), below: grey(value), rest };
  } catch {
    // A preview is no reason for an error.
    return nothing;
  }
}

/** A search in the history, from the newest entry on and back. */
class HistorySearch {
  text = '';
  #at = -1;
  #before;

  /** @param {any} repl @param {1 | -1} direction towards the past or back */
  constructor(repl, direction) {
    this.direction = direction;
    this.#before = { line: repl.line, cursor: repl.cursor };
    this.failed = false;
  }

  get label() {
    return `${this.failed ? 'failed-' : ''}${this.direction === 1 ? 'bck' : 'fwd'}-i-search: ${this.text}_`;
  }

  /** Goes to the next entry that has the text. @param {any} repl @param {boolean} stays whether the entry that was found may do */
  find(repl, stays) {
    if (this.text === '') {
      this.failed = false;
      return;
    }
    const { history } = repl;
    let at = stays ? this.#at : this.#at + this.direction;
    if (at === -1 && this.direction === 1) at = 0;
    while (at >= 0 && at < history.length && (!stringIncludes(history[at], this.text) || (!stays && history[at] === repl.line))) {
      at += this.direction;
    }
    this.failed = at < 0 || at >= history.length;
    if (this.failed) return;
    this.#at = at;
    repl.line = history[at];
    repl.cursor = stringIndexOf(history[at], this.text);
  }

  /** As it was. @param {any} repl */
  cancel(repl) {
    repl.line = this.#before.line;
    repl.cursor = this.#before.cursor;
  }
}

module.exports = { HistorySearch, previewOf };
