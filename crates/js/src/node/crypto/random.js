// Random values (https://nodejs.org/api/crypto.html#cryptorandombytessize-callback).
'use strict';

const { invalidType, nodeError, outOfRange } = require('node/errors');
const { requireBoolean, requireFunction, requireNumber, requireObject } = require('node/arguments');
const { wrap } = /** @type {any} */ (require('node/buffer/buffer'));
const { nextTick } = require('node/process/ticks');
const { tell } = require('node/crypto/values');
const { bytesOf, isSharedBufferSource } = require('builtins/webidl');
const { isInteger, isView, min, now, numberToString, padStart, setBytes, slice, trunc, viewByteLength } = require('builtins/primordials');
const { equalBytes, randomFill: fillNow, randomLater, randomUuid } = ops;

const most = 2 ** 31 - 1;
/** From so many bytes on the pool makes them. */
const long = 64 * 1024;

/** @param {any} size @param {any} [callback] */
function randomBytes(size, callback) {
  requireNumber(size, 'size');
  if (!(size >= 0 && size <= most)) throw outOfRange('size', `>= 0 && <= ${most}`, size);
  if (callback === undefined) {
    const bytes = new Uint8Array(trunc(size));
    fillNow(bytes, 0, bytes.length);
    return wrap(bytes);
  }
  requireFunction(callback, 'callback');
  if (size > long) {
    tell(randomLater(trunc(size)), callback, wrap);
    return undefined;
  }
  const bytes = new Uint8Array(trunc(size));
  fillNow(bytes, 0, bytes.length);
  later(callback, wrap(bytes));
  return undefined;
}

/** As if the pool had done it. @param {Function} callback @param {any} result */
function later(callback, result) {
  tell(randomLater(0), /** @type {any} */ (callback), () => result);
}

/** @param {any} buffer @param {any} offset @param {any} size @param {number} width @returns {[number, number]} */
function range(buffer, offset, size, width) {
  const length = viewByteLengthOf(buffer);
  requireNumber(offset, 'offset');
  const start = offset * width;
  if (!(start >= 0 && start <= min(length, 2 ** 32 - 1))) throw outOfRange('offset', `>= 0 && <= ${min(length, 2 ** 32 - 1)}`, start);
  if (size === undefined) return [start, length - start];
  requireNumber(size, 'size');
  const count = size * width;
  if (!(count >= 0 && count <= most)) throw outOfRange('size', `>= 0 && <= ${most}`, count);
  if (count + start > length) throw outOfRange('size + offset', `<= ${length}`, count + start);
  return [start, count];
}

/** The bytes of an element. @param {any} buffer @returns {number} */
function widthOf(buffer) {
  /** @type {any} */
  const view = buffer;
  return isView(buffer) ? (view.BYTES_PER_ELEMENT ?? 1) : 1;
}

/** @param {any} buffer */
function viewByteLengthOf(buffer) {
  return viewByteLength(bytesOf(buffer));
}

/** @param {any} buffer */
function requireBuffer(buffer) {
  if (!isSharedBufferSource(buffer)) throw invalidType('buf', ['ArrayBuffer', 'ArrayBufferView'], buffer);
}

/** @param {any} buffer @param {any} [offset] @param {any} [size] */
function randomFillSync(buffer, offset = 0, size) {
  requireBuffer(buffer);
  const part = range(buffer, offset, size, widthOf(buffer));
  if (part[1] !== 0) fillNow(bytesOf(buffer), part[0], part[1]);
  return buffer;
}

/** @param {any} buffer @param {any} offset @param {any} [size] @param {any} [callback] */
function randomFill(buffer, offset, size, callback) {
  requireBuffer(buffer);
  let from = offset;
  let count = size;
  let told = callback;
  if (typeof offset === 'function') {
    told = offset;
    from = 0;
    count = undefined;
  } else if (typeof size === 'function') {
    told = size;
    count = undefined;
  } else {
    requireFunction(callback, 'callback');
  }
  requireFunction(told, 'callback');
  const part = range(buffer, from ?? 0, count, widthOf(buffer));
  if (part[1] === 0) {
    nextTick(told, null, buffer);
    return;
  }
  tell(randomLater(part[1]), told, (bytes) => {
    setBytes(bytesOf(buffer), bytes, part[0]);
    return buffer;
  });
}

const widest = 2 ** 48 - 1;

/** @param {any} first @param {any} [max] @param {any} [callback] */
function randomInt(first, max, callback) {
  let low = first;
  let high = max;
  let told = callback;
  // One bound alone is the upper one.
  if (max === undefined || typeof max === 'function') {
    told = max;
    high = first;
    low = 0;
  }
  if (told !== undefined) requireFunction(told, 'callback');
  if (!isSafe(low)) throw invalidType('min', 'a safe integer', low);
  if (!isSafe(high)) throw invalidType('max', 'a safe integer', high);
  if (high <= low) {
    throw nodeError(
      RangeError,
      'ERR_OUT_OF_RANGE',
      `The value of "max" is out of range. It must be greater than the value of "min" (${low}). Received ${high}`,
    );
  }
  const span = high - low;
  if (span > widest) throw outOfRange(max === undefined || typeof max === 'function' ? 'max' : 'max - min', `<= ${widest}`, span);
  const limit = 2 ** 48 - (2 ** 48 % span);
  const bytes = new Uint8Array(6);
  let drawn = limit;
  while (drawn >= limit) {
    fillNow(bytes, 0, 6);
    drawn = 0;
    for (let index = 0; index < 6; index += 1) drawn = drawn * 256 + bytes[index];
  }
  const number = (drawn % span) + low;
  if (told === undefined) return number;
  nextTick(told, undefined, number);
  return undefined;
}

/** @param {any} value */
const isSafe = (value) => isInteger(value) && value >= -(2 ** 53) + 1 && value <= 2 ** 53 - 1;

/** @param {any} options */
function checkUuid(options) {
  if (options === undefined) return;
  requireObject(options, 'options');
  if (options.disableEntropyCache !== undefined) requireBoolean(options.disableEntropyCache, 'options.disableEntropyCache');
}

/** @param {any} [options] */
function randomUUID(options) {
  checkUuid(options);
  return randomUuid();
}

/** A UUID that begins with the time in milliseconds (RFC 9562, section 5.7). @param {any} [options] */
function randomUUIDv7(options) {
  checkUuid(options);
  const time = padStart(numberToString(now(), 16), 12, '0');
  // The rest is that of a version 4 UUID, but for its version: its variant and bits at random.
  return `${slice(time, 0, 8)}-${slice(time, 8)}-7${slice(randomUuid(), 15)}`;
}

/** @param {any} left @param {any} right */
function timingSafeEqual(left, right) {
  if (!isSharedBufferSource(left)) throw invalidType('buf1', ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], left);
  if (!isSharedBufferSource(right)) throw invalidType('buf2', ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], right);
  if (viewByteLengthOf(left) !== viewByteLengthOf(right)) {
    throw nodeError(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length');
  }
  return equalBytes(left, right);
}

module.exports = { randomBytes, randomFill, randomFillSync, randomInt, randomUUID, randomUUIDv7, timingSafeEqual };
