// The algorithms of secret keys: AES, ChaCha20-Poly1305, HMAC, KMAC, and those that keys are derived with (HKDF, PBKDF2, Argon2). Each takes the normalized
// algorithm and gives a value or a promise; what is short is done at once, what is long on the blocking pool.
'use strict';

const { DOMException } = require('builtins/domexception');
const { endsWith, includes, slice, startsWith, subarray, viewByteLength } = require('builtins/primordials');
const { notSupported, requireUsages } = require('web/crypto/algorithms');
const { checkJwk, dataError, numberIn } = require('web/crypto/jwk');
const { makeKey } = require('web/crypto/key');
const { argon2Bytes, base64UrlText, cipherWhole, equalBytes, hkdfBytes, hmacOnce, keyBytes, keyFromSecret, kmacOnce } = ops;
const { pbkdf2Bytes, randomFill } = ops;

/** @typedef {import('./algorithms').Algorithm} Algorithm */

/** From so many bytes on the pool does the work. */
const long = 64 * 1024;

/** @param {string} message */
function operationError(message) {
  return new DOMException(message, 'OperationError');
}

/** @param {number} length */
function randomBytes(length) {
  const bytes = new Uint8Array(length);
  randomFill(bytes, 0, length);
  return bytes;
}

const isAes = (/** @type {string} */ name) => startsWith(name, 'AES-');
const isKmac = (/** @type {string} */ name) => startsWith(name, 'KMAC');
const isArgon2 = (/** @type {string} */ name) => startsWith(name, 'Argon2');
const isDeriving = (/** @type {string} */ name) => name === 'HKDF' || name === 'PBKDF2' || isArgon2(name);

/** @param {string} name */
function usagesFor(name) {
  if (name === 'AES-KW') return ['wrapKey', 'unwrapKey'];
  if (name === 'HMAC' || isKmac(name)) return ['sign', 'verify'];
  if (isDeriving(name)) return ['deriveKey', 'deriveBits'];
  return ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];
}

/** The bits that a digest works on at once, which is how long a key of HMAC is. @type {Record<string, number>} */
const blockBits = {
  __proto__: /** @type {any} */ (null),
  'SHA-1': 512,
  'SHA-256': 512,
  'SHA-384': 1024,
  'SHA-512': 1024,
  'SHA3-256': 1088,
  'SHA3-384': 832,
  'SHA3-512': 576,
};

/** @param {Algorithm} algorithm */
function generate(algorithm, /** @type {boolean} */ extractable, /** @type {string[]} */ usages) {
  const { name } = algorithm;
  requireUsages(usages, usagesFor(name), isDeriving(name) ? `a ${name}` : name);
  /** @type {any} */
  const shown = { name };
  let bits = 256;
  if (isAes(name)) {
    bits = algorithm.length;
    if (bits !== 128 && bits !== 192 && bits !== 256) throw operationError('Invalid key length');
    shown.length = bits;
  } else if (name === 'HMAC') {
    bits = algorithm.length ?? blockBits[algorithm.hash.name];
    if (bits === 0) throw operationError('Zero-length key is not supported');
    shown.hash = { name: algorithm.hash.name };
    shown.length = bits;
  } else if (isKmac(name)) {
    bits = algorithm.length ?? (name === 'KMAC128' ? 128 : 256);
    if (bits === 0) throw operationError('Zero-length key is not supported');
    shown.length = bits;
  }
  if (usages.length === 0) throw new DOMException('Usages cannot be empty when creating a key.', 'SyntaxError');
  if (bits % 8 !== 0) throw notSupported('Unsupported key length');
  return makeKey(keyFromSecret(randomBytes(bits / 8)), 'secret', extractable, shown, usages);
}

/** What the `alg` of a JWK is. @param {string} name @param {number} bits @param {string} hash */
function jwkName(name, bits, hash) {
  if (name === 'ChaCha20-Poly1305') return 'C20P';
  if (isAes(name)) return `A${bits}${slice(name, 4)}`;
  if (isKmac(name)) return `K${slice(name, 4)}`;
  // There is no name for it.
  if (startsWith(hash, 'SHA3')) return undefined;
  return hash === 'SHA-1' ? 'HS1' : `HS${slice(hash, 4)}`;
}

