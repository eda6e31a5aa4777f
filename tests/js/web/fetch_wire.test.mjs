// fetch seen from the wire: what goes out, and what happened to kept connections. The server below HTTP is `crates/fixtures/src/raw.rs`.
import { deepEqual, delay, equal, fail, match, ok, rejects, run, test } from '../harness.mjs';

const fixtures = JSON.parse(process.env.FIXTURES ?? fail('FIXTURES is not set: run this by `cargo xtask test`'));
const raw = `http://${fixtures.raw}`;
const isTwinloop = process.versions?.twinloop !== undefined;

async function sent(init) {
  return (await fetch(`${raw}/request`, init)).text();
}

function lines(request, name) {
  return request.split('\r\n').filter((line) => line.toLowerCase().startsWith(`${name}:`));
}

const post = { method: 'POST', body: 'x' };

function compute(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

function streamOf(...parts) {
  return new ReadableStream({
    async pull(controller) {
      await delay(1);
      const part = parts.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(part));
    },
  });
}

// A program that computed while the server hung up got the server's farewell as the answer to its next request.
test('a 408 that nobody asked for is not the answer to the next request', async () => {
  for (const init of [undefined, post]) {
    equal(await (await fetch(`${raw}/then-408`, init)).text(), 'an answer');
    compute(150);
    const next = await fetch(`${raw}/then-408`, init);
    deepEqual([next.status, await next.text()], [200, 'an answer']);
    await delay(100);
  }
});

test('a server that closes what it said to keep loses no request', async () => {
  for (let round = 0; round < 60; round += 1) {
    equal(await (await fetch(`${raw}/then-close`, round % 2 === 0 ? post : undefined)).text(), 'kept, says the server');
    if (round % 10 === 0) compute(3);
  }
});

test('a method that means to send something says that it sends nothing', async () => {
  for (const method of ['POST', 'PUT']) deepEqual(lines(await sent({ method }), 'content-length').length, 1);
  match(await sent({ method: 'POST' }), /content-length: 0\r\n/i);
  match(await sent({ method: 'POST', body: '' }), /content-length: 0\r\n/i);
  deepEqual(lines(await sent(), 'content-length'), []);
});

test('the length of a known body is its own, whatever the program says', async () => {
  if (!isTwinloop) return;
  const bodies = ['hello', new TextEncoder().encode('hello'), new Blob(['hello'])];
  for (const body of bodies) {
    for (const length of ['2', '42']) {
      const request = await sent({ method: 'POST', body, headers: { 'content-length': length } });
      deepEqual(lines(request, 'content-length'), ['content-length: 5']);
      ok(request.endsWith('\r\n\r\nhello'));
    }
  }
});

test('a stream is held to the length that it announced', async () => {
  const upload = (said, ...parts) =>
    sent({ method: 'POST', duplex: 'half', body: streamOf(...parts), headers: said === null ? {} : { 'content-length': said } });
  if (isTwinloop) {
    const request = await upload('5', 'he', 'llo');
    deepEqual(lines(request, 'content-length'), ['content-length: 5']);
    ok(request.endsWith('\r\n\r\nhello'));
  }
  match(await upload(null, 'he', 'llo'), /transfer-encoding: chunked\r\n/i);
  await rejects(upload('5', 'hel'), TypeError);
  await rejects(upload('5', 'hello', '!!'), TypeError);
  await rejects(upload('five', 'hello'), TypeError);
});

test('the host is that of the URL, and headers of one name go out as one', async () => {
  const headers = new Headers({ host: 'evil.example' });
  headers.append('X-List', '1');
  headers.append('x-list', '2');
  const request = await sent({ headers });
  ok(!request.includes('evil'));
  match(request, /x-list: 1, 2\r\n/i);
});

test('an invalid URL is said before the abort of a signal', async () => {
  const error = await rejects(fetch('http://a:b@x y/', { signal: AbortSignal.abort() }), TypeError);
  match(error.message, /url/i);
  equal((await rejects(fetch(raw, { signal: AbortSignal.abort() }), Error)).name, 'AbortError');
});

test('priority is one of three', async () => {
  await rejects(fetch(raw, { priority: 'nonsense' }), TypeError);
  equal((await fetch(`${raw}/request`, { priority: 'high' })).status, 200);
});

test('TLS without a farewell ends a body, but cuts one of known length', async () => {
  if (!isTwinloop) return;
  // `raw_tls` has the good certificate, which only Twinloop was told of.
  const secure = `https://${fixtures.raw_tls}`;
  equal(await (await fetch(`${secure}/until-end`)).text(), 'until the end');
  for (const path of ['cut-length', 'cut-chunk']) {
    const response = await fetch(`${secure}/${path}`);
    equal((await rejects(response.text(), TypeError)).message, 'terminated');
  }
});

test('the statuses without a body are the same for responses made and received', async () => {
  for (const status of [204, 205, 304]) {
    equal((await fetch(`http://${fixtures.http}/status/${status}`)).body, null);
    await rejects(async () => new Response('x', { status }), TypeError);
    equal(new Response(null, { status }).body, null);
  }
  equal((await fetch(`http://${fixtures.http}/data`, { method: 'HEAD' })).body, null);
});

run();
