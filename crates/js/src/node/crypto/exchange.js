// DiffieHellman, DiffieHellmanGroup, ECDH and `diffieHellman` (https://nodejs.org/api/crypto.html#class-diffiehellman).
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireFunction, requireInteger, requireObject, requireString } = require('node/arguments');
const { encodingOf, wrap } = /** @type {any} */ (require('node/buffer/buffer'));
const { heldBy, keyOf, wrongType } = require('node/crypto/keys');
const { bytesFrom, shown, tell } = require('node/crypto/values');
const { deprecated } = require('node/process/warnings');
const { catchRejection, defineProperty, max } = require('builtins/primordials');
const { isSharedBufferSource } = require('builtins/webidl');
const { agreeSecret, decapsulateSecret, dhFaults, dhGenerate, dhNumber, dhOpen, dhSecret, dhSet, keyKind } = ops;
const { ecdhConvert, ecdhGenerate, ecdhOpen, ecdhPrivate, ecdhPublic, ecdhSecret, ecdhSet, encapsulateSecret } = ops;

const warnOfPublicKey = deprecated('ecdh.setPublicKey() is deprecated.', 'DEP0031');

const own = Symbol('the exchange');

/** @this {any} @param {any} sizeOrKey @param {any} [keyEncoding] @param {any} [generator] @param {any} [genEncoding] */
function DiffieHellman(sizeOrKey, keyEncoding, generator, genEncoding) {
  if (!new.target) return new /** @type {any} */ (DiffieHellman)(sizeOrKey, keyEncoding, generator, genEncoding);
  if (typeof sizeOrKey !== 'number' && typeof sizeOrKey !== 'string' && !isSharedBufferSource(sizeOrKey)) {
    throw invalidType('sizeOrKey', ['number', 'string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], sizeOrKey);
  }
  if (typeof sizeOrKey === 'number') requireInteger(sizeOrKey, 'sizeOrKey', -(2 ** 31), 2 ** 31 - 1);
  let primeEncoding = keyEncoding;
  let base = generator;
  let baseEncoding = genEncoding;
  if (keyEncoding && encodingOf(keyEncoding) === undefined && keyEncoding !== 'buffer') {
    baseEncoding = generator;
    base = keyEncoding;
    primeEncoding = false;
  }
  if (typeof sizeOrKey !== 'number') primeEncoding ||= undefined;
  if (!base) {
    base = 2;
  } else if (typeof base === 'number') {
    requireInteger(base, 'generator', -(2 ** 31), 2 ** 31 - 1);
  } else if (typeof base === 'string') {
    base = bytesFrom(base, 'generator', baseEncoding || undefined);
  } else if (!isSharedBufferSource(base)) {
    throw invalidType('generator', ['number', 'string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], base);
  }
  if (typeof base === 'number' && base < 0) base = 0;
  const first = typeof sizeOrKey === 'number' ? max(sizeOrKey, 0) : bytesFrom(sizeOrKey, 'sizeOrKey', primeEncoding);
  this[own] = dhOpen(first, base);
}

/** @this {any} @param {any} name */
function DiffieHellmanGroup(name) {
  if (!new.target) return new /** @type {any} */ (DiffieHellmanGroup)(name);
  requireString(name, 'name');
  const handle = dhOpen(name, undefined);
  if (handle === undefined) throw nodeError(Error, 'ERR_CRYPTO_UNKNOWN_DH_GROUP', 'Unknown DH group');
  this[own] = handle;
}

/** @this {any} @param {any} [encoding] */
function generateKeys(encoding) {
  return shown(dhGenerate(this[own]), encoding);
}
/** @this {any} @param {any} key @param {any} [inputEncoding] @param {any} [outputEncoding] */
function computeSecret(key, inputEncoding, outputEncoding) {
  return shown(dhSecret(this[own], bytesFrom(key, 'otherPublicKey', inputEncoding || undefined)), outputEncoding);
}
/** @param {number} which @param {string} missing */
function getter(which, missing) {
  return /** @this {any} */ function get(/** @type {any} */ encoding) {
    const bytes = dhNumber(this[own], which);
    if (bytes === undefined) throw nodeError(Error, 'ERR_CRYPTO_INVALID_STATE', missing);
    return shown(bytes, encoding);
  };
}
const methods = {
  generateKeys,
  computeSecret,
  getPrime: getter(0, ''),
  getGenerator: getter(1, ''),
  getPublicKey: getter(2, 'No public key - did you forget to generate one?'),
  getPrivateKey: getter(3, 'No private key - did you forget to generate one?'),
};
/** @param {any} Class */
function finish(Class) {
  const { prototype } = Class;
  prototype.generateKeys = methods.generateKeys;
  prototype.computeSecret = methods.computeSecret;
  prototype.getPrime = methods.getPrime;
  prototype.getGenerator = methods.getGenerator;
  prototype.getPublicKey = methods.getPublicKey;
  prototype.getPrivateKey = methods.getPrivateKey;
  defineProperty(prototype, 'verifyError', {
    /** @this {any} */
    get() {
      return dhFaults(this[own]);
    },
    enumerable: true,
    configurable: true,
  });
}
finish(DiffieHellman);
finish(DiffieHellmanGroup);
/** @param {boolean} isPrivate */
function setter(isPrivate) {
  return /** @this {any} */ function set(/** @type {any} */ key, /** @type {any} */ encoding) {
    dhSet(this[own], isPrivate, bytesFrom(key, 'key', encoding || undefined));
    return this;
  };
}
DiffieHellman.prototype.setPublicKey = setter(false);
DiffieHellman.prototype.setPrivateKey = setter(true);

/** @param {any} sizeOrKey @param {any} [keyEncoding] @param {any} [generator] @param {any} [genEncoding] */
function createDiffieHellman(sizeOrKey, keyEncoding, generator, genEncoding) {
  return new /** @type {any} */ (DiffieHellman)(sizeOrKey, keyEncoding, generator, genEncoding);
}
/** @param {any} name */
function createDiffieHellmanGroup(name) {
  return new /** @type {any} */ (DiffieHellmanGroup)(name);
}

// ---- on curves

/** @type {Record<string, number>} */
const forms = { __proto__: /** @type {any} */ (null), compressed: 2, uncompressed: 4, hybrid: 6 };

/** @param {any} format */
function formOf(format) {
  if (!format) return 4;
  const form = typeof format === 'string' ? forms[format] : undefined;
  if (form === undefined) throw nodeError(TypeError, 'ERR_CRYPTO_ECDH_INVALID_FORMAT', `Invalid ECDH format: ${format}`);
  return form;
}

/** @this {any} @param {any} curve */
function ECDH(curve) {
  if (!new.target) return new /** @type {any} */ (ECDH)(curve);
  requireString(curve, 'curve');
  const handle = ecdhOpen(curve);
  if (handle === undefined) throw nodeError(TypeError, 'ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name');
  this[own] = handle;
}
/** @param {any} [encoding] @param {any} [format] */
ECDH.prototype.generateKeys = /** @this {any} */ function generateKeys(encoding, format) {
  ecdhGenerate(this[own]);
  return this.getPublicKey(encoding, format);
};
/** @param {any} key @param {any} [inputEncoding] @param {any} [outputEncoding] */
ECDH.prototype.computeSecret = /** @this {any} */ function computeSecret(key, inputEncoding, outputEncoding) {
  return shown(ecdhSecret(this[own], bytesFrom(key, 'otherPublicKey', inputEncoding || undefined)), outputEncoding);
};
/** @param {any} [encoding] @param {any} [format] */
ECDH.prototype.getPublicKey = /** @this {any} */ function getPublicKey(encoding, format) {
  return shown(ecdhPublic(this[own], formOf(format)), encoding);
};
/** @param {any} [encoding] */
ECDH.prototype.getPrivateKey = /** @this {any} */ function getPrivateKey(encoding) {
  return shown(ecdhPrivate(this[own]), encoding);
};
/** @param {any} key @param {any} [encoding] */
ECDH.prototype.setPrivateKey = /** @this {any} */ function setPrivateKey(key, encoding) {
  ecdhSet(this[own], true, bytesFrom(key, 'key', encoding || undefined));
  return this;
};
/** @param {any} key @param {any} [encoding] */
ECDH.prototype.setPublicKey = /** @this {any} */ function setPublicKey(key, encoding) {
  warnOfPublicKey();
  ecdhSet(this[own], false, bytesFrom(key, 'key', encoding || undefined));
  return this;
};
/** @param {any} key @param {any} curve @param {any} [inputEncoding] @param {any} [outputEncoding] @param {any} [format] */
ECDH.convertKey = function convertKey(key, curve, inputEncoding, outputEncoding, format) {
  requireString(curve, 'curve');
  const bytes = bytesFrom(key, 'key', inputEncoding || undefined);
  return shown(ecdhConvert(curve, bytes, formOf(format)), outputEncoding);
};

/** @param {any} curve */
function createECDH(curve) {
  return new /** @type {any} */ (ECDH)(curve);
}

// ---- of two keys

/** @param {any} options @param {any} [callback] */
function diffieHellman(options, callback) {
  requireObject(options, 'options');
  if (callback !== undefined) requireFunction(callback, 'callback');
  const { privateKey, publicKey } = options;
  const mine = heldBy(privateKey);
  const theirs = heldBy(publicKey);
  if (mine === undefined) throw invalidValue('options.privateKey', privateKey);
  if (theirs === undefined) throw invalidValue('options.publicKey', publicKey);
  if (mine.type !== 'private') throw wrongType(mine.type, 'private');
  if (theirs.type !== 'public' && theirs.type !== 'private') throw wrongType(theirs.type, 'private or public');
  const kind = keyKind(mine.handle) ?? '';
  const other = keyKind(theirs.handle) ?? '';
  if (kind !== other || (kind !== 'dh' && kind !== 'ec' && kind !== 'x25519' && kind !== 'x448')) {
    throw nodeError(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY', `Incompatible key types for Diffie-Hellman: ${kind} and ${other}`);
  }
  const secret = agreeSecret(mine.handle, theirs.handle, callback !== undefined);
  if (callback === undefined) return wrap(/** @type {Uint8Array} */ (secret));
  tell(secret, callback, wrap);
  return undefined;
}

// ---- for a key

/** A fresh secret, and what its other holder needs to find it. @param {any} key @param {any} [callback] */
function encapsulate(key, callback) {
  if (callback !== undefined) requireFunction(callback, 'callback');
  const { handle } = keyOf(key, false);
  const made = encapsulateSecret(handle, callback !== undefined);
  const result = (/** @type {any} */ pair) => ({ sharedKey: wrap(pair[0]), ciphertext: wrap(pair[1]) });
  if (callback === undefined) return result(made);
  tell(made, callback, result);
  return undefined;
}

/** @param {any} key @param {any} ciphertext @param {any} [callback] */
function decapsulate(key, ciphertext, callback) {
  if (callback !== undefined) requireFunction(callback, 'callback');
  const { handle } = keyOf(key, true);
  const secret = decapsulateSecret(handle, bytesFrom(ciphertext, 'ciphertext'), callback !== undefined);
  if (callback === undefined) return wrap(/** @type {Uint8Array} */ (secret));
  // Node words it so where it answers later.
  const outcome = catchRejection(/** @type {Promise<any>} */ (secret), (error) => {
    throw nodeError(Error, error.code, 'Deriving bits failed');
  });
  tell(outcome, callback, wrap);
  return undefined;
}

module.exports = {
  DiffieHellman,
  DiffieHellmanGroup,
  ECDH,
  createDiffieHellman,
  createDiffieHellmanGroup,
  createECDH,
  decapsulate,
  diffieHellman,
  encapsulate,
};
