// p-limit, p-queue, p-retry, p-map, p-timeout, p-event, p-throttle, async, async-mutex, async-retry, bluebird, q, eventemitter3,
// eventemitter2, bottleneck, opossum, cockatiel and fastq do what they do on Node.
import pLimit from 'p-limit';
import PQueue from 'p-queue';
import pRetry, { AbortError } from 'p-retry';
import pMap from 'p-map';
import pTimeout from 'p-timeout';
import { pEventIterator } from 'p-event';
import pThrottle from 'p-throttle';
import async from 'async';
import { Mutex, Semaphore, withTimeout } from 'async-mutex';
import retry from 'async-retry';
import Bluebird from 'bluebird';
import Q from 'q';
import EE2 from 'eventemitter2';
import Bottleneck from 'bottleneck';
import CB from 'opossum';
import * as cock from 'cockatiel';
import { EventEmitter } from 'node:events';
import fastq from 'fastq';
const s = (t, v) => new Promise((r) => setTimeout(r, t, v));
const l = pLimit(2);
let act = 0,
  max = 0;
await Promise.all(
  [1, 2, 3, 4].map((_i) =>
    l(async () => {
      max = Math.max(max, ++act);
      await s(5);
      act--;
    }),
  ),
);
console.log(max);
const q = new PQueue({ concurrency: 1 });
const o = [];
q.add(() => o.push('a'));
q.add(() => o.push('b'), { priority: 1 });
await q.onIdle();
console.log(o);
let n = 0;
console.log(
  await pRetry(
    () => {
      if (++n < 3) throw new Error('x');
      return n;
    },
    { minTimeout: 1 },
  ),
);
try {
  await pRetry(() => {
    throw new AbortError('ab');
  });
} catch (e) {
  console.log(e.message);
}
console.log(await pMap([1, 2], async (x) => x * 2), await pTimeout(s(50), { milliseconds: 5 }).catch((e) => e.name));
const e = new EventEmitter();
setTimeout(() => {
  e.emit('x', 5);
  e.emit('x', 6);
  e.emit('end');
}, 5);
const it = pEventIterator(e, 'x', { resolutionEvents: ['end'] });
for await (const v of it) console.log(v);
const th = pThrottle({ limit: 2, interval: 20 })(async (x) => x);
console.log(await Promise.all([1, 2, 3].map((i) => th(i))));
console.log(await async.mapLimit([1, 2, 3], 2, async (x) => x + 1), await async.auto({ a: async () => 1, b: ['a', async (r) => r.a + 1] }));
await new Promise((r) =>
  async.waterfall([(cb) => cb(null, 1), (x, cb) => setImmediate(cb, null, x + 1)], (_e, v) => {
    console.log(v);
    r();
  }),
);
const aq = async.queue(async (t) => {
  console.log('t', t);
}, 2);
aq.push([1, 2]);
await aq.drain();
const m = new Mutex();
const rel = await m.acquire();
console.log(m.isLocked());
rel();
console.log(
  await m.runExclusive(() => 'ex'),
  await withTimeout(new Semaphore(0), 5)
    .acquire()
    .catch((e) => e.message),
);
console.log(
  await retry(
    async (_b, i) => {
      if (i < 2) throw new Error();
      return i;
    },
    { minTimeout: 1 },
  ),
  await Bluebird.map([1, 2], (x) => x, { concurrency: 1 }).reduce((a, b) => a + b),
  await Bluebird.delay(1).timeout(50).return(9),
  await Q.nfcall((cb) => cb(null, 'q')),
  await Q.all([Q.delay(1).then(() => 1)]),
);
const e2 = new EE2({ wildcard: true });
e2.on('a.*', function (v) {
  console.log(this.event, v);
});
e2.emit('a.b', 1);
const b = new Bottleneck({ maxConcurrent: 1, minTime: 2 });
console.log(await b.schedule(async () => 'bn'));
const cb = new CB(
  async () => {
    throw new Error('f');
  },
  { errorThresholdPercentage: 1, resetTimeout: 20, volumeThreshold: 0 },
);
cb.fallback(() => 'fb');
console.log(await cb.fire(), cb.opened);
cb.shutdown();
let c = 0;
console.log(
  await cock.retry(cock.handleAll, { maxAttempts: 3, backoff: new cock.ConstantBackoff(1) }).execute(() => {
    if (c++ < 2) throw new Error();
    return 'ck';
  }),
);
console.log(await fastq.promise(async (x) => x * 2, 1).push(21));
