// `node:net`: servers and sockets over TCP and local paths, their events and errors, and addresses. Node can run it too.
import { AsyncLocalStorage } from 'node:async_hooks';
import { spawnSync } from 'node:child_process';
import { addAbortListener, listenerCount, once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { test, run, equal, ok, deepEqual, throws, rejects } from '../harness.mjs';

/** A server on a free port of this machine, its port, and what closes it with its connections. */
async function listening(listener, options = {}) {
  const connections = new Set();
  const server = net.createServer(options, listener);
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    for (const socket of connections) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { server, port: server.address().port, close };
}

const echo = (socket) => socket.pipe(socket);

test('bytes go there and back, and every event comes once and in order', async () => {
  const events = [];
  const { port, close } = await listening((socket) => {
    socket.on('data', (data) => socket.write(`echo ${data}`));
    socket.on('end', () => events.push('server end'));
    socket.on('close', (hadError) => events.push(`server close ${hadError}`));
  });
  const client = net.connect(port, '127.0.0.1');
  equal(client.connecting, true);
  equal(client.readyState, 'opening');
  for (const name of ['connect', 'ready', 'end', 'close']) client.on(name, () => events.push(name));
  client.setEncoding('utf8');
  client.write('hello');
  client.on('data', (text) => {
    events.push(text);
    client.end();
  });
  await once(client, 'close');
  await close();
  deepEqual(events.slice(0, 3), ['connect', 'ready', 'echo hello']);
  deepEqual(events.slice(3).sort(), ['close', 'end', 'server close false', 'server end']);
  equal(client.bytesWritten, 5);
  equal(client.bytesRead, 10);
});

test('eight megabytes through an echo arrive whole, and a reader that stands still keeps the writer waiting', async () => {
  const { port, close } = await listening(echo);
  const client = net.connect(port, '127.0.0.1');
  const block = Buffer.alloc(1 << 20, 'abcdefg');
  let refused = 0;
  for (let i = 0; i < 8; i += 1) if (!client.write(block)) refused += 1;
  ok(refused > 0);
  client.end();
  let count = 0;
  for await (const chunk of client) count += chunk.length;
  equal(count, 8 << 20);
  await close();
});

test('a stalled reader keeps what a server holds for it under a cap', async () => {
  let accepted;
  const { port, close } = await listening((socket) => {
    accepted = socket;
  });
  const client = net.connect({ port, host: '127.0.0.1' });
  client.pause();
  await once(client, 'connect');
  while (accepted === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  let written = 0;
  while (accepted.write(Buffer.alloc(1 << 16)) || accepted.writableLength < 1 << 16) written += 1 << 16;
  ok(written < 64 << 20);
  client.destroy();
  await close();
});

test('one end can be closed while the other goes on', async () => {
  const { port, close } = await listening(
    (socket) => {
      socket.resume();
      socket.on('end', () => setTimeout(() => socket.end('late'), 5));
    },
    { allowHalfOpen: true },
  );
  const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  client.end();
  let text = '';
  client.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  await once(client, 'close');
  equal(text, 'late');
  await close();
});

test('errors have the names that Node gives them', async () => {
  const client = net.connect(1, '127.0.0.1');
  const [refused] = await once(client, 'error');
  equal(refused.message, 'connect ECONNREFUSED 127.0.0.1:1');
  deepEqual(
    [refused.code, refused.errno, refused.syscall, refused.address, refused.port],
    ['ECONNREFUSED', -111, 'connect', '127.0.0.1', 1],
  );
  const [missing] = await once(net.connect('/no/such/socket'), 'error');
  equal(missing.message, 'connect ENOENT /no/such/socket');
  const { port, close } = await listening(() => {});
  const [taken] = await once(net.createServer().listen(port, '127.0.0.1'), 'error');
  equal(taken.code, 'EADDRINUSE');
  equal(taken.message, `listen EADDRINUSE: address already in use 127.0.0.1:${port}`);
  await close();
  equal(throws(() => net.connect(70_000), RangeError).code, 'ERR_SOCKET_BAD_PORT');
  equal(throws(() => net.connect({}), TypeError).code, 'ERR_MISSING_ARGS');
  equal(throws(() => net.createServer().listen({}), TypeError).code, 'ERR_INVALID_ARG_VALUE');
  equal(throws(() => new net.Socket({ objectMode: true }), TypeError).code, 'ERR_INVALID_ARG_VALUE');
});

test('of a name with several addresses the one that answers is taken', async () => {
  const { port, close } = await listening(echo);
  const lookup = (_name, _options, callback) => {
    const addresses = [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    callback(null, addresses);
  };
  const client = net.connect({ port, host: 'several.example', lookup });
  await once(client, 'connect');
  equal(client.remoteAddress, '127.0.0.1');
  deepEqual(client.autoSelectFamilyAttemptedAddresses, [`[::1]:${port}`.replace(/[[\]]/g, ''), `127.0.0.1:${port}`]);
  client.destroy();
  await close();
  const [failed] = await once(net.connect({ port: 1, host: 'several.example', lookup }), 'error');
  equal(failed.constructor, AggregateError);
  equal(failed.code, 'ECONNREFUSED');
  equal(failed.errors.length, 2);
});

test('a socket that idles says so, and one that is reset hears it', async () => {
  let accepted;
  const { port, close } = await listening((socket) => {
    accepted = socket;
  });
  const client = net.connect(port, '127.0.0.1');
  await once(client, 'connect');
  client.setTimeout(20);
  equal(client.timeout, 20);
  await once(client, 'timeout');
  equal(client.destroyed, false);
  const reset = once(client, 'error');
  client.resume();
  accepted.resetAndDestroy();
  equal((await reset)[0].code, 'ECONNRESET');
  await close();
});

test('local paths are listened to and cleared away', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'net-'));
  const path = join(folder, 'socket');
  const server = net.createServer(echo).listen({ path, readableAll: true, writableAll: true });
  await once(server, 'listening');
  equal(server.address(), path);
  const client = net.connect(path);
  client.end('over a path');
  let text = '';
  for await (const chunk of client.setEncoding('utf8')) text += chunk;
  equal(text, 'over a path');
  server.close();
  await once(server, 'close');
  equal(existsSync(path), false);
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
});

