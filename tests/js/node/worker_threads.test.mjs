// node:worker_threads. Runs on Node too, which is the oracle.
import { once } from 'node:events';
import * as threads from 'node:worker_threads';
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

const { MessageChannel, MessagePort, receiveMessageOnPort } = threads;

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

await run();
