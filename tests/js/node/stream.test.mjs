// node:stream, /promises, /consumers: the package's streams on our events, ticks, buffers and errors.
import Stream, {
  Duplex,
  PassThrough,
  Readable,
  Transform,
  Writable,
  duplexPair,
  finished,
  getDefaultHighWaterMark,
  pipeline,
} from 'node:stream';
import { buffer, json, text } from 'node:stream/consumers';
import * as promises from 'node:stream/promises';
import { test, run, equal, ok, deepEqual, rejects, throws } from '../harness.mjs';

const upper = () =>
  new Transform({
    transform(chunk, _encoding, callback) {
      callback(null, chunk.toString().toUpperCase());
    },
  });

function collect(into) {
  return new Writable({
    write(chunk, _encoding, callback) {
      into.push(chunk.toString());
      callback();
    },
  });
}

test('a pipeline carries chunks in order and ends what it began', async () => {
  const got = [];
  const sink = collect(got);
  await promises.pipeline(Readable.from(['a', 'b', 'c']), upper(), sink);
  deepEqual(got, ['A', 'B', 'C']);
  ok(sink.writableFinished);
  await new Promise((resolve, reject) => {
    pipeline(Readable.from(['d']), new PassThrough(), collect(got), (error) => (error ? reject(error) : resolve()));
  });
  equal(got.at(-1), 'D'.toLowerCase());
});

