// New keys and primes (https://nodejs.org/api/crypto.html#cryptogeneratekeypairtype-options-callback).
'use strict';

const { invalidType, invalidValue, nodeError, outOfRange } = require('node/errors');
const { requireBoolean, requireFunction, requireInteger, requireObject, requireOneOf, requireString } = require('node/arguments');
const { encodingIn, made, written } = require('node/crypto/keys');
const { tell } = require('node/crypto/values');
const { bytesOf, isSharedBufferSource } = require('builtins/webidl');
const { defineProperty, padStart, symbolFor, viewBuffer, viewByteLength, withResolvers } = require('builtins/primordials');
const { dhOpen, hashOpen, keyFromSecret, keyPair, keyPublic, primeCheck, primeGenerate, randomFill } = ops;

const unsigned = 4294967295;

/** @param {any} value @param {string} name */
function requireUnsigned(value, name) {
  requireInteger(value, name, 0, unsigned);
}

/** @param {string | undefined} name @param {string} what */
function requireDigest(name, what) {
  if (name !== undefined && hashOpen(name, undefined) === undefined) {
    throw nodeError(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid ${what}: ${name}`);
  }
}

/** @param {string} type @param {any} options @returns {[string, any[]]} the kind and its parameters */
function kindOf(type, options) {
  const plain = ['ed25519', 'ed448', 'x25519', 'x448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87', 'ml-kem-512', 'ml-kem-768', 'ml-kem-1024'];
  for (let index = 0; index < plain.length; index += 1) if (plain[index] === type) return [type, []];
  if (type === 'rsa' || type === 'rsa-pss') {
    requireObject(options, 'options');
    const { modulusLength, publicExponent } = options;
    requireUnsigned(modulusLength, 'options.modulusLength');
    if (publicExponent !== undefined && publicExponent !== null) requireUnsigned(publicExponent, 'options.publicExponent');
    const exponent = publicExponent ?? 0x10001;
    if (type === 'rsa') return [type, [modulusLength, exponent]];
    const { saltLength, hashAlgorithm, mgf1HashAlgorithm, hash, mgf1Hash } = options;
    if (saltLength !== undefined) requireInteger(saltLength, 'options.saltLength', 0, 2147483647);
    if (hashAlgorithm !== undefined) requireString(hashAlgorithm, 'options.hashAlgorithm');
    if (mgf1HashAlgorithm !== undefined) requireString(mgf1HashAlgorithm, 'options.mgf1HashAlgorithm');
    if (hash !== undefined) requireString(hash, 'options.hash');
    if (mgf1Hash !== undefined) requireString(mgf1Hash, 'options.mgf1Hash');
    requireDigest(hashAlgorithm ?? hash, 'digest');
    requireDigest(mgf1HashAlgorithm ?? mgf1Hash, 'MGF1 digest');
    return [type, [modulusLength, exponent, hashAlgorithm ?? hash, mgf1HashAlgorithm ?? mgf1Hash, saltLength]];
  }
  if (type === 'dsa') {
    requireObject(options, 'options');
    requireUnsigned(options.modulusLength, 'options.modulusLength');
    if (options.divisorLength !== undefined && options.divisorLength !== null)
      requireInteger(options.divisorLength, 'options.divisorLength', 0, 2147483647);
    return [type, [options.modulusLength]];
  }
  if (type === 'ec') {
    requireObject(options, 'options');
    requireString(options.namedCurve, 'options.namedCurve');
    const { paramEncoding } = options;
    if (paramEncoding !== undefined && paramEncoding !== null && paramEncoding !== 'named' && paramEncoding !== 'explicit') {
      throw invalidValue('options.paramEncoding', paramEncoding);
    }
    return [type, [options.namedCurve, paramEncoding === 'explicit']];
  }
  if (type === 'dh') return [type, dhParameters(options)];
  throw invalidValue('type', type, 'must be a supported key type');
}

/** @param {any} options */
function dhParameters(options) {
  requireObject(options, 'options');
  const { group, primeLength, prime, generator } = options;
  /** @param {string} one @param {string} other */
  const together = (one, other) =>
    nodeError(TypeError, 'ERR_INCOMPATIBLE_OPTION_PAIR', `Option "${one}" cannot be used in combination with option "${other}"`);
  if (group !== undefined && group !== null) {
    if (prime !== undefined && prime !== null) throw together('group', 'prime');
    if (primeLength !== undefined && primeLength !== null) throw together('group', 'primeLength');
    if (generator !== undefined && generator !== null) throw together('group', 'generator');
    requireString(group, 'options.group');
    if (dhOpen(group, undefined) === undefined) throw nodeError(Error, 'ERR_CRYPTO_UNKNOWN_DH_GROUP', 'Unknown DH group');
    return [group];
  }
  if (prime !== undefined && prime !== null) {
    if (primeLength !== undefined && primeLength !== null) throw together('prime', 'primeLength');
    if (!isSharedBufferSource(prime)) throw invalidType('options.prime', ['Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], prime);
  } else if (primeLength !== undefined && primeLength !== null) {
    requireInteger(primeLength, 'options.primeLength', 0, 2147483647);
  } else {
    throw nodeError(TypeError, 'ERR_MISSING_OPTION', 'At least one of the group, prime, or primeLength options is required');
  }
  if (generator !== undefined && generator !== null) requireInteger(generator, 'options.generator', 0, 2147483647);
  return [prime ?? primeLength, generator ?? 2];
}

/** How both halves are given out. @param {string} type @param {any} options */
function formsIn(type, options) {
  const { publicKeyEncoding, privateKeyEncoding } = options ?? {};
  const kind = type;
  if (publicKeyEncoding !== undefined && publicKeyEncoding !== null) {
    if (typeof publicKeyEncoding !== 'object') throw invalidValue('options.publicKeyEncoding', publicKeyEncoding);
    if (publicKeyEncoding.format !== 'jwk') encodingIn(kind, 'public', publicKeyEncoding, 'options.publicKeyEncoding');
  }
  if (privateKeyEncoding !== undefined && privateKeyEncoding !== null) {
    if (typeof privateKeyEncoding !== 'object') throw invalidValue('options.privateKeyEncoding', privateKeyEncoding);
    if (privateKeyEncoding.format !== 'jwk') encodingIn(kind, 'private', privateKeyEncoding, 'options.privateKeyEncoding');
  }
  return { publicForm: publicKeyEncoding ?? undefined, privateForm: privateKeyEncoding ?? undefined };
}

/** @param {NativeKey} handle @param {'public' | 'private'} half @param {any} form */
function given(handle, half, form) {
  const key = made(half, handle);
  if (form === undefined) return key;
  return form.format === 'jwk' ? key.export(form) : written(handle, half, form, 'options');
}

/** @param {any} type @param {any} options @param {any} [callback] */
function generateKeyPair(type, options, callback) {
  const told = typeof options === 'function' ? options : callback;
  const wish = typeof options === 'function' ? undefined : options;
  requireString(type, 'type');
  if (wish !== undefined) requireObject(wish, 'options');
  const forms = formsIn(type, wish);
  const kind = kindOf(type, wish);
  requireFunction(told, 'callback');
  /** @type {any} */
  let results;
  tell(
    keyPair(kind[0], kind[1], true),
    (error) => (error ? told(error) : told(null, results.publicKey, results.privateKey)),
    (handle) => {
      results = {
        publicKey: given(keyPublic(handle), 'public', forms.publicForm),
        privateKey: given(handle, 'private', forms.privateForm),
      };
    },
  );
}
defineProperty(generateKeyPair, symbolFor('nodejs.util.promisify.custom'), {
  value(/** @type {any} */ type, /** @type {any} */ options) {
    const { promise, resolve, reject } = withResolvers();
    generateKeyPair(type, options, (/** @type {any} */ error, /** @type {any} */ publicKey, /** @type {any} */ privateKey) => {
      if (error) reject(error);
      else resolve({ publicKey, privateKey });
    });
    return promise;
  },
  configurable: true,
});

/** @param {any} type @param {any} [options] */
function generateKeyPairSync(type, options) {
  requireString(type, 'type');
  if (options !== undefined) requireObject(options, 'options');
  const forms = formsIn(type, options);
  const kind = kindOf(type, options);
  const handle = /** @type {NativeKey} */ (keyPair(kind[0], kind[1], false));
  return { publicKey: given(keyPublic(handle), 'public', forms.publicForm), privateKey: given(handle, 'private', forms.privateForm) };
}

/** @param {any} type @param {any} options */
function newSecret(type, options) {
  requireString(type, 'type');
  requireObject(options, 'options');
  const { length } = options;
  if (type === 'hmac') requireInteger(length, 'options.length', 8, 2147483647);
  else if (type === 'aes') requireOneOf(length, 'options.length', /** @type {any} */ ([128, 192, 256]));
  else throw invalidValue('type', type, 'must be a supported key type');
  return () => {
    const bytes = new Uint8Array((length - (length % 8)) / 8);
    randomFill(bytes, 0, viewByteLength(bytes));
    return made('secret', keyFromSecret(bytes));
  };
}

/** @param {any} type @param {any} options @param {any} callback */
function generateKey(type, options, callback) {
  const make = newSecret(type, options);
  requireFunction(callback, 'callback');
  tell(primeCheck(new Uint8Array([3]), 1, true), callback, make);
}

/** @param {any} type @param {any} options */
function generateKeySync(type, options) {
  return newSecret(type, options)();
}

// ---- primes

/** @param {bigint} number @param {string} name */
function bytesOfNumber(number, name) {
  if (number < 0n) throw outOfRange(name, '>= 0', number);
  const digits = bigText(number);
  const even = padStart(digits, digits.length + (digits.length % 2), '0');
  const bytes = new Uint8Array(even.length / 2);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = +`0x${even[index * 2]}${even[index * 2 + 1]}`;
  return bytes;
}

const digitsOf = '0123456789abcdef';
/** @param {bigint} number */
function bigText(number) {
  let text = '';
  for (let rest = number; rest > 0n; rest >>= 4n) text = digitsOf[+`${rest & 15n}`] + text;
  return text === '' ? '0' : text;
}

/** @param {any} value @param {string} name */
function numberBytes(value, name) {
  if (typeof value === 'bigint') return bytesOfNumber(value, name);
  if (!isSharedBufferSource(value)) throw invalidType(name, ['ArrayBuffer', 'TypedArray', 'Buffer', 'DataView', 'bigint'], value);
  return bytesOf(value);
}

/** @param {any} bits @param {any} options */
function primeWish(bits, options) {
  requireInteger(bits, 'size', 1, 2 ** 31 - 1);
  requireObject(options, 'options');
  const { safe = false, bigint = false } = options;
  requireBoolean(safe, 'options.safe');
  requireBoolean(bigint, 'options.bigint');
  const add = options.add === undefined ? undefined : numberBytes(options.add, 'options.add');
  const rem = options.rem === undefined ? undefined : numberBytes(options.rem, 'options.rem');
  if (add !== undefined) {
    const divisor = toBigInt(add);
    if (bitsOf(divisor) > bits) throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', 'invalid options.add');
    if (rem !== undefined && divisor <= toBigInt(rem)) throw nodeError(RangeError, 'ERR_OUT_OF_RANGE', 'invalid options.rem');
  }
  return { safe, bigint, add, rem };
}

/** @param {bigint} number */
function bitsOf(number) {
  let bits = 0;
  for (let rest = number; rest > 0n; rest >>= 1n) bits += 1;
  return bits;
}

/** @param {Uint8Array} bytes */
function toBigInt(bytes) {
  let number = 0n;
  for (let index = 0; index < viewByteLength(bytes); index += 1) number = (number << 8n) | BigInt(bytes[index]);
  return number;
}

/** @param {any} size @param {any} options @param {any} [callback] */
function generatePrime(size, options, callback) {
  const told = typeof options === 'function' ? options : callback;
  const wish = primeWish(size, typeof options === 'function' ? {} : options);
  requireFunction(told, 'callback');
  tell(primeGenerate(size, wish.safe, wish.add, wish.rem, true), told, (bytes) => (wish.bigint ? toBigInt(bytes) : viewBuffer(bytes)));
}

/** @param {any} size @param {any} [options] */
function generatePrimeSync(size, options = {}) {
  const wish = primeWish(size, options);
  const bytes = /** @type {Uint8Array} */ (primeGenerate(size, wish.safe, wish.add, wish.rem, false));
  return wish.bigint ? toBigInt(bytes) : viewBuffer(bytes);
}

/** @param {any} candidate @param {any} options */
function checkWish(candidate, options) {
  const bytes = numberBytes(candidate, 'candidate');
  requireObject(options, 'options');
  const { checks = 0 } = options;
  requireInteger(checks, 'options.checks', 0, 2 ** 31 - 1);
  return { bytes, checks };
}

/** @param {any} candidate @param {any} options @param {any} [callback] */
function checkPrime(candidate, options, callback) {
  const told = typeof options === 'function' ? options : callback;
  const { bytes, checks } = checkWish(candidate, typeof options === 'function' ? {} : options);
  requireFunction(told, 'callback');
  tell(primeCheck(bytes, checks, true), told);
}

/** @param {any} candidate @param {any} [options] */
function checkPrimeSync(candidate, options = {}) {
  const { bytes, checks } = checkWish(candidate, options);
  return primeCheck(bytes, checks, false);
}

module.exports = {
  checkPrime,
  checkPrimeSync,
  generateKey,
  generateKeyPair,
  generateKeyPairSync,
  generateKeySync,
  generatePrime,
  generatePrimeSync,
};
