// Servers: redis
// redis (node-redis): commands, transactions, publish and subscribe, iterators, blocking pops, pools, a restarted server.
import { createClient, createClientPool, defineScript } from 'redis';
import { closedPort, control, refusal, servers, until } from './harness.mjs';

const url = `redis://${servers.redis.host}:${servers.redis.port}/2`;
const client = createClient({
  url,
  socket: { reconnectStrategy: () => 20 },
  scripts: {
    add: defineScript({
      NUMBER_OF_KEYS: 1,
      SCRIPT: "return redis.call('GET', KEYS[1]) + ARGV[1]",
      parseCommand: (parser, key, number) => {
        parser.pushKey(key);
        parser.push(String(number));
      },
      transformReply: (reply) => reply,
    }),
  },
});
const errors = [];
client.on('error', (error) => errors.push(error.constructor.name));
await client.connect();
await client.flushDb();
console.log(await client.set('key', 'ö☃', { EX: 100 }), await client.get('key'), await client.get('none'), (await client.ttl('key')) > 90);
console.log(await client.hSet('hash', { a: 1, b: 'two' }), { ...(await client.hGetAll('hash')) }, await client.mGet(['key', 'none']));
console.log(
  await client.zAdd('scores', [
    { score: 2, value: 'b' },
    { score: 1, value: 'a' },
  ]),
  await client.zRangeWithScores('scores', 0, -1),
);
console.log(await client.multi().incr('n').incr('n').get('n').exec(), await client.add('n', 40));
console.log(await refusal(client.lPush('key', 'x')), await refusal(client.sendCommand(['NOSUCH'])));
console.log((await Promise.all(Array.from({ length: 2000 }, () => client.incr('sum')))).at(-1));
for (let n = 0; n < 300; n++) client.set(`scan:${n}`, 'x');
let found = 0;
for await (const keys of client.scanIterator({ MATCH: 'scan:*', COUNT: 50 })) found += keys.length;
console.log('scanned', found);

const subscriber = client.duplicate().on('error', () => {});
await subscriber.connect();
const heard = [];
await subscriber.subscribe('news', (message, channel) => heard.push([channel, message]));
await subscriber.pSubscribe('n*', (message, channel) => heard.push([channel, message.length]), true);
console.log(await client.publish('news', 'hello'));
await until(() => heard.length === 2);
console.log(heard);
const blocked = client.duplicate().on('error', () => {});
await blocked.connect();
const pop = blocked.blPop('queue', 5);
await client.rPush('queue', 'job');
console.log({ ...(await pop) }, await blocked.blPop('queue', 0.05));
const pool = createClientPool({ url }, { minimum: 1, maximum: 3 });
pool.on('error', (error) => console.log('pool', error.message));
await pool.connect();
console.log((await Promise.all(Array.from({ length: 20 }, (_, n) => pool.execute((own) => own.set(`pool:${n}`, n))))).length);
await pool.close();

await control('restart', 'redis');
await until(() => client.isReady && subscriber.isReady);
console.log('restarted', [...new Set(errors)], await client.get('key'), await client.set('key', 'again'));
await until(async () => (await client.publish('news', 'after')) > 0);
await until(() => heard.length > 3);
console.log(heard.at(-1));
const nobody = createClient({ socket: { host: '127.0.0.1', port: await closedPort(), reconnectStrategy: false } }).on('error', () => {});
console.log(await refusal(nobody.connect()));
const aborted = new AbortController();
const waiting = blocked.withAbortSignal(aborted.signal).get('x');
aborted.abort();
console.log(await refusal(waiting));
await blocked.close();
await subscriber.close();
await client.close();
console.log(await refusal(client.get('key')));
