// twinloop.serve: handlers, routes, bodies both ways, WebSockets, what goes wrong, and the end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import { deepEqual, delay, equal, ok, rejects, run, test, throws } from '../harness.mjs';

const { serve, serveDir, serveFile, upgradeWebSocket } = twinloop;
const local = { hostname: '127.0.0.1', port: 0 };

/** Serves while `use(base, server)` runs. */
async function serving(options, use) {
  const server = serve({ ...local, ...options });
  try {
    await use(`http://127.0.0.1:${server.port}`, server);
  } finally {
    await server.stop(true);
  }
}

/** What a handler's failures print goes here meanwhile. */
async function silently(use) {
  const { error } = console;
  const shown = [];
  console.error = (value) => shown.push(value);
  try {
    await use();
  } finally {
    console.error = error;
  }
  return shown;
}

const nextOf = (emitter, type) => new Promise((resolve) => emitter.once(type, resolve));
const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

test('a handler gets a Request and gives a Response, at once or later', async () => {
  const handlers = [(value) => value, async (value) => value, (value) => delay(5).then(() => value)];
  for (const finish of handlers) {
    const fetchHandler = (request) => {
      ok(request instanceof Request);
      const headers = { 'x-method': request.method, 'set-cookie': 'a=b', 'X-Agent': request.headers.get('x-agent') };
      return finish(new Response(request.url, { status: 201, headers }));
    };
    await serving({ fetch: fetchHandler }, async (base) => {
      for (const path of ['/', '/a/b?c=d&e', '/a%20b', "/o'clock", '/%C3%A4']) {
        const response = await fetch(base + path, { headers: { 'X-Agent': 'ä' } });
        equal(response.status, 201);
        equal(response.headers.get('x-method'), 'GET');
        equal(response.headers.get('x-agent'), 'ä');
        deepEqual(response.headers.getSetCookie(), ['a=b']);
        equal(response.headers.get('content-type'), 'text/plain;charset=UTF-8');
        equal(await response.text(), new URL(base + path).href);
      }
    });
  }
});

test('a response of another making is taken by what can be read of it, and streams may give texts', async () => {
  // srvx makes such ones, which h3's apps give; node-fetch's and undici's are others.
  const others = {
    '/srvx': Object.create(Response.prototype, {
      status: { value: 201 },
      statusText: { value: 'Own' },
      headers: {
        value: new Headers([
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ]),
      },
      body: { get: () => new Response('srvx').body },
    }),
    '/node': { [Symbol.toStringTag]: 'Response', status: 203, statusText: '', headers: { 'x-a': 'b' }, body: Readable.from(['no', 'de']) },
    '/bad': { [Symbol.toStringTag]: 'Response', status: 5 },
    '/none': { status: 200, headers: {}, body: null },
  };
  const texts = new ReadableStream({
    start(controller) {
      for (const chunk of ['tëxt', new Uint8Array([33]), new Uint8Array([33, 10]).buffer]) controller.enqueue(chunk);
      controller.close();
    },
  });
  const handler = async (request) => others[new URL(request.url).pathname] ?? new Response(texts);
  await serving({ fetch: handler }, async (base) => {
    const got = async (path) => {
      const response = await fetch(base + path);
      return [response.status, response.headers.get('x-a') ?? response.headers.getSetCookie().join(), await response.text()];
    };
    deepEqual(await got('/srvx'), [201, 'a=1,b=2', 'srvx']);
    deepEqual(await got('/node'), [203, 'b', 'node']);
    deepEqual(await got('/texts'), [200, '', 'tëxt!!\n']);
    const shown = await silently(async () => {
      deepEqual([(await got('/bad'))[0], (await got('/none'))[0]], [500, 500]);
    });
    deepEqual(
      shown.map((error) => error.name),
      ['RangeError', 'TypeError'],
    );
  });
});

test('a method need not be a known one', async () => {
  await serving({ fetch: (request) => new Response(request.method) }, async (base) => {
    equal(await (await fetch(base, { method: 'FOO' })).text(), 'FOO');
    equal(await (await fetch(base, { method: 'VERSION-CONTROL' })).text(), 'VERSION-CONTROL');
  });
});

