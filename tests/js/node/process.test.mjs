// `process` in one program; how programs end is tested by running them.
import nodeProcess, { argv, env } from 'node:process';
import { test, run, equal, ok, deepEqual, throws, delay } from '../harness.mjs';

test('the module is the global', () => {
  equal(nodeProcess, process);
  equal(argv, process.argv);
  equal(env, process.env);
});

test('argv begins with the command and the program', () => {
  ok(Array.isArray(process.argv));
  ok(process.argv[1].endsWith('process.test.mjs'), process.argv[1]);
  ok(process.execPath.startsWith('/'));
});

test('facts about the process', () => {
  ok(process.pid > 0);
  ok(process.ppid >= 0);
  ok(['linux', 'darwin'].includes(process.platform));
  ok(['x64', 'arm64'].includes(process.arch));
  ok(/^v\d+\.\d+\.\d+$/.test(process.version));
  equal(`v${process.versions.node}`, process.version);
  ok(process.uptime() > 0);
  ok(process.cwd().startsWith('/'));
  equal(Object.prototype.toString.call(process), '[object process]');
});

test('env has nothing that the runtime sets for itself', () => {
  // The engine is told by a variable that it begins now; a child process must not see it.
  equal(process.env.MOZ_APP_RESTART, undefined);
});

test('env holds strings, live for this program', () => {
  process.env.TWINLOOP_TEST = 5;
  equal(process.env.TWINLOOP_TEST, '5');
  ok('TWINLOOP_TEST' in process.env);
  ok(Object.keys(process.env).includes('TWINLOOP_TEST'));
  delete process.env.TWINLOOP_TEST;
  equal(process.env.TWINLOOP_TEST, undefined);
  equal(process.env.NO_SUCH_VARIABLE, undefined);
  equal(typeof process.env.PATH, 'string');
});

test('chdir changes what cwd says', () => {
  const before = process.cwd();
  process.chdir('/');
  equal(process.cwd(), '/');
  process.chdir(before);
  equal(process.cwd(), before);
  throws(() => process.chdir('/no/such/directory'), { code: 'ENOENT' });
});

test('hrtime counts', () => {
  const start = process.hrtime();
  const [seconds, nanoseconds] = process.hrtime(start);
  ok(seconds >= 0 && nanoseconds >= 0 && nanoseconds < 1e9);
  const first = process.hrtime.bigint();
  ok(process.hrtime.bigint() >= first);
});

test('memoryUsage has numbers', () => {
  const usage = process.memoryUsage();
  ok(usage.rss > 1_000_000);
  ok(usage.heapUsed > 0);
  ok(usage.heapTotal >= usage.heapUsed);
});

test('nextTick runs after this code and before a timer', async () => {
  const order = [];
  setTimeout(() => order.push('timer'), 0);
  process.nextTick((value) => order.push(value), 'tick');
  order.push('now');
  await delay(5);
  deepEqual(order, ['now', 'tick', 'timer']);
  throws(() => process.nextTick(5), TypeError);
});

test('exitCode takes integers only', () => {
  throws(() => (process.exitCode = 1.5), { code: /ERR_/ });
  throws(() => (process.exitCode = {}), { code: 'ERR_INVALID_ARG_TYPE' });
  equal(process.exitCode, undefined);
});

test('uncaughtException and unhandledRejection listeners take errors over', async () => {
  const seen = [];
  const onException = (error, origin) => seen.push([error.message, origin]);
  const onRejection = (reason) => seen.push(['rejected', reason]);
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  setTimeout(() => {
    throw new Error('thrown');
  }, 0);
  await delay(5);
  Promise.reject('why');
  await delay(5);
  process.off('uncaughtException', onException);
  process.off('unhandledRejection', onRejection);
  deepEqual(seen, [
    ['thrown', 'uncaughtException'],
    ['rejected', 'why'],
  ]);
});

test('emitWarning is an event', async () => {
  let warning;
  process.once('warning', (given) => (warning = given));
  process.emitWarning('careful', 'TestWarning', 'T1');
  await delay(5);
  equal(warning.name, 'TestWarning');
  equal(warning.message, 'careful');
  equal(warning.code, 'T1');
});

test('a signal listener is called instead of the default action', async () => {
  const name = await new Promise((resolve) => {
    const alive = setTimeout(() => {}, 5000);
    process.once('SIGUSR2', (given) => {
      clearTimeout(alive);
      resolve(given);
    });
    process.kill(process.pid, 'SIGUSR2');
  });
  equal(name, 'SIGUSR2');
  throws(() => process.kill(process.pid, 'SIGNOPE'), { code: 'ERR_UNKNOWN_SIGNAL' });
  equal(process.kill(process.pid, 0), true);
});

test('a signal that came before a listener was there does not reach it', async () => {
  // The arrival waited in the queue, and found whoever listened by the time that its turn came.
  const seen = [];
  const [first, second] = [() => seen.push('first'), () => seen.push('second')];
  process.on('SIGWINCH', first);
  process.kill(process.pid, 'SIGWINCH');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  process.off('SIGWINCH', first);
  process.on('SIGWINCH', second);
  await delay(20);
  equal(seen.join(), '');
  process.kill(process.pid, 'SIGWINCH');
  for (let i = 0; i < 100 && seen.length === 0; i += 1) await delay(5);
  equal(seen.join(), 'second');
  process.off('SIGWINCH', second);
});

