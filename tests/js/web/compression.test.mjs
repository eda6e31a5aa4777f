// CompressionStream and DecompressionStream. Node runs all but zstd.
import { equal, ok, rejects, run, test, throws } from '../harness.mjs';

const formats = ['gzip', 'deflate', 'deflate-raw', 'brotli', 'zstd'];

const through = (data, stream) => new Response(new Blob([data]).stream().pipeThrough(stream)).bytes();

for (const format of formats) {
  test(`${format} comes back as it was`, async () => {
    const text = 'twinloop '.repeat(100_000);
    const packed = await through(text, new CompressionStream(format));
    ok(packed.length < text.length / 50, packed.length);
    equal(new TextDecoder().decode(await through(packed, new DecompressionStream(format))), text);
    const nothing = await through('', new CompressionStream(format));
    equal((await through(nothing, new DecompressionStream(format))).length, 0);
  });

  test(`${format} that is cut off, or goes on, is an error`, async () => {
    const packed = await through('some text', new CompressionStream(format));
    await rejects(through(packed.slice(0, packed.length - 1), new DecompressionStream(format)), TypeError);
    const longer = new Uint8Array([...packed, 1]);
    if (format !== 'zstd') await rejects(through(longer, new DecompressionStream(format)), TypeError);
    await rejects(through(new Uint8Array([250, 250, 250, 250, 250, 250]), new DecompressionStream(format)), TypeError);
  });
}

test('a format that is none, and a chunk that is no bytes, are refused', async () => {
  throws(() => new CompressionStream('lzma'), TypeError);
  throws(() => new DecompressionStream(), TypeError);
  const stream = new CompressionStream('gzip');
  const writer = stream.writable.getWriter();
  stream.readable
    .getReader()
    .read()
    .catch(() => {});
  await rejects(writer.write('text'), TypeError);
});

test('few bytes that stand for many come out piece by piece', async () => {
  const packed = await through(new Uint8Array(32 * 1024 * 1024), new CompressionStream('gzip'));
  const stream = new DecompressionStream('gzip');
  const writer = stream.writable.getWriter();
  writer.write(packed).catch(() => {});
  const reader = stream.readable.getReader();
  const { value } = await reader.read();
  ok(value.length <= 64 * 1024, value.length);
  await reader.cancel();
});

await run();
