// twinloop.serve: handlers, routes, bodies both ways, what goes wrong, and the end.
import net from 'node:net';
import { Readable } from 'node:stream';
import tls from 'node:tls';
import { certificate } from '../node/certificates.mjs';
import { deepEqual, delay, equal, ok, rejects, run, test, throws } from '../harness.mjs';
import { local, next, nextOf, serving, silently } from './server_support.mjs';

const { serve } = twinloop;

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
    '/posts': { POST: text('posted') },
    '/moved': Response.redirect('/ready?a=b#c', 301),
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
    // HEAD is answered as GET would be, where there is one.
    const head = async (path) => (await fetch(base + path, { method: 'HEAD' })).status;
    deepEqual([await head('/method'), await head('/posts')], [200, 404]);
    equal(await get('/moved'), 'ready');
    equal(await get('/elsewhere'), 'rest');
  });
  // Whatever way a path is written, the route is that of the URL which a handler sees.
  const guarded = { '/admin': text('guarded'), '/admin/*': text('guarded') };
  await serving({ routes: guarded, fetch: (request) => new Response(new URL(request.url).pathname) }, async (_, server) => {
    const ask = async (target) => {
      const socket = net.connect(server.port, '127.0.0.1').setEncoding('latin1');
      socket.write(`GET ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
      let answer = '';
      for await (const piece of socket) answer += piece;
      return answer.slice(answer.indexOf('\r\n\r\n') + 4);
    };
    const ways = [
      '/admin',
      '/a/../admin',
      '/a/%2e%2e/admin',
      '/a/.%2E/admin',
      '/./admin',
      '/%2e/admin',
      '/a\\..\\admin',
      '/admin\\b',
      'http://a/admin',
    ];
    for (const way of ways) equal(await ask(way), 'guarded', way);
    deepEqual([await ask('/%61dmin'), await ask('/admin%2fb'), await ask('//admin')], ['/%61dmin', '/admin%2fb', '//admin']);
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

test('a client that breaks off in the middle of its body is no fault of the handler that reads it', async () => {
  const reads = [
    (request) => request.text(),
    (request) => request.json(),
    (request) => request.formData(),
    async (request) => {
      for await (const piece of request.body) ok(piece.length > 0);
    },
    async (request) => new Response(request.body).bytes(),
  ];
  let finished = 0;
  const fetchHandler = async (request) => {
    try {
      await reads[+new URL(request.url).pathname.slice(1)](request);
    } finally {
      finished += 1;
    }
  };
  let told = 0;
  await serving({ fetch: fetchHandler, error: () => new Response(`${(told += 1)}`) }, async (_, { port }) => {
    const shown = await silently(async () => {
      for (let read = 0; read < reads.length; read += 1) {
        for (const [field, rest] of [
          ['content-length: 500000', 'part'],
          ['transfer-encoding: chunked', '4\r\npart\r\n'],
          ['transfer-encoding: chunked', 'none'],
        ]) {
          const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
          socket.write(`POST /${read} HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=x\r\n${field}\r\n\r\n`);
          const before = finished;
          await delay(5);
          socket.write(rest);
          await delay(5);
          socket.resetAndDestroy();
          while (finished === before) await delay(1);
        }
      }
      await delay(5);
    });
    deepEqual([shown, told], [[], 0]);
  });
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

test('a server is reloaded, called without a network, and stops when it is idle', async () => {
  await serving({ fetch: () => new Response('first') }, async (base, server) => {
    server.reload({ fetch: () => new Response('second') });
    equal(await (await fetch(base)).text(), 'second');
    equal(await (await server.fetch('/path')).text(), 'second');
  });
  // What is not named stays; routes are the new ones.
  const first = {
    routes: { '/old': new Response('old') },
    fetch: (_, server) => new Response(`port ${server.port}`),
    error: () => new Response('mended', { status: 500 }),
    websocket: { message: (socket, message) => socket.send(message) },
  };
  await serving(first, async (base, server) => {
    const get = async (path) => await (await fetch(base + path)).text();
    server.reload({ routes: { '/new': new Response('new'), '/socket': (request) => void server.upgrade(request), '/wrong': () => 5 } });
    deepEqual([await get('/old'), await get('/new'), await get('/wrong')], [`port ${server.port}`, 'new', 'mended']);
    const socket = new WebSocket(`${base.replace('http', 'ws')}/socket`);
    await next(socket, 'open');
    socket.send('still there');
    equal((await next(socket, 'message')).data, 'still there');
    socket.close();
    server.reload({ error: () => new Response('again', { status: 500 }), routes: { '/wrong': () => 5 } });
    deepEqual([await get('/new'), await get('/wrong')], [`port ${server.port}`, 'again']);
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

test('nobody is told that a tunnel begins', async () => {
  let calls = 0;
  await serving({ fetch: () => new Response(`${(calls += 1)}`) }, async (_, server) => {
    const socket = net.connect(server.port, '127.0.0.1').setEncoding('latin1');
    let text = '';
    socket.on('data', (piece) => (text += piece));
    socket.write('CONNECT example.org:443 HTTP/1.1\r\nhost: example.org:443\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await nextOf(socket, 'close');
    ok(text.startsWith('HTTP/1.1 501 '), text);
    equal(text.match(/HTTP/g).length, 1);
    equal(calls, 0);
  });
});

test('certificates have passwords and names, and clients are asked for theirs', async () => {
  const root = certificate({ subject: 'root', isAuthority: true });
  const made = (name) => certificate({ subject: name, names: [name], issuer: root });
  const [main, other, star] = [made('main.test'), made('other.test'), made('*.star.test')];
  const plain = ({ cert, key }) => ({ cert, key });
  /** The certificate that is shown to who asks for a name, and the answer. */
  const ask = (port, servername, more) =>
    new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', servername, ca: root.cert, checkServerIdentity: () => undefined, ...more };
      const socket = tls.connect(options, () => socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'));
      let text = '';
      socket.on('data', (piece) => (text += piece));
      socket.on('end', () => resolve([socket.getPeerCertificate().subject.CN, text.slice(0, 12)]));
      socket.on('error', reject);
    });
  const shown = async (port, name) => (await ask(port, name))[0];
  const names = [plain(main), { ...plain(other), serverName: 'Other.test' }, { ...plain(star), serverName: '*.star.test' }];
  await serving({ tls: names, fetch: () => new Response() }, async (_, { port }) => {
    const asked = ['main.test', 'other.test', 'a.star.test', 'b.a.star.test', 'star.test', undefined];
    const cns = [];
    for (const name of asked) cns.push(await shown(port, name));
    deepEqual(cns, ['main.test', 'other.test', '*.star.test', 'main.test', 'main.test', 'main.test']);
  });
  const mutual = { ...plain(main), ca: root.cert, requestCert: true };
  const [client, stranger] = [made('client'), certificate({ subject: 'stranger' })];
  const fetchHandler = () => new Response('let in');
  for (const [rejectUnauthorized, outcome] of [
    [undefined, 'refused'],
    [false, 'HTTP/1.1 200'],
  ]) {
    await serving({ tls: { ...mutual, rejectUnauthorized }, fetch: fetchHandler }, async (_, { port }) => {
      const end = (more) =>
        ask(port, 'main.test', more).then(
          ([, text]) => text || 'refused',
          () => 'refused',
        );
      deepEqual([await end(plain(client)), await end(), await end(plain(stranger))], ['HTTP/1.1 200', outcome, 'refused']);
    });
  }
  const { createPrivateKey } = await import('node:crypto');
  const locked = createPrivateKey(main.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });
  const withPassword = { cert: main.cert, key: locked, passphrase: 'secret' };
  await serving({ tls: withPassword, fetch: fetchHandler }, async (_, server) => {
    equal(await shown(server.port, 'main.test'), 'main.test');
    server.reload({ fetch: fetchHandler, tls: [plain(other), { ...plain(main), serverName: 'main.test' }] });
    deepEqual([await shown(server.port, 'a.test'), await shown(server.port, 'main.test')], ['other.test', 'main.test']);
  });
  for (const wrong of [
    { ...withPassword, passphrase: 'other' },
    { ...withPassword, passphrase: undefined },
    { cert: main.cert, key: other.key },
    [plain(main), plain(other)],
    [plain(main), { cert: other.cert, key: main.key, serverName: 'a' }],
    { ...plain(main), requestCert: true },
    [plain(main), { ...mutual, serverName: 'a' }],
    [plain(main), null],
    {},
    5,
  ])
    throws(() => serve({ ...local, tls: wrong, fetch: fetchHandler }), Error);
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

await run();
