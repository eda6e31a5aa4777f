import async from 'async';
import Bluebird from 'bluebird';
import pLimit from 'p-limit';
import PQueue from 'p-queue';
import pRetry from 'p-retry';
import pMap from 'p-map';
console.log(
  await async.mapLimit([1, 2, 3], 2, async (x) => x * 2),
  await Bluebird.map([1, 2], (x) => Bluebird.delay(2).return(x + 1)),
  await Bluebird.resolve(1).timeout(5),
);
const limit = pLimit(1);
console.log(await Promise.all([1, 2].map((x) => limit(async () => x))));
const q = new PQueue({ concurrency: 2 });
const o = [];
q.addAll(
  [1, 2, 3].map((x) => async () => {
    o.push(x);
  }),
);
await q.onIdle();
console.log(o);
let n = 0;
console.log(
  await pRetry(
    async () => {
      if (++n < 3) throw new Error('x');
      return n;
    },
    { minTimeout: 1 },
  ),
  await pMap([1, 2], async (x) => x, { concurrency: 1 }),
);
