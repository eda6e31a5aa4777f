// `run()` (https://nodejs.org/api/test.html#runoptions): each file's tests in a process of its own, whose events come together in one stream in
// the order of the files; or all in this process.
'use strict';

const { invalidType, invalidValue, outOfRange } = require('node/errors');
const { requireArray, requireBoolean, requireFunction, requireInteger } = require('node/arguments');
const { requireObject, requireOneOf, requireSignal, requireString } = require('node/arguments');
const { process } = require('node/process/process');
const { options: commandOptions, switchedOn } = require('node/process/options');
const { spawn } = require('node/child_process/module');
const { testFiles } = require('node/test/files');
const { kinds, testFailure } = require('node/test/failure');
const { adopt, open, Tree } = require('node/test/harness');
const { concurrencyOf, timeoutOf } = require('node/test/options');
const { patternOf } = require('node/test/patterns');
const { GlobalSetup } = require('node/test/setup');
const { settings } = require('node/test/settings');
const { TestWatcher } = require('node/test/watching');
const { EventReader } = require('node/test/wire');
const { Test } = require('node/test/test');
const { onAbort } = require('node/abort_signals');
const { clearTimeout, setTimeout } = require('web/html/timers');
const {
  assign,
  exec,
  filter,
  indexOf,
  isArray,
  map,
  max,
  push,
  regExp,
  regExpToString,
  reject,
  setAdd,
  setDelete,
  setForEach,
  setOf,
  setSize,
  withResolvers,
} = require('builtins/primordials');
const { parallelism } = ops;
const loadCoverage = () => require('node/test/coverage');
const loadRandom = () => require('node/test/random');
const loadHooks = () => require('node/module/hooks');
const loadModule = () => require('node/module/module');
const loadPath = () => /** @type {any} */ (require('node/path/path'));
const loadReadline = () => /** @type {any} */ (require('node/readline/readline'));
const loadUtil = () => require('node/util/util');
const loadUrl = () => /** @type {any} */ (require('node/url/url'));

/** Options of this process that say what the runner does, not what a file's process does. */
const isOfRunner = regExp(
  /^--(?:test|watch|watch-.*|test-concurrency|test-isolation|test-reporter|test-reporter-destination|test-shard|test-timeout|test-global-setup|test-rerun-failures|test-randomize|test-random-seed|experimental-test-coverage|test-coverage-.*|experimental-config-file|experimental-default-config-file)(?:=|$)/,
);
const takesNext = regExp(
  /^--(?:test-concurrency|test-isolation|test-reporter|test-reporter-destination|test-shard|test-timeout|test-global-setup|test-rerun-failures|test-random-seed|test-coverage-(?:branches|exclude|functions|include|lines)|watch-path)$/,
);
// How long a process that is to end has for it (milliseconds).
const patience = 5000;
const summaryLine = regExp(/^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /);

/** @typedef {Record<string, any>} Options */

/** @param {any} given @returns {Options} */
function checked(given) {
  requireObject(given, 'options');
  const {
    argv = [],
    cwd = process.cwd(),
    execArgv = [],
    files,
    forceExit = false,
    globPatterns,
    isolation = 'process',
    only = false,
    setup,
    shard,
    signal,
    testNamePatterns,
    testSkipPatterns,
    watch = false,
    env,
    globalSetupPath,
    rerunFailuresFilePath,
    randomize = false,
    randomSeed,
  } = given;
  if (files !== undefined && files !== null) requireArray(files, 'options.files');
  requireBoolean(watch, 'options.watch');
  requireBoolean(forceExit, 'options.forceExit');
  requireBoolean(only, 'options.only');
  if (forceExit && watch) throw invalidValue('options.forceExit', watch, 'is not supported with watch mode');
  if (globPatterns !== undefined && globPatterns !== null) requireArray(globPatterns, 'options.globPatterns');
  if (globPatterns?.length > 0 && files?.length > 0) {
    throw invalidValue('options.globPatterns', globPatterns, "is not supported when specifying 'options.files'");
  }
  if (shard !== undefined && shard !== null) requireShard(shard, watch);
  if (setup !== undefined && setup !== null) requireFunction(setup, 'options.setup');
  requireOneOf(isolation, 'options.isolation', ['process', 'none']);
  requireTexts(argv, 'options.argv');
  requireTexts(execArgv, 'options.execArgv');
  requireString(cwd, 'options.cwd');
  requireSignal(signal, 'options.signal');
  if (env !== undefined) {
    requireObject(env, 'options.env');
    if (isolation === 'none') throw invalidValue('options.env', env, "is not supported with isolation='none'");
  }
  if (globalSetupPath !== undefined) requireString(globalSetupPath, 'options.globalSetupPath');
  if (rerunFailuresFilePath !== undefined) requireString(rerunFailuresFilePath, 'options.rerunFailuresFilePath');
  requireBoolean(randomize, 'options.randomize');
  if (randomSeed !== undefined) requireInteger(randomSeed, 'options.randomSeed', 0, 2 ** 32 - 1);
  const drawing = randomSeed !== undefined ? ['options.randomSeed', randomSeed] : randomize ? ['options.randomize', randomize] : undefined;
  if (drawing !== undefined && watch) throw invalidValue(drawing[0], drawing[1], 'is not supported with watch mode');
  if (drawing !== undefined && rerunFailuresFilePath !== undefined) {
    throw invalidValue(drawing[0], drawing[1], 'is not supported with rerun failures mode');
  }
  timeoutOf(given.timeout, 'options.timeout');
  const coverage = coverageOf(given);
  return {
    ...given,
    argv,
    coverage,
    cwd,
    execArgv,
    files,
    forceExit,
    globPatterns,
    isolation,
    only,
    watch,
    rerunFailuresFilePath: rerunFailuresFilePath === undefined ? undefined : loadPath().resolve(rerunFailuresFilePath),
    randomSeed: randomize ? (randomSeed ?? loadRandom().makeSeed()) : randomSeed,
    names: patterns(testNamePatterns, 'options.testNamePatterns'),
    skips: patterns(testSkipPatterns, 'options.testSkipPatterns'),
  };
}

