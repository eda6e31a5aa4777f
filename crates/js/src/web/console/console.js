// `console` (https://console.spec.whatwg.org/), in Node's formatting. Strings and plain numbers, which is most of what programs
// print, are written from here; anything else loads `format` and `inspect`. Every call is one synchronous write, so that output
// keeps its order with that of other writers and nothing is lost when the process ends.
'use strict';

const {
  assign,
  create,
  defineProperty,
  filter,
  forEach,
  join,
  keys,
  regExp,
  replaceAll,
  slice,
  split,
  stringIncludes,
  test,
  unshift,
} = require('builtins/primordials');
const { builtinExports, hasColors: terminalHasColors, isTerminal, writeOutput } = ops;
const loadFormat = () => require('builtins/inspect/format');
const loadInspect = () => require('builtins/inspect/inspect');
const loadOwnFrames = () => require('builtins/own_frames');
const loadTable = () => require('web/console/table');
const loadCounters = () => require('web/console/counters');
const stdout = 1;
const stderr = 2;
let indentation = '';
// By descriptor: what a program put in the place of `process.stdout.write`, to see or hide what is printed.
/** @type {(((text: string) => void) | undefined)[]} */
const redirections = [undefined, undefined, undefined];
/** @type {(boolean | undefined)[]} */
const coloured = [undefined, undefined, undefined];

/** @typedef {1 | 2} Output */

/** @param {Output} descriptor */
function hasColors(descriptor) {
  return (coloured[descriptor] ??= terminalHasColors(descriptor));
}

/** @param {Output} descriptor @param {any[]} args */
function print(descriptor, args) {
  const text = quickText(args) ?? loadFormat().formatArguments({ colors: hasColors(descriptor) }, args);
  write(descriptor, text);
}

/** @param {Output} descriptor @param {string} text */
function write(descriptor, text) {
  if (indentation !== '') text = indentation + replaceAll(text, '\n', `\n${indentation}`);
  writeWhole(descriptor, `${text}\n`);
}

/** To the descriptor, or to what a program put in the place of its stream's `write`. @param {Output} descriptor @param {string} text */
function writeWhole(descriptor, text) {
  const redirection = redirections[descriptor];
  if (redirection === undefined) writeOutput(descriptor, text);
  else redirection(text);
}

/** @param {Output} descriptor @param {((text: string) => void) | undefined} write */
function redirect(descriptor, write) {
  redirections[descriptor] = write;
}

/** The text when every argument is a string, and none a template; undefined when formatting is needed. @param {any[]} args */
function quickText(args) {
  const first = args[0];
  if (args.length === 1) return typeof first === 'string' ? first : undefined;
  if (args.length === 0) return '';
  if (typeof first !== 'string' || stringIncludes(first, '%')) return undefined;
  for (let index = 1; index < args.length; index += 1) if (typeof args[index] !== 'string') return undefined;
  return join(args, ' ');
}

/** Told of what is printed, before it is: `node:diagnostics_channel`, once it is loaded. @type {((method: string, args: any[]) => void) | undefined} */
let teller;

/** @param {(method: string, args: any[]) => void} tell */
function setTeller(tell) {
  teller = tell;
}

const console = create({});

