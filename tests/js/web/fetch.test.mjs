// fetch against the local servers whose addresses are in FIXTURES (JSON); on Node too, as far as it has the same messages.
import { deepEqual, delay, equal, fail, match, ok, rejects, run, test } from '../harness.mjs';

const fixtures = JSON.parse(process.env.FIXTURES ?? fail('FIXTURES is not set: run this by `cargo xtask test`'));
const base = `http://${fixtures.http}`;

async function counters() {
  return (await fetch(`${base}/counters`)).json();
}

test('a response has status, headers, url and a JSON body', async () => {
  const response = await fetch(`${base}/data`);
  deepEqual([response.status, response.ok, response.type, response.redirected], [200, true, 'basic', false]);
  equal(response.url, `${base}/data`);
  equal(response.headers.get('Content-Type'), 'application/json');
  deepEqual(await response.json(), { message: 'Hello from the fixture server', items: [1, 2, 3], ok: true });
  ok(response.bodyUsed);
  await rejects(response.text(), TypeError);
});

test('headers of a response are immutable', async () => {
  const { headers } = await fetch(`${base}/data`);
  await rejects(async () => headers.set('a', 'b'), TypeError);
});

test('getSetCookie lists the cookies of a response', async () => {
  const { headers } = await fetch(`${base}/set-cookie?a=1&b=2`);
  deepEqual(headers.getSetCookie(), ['a=1; Path=/', 'b=2; Path=/']);
});

test('every content coding is undone', async () => {
  for (const coding of ['gzip', 'deflate', 'br', 'zstd']) {
    if (coding === 'zstd' && process.versions?.twinloop === undefined) continue;
    const response = await fetch(`${base}/${coding}`);
    equal((await response.json()).encoding, coding);
  }
});

test('a body cut in its content coding rejects', async () => {
  const response = await fetch(`${base}/gzip?size=100000&cut=1`);
  await rejects(response.text(), TypeError);
});

test('text is decoded as UTF-8', async () => {
  equal(await (await fetch(`${base}/text`)).text(), 'Grüße, 世界! 🎈\n');
});

test('an error status is a response', async () => {
  const response = await fetch(`${base}/status/404`);
  deepEqual([response.status, response.ok, response.statusText], [404, false, 'Not Found']);
  equal((await fetch(`${base}/status/204`)).body, null);
});

test('HEAD has no body', async () => {
  const response = await fetch(`${base}/data`, { method: 'HEAD' });
  equal(await response.text(), '');
});

test('a request carries method, headers and body', async () => {
  const response = await fetch(`${base}/inspect?q=1`, {
    method: 'post',
    headers: { 'x-test': 'yes', 'X-Other': ' trimmed ' },
    body: 'grüße',
  });
  const seen = await response.json();
  deepEqual([seen.method, seen.query, seen.body], ['POST', 'q=1', 'grüße']);
  deepEqual([seen.headers['x-test'], seen.headers['x-other']], ['yes', 'trimmed']);
  equal(seen.headers['content-type'], 'text/plain;charset=UTF-8');
  equal(seen.headers['content-length'], '7');
});

test('a Request object is fetched, and used up', async () => {
  const request = new Request(`${base}/inspect`, { method: 'PUT', body: new Uint8Array([65, 66]) });
  const seen = await (await fetch(request)).json();
  deepEqual([seen.method, seen.body], ['PUT', 'AB']);
  ok(request.bodyUsed);
  await rejects(fetch(request), TypeError);
});

test('every kind of body is sent', async () => {
  const form = new FormData();
  form.append('a', '1');
  const bodies = [
    ['text', 'text'],
    [new Blob(['blob']), 'blob'],
    [new URLSearchParams('a=1'), 'a=1'],
    [new Uint8Array([97]).buffer, 'a'],
  ];
  for (const [body, text] of bodies) equal(await (await fetch(`${base}/echo`, { method: 'POST', body })).text(), text);
  const back = await (await fetch(`${base}/echo`, { method: 'POST', body: form })).formData();
  equal(back.get('a'), '1');
});

test('a stream is uploaded chunk by chunk', async () => {
  async function* chunks() {
    for (let i = 0; i < 50; i += 1) yield new Uint8Array(2000);
  }
  const response = await fetch(`${base}/upload`, { method: 'POST', body: chunks(), duplex: 'half' });
  equal((await response.json()).bytes, 100_000);
});

