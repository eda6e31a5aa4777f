// How arguments of `node:crypto` become bytes, and bytes what the caller asked for.
'use strict';

const { invalidType, invalidValue } = require('node/errors');
const { bytesOf, isAnyArrayBuffer, isSharedBufferSource } = require('builtins/webidl');
const { Buffer, encodingOf, wrap } = /** @type {any} */ (require('node/buffer/buffer'));
const { nextTick } = require('node/process/ticks');
const { isView, then } = require('builtins/primordials');

/** What operations call the forms of their output. @type {Record<string, number>} */
const formats = { __proto__: /** @type {any} */ (null), hex: 1, base64: 2, base64url: 3, latin1: 4 };

/** The number of a form that operations give; 0 for bytes. @param {any} encoding */
function formatOf(encoding) {
  if (encoding === 'hex') return 1;
  return formats[encodingOf(encoding) ?? ''] ?? 0;
}

/** The name of an encoding; `buffer` and unknown ones are UTF-8's. @param {any} encoding */
function textEncoding(encoding) {
  return encodingOf(encoding) ?? 'utf8';
}

/** Bytes as a Buffer, or as text. @param {Uint8Array} bytes @param {any} encoding */
function shown(bytes, encoding) {
  const buffer = wrap(bytes);
  if (encoding === undefined || encoding === null || encoding === 'buffer' || encoding === '') return buffer;
  return buffer.toString(encoding);
}

/** Text that is bytes written in an encoding must be so. @param {string} text @param {any} encoding */
function requireEncoding(text, encoding) {
  if (encodingOf(encoding) === 'hex' && text.length % 2 !== 0) {
    throw invalidValue('encoding', encoding, `is invalid for data of length ${text.length}`);
  }
}

/** Bytes, or a string that counts as UTF-8: what operations take for data. @param {any} data @param {any} encoding @param {string} [name] @returns {string | Uint8Array} */
function dataOf(data, encoding, name = 'data') {
  if (typeof data === 'string') {
    requireEncoding(data, encoding);
    if (encoding === undefined || encoding === 'utf8' || encoding === 'buffer') return data;
    const known = textEncoding(encoding);
    return known === 'utf8' ? data : Buffer.from(data, known);
  }
  if (!isView(data)) throw invalidType(name, ['string', 'Buffer', 'TypedArray', 'DataView'], data);
  return bytesOf(data);
}

/** Bytes of anything that has them, or of text. @param {any} value @param {string} name @param {any} [encoding] @returns {Uint8Array} */
function bytesFrom(value, name, encoding) {
  if (typeof value === 'string') return Buffer.from(value, encoding === 'buffer' ? 'utf8' : encoding);
  if (!isSharedBufferSource(value)) {
    throw invalidType(name, ['string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], value);
  }
  return bytesOf(value);
}

/** @param {any} value @param {string} name @returns {Uint8Array} */
function viewFrom(value, name) {
  if (!isView(value)) throw invalidType(name, ['Buffer', 'TypedArray', 'DataView'], value);
  return bytesOf(value);
}

/**
 * Tells a callback what came of a promise, in a tick of its own.
 * @param {any} promise @param {(error: any, ...results: any[]) => void} callback @param {(value: any) => any} [convert]
 */
function tell(promise, callback, convert = (value) => value) {
  then(
    promise,
    (value) => {
      try {
        const result = convert(value);
        nextTick(callback, null, result);
      } catch (error) {
        nextTick(callback, error);
      }
    },
    (error) => nextTick(callback, error),
  );
}

module.exports = { bytesFrom, dataOf, formatOf, isAnyArrayBuffer, requireEncoding, shown, tell, textEncoding, viewFrom };