test('a server counts, refuses and drops', async () => {
  const { server, port, close } = await listening(() => {});
  server.maxConnections = 1;
  const first = net.connect(port, '127.0.0.1');
  await once(server, 'connection');
  const dropped = once(server, 'drop');
  const second = net.connect(port, '127.0.0.1');
  second.on('error', () => {});
  const [data] = await dropped;
  equal(data.remoteFamily, 'IPv4');
  equal(await new Promise((resolve) => server.getConnections((_, count) => resolve(count))), 1);
  first.destroy();
  second.destroy();
  await close();
  equal(server.listening, false);
  equal(server.address(), null);
  const [error] = await new Promise((resolve) => server.close((...given) => resolve(given)));
  equal(error.code, 'ERR_SERVER_NOT_RUNNING');
});

test('what is written before the end of the program is sent', async () => {
  let text = '';
  const { port, close } = await listening((socket) => socket.setEncoding('utf8').on('data', (chunk) => (text += chunk)));
  const code = `const s = require('net').connect(${port}, '127.0.0.1', () => s.write('last words', () => process.exit(3)));`;
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, ['-e', code]);
  equal((await once(child, 'exit'))[0], 3);
  while (text === '') await new Promise((resolve) => setTimeout(resolve, 5));
  equal(text, 'last words');
  await close();
});

test('an unreferenced server and socket let the program end', () => {
  const code = `const net = require('net');
const server = net.createServer().listen(0, '127.0.0.1', () => {
  const socket = net.connect(server.address().port, '127.0.0.1', () => { socket.unref(); server.unref(); console.log('ends'); });
});
server.on('connection', (socket) => socket.unref());`;
  const { stdout, status } = spawnSync(process.execPath, ['-e', code], { timeout: 10_000 });
  equal(String(stdout), 'ends\n');
  equal(status, 0);
});