test('bodies come and go whole, as streams, and empty', async () => {
  const handlers = {
    '/text': async (request) => new Response(await request.text()),
    '/json': async (request) => Response.json(await request.json()),
    '/bytes': async (request) => new Response(await request.arrayBuffer()),
    '/form': async (request) => new Response((await request.formData()).get('name')),
    '/stream': (request) => new Response(request.body),
    '/unread': () => new Response('unread'),
    '/empty': () => new Response(null, { status: 204 }),
    '/blob': () => new Response(new Blob(['blob'], { type: 'text/x' })),
  };
  await serving({ routes: handlers }, async (base) => {
    const post = async (path, body) => await (await fetch(base + path, { method: 'POST', body })).text();
    for (const text of ['', 'a', 'grüße 🎈', 'x'.repeat(300_000)]) {
      equal(await post('/text', text), text);
      equal(await post('/bytes', text), text);
      equal(await post('/stream', text), text);
      equal(await post('/unread', text), 'unread');
    }
    equal(await post('/json', '{"a":["ä"]}'), '{"a":["ä"]}');
    const form = new FormData();
    form.set('name', 'value');
    equal(await post('/form', form), 'value');
    const upload = new ReadableStream({
      async start(controller) {
        for (let i = 0; i < 5; i += 1) {
          controller.enqueue(new TextEncoder().encode(`piece ${i};`));
          await delay(2);
        }
        controller.close();
      },
    });
    const echoed = await fetch(`${base}/stream`, { method: 'POST', body: upload, duplex: 'half' });
    equal(echoed.headers.get('content-length'), null);
    equal(await echoed.text(), 'piece 0;piece 1;piece 2;piece 3;piece 4;');
    const empty = await fetch(`${base}/empty`);
    deepEqual([empty.status, await empty.text()], [204, '']);
    const blob = await fetch(`${base}/blob`);
    deepEqual([blob.headers.get('content-type'), blob.headers.get('content-length'), await blob.text()], ['text/x', '4', 'blob']);
    equal((await fetch(`${base}/nowhere`)).status, 404);
  });
});

// A body may stay where it was received, behind a head of any length.
test('a body is its handler’s own to read and write, as numbers and as text', async () => {
  const kept = [];
  const fetchHandler = async (request) => {
    if (request.url.endsWith('/text')) return new Response(await request.text());
    const numbers = new Float64Array(await request.arrayBuffer());
    const seen = `${numbers.length} ${numbers[0]} ${numbers.at(-1)}`;
    numbers.fill(kept.length);
    kept.push(numbers);
    return new Response(seen);
  };
  await serving({ fetch: fetchHandler }, async (base) => {
    for (const length of [2048, 2048, 2048, 8192, 8192, 8192, 16_384, 16_384, 40_000, 40_000]) {
      for (let pad = 0; pad < 3; pad += 1) {
        const body = new Float64Array(length).map((_, at) => at + pad);
        const answer = await fetch(base, { method: 'POST', body, headers: { 'x-pad': 'x'.repeat(pad * 5) } });
        equal(await answer.text(), `${length} ${pad} ${length - 1 + pad}`);
      }
    }
    ok(kept.every((numbers, index) => numbers.every((number) => number === index)));
    for (const text of ['x'.repeat(65_536), 'ä'.repeat(33_000), `${'x'.repeat(70_000)}€😀`, '\ufeffabc'.repeat(20_000)]) {
      const answer = await fetch(`${base}/text`, { method: 'POST', body: text });
      equal(await answer.text(), text.replace(/^\ufeff/, ''));
    }
  });
});

