// `node:http`: servers and requests over real connections, what the parser refuses, agents, upgrades and times. Node can run it too.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { listenerCount, once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { Readable, destroy } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

/** A server on a free port of this machine; `close` ends it with its connections. */
async function serving(listener, options = {}) {
  const server = http.createServer(options, listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { server, port: server.address().port, close };
}

/** The response to a request, with its body. */
function ask(port, options = {}, body = undefined) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ response, text, request }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** What a server answers to these bytes, until it closes the connection. */
async function raw(port, ...pieces) {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => (text += chunk));
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await closed;
  return text.replace(/^Date: .*\r\n/gm, '');
}

test('requests have their parts, and responses too', async () => {
  const { port, close } = await serving((request, response) => {
    const { method, url, headers, rawHeaders, httpVersion } = request;
    response.writeHead(201, 'Made', { 'X-One': '1', 'Set-Cookie': ['a=1', 'b=2'] });
    response.end(JSON.stringify({ method, url, accept: headers.accept, twice: headers['x-twice'], raw: rawHeaders[0], httpVersion }));
  });
  const { response, text } = await ask(port, { path: '/a?b=c', headers: { Accept: 'text/plain', 'X-Twice': ['1', '2'] } });
  deepEqual(JSON.parse(text), { method: 'GET', url: '/a?b=c', accept: 'text/plain', twice: '1, 2', raw: 'Accept', httpVersion: '1.1' });
  deepEqual([response.statusCode, response.statusMessage, response.headers['x-one']], [201, 'Made', '1']);
  deepEqual(response.headers['set-cookie'], ['a=1', 'b=2']);
  equal(response.headers['transfer-encoding'], 'chunked');
  ok(response.headers.date.endsWith('GMT'));
  equal(response.complete, true);
  await close();
});

test('bodies stream both ways, in chunks with trailers or by length', async () => {
  const { port, close } = await serving(async (request, response) => {
    if (request.url === '/trailers') {
      response.writeHead(200, { Trailer: 'X-Sum' });
      response.write('body');
      response.addTrailers({ 'X-Sum': '4' });
      response.end();
      return;
    }
    await pipeline(request, response);
  });
  const body = 'x'.repeat(300_000);
  const { response, text } = await ask(port, { method: 'POST' }, body);
  equal(text, body);
  equal(response.headers['transfer-encoding'], 'chunked');
  const request = http.request({ port, host: '127.0.0.1', method: 'PUT' });
  Readable.from(['ab', 'cd', 'ä']).pipe(request);
  const [streamed] = await once(request, 'response');
  equal(Buffer.concat(await streamed.toArray()).toString(), 'abcdä');
  const trailers = await ask(port, { path: '/trailers' });
  deepEqual([trailers.text, trailers.response.trailers], ['body', { 'x-sum': '4' }]);
  const fetched = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'by fetch' });
  equal(await fetched.text(), 'by fetch');
  await close();
});

test('text beyond ASCII is sent as it is, with the head and after it', async () => {
  const { port, close } = await serving(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    if (request.url === '/length') {
      response.writeHead(200, { 'Content-Length': 5 });
      response.write('ä€');
      response.end();
    } else if (request.url === '/latin1') response.end('ä', 'latin1');
    else response.end(`ä€${body}`);
  });
  equal((await ask(port, { method: 'POST' }, 'ü')).text, 'ä€ü');
  equal((await ask(port, { path: '/length' })).text, 'ä€');
  equal((await ask(port, { path: '/latin1' })).response.headers['content-length'], '1');
  await close();
});

test('connections are kept and shared out by an agent', async () => {
  const sockets = new Set();
  const { port, close } = await serving((request, response) => {
    sockets.add(request.socket);
    response.end('ok');
  });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  for (let round = 0; round < 3; round += 1) equal((await ask(port, { agent })).text, 'ok');
  equal(sockets.size, 1);
  const several = await Promise.all(Array.from({ length: 6 }, () => ask(port, { agent })));
  ok(several.every((each) => each.text === 'ok'));
  ok(sockets.size <= 2);
  equal(Object.values(agent.freeSockets)[0].length, sockets.size);
  agent.destroy();
  equal((await ask(port, { agent: false })).response.headers.connection, 'close');
  await close();
});

