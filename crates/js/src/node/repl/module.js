// `REPLServer` (https://nodejs.org/api/repl.html#class-replserver): reads lines, runs them, and shows what they are; a text of several lines is run
// when it is whole. One text runs at a time: what comes meanwhile waits.
'use strict';

const { requireObject } = require('node/arguments');
const { invalidValue, nodeError } = require('node/errors');
const { Interface } = require('node/readline/interface');
const { commandOf, defineCommands } = require('node/repl/commands');
const { builtinModules, complete, completeCommon } = require('node/repl/completion');
const { shownError, shownMistake, withoutOwnFrames } = require('node/repl/errors');
const { owners, pureFunctions } = require('node/repl/effect_free');
const { keepHistory } = require('node/repl/history');
const { closed, opened, standalone } = require('node/repl/open');
const { HistorySearch, previewOf } = require('node/repl/preview');
const { asExpression, isRecoverable, Recoverable } = require('node/repl/syntax');
const { defineModules } = require('node/process/evaluate');
const { option } = require('node/process/options');
const { nextTick } = require('node/process/ticks');
const { process } = require('node/process/process');
const { createDomain } = /** @type {any} */ (require('node/domain/domain'));
const { Module } = /** @type {any} */ (require('node/module/module'));
const { inspect } = require('builtins/inspect/inspect');
const vm = /** @type {any} */ (require('node/vm/module'));
const { apply, assign, create, defineProperty, exec, getOwnPropertyDescriptor, getOwnPropertyNames } = require('builtins/primordials');
const { includes, push, regExp, shift, slice, split, startsWith, test, trim, symbolFor, withResolvers } = require('builtins/primordials');
const { promptScript } = ops;
const { setImmediate, setTimeout } = require('web/html/timers');
const loadCommand = () => /** @type {any} */ (require('node/repl/command'));
const loadConsole = () => /** @type {any} */ (require('node/console/console'));
const loadWarnings = () => require('node/process/warnings');

const REPL_MODE_SLOPPY = Symbol('repl-sloppy');
const REPL_MODE_STRICT = Symbol('repl-strict');

/** @type {any} */
const global = globalThis;

/** Shows values. @param {any} value @returns {string} */
const writer = (value) => inspect(value, writer.options);
writer.options = assign({}, /** @type {any} */ (inspect).defaultOptions, { showProxy: true });

/** The same with colours, also after the options were changed. @returns {any} */
function colored() {
  /** @type {any} */
  const write = (/** @type {any} */ value) => inspect(value, assign({}, writer.options, write.options));
  write.options = assign({}, writer.options, { colors: true });
  return write;
}

const declarations = regExp(/\b(?:let|const|class)\s+([\w$]+)/);
const commandLine = regExp(/^\s*\.[^.\d\s]/);
const controls = regExp(/[\x00-\x1f\x7f]/);
const indentation = regExp(/^\s+/);

/** How many texts were run in all prompts: each has a name of its own in stacks. */
let texts = 0;

/** @type {string[]} */
const said = [];

/** @param {string} code @param {string} message */
function deprecated(code, message) {
  if (option('--pending-deprecation') === undefined || includes(said, code)) return;
  push(said, code);
  loadWarnings().emitWarning(message, 'DeprecationWarning', code);
}

// How prompts show values is everybody's to say, also by this name.
defineProperty(inspect, 'replDefaults', {
  get: () => writer.options,
  set(options) {
    requireObject(options, 'options');
    assign(writer.options, options);
  },
  configurable: true,
});

class REPLServer extends Interface {
  /** Lines of a text that is not whole. */
  #buffered = '';
  #isRunning = false;
  #isShowing = false;
  /** @type {string[]} */
  #waiting = [];
  #sawInterrupt = false;
  #endsEditing = false;
  /** Whether a line that is typed shows what it is. */
  #previews;
  #isPreviewing = false;
  /** The rest of the name that is typed. */
  #rest = '';
  /** @type {InstanceType<typeof HistorySearch> | undefined} */
  #search;
  /** Who stops what is waited for. @type {(() => void) | undefined} */
  #stopWaiting;

