// Hash, Hmac and `hash` (https://nodejs.org/api/crypto.html#class-hash). The digest stays in Rust, which reads strings and buffers where they are.
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireInteger, requireString } = require('node/arguments');
const { deprecated } = require('node/process/warnings');
const { encodingOf, wrap } = /** @type {any} */ (require('node/buffer/buffer'));
const { secretOf } = require('node/crypto/keys');
const { makeLazy } = require('node/crypto/lazy');
const { dataOf, formatOf, shown, textEncoding } = require('node/crypto/values');
const { bytesOf } = require('builtins/webidl');
const { copyBytes, defineProperty, isView, toLowerCase } = require('builtins/primordials');
const { hashCopy, hashFinish, hashNames, hashOnce, hashOpen, hashUpdate, hmacOpen } = ops;

const own = Symbol('the digest');
const given = Symbol('what the stream ended with');

/** @param {any} options @returns {number | undefined} */
function lengthIn(options) {
  const length = typeof options === 'object' && options !== null ? options.outputLength : undefined;
  if (length !== undefined) requireInteger(length, 'options.outputLength', 0, 4294967295);
  return length;
}

const warnAboutHash = deprecated('crypto.Hash constructor is deprecated.', 'DEP0179');
const warnAboutHmac = deprecated('crypto.Hmac constructor is deprecated.', 'DEP0181');
const warnAboutShake = deprecated('Creating SHAKE128/256 digests without an explicit options.outputLength is deprecated.', 'DEP0198');

/** @param {string} algorithm @param {number | undefined} length */
function lookAtShake(algorithm, length) {
  if (length !== undefined) return;
  const name = toLowerCase(algorithm);
  if (name === 'shake128' || name === 'shake256') warnAboutShake();
}

/** @this {any} @param {any} algorithm @param {any} [options] */
function Hash(algorithm, options) {
  warnAboutHash();
  if (!new.target) return new /** @type {any} */ (Hash)(algorithm, options);
  openHash(this, algorithm, options);
}
makeLazy(Hash);

/** @param {any} self @param {any} algorithm @param {any} options */
function openHash(self, algorithm, options) {
  requireString(algorithm, 'algorithm');
  const length = lengthIn(options);
  const handle = hashOpen(algorithm, length);
  if (handle === undefined) throw nodeError(Error, 'ERR_OSSL_EVP_UNSUPPORTED', 'Digest method not supported');
  lookAtShake(algorithm, length);
  self._options = options;
  self[own] = handle;
}

// Without Hash's own warning.
/** @this {any} @param {any} algorithm @param {any} options */
function MadeHash(algorithm, options) {
  openHash(this, algorithm, options);
}
MadeHash.prototype = Hash.prototype;

/** @param {any} algorithm @param {any} [options] */
function createHash(algorithm, options) {
  return new /** @type {any} */ (MadeHash)(algorithm, options);
}

/** @this {any} */
function MadeCopy(/** @type {any} */ handle, /** @type {any} */ options) {
  this._options = options;
  this[own] = handle;
}
MadeCopy.prototype = Hash.prototype;