test('pipelined requests are answered in their order', async () => {
  const { port, close } = await serving((request, response) => {
    setTimeout(() => response.end(request.url), request.url === '/1' ? 20 : 1);
  });
  const text = await raw(
    port,
    'GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  );
  deepEqual(text.match(/^\/\d/gm), ['/1', '/2', '/3']);
  await close();
});

test('what is no request, or could be two, is refused', async () => {
  const errors = [];
  const { server, port, close } = await serving((_, response) => response.end('never'));
  for (const [bytes, status] of [
    ['HELO\r\n\r\n', '400 Bad Request'],
    ['GET / HTTP/1.1\r\n\r\n', '400 Bad Request'],
    ['GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', '400 Bad Request'],
    ['GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', '400 Bad Request'],
    ['GET / HTTP/1.1\r\nHost : x\r\n\r\n', '400 Bad Request'],
    [`GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(20_000)}\r\n\r\n`, '431 Request Header Fields Too Large'],
  ]) {
    ok((await raw(port, bytes)).startsWith(`HTTP/1.1 ${status}\r\n`), bytes.slice(0, 60));
  }
  server.on('clientError', (error, socket) => {
    errors.push(error.code);
    socket.end('HTTP/1.1 499 Mine\r\n\r\n', () => socket.destroy());
  });
  equal(await raw(port, '\x16\x03\x01'), 'HTTP/1.1 499 Mine\r\n\r\n');
  deepEqual(errors, ['HPE_INVALID_METHOD']);
  await close();
});

test('names and values that would end a line are refused before anything is sent', async () => {
  const { port, close } = await serving((_, response) => {
    const codes = [];
    for (const attempt of [
      () => response.setHeader('a b', '1'),
      () => response.setHeader('a', '1\r\nb: 2'),
      () => response.setHeader('a', undefined),
      () => response.writeHead(99),
      () => response.writeHead(200, 'O\nK'),
    ]) {
      codes.push(throws(attempt, Error).code);
    }
    response.statusMessage = undefined;
    response.end(codes.join());
    codes.push(throws(() => response.setHeader('late', '1'), Error).code);
    equal(codes.pop(), 'ERR_HTTP_HEADERS_SENT');
  });
  const { text } = await ask(port);
  equal(text, 'ERR_INVALID_HTTP_TOKEN,ERR_INVALID_CHAR,ERR_HTTP_INVALID_HEADER_VALUE,ERR_HTTP_INVALID_STATUS_CODE,ERR_INVALID_CHAR');
  equal(throws(() => http.request({ path: '/a b' }), TypeError).code, 'ERR_UNESCAPED_CHARACTERS');
  equal(throws(() => http.request({ method: 'A B' }), TypeError).code, 'ERR_INVALID_HTTP_TOKEN');
  equal(throws(() => http.request('https://a.example'), TypeError).code, 'ERR_INVALID_PROTOCOL');
  await close();
});

test('HEAD, 204 and 304 have no body, whatever is written', async () => {
  const { port, close } = await serving((request, response) => {
    response.statusCode = +request.url.slice(1);
    response.end('body');
  });
  for (const options of [{ method: 'HEAD', path: '/200' }, { path: '/204' }, { path: '/304' }]) {
    const { response, text } = await ask(port, options);
    equal(text, '');
    equal(response.headers['content-length'], undefined);
    equal(response.headers['transfer-encoding'], undefined);
  }
  await close();
});

test('expectations are met, and other protocols taken over', async () => {
  const { server, port, close } = await serving((request, response) => request.pipe(response));
  server.on('upgrade', (_request, socket, head) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.write(head);
    socket.pipe(socket);
  });
  server.on('connect', (request, socket) => socket.end(`HTTP/1.1 200 Tunnel\r\n\r\n${request.url}`));
  const expecting = http.request({ port, host: '127.0.0.1', method: 'POST', headers: { Expect: '100-continue' } });
  expecting.flushHeaders();
  await once(expecting, 'continue');
  expecting.end('after');
  const [response] = await once(expecting, 'response');
  equal(Buffer.concat(await response.toArray()).toString(), 'after');
  const upgrading = http.request({ port, host: '127.0.0.1', headers: { Connection: 'Upgrade', Upgrade: 'echo' } });
  upgrading.end();
  const [switched, socket] = await once(upgrading, 'upgrade');
  equal(switched.statusCode, 101);
  socket.end('there and back');
  equal(Buffer.concat(await socket.toArray()).toString(), 'there and back');
  const tunnel = http.request({ port, host: '127.0.0.1', method: 'CONNECT', path: 'example.com:443' });
  tunnel.end();
  const [connected, through, head] = await once(tunnel, 'connect');
  equal(connected.statusCode, 200);
  equal(head.toString() || String((await once(through, 'data'))[0]), 'example.com:443');
  through.destroy();
  await close();
});