/** @type {Record<string, (...args: any[]) => void>} */
const methods = {
  log(...args) {
    if (teller !== undefined) teller('log', args);
    print(stdout, args);
  },
  warn(...args) {
    if (teller !== undefined) teller('warn', args);
    print(stderr, args);
  },
  error(...args) {
    if (teller !== undefined) teller('error', args);
    print(stderr, args);
  },
  info(...args) {
    if (teller !== undefined) teller('info', args);
    print(stdout, args);
  },
  debug(...args) {
    if (teller !== undefined) teller('debug', args);
    print(stdout, args);
  },
  dir(value = undefined, options = undefined) {
    const { inspect } = loadInspect();
    write(stdout, inspect(value, assign({ customInspect: false, colors: hasColors(stdout) }, options)));
  },
  dirxml(...args) {
    print(stdout, args);
  },
  trace(...args) {
    write(stderr, traceText(loadFormat().formatArguments(undefined, args)));
  },
  assert(condition = false, ...args) {
    if (condition) return;
    if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`;
    else unshift(args, 'Assertion failed');
    print(stderr, args);
  },
  group(...labels) {
    if (labels.length > 0) print(stdout, labels);
    indentation += '  ';
  },
  groupCollapsed(...labels) {
    if (labels.length > 0) print(stdout, labels);
    indentation += '  ';
  },
  groupEnd() {
    indentation = slice(indentation, 0, indentation.length < 2 ? 0 : indentation.length - 2);
  },
  table(data = undefined, columns = undefined) {
    if (typeof data !== 'object' || data === null) print(stdout, [data]);
    else write(stdout, loadTable()(data, columns));
  },
  count(label = 'default') {
    write(stdout, ownCounters().count(`${label}`));
  },
  countReset(label = 'default') {
    warnUnless(ownCounters().countReset(`${label}`));
  },
  time(label = 'default') {
    warnUnless(ownCounters().time(`${label}`));
  },
  timeLog(label = 'default', ...args) {
    const { text, warning } = ownCounters().elapsed(`${label}`);
    if (warning !== undefined) warnUnless(warning);
    else print(stdout, labelled(text ?? '', args));
  },
  timeEnd(label = 'default') {
    const { text, warning } = ownCounters().elapsed(`${label}`, true);
    if (warning !== undefined) warnUnless(warning);
    else write(stdout, text ?? '');
  },
  clear() {
    // As Node: only a terminal has something to clear.
    const isSeen = redirections[stdout] === undefined ? isTerminal(stdout) : /** @type {any} */ (console)._stdout.isTTY;
    if (isSeen) writeWhole(stdout, '\u001b[1;1H\u001b[0J');
  },
  timeStamp() {},
  profile() {},
  profileEnd() {},
};

/** @param {string} text @param {any[]} args */
function labelled(text, args) {
  unshift(args, '%s', text);
  return args;
}

/** @type {ReturnType<ReturnType<typeof loadCounters>['makeCounters']> | undefined} */
let counters;
const ownCounters = () => (counters ??= loadCounters().makeCounters());

/** As `process.emitWarning` does. @param {string | undefined} warning */
function warnUnless(warning) {
  if (warning !== undefined) builtinExports('node:process').emitWarning(warning);
}

const frameLine = regExp(/^\s+at /);

/** The frames of the program under a header of our own. @param {string} message */
function traceText(message) {
  const { isOwnFrame } = loadOwnFrames();
  const frames = filter(split(`${new Error(message).stack}`, '\n'), (line) => test(frameLine, line) && !isOwnFrame(line));
  unshift(frames, `Trace${message === '' ? '' : `: ${message}`}`);
  return join(frames, '\n');
}

// What V8's consoles have (https://developer.chrome.com/docs/devtools/console/api), without a tool that looks.
const quiet = {
  /** A console of its own for a part of a program. @param {any} [_name] */
  context(_name = undefined) {
    return assign({}, methods);
  },
  /** @param {any} name */
  createTask(name = undefined) {
    if (name === undefined || `${name}` === '') throw new Error('First argument must be a non-empty string.');
    return {
      /** @template T @param {() => T} f @returns {T} */
      run(f) {
        if (typeof f !== 'function') throw new Error('First argument must be a function.');
        return f();
      },
    };
  },
};
forEach([methods, /** @type {any} */ (quiet)], (group) => {
  forEach(keys(group), (name) => {
    defineProperty(console, name, { value: group[name], writable: true, enumerable: true, configurable: true });
  });
});
// Node's class, and the streams of this console: they are above, and made when somebody asks.
defineProperty(console, 'Console', {
  get: () => builtinExports('node:console').Console,
  set(value) {
    defineProperty(console, 'Console', { value, writable: true, enumerable: true, configurable: true });
  },
  enumerable: true,
  configurable: true,
});
forEach(['_stdout', '_stderr'], (name) => {
  defineProperty(console, name, {
    get: () => builtinExports('node:process')[slice(name, 1)],
    set(value) {
      defineProperty(console, name, { value, writable: true, configurable: true });
      redirect(name === '_stdout' ? stdout : stderr, (text) => value.write(text));
    },
    configurable: true,
  });
});
defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });
module.exports = { console, redirect, setTeller, writeWhole };
