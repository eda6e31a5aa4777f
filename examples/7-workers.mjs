// Work that computes, on one thread and on four: each worker counts the primes of its share. The counts stand in memory that the threads share,
// so nothing is copied. With `--times` it also says how long it took.
import { Worker, isMainThread, workerData } from 'node:worker_threads';

const limit = 300_000;

function isPrime(number) {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false;
  return number > 1;
}

/** Counts with so many workers; each takes every so manyth odd number. */
async function countWith(workers) {
  const counts = new Int32Array(new SharedArrayBuffer(4 * workers));
  const started = performance.now();
  const ends = Array.from({ length: workers }, (_, share) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { counts, share, workers } });
    return new Promise((resolve, reject) => worker.on('error', reject).on('exit', resolve));
  });
  await Promise.all(ends);
  const total = counts.reduce((sum, count) => sum + count, 1);
  const time = process.argv.includes('--times') ? ` in ${Math.round(performance.now() - started)} ms` : '';
  console.log(`${workers} worker${workers === 1 ? '' : 's'}: ${total} primes below ${limit}${time}`);
}

if (isMainThread) {
  await countWith(1);
  await countWith(4);
} else {
  const { counts, share, workers } = workerData;
  let found = 0;
  for (let number = 3 + 2 * share; number < limit; number += 2 * workers) if (isPrime(number)) found += 1;
  counts[share] = found;
}