test('who leaves is noticed on the other side', async () => {
  const aborted = [];
  let served;
  const { server, port, close } = await serving((request, response) => {
    request.on('error', (error) => aborted.push(error.code));
    response.on('close', () => aborted.push(`closed ${response.writableFinished}`));
    served?.();
  });
  const arrived = new Promise((resolve) => {
    served = resolve;
  });
  const request = http.request({ port, host: '127.0.0.1', method: 'POST' });
  request.write('a part');
  await arrived;
  request.destroy();
  const [error] = await once(request, 'error');
  deepEqual([error.code, error.message], ['ECONNRESET', 'socket hang up']);
  while (aborted.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  deepEqual(aborted.sort(), ['ECONNRESET', 'closed false']);
  server.removeAllListeners('request');
  server.on('request', (_, response) => {
    response.writeHead(200, { 'Content-Length': 10 });
    response.write('half');
    setTimeout(() => response.destroy(), 5);
  });
  const cut = await ask(port).then(
    () => undefined,
    (reason) => reason,
  );
  equal(cut.code, 'ECONNRESET');
  equal(cut.message, 'aborted');
  await close();
});

test('a client that ends its side without its answer is no error of the client, but in the middle of a request', async () => {
  const told = [];
  const { server, port, close } = await serving((request, response) => {
    request.socket.on('error', (error) => told.push(`socket ${error.message}`));
    request.on('aborted', () => told.push(`aborted ${request.url}`)).resume();
    response.on('close', () => told.push(`closed ${response.writableFinished}`));
  });
  server.on('clientError', (error, socket) => {
    told.push(`${error.code} ${error.message} ${error.reason}`);
    socket.destroy();
  });
  for (const [path, rest] of Object.entries({ '/whole': '\r\n', '/half': 'content-length: 10\r\n\r\nabc' })) {
    const socket = net.connect(port, '127.0.0.1');
    socket.end(`POST ${path} HTTP/1.1\r\nhost: a\r\n${rest}`).resume();
    await once(socket, 'close');
    while (told.length < 1 || !told.at(-1).startsWith('closed')) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    told.push(path);
  }
  deepEqual(told, [
    'closed false',
    '/whole',
    'HPE_INVALID_EOF_STATE Parse Error Invalid EOF state',
    'aborted /half',
    'closed false',
    '/half',
  ]);
  await close();
});

test('slow heads and idle requests have an end', async () => {
  const { port, close } = await serving(() => {}, { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 20 });
  equal(await raw(port, 'GET / HTTP/1.1\r\nHost'), 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
  const request = http.request({ port, host: '127.0.0.1', timeout: 20 });
  request.on('error', () => {});
  request.end();
  await once(request, 'timeout');
  request.destroy();
  const controller = new AbortController();
  const aborted = http.request({ port, host: '127.0.0.1', signal: controller.signal });
  aborted.end();
  controller.abort();
  equal((await once(aborted, 'error'))[0].name, 'AbortError');
  await close();
});

test('a reader that stands still keeps the writer waiting', async () => {
  let written = 0;
  let stopped;
  const isStopped = new Promise((resolve) => {
    stopped = resolve;
  });
  const { port, close } = await serving((_, response) => {
    const block = Buffer.alloc(1 << 16);
    const go = () => {
      while (written < 256 << 20) {
        written += block.length;
        if (!response.write(block)) return stopped();
      }
    };
    go();
  });
  const request = http.get({ port, host: '127.0.0.1' });
  request.on('error', () => {});
  const [response] = await once(request, 'response');
  response.on('error', () => {});
  await isStopped;
  ok(written < 64 << 20);
  request.destroy();
  await close();
});

test('a server that closes ends what idles, and says whether it listens', async () => {
  const { server, port } = await serving((_, response) => response.end('last'));
  const agent = new http.Agent({ keepAlive: true });
  equal((await ask(port, { agent })).text, 'last');
  const closed = once(server, 'close');
  server.close();
  await closed;
  equal(server.listening, false);
  agent.destroy();
});

/** A server of this connection alone, which answers each chunk with what `replies` has next. */
async function replying(...replies) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      const reply = replies.shift();
      if (reply === undefined) socket.end();
      else socket.end(reply);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, close: () => server.close() };
}

