// Nothing stays behind: rounds of fetches and aborts leave descriptors and memory where the first rounds left them.
//
// Memory is judged between rounds of equal work, after warm-up: what leaks grows with each round, what is cached does not. The
// long form (TWINLOOP_FULL=1) does 10,000 of each.
import { readdirSync } from 'node:fs';

import { fail, ok, run, test } from '../harness.mjs';

const fixtures = JSON.parse(process.env.FIXTURES ?? fail('FIXTURES is not set: run this by `cargo xtask test`'));
const base = `http://${fixtures.http}`;
const PER_ROUND = process.env.TWINLOOP_FULL ? 2_500 : 300;
const ROUNDS = 4;
const MEGABYTE = 1024 * 1024;

const descriptors = () => readdirSync('/proc/self/fd').length;

/** Runs `once` PER_ROUND times, 50 at a time, for some rounds; gives descriptors and resident bytes after each. */
async function measure(once) {
  const after = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let done = 0; done < PER_ROUND; done += 50) await Promise.all(Array.from({ length: 50 }, once));
    await new Promise((resolve) => setTimeout(resolve, 100));
    after.push({ descriptors: descriptors(), resident: process.memoryUsage().rss });
  }
  return after;
}

/** The rounds after the first two may not grow by more than a little. */
function assertFlat(after) {
  const [, settled] = after;
  const last = after.at(-1);
  ok(last.descriptors <= settled.descriptors + 10, `descriptors grew: ${JSON.stringify(after)}`);
  ok(last.resident <= settled.resident + 24 * MEGABYTE, `memory grew: ${JSON.stringify(after)}`);
}

test('fetches leave nothing behind', async () => {
  assertFlat(
    await measure(async () => {
      const response = await fetch(`${base}/json1k`);
      await response.json();
    }),
  );
});

test('aborted fetches leave nothing behind', async () => {
  assertFlat(
    await measure(async () => {
      const controller = new AbortController();
      const pending = fetch(`${base}/slow?ms=10000`, { signal: controller.signal });
      setTimeout(() => controller.abort(), 2);
      const failure = await pending.then(
        () => undefined,
        (error) => error,
      );
      ok(failure?.name === 'AbortError', `not an AbortError: ${failure}`);
    }),
  );
});

test('bodies that are abandoned half read leave nothing behind', async () => {
  assertFlat(
    await measure(async () => {
      const controller = new AbortController();
      const response = await fetch(`${base}/endless`, { signal: controller.signal });
      for await (const chunk of response.body) {
        ok(chunk.length > 0);
        break;
      }
      controller.abort();
    }),
  );
});

await run();
