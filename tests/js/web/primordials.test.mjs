// A program may replace any standard method: nothing of the runtime's own calls the replacement.
//
// While the cases run, every method of the language's objects throws. The first one runs before any file behind a global was loaded. So a case calls none of them either: no `for..of`, no spread, no
// array destructuring, no `push`. The runtime is the only one that is tested this way: Node's own modules do not all pass.
import { equal, run, test } from '../harness.mjs';

const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
// biome-ignore format: a list of names
const classes = [
  Object, Function, Array, String, Number, Boolean, BigInt, Symbol, Date, RegExp, Promise, Map, Set, WeakMap, WeakSet, WeakRef,
  FinalizationRegistry, ArrayBuffer, SharedArrayBuffer, DataView, getPrototypeOf(Uint8Array), Uint8Array, Float64Array, Error, Iterator,
];
const objects = [Reflect, JSON, Math, Atomics];
for (const Class of classes) objects.push(Class, Class.prototype);
const prototypesOf = [[].values(), new Map().entries(), new Set().values(), ''[Symbol.iterator](), /a/g[Symbol.matchAll]('a')];
for (const iterator of prototypesOf) objects.push(getPrototypeOf(iterator));

/** Replaces every method; the result puts them back. */
function replaceAll() {
  const replaced = [];
  for (const object of objects) {
    for (const key of ownKeys(object)) {
      const descriptor = getOwnPropertyDescriptor(object, key);
      if (typeof descriptor.value !== 'function' || key === 'constructor' || !descriptor.configurable) continue;
      replaced.push({ object, key, descriptor, name: String(key) });
    }
  }
  const count = replaced.length;
  for (let i = 0; i < count; i += 1) {
    const { object, key, name } = replaced[i];
    const value = () => {
      throw new Error(`the replaced method ${name} was called`);
    };
    defineProperty(object, key, { value, writable: true, configurable: true });
  }
  return () => {
    for (let i = 0; i < count; i += 1) defineProperty(replaced[i].object, replaced[i].key, replaced[i].descriptor);
  };
}

/** Runs `body` while every method throws. */
function immune(name, body) {
  test(name, async () => {
    const restore = replaceAll();
    let failure;
    try {
      await body();
    } catch (error) {
      failure = error;
    }
    restore();
    if (failure !== undefined) throw failure;
  });
}

/** An assertion that calls nothing. */
function is(actual, expected) {
  if (actual !== expected) throw new Error(`expected ${expected}, not ${actual}`);
}

/** A sequence, as an iterable whose iterator is its own: the one of arrays throws. */
function sequence(items) {
  return {
    [Symbol.iterator]: () => {
      let index = -1;
      return {
        next: () => {
          index += 1;
          return index < items.length ? { value: items[index], done: false } : { value: undefined, done: true };
        },
      };
    },
  };
}

/** A Uint8Array of these numbers. */
function bytesOf(items) {
  const bytes = new Uint8Array(items.length);
  for (let i = 0; i < items.length; i += 1) bytes[i] = items[i];
  return bytes;
}

immune('events and signals', async () => {
  const target = new EventTarget();
  let calls = 0;
  const listener = () => {
    calls += 1;
  };
  for (let i = 0; i < 20; i += 1) target.addEventListener('x', () => listener(), { once: i % 2 === 0 });
  target.addEventListener('x', listener);
  target.addEventListener('x', { handleEvent: listener });
  target.dispatchEvent(new CustomEvent('x', { detail: 1, cancelable: true }));
  target.removeEventListener('x', listener);
  is(calls, 22);
  is(new MessageEvent('m', { data: 1, ports: sequence([]) }).data, 1);
  is(new ErrorEvent('e', { message: 'm' }).message, 'm');
  const controller = new AbortController();
  const signal = AbortSignal.any(sequence([controller.signal, new AbortController().signal]));
  signal.onabort = listener;
  target.addEventListener('y', listener, { signal });
  controller.abort();
  target.dispatchEvent(new Event('y'));
  is(calls, 23);
  is(signal.reason.name, 'AbortError');
});

