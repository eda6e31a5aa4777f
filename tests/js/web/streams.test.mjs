// ReadableStream (https://streams.spec.whatwg.org/). Runs on Node too.
import { deepEqual, equal, ok, rejects, run, test, throws } from '../harness.mjs';

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test('chunks come in order, then the end', async () => {
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue('a');
      controller.enqueue('b');
      controller.close();
    },
  });
  const reader = stream.getReader();
  deepEqual(await reader.read(), { value: 'a', done: false });
  deepEqual(await reader.read(), { value: 'b', done: false });
  deepEqual(await reader.read(), { value: undefined, done: true });
  await reader.closed;
});

test('pull is called as far as the high water mark, and again when a chunk was taken', async () => {
  let pulls = 0;
  const stream = new ReadableStream({ pull: (controller) => controller.enqueue((pulls += 1)) }, { highWaterMark: 3 });
  await settled();
  equal(pulls, 3);
  const reader = stream.getReader();
  await reader.read();
  await settled();
  equal(pulls, 4);
});

test('a high water mark of 0 pulls nothing before a read', async () => {
  let pulls = 0;
  const stream = new ReadableStream({ pull: (controller) => controller.enqueue((pulls += 1)) }, { highWaterMark: 0 });
  await settled();
  equal(pulls, 0);
  await stream.getReader().read();
  equal(pulls, 1);
});

test('desiredSize counts with the strategy', () => {
  let size;
  new ReadableStream(
    {
      start(controller) {
        controller.enqueue(new Uint8Array(3));
        size = controller.desiredSize;
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 10 }),
  );
  equal(size, 7);
  equal(new CountQueuingStrategy({ highWaterMark: 2 }).size({}), 1);
});

test('an error of the source errors the stream', async () => {
  const failure = new Error('failure');
  for (const source of [{ start: (controller) => controller.error(failure) }, { pull: () => Promise.reject(failure) }]) {
    const reader = new ReadableStream(source).getReader();
    equal(await rejects(reader.read()), failure);
    equal(await rejects(reader.closed), failure);
  }
});

test('cancel reaches the source and closes', async () => {
  let reason;
  const stream = new ReadableStream({
    cancel(given) {
      reason = given;
    },
  });
  const reader = stream.getReader();
  const pending = reader.read();
  await reader.cancel('why');
  equal(reason, 'why');
  deepEqual(await pending, { value: undefined, done: true });
});

test('a stream has one reader at a time', async () => {
  const stream = new ReadableStream();
  const reader = stream.getReader();
  ok(stream.locked);
  throws(() => stream.getReader(), TypeError);
  await rejects(stream.cancel(), TypeError);
  const pending = reader.read();
  reader.releaseLock();
  await rejects(pending, TypeError);
  await rejects(reader.read(), TypeError);
  ok(!stream.locked);
});

test('for await reads to the end, and cancels when left', async () => {
  let canceled = false;
  const make = () =>
    new ReadableStream({
      start(controller) {
        for (const chunk of [1, 2, 3]) controller.enqueue(chunk);
        controller.close();
      },
      cancel() {
        canceled = true;
      },
    });
  const seen = [];
  for await (const chunk of make()) seen.push(chunk);
  deepEqual(seen, [1, 2, 3]);
  const open = new ReadableStream({
    pull: (controller) => controller.enqueue(1),
    cancel() {
      canceled = true;
    },
  });
  for await (const chunk of open) {
    equal(chunk, 1);
    break;
  }
  ok(canceled);
  ok(!open.locked);
});

test('tee gives both branches everything', async () => {
  const [a, b] = new ReadableStream({
    start(controller) {
      for (const chunk of [1, 2]) controller.enqueue(chunk);
      controller.close();
    },
  }).tee();
  const read = async (stream) => {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return chunks;
  };
  deepEqual(await Promise.all([read(a), read(b)]), [
    [1, 2],
    [1, 2],
  ]);
});

