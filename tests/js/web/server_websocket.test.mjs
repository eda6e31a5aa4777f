// WebSockets of twinloop.serve: of handlers and with events, over HTTP/1.1 and HTTP/2, and what goes wrong.
import { connect } from 'node:http2';
import net from 'node:net';
import { deepEqual, delay, equal, ok, run, test, throws } from '../harness.mjs';
import { next, nextOf, serving, silently } from './server_support.mjs';

const { upgradeWebSocket } = twinloop;

test('WebSockets of handlers', async () => {
  const events = [];
  let open = 0;
  const websocket = {
    open(socket) {
      open += 1;
      socket.subscribe('room');
    },
    message(socket, message) {
      if (message === 'close') return socket.close(4000, 'enough');
      if (message === 'room') return socket.publish('room', `from ${socket.data.name}`);
      equal(socket.send(message) > 0, true);
    },
    close(socket, code, reason) {
      // Nobody asked before, and nobody is at the other end any more.
      equal(socket.remoteAddress, '127.0.0.1');
      events.push([socket.data.name, code, reason, socket.readyState]);
    },
  };
  const fetchHandler = (request, server) => {
    const { searchParams } = new URL(request.url);
    const headers = { 'sec-websocket-protocol': 'chat', 'x-more': 'yes' };
    if (server.upgrade(request, { data: { name: searchParams.get('name') }, headers })) return undefined;
    return new Response('no WebSocket', { status: 426 });
  };
  await serving({ fetch: fetchHandler, websocket }, async (base, server) => {
    equal((await fetch(base)).status, 426);
    const connect = async (name) => {
      const socket = new WebSocket(`${base.replace('http', 'ws')}/?name=${name}`, ['chat']);
      socket.binaryType = 'arraybuffer';
      await next(socket, 'open');
      equal(socket.protocol, 'chat');
      return socket;
    };
    const [a, b] = await Promise.all([connect('a'), connect('b')]);
    equal(open, 2);
    equal(server.pendingWebSockets, 2);
    equal(server.subscriberCount('room'), 2);
    for (const data of ['text 🎈', '', new Uint8Array([1, 2, 3]).buffer, 'x'.repeat(100_000)]) {
      if (data === '') continue;
      const message = next(a, 'message');
      a.send(data);
      deepEqual((await message).data, data);
    }
    let heard = next(b, 'message');
    a.send('room');
    equal((await heard).data, 'from a');
    heard = Promise.all([next(a, 'message'), next(b, 'message')]);
    ok(server.publish('room', 'to all') > 0);
    deepEqual(
      (await heard).map((event) => event.data),
      ['to all', 'to all'],
    );
    const closed = next(a, 'close');
    a.send('close');
    const { code, reason, wasClean } = await closed;
    deepEqual([code, reason, wasClean], [4000, 'enough', true]);
    b.close(1000, 'bye');
    while (events.length < 2) await delay(2);
    deepEqual(events.sort(), [
      ['a', 4000, '', 3],
      ['b', 1000, 'bye', 3],
    ]);
    equal(server.pendingWebSockets, 0);
    equal(server.subscriberCount('room'), 0);
  });
});

test('the first subprotocol that a client offers is taken if the program chooses none', async () => {
  const websocket = { message() {} };
  const fetchHandler = (request, server) => {
    const headers = request.url.endsWith('own') ? { 'sec-websocket-protocol': 'b' } : undefined;
    return server.upgrade(request, { headers }) ? undefined : new Response();
  };
  await serving({ fetch: fetchHandler, websocket }, async (base) => {
    const chosen = async (path, offers) => {
      const socket = new WebSocket(base.replace('http', 'ws') + path, offers);
      await next(socket, 'open');
      socket.close();
      return socket.protocol;
    };
    deepEqual([await chosen('/', ['a', 'b']), await chosen('/own', ['a', 'b']), await chosen('/', [])], ['a', 'b', '']);
    // HTTP/1.0 knows no upgrades.
    const old = net.connect(new URL(base).port, '127.0.0.1').setEncoding('latin1');
    const fields =
      'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    old.write(`GET / HTTP/1.0\r\n${fields}`);
    ok((await nextOf(old, 'data')).startsWith('HTTP/1.1 200 '));
    old.destroy();
  });
});

test('what a WebSocket handler throws concerns nobody else', async () => {
  const websocket = {
    open: async () => {
      throw new Error('open');
    },
    message(socket, message) {
      if (message === 'throw') throw new Error('message');
      socket.send(message);
    },
  };
  const shown = await silently(() =>
    serving({ fetch: (request, server) => void server.upgrade(request), websocket }, async (base) => {
      const socket = new WebSocket(base.replace('http', 'ws'));
      await next(socket, 'open');
      const message = next(socket, 'message');
      socket.send('throw');
      socket.send('still here');
      equal((await message).data, 'still here');
    }),
  );
  deepEqual(
    shown.map((error) => error.message),
    ['open', 'message'],
  );
});