test('a response that was made of the body of another is answered as that is, unless somebody has read of it', async () => {
  // Frameworks change headers so: the body went out in chunks, through its stream.
  const made = [];
  const handlers = {
    '/inner': () => new Response('inner'),
    '/text': () => new Response('text'),
    '/blob': () => new Response(new Blob(['blob'])),
    '/fetched': (_, server) => fetch(`http://127.0.0.1:${server.port}/inner`),
    '/arriving': (_, server) => fetch(`http://127.0.0.1:${server.port}/pieces`),
    '/pieces': () => new Response(ReadableStream.from([new Uint8Array(70_000), new Uint8Array(70_000)])),
  };
  const again = async (request, server) => {
    const inner = await handlers[new URL(request.url).pathname.slice(6)](request, server);
    const outer = new Response(inner.body, { status: 201, headers: { 'x-own': '1' } });
    made.push([inner, outer]);
    return outer;
  };
  const read = async () => {
    const inner = new Response('read');
    const reader = inner.body.getReader();
    await reader.read();
    reader.releaseLock();
    return new Response(inner.body);
  };
  const seen = async () => {
    const response = new Response('seen');
    ok(response.body instanceof ReadableStream);
    return response;
  };
  await serving({ routes: { ...handlers, '/again/*': again, '/read': read, '/seen': seen } }, async (base) => {
    for (const [path, length] of Object.entries({ text: '4', blob: '4', fetched: '5', arriving: null, pieces: null })) {
      const response = await fetch(`${base}/again/${path}`);
      deepEqual([path, response.status, response.headers.get('x-own'), response.headers.get('content-length')], [path, 201, '1', length]);
      const text = await response.text();
      if (length === null) equal(text.length, 140_000);
      else equal(text, path === 'fetched' ? 'inner' : path);
    }
    for (const [inner, outer] of made) {
      deepEqual([inner.bodyUsed, outer.bodyUsed, inner.body.locked], [true, true, true]);
      equal((await inner.text().catch((error) => error)).name, 'TypeError');
      throws(() => new Response(inner.body), TypeError);
    }
    const seenOne = await fetch(`${base}/seen`);
    deepEqual([seenOne.headers.get('content-length'), await seenOne.text()], ['4', 'seen']);
    const { error } = console;
    console.error = () => {};
    equal((await fetch(`${base}/read`)).status, 500);
    console.error = error;
  });
});

test('options that are large numbers mean what they say, and others are refused by their names', async () => {
  const handler = async (request) => new Response(String((await request.bytes()).length));
  for (const most of [2 ** 31, 2 ** 32, 2 ** 32 + 5, 2 ** 53, Infinity]) {
    await serving({ fetch: handler, maxRequestBodySize: most, idleTimeout: most }, async (base) => {
      equal(await (await fetch(base, { method: 'POST', body: 'x'.repeat(300_000) })).text(), '300000');
      equal(await (await fetch(base, { method: 'POST', body: 'x' })).text(), '1');
    });
  }
  await serving({ fetch: handler, maxRequestBodySize: 5, idleTimeout: 0 }, async (base) => {
    equal((await fetch(base, { method: 'POST', body: '123456' })).status, 413);
    equal(await (await fetch(base, { method: 'POST', body: '12345' })).text(), '5');
  });
  const wrong = {
    port: [65536, 80.5, -1, NaN, 'x', 2 ** 32 + 80, 80n],
    fd: [1.5, 2 ** 32 + 3],
    maxHeaderSize: [2 ** 32, 1.5],
    maxRequestBodySize: [-1, NaN, 1.5, '', {}],
    idleTimeout: [-1, NaN, null],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      ok(throws(() => serve({ ...local, fetch: handler, [name]: value }), TypeError).message.includes(`'${name}'`));
    }
  }
  for (const [name, value] of Object.entries({ maxPayloadLength: 2 ** 33, backpressureLimit: -1, idleTimeout: 961 })) {
    ok(throws(() => serve({ ...local, fetch: handler, websocket: { [name]: value } }), TypeError).message.includes(`'${name}'`));
  }
});

test('server.timeout cuts a request of which nothing moves, and no other', async () => {
  const heard = [];
  const routes = {
    '/silent': (request, server) => {
      server.timeout(request, 0.1);
      return new Promise((_, reject) => {
        request.signal.addEventListener('abort', () => {
          heard.push('cut');
          reject(request.signal.reason);
        });
      });
    },
    '/late': async (request, server) => {
      server.timeout(request, 0.1);
      await new Promise((done) => setTimeout(done, 400));
      heard.push('late');
      return new Response('nobody reads this');
    },
    '/busy': (request, server) => {
      server.timeout(request, 1);
      let left = 60;
      const body = new ReadableStream({
        async pull(controller) {
          await delay(30);
          left -= 1;
          if (left === 0) controller.close();
          else controller.enqueue(new Uint8Array(1));
        },
      });
      return new Response(body);
    },
    '/patient': async (request, server) => {
      server.timeout(request, 0.1);
      server.timeout(request, 0);
      await delay(400);
      return new Response('patient');
    },
  };
  await serving({ routes }, async (base, server) => {
    const shown = await silently(async () => {
      await rejects(fetch(`${base}/silent`));
      await rejects(fetch(`${base}/late`));
      while (heard.length < 2) await delay(10);
    });
    deepEqual([heard, shown], [['cut', 'late'], []]);
    equal((await (await fetch(`${base}/busy`)).bytes()).length, 59);
    equal(await (await fetch(`${base}/patient`)).text(), 'patient');
    throws(() => server.timeout(new Request(base), 1), TypeError);
  });
});

