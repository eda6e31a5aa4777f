// WritableStream, TransformStream, piping, and the streams of text: backpressure and errors from end to end.
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

const settle = () => new Promise((resolve) => setTimeout(resolve, 1));
const reasonOf = (promise) =>
  promise.then(
    () => 'fulfilled',
    (reason) => reason,
  );

test('a sink gets one chunk at a time, and `ready` waits for it', async () => {
  const begun = [];
  const ended = [];
  const stream = new WritableStream(
    {
      write(chunk) {
        begun.push(chunk);
        return new Promise((resolve) => ended.push(resolve));
      },
    },
    { highWaterMark: 2 },
  );
  const writer = stream.getWriter();
  equal(writer.desiredSize, 2);
  const writes = [writer.write('a'), writer.write('b')];
  equal(writer.desiredSize, 0);
  let isReady = false;
  writer.ready.then(() => {
    isReady = true;
  });
  await settle();
  deepEqual(begun, ['a']);
  equal(isReady, false);
  ended.shift()();
  await writes[0];
  await settle();
  ok(isReady);
  deepEqual(begun, ['a', 'b']);
  ended.shift()();
  await writer.close();
  equal(await writer.closed, undefined);
});

test('an error of a sink is that of every write after it', async () => {
  const broken = new Error('broken');
  const stream = new WritableStream({
    write() {
      throw broken;
    },
  });
  const writer = stream.getWriter();
  equal(await reasonOf(writer.write(1)), broken);
  equal(await reasonOf(writer.write(2)), broken);
  equal(await reasonOf(writer.closed), broken);
  equal((await reasonOf(writer.close())) instanceof TypeError, true);
});

test('abort tells the sink and its signal', async () => {
  let signal;
  let aborted;
  const stream = new WritableStream({
    start(controller) {
      signal = controller.signal;
    },
    abort(reason) {
      aborted = reason;
    },
  });
  await settle();
  await stream.abort('enough');
  equal(aborted, 'enough');
  ok(signal.aborted);
  equal(signal.reason, 'enough');
});

test('a pipe holds its source back, and closes its sink', async () => {
  let produced = 0;
  const got = [];
  const source = new ReadableStream({
    pull(controller) {
      produced += 1;
      if (produced > 50) controller.close();
      else controller.enqueue(produced);
    },
  });
  let most = 0;
  const sink = new WritableStream({
    async write(chunk) {
      most = Math.max(most, produced - got.length);
      await settle();
      got.push(chunk);
    },
  });
  await source.pipeTo(sink);
  equal(got.length, 50);
  ok(most <= 4, `${most} chunks were waiting`);
  equal(source.locked || sink.locked, false);
});

/** What a pipe through a transform does, each with how many turns of the microtask queue the program saw before it. */
function stepsOfAPipe() {
  return new Promise((resolve) => {
    const steps = [];
    let turn = 0;
    let isOver = false;
    const count = () => {
      turn += 1;
      if (!isOver) queueMicrotask(count);
    };
    queueMicrotask(count);
    let index = 0;
    const source = new ReadableStream({
      pull(controller) {
        steps.push(`pull ${turn}`);
        if (index === 3) controller.close();
        else controller.enqueue(index++);
        Promise.resolve().then(() => steps.push(`then ${turn}`));
      },
    });
    const doubled = new TransformStream({
      transform(value, controller) {
        steps.push(`transform ${turn}`);
        if (value === 1) queueMicrotask(() => steps.push(`task ${turn}`));
        controller.enqueue(value * 2);
      },
      flush: () => void steps.push(`flush ${turn}`),
    });
    const sink = new WritableStream({
      write(value) {
        steps.push(`write ${value} ${turn}`);
        if (value === 2) return Promise.resolve().then(() => steps.push(`written ${turn}`));
      },
      close: () => void steps.push(`close ${turn}`),
    });
    source
      .pipeThrough(doubled)
      .pipeTo(sink)
      .then(() => {
        isOver = true;
        resolve(`${steps.join(', ')}, done ${turn}`);
      });
  });
}