  /** @param {any} [prompt] @param {any} [stream] @param {any} [evaluator] @param {any} [useGlobal] @param {any} [ignoreUndefined] @param {any} [mode] */
  constructor(prompt, stream, evaluator, useGlobal, ignoreUndefined, mode) {
    const options =
      prompt !== null && typeof prompt === 'object'
        ? { ...prompt }
        : {
            prompt,
            eval: evaluator,
            useGlobal,
            ignoreUndefined,
            replMode: mode,
            input: stream?.stdin ?? stream,
            output: stream?.stdout ?? stream,
          };
    const input = options.input ?? options.stream ?? process.stdin;
    const output = options.output ?? options.stream ?? process.stdout;
    if (options.breakEvalOnSigint && options.eval) {
      throw nodeError(TypeError, 'ERR_INVALID_REPL_EVAL_CONFIG', 'Cannot specify both "breakEvalOnSigint" and "eval" for REPL');
    }
    const terminal = options.terminal ?? !!output.isTTY;
    super({
      input,
      output,
      completer:
        options.completer ??
        ((/** @type {string} */ line, /** @type {any} */ done) =>
          done(null, this.editorMode ? completeCommon(this, line) : complete(this, line))),
      terminal,
      historySize: options.historySize ?? 30,
      prompt: options.prompt ?? '> ',
    });
    this.commands = create(null);
    this.useGlobal = !!options.useGlobal;
    this.ignoreUndefined = !!options.ignoreUndefined;
    this.replMode = options.replMode ?? REPL_MODE_SLOPPY;
    this.breakEvalOnSigint = !!options.breakEvalOnSigint;
    this.useColors = options.useColors ?? (!!output.isTTY && (typeof output.getColorDepth !== 'function' || output.getColorDepth() > 2));
    this.writer = options.writer ?? (this.useColors ? colored() : writer);
    this.editorMode = false;
    this.#previews = terminal && (options.preview === undefined ? !options.eval : !!options.preview) && process.env.TERM !== 'dumb';
    /** The lines of this session. @type {string[]} */
    this.lines = [];
    /** Names that `let`, `const` and `class` made. @type {string[]} */
    this.names = [];
    /** The names of the language, where the context is no global object. @type {string[]} */
    this.ownNames = [];
    /** @type {any} */
    this.last = undefined;
    /** @type {any} */
    this.lastError = undefined;
    this.underscoreAssigned = false;
    this.underscoreErrAssigned = false;
    /** Whether it is the command's own, whose uncaught exceptions are all the program's. */
    this.isStandalone = !!options[standalone];
    this._domain = options.domain ?? createDomain();
    this._domain.on('error', (/** @type {any} */ error) => this.#hear(error));
    this.eval = options.eval ?? ((/** @type {any[]} */ ...given) => this.#evaluate(given[0], given[2], given[3]));
    this.resetContext();
    defineCommands(this);
    opened(this);
    this.on('line', (/** @type {string} */ line) => this.#take(line));
    this.on('SIGINT', () => this.#interrupted());
    this.on('close', () => this.#leave());
    this.displayPrompt();
  }

  /** What was typed is in the file at once. */
  get historyManager() {
    return { isFlushing: false };
  }
  get inputStream() {
    deprecated('DEP0141', streamsAreDeprecated);
    return this.input;
  }
  get outputStream() {
    deprecated('DEP0141', streamsAreDeprecated);
    return this.output;
  }

  // ---- Contexts

  createContext() {
    const context = this.useGlobal ? global : vm.createContext();
    if (!this.useGlobal) {
      // The language's own are the context's own.
      const own = (this.ownNames = vm.runInContext('Object.getOwnPropertyNames(globalThis)', context));
      const names = getOwnPropertyNames(global);
      for (let index = 0; index < names.length; index += 1) {
        const name = names[index];
        if (name in context || includes(own, name)) continue;
        const descriptor = getOwnPropertyDescriptor(global, name);
        // Some are there only if the program was started with an option.
        if (descriptor !== undefined) defineProperty(context, name, descriptor);
      }
      context.global = context;
      const { Console } = loadConsole();
      defineProperty(context, 'console', { value: new Console(this.output ?? process.stdout), writable: true, configurable: true });
    }
    const module = new Module('<repl>');
    module.paths = Module._nodeModulePaths(process.cwd());
    const require = Module.requireFor(module);
    defineProperty(context, 'module', { value: module, writable: true, configurable: true });
    defineProperty(context, 'exports', { value: module.exports, writable: true, configurable: true });
    defineProperty(context, 'require', { value: require, writable: true, configurable: true });
    defineModules(context, require);
    return context;
  }

  resetContext() {
    this.context = this.createContext();
    // Before a program makes something else of them.
    const ours = vm.runInThisContext(owners);
    this.pureFunctions = pureFunctions(this.useGlobal ? ours : vm.runInContext(owners, this.context), ours);
    this.underscoreAssigned = false;
    this.underscoreErrAssigned = false;
    this.lines = [];
    this.names = [];
    this.#defineUnderscores(this.context);
    this.emit('reset', this.context);
  }

  /** `_` is the last value, `_error` the last error, until the program makes them its own. @param {any} context */
  #defineUnderscores(context) {
    this.#defineLast(context, '_', 'last', 'underscoreAssigned');
    this.#defineLast(context, '_error', 'lastError', 'underscoreErrAssigned');
  }

  /** @param {any} context @param {string} name @param {'last' | 'lastError'} held @param {'underscoreAssigned' | 'underscoreErrAssigned'} assigned */
  #defineLast(context, name, held, assigned) {
    defineProperty(context, name, {
      configurable: true,
      get: () => this[held],
      set: (value) => {
        this[held] = value;
        if (this[assigned]) return;
        this[assigned] = true;
        this.output.write(`Expression assignment to ${name} now disabled.\n`);
      },
    });
  }

  /** What a name of the prompt's own, or of the language, holds; nothing that has no value yet. @param {string} name @returns {{ value: any } | undefined} */
  lexical(name) {
    const isLanguage = includes(this.ownNames, name) && getOwnPropertyDescriptor(this.context, name) === undefined;
    if (!isLanguage && !includes(this.names, name)) return undefined;
    try {
      return { value: this.#run(name, 'REPL', false) };
    } catch {
      return undefined;
    }
  }

  // ---- Lines

  /** @param {string} line */
  #take(line) {
    this.#sawInterrupt = false;
    if (this.editorMode) {
      this.#buffered += `${line}\n`;
      const indent = this.terminal && this._sawKeyPress ? exec(indentation, line) : null;
      if (indent !== null) this.write(indent[0]);
      return;
    }
    if (this.#endsEditing) {
      this.#endsEditing = false;
      const text = this.#buffered + line;
      this.#buffered = '';
      this.runText(text, true);
      return;
    }
    push(this.#waiting, line);
    if (!this.#isRunning) this.#next();
  }

  #next() {
    while (!this.#isRunning && this.#waiting.length > 0) this.#handle(/** @type {string} */ (shift(this.#waiting)));
  }

  /** @param {string} line */
  #handle(line) {
    if (test(commandLine, line)) {
      const { name, rest } = commandOf(line);
      const command = this.commands[name];
      if (command !== undefined) {
        apply(command.action, this, [rest]);
        return;
      }
      if (this.#buffered === '') {
        this.output.write('Invalid REPL keyword\n');
        this.displayPrompt();
        return;
      }
    }
    this.runText(this.#buffered === '' ? line : this.#buffered + line);
  }

  /** Runs a text as if it was typed. @param {string} text @param {boolean} [isEdited] whether no more lines can come */
  runText(text, isEdited = false) {
    const code = `${text}\n`;
    this.#isRunning = true;
    let isOver = false;
    let wasThrown = false;
    /** @type {(...given: any[]) => void} */
    const finish = (...given) => {
      if (isOver) return;
      isOver = true;
      this.#isRunning = false;
      const { 0: error, 1: value } = given;
      // `throw null` is an error, too.
      const isNothing = error === null || error === undefined;
      const isFailed = !isNothing || (given.length === 1 && wasThrown);
      if (error instanceof Recoverable && !isEdited) {
        this.#buffered = code;
        this.displayPrompt();
        this.#next();
        return;
      }
      const isFirst = this.#buffered === '';
      this.#buffered = '';
      const lines = split(text, '\n');
      for (let index = 0; index < lines.length; index += 1) push(this.lines, lines[index]);
      const failure = error instanceof Recoverable ? error.err : error;
      if (isFailed) {
        if (isFirst && startsWith(trim(text), 'npm ')) this.output.write(npmElsewhere);
        else {
          try {
            this.showError(failure);
          } catch (thrown) {
            // By who listens to the domain.
            this.#failed(thrown);
          }
        }
      } else if (given.length > 1) this.#show(value);
      if (!this.closed) this.displayPrompt();
      this.#next();
    };
    this._domain.enter();
    try {
      this.eval(code, this.context, `REPL${(texts += 1)}`, finish);
    } catch (error) {
      const { domain } = /** @type {any} */ (process);
      if (domain !== undefined && domain !== null && domain !== this._domain) {
        isOver = true;
        this.#isRunning = false;
        domain.emit('error', error);
        domain.exit();
      } else {
        wasThrown = true;
        finish(error);
      }
    } finally {
      this._domain.exit();
    }
  }

  /** @param {any} value */
  #show(value) {
    if (!this.underscoreAssigned) this.last = value;
    if ((value !== undefined || !this.ignoreUndefined) && !this.closed) this.output.write(`${this.writer(value)}\n`);
  }

  /** @param {any} error */
  showError(error) {
    this.#isShowing = true;
    try {
      this._domain.emit('error', error);
    } finally {
      this.#isShowing = false;
    }
  }

  /** What the prompt's domain was told: by the prompt itself, or because nobody caught what was thrown later. @param {any} error */
  #hear(error) {
    if (this.#isShowing) {
      this.#failed(error);
      return;
    }
    if (error?.domainThrown === true) {
      delete error.domain;
      delete error.domainThrown;
    }
    this.uncaught(error);
  }

  /** @param {any} error */
  #failed(error) {
    if (this.isStandalone && process.listenerCount('uncaughtException') > 0) {
      process.emit('uncaughtException', error, 'uncaughtException');
      return;
    }
    withoutOwnFrames(error);
    if (!this.underscoreErrAssigned) this.lastError = error;
    this.output.write(shownError(error, this.writer));
  }

  /** Shows what nobody caught, and goes on. @param {any} error */
  uncaught(error) {
    this.output.write('\n');
    this.#failed(error);
    this.clearBufferedCommand();
    if (!this.closed) this.displayPrompt();
  }

  // ---- Running

  /** @param {string} code @param {string} file @param {boolean} breaks */
  #run(code, file, breaks) {
    const options = {
      filename: file,
      breakOnSigint: breaks,
      displayErrors: false,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    };
    if (this.useGlobal) return vm.runInThisContext(code, options);
    return vm.runInContext(code, this.context, options);
  }

  /** @param {string} code @param {string} file @param {(...given: any[]) => void} done */
  #evaluate(code, file, done) {
    if (code === '\n') {
      done(null);
      return;
    }
    let text = asExpression(code);
    const awaiting = promptScript(text);
    if (awaiting !== undefined) {
      this.#note(text);
      this.#await(awaiting, file, done);
      return;
    }
    const mistake = shownMistake(text, file);
    if (mistake !== undefined) {
      done(isRecoverable(text) ? new Recoverable(mistake) : mistake);
      return;
    }
    if (this.replMode === REPL_MODE_STRICT) text = `'use strict'; void 0;\n${text}`;
    const isRaw = this.#leaveRaw();
    let value;
    try {
      value = this.#run(text, file, this.breakEvalOnSigint);
    } finally {
      this.#note(text);
      if (isRaw) this.#enterRaw();
    }
    done(null, value);
  }

