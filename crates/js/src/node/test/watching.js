// `run({ watch: true })` (https://nodejs.org/api/test.html#watch-mode): after the first run the files whose tests are concerned run again when they,
// or what they are made of, change; and files of tests that are new. Each run has counts and a summary of its own in the one stream.
'use strict';

const { testFiles } = require('node/test/files');
const { WatchedFiles } = require('node/watch/files');
const { process } = require('node/process/process');
const { clearTimeout, setTimeout } = require('web/html/timers');
const {
  filter,
  forEach,
  includes,
  Map,
  map,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  mapSize,
  pop,
  setAdd,
  setClear,
  setForEach,
  setHas,
  setOf,
  split,
} = require('builtins/primordials');
const loadPath = () => /** @type {any} */ (require('node/path/path'));

// Changes that come together are one (milliseconds).
const pause = 200;
/** The descriptor by which a file's process tells which files it is made of. */
const reportAt = 3;

/** @typedef {{ start: () => Promise<any>, replace: () => Promise<any> }} Running the test that is a file, or all of them */

class TestWatcher {
  #stream;
  #options;
  #makeTree;
  #makeTest;
  /** The run that is going on. @type {any} */
  #tree;
  /** Tests of files that run, by file. @type {Map<string, Running>} */
  #running = new Map();
  /** Who is made of a file. @type {Map<string, Set<string>>} */
  #owners = new Map();
  /** Files of tests. @type {string[]} */
  #files = [];
  #changed = setOf(/** @type {string[]} */ ([]));
  /** @type {any} */
  #timer;
  #isClosed = false;
  #watched;

  /**
   * @param {any} stream @param {Record<string, any>} options
   * @param {() => any} makeTree a run in the stream @param {(file: string | undefined, all: string[], tree: any, watcher: TestWatcher) => Running} makeTest
   */
  constructor(stream, options, makeTree, makeTest) {
    this.#stream = stream;
    this.#options = options;
    this.#makeTree = makeTree;
    this.#makeTest = makeTest;
    this.#watched = new WatchedFiles((file) => {
      setAdd(this.#changed, file);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#runChanged(), pause);
    });
  }

  /** @param {string[]} files as they were named or found */
  start(files) {
    const { cwd } = this.#options;
    this.#files = map(files, (file) => loadPath().resolve(cwd, `${file}`));
    forEach(this.#files, (file) => this.#own(file, file));
    if (this.#options.files === undefined) this.#lookForNew(cwd);
    this.#run(this.#files);
  }

  /** Folders that cannot be watched have no new files that are noticed. @param {string} folder */
  #lookForNew(folder) {
    try {
      this.#watched.addTree(folder, isLeftOut).on('error', () => {});
    } catch (error) {
      process.emitWarning(`files that are new are not noticed: ${/** @type {any} */ (error).message}`);
    }
  }

  /** One process runs all files, so any change concerns all. */
  get #isWhole() {
    return this.#options.isolation === 'none';
  }

  /** @param {string} file @param {string} owner */
  #own(file, owner) {
    const owners = mapGet(this.#owners, file);
    if (owners !== undefined) {
      setAdd(owners, owner);
      return;
    }
    mapSet(this.#owners, file, setOf([owner]));
    this.#watched.add(file);
  }

  /** What a file's process needs to tell of its files. @param {string} owner */
  reporting(owner) {
    return {
      env: { TWINLOOP_WATCH_REPORT: `${reportAt}:${process.pid}` },
      /** @param {any} child */
      follow: (child) => {
        const report = child.stdio[reportAt];
        let rest = '';
        report.setEncoding('utf8');
        report.on('data', (/** @type {string} */ text) => {
          const lines = split(rest + text, '\n');
          rest = /** @type {string} */ (pop(lines));
          forEach(lines, (line) => this.#own(line, owner));
        });
        report.on('error', () => {});
      },
    };
  }

  #runChanged() {
    /** @type {string[]} */
    const known = this.#options.files === undefined ? testFiles(this.#options.globPatterns, this.#options.cwd, true) : this.#files;
    const concerned = setOf(filter(known, (file) => !includes(this.#files, file)));
    setForEach(this.#changed, (file) => {
      const owners = mapGet(this.#owners, file);
      if (owners !== undefined) setForEach(owners, (owner) => setAdd(concerned, owner));
    });
    setClear(this.#changed);
    this.#files = known;
    forEach(known, (file) => this.#own(file, file));
    const all = setHas(concerned, '') ? known : filter(known, (file) => setHas(concerned, file));
    if (all.length === 0 || this.#isClosed) return;
    this.#stream.tell('test:watch:restarted', undefined);
    this.#run(all);
  }

  /** @param {string[]} files */
  async #run(files) {
    this.#tree ??= this.#makeTree();
    const tree = this.#tree;
    if (this.#isWhole) await this.#runOne('', tree);
    else for (let index = 0; index < files.length; index += 1) this.#runOne(files[index], tree);
    if (files.length === 0) this.#drain();
  }

  /** @param {string} file '' for all @param {any} tree */
  async #runOne(file, tree) {
    const before = mapGet(this.#running, file);
    const test = this.#makeTest(file === '' ? undefined : file, this.#files, tree, this);
    mapSet(this.#running, file, test);
    if (before !== undefined) await before.replace();
    // Another change came meanwhile.
    if (mapGet(this.#running, file) !== test) return;
    await test.start();
    if (mapGet(this.#running, file) !== test) return;
    mapDelete(this.#running, file);
    if (mapSize(this.#running) === 0) this.#drain();
  }

  /** Nothing runs any more. */
  async #drain() {
    if (this.#isClosed) return;
    const tree = this.#tree;
    this.#tree = undefined;
    await tree.wrapUp();
    this.#stream.tell('test:watch:drained', undefined);
    tree.end();
  }

  /** Ends what runs, and the stream. */
  async close() {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#watched.close();
    const tree = this.#tree ?? this.#makeTree();
    this.#isClosed = true;
    /** @type {Promise<any>[]} */
    const ends = [];
    mapForEach(this.#running, (test) => {
      ends[ends.length] = test.replace();
    });
    this.#running = new Map();
    for (let index = 0; index < ends.length; index += 1) await ends[index];
    tree.end();
    this.#stream.close();
  }
}

/** What is below `node_modules` is no program's own. @param {string} name relative to the folder */
function isLeftOut(name) {
  return includes(split(name, '/'), 'node_modules') || includes(split(name, '/'), '.git');
}

module.exports = { reportAt, TestWatcher };