test('asynchronous context goes along, and streams end a socket', async () => {
  const storage = new AsyncLocalStorage();
  const { port, close } = await listening(echo);
  const seen = await storage.run('mine', async () => {
    const client = net.connect(port, '127.0.0.1');
    client.write('x');
    const value = await new Promise((resolve) => client.once('data', () => resolve(storage.getStore())));
    client.destroy();
    return value;
  });
  equal(seen, 'mine');
  const client = net.connect(port, '127.0.0.1');
  const controller = new AbortController();
  const piped = pipeline(
    client,
    async function* (source) {
      for await (const chunk of source) yield chunk;
    },
    async () => {},
    { signal: controller.signal },
  );
  controller.abort();
  await rejects(piped, Error);
  ok(client.destroyed);
  await close();
});

test('a buffer of the program is read into', async () => {
  const { port, close } = await listening((socket) => socket.end('0123456789'));
  let text = '';
  const buffer = Buffer.alloc(4);
  const client = net.connect({
    port,
    host: '127.0.0.1',
    onread: {
      buffer,
      callback(count, into) {
        equal(into, buffer);
        text += into.toString('utf8', 0, count);
        return true;
      },
    },
  });
  await once(client, 'close');
  equal(text, '0123456789');
  await close();
});

test('sockets that come and go leave nothing', async () => {
  const { server, port, close } = await listening((socket) => socket.end('bye'));
  for (let round = 0; round < 10; round += 1) {
    const clients = Array.from({ length: 20 }, () => net.connect(port, '127.0.0.1').resume());
    await Promise.all(clients.map((client) => once(client, 'close')));
  }
  while ((await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))) > 0)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await close();
});

test('addresses are told apart', () => {
  const cases = {
    '1.2.3.4': 4,
    '01.2.3.4': 0,
    '256.1.1.1': 0,
    '::': 6,
    '::1%eth0': 6,
    '::1%': 0,
    '1:2:3:4:5:6:7:8': 6,
    '1:2:3:4:5:6:7:8:9': 0,
  };
  for (const [text, kind] of Object.entries(cases)) equal(net.isIP(text), kind, text);
  equal(net.isIPv6('::ffff:1.2.3.4'), true);
  equal(new net.SocketAddress({ address: '0:0:0:0:0:0:0:1', family: 'ipv6' }).address, '::1');
});

test('a block list knows addresses, ranges and subnets, also inside of IPv6', () => {
  const list = new net.BlockList();
  list.addAddress('1.1.1.1');
  list.addRange('1.2.3.4', '1.2.3.9');
  list.addSubnet('8592:757c:efae:4e45::', 64, 'ipv6');
  for (const [address, family, expected] of [
    ['1.1.1.1', 'ipv4', true],
    ['1.2.3.5', 'ipv4', true],
    ['1.2.3.10', 'ipv4', false],
    ['::ffff:1.2.3.5', 'ipv6', true],
    ['8592:757c:efae:4e45:f::', 'ipv6', true],
    ['8592:757c:efae:4f45:f::', 'ipv6', false],
  ]) {
    equal(list.check(address, family), expected, address);
  }
  deepEqual(
    list.rules,
    ['Subnet: IPv6 8592:757c:efae:4e45::/64', 'Range: IPv4 1.2.3.4-1.2.3.9', 'Address: IPv4 1.1.1.1'].sort((a, b) => order(a) - order(b)),
  );
});
const order = (rule) => ['A', 'S', 'R'].indexOf(rule[0]);

test('an observer is told of connections, and what waits for a signal is counted', async () => {
  const { port, close } = await listening((socket) => socket.end());
  const entries = [];
  const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
  observer.observe({ type: 'net' });
  await once(net.connect(port, '127.0.0.1').resume(), 'close');
  await new Promise((resolve) => setTimeout(resolve, 10));
  observer.disconnect();
  await once(net.connect(port, '127.0.0.1').resume(), 'close');
  await close();
  equal(entries.length, 1);
  equal(`${entries[0].entryType} ${entries[0].name} ${entries[0].detail.port === port}`, 'net connect true');
  const { signal } = new AbortController();
  const disposable = addAbortListener(signal, () => {});
  signal.addEventListener('abort', () => {});
  equal(listenerCount(signal, 'abort'), 2);
  disposable[Symbol.dispose ?? Symbol.for('Symbol.dispose')]();
  equal(listenerCount(signal, 'abort'), 1);
});

