// node:buffer. Runs on Node too, which is the oracle.
import { Buffer } from 'node:buffer';
import { deepEqual, equal, ok, run, test, throws } from '../harness.mjs';

test('large buffers of memory that nobody cleared are written as a whole', () => {
  const size = 100_000;
  equal(Buffer.allocUnsafe(size).length, size);
  const parts = [Buffer.alloc(size, 1), Buffer.alloc(size, 2)];
  const joined = Buffer.concat(parts);
  equal(joined.length, 2 * size);
  equal(
    joined.every((byte, index) => byte === (index < size ? 1 : 2)),
    true,
  );
  // More than there is, is zeros; less is cut.
  const longer = Buffer.concat(parts, 3 * size);
  equal(
    longer.subarray(2 * size).every((byte) => byte === 0),
    true,
  );
  equal(Buffer.concat(parts, size + 10).at(-1), 2);
  // A list may give other parts when it is asked again.
  let looks = 0;
  const changing = [parts[0]];
  Object.defineProperty(changing, 0, { get: () => ((looks += 1) > 2 ? Buffer.alloc(10, 3) : parts[0]) });
  const rest = Buffer.concat(changing);
  equal(rest.length, size);
  equal(
    rest.subarray(10).every((byte) => byte === 0 || byte === 1),
    true,
  );
});

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

test('Buffer is a function too, and its statics are enumerable and constructors: old packages use all three', () => {
  const names = [];
  for (const name in Buffer) names.push(name);
  for (const name of ['from', 'alloc', 'concat', 'isBuffer', 'poolSize']) ok(names.includes(name), name);
  equal(new Buffer('ab').toString(), 'ab');
  equal(Buffer(2).length, 2);
  equal(new Buffer.alloc(2).length, 2);
  equal(Buffer.from(new String('s')).toString(), 's');
  equal(Buffer.from('abcabc').lastIndexOf('b'), 4);
  ok(Object.getPrototypeOf(Buffer) === Uint8Array && Buffer.prototype.constructor === Buffer);
});

test('a number that does not fit is refused, where it was cut to its low bits', () => {
  const buffer = Buffer.alloc(8);
  const cases = [
    [() => buffer.writeUInt8(300), 'The value of "value" is out of range. It must be >= 0 and <= 255. Received 300'],
    [() => buffer.writeInt16LE(-32769), 'The value of "value" is out of range. It must be >= -32768 and <= 32767. Received -32769'],
    [
      () => buffer.writeUInt32BE(2 ** 33),
      'The value of "value" is out of range. It must be >= 0 and <= 4294967295. Received 8_589_934_592',
    ],
    [() => buffer.writeUIntBE(2 ** 48, 0, 6), /It must be >= 0 and < 2 \*\* 48\. Received 281_474_976_710_656/],
    [() => buffer.writeBigUInt64BE(2n ** 64n), /It must be >= 0n and < 2n \*\* 64n\. Received 18_446_744_073_709_551_616n/],
    [() => buffer.readUInt8(8), 'The value of "offset" is out of range. It must be >= 0 and <= 7. Received 8'],
    [() => buffer.readUInt8(1.5), 'The value of "offset" is out of range. It must be an integer. Received 1.5'],
  ];
  for (const [body, message] of cases) throws(body, { name: 'RangeError', code: 'ERR_OUT_OF_RANGE', message });
  throws(() => buffer.readUInt8('1'), { code: 'ERR_INVALID_ARG_TYPE' });
  throws(() => Buffer.alloc(2).readUInt32LE(0), { code: 'ERR_BUFFER_OUT_OF_BOUNDS' });
  deepEqual([...buffer], [0, 0, 0, 0, 0, 0, 0, 0]);
});

