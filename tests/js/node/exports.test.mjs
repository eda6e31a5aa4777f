// Exports of Node's modules that have no test of their own elsewhere.
import { spawnSync } from 'node:child_process';
import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

if (isTwinloop) {
  test('a program in one file with its runtime is what nobody is', () => {
    const sea = require('node:sea');
    equal(sea.isSea(), false);
    equal(throws(() => sea.getAsset('x'), Error).code, 'ERR_NOT_IN_SINGLE_EXECUTABLE_APPLICATION');
  });
}

await run();
