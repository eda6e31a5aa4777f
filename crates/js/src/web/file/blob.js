// Blob and File, after https://w3c.github.io/FileAPI/.
//
// The bytes of a Blob never change, so a slice, a clone and a stream share them with it; only what leaves as an ArrayBuffer is copied.
'use strict';

const {
  catchRejection,
  copyBytes,
  customInspect,
  max,
  min,
  now,
  push,
  regExp,
  reject,
  replace,
  resolve,
  subarray,
  test,
  toLowerCase,
} = require('builtins/primordials');
const { viewBuffer, viewByteLength } = require('builtins/primordials');
const { bytesOf, concatBytes, defineInterface, defineSerializable, isBufferSource, refuseRecord } = require('builtins/webidl');
const { requireArguments, toClampedLongLong, toDOMString, toDictionary, toEnumeration, toLongLong } = require('builtins/webidl');
const { toSequence, toUSVString } = require('builtins/webidl');
const { encodeUtf8 } = require('web/encoding/utf8');
const { decodeText } = ops;
const loadBytes = () => require('web/streams/byte_algorithms');
const loadPipe = () => require('web/streams/pipe');
const loadWritable = () => require('web/streams/writable_stream');
const loadDecoder = () => require('web/encoding/streams');
const loadStreams = () => require('web/streams/readable_stream');
const loadInspect = () => require('builtins/inspect/inspect');

const plainPipe = { preventAbort: false, preventCancel: false, preventClose: false, signal: undefined };
const streamChunk = 64 * 1024;
const notInType = regExp(/[^\x20-\x7e]/);
const lineEnds = regExp(/\r\n|\r/g);
// Tells the constructors that `makeBlob` and `makeFile` call; no value of a program can be it.
const construction = Symbol('construction');

/** @type {(blob: any) => Bytes} */
let bytesOfBlob;
/** @type {(blob: any) => string} */
let typeOfBlob;
/** Of bytes that must not be written to afterwards. @type {(bytes: Bytes, type: string) => Blob} */
let makeBlob;
/** @type {(value: any) => value is Blob} */
let isBlob;
/** @type {(bytes: Bytes, type: string, name: string, lastModified: number) => File} */
let makeFile;
/** What a File has beyond a Blob; undefined for another value. @type {(value: any) => { name: string, lastModified: number } | undefined} */
let fileFacts;

/** @type {Bytes} */
const noBytes = new Uint8Array(0);

class Blob {
  /** A private copy: nobody else can write to it. @type {Bytes} */
  #bytes = noBytes;
  #type = '';

  /** @param {any} [parts] @param {any} [options] */
  constructor(parts = undefined, options = undefined) {
    if (parts === construction) return;
    // Every argument is converted before the next.
    const list = parts === undefined ? undefined : readParts(parts);
    const { endings = 'transparent', type = '' } = toDictionary(options, 'Blob');
    const ending = endings === 'transparent' ? endings : toEnumeration(endings, ['transparent', 'native'], 'Blob: endings');
    if (type !== '') this.#type = normalType(type);
    if (list !== undefined) this.#bytes = gather(list, ending === 'native');
  }