test('the steps of a pipe keep their places among the microtasks of the program', async () => {
  // As the reactions of the specification's promises have them, one by one.
  const expected =
    'pull 1, then 2, pull 2, then 3, transform 4, write 0 5, pull 8, then 9, transform 9, task 10, write 2 10, written 11, pull 12, then 13, ' +
    'transform 13, write 4 14, flush 17, close 20, done 23';
  equal(await stepsOfAPipe(), expected);
  // Several at once do not change places with one another.
  equal((await Promise.all([stepsOfAPipe(), stepsOfAPipe(), stepsOfAPipe()])).length, 3);
});

test('an error goes from each end of a pipe to the other, unless it is kept', async () => {
  const broken = new Error('broken');
  let aborted;
  const failing = () =>
    new ReadableStream({
      start(controller) {
        controller.error(broken);
      },
    });
  const sink = () =>
    new WritableStream({
      abort(reason) {
        aborted = reason;
      },
    });
  equal(await reasonOf(failing().pipeTo(sink())), broken);
  equal(aborted, broken);
  aborted = undefined;
  equal(await reasonOf(failing().pipeTo(sink(), { preventAbort: true })), broken);
  equal(aborted, undefined);
  let cancelled;
  const source = new ReadableStream({
    pull: (controller) => controller.enqueue('x'),
    cancel(reason) {
      cancelled = reason;
    },
  });
  const full = new WritableStream({
    write() {
      throw broken;
    },
  });
  equal(await reasonOf(source.pipeTo(full)), broken);
  equal(cancelled, broken);
});

test('a pipe ends by its signal', async () => {
  const controller = new AbortController();
  const pipe = new ReadableStream().pipeTo(new WritableStream(), { signal: controller.signal });
  controller.abort('stop');
  equal(await reasonOf(pipe), 'stop');
});

test('transforms chain, flush, and end early', async () => {
  const double = () =>
    new TransformStream({
      transform(chunk, controller) {
        controller.enqueue(chunk);
        controller.enqueue(chunk * 10);
      },
      flush(controller) {
        controller.enqueue('end');
      },
    });
  const got = await Array.fromAsync(ReadableStream.from([1, 2]).pipeThrough(double()));
  deepEqual(got, [1, 10, 2, 20, 'end']);
  const first = new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      controller.terminate();
    },
  });
  let cancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue('x'),
    cancel() {
      cancelled = true;
    },
  });
  deepEqual(await Array.fromAsync(endless.pipeThrough(first)), ['x']);
  await settle();
  ok(cancelled);
  throws(() => new TransformStream({ readableType: 'bytes' }), RangeError);
});

test('text crosses chunks that cut characters', async () => {
  const bytes = new TextEncoder().encode('aé€😀');
  const pieces = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  equal((await Array.fromAsync(pieces.pipeThrough(new TextDecoderStream()))).join(''), 'aé€😀');
  const halves = ReadableStream.from(['a\ud83d', '\ude00b', '\ud83d']).pipeThrough(new TextEncoderStream());
  const joined = Buffer.concat(await Array.fromAsync(halves));
  equal(joined.toString(), 'a😀b\ufffd');
  const broken = ReadableStream.from([new Uint8Array([0xff])]).pipeThrough(new TextDecoderStream('utf-8', { fatal: true }));
  ok((await reasonOf(Array.fromAsync(broken))) instanceof TypeError);
  ok((await reasonOf(Array.fromAsync(ReadableStream.from(['text']).pipeThrough(new TextDecoderStream())))) instanceof TypeError);
});

test('a fetch goes through transforms', async () => {
  const response = new Response('one,two');
  const parts = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        for (const part of chunk.split(',')) controller.enqueue(part);
      },
    }),
  );
  deepEqual(await Array.fromAsync(parts), ['one', 'two']);
});

await run();
