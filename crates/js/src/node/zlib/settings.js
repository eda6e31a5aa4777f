// Options of `node:zlib`, checked as Node checks them, and the errors of the coders.
'use strict';

const { invalidType, nodeError, outOfRange } = require('node/errors');
const { bytesOf } = require('builtins/webidl');
const { codes, constants, nameOf } = require('node/zlib/constants');
const { isFinite, isNaN, isView, keys, numberToString, push, slice } = require('builtins/primordials');
const { coderOpen } = ops;
const { kMaxLength } = /** @type {any} */ (require('node/buffer/buffer'));
const loadTypes = () => /** @type {any} */ (require('node/util/types'));

const { BROTLI_DECODE, BROTLI_ENCODE, DEFLATE, DEFLATERAW, GUNZIP, GZIP, INFLATE, UNZIP, ZSTD_COMPRESS, ZSTD_DECOMPRESS } = constants;

/** What a stream or a call works with. @typedef {{
 *   mode: number, level: number, strategy: number, flush: number, finishFlush: number, fullFlush: number, chunkSize: number, maxOutputLength: number,
 *   info: boolean, rejectGarbage: boolean, coder: NativeCoder }} Settings */

/** False for what is not given. @param {any} number @param {string} name */
function isGiven(number, name) {
  if (number === undefined || isNaN(number)) return false;
  if (typeof number !== 'number') throw invalidType(name, 'number', number);
  if (!isFinite(number)) throw outOfRange(name, 'a finite number', number);
  return true;
}

/** @param {any} number @param {string} name @param {number} least @param {number} most @param {number} preset @returns {number} */
function inRange(number, name, least, most, preset) {
  if (!isGiven(number, name)) return preset;
  if (number < least || number > most) throw outOfRange(name, `>= ${least} and <= ${most}`, number);
  return number;
}

/** @param {any} dictionary */
function dictionaryOf(dictionary) {
  if (dictionary === undefined) return undefined;
  if (isView(dictionary) || loadTypes().isAnyArrayBuffer(dictionary)) return /** @type {Uint8Array} */ (bytesOf(dictionary));
  throw invalidType('options.dictionary', ['Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], dictionary);
}

/** @param {number} mode */
function isDeflate(mode) {
  return mode === DEFLATE || mode === GZIP || mode === DEFLATERAW;
}

/** `[level, windowBits, memLevel, strategy]` @param {number} mode @param {any} options */
function deflateNumbers(mode, options) {
  const { windowBits } = options;
  const isAutomatic =
    (mode === INFLATE || mode === GUNZIP || mode === UNZIP) && (windowBits === undefined || windowBits === null || windowBits === 0);
  // Raw deflate has no window of 256 bytes: zlib makes the next one of it.
  const least = mode === GZIP ? 9 : constants.Z_MIN_WINDOWBITS;
  let bits = isAutomatic ? 15 : inRange(windowBits, 'options.windowBits', least, 15, 15);
  if (mode === DEFLATERAW && bits === 8) bits = 9;
  return [
    inRange(options.level, 'options.level', -1, 9, -1),
    bits,
    inRange(options.memLevel, 'options.memLevel', 1, 9, 8),
    inRange(options.strategy, 'options.strategy', 0, 4, 0),
  ];
}

/** The numbers of the parameters that there are. @param {string[]} prefixes */
function parametersOf(prefixes) {
  /** @type {Record<string, boolean>} */
  const known = { __proto__: /** @type {any} */ (null) };
  const names = keys(constants);
  for (let index = 0; index < names.length; index += 1) {
    for (let at = 0; at < prefixes.length; at += 1) {
      if (slice(names[index], 0, prefixes[at].length) === prefixes[at]) known[constants[names[index]]] = true;
    }
  }
  return known;
}

/** @param {any} params @param {Record<string, boolean>} known @param {string} code @param {string} what */
function parameterNumbers(params, known, code, what) {
  /** @type {number[]} */
  const numbers = [];
  if (params === undefined || params === null) return numbers;
  const names = keys(params);
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index];
    if (!known[name]) throw nodeError(RangeError, code, `${name} is not a valid ${what} parameter`);
    const value = params[name];
    if (typeof value !== 'number' && typeof value !== 'boolean') throw invalidType(`options.params[${name}]`, 'number', value);
    push(numbers, Number(name), Number(value));
  }
  return numbers;
}

