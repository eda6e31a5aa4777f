// `node:zlib`: whole buffers, streams, limits and bad input.
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { test, run, equal, ok, deepEqual, throws, rejects } from '../harness.mjs';

const text = Buffer.alloc(300_000, 'a line that comes again and again\n');
const pairs = [
  ['gzip', 'gunzip'],
  ['gzip', 'unzip'],
  ['deflate', 'inflate'],
  ['deflate', 'unzip'],
  ['deflateRaw', 'inflateRaw'],
  ['brotliCompress', 'brotliDecompress'],
  ['zstdCompress', 'zstdDecompress'],
];
const classOf = (name) => zlib[name[0].toUpperCase() + name.slice(1)];

for (const [there, back] of pairs) {
  test(`${there} and ${back}, at once, with a callback and as streams`, async () => {
    const small = zlib[`${there}Sync`](text);
    ok(small.length < text.length / 10);
    ok(zlib[`${back}Sync`](small).equals(text));
    equal(zlib[`${back}Sync`](zlib[`${there}Sync`]('')).length, 0);
    ok((await promisify(zlib[back])(await promisify(zlib[there])(text))).equals(text));
    const chunks = [];
    await pipeline(
      Readable.from([text.subarray(0, 1000), text.subarray(1000)]),
      new (classOf(there))(),
      // One byte at a time comes out of it.
      async function* (source) {
        for await (const chunk of source) for (const byte of chunk) yield Buffer.of(byte);
      },
      new (classOf(back))({ chunkSize: 64 }),
      async (source) => {
        for await (const chunk of source) chunks.push(chunk);
      },
    );
    ok(Buffer.concat(chunks).equals(text));
  });
}

test('the bytes are those that zlib makes', () => {
  // From Node 26.
  equal(zlib.gzipSync('a'.repeat(21)).toString('hex'), '1f8b08000000000000034b4cc402007f3e4d9415000000');
  equal(zlib.deflateSync('hello hello').toString('hex'), '789ccb48cdc9c957c800910019910449');
  equal(zlib.zstdCompressSync('hello').toString('hex'), '28b52ffd200529000068656c6c6f');
  equal(zlib.crc32('hello'), 907060870);
  equal(zlib.crc32('lo', zlib.crc32('hel')), 907060870);
});

test('bad, short and absent input have the codes of each library', async () => {
  const codes = (call) => {
    const error = throws(call, Error);
    return [error.code, error.errno, error.message];
  };
  deepEqual(
    codes(() => zlib.gunzipSync('abc')),
    ['Z_DATA_ERROR', -3, 'incorrect header check'],
  );
  deepEqual(
    codes(() => zlib.gunzipSync(zlib.gzipSync('a').subarray(0, 10))),
    ['Z_BUF_ERROR', -5, 'unexpected end of file'],
  );
  deepEqual(
    codes(() => zlib.brotliDecompressSync('xxxxxx')),
    ['ERR__ERROR_FORMAT_PADDING_1', -14, 'Decompression failed'],
  );
  deepEqual(
    codes(() => zlib.zstdDecompressSync('xxxxxx')),
    ['ZSTD_error_prefix_unknown', 10, 'Unknown frame descriptor'],
  );
  const dictionary = Buffer.from('a dictionary');
  const known = zlib.deflateSync('dictionary', { dictionary });
  equal(zlib.inflateSync(known, { dictionary }).toString(), 'dictionary');
  deepEqual(
    codes(() => zlib.inflateSync(known)),
    ['Z_NEED_DICT', 2, 'Missing dictionary'],
  );
  deepEqual(
    codes(() => zlib.inflateSync(known, { dictionary: Buffer.from('x') })),
    ['Z_NEED_DICT', 2, 'Bad dictionary'],
  );
  const stream = zlib.createGunzip();
  stream.end('not gzip');
  equal((await once(stream, 'error'))[0].code, 'Z_DATA_ERROR');
  equal((await rejects(promisify(zlib.inflate)('xxxx'), Error)).code, 'Z_DATA_ERROR');
});

test('a bomb ends at its limit', async () => {
  const bomb = zlib.gzipSync(Buffer.alloc(50 << 20));
  equal(throws(() => zlib.gunzipSync(bomb, { maxOutputLength: 1000 }), RangeError).code, 'ERR_BUFFER_TOO_LARGE');
  equal((await rejects(promisify(zlib.gunzip)(bomb, { maxOutputLength: 1000 }), RangeError)).code, 'ERR_BUFFER_TOO_LARGE');
  // Nobody reads, so no more is made than the stream holds.
  const stream = zlib.createGunzip();
  stream.end(bomb);
  await once(stream, 'readable');
  await new Promise((resolve) => setTimeout(resolve, 50));
  ok(stream.readableLength <= 64 * 1024, `${stream.readableLength}`);
  stream.destroy();
});

test('members follow one another; what is after them is left, or refused', () => {
  const two = Buffer.concat([zlib.gzipSync('abc'), zlib.gzipSync('def')]);
  equal(zlib.gunzipSync(two).toString(), 'abcdef');
  equal(zlib.gunzipSync(Buffer.concat([two, Buffer.alloc(10)])).toString(), 'abcdef');
  const more = Buffer.concat([zlib.deflateSync('abc'), Buffer.from('more')]);
  equal(zlib.inflateSync(more).toString(), 'abc');
  equal(throws(() => zlib.inflateSync(more, { rejectGarbageAfterEnd: true }), TypeError).code, 'ERR_TRAILING_JUNK_AFTER_STREAM_END');
});

