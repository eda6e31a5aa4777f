// CompressionStream and DecompressionStream (https://compression.spec.whatwg.org/). Beyond the formats of the standard there are `brotli`, which
// Node has, and `zstd`, which Bun has.
//
// A small chunk is worked on at once, a large one on the blocking pool. What comes out is cut into pieces, and the next is made when the reader
// wants it: a few bytes may stand for gigabytes (BOUNDED).
'use strict';

const { customInspect, subarray, viewByteLength } = require('builtins/primordials');
const { codedError } = require('builtins/coded_error');
const {
  bytesOf,
  defineInterface,
  invalidArgument,
  isAnyArrayBuffer,
  isBufferSource,
  requireArguments,
  toEnumeration,
} = require('builtins/webidl');
const { isView } = require('builtins/primordials');
const { partsOf } = require('web/streams/byte_algorithms');
const { createTransform } = require('web/streams/transform_stream');
const { coderEnd, coderOpen, coderStep } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

/** How many bytes are worked on without leaving the loop's thread, and how many come out at once. */
const pieceSize = 64 * 1024;
const nothing = new Uint8Array(0);

/** By `coderOpen`'s numbers. @type {Record<string, { compress: number, decompress: number, settings: number[] }>} */
const coders = {
  __proto__: /** @type {any} */ (null),
  deflate: { compress: 1, decompress: 2, settings: [-1, 15, 8, 0] },
  gzip: { compress: 3, decompress: 4, settings: [-1, 15, 8, 0] },
  'deflate-raw': { compress: 5, decompress: 6, settings: [-1, 15, 8, 0] },
  brotli: { compress: 9, decompress: 8, settings: [] },
  zstd: { compress: 10, decompress: 11, settings: [] },
};
/** @type {readonly string[]} */
const formats = ['deflate', 'deflate-raw', 'gzip', 'brotli', 'zstd'];

/** The bytes of a chunk, which must be a BufferSource that nobody shares. @param {any} chunk @param {string} name */
function chunkBytes(chunk, name) {
  if (chunk === null) throw codedError(TypeError, 'ERR_STREAM_NULL_VALUES', `${name}: a chunk must not be null`);
  if (!isBufferSource(chunk) || (isView(chunk) && !isAnyArrayBuffer(partsOf(chunk).buffer))) {
    throw invalidArgument(`${name}: a chunk must be an ArrayBuffer or a view of one`);
  }
  return bytesOf(chunk);
}

/** @param {string} name @param {number} mode @param {number[]} settings @param {number} finish the flush that ends a stream */
function codedStream(name, mode, settings, finish, isDecoder = false) {
  const coder = coderOpen(mode, settings, undefined);
  let isOver = false;

  /**
   * Has the coder take this, and hands on what comes out.
   * @param {Bytes} input @param {number} flush @param {(chunk: any) => void} enqueue @param {() => Promise<any> | undefined} room
   */
  const run = async (input, flush, enqueue, room) => {
    let rest = input;
    for (;;) {
      const result = await step(rest, flush);
      const output = result[0];
      if (viewByteLength(output) > 0) enqueue(output);
      rest = /** @type {Bytes} */ (subarray(rest, result[1]));
      if (result[3]) {
        isOver = true;
        coderEnd(coder);
        if (isDecoder && viewByteLength(rest) > 0) throw new TypeError(`${name}: there are bytes behind the end of the compressed data`);
        return;
      }
      if (!result[2] && viewByteLength(rest) === 0) return;
      const wanted = room();
      if (wanted !== undefined) await wanted;
    }
  };
  /** @param {Bytes} input @param {number} flush @returns {CoderResult | Promise<CoderResult>} */
  const step = (input, flush) => {
    try {
      if (viewByteLength(input) <= pieceSize) return coderStep(coder, input, flush, pieceSize, true);
      return stepOnPool(input, flush);
    } catch (error) {
      throw failure(error);
    }
  };
  /** @param {Bytes} input @param {number} flush */
  const stepOnPool = async (input, flush) => {
    try {
      return await coderStep(coder, input, flush, pieceSize, false);
    } catch (error) {
      throw failure(error);
    }
  };
  /** @param {any} error */
  const failure = (error) => new TypeError(`${name}: ${error.message}`);

  return createTransform(
    (chunk, enqueue, room) => {
      const bytes = chunkBytes(chunk, name);
      if (viewByteLength(bytes) === 0) return undefined;
      if (isOver) throw new TypeError(`${name}: there are bytes behind the end of the compressed data`);
      return run(bytes, 0, enqueue, room);
    },
    async (enqueue, room) => {
      if (!isOver) await run(nothing, isDecoder ? 0 : finish, enqueue, room);
      if (!isOver) throw new TypeError(`${name}: the compressed data ended too early`);
    },
  );
}

/** zlib's number of the flush that ends a stream, or the one of the others. @param {string} format */
function finishOf(format) {
  return format === 'brotli' || format === 'zstd' ? 2 : 4;
}

class CompressionStream {
  #ends;

  /** @param {any} format */
  constructor(format) {
    requireArguments(arguments.length, 1, 'CompressionStream');
    const name = toEnumeration(format, formats, 'CompressionStream');
    const { compress, settings } = coders[name];
    this.#ends = codedStream('CompressionStream', compress, settings, finishOf(name));
  }

  get readable() {
    return this.#ends.readable;
  }
  get writable() {
    return this.#ends.writable;
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers('CompressionStream', this.#ends, depth, options);
  }
}

class DecompressionStream {
  #ends;

  /** @param {any} format */
  constructor(format) {
    requireArguments(arguments.length, 1, 'DecompressionStream');
    const name = toEnumeration(format, formats, 'DecompressionStream');
    const { decompress, settings } = coders[name];
    this.#ends = codedStream('DecompressionStream', decompress, settings, finishOf(name), true);
  }

  get readable() {
    return this.#ends.readable;
  }
  get writable() {
    return this.#ends.writable;
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers('DecompressionStream', this.#ends, depth, options);
  }
}

defineInterface(CompressionStream);
defineInterface(DecompressionStream);

module.exports = { CompressionStream, DecompressionStream };