test('routes have names, methods, wildcards and an order', async () => {
  const text = (value) => () => new Response(value);
  const routes = {
    '/*': text('rest'),
    '/users/:id': (request) => Response.json(request.params),
    '/users/me': text('me'),
    '/users/:id/posts/:post': (request) => Response.json(request.params),
    '/files/*': text('files'),
    '/ready': new Response('ready'),
    '/method': { GET: text('got'), POST: text('posted') },
  };
  await serving({ routes }, async (base) => {
    const get = async (path, init) => await (await fetch(base + path, init)).text();
    equal(await get('/users/me'), 'me');
    equal(await get('/users/a%2Fb?x'), '{"id":"a/b"}');
    equal(await get('/users/1/posts/2'), '{"id":"1","post":"2"}');
    equal(await get('/files/a/b'), 'files');
    equal(await get('/ready'), 'ready');
    equal(await get('/ready'), 'ready');
    equal(await get('/method'), 'got');
    equal(await get('/method', { method: 'POST' }), 'posted');
    equal(await get('/elsewhere'), 'rest');
  });
  throws(() => serve({ ...local, routes: { '/a': 5 } }), TypeError);
  throws(() => serve({ ...local, routes: { a: () => undefined } }), TypeError);
});

test('what a handler does wrong is a 500 for its client alone', async () => {
  const handlers = {
    '/throws': () => {
      throw new Error('thrown');
    },
    '/rejects': async () => {
      throw new Error('rejected');
    },
    '/nothing': () => undefined,
    '/number': async () => 5,
    '/used': async () => {
      const response = new Response('used');
      await response.text();
      return response;
    },
    '/error': () => Response.error(),
    '/fine': () => new Response('fine'),
  };
  const shown = await silently(() =>
    serving({ routes: handlers }, async (base) => {
      const waits = Object.keys(handlers).map(async (path) => (await fetch(base + path)).status);
      deepEqual(await Promise.all(waits), [500, 500, 500, 500, 500, 500, 200]);
    }),
  );
  equal(shown.length, 6);
  ok(shown.every((error) => error instanceof Error));
  // Headers that would split the response cannot be made; the program's own error handler may answer.
  const error = (failure) => new Response(failure.message, { status: 503 });
  await serving({ fetch: handlers['/throws'], error }, async (base) => {
    const response = await fetch(base);
    deepEqual([response.status, await response.text()], [503, 'thrown']);
  });
});

test('a stream that fails cuts the answer, and a client that goes cancels it', async () => {
  let reason;
  let pulls = 0;
  const handlers = {
    '/fails': () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            pulls += 1;
            if (pulls === 3) throw new Error('no more');
            controller.enqueue(new Uint8Array(10));
          },
        }),
      ),
    '/waits': (request) => {
      const stream = new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel: (value) => {
          reason = [value, request.signal.aborted];
        },
      });
      request.signal.aborted;
      return new Response(stream);
    },
  };
  const shown = await silently(() =>
    serving({ routes: handlers }, async (base) => {
      const response = await fetch(`${base}/fails`);
      await rejects(response.arrayBuffer(), TypeError);
      const controller = new AbortController();
      const waiting = await fetch(`${base}/waits`, { signal: controller.signal });
      await waiting.body.getReader().read();
      controller.abort();
      while (reason === undefined) await delay(2);
    }),
  );
  equal(shown.length, 1);
  equal(shown[0].message, 'no more');
  ok(reason[0] instanceof TypeError);
  equal(reason[1], true);
});

