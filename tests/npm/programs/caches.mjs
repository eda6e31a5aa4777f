// node-cache, cache-manager, cacheable, rate-limiter-flexible and http-errors do what they do on Node.
import NodeCache from 'node-cache';
import { createCache } from 'cache-manager';
import { CacheableMemory } from 'cacheable';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import createError from 'http-errors';
const c = new NodeCache({ stdTTL: 0.02, checkperiod: 0.05, useClones: true });
c.on('expired', (k, v) => {
  console.log('expired', k, v);
  c.close();
});
c.set('a', { x: 1 });
console.log(c.get('a'), c.has('b'), c.getStats());
const m = createCache();
await m.set('k', 1, 1000);
console.log(await m.get('k'), await m.wrap('w', async () => 'comp'));
const cm = new CacheableMemory({ ttl: '1h' });
cm.set('q', 'v');
console.log(cm.get('q'), cm.size);
const rl = new RateLimiterMemory({ points: 2, duration: 1 });
await rl.consume('a');
await rl.consume('a');
try {
  await rl.consume('a');
} catch (e) {
  console.log(e.remainingPoints, e.consumedPoints);
}
const e = createError(404, 'nf', { x: 1 });
console.log(e.status, e.expose, e.x, e instanceof createError.NotFound, String(e));
process.exitCode = 0;
setTimeout(() => process.exit(), 200);
