// Blob and File, after https://w3c.github.io/FileAPI/.
//
// The bytes of a Blob never change, so a slice and a stream share them with it; only what leaves as an ArrayBuffer is copied.
'use strict';

const {
  bytesOf,
  concatBytes,
  defineInterface,
  isBufferSource,
  refuseRecord,
  requireArguments,
  toClampedLongLong,
} = require('builtins/webidl');
const { toDOMString, toDictionary, toEnumeration, toUSVString } = require('builtins/webidl');
const { decodeText, encodeUtf8 } = ops;
const loadStreams = () => require('web/streams/streams');
const loadInspect = () => require('builtins/inspect/inspect');

const streamChunk = 64 * 1024;
const construction = Symbol('construction');

let bytesOfBlob, makeBlob, isBlob;

class Blob {
  // A private copy: nobody else can write to it.
  #bytes;
  #type = '';

  constructor(parts = undefined, options = undefined) {
    if (parts === construction) return;
    const { endings = 'transparent', type = '' } = toDictionary(options, 'Blob');
    const ending = toEnumeration(endings, ['transparent', 'native'], 'Blob: endings');
    this.#type = normalType(type);
    this.#bytes = gather(parts, ending);
  }

  get size() {
    return this.#bytes.byteLength;
  }

  get type() {
    return this.#type;
  }

  slice(start = undefined, end = undefined, type = '') {
    const size = this.#bytes.byteLength;
    const from = position(start, 0, size);
    const to = Math.max(position(end, size, size), from);
    return makeBlob(this.#bytes.subarray(from, to), normalType(type));
  }

  stream() {
    const bytes = this.#bytes;
    const { createStream, enqueue, closeController } = loadStreams();
    let offset = 0;
    return createStream(
      async (controller) => {
        if (offset >= bytes.byteLength) return closeController(controller);
        const chunk = bytes.slice(offset, offset + streamChunk);
        offset += chunk.byteLength;
        enqueue(controller, chunk);
      },
      async () => undefined,
    );
  }

  async text() {
    return decodeText('utf-8', this.#bytes, false, false);
  }

  async arrayBuffer() {
    return this.#bytes.slice().buffer;
  }

  async bytes() {
    return this.#bytes.slice();
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const shown = { size: this.size, type: this.type };
    return loadInspect().inspectMembers(this.constructor.name, shown, depth, options);
  }

  static {
    bytesOfBlob = (blob) => blob.#bytes;
    isBlob = (value) => typeof value === 'object' && value !== null && #bytes in value;
    /** `bytes` must not be written to afterwards. */
    makeBlob = (bytes, type) => {
      const blob = new Blob(construction);
      blob.#bytes = bytes;
      blob.#type = type;
      return blob;
    };
  }
}

class File extends Blob {
  #name;
  #lastModified;

  constructor(parts, name, options = undefined) {
    requireArguments(arguments.length, 2, 'File');
    super(parts, options);
    this.#name = toUSVString(name);
    const { lastModified } = toDictionary(options, 'File');
    this.#lastModified = lastModified === undefined ? Date.now() : Math.trunc(Number(lastModified)) || 0;
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
}

// Object URLs live until they are revoked or the program ends.
const objects = new Map();

/** https://w3c.github.io/FileAPI/#dfn-createObjectURL; there is no origin here. */
function createObjectURL(blob) {
  if (!isBlob(blob)) throw new TypeError('URL.createObjectURL: the argument is not a Blob');
  const url = `blob:twinloop:${randomUuid()}`;
  objects.set(url, blob);
  return url;
}

function revokeObjectURL(url) {
  objects.delete(String(url).replace(/#.*$/, ''));
}

/** The Blob behind an object URL, or undefined. */
function objectOf(url) {
  return objects.get(url.replace(/#.*$/, ''));
}

function randomUuid() {
  const digits = (count) => Array.from({ length: count }, () => Math.floor(Math.random() * 16).toString(16)).join('');
  return `${digits(8)}-${digits(4)}-4${digits(3)}-${'89ab'[Math.floor(Math.random() * 4)]}${digits(3)}-${digits(12)}`;
}

function gather(parts, ending) {
  if (parts === undefined) return new Uint8Array(0);
  if (typeof parts !== 'object' || parts === null || typeof parts[Symbol.iterator] !== 'function') {
    throw new TypeError('Blob: the parts must be a sequence');
  }
  const chunks = [];
  for (const part of parts) {
    if (isBufferSource(part)) chunks.push(bytesOf(part).slice());
    else if (isBlob(part)) chunks.push(bytesOfBlob(part));
    else {
      refuseRecord(part, 'Blob');
      chunks.push(encodeUtf8(ending === 'native' ? toUSVString(part).replace(/\r\n|\r/g, '\n') : toUSVString(part)));
    }
  }
  return concatBytes(chunks);
}

function position(value, absent, size) {
  if (value === undefined) return absent;
  const number = toClampedLongLong(value);
  return number < 0 ? Math.max(size + number, 0) : Math.min(number, size);
}

function normalType(value) {
  const type = toDOMString(value);
  return /[^\x20-\x7e]/.test(type) ? '' : type.toLowerCase();
}

defineInterface(Blob);
defineInterface(File);

module.exports = { Blob, File, bytesOfBlob, createObjectURL, isBlob, makeBlob, objectOf, revokeObjectURL };