test('tee cancels its source when both branches are canceled', async () => {
  let reasons;
  const [a, b] = new ReadableStream({
    cancel(given) {
      reasons = given;
    },
  }).tee();
  await Promise.all([a.cancel(1), b.cancel(2)]);
  deepEqual(reasons, [1, 2]);
});

test('from takes sync and async iterables', async () => {
  const read = async (stream) => {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return chunks;
  };
  deepEqual(await read(ReadableStream.from([1, Promise.resolve(2)])), [1, 2]);
  deepEqual(
    await read(
      ReadableStream.from(
        (async function* () {
          yield 3;
        })(),
      ),
    ),
    [3],
  );
  throws(() => ReadableStream.from(1), TypeError);
});

test('enqueue and close after close are TypeErrors', () => {
  let controller;
  new ReadableStream({ start: (given) => (controller = given) });
  controller.close();
  throws(() => controller.enqueue(1), TypeError);
  throws(() => controller.close(), TypeError);
  throws(() => new ReadableStreamDefaultController(), TypeError);
});

test('the source must be an object', () => {
  throws(() => new ReadableStream(null), TypeError);
  throws(() => new ReadableStream(1), TypeError);
  ok(new ReadableStream(undefined, null) instanceof ReadableStream);
});

test('a source that answers at once, later, or from elsewhere fills a waiting read', async () => {
  let controller;
  const stream = new ReadableStream(
    {
      start(given) {
        controller = given;
      },
      async pull(given) {
        given.enqueue('pulled');
        await undefined;
      },
    },
    { highWaterMark: 0 },
  );
  const reader = stream.getReader();
  deepEqual(await Promise.all([reader.read(), reader.read(), reader.read()]), [
    { value: 'pulled', done: false },
    { value: 'pulled', done: false },
    { value: 'pulled', done: false },
  ]);
  const waiting = new ReadableStream({
    start(given) {
      controller = given;
    },
  }).getReader();
  const reads = [waiting.read(), waiting.read()];
  controller.enqueue(1);
  controller.close();
  deepEqual(await Promise.all(reads), [
    { value: 1, done: false },
    { value: undefined, done: true },
  ]);
});

test('calls of an iterator are answered in their order, whatever comes between', async () => {
  let controller;
  const stream = new ReadableStream({
    start(given) {
      controller = given;
    },
  });
  const iterator = stream.values();
  const answers = [iterator.next(), iterator.next(), iterator.return('end'), iterator.next()];
  controller.enqueue('a');
  controller.enqueue('b');
  deepEqual(await Promise.all(answers), [
    { value: 'a', done: false },
    { value: 'b', done: false },
    { value: 'end', done: true },
    { value: undefined, done: true },
  ]);
  equal(stream.locked, false);
});

test('a long queue gives its chunks in order', async () => {
  const count = 1000;
  const reader = new ReadableStream({
    start(controller) {
      for (let i = 0; i < count; i += 1) controller.enqueue(i);
      controller.close();
    },
  }).getReader();
  for (let i = 0; i < count; i += 1) equal((await reader.read()).value, i);
  equal((await reader.read()).done, true);
});

test('pulls, reads and other microtasks take turns as the standard has them', async () => {
  const order = [];
  let count = 0;
  const stream = new ReadableStream(
    {
      pull(controller) {
        order.push('pull');
        count += 1;
        if (count < 5) controller.enqueue(count);
        else controller.close();
      },
    },
    { highWaterMark: 2 },
  );
  const others = async () => {
    for (let i = 0; i < 7; i += 1) {
      await undefined;
      order.push(`${i}`);
    }
  };
  const reads = async () => {
    const reader = stream.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      order.push(done ? 'done' : `read ${value}`);
      if (done) return;
    }
  };
  await Promise.all([others(), reads()]);
  equal(order.join(', '), 'pull, 0, read 1, pull, 1, read 2, pull, 2, read 3, pull, 3, read 4, pull, 4, done, 5, 6');
});

await run();