/** @param {Algorithm} algorithm @param {string} format @param {any} data @param {boolean} extractable @param {string[]} usages */
function importKey(algorithm, format, data, extractable, usages) {
  const { name } = algorithm;
  requireUsages(usages, usagesFor(name), isDeriving(name) ? `a ${name}` : name);
  if (isDeriving(name) && extractable) throw new DOMException(`${name} keys are not extractable`, 'SyntaxError');
  const rawOnly = isArgon2(name) || name === 'ChaCha20-Poly1305' || name === 'AES-OCB' || isKmac(name);
  const isRaw = format === 'raw-secret' || (format === 'raw' && !rawOnly);
  /** @type {Uint8Array} */
  let bytes;
  if (isRaw) {
    bytes = data;
  } else if (format === 'jwk' && !isDeriving(name)) {
    bytes = fromJwk(algorithm, data, extractable, usages);
  } else {
    throw notSupported(`Unable to import ${name} using ${format} format`);
  }
  const bits = viewByteLength(bytes) * 8;
  /** @type {any} */
  const shown = { name };
  if (isAes(name)) {
    if (bits !== 128 && bits !== 192 && bits !== 256) throw dataError('Invalid key length');
    shown.length = bits;
  } else if (name === 'ChaCha20-Poly1305') {
    if (bits !== 256) throw dataError('Invalid key length');
  } else if (name === 'HMAC' || isKmac(name)) {
    if (bits === 0) throw dataError('Zero-length key is not supported');
    const { length } = algorithm;
    if (length === 0) throw dataError(`${name === 'HMAC' ? 'Hmac' : 'Kmac'}ImportParams.length cannot be 0`);
    if (length !== undefined && length % 8 !== 0) {
      throw notSupported(`Unsupported ${name === 'HMAC' ? 'Hmac' : 'Kmac'}ImportParams.length`);
    }
    if (length !== undefined && (length > bits || length <= bits - 8)) throw dataError('Invalid key length');
    if (name === 'HMAC') shown.hash = { name: algorithm.hash.name };
    shown.length = bits;
  }
  if (usages.length === 0) throw new DOMException('Usages cannot be empty when importing a secret key.', 'SyntaxError');
  return makeKey(keyFromSecret(bytes), 'secret', extractable, shown, usages);
}

/** @param {Algorithm} algorithm @param {any} jwk @param {boolean} extractable @param {string[]} usages */
function fromJwk(algorithm, jwk, extractable, usages) {
  const { name } = algorithm;
  checkJwk(jwk, 'oct', name === 'HMAC' || isKmac(name) ? 'sig' : 'enc', extractable, usages);
  const bytes = numberIn(jwk, 'k');
  const alg = jwkName(name, viewByteLength(bytes) * 8, algorithm.hash?.name ?? '');
  if (alg !== undefined && jwk.alg !== undefined && jwk.alg !== alg) throw dataError('JWK "alg" does not match the requested algorithm');
  return bytes;
}

/** @param {{ handle: NativeKey, algorithm: any, usages: string[], extractable: boolean }} key @param {string} format */
function exportKey(key, format) {
  const { name } = key.algorithm;
  const rawOnly = name === 'ChaCha20-Poly1305' || name === 'AES-OCB' || isKmac(name);
  const bytes = keyBytes(key.handle);
  if (format === 'raw-secret' || (format === 'raw' && !rawOnly)) return bytes;
  if (format !== 'jwk') throw notSupported(`Unable to export ${name} secret key using ${format} format`);
  /** @type {any} */
  const jwk = { kty: 'oct', k: base64UrlText(bytes) };
  const alg = jwkName(name, viewByteLength(bytes) * 8, key.algorithm.hash?.name ?? '');
  if (alg !== undefined) jwk.alg = alg;
  return jwk;
}