test('every read gives back what its write wrote, at any offset', () => {
  const buffer = Buffer.alloc(24);
  const values = {
    UInt8: 0xfe,
    Int8: -3,
    UInt16LE: 0xfedc,
    UInt16BE: 0xfedc,
    Int16LE: -1234,
    Int16BE: -1234,
    UInt32LE: 0xfedcba98,
    UInt32BE: 0xfedcba98,
    Int32LE: -5,
    Int32BE: -(2 ** 31),
    FloatLE: -1.5,
    FloatBE: 0.25,
    DoubleLE: Math.PI,
    DoubleBE: -Math.E,
    BigInt64LE: -77n,
    BigInt64BE: -(2n ** 63n),
    BigUInt64LE: 2n ** 64n - 1n,
    BigUInt64BE: 2n ** 63n + 5n,
  };
  for (const [name, value] of Object.entries(values)) {
    for (const offset of [0, 3, 9]) {
      const end = buffer[`write${name}`](value, offset);
      equal(buffer[`read${name}`](offset), value, name);
      ok(end > offset);
    }
  }
  for (const name of ['UIntLE', 'UIntBE', 'IntLE', 'IntBE']) {
    for (let size = 1; size <= 6; size += 1) {
      const value = name.startsWith('I') ? -(2 ** (size * 8 - 1)) + 5 : 2 ** (size * 8) - 7;
      equal(buffer[`write${name}`](value, 2, size), 2 + size);
      equal(buffer[`read${name}`](2, size), value, `${name} ${size}`);
    }
  }
});

