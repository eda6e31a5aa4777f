// `--test-rerun-failures FILE`: what passed in the run before passes again without being run (https://nodejs.org/api/test.html#rerunning-failed-tests).
//
// The file is a list of runs, each an object of the tests that passed in it, by their place: `file:line:column`, and a number for each further
// test at the same one. The process that reports the results writes it, the processes of files only read it.
'use strict';

const { assign, isArray, parseJson, pop, push, stringify } = require('builtins/primordials');
const loadFiles = () => /** @type {any} */ (require('node/fs/fs'));
const loadPath = () => /** @type {any} */ (require('node/path/path'));

/** @typedef {{ name: string, nesting: number, line: number, column: number, file: string }} Place */
/** @typedef {{ name: string, children?: Place[], passed_on_attempt: number, duration_ms?: number }} Passed */
/** @typedef {{ about: Place, parent: Running | undefined, children: Place[], hasFailed: boolean }} Running */

/** Numbers tests by their places, in the order in which they are asked for. */
class Places {
  /** @type {Record<string, number>} */
  #met = /** @type {any} */ ({ __proto__: null });
  #folder;

  /** @param {string} folder what files are named from */
  constructor(folder) {
    this.#folder = folder;
  }

  /** @param {{ file?: string, line?: number, column?: number }} place */
  keyOf({ file, line, column }) {
    const place = `${loadPath().relative(this.#folder, `${file}`)}:${line}:${column}`;
    const count = this.#met[place];
    this.#met[place] = (count ?? 0) + 1;
    return count === undefined ? place : `${place}:(${count})`;
  }
}

/** The runs before this one, and what passes in it. */
class Runs {
  #path;
  /** @type {Record<string, Passed>[]} */
  #runs;
  #made;
  #told;
  /** @type {Record<string, Passed>} */
  #passed = /** @type {any} */ ({ __proto__: null });
  /** The test whose events come, and those around it. @type {Running | undefined} */
  #running;

  /** @param {string} path @param {string} folder */
  constructor(path, folder) {
    this.#path = path;
    this.#runs = readRuns(path);
    this.#made = new Places(folder);
    this.#told = new Places(folder);
  }

  /** How many runs there were. */
  get attempt() {
    return this.#runs.length;
  }

  /** What a test is that is made now, if it passed in the last run. @param {any} place @returns {Passed | undefined} */
  passedBefore(place) {
    const key = this.#made.keyOf(place);
    return this.#runs[this.#runs.length - 1]?.[key];
  }

  /** An event on its way to the reporters. @param {string} type @param {any} data */
  take(type, data) {
    if (type === 'test:start') this.#begin(data);
    else if (type === 'test:pass' || type === 'test:fail') this.#end(type === 'test:pass', data);
  }

  /** @param {any} data @returns {Running} */
  #begin({ name, nesting, line, column, file }) {
    while (this.#running !== undefined && this.#running.about.nesting >= nesting) this.#running = this.#running.parent;
    const parent = this.#running;
    /** @type {Running} */
    const running = { about: { name, nesting, line, column, file }, parent, children: [], hasFailed: false };
    if (parent !== undefined) push(parent.children, running.about);
    this.#running = running;
    return running;
  }

  /** @param {boolean} isPassed @param {any} data */
  #end(isPassed, data) {
    while (this.#running !== undefined && this.#running.about.nesting > data.nesting) this.#running = this.#running.parent;
    const innermost = this.#running;
    const running = innermost !== undefined && innermost.about.nesting === data.nesting ? innermost : this.#begin(data);
    const key = this.#told.keyOf(data);
    if (!isPassed) {
      // What is around a test that failed runs again, as that does.
      for (let outer = running.parent; outer !== undefined; outer = outer.parent) outer.hasFailed = true;
    } else if (!running.hasFailed) {
      this.#passed[key] = {
        name: data.name,
        children: running.children,
        passed_on_attempt: data.details.passed_on_attempt ?? data.details.attempt ?? this.attempt,
        duration_ms: data.details.duration_ms,
      };
    }
    this.#running = running.parent;
  }

  /** Writes down this run behind the others. */
  write() {
    push(this.#runs, assign({}, this.#passed));
    loadFiles().writeFileSync(this.#path, stringify(this.#runs, null, 2));
    pop(this.#runs);
  }
}

/** @param {string} path @returns {Record<string, Passed>[]} */
function readRuns(path) {
  let text = '[]';
  try {
    text = loadFiles().readFileSync(path, 'utf8');
  } catch (error) {
    if (/** @type {any} */ (error).code !== 'ENOENT') throw error;
  }
  let runs;
  try {
    runs = parseJson(text);
  } catch (error) {
    throw new SyntaxError(`cannot read the runs of tests in ${path}: ${/** @type {any} */ (error).message}`);
  }
  if (!isArray(runs)) throw new TypeError(`cannot read the runs of tests in ${path}: it is no list`);
  return runs;
}

module.exports = { Runs };
