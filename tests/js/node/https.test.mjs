// `node:https`: servers, requests, agents with their connections and sessions, upgrades. Node can run it too.
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { test, run, equal, ok, deepEqual } from '../harness.mjs';
import { authority, local } from './certificates.mjs';

async function listening(listener, options = {}) {
  const server = https.createServer({ key: local.key, cert: local.cert, ...options }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { server, port: server.address().port, close };
}

/** A response with its body. */
async function fetched(request) {
  const [response] = await once(request, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body, response };
}

const options = (port, more = {}) => ({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert, ...more });

test('a request is answered, with a body in both directions', async () => {
  const { port, close } = await listening((request, response) => {
    ok(request.socket.encrypted);
    request.pipe(response);
  });
  const request = https.request(options(port, { method: 'POST', path: '/a' }));
  request.end('x'.repeat(200_000));
  const { status, body } = await fetched(request);
  equal(status, 200);
  equal(body.length, 200_000);
  await close();
});

// agent-base, below every proxy's agent of npm's and below npm itself, finds its protocol so; each request of https was refused.
test('an agent that looks at its callers sees node:https by its name', async () => {
  class Looking extends http.Agent {
    get protocol() {
      return new Error().stack.split('\n').some((line) => line.includes('node:https:')) ? 'https:' : 'http:';
    }
    set protocol(_) {}
    createConnection(options, connected) {
      return tls.connect(options, connected);
    }
  }
  const { port, close } = await listening((_, response) => response.end('looked'));
  const agent = new Looking();
  const { body } = await fetched(https.get(options(port, { agent })));
  equal(body, 'looked');
  let code;
  try {
    http.get(`https://127.0.0.1:${port}`, { agent });
  } catch (error) {
    code = error.code;
  }
  equal(code, 'ERR_INVALID_PROTOCOL');
  agent.destroy();
  await close();
});

test('a URL with options after it, and get without an end', async () => {
  const { port, close } = await listening((request, response) => response.end(request.url));
  const { body } = await fetched(
    https.get(`https://localhost:${port}/path?q`, { ca: authority.cert, host: '127.0.0.1', servername: 'localhost' }),
  );
  equal(body, '/path?q');
  await close();
});

test('who is not trusted is refused before anything is sent', async () => {
  let requests = 0;
  const { port, close } = await listening(() => {
    requests += 1;
  });
  const [error] = await once(https.get(options(port, { ca: undefined, agent: false })), 'error');
  equal(error.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  const [other] = await once(https.get(options(port, { servername: 'other.test', agent: false })), 'error');
  equal(other.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  equal(requests, 0);
  await close();
});

test('an agent keeps connections', async () => {
  const ports = new Set();
  const { port, close } = await listening((request, response) => {
    ports.add(request.socket.remotePort);
    response.end('ok');
  });
  const agent = new https.Agent({ keepAlive: true, ca: authority.cert, servername: 'localhost' });
  for (let i = 0; i < 5; i += 1) {
    await fetched(https.get({ port, host: '127.0.0.1', agent }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  equal(ports.size, 1);
  agent.destroy();
  await close();
});

test('an agent resumes sessions, and forgets those of connections that failed', async () => {
  const reused = [];
  const { port, close } = await listening((request, response) => {
    reused.push(request.socket.isSessionReused());
    response.end('ok');
  });
  const agent = new https.Agent({ keepAlive: false, maxCachedSessions: 1, ca: authority.cert, servername: 'localhost' });
  for (let i = 0; i < 3; i += 1) await fetched(https.get({ port, host: '127.0.0.1', agent }));
  deepEqual(reused, [false, true, true]);
  equal(agent._sessionCache.list.length, 1);
  agent._evictSession(agent._sessionCache.list[0]);
  await fetched(https.get({ port, host: '127.0.0.1', agent }));
  equal(reused[3], false);
  await close();
});

test('connections to one host with other settings are told apart', () => {
  const agent = new https.Agent();
  const name = agent.getName({ host: 'a', port: 1, ca: 'c', rejectUnauthorized: false, servername: 's' });
  equal(name, 'a:1::c::::::false:s::::::::::::');
  ok(name.includes(':false:s:'));
  ok(agent.getName({ host: 'a', port: 1 }) !== name);
});

test('a connection is upgraded', async () => {
  const { server, port, close } = await listening();
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  const request = https.request(options(port, { headers: { Connection: 'Upgrade', Upgrade: 'echo' }, agent: false }));
  request.end();
  const [, socket] = await once(request, 'upgrade');
  socket.write('hello');
  equal(`${(await once(socket, 'data'))[0]}`, 'hello');
  socket.destroy();
  await close();
});

test('who speaks no TLS is told to clientError', async () => {
  const { server, port, close } = await listening();
  const plain = net.connect(port, '127.0.0.1');
  plain.on('error', () => {});
  plain.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const [error, socket] = await once(server, 'clientError');
  equal(error.code, 'ERR_SSL_HTTP_REQUEST');
  ok(socket instanceof tls.TLSSocket);
  socket.destroy();
  plain.destroy();
  await close();
});

test('a program that has nothing else to do ends beside a free connection', async () => {
  const { port, close } = await listening((_request, response) => response.end('ok'));
  const { response } = await fetched(https.get(options(port)));
  equal(response.socket?.destroyed ?? false, false);
  await close();
});

await run();