/** How many bits a key of this algorithm has; null if it may have any. @param {Algorithm} algorithm @returns {number | null} */
function keyLength(algorithm) {
  const { name } = algorithm;
  if (isAes(name)) {
    const { length } = algorithm;
    if (length !== 128 && length !== 192 && length !== 256) throw operationError('Invalid key length');
    return length;
  }
  if (name === 'ChaCha20-Poly1305') return 256;
  if (name === 'HMAC') {
    if (algorithm.length === undefined) return blockBits[algorithm.hash.name];
    if (algorithm.length === 0) throw new TypeError('Zero-length key is not supported');
    return algorithm.length;
  }
  if (isKmac(name)) return algorithm.length ?? (name === 'KMAC128' ? 128 : 256);
  return null;
}

/** @param {Algorithm} algorithm @param {{ handle: NativeKey, algorithm: any }} key @param {Uint8Array} data @param {boolean} encrypts */
function crypt(algorithm, key, data, encrypts) {
  const { name } = algorithm;
  const { iv, additionalData } = algorithm;
  const isLong = viewByteLength(data) >= long;
  const size = key.algorithm.length;
  if (name === 'AES-CBC') {
    if (viewByteLength(iv) !== 16) throw operationError('algorithm.iv must contain exactly 16 bytes');
    return cipherWhole(`aes-${size}-cbc`, encrypts, key.handle, iv, undefined, undefined, data, isLong);
  }
  if (name === 'AES-CTR') return counted(algorithm, key, data, isLong);
  const { tagLength = 128 } = algorithm;
  const length = viewByteLength(iv);
  let cipher = 'chacha20-poly1305';
  if (name === 'ChaCha20-Poly1305') {
    if (length !== 12) throw operationError('algorithm.iv must contain exactly 12 bytes');
    if (tagLength !== 128) throw operationError(`${tagLength} is not a valid ChaCha20-Poly1305 tag length`);
  } else {
    const allowed = name === 'AES-GCM' ? [32, 64, 96, 104, 112, 120, 128] : [64, 96, 128];
    if (!includes(allowed, tagLength)) throw operationError(`${tagLength} is not a valid ${name} tag length`);
    if (name === 'AES-OCB' && (length > 15 || length < 1)) throw operationError('algorithm.iv must be no more than 15 bytes');
    cipher = name === 'AES-GCM' ? `aes-${size}-gcm` : `aes-${size}-ocb`;
  }
  if (!encrypts && viewByteLength(data) < tagLength / 8) throw operationError('The provided data is too small.');
  return cipherWhole(cipher, encrypts, key.handle, iv, additionalData, tagLength / 8, data, isLong);
}

/** AES-CTR with a counter of some bits: it may come around once, where the cipher would carry into the rest of the block. @param {Algorithm} algorithm @param {any} key @param {Uint8Array} data @param {boolean} isLong */
function counted(algorithm, key, data, isLong) {
  const { counter, length } = algorithm;
  if (viewByteLength(counter) !== 16) throw operationError('algorithm.counter must contain exactly 16 bytes');
  if (length === 0 || length > 128) throw operationError('AES-CTR algorithm.length must be between 1 and 128');
  const cipher = `aes-${key.algorithm.length}-ctr`;
  const blocks = (viewByteLength(data) + 15 - ((viewByteLength(data) + 15) % 16)) / 16;
  // The blocks that are left before the counter is zero again.
  const size = 1n << BigInt(length);
  let value = 0n;
  for (let index = 0; index < 16; index += 1) value = (value << 8n) | BigInt(counter[index]);
  const left = size - (value % size);
  if (BigInt(blocks) > size) throw operationError('The counter would repeat');
  if (BigInt(blocks) <= left) return cipherWhole(cipher, true, key.handle, counter, undefined, undefined, data, isLong);
  const split = +`${left}` * 16;
  const first = cipherWhole(cipher, true, key.handle, counter, undefined, undefined, subarray(data, 0, split), false);
  let restarted = value - (value % size);
  const zero = new Uint8Array(16);
  for (let index = 15; index >= 0; index -= 1) {
    zero[index] = +`${restarted & 255n}`;
    restarted >>= 8n;
  }
  const second = cipherWhole(cipher, true, key.handle, zero, undefined, undefined, subarray(data, split), false);
  const whole = new Uint8Array(viewByteLength(data));
  for (let index = 0; index < split; index += 1) whole[index] = first[index];
  for (let index = split; index < viewByteLength(data); index += 1) whole[index] = second[index - split];
  return whole;
}