test('a flush brings what was written, and options are checked', async () => {
  const stream = zlib.createDeflate();
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  stream.write('abc');
  await new Promise((resolve) => stream.flush(resolve));
  await new Promise((resolve) => setTimeout(resolve, 5));
  equal(zlib.inflateSync(Buffer.concat(chunks), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString(), 'abc');
  stream.close();
  equal(throws(() => zlib.gzipSync('a', { level: 99 }), RangeError).code, 'ERR_OUT_OF_RANGE');
  equal(throws(() => zlib.gzipSync(1), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  equal(throws(() => zlib.brotliCompressSync('a', { params: { 99: 1 } }), RangeError).code, 'ERR_BROTLI_INVALID_PARAM');
  ok(zlib.gzipSync('a', { info: true }).engine instanceof zlib.Gzip);
});

test('the constants of zlib and zstd stand on the module too', () => {
  const { Z_MIN_CHUNK, ZSTD_c_checksumFlag, constants } = zlib;
  deepEqual([Z_MIN_CHUNK, ZSTD_c_checksumFlag], [64, constants.ZSTD_c_checksumFlag]);
  equal(Object.keys(zlib).includes('Z_MIN_CHUNK') || 'BROTLI_DECODE' in zlib, false);
});

test('packages that reach for the handle behind a stream find it', () => {
  const stream = new zlib.Inflate();
  const { _handle: handle, _outBuffer: out } = stream;
  const input = zlib.deflateSync(text);
  const parts = [];
  let at = 0;
  do {
    handle.writeSync(zlib.constants.Z_SYNC_FLUSH, input, at, input.length - at, out, 0, out.length);
    parts.push(Buffer.from(out.subarray(0, out.length - stream._writeState[0])));
    at = input.length - stream._writeState[1];
  } while (stream._writeState[0] === 0);
  ok(Buffer.concat(parts).equals(text));
  handle.close = () => {};
  stream._handle = handle;
  stream.close();
  equal(stream._handle, null);
  equal(throws(() => new zlib.Inflate()._handle.writeSync(0, Buffer.from('bad data'), 0, 8, out, 0, 9)).code, 'Z_DATA_ERROR');
});

test('a stream is flushed after each write, and ended behind the last flush', async () => {
  // As servers do that compress a page while it is made (Next.js): the end came before the flush that was still waiting.
  for (const [make, undo] of [
    ['createGzip', 'gunzipSync'],
    ['createBrotliCompress', 'brotliDecompressSync'],
  ]) {
    const stream = zlib[make]();
    const parts = [];
    stream.on('data', (part) => parts.push(part));
    for (const word of ['first', 'second', 'third']) {
      stream.write(word);
      stream.flush();
    }
    stream.end();
    await once(stream, 'end');
    equal(String(zlib[undo](Buffer.concat(parts))), 'firstsecondthird');
  }
});

test('brotli with a dictionary, in whole and in pieces, as Node writes it', async () => {
  const dictionary = Buffer.from('The quick brown fox jumps over the lazy dog; 0123456789 ');
  const plain = 'A lazy dog; the quick brown fox jumps over 0123456789 again: The quick brown fox jumps over the lazy dog';
  const ofNode = Buffer.from('G2cAQKRBdILowAYcOMQSJuuwMXamaDUwXLHHz5fMAg==', 'base64');
  equal(`${zlib.brotliDecompressSync(ofNode, { dictionary })}`, plain);
  const own = zlib.brotliCompressSync(plain, { dictionary });
  ok(own.length < zlib.brotliCompressSync(plain).length, `${own.length} bytes`);
  equal(`${zlib.brotliDecompressSync(own, { dictionary })}`, plain);
  // More than the window, for which the dictionary is out of sight.
  const params = { [zlib.constants.BROTLI_PARAM_LGWIN]: 16, [zlib.constants.BROTLI_PARAM_QUALITY]: 5 };
  const pieces = Array.from({ length: 4000 }, (_, index) => `${plain.slice(index % 90)} ${index * 7919}\n`);
  const chunks = [];
  const sink = async (source) => {
    for await (const chunk of source) chunks.push(chunk);
  };
  const compress = zlib.createBrotliCompress({ dictionary, params });
  await pipeline(Readable.from(pieces), compress, zlib.createBrotliDecompress({ dictionary }), sink);
  equal(Buffer.concat(chunks).toString() === pieces.join(''), true);
});

// Each takes 300 KiB, of which the collector knew nothing.
test('a compressor that is done takes no memory', async () => {
  const megabytes = () => process.memoryUsage().rss / 2 ** 20;
  const small = Buffer.from('hello');
  zlib.gzipSync(small);
  const before = megabytes();
  for (let i = 0; i < 1000; i += 1) zlib.gzipSync(small);
  for (let i = 0; i < 20; i += 1) await Promise.all(Array.from({ length: 50 }, () => promisify(zlib.gzip)(small)));
  for (let i = 0; i < 1000; i += 1) {
    const stream = zlib.createGzip();
    stream.end(small);
    await once(stream.resume(), 'close');
  }
  for (let i = 0; i < 1000; i += 1) {
    await new Response(new Blob([small]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
  }
  // The four together took 1,200 MiB.
  ok(megabytes() - before < 200, `${(megabytes() - before).toFixed(0)} MiB more`);
  // One that is left in the middle is the collector's.
  for (let i = 0; i < 1500; i += 1) await new Promise((resolve) => zlib.createGzip().write(small, resolve));
  ok(megabytes() - before < 400, `${(megabytes() - before).toFixed(0)} MiB more`);
});

await run();
