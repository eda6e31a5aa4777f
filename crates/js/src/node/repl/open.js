// Prompts that are open: which one is told of an exception that nobody caught. The command's own takes all, one of a program what comes from
// a text that was typed at it (by the names of texts in stacks). Programs at such a prompt may not listen to `uncaughtException` themselves.
'use strict';

const { nodeError } = require('node/errors');
const { addUncaughtExceptionCaptureCallback } = require('node/process/capture');
const { process } = require('node/process/process');
const { indexOf, push, regExp, splice, test } = require('builtins/primordials');

/** @type {any[]} */
const prompts = [];
let isListening = false;
/** How many of them are programs' own. */
let guests = 0;

const ofText = regExp(/\bREPL\d+:\d+/);

/** @param {any} repl */
function opened(repl) {
  push(prompts, repl);
  if (!repl.isStandalone) {
    guests += 1;
    if (guests === 1) process.prependListener('newListener', refuseListener);
  }
  if (isListening) return;
  isListening = true;
  addUncaughtExceptionCaptureCallback((/** @type {any} */ error) => {
    for (let index = prompts.length - 1; index >= 0; index -= 1) {
      const prompt = prompts[index];
      // What is no error does not say where it was thrown: the newest prompt is as good as any.
      if (!prompt.isStandalone && typeof error?.stack === 'string' && !test(ofText, error.stack)) continue;
      if (prompt.isStandalone && process.listenerCount('uncaughtException') > 0) return false;
      prompt.uncaught(error);
      return true;
    }
    return false;
  });
}

/** @param {any} event */
function refuseListener(event) {
  if (event !== 'uncaughtException' || !test(ofText, `${new Error('here').stack}`)) return;
  throw nodeError(TypeError, 'ERR_INVALID_REPL_INPUT', 'Listeners for `uncaughtException` cannot be used in the REPL');
}

/** @param {any} repl */
function closed(repl) {
  const at = indexOf(prompts, repl);
  if (at === -1) return;
  splice(prompts, at, 1);
  if (repl.isStandalone) return;
  guests -= 1;
  if (guests === 0) process.removeListener('newListener', refuseListener);
}

/** The option of the command's own prompt. */
const standalone = Symbol('standalone');

module.exports = { closed, opened, standalone };
