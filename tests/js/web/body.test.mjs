// Request, Response and their bodies (https://fetch.spec.whatwg.org/). Runs on Node too.
import { deepEqual, equal, ok, rejects, run, test, throws, notEqual } from '../harness.mjs';

const bytesOf = (text) => new TextEncoder().encode(text);

test('every source of a body gives its bytes and type', async () => {
  const cases = [
    ['text ü', 'text ü', 'text/plain;charset=UTF-8'],
    [bytesOf('bytes'), 'bytes', null],
    [bytesOf('-view-').subarray(1, 5), 'view', null],
    [bytesOf('buffer').buffer, 'buffer', null],
    [new DataView(bytesOf('data').buffer), 'data', null],
    [new Blob(['blob'], { type: 'text/css' }), 'blob', 'text/css'],
    [new Blob(['blob']), 'blob', null],
    [new URLSearchParams({ a: '1 2' }), 'a=1+2', 'application/x-www-form-urlencoded;charset=UTF-8'],
    [42, '42', 'text/plain;charset=UTF-8'],
  ];
  for (const [source, text, type] of cases) {
    const response = new Response(source);
    equal(response.headers.get('content-type'), type);
    equal(await response.text(), text);
  }
});

test('the bytes of a body are copied when it is made', async () => {
  const source = bytesOf('before');
  const response = new Response(source);
  source.fill(0);
  equal(await response.text(), 'before');
});

test('large bytes are copied when a Response is made, read in every form and cloned', async () => {
  const source = new Uint8Array(100_000).fill(65);
  const text = 'A'.repeat(source.length);
  const made = () => new Response(source);
  const response = made();
  const twin = response.clone();
  source.fill(0);
  equal(await response.text(), text);
  equal(twin.bodyUsed, false);
  equal((await twin.arrayBuffer()).byteLength, text.length);
  await rejects(twin.text(), TypeError);
  source.fill(48);
  equal(
    await made()
      .json()
      .then(String, (error) => error.name),
    'SyntaxError',
  );
  const bytes = await made().bytes();
  bytes[0] = 1;
  equal(source[0], 48);
  equal((await made().blob()).size, source.length);
  let size = 0;
  for await (const chunk of made().body) size += chunk.length;
  equal(size, source.length);
  const half = made();
  const reader = half.body.getReader();
  equal((await reader.read()).value.length > 0, true);
  throws(() => half.clone(), TypeError);
  equal((await new Response(source.buffer).arrayBuffer()).byteLength, source.length);
});

test('a body can be read in every form', async () => {
  deepEqual(await new Response('{"a":[1]}').json(), { a: [1] });
  deepEqual(await new Response('ab').arrayBuffer(), bytesOf('ab').buffer);
  const blob = await new Response('ab', { headers: { 'content-type': 'Text/Plain; Charset=utf-8' } }).blob();
  equal(blob.size, 2);
  equal(blob.type, 'text/plain;charset=utf-8');
  equal(await new Response().text(), '');
  equal((await new Response(null).arrayBuffer()).byteLength, 0);
});

test('bytes() gives a Uint8Array of its own', async () => {
  if (Response.prototype.bytes === undefined) return;
  const response = new Response('ab');
  const copy = response.clone();
  const bytes = await response.bytes();
  ok(bytes instanceof Uint8Array);
  bytes[0] = 0;
  equal(await copy.text(), 'ab');
});

test('text() drops a byte order mark and replaces what is not UTF-8', async () => {
  equal(await new Response(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff])).text(), 'a\ufffd');
});

test('invalid JSON rejects with a SyntaxError', async () => {
  await rejects(new Response('{').json(), SyntaxError);
  await rejects(new Response('').json(), SyntaxError);
});

test('a body is read once', async () => {
  const response = new Response('x');
  equal(response.bodyUsed, false);
  const first = response.text();
  equal(response.bodyUsed, true);
  await rejects(response.text(), TypeError);
  equal(await first, 'x');
  throws(() => response.clone(), TypeError);
});

test('body is a stream of bytes', async () => {
  const response = new Response('hello');
  ok(response.body instanceof ReadableStream);
  ok(response.body === response.body);
  const chunks = [];
  for await (const chunk of response.body) chunks.push(...chunk);
  deepEqual(chunks, [...bytesOf('hello')]);
  ok(response.bodyUsed);
  equal(new Response().body, null);
});