function finalized() {
  return nodeError(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');
}

/** @this {any} @param {any} [options] */
function copy(options) {
  const handle = this[own];
  if (handle === null) throw finalized();
  return new /** @type {any} */ (MadeCopy)(hashCopy(handle, lengthIn(options)), options);
}

/** @this {any} @param {any} data @param {any} [encoding] */
function update(data, encoding) {
  const handle = this[own];
  if (handle === null) throw finalized();
  if (typeof data === 'string' && encoding === undefined) hashUpdate(handle, data);
  else hashUpdate(handle, dataOf(data, encoding));
  return this;
}

/** @this {any} @param {any} [encoding] */
function digest(encoding) {
  const handle = this[own];
  if (handle === null) {
    const bytes = this[given];
    if (bytes === undefined) throw finalized();
    this[given] = undefined;
    return shown(bytes, encoding);
  }
  this[own] = null;
  return finished(handle, encoding);
}

/** @param {NativeHash} handle @param {any} encoding */
function finished(handle, encoding) {
  if (!encoding) return wrap(hashFinish(handle, 0));
  const named = typeof encoding === 'string' ? encoding : `${encoding}`;
  const format = formatOf(named);
  return format === 0 ? shown(hashFinish(handle, 0), named === 'buffer' ? undefined : textEncoding(named)) : hashFinish(handle, format);
}

/** @this {any} @param {any} chunk @param {any} encoding @param {() => void} callback */
function transform(chunk, encoding, callback) {
  hashUpdate(this[own], dataOf(chunk, encoding));
  callback();
}

/** @this {any} @param {() => void} callback */
function flush(callback) {
  const bytes = hashFinish(this[own], 0);
  this[own] = null;
  // A digest after the end of the stream gives it again, once.
  this[given] = bytes;
  this.push(wrap(copyBytes(bytes)));
  callback();
}

Hash.prototype.copy = copy;
Hash.prototype._transform = transform;
Hash.prototype._flush = flush;
Hash.prototype.update = update;
Hash.prototype.digest = digest;

/** @this {any} @param {any} hmac @param {any} key @param {any} [options] */
function Hmac(hmac, key, options) {
  warnAboutHmac();
  if (!new.target) return new /** @type {any} */ (Hmac)(hmac, key, options);
  openHmac(this, hmac, key, options);
}
makeLazy(Hmac);

/** @param {any} self @param {any} hmac @param {any} key @param {any} options */
function openHmac(self, hmac, key, options) {
  requireString(hmac, 'hmac');
  const secret = secretOf(key, 'key', options?.encoding);
  let handle;
  try {
    handle = hmacOpen(hmac, secret);
  } catch (error) {
    if (/** @type {any} */ (error).code !== 'ERR_CRYPTO_INVALID_DIGEST') throw error;
  }
  if (handle === undefined) throw nodeError(Error, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${hmac}`);
  self._options = options;
  self[own] = handle;
}

/** @this {any} @param {any} hmac @param {any} key @param {any} options */
function MadeHmac(hmac, key, options) {
  openHmac(this, hmac, key, options);
}
MadeHmac.prototype = Hmac.prototype;

/** @param {any} hmac @param {any} key @param {any} [options] */
function createHmac(hmac, key, options) {
  return new /** @type {any} */ (MadeHmac)(hmac, key, options);
}

Hmac.prototype.update = update;
// A second digest of an HMAC is empty.
/** @param {any} [encoding] */
Hmac.prototype.digest = /** @this {any} */ function digest(encoding) {
  const handle = this[own];
  if (handle === null) return shown(new Uint8Array(0), encoding);
  this[own] = null;
  return finished(handle, encoding);
};
Hmac.prototype._flush = flush;
Hmac.prototype._transform = transform;

/** @param {any} algorithm @param {any} input @param {any} [options] */
function hash(algorithm, input, options) {
  requireString(algorithm, 'algorithm');
  if (typeof input !== 'string' && !isView(input)) throw invalidType('input', ['Buffer', 'TypedArray', 'DataView', 'string'], input);
  let encoding = 'hex';
  let length;
  if (typeof options === 'string') {
    encoding = options;
  } else if (options !== undefined) {
    if (typeof options !== 'object' || options === null) throw invalidType('options', ['object', 'string'], options);
    encoding = options.outputEncoding ?? 'hex';
    length = lengthIn(options);
    requireString(encoding, 'outputEncoding');
  }
  const isBuffer = encoding === 'buffer' || toLowerCase(encoding) === 'buffer';
  if (!isBuffer && encodingOf(encoding) === undefined) throw invalidValue('outputEncoding', encoding);
  const format = isBuffer ? 0 : formatOf(encoding);
  let result;
  try {
    result = hashOnce(algorithm, typeof input === 'string' ? input : bytesOf(input), format, length);
  } catch (error) {
    if (/** @type {any} */ (error).reason !== 'not XOF or invalid length') throw error;
    /** @type {any} */ (error).message = `Output length ${length} is invalid for ${algorithm}, which does not support XOF`;
    throw error;
  }
  if (result === undefined) throw nodeError(Error, 'ERR_OSSL_EVP_UNSUPPORTED', 'Digest method not supported');
  lookAtShake(algorithm, length);
  return typeof result === 'string' ? result : shown(result, isBuffer ? undefined : encoding);
}

/** @type {string[] | undefined} */
let names;
function getHashes() {
  names ??= hashNames();
  /** @type {string[]} */
  const list = [];
  for (let index = 0; index < names.length; index += 1) list[index] = names[index];
  return list;
}

defineProperty(MadeHash, 'name', { value: 'Hash' });

module.exports = { Hash, Hmac, createHash, createHmac, getHashes, hash };
