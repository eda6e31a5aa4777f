// The cases of this folder in JavaScript: README.md says what steps and values mean.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { deepEqual, run, test } from '../js/harness.mjs';

const FOLDER = path.join(import.meta.dirname, 'cases');
const ADDRESSES = JSON.parse(process.env.FIXTURES);

/** What ends a task that is cancelled. */
class Cancelled extends Error {
  name = 'cancelled';
}

/** One run of a case. */
class Run {
  log = [];
  #names = new Map();
  #marks = new Map();
  #timers = new Map();
  #tasks = new Map();
  #queues = new Map();
  #texts;

  constructor(folder) {
    this.#texts = { ...ADDRESSES, folder };
  }

  /** Runs steps for a task, whose `task.signal` is aborted to cancel it, or for a timer. */
  async steps(steps, task) {
    for (const step of steps) await this.#step(step, task);
  }

  async #step([kind, ...rest], task) {
    switch (kind) {
      case 'log':
        this.log.push(await this.#value(rest[0], task));
        break;
      case 'let':
        this.#names.set(rest[0], await this.#value(rest[1], task));
        break;
      case 'do':
        await this.#value(rest[0], task);
        break;
      case 'sleep':
        await unlessCancelled(task, (resolve) => setTimeout(resolve, rest[0]), clearTimeout);
        break;
      case 'mark':
        this.#marks.set(rest[0], performance.now());
        break;
      case 'timer': {
        const [name, delay, ...steps] = rest;
        this.#timers.set(
          name,
          setTimeout(() => this.steps(steps, task), delay),
        );
        break;
      }
      case 'clear':
        clearTimeout(this.#timers.get(rest[0]));
        break;
      case 'task': {
        const [name, ...steps] = rest;
        const controller = new AbortController();
        const begun = this.steps(steps, controller);
        // Who joins it gets its error; until then it is nobody's.
        begun.catch(() => {});
        this.#tasks.set(name, { controller, begun });
        break;
      }
      case 'cancel':
        this.#tasks.get(rest[0]).controller.abort(new Cancelled());
        break;
      case 'join':
        await this.#tasks.get(rest[0]).begun;
        break;
      case 'try':
        try {
          await this.steps(rest[0], task);
        } catch (error) {
          this.#names.set('error', error);
          await this.steps(rest[1], uncancelled(task));
        }
        break;
      case 'finally':
        try {
          await this.steps(rest[0], task);
        } finally {
          await this.steps(rest[1], uncancelled(task));
        }
        break;
      case 'listen': {
        const [name, target, type] = rest;
        if (!this.#queues.has(name)) this.#queues.set(name, new Queue());
        const queue = this.#queues.get(name);
        this.#at(target).addEventListener(type, (event) => queue.put(event));
        break;
      }
      default:
        throw new Error(`unknown step: ${kind}`);
    }
  }

  async #value(value, task) {
    if (typeof value === 'string') {
      return value.replace(/\{(\w+)\}/g, (_, name) => this.#texts[name]);
    }
    if (value === null || typeof value !== 'object') return value;
    if ('is' in value) return this.#at(value.is);
    if ('call' in value) {
      const words = await this.#values(value.with, task);
      const [owner, name] = this.#place(value.call);
      return box(owner[name](...words));
    }
    if ('new' in value) return new (this.#at(value.new))(...(await this.#values(value.with, task)));
    if ('await' in value) {
      const promise = unbox(await this.#value(value.await, task));
      return await unlessCancelled(task, (resolve, reject) => promise.then(resolve, reject));
    }
    if ('next' in value) return await this.#queues.get(value.next).next();
    if ('object' in value) {
      const entries = Object.entries(value.object).map(async ([name, inner]) => [name, await this.#value(inner, task)]);
      return Object.fromEntries(await Promise.all(entries));
    }
    if ('import' in value) return box(import(value.import));
    if ('elapsed' in value) return performance.now() - this.#marks.get(value.elapsed) >= value.at_least;
    if ('error' in value) return this.#names.get('error')[value.error];
    throw new Error(`unknown value: ${JSON.stringify(value)}`);
  }

  async #values(values = [], task) {
    const made = [];
    for (const value of values) made.push(await this.#value(value, task));
    return made;
  }

  /** What a path leads to. */
  #at(text) {
    const [owner, name] = this.#place(text);
    return name === undefined ? owner : owner[name];
  }

  /** The owner of what a path leads to, and its name there; a variable alone has no owner. */
  #place(text) {
    const words = text.split('.');
    if (words.length === 1 && this.#names.has(text)) return [this.#names.get(text), undefined];
    let owner = this.#names.has(words[0]) ? this.#names.get(words.shift()) : globalThis;
    while (words.length > 1) owner = owner[words.shift()];
    return [owner, words[0]];
  }
}

// Promises are carried in a box: an async function that returns one would wait for it.
const box = (value) => (typeof value?.then === 'function' ? { boxed: value } : value);
const unbox = (value) => value.boxed;

/** A promise that a cancelled task does not wait for any more. */
function unlessCancelled(task, begin, undo = () => {}) {
  const { signal } = task;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const begun = begin(resolve, reject);
    signal.addEventListener(
      'abort',
      () => {
        undo(begun);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}

/** A task is cancelled once: what it does about it is not. */
const uncancelled = (task) => (task.signal.aborted ? new AbortController() : task);

class Queue {
  #events = [];
  #waiting = [];

  put(event) {
    const next = this.#waiting.shift();
    if (next === undefined) this.#events.push(event);
    else next(event);
  }

  next() {
    if (this.#events.length > 0) return this.#events.shift();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

for (const file of (await readdir(FOLDER)).sort()) {
  for (const { case: name, steps, log } of JSON.parse(await readFile(path.join(FOLDER, file), 'utf8'))) {
    test(`${path.basename(file, '.json')}: ${name}`, async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'twinloop-both-'));
      try {
        const begun = new Run(folder);
        await begun.steps(steps, new AbortController());
        deepEqual(begun.log, log);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
}

await run();
