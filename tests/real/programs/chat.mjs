// Servers: redis
// socket.io with the Redis adapter: two servers that share rooms, acknowledgements, binary data, namespaces, a refused client.
import { once } from 'node:events';
import http from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import express from 'express';
import Redis from 'ioredis';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { servers, until } from './harness.mjs';

async function start(name) {
  const publisher = new Redis(servers.redis);
  const subscriber = publisher.duplicate();
  const app = express();
  app.get('/', (_request, response) => response.send(`<h1>${name}</h1>`));
  const server = http.createServer(app);
  const chat = new Server(server, { adapter: createAdapter(publisher, subscriber, { requestsTimeout: 5000 }) });
  chat.use((socket, next) => (socket.handshake.auth.token === 'secret' ? next() : next(new Error('not allowed'))));
  chat.on('connection', (socket) => {
    socket.on('join', async (room, done) => {
      await socket.join(room);
      socket.to(room).emit('joined', socket.handshake.auth.name);
      done(`welcome to ${room}`);
    });
    socket.on('say', (room, text) => chat.to(room).emit('said', socket.handshake.auth.name, text));
    socket.on('picture', (bytes, done) => done(Buffer.concat([bytes, bytes])));
  });
  chat.of('/admin').on('connection', (socket) => socket.emit('hello', socket.nsp.name));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { chat, publisher, subscriber, url: `http://127.0.0.1:${server.address().port}` };
}
const [first, second] = await Promise.all([start('first'), start('second')]);
await until(async () => (await first.publisher.pubsub('CHANNELS', 'socket.io*')).length >= 2);
console.log(await (await fetch(first.url)).text());
const heard = [];
const client = (place, name, options = {}) => {
  const socket = io(place.url, { auth: { token: 'secret', name }, forceNew: true, ...options });
  socket.on('joined', (who) => heard.push(`${name}: ${who} joined`));
  socket.on('said', (who, text) => heard.push(`${name}: ${who} says ${text}`));
  return socket;
};
const ada = client(first, 'Ada', { transports: ['websocket'] });
const bob = client(second, 'Bob');
await Promise.all([once(ada, 'connect'), once(bob, 'connect')]);
console.log(await ada.emitWithAck('join', 'tea'));
console.log(await bob.emitWithAck('join', 'tea'));
await until(() => heard.length === 1);
ada.emit('say', 'tea', 'grüße ☃');
await until(() => heard.length === 3);
bob.emit('say', 'tea', 'x'.repeat(200_000));
await until(() => heard.length === 5);
console.log(heard.map((line) => line.slice(0, 30)).sort());
await until(() => bob.io.engine.transport.name === 'websocket');
console.log('upgraded', (await bob.emitWithAck('picture', Buffer.from([1, 2, 255]))).length);
console.log('members', (await first.chat.in('tea').fetchSockets()).length, (await second.chat.sockets.adapter.allRooms()).has('tea'));
first.chat.serverSideEmit('ping', 1);
const [value] = await once(second.chat, 'ping');
console.log('between servers', value);
const admin = io(`${first.url}/admin`, { auth: { token: 'secret' } });
console.log(await once(admin, 'hello'));
const stranger = io(first.url, { forceNew: true, auth: {} });
console.log(await once(stranger, 'connect_error').then(([error]) => error.message));
second.chat.in('tea').disconnectSockets(true);
console.log(await Promise.all([once(ada, 'disconnect'), once(bob, 'disconnect')]).then((all) => all.map(([reason]) => reason)));
for (const socket of [ada, bob, admin, stranger]) socket.disconnect();
for (const place of [first, second]) {
  await place.chat.close();
  place.publisher.disconnect();
  place.subscriber.disconnect();
}
