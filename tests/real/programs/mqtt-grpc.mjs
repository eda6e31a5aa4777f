// mqtt with aedes, and gRPC: brokers and services with streams, deadlines and errors, over sockets and WebSockets.
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { closedPort, refusal, until } from './harness.mjs';

const broker = await Aedes.createBroker();
broker.authenticate = (_client, name, password, done) => done(null, name !== 'eve' || String(password) === 'right');
const tcp = net.createServer(broker.handle).listen(0, '127.0.0.1');
const web = http.createServer().listen(0, '127.0.0.1');
new WebSocketServer({ server: web }).on('connection', (socket) => {
  const stream = createWebSocketStream(socket);
  stream.on('error', () => {});
  stream.pipe(net.connect(tcp.address().port, '127.0.0.1')).pipe(stream);
});
await Promise.all([once(tcp, 'listening'), once(web, 'listening')]);
const heard = [];
const first = await mqtt.connectAsync(`mqtt://127.0.0.1:${tcp.address().port}`, {
  clientId: 'first',
  will: { topic: 'gone', payload: 'first left' },
});
const second = await mqtt.connectAsync(`ws://127.0.0.1:${web.address().port}`, { clientId: 'second', protocolVersion: 4 });
second.on('message', (topic, payload, packet) =>
  heard.push([topic, payload.length > 20 ? payload.length : String(payload), packet.qos, packet.retain]),
);
console.log(
  await second
    .subscribeAsync({ 'home/+/light': { qos: 1 }, 'home/#': { qos: 2 }, gone: { qos: 0 } })
    .then((granted) => granted.map(({ topic, qos }) => [topic, qos])),
);
await first.publishAsync('home/kitchen/light', 'än', { qos: 1 });
await first.publishAsync('home/hall', 'x'.repeat(300_000), { qos: 2 });
await first.publishAsync('kept', 'old', { retain: true, qos: 1 });
await second.subscribeAsync('kept');
await until(() => heard.some(([topic]) => topic === 'kept'));
first.stream.destroy();
await until(() => heard.some(([topic]) => topic === 'gone'));
console.log([...new Set(heard.map((message) => JSON.stringify(message)))]);
await once(first, 'connect');
console.log('reconnected', first.connected);
console.log(await refusal(mqtt.connectAsync(`mqtt://127.0.0.1:${tcp.address().port}`, { username: 'eve', password: 'wrong' }, false)));
console.log(await refusal(mqtt.connectAsync(`mqtt://127.0.0.1:${await closedPort()}`, { reconnectPeriod: 0 }, false)));
await first.endAsync();
await second.endAsync();
broker.close();
tcp.close();
web.close();

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'grpc-'));
fs.writeFileSync(
  path.join(folder, 'sums.proto'),
  `syntax = "proto3"; package sums;
  message Number { int64 value = 1; string note = 2; bytes data = 3; } message Total { int64 value = 1; }
  service Sums { rpc Double (Number) returns (Number); rpc Count (Number) returns (stream Number); rpc Add (stream Number) returns (Total); rpc Echo (stream Number) returns (stream Number); }`,
);
const { sums } = grpc.loadPackageDefinition(loader.loadSync(path.join(folder, 'sums.proto'), { longs: Number }));
fs.rmSync(folder, { recursive: true });
const server = new grpc.Server();
server.addService(sums.Sums.service, {
  Double: (call, done) => {
    if (call.request.value < 0) return done({ code: grpc.status.INVALID_ARGUMENT, details: 'too smäll' });
    if (call.request.value === 99) return undefined;
    done(null, { ...call.request, value: call.request.value * 2, note: call.metadata.get('who').join() });
  },
  Count: async (call) => {
    for (let value = 0; value < call.request.value && !call.cancelled; value++) if (!call.write({ value })) await once(call, 'drain');
    call.end();
  },
  Add: (call, done) => {
    let value = 0;
    call.on('data', (number) => {
      value += number.value;
    });
    call.on('end', () => done(null, { value }));
  },
  Echo: (call) => call.pipe(call),
});
const port = await new Promise((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
);
const client = new sums.Sums(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
const metadata = new grpc.Metadata();
metadata.set('who', 'me');
const double = (number, options = {}) =>
  new Promise((resolve, reject) => client.Double(number, metadata, options, (error, reply) => (error ? reject(error) : resolve(reply))));
console.log(await double({ value: 21, data: Buffer.from([1, 255]) }));
console.log(
  (await double({ value: 1, data: Buffer.alloc(2_000_000) })).data.length,
  await refusal(double({ value: -1 })),
  await refusal(double({ value: 99 }, { deadline: Date.now() + 80 })).then((text) => text.slice(0, 30)),
);
let counted = 0;
for await (const number of client.Count({ value: 5000 })) counted += number.value;
console.log(counted);
const adding = await new Promise((resolve, reject) => {
  const call = client.Add((error, total) => (error ? reject(error) : resolve(total)));
  for (let value = 0; value < 1000; value++) call.write({ value });
  call.end();
});
console.log(adding);
const echo = client.Echo();
for (const value of [1, 2, 3]) echo.write({ value });
echo.end();
const echoed = [];
for await (const { value } of echo) echoed.push(value);
console.log(echoed);
const endless = client.Count({ value: 1e9 });
await once(endless, 'data');
endless.cancel();
console.log(await once(endless, 'error').then(([error]) => error.message));
console.log((await Promise.all(Array.from({ length: 90 }, (_, value) => double({ value })))).reduce((sum, { value }) => sum + value, 0));
client.close();
await new Promise((resolve) => server.tryShutdown(resolve));