test('an upload whose stream fails rejects with that error', async () => {
  const failure = new RangeError('from the stream');
  async function* chunks() {
    yield new Uint8Array(10);
    throw failure;
  }
  const error = await rejects(fetch(`${base}/upload`, { method: 'POST', body: chunks(), duplex: 'half' }), TypeError);
  ok(error.cause === failure);
});

test('redirects are followed, refused or shown', async () => {
  const followed = await fetch(`${base}/redirect/3`);
  deepEqual([followed.redirected, followed.url, followed.status], [true, `${base}/data`, 200]);
  await followed.body.cancel();
  await rejects(fetch(`${base}/redirect/1`, { redirect: 'error' }), TypeError);
  const shown = await fetch(`${base}/redirect/1`, { redirect: 'manual' });
  deepEqual([shown.status, shown.headers.get('location')], [302, '/redirect/0']);
  await rejects(fetch(`${base}/redirect/30`), TypeError);
});

test('the ports that the standard blocks are not asked, also after a redirect, nor by a WebSocket', async () => {
  const failed = await rejects(fetch('http://127.0.0.1:6667/'), TypeError);
  deepEqual([failed.message, failed.cause.message], ['fetch failed', 'bad port']);
  const target = encodeURIComponent('http://127.0.0.1:10080/x');
  const sent = await rejects(fetch(`${base}/redirect-to?url=${target}&status=302`), TypeError);
  equal(sent.cause.message, 'bad port');
  equal((await fetch(`${base}/redirect-to?url=${target}&status=302`, { redirect: 'manual' })).status, 302);
  const socket = new WebSocket('ws://127.0.0.1:6000/');
  const { code } = await new Promise((resolve) => {
    socket.onclose = resolve;
  });
  equal(code, 1006);
  // Another port of nobody is one that refuses.
  equal((await rejects(fetch('http://127.0.0.1:2/'), TypeError)).cause.code, 'ECONNREFUSED');
});

test('a redirect turns POST into GET where the spec says so', async () => {
  const redirected = await fetch(`${base}/redirect-to?url=/inspect&status=303`, { method: 'POST', body: 'x' });
  equal((await redirected.json()).method, 'GET');
  const kept = await fetch(`${base}/redirect-to?url=/inspect&status=307`, { method: 'POST', body: 'x' });
  const seen = await kept.json();
  deepEqual([seen.method, seen.body], ['POST', 'x']);
});

test('a refused connection is a TypeError whose cause names host and port', async () => {
  const error = await rejects(fetch(`http://${fixtures.refused}/`), TypeError);
  equal(error.message, 'fetch failed');
  equal(error.cause.code, 'ECONNREFUSED');
  ok(error.cause.message.includes(fixtures.refused));
});

test('a host without an address is a TypeError whose cause names it', async () => {
  const error = await rejects(fetch('http://no-such-host.invalid/'), TypeError);
  ok(error.cause.message.includes('no-such-host.invalid'));
});

test('a certificate that nobody signed is a TypeError with a cause', async () => {
  const error = await rejects(fetch(`https://${fixtures.bad_tls}/`), TypeError);
  match(error.cause.message, /certificate/i);
});

test('what the program got wrong is a TypeError at once', async () => {
  match((await rejects(fetch('foo://bar/'), TypeError)).message, /foo|fetch failed/);
  // The cause says what is wrong, as in Node: there was none.
  const refused = await rejects(fetch('not a url'), TypeError);
  equal(refused.message, 'Failed to parse URL from not a url');
  deepEqual([refused.cause.name, refused.cause.code, refused.cause.input], ['TypeError', 'ERR_INVALID_URL', 'not a url']);
  equal((await rejects(fetch('not a url', { method: 'POST' }), TypeError)).cause.code, 'ERR_INVALID_URL');
  await rejects(fetch(base, { headers: { 'a b': '1' } }), TypeError);
  await rejects(fetch(base, { headers: { a: 'x\ny' } }), TypeError);
  await rejects(fetch(base, { body: 'x' }), TypeError);
  await rejects(fetch(base, { method: 'HEAD', body: 'x' }), TypeError);
  await rejects(fetch(), TypeError);
});

test('data: URLs', async () => {
  const response = await fetch('data:text/plain;base64,aGVsbG8=');
  equal(response.headers.get('content-type'), 'text/plain');
  equal(await response.text(), 'hello');
  equal(await (await fetch('data:,a%20b')).text(), 'a b');
  await rejects(fetch('data:no-comma'), TypeError);
});

test('blob: URLs, until they are revoked', async () => {
  const url = URL.createObjectURL(new Blob(['ü'], { type: 'text/plain' }));
  const response = await fetch(url);
  deepEqual([response.headers.get('content-type'), response.headers.get('content-length')], ['text/plain', '2']);
  equal(await response.text(), 'ü');
  URL.revokeObjectURL(url);
  await rejects(fetch(url), TypeError);
});

test('a referrer that the request names is sent as far as its policy lets it', async () => {
  const referrer = 'http://user:secret@example.com/path?query#fragment';
  const sent = async (referrerPolicy) => (await (await fetch(`${base}/headers`, { referrer, referrerPolicy })).json()).referer ?? null;
  deepEqual(await sent('unsafe-url'), 'http://example.com/path?query');
  deepEqual(await sent(''), 'http://example.com/');
  deepEqual(await sent('no-referrer'), null);
  deepEqual(await sent('same-origin'), null);
  equal((await (await fetch(`${base}/headers`)).json()).referer, undefined);
});

test('ranges of blob: URLs, and the blob that one meant when the request was made', async () => {
  const url = URL.createObjectURL(new Blob(['0123456789']));
  const part = async (range) => {
    const response = await fetch(url, { headers: { range } });
    return [response.status, response.headers.get('content-range'), await response.text()];
  };
  deepEqual(await part('bytes=2-4'), [206, 'bytes 2-4/10', '234']);
  deepEqual(await part('bytes=7-'), [206, 'bytes 7-9/10', '789']);
  deepEqual(await part('bytes=-2'), [206, 'bytes 8-9/10', '89']);
  deepEqual(await part('bytes=8-99'), [206, 'bytes 8-9/10', '89']);
  for (const range of ['bytes=10-', 'bytes=4-2', 'bytes=-', 'bytes=1-2,4-5', 'lines=1-2']) await rejects(part(range), TypeError);
  const request = new Request(url);
  URL.revokeObjectURL(url);
  equal(await (await fetch(request)).text(), '0123456789');
});

test('the stack of a failure names the line that fetched', async () => {
  for (const start of [() => fetch(`http://${fixtures.refused}/a`), () => fetch(`http://${fixtures.refused}/b`, { method: 'POST' })]) {
    match((await rejects(start(), TypeError)).stack, /fetch\.test\.mjs:\d+/);
  }
});

test('invalid JSON is a SyntaxError', async () => {
  await rejects((await fetch(`${base}/invalid-json`)).json(), SyntaxError);
});

test('a body that ends too early rejects', async () => {
  const response = await fetch(`${base}/cut?promised=1000&sent=100`);
  const error = await rejects(response.arrayBuffer(), TypeError);
  ok(error.cause !== undefined);
});

test('the stream of a body is read in chunks', async () => {
  const response = await fetch(`${base}/stream?chunks=5&ms=2`);
  let chunks = 0;
  for await (const chunk of response.body) {
    ok(chunk instanceof Uint8Array);
    chunks += 1;
  }
  ok(chunks > 1, `the chunks came apart: ${chunks}`);
  ok(response.bodyUsed);
});

test('a large body arrives whole in every form', async () => {
  const size = 3_000_000;
  equal((await (await fetch(`${base}/bytes/${size}`)).arrayBuffer()).byteLength, size);
  equal((await (await fetch(`${base}/bytes/${size}`)).blob()).size, size);
  let total = 0;
  for await (const chunk of (await fetch(`${base}/bytes/${size}`)).body) total += chunk.byteLength;
  equal(total, size);
});

test('clone reads the same network body twice', async () => {
  const response = await fetch(`${base}/bytes/300000`);
  const copy = response.clone();
  const [a, b] = await Promise.all([response.arrayBuffer(), copy.arrayBuffer()]);
  deepEqual([a.byteLength, b.byteLength], [300_000, 300_000]);
});

test('a slow body is waited for', async () => {
  deepEqual(await (await fetch(`${base}/slow-body?ms=20`)).json(), { first: 1, second: 2 });
});

test('connections are kept for the next request', async () => {
  await (await fetch(`${base}/data`)).text();
  const before = await counters();
  for (let i = 0; i < 10; i += 1) await (await fetch(`${base}/json1k`)).json();
  const after = await counters();
  equal(after.accepted, before.accepted);
});

test('64 fetches at a time', async () => {
  const responses = await Promise.all(Array.from({ length: 64 }, () => fetch(`${base}/json1k`)));
  for (const response of responses) equal(typeof (await response.json()), 'object');
});

// ---- backpressure: the other side waits, memory does not grow

test('a body that nobody reads stays with the server', async () => {
  const before = process.memoryUsage().rss;
  const response = await fetch(`${base}/endless`);
  const reader = response.body.getReader();
  await reader.read();
  await delay(200);
  const growth = process.memoryUsage().rss - before;
  ok(growth < 64 << 20, `${growth} bytes were read ahead`);
  await reader.cancel();
});

