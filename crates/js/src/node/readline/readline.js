// node:readline (https://nodejs.org/api/readline.html).
'use strict';

const { defineProperty, Promise } = require('builtins/primordials');
const { aborted } = require('node/errors');
const { clearLine, clearScreenDown, cursorTo, moveCursor } = require('node/readline/cursor');
const { Interface } = require('node/readline/interface');
const { emitKeypressEvents } = require('node/readline/keys');
const loadPromises = () => require('node/readline/promises');

/** @param {any} input @param {any} [output] @param {any} [completer] @param {any} [terminal] */
function createInterface(input, output, completer, terminal) {
  return new Interface(input, output, completer, terminal);
}

/** `util.promisify(rl.question)`. @this {any} @param {string} query @param {any} [options] */
function questionLater(query, options) {
  return new Promise((answer, fail) => {
    const signal = options?.signal;
    if (signal?.aborted) {
      fail(aborted(signal));
      return;
    }
    signal?.addEventListener('abort', () => fail(aborted(signal)), { once: true });
    this.question(query, options ?? {}, answer);
  });
}
defineProperty(questionLater, 'name', { value: 'question', configurable: true });
defineProperty(Interface.prototype.question, Symbol.for('nodejs.util.promisify.custom'), { value: questionLater, configurable: true });

module.exports = {
  Interface,
  clearLine,
  clearScreenDown,
  createInterface,
  cursorTo,
  emitKeypressEvents,
  moveCursor,
  get promises() {
    return loadPromises();
  },
};
