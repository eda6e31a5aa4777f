// Worker of the web: threads with a global object of their own. Node has no such class.
import { deepEqual, equal, many, ok, run, test, throws } from '../harness.mjs';

const url = (code) => `data:text/javascript,${encodeURIComponent(code)}`;

/** A worker that runs this code. */
const start = (code, options) => new Worker(url(code), options);

/** The next event of this kind. */
function next(worker, type = 'message') {
  return new Promise((resolve) => {
    worker.addEventListener(type, resolve, { once: true });
  });
}

test('messages go both ways, with what is transferred', async () => {
  const worker = start(
    'onmessage = ({ data, ports }) => { ports[0].postMessage(data.bytes.length); postMessage(data, [data.bytes.buffer]); };',
  );
  const { port1, port2 } = new MessageChannel();
  const bytes = new Uint8Array([1, 2, 3]);
  worker.postMessage({ bytes, map: new Map([[1, new Date(2)]]) }, [bytes.buffer, port2]);
  equal(bytes.length, 0);
  const back = await next(worker);
  deepEqual(back.data, { bytes: new Uint8Array([1, 2, 3]), map: new Map([[1, new Date(2)]]) });
  const counted = await new Promise((resolve) => {
    port1.onmessage = resolve;
  });
  equal(counted.data, 3);
  port1.close();
  worker.terminate();
});

test('the global object says that it is a worker', async () => {
  const worker = start(
    `postMessage([name, self === globalThis, self instanceof DedicatedWorkerGlobalScope, self instanceof WorkerGlobalScope,
      location.protocol, typeof importScripts, typeof fetch, typeof process.exit, WorkerLocation.name, location instanceof WorkerLocation]);`,
    { name: 'named' },
  );
  deepEqual((await next(worker)).data, ['named', true, true, true, 'data:', 'function', 'function', 'function', 'WorkerLocation', true]);
});

test('a module worker imports, and a classic one has importScripts', async () => {
  const exported = url('export const value = 5;');
  const module = start(`import { value } from '${exported}'; postMessage(value);`, { type: 'module' });
  equal((await next(module)).data, 5);
  const script = url('var fromScript = 6;');
  const classic = start(`importScripts('${script.replaceAll("'", '%27')}'); postMessage(fromScript);`);
  equal((await next(classic)).data, 6);
  const refused = start(`try { importScripts('data:,x'); } catch (error) { postMessage(error.name); }`, { type: 'module' });
  equal((await next(refused)).data, 'TypeError');
});

test('a blob is a program', async () => {
  const address = URL.createObjectURL(new Blob(['postMessage(location.protocol); close();']));
  const worker = new Worker(address);
  equal((await next(worker)).data, 'blob:');
});

test('an error is an event, and the worker goes on', async () => {
  const worker = start('onmessage = ({ data }) => { if (data === 1) throw new RangeError("thrown"); postMessage(data); };');
  worker.postMessage(1);
  const event = await new Promise((resolve) => {
    worker.onerror = (error) => {
      error.preventDefault();
      resolve(error);
    };
  });
  ok(event instanceof ErrorEvent);
  ok(event.message.includes('thrown'));
  ok(event.error instanceof RangeError);
  worker.postMessage(2);
  equal((await next(worker)).data, 2);
  worker.terminate();
});

test('an error that nobody handles is one of the program that started the worker', async () => {
  const caught = new Promise((resolve) => {
    process.once('uncaughtException', resolve);
  });
  start('throw new TypeError("at the start")');
  equal((await caught).message, 'at the start');
  const missing = new Promise((resolve) => {
    process.once('uncaughtException', resolve);
  });
  new Worker('./there_is_no_such_file.js');
  ok((await missing).message.includes('there_is_no_such_file.js'));
});

test('terminate ends a worker at any moment', async () => {
  const bodies = [
    'for (;;);',
    '/^(a+)+$/.test("a".repeat(60) + "b");',
    'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);',
    'const loop = () => queueMicrotask(loop); loop();',
    'await new Promise(() => setInterval(() => {}, 1));',
    // A loop without an end.
    `new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0,
      10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11]))).exports.f();`,
  ];
  for (const body of bodies) {
    const worker = start(`postMessage(1); setTimeout(() => {}, 1e6); ${body}`, { type: 'module' });
    await next(worker);
    let late = 0;
    worker.onmessage = () => {
      late += 1;
    };
    worker.terminate();
    worker.postMessage('nobody hears this');
    equal(late, 0);
  }
  // One that has not begun.
  start('postMessage(1)').terminate();
});

test('memory is shared, and threads wait for each other', async () => {
  const worker = start(`onmessage = ({ data }) => {
    Atomics.store(data, 0, 1); Atomics.notify(data, 0);
    Atomics.wait(data, 1, 0); Atomics.add(data, 2, 5); postMessage(Atomics.load(data, 1));
  };`);
  const shared = new Int32Array(new SharedArrayBuffer(12));
  worker.postMessage(shared);
  const { value } = Atomics.waitAsync(shared, 0, 0);
  if (typeof value !== 'string') equal(await value, 'ok');
  Atomics.store(shared, 1, 9);
  Atomics.notify(shared, 1);
  equal((await next(worker)).data, 9);
  equal(shared[2], 5);
  worker.terminate();
});

test('workers have workers', async () => {
  const inner = url('onmessage = ({ data }) => { postMessage(data + 1); close(); };');
  const worker =
    start(`const inner = new Worker('${inner.replaceAll("'", '%27')}'); inner.onmessage = ({ data }) => { postMessage(data); close(); };
    onmessage = ({ data }) => inner.postMessage(data);`);
  worker.postMessage(1);
  equal((await next(worker)).data, 2);
});

test('streams move to workers', async () => {
  const worker = start(`onmessage = async ({ data }) => {
    const writer = data.writable.getWriter();
    for await (const chunk of data.readable) await writer.write(chunk * 2);
    await writer.close();
  };`);
  const readable = ReadableStream.from([1, 2, 3]);
  const written = [];
  let done;
  const finished = new Promise((resolve) => {
    done = resolve;
  });
  const writable = new WritableStream({ write: (chunk) => void written.push(chunk), close: () => done() });
  worker.postMessage({ readable, writable }, [readable, writable]);
  ok(readable.locked && writable.locked);
  await finished;
  deepEqual(written, [2, 4, 6]);
  worker.terminate();
});

test('many are started and ended', async () => {
  const count = many(100);
  let seen = 0;
  for (let i = 0; i < count; i += 10) {
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const worker = start('postMessage(1); onmessage = () => {};');
        await next(worker);
        seen += 1;
        worker.terminate();
      }),
    );
  }
  ok(seen >= count);
});

test('wrong arguments', () => {
  equal(throws(() => new Worker(), TypeError).name, 'TypeError');
  equal(throws(() => new Worker('data:,', { type: 'other' }), TypeError).name, 'TypeError');
  equal(throws(() => new Worker('https://example.com/a.js'), DOMException).name, 'NotSupportedError');
  equal(throws(() => new Worker('foo:bar'), DOMException).name, 'SecurityError');
});

await run();
