// Servers: nats
// NATS: subjects, requests, queue groups, headers, JetStream, key-value buckets, a restarted server.
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, headers } from '@nats-io/transport-node';
import { closedPort, control, refusal, servers, until } from './harness.mjs';

const options = { servers: `${servers.nats.host}:${servers.nats.port}`, reconnectTimeWait: 20, maxReconnectAttempts: -1 };
const nc = await connect(options);
console.log(nc.info.proto, nc.info.jetstream, nc.getServer().startsWith('127.0.0.1'));
const heard = [];
const sub = nc.subscribe('news.>', { max: 3 });
const reading = (async () => {
  for await (const message of sub) heard.push([message.subject, message.string(), message.headers?.get('kind')]);
})();
const head = headers();
head.set('kind', 'ß');
nc.publish('news.a', 'one');
nc.publish('news.b.c', 'två', { headers: head });
nc.publish('news.d', new Uint8Array([104, 105]));
await reading;
console.log(heard);
nc.subscribe('double', { callback: (_error, message) => message.respond(JSON.stringify(message.json() * 2)) });
console.log(await Promise.all([1, 2, 3].map(async (n) => (await nc.request('double', JSON.stringify(n))).json())));
console.log(await refusal(nc.request('nobody', 'x')), await refusal(nc.request('news.slow', 'x', { timeout: 30, noMux: true })));
const counts = [0, 0];
for (const n of [0, 1]) nc.subscribe('work', { queue: 'workers', callback: () => counts[n]++ });
for (let n = 0; n < 1000; n++) nc.publish('work');
await nc.flush();
await until(() => counts[0] + counts[1] === 1000);
console.log(
  'worked',
  counts.every((count) => count > 0),
);
const large = nc.subscribe('large', { max: 1 });
nc.publish('large', new Uint8Array(900_000).fill(7));
for await (const message of large)
  console.log(
    'large',
    message.data.length,
    message.data.every((byte) => byte === 7),
  );
console.log(
  (() => {
    try {
      nc.publish('large', new Uint8Array(2_000_000));
    } catch (error) {
      return error.name;
    }
  })(),
);

const manager = await jetstreamManager(nc);
await manager.streams.add({ name: 'orders', subjects: ['orders.*'] });
const js = jetstream(nc);
for (let n = 0; n < 5; n++)
  console.log('stored', (await js.publish('orders.new', JSON.stringify({ n }), { msgID: `id-${n % 4}` })).duplicate);
await manager.consumers.add('orders', { durable_name: 'reader', ack_policy: 'explicit' });
const consumer = await js.consumers.get('orders', 'reader');
const seen = [];
for await (const message of await consumer.fetch({ max_messages: 4, expires: 2000 })) {
  seen.push([message.seq, message.json().n, message.redelivered]);
  message.ack();
}
console.log(seen, await refusal(js.publish('unknown.subject', 'x')), await refusal(js.consumers.get('orders', 'nobody')));
await nc.flush();
const bucket = await new Kvm(nc).create('settings', { history: 3 });
await bucket.put('colour', 'red');
await bucket.put('colour', 'blue');
console.log((await bucket.get('colour')).string(), await refusal(bucket.create('colour', 'x')), await bucket.get('none'));
const history = [];
for await (const entry of await bucket.history({ key: 'colour' })) history.push([entry.string(), entry.operation]);
console.log(history);

const states = [];
(async () => {
  for await (const status of nc.status()) states.push(status.type);
})();
const survivor = nc.subscribe('after', { max: 1 });
await control('restart', 'nats');
await until(() => states.includes('reconnect'));
nc.publish('after', 'still here');
for await (const message of survivor) console.log(message.string());
console.log(
  'kept',
  (await manager.streams.info('orders')).state.messages,
  ['disconnect', 'reconnect'].every((state) => states.includes(state)),
);
console.log(await refusal(connect({ servers: `127.0.0.1:${await closedPort()}`, reconnect: false })));
await nc.drain();
console.log(nc.isClosed(), await refusal((async () => nc.publish('x'))()));
