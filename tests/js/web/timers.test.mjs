// Timers, immediates, microtasks and their order.
import { setTimeout as sleep, setInterval as ticks, setImmediate as soon } from 'node:timers/promises';
import { test, run, equal, ok, deepEqual, throws, rejects, delay } from '../harness.mjs';

test('arguments arrive, and this is the timer', async () => {
  const given = await new Promise((resolve) => {
    const timer = setTimeout(
      function (...args) {
        resolve([this === timer, ...args]);
      },
      1,
      'a',
      2,
    );
  });
  deepEqual(given, [true, 'a', 2]);
});

test('timers fire by deadline, equal ones in the order of their making', async () => {
  const order = [];
  setTimeout(() => order.push('20'), 20);
  setTimeout(() => order.push('5a'), 5);
  setTimeout(() => order.push('5b'), 5);
  setTimeout(() => order.push('1'), 1);
  await delay(30);
  deepEqual(order, ['1', '5a', '5b', '20']);
});

test('microtasks run before the next timer', async () => {
  const order = [];
  setTimeout(() => {
    order.push('first');
    Promise.resolve().then(() => order.push('promise'));
    queueMicrotask(() => order.push('microtask'));
  }, 1);
  setTimeout(() => order.push('second'), 1);
  await delay(10);
  deepEqual(order, ['first', 'promise', 'microtask', 'second']);
});

test('setImmediate runs in the next turn, in order, and its microtasks at once', async () => {
  const order = [];
  setImmediate((value) => {
    order.push(value);
    queueMicrotask(() => order.push('microtask'));
    setImmediate(() => order.push('later'));
  }, 'one');
  setImmediate(() => order.push('two'));
  clearImmediate(setImmediate(() => order.push('cancelled')));
  await delay(10);
  deepEqual(order, ['one', 'microtask', 'two', 'later']);
});

test('a cleared timer never fires, by object, number or string', async () => {
  let fired = 0;
  const count = () => (fired += 1);
  clearTimeout(setTimeout(count, 1));
  clearTimeout(+setTimeout(count, 1));
  clearTimeout(String(+setTimeout(count, 1)));
  clearInterval(setTimeout(count, 1));
  setTimeout(count, 1).close();
  const second = setTimeout(count, 2);
  setTimeout(() => clearTimeout(second), 1);
  clearTimeout(undefined);
  clearTimeout(null);
  clearTimeout(123456789);
  clearTimeout({});
  await delay(15);
  equal(fired, 0);
});

test('an interval repeats until it is cleared, also by itself', async () => {
  let count = 0;
  await new Promise((resolve) => {
    const interval = setInterval(() => {
      count += 1;
      if (count === 3) {
        clearInterval(interval);
        resolve();
      }
    }, 1);
  });
  await delay(10);
  equal(count, 3);
});

test('a timer never fires early', async () => {
  for (const wanted of [1, 3, 10]) {
    const start = performance.now();
    await delay(wanted);
    const taken = performance.now() - start;
    ok(taken >= wanted, `${wanted} ms took ${taken}`);
  }
});

test('ref, unref, hasRef and refresh', async () => {
  const timer = setTimeout(() => {}, 1);
  equal(timer.hasRef(), true);
  equal(timer.unref(), timer);
  equal(timer.hasRef(), false);
  equal(timer.ref(), timer);
  equal(timer.hasRef(), true);
  let fired = 0;
  const again = setTimeout(() => (fired += 1), 1);
  await delay(10);
  again.refresh();
  await delay(10);
  equal(fired, 2);
  equal(typeof +again, 'number');
});

// A timer that is due waits in the ready queue. Cleared there it once gave its number away at once, and whatever timer got that number fired
// in its place: debounced functions ran early, and AbortSignal.timeout(30_000) aborted in the same turn.
test('what starts after a due timer was cleared does not fire in its place', async () => {
  const start = performance.now();
  const fired = [];
  let signal;
  let ended;
  const refreshed = new Promise((resolve) => {
    ended = resolve;
  });
  let again;
  setTimeout(() => {
    clearTimeout(second);
    setTimeout(() => fired.push('after a cleared one'), 60_000).unref();
    clearInterval(third);
    signal = AbortSignal.timeout(60_000);
    again.refresh();
  }, 1);
  const second = setTimeout(() => fired.push('second'), 1);
  const third = setInterval(() => fired.push('third'), 1);
  again = setTimeout(() => ended(performance.now() - start), 10);
  // All four are due in one turn.
  while (performance.now() - start < 20);
  ok((await refreshed) >= 29, 'a due timer that is refreshed waits again');
  deepEqual(fired, []);
  equal(signal.aborted, false);
});

