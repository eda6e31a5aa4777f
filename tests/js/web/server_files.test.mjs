// Files of twinloop.serve, and what is compressed on its way.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import { deepEqual, equal, ok, rejects, run, test, throws } from '../harness.mjs';
import { local, serving } from './server_support.mjs';

const { serve, serveDir, serveFile } = twinloop;

test('files are served with their types, validators and ranges', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinloop-serve-'));
  try {
    writeFileSync(join(folder, 'index.html'), '<p>index');
    writeFileSync(join(folder, 'large.txt'), 'x'.repeat(3_000_000));
    const routes = {
      '/one': (request) => serveFile(request, pathToFileURL(join(folder, 'index.html'))),
      '/files/*': (request) => serveDir(request, { fsRoot: folder, urlRoot: 'files', cacheControl: 'no-store' }),
    };
    await serving({ routes }, async (base) => {
      const index = await fetch(`${base}/files/`);
      deepEqual([index.headers.get('content-type'), index.headers.get('cache-control')], ['text/html; charset=utf-8', 'no-store']);
      equal(await index.text(), '<p>index');
      equal((await fetch(`${base}/files/`, { headers: { 'if-none-match': index.headers.get('etag') } })).status, 304);
      equal(await (await fetch(`${base}/one`)).text(), '<p>index');
      const large = await fetch(`${base}/files/large.txt`);
      equal(large.headers.get('content-length'), '3000000');
      equal((await large.text()).length, 3_000_000);
      const part = await fetch(`${base}/files/large.txt`, { headers: { range: 'bytes=10-12' } });
      deepEqual([part.status, await part.text()], [206, 'xxx']);
      equal((await fetch(`${base}/files/..%2findex.html`)).status, 400);
      equal((await fetch(`${base}/files/none`)).status, 404);
      equal((await fetch(`${base}/files/`, { method: 'HEAD' })).headers.get('content-length'), '8');
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file whose length nobody knows before it is read is sent as it is read', async () => {
  const routes = {
    '/version': (request) => serveFile(request, '/proc/version'),
    '/squeezed': (request) => serveFile(request, '/proc/version', { compress: { minSize: 0 } }),
    '/limits': (request) => serveFile(request, '/sys/kernel/mm/transparent_hugepage/enabled'),
    '/proc/*': (request) => serveDir(request, { fsRoot: '/proc/sys/kernel', urlRoot: 'proc' }),
  };
  const version = readFileSync('/proc/version', 'utf8');
  await serving({ routes }, async (base) => {
    const answer = await fetch(`${base}/version`, { headers: { range: 'bytes=0-3', 'if-none-match': '*' } });
    deepEqual([answer.status, answer.headers.get('content-length'), answer.headers.get('etag')], [200, null, null]);
    equal(await answer.text(), version);
    equal(await (await fetch(`${base}/squeezed`)).text(), version);
    const head = await fetch(`${base}/version`, { method: 'HEAD' });
    deepEqual([head.status, head.headers.get('content-length')], [200, null]);
    equal(await (await fetch(`${base}/proc/ostype`)).text(), readFileSync('/proc/sys/kernel/ostype', 'utf8'));
    const enabled = '/sys/kernel/mm/transparent_hugepage/enabled';
    // Here the system says 4096, and gives less.
    if (existsSync(enabled)) equal(await (await fetch(`${base}/limits`)).text(), readFileSync(enabled, 'utf8'));
  });
  const folder = mkdtempSync(join(tmpdir(), 'twinloop-empty-'));
  writeFileSync(join(folder, 'empty'), '');
  await serving({ fetch: (request) => serveFile(request, join(folder, 'empty')) }, async (base) => {
    const empty = await fetch(base);
    deepEqual([empty.status, empty.headers.get('content-length'), await empty.text()], [200, '0', '']);
    ok(empty.headers.get('etag'));
  });
  rmSync(folder, { recursive: true });
});

test('answers are compressed where that was asked for', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinloop-'));
  writeFileSync(join(folder, 'page.html'), '<p>one</p>\n'.repeat(1000));
  const text = 'a line of text\n'.repeat(200);
  let more;
  const events = async function* () {
    yield new TextEncoder().encode('data: 1\n\n');
    await new Promise((resolve) => (more = resolve));
    yield new TextEncoder().encode('data: 2\n\n');
  };
  const routes = {
    '/text': () => new Response(text, { headers: { etag: '"1"' } }),
    '/short': () => new Response('short'),
    '/kept': () => new Response(text, { headers: { 'cache-control': 'no-transform' } }),
    '/bytes': () => new Response(new Uint8Array(5000)),
    '/json': () => Response.json({ text }),
    '/events': () => new Response(ReadableStream.from(events()), { headers: { 'content-type': 'text/event-stream' } }),
    '/file': (request) => serveFile(request, join(folder, 'page.html'), { compress: true }),
    '/folder/*': (request) => serveDir(request, { fsRoot: folder, urlRoot: 'folder', compress: { minSize: 100 } }),
  };
  const ask = (base, path, coding) =>
    new Promise((resolve, reject) => {
      get(`${base}${path}`, { headers: { 'accept-encoding': coding } }, resolve).on('error', reject);
    });
  const decoders = { gzip: createGunzip, br: createBrotliDecompress, zstd: createZstdDecompress };
  const contentOf = async (response) => {
    const make = decoders[response.headers['content-encoding']];
    const stream = make === undefined ? response : response.pipe(make());
    let content = '';
    for await (const chunk of stream) content += chunk;
    return content;
  };
  try {
    await serving({ routes, compress: true }, async (base) => {
      for (const coding of ['gzip', 'br', 'zstd']) {
        for (const [path, content] of [
          ['/text', text],
          ['/json', JSON.stringify({ text })],
          ['/file', '<p>one</p>\n'.repeat(1000)],
          ['/folder/page.html', '<p>one</p>\n'.repeat(1000)],
        ]) {
          const response = await ask(base, path, coding);
          equal(response.headers['content-encoding'], coding, path);
          equal(response.headers.vary, 'accept-encoding', path);
          equal(await contentOf(response), content, path);
        }
        const response = await ask(base, '/events', coding);
        const decoded = response.pipe(decoders[coding]());
        const parts = decoded[Symbol.asyncIterator]();
        equal(String((await parts.next()).value), 'data: 1\n\n');
        more();
        equal(String((await parts.next()).value), 'data: 2\n\n');
        ok((await parts.next()).done);
      }
      equal((await ask(base, '/text', 'gzip')).headers.etag, 'W/"1"');
      for (const path of ['/short', '/kept', '/bytes']) {
        equal((await ask(base, path, 'gzip')).headers['content-encoding'], undefined, path);
      }
      equal(await (await fetch(`${base}/text`)).text(), text);
    });
    await serving({ routes }, async (base) => {
      equal((await ask(base, '/text', 'gzip')).headers['content-encoding'], undefined);
      equal((await ask(base, '/file', 'gzip')).headers['content-encoding'], 'gzip');
    });
    throws(() => serve({ ...local, fetch() {}, compress: 'gzip' }), { name: 'TypeError', message: /'compress' must be true, false or/ });
    await rejects(serveFile(new Request('http://x/'), 'x', { compress: { minSize: -1 } }), {
      name: 'TypeError',
      message: /serveFile: the option 'minSize'/,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

await run();