test('a locked stream makes the body unusable', async () => {
  const response = new Response('x');
  const reader = response.body.getReader();
  await rejects(response.text(), TypeError);
  throws(() => response.clone(), TypeError);
  reader.releaseLock();
  equal(await response.text(), 'x');
});

test('a ReadableStream is a source', async () => {
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(bytesOf('a'));
      controller.enqueue(bytesOf('b'));
      controller.close();
    },
  });
  equal(await new Response(stream).text(), 'ab');
  ok(stream.locked);
  throws(() => new Response(stream), TypeError);
});

test('a chunk that is not bytes rejects', async () => {
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue('text');
      controller.close();
    },
  });
  await rejects(new Response(stream).text(), TypeError);
});

test('an async iterable is a source', async () => {
  const response = new Response(
    (async function* () {
      yield bytesOf('a');
      yield bytesOf('b');
    })(),
  );
  equal(await response.text(), 'ab');
});

test('clone gives the same content twice, also of a stream', async () => {
  const plain = new Response('x');
  const other = plain.clone();
  equal(await plain.text(), 'x');
  equal(await other.text(), 'x');
  const streamed = new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(bytesOf('ab'));
        controller.close();
      },
    }),
  );
  const copy = streamed.clone();
  deepEqual(await Promise.all([streamed.text(), copy.text()]), ['ab', 'ab']);
});

test('Response has the specified defaults and checks', () => {
  const response = new Response();
  deepEqual(
    [response.type, response.status, response.ok, response.statusText, response.url, response.redirected],
    ['default', 200, true, '', '', false],
  );
  for (const status of [199, 600, 0, 101]) throws(() => new Response(null, { status }), RangeError);
  for (const status of [204, 205, 304]) throws(() => new Response('x', { status }), TypeError);
  throws(() => new Response(null, { statusText: 'a\nb' }), TypeError);
  equal(new Response(null, { status: 404, statusText: 'No' }).ok, false);
});

test('the text of a body comes as a stream', async () => {
  if (Response.prototype.textStream === undefined) return;
  const read = async (body) => {
    let text = '';
    for await (const part of body.textStream()) {
      equal(typeof part, 'string');
      text += part;
    }
    return [text, body.bodyUsed];
  };
  deepEqual(await read(new Response('grüße')), ['grüße', true]);
  deepEqual(await read(new Response()), ['', false]);
  deepEqual(await read(new Request('http://x/', { method: 'POST', body: new Blob(['blöb']) })), ['blöb', true]);
  deepEqual(await read(new Response(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff]))), ['a\ufffd', true]);
  const used = new Response('x');
  await used.text();
  throws(() => used.textStream(), TypeError);
  const locked = new Response(new ReadableStream());
  locked.body.getReader();
  throws(() => locked.textStream(), TypeError);
  throws(() => Response.prototype.textStream.call({}), TypeError);
});

test('Response.error, redirect and json', async () => {
  const error = Response.error();
  deepEqual([error.type, error.status, error.body], ['error', 0, null]);
  const redirect = Response.redirect('http://example.com/a', 307);
  deepEqual([redirect.status, redirect.headers.get('location')], [307, 'http://example.com/a']);
  throws(() => Response.redirect('http://example.com/', 200), RangeError);
  throws(() => Response.redirect('::'), TypeError);
  // A path of the same host, as servers give it; Node takes whole URLs alone.
  if (globalThis.twinloop !== undefined) {
    const located = (path) => Response.redirect(path).headers.get('location');
    deepEqual([located('/a/../b c?d#e'), located('/')], ['/b%20c?d#e', '/']);
    for (const path of ['//other/', '/\\other/', '/\t/other/', 'a', '', '?a']) throws(() => Response.redirect(path), TypeError);
  }
  const json = Response.json({ a: 1 }, { status: 201 });
  deepEqual([json.status, json.headers.get('content-type'), await json.text()], [201, 'application/json', '{"a":1}']);
  throws(() => Response.json(undefined), TypeError);
});