test('a request knows its client, and tells when it went', async () => {
  let aborted;
  await serving(
    {
      fetch: async (request, server) => {
        if (request.url.endsWith('/ip')) return Response.json(server.requestIP(request));
        await next(request.signal, 'abort');
        aborted = true;
        return new Response();
      },
    },
    async (base) => {
      const { address, family } = await (await fetch(`${base}/ip`)).json();
      deepEqual([address, family], ['127.0.0.1', 'IPv4']);
      await rejects(fetch(base, { signal: AbortSignal.timeout(30) }));
      while (!aborted) await delay(2);
    },
  );
});

test('handlers as Deno has them', async () => {
  let heard;
  const server = serve({ ...local, onListen: (address) => (heard = address) }, (request, info) =>
    Response.json([info.remoteAddr.hostname, request.method]),
  );
  deepEqual([heard.transport, heard.hostname, heard.port], ['tcp', '127.0.0.1', server.addr.port]);
  deepEqual(await (await fetch(`http://127.0.0.1:${server.port}`)).json(), ['127.0.0.1', 'GET']);
  await server.shutdown();
  await server.finished;
  const controller = new AbortController();
  const aborted = serve({ ...local, signal: controller.signal, handler: () => new Response() });
  controller.abort();
  await aborted.finished;
});

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

test('a server is reloaded, called without a network, and stops when it is idle', async () => {
  await serving({ fetch: () => new Response('first') }, async (base, server) => {
    server.reload({ fetch: () => new Response('second') });
    equal(await (await fetch(base)).text(), 'second');
    equal(await (await server.fetch('/path')).text(), 'second');
  });
  let finish;
  const server = serve({ ...local, fetch: () => new Promise((resolve) => (finish = resolve)) });
  const base = `http://127.0.0.1:${server.port}`;
  const answer = fetch(base);
  while (finish === undefined) await delay(1);
  equal(server.pendingRequests, 1);
  const stopped = server.stop();
  await rejects(fetch(base), TypeError);
  finish(new Response('last'));
  equal(await (await answer).text(), 'last');
  await stopped;
});

test('options that are wrong are named', async () => {
  throws(() => serve({}), TypeError);
  throws(() => serve(), TypeError);
  throws(() => serve({ ...local, fetch: 5 }), TypeError);
  throws(() => serve({ ...local, port: 70_000, fetch() {} }), TypeError);
  throws(() => serve({ ...local, cert: 'x', fetch() {} }), TypeError);
  throws(() => serve({ ...local, cert: 'x', key: 'y', fetch() {} }), Error);
  await serving({ fetch() {} }, async (_, server) => {
    try {
      serve({ ...local, port: server.port, fetch() {} });
      ok(false);
    } catch (error) {
      deepEqual([error.code, error.syscall], ['EADDRINUSE', 'listen']);
    }
  });
});