test('a slow writer holds the reader back', async () => {
  let produced = 0;
  const source = new Readable({
    read() {
      produced += 1;
      this.push(produced > 100 ? null : Buffer.alloc(16 * 1024));
    },
  });
  const release = [];
  const sink = new Writable({
    highWaterMark: 32 * 1024,
    write(_chunk, _encoding, callback) {
      release.push(callback);
    },
  });
  source.pipe(sink);
  await new Promise((resolve) => setTimeout(resolve, 10));
  ok(produced < 20, `${produced} chunks were read for a sink that takes none`);
  while (!sink.writableFinished) {
    release.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  equal(produced, 101);
});

test('errors have the codes of Node, and end both ends of a pipeline', async () => {
  throws(() => new Writable().write(null), TypeError, 'May not write null values to stream');
  const source = new Readable({ read() {} });
  const sink = collect([]);
  const done = promises.pipeline(source, sink);
  source.destroy(new Error('broken'));
  const error = await done.catch((reason) => reason);
  equal(error.message, 'broken');
  ok(sink.destroyed);
  const controller = new AbortController();
  const endless = promises.pipeline(new Readable({ read() {} }), collect([]), { signal: controller.signal });
  controller.abort();
  equal((await endless.catch((reason) => reason)).code, 'ABORT_ERR');
  const unread = new Readable({ read() {} });
  const ended = promises.finished(unread);
  unread.destroy();
  equal((await ended.catch((reason) => reason)).code, 'ERR_STREAM_PREMATURE_CLOSE');
});

test('a pipeline that fails tells of the cause once all of it has ended', async () => {
  const told = [];
  const slowly = (time, error) => (given, done) => setTimeout(done, time, error ?? given);
  const ended = (fail, ...streams) =>
    new Promise((resolve) => {
      pipeline(...streams, resolve);
      fail(streams[0], streams[1]);
    });
  const read = () => undefined;
  const source = new Readable({ read, destroy: slowly(5) }).on('close', () => told.push('source'));
  const sink = new Writable({ destroy: slowly(10) }).on('close', () => told.push('sink'));
  const end = await ended((_, middle) => middle.destroy(), source, new PassThrough(), sink);
  deepEqual([...told, end.code], ['source', 'sink', 'ERR_STREAM_PREMATURE_CLOSE']);
  // What has ended without an error is not the cause of what fails for one.
  const failing = new Readable({ read, destroy: slowly(5, new Error('cause')) });
  equal((await ended((_, middle) => middle.destroy(), failing, new PassThrough(), new PassThrough())).message, 'cause');
  const late = new Writable({ destroy: slowly(5) }).on('close', () => told.push('late'));
  equal((await ended((first) => first.destroy(new Error('broken')), new Readable({ read }), late)).message, 'broken');
  equal(told.at(-1), 'late');
});

test('a stream is iterated, and its operators are there', async () => {
  deepEqual(
    await Readable.from([1, 2, 3])
      .filter((n) => n > 1)
      .map((n) => n * 2)
      .toArray(),
    [4, 6],
  );
  let seen = '';
  for await (const chunk of Readable.from(['x', 'y']).pipe(upper())) seen += chunk;
  equal(seen, 'XY');
});

test('an encoding joins characters that chunks cut', async () => {
  const euro = Buffer.from('€uro');
  const source = Readable.from([euro.subarray(0, 1), euro.subarray(1)], { objectMode: false });
  source.setEncoding('utf8');
  let whole = '';
  for await (const part of source) whole += part;
  equal(whole, '€uro');
});

test('consumers take all of a stream', async () => {
  equal(await text(Readable.from(['a', Buffer.from('é')])), 'aé');
  deepEqual(await json(Readable.from(['{"a":', '1}'])), { a: 1 });
  ok((await buffer(Readable.from([Buffer.from('ab')]))).equals(Buffer.from('ab')));
});

test('what Node added since: 64 KiB, pairs', async () => {
  equal(getDefaultHighWaterMark(false), 64 * 1024);
  equal(getDefaultHighWaterMark(true), 16);
  equal(new Readable().readableHighWaterMark, 64 * 1024);
  const [here, there] = duplexPair();
  there.on('data', (chunk) => there.end(`got ${chunk}`));
  here.write('hello');
  equal(await text(here), 'got hello');
});

test('the module is the legacy Stream, with every class on it', () => {
  equal(typeof Stream, 'function');
  equal(Stream.Stream, Stream);
  ok(new Duplex() instanceof Stream);
  ok(new Duplex() instanceof Readable && new Duplex() instanceof Writable);
  equal(Stream.promises.pipeline, promises.pipeline);
});

test('finished tells of the end once', async () => {
  const source = Readable.from(['a']);
  let calls = 0;
  finished(source, () => {
    calls += 1;
  });
  source.resume();
  await new Promise((resolve) => setTimeout(resolve, 5));
  equal(calls, 1);
  await rejects(async () => {
    await promises.finished(new PassThrough(), { signal: AbortSignal.abort() });
  }, Error);
});

test("streams of Node's are the web's and back", async () => {
  const web = Readable.toWeb(Readable.from([Buffer.from('a'), Buffer.from('b')], { objectMode: false }));
  equal(await text(web), 'ab');
  const back = Readable.fromWeb(new Response('héllo').body);
  equal(await text(back), 'héllo');
  const got = [];
  const writer = Writable.toWeb(collect(got)).getWriter();
  await writer.write(Buffer.from('x'));
  await writer.close();
  deepEqual(got, ['x']);
  const sunk = [];
  const sink = Writable.fromWeb(
    new WritableStream({
      write(chunk) {
        sunk.push(chunk.toString());
      },
    }),
  );
  await promises.pipeline(Readable.from(['y', 'z']), sink);
  deepEqual(sunk, ['y', 'z']);
  const duplex = Duplex.fromWeb(new TransformStream(), { encoding: 'utf8' });
  duplex.end('through');
  equal(await text(duplex), 'through');
});

test('errors go across the adapters', async () => {
  const broken = new Error('broken');
  const source = new Readable({ read() {} });
  const reader = Readable.toWeb(source).getReader();
  source.destroy(broken);
  equal(await reader.read().catch((error) => error), broken);
  const failing = new ReadableStream({
    start(controller) {
      controller.error(broken);
    },
  });
  const stream = Readable.fromWeb(failing);
  equal(await new Promise((resolve) => stream.on('error', resolve)), broken);
});

test('finished and pipeline take streams of the web, and a Node stream becomes one of bytes', async () => {
  const { finished, pipeline } = await import('node:stream/promises');
  const { Readable, addAbortSignal } = await import('node:stream');
  const source = new ReadableStream({
    start(controller) {
      controller.enqueue('a');
      controller.close();
    },
  });
  const ended = finished(source);
  for await (const chunk of source) equal(chunk, 'a');
  await ended;
  const broken = new ReadableStream({ start: (controller) => controller.error(new Error('torn')) });
  equal((await rejects(finished(broken), Error)).message, 'torn');
  const chunks = [];
  await pipeline(Readable.from(['x', 'y']), new WritableStream({ write: (chunk) => void chunks.push(`${chunk}`) }));
  equal(chunks.join(''), 'xy');
  const controller = new AbortController();
  const aborted = new ReadableStream();
  addAbortSignal(controller.signal, aborted);
  controller.abort();
  equal((await rejects(aborted.getReader().read(), Error)).name, 'AbortError');
  const reader = Readable.toWeb(Readable.from([Buffer.from('bytes')]), { type: 'bytes' }).getReader({ mode: 'byob' });
  equal(Buffer.from((await reader.read(new Uint8Array(3))).value).toString(), 'byt');
  equal(throws(() => Readable.toWeb(Readable.from([]), { type: 'odd' }), TypeError).code, 'ERR_INVALID_ARG_VALUE');
});

test('the iterator of a Readable answers calls in their order, as an async generator does', async () => {
  const steps = [];
  const iterator = Readable.from([1, Promise.resolve(2), 3])[Symbol.asyncIterator]();
  const tell = (name) => (step) => steps.push(`${name} ${step.value} ${step.done}`);
  await Promise.all([
    iterator.next().then(tell('a')),
    iterator.next().then(tell('b')),
    iterator.return('end').then(tell('c')),
    iterator.next().then(tell('d')),
  ]);
  deepEqual(steps, ['a 1 false', 'b 2 false', 'c end true', 'd undefined true']);
  equal(iterator.stream.destroyed, true);
  equal(Object.prototype.toString.call(iterator), '[object AsyncGenerator]');
  const AsyncGeneratorPrototype = Object.getPrototypeOf(async function* () {}.prototype);
  equal(Object.getPrototypeOf(Object.getPrototypeOf(iterator)), AsyncGeneratorPrototype);
});

test('a return before the first next leaves a Readable alone, a later one ends it unless it is to stay', async () => {
  const untouched = Readable.from([1, 2]);
  deepEqual(await untouched[Symbol.asyncIterator]().return(Promise.resolve('no')), { value: 'no', done: true });
  equal(untouched.destroyed, false);
  equal(untouched.listenerCount('readable'), 0);
  const kept = Readable.from([1, 2]);
  for await (const value of kept.iterator({ destroyOnReturn: false })) {
    equal(value, 1);
    break;
  }
  equal(kept.destroyed, false);
  equal(kept.listenerCount('readable'), 0);
  for await (const value of kept) {
    equal(value, 2);
    break;
  }
  equal(kept.destroyed, true);
});

test('the iterator of a Readable gives the error of the stream once, and that of throw', async () => {
  const failing = new Readable({ objectMode: true, read() {} });
  failing.push('first');
  const iterator = failing[Symbol.asyncIterator]();
  deepEqual(await iterator.next(), { value: 'first', done: false });
  const waiting = iterator.next();
  failing.destroy(new Error('gone'));
  equal(await waiting.catch((error) => error.message), 'gone');
  deepEqual(await iterator.next(), { value: undefined, done: true });
  const thrown = Readable.from([1, 2])[Symbol.asyncIterator]();
  await thrown.next();
  equal(await thrown.throw(new Error('enough')).catch((error) => error.message), 'enough');
  equal(thrown.stream.destroyed, true);
  const { next } = thrown;
  ok((await next.call({}).catch((error) => error)) instanceof TypeError);
});

test('a chunk of a Readable that is there comes a turn later than a promise that is', async () => {
  const iterator = Readable.from(['a', 'b'])[Symbol.asyncIterator]();
  await iterator.next();
  const order = [];
  const answered = iterator.next().then(() => order.push('chunk'));
  Promise.resolve()
    .then(() => order.push('one'))
    .then(() => order.push('two'))
    .then(() => order.push('three'));
  await answered;
  deepEqual(order, ['one', 'chunk', 'two']);
});

test('Readable.from waits for promises among the values of a synchronous iterator, and fails as that does', async () => {
  const closed = [];
  function* values() {
    try {
      yield 1;
      yield Promise.resolve(2);
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is asked about
      yield { then: (resolve) => resolve(3) };
      yield 4;
    } finally {
      closed.push('closed');
    }
  }
  deepEqual(await Readable.from(values()).toArray(), [1, 2, 3, 4]);
  deepEqual(closed, ['closed']);
  const failing = Readable.from([1, Promise.reject(new Error('no such value'))]);
  equal(await failing.toArray().catch((error) => error.message), 'no such value');
  equal(
    await Readable.from([null])
      .toArray()
      .catch((error) => error.code),
    'ERR_STREAM_NULL_VALUES',
  );
  let isClosed = false;
  const half = Readable.from({
    [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }), return: () => ({ value: (isClosed = true), done: true }) }),
  });
  for await (const value of half) {
    equal(value, 1);
    break;
  }
  if (!half.closed) await new Promise((resolve) => half.once('close', resolve));
  equal(isClosed, true);
});

