// The prompt of the command: `twinloop` alone. Python is in reach by `await import('python:...')` when it runs under Python.
'use strict';

const { process } = require('node/process/process');
const { standalone } = require('node/repl/open');
const { option } = require('node/process/options');
const { defineProperty, isNaN, toLowerCase, trim } = require('builtins/primordials');
const { hostFacts, writeOutput } = ops;
const loadModules = () => /** @type {any} */ (require('node/module/module'));
const loadPath = () => /** @type {any} */ (require('node/path/path'));

/** @param {any} repl `node:repl` */
function main({ REPL_MODE_SLOPPY, REPL_MODE_STRICT, start }) {
  if (option('--input-type') !== undefined) {
    writeOutput(2, 'Cannot specify --input-type for REPL\n');
    process.exit(9);
  }
  const { env } = process;
  writeOutput(1, `Welcome to Twinloop ${hostFacts().version}.\nType ".help" for more information.\n`);
  /** @type {any} */
  const modes = { strict: REPL_MODE_STRICT, sloppy: REPL_MODE_SLOPPY };
  const size = +(env.NODE_REPL_HISTORY_SIZE ?? '');
  const repl = start({
    prompt: '> ',
    terminal: +(env.NODE_NO_READLINE ?? '') ? false : undefined,
    useGlobal: true,
    ignoreUndefined: false,
    breakEvalOnSigint: true,
    replMode: modes[trim(toLowerCase(env.NODE_REPL_MODE ?? ''))],
    historySize: isNaN(size) || size <= 0 ? 1000 : size,
    [standalone]: true,
  });
  // As Node has it, the module knows the prompt that it is at.
  defineProperty(loadModules().Module._load('node:repl'), 'repl', { value: repl, writable: true, configurable: true });
  const { NODE_REPL_HISTORY: named, HOME: home } = env;
  const usual = home === undefined ? '' : loadPath().join(home, '.twinloop_repl_history');
  repl.setupHistory(repl.terminal ? trim(named ?? usual) : '');
  repl.on('exit', () => process.exit());
  const code = option('--eval');
  if (code !== undefined) repl.runText(code);
  if (option('--title') === undefined) process.title = 'twinloop';
}

module.exports = { main };
