// `node:dgram`: datagrams over loopback, what waits for a bind, connected sockets, settings, groups, and errors. Node can run it too.
import { AsyncLocalStorage } from 'node:async_hooks';
import { spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import { once } from 'node:events';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, run, equal, ok, deepEqual, throws, rejects } from '../harness.mjs';

/** A socket that is bound to a free port of this machine. */
async function bound(options = 'udp4', address = '127.0.0.1') {
  const socket = dgram.createSocket(options);
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

const closed = (socket) => new Promise((resolve) => socket.close(resolve));
const sent = (socket, ...given) =>
  new Promise((resolve, reject) => socket.send(...given, (error, length) => (error ? reject(error) : resolve(length))));
/** Linux without IPv6. */
const hasIPv6 = await bound('udp6', '::1').then(
  (socket) => closed(socket).then(() => true),
  () => false,
);

test('a datagram is told with its sender, and an answer finds back', async () => {
  const server = await bound();
  server.on('message', (message, sender) => server.send(`got ${message}`, sender.port, sender.address));
  const client = dgram.createSocket('udp4');
  client.send('hello', server.address().port, '127.0.0.1');
  const [message, sender] = await once(client, 'message');
  equal(`${message}`, 'got hello');
  ok(Buffer.isBuffer(message));
  deepEqual(sender, { address: '127.0.0.1', family: 'IPv4', port: server.address().port, size: 9 });
  await closed(client);
  await closed(server);
});

test('every form of what is sent arrives: texts, views, parts, lists, nothing', async () => {
  const server = await bound();
  const got = [];
  const all = new Promise((resolve) => server.on('message', (message) => got.push(`${message}`) === 7 && resolve()));
  const client = dgram.createSocket('udp4');
  const { port } = server.address();
  const bytes = Buffer.from('0123456789');
  equal(await sent(client, 'text', port), 4);
  equal(await sent(client, bytes, 2, 3, port, '127.0.0.1'), 3);
  equal(await sent(client, new DataView(bytes.buffer, bytes.byteOffset + 5, 5), port, 'localhost'), 5);
  equal(await sent(client, ['a', Buffer.from('b'), new Uint16Array([0x6363])], port), 4);
  equal(await sent(client, [], port), 0);
  equal(await sent(client, '', port), 0);
  equal(await sent(client, 'äö', port), 4);
  await all;
  deepEqual(got, ['text', '234', '56789', 'abcc', '', '', 'äö']);
  await closed(client);
  await closed(server);
});

test('what is sent before the socket is bound leaves in its order', async () => {
  const server = await bound();
  const client = dgram.createSocket('udp4');
  const got = [];
  const all = new Promise((resolve) => server.on('message', (message) => got.push(`${message}`) === 20 && resolve()));
  for (let index = 0; index < 20; index += 1) client.send(`${index}`, server.address().port);
  await all;
  deepEqual(got, [...Array(20).keys()].map(String));
  await closed(client);
  await closed(server);
});

test('a connected socket sends without an address, hears its peer alone, and learns that nobody is there', async () => {
  const server = await bound();
  const stranger = await bound();
  const client = dgram.createSocket('udp4');
  client.connect(server.address().port, '127.0.0.1');
  await once(client, 'connect');
  deepEqual(client.remoteAddress(), { address: '127.0.0.1', family: 'IPv4', port: server.address().port });
  equal(throws(() => client.send('xxx', 1, 2, 3, 'h'), Error).code, 'ERR_SOCKET_DGRAM_IS_CONNECTED');
  equal(throws(() => client.connect(1), Error).code, 'ERR_SOCKET_DGRAM_IS_CONNECTED');
  const got = [];
  client.on('message', (message) => got.push(`${message}`));
  await sent(stranger, 'from a stranger', client.address().port, '127.0.0.1');
  await sent(server, 'from the peer', client.address().port, '127.0.0.1');
  await once(client, 'message');
  deepEqual(got, ['from the peer']);
  client.disconnect();
  equal(throws(() => client.remoteAddress(), Error).code, 'ERR_SOCKET_DGRAM_NOT_CONNECTED');
  const { port } = server.address();
  await closed(server);
  client.connect(port, '127.0.0.1');
  await once(client, 'connect');
  client.send('to nobody');
  const [error] = await once(client, 'error');
  equal(error.code, 'ECONNREFUSED');
  await closed(client);
  await closed(stranger);
});

test('errors have the codes of Node', async () => {
  equal(throws(() => dgram.createSocket('udp5'), TypeError).code, 'ERR_SOCKET_BAD_TYPE');
  equal(throws(() => dgram.createSocket({ type: 'udp4', lookup: 1 }), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  const socket = await bound();
  equal(throws(() => socket.bind(0), Error).code, 'ERR_SOCKET_ALREADY_BOUND');
  equal(throws(() => socket.send('x', 0), RangeError).code, 'ERR_SOCKET_BAD_PORT');
  equal(throws(() => socket.send(5, 1), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  equal(throws(() => socket.send(Buffer.alloc(2), 1, 5, 1, ''), RangeError).code, 'ERR_BUFFER_OUT_OF_BOUNDS');
  equal(throws(() => socket.setTTL(0), Error).code, 'EINVAL');
  equal(throws(() => socket.addMembership(), TypeError).code, 'ERR_MISSING_ARGS');
  equal(throws(() => socket.addMembership('127.0.0.1'), Error).code, 'EINVAL');
  equal(throws(() => socket.setRecvBufferSize(-1), TypeError).code, 'ERR_SOCKET_BAD_BUFFER_SIZE');
  const large = await sent(socket, Buffer.alloc(70000), 9, '127.0.0.1').catch((error) => error);
  equal(`${large.code} ${large.syscall} ${large.address} ${large.port}`, 'EMSGSIZE send 127.0.0.1 9');
  const second = dgram.createSocket('udp4');
  second.bind(socket.address().port, '127.0.0.1');
  const [taken] = await once(second, 'error');
  equal(taken.message, `bind EADDRINUSE 127.0.0.1:${socket.address().port}`);
  await closed(socket);
  await closed(second);
  equal(throws(() => socket.send('x', 1), Error).code, 'ERR_SOCKET_DGRAM_NOT_RUNNING');
  equal(throws(() => socket.close(), Error).code, 'ERR_SOCKET_DGRAM_NOT_RUNNING');
  const unbound = dgram.createSocket('udp4');
  const size = throws(() => unbound.getSendBufferSize(), Error);
  equal(`${size.code} ${size.name}`, 'ERR_SOCKET_BUFFER_SIZE SystemError');
  unbound.close();
});

test('settings are the system’s', async () => {
  const socket = await bound({ type: 'udp4', recvBufferSize: 10000, sendBufferSize: 12000 });
  // Linux counts its own book-keeping in.
  equal(socket.getRecvBufferSize(), 20000);
  equal(socket.getSendBufferSize(), 24000);
  socket.setBroadcast(true);
  equal(socket.setTTL(7), 7);
  equal(socket.setMulticastTTL(3), 3);
  equal(socket.setMulticastLoopback(false), false);
  socket.setMulticastInterface('127.0.0.1');
  equal(socket.getSendQueueSize(), 0);
  equal(socket.getSendQueueCount(), 0);
  await closed(socket);
});

test('a group is heard by those who entered it, and left', async () => {
  const receiver = dgram.createSocket({ type: 'udp4', reuseAddr: true });
  receiver.bind(0);
  await once(receiver, 'listening');
  receiver.addMembership('239.1.2.3', '127.0.0.1');
  const sender = await bound();
  sender.setMulticastInterface('127.0.0.1');
  sender.setMulticastLoopback(true);
  sender.send('to the group', receiver.address().port, '239.1.2.3');
  const [message] = await once(receiver, 'message');
  equal(`${message}`, 'to the group');
  receiver.dropMembership('239.1.2.3', '127.0.0.1');
  equal(throws(() => receiver.dropMembership('239.1.2.3', '127.0.0.1'), Error).code, 'EADDRNOTAVAIL');
  receiver.addSourceSpecificMembership('127.0.0.1', '232.1.2.3', '127.0.0.1');
  sender.send('from a source', receiver.address().port, '232.1.2.3');
  equal(`${(await once(receiver, 'message'))[0]}`, 'from a source');
  receiver.dropSourceSpecificMembership('127.0.0.1', '232.1.2.3', '127.0.0.1');
  await closed(receiver);
  await closed(sender);
});

test('IPv6: addresses, and groups with a source', async () => {
  if (!hasIPv6) return;
  const server = await bound('udp6', '::1');
  const client = dgram.createSocket('udp6');
  client.send('six', server.address().port);
  const [message, sender] = await once(server, 'message');
  equal(`${message} ${sender.address} ${sender.family}`, 'six ::1 IPv6');
  client.addSourceSpecificMembership('::1', 'ff3e::1234', '::%lo');
  client.dropSourceSpecificMembership('::1', 'ff3e::1234', '::%lo');
  equal(throws(() => client.dropSourceSpecificMembership('::1', 'ff3e::1234', '::%lo'), Error).code, 'EINVAL');
  client.setMulticastInterface('::%lo');
  await closed(client);
  await closed(server);
});

test('two sockets share a port when both say so', async () => {
  const first = await bound({ type: 'udp4', reusePort: true });
  const second = dgram.createSocket({ type: 'udp4', reusePort: true });
  second.bind(first.address().port, '127.0.0.1');
  await once(second, 'listening');
  equal(second.address().port, first.address().port);
  await closed(first);
  await closed(second);
});

test('block lists keep senders and receivers away', async () => {
  const list = new net.BlockList();
  list.addAddress('127.0.0.1');
  const deaf = await bound({ type: 'udp4', receiveBlockList: list });
  deaf.on('message', () => {
    throw new Error('heard what was blocked');
  });
  const mute = await bound({ type: 'udp4', sendBlockList: list });
  const error = await sent(mute, 'x', 9, '127.0.0.1').catch((failure) => failure);
  equal(error.code, 'ERR_IP_BLOCKED');
  const open = await bound();
  await sent(open, 'x', deaf.address().port, '127.0.0.1');
  await new Promise((resolve) => setTimeout(resolve, 20));
  for (const socket of [deaf, mute, open]) await closed(socket);
});

test('a program’s own look-up is asked, and its errors are told', async () => {
  const asked = [];
  const lookup = (host, family, callback) => {
    asked.push(`${host} ${family}`);
    if (host === 'nowhere') callback(Object.assign(new Error('no'), { code: 'MINE' }));
    else dns.lookup('127.0.0.1', family, callback);
  };
  const server = await bound();
  const client = dgram.createSocket({ type: 'udp4', lookup });
  await sent(client, 'x', server.address().port, 'somewhere');
  await rejects(sent(client, 'x', 9, 'nowhere'), Error);
  client.send('x', 9, 'nowhere');
  equal((await once(client, 'error'))[0].code, 'MINE');
  deepEqual(asked, ['0.0.0.0 4', 'somewhere 4', 'nowhere 4', 'nowhere 4']);
  await closed(client);
  await closed(server);
});

test('a signal, a disposal and a callback close', async () => {
  const controller = new AbortController();
  const socket = dgram.createSocket({ type: 'udp4', signal: controller.signal });
  controller.abort();
  await once(socket, 'close');
  const second = await bound();
  await second[Symbol.asyncDispose]();
  throws(() => second.address(), Error);
  await second[Symbol.asyncDispose]();
  // It is bound first, if somebody waits for that.
  const third = dgram.createSocket('udp4');
  third.send('lost', 9);
  third.close();
  await once(third, 'close');
});

test('listeners run in the asynchronous context in which the socket was made', async () => {
  const storage = new AsyncLocalStorage();
  const socket = storage.run('mine', () => dgram.createSocket('udp4'));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const store = new Promise((resolve) => socket.on('message', () => resolve(storage.getStore())));
  storage.run('other', () => socket.send('x', socket.address().port, '127.0.0.1'));
  equal(await store, 'mine');
  await closed(socket);
});

test('a burst of datagrams leaves room for timers and is heard whole', async () => {
  const server = await bound({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  const client = await bound();
  let count = 0;
  let beforeLast = false;
  const all = new Promise((resolve) =>
    server.on('message', () => {
      count += 1;
      if (count === 1) setImmediate(() => (beforeLast = count < 150));
      if (count === 150) resolve();
    }),
  );
  for (let index = 0; index < 150; index += 1) client.send('x', server.address().port, '127.0.0.1');
  await all;
  ok(beforeLast);
  await closed(client);
  await closed(server);
});

test('a bound socket keeps the program, an unreferenced one does not; a limited one is refused', () => {
  const path = join(tmpdir(), `dgram-${process.pid}.mjs`);
  writeFileSync(
    path,
    `import dgram from 'node:dgram';
     const socket = dgram.createSocket('udp4').unref();
     socket.on('error', (error) => { console.log(error.code); process.exit(); });
     socket.bind(0, '127.0.0.1', () => {
       const other = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => setTimeout(() => { console.log('kept'); other.close(); }, 30).unref());
     });
     setTimeout(() => {}, 5);`,
  );
  const flags = (list) => spawnSync(process.execPath, [...list, path], { encoding: 'utf8', timeout: 20000 }).stdout.trim();
  equal(flags([]), 'kept');
  equal(flags(['--permission', '--allow-fs-read=*']), 'ERR_ACCESS_DENIED');
});

test('a socket is bound and connected at once where no name is looked up', async () => {
  if (dgram.Socket.prototype.bindSync === undefined) return;
  const server = dgram.createSocket('udp4');
  let listens = false;
  server.on('listening', () => (listens = true));
  const { address, family, port } = server.bindSync({ address: '127.0.0.1' });
  deepEqual([address, family, port > 0, listens], ['127.0.0.1', 'IPv4', true, false]);
  equal(throws(() => server.bindSync(), Error).code, 'ERR_SOCKET_ALREADY_BOUND');
  const client = dgram.createSocket('udp4');
  const connected = once(client, 'connect');
  client.connectSync(port, '127.0.0.1');
  equal(client.remoteAddress().port, port);
  equal(throws(() => client.connectSync(port), Error).code, 'ERR_SOCKET_DGRAM_IS_CONNECTED');
  await connected;
  ok(listens);
  const got = once(server, 'message');
  client.send('hi');
  equal(`${(await got)[0]}`, 'hi');
  const other = dgram.createSocket('udp4');
  for (const [deed, code] of [
    [() => other.bindSync({ address: 'localhost' }), 'ERR_INVALID_ARG_VALUE'],
    [() => other.bindSync({ address: 5 }), 'ERR_INVALID_ARG_TYPE'],
    [() => other.bindSync({ port: -1 }), 'ERR_SOCKET_BAD_PORT'],
    [() => other.bindSync(5), 'ERR_INVALID_ARG_TYPE'],
    [() => other.bindSync({ address: '127.0.0.1', port }), 'EADDRINUSE'],
    [() => other.bindSync({ address: '192.0.2.1' }), 'EADDRNOTAVAIL'],
    [() => other.connectSync(0), 'ERR_SOCKET_BAD_PORT'],
    [() => other.connectSync(port, 'localhost'), 'ERR_INVALID_ARG_VALUE'],
  ]) {
    equal(throws(deed, Error).code, code);
  }
  // What failed has left nothing behind.
  equal(other.bindSync().address, '0.0.0.0');
  await Promise.all([closed(server), closed(client), closed(other)]);
  equal(throws(() => other.bindSync(), Error).code, 'ERR_SOCKET_DGRAM_NOT_RUNNING');
});

await run();