test('what Node has changed since the package was made', async () => {
  const told = [];
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  await new Promise((resolve) =>
    sink.end('x', (...given) => {
      told.push(given);
      resolve();
    }),
  );
  deepEqual(told, [[null]]);
  const encodings = [];
  const objects = new Writable({ objectMode: true, write: (_chunk, encoding, done) => encodings.push(encoding) && done() });
  objects.write({});
  objects.write('a', 'latin1');
  deepEqual(encodings, [undefined, 'latin1']);
  equal(throws(() => new Readable({ defaultEncoding: 'none' }), TypeError).code, 'ERR_UNKNOWN_ENCODING');
  equal(throws(() => new Writable({ defaultEncoding: 'none' }), TypeError).code, 'ERR_UNKNOWN_ENCODING');
  equal(throws(() => sink.setDefaultEncoding({}), TypeError).message, 'Unknown encoding: {}');
  const composed = Readable.from(['a', 'b']).compose(async function* upper(source) {
    for await (const chunk of source) yield chunk.toUpperCase();
  });
  deepEqual([composed instanceof Duplex, composed.writable, (await composed.toArray()).join('')], [true, false, 'AB']);
});

test('what is corked in a duplex that is destroyed hears of it', async () => {
  const duplex = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  duplex.cork();
  const error = await new Promise((resolve) => {
    duplex.write('a', resolve);
    duplex.destroy();
  });
  equal(error.code, 'ERR_STREAM_DESTROYED');
});

test('a destination that does not take objects is destroyed, and the source is not', async () => {
  const source = Readable.from([{}]);
  const target = new PassThrough({ objectMode: false });
  const error = await new Promise((resolve) => {
    target.on('error', resolve);
    source.pipe(target);
  });
  equal(error.code, 'ERR_INVALID_ARG_TYPE');
});

await run();