test('Request normalizes its arguments', () => {
  const request = new Request('HTTP://Example.com', { method: 'post', body: 'x' });
  deepEqual([request.method, request.url], ['POST', 'http://example.com/']);
  equal(new Request('http://a/', { method: 'patch', body: 'x' }).method, 'patch');
  const plain = new Request('http://a/');
  deepEqual([plain.redirect, plain.credentials, plain.cache], ['follow', 'same-origin', 'default']);
});

test('Request refuses what the spec refuses', () => {
  throws(() => new Request('not a url'), TypeError);
  throws(() => new Request('http://user:secret@example.com/'), TypeError);
  throws(() => new Request('http://a/', { body: 'x' }), TypeError);
  throws(() => new Request('http://a/', { method: 'HEAD', body: 'x' }), TypeError);
  throws(() => new Request('http://a/', { method: 'a b' }), TypeError);
  throws(() => new Request('http://a/', { method: 'TRACE' }), TypeError);
  throws(() => new Request('http://a/', { redirect: 'maybe' }), TypeError);
  throws(() => new Request('http://a/', { signal: {} }), TypeError);
  throws(() => new Request('http://a/', { method: 'POST', body: new ReadableStream() }), TypeError);
});

test('a Request made from another takes its body along', async () => {
  const first = new Request('http://a/', { method: 'POST', body: 'x', headers: { 'x-a': '1' } });
  const second = new Request(first, { headers: { 'x-b': '2' } });
  ok(first.bodyUsed);
  equal(second.headers.get('x-a'), null);
  equal(second.headers.get('x-b'), '2');
  equal(await second.text(), 'x');
  throws(() => new Request(first), TypeError);
});

test('the signal of a Request follows the one it was given', () => {
  const controller = new AbortController();
  const request = new Request('http://a/', { signal: controller.signal });
  ok(request.signal instanceof AbortSignal);
  ok(request.signal === request.signal);
  equal(request.signal.aborted, false);
  controller.abort('reason');
  equal(request.signal.aborted, true);
  equal(request.signal.reason, 'reason');
  ok(new Request('http://a/').signal instanceof AbortSignal);
});

test('FormData goes through a body and comes back', async () => {
  const form = new FormData();
  form.append('text', 'a\nb ü');
  form.append('na"me', '1');
  form.append('file', new File(['content'], 'ä "x".txt', { type: 'text/x-test' }));
  const response = new Response(form);
  ok(/^multipart\/form-data; ?boundary=/.test(response.headers.get('content-type')));
  const back = await response.formData();
  equal(back.get('text'), 'a\r\nb ü');
  equal(back.get('na"me'), '1');
  const file = back.get('file');
  deepEqual([file.name, file.type, await file.text()], ['ä "x".txt', 'text/x-test', 'content']);
});

test('a urlencoded body becomes FormData, another type rejects', async () => {
  const form = await new Response(new URLSearchParams('a=1&a=2&b=')).formData();
  deepEqual(
    [...form],
    [
      ['a', '1'],
      ['a', '2'],
      ['b', ''],
    ],
  );
  await rejects(new Response('a=1').formData(), TypeError);
  await rejects(new Response('cut', { headers: { 'content-type': 'multipart/form-data; boundary=x' } }).formData(), TypeError);
});

async function formOf(...parts) {
  const body = `${parts.map((part) => `--AaB03x\r\n${part}\r\n`).join('')}--AaB03x--\r\n`;
  const form = await new Response(body, { headers: { 'content-type': 'multipart/form-data; boundary=AaB03x' } }).formData();
  const shown = async ([name, value]) => (typeof value === 'string' ? [name, value] : [name, value.name, await value.text()]);
  return Promise.all([...form].map(shown));
}

const part = (parameters, content) => `Content-Disposition: form-data; ${parameters}\r\n\r\n${content}`;

// RFC 2046, section 5.1.1: a file that has the boundary's text in it made the whole form invalid, or was cut there.
test('a multipart boundary counts on a line of its own only', async () => {
  if (process.versions?.twinloop === undefined) return;
  const contents = [
    'before--AaB03xafter \r\n--AaB03',
    'x\r\n--AaB03xtra\r\ny',
    'x\r\n--AaB03x-y',
    'x--AaB03x--y',
    'x\n--AaB03x\r\ny',
    '\r\n',
    '',
  ];
  for (const content of contents) {
    deepEqual(await formOf(part('name="a"; filename="f"', content), part('name="b"', '2')), [
      ['a', 'f', content],
      ['b', '2'],
    ]);
  }
  const padded = 'preamble\r\n--x \t\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x-- \t\r\nepilogue';
  const form = await new Response(padded, { headers: { 'content-type': 'multipart/form-data; boundary=x' } }).formData();
  deepEqual([...form], [['a', '1']]);
});

