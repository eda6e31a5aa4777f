// Servers: redis
// ioredis: commands, pipelines, transactions, scripts, publish and subscribe, blocking pops, streams, a restarted server.
import Redis from 'ioredis';
import { closedPort, control, refusal, servers, until } from './harness.mjs';

const options = { ...servers.redis, db: 1 };
const redis = new Redis(options);
await redis.flushdb();
console.log(await redis.set('key', 'värde ☃'), await redis.get('key'), await redis.get('none'), await redis.getBuffer('key'));
console.log(
  await redis.hset('hash', { a: 1, b: 'two' }),
  await redis.hgetall('hash'),
  await redis.mset(
    new Map([
      ['m1', 1],
      ['m2', 2],
    ]),
  ),
  await redis.mget('m1', 'm2', 'm3'),
);
const binary = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
await redis.set('binary', binary);
await redis.set('large', 'x'.repeat(2_000_000));
console.log(binary.equals(await redis.getBuffer('binary')), (await redis.get('large')).length);
console.log(
  await redis
    .pipeline()
    .set('p', 1)
    .incr('p')
    .get('p')
    .lpush('p', 'wrong')
    .exec()
    .then((results) => results.map(([error, value]) => error?.message ?? value)),
);
console.log(await redis.multi().incr('count').incr('count').exec(), await refusal(redis.multi().set('x').exec()));
await redis.watch('count');
const other = redis.duplicate();
await other.incr('count');
console.log('watched', await redis.multi().incr('count').exec());
console.log('wrong', await refusal(redis.lpush('key', 'x')), await refusal(redis.call('NOSUCH')));
redis.defineCommand('twice', { numberOfKeys: 1, lua: "return { KEYS[1], ARGV[1] * 2, redis.call('GET', KEYS[1]) }" });
console.log(await redis.twice('key', 21), await refusal(redis.eval("error('in a script')", 0)).then((text) => text.slice(0, 40)));
const many = await Promise.all(Array.from({ length: 2000 }, (_, n) => redis.incrby('sum', n)));
console.log('many', many.at(-1));
const automatic = new Redis({ ...options, enableAutoPipelining: true });
console.log('automatic', (await Promise.all(Array.from({ length: 500 }, (_, n) => automatic.set(`auto:${n}`, n)))).length);
let found = 0;
for await (const keys of redis.scanStream({ match: 'auto:*', count: 100 })) found += keys.length;
console.log('scanned', found);

const heard = [];
const subscriber = new Redis(options);
subscriber.on('message', (channel, message) => heard.push([channel, message]));
subscriber.on('pmessage', (pattern, channel, message) => heard.push([pattern, channel, message]));
console.log(await subscriber.subscribe('news', 'other'), await subscriber.psubscribe('n*'));
console.log(await redis.publish('news', 'hello'), await redis.publish('nobody', 'x'));
await until(() => heard.length === 3);
console.log(heard, await refusal(subscriber.get('key')));
console.log(await subscriber.unsubscribe('news', 'other'), await subscriber.punsubscribe('n*'), await subscriber.get('key'));

const pop = other.blpop('queue', 5);
await redis.rpush('queue', 'first', 'second');
console.log('popped', await pop, await other.brpop('queue', 5), await other.blpop('queue', 0.05));
const read = other.xread('BLOCK', 5000, 'STREAMS', 'events', '$');
await until(async () => (await redis.client('LIST')).includes('cmd=xread'));
await redis.xadd('events', '1-1', 'field', 'value');
console.log('stream', JSON.stringify(await read));
await redis.xgroup('CREATE', 'events', 'group', '0');
console.log(
  JSON.stringify(await redis.xreadgroup('GROUP', 'group', 'me', 'COUNT', 10, 'STREAMS', 'events', '>')),
  await redis.xack('events', 'group', '1-1'),
);
console.log('timeout', await refusal(new Redis({ ...options, commandTimeout: 30 }).on('error', () => {}).blpop('nothing', 1)));

const states = [];
for (const state of ['connect', 'ready', 'close', 'reconnecting', 'end']) redis.on(state, () => states.push(state));
redis.on('error', () => {});
await control('stop', 'redis');
await until(() => states.includes('reconnecting'));
const queued = redis.set('queued', 'while away');
const awaited = other.on('error', () => {}).get('queued');
await control('start', 'redis');
await awaited;
console.log('queued', await queued, await redis.get('queued'), await redis.get('key'));
console.log([...new Set(states)], redis.status);
other.disconnect();

const impatient = new Redis({
  host: '127.0.0.1',
  port: await closedPort(),
  retryStrategy: (times) => (times > 2 ? null : 10),
  maxRetriesPerRequest: null,
});
const errors = [];
impatient.on('error', (error) => errors.push(error.code));
console.log(await refusal(impatient.get('x')), errors);
const bounded = new Redis({ host: '127.0.0.1', port: await closedPort(), retryStrategy: () => 5, maxRetriesPerRequest: 2 }).on(
  'error',
  () => {},
);
console.log(await refusal(bounded.get('x')));
bounded.disconnect();
const lazy = new Redis({ host: '127.0.0.1', port: await closedPort(), lazyConnect: true, retryStrategy: null }).on('error', () => {});
console.log(await refusal(lazy.connect()), lazy.status);
console.log(await redis.quit(), await refusal(redis.get('key')));
process.exit(0);