/** @param {any} given @returns {import('./coverage.js').CoverageSettings | undefined} */
function coverageOf(given) {
  const { coverage = false, coverageIncludeGlobs, coverageExcludeGlobs } = given;
  requireBoolean(coverage, 'options.coverage');
  const globs = (/** @type {any} */ list, /** @type {string} */ name) => {
    if (list === undefined || list === null) return undefined;
    const all = isArray(list) ? list : [list];
    requireTexts(all, name);
    return all;
  };
  const include = globs(coverageIncludeGlobs, 'options.coverageIncludeGlobs') ?? [];
  const exclude = globs(coverageExcludeGlobs, 'options.coverageExcludeGlobs');
  const least = (/** @type {string} */ name) => {
    const number = given[name] ?? 0;
    requireInteger(number, `options.${name}`, 0, 100);
    return number;
  };
  const [lines, branches, functions] = [least('lineCoverage'), least('branchCoverage'), least('functionCoverage')];
  return coverage ? { lines, branches, functions, include, exclude } : undefined;
}

/** @param {any} shard @param {boolean} watch */
function requireShard(shard, watch) {
  requireObject(shard, 'options.shard');
  const { index, total } = shard;
  requireInteger(total, 'options.shard.total', 1);
  requireInteger(index, 'options.shard.index');
  if (index < 1 || total < index) throw outOfRange('options.shard.index', `>= 1 && <= ${total}`, index);
  if (watch) throw invalidValue('options.shard', watch, 'shards not supported with watch mode');
}

/** @param {any} list @param {string} name */
function requireTexts(list, name) {
  requireArray(list, name);
  for (let index = 0; index < list.length; index += 1) requireString(list[index], `${name}[${index}]`);
}

/** @param {any} given @param {string} name @returns {RegExp[]} */
function patterns(given, name) {
  if (given === undefined || given === null) return [];
  const list = isArray(given) ? given : [given];
  return map(list, (each, index) => {
    if (typeof each === 'string') return patternOf(each);
    if (each instanceof RegExp) return each;
    throw invalidType(`${name}[${index}]`, ['string', 'RegExp'], each);
  });
}

/** @param {any} [given] */
function run(given = {}) {
  return start(given).stream;
}

/**
 * The stream, and what runs ahead of an end that comes too early.
 * @param {any} given @param {boolean} [isNested] whether this process is the one of a runner's that has the tests of all files
 */
