// EventEmitter beside what other suites use of it.
import EventEmitter, { on, once } from 'node:events';
import { test, run, equal, deepEqual, many, rejects, throws, delay } from '../harness.mjs';

test('captureRejections makes an error event of what an async listener throws', async () => {
  const emitter = new EventEmitter({ captureRejections: true });
  const seen = [];
  emitter.on('error', (error) => seen.push(error.message));
  emitter.on('a', async () => {
    throw new Error('captured');
  });
  emitter.emit('a');
  await delay(1);
  deepEqual(seen, ['captured']);
});

test('a method under Symbol.for("nodejs.rejection") gets captured rejections instead', async () => {
  class Own extends EventEmitter {
    [Symbol.for('nodejs.rejection')](error, event, ...given) {
      this.got = [error.message, event, ...given];
    }
  }
  const emitter = new Own({ captureRejections: true });
  emitter.on('a', async () => {
    throw new Error('x');
  });
  emitter.emit('a', 1, 2);
  await delay(1);
  deepEqual(emitter.got, ['x', 'a', 1, 2]);
});

test('listeners that change while an event is emitted: the emit goes on with what it began with', () => {
  const emitter = new EventEmitter();
  const seen = [];
  const second = () => seen.push('second');
  emitter.on('a', () => {
    seen.push('first');
    emitter.off('a', second);
    emitter.on('a', () => seen.push('third'));
  });
  emitter.on('a', second);
  emitter.emit('a');
  deepEqual(seen, ['first', 'second']);
  emitter.emit('a');
  deepEqual(seen.slice(2), ['first', 'third']);
});

test('sixteen thousand once listeners: all called, in order (adding and removing each was linear in their number)', () => {
  const emitter = new EventEmitter().setMaxListeners(0);
  const seen = [];
  for (let index = 0; index < many(16_000); index += 1) emitter.once('a', () => seen.push(index));
  emitter.emit('a');
  equal(seen.length, many(16_000));
  equal(seen.at(-1), many(16_000) - 1);
  equal(emitter.listenerCount('a'), 0);
});

test('the last of equal listeners is removed first; wrappers of once are found by what they wrap', () => {
  const emitter = new EventEmitter();
  const listener = () => {};
  emitter.on('a', listener).once('a', listener).prependListener('a', listener);
  emitter.off('a', listener);
  deepEqual(emitter.rawListeners('a'), [listener, listener]);
  emitter.once('b', listener).off('b', listener);
  equal(emitter.listenerCount('b'), 0);
});

test("errors are Node's", async () => {
  throws(() => new EventEmitter().on('a', 5), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: 'The "listener" argument must be of type function. Received type number (5)',
  });
  throws(() => new EventEmitter().setMaxListeners(-1), { code: 'ERR_OUT_OF_RANGE' });
  throws(() => new EventEmitter().emit('error', { a: 1 }), { code: 'ERR_UNHANDLED_ERROR', message: 'Unhandled error. ({ a: 1 })' });
  await rejects(once(5, 'a'), { code: 'ERR_INVALID_ARG_TYPE' });
  await rejects(once(new EventEmitter(), 'a', { signal: AbortSignal.abort() }), { name: 'AbortError', code: 'ABORT_ERR' });
});

test('on is an async iterator over the arguments of each event', async () => {
  const emitter = new EventEmitter();
  setTimeout(() => {
    emitter.emit('a', 1);
    emitter.emit('a', 2, 3);
    emitter.emit('end');
  }, 1);
  const seen = [];
  for await (const given of on(emitter, 'a', { close: ['end'] })) seen.push(given);
  deepEqual(seen, [[1], [2, 3]]);
});

test('a listener that is called often keeps its receiver, its arguments and its place, and is asked for nothing', () => {
  const emitter = new EventEmitter();
  const asked = [];
  const calls = [];
  function listener() {
    calls.push([this === emitter, arguments.length]);
  }
  Object.defineProperty(listener, 'name', { get: () => asked.push('name') });
  const proxy = new Proxy(
    function seen(...given) {
      calls.push([this === emitter, given.length]);
    },
    {
      get: (target, name) => {
        asked.push(name);
        return target[name];
      },
    },
  );
  function plain() {
    calls.push([this === emitter, arguments.length]);
  }
  for (const each of [listener, proxy, plain]) {
    emitter.removeAllListeners('many').on('many', each);
    asked.length = 0;
    for (let count = 0; count < 100; count += 1) emitter.emit('many');
    for (let given = 0; given < 5; given += 1) {
      calls.length = 0;
      emitter.emit('many', ...new Array(given));
      deepEqual(calls, [[true, given]]);
    }
    deepEqual(asked, []);
  }
  const order = [];
  const first = () => {
    order.push('first');
    emitter.off('many', second);
  };
  const second = () => order.push('second');
  emitter.removeAllListeners('many').on('many', first).on('many', second);
  for (let count = 0; count < 100; count += 1) {
    emitter.emit('many');
    emitter.on('many', second);
  }
  emitter.off('many', first);
  order.length = 0;
  emitter.emit('many');
  deepEqual(order, ['second']);
});

await run();
