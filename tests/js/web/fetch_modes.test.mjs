// What the options of fetch do beyond the request itself: integrity, cache modes, modes; and proxies, which the environment names.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import process from 'node:process';
import { deepEqual, equal, fail, match, ok, rejects, run, test } from '../harness.mjs';

const fixtures = JSON.parse(process.env.FIXTURES ?? fail('FIXTURES is not set: run this by `cargo xtask test`'));
const http = `http://${fixtures.http}`;
const isTwinloop = process.versions?.twinloop !== undefined;

const digest = (algorithm, bytes) => `${algorithm}-${createHash(algorithm).update(bytes).digest('base64')}`;

test('a body is given out if it is what its integrity says', async () => {
  const bytes = await (await fetch(`${http}/bytes/100000`)).bytes();
  for (const integrity of [
    digest('sha256', bytes),
    digest('sha512', bytes),
    `sha256-AAAA ${digest('sha384', bytes)}`,
    'unknown-AAAA',
    '',
  ]) {
    const response = await fetch(`${http}/bytes/100000`, { integrity });
    equal((await response.bytes()).length, 100_000);
  }
  const request = new Request(`${http}/bytes/5`, { integrity: 'sha256-AAAA' });
  equal(request.integrity, 'sha256-AAAA');
  await rejects(() => fetch(request), TypeError);
  await rejects(() => fetch(`${http}/bytes/100000`, { integrity: `${digest('sha256', bytes)} sha512-AAAA` }), TypeError);
});

if (isTwinloop) {
  test('the cause says what the integrity was', async () => {
    const error = await rejects(() => fetch(`${http}/bytes/5`, { integrity: 'sha256-AAAA' }), TypeError);
    match(error.cause.message, /not what its integrity 'sha256-AAAA' says/);
  });
}

test('the body of a blob: and of a data: URL are checked as well', async () => {
  const url = URL.createObjectURL(new Blob(['text']));
  equal(await (await fetch(url, { integrity: digest('sha256', 'text') })).text(), 'text');
  await rejects(() => fetch(url, { integrity: digest('sha256', 'other') }), TypeError);
  URL.revokeObjectURL(url);
  equal(await (await fetch('data:,text', { integrity: digest('sha384', 'text') })).text(), 'text');
  await rejects(() => fetch('data:,text', { integrity: digest('sha384', 'other') }), TypeError);
});

async function headersOf(init) {
  const { headers } = await (await fetch(`${http}/inspect`, init)).json();
  return [headers['cache-control'], headers.pragma];
}

test('a cache mode is told to the caches on the way', async () => {
  deepEqual(await headersOf({}), [undefined, undefined]);
  deepEqual(await headersOf({ cache: 'force-cache' }), [undefined, undefined]);
  deepEqual(await headersOf({ cache: 'no-cache' }), ['max-age=0', undefined]);
  for (const cache of ['no-store', 'reload']) deepEqual(await headersOf({ cache }), ['no-cache', 'no-cache']);
  deepEqual(await headersOf({ cache: 'reload', headers: { 'Cache-Control': 'max-age=1', Pragma: 'x' } }), ['max-age=1', 'x']);
  // Who asks conditionally has a cache, and wants nobody else's.
  deepEqual(await headersOf({ headers: { 'If-None-Match': '"x"' } }), ['no-cache', 'no-cache']);
});

if (isTwinloop) {
  test('only-if-cached finds no cache', async () => {
    const error = await rejects(() => fetch(`${http}/data`, { cache: 'only-if-cached', mode: 'same-origin' }), TypeError);
    match(error.cause.message, /no cache/);
    await rejects(() => fetch(`${http}/data`, { cache: 'only-if-cached' }), TypeError);
  });
}

test('a HEAD of a data: URL has no body', async () => {
  equal(await (await fetch('data:,text', { method: 'HEAD' })).text(), '');
});

test('a stream that a redirect would have to send again is an error, but with 303', async () => {
  const send = (status) =>
    fetch(`${http}/redirect-to?url=/inspect&status=${status}`, { method: 'POST', body: new Blob(['body']).stream(), duplex: 'half' });
  for (const status of [301, 302, 307, 308]) await rejects(() => send(status), TypeError);
  equal((await (await send(303)).json()).method, 'GET');
});

if (isTwinloop) {
  test('a chunk that is none is told as a fault of the protocol', async () => {
    const response = await fetch(`http://${fixtures.raw}/bad-chunk`);
    const error = await rejects(() => response.text(), Error);
    equal((error.cause ?? error).code, 'ERR_PROTOCOL');
  });

  const program =
    'const response = await fetch(process.argv[1]); console.log(response.status, JSON.stringify((await response.json()).headers))';

  /** What a program of its own gets from `url` in an environment with `variables`. */
  function ask(url, variables, location = []) {
    const env = { ...variables, PATH: process.env.PATH, TWINLOOP_BUILTINS: process.env.TWINLOOP_BUILTINS };
    const words = ['--ca-file', fixtures.ca_file, ...location, '-e', program, url];
    const { stdout, stderr } = spawnSync(process.execPath, words, { env, encoding: 'utf8' });
    return { text: stdout, headers: stdout === '' ? undefined : JSON.parse(stdout.slice(4)), stderr };
  }

  test('proxies of the environment are used', () => {
    const asked = 'GET http://api.example.com/inspect HTTP/1.1';
    for (const name of ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY']) {
      equal(ask('http://api.example.com/inspect', { [name]: `http://${fixtures.proxy}` }).headers['x-asked'], asked);
    }
    const secure = ask('https://api.example.com/inspect', { HTTPS_PROXY: `http://${fixtures.proxy}` });
    match(secure.text, /^200 /);
    match(ask('https://api.example.com/inspect', { https_proxy: `socks5h://${fixtures.socks}` }).text, /^200 /);
    match(ask('https://example.com/inspect', { https_proxy: `http://user:s%3Acret@${fixtures.proxy}` }).text, /^200 /);
  });

  test('a proxy that says no is named', () => {
    match(
      ask('https://example.com/inspect', { https_proxy: `http://${fixtures.proxy}` }).stderr,
      /the proxy 127\.0\.0\.1:\d+ answered 407/,
    );
  });

  test('no_proxy and --connect-to go past a proxy', () => {
    const nobody = `http://${fixtures.refused}`;
    match(ask(`${http}/inspect`, { http_proxy: nobody, NO_PROXY: '127.0.0.1' }).text, /^200 /);
    ok(ask(`${http}/inspect`, { http_proxy: nobody }).headers === undefined);
    const rule = ['--connect-to', `a.example:80:${fixtures.http}`];
    match(ask('http://a.example/inspect', { http_proxy: nobody }, rule).text, /^200 /);
  });

  test('the mode same-origin stays at the location of the program', () => {
    const source = `try { await fetch(process.argv[1], { mode: 'same-origin' }); console.log('fetched'); } catch (error) { console.log(error.cause.message); }`;
    const there = (location) => {
      const words = ['--location', location, '-e', source, `${http}/data`];
      return spawnSync(process.execPath, words, { env: process.env, encoding: 'utf8' }).stdout.trim();
    };
    equal(there(`${http}/page`), 'fetched');
    match(there('http://elsewhere.example/'), /not of the same origin/);
  });
}

await run();
