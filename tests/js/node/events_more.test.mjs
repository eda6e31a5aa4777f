// `node:events`: what old packages read, warnings, EventTargets, contexts; `node:url`: hosts and paths of both systems.
import EventEmitter, {
  EventEmitterAsyncResource,
  addAbortListener,
  getEventListeners,
  getMaxListeners,
  on,
  once,
  setMaxListeners,
} from 'node:events';
import { AsyncLocalStorage } from 'node:async_hooks';
import url from 'node:url';
import { test, run, equal, ok, deepEqual, delay, throws, rejects } from '../harness.mjs';

test('old packages find and reset an emitter’s listeners', () => {
  const emitter = new EventEmitter();
  const first = () => {};
  emitter.on('one', first);
  equal(emitter._events.one, first);
  emitter.on('one', () => {});
  equal(emitter._events.one.length, 2);
  equal(emitter._eventsCount, 1);
  emitter._events = undefined;
  equal(emitter.listenerCount('one'), 0);
  equal(EventEmitter.prototype.on, EventEmitter.prototype.addListener);
});

test('an emitter becomes another one by a copy of its properties', () => {
  // As Next.js has a request read again what it kept of the body.
  const [first, second] = [new EventEmitter(), new EventEmitter()];
  const seen = [];
  first.on('x', () => seen.push('first'));
  second.on('x', () => seen.push('second'));
  for (const key in second) first[key] = typeof second[key] === 'function' ? second[key].bind(first) : second[key];
  first.emit('x');
  deepEqual(seen, ['second']);
  // What is made of another shares its listeners until it has some of its own, and a prototype shares none.
  const made = Object.create(second);
  made._events = undefined;
  equal(made.emit('x'), false);
  equal(second.listenerCount('x'), 1);
  function Old() {}
  Old.prototype = Object.assign(Object.create(EventEmitter.prototype), EventEmitter.prototype);
  const [one, other] = [new Old(), new Old()];
  one.on('x', () => undefined);
  deepEqual([one.listenerCount('x'), other.listenerCount('x')], [1, 0]);
});

test('what was made of an emitter shares its listeners', () => {
  // node-redis hands out such objects: a listener of `error` that only they had left the client's own errors unhandled.
  const emitter = new EventEmitter();
  const derived = Object.create(emitter);
  const heard = [];
  derived.on('error', function (error) {
    heard.push([this === derived, error]);
  });
  // Often enough that listeners are bound to the emitter.
  for (let count = 0; count < 50; count += 1) emitter.emit('error', count);
  derived.emit('error', 'x');
  deepEqual(heard.slice(-2), [
    [false, 49],
    [true, 'x'],
  ]);
  equal(emitter.listenerCount('error'), 1);
  derived.removeAllListeners();
  equal(emitter.listenerCount('error'), 1);
  equal(derived.listenerCount('error'), 0);
});

test('a prototype may say how many listeners there may be', () => {
  class Crowded extends EventEmitter {}
  Crowded.prototype._maxListeners = 50;
  equal(new Crowded().getMaxListeners(), 50);
  equal(new Crowded().setMaxListeners(3).getMaxListeners(), 3);
  equal(new EventEmitter().getMaxListeners(), 10);
  // That alone makes no listeners which all would share.
  const [first, second] = [Object.create(Crowded.prototype), Object.create(Crowded.prototype)];
  first.on('x', () => {});
  equal(second.listenerCount('x'), 0);
});

test('who watches for removals is told of all, itself last', () => {
  const emitter = new EventEmitter();
  const seen = [];
  emitter.on('a', () => {});
  emitter.on('removeListener', (name) => seen.push(`1 ${name}`));
  emitter.on('removeListener', (name) => seen.push(`2 ${name}`));
  emitter.removeAllListeners();
  deepEqual(seen, ['1 a', '2 a', '1 removeListener']);
});

test('a leak is warned of with its emitter', async () => {
  const warned = once(process, 'warning');
  const emitter = new EventEmitter();
  emitter.setMaxListeners(1);
  emitter.on('x', () => {});
  emitter.on('x', () => {});
  const [warning] = await warned;
  deepEqual([warning.name, warning.emitter === emitter, warning.type, warning.count], ['MaxListenersExceededWarning', true, 'x', 2]);
});

