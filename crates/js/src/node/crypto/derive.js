// Keys from passwords and from other keys (https://nodejs.org/api/crypto.html#cryptopbkdf2password-salt-iterations-keylen-digest-callback).
'use strict';

const { invalidType, nodeError, outOfRange } = require('node/errors');
const { requireFunction, requireInteger, requireObject, requireOneOf, requireString } = require('node/arguments');
const { wrap } = /** @type {any} */ (require('node/buffer/buffer'));
const { heldBy, secretOf } = require('node/crypto/keys');
const { bytesFrom, tell } = require('node/crypto/values');
const { isSharedBufferSource } = require('builtins/webidl');
const { viewBuffer, viewByteLength } = require('builtins/primordials');
const { argon2Bytes, hashOpen, hkdfBytes, pbkdf2Bytes, scryptBytes } = ops;

const most = 2 ** 31 - 1;

/** @param {string} digest */
function requireDigest(digest) {
  if (hashOpen(digest, undefined) === undefined) throw nodeError(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${digest}`);
}

/** @param {any} password @param {any} salt @param {any} iterations @param {any} length @param {any} digest */
function checkPbkdf2(password, salt, iterations, length, digest) {
  requireString(digest, 'digest');
  const secret = heldBy(password) === undefined ? bytesFrom(password, 'password') : secretOf(password, 'password');
  const seed = bytesFrom(salt, 'salt');
  requireInteger(iterations, 'iterations', 1, most);
  requireInteger(length, 'keylen', 0, most);
  return { secret, seed };
}

/** @param {any} password @param {any} salt @param {any} iterations @param {any} length @param {any} digest @param {any} callback */
function pbkdf2(password, salt, iterations, length, digest, callback) {
  let told = callback;
  let name = digest;
  if (typeof digest === 'function') {
    told = digest;
    name = undefined;
  }
  const { secret, seed } = checkPbkdf2(password, salt, iterations, length, name);
  requireFunction(told, 'callback');
  requireDigest(name);
  tell(pbkdf2Bytes(name, secret, seed, iterations, length, true), told, wrap);
}

/** @param {any} password @param {any} salt @param {any} iterations @param {any} length @param {any} digest */
function pbkdf2Sync(password, salt, iterations, length, digest) {
  const { secret, seed } = checkPbkdf2(password, salt, iterations, length, digest);
  requireDigest(digest);
  return wrap(/** @type {Uint8Array} */ (pbkdf2Bytes(digest, secret, seed, iterations, length, false)));
}

/** @param {any} digest @param {any} key @param {any} salt @param {any} info @param {any} length */
function checkHkdf(digest, key, salt, info, length) {
  requireString(digest, 'digest');
  const held = heldBy(key);
  if (held === undefined && typeof key !== 'string' && !isSharedBufferSource(key)) {
    throw invalidType('ikm', ['string', 'SecretKeyObject', 'ArrayBuffer', 'TypedArray', 'DataView', 'Buffer'], key);
  }
  const secret = held === undefined ? bytesFrom(key, 'ikm') : secretOf(key, 'ikm');
  const seed = bytesFrom(salt, 'salt');
  const about = bytesFrom(info, 'info');
  requireInteger(length, 'length', 0, most);
  if (viewByteLength(about) > 1024) throw outOfRange('info', 'must not contain more than 1024 bytes', viewByteLength(about));
  return { secret, seed, about };
}

/** @param {Uint8Array | Promise<Uint8Array>} bytes */
const bufferOf = (bytes) => viewBuffer(bytes);

/** @param {any} digest @param {any} key @param {any} salt @param {any} info @param {any} length @param {any} callback */
function hkdf(digest, key, salt, info, length, callback) {
  const { secret, seed, about } = checkHkdf(digest, key, salt, info, length);
  requireFunction(callback, 'callback');
  requireHkdf(digest, length);
  tell(hkdfBytes(digest, secret, seed, about, length, true), callback, bufferOf);
}

/** @param {any} digest @param {number} length */
function requireHkdf(digest, length) {
  requireDigest(digest);
  // What is too long is told before the pool has it.
  hkdfBytes(digest, new Uint8Array(0), new Uint8Array(0), new Uint8Array(0), length > 255 * 64 ? length : 0, false);
}

/** @param {any} digest @param {any} key @param {any} salt @param {any} info @param {any} length */
function hkdfSync(digest, key, salt, info, length) {
  const { secret, seed, about } = checkHkdf(digest, key, salt, info, length);
  requireDigest(digest);
  return bufferOf(hkdfBytes(digest, secret, seed, about, length, false));
}

/** @param {any} given @param {string} first @param {string} second @param {number} otherwise @param {number} top */
function cost(given, first, second, otherwise, top) {
  const long = given[first];
  const short = given[second];
  if (long !== undefined) {
    requireInteger(long, first, 0, top);
    if (short !== undefined) {
      throw nodeError(TypeError, 'ERR_INCOMPATIBLE_OPTION_PAIR', `Option "${first}" cannot be used in combination with option "${second}"`);
    }
    return long || otherwise;
  }
  if (short === undefined) return otherwise;
  requireInteger(short, second, 0, top);
  return short || otherwise;
}

/** @param {any} password @param {any} salt @param {any} length @param {any} options */
function checkScrypt(password, salt, length, options) {
  const secret = bytesFrom(password, 'password');
  const seed = bytesFrom(salt, 'salt');
  requireInteger(length, 'keylen', 0, most);
  const wish = { n: 16384, r: 8, p: 1, memory: 32 << 20 };
  if (options && options !== null) {
    wish.n = cost(options, 'N', 'cost', wish.n, 4294967295);
    wish.r = cost(options, 'r', 'blockSize', wish.r, 4294967295);
    wish.p = cost(options, 'p', 'parallelization', wish.p, 4294967295);
    if (options.maxmem !== undefined) {
      requireInteger(options.maxmem, 'maxmem', 0);
      wish.memory = options.maxmem || wish.memory;
    }
  }
  return { secret, seed, wish };
}

/** @param {any} error */
function scryptError(error) {
  return error?.code === 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS' ? nodeError(RangeError, error.code, error.message) : error;
}

/** @param {any} password @param {any} salt @param {any} length @param {any} options @param {any} [callback] */
function scrypt(password, salt, length, options, callback) {
  const told = typeof options === 'function' ? options : callback;
  const { secret, seed, wish } = checkScrypt(password, salt, length, typeof options === 'function' ? undefined : options);
  requireFunction(told, 'callback');
  let promise;
  try {
    promise = scryptBytes(secret, seed, wish.n, wish.r, wish.p, wish.memory, length, true);
  } catch (error) {
    throw scryptError(error);
  }
  tell(promise, told, wrap);
}

/** @param {any} password @param {any} salt @param {any} length @param {any} [options] */
function scryptSync(password, salt, length, options) {
  const { secret, seed, wish } = checkScrypt(password, salt, length, options);
  try {
    return wrap(/** @type {Uint8Array} */ (scryptBytes(secret, seed, wish.n, wish.r, wish.p, wish.memory, length, false)));
  } catch (error) {
    throw scryptError(error);
  }
}

/** @param {any} algorithm @param {any} parameters */
function checkArgon2(algorithm, parameters) {
  requireString(algorithm, 'algorithm');
  requireOneOf(algorithm, 'algorithm', ['argon2d', 'argon2i', 'argon2id']);
  requireObject(parameters, 'parameters');
  const { parallelism, tagLength, memory, passes } = parameters;
  const message = bytesFrom(parameters.message, 'parameters.message');
  requireInteger(viewByteLength(message), 'parameters.message.byteLength', 0, 4294967295);
  const nonce = bytesFrom(parameters.nonce, 'parameters.nonce');
  requireInteger(viewByteLength(nonce), 'parameters.nonce.byteLength', 8, 4294967295);
  requireInteger(parallelism, 'parameters.parallelism', 1, 2 ** 24 - 1);
  requireInteger(tagLength, 'parameters.tagLength', 4, 4294967295);
  requireInteger(memory, 'parameters.memory', 8 * parallelism, 4294967295);
  requireInteger(passes, 'parameters.passes', 1, 4294967295);
  const secret = parameters.secret === undefined ? undefined : bytesFrom(parameters.secret, 'parameters.secret');
  const data = parameters.associatedData === undefined ? undefined : bytesFrom(parameters.associatedData, 'parameters.associatedData');
  return { message, nonce, costs: [parallelism, tagLength, memory, passes], secret, data };
}

/** @param {any} algorithm @param {any} parameters @param {any} callback */
function argon2(algorithm, parameters, callback) {
  const wish = checkArgon2(algorithm, parameters);
  requireFunction(callback, 'callback');
  tell(argon2Bytes(algorithm, wish.message, wish.nonce, wish.costs, wish.secret, wish.data, true), callback, wrap);
}

/** @param {any} algorithm @param {any} parameters */
function argon2Sync(algorithm, parameters) {
  const wish = checkArgon2(algorithm, parameters);
  return wrap(/** @type {Uint8Array} */ (argon2Bytes(algorithm, wish.message, wish.nonce, wish.costs, wish.secret, wish.data, false)));
}

module.exports = { argon2, argon2Sync, hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync };
