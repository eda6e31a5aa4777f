// navigator.locks. Node runs it too, from 24 on.
import { deepEqual, equal, rejects, run, test } from '../harness.mjs';

const { locks } = navigator;

test('an exclusive lock is held by one at a time, in order', async () => {
  const seen = [];
  const ask = (name) =>
    locks.request('a', async (lock) => {
      seen.push(`${name} ${lock.mode}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push(`${name} ends`);
      return name;
    });
  deepEqual(await Promise.all([ask('one'), ask('two')]), ['one', 'two']);
  deepEqual(seen, ['one exclusive', 'one ends', 'two exclusive', 'two ends']);
});

test('shared locks are held together, and a callback that throws lets go', async () => {
  let held = 0;
  const share = () =>
    locks.request('b', { mode: 'shared' }, async () => {
      held += 1;
      while (held < 2) await null;
    });
  await Promise.all([share(), share()]);
  await rejects(
    locks.request('b', () => {
      throw new RangeError('no');
    }),
    RangeError,
  );
  equal(await locks.request('b', { ifAvailable: true }, (lock) => lock !== null), true);
});

test('ifAvailable, steal and a signal', async () => {
  let release;
  const first = locks.request('c', () => new Promise((resolve) => (release = resolve)));
  equal(await locks.request('c', { ifAvailable: true }, (lock) => lock), null);
  const controller = new AbortController();
  const waiting = locks.request('c', { signal: controller.signal }, () => 1);
  const { held, pending } = await locks.query();
  deepEqual([held.length, pending.length], [1, 1]);
  controller.abort(new RangeError('given up'));
  await rejects(waiting, RangeError);
  equal(await locks.request('c', { steal: true }, () => 2), 2);
  await rejects(first, DOMException);
  release();
  await rejects(
    locks.request('-x', () => 1),
    DOMException,
  );
});

await run();
