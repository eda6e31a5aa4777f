// `v8.serialize`, `v8.deserialize` and their classes, and such values as programs of `fork` send them to each other.
'use strict';

const { Deserializer } = require('node/v8/deserializer');
const { Serializer, bytesOf } = require('node/v8/serializer');
const { map, setBytes, viewName } = require('builtins/primordials');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadInspect = () => require('builtins/inspect/inspect');

/** Node numbers the classes of views so; 10 is Buffer. @type {any[]} */
const classes = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  DataView,
  undefined,
  BigInt64Array,
  BigUint64Array,
  /** @type {any} */ (globalThis).Float16Array,
];
const names = map(classes, (each) => each?.name);
const bufferIndex = 10;

class DefaultSerializer extends Serializer {
  constructor() {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
  }
  /** @param {any} view */
  _writeHostObject(view) {
    let found = -1;
    if (view.constructor === loadBuffer().Buffer) found = bufferIndex;
    else {
      const name = viewName(view) ?? 'DataView';
      for (let index = 0; index < names.length; index += 1) if (names[index] === name) found = index;
    }
    if (found === -1) throw new /** @type {any} */ (this)._getDataCloneError(`Unserializable host object: ${loadInspect().inspect(view)}`);
    const bytes = bytesOf(view, 'view');
    this.writeUint32(found);
    this.writeUint32(bytes.length);
    this.writeRawBytes(bytes);
  }
}

class DefaultDeserializer extends Deserializer {
  _readHostObject() {
    const index = this.readUint32();
    const length = this.readUint32();
    const bytes = this.readRawBytes(length);
    if (index === bufferIndex) return bytes;
    const View = classes[index];
    if (View === undefined) throw new Error('Unable to deserialize cloned data.');
    const size = View.BYTES_PER_ELEMENT ?? 1;
    if (bytes.byteOffset % size === 0) return new View(bytes.buffer, bytes.byteOffset, length / size);
    const copy = new Uint8Array(length);
    setBytes(copy, bytes);
    return new View(copy.buffer, 0, length / size);
  }
}

/** @param {any} value */
function serialize(value) {
  const serializer = new DefaultSerializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** @param {any} buffer */
function deserialize(buffer) {
  const deserializer = new DefaultDeserializer(buffer);
  deserializer.readHeader();
  return deserializer.readValue();
}

// What goes between programs says of each view whether it is one, as other objects of Node's can be there too.
class ChannelSerializer extends DefaultSerializer {
  /** @param {any} object */
  _writeHostObject(object) {
    this.writeUint32(0);
    super._writeHostObject(object);
  }
}
class ChannelDeserializer extends DefaultDeserializer {
  _readHostObject() {
    return this.readUint32() === 0 ? super._readHostObject() : this.readValue();
  }
}

/** The bytes of a message. @param {any} message */
function channelContent(message) {
  const serializer = new ChannelSerializer();
  serializer.writeHeader();
  serializer.writeValue(message);
  return serializer.releaseBuffer();
}

/** The message in these bytes. @param {any} content */
function messageOf(content) {
  const deserializer = new ChannelDeserializer(content);
  deserializer.readHeader();
  return deserializer.readValue();
}

module.exports = {
  channelContent,
  DefaultDeserializer,
  DefaultSerializer,
  deserialize,
  Deserializer,
  messageOf,
  serialize,
  Serializer,
};