test('of many timers of a turn each clears the next and starts another: none of those fires early', async () => {
  let early = 0;
  const timers = [];
  for (let index = 0; index < 2_000; index += 1) {
    timers.push(
      setTimeout(() => {
        clearTimeout(timers[index + 1]);
        timers[index] = setTimeout(() => (early += 1), 60_000);
      }, 1),
    );
  }
  await delay(20);
  timers.forEach(clearTimeout);
  equal(early, 0);
});

test('a callback that is no function is a TypeError', () => {
  throws(() => setTimeout('code', 1), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  throws(() => setInterval(), TypeError);
  throws(() => setImmediate({}), TypeError);
  throws(() => queueMicrotask(null), TypeError);
});

test('delays that are no numbers count as none', async () => {
  const order = [];
  setTimeout(() => order.push(1), NaN);
  setTimeout(() => order.push(2), 'x');
  setTimeout(() => order.push(3), -5);
  setTimeout(() => order.push(4), undefined);
  setTimeout(() => order.push(5), '2');
  await delay(20);
  deepEqual(order.sort(), [1, 2, 3, 4, 5]);
});

test('what a microtask throws is an uncaught error, and the next one runs', async () => {
  const seen = [];
  const onError = (event) => {
    event.preventDefault();
    seen.push(event.error.message);
  };
  addEventListener('error', onError);
  queueMicrotask(() => {
    throw new Error('from a microtask');
  });
  queueMicrotask(() => seen.push('next'));
  await delay(1);
  removeEventListener('error', onError);
  deepEqual(seen, ['from a microtask', 'next']);
});

test('what a timer throws is an uncaught error, and the next one fires', async () => {
  const seen = [];
  const onError = (event) => {
    event.preventDefault();
    seen.push(event.error.message);
  };
  addEventListener('error', onError);
  setTimeout(() => {
    throw new Error('from a timer');
  }, 1);
  setTimeout(() => seen.push('next'), 1);
  await delay(10);
  removeEventListener('error', onError);
  deepEqual(seen, ['from a timer', 'next']);
});

test('100,000 timers fire', async () => {
  let fired = 0;
  await new Promise((resolve) => {
    for (let index = 0; index < 100_000; index += 1) {
      setTimeout(() => {
        fired += 1;
        if (fired === 100_000) resolve();
      }, index % 10);
    }
  });
  equal(fired, 100_000);
});

test('node:timers/promises', async () => {
  equal(await sleep(1, 'value'), 'value');
  equal(await soon('now'), 'now');
  const controller = new AbortController();
  const waiting = sleep(10_000, undefined, { signal: controller.signal });
  controller.abort('enough');
  const error = await rejects(waiting, { name: 'AbortError', code: 'ABORT_ERR' });
  equal(error.cause, 'enough');
  let count = 0;
  for await (const value of ticks(1, 'tick')) {
    equal(value, 'tick');
    count += 1;
    if (count === 3) break;
  }
});

test('an immediate runs before the timers that are due, and what it asks for after them', async () => {
  const log = [];
  const { promise, resolve } = Promise.withResolvers();
  setImmediate(() => {
    log.push('immediate');
    setTimeout(() => log.push('timer'), 0);
    const end = performance.now() + 3;
    while (performance.now() < end);
    setImmediate(() => {
      log.push('next immediate');
      resolve();
    });
  });
  await promise;
  deepEqual(log, ['immediate', 'timer', 'next immediate']);
});

test('an immediate that is not referenced runs only if something else keeps the program alive', async () => {
  const { spawnSync } = globalThis.process.getBuiltinModule('node:child_process');
  const runs = (code) => spawnSync(globalThis.process.execPath, ['-e', code], { encoding: 'utf8' }).stdout;
  equal(runs('setImmediate(() => setImmediate(() => console.log("never")).unref())'), '');
  equal(runs('setTimeout(() => {}, 5); setImmediate(() => setImmediate(() => console.log("runs")).unref())'), 'runs\n');
  equal(runs('const given = setImmediate(() => console.log("again")).unref(); given.ref()'), 'again\n');
});

await run();
