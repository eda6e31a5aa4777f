// WebSocket (https://websockets.spec.whatwg.org/) against the local servers whose addresses are in FIXTURES (JSON).
import { deepEqual, delay, equal, fail, ok, run, test, throws } from '../harness.mjs';

const fixtures = JSON.parse(process.env.FIXTURES ?? fail('FIXTURES is not set: run this by `cargo xtask test`'));
const base = `ws://${fixtures.ws}`;

/** The next event of a type. */
const next = (socket, type) => new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));

async function open(path, protocols) {
  const socket = new WebSocket(`${base}${path}`, protocols);
  await next(socket, 'open');
  return socket;
}

async function close(socket, ...reason) {
  const closed = next(socket, 'close');
  socket.close(...reason);
  return closed;
}

test('text is echoed', async () => {
  const socket = await open('/ws-echo');
  equal(socket.readyState, WebSocket.OPEN);
  const message = next(socket, 'message');
  socket.send('grüße 🎈');
  const event = await message;
  ok(event instanceof MessageEvent);
  equal(event.data, 'grüße 🎈');
  equal(event.origin, base);
  await close(socket);
});

test('binary arrives as a Blob, or as an ArrayBuffer', async () => {
  const socket = await open('/ws-echo');
  equal(socket.binaryType, 'blob');
  let message = next(socket, 'message');
  socket.send(new Uint8Array([1, 2, 3]));
  const blob = (await message).data;
  ok(blob instanceof Blob);
  deepEqual(new Uint8Array(await blob.arrayBuffer()), new Uint8Array([1, 2, 3]));
  socket.binaryType = 'arraybuffer';
  for (const data of [new Uint8Array([0, 4, 5, 0]).subarray(1, 3), new Uint8Array([4, 5]).buffer, new Blob([new Uint8Array([4, 5])])]) {
    message = next(socket, 'message');
    socket.send(data);
    deepEqual((await message).data, new Uint8Array([4, 5]).buffer);
  }
  socket.binaryType = 'nonsense';
  equal(socket.binaryType, 'arraybuffer');
  await close(socket);
});

test('messages keep their order, large and small', async () => {
  const socket = await open('/ws-echo');
  const texts = ['a', 'b'.repeat(200_000), '', 'c'];
  const received = [];
  const done = new Promise((resolve) => {
    socket.onmessage = (event) => {
      received.push(event.data);
      if (received.length === texts.length) resolve();
    };
  });
  for (const text of texts) socket.send(text);
  await done;
  deepEqual(received, texts);
  await close(socket);
});

test('each message is a task of its own', async () => {
  const socket = await open('/ws-echo');
  const order = [];
  const done = new Promise((resolve) => {
    socket.onmessage = (event) => {
      order.push(event.data);
      Promise.resolve()
        .then(() => undefined)
        .then(() => undefined)
        .then(() => order.push(`after ${event.data}`))
        .then(() => event.data === '2' && resolve());
    };
  });
  socket.send('1');
  socket.send('2');
  await done;
  deepEqual(order, ['1', 'after 1', '2', 'after 2']);
  await close(socket);
});

test('the server chooses a subprotocol', async () => {
  const socket = await open('/ws-echo', ['chat', 'other']);
  equal(socket.protocol, 'chat');
  await close(socket);
});

test('permessage-deflate is negotiated', async () => {
  const socket = await open('/ws-echo');
  ok(socket.extensions.includes('permessage-deflate'));
  await close(socket);
  const plain = await open('/ws-echo?plain=1');
  equal(plain.extensions, '');
  await close(plain);
});

test('close() carries code and reason', async () => {
  const socket = await open('/ws-echo');
  const event = await close(socket, 3001, 'bye');
  ok(event instanceof CloseEvent);
  deepEqual([event.code, event.reason, event.wasClean], [3001, 'bye', true]);
  equal(socket.readyState, WebSocket.CLOSED);
});

test('close() without a code', async () => {
  const event = await close(await open('/ws-echo'));
  deepEqual([event.code, event.wasClean], [1005, true]);
});

test('what was sent before close() arrives', async () => {
  const socket = await open('/ws-echo');
  const closed = next(socket, 'close');
  const message = next(socket, 'message');
  socket.send('first');
  equal((await message).data, 'first');
  socket.send('x'.repeat(100_000));
  socket.close(1000);
  equal(socket.readyState, WebSocket.CLOSING);
  equal((await closed).code, 1000);
});

