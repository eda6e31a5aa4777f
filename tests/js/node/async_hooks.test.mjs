// `node:async_hooks`: a store follows what its scope started, and nothing else.
import { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId } from 'node:async_hooks';
import EventEmitter from 'node:events';
import { readFile } from 'node:fs';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

const isNode = typeof process.versions.v8 === 'string' && !process.execPath.includes('twinloop');
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
  const mine = new Set();
  const note = (id, what) => mine.has(id) && heard.push(what);
  const hook = createHook({
    init: (id, type, trigger) => {
      if (type === 'Mine') mine.add(id);
      note(id, `init ${type} ${trigger === executionAsyncId()}`);
    },
    before: (id) => note(id, 'before'),
    after: (id) => note(id, 'after'),
    destroy: (id) => note(id, 'destroy'),
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

test('hooks hear of timers, immediates, ticks and microtasks, from their making to their end', async () => {
  const kinds = new Map();
  const heard = [];
  const hook = createHook({
    init: (id, type, trigger, resource) => {
      if (!['Timeout', 'Immediate', 'TickObject', 'Microtask'].includes(type)) return;
      kinds.set(id, type);
      if (trigger !== executionAsyncId() || typeof resource !== 'object') heard.push('wrong');
    },
    before: (id) => kinds.has(id) && heard.push(`before ${kinds.get(id)} ${executionAsyncId() === id}`),
    after: (id) => kinds.has(id) && heard.push(`after ${kinds.get(id)}`),
    destroy: (id) => kinds.has(id) && heard.push(`destroy ${kinds.get(id)}`),
  }).enable();
  const made = [];
  const note = () => made.push(kinds.get(executionAsyncId()));
  const timer = setTimeout(note, 1);
  const cleared = setTimeout(note, 1);
  clearTimeout(cleared);
  let rounds = 0;
  const interval = setInterval(() => {
    note();
    rounds += 1;
    if (rounds === 2) clearInterval(interval);
  }, 2);
  setImmediate(note);
  process.nextTick(note);
  queueMicrotask(note);
  hook.disable();
  await sleep(20);
  // What was made before goes on to have its numbers, though nobody hears.
  deepEqual(heard, []);
  deepEqual(made.sort(), ['Immediate', 'Microtask', 'TickObject', 'Timeout', 'Timeout', 'Timeout']);
  equal(timer.hasRef(), true);
  hook.enable();
  kinds.clear();
  setImmediate(note);
  await sleep(5);
  hook.disable();
  const ofImmediate = heard.filter((text) => text.includes('Immediate'));
  deepEqual(ofImmediate, ['before Immediate true', 'after Immediate', 'destroy Immediate']);
});

test('a store by hooks alone follows promises, await, files and timers, as old packages have it', async () => {
  const stores = new Map();
  const hook = createHook({
    init: (id) => stores.set(id, stores.get(executionAsyncId())),
    destroy: (id) => stores.delete(id),
  }).enable();
  const seen = [];
  const see = (what) => seen.push(`${what} ${stores.get(executionAsyncId())}`);
  const begin = (store, then) =>
    setTimeout(() => {
      stores.set(executionAsyncId(), store);
      then();
    }, 1);
  const asynchronous = async () => {
    await null;
    see('settled');
    await new Promise((resolve) => setTimeout(resolve, 2));
    see('pending');
    await Promise.resolve().then(() => see('then'));
    readFile(new URL(import.meta.url), () => see('file'));
    process.nextTick(() => Promise.reject(new Error('x')).catch(() => see('catch')));
  };
  begin(1, asynchronous);
  begin(2, asynchronous);
  await new Promise((resolve) => setTimeout(resolve, 60));
  hook.disable();
  const expected = ['settled', 'pending', 'then', 'file', 'catch'].flatMap((what) => [`${what} 1`, `${what} 2`]);
  deepEqual(seen.sort(), expected.sort());
});

test('an error in a hook is uncaught, and takes nothing along; hooks may leave promises out', async () => {
  const types = new Set();
  const hook = createHook({ init: (_id, type) => types.add(type), trackPromises: false }).enable();
  await sleep(1);
  hook.disable();
  ok(types.has('Timeout') && !types.has('PROMISE'), [...types].join());
  if (isNode) return;
  const uncaught = [];
  const listener = (error) => uncaught.push(error.message);
  process.on('uncaughtException', listener);
  const broken = createHook({
    init: (_id, type) => {
      if (type === 'Immediate') throw new Error('of the hook');
    },
  }).enable();
  let ran = false;
  setImmediate(() => (ran = true));
  broken.disable();
  await sleep(5);
  process.off('uncaughtException', listener);
  deepEqual([ran, uncaught], [true, ['of the hook']]);
});

await run();
