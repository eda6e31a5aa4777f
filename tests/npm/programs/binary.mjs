import protobuf from 'protobufjs';
import { pack, unpack } from 'msgpackr';
import * as bson from 'bson';
import { encode, decode } from '@msgpack/msgpack';
const M = protobuf
  .parse('syntax="proto3"; message M { string a = 1; repeated int32 b = 2; map<string,int64> c = 3; }')
  .root.lookupType('M');
const b = M.encode({ a: 'x', b: [1, 2], c: { k: 5 } }).finish();
console.log(b, M.toObject(M.decode(b), { longs: Number }));
console.log(
  unpack(pack({ a: [1, 'x', null, new Date(0)] })),
  bson.deserialize(bson.serialize({ a: 1, d: new Date(0), s: 'ü' })),
  decode(encode({ a: [1.5, 'y'] })),
);