test('EventTargets have listeners and limits too', () => {
  const target = new EventTarget();
  const listener = () => {};
  target.addEventListener('x', listener);
  deepEqual(getEventListeners(target, 'x'), [listener]);
  setMaxListeners(5, target);
  equal(getMaxListeners(target), 5);
  equal(getMaxListeners(new AbortController().signal), 0);
});

test('an abort listener is called though another stops the event', () => {
  const controller = new AbortController();
  let called = 0;
  controller.signal.addEventListener('abort', (event) => event.stopImmediatePropagation());
  addAbortListener(controller.signal, () => {
    called += 1;
  });
  const { [Symbol.dispose]: dispose } = addAbortListener(controller.signal, () => {
    called += 100;
  });
  dispose();
  controller.abort();
  equal(called, 1);
});

test('a listener whose result has a getter `then` that throws is an error event', async () => {
  const emitter = new EventEmitter({ captureRejections: true });
  const seen = [];
  emitter.on('error', (error) => seen.push(error.message));
  emitter.on('x', () => ({
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    get then() {
      throw new Error('got');
    },
  }));
  emitter.emit('x');
  await delay(1);
  deepEqual(seen, ['got']);
  equal((await rejects(once(emitter, 'x', null), TypeError)).code, 'ERR_INVALID_ARG_TYPE');
});

test('an emitter keeps the context in which it was made', () => {
  const storage = new AsyncLocalStorage();
  const emitter = storage.run('made', () => new EventEmitterAsyncResource({ name: 'Mine' }));
  let seen;
  emitter.on('x', () => {
    seen = storage.getStore();
  });
  storage.run('emitted', () => emitter.emit('x'));
  equal(seen, 'made');
  ok(emitter.asyncId > 0);
});

test('hosts are ASCII and Unicode, paths those of either system', () => {
  equal(url.domainToASCII('español.com'), 'xn--espaol-zwa.com');
  equal(url.domainToASCII('xn--iñvalid.com'), '');
  equal(url.domainToUnicode('xn--espaol-zwa.com'), 'español.com');
  equal(url.pathToFileURL('C:\\a b\\c', { windows: true }).href, 'file:///C:/a%20b/c');
  equal(url.fileURLToPath('file:///C:/a%20b', { windows: true }), 'C:\\a b');
  equal(url.fileURLToPath('file://server/x', { windows: true }), '\\\\server\\x');
  deepEqual([...url.fileURLToPathBuffer('file:///%ff')], [47, 255]);
  equal(throws(() => url.fileURLToPath('file:///a%2fb'), TypeError).code, 'ERR_INVALID_FILE_URL_PATH');
  deepEqual(url.urlToHttpOptions(new URL('http://a:b@[::1]:8/c?d')).hostname, '::1');
  equal(url.resolveObject('/one/two', 'three').href, '/one/three');
});

test('once waits for a target that has no way to take a listener off', async () => {
  const listeners = {};
  const target = { on: (name, listener) => (listeners[name] = listener), once: (name, listener) => (listeners[name] = listener) };
  const waits = once(target, 'a');
  listeners.a(1, 2);
  deepEqual(await waits, [1, 2]);
});

test('an iterator over events pauses an emitter that can be paused', async () => {
  const emitter = new EventEmitter();
  const calls = [];
  emitter.pause = () => calls.push('pause');
  emitter.resume = () => calls.push('resume');
  const iterator = on(emitter, 'x', { highWaterMark: 2, lowWaterMark: 2 });
  for (let index = 0; index < 4; index += 1) emitter.emit('x', index);
  deepEqual(calls, ['pause']);
  for (let index = 0; index < 3; index += 1) deepEqual((await iterator.next()).value, [index]);
  deepEqual(calls, ['pause', 'resume']);
  equal(throws(() => on(emitter, 'x', { highWaterMark: 0 }), RangeError).code, 'ERR_OUT_OF_RANGE');
});

test('who waits once hears of an abort whose event another listener stops', async () => {
  const controller = new AbortController();
  controller.signal.addEventListener('abort', (event) => event.stopImmediatePropagation());
  const waits = once(new EventTarget(), 'x', { signal: controller.signal });
  controller.abort();
  equal((await rejects(waits, Error)).name, 'AbortError');
});

await run();
