// node:readline/promises (https://nodejs.org/api/readline.html#promises-api).
'use strict';

const { Promise, join, push } = require('builtins/primordials');
const { aborted, invalidType } = require('node/errors');
const { Interface: Lines } = require('node/readline/interface');

class Interface extends Lines {
  /** @param {string} query @param {any} [options] @returns {any} @override */
  question(query, options) {
    return new Promise((answer, fail) => {
      const signal = options?.signal;
      if (signal?.aborted) {
        fail(aborted(signal));
        return;
      }
      signal?.addEventListener('abort', () => fail(aborted(signal)), { once: true });
      try {
        super.question(query, options ?? {}, answer);
      } catch (error) {
        fail(error);
      }
    });
  }
}

const escape = '\u001b[';

/** Cursor movements that are collected, and written together. */
class Readline {
  #stream;
  #autoCommit;
  /** @type {string[]} */
  #actions = [];

  /** @param {any} stream @param {any} [options] */
  constructor(stream, options) {
    if (typeof stream?.write !== 'function') throw invalidType('stream', 'Writable', stream);
    this.#stream = stream;
    this.#autoCommit = !!options?.autoCommit;
  }

  /** @param {string} text */
  #add(text) {
    if (this.#autoCommit) this.#stream.write(text);
    else push(this.#actions, text);
    return this;
  }
  /** @param {number} x @param {number} [y] */
  cursorTo(x, y) {
    return this.#add(y === undefined ? `${escape}${x + 1}G` : `${escape}${y + 1};${x + 1}H`);
  }
  /** @param {number} dx @param {number} dy */
  moveCursor(dx, dy) {
    let text = '';
    if (dx !== 0) text += dx > 0 ? `${escape}${dx}C` : `${escape}${-dx}D`;
    if (dy !== 0) text += dy > 0 ? `${escape}${dy}B` : `${escape}${-dy}A`;
    return text === '' ? this : this.#add(text);
  }
  /** @param {number} direction */
  clearLine(direction) {
    return this.#add(`${escape}${direction < 0 ? 1 : direction > 0 ? 0 : 2}K`);
  }
  clearScreenDown() {
    return this.#add(`${escape}0J`);
  }
  commit() {
    const text = join(this.#actions, '');
    this.#actions = [];
    return new Promise((answer) => this.#stream.write(text, answer));
  }
  rollback() {
    this.#actions = [];
    return this;
  }
}

/** @param {any} input @param {any} [output] @param {any} [completer] @param {any} [terminal] */
function createInterface(input, output, completer, terminal) {
  return new Interface(input, output, completer, terminal);
}

module.exports = { Interface, Readline, createInterface };
