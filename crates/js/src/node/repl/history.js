// The history of a prompt in a file, one line each, the newest first (NODE_REPL_HISTORY; `~/.node_repl_history` is Node's, ours has our name).
// A text of several lines is one line of the file: the lines, the last first, with returns between them, as Node has it.
'use strict';

const { filter, join, map, reverse, split, trim } = require('builtins/primordials');
const loadFiles = () => /** @type {any} */ (require('node/fs/fs'));

/** @param {string} entry @param {string} from @param {string} to */
const turned = (entry, from, to) => join(reverse(split(entry, from)), to);

/** Fills the history from the file and keeps the file as the history grows. @param {any} repl @param {string} path @param {(error: any, repl: any) => void} ready */
function keepHistory(repl, path, ready) {
  if (path === '') {
    ready(null, repl);
    return;
  }
  try {
    loadFiles().closeSync(loadFiles().openSync(path, 'a+', 0o600));
    const lines = filter(split(loadFiles().readFileSync(path, 'utf8'), '\n'), (line) => trim(line) !== '');
    for (let index = 0; index < lines.length && index < repl.historySize; index += 1)
      repl.history[index] = turned(lines[index], '\r', '\n');
  } catch {
    repl.output?.write?.(`\nError: Could not open history file.\nREPL session history will not be persisted.\n`);
    ready(null, repl);
    return;
  }
  repl.on('history', (/** @type {string[]} */ history) => {
    try {
      loadFiles().writeFileSync(
        path,
        `${join(
          map(history, (entry) => turned(entry, '\n', '\r')),
          '\n',
        )}\n`,
        { mode: 0o600 },
      );
    } catch {
      // A full disk takes no word of the user's.
    }
  });
  ready(null, repl);
}

module.exports = { keepHistory };
