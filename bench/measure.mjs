// How the programs that time single calls, `api` and `crypto`, do it.

/** Nanoseconds a call: the best of three runs after as many as the compilers need; one takes about `duration` milliseconds. */
export async function measure(run, duration) {
  let count = 1;
  let took = 0;
  for (;;) {
    const start = performance.now();
    await run(count);
    took = performance.now() - start;
    if (took >= duration / 4) break;
    count = took < duration / 100 ? count * 8 : count * 2;
  }
  count = Math.max(1, Math.round((count * duration) / took));
  let best = Infinity;
  for (let round = 0; round < 3; round += 1) {
    const start = performance.now();
    await run(count);
    best = Math.min(best, ((performance.now() - start) * 1e6) / count);
  }
  return best;
}
