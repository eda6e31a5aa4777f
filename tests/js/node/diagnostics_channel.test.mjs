// `node:diagnostics_channel` and `node:domain`.
import dc from 'node:diagnostics_channel';
import domain from 'node:domain';
import EventEmitter from 'node:events';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

test('a channel tells its subscribers, which may leave while they are told', () => {
  const channel = dc.channel('one');
  ok(channel === dc.channel('one') && channel instanceof dc.Channel && !channel.hasSubscribers);
  const seen = [];
  const first = (message, name) => {
    seen.push([message, name]);
    channel.unsubscribe(first);
  };
  channel.subscribe(first);
  channel.subscribe((message) => seen.push(message));
  channel.publish('a');
  channel.publish('b');
  deepEqual(seen, [['a', 'one'], 'a', 'b']);
  equal(channel.unsubscribe(first), false);
  equal(throws(() => dc.channel(1), TypeError).code, 'ERR_INVALID_ARG_TYPE');
});

test('a store holds what is told while a function runs', () => {
  const channel = dc.channel('stores');
  const held = [];
  const hold = (data, result) => {
    held.push(data);
    return result();
  };
  // Node's newest asks for a scope.
  channel.bindStore({ run: hold, withScope: (data) => hold(data, () => ({ [Symbol.dispose]() {} })) }, (data) => data * 2);
  equal(
    channel.runStores(21, (a, b) => a + b, undefined, 1, 2),
    3,
  );
  deepEqual(held, [42]);
});

test('a tracing channel tells begin, end and error of calls, promises and callbacks', async () => {
  const channel = dc.tracingChannel('trace');
  const seen = [];
  const handlers = Object.fromEntries(
    ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((name) => [
      name,
      (context) => seen.push([name, context.result ?? context.error?.message]),
    ]),
  );
  channel.subscribe(handlers);
  equal(
    channel.traceSync(() => 1),
    1,
  );
  throws(
    () =>
      channel.traceSync(() => {
        throw new Error('bad');
      }, {}),
    Error,
  );
  equal(await channel.tracePromise(async () => 2), 2);
  channel.traceCallback(
    (callback) => callback(null, 3),
    -1,
    {},
    undefined,
    () => {},
  );
  deepEqual(seen.splice(0), [
    ['start', undefined],
    ['end', 1],
    ['start', undefined],
    ['error', 'bad'],
    ['end', 'bad'],
    ['start', undefined],
    ['end', undefined],
    ['asyncStart', 2],
    ['asyncEnd', 2],
    ['start', undefined],
    ['asyncStart', 3],
    ['asyncEnd', 3],
    ['end', 3],
  ]);
  equal(channel.unsubscribe(handlers), true);
  equal(channel.hasSubscribers, false);
});

test('a domain takes the errors of its emitters and intercepted callbacks', () => {
  const own = domain.create();
  const seen = [];
  own.on('error', (error) => seen.push(error.message));
  const emitter = new EventEmitter();
  own.add(emitter);
  emitter.emit('error', new Error('one'));
  own.intercept(() => seen.push('never'))(new Error('two'));
  own.intercept((value) => seen.push(value))(null, 'value');
  own.run(() => equal(process.domain, own));
  equal(domain.active, undefined);
  deepEqual(seen, ['one', 'two', 'value']);
});

test("Node's own modules tell of what is required, started and made", async () => {
  const seen = [];
  const tracing = (name) => {
    const handlers = {
      start: (message) => seen.push(`${name} start ${message.id ?? message.options?.file}`),
      end: (message) => seen.push(`${name} end ${message.id ?? message.process.constructor.name}`),
      error: (message) => seen.push(`${name} error ${message.error.code}`),
    };
    dc.tracingChannel(name).subscribe(handlers);
    return () => dc.tracingChannel(name).unsubscribe(handlers);
  };
  const { createRequire } = await import('node:module');
  const { spawn } = await import('node:child_process');
  const { Worker } = await import('node:worker_threads');
  const require = createRequire(import.meta.url);
  const stops = [tracing('module.require'), tracing('child_process.spawn')];
  require('path');
  throws(() => require('./there-is-none'), Error);
  spawn('there-is-none').on('error', () => {});
  const child = spawn('true');
  await new Promise((resolve) => child.on('close', resolve));
  for (const stop of stops) stop();
  require('path');
  deepEqual(seen, [
    'module.require start path',
    'module.require end path',
    'module.require start ./there-is-none',
    'module.require error MODULE_NOT_FOUND',
    'module.require end ./there-is-none',
    'child_process.spawn start there-is-none',
    'child_process.spawn error ENOENT',
    'child_process.spawn start true',
    'child_process.spawn end ChildProcess',
  ]);
  let made;
  const told = ({ worker }) => {
    made = worker;
  };
  dc.subscribe('worker_threads', told);
  const worker = new Worker('', { eval: true });
  dc.unsubscribe('worker_threads', told);
  equal(made, worker);
  await worker.terminate();
});

await run();
