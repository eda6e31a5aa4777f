// `console` (https://console.spec.whatwg.org/), in Node's formatting. Strings and plain numbers, which is most of what programs
// print, are written from here; anything else loads `format` and `inspect`. Every call is one synchronous write, so that output
// keeps its order with that of other writers and nothing is lost when the process ends.
'use strict';

const { hasColors: terminalHasColors, isTerminal, writeOutput } = ops;
const loadFormat = () => require('builtins/inspect/format');
const loadInspect = () => require('builtins/inspect/inspect');
const loadTable = () => require('web/console/table');
const loadCounters = () => require('web/console/counters');
const stdout = 1;
const stderr = 2;
let indentation = '';
// By descriptor: what a program put in the place of `process.stdout.write`, to see or hide what is printed.
const redirections = [];
const coloured = [undefined, undefined, undefined];

function hasColors(descriptor) {
  return (coloured[descriptor] ??= terminalHasColors(descriptor));
}

function print(descriptor, args) {
  const text = quickText(args) ?? loadFormat().formatArguments({ colors: hasColors(descriptor) }, args);
  write(descriptor, text);
}

function write(descriptor, text) {
  if (indentation !== '') text = indentation + text.replaceAll('\n', `\n${indentation}`);
  const redirection = redirections[descriptor];
  if (redirection === undefined) writeOutput(descriptor, `${text}\n`);
  else redirection(`${text}\n`);
}

function redirect(descriptor, write) {
  redirections[descriptor] = write;
}

/** The text when every argument is a string, and none a template; undefined when formatting is needed. */
function quickText(args) {
  const [first] = args;
  if (args.length === 1) return typeof first === 'string' ? first : undefined;
  if (args.length === 0) return '';
  if (typeof first !== 'string' || first.includes('%')) return undefined;
  for (let index = 1; index < args.length; index += 1) if (typeof args[index] !== 'string') return undefined;
  return args.join(' ');
}

const console = Object.create({});

const methods = {
  log(...args) {
    print(stdout, args);
  },
  warn(...args) {
    print(stderr, args);
  },
  error(...args) {
    print(stderr, args);
  },
  info(...args) {
    print(stdout, args);
  },
  debug(...args) {
    print(stdout, args);
  },
  dir(value, options) {
    const { inspect } = loadInspect();
    write(stdout, inspect(value, { customInspect: false, colors: hasColors(stdout), ...options }));
  },
  dirxml(...args) {
    print(stdout, args);
  },
  trace(...args) {
    const holder = { name: 'Trace', message: loadFormat().format(...args) };
    Error.captureStackTrace(holder, methods.trace);
    write(stderr, traceText(holder));
  },
  assert(condition, ...args) {
    if (condition) return;
    if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`;
    else args.unshift('Assertion failed');
    print(stderr, args);
  },
  group(...labels) {
    if (labels.length > 0) print(stdout, labels);
    indentation += '  ';
  },
  groupCollapsed(...labels) {
    methods.group(...labels);
  },
  groupEnd() {
    indentation = indentation.slice(0, -2);
  },
  table(data, columns) {
    if (typeof data !== 'object' || data === null) print(stdout, [data]);
    else write(stdout, loadTable()(data, columns));
  },
  count(label = 'default') {
    write(stdout, loadCounters().count(`${label}`));
  },
  countReset(label = 'default') {
    warnUnless(loadCounters().countReset(`${label}`));
  },
  time(label = 'default') {
    warnUnless(loadCounters().time(`${label}`));
  },
  timeLog(label = 'default', ...args) {
    const { text, warning } = loadCounters().elapsed(`${label}`);
    if (warning !== undefined) warnUnless(warning);
    else print(stdout, ['%s', text, ...args]);
  },
  timeEnd(label = 'default') {
    const { text, warning } = loadCounters().elapsed(`${label}`, true);
    if (warning !== undefined) warnUnless(warning);
    else write(stdout, text);
  },
  clear() {
    // As Node: only a terminal has something to clear.
    if (isTerminal(stdout)) writeOutput(stdout, '\u001b[1;1H\u001b[0J');
  },
  timeStamp() {},
  profile() {},
  profileEnd() {},
};

function warnUnless(warning) {
  if (warning !== undefined) write(stderr, warning);
}

function traceText({ message, stack }) {
  // The frames of the engine, under a header of our own.
  const frames = String(stack)
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  return [`Trace${message === '' ? '' : `: ${message}`}`, ...frames].join('\n');
}

for (const name of Object.keys(methods)) {
  Object.defineProperty(console, name, { value: methods[name], writable: true, enumerable: true, configurable: true });
}
Object.defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });
module.exports = { console, redirect };
