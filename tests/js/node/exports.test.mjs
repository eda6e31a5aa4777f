// Exports of Node's modules that have no test of their own elsewhere.
import { spawnSync } from 'node:child_process';
import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import buffer from 'node:buffer';
import constants from 'node:constants';
import { performance, PerformanceObserver, PerformanceResourceTiming } from 'node:perf_hooks';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import stream from 'node:stream';
import tls from 'node:tls';
import url from 'node:url';
import util from 'node:util';
import { test, run, equal, ok, deepEqual, rejects, throws } from '../harness.mjs';

const isTwinloop = process.versions.twinloop !== undefined;
const require = createRequire(import.meta.url);

test('a URL of the old kind has its methods', () => {
  const parsed = new url.Url();
  parsed.parse('http://user@a.test:81/path?x=1#h', true);
  deepEqual([parsed.host, parsed.query.x, parsed.format()], ['a.test:81', '1', 'http://user@a.test:81/path?x=1#h']);
  equal(parsed.resolve('/other'), 'http://user@a.test:81/other');
  equal(parsed.resolveObject('b').pathname, '/b');
  const other = new url.Url();
  other.host = 'b.test:8080';
  other.parseHost();
  deepEqual([other.hostname, other.port], ['b.test', '8080']);
});

test('objects behind blob: URLs are found, and blobs give their text as a stream', async () => {
  const blob = new Blob(['Grüße']);
  const id = URL.createObjectURL(blob);
  equal(await buffer.resolveObjectURL(id).text(), 'Grüße');
  URL.revokeObjectURL(id);
  equal(buffer.resolveObjectURL(id), undefined);
  if (blob.textStream !== undefined) {
    let text = '';
    for await (const part of blob.textStream()) text += part;
    equal(text, 'Grüße');
  }
});

test('a file is opened as a blob', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exports-'));
  writeFileSync(join(folder, 'file'), 'content');
  if (fs.openAsBlobSync !== undefined) {
    const blob = fs.openAsBlobSync(join(folder, 'file'), { type: 'text/plain' });
    deepEqual([blob.type, await blob.text()], ['text/plain', 'content']);
  }
  rmSync(folder, { recursive: true });
  await rejects(() => fs.promises.lchmod('x', 0o600), Error);
});

test('constants of cryptography are among the old ones', () => {
  equal(constants.RSA_PKCS1_PADDING, 1);
  equal(constants.SIGINT, 2);
});

test('a resource that a library tells of is an entry of its class', async () => {
  const entries = [];
  const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
  observer.observe({ entryTypes: ['resource'] });
  const timing = { startTime: 5, endTime: 25, finalConnectionTimingInfo: {}, encodedBodySize: 10, decodedBodySize: 20 };
  performance.markResourceTiming(timing, 'http://a.test/', 'fetch', globalThis, '', {}, 200);
  await new Promise((resolve) => setTimeout(resolve, 20));
  observer.disconnect();
  const [entry] = entries;
  ok(entry instanceof PerformanceResourceTiming);
  deepEqual(
    [entry.name, entry.initiatorType, entry.startTime, entry.duration, entry.transferSize, entry.decodedBodySize],
    ['http://a.test/', 'fetch', 5, 20, 310, 20],
  );
  equal(JSON.parse(JSON.stringify(entry)).initiatorType, 'fetch');
});

test('a console has contexts and tasks', () => {
  const other = console.context('name');
  ok(other !== console && typeof other.log === 'function');
  equal(
    console.createTask('task').run(() => 5),
    5,
  );
  throws(() => console.createTask(''), Error);
});

test('the locks of threads are those of navigator', () => {
  const { locks } = require('node:worker_threads');
  if (locks !== undefined) equal(locks, navigator.locks);
});

test('a module is not being preloaded', () => {
  equal(require('node:module').prototype.isPreloading ?? false, false);
});

test('a type of media that is none parses to null', () => {
  if (util.MIMEType.parse === undefined) return;
  equal(util.MIMEType.parse('text'), null);
  equal(`${util.MIMEType.parse('text/plain; a=b')}`, 'text/plain;a=b');
});

test('a TLSSocket over a stream can be made, as packages do when they are loaded', () => {
  const socket = new tls.TLSSocket(new stream.PassThrough());
  equal(typeof socket._handle._parentWrap.constructor, 'function');
});

test('a test finds its context', () => {
  const source = `
    const { test, getTestContext } = require('node:test');
    if (getTestContext === undefined) process.exit(0);
    if (getTestContext() !== undefined) process.exit(1);
    test('outer', async (outer) => {
      if (getTestContext() !== outer) process.exit(2);
      await outer.test('inner', (inner) => { if (getTestContext() !== inner) process.exit(3); });
    });`;
  const env = { ...process.env };
  delete env.NODE_TEST_CONTEXT;
  equal(spawnSync(process.execPath, ['--input-type=commonjs', '-e', source], { env }).status, 0);
});

