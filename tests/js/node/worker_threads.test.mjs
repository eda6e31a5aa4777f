// node:worker_threads. Runs on Node too, which is the oracle.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import * as threads from 'node:worker_threads';
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

const { MessageChannel, MessagePort, receiveMessageOnPort } = threads;

// What napi-rs makes of Rust for WebAssembly (Rolldown's, Tailwind's) counts on it: programs ended in the midst of a build, once the collector had run.
test('a port of the global MessageChannel keeps the program alive by its reference, whatever became of the other end', () => {
  const program = `
    const { port1 } = new MessageChannel();
    setTimeout(() => {
      gc();
      setTimeout(() => {
        port1.ref();
        setTimeout(() => { console.log('held'); port1.unref(); }, 50).unref();
      }, 20);
    }, 1);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '-e', program], { encoding: 'utf8' });
  equal(stdout, 'held\n', stderr);
});

test('a port is an emitter of values', async () => {
  const { port1, port2 } = new MessageChannel();
  const seen = [];
  const listener = (value) => seen.push(value);
  port1.on('message', listener);
  port2.postMessage({ a: 1 });
  await once(port1, 'message');
  deepEqual(seen, [{ a: 1 }]);
  port1.off('message', listener);
  equal(port1.listenerCount('message'), 0);
  port1.once('own', listener);
  equal(port1.emit('own', 5), true);
  equal(port1.emit('own', 6), false);
  deepEqual(seen, [{ a: 1 }, 5]);
  port1.ref();
  port2.ref();
  const closed = Promise.all([once(port1, 'close'), once(port2, 'close')]);
  port1.close();
  await closed;
});

test('a listener references its port, and a program may say otherwise', () => {
  const { port1 } = new MessageChannel();
  equal(port1.hasRef(), false);
  port1.on('message', () => {});
  equal(port1.hasRef(), true);
  port1.unref();
  equal(port1.hasRef(), false);
  port1.ref();
  equal(port1.hasRef(), true);
  port1.close();
});

test('receiveMessageOnPort takes what waits, at once', () => {
  const { port1, port2 } = new MessageChannel();
  equal(receiveMessageOnPort(port1), undefined);
  port2.postMessage({ n: 1 });
  port2.postMessage(undefined);
  deepEqual(receiveMessageOnPort(port1), { message: { n: 1 } });
  deepEqual(receiveMessageOnPort(port1), { message: undefined });
  equal(receiveMessageOnPort(port1), undefined);
  equal(throws(() => receiveMessageOnPort({}), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  port1.close();
});

test('marks keep objects from being moved and cloned', () => {
  const { port1, port2 } = new MessageChannel();
  const buffer = new ArrayBuffer(2);
  threads.markAsUntransferable(buffer);
  equal(threads.isMarkedAsUntransferable(buffer), true);
  equal(throws(() => port1.postMessage(1, [buffer]), DOMException).name, 'DataCloneError');
  const value = { secret: 1 };
  threads.markAsUncloneable(value);
  equal(throws(() => port1.postMessage({ value }), DOMException).name, 'DataCloneError');
  equal(throws(() => structuredClone(value), DOMException).name, 'DataCloneError');
  port2.close();
});

test('the main thread knows itself', () => {
  equal(threads.isMainThread, true);
  equal(threads.threadId, 0);
  equal(threads.parentPort, null);
  equal(threads.workerData, null);
  equal(threads.SHARE_ENV, Symbol.for('nodejs.worker_threads.SHARE_ENV'));
  ok(MessagePort === globalThis.MessagePort);
});

// ---- workers

const { Worker } = threads;

/** What a worker of this code says first, and how it ended. */
async function outcomeOf(code, options = {}) {
  const worker = new Worker(code, { eval: true, ...options });
  const outcome = { messages: [], errors: [], code: undefined };
  worker.on('message', (message) => outcome.messages.push(message));
  worker.on('error', (error) => outcome.errors.push(error));
  [outcome.code] = await new Promise((resolve) => {
    worker.on('exit', (...code) => resolve(code));
  });
  return outcome;
}

test('a worker gets data, arguments and an environment of its own, and says that it is one', async () => {
  const data = { map: new Map([[1, { deep: true }]]) };
  const { code, errors, messages } = await outcomeOf(
    `const t = require('node:worker_threads');
     t.parentPort.postMessage([t.isMainThread, t.threadId > 0, t.workerData, process.argv.slice(2), Object.keys(process.env), t.threadName]);`,
    { workerData: data, argv: ['a', 2], env: { ONLY: 'this' }, name: 'named' },
  );
  deepEqual(errors, []);
  equal(code, 0);
  deepEqual(messages, [[false, true, data, ['a', '2'], ['ONLY'], 'named']]);
});

test("the exit code is the worker's own, and the process goes on", async () => {
  equal((await outcomeOf('process.exit(7)')).code, 7);
  equal((await outcomeOf('process.exitCode = 3')).code, 3);
  const left = await outcomeOf("process.on('exit', (code) => require('worker_threads').parentPort.postMessage(code)); process.exit(4);");
  deepEqual([left.code, left.messages], [4, [4]]);
});

test('an error ends the worker and keeps its class and properties', async () => {
  const { code, errors } = await outcomeOf(
    "throw Object.assign(new RangeError('m', { cause: new TypeError('why') }), { code: 'E_OWN', list: [1] })",
  );
  equal(code, 1);
  equal(errors.length, 1);
  ok(errors[0] instanceof RangeError);
  deepEqual([errors[0].message, errors[0].code, errors[0].list], ['m', 'E_OWN', [1]]);
  ok(errors[0].cause instanceof TypeError);
  const rejected = await outcomeOf("Promise.reject(new Error('nobody'))");
  deepEqual([rejected.code, rejected.errors[0].message], [1, 'nobody']);
  const thrown = await outcomeOf('throw { plain: 1 }');
  deepEqual(thrown.errors, [{ plain: 1 }]);
});

test('online comes before messages, and exit after them', async () => {
  const worker = new Worker("require('worker_threads').parentPort.postMessage('m')", { eval: true });
  const seen = [];
  for (const name of ['online', 'message', 'exit']) worker.on(name, () => seen.push(name));
  ok(worker.threadId > 0);
  await once(worker, 'exit');
  deepEqual(seen, ['online', 'message', 'exit']);
  equal(worker.threadId, -1);
});

test('terminate ends what never ends, and resolves with the code', async () => {
  const worker = new Worker("require('worker_threads').parentPort.postMessage(1); for (;;);", { eval: true });
  await once(worker, 'message');
  equal(await worker.terminate(), 1);
  equal(await worker.terminate(), undefined);
});

test('a listener keeps a worker alive, and unref lets the program end without it', async () => {
  const worker = new Worker("require('worker_threads').parentPort.on('message', (m) => { if (m === 'end') process.exit(5); })", {
    eval: true,
  });
  await once(worker, 'online');
  worker.unref();
  worker.ref();
  worker.postMessage('end');
  equal((await once(worker, 'exit'))[0], 5);
});

test("standard streams can be the parent's", async () => {
  const worker = new Worker("process.stdin.on('data', (c) => console.log('got', String(c))); console.error('to stderr')", {
    eval: true,
    stdin: true,
    stdout: true,
    stderr: true,
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    worker[name].setEncoding('utf8');
    worker[name].on('data', (text) => {
      texts[name] += text;
    });
  }
  const ends = [once(worker.stdout, 'end'), once(worker.stderr, 'end'), once(worker, 'exit')];
  worker.stdin.end('hello');
  await Promise.all(ends);
  deepEqual(texts, { stdout: 'got hello\n', stderr: 'to stderr\n' });
});

test('a worker that reads its standard input waits for it', async () => {
  const worker = new Worker("process.stdin.on('data', (c) => console.log('got', String(c)))", { eval: true, stdin: true, stdout: true });
  let text = '';
  worker.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const end = once(worker, 'exit');
  await once(worker, 'online');
  await new Promise((resolve) => setTimeout(resolve, 100));
  worker.stdin.end('late');
  await end;
  equal(text, 'got late\n');
});

test('a heap that is full ends its worker alone', async () => {
  const { code, errors } = await outcomeOf('const kept = []; for (;;) kept.push(new Array(1000).fill({}));', {
    resourceLimits: { maxOldGenerationSizeMb: 16 },
  });
  equal(code, 1);
  deepEqual(
    errors.map((error) => error.code),
    ['ERR_WORKER_OUT_OF_MEMORY'],
  );
});

test('a worker tells what it uses', async () => {
  const worker = new Worker(
    "require('worker_threads').parentPort.on('message', () => {}); const end = Date.now() + 60; while (Date.now() < end);",
    { eval: true },
  );
  const before = worker.performance.eventLoopUtilization();
  ok(before.utilization === 0);
  await once(worker, 'online');
  const used = await worker.cpuUsage();
  ok(used.user >= 0 && used.system >= 0);
  ok((await worker.getHeapStatistics()).used_heap_size > 0);
  const { active, idle, utilization } = worker.performance.eventLoopUtilization();
  ok(active > 0 && idle >= 0 && utilization > 0 && utilization <= 1);
  await worker.terminate();
  equal((await worker.getHeapStatistics().catch((error) => error)).code, 'ERR_WORKER_NOT_RUNNING');
});

test('environment data is inherited', async () => {
  threads.setEnvironmentData('key', { n: 1 });
  const { messages } = await outcomeOf("const t = require('worker_threads'); t.parentPort.postMessage(t.getEnvironmentData('key'))");
  deepEqual(messages, [{ n: 1 }]);
  threads.setEnvironmentData('key');
  equal(threads.getEnvironmentData('key'), undefined);
});

test("threads that share an environment see each other's changes", async () => {
  process.env.TWINLOOP_SHARED = 'before';
  const { messages } = await outcomeOf(
    "const { parentPort } = require('worker_threads'); parentPort.postMessage(process.env.TWINLOOP_SHARED); process.env.TWINLOOP_SHARED = 'inside';",
    { env: threads.SHARE_ENV },
  );
  deepEqual(messages, ['before']);
  equal(process.env.TWINLOOP_SHARED, 'inside');
  delete process.env.TWINLOOP_SHARED;
  equal('TWINLOOP_SHARED' in process.env, false);
});

test('threads that are no relatives send to each other by number', async () => {
  const code = `const t = require('worker_threads');
    process.on('workerMessage', (value, source) => { t.parentPort.postMessage([value, source]); t.parentPort.close(); });
    t.parentPort.on('message', () => {});`;
  const worker = new Worker(code, { eval: true });
  const answer = once(worker, 'message');
  await once(worker, 'online');
  for (let tries = 0; ; tries += 1) {
    try {
      await threads.postMessageToThread(worker.threadId, { a: 1 });
      break;
    } catch (error) {
      if (tries > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  deepEqual((await answer)[0], [{ a: 1 }, 0]);
  await worker.terminate();
  const failed = await threads.postMessageToThread(999_999, 1).catch((error) => error);
  equal(failed.code, 'ERR_WORKER_MESSAGING_FAILED');
});

test("what belongs to the process is not a worker's to change", async () => {
  const { messages } = await outcomeOf(
    `const codes = [];
     for (const call of [() => process.chdir('/'), () => process.abort(), () => process.umask(0), () => process.setuid(0)]) {
       try { call(); } catch (error) { codes.push(error.code); }
     }
     require('worker_threads').parentPort.postMessage(codes);`,
  );
  deepEqual(messages, [Array(4).fill('ERR_WORKER_UNSUPPORTED_OPERATION')]);
});

test("wrong arguments have Node's codes", () => {
  const codeOf = (...given) => throws(() => new Worker(...given), Error).code;
  equal(codeOf('relative.js'), 'ERR_WORKER_PATH');
  equal(codeOf(5), 'ERR_INVALID_ARG_TYPE');
  equal(codeOf('/x', { argv: 5 }), 'ERR_INVALID_ARG_TYPE');
  equal(codeOf('/x', { env: 5 }), 'ERR_INVALID_ARG_TYPE');
  equal(codeOf('/x', { execArgv: ['--no-such-flag-at-all', '--title=a'] }), 'ERR_WORKER_INVALID_EXEC_ARGV');
  equal(throws(() => new Worker('', { eval: true, workerData: () => {} }), DOMException).name, 'DataCloneError');
});

await run();