test('an upload that the server does not read stays with the program', async () => {
  const controller = new AbortController();
  let produced = 0;
  const body = new ReadableStream({
    pull(stream) {
      produced += 65_536;
      stream.enqueue(new Uint8Array(65_536));
    },
  });
  const pending = fetch(`${base}/hang`, { method: 'POST', body, duplex: 'half', signal: controller.signal });
  await delay(200);
  ok(produced < 64 << 20, `${produced} bytes were taken from the stream`);
  controller.abort();
  await rejects(pending);
});

// ---- abort

test('an aborted signal rejects at once with its reason', async () => {
  const reason = new Error('the reason');
  ok((await rejects(fetch(`${base}/data`, { signal: AbortSignal.abort(reason) }))) === reason);
  const error = await rejects(fetch(`${base}/data`, { signal: AbortSignal.abort() }));
  equal(error.name, 'AbortError');
});

test('abort while waiting for the head', async () => {
  const controller = new AbortController();
  const reason = { any: 'value' };
  const pending = fetch(`${base}/hang`, { signal: controller.signal });
  await delay(20);
  controller.abort(reason);
  ok((await rejects(pending)) === reason);
});

test('abort while connecting', async () => {
  const controller = new AbortController();
  const pending = fetch(`${base}/data`, { signal: controller.signal });
  controller.abort();
  equal((await rejects(pending)).name, 'AbortError');
});

test('abort while the body is being read as a whole', async () => {
  const controller = new AbortController();
  const response = await fetch(`${base}/endless`, { signal: controller.signal });
  const pending = response.text();
  await delay(10);
  controller.abort();
  equal((await rejects(pending)).name, 'AbortError');
});

test('abort while the body is being streamed', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const response = await fetch(`${base}/endless`, { signal: controller.signal });
  let chunks = 0;
  const error = await rejects(async () => {
    for await (const chunk of response.body) {
      chunks += chunk.byteLength > 0 ? 1 : 0;
      if (chunks === 3) controller.abort(reason);
    }
  });
  ok(error === reason);
});

test('abort before a small body was read', async () => {
  const controller = new AbortController();
  const response = await fetch(`${base}/data`, { signal: controller.signal });
  controller.abort();
  equal((await rejects(response.text())).name, 'AbortError');
});

test('abort after the body was read changes nothing', async () => {
  const controller = new AbortController();
  const response = await fetch(`${base}/data`, { signal: controller.signal });
  const data = await response.json();
  controller.abort();
  equal(data.ok, true);
});

test('AbortSignal.timeout ends a fetch with a TimeoutError', async () => {
  equal((await rejects(fetch(`${base}/hang`, { signal: AbortSignal.timeout(20) }))).name, 'TimeoutError');
});

test('AbortSignal.any and the signal of a Request reach the fetch', async () => {
  const controller = new AbortController();
  const request = new Request(`${base}/hang`, { signal: AbortSignal.any([controller.signal, AbortSignal.timeout(60_000)]) });
  const pending = fetch(request);
  await delay(10);
  controller.abort('stop');
  equal(await rejects(pending), 'stop');
});

test('abort stops an upload and cancels its stream', async () => {
  const controller = new AbortController();
  let canceled;
  const body = new ReadableStream({
    pull: (stream) => delay(1).then(() => stream.enqueue(new Uint8Array(1000))),
    cancel(reason) {
      canceled = reason;
    },
  });
  const pending = fetch(`${base}/upload`, { method: 'POST', body, duplex: 'half', signal: controller.signal });
  await delay(20);
  controller.abort('stop');
  equal(await rejects(pending), 'stop');
  await delay(10);
  equal(canceled, 'stop');
});

test('canceling a body gives up its connection', async () => {
  const response = await fetch(`${base}/endless`);
  const reader = response.body.getReader();
  await reader.read();
  const { open } = await counters();
  await reader.cancel();
  deepEqual(await reader.read(), { value: undefined, done: true });
  await delay(30);
  ok((await counters()).open < open + 1);
});

test('a url with credentials is refused, by fetch as by Request', async () => {
  const url = base.replace('//', '//user:secret@');
  for (const use of [() => fetch(url), async () => new Request(url), () => fetch(url, { method: 'POST' })]) {
    const error = await rejects(use());
    ok(error instanceof TypeError && /must not carry credentials/.test(error.message), `${error}`);
  }
});

await run();