test('the server closes', async () => {
  const socket = await open('/ws-close?code=4001&reason=over');
  const event = await next(socket, 'close');
  deepEqual([event.code, event.reason, event.wasClean], [4001, 'over', true]);
});

test('a connection that is cut gives error, then close with 1006', async () => {
  const socket = new WebSocket(`${base}/ws-cut`);
  const events = [];
  for (const type of ['open', 'error', 'close']) socket.addEventListener(type, (event) => events.push([type, event.code]));
  await next(socket, 'close');
  deepEqual(events, [
    ['open', undefined],
    ['error', undefined],
    ['close', 1006],
  ]);
  equal(socket.readyState, WebSocket.CLOSED);
});

test('a refused handshake gives error, then close with 1006', async () => {
  for (const url of [`${base}/ws-refuse`, `ws://${fixtures.refused}/`]) {
    const socket = new WebSocket(url);
    const events = [];
    socket.onopen = () => events.push('open');
    socket.onerror = (event) => events.push(event.type);
    socket.onclose = (event) => events.push(event.code, event.wasClean);
    await next(socket, 'close');
    deepEqual(events, ['error', 1006, false]);
  }
});

test('close() while connecting gives error, then close with 1006', async () => {
  const socket = new WebSocket(`${base}/ws-echo`);
  equal(socket.readyState, WebSocket.CONNECTING);
  throws(() => socket.send('x'), { name: 'InvalidStateError' });
  const events = [];
  for (const type of ['open', 'error']) socket.addEventListener(type, () => events.push(type));
  const closed = next(socket, 'close');
  socket.close();
  equal(socket.readyState, WebSocket.CLOSING);
  equal((await closed).code, 1006);
  deepEqual(events, ['error']);
});

test('bufferedAmount counts what is not sent, and grows after close()', async () => {
  const socket = await open('/ws-stall?plain=1');
  socket.send('x'.repeat(8_000_000));
  ok(socket.bufferedAmount >= 8_000_000);
  await delay(20);
  ok(socket.bufferedAmount > 0, 'the server does not read');
  socket.close();
  const before = socket.bufferedAmount;
  socket.send('12345');
  equal(socket.bufferedAmount, before + 5);
});

test('bufferedAmount comes down to 0', async () => {
  const socket = await open('/ws-echo?plain=1');
  socket.send('x'.repeat(1000));
  ok(socket.bufferedAmount >= 1000);
  await next(socket, 'message');
  equal(socket.bufferedAmount, 0);
  await close(socket);
});

test('the arguments are checked', async () => {
  for (const url of ['nonsense', 'ftp://a/', 'ws://a/#fragment']) throws(() => new WebSocket(url), { name: 'SyntaxError' });
  throws(() => new WebSocket('ws://a/', ['a', 'a']), { name: 'SyntaxError' });
  throws(() => new WebSocket('ws://a/', 'a b'), { name: 'SyntaxError' });
  throws(() => new WebSocket(), TypeError);
  const socket = await open('/ws-echo');
  for (const code of [0, 999, 1001, 2999, 5000]) throws(() => socket.close(code), { name: 'InvalidAccessError' });
  throws(() => socket.close(1000, 'x'.repeat(124)), { name: 'SyntaxError' });
  throws(() => socket.send(), TypeError);
  await close(socket);
});

test('http and https URLs mean ws and wss', async () => {
  const socket = new WebSocket(`http://${fixtures.ws}/ws-echo`);
  equal(socket.url, `${base}/ws-echo`);
  await next(socket, 'open');
  await close(socket);
});

test('the class has its constants and attributes', () => {
  deepEqual([WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED], [0, 1, 2, 3]);
  equal(WebSocket.prototype.OPEN, 1);
  equal(Object.prototype.toString.call(WebSocket.prototype), '[object WebSocket]');
  ok('onmessage' in WebSocket.prototype);
  const event = new CloseEvent('close', { code: 1000, reason: 'x', wasClean: true });
  deepEqual([event.type, event.code, event.reason, event.wasClean], ['close', 1000, 'x', true]);
});

test('a TLS socket', async () => {
  const socket = new WebSocket(`wss://${fixtures.wss}/ws-echo`);
  const message = next(socket, 'message');
  await next(socket, 'open');
  socket.send('secret');
  equal((await message).data, 'secret');
  await close(socket);
});

await run();
