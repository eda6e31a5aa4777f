// `node:http2`: sessions and streams over real connections and over pairs of streams, and what peers that break the rules meet. Node can run it too.
import { createHook } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { duplexPair } from 'node:stream';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

const { constants } = http2;
const isTwinloop = process.versions.twinloop !== undefined;

/** A server on a free port and a session to it; `end` closes both. */
async function connected(listeners, options = {}, clientOptions = {}) {
  const server = http2.createServer(options);
  for (const name of Object.keys(listeners)) server.on(name, listeners[name]);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`, clientOptions);
  const end = async () => {
    if (!client.destroyed) {
      client.close();
      await once(client, 'close');
    }
    const closed = once(server, 'close');
    server.close();
    await closed;
  };
  return { server, client, end, port: server.address().port };
}

/** The response to a request: its head, its body and its trailers. */
function ask(client, headers = {}, body = undefined, options = undefined) {
  return new Promise((resolve, reject) => {
    const stream = client.request(headers, options);
    const answer = { stream, text: '', head: undefined, informational: [], trailers: undefined };
    stream.setEncoding('utf8');
    stream.on('response', (head) => (answer.head = head));
    stream.on('headers', (head) => answer.informational.push(head));
    stream.on('trailers', (trailers) => (answer.trailers = trailers));
    stream.on('data', (chunk) => (answer.text += chunk));
    stream.on('error', reject);
    stream.on('close', () => resolve(answer));
    if (body !== undefined) stream.end(body);
  });
}

async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('there was no error');
}

test('a request and its response, with bodies both ways', async () => {
  const { client, end } = await connected({
    stream(stream, headers) {
      let text = '';
      stream.setEncoding('utf8');
      stream.on('data', (chunk) => (text += chunk));
      stream.on('end', () => {
        stream.respond({ ':status': 201, 'x-method': headers[':method'], 'set-cookie': ['a=1', 'b=2'], 'x-list': ['c', 'd'] });
        stream.end(`${headers[':path']} ${text}`);
      });
    },
  });
  const answer = await ask(client, { ':method': 'POST', ':path': '/there' }, 'body');
  equal(answer.text, '/there body');
  equal(answer.head[':status'], 201);
  equal(answer.head['x-method'], 'POST');
  deepEqual(answer.head['set-cookie'], ['a=1', 'b=2']);
  equal(answer.head['x-list'], 'c, d');
  ok(answer.head.date.endsWith('GMT'));
  equal(answer.stream.rstCode, 0);
  deepEqual([answer.stream.closed, answer.stream.destroyed, answer.stream.session], [true, true, undefined]);
  await end();
});

test('requests in the form of HTTP/1', async () => {
  const { client, end } = await connected({
    request(request, response) {
      response.setHeader('X-Version', request.httpVersion);
      response.appendHeader('x-many', 'a');
      response.appendHeader('x-many', 'b');
      response.addTrailers({ 'x-trailer': 'last' });
      response.writeHead(202, { 'content-type': 'text/plain' });
      response.write(`${request.method} ${request.url} `);
      request.pipe(response);
    },
  });
  const answer = await ask(client, { ':method': 'PUT', ':path': '/a?b' }, 'echo');
  equal(answer.text, 'PUT /a?b echo');
  equal(answer.head[':status'], 202);
  equal(answer.head['x-version'], '2.0');
  equal(answer.head['x-many'], 'a, b');
  equal(answer.trailers['x-trailer'], 'last');
  await end();
});

test('many requests at once, and bodies above every window', async () => {
  const large = 'x'.repeat(300_000);
  const { client, end } = await connected({
    stream(stream) {
      stream.respond();
      stream.pipe(stream);
    },
  });
  const bodies = Array.from({ length: 30 }, (_, index) => `${index}${large.slice(index)}`);
  const answers = await Promise.all(bodies.map((body) => ask(client, { ':method': 'POST' }, body)));
  for (let index = 0; index < bodies.length; index += 1) ok(answers[index].text === bodies[index], `body ${index}`);
  await end();
});

test('informational heads, trailers both ways, sensitive fields', async () => {
  const heard = {};
  const { client, end } = await connected({
    stream(stream, headers) {
      heard.sensitive = headers[http2.sensitiveHeaders];
      stream.on('trailers', (trailers) => (heard.trailers = trailers));
      stream.additionalHeaders({ ':status': 103, link: '</a>' });
      stream.respond({}, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1' }));
      stream.on('end', () => stream.end('text'));
      stream.resume();
    },
  });
  const headers = { ':method': 'POST', secret: 's', [http2.sensitiveHeaders]: ['secret'] };
  const stream = client.request(headers, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-up': '2' }));
  stream.end('up');
  const informational = once(stream, 'headers');
  const trailers = once(stream, 'trailers');
  const closed = once(stream, 'close');
  stream.resume();
  equal((await informational)[0][':status'], 103);
  equal((await trailers)[0]['x-sum'], '1');
  await closed;
  equal(heard.trailers['x-up'], '2');
  deepEqual(heard.sensitive, ['secret']);
  await end();
});

test('pushed streams', async () => {
  const { client, end } = await connected({
    stream(stream) {
      stream.pushStream({ ':path': '/pushed' }, (_error, pushed) => {
        pushed.respond({ 'x-pushed': 'yes' });
        pushed.end('pushed');
      });
      stream.respond();
      stream.end('asked for');
    },
  });
  const pushed = new Promise((resolve) => {
    client.on('stream', (stream, headers) => {
      let text = '';
      let head;
      stream.on('push', (response) => (head = response));
      stream.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      stream.on('end', () => resolve([headers[':path'], head['x-pushed'], text]));
    });
  });
  equal((await ask(client)).text, 'asked for');
  deepEqual(await pushed, ['/pushed', 'yes', 'pushed']);
  await end();
});

test('settings, pings and goaway', async () => {
  let ofServer;
  const { client, end } = await connected(
    {
      session(session) {
        ofServer = session;
      },
    },
    { settings: { maxConcurrentStreams: 7, customSettings: { 4660: 9 } } },
    { remoteCustomSettings: [4660] },
  );
  const [settings] = await once(client, 'remoteSettings');
  deepEqual([settings.maxConcurrentStreams, settings.customSettings[4660]], [7, 9]);
  const acknowledged = new Promise((resolve) => {
    client.settings({ initialWindowSize: 100_000 }, (_error, own) => resolve(own.initialWindowSize));
  });
  ok(client.pendingSettingsAck);
  equal(await acknowledged, 100_000);
  equal(ofServer.remoteSettings.initialWindowSize, 100_000);
  const heard = once(ofServer, 'ping');
  const answered = new Promise((resolve) => client.ping(Buffer.from('abcdefgh'), (...given) => resolve(given)));
  const [error, duration, payload] = await answered;
  deepEqual([error, payload.toString(), duration >= 0], [null, 'abcdefgh', true]);
  equal((await heard)[0].toString(), 'abcdefgh');
  equal(client.alpnProtocol, 'h2c');
  equal(client.state.nextStreamID, 1);
  client.setLocalWindowSize(1_000_000);
  equal(client.state.effectiveLocalWindowSize, 1_000_000);
  const told = once(client, 'goaway');
  client.on('error', () => {});
  ofServer.goaway(3, 0, Buffer.from('why'));
  const [code, , data] = await told;
  deepEqual([code, data.toString()], [3, 'why']);
  await end();
});

test('callbacks of settings are called in the order of the acknowledgements, or told that none comes', async () => {
  const { client, end } = await connected({});
  await once(client, 'remoteSettings');
  const called = [];
  let last;
  const all = new Promise((resolve) => (last = resolve));
  for (const initialWindowSize of [70_000, 80_000, 90_000]) {
    client.settings({ initialWindowSize }, (error, own) => {
      called.push([error, own.initialWindowSize]);
      if (called.length === 3) last();
    });
  }
  await all;
  deepEqual(called, [
    [null, 70_000],
    [null, 80_000],
    [null, 90_000],
  ]);
  const canceled = new Promise((resolve) => client.settings({}, resolve));
  client.destroy();
  equal((await canceled).code, 'ERR_HTTP2_SETTINGS_CANCEL');
  await end();
});

test('requests that wait for the limit of streams are sent when one ends', async () => {
  const streams = [];
  const { client, end } = await connected(
    {
      stream(stream) {
        streams.push(stream);
        let text = '';
        stream.setEncoding('utf8');
        stream.on('data', (chunk) => (text += chunk));
        stream.on('end', () => {
          stream.respond();
          stream.end(`${stream.id} ${text}`);
        });
      },
    },
    { settings: { maxConcurrentStreams: 1, initialWindowSize: 200_000 } },
  );
  await once(client, 'remoteSettings');
  const first = client.request({ ':method': 'POST' });
  const later = ['', 'abc', 'x'.repeat(100_000)].map((body) => ask(client, { ':method': 'POST' }, body));
  const read = ask(client);
  await new Promise((resolve) => setTimeout(resolve, 20));
  equal(streams.length, 1);
  first.resume();
  first.end('first');
  const answers = await Promise.all([...later, read]);
  deepEqual(
    answers.map((answer) => answer.text),
    ['3 ', '5 abc', `7 ${'x'.repeat(100_000)}`, '9 '],
  );
  await end();
});

test('ALTSVC, extended CONNECT and padding', async () => {
  const { client, end } = await connected(
    {
      session(session) {
        session.altsvc('h2=":8000"', 'https://example.org');
      },
      stream(stream, headers) {
        stream.respond({ 'x-protocol': headers[':protocol'] });
        stream.pipe(stream);
      },
    },
    { settings: { enableConnectProtocol: true }, paddingStrategy: constants.PADDING_STRATEGY_MAX },
    { paddingStrategy: constants.PADDING_STRATEGY_ALIGNED },
  );
  deepEqual(await once(client, 'altsvc'), ['h2=":8000"', 'https://example.org', 0]);
  if (!client.remoteSettings.enableConnectProtocol) await once(client, 'remoteSettings');
  const answer = await ask(client, { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' }, 'frames');
  deepEqual([answer.head['x-protocol'], answer.text], ['websocket', 'frames']);
  await end();
});

test('files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'http2-'));
  const file = join(folder, 'file.txt');
  writeFileSync(file, '0123456789');
  const { client, end } = await connected({
    stream(stream, headers) {
      if (headers[':path'] === '/absent') {
        const onError = () => {
          stream.respond({ ':status': 404 });
          stream.end();
        };
        stream.respondWithFile(join(folder, 'absent'), {}, { onError });
      } else {
        const statCheck = (stat, head) => {
          head['x-size'] = stat.size;
        };
        stream.respondWithFile(file, { 'content-type': 'text/plain' }, { statCheck, offset: 2, length: 5 });
      }
    },
  });
  const answer = await ask(client);
  deepEqual([answer.text, answer.head['content-length'], answer.head['x-size']], ['23456', '5', '10']);
  equal((await ask(client, { ':path': '/absent' })).head[':status'], 404);
  await end();
  rmSync(folder, { recursive: true });
});

test('any duplex stream can be the connection', async () => {
  const [one, other] = duplexPair();
  const server = http2.createServer((_request, response) => response.end('over a pair'));
  server.emit('connection', other);
  const client = http2.connect('http://anywhere', { createConnection: () => one });
  equal((await ask(client)).text, 'over a pair');
  client.close();
  await once(client, 'close');
});

test('a stream that is reset, aborted or destroyed says why', async () => {
  const { client, end } = await connected({
    stream(stream, headers) {
      stream.on('error', () => {});
      if (headers[':path'] === '/reset') stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    },
  });
  const error = await errorOf(ask(client, { ':path': '/reset' }));
  deepEqual([error.code, error.message], ['ERR_HTTP2_STREAM_ERROR', 'Stream closed with error code NGHTTP2_ENHANCE_YOUR_CALM']);
  const controller = new AbortController();
  const aborted = errorOf(ask(client, {}, undefined, { signal: controller.signal }));
  controller.abort();
  equal((await aborted).name, 'AbortError');
  const stream = client.request();
  const closed = once(stream, 'close');
  stream.close(constants.NGHTTP2_CANCEL);
  await closed;
  equal(stream.rstCode, constants.NGHTTP2_CANCEL);
  await end();
});

test('wrong arguments are refused with the errors of Node', async () => {
  const refusals = [];
  const { client, end } = await connected({
    stream(stream) {
      const refused = (call) => {
        try {
          call();
        } catch (error) {
          refusals.push(error.code);
        }
      };
      refused(() => stream.respond({ connection: 'close' }));
      refused(() => stream.respond({ ':path': '/' }));
      refused(() => stream.respond({ ':status': 99 }));
      refused(() => stream.additionalHeaders({ ':status': 101 }));
      refused(() => stream.sendTrailers({}));
      stream.respond();
      refused(() => stream.respond());
      refused(() => stream.additionalHeaders({}));
      stream.end();
    },
  });
  await ask(client);
  deepEqual(refusals, [
    'ERR_HTTP2_INVALID_CONNECTION_HEADERS',
    'ERR_HTTP2_INVALID_PSEUDOHEADER',
    'ERR_HTTP2_STATUS_INVALID',
    'ERR_HTTP2_STATUS_101',
    'ERR_HTTP2_TRAILERS_NOT_READY',
    'ERR_HTTP2_HEADERS_SENT',
    'ERR_HTTP2_HEADERS_AFTER_RESPOND',
  ]);
  equal(throws(() => client.request({ 'a b': 1 }), TypeError).code, 'ERR_INVALID_HTTP_TOKEN');
  equal(throws(() => client.request({ 'content-type': ['a', 'b'] }), TypeError).code, 'ERR_HTTP2_HEADER_SINGLE_VALUE');
  equal(throws(() => client.request({ ':method': 'CONNECT' }), Error).code, 'ERR_HTTP2_CONNECT_AUTHORITY');
  equal(throws(() => client.ping(Buffer.alloc(7), () => {}), RangeError).code, 'ERR_HTTP2_PING_LENGTH');
  equal(throws(() => client.socket.write('x'), Error).code, 'ERR_HTTP2_NO_SOCKET_MANIPULATION');
  equal(throws(() => http2.connect('ftp://a'), Error).code, 'ERR_HTTP2_UNSUPPORTED_PROTOCOL');
  await end();
});

test('nothing is sent of a value that would end a field', async () => {
  let seen = 0;
  const { client, end } = await connected({
    stream(stream) {
      seen += 1;
      stream.respond();
      stream.end();
    },
  });
  for (const value of ['a\r\nb', 'a\nb', 'a\0b']) {
    // Node sends it, and its server passes over the field.
    if (isTwinloop) equal((await errorOf(ask(client, { 'x-field': value }))).code, 'ERR_HTTP2_STREAM_ERROR');
  }
  equal(seen, 0);
  await ask(client);
  equal(seen, 1);
  await end();
});

test('a client that is none, and floods, end their own connection alone', async () => {
  const { client, end, port } = await connected({
    stream(stream) {
      stream.respond();
      stream.end('fine');
    },
    sessionError() {},
  });
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const emptySettings = Buffer.concat(Array.from({ length: 3000 }, () => settings));
  const ping = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const pings = Buffer.concat(Array.from({ length: 3000 }, () => ping));
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    Buffer.concat([preface, settings, emptySettings]),
    Buffer.concat([preface, settings, pings]),
  ]) {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    const closed = once(socket, 'close');
    socket.write(bytes);
    // Whoever is patient with a flood answers it; the connection ends when its sender does.
    setTimeout(() => socket.destroy(), 300);
    await closed;
    equal((await ask(client)).text, 'fine');
  }
  await end();
});

test('a reader that stalls stops its peer', async () => {
  let written = 0;
  const { client, end } = await connected({
    stream(stream) {
      stream.on('error', () => {});
      stream.respond();
      const chunk = Buffer.alloc(16_384);
      const write = () => {
        while (!stream.destroyed) {
          written += chunk.length;
          if (!stream.write(chunk)) break;
        }
      };
      stream.on('drain', write);
      write();
    },
  });
  const stream = client.request();
  stream.on('error', () => {});
  await once(stream, 'response');
  await new Promise((resolve) => setTimeout(resolve, 200));
  ok(written < 500_000, `${written} bytes`);
  const before = written;
  stream.resume();
  await new Promise((resolve) => setTimeout(resolve, 100));
  ok(written > before);
  stream.close(constants.NGHTTP2_CANCEL);
  await once(stream, 'close');
  await end();
});

test('sessions and streams have their time', async () => {
  const { client, end } = await connected({ stream() {} });
  const stream = client.request();
  await new Promise((resolve) => stream.setTimeout(20, resolve));
  stream.close(constants.NGHTTP2_CANCEL);
  await once(stream, 'close');
  await new Promise((resolve) => client.setTimeout(20, resolve));
  await end();
});

test('channels of diagnostics tell what becomes of a stream', async () => {
  const { client, end } = await connected({
    stream(stream) {
      stream.resume();
      stream.respond();
      stream.end();
    },
  });
  const told = [];
  const names = ['created', 'start', 'bodyChunkSent', 'bodySent', 'finish', 'close'];
  const listeners = names.map((name) => [`http2.client.stream.${name}`, ({ stream }) => told.push([name, stream.constructor.name])]);
  for (const [name, listener] of listeners) subscribe(name, listener);
  await ask(client, { ':method': 'POST' }, 'body');
  for (const [name, listener] of listeners) unsubscribe(name, listener);
  // A body that is short is told before the connection is there, or after.
  deepEqual(told.map(([name]) => name).sort(), [...names].sort());
  ok(told.every(([, name]) => name === 'ClientHttp2Stream'));
  await end();
});

test('packed settings', () => {
  const settings = { headerTableSize: 100, enablePush: false, customSettings: { 9999: 301 } };
  const packed = http2.getPackedSettings(settings);
  deepEqual([...packed.subarray(0, 6)], [0, 1, 0, 0, 0, 100]);
  const back = http2.getUnpackedSettings(packed);
  deepEqual([back.headerTableSize, back.enablePush, back.customSettings], [100, false, { 9999: 301 }]);
  equal(throws(() => http2.getPackedSettings({ maxFrameSize: 1 }), RangeError).code, 'ERR_HTTP2_INVALID_SETTING_VALUE');
});

test('observers of performance hear of sessions and streams', async () => {
  const entries = [];
  const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
  observer.observe({ type: 'http2' });
  const stream = (asked) => {
    asked.respond({ ':status': 200 });
    asked.resume().end('body');
  };
  const { client, end } = await connected({ stream });
  await new Promise((resolve) => client.ping(resolve));
  await ask(client, { ':method': 'POST' }, 'asked');
  await end();
  await new Promise((resolve) => setTimeout(resolve, 10));
  observer.disconnect();
  const names = entries.map(({ name, entryType, detail }) => `${entryType} ${name} ${detail.type ?? detail.id}`).sort();
  deepEqual(names, ['http2 Http2Session client', 'http2 Http2Session server', 'http2 Http2Stream 1', 'http2 Http2Stream 1']);
  const session = entries.find(({ detail }) => detail.type === 'client').detail;
  equal(session.streamCount, 1);
  equal(session.maxConcurrentStreams, 1);
  ok(session.framesReceived >= 4 && session.framesSent >= 4);
  ok(session.pingRTT > 0 && session.streamAverageDuration > 0);
  ok(session.bytesRead > 0 && session.bytesWritten > 0);
  const streams = entries.filter(({ name }) => name === 'Http2Stream').map(({ detail }) => [detail.bytesRead, detail.bytesWritten].sort());
  deepEqual(streams, [
    [4, 5],
    [4, 5],
  ]);
});

test('a ping is a resource of async_hooks', async () => {
  const told = [];
  const ids = new Set();
  const hear = (name) => (id) => ids.has(id) && told.push(name);
  const hook = createHook({
    init: (id, type) => type === 'HTTP2PING' && ids.add(id),
    before: hear('before'),
    after: hear('after'),
    destroy: hear('destroy'),
  });
  hook.enable();
  const { client, end } = await connected({});
  await once(client, 'connect');
  await new Promise((resolve) => client.ping(resolve));
  await end();
  hook.disable();
  equal(ids.size, 1);
  deepEqual(told, ['before', 'after', 'destroy']);
});

await run();
