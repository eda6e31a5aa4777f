// @bufbuild/protobuf and @connectrpc/connect do what they do on Node.
import { toBinary, fromBinary, toJson } from '@bufbuild/protobuf';
import { TimestampSchema, timestampFromDate, AnySchema, anyPack } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
const t = timestampFromDate(new Date(1e12));
const b = toBinary(TimestampSchema, t);
console.log(b, fromBinary(TimestampSchema, b), toJson(TimestampSchema, t));
console.log(
  toJson(AnySchema, anyPack(TimestampSchema, t), { registry: (await import('@bufbuild/protobuf')).createRegistry(TimestampSchema) }),
);
console.log(new ConnectError('x', Code.NotFound).message);
