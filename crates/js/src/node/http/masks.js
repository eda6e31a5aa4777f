// `http.websocketMask` and `websocketUnmask` (https://nodejs.org/api/http.html): what the bytes of a client's frames are mixed with (RFC 6455, 5.3).
'use strict';

const { requireInteger } = require('node/arguments');
const { invalidType, invalidValue, outOfRange } = require('node/errors');
const { bytesOf } = require('builtins/webidl');
const { isView } = require('builtins/primordials');

const views = ['Buffer', 'TypedArray', 'DataView'];

/** @param {any} value @param {string} name @returns {Uint8Array} */
function viewed(value, name) {
  if (!isView(value)) throw invalidType(name, views, value);
  return bytesOf(value);
}

/** @param {any} mask */
function maskOf(mask) {
  const bytes = viewed(mask, 'mask');
  if (bytes.length !== 4) throw invalidValue('mask', mask, 'must be 4 bytes long');
  return bytes;
}

/** @param {any} source @param {any} mask @param {any} output where the bytes go, which may be the source @param {any} offset @param {any} length */
function websocketMask(source, mask, output, offset, length) {
  const from = viewed(source, 'source');
  const key = maskOf(mask);
  const to = viewed(output, 'output');
  requireInteger(offset, 'offset', 0, to.length);
  requireInteger(length, 'length', 0, from.length);
  if (length > to.length - offset) throw outOfRange('length', `<= ${to.length - offset}`, length);
  for (let index = 0; index < length; index += 1) to[offset + index] = from[index] ^ key[index & 3];
}

/** In place. @param {any} buffer @param {any} mask */
function websocketUnmask(buffer, mask) {
  const bytes = viewed(buffer, 'buffer');
  const key = maskOf(mask);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] ^= key[index & 3];
}

module.exports = { websocketMask, websocketUnmask };