test('files are served with their types, validators and ranges', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinloop-serve-'));
  try {
    writeFileSync(join(folder, 'index.html'), '<p>index');
    writeFileSync(join(folder, 'large.txt'), 'x'.repeat(3_000_000));
    const routes = {
      '/one': (request) => serveFile(request, pathToFileURL(join(folder, 'index.html'))),
      '/files/*': (request) => serveDir(request, { fsRoot: folder, urlRoot: 'files', cacheControl: 'no-store' }),
    };
    await serving({ routes }, async (base) => {
      const index = await fetch(`${base}/files/`);
      deepEqual([index.headers.get('content-type'), index.headers.get('cache-control')], ['text/html; charset=utf-8', 'no-store']);
      equal(await index.text(), '<p>index');
      equal((await fetch(`${base}/files/`, { headers: { 'if-none-match': index.headers.get('etag') } })).status, 304);
      equal(await (await fetch(`${base}/one`)).text(), '<p>index');
      const large = await fetch(`${base}/files/large.txt`);
      equal(large.headers.get('content-length'), '3000000');
      equal((await large.text()).length, 3_000_000);
      const part = await fetch(`${base}/files/large.txt`, { headers: { range: 'bytes=10-12' } });
      deepEqual([part.status, await part.text()], [206, 'xxx']);
      equal((await fetch(`${base}/files/..%2findex.html`)).status, 400);
      equal((await fetch(`${base}/files/none`)).status, 404);
      equal((await fetch(`${base}/files/`, { method: 'HEAD' })).headers.get('content-length'), '8');
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a response of another server goes on as it comes', async () => {
  const zipped = await new Response(new Blob(['text '.repeat(10_000)]).stream().pipeThrough(new CompressionStream('gzip'))).bytes();
  const origin = { fetch: () => new Response(zipped, { headers: { 'content-encoding': 'gzip', 'x-more': 'yes' } }) };
  await serving(origin, async (base) => {
    await serving({ fetch: () => fetch(base) }, async (proxy) => {
      const response = await fetch(proxy);
      deepEqual([response.headers.get('x-more'), response.headers.get('content-encoding')], ['yes', null]);
      equal((await response.text()).length, 50_000);
    });
  });
});

test('answers are compressed where that was asked for', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinloop-'));
  writeFileSync(join(folder, 'page.html'), '<p>one</p>\n'.repeat(1000));
  const text = 'a line of text\n'.repeat(200);
  let more;
  const events = async function* () {
    yield new TextEncoder().encode('data: 1\n\n');
    await new Promise((resolve) => (more = resolve));
    yield new TextEncoder().encode('data: 2\n\n');
  };
  const routes = {
    '/text': () => new Response(text, { headers: { etag: '"1"' } }),
    '/short': () => new Response('short'),
    '/kept': () => new Response(text, { headers: { 'cache-control': 'no-transform' } }),
    '/bytes': () => new Response(new Uint8Array(5000)),
    '/json': () => Response.json({ text }),
    '/events': () => new Response(ReadableStream.from(events()), { headers: { 'content-type': 'text/event-stream' } }),
    '/file': (request) => serveFile(request, join(folder, 'page.html'), { compress: true }),
    '/folder/*': (request) => serveDir(request, { fsRoot: folder, urlRoot: 'folder', compress: { minSize: 100 } }),
  };
  const ask = (base, path, coding) =>
    new Promise((resolve, reject) => {
      get(`${base}${path}`, { headers: { 'accept-encoding': coding } }, resolve).on('error', reject);
    });
  const decoders = { gzip: createGunzip, br: createBrotliDecompress, zstd: createZstdDecompress };
  const contentOf = async (response) => {
    const make = decoders[response.headers['content-encoding']];
    const stream = make === undefined ? response : response.pipe(make());
    let content = '';
    for await (const chunk of stream) content += chunk;
    return content;
  };
  try {
    await serving({ routes, compress: true }, async (base) => {
      for (const coding of ['gzip', 'br', 'zstd']) {
        for (const [path, content] of [
          ['/text', text],
          ['/json', JSON.stringify({ text })],
          ['/file', '<p>one</p>\n'.repeat(1000)],
          ['/folder/page.html', '<p>one</p>\n'.repeat(1000)],
        ]) {
          const response = await ask(base, path, coding);
          equal(response.headers['content-encoding'], coding, path);
          equal(response.headers.vary, 'accept-encoding', path);
          equal(await contentOf(response), content, path);
        }
        const response = await ask(base, '/events', coding);
        const decoded = response.pipe(decoders[coding]());
        const parts = decoded[Symbol.asyncIterator]();
        equal(String((await parts.next()).value), 'data: 1\n\n');
        more();
        equal(String((await parts.next()).value), 'data: 2\n\n');
        ok((await parts.next()).done);
      }
      equal((await ask(base, '/text', 'gzip')).headers.etag, 'W/"1"');
      for (const path of ['/short', '/kept', '/bytes']) {
        equal((await ask(base, path, 'gzip')).headers['content-encoding'], undefined, path);
      }
      equal(await (await fetch(`${base}/text`)).text(), text);
    });
    await serving({ routes }, async (base) => {
      equal((await ask(base, '/text', 'gzip')).headers['content-encoding'], undefined);
      equal((await ask(base, '/file', 'gzip')).headers['content-encoding'], 'gzip');
    });
    throws(() => serve({ ...local, fetch() {}, compress: 'gzip' }), { name: 'TypeError', message: /'compress' must be true, false or/ });
    await rejects(serveFile(new Request('http://x/'), 'x', { compress: { minSize: -1 } }), {
      name: 'TypeError',
      message: /serveFile: the option 'minSize'/,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
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
