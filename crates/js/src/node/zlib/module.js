// `node:zlib`: what it exports.
'use strict';

const { invalidType } = require('node/errors');
const { bytesOf } = require('builtins/webidl');
const { codes, constants } = require('node/zlib/constants');
const classes = require('node/zlib/classes');
const { run, runSync } = require('node/zlib/whole');
const { defineProperty, isView, ownKeys, startsWith } = require('builtins/primordials');
const { requireInteger } = require('node/arguments');
const { checksum } = ops;
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

/** @type {Record<string, any>} */
const { BrotliCompress, BrotliDecompress, Deflate, DeflateRaw, Gunzip, Gzip, Inflate, InflateRaw, Unzip, ZstdCompress, ZstdDecompress } =
  classes;

/** @param {any} data @param {number} [value] */
function crc32(data, value = 0) {
  if (typeof data !== 'string' && !isView(data)) throw invalidType('data', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
  requireInteger(value, 'value', 0, 2 ** 32 - 1);
  const bytes = typeof data === 'string' ? loadBuffer().Buffer.from(data) : bytesOf(data);
  return checksum(bytes, value);
}

/** A call's three forms: with a callback, at once, and as a stream. @param {string} name @param {any} Class @param {number} mode */
function forms(name, Class, mode) {
  // Who asks for it gets the stream that would have done it.
  const withInfo = (/** @type {any} */ options) => (/** @type {any} */ buffer) => ({ buffer, engine: new Class(options) });
  const asynchronous = (/** @type {any} */ buffer, /** @type {any} */ options, /** @type {any} */ callback) => {
    run(mode, buffer, options, callback, withInfo(options));
  };
  const synchronous = (/** @type {any} */ buffer, /** @type {any} */ options) => runSync(mode, buffer, options, withInfo(options));
  /** @param {any} options */
  function create(options) {
    return new Class(options);
  }
  defineProperty(asynchronous, 'name', { value: name, configurable: true });
  defineProperty(synchronous, 'name', { value: `${name}Sync`, configurable: true });
  defineProperty(create, 'name', { value: `create${Class.name}`, configurable: true });
  return { asynchronous, synchronous, create };
}

const deflate = forms('deflate', Deflate, constants.DEFLATE);
const inflate = forms('inflate', Inflate, constants.INFLATE);
const gzip = forms('gzip', Gzip, constants.GZIP);
const gunzip = forms('gunzip', Gunzip, constants.GUNZIP);
const deflateRaw = forms('deflateRaw', DeflateRaw, constants.DEFLATERAW);
const inflateRaw = forms('inflateRaw', InflateRaw, constants.INFLATERAW);
const unzip = forms('unzip', Unzip, constants.UNZIP);
const brotliCompress = forms('brotliCompress', BrotliCompress, constants.BROTLI_ENCODE);
const brotliDecompress = forms('brotliDecompress', BrotliDecompress, constants.BROTLI_DECODE);
const zstdCompress = forms('zstdCompress', ZstdCompress, constants.ZSTD_COMPRESS);
const zstdDecompress = forms('zstdDecompress', ZstdDecompress, constants.ZSTD_DECOMPRESS);

const zlib = {
  crc32,
  Deflate,
  Inflate,
  Gzip,
  Gunzip,
  DeflateRaw,
  InflateRaw,
  Unzip,
  BrotliCompress,
  BrotliDecompress,
  ZstdCompress,
  ZstdDecompress,
  deflate: deflate.asynchronous,
  deflateSync: deflate.synchronous,
  gzip: gzip.asynchronous,
  gzipSync: gzip.synchronous,
  deflateRaw: deflateRaw.asynchronous,
  deflateRawSync: deflateRaw.synchronous,
  unzip: unzip.asynchronous,
  unzipSync: unzip.synchronous,
  inflate: inflate.asynchronous,
  inflateSync: inflate.synchronous,
  gunzip: gunzip.asynchronous,
  gunzipSync: gunzip.synchronous,
  inflateRaw: inflateRaw.asynchronous,
  inflateRawSync: inflateRaw.synchronous,
  brotliCompress: brotliCompress.asynchronous,
  brotliCompressSync: brotliCompress.synchronous,
  brotliDecompress: brotliDecompress.asynchronous,
  brotliDecompressSync: brotliDecompress.synchronous,
  zstdCompress: zstdCompress.asynchronous,
  zstdCompressSync: zstdCompress.synchronous,
  zstdDecompress: zstdDecompress.asynchronous,
  zstdDecompressSync: zstdDecompress.synchronous,
  createDeflate: deflate.create,
  createInflate: inflate.create,
  createDeflateRaw: deflateRaw.create,
  createInflateRaw: inflateRaw.create,
  createGzip: gzip.create,
  createGunzip: gunzip.create,
  createUnzip: unzip.create,
  createBrotliCompress: brotliCompress.create,
  createBrotliDecompress: brotliDecompress.create,
  createZstdCompress: zstdCompress.create,
  createZstdDecompress: zstdDecompress.create,
};
// Neither can be assigned to.
defineProperty(zlib, 'constants', { value: constants, enumerable: true });
defineProperty(zlib, 'codes', { value: codes, enumerable: true });

// All but brotli's stand on the module too, as older programs name them.
const names = /** @type {string[]} */ (ownKeys(constants));
for (let index = 0; index < names.length; index += 1) {
  const name = names[index];
  if (!startsWith(name, 'BROTLI')) defineProperty(zlib, name, { value: /** @type {any} */ (constants)[name] });
}

module.exports = zlib;