  get size() {
    return viewByteLength(this.#bytes);
  }

  get type() {
    return this.#type;
  }

  /** @param {any} [start] @param {any} [end] @param {any} [type] */
  slice(start = undefined, end = undefined, type = '') {
    const size = viewByteLength(this.#bytes);
    const from = position(start, 0, size);
    const to = max(position(end, size, size), from);
    return makeBlob(/** @type {Bytes} */ (subarray(this.#bytes, from, to)), normalType(type));
  }

  stream() {
    return streamOfBytes(this.#bytes);
  }

  textStream() {
    const { readable, writable } = new (loadDecoder().TextDecoderStream)();
    const from = loadStreams().recordOf(streamOfBytes(this.#bytes));
    catchRejection(loadPipe().pipe(from, loadWritable().recordOf(writable), plainPipe), () => undefined);
    return readable;
  }

  // Not async functions: those take three times as long for a promise that is settled at once.
  text() {
    try {
      return resolve(decodeText('utf-8', this.#bytes, false, false));
    } catch (error) {
      return reject(error);
    }
  }

  arrayBuffer() {
    try {
      return resolve(viewBuffer(copyBytes(this.#bytes)));
    } catch (error) {
      return reject(error);
    }
  }

  bytes() {
    try {
      return resolve(copyBytes(this.#bytes));
    } catch (error) {
      return reject(error);
    }
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    const shown = { size: viewByteLength(this.#bytes), type: this.#type };
    return loadInspect().inspectMembers(this.constructor.name, shown, depth, options);
  }

  static {
    bytesOfBlob = (blob) => blob.#bytes;
    typeOfBlob = (blob) => blob.#type;
    isBlob = /** @type {any} */ ((/** @type {any} */ value) => typeof value === 'object' && value !== null && #bytes in value);
    makeBlob = (bytes, type) => fill(new Blob(construction), bytes, type);
    /** @template {Blob} B @param {B} blob @param {Bytes} bytes @param {string} type */
    const fill = (blob, bytes, type) => {
      blob.#bytes = bytes;
      blob.#type = type;
      return blob;
    };
    makeFile = (bytes, type, name, lastModified) => fill(new File(construction, name, lastModified), bytes, type);
  }
}

class File extends Blob {
  #name;
  #lastModified;

  /** @param {any} parts @param {any} name @param {any} [options] */
  constructor(parts, name, options = undefined) {
    requireArguments(arguments.length, 2, 'File');
    super(parts, options);
    this.#name = toUSVString(name);
    if (parts === construction) {
      this.#lastModified = options;
    } else {
      const { lastModified } = toDictionary(options, 'File');
      this.#lastModified = lastModified === undefined ? now() : toLongLong(lastModified);
    }
  }

  get name() {
    return this.#name;
  }

  get lastModified() {
    return this.#lastModified;
  }

  get webkitRelativePath() {
    this.#name;
    return '';
  }

  static {
    fileFacts = (value) =>
      typeof value === 'object' && value !== null && #name in value ? { name: value.#name, lastModified: value.#lastModified } : undefined;
  }
}

/** @param {any} blob */
function streamOfBlob(blob) {
  return streamOfBytes(bytesOfBlob(blob));
}

/** @param {Bytes} bytes */
function streamOfBytes(bytes) {
  const { closeOwn, enqueueOwn } = loadBytes();
  let offset = 0;
  return loadStreams().createByteStream((controller) => {
    if (offset >= viewByteLength(bytes)) return closeOwn(controller);
    const chunk = copyBytes(bytes, offset, offset + streamChunk);
    offset += viewByteLength(chunk);
    enqueueOwn(controller, chunk);
  });
}

/** Texts and bytes. @param {any} parts @returns {(string | Bytes)[]} */
function readParts(parts) {
  return toSequence(parts, 'Blob: the parts', (part) => {
    if (typeof part === 'string') return part;
    if (isBufferSource(part)) return copyBytes(bytesOf(part));
    if (isBlob(part)) return bytesOfBlob(part);
    refuseRecord(part, 'Blob');
    return toDOMString(part);
  });
}

/** @param {(string | Bytes)[]} parts @param {boolean} isNative whether line ends become those of the platform */
function gather(parts, isNative) {
  /** @type {Bytes[]} */
  const chunks = [];
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i];
    push(chunks, typeof part === 'string' ? encodeText(part, isNative) : part);
  }
  return concatBytes(chunks);
}

/** @param {string} text @param {boolean} isNative */
function encodeText(text, isNative) {
  return encodeUtf8(isNative ? replace(text, lineEnds, '\n') : text);
}

/** @param {any} value @param {number} absent @param {number} size */
function position(value, absent, size) {
  if (value === undefined) return absent;
  const number = toClampedLongLong(value);
  return number < 0 ? max(size + number, 0) : min(number, size);
}

/** @param {any} value */
function normalType(value) {
  const type = toDOMString(value);
  if (type === '') return '';
  return test(notInType, type) ? '' : toLowerCase(type);
}

defineInterface(Blob);
defineInterface(File);

defineSerializable(
  'web/file/blob',
  isBlob,
  (blob) => {
    const { name, lastModified = 0 } = fileFacts(blob) ?? { name: undefined };
    return { bytes: bytesOfBlob(blob), type: typeOfBlob(blob), name, lastModified };
  },
  ({ bytes, type, name, lastModified }) => (name === undefined ? makeBlob(bytes, type) : makeFile(bytes, type, name, lastModified)),
  Blob,
);

module.exports = { Blob, File, bytesOfBlob, fileFacts, isBlob, makeBlob, makeFile, normalType, streamOfBlob, typeOfBlob };