test('what follows a response is an error of its request, a second response is not', async () => {
  const { port, close } = await replying(
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nhi',
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'.repeat(2),
  );
  const refused = http.get({ port, host: '127.0.0.1' });
  const [error] = await once(refused, 'error');
  equal(error.code, 'HPE_INVALID_CONSTANT');
  equal(refused.socket.listenerCount('data'), 0);
  const answered = http.get({ port, host: '127.0.0.1' });
  answered.on('error', (told) => ok(false, told.message));
  const [response] = await once(answered, 'response');
  await once(response.resume(), 'end');
  close();
});

test('requests give back what they had of a socket that is kept', async () => {
  const { port, close } = await serving((_, response) => response.end('x'));
  const agent = new http.Agent({ keepAlive: true });
  let socket;
  for (let i = 0; i < 3; i += 1) {
    const request = http.get({ port, host: '127.0.0.1', agent, timeout: 5000 });
    const [response] = await once(request, 'response');
    socket ??= request.socket;
    ok(request.socket === socket);
    equal(socket.listenerCount('timeout'), 3);
    const freed = once(socket, 'free');
    response.resume();
    await once(response, 'end');
    ok(request.destroyed);
    equal(response.socket, null);
    await freed;
    // The agent listens for its end, its errors and its time; the socket itself for the end of what comes.
    deepEqual(
      ['data', 'drain', 'timeout', 'error', 'end'].map((name) => socket.listenerCount(name)),
      [0, 0, 1, 1, 1],
    );
    equal(socket.parser, null);
  }
  agent.destroy();
  await close();
});

test('an agent stops before the server does, by a margin that can be set', async () => {
  const { port, close } = await serving((request, response) => {
    response.setHeader('Keep-Alive', `timeout=${request.url.slice(1)}`);
    response.end();
  });
  const kept = async (seconds, options) => {
    const agent = new http.Agent({ keepAlive: true, ...options });
    const request = http.get({ port, host: '127.0.0.1', path: `/${seconds}`, agent });
    const [response] = await once(request, 'response');
    const { socket } = request;
    await once(response.resume(), 'end');
    await new Promise((resolve) => setImmediate(resolve));
    const result = socket.destroyed ? 'gone' : socket.timeout;
    agent.destroy();
    return result;
  };
  const timed = { timeout: 60_000 };
  equal(await kept(3, { ...timed }), 2000);
  equal(await kept(3, { ...timed, agentKeepAliveTimeoutBuffer: 1500 }), 1500);
  equal(await kept(3, { ...timed, agentKeepAliveTimeoutBuffer: -1 }), 2000);
  equal(await kept(1, { ...timed }), 'gone');
  await close();
});

test('under a limit of all connections those of another name go on when one is free', async () => {
  const first = await serving((_, response) => response.end('1'));
  const second = await serving((_, response) => response.end('2'));
  const agent = new http.Agent({ keepAlive: true, maxTotalSockets: 1 });
  const texts = await Promise.all([ask(first.port, { agent }), ask(second.port, { agent }), ask(first.port, { agent })]);
  deepEqual(
    texts.map(({ text }) => text),
    ['1', '2', '1'],
  );
  agent.destroy();
  await first.close();
  await second.close();
});