// RFC 7578: the name `dir\` swallowed the parameter behind it, because a backslash was taken for an escape.
test('a backslash in a multipart name is itself', async () => {
  deepEqual(await formOf(part('name="dir\\"; filename="a.bin"', 'x'), part('name="g"; filename="C:\\tmp\\"', 'y')), [
    ['dir\\', 'a.bin', 'x'],
    ['g', 'C:\\tmp\\', 'y'],
  ]);
  deepEqual(await formOf(part('filename="x; name=q"; name="n"', '1')), [['n', 'x; name=q', '1']]);
  if (process.versions?.twinloop === undefined) return;
  deepEqual(await formOf(part('name="a\\"b" ; other ; filename=plain.txt', '1')), [['a\\"b', 'plain.txt', '1']]);
});

test('a body that was read is locked, and its stream has no reader to give', async () => {
  const response = new Response('hello');
  await response.text();
  equal(response.bodyUsed, true);
  equal(response.body.locked, true);
  throws(() => response.body.getReader(), TypeError);
});

test('a clone of a stream body gives chunks of the same type', async () => {
  // Every view became a Uint8Array.
  for (const Class of [Float32Array, Int16Array, DataView, Uint8ClampedArray, Uint8Array]) {
    const chunk = Class === DataView ? new DataView(new ArrayBuffer(8), 1) : new Class([1, 2, 3]);
    const response = new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(chunk);
          controller.close();
        },
      }),
    );
    const { value } = await response.clone().body.getReader().read();
    equal(value.constructor, Class);
    equal(value.byteLength, chunk.byteLength);
    notEqual(value.buffer, chunk.buffer);
    equal((await response.body.getReader().read()).value, chunk);
  }
});

test('an accessor on Object.prototype has no part in a body', () => {
  Object.defineProperty(Object.prototype, 'type', {
    get() {
      throw new Error('touched');
    },
    configurable: true,
  });
  try {
    const [first] = new Response('x').body.tee();
    equal(first.locked, false);
  } finally {
    delete Object.prototype.type;
  }
});

test('each body gives bytes of its own, an empty one too', async () => {
  // Bodies without content shared one buffer: who moved it away took it from all.
  const first = await new Response().arrayBuffer();
  structuredClone(first, { transfer: [first] });
  equal(first.detached, true);
  const second = await new Response().arrayBuffer();
  equal(second.detached, false);
  notEqual(await new Response(null).bytes(), await new Response(null).bytes());
  const given = new Uint8Array([1, 2, 3]);
  const response = new Response(given);
  const copy = response.clone();
  const buffer = await response.arrayBuffer();
  new Uint8Array(buffer)[0] = 9;
  equal(given[0], 1);
  deepEqual([...new Uint8Array(await copy.arrayBuffer())], [1, 2, 3]);
  equal((await new Response(new Uint8Array(8).subarray(2, 5)).arrayBuffer()).byteLength, 3);
  equal((await new Response('text').arrayBuffer()).byteLength, 4);
  equal((await new Blob(['blob']).arrayBuffer()).byteLength, 4);
  await rejects(Response.prototype.arrayBuffer.call({}), TypeError);
});

test("the bytes that a body gives out are nobody else's: not the source's, not a clone's, not those of a request made from it", async () => {
  const source = new Uint8Array(100).fill(1);
  const url = 'http://127.0.0.1/';
  const post = () => new Request(url, { method: 'POST', body: source });
  const pairs = {
    'a response and its clone': () => {
      const first = new Response(source);
      return [first, first.clone()];
    },
    'a clone and the clone of it': () => {
      const second = new Response(source).clone();
      return [second, second.clone()];
    },
    'a request made from a clone, and the original': () => {
      const original = post();
      return [new Request(original.clone()), original];
    },
    'two of the same source': () => [post(), new Response(source)],
  };
  for (const [name, make] of Object.entries(pairs)) {
    for (const method of ['bytes', 'arrayBuffer']) {
      const [left, right] = make();
      const given = await left[method]();
      (method === 'bytes' ? given : new Uint8Array(given)).fill(9);
      equal(new Uint8Array(await right[method]())[0], 1, `${name}, ${method}`);
      equal(source[0], 1, `${name}, ${method}`);
    }
  }
});