function start(given, isNested = false) {
  const options = checked(given);
  const chosenForTrees = {
    only: options.isolation === 'none' && (options.only || 'where said'),
    names: options.isolation === 'none' ? options.names : [],
    skips: options.isolation === 'none' ? options.skips : [],
    // A file's process has it for its tests.
    timeout: options.isolation === 'none' ? timeoutOf(options.timeout, 'options.timeout') : undefined,
    concurrency: concurrencyOfFiles(options),
    forceExit: options.forceExit,
    updateSnapshots: settings().updateSnapshots,
    rerun: options.rerunFailuresFilePath,
    seed: options.randomSeed,
    folder: options.cwd,
    isChild: false,
    coverage: options.coverage,
  };
  const tree = new Tree(chosenForTrees);
  tree.folder = options.cwd;
  if (options.randomSeed !== undefined) tree.root.diagnostic(`Randomized test order seed: ${options.randomSeed}`);
  debug('run', options);
  const files = options.files?.length > 0 || isArray(options.files) ? options.files : testFiles(options.globPatterns, options.cwd, true);
  if (options.setup) options.setup(tree.stream);
  const { globalSetupPath, signal } = options;
  const watcher = options.watch ? watching(tree.stream, options, chosenForTrees) : undefined;
  const stop = (/** @type {any} */ reason) => {
    if (watcher !== undefined) watcher.close();
    else if (tree.root.startTime === null) tree.root.cancel(reason);
    else tree.root.controller.abort(reason);
  };
  if (signal !== undefined && !signal.aborted) onAbort(signal, () => stop(signal.reason));
  const setup = new GlobalSetup(globalSetupPath);
  // The caller first listens, then it begins.
  const begin = async () => {
    await undefined;
    if (process.env.NODE_TEST_CONTEXT !== undefined && !isNested) {
      // A file that runs itself would never end.
      process.emitWarning('node:test run() is being called recursively within a test file. skipping running files.');
      tree.end();
      return;
    }
    if (signal?.aborted) tree.root.cancel(signal.reason);
    const chosen = options.shard ? filter(files, (_file, index) => index % options.shard.total === options.shard.index - 1) : files;
    if (!(await setup.run())) {
      tree.success = false;
      tree.end();
      return;
    }
    if (watcher !== undefined) {
      watcher.start(chosen);
      return;
    }
    if (options.isolation === 'none') await runHere(tree, chosen, options);
    else {
      if (options.coverage !== undefined) {
        const { makeFolder, reportsIn } = loadCoverage();
        const reports = makeFolder();
        options.reports = reports;
        tree.coverageReports = () => reportsIn(reports.folder);
      }
      await runFiles(tree, chosen, options);
    }
    await setup.tearDown();
  };
  begin();
  return { stream: tree.stream, teardown: () => setup.tearDown() };
}

/** @param {any} stream @param {Options} options @param {any} chosen what trees are made of */
function watching(stream, options, chosen) {
  /** @type {boolean[]} */
  const workers = [];
  const makeTree = () => new Tree(chosen, undefined, stream);
  return new TestWatcher(
    stream,
    options,
    makeTree,
    (file, all, tree, watcher) => new FileTest(file, tree, options, workers, { all, watcher }),
  );
}

/** With NODE_DEBUG=test_runner. @param {string} what @param {Options} options */
function debug(what, { concurrency, cwd, files, globPatterns, isolation, only, shard, timeout, watch }) {
  const shown = {
    concurrency: isolation === 'none' ? 1 : concurrency,
    cwd,
    files,
    globPatterns,
    isolation,
    only,
    shard,
    timeout: timeout ?? Infinity,
    watch,
  };
  loadUtil().debuglog('test_runner')('%s %O', what, shown);
}

/** @param {Options} options */
function concurrencyOfFiles({ concurrency, isolation }) {
  if (isolation === 'none') return 1;
  if (concurrency === true || concurrency === undefined || concurrency === null) return max(parallelism() - 1, 1);
  return concurrencyOf(concurrency, 1, 'options.concurrency');
}

/** @param {any} tree @param {string[]} files @param {Options} options */
async function runFiles(tree, files, options) {
  /** Numbers of processes, each given to one at a time. @type {boolean[]} */
  const workers = [];
  const runOne = (/** @type {string} */ file) => new FileTest(file, tree, options, workers).start();
  /** @type {Promise<any>[]} */
  const running = [];
  for (let index = 0; index < files.length; index += 1) push(running, runOne(files[index]));
  for (let index = 0; index < running.length; index += 1) await running[index];
  await tree.wrapUp();
  tree.end();
  options.reports?.remove();
}

/** The options of this process that a file's process has too. @param {string[]} flags */
function inheritedFlags(flags) {
  /** @type {string[]} */
  const kept = [];
  for (let index = 0; index < flags.length; index += 1) {
    if (exec(isOfRunner, flags[index]) === null) push(kept, flags[index]);
    else if (exec(takesNext, flags[index]) !== null) index += 1;
  }
  return kept;
}

/** The test that a file as a whole is. It shows only when it fails by itself, or has no tests. */
class FileTest extends Test {
  #file;
  #options;
  #workers;
  /** What came before it was its turn. @type {{ type: string, data: any }[]} */
  #held = [];
  #isShowing = false;
  #children = 0;
  #failedChildren = 0;
  #watching;
  /** @type {any} */
  #child;
  #isReplaced = false;