immune('messages', async () => {
  const { port1, port2 } = new MessageChannel();
  const buffer = new ArrayBuffer(4);
  const gone = new MessageChannel();
  const received = new Promise((resolve) => {
    port1.onmessage = (event) => {
      port1.close();
      resolve({ event });
    };
  });
  const value = { list: [1, 'x'], map: new Map(), blob: new Blob(sequence(['ab'])), error: new DOMException('m', 'AbortError'), buffer };
  port2.postMessage(value, sequence([buffer, gone.port1]));
  const { event } = await received;
  is(event.data.list[1], 'x');
  is(event.data.blob.size, 2);
  is(event.data.error.name, 'AbortError');
  is(event.data.buffer.byteLength, 4);
  is(event.ports.length, 1);
  event.ports[0].close();
  const one = new BroadcastChannel('primordials');
  const two = new BroadcastChannel('primordials');
  const heard = new Promise((resolve) => {
    two.onmessage = (message) => resolve(message.data);
  });
  one.postMessage({ n: 7 });
  is((await heard).n, 7);
  one.close();
  two.close();
});

immune('streams', async () => {
  let left = 3;
  const stream = new ReadableStream(
    {
      pull(controller) {
        left -= 1;
        if (left < 0) controller.close();
        else controller.enqueue(left);
      },
    },
    new CountQueuingStrategy({ highWaterMark: 2 }),
  );
  const branches = stream.tee();
  const reader = branches[0].getReader();
  is((await reader.read()).value, 2);
  reader.releaseLock();
  const iterator = branches[0].values();
  is((await iterator.next()).value, 1);
  // The source of both is canceled when both are.
  const returned = iterator.return();
  await branches[1].cancel();
  await returned;
  const source = { async *[Symbol.asyncIterator]() {} };
  is((await ReadableStream.from(source).getReader().read()).done, true);
  let late;
  const start = (controller) => {
    late = controller;
  };
  const waiting = new ReadableStream({ start }).getReader();
  let reason;
  try {
    const read = waiting.read();
    late.error(new Error('late'));
    await read;
  } catch (error) {
    reason = error;
  }
  is(reason.message, 'late');
});

immune('headers, requests, responses and forms', async () => {
  const headers = new Headers({ 'X-A': ' text ', a: '1' });
  headers.append('A', '2');
  headers.set('b', '3');
  headers.delete('b');
  is(headers.get('a'), '1, 2');
  is(headers.entries().next().value[0], 'a');
  let seen = 0;
  headers.forEach(() => {
    seen += 1;
  });
  is(seen, 2);
  const request = new Request('http://localhost/x', { method: 'post', headers, body: new URLSearchParams({ q: 'two words' }) });
  is(await request.clone().text(), 'q=two+words');
  is((await request.formData()).get('q'), 'two words');
  is((await new Response('{"a":[1]}').json()).a[0], 1);
  is(await Response.json({ a: 1 }, { status: 201 }).text(), '{"a":1}');
  is((await new Response(bytesOf([1, 2])).bytes()).length, 2);
  is((await (await new Response('abc', { headers: { 'content-type': 'Text/Plain; a="b"' } }).blob()).text()).length, 3);
  is(Response.redirect('http://localhost/').status, 302);
  const form = new FormData();
  form.append('a', '1');
  form.set('file', new Blob(sequence(['x'])), 'n"ame.txt');
  const copy = await new Response(form).formData();
  is(copy.get('a'), '1');
  is(await copy.get('file').text(), 'x');
  is(copy.get('file').name, 'n"ame.txt');
  const streamed = new Response(new Blob(sequence(['streamed'])).stream());
  is(await streamed.clone().text(), 'streamed');
  is(await streamed.text(), 'streamed');
});

immune('fetch', async () => {
  is(await (await fetch('data:text/plain,hello')).text(), 'hello');
  const url = URL.createObjectURL(new Blob(sequence(['object'])));
  is(await (await fetch(url, { signal: new AbortController().signal })).text(), 'object');
  URL.revokeObjectURL(url);
  let failure;
  try {
    await fetch('http://localhost:1/', { signal: AbortSignal.abort() });
  } catch (error) {
    failure = error;
  }
  is(failure.name, 'AbortError');
});

immune('blobs, text and URLs', async () => {
  const blob = new Blob(sequence(['a\r\nb', bytesOf([99])]), { type: 'Text/Plain', endings: 'native' });
  is(await blob.slice(0, -1).text(), 'a\nb');
  is((await blob.arrayBuffer()).byteLength, 4);
  is(new File(sequence([blob]), 'n', { lastModified: 5 }).lastModified, 5);
  const bytes = new TextEncoder().encode('é漢');
  is(new TextDecoder('utf-8', { fatal: true }).decode(bytes), 'é漢');
  is(new TextDecoder('latin1').decode(bytes.buffer, { stream: true }).length, 5);
  is(new TextEncoder().encodeInto('ab', bytes).written, 2);
  const url = new URL('../x?a=1#h', 'http://user@host:8080/a/b/');
  url.searchParams.append('b', 'ü~ !');
  url.pathname = '/y';
  is(url.href, 'http://user@host:8080/y?a=1&b=%C3%BC%7E+%21#h');
  is(url.origin, 'http://host:8080');
  is(new URLSearchParams('a=%zz&a=%e9').getAll('a')[0], '%zz');
  is(URL.canParse('nothing'), false);
});

