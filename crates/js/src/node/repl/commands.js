// The commands of a prompt: a dot and a name (https://nodejs.org/api/repl.html#commands-and-special-keys).
'use strict';

const { join, keys, max, padEnd, slice, sort, split, trim } = require('builtins/primordials');
const loadFiles = () => /** @type {any} */ (require('node/fs/fs'));

/**
 * Does something with a file, and prompts again unless that goes on by itself.
 * @param {any} repl @param {string} path @param {'save' | 'load'} what @param {() => boolean} work whether it goes on
 */
function withFile(repl, path, what, work) {
  if (path === '') repl.output.write('The "file" argument must be specified\n');
  else {
    try {
      if (work()) return;
    } catch {
      repl.output.write(`Failed to ${what}: ${path}\n`);
    }
  }
  repl.displayPrompt();
}

/** @param {any} repl */
function defineCommands(repl) {
  repl.defineCommand('break', {
    help: 'Sometimes you get stuck, this gets you out',
    action() {
      repl.clearBufferedCommand();
      repl.displayPrompt();
    },
  });
  repl.defineCommand('clear', {
    help: repl.useGlobal ? 'Alias for .break' : 'Break, and also clear the local context',
    action() {
      repl.clearBufferedCommand();
      if (!repl.useGlobal) {
        repl.output.write('Clearing context...\n');
        repl.resetContext();
      }
      repl.displayPrompt();
    },
  });
  repl.defineCommand('exit', { help: 'Exit the REPL', action: () => repl.close() });
  repl.defineCommand('help', {
    help: 'Print this help message',
    action() {
      const names = sort(keys(repl.commands));
      let longest = 0;
      for (let index = 0; index < names.length; index += 1) longest = max(longest, names[index].length);
      for (let index = 0; index < names.length; index += 1) {
        const { help } = repl.commands[names[index]];
        repl.output.write(`${help ? `.${padEnd(names[index], longest)}   ${help}` : `.${names[index]}`}\n`);
      }
      repl.output.write('\nPress Ctrl+C to abort current expression, Ctrl+D to exit the REPL\n');
      repl.displayPrompt();
    },
  });
  repl.defineCommand('save', {
    help: 'Save all evaluated commands in this REPL session to a file',
    action(/** @type {string} */ path) {
      withFile(repl, path, 'save', () => {
        loadFiles().writeFileSync(path, join(repl.lines, '\n'));
        repl.output.write(`Session saved to: ${path}\n`);
        return false;
      });
    },
  });
  repl.defineCommand('load', {
    help: 'Load JS from a file into the REPL session',
    action(/** @type {string} */ path) {
      withFile(repl, path, 'load', () => {
        const isFile = loadFiles().statSync(path).isFile();
        if (isFile) repl.runFile(loadFiles().readFileSync(path, 'utf8'));
        else repl.output.write(`Failed to load: ${path} is not a valid file\n`);
        return isFile;
      });
    },
  });
  if (!repl.terminal) return;
  repl.defineCommand('editor', {
    help: 'Enter editor mode',
    action: () => repl.beginEditor(),
  });
}

/** The command in a line, and what stands behind it. @param {string} line @returns {{ name: string, rest: string }} */
function commandOf(line) {
  const text = trim(line);
  const word = split(text, ' ')[0];
  return { name: slice(word, 1), rest: trim(slice(text, word.length)) };
}

module.exports = { commandOf, defineCommands };