/** @param {number} mode @param {any} options */
function numbersOf(mode, options) {
  if (mode <= UNZIP) return deflateNumbers(mode, options);
  if (mode === BROTLI_ENCODE || mode === BROTLI_DECODE) {
    const prefix = mode === BROTLI_ENCODE ? 'BROTLI_PARAM_' : 'BROTLI_DECODER_PARAM_';
    const numbers = parameterNumbers(options.params, parametersOf([prefix]), 'ERR_BROTLI_INVALID_PARAM', 'Brotli');
    // The decoder has nothing to be set; that it accepts large windows is its own affair.
    return mode === BROTLI_ENCODE ? numbers : [];
  }
  const prefix = mode === ZSTD_COMPRESS ? 'ZSTD_c_' : 'ZSTD_d_';
  const numbers = parameterNumbers(options.params, parametersOf([prefix]), 'ERR_ZSTD_INVALID_PARAM', 'zstd');
  if (mode === ZSTD_COMPRESS && options.pledgedSrcSize !== undefined) {
    inRange(options.pledgedSrcSize, 'options.pledgedSrcSize', 0, 2 ** 53 - 1, 0);
    push(numbers, -1, options.pledgedSrcSize);
  }
  return numbers;
}

/** @param {number} mode @param {any} given @returns {Settings} */
function settingsOf(mode, given) {
  const options = given ?? {};
  const isZlib = mode <= UNZIP;
  const isZstd = mode === ZSTD_COMPRESS || mode === ZSTD_DECOMPRESS;
  // Brotli and zstd number their flushes alike: 0 to go on, 1 to flush, 2 to finish.
  const finish = isZlib ? constants.Z_FINISH : 2;
  const last = isZlib ? constants.Z_BLOCK : isZstd ? 2 : 3;
  let chunkSize = constants.Z_DEFAULT_CHUNK;
  if (isGiven(options.chunkSize, 'options.chunkSize')) {
    chunkSize = options.chunkSize;
    if (chunkSize < constants.Z_MIN_CHUNK) throw outOfRange('options.chunkSize', `>= ${constants.Z_MIN_CHUNK}`, chunkSize);
  }
  const flush = inRange(options.flush, 'options.flush', 0, last, 0);
  const finishFlush = inRange(options.finishFlush, 'options.finishFlush', 0, last, finish);
  const maxOutputLength = inRange(options.maxOutputLength, 'options.maxOutputLength', 1, kMaxLength, kMaxLength);
  const numbers = numbersOf(mode, options);
  const dictionary = dictionaryOf(options.dictionary);
  let coder;
  try {
    coder = coderOpen(mode, numbers, dictionary);
  } catch (error) {
    throw isZlib ? coded(mode, error) : nodeError(Error, 'ERR_ZLIB_INITIALIZATION_FAILED', 'Initialization failed');
  }
  return {
    mode,
    level: isZlib ? numbers[0] : 0,
    strategy: isZlib ? numbers[3] : 0,
    flush,
    finishFlush,
    fullFlush: isZlib ? constants.Z_FULL_FLUSH : 1,
    chunkSize,
    maxOutputLength,
    info: !!options.info,
    rejectGarbage: !!options.rejectGarbageAfterEnd,
    coder,
  };
}

/** A coder's error with Node's code. @param {number} mode @param {any} error */
function coded(mode, error) {
  const { errno } = error;
  if (errno === undefined) return error;
  if (mode <= UNZIP) error.code = codes[errno];
  else if (mode === BROTLI_DECODE || mode === BROTLI_ENCODE) {
    const name = nameOf('BROTLI_DECODER_ERROR_', errno);
    error.code = name === undefined ? 'ERR_BROTLI_COMPRESSION_FAILED' : `ERR_${slice(name, 14)}`;
  } else error.code = nameOf('ZSTD_error_', errno) ?? 'ZSTD_error_GENERIC';
  return error;
}

/** The input ended before its stream did. */
function unexpectedEnd() {
  const error = /** @type {any} */ (new Error('unexpected end of file'));
  error.errno = constants.Z_BUF_ERROR;
  error.code = 'Z_BUF_ERROR';
  return error;
}

/** @param {number} limit */
const tooLarge = (limit) =>
  nodeError(RangeError, 'ERR_BUFFER_TOO_LARGE', `Cannot create a Buffer larger than ${numberToString(limit)} bytes`);
const trailingJunk = () =>
  nodeError(TypeError, 'ERR_TRAILING_JUNK_AFTER_STREAM_END', 'Trailing junk found after the end of the compressed stream');

/** Whether the mode decompresses. @param {number} mode */
const isDecoder = (mode) => !isDeflate(mode) && mode !== BROTLI_ENCODE && mode !== ZSTD_COMPRESS;

module.exports = { coded, inRange, isDecoder, settingsOf, tooLarge, trailingJunk, unexpectedEnd };