test('a second request of a connection has its time from when it begins', async () => {
  const { port, close } = await serving((_, response) => response.end(), {
    headersTimeout: 60,
    requestTimeout: 0,
    connectionsCheckingInterval: 20,
  });
  const text = await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost');
  ok(text.startsWith('HTTP/1.1 200 OK'));
  ok(text.endsWith('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'), text);
  await close();
});

test('a body that somebody began to read is not thrown away with the answer', async () => {
  const dumped = [];
  const { port, close } = await serving((request, response) => {
    if (request.url === '/read') {
      request.once('data', () => {
        request.pause();
        response.end();
      });
    } else response.end();
    response.on('finish', () => dumped.push(request._dumped));
  });
  for (const path of ['/read', '/left']) await ask(port, { path, method: 'POST', agent: false }, 'x'.repeat(1000));
  deepEqual(dumped, [false, true]);
  await close();
});

test('a server tells each chunk that follows what it refused, until the connection is destroyed', async () => {
  const { server, port, close } = await serving(() => {});
  const codes = [];
  server.on('clientError', (error, socket) => {
    codes.push([error.code, String(error.rawPacket)]);
    if (codes.length === 3) socket.destroy();
  });
  await raw(port, '1', '2', '3');
  deepEqual(codes, [
    ['HPE_INVALID_METHOD', '1'],
    ['HPE_INVALID_METHOD', '2'],
    ['HPE_INVALID_METHOD', '3'],
  ]);
  await close();
});

test('requests without a body may be over before they are told of', async () => {
  const told = [];
  const { port, close } = await serving(
    (request, response) => {
      told.push([request.readableEnded, request._dumped]);
      response.end();
    },
    { optimizeEmptyRequests: true },
  );
  await ask(port);
  await ask(port, { method: 'POST' }, 'x');
  deepEqual(told, [
    [true, true],
    [false, false],
  ]);
  await close();
});

test('a lenient parser takes folded lines and control characters, for who asks for it', async () => {
  const reply = 'HTTP/1.1 200 OK\r\nA: b;\r\n c\x08\r\nContent-Length: 0\r\n\r\n';
  const { port, close } = await replying(reply, reply);
  const { response } = await ask(port, { insecureHTTPParser: true, agent: false });
  equal(response.headers.a, 'b; c\b');
  const strict = http.get({ port, host: '127.0.0.1', agent: false });
  equal((await once(strict, 'error'))[0].code, 'HPE_INVALID_HEADER_TOKEN');
  close();
});

test('the path of a request is looked at whenever it is set, and a signal is listened to once', async () => {
  const request = http.request({ host: '127.0.0.1', port: 1, path: '/a', createConnection: () => {} });
  throws(() => {
    request.path = '/b\r\nX: y';
  }, TypeError);
  equal(request.path, '/a');
  request.path = '/c';
  equal(request.path, '/c');
  request.destroy();
  const { port, close } = await serving((_, response) => response.end());
  const controller = new AbortController();
  const aborted = http.get({ port, host: '127.0.0.1', signal: controller.signal });
  equal(listenerCount(controller.signal, 'abort'), 1);
  controller.abort();
  equal((await once(aborted, 'error'))[0].name, 'AbortError');
  await close();
});

test("Node's parser can be used by itself", () => {
  const { HTTPParser, methods } = process.binding('http_parser');
  const parser = new HTTPParser();
  const told = [];
  parser.initialize(HTTPParser.REQUEST, {});
  parser[HTTPParser.kOnHeadersComplete] = (major, minor, headers, method, url) => {
    told.push([major, minor, headers, methods[method], url]);
  };
  parser[HTTPParser.kOnBody] = (chunk) => told.push(String(chunk));
  parser[HTTPParser.kOnMessageComplete] = () => told.push('end');
  const bytes = Buffer.from('POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi');
  equal(parser.execute(bytes, 0, 20), 20);
  equal(parser.execute(bytes.subarray(20)), bytes.length - 20);
  deepEqual(told, [[1, 1, ['Content-Length', '2'], 'POST', '/a'], 'hi', 'end']);
  const refused = parser.execute(Buffer.from('?'));
  deepEqual([refused.code, refused.bytesParsed], ['HPE_INVALID_METHOD', 0]);
  throws(() => parser.execute.call({}, bytes), TypeError);
});

