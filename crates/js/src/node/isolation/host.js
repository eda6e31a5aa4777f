// An isolated context as its host sees it: a thread that runs code which reaches nothing that it was not given (`inside.js`). The host is another
// language, which says what became of the questions; nothing of the thread's heap comes here but copies.
'use strict';

const { Map, defineProperty, mapDelete, mapForEach, mapGet, mapSet, mapSize, withResolvers } = require('builtins/primordials');
const { readMessage, writeMessage } = require('web/html/message');
const { Thread } = require('web/workers/thread');

// The language's own, whatever a program makes of the globals later.
const { Error: OwnError } = globalThis;

/** What the system gives the thread for its stack. */
const stackBytes = 1 << 20;

/**
 * @typedef {object} IsolationOptions
 * @property {import('node/isolation/inside').Setup} setup
 * @property {string[]} permissions options of the command and their values, in turn
 * @property {number} heapBytes
 * @property {(number: number, name: string, values: any[], cost: number) => void} ask a function of the host is called
 * @property {(level: string, text: string) => void} say
 */

class Isolation {
  #thread;
  /** @type {Map<number, PromiseWithResolvers<any>>} */
  #waiting = new Map();
  #last = 0;
  /** What ended it; empty while it lives. */
  ended = '';

  /** @param {IsolationOptions} options */
  constructor(options) {
    const { ask, say } = options;
    const thread = new Thread({
      boot: 'node/isolation/inside',
      setup: options.setup,
      transfer: undefined,
      name: 'isolated',
      heapBytes: options.heapBytes,
      stackBytes,
      permissions: options.permissions,
      message: (message) => {
        const told = readMessage(message).value;
        if (told.kind === 'ask') ask(told.number, told.name, told.values, told.cost);
        else if (told.kind === 'console') {
          thread.post(writeMessage({ kind: 'seen', cost: told.cost }));
          say(told.level, told.text);
        } else this.#settle(told);
      },
      control() {},
      ended: (_code, reason, text) => this.#over(reason === 1 ? 'memory' : reason === 2 ? text : this.ended || 'closed'),
    });
    this.#thread = thread;
    // It lives for what is asked of it.
    thread.reference(false);
  }

  /** @param {string} code */
  run(code) {
    return this.#ask((number) => ({ kind: 'run', number, code }));
  }

  /** @param {string} name @param {any[]} values */
  call(name, values) {
    return this.#ask((number) => ({ kind: 'call', number, name, values }));
  }

  /** @param {(number: number) => any} make */
  #ask(make) {
    const answer = withResolvers();
    if (this.ended !== '') {
      answer.reject(endedBy(this.ended));
      return answer.promise;
    }
    this.#last += 1;
    this.#thread.post(writeMessage(make(this.#last)));
    mapSet(this.#waiting, this.#last, answer);
    this.#thread.reference(true);
    return answer.promise;
  }

  /** @param {any} told */
  #settle(told) {
    const answer = mapGet(this.#waiting, told.number);
    mapDelete(this.#waiting, told.number);
    if (mapSize(this.#waiting) === 0) this.#thread.reference(false);
    if (told.kind === 'done') answer?.resolve(told.value);
    else answer?.reject(thrown(told.error));
  }

  /** What a function of the host gave. @param {number} number @param {number} cost @param {any} value */
  answer(number, cost, value) {
    this.#thread.post(writeMessage({ kind: 'answer', number, cost, error: undefined, value }));
  }

  /** What it raised. @param {number} number @param {number} cost @param {string} name @param {string} message */
  refuse(number, cost, name, message) {
    this.#thread.post(writeMessage({ kind: 'answer', number, cost, error: { name, message }, value: undefined }));
  }

  /** Ends it at once, whatever it does. @param {string} reason */
  end(reason) {
    if (this.ended !== '') return;
    this.ended = reason;
    this.#thread.deafen();
    this.#thread.terminate();
    this.#over(reason);
  }

  /** @param {string} reason */
  #over(reason) {
    this.ended ||= reason;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    mapForEach(waiting, (answer) => answer.reject(endedBy(reason)));
  }
}

/** @param {any} object @param {string} name @param {string} value */
function hide(object, name, value) {
  defineProperty(object, name, /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: false, configurable: true }));
}

/** An error as this thread has it. @param {{ name: string, message: string, stack: string }} told */
function thrown(told) {
  if (told.name === '' && told.stack === '') return told.message;
  const error = new OwnError(told.message);
  hide(error, 'name', told.name);
  hide(error, 'stack', told.stack);
  return error;
}

/** @param {string} reason */
function endedBy(reason) {
  const error = new OwnError(reason);
  hide(error, 'name', 'IsolationEnded');
  return error;
}

module.exports = { Isolation };