test('a WebSocket with events', async () => {
  const log = [];
  const fetchHandler = (request) => {
    const { socket, response } = upgradeWebSocket(request, { protocol: 'p' });
    throws(() => socket.send('too early'), DOMException);
    socket.onopen = () => socket.send(`open ${socket.readyState} ${socket.protocol}`);
    socket.onmessage = async ({ data }) => socket.send(typeof data === 'string' ? `echo ${data}` : await data.text());
    socket.onclose = (event) => log.push([event.code, event.reason, event.wasClean]);
    return response;
  };
  await serving({ fetch: fetchHandler }, async (base) => {
    const socket = new WebSocket(base.replace('http', 'ws'), 'p');
    const heard = [];
    socket.onmessage = (event) => heard.push(event.data);
    await next(socket, 'open');
    socket.send('hello');
    socket.send(new Uint8Array([97, 98]));
    while (heard.length < 3) await delay(2);
    deepEqual(heard, ['open 1 p', 'echo hello', 'ab']);
    socket.close(3001, 'done');
    while (log.length === 0) await delay(2);
    deepEqual(log, [[3001, 'done', true]]);
  });
  await silently(() => serving({ fetch: fetchHandler }, async (base) => equal((await fetch(base)).status, 500)));
});

test('drain comes when a client reads again that did not, and not with every message', async () => {
  let drains = 0;
  let behind;
  let drained;
  const isDrained = new Promise((resolve) => {
    drained = resolve;
  });
  const options = {
    fetch: (request, server) => void server.upgrade(request),
    websocket: {
      backpressureLimit: 64 << 20,
      message(socket, text) {
        if (text === 'small') {
          for (let i = 0; i < 5; i += 1) socket.send('hello');
          return void (behind = socket.getBufferedAmount());
        }
        const large = new Uint8Array(256 * 1024);
        while (socket.send(large) !== -1);
        behind = socket.getBufferedAmount();
      },
      drain(socket) {
        drains += 1;
        behind = socket.getBufferedAmount();
        // What is sent here asks for no further call.
        socket.send('again');
        drained();
      },
    },
  };
  const heard = (socket) => new Promise((resolve) => socket.once('data', resolve));
  await serving(options, async (_, server) => {
    const socket = net.connect(server.port, '127.0.0.1');
    const key = 'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==';
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n${key}\r\n\r\n`);
    await heard(socket);
    const masked = (text) => Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
    socket.write(masked('small'));
    await heard(socket);
    await delay(20);
    deepEqual([drains, behind], [0, 0]);
    socket.pause();
    socket.write(masked('large'));
    while (behind === 0) await delay(5);
    ok(behind > 1 << 20);
    socket.resume();
    await isDrained;
    await delay(20);
    deepEqual([drains, behind], [1, 0]);
    socket.destroy();
  });
});

test('a WebSocket whose client does not answer is cut, and one of upgradeWebSocket is told so before', async () => {
  const options = {
    fetch(request, server) {
      if (new URL(request.url).pathname === '/told') return upgradeWebSocket(request, { idleTimeout: 2 }).response;
      server.upgrade(request);
    },
    websocket: { idleTimeout: 2 },
  };
  await serving(options, async (_, server) => {
    const silent = async (path) => {
      const socket = net.connect(server.port, '127.0.0.1');
      const key = 'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==';
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n${key}\r\n\r\n`);
      let got = '';
      for await (const chunk of socket.setEncoding('latin1')) got += chunk;
      return got.split('\r\n\r\n')[1];
    };
    deepEqual(await Promise.all([silent('/cut'), silent('/told')]), ['\x89\0', '\x89\0\x88\x18\x03\xe9keepalive ping timeout']);
  });
});

test('WebSockets come by HTTP/2 too', async () => {
  const frame = (opcode, text) => {
    const bytes = Buffer.from(text, 'latin1');
    const mask = [1, 2, 3, 4];
    return Buffer.from([0x80 | opcode, 0x80 | bytes.length, ...mask, ...bytes.map((byte, index) => byte ^ mask[index % 4])]);
  };
  const closed = [];
  const options = {
    fetch(request, server) {
      if (new URL(request.url).pathname === '/events') {
        const { socket, response } = upgradeWebSocket(request);
        socket.onmessage = ({ data }) => socket.send(`event ${data}`);
        return response;
      }
      const { method, headers } = request;
      if (server.upgrade(request, { data: { method, upgrade: headers.get('upgrade') }, headers: { 'x-more': 'yes' } })) return undefined;
      return new Response('no');
    },
    websocket: {
      message: (socket, message) => socket.send(`${socket.data.method} ${socket.data.upgrade} ${message}`),
      close: (_, code, reason) => closed.push([code, reason]),
    },
  };
  await serving(options, async (base, server) => {
    const session = connect(base);
    await nextOf(session, 'remoteSettings');
    const open = async (path) => {
      const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, 'sec-websocket-version': '13' });
      return [stream, await nextOf(stream, 'response')];
    };
    const [stream, head] = await open('/');
    deepEqual([head[':status'], head['x-more'], server.pendingWebSockets], [200, 'yes', 1]);
    stream.write(frame(1, 'hello'));
    equal(String(await nextOf(stream, 'data')).slice(2), 'GET websocket hello');
    const [other] = await open('/events');
    other.write(frame(1, 'more'));
    equal(String(await nextOf(other, 'data')).slice(2), 'event more');
    other.close();
    stream.end(frame(8, '\x03\xe8bye'));
    await nextOf(stream, 'close');
    deepEqual(closed, [[1000, 'bye']]);
    equal(await (await fetch(base)).text(), 'no');
    session.close();
  });
});

await run();