test('searching from both ends, by bytes, text and whole UTF-16 units', () => {
  const buffer = Buffer.from('héllo wörld €');
  deepEqual([buffer.indexOf('l'), buffer.lastIndexOf('l'), buffer.indexOf('wör'), buffer.lastIndexOf('wör', -3)], [3, 11, 7, 7]);
  deepEqual([buffer.indexOf(Buffer.from('€')), buffer.includes('zz'), buffer.indexOf(''), buffer.lastIndexOf('')], [14, false, 0, 17]);
  const wide = Buffer.from('aabb', 'utf16le');
  deepEqual([wide.indexOf('b', 'utf16le'), wide.lastIndexOf('a', undefined, 'ucs2')], [4, 2]);
  throws(() => buffer.indexOf({}), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('fill repeats a pattern; copy, swap and concat by their rules', () => {
  equal(Buffer.alloc(10, 'abc').toString(), 'abcabcabca');
  equal(Buffer.alloc(5, 'YQ==', 'base64').toString(), 'aaaaa');
  equal(Buffer.alloc(4).fill('é', 1).toString('hex'), '00c3a9c3');
  throws(() => Buffer.alloc(5, Buffer.alloc(0)), { code: 'ERR_INVALID_ARG_VALUE' });
  equal(Buffer.from('abcd').swap16().toString(), 'badc');
  throws(() => Buffer.from('abc').swap16(), { code: 'ERR_INVALID_BUFFER_SIZE' });
  equal(Buffer.concat([Buffer.from('abc'), Buffer.from('def')], 4).toString(), 'abcd');
  throws(() => Buffer.concat([Buffer.from('a'), 5]), /The "list\[1\]" argument must be an instance of Buffer or Uint8Array/);
  throws(() => Buffer.from('a').copy(5), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('base64 is read leniently, hex up to the first that is no digit', () => {
  equal(Buffer.from('!Y_W-J$j', 'base64').toString('hex'), '63f5be26');
  equal(Buffer.from('YWJj=ZGVm', 'base64').toString(), 'abc');
  equal(Buffer.from('YQ', 'base64').toString(), 'a');
  equal(Buffer.from('abxx', 'hex').length, 1);
  equal(Buffer.from('\ud800x').toString('hex'), 'efbfbd78');
  equal(Buffer.from([0xff, 0x41, 0xe2, 0x82]).toString(), '\ufffdA\ufffd');
  for (let length = 0; length < 70; length += 1) {
    const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 37) & 255));
    for (const encoding of ['base64', 'base64url', 'hex', 'latin1']) {
      equal(Buffer.compare(Buffer.from(bytes.toString(encoding), encoding), bytes), 0, `${encoding} ${length}`);
    }
  }
});

test('errors say what came, as Node says it, and name their code in the stack', () => {
  const message =
    'The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object. Received type number (5)';
  const error = throws(() => Buffer.from(5), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message });
  equal(error.stack.split('\n')[0], `TypeError [ERR_INVALID_ARG_TYPE]: ${message}`);
  throws(() => Buffer.from('x', 'nope'), { code: 'ERR_UNKNOWN_ENCODING', message: 'Unknown encoding: nope' });
  throws(() => Buffer.alloc('5'), /The "size" argument must be of type number. Received type string \('5'\)/);
});

test('byteLength counts pairs and lone halves, wherever they stand', () => {
  // It is counted in parts of 4,096 units, and a pair may stand across two.
  for (const start of [0, 1, 2, 4094, 4095, 4096, 4097, 8191]) {
    const text = `${'é'.repeat(start)}😀\ud83d\ud83d\ude00\ude00漢${'a'.repeat(5)}\ud83d`;
    equal(Buffer.byteLength(text), new TextEncoder().encode(text).length);
  }
});

test('base64 in both alphabets with anything between the digits is read up to its end, and nothing behind is written', () => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  for (let length = 0; length < 150; length += 1) {
    let text = '';
    for (let i = 0; i < length; i += 1) text += i % 29 === 28 ? '+/-_'[(i / 29) & 3] : digits[(i * 17 + length) % 62];
    const whole = Buffer.from(text, 'base64');
    equal(whole.length, Math.floor((length * 3) / 4));
    equal(Buffer.from(text, 'base64url').equals(whole), true);
    for (const noise of ['\n', '$', '\u00e9', '\u6f22', '\0']) {
      const at = (length * 5) % (length + 1);
      const target = Buffer.alloc(whole.length + 40, 7);
      equal(target.write(text.slice(0, at) + noise + text.slice(at), 'base64'), whole.length);
      equal(target.subarray(0, whole.length).equals(whole), true);
      equal(
        target.subarray(whole.length).every((byte) => byte === 7),
        true,
      );
    }
    const room = Buffer.alloc(whole.length >> 1);
    equal(room.write(text, 'base64'), room.length);
    equal(room.equals(whole.subarray(0, room.length)), true);
  }
});

test('a Buffer over another has the prototype and the species of Buffer, whatever its size', () => {
  for (const size of [1, 20, 100, 5000]) {
    const whole = Buffer.alloc(size, 1);
    const part = whole.subarray(0, size);
    equal(Object.getPrototypeOf(part), Buffer.prototype);
    equal(part.buffer, whole.buffer);
    part[0] = 9;
    equal(whole[0], 9);
    equal(part.slice(0, 1) instanceof Buffer, true);
    equal(Buffer.isBuffer(part.map((byte) => byte + 1)), true);
  }
});

test('the constructor warns once, and says nothing of what packages do', async () => {
  const { execFileSync, spawnSync } = await import('node:child_process');
  const { stderr } = spawnSync(process.execPath, ['-e', 'new Buffer(1); new Buffer(2)'], { encoding: 'utf8' });
  equal(stderr.split('DEP0005').length, 2);
  const inPackage = `require('vm').runInThisContext('new Buffer(1)', '/a/node_modules/b.js')`;
  equal(execFileSync(process.execPath, ['-e', inPackage], { encoding: 'utf8' }), '');
  equal(spawnSync(process.execPath, ['-e', inPackage], { encoding: 'utf8' }).stderr, '');
});

test('inspect shows what a program has put onto a buffer', async () => {
  const { inspect } = await import('node:util');
  const buffer = Buffer.from('12');
  buffer.note = 'a';
  equal(inspect(buffer), "<Buffer 31 32, note: 'a'>");
  equal(inspect(Object.assign(Buffer.alloc(0), { note: 1 })), '<Buffer note: 1>');
});

test('concat counts the bytes that there are, not the length that a view claims', () => {
  const liar = new Uint8Array([1, 2]);
  Object.defineProperty(liar, 'length', { get: () => 100 });
  equal(Buffer.concat([liar, new Uint8Array([3])]).toString('hex'), '010203');
});

test('transcode has a question mark for what an encoding has no byte for', async () => {
  const { transcode } = await import('node:buffer');
  equal(transcode(Buffer.from('é😀x€'), 'utf8', 'latin1').toString('latin1'), 'é?x?');
  equal(transcode(Buffer.from('é😀x'), 'utf8', 'ascii').toString('latin1'), '??x');
  equal(throws(() => transcode(Buffer.from('a'), 'hex', 'utf8'), Error).code, 'U_ILLEGAL_ARGUMENT_ERROR');
});

await run();