test("a program's own buffer gets nothing while the socket is paused", async () => {
  const server = net.createServer((socket) => socket.end('hello world')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  for (const pauses of [(socket) => void socket.pause(), () => false]) {
    const buffer = Buffer.alloc(4);
    const pieces = [];
    let isPaused = false;
    const callback = function (count, read) {
      ok(!isPaused, 'it is paused');
      pieces.push(read.toString('utf8', 0, count));
      isPaused = true;
      setImmediate(() => {
        isPaused = false;
        this.resume();
      });
      return pauses(this);
    };
    const socket = net.connect({ port: server.address().port, host: '127.0.0.1', onread: { buffer, callback } });
    await once(socket, 'end');
    deepEqual(pieces, ['hell', 'o wo', 'rld']);
  }
  server.close();
});

test('a socket listens to its signal once, and tells of what was aborted before when somebody can listen', async () => {
  const server = net.createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const controller = new AbortController();
  for (const isEarly of [false, true]) {
    const socket = net.connect({ port: server.address().port, host: '127.0.0.1', signal: controller.signal });
    if (!isEarly) equal(listenerCount(controller.signal, 'abort'), 1);
    controller.abort();
    equal((await once(socket, 'error'))[0].name, 'AbortError');
  }
  server.close();
});

test('pieces that were written while a socket was held back go in their order and encodings', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect(server.address().port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  client.cork();
  client.write('ä');
  client.write('ä', 'latin1');
  client.write('c3', 'hex');
  client.write(Buffer.from('€'));
  client.write('\u{1f600}');
  client.uncork();
  client.end();
  equal(client.bytesWritten, 2 + 1 + 1 + 3 + 4);
  equal(Buffer.concat(await socket.toArray()).toString('hex'), 'c3a4e4c3e282acf09f9880');
  server.close();
});

test('a block list takes and loses prefixes and many addresses at once', () => {
  if (net.BlockList.prototype.addCIDR === undefined) return;
  const list = new net.BlockList();
  list.addAddresses(['1.2.3.4', '1.2.3.5', '1.2.3.4']);
  list.addCIDR('10.0.0.0/8');
  list.addCIDRs(['10.0.0.0/8', 'fe80::/10']);
  deepEqual([list.size, list.check('10.1.1.1'), list.check('fe80::1', 'ipv6')], [5, true, true]);
  list.removeCIDR('10.0.0.0/8');
  equal(list.check('10.1.1.1'), true);
  list.removeCIDR('10.0.0.0/8');
  list.removeCIDR('10.0.0.0/8');
  equal(list.check('10.1.1.1'), false);
  list.removeAddress('1.2.3.4');
  list.addRange('5.5.5.1', '5.5.5.9');
  list.removeRange('5.5.5.1', '5.5.5.8');
  equal(list.check('5.5.5.5'), true);
  list.removeRange('5.5.5.1', '5.5.5.9');
  list.removeSubnet('fe80::', 10, 'ipv6');
  deepEqual(list.rules, ['Address: IPv4 1.2.3.5']);
  for (const [deed, code] of [
    [() => list.addCIDR('10.0.0.0'), 'ERR_INVALID_ARG_VALUE'],
    [() => list.addCIDR('10.0.0.0/08'), 'ERR_INVALID_ARG_VALUE'],
    [() => list.addCIDR('10.0.0.0/33'), 'ERR_OUT_OF_RANGE'],
    [() => list.addCIDR('zz/3'), 'ERR_INVALID_ADDRESS'],
    [() => list.addCIDR(5), 'ERR_INVALID_ARG_TYPE'],
    [() => list.addCIDRs('x'), 'ERR_INVALID_ARG_TYPE'],
    [() => list.addCIDRs(['2.2.2.0/24', 'bad']), 'ERR_INVALID_ARG_VALUE'],
    [() => list.addAddresses(['2.2.2.2', 'bad']), 'ERR_INVALID_ADDRESS'],
  ]) {
    equal(throws(deed, Error).code, code);
  }
  equal(list.check('2.2.2.2'), false);
  list.clear();
  deepEqual([list.size, list.rules], [0, []]);
  list.addCIDRs(net.BlockList.PRIVATE_RANGES);
  ok(list.check('192.168.1.1') && list.check('::1', 'ipv6') && !list.check('8.8.8.8') && Object.isFrozen(net.BlockList.PRIVATE_RANGES));
});

await run();