test('stdout writes at once', () => {
  equal(process.stdout.write(''), true);
  equal(process.stdout.write(new Uint8Array(0)), true);
  throws(() => process.stdout.write(5), TypeError);
  equal(process.stdout.fd, 1);
  equal(process.stderr.fd, 2);
});

test('in a callback ticks run before promise jobs, then those that the jobs asked for', async () => {
  const seen = [];
  await new Promise((resolve) => {
    setTimeout(() => {
      Promise.resolve().then(() => {
        seen.push('job');
        process.nextTick(() => seen.push('tick of the job'));
        Promise.resolve().then(() => seen.push('job of the job'));
      });
      queueMicrotask(() => seen.push('microtask'));
      process.nextTick(
        (a, b) => {
          seen.push(a + b);
          process.nextTick(() => seen.push('tick of the tick'));
          Promise.resolve().then(() => seen.push('job of the tick'));
        },
        'ti',
        'ck',
      );
      setTimeout(resolve, 5);
    }, 0);
  });
  const order = ['tick', 'tick of the tick', 'job', 'microtask', 'job of the tick', 'job of the job', 'tick of the job'];
  deepEqual(seen, order);
});

test('what a tick throws is an uncaught exception, and the other ticks run', async () => {
  const seen = [];
  const hear = (error) => seen.push(error.message);
  process.on('uncaughtException', hear);
  process.nextTick(() => {
    throw new Error('thrown');
  });
  process.nextTick(() => seen.push('after'));
  await delay(2);
  process.off('uncaughtException', hear);
  deepEqual(seen, ['thrown', 'after']);
});

test('TZ takes effect at once, and so does taking it away', () => {
  const before = process.env.TZ;
  process.env.TZ = 'Asia/Tokyo';
  equal(new Date(0).getHours(), 9);
  process.env.TZ = 'UTC';
  equal(new Date(0).getHours(), 0);
  equal(new Date(0).getTimezoneOffset(), 0);
  delete process.env.TZ;
  if (before !== undefined) process.env.TZ = before;
});

test('global is the global object', () => {
  equal(globalThis.global, globalThis);
});

test("errors of process are Node's", () => {
  throws(() => process.nextTick(5), { message: 'The "callback" argument must be of type function. Received type number (5)' });
  throws(() => (process.exitCode = 'x'), { code: 'ERR_INVALID_ARG_TYPE' });
  throws(() => (process.exitCode = 1.5), { code: 'ERR_OUT_OF_RANGE' });
  throws(() => process.kill('x'), { code: 'ERR_INVALID_ARG_TYPE' });
  throws(() => process.kill(1, 'SIGNOPE'), { name: 'TypeError', code: 'ERR_UNKNOWN_SIGNAL' });
  throws(() => process.chdir(5), { code: 'ERR_INVALID_ARG_TYPE' });
  throws(() => process.hrtime(5), { code: 'ERR_INVALID_ARG_TYPE' });
  throws(() => process.stdout.write(5), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('the process is no instance of a class: Jest copies it and calls the constructors of its prototypes on the copy', () => {
  const copy = Object.create(Object.getPrototypeOf(process), Object.getOwnPropertyDescriptors(process));
  for (let prototype = Object.getPrototypeOf(process); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    prototype.constructor.call(copy);
  }
  equal(process.constructor.name, 'process');
  equal(Object.getOwnPropertyDescriptor(process, Symbol.toStringTag).value, 'process');
});

test('the signals of other systems are events like any other', () => {
  let heard = 0;
  process.once('SIGBREAK', () => (heard += 1));
  equal(process.emit('SIGBREAK'), true);
  equal(heard, 1);
});

test('every signal but two can be listened to, and sent', async () => {
  const { signals } = (await import('node:os')).constants;
  for (const name of Object.keys(signals)) {
    if (name === 'SIGKILL' || name === 'SIGSTOP') continue;
    // A program that Nest builds listens to these for its end, among them those that a fault raises.
    const listener = () => {};
    process.on(name, listener);
    equal(process.listenerCount(name) > 0, true);
    process.removeListener(name, listener);
  }
  const heard = new Promise((resolve) => process.once('SIGXCPU', (name, number) => resolve([name, number])));
  // A listener alone does not keep the program.
  const held = setInterval(() => {}, 1000);
  process.kill(process.pid, 'SIGXCPU');
  equal(String(await heard), 'SIGXCPU,24');
  clearInterval(held);
});

test('process.binding has what packages ask it for', () => {
  ok('fs' in process.binding('natives'));
  equal(process.binding('uv').errname(-2), 'ENOENT');
  equal(process.binding('constants').os.signals.SIGINT, 2);
  equal(process.binding('util').isDate(new Date()), true);
  equal(throws(() => process.binding('nothing'), Error).code, 'ERR_INVALID_MODULE');
});

await run();