test('a request takes no URL with a username or a password, and an @ elsewhere is neither', () => {
  for (const url of ['http://a@h/', 'http://a:b@h/', 'http://:b@h/', 'foo://u@h/x', 'foo://u:p@h:1/x']) {
    throws(() => new Request(url), TypeError);
  }
  for (const url of ['http://h/@', 'http://h/a:b@c', 'http://[::1]:8080/?q=@', 'data:text/plain,a@b', 'blob:http://a@b/x', 'mailto:a@b']) {
    equal(new Request(url).url, url);
  }
  equal(new Request('http://:@h').url, 'http://h/');
});

// Bytes from 16 KiB on are kept apart from JavaScript's heap.
const large = () => new TextEncoder().encode(JSON.stringify({ text: 'ä'.repeat(20_000) }));

test('a body of many bytes is what it was when it was given', async () => {
  const bytes = large();
  const length = bytes.length;
  const text = new TextDecoder().decode(bytes);
  const made = () => new Response(bytes);
  const [buffered, listed, asText, asJson, asBlob] = [made(), made(), made(), made(), made()];
  const [streamed, first, unread] = [made(), made(), made()];
  const second = first.clone();
  bytes.fill(0);
  equal((await buffered.arrayBuffer()).byteLength, length);
  const list = await listed.bytes();
  equal(new TextDecoder().decode(list), text);
  // They are the reader's.
  list.fill(1);
  equal(await asText.text(), text);
  equal((await asJson.json()).text.length, 20_000);
  equal(await (await asBlob.blob()).text(), text);
  const chunks = [];
  for await (const chunk of streamed.body) chunks.push(...chunk);
  equal(new TextDecoder().decode(Uint8Array.from(chunks)), text);
  // Neither of two that have the same bytes gives them away.
  const ofFirst = new Uint8Array(await first.arrayBuffer());
  ofFirst.fill(2);
  equal(await second.text(), text);
  for (const used of [buffered, listed, asText, asJson, asBlob, streamed, first, second]) {
    equal(used.bodyUsed, true);
    await rejects(used.text(), TypeError);
  }
  equal(unread.bodyUsed, false);
});

test('a body of many bytes that is no JSON or no text says so', async () => {
  const broken = large().subarray(1);
  await rejects(new Response(broken).json(), SyntaxError);
  const invalid = new Uint8Array(20_000).fill(0xff);
  equal(await new Response(invalid).text(), '\ufffd'.repeat(20_000));
  const marked = new Uint8Array(20_003).fill(0x61);
  marked.set([0xef, 0xbb, 0xbf]);
  equal(await new Response(marked).text(), 'a'.repeat(20_000));
});

test('bodies of many bytes that nobody reads are freed, also where no turn of the loop ends', async () => {
  const bytes = new Uint8Array(1 << 20);
  const below = () => ok(process.memoryUsage().rss < 500 << 20, `${process.memoryUsage().rss >> 20} MiB`);
  for (let i = 0; i < 1000; i += 1) new Response(bytes);
  below();
  for (let i = 0; i < 1000; i += 1) {
    new Response(bytes);
    await null;
  }
  below();
  for (let i = 0; i < 2000; i += 1) {
    new Response(bytes);
    if (i % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  below();
});

test('the buffer of many bytes can be transferred', async () => {
  const buffer = await new Response(new Uint8Array(1 << 17).fill(7)).arrayBuffer();
  const copy = structuredClone({ buffer, also: [buffer] }, { transfer: [buffer] });
  equal(buffer.byteLength, 0);
  equal(copy.buffer, copy.also[0]);
  equal(new Uint8Array(copy.buffer)[1000], 7);
  equal(copy.buffer.byteLength, 1 << 17);
  const twice = await new Response(new Uint8Array(1 << 17)).arrayBuffer();
  let refused;
  try {
    structuredClone(twice, { transfer: [twice, twice] });
  } catch (error) {
    refused = error.name;
  }
  equal(refused, 'DataCloneError');
  equal(twice.byteLength, 1 << 17);
});

await run();