test('servers, requests and sockets are told of on the channels of diagnostics', async () => {
  const told = [];
  const names = ['client.request.created', 'client.request.start', 'client.response.finish', 'client.request.error'];
  names.push('server.response.created', 'server.request.start', 'server.response.finish');
  const all = [...names.map((name) => `http.${name}`), 'net.client.socket', 'net.server.socket'];
  const hear = (message, name) => told.push(`${name}: ${Object.keys(message).join()}`);
  for (const name of all) subscribe(name, hear);
  const { port, close } = await serving((_, response) => response.end('x'));
  await ask(port, { agent: false });
  const refused = http.get({ port: 1, host: '127.0.0.1', agent: false });
  await once(refused, 'error');
  await close();
  for (const name of all) unsubscribe(name, hear);
  deepEqual(told.slice().sort(), [
    'http.client.request.created: request',
    'http.client.request.created: request',
    'http.client.request.error: request,error',
    'http.client.request.start: request',
    'http.client.request.start: request',
    'http.client.response.finish: request,response',
    'http.server.request.start: request,response,socket,server',
    'http.server.response.created: request,response',
    'http.server.response.finish: request,response,socket,server',
    'net.client.socket: socket',
    'net.client.socket: socket',
    'net.server.socket: socket',
  ]);
});

test('a request that is destroyed as a stream leaves its connection to the response', async () => {
  const { port, close } = await serving((request, response) => {
    request.on('error', () => {});
    request.on('close', () => response.end('answered'));
    destroy(request);
  });
  equal((await ask(port, { method: 'POST' }, 'body')).text, 'answered');
  await close();
});

// The order is that of Node 26.
test('the events of a request and its response come in their order', async () => {
  const post = 'POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\n';
  const get = 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
  const plain = 'finish, request end, close, request close';
  const cases = [
    [get, undefined, (_request, response) => response.end('x'), plain],
    [get, undefined, (_request, response) => setTimeout(() => response.end('x'), 1), plain],
    [get, undefined, (_request, response) => response.end('x'.repeat(500_000)), plain],
    [post, 'abc', (request, response) => request.resume().on('end', () => response.end('x')), 'request end, finish, request close, close'],
    [
      post,
      'abc',
      (request, response, log) => request.on('data', () => log('data')).on('end', () => response.end('x')),
      'data, request end, finish, request close, close',
    ],
    [
      get,
      undefined,
      (_request, response, log) => {
        response.write('a', () => log('written'));
        response.end('x', (error) => log(`ended ${error} ${response.writableFinished}`));
        log(response.writableFinished);
      },
      `false, written, ended null true, ${plain}`,
    ],
    [
      get,
      undefined,
      (_request, response, log) => {
        response.end('x');
        response.end('y', (error) => log(error.code));
        response.on('error', (error) => log(`error ${error.code}`));
      },
      'finish, ERR_STREAM_WRITE_AFTER_END, error ERR_STREAM_WRITE_AFTER_END, request end, close, request close',
    ],
    [
      get,
      undefined,
      (_request, response, log) => {
        response.destroy();
        response.end('x', () => log('never'));
        response.on('close', () => log(response.writableFinished));
      },
      'close, false, request close',
    ],
  ];
  for (const [head, body, handler, expected] of cases) {
    const seen = [];
    const log = (event) => seen.push(event);
    const over = Promise.withResolvers();
    const { port, close } = await serving((request, response) => {
      for (const event of ['end', 'close']) request.on(event, () => log(`request ${event}`));
      for (const event of ['finish', 'close']) response.on(event, () => log(event));
      let left = 2;
      const ended = () => (left -= 1) === 0 && setImmediate(over.resolve);
      request.on('close', ended);
      response.on('close', ended);
      handler(request, response, log);
    });
    const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
    socket.resume().write(head);
    if (body !== undefined) setTimeout(() => socket.write(body), 20);
    await over.promise;
    equal(seen.join(', '), expected);
    socket.destroy();
    await close();
  }
});

await run();
