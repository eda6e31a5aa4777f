// MessageChannel, MessagePort, BroadcastChannel, and what structuredClone makes of their ports. Runs on Node too.
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

/** The next message event of a port. */
function next(port) {
  return new Promise((resolve) => {
    port.onmessage = (event) => {
      port.onmessage = null;
      resolve(event);
    };
  });
}

const turns = (milliseconds = 20) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('a message arrives as a copy, later, and in order', async () => {
  const { port1, port2 } = new MessageChannel();
  const sent = { list: [1, { deep: true }], when: new Date(5) };
  const seen = [];
  port1.onmessage = (event) => seen.push(event.data);
  port2.postMessage(sent);
  port2.postMessage('second');
  sent.list.push('too late');
  equal(seen.length, 0);
  await turns();
  deepEqual(seen, [{ list: [1, { deep: true }], when: new Date(5) }, 'second']);
  port1.close();
});

test('microtasks of one message run before the next message', async () => {
  const { port1, port2 } = new MessageChannel();
  const seen = [];
  port1.onmessage = (event) => {
    seen.push(event.data);
    queueMicrotask(() => seen.push(`after ${event.data}`));
  };
  for (const name of ['a', 'b']) port2.postMessage(name);
  await turns();
  deepEqual(seen, ['a', 'after a', 'b', 'after b']);
  port1.close();
});

test('what came before a port was started waits for it', async () => {
  const { port1, port2 } = new MessageChannel();
  port2.postMessage(1);
  await turns();
  const event = await next(port1);
  equal(event.data, 1);
  equal(event.ports.length, 0);
  port1.close();
});

test('a port moves inside of a message with what waits at it', async () => {
  const outer = new MessageChannel();
  const inner = new MessageChannel();
  inner.port2.postMessage('early');
  outer.port2.postMessage({ port: inner.port1 }, [inner.port1]);
  const event = await next(outer.port1);
  equal(event.ports[0], event.data.port);
  inner.port2.postMessage('late');
  equal((await next(event.ports[0])).data, 'early');
  equal((await next(event.ports[0])).data, 'late');
  throws(() => outer.port2.postMessage(null, [inner.port1]), DOMException);
  outer.port1.close();
  event.ports[0].close();
});

test('buffers move and shared memory is shared', async () => {
  const { port1, port2 } = new MessageChannel();
  const bytes = new Uint8Array([1, 2, 3]);
  const shared = new Int32Array(new SharedArrayBuffer(4));
  port2.postMessage({ bytes, shared }, [bytes.buffer]);
  equal(bytes.length, 0);
  const { data } = await next(port1);
  deepEqual([...data.bytes], [1, 2, 3]);
  data.shared[0] = 7;
  equal(shared[0], 7);
  port1.close();
});

test('instances of interfaces and modules of WebAssembly arrive as what they are', async () => {
  const { port1, port2 } = new MessageChannel();
  const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  const file = new File(['text'], 'name', { type: 'text/plain', lastModified: 3 });
  const cause = new DOMException('gone', 'AbortError');
  port2.postMessage({ module, file, error: new RangeError('m', { cause }), again: [cause] });
  const { data } = await next(port1);
  ok(data.module instanceof WebAssembly.Module);
  ok(data.error instanceof RangeError && data.error.cause instanceof DOMException);
  equal(data.error.cause, data.again[0]);
  equal(data.error.cause.name, 'AbortError');
  ok(data.file instanceof File);
  equal(await data.file.text(), 'text');
  equal(data.file.lastModified, 3);
  port1.close();
});

test('what cannot be cloned or moved is refused, and nothing is detached', async () => {
  const { port1, port2 } = new MessageChannel();
  const buffer = new ArrayBuffer(8);
  for (const value of [() => {}, Symbol('s'), new WeakMap(), Promise.resolve(), port1, { deep: [port1] }]) {
    equal(throws(() => port2.postMessage(value, [buffer]), DOMException).name, 'DataCloneError');
  }
  equal(buffer.byteLength, 8);
  equal(throws(() => port2.postMessage(null, [port2]), DOMException).name, 'DataCloneError');
  equal(throws(() => port2.postMessage(null, [port1, port1]), DOMException).name, 'DataCloneError');
  equal(throws(() => new MessagePort(), TypeError).code, 'ERR_CONSTRUCT_CALL_INVALID');
  port1.close();
});

test('the other end hears that a port is closed, after its messages', async () => {
  const { port1, port2 } = new MessageChannel();
  const seen = [];
  port1.onmessage = (event) => seen.push(event.data);
  port1.addEventListener('close', () => seen.push('closed'));
  port2.postMessage('last');
  port2.close();
  port2.postMessage('never');
  await turns();
  deepEqual(seen, ['last', 'closed']);
});

test('structuredClone moves a port', async () => {
  const { port1, port2 } = new MessageChannel();
  const buffer = new ArrayBuffer(3);
  const copy = structuredClone({ port: port1, buffer }, { transfer: [port1, buffer] });
  ok(copy.port instanceof MessagePort);
  equal(copy.buffer.byteLength, 3);
  equal(buffer.byteLength, 0);
  port2.postMessage('through');
  equal((await next(copy.port)).data, 'through');
  copy.port.close();
});

test('a broadcast reaches all others of the name, while they are open', async () => {
  const [one, two, three, other] = ['name', 'name', 'name', 'else'].map((name) => new BroadcastChannel(name));
  const seen = [];
  for (const [label, channel] of Object.entries({ one, two, three, other })) {
    channel.onmessage = (event) => seen.push([label, event.data]);
  }
  one.postMessage({ n: 1 });
  three.close();
  await turns();
  deepEqual(seen, [['two', { n: 1 }]]);
  equal(throws(() => three.postMessage(1), DOMException).name, 'InvalidStateError');
  equal(throws(() => one.postMessage(Symbol('s')), DOMException).name, 'DataCloneError');
  equal(one.name, 'name');
  one.close();
  two.close();
  other.close();
});

test('a handler that throws does not keep messages from coming', async () => {
  const { port1, port2 } = new MessageChannel();
  const seen = [];
  const listener = (error) => seen.push(error.message);
  process.once('uncaughtException', listener);
  port1.onmessage = (event) => {
    if (event.data === 1) throw new Error('thrown');
    seen.push(event.data);
  };
  port2.postMessage(1);
  port2.postMessage(2);
  await turns();
  deepEqual(seen, ['thrown', 2]);
  port1.close();
});

test('ends that hold each other in messages, to any depth, are let go', async () => {
  let { port1, port2 } = new MessageChannel();
  for (let i = 0; i < 20000; i += 1) {
    const channel = new MessageChannel();
    channel.port2.postMessage(null, [port1]);
    port2.close();
    ({ port1, port2 } = channel);
  }
  port1.close();
  port2.close();
});

test('namespace objects clone as plain objects', () => {
  deepEqual(structuredClone(Math), {});
  deepEqual(structuredClone({ j: JSON }), { j: {} });
});

test('a message event has ports for its source and its ports', () => {
  const { port1 } = new MessageChannel();
  const event = new MessageEvent('message', { source: port1, ports: [port1] });
  deepEqual([event.source === port1, event.ports[0] === port1], [true, true]);
  for (const init of [{ source: {} }, { source: 1 }, { ports: [null] }, { ports: 0 }])
    throws(() => new MessageEvent('message', init), TypeError);
  throws(() => port1.postMessage(1, { transfer: { [Symbol.iterator]: () => ({ next: 42 }) } }), TypeError);
  port1.close();
});

await run();
