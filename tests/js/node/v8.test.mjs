// `node:v8`: values as bytes in V8's own format.
import v8 from 'node:v8';
import { test, run, equal, ok, deepEqual, throws } from '../harness.mjs';

/** An array whose second place is empty. */
function withHole(first, third) {
  const list = [first];
  list[2] = third;
  return list;
}
const hex = (value) => v8.serialize(value).toString('hex');

test('the bytes are those that Node writes', () => {
  // From Node 26.
  equal(hex(1), 'ff0f4902');
  equal(hex(-0), 'ff0f4e0000000000000080');
  equal(hex(12345678901234567890n), 'ff0f5a10d20a1feb8ca954ab');
  equal(hex('é'), 'ff0f2201e9');
  equal(hex('€'), 'ff0f6302ac20');
  equal(hex(withHole(1, 3)), 'ff0f6103490049024904490640' + '0203');
  equal(hex([undefined, null]), 'ff0f41025f30240002');
  equal(hex({ 1: 2, a: 'é', b: '€' }), 'ff0f6f4902490422016122' + '01e9' + '220162' + '6302ac20' + '7b03');
  equal(hex(new Map([[1, 2]])), 'ff0f3b490249043a02');
  equal(hex(/a/gi), 'ff0f52220161' + '03');
  equal(hex(Buffer.from('ab')), 'ff0f5c0a026162');
  equal(hex(new Uint8Array([1, 2])), 'ff0f5c01020102');
});

test('what was written is read again, cycles and all', () => {
  const cycle = { list: [], map: new Map(), set: new Set(['x']) };
  cycle.list.push(cycle, cycle.list);
  cycle.map.set(cycle, 1);
  const read = v8.deserialize(v8.serialize(cycle));
  ok(read.list[0] === read && read.list[1] === read.list && read.map.get(read) === 1 && read.set.has('x'));
  const error = v8.deserialize(v8.serialize(Object.assign(new TypeError('bad', { cause: [1] }), { stack: 'there' })));
  ok(error instanceof TypeError);
  deepEqual([error.message, error.cause, error.stack], ['bad', [1], 'there']);
  const values = [
    1.5,
    2 ** 31,
    -1n,
    'text',
    new Date(5),
    Object('s'),
    new Float64Array([1, 2]),
    new DataView(new ArrayBuffer(3)),
    withHole(1, 2),
  ];
  deepEqual(v8.deserialize(v8.serialize(values)), values);
  ok(Buffer.isBuffer(v8.deserialize(v8.serialize(Buffer.from('b')))));
});

test('views of one buffer still share it', () => {
  const buffer = new ArrayBuffer(8);
  const serializer = new v8.Serializer();
  serializer.writeHeader();
  serializer.writeValue([new Uint16Array(buffer, 2, 1), new Uint8Array(buffer)]);
  const deserializer = new v8.Deserializer(serializer.releaseBuffer());
  equal(deserializer.readHeader(), true);
  const [first, second] = deserializer.readValue();
  ok(first.buffer === second.buffer && first.byteOffset === 2 && second.length === 8);
});

test('numbers and raw bytes can be written and read by hand', () => {
  const serializer = new v8.Serializer();
  serializer.writeUint32(300);
  serializer.writeUint64(1, 2);
  serializer.writeDouble(0.5);
  serializer.writeRawBytes(Buffer.from('raw'));
  const deserializer = new v8.Deserializer(serializer.releaseBuffer());
  equal(deserializer.readUint32(), 300);
  deepEqual(deserializer.readUint64(), [1, 2]);
  equal(deserializer.readDouble(), 0.5);
  equal(deserializer.readRawBytes(3).toString(), 'raw');
  equal(throws(() => deserializer.readUint32(), Error).message, 'ReadUint32() failed');
});

test('what cannot be cloned, and bytes that are no value, throw', () => {
  equal(throws(() => v8.serialize(() => 1), Error).message, '() => 1 could not be cloned.');
  equal(throws(() => v8.serialize(new WeakMap()), Error).message, '#<WeakMap> could not be cloned.');
  equal(throws(() => v8.deserialize('x'), TypeError).code, 'ERR_INVALID_ARG_TYPE');
  for (const bytes of ['ff0f7b', 'ff0f', 'ff0f41ffffffff0f', 'ff0f5e05', `ff0f${'4101'.repeat(20000)}`, 'ff0f6304ac']) {
    throws(() => v8.deserialize(Buffer.from(bytes, 'hex')), Error);
  }
  throws(() => v8.deserialize(Buffer.from('00')), Error);
});

test("statistics have V8's names", () => {
  const statistics = v8.getHeapStatistics();
  ok(statistics.used_heap_size > 0 && statistics.heap_size_limit > statistics.used_heap_size);
  ok(v8.getHeapSpaceStatistics().some((space) => space.space_name === 'old_space' && space.space_used_size > 0));
  ok(!v8.startupSnapshot.isBuildingSnapshot());
});

await run();
