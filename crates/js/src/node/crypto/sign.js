// Sign, Verify, `sign` and `verify` (https://nodejs.org/api/crypto.html#class-sign).
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireFunction, requireString } = require('node/arguments');
const { wrap } = /** @type {any} */ (require('node/buffer/buffer'));
const { keyOf } = require('node/crypto/keys');
const { bytesFrom, dataOf, shown, tell, viewFrom } = require('node/crypto/values');
const { apply, isView, setPrototypeOf } = require('builtins/primordials');
const { bytesOf } = require('builtins/webidl');
const { hashFinish, hashOpen, hashUpdate, signBytes, verifyBytes } = ops;
const { Writable } = /** @type {any} */ (require('node/stream/module'));

const own = Symbol('the digest and its name');

/** @param {any} self @param {any} algorithm @param {any} options */
function open(self, algorithm, options) {
  requireString(algorithm, 'algorithm');
  const hash = hashOpen(algorithm, undefined);
  if (hash === undefined) throw nodeError(Error, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${algorithm}`);
  self[own] = { hash, algorithm };
  apply(Writable, self, [options]);
}

/** @this {any} @param {any} algorithm @param {any} [options] */
function Sign(algorithm, options) {
  if (!new.target) return new /** @type {any} */ (Sign)(algorithm, options);
  open(this, algorithm, options);
}
/** @this {any} @param {any} algorithm @param {any} [options] */
function Verify(algorithm, options) {
  if (!new.target) return new /** @type {any} */ (Verify)(algorithm, options);
  open(this, algorithm, options);
}

/** @this {any} @param {any} chunk @param {any} encoding @param {() => void} callback */
function write(chunk, encoding, callback) {
  this.update(chunk, encoding);
  callback();
}

/** @this {any} @param {any} data @param {any} [encoding] */
function update(data, encoding) {
  hashUpdate(this[own].hash, dataOf(data, encoding));
  return this;
}

const both = [Sign, Verify];
for (let index = 0; index < 2; index += 1) {
  const Class = /** @type {any} */ (both[index]);
  setPrototypeOf(Class.prototype, Writable.prototype);
  setPrototypeOf(Class, Writable);
  Class.prototype._write = write;
  Class.prototype.update = update;
}

/** How options say that a key signs. @param {any} options @returns {{ padding: number | undefined, saltLength: number | undefined, isP1363: boolean, context: Uint8Array | undefined }} */
function wishIn(options) {
  if (typeof options !== 'object' || options === null)
    return { padding: undefined, saltLength: undefined, isP1363: false, context: undefined };
  const { padding, saltLength, dsaEncoding, context } = options;
  if (padding !== undefined && !(typeof padding === 'number' && (padding | 0) === padding)) throw invalidValue('options.padding', padding);
  if (saltLength !== undefined && !(typeof saltLength === 'number' && (saltLength | 0) === saltLength)) {
    throw invalidValue('options.saltLength', saltLength);
  }
  if (dsaEncoding !== undefined && dsaEncoding !== 'der' && dsaEncoding !== 'ieee-p1363')
    throw invalidValue('options.dsaEncoding', dsaEncoding);
  if (context !== undefined && !isView(context)) throw invalidType('options.context', ['Buffer', 'TypedArray', 'DataView'], context);
  return { padding, saltLength, isP1363: dsaEncoding === 'ieee-p1363', context: context === undefined ? undefined : bytesOf(context) };
}

/** @param {any} options @param {any} [encoding] */
/** @type {any} */ (Sign).prototype.sign = /** @this {any} */ function sign(/** @type {any} */ options, /** @type {any} */ encoding) {
  if (!options) throw nodeError(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
  const { handle } = keyOf(options, true);
  const { padding, saltLength, isP1363 } = wishIn(options);
  const { hash, algorithm } = this[own];
  const digest = hashFinish(hash, 0);
  const signature = signBytes(handle, algorithm, padding, saltLength, isP1363, undefined, digest, true, false);
  return shown(/** @type {Uint8Array} */ (signature), encoding);
};

/** @type {any} */ (Verify).prototype.verify = /** @this {any} */ function verify(
  /** @type {any} */ options,
  /** @type {any} */ signature,
  /** @type {any} */ encoding,
) {
  const { handle } = keyOf(options, false);
  const { padding, saltLength, isP1363 } = wishIn(options);
  const given = bytesFrom(signature, 'signature', encoding);
  const { hash, algorithm } = this[own];
  const digest = hashFinish(hash, 0);
  return verifyBytes(handle, algorithm, padding, saltLength, isP1363, undefined, digest, true, given, false);
};

/** @param {any} algorithm @param {any} [options] */
function createSign(algorithm, options) {
  return new /** @type {any} */ (Sign)(algorithm, options);
}
/** @param {any} algorithm @param {any} [options] */
function createVerify(algorithm, options) {
  return new /** @type {any} */ (Verify)(algorithm, options);
}

/** The digest of a call; undefined for the key's own. @param {any} algorithm */
function digestOf(algorithm) {
  if (algorithm === undefined || algorithm === null) return undefined;
  requireString(algorithm, 'algorithm');
  return algorithm;
}

/** @param {any} algorithm @param {any} data @param {any} key @param {any} [callback] */
function sign(algorithm, data, key, callback) {
  const name = digestOf(algorithm);
  if (callback !== undefined) requireFunction(callback, 'callback');
  const bytes = sourceOf(data, 'data');
  if (!key) throw nodeError(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
  const wish = wishIn(key);
  const { handle } = keyOf(key, true);
  const later = callback !== undefined;
  const signature = signBytes(handle, name, wish.padding, wish.saltLength, wish.isP1363, wish.context, bytes, false, later);
  if (!later) return wrap(/** @type {Uint8Array} */ (signature));
  tell(signature, callback, wrap);
  return undefined;
}

/** @param {any} algorithm @param {any} data @param {any} key @param {any} signature @param {any} [callback] */
function verify(algorithm, data, key, signature, callback) {
  const name = digestOf(algorithm);
  if (callback !== undefined) requireFunction(callback, 'callback');
  const bytes = sourceOf(data, 'data');
  const wish = wishIn(key);
  const given = sourceOf(signature, 'signature');
  const { handle } = keyOf(key, false);
  const later = callback !== undefined;
  const result = verifyBytes(handle, name, wish.padding, wish.saltLength, wish.isP1363, wish.context, bytes, false, given, later);
  if (!later) return result;
  tell(result, callback);
  return undefined;
}

/** @param {any} value @param {string} name */
function sourceOf(value, name) {
  return typeof value === 'string' ? bytesFrom(value, name) : isView(value) ? viewFrom(value, name) : bytesFrom(value, name);
}

module.exports = { Sign, Verify, createSign, createVerify, sign, verify };