const firstBlock = new Uint8Array(8);
for (let index = 0; index < 8; index += 1) firstBlock[index] = 0xa6;

/** @param {{ handle: NativeKey, algorithm: any }} key @param {Uint8Array} data @param {boolean} wraps */
function wrap(key, data, wraps) {
  const length = viewByteLength(data);
  if (length % 8 !== 0 || length < (wraps ? 16 : 24))
    throw operationError('The data to wrap must be a multiple of 8 bytes, and 16 at least');
  return cipherWhole(`id-aes${key.algorithm.length}-wrap`, wraps, key.handle, firstBlock, undefined, undefined, data, false);
}

/** @param {Algorithm} algorithm @param {{ handle: NativeKey, algorithm: any }} key @param {Uint8Array} data */
function code(algorithm, key, data) {
  const { name } = algorithm;
  if (name === 'HMAC') return hmacOnce(key.algorithm.hash.name, key.handle, data);
  const { length, customization = new Uint8Array(0) } = algorithm;
  if (length % 8 !== 0) throw notSupported('Unsupported KmacParams length');
  return kmacOnce(name === 'KMAC128' ? 128 : 256, key.handle, customization, data, length / 8);
}

/** @param {Algorithm} algorithm @param {any} key @param {Uint8Array} signature @param {Uint8Array} data */
function isCode(algorithm, key, signature, data) {
  const expected = code(algorithm, key, data);
  return viewByteLength(expected) === viewByteLength(signature) && equalBytes(expected, signature);
}

/** @param {Algorithm} algorithm @param {{ handle: NativeKey }} key @param {number | null} length */
function deriveBits(algorithm, key, length) {
  const { name } = algorithm;
  if (length === null) throw operationError('length cannot be null');
  if (length % 8 !== 0) throw operationError('length must be a multiple of 8');
  if (name === 'HKDF') {
    return hkdfBytes(algorithm.hash.name, key.handle, algorithm.salt, algorithm.info, length / 8, false);
  }
  if (name === 'PBKDF2') {
    if (algorithm.iterations === 0) throw operationError('iterations cannot be zero');
    if (length === 0) return new Uint8Array(0);
    const isLong = algorithm.iterations * length > 256 * 1000;
    return pbkdf2Bytes(algorithm.hash.name, key.handle, algorithm.salt, algorithm.iterations, length / 8, isLong);
  }
  const { memory, nonce, parallelism, passes, secretValue, associatedData, version } = algorithm;
  if (length < 32) throw operationError('length must be 32 bits at least');
  if (version !== undefined && version !== 0x13) throw operationError('version must be 19');
  if (parallelism === 0 || parallelism >= 2 ** 24) throw operationError('parallelism must be from 1 to 2^24 - 1');
  if (memory < 8 * parallelism) throw operationError('memory must be 8 times the degree of parallelism at least');
  if (passes === 0) throw operationError('passes must be 1 at least');
  if (viewByteLength(nonce) < 8) throw operationError('nonce must be 8 bytes at least');
  const costs = [parallelism, length / 8, memory, passes];
  const kind = endsWith(name, 'id') ? 'argon2id' : endsWith(name, 'd') ? 'argon2d' : 'argon2i';
  return argon2Bytes(kind, key.handle, nonce, costs, secretValue, associatedData, true);
}

module.exports = { code, crypt, deriveBits, exportKey, generate, importKey, isCode, keyLength, operationError, wrap };