test('texts and bytes say how long and how wide they are', () => {
  if (buffer.isLatin1 === undefined) return;
  deepEqual([buffer.isLatin1('aÿ'), buffer.isLatin1('aĀ')], [true, false]);
  throws(() => buffer.isLatin1(5), TypeError);
  const lengths = (encoding) => [0, 1, 2, 3, 5].map((length) => Buffer.stringLength(new Uint8Array(length), encoding));
  deepEqual(['utf8', 'utf16le', 'hex', 'base64', 'base64url', 'latin1'].map(lengths), [
    [0, 1, 2, 3, 5],
    [0, 0, 1, 1, 2],
    [0, 2, 4, 6, 10],
    [0, 4, 4, 4, 8],
    [0, 2, 3, 4, 7],
    [0, 1, 2, 3, 5],
  ]);
  equal(Buffer.stringLength(Buffer.from('äö€😀')), 5);
  equal(Buffer.stringLength(new Uint8Array([0xff, 0xc3, 0x28]).buffer), 3);
  equal(throws(() => Buffer.stringLength('x'), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  equal(throws(() => Buffer.stringLength(new Uint8Array(1), 'zz'), TypeError).code, 'ERR_UNKNOWN_ENCODING');
});

test('a part is compared to what has more', () => {
  if (util.isPartialDeepStrictEqual === undefined) return;
  equal(util.isPartialDeepStrictEqual({ a: 1, b: [1, 2] }, { b: [2] }), true);
  equal(util.isPartialDeepStrictEqual({ a: 1 }, { b: 1 }), false);
});

test('headers are asked whether they are good, and frames of a WebSocket are masked', () => {
  if (http.isValidHeaderName === undefined) return;
  deepEqual(['a', 'a b', '', 5, undefined].map(http.isValidHeaderName), [true, false, false, false, false]);
  const values = ['a', 'a\n', '\x01', 'é', '€', 5, undefined, Symbol('x'), null];
  deepEqual(
    values.map((value) => http.isValidHeaderValue(value)),
    [true, false, false, true, false, true, false, false, true],
  );
  deepEqual(
    values.slice(0, 5).map((value) => http.isValidHeaderValue(value, { httpValidation: 'relaxed' })),
    [true, false, true, true, false],
  );
  equal(throws(() => http.isValidHeaderValue('x', { httpValidation: 'y' }), TypeError).code, 'ERR_INVALID_ARG_VALUE');
  const bytes = Buffer.from('hello');
  const mask = Buffer.from([1, 2, 3, 4]);
  http.websocketUnmask(bytes, mask);
  deepEqual([...bytes], [105, 103, 111, 104, 110]);
  const output = Buffer.alloc(8);
  http.websocketMask(bytes, mask, output, 2, 5);
  equal(output.toString('latin1'), '\0\0hello\0');
  equal(throws(() => http.websocketUnmask('x', mask), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  equal(throws(() => http.websocketUnmask(bytes, bytes), TypeError).code, 'ERR_INVALID_ARG_VALUE');
  equal(throws(() => http.websocketMask(bytes, mask, output, 5, 4), RangeError).code, 'ERR_OUT_OF_RANGE');
});

test('a server says things ahead of its answer, and a request has a signal that its client aborts by going', async () => {
  if (http.ServerResponse.prototype.writeInformation === undefined) return;
  const said = [];
  let went;
  const gone = new Promise((resolve) => (went = resolve));
  const server = http.createServer((request, response) => {
    const { signal } = request;
    said.push(signal === request.signal && !signal.aborted);
    if (request.url === '/wait') {
      signal.onabort = () => went(signal.reason.name);
      response.write('some');
      return;
    }
    response.writeInformation(104, { 'x-a': 1, 'x-b': '2' });
    response.writeInformation(103, ['Link', '</a>', 'Link', '</b>']);
    response.writeInformation(103, [['x-c', 'd']]);
    for (const wrong of [[101], [200], [102, ['a']], [102, { 'a b': 1 }], [102, 5]]) {
      said.push(throws(() => response.writeInformation(...wrong), Error).code);
    }
    response.end('done');
    said.push(throws(() => response.writeInformation(102), Error).code);
    response.on('close', () => setTimeout(() => said.push(signal.aborted, request.signal === signal), 10));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const answer = await new Promise((resolve) => {
    const request = http.get({ port, host: '127.0.0.1' });
    request.on('information', ({ statusCode, headers }) => said.push([statusCode, { ...headers }]));
    request.on('response', (response) => {
      const { signal } = response;
      response.on('end', () => setTimeout(() => resolve(signal.aborted), 30)).resume();
    });
  });
  equal(answer, false);
  const codes = [
    'ERR_HTTP_INVALID_STATUS_CODE',
    'ERR_OUT_OF_RANGE',
    'ERR_INVALID_ARG_VALUE',
    'ERR_INVALID_HTTP_TOKEN',
    'ERR_INVALID_ARG_TYPE',
  ];
  deepEqual(said, [
    true,
    ...codes,
    'ERR_HTTP_HEADERS_SENT',
    [104, { 'x-a': '1', 'x-b': '2' }],
    [103, { link: '</a>, </b>' }],
    [103, { 'x-c': 'd' }],
    false,
    true,
  ]);
  const request = http.get({ port, host: '127.0.0.1', path: '/wait' });
  request.on('response', () => request.destroy());
  request.on('error', () => {});
  equal(await gone, 'AbortError');
  server.close();
});

test('an app over HTTP/2 says things ahead of its answer', async () => {
  if (http2.Http2ServerResponse.prototype.writeInformation === undefined) return;
  const server = http2.createServer((_request, response) => {
    equal(response.writeInformation(103, { link: '</a>' }), true);
    throws(() => response.writeInformation(101), RangeError);
    response.end();
    equal(response.writeInformation(102), false);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`);
  const stream = client.request({ ':path': '/' });
  const closed = new Promise((resolve) => stream.on('close', resolve));
  const headers = await new Promise((resolve) => stream.on('headers', resolve));
  deepEqual([headers[':status'], headers.link], [103, '</a>']);
  stream.resume();
  await closed;
  client.close();
  server.close();
});

if (isTwinloop) {
  test('a program in one file with its runtime is what nobody is', () => {
    const sea = require('node:sea');
    equal(sea.isSea(), false);
    equal(throws(() => sea.getAsset('x'), Error).code, 'ERR_NOT_IN_SINGLE_EXECUTABLE_APPLICATION');
  });
}

await run();
