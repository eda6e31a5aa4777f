// `node:async_hooks`: a store follows what its scope started, and nothing else.
import { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId } from 'node:async_hooks';
import EventEmitter from 'node:events';
import { readFile } from 'node:fs';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test('a store follows timers, ticks, microtasks, promises, generators and files', async () => {
  const storage = new AsyncLocalStorage();
  const seen = [];
  const see = (what) => seen.push(`${what} ${storage.getStore()}`);
  await storage.run(1, async () => {
    setTimeout(() => see('timeout'));
    setImmediate(() => see('immediate'));
    process.nextTick(() => see('tick'));
    queueMicrotask(() => see('microtask'));
    Promise.resolve().then(() => see('then'));
    await null;
    see('settled');
    await sleep(1);
    see('pending');
    const each = async function* () {
      yield 1;
      await sleep(1);
      yield 2;
    };
    for await (const value of each()) see(value);
    await {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about
      then(resolve) {
        see('thenable');
        resolve();
      },
    };
    await new Promise((resolve) => {
      readFile(new URL(import.meta.url), () => {
        see('file');
        resolve();
      });
    });
  });
  see('outside');
  ok(
    seen.slice(0, -1).every((text) => text.endsWith(' 1')),
    seen.join(),
  );
  equal(seen.length, 12);
  equal(seen.at(-1), 'outside undefined');
});

test('a reaction runs where it was registered, not where the promise was settled', async () => {
  const storage = new AsyncLocalStorage();
  const { promise, resolve } = Promise.withResolvers();
  const registered = storage.run('registered', () => promise.then(() => storage.getStore()));
  storage.run('settled', () => resolve());
  equal(await registered, 'registered');
});

test('reactions that were registered before the first store keep none, in any order', async () => {
  // A queue that holds both kinds: each job finds its own context by its place.
  const storage = new AsyncLocalStorage();
  const seen = [];
  for (let index = 0; index < 50; index += 1) {
    const note = () => seen.push(storage.getStore());
    if (index % 3 === 0) Promise.resolve().then(note);
    else if (index % 3 === 1) storage.run(index, () => Promise.resolve().then(note));
    else storage.run(index, () => queueMicrotask(note));
  }
  await sleep(1);
  deepEqual(
    seen,
    Array.from({ length: 50 }, (_, index) => (index % 3 === 0 ? undefined : index)),
  );
});

test('storages nest, leave, have defaults and names, and scopes end', () => {
  const a = new AsyncLocalStorage({ defaultValue: 'none', name: 'a' });
  const b = new AsyncLocalStorage();
  equal(a.name, 'a');
  equal(a.getStore(), 'none');
  a.run(1, () =>
    b.run(2, () => {
      deepEqual([a.getStore(), b.getStore()], [1, 2]);
      a.exit(() => deepEqual([a.getStore(), b.getStore()], [undefined, 2]));
      const scope = a.withScope(3);
      equal(a.getStore(), 3);
      scope.dispose();
      equal(a.getStore(), 1);
      a.disable();
      equal(a.getStore(), 'none');
    }),
  );
  equal(
    throws(
      () =>
        a.run(1, () => {
          throw new RangeError('out');
        }),
      RangeError,
    ).message,
    'out',
  );
  equal(a.getStore(), 'none');
});

test('what is bound runs in the context of its making', () => {
  const storage = new AsyncLocalStorage();
  const emitter = new EventEmitter();
  const seen = [];
  storage.run('made', () => {
    emitter.on(
      'event',
      AsyncResource.bind(() => seen.push(storage.getStore())),
    );
    emitter.on('event', () => seen.push(storage.getStore()));
  });
  storage.run('emitted', () => emitter.emit('event'));
  deepEqual(seen, ['made', 'emitted']);
  const snapshot = storage.run('then', () => AsyncLocalStorage.snapshot());
  equal(
    storage.run('now', () => snapshot((plus) => storage.getStore() + plus, '!')),
    'then!',
  );
});

test('hooks hear of the resources that a program makes', async () => {
  const heard = [];
  const hook = createHook({
    init: (_id, type, trigger) => heard.push(`init ${type} ${trigger === executionAsyncId()}`),
    before: () => heard.push('before'),
    after: () => heard.push('after'),
    destroy: () => heard.push('destroy'),
  }).enable();
  const resource = new AsyncResource('Mine', { requireManualDestroy: true });
  resource.runInAsyncScope(() => heard.push(executionAsyncId() === resource.asyncId()));
  resource.emitDestroy();
  await sleep(5);
  hook.disable();
  new AsyncResource('Silent');
  deepEqual(heard, ['init Mine true', 'before', true, 'after', 'destroy']);
  equal(throws(() => createHook({ init: 1 }), TypeError).code, 'ERR_ASYNC_CALLBACK');
  equal(throws(() => new AsyncResource('x', { triggerAsyncId: null }), RangeError).code, 'ERR_INVALID_ASYNC_ID');
});

await run();
