// util.debounce and util.throttle.
import util from 'node:util';
import { delay, test, run, equal, ok, deepEqual, rejects, skip, throws } from '../harness.mjs';

if (util.debounce === undefined) {
  skip('debounce and throttle', 'this Node does not have them');
} else {
  test('a debounced function runs once, with the arguments of the last call', async () => {
    const seen = [];
    const run = util.debounce(function named(value, other) {
      seen.push([value, other]);
      return value * 2;
    }, 20);
    deepEqual([run.name, run.length, run.pending], ['named', 2, null]);
    const calls = [run(1), run(2), run(3)];
    deepEqual([run.pendingCount, run.pending === calls[2]], [3, true]);
    deepEqual(await Promise.all(calls), [6, 6, 6]);
    deepEqual([seen, run.pendingCount], [[[3, undefined]], 0]);
  });

  test('leading, flush and cancel', async () => {
    let runs = 0;
    const leading = util.debounce(() => (runs += 1), 30, { leading: true });
    equal(await leading(), 1);
    const second = leading();
    leading.flush();
    equal(await second, 2);
    const third = leading();
    leading.flush();
    await third;
    const run = util.debounce(() => 'run', 30);
    const canceled = run();
    run.cancel('why');
    const error = await rejects(() => canceled, Error);
    deepEqual([error.name, error.code, error.cause], ['AbortError', 'ABORT_ERR', 'why']);
    const replacing = util.debounce(() => 'run', 10, { rejectOnCancel: true });
    const first = replacing();
    const last = replacing();
    equal((await rejects(() => first, Error)).message, 'The debounced call was superseded');
    equal(await last, 'run');
  });

  test('what the function throws rejects all who wait, and a signal ends it', async () => {
    const fails = util.debounce(() => {
      throw new RangeError('no');
    }, 5);
    const calls = [fails(), fails()];
    for (const call of calls) await rejects(() => call, RangeError);
    const controller = new AbortController();
    const run = util.debounce(() => 1, 5, { signal: controller.signal });
    const call = run();
    controller.abort();
    await rejects(() => call, Error);
    await rejects(() => run(), Error);
    throws(() => util.debounce(() => 1, 5, { signal: controller.signal }), Error);
    for (const given of [[1, 1], [() => 1], [() => 1, -1], [() => 1, 1, { leading: 1 }]]) throws(() => util.debounce(...given), Error);
  });

  for (const strict of [false, true]) {
    test(`a throttled function runs so often in a time, in order (${strict ? 'strict' : 'fixed'})`, async () => {
      const begun = [];
      const run = util.throttle(
        (value) => {
          begun.push(performance.now());
          return value;
        },
        2,
        40,
        { strict },
      );
      const calls = [1, 2, 3, 4, 5].map((value) => run(value));
      deepEqual([begun.length, run.pendingCount, run.hasImmediateCapacity()], [2, 3, false]);
      deepEqual(await Promise.all(calls), [1, 2, 3, 4, 5]);
      // The loop's clock may be some milliseconds behind.
      ok(begun[2] - begun[0] >= 30, `${begun[2] - begun[0]}`);
      equal(begun.length, 5);
    });
  }

  test('concurrency, dropping and cancelling', async () => {
    let open = () => undefined;
    const run = util.throttle(() => new Promise((resolve) => (open = resolve)), 10, 5, { concurrency: 1, maxPending: 1 });
    const first = run();
    const second = run();
    deepEqual([run.activeCount, run.pendingCount], [1, 1]);
    equal((await rejects(() => run(), Error)).code, 'ERR_THROTTLED');
    open('first');
    equal(await first, 'first');
    await delay(1);
    equal(run.activeCount, 1);
    open('second');
    equal(await second, 'second');
    const dropping = util.throttle(() => 1, 1, 50, { overflow: 'drop' });
    equal(await dropping(), 1);
    await rejects(() => dropping(), Error);
    const waiting = util.throttle(() => 1, 1, 1000);
    await waiting();
    const call = waiting();
    waiting.cancel();
    equal((await rejects(() => call, Error)).name, 'AbortError');
    equal(await waiting(), 1);
  });
}

await run();
