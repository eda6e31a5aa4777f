// node:buffer. Runs on Node too, which is the oracle.
import { Buffer } from 'node:buffer';
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

test('strings go in and out in every encoding', () => {
  const cases = [
    ['utf8', 'grüße 🎈', [...new TextEncoder().encode('grüße 🎈')]],
    ['hex', '00ff10', [0, 255, 16]],
    ['base64', 'AP8QIA==', [0, 255, 16, 32]],
    ['base64url', 'AP8-_w', [0, 255, 62, 255]],
    ['latin1', 'aÿ', [97, 255]],
    ['utf16le', 'aé', [97, 0, 233, 0]],
  ];
  for (const [encoding, text, bytes] of cases) {
    deepEqual([...Buffer.from(text, encoding)], bytes);
    equal(Buffer.from(bytes).toString(encoding), text);
  }
  equal(Buffer.from([0xe1]).toString('ascii'), 'a');
  throws(() => Buffer.from('a', 'nonsense'), { code: 'ERR_UNKNOWN_ENCODING' });
});

test('base64 and hex are as lenient as in Node', () => {
  deepEqual([...Buffer.from('AP8_-w', 'base64')], [0, 255, 63, 251]);
  deepEqual([...Buffer.from(' A P8=\n', 'base64')], [0, 255]);
  deepEqual([...Buffer.from('abxy', 'hex')], [0xab]);
  deepEqual([...Buffer.from('abc', 'hex')], [0xab]);
});

test('from shares an ArrayBuffer and copies the rest', () => {
  const memory = new Uint8Array([1, 2, 3]);
  const shared = Buffer.from(memory.buffer, 1);
  const copied = Buffer.from(memory);
  memory[1] = 9;
  deepEqual(
    [[...shared], [...copied]],
    [
      [9, 3],
      [1, 2, 3],
    ],
  );
  deepEqual([...Buffer.from({ type: 'Buffer', data: [1] })], [1]);
  throws(() => Buffer.from(5), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('alloc, fill and concat', () => {
  deepEqual([...Buffer.alloc(3)], [0, 0, 0]);
  equal(Buffer.alloc(5, 'ab').toString(), 'ababa');
  equal(Buffer.concat([Buffer.from('a'), new Uint8Array([98])]).toString(), 'ab');
  equal(Buffer.concat([Buffer.from('abc')], 2).toString(), 'ab');
  throws(() => Buffer.alloc(-1), { code: 'ERR_OUT_OF_RANGE' });
});

test('slice and subarray share memory', () => {
  const buffer = Buffer.from('abc');
  for (const part of [buffer.slice(1), buffer.subarray(1)]) {
    ok(part instanceof Buffer);
    part[0] = 120;
  }
  equal(buffer.toString(), 'axc');
  equal(buffer.slice(-1).toString(), 'c');
});

test('compare, equals, indexOf, includes', () => {
  const buffer = Buffer.from('hello world');
  ok(buffer.equals(Buffer.from('hello world')));
  deepEqual([Buffer.compare(Buffer.from('a'), Buffer.from('b')), Buffer.from('b').compare(Buffer.from('a'))], [-1, 1]);
  deepEqual([buffer.indexOf('world'), buffer.indexOf('x'), buffer.indexOf(111), buffer.indexOf('o', 5)], [6, -1, 4, 7]);
  ok(buffer.includes('lo w'));
});

test('write, copy and toString of a part', () => {
  const buffer = Buffer.alloc(6, 0x2e);
  equal(buffer.write('ab', 1), 2);
  equal(buffer.toString(), '.ab...');
  equal(buffer.copy(buffer, 3, 1, 3), 2);
  equal(buffer.toString('utf8', 1, 5), 'abab');
  equal(Buffer.alloc(4).write('ü€'), 2);
});

test('numbers in both orders', () => {
  const buffer = Buffer.alloc(16);
  equal(buffer.writeUInt16BE(0x1234, 0), 2);
  equal(buffer.readUInt16LE(0), 0x3412);
  buffer.writeInt32LE(-2, 4);
  deepEqual([buffer.readInt32LE(4), buffer.readUInt32LE(4), buffer.readUint8(4)], [-2, 0xfffffffe, 0xfe]);
  buffer.writeDoubleBE(1.5, 8);
  equal(buffer.readDoubleBE(8), 1.5);
  buffer.writeBigUInt64LE(5n, 8);
  equal(buffer.readBigUInt64LE(8), 5n);
  throws(() => buffer.readUInt32LE(13), { code: 'ERR_OUT_OF_RANGE' });
});

test('what Buffer says about values', () => {
  ok(Buffer.isBuffer(Buffer.alloc(0)));
  ok(!Buffer.isBuffer(new Uint8Array(0)));
  ok(Buffer.isEncoding('UTF-8'));
  equal(Buffer.byteLength('ü'), 2);
  equal(Buffer.byteLength('abcd', 'base64'), 3);
  deepEqual(Buffer.from('a').toJSON(), { type: 'Buffer', data: [97] });
  equal(JSON.stringify(Buffer.from('a')), '{"type":"Buffer","data":[97]}');
  ok(Buffer.from('abc').map((byte) => byte + 1) instanceof Buffer);
});

await run();
