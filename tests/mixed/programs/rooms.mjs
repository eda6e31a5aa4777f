// A server of socket.io whose rooms meet in Redis, beside a BroadcastChannel through the same Redis: `socketio_redis.py` runs it twice.
// What is said in a room goes to its other sockets by socket.io's adapter, and to whoever listens to the channel by Twinloop.
import { once } from 'node:events';
import http from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import Redis from 'ioredis';
import { Server } from 'socket.io';

const { host, port } = JSON.parse(process.env.SERVERS).redis;
const url = `redis://${host}:${port}`;

const publisher = new Redis(url);
const subscriber = publisher.duplicate();
// Without a listener each cut of the connection is a line of ioredis's.
for (const client of [publisher, subscriber]) client.on('error', () => {});

const desk = new BroadcastChannel('desk', { url });
const server = http.createServer();
const rooms = new Server(server, { adapter: createAdapter(publisher, subscriber) });

rooms.on('connection', (socket) => {
  const { name } = socket.handshake.auth;
  socket.on('join', async (room, done) => {
    await socket.join(room);
    socket.to(room).emit('heard', `${name} joined`);
    done(room);
  });
  socket.on('say', (room, text) => {
    rooms.to(room).emit('heard', `${name}: ${text}`);
    desk.postMessage({ process: process.env.NAME, room, text });
  });
  // Who else is in a room, in whatever process.
  socket.on('who', async (room, done) => done((await rooms.in(room).fetchSockets()).map((other) => other.handshake.auth.name).sort()));
});
// The desk speaks to everybody of this process.
desk.onmessage = ({ data }) =>
  rooms.local.emit('heard', data.room === undefined ? `the desk of ${process.env.NAME}: ${data.text}` : `channel: ${data.text}`);

await desk.ready;
await once(server.listen(0, '127.0.0.1'), 'listening');
console.log(server.address().port);
process.on('SIGTERM', () => {
  rooms.close();
  desk.close();
  publisher.disconnect();
  subscriber.disconnect();
});
