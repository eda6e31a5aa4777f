// An isolated context from the inside: code that somebody else wrote, in a thread whose heap, permissions, globals and modules are limited. It
// reaches nothing but what was given by name: values, and functions of the host, which are asked by messages.
//
// The thread calls `start` and `ready`, as for a worker. What the code may send without an answer is bounded here, in functions that it
// cannot change: `Credit`.
'use strict';

const { Map, apply, create, defineProperty, join, keys, map, mapDelete, mapGet, mapSet, slice, split } = require('builtins/primordials');
const { mapSize, resolve, then, withResolvers } = require('builtins/primordials');
const { Copying, describe } = require('node/isolation/values');
const { readMessage, writeMessage } = require('web/html/message');
const { clearTimeout: stopTimer, setInterval: startInterval, setTimeout: startTimer } = require('web/html/timers');
const { listen } = require('web/messaging/port');
const { contextClose, evaluateScript, portPost, portReference, promptScript, threadSetFail, threadSetup } = ops;
const { formatArguments } = require('builtins/inspect/format');

/** @type {any} */
const global = globalThis;
// The language's own, whatever a program makes of the globals later.
const { Error: OwnError, RangeError: OwnRangeError, TypeError: OwnTypeError } = globalThis;

/**
 * @typedef {object} Setup
 * @property {string[]} globals the names of those that are there
 * @property {Record<string, string>} sources modules by their names
 * @property {string[]} modules names of modules that are found as ever
 * @property {string[]} functions names of the host's functions
 * @property {Record<string, any>} values
 * @property {number} limit how many bytes a value may have that leaves
 */

const given = threadSetup();
const messages = given[1];
/** @type {Setup} */
const setup = readMessage(given[0]).value;

/** What the host has not dealt with yet. */
const credit = { calls: 0, bytes: 0, lines: 0, lost: 0 };
const mostCalls = 1000;
const mostLineBytes = 1 << 20;

/** @param {any} value */
function send(value) {
  portPost(messages, writeMessage(value));
}

// ---- functions of the host

/** Answers that the code waits for, by number. @type {Map<number, PromiseWithResolvers<any>>} */
const waiting = new Map();
let lastCall = 0;

/** @param {string} name */
function hostFunction(name) {
  const called = {
    /** @param {any[]} values */
    async [name](...values) {
      if (credit.calls >= mostCalls) throw new OwnRangeError(`${mostCalls} calls of the host wait for their answer`);
      const copying = new Copying(setup.limit - credit.bytes);
      const copied = map(values, (value, index) => copying.copy(value, `argument ${index + 1} of ${name}`));
      const number = ++lastCall;
      const answer = withResolvers();
      mapSet(waiting, number, answer);
      credit.calls += 1;
      credit.bytes += copying.cost;
      send({ kind: 'ask', number, name, values: copied, cost: copying.cost });
      return await answer.promise;
    },
  };
  return called[name];
}

/** @param {{ number: number, cost: number, error: { name: string, message: string } | undefined, value: any }} told */
function answered(told) {
  const answer = mapGet(waiting, told.number);
  mapDelete(waiting, told.number);
  credit.calls -= 1;
  credit.bytes -= told.cost;
  if (answer === undefined) return;
  if (told.error === undefined) return answer.resolve(told.value);
  const error = new OwnError(told.error.message);
  hide(error, 'name', told.error.name);
  answer.reject(error);
}

// ---- console

/** @param {string} level */
function writer(level) {
  /** @param {any[]} values */
  return (...values) => {
    if (credit.lines >= mostLineBytes) {
      credit.lost += 1;
      return;
    }
    say(level, formatArguments({ colors: false }, values));
  };
}

/** @param {string} level @param {string} text */
function say(level, text) {
  const shown = text.length > mostLineBytes ? `${slice(text, 0, mostLineBytes)}...` : text;
  const cost = shown.length + 64;
  credit.lines += cost;
  send({ kind: 'console', level, text: shown, cost });
}

/** The host has dealt with a line. @param {number} cost */
function seen(cost) {
  credit.lines -= cost;
  if (credit.lost === 0) return;
  const { lost } = credit;
  credit.lost = 0;
  say('warn', `${lost} lines of the console were lost: there were more than the host could take`);
}

// ---- timers and microtasks, of which the queues are not in the heap that is limited

/** Timers that wait, by their numbers. @type {Map<number, any>} */
const timers = new Map();
let lastTimer = 0;
const mostTimers = 10_000;

