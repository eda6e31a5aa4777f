// V8's interface to stacks: Error.captureStackTrace, prepareStackTrace and stackTraceLimit.
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test, run, equal, match, throws } from '../harness.mjs';

const firstLine = (stack) => stack.split('\n')[0];

/** Calls `body` with `Error.prepareStackTrace` set. */
function preparing(prepare, body) {
  Error.prepareStackTrace = prepare;
  try {
    return body();
  } finally {
    Error.prepareStackTrace = undefined;
  }
}

// It left the message out, and every error class that calls it lost its own.
test('captureStackTrace gives a stack with name and message', () => {
  class HttpError extends Error {
    constructor(message) {
      super(message);
      this.name = 'HttpError';
      Error.captureStackTrace(this, HttpError);
    }
  }
  const error = new HttpError('no such page');
  equal(firstLine(error.stack), 'HttpError: no such page');
  equal(Object.keys(error).join(), 'name');
  const plain = {};
  Error.captureStackTrace(plain);
  equal(firstLine(plain.stack), 'Error');
});

test('a captured stack has the name and message of when it is first read, and stays as it is', () => {
  const late = {};
  Error.captureStackTrace(late);
  late.name = 'Late';
  late.message = 'said later';
  equal(firstLine(late.stack), 'Late: said later');
  late.message = 'too late';
  equal(firstLine(late.stack), 'Late: said later');
  late.stack = 'mine';
  equal(late.stack, 'mine');
});

test('captureStackTrace leaves out the frames above a function', () => {
  function hidden() {
    const holder = {};
    Error.captureStackTrace(holder, hidden);
    return holder.stack;
  }
  equal(/hidden/.test(hidden()), false);
  function shown() {
    const holder = {};
    Error.captureStackTrace(holder);
    return holder.stack;
  }
  equal(/at shown/.test(shown()), true);
  throws(() => Error.captureStackTrace(1), TypeError);
});

// What depd and callsites do, and so express, koa and multer.
test('prepareStackTrace gets CallSites, for errors and for captured stacks', () => {
  function caller() {
    const holder = {};
    Error.captureStackTrace(holder);
    return [holder.stack, new TypeError('message').stack];
  }
  for (const sites of preparing((_, sites) => sites, caller)) {
    equal(Array.isArray(sites), true);
    equal(sites[0].getFunctionName(), 'caller');
    equal(sites[0].getFileName().endsWith('call_sites.test.mjs'), true);
    equal(typeof sites[0].getLineNumber(), 'number');
    equal(typeof sites[0].getColumnNumber(), 'number');
    equal(sites[0].isNative() || sites[0].isEval() || sites[0].isConstructor(), false);
    equal(/^caller \(.*call_sites\.test\.mjs:\d+:\d+\)$/.test(String(sites[0])), true);
  }
});

test('prepareStackTrace is asked once, and what it throws is thrown', () => {
  let asked = 0;
  preparing(
    (error) => {
      asked += 1;
      // Within it, stacks are text.
      equal(typeof new Error('inner').stack, 'string');
      return error.message;
    },
    () => {
      const error = new Error('once');
      equal(error.stack, 'once');
      equal(error.stack, 'once');
    },
  );
  equal(asked, 1);
  const failing = () => {
    throw new RangeError('bad');
  };
  preparing(failing, () => throws(() => new Error('x').stack, RangeError));
  equal(firstLine(new Error('as before').stack), 'Error: as before');
});

test('stackTraceLimit bounds the frames', () => {
  const before = Error.stackTraceLimit;
  equal(before, 10);
  const deep = (n) => (n > 0 ? deep(n - 1) : new Error('deep').stack);
  Error.stackTraceLimit = 2;
  equal(deep(10).split('\n').length, 3);
  Error.stackTraceLimit = 0;
  equal(deep(10), 'Error: deep');
  Error.stackTraceLimit = before;
});

// Test runners leave out what is Node's by these names, and agents look for them.
test('frames of built-in modules are called as their modules, and what is behind those node:internal', async () => {
  const emitter = new EventEmitter();
  emitter.on('here', () => emitter.emit('stack', new Error('x').stack));
  const stack = await new Promise((found) => {
    emitter.on('stack', found);
    emitter.emit('here');
  });
  match(stack, /\(node:events:\d+:\d+\)/);
  const inTimer = await new Promise((found) => {
    setTimeout(() => found(new Error('x').stack), 1);
  });
  match(inTimer, /\(node:internal\/[\w/]+:\d+:\d+\)/);
});

// Below the program's own frames stood one of its file again, at a place that it does not have.
test('the code that runs a CommonJS file is no frame of that file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'frames-'));
  const file = join(folder, 'thrown.cjs');
  writeFileSync(file, '\n\nmodule.exports = new Error("x").stack;');
  const { default: stack } = await import(pathToFileURL(file));
  rmSync(folder, { recursive: true });
  equal(stack.split('\n').filter((line) => line.includes('thrown.cjs')).length, 1, stack);
});

const places = (stack) =>
  stack
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .map((line) => line.replace(/\(?file:\/\/|\(?\/.*\//, '').replace(/^ +at /, ''));

// The engine's own keeps a stack of each promise or nothing; a stack ended at the first `await`.
test('the stack of an error has the async functions that awaited it', async () => {
  const code = `
    const pause = () => new Promise((resolve) => { setTimeout(resolve); });
    async function first(fail) {
      await pause();
      if (fail) throw new RangeError('deep');
      return 1; }
    const second = async (fail) => {
      const ready = await first(false);

      return ready + await first(fail);
    };
    async function* third() { yield 1; await second(true); }
    export class Fourth {
      async run() {
        for await (const one of third()) ;
      }
    }
    class Named extends Error { constructor(text) { super(text); Error.captureStackTrace(this, Named); } }
    export async function named() { await pause(); await (async function inner() { await pause(); throw new Named('x'); })(); }
    export async function atOnce() { await (async function now() { throw new Error('now'); })(); }
    export async function again(error) { try { await Promise.reject(error); } catch {} }
  `;
  const folder = mkdtempSync(join(tmpdir(), 'twinloop-async-frames-'));
  const file = join(folder, 'levels.mjs');
  writeFileSync(file, code);
  try {
    const { Fourth, named, atOnce, again } = await import(pathToFileURL(file).href);
    const stackOf = async (f) => {
      try {
        await f();
      } catch (error) {
        return places(error.stack);
      }
    };
    const stack = await stackOf(() => new Fourth().run());
    equal(
      stack
        .slice(0, 4)
        .map((line) => line.replace(/:\d+\)$/, ''))
        .join(', '),
      'first levels.mjs:5, async second levels.mjs:10, async third levels.mjs:12, async run levels.mjs:15',
    );
    match(stack[4], /^async stackOf /);
    equal(
      (await stackOf(named))
        .slice(0, 2)
        .map((line) => line.split(' levels')[0])
        .join(),
      'inner,async named',
    );
    const once = await stackOf(atOnce);
    equal(once.filter((line) => line.includes('atOnce')).length, 1);
    const same = new Error('the same');
    for (let i = 0; i < 3; i += 1) await again(same);
    equal(places(same.stack).filter((line) => line.includes('again')).length, 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

await run();