  /**
   * @param {string | undefined} file undefined for all that are watched @param {any} tree @param {Options} options @param {boolean[]} workers
   * @param {{ all: string[], watcher: InstanceType<typeof TestWatcher> }} [watching]
   */
  constructor(file, tree, options, workers, watching) {
    const path = loadPath().resolve(options.cwd, `${file ?? ''}`);
    const name = file === undefined ? '<all files>' : watching === undefined ? `${file}` : loadPath().relative(options.cwd, path);
    super({ name, fn: () => {}, options: {}, place: { line: 1, column: 1, file: path } }, tree.root);
    this.#file = path;
    this.#options = options;
    this.#workers = workers;
    this.#watching = watching;
    this.isWhole = file === undefined;
  }

  isLeftOut() {
    return false;
  }

  /** Its process knows what of it passed before. */
  recall() {}

  async call() {
    const worker = freePlace(this.#workers);
    try {
      await this.#spawn(worker + 1);
    } finally {
      this.#workers[worker] = false;
    }
  }

  /** @param {number} worker */
  async #spawn(worker) {
    const { argv, cwd, env, execArgv, only, reports, rerunFailuresFilePath } = this.#options;
    const flags = inheritedFlags(process.execArgv);
    addPatterns(flags, '--test-name-pattern', this.#options.names);
    addPatterns(flags, '--test-skip-pattern', this.#options.skips);
    if (only && indexOf(flags, '--test-only') === -1) push(flags, '--test-only');
    if (rerunFailuresFilePath !== undefined) push(flags, `--test-rerun-failures=${rerunFailuresFilePath}`);
    const timeout = timeoutOf(this.#options.timeout, 'options.timeout');
    if (timeout !== undefined) push(flags, `--test-timeout=${timeout}`);
    if (this.#options.randomSeed !== undefined) push(flags, `--test-random-seed=${this.#options.randomSeed}`);
    const files = this.isWhole
      ? ['--test', '--test-isolation=none', ...execArgv, ...(this.#watching?.all ?? [])]
      : [...execArgv, this.#file];
    const report = this.#watching?.watcher.reporting(this.isWhole ? '' : this.#file);
    const child = spawn(process.execPath, [...flags, ...files, ...argv], {
      cwd,
      stdio: ['pipe', 'pipe', 'pipe', ...(report === undefined ? [] : ['pipe'])],
      env: {
        ...(env ?? process.env),
        ...report?.env,
        ...(reports === undefined ? undefined : { NODE_V8_COVERAGE: reports.folder }),
        NODE_TEST_CONTEXT: 'child-v8',
        NODE_TEST_WORKER_ID: `${worker}`,
      },
    });
    this.#child = child;
    report?.follow(child);
    child.stdin?.end();
    addChild(child);
    const stop = () => child.kill('SIGTERM');
    if (this.signal.aborted) stop();
    else onAbort(this.signal, stop);
    const reader = new EventReader(
      (event) => this.#take(event),
      (bytes) => this.#show({ type: 'test:stdout', data: { __proto__: null, file: this.#file, message: `${bytes}` } }),
    );
    child.stdout.on('data', (/** @type {any} */ bytes) => reader.take(bytes));
    const lines = loadReadline().createInterface({ input: child.stderr });
    lines.on('line', (/** @type {string} */ line) =>
      this.#show({ type: 'test:stderr', data: { __proto__: null, file: this.#file, message: `${line}\n` } }),
    );
    const { promise, resolve } = withResolvers();
    /** @type {any} */
    let failure;
    child.on('error', (/** @type {any} */ error) => {
      failure = error;
      resolve({ code: 1, signal: null });
    });
    child.on('close', (/** @type {any} */ code, /** @type {any} */ signal) => resolve({ code, signal }));
    const ended = /** @type {any} */ (await promise);
    reader.end();
    removeChild(child);
    if (this.#isReplaced || (ended.code === 0 && ended.signal === null && failure === undefined)) return;
    if (this.error !== null) return;
    const error = testFailure(failure ?? 'test failed', this.#failedChildren > 0 ? kinds.subtests : kinds.code);
    assign(error, { exitCode: ended.code, signal: ended.signal });
    // Where the runner is says nothing of the file.
    error.stack = undefined;
    throw error;
  }

  /** Ends it, as another takes its place: nothing more of it is told. @returns {Promise<any>} */
  async replace() {
    if (this.isFinished) return;
    this.#isReplaced = true;
    this.isFiltered = true;
    this.isPassed = true;
    if (this.#child === undefined) {
      this.finish();
      return;
    }
    const child = this.#child;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    await this.outcome.promise;
    clearTimeout(timer);
  }

  /** @param {{ type: string, data: any }} event */
  #take(event) {
    const { type, data } = event;
    if (this.#isReplaced) return;
    if (type === 'test:complete' || type === 'test:enqueue' || type === 'test:dequeue') {
      this.tree.tell(type, data);
      return;
    }
    if (type === 'test:summary') {
      this.tree.tell(type, data);
      return;
    }
    if (type === 'test:plan' && data.nesting === 0) return;
    if (type === 'test:diagnostic' && data.nesting === 0 && exec(summaryLine, data.message) !== null) return;
    this.#show(event);
  }

  /** @param {{ type: string, data: any }} event */
  #show(event) {
    if (!this.#isShowing) {
      if (!this.isItsTurn()) {
        push(this.#held, event);
        return;
      }
      this.#flush();
    }
    this.#tell(event);
  }

  #flush() {
    this.#isShowing = true;
    const held = this.#held;
    this.#held = [];
    for (let index = 0; index < held.length; index += 1) this.#tell(held[index]);
  }

  tellTurns() {
    if (this.isItsTurn()) this.#flush();
  }

  /** @param {{ type: string, data: any }} event */
  #tell({ type, data }) {
    if (type === 'test:pass' || type === 'test:fail') {
      if (data.nesting === 0) {
        this.#children += 1;
        this.parent.told += 1;
        data.testNumber = this.parent.told;
        if (type === 'test:fail' && data.todo === undefined) this.#failedChildren += 1;
      }
      this.#count(type, data);
    }
    this.tree.tell(type, data);
  }

  /** @param {string} type @param {any} data */
  #count(type, data) {
    if (data.details?.type === 'suite') {
      this.tree.counts.suites += 1;
      if (type === 'test:fail' && data.todo === undefined) this.tree.success = false;
      return;
    }
    const kind = data.details?.error?.failureType;
    const result = {
      isPassed: type === 'test:pass',
      isSkipped: data.skip !== undefined,
      isTodo: data.todo !== undefined,
      isCancelled: kind === kinds.cancelled || kind === kinds.aborted || kind === kinds.timeout,
    };
    this.tree.countResult(result, data.nesting === 0);
  }

  tellResult() {
    if (this.#isReplaced) return;
    this.#flush();
    const isHidden = this.#children > 0 && (this.error === null || this.error.failureType === kinds.subtests);
    if (!this.isPassed) this.tree.success = false;
    if (isHidden) {
      this.isTold = true;
      return;
    }
    super.tellResult();
  }
}

/** What runs; it ends with this process. */
const children = setOf(/** @type {any[]} */ ([]));
const endChildren = () => setForEach(children, (child) => child.kill('SIGKILL'));

/** @param {any} child */
function addChild(child) {
  if (setSize(children) === 0) process.once('exit', endChildren);
  setAdd(children, child);
}

/** @param {any} child */
function removeChild(child) {
  setDelete(children, child);
  if (setSize(children) === 0) process.removeListener('exit', endChildren);
}

/** @param {boolean[]} places */
function freePlace(places) {
  let place = 0;
  while (places[place]) place += 1;
  places[place] = true;
  return place;
}

/** @param {string[]} flags @param {string} name @param {RegExp[]} list */
function addPatterns(flags, name, list) {
  for (let index = 0; index < list.length; index += 1) push(flags, `${name}=${regExpToString(list[index])}`);
}

/** What the command line has before the tests. */
async function preload() {
  const required = commandOptions('--require');
  for (let index = 0; index < required.length; index += 1) loadModule().preload(required[index]);
  const imported = commandOptions('--import');
  const base = `${loadUrl().pathToFileURL(process.cwd()).href}/`;
  for (let index = 0; index < imported.length; index += 1) await import(loadHooks().resolveImport(imported[index], base, undefined).url);
}

/** All files in this process: their tests are children of one root. @param {any} tree @param {string[]} files @param {Options} options */
async function runHere(tree, files, options) {
  adopt(tree);
  process.env.NODE_TEST_WORKER_ID = '1';
  if (switchedOn('--test')) await preload();
  for (let index = 0; index < files.length; index += 1) {
    const path = loadPath().resolve(options.cwd, files[index]);
    tree.file = path;
    try {
      await import(loadUrl().pathToFileURL(path).href);
    } catch (error) {
      const test = new Test(
        { name: files[index], fn: () => reject(error), options: {}, place: { line: 1, column: 1, file: path } },
        tree.root,
      );
      test.start();
    }
  }
  tree.file = undefined;
  await open(tree);
}

module.exports = { run, start };
