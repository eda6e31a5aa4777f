// Readable byte streams: BYOB readers and requests, and tee. Node runs it too.
import { deepEqual, equal, ok, rejects, run, test, throws } from '../harness.mjs';

const bytes = (...values) => new Uint8Array(values);

test('a BYOB reader fills the buffer that it is given, which moves along', async () => {
  const stream = new ReadableStream({
    type: 'bytes',
    start(controller) {
      controller.enqueue(bytes(1, 2, 3));
      controller.enqueue(bytes(4, 5));
    },
  });
  const reader = stream.getReader({ mode: 'byob' });
  const view = new Uint8Array(4);
  const { value, done } = await reader.read(view);
  equal(done, false);
  deepEqual([...value], [1, 2, 3, 4]);
  equal(view.byteLength, 0);
  deepEqual([...(await reader.read(new Uint8Array(4))).value], [5]);
});

test('a source fills the request of a reader', async () => {
  const stream = new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const request = controller.byobRequest;
      request.view[0] = 7;
      request.respond(1);
      equal(request.view, null);
      throws(() => request.respond(1), TypeError);
    },
  });
  deepEqual([...(await stream.getReader({ mode: 'byob' }).read(new Uint8Array(4))).value], [7]);
});

test('min waits for as many elements', async () => {
  let pulls = 0;
  const stream = new ReadableStream({
    type: 'bytes',
    pull(controller) {
      pulls += 1;
      controller.enqueue(bytes(pulls));
    },
  });
  const { value } = await stream.getReader({ mode: 'byob' }).read(new Uint8Array(8), { min: 3 });
  deepEqual([...value], [1, 2, 3]);
});

test('autoAllocateChunkSize gives a default reader a request to fill', async () => {
  const stream = new ReadableStream({
    type: 'bytes',
    autoAllocateChunkSize: 16,
    pull(controller) {
      equal(controller.byobRequest.view.byteLength, 16);
      controller.byobRequest.view[0] = 9;
      controller.byobRequest.respond(1);
    },
  });
  deepEqual([...(await stream.getReader().read()).value], [9]);
});

test('the end gives the buffer back', async () => {
  let controller;
  const stream = new ReadableStream({ type: 'bytes', start: (given) => (controller = given) });
  const read = stream.getReader({ mode: 'byob' }).read(new Uint8Array(3));
  controller.close();
  controller.byobRequest.respond(0);
  const { value, done } = await read;
  equal(done, true);
  equal(value.byteLength, 0);
  equal(value.buffer.byteLength, 3);
});

test('wrong views are refused', async () => {
  const reader = new ReadableStream({ type: 'bytes' }).getReader({ mode: 'byob' });
  await rejects(reader.read(new Uint8Array(0)), TypeError);
  await rejects(reader.read({}), TypeError);
  await rejects(reader.read(new Uint8Array(1), { min: 0 }), TypeError);
  await rejects(reader.read(new Uint8Array(1), { min: 2 }), RangeError);
  throws(() => new ReadableStream().getReader({ mode: 'byob' }), TypeError);
  throws(() => new ReadableStream({ type: 'bytes' }, { size: () => 1 }), RangeError);
});

test('both branches of a tee get all bytes, and may be read into buffers', async () => {
  const stream = new ReadableStream({
    type: 'bytes',
    start(controller) {
      controller.enqueue(bytes(1, 2));
      controller.close();
    },
  });
  const [first, second] = stream.tee();
  const into = await first.getReader({ mode: 'byob' }).read(new Uint8Array(2));
  deepEqual([...into.value], [1, 2]);
  deepEqual([...(await second.getReader().read()).value], [1, 2]);
});

test('bodies and blobs are byte streams', async () => {
  for (const stream of [new Response('abc').body, new Blob(['abc']).stream(), new Response(bytes(97, 98, 99)).clone().body]) {
    const { value } = await stream.getReader({ mode: 'byob' }).read(new Uint8Array(8));
    equal(new TextDecoder().decode(value), 'abc');
  }
  ok(new Response('x').body.getReader({ mode: 'byob' }) instanceof ReadableStreamBYOBReader);
});

test('a view of another buffer is refused with a code that Node has', async () => {
  let refused;
  const stream = new ReadableStream({
    type: 'bytes',
    pull(controller) {
      controller.close();
      refused = throws(() => controller.byobRequest.respondWithNewView(new Uint8Array(new ArrayBuffer(10), 0, 0)), RangeError);
      controller.byobRequest.respond(0);
    },
  });
  equal((await stream.getReader({ mode: 'byob' }).read(bytes(1, 2, 3))).done, true);
  equal(refused.code, 'ERR_INVALID_ARG_VALUE');
});

await run();