immune('structured clones', () => {
  const shared = { a: [1, new Date(5), /x/g] };
  const copy = structuredClone({ shared, again: shared, map: new Map(), view: bytesOf([5]) });
  is(copy.again, copy.shared);
  is(copy.view[0], 5);
  is(structuredClone(new DOMException('m', 'AbortError')).code, 20);
  const buffer = new ArrayBuffer(4);
  is(structuredClone(buffer, { transfer: sequence([buffer]) }).byteLength, 4);
});

immune('WebSocket', () => {
  let failure;
  try {
    new WebSocket('http://localhost/', sequence(['a', 'A']));
  } catch (error) {
    failure = error;
  }
  is(failure.name, 'SyntaxError');
});

immune('writable streams, transforms and pipes', async () => {
  let written = '';
  const sink = new WritableStream({
    write(chunk) {
      written += chunk;
    },
  });
  const bytes = new Uint8Array(2);
  bytes[0] = 0xc3;
  bytes[1] = 0xa9;
  const source = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  await source.pipeThrough(new TextDecoderStream()).pipeThrough(new TransformStream()).pipeTo(sink);
  is(written, 'é');
  const writer = new WritableStream().getWriter();
  await writer.ready;
  await writer.write('x');
  await writer.close();
  const encoder = new TextEncoderStream();
  const reader = encoder.readable.getReader();
  const input = encoder.writable.getWriter();
  input.write('é');
  is((await reader.read()).value[1], 0xa9);
});

immune('byte streams and compression', async () => {
  const source = new ReadableStream({
    type: 'bytes',
    start(controller) {
      controller.enqueue(new Uint8Array(3));
      controller.close();
    },
  });
  const branches = source.tee();
  is((await branches[0].getReader({ mode: 'byob' }).read(new Uint8Array(2))).value.length, 2);
  is((await branches[1].getReader().read()).value.length, 2);
  const packed = new Response('a').body.pipeThrough(new CompressionStream('gzip'));
  is(await new Response(packed.pipeThrough(new DecompressionStream('gzip'))).text(), 'a');
});

immune('readers, patterns, storage and locks', async () => {
  const reader = new FileReader();
  const loaded = new Promise((resolve) => {
    reader.onload = resolve;
  });
  reader.readAsText(await new Response('a').blob());
  await loaded;
  is(reader.result, 'a');
  is(new URLPattern('https://:host/*\\?a').exec('https://x/y?a').pathname.groups[0], 'y');
  sessionStorage.setItem('a', 'b');
  is(sessionStorage.a, 'b');
  is(await navigator.locks.request('a', (lock) => lock.name), 'a');
  const source = new EventSource('data:text/event-stream,data: x%0A%0A');
  is(
    (
      await new Promise((resolve) => {
        source.onmessage = resolve;
      })
    ).data,
    'x',
  );
  source.close();
});

test('everything is in its place again', () => {
  equal([1, 2].map((value) => value * 2).join(), '2,4');
  apply(Array.prototype.push, [], [1]);
});

immune('crypto', async () => {
  const { subtle } = crypto;
  is(crypto.randomUUID().length, 36);
  is(crypto.getRandomValues(new Uint8Array(4)).length, 4);
  is((await subtle.digest('SHA-256', new Uint8Array(3))).byteLength, 32);
  const gcm = { name: 'AES-GCM', iv: new Uint8Array(12), length: 128 };
  const key = await subtle.generateKey(gcm, true, sequence(['encrypt', 'decrypt']));
  const sealed = await subtle.encrypt(gcm, key, new Uint8Array(5));
  is((await subtle.decrypt(gcm, key, sealed)).byteLength, 5);
  const jwk = await subtle.exportKey('jwk', key);
  is((await subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', true, sequence(['encrypt']))).algorithm.length, 128);
  is(jwk.kty, 'oct');
  const how = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const pair = await subtle.generateKey(how, true, sequence(['sign', 'verify']));
  const signature = await subtle.sign(how, pair.privateKey, new Uint8Array(3));
  is(await subtle.verify(how, pair.publicKey, signature, new Uint8Array(3)), true);
  is((await subtle.exportKey('jwk', pair.privateKey)).crv, 'P-256');
  is((await subtle.exportKey('spki', pair.publicKey)).byteLength, 91);
});

await run();