/** @param {boolean} repeats */
function timerFunction(repeats) {
  /** @param {any} callback @param {any} [delay] @param {any[]} given */
  return (callback, delay = 0, ...given) => {
    if (typeof callback !== 'function') throw new OwnTypeError('a timer calls a function');
    if (mapSize(timers) >= mostTimers) throw new OwnRangeError(`${mostTimers} timers wait`);
    const number = ++lastTimer;
    const due = () => {
      if (!repeats) mapDelete(timers, number);
      apply(callback, undefined, given);
    };
    mapSet(timers, number, repeats ? startInterval(due, delay) : startTimer(due, delay));
    return number;
  };
}

/** @param {any} number */
function clearTimer(number) {
  const timer = mapGet(timers, number);
  if (timer === undefined) return;
  mapDelete(timers, number);
  stopTimer(timer);
}

/** A job of a promise is an object of the heap. @param {any} callback */
function queueMicrotask(callback) {
  if (typeof callback !== 'function') throw new OwnTypeError('queueMicrotask: 1 function required');
  void then(resolve(undefined), () => callback());
}

// ---- what the code finds

/** @param {any} object @param {string} name @param {any} value */
function hide(object, name, value) {
  defineProperty(object, name, /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: false, configurable: true }));
}

/** @type {any} */
const console = {};
const levels = ['debug', 'error', 'info', 'log', 'trace', 'warn'];
for (let i = 0; i < levels.length; i += 1) console[levels[i]] = writer(levels[i] === 'log' ? 'info' : levels[i]);
const outside = contextClose(setup.globals, setup.sources, setup.modules);
for (let i = 0; i < outside.length; i += 1) delete global[outside[i]];
hide(global, 'console', console);
hide(global, 'setTimeout', timerFunction(false));
hide(global, 'setInterval', timerFunction(true));
hide(global, 'clearTimeout', clearTimer);
hide(global, 'clearInterval', clearTimer);
hide(global, 'queueMicrotask', queueMicrotask);
const names = keys(setup.values);
for (let i = 0; i < names.length; i += 1) hide(global, names[i], setup.values[names[i]]);
for (let i = 0; i < setup.functions.length; i += 1) {
  // `tools.search` is a function of an object.
  const path = split(setup.functions[i], '.');
  let object = global;
  for (let j = 0; j < path.length - 1; j += 1) {
    if (object[path[j]] === undefined) hide(object, path[j], {});
    object = object[path[j]];
  }
  hide(object, path[path.length - 1], hostFunction(setup.functions[i]));
}

// ---- what the host asks for

/** The value of a script's last statement, also of one that awaits. @param {string} code */
async function evaluated(code) {
  const script = promptScript(code);
  if (script === undefined) return evaluateScript(code, '<context>');
  return (await evaluateScript(script, '<context>'))?.value;
}

/** @param {string} name @param {any[]} values */
function called(name, values) {
  const path = split(name, '.');
  // Classes, `let` and `const` are no properties of the global object.
  const holder = path.length === 1 ? undefined : evaluateScript(join(arrayWithoutLast(path), '.'), '<context>');
  const target = path.length === 1 ? evaluateScript(name, '<context>') : holder?.[path[path.length - 1]];
  if (typeof target !== 'function') throw new OwnError(`the context has no function ${name}`);
  return apply(target, holder, values);
}

/** @param {string[]} path */
function arrayWithoutLast(path) {
  /** @type {string[]} */
  const rest = [];
  for (let i = 0; i < path.length - 1; i += 1) rest[i] = path[i];
  return rest;
}

/** @param {number} number @param {() => any} work */
async function run(number, work) {
  let answer;
  try {
    const value = await work();
    answer = { kind: 'done', number, value: new Copying(setup.limit).copy(value, '') };
  } catch (error) {
    answer = { kind: 'failed', number, error: describe(error) };
  }
  send(answer);
}

/** @type {Record<string, (told: any) => void>} */
const heard = /** @type {any} */ (create(null));
heard.run = (told) => void run(told.number, () => evaluated(told.code));
heard.call = (told) => void run(told.number, () => called(told.name, told.values));
heard.answer = answered;
heard.seen = (told) => seen(told.cost);

const receiver = {
  /** @param {NativeMessage} message */
  receive(message) {
    const told = readMessage(message).value;
    heard[told.kind](told);
  },
  ended() {},
};

// What nobody handles is told and ends nothing.
threadSetFail((error) => {
  const { name, message } = describe(error);
  if (credit.lines < mostLineBytes) say('error', `Uncaught ${name === '' ? message : `${name}: ${message}`}`);
  return true;
});

/** There is no program: the host sends its parts. @returns {[kind: string, text: string, url?: string]} */
function start() {
  return ['script', '', '<context>'];
}

function ready() {
  listen(messages, receiver);
  portReference(messages, true);
}

module.exports = { ready, start };