  /** Remembers the names that a text may have made. @param {string} text */
  #note(text) {
    for (let rest = text, found = exec(declarations, rest); found !== null; found = exec(declarations, rest)) {
      if (!includes(this.names, found[1])) push(this.names, found[1]);
      rest = slice(rest, found.index + found[0].length);
    }
  }

  /** @param {string} script @param {string} file @param {(...given: any[]) => void} done */
  async #await(script, file, done) {
    let settled;
    try {
      settled = await this.#orInterrupt(this.#run(script, file, this.breakEvalOnSigint));
    } catch (error) {
      done(error ?? new Error(`${error}`));
      return;
    }
    done(null, settled?.value);
  }

  /** What is waited for, until Ctrl-C. @param {any} promise @returns {Promise<{ value: any } | undefined>} */
  async #orInterrupt(promise) {
    const { promise: first, resolve, reject } = withResolvers();
    const stop = () => reject(nodeError(Error, 'ERR_SCRIPT_EXECUTION_INTERRUPTED', 'Script execution was interrupted by `SIGINT`'));
    this.#stopWaiting = stop;
    // While the terminal hands on each key, Ctrl-C is one; otherwise it is a signal.
    if (this.breakEvalOnSigint) process.on('SIGINT', stop);
    const relay = async () => {
      try {
        resolve(await promise);
      } catch (error) {
        reject(error);
      }
    };
    relay();
    try {
      return await first;
    } finally {
      this.#stopWaiting = undefined;
      process.removeListener('SIGINT', stop);
    }
  }

  /** Ctrl-C is a signal only while the terminal does not hand on each key. */
  #leaveRaw() {
    if (!this.breakEvalOnSigint || !this.terminal || typeof this.input.setRawMode !== 'function') return false;
    this.input.setRawMode(false);
    return true;
  }
  #enterRaw() {
    if (!this.closed) this.input.setRawMode(true);
  }

  #interrupted() {
    if (this.#stopWaiting !== undefined) {
      this.#stopWaiting();
      return;
    }
    const isEmpty = /** @type {string} */ (this.line).length === 0;
    this.clearLine();
    this.editorMode = false;
    if (this.#buffered === '' && isEmpty) {
      if (this.#sawInterrupt) {
        this.#sawInterrupt = false;
        this.close();
        return;
      }
      this.output.write('(To exit, press Ctrl+C again or Ctrl+D or type .exit)\n');
      this.#sawInterrupt = true;
    } else this.#sawInterrupt = false;
    this.clearBufferedCommand();
    this.displayPrompt();
  }

  /** What runs still may show something; then it is over. */
  #leave() {
    this.editorMode = false;
    if (!this.#isRunning) {
      nextTick(emitExit, this);
      return;
    }
    const wait = () => {
      if (this.#isRunning) setTimeout(wait, 1);
      else emitExit(this);
    };
    wait();
  }

  // ---- What programs call

  /** @param {any} text @param {any} key */
  _ttyWrite(text, key) {
    const { ctrl, name, shift: shifted } = key ?? {};
    if (!this.editorMode || !this.terminal) {
      if (this.terminal && this.#takeKey(text, key ?? {})) return;
      if (ctrl && name === 'd' && this.cursor === 0 && this.line.length === 0) this.clearLine();
      super._ttyWrite(text, key);
      return;
    }
    if (ctrl && !shifted && name === 'd') {
      this.editorMode = false;
      this.#endsEditing = true;
      super._ttyWrite(text, { name: 'return' });
      return;
    }
    // The lines above are not there to be edited again.
    if ((ctrl && (name === 'n' || name === 'p')) || (!ctrl && (name === 'up' || name === 'down'))) return;
    super._ttyWrite(text, key);
  }

  /** Keys of a prompt that are none of a line's: for searching the history, and for the name that is shown. @param {any} text @param {any} key */
  #takeKey(text, key) {
    const { ctrl, name } = key;
    this._hideAside();
    const rest = this.#rest;
    this.#rest = '';
    if (this.#search !== undefined) return this.#searchKey(this.#search, text, key);
    if (ctrl && (name === 'r' || name === 's')) {
      this.#search = new HistorySearch(this, name === 'r' ? 1 : -1);
      this._showAside('', this.#search.label);
      return true;
    }
    this.#previewSoon();
    if (rest === '' || this.cursor !== this.line.length || (ctrl ? name !== 'f' : name !== 'right' && name !== 'end')) return false;
    super._ttyWrite(rest, {});
    return true;
  }

  /** @param {InstanceType<typeof HistorySearch>} search @param {any} text @param {any} key whether it is the search's */
  #searchKey(search, text, key) {
    const { ctrl, meta, name } = key;
    let isOver = false;
    if (ctrl && (name === 'r' || name === 's')) {
      search.direction = name === 'r' ? 1 : -1;
      search.find(this, false);
    } else if (name === 'backspace') {
      search.text = slice(search.text, 0, -1);
      search.find(this, true);
    } else if (name === 'escape' || (ctrl && (name === 'c' || name === 'g'))) {
      search.cancel(this);
      isOver = true;
    } else if (!ctrl && !meta && typeof text === 'string' && text !== '' && !test(controls, text)) {
      search.text += text;
      search.find(this, true);
    } else {
      // A key of the line, which is the one that was found.
      this.#search = undefined;
      this._refreshLine();
      return false;
    }
    this._refreshLine();
    if (isOver) this.#search = undefined;
    else this._showAside('', search.label);
    return true;
  }

  /** Once all keys that came together were taken. */
  #previewSoon() {
    if (!this.#previews || this.#isPreviewing) return;
    this.#isPreviewing = true;
    setImmediate(() => {
      this.#isPreviewing = false;
      if (this.closed || this.#isRunning || this.editorMode || this.#search !== undefined || this.#buffered !== '') return;
      const { behind, below, rest } = previewOf(this);
      this.#rest = rest;
      this._hideAside();
      this._showAside(behind, below);
    });
  }

  /** @param {boolean} [preserveCursor] */
  displayPrompt(preserveCursor) {
    // The lines of one text are one entry of the history.
    this._joinsHistory = this.#buffered !== '';
    if (this.closed || this.editorMode) return;
    const usual = this.getPrompt();
    if (this.#buffered === '') {
      this.prompt(preserveCursor);
      return;
    }
    this.setPrompt('| ');
    this.prompt(preserveCursor);
    this.setPrompt(usual);
  }

  clearBufferedCommand() {
    this.#buffered = '';
  }

  /** @param {string} keyword @param {any} command */
  defineCommand(keyword, command) {
    let given = command;
    if (typeof given === 'function') given = { action: given };
    else if (typeof given?.action !== 'function') throw invalidValue('cmd.action', given?.action, 'must be a function');
    this.commands[keyword] = given;
  }

  beginEditor() {
    this.editorMode = true;
    this.output.write('// Entering editor mode (Ctrl+D to finish, Ctrl+C to cancel)\n');
  }

  /** Runs what stands in a file, which is shown as if it was typed. @param {string} text */
  runFile(text) {
    this.editorMode = true;
    this._sawKeyPress = false;
    this.write(text);
    this.editorMode = false;
    this.#endsEditing = true;
    this.write('\n');
  }

  /** @param {any} path a file, or options with one @param {(error: any, repl: any) => void} [ready] */
  setupHistory(path, ready = () => {}) {
    const isOptions = typeof path === 'object' && path !== null;
    if (isOptions && path.size !== undefined) this.historySize = path.size;
    keepHistory(this, (isOptions ? path.filePath : path) ?? '', isOptions ? (path.onHistoryFileLoaded ?? ready) : ready);
  }

  /** @param {...any} given */
  complete(...given) {
    const { 0: line, 1: done } = given;
    if (this.completer.length === 2) return this.completer(line, done);
    const result = this.completer(line);
    done?.(null, result);
    return result;
  }
}

/** @param {REPLServer} repl */
function emitExit(repl) {
  closed(repl);
  repl.emit('exit');
}

const streamsAreDeprecated = 'repl.inputStream and repl.outputStream are deprecated. Use repl.input and repl.output instead';
const npmElsewhere = 'npm should be run outside of the Node.js REPL, in your normal shell.\n(Press Ctrl+D to exit.)\n';

/** @param {...any} given */
function start(...given) {
  return new REPLServer(given[0], given[1], given[2], given[3], given[4], given[5]);
}

/** @param {string} code */
function isValidSyntax(code) {
  return shownMistake(code, 'repl') === undefined || promptScript(code) !== undefined;
}

module.exports = {
  start,
  writer,
  REPLServer,
  REPL_MODE_SLOPPY,
  REPL_MODE_STRICT,
  Recoverable,
  isValidSyntax,
};
// How the command starts its prompt in a Python process.
defineProperty(module.exports, symbolFor('twinloop.prompt'), { value: () => loadCommand().main(module.exports) });
defineProperty(module.exports, 'builtinModules', {
  get() {
    deprecated('DEP0191', 'repl.builtinModules is deprecated. Check module.builtinModules instead');
    return builtinModules();
  },
  enumerable: true,
  configurable: true,
});
defineProperty(module.exports, '_builtinLibs', {
  get() {
    deprecated('DEP0142', 'repl._builtinLibs is deprecated. Check module.builtinModules instead');
    return builtinModules();
  },
  enumerable: true,
  configurable: true,
});
