// Files of which somebody wants to know that one has changed. Folders are watched, as editors put a new file in a file's place.
'use strict';

const { Map, forEach, mapDelete, mapForEach, mapGet, mapSet, push, setAdd, setForEach, setHas, setOf } = require('builtins/primordials');
const { watch } = require('node/fs/watch');
const { unwatchFile, watchFile } = require('node/fs/watch_file');
const loadFiles = () => /** @type {any} */ (require('node/fs/fs'));
const path = /** @type {any} */ (require('node/path/path'));

// How often a file is looked for whose folder is not there (milliseconds).
const lookEvery = 500;

/** @typedef {{ watcher: any, names: Set<string> }} Folder */

class WatchedFiles {
  #changed;
  /** @type {Map<string, Folder>} */
  #folders = new Map();
  /** @type {any[]} */
  #trees = [];
  /** Files that are looked for. @type {string[]} */
  #missing = [];

  /** @param {(file: string) => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  /** @param {string} file */
  add(file) {
    const at = path.dirname(file);
    let folder = mapGet(this.#folders, at);
    if (folder === undefined) {
      try {
        folder = this.#watchFolder(at);
      } catch {
        push(this.#missing, file);
        watchFile(file, { interval: lookEvery }, (/** @type {any} */ stats) => {
          if (stats.nlink === 0) return;
          unwatchFile(file);
          this.add(file);
          this.#changed(file);
        });
        return;
      }
    }
    setAdd(folder.names, path.basename(file));
  }

  /** @param {string} at @returns {Folder} */
  #watchFolder(at) {
    const names = setOf(/** @type {string[]} */ ([]));
    const watcher = watch(at, (/** @type {string} */ type, /** @type {string | null} */ name) => {
      if (name === null || setHas(names, name)) this.#changed(path.join(at, name ?? ''));
      // It is gone, or elsewhere: whatever comes in its place is another.
      if (type === 'rename' && name === path.basename(at) && !loadFiles().existsSync(at)) this.#lose(at);
    });
    watcher.on('error', () => this.#lose(at));
    const folder = { watcher, names };
    mapSet(this.#folders, at, folder);
    return folder;
  }

  /** @param {string} at */
  #lose(at) {
    const folder = mapGet(this.#folders, at);
    if (folder === undefined) return;
    folder.watcher.close();
    mapDelete(this.#folders, at);
    setForEach(folder.names, (name) => this.add(path.join(at, name)));
  }

  /** A folder with all below it, or a file. @param {string} at @param {(name: string) => boolean} [isLeftOut] by a name relative to the folder @returns {any} */
  addTree(at, isLeftOut) {
    if (!loadFiles().statSync(at).isDirectory()) {
      this.add(at);
      return undefined;
    }
    const watcher = watch(at, { recursive: true, ignore: isLeftOut }, (/** @type {string} */ _, /** @type {string | null} */ name) =>
      this.#changed(path.join(at, name ?? '')),
    );
    push(this.#trees, watcher);
    return watcher;
  }

  close() {
    mapForEach(this.#folders, (folder) => folder.watcher.close());
    forEach(this.#trees, (watcher) => watcher.close());
    forEach(this.#missing, (file) => unwatchFile(file));
  }
}

module.exports = { WatchedFiles };
