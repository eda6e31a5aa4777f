// Mac (https://nodejs.org/api/crypto.html#class-mac): codes of messages by the names of OpenSSL's providers. The code stays in Rust, which reads strings
// and buffers where they are.
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireInteger, requireNumber, requireObject, requireString } = require('node/arguments');
const { encodingOf, wrap } = /** @type {any} */ (require('node/buffer/buffer'));
const { secretOf } = require('node/crypto/keys');
const { makeLazy } = require('node/crypto/lazy');
const { dataOf, formatOf, shown } = require('node/crypto/values');
const { bytesOf, isSharedBufferSource } = require('builtins/webidl');
const { isView, stringIncludes, toLowerCase } = require('builtins/primordials');
const { macFinish, macNames, macOpen, macUpdate } = ops;

/** Null when it has ended. */
const own = Symbol('the code');
const keyKinds = ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'KeyObject'];

const finalized = () => nodeError(Error, 'ERR_CRYPTO_MAC_FINALIZED', 'MAC already finalized');

/** @param {any} value @param {string} name */
function requireName(value, name) {
  requireString(value, name);
  if (value === '' || stringIncludes(value, '\0')) throw invalidValue(name, value, 'must be non-empty and contain no NUL bytes');
}

/** @param {any} value @param {string} name */
function optionalName(value, name) {
  if (value !== undefined) requireName(value, name);
  return value;
}

/** @param {any} value @param {string} name */
function optionalBytes(value, name) {
  if (value === undefined) return undefined;
  if (!isSharedBufferSource(value)) throw invalidType(name, ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], value);
  return bytesOf(value);
}

/** @param {any} key */
function keyOf(key) {
  const isObject = typeof key === 'object' && key !== null;
  if (isSharedBufferSource(key) || (isObject && key.type === 'secret' && !('algorithm' in key))) return secretOf(key, 'key', undefined);
  throw invalidType('key', keyKinds, key);
}

/** @this {any} @param {any} algorithm @param {any} key @param {any} options */
function Mac(algorithm, key, options) {
  if (!new.target) return new /** @type {any} */ (Mac)(algorithm, key, options);
  requireName(algorithm, 'algorithm');
  if (options !== undefined) requireObject(options, 'options');
  const { digest, cipher, iv, customization, salt, outputLength } = options ?? {};
  optionalName(digest, 'options.digest');
  optionalName(cipher, 'options.cipher');
  const bytes = [
    optionalBytes(iv, 'options.iv'),
    optionalBytes(customization, 'options.customization'),
    optionalBytes(salt, 'options.salt'),
  ];
  if (outputLength !== undefined) {
    requireNumber(outputLength, 'options.outputLength');
    requireInteger(outputLength, 'options.outputLength', 0, 2 ** 32 - 1);
  }
  this[own] = macOpen(algorithm, keyOf(key), digest, cipher, bytes[0], bytes[1], bytes[2], outputLength);
  this._options = options;
}
makeLazy(Mac);

/** @param {any} self @param {string | Uint8Array} data */
function take(self, data) {
  try {
    macUpdate(self[own], data);
  } catch (error) {
    self[own] = null;
    throw error;
  }
}

/** @param {any} self @param {number} format @returns {any} */
function finish(self, format) {
  const handle = self[own];
  self[own] = null;
  return macFinish(handle, format);
}

/** @this {any} @param {any} chunk @param {any} encoding @param {(error?: any) => void} callback */
Mac.prototype._transform = function _transform(chunk, encoding, callback) {
  if (this[own] === null) {
    callback(finalized());
    return;
  }
  try {
    take(this, dataOf(chunk, encoding));
  } catch (error) {
    callback(error);
    return;
  }
  callback();
};

/** @this {any} @param {(error?: any) => void} callback */
Mac.prototype._flush = function _flush(callback) {
  if (this[own] === null) {
    callback(finalized());
    return;
  }
  try {
    const bytes = finish(this, 0);
    if (bytes.length > 0) this.push(wrap(bytes));
  } catch (error) {
    callback(error);
    return;
  }
  callback();
};

/** @this {any} @param {any} data @param {any} encoding */
Mac.prototype.update = function update(data, encoding) {
  if (this[own] === null) throw finalized();
  if (typeof data === 'string' && encoding !== undefined) {
    requireString(encoding, 'inputEncoding');
    if (encodingOf(encoding) === undefined) throw invalidValue('inputEncoding', encoding);
  } else if (typeof data !== 'string' && !isView(data)) {
    throw invalidType('data', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
  }
  take(this, dataOf(data, encoding));
  return this;
};

/** @this {any} @param {any} encoding */
Mac.prototype.final = function final(encoding) {
  if (this[own] === null) throw finalized();
  if (encoding === undefined) return wrap(finish(this, 0));
  requireString(encoding, 'outputEncoding');
  if (toLowerCase(encoding) === 'buffer') return wrap(finish(this, 0));
  const known = encodingOf(encoding);
  if (known === undefined) throw invalidValue('outputEncoding', encoding);
  const format = formatOf(known);
  return format === 0 ? shown(finish(this, 0), known) : finish(this, format);
};

/** @param {any} algorithm @param {any} key @param {any} options */
function createMac(algorithm, key, options) {
  return new /** @type {any} */ (Mac)(algorithm, key, options);
}

const getMacs = () => macNames();

module.exports = { createMac, getMacs };
