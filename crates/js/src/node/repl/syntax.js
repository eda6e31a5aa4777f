// What a prompt asks of a text before it runs it: whether more lines belong to it, and whether it is an object rather than a block.
'use strict';

const { regExp, test, trim } = require('builtins/primordials');
const { promptIsWhole, promptScript, realmCheck } = ops;

/** An error that says: the text may go on in the next line. */
class Recoverable extends SyntaxError {
  /** @param {any} err */
  constructor(err) {
    super();
    this.err = err;
  }
}

/** Whether a text that is no script may be one with more lines. @param {string} code */
function isRecoverable(code) {
  return !promptIsWhole(code) || continuesString(code);
}

const stringContinued = regExp(/^(?:[^'"\\]|\\.)*(?:'(?:[^'\\]|\\[\s\S])*\\\n$|"(?:[^"\\]|\\[\s\S])*\\\n$)/);

/** Whether it ends within a string that goes on behind a backslash. @param {string} code */
function continuesString(code) {
  return test(stringContinued, code);
}

const blockStart = regExp(/^\s*\{/);
const blockEnd = regExp(/;\s*$/);

/** `{ a: 1 }` is an object at a prompt, if it can be one. @param {string} code */
function asExpression(code) {
  if (!test(blockStart, code) || test(blockEnd, code)) return code;
  const wrapped = `(${trim(code)})\n`;
  if (promptScript(wrapped) !== undefined) return wrapped;
  try {
    realmCheck(wrapped, 'REPL', 0);
    return wrapped;
  } catch {
    return code;
  }
}

module.exports = { asExpression, isRecoverable, Recoverable };
