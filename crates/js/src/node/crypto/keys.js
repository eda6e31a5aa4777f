// KeyObject (https://nodejs.org/api/crypto.html#class-keyobject), and how every function of `node:crypto` reads what it is given as a key: a KeyObject, a
// CryptoKey, PEM, DER or a JWK.
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireObject, requireOneOf, requireString } = require('node/arguments');
const { wrap } = /** @type {any} */ (require('node/buffer/buffer'));
const { bytesFrom } = require('node/crypto/values');
const { bytesOf, defineSerializable, hasEqualState, isObject, isSharedBufferSource, toSequence } = require('builtins/webidl');
const { normalize } = require('web/crypto/algorithms');
const { isCryptoKey, recordOf } = require('web/crypto/key');
const pairs = require('web/crypto/key_pairs');
const secrets = require('web/crypto/secret_keys');
const { defineProperty, freeze, includes, stringIncludes, subarray, toLowerCase, viewByteLength } = require('builtins/primordials');
const { base64UrlBytes, base64UrlText, cipherFacts, keyBytes, keyDetails, keyEquals, keyFromNumbers, keyFromPoint, keyFromRaw } = ops;
const { keyFromSecret, keyKind, keyNumber, keyPoint, keyPublic, keyRaw, keyRead, keyRsaNumbers, keyWrite } = ops;

/** @typedef {{ handle: NativeKey, type: 'secret' | 'public' | 'private' }} Held */

class KeyObject {
  /** @type {'secret' | 'public' | 'private'} */
  #type;
  #handle;
  /** @type {any} */
  #details;
  /** @param {any} type @param {any} handle */
  constructor(type, handle) {
    if (type !== 'secret' && type !== 'public' && type !== 'private') throw invalidValue('type', type);
    if (typeof handle !== 'object' || handle === null || isNoKey(handle)) {
      throw invalidType('handle', 'object', handle);
    }
    this.#type = type;
    this.#handle = handle;
  }
  get type() {
    return this.#type;
  }
  /** @param {any} other */
  [hasEqualState](other) {
    const held = heldOf(other);
    return held !== undefined && this.#isEqual(held);
  }
  /** @param {any} key */
  static from(key) {
    if (!isCryptoKey(key)) throw invalidType('key', 'CryptoKey', key);
    const { type, handle } = recordOf(key);
    return made(type, handle);
  }
  /** @param {any} other */
  equals(other) {
    const held = heldOf(other);
    if (held === undefined) throw invalidType('otherKeyObject', 'KeyObject', other);
    return this.#isEqual(held);
  }
  /** @param {Held} held */
  #isEqual(held) {
    return held.type === this.#type && keyEquals(this.#handle, held.handle);
  }
  /** @param {any} value @returns {Held | undefined} */
  static held(value) {
    return isObject(value) && #handle in value ? { handle: value.#handle, type: value.#type } : undefined;
  }
  /** @param {any} key @param {() => any} make */
  static details(key, make) {
    key.#details ??= make();
    return key.#details;
  }
}
const { held: heldOf, details: detailsOf } = KeyObject;
delete (/** @type {any} */ (KeyObject).held);
delete (/** @type {any} */ (KeyObject).details);
defineProperty(KeyObject.prototype, Symbol.toStringTag, { value: 'KeyObject', configurable: true });

/** @param {any} handle */
function isNoKey(handle) {
  try {
    keyKind(handle);
    return false;
  } catch {
    return true;
  }
}

/** @param {any} self @returns {Held} */
function own(self) {
  const held = heldOf(self);
  if (held === undefined) throw nodeError(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type KeyObject');
  return held;
}

class SecretKeyObject extends KeyObject {
  get symmetricKeySize() {
    return viewByteLength(keyBytes(own(this).handle));
  }
  /** @param {any} [options] */
  export(options) {
    if (options !== undefined) {
      requireObject(options, 'options');
      requireOneOf(options.format, 'options.format', /** @type {any} */ ([undefined, 'buffer', 'jwk']));
      if (options.format === 'jwk') return { kty: 'oct', k: base64UrlText(keyBytes(own(this).handle)) };
    }
    return wrap(keyBytes(own(this).handle));
  }
  /** @param {any} algorithm @param {any} extractable @param {any} usages */
  toCryptoKey(algorithm, extractable, usages) {
    const normalized = normalize('importKey', algorithm);
    return secrets.importKey(normalized, 'raw-secret', keyBytes(own(this).handle), !!extractable, usagesIn(usages));
  }
}

/** @param {any} usages @returns {string[]} */
function usagesIn(usages) {
  return toSequence(usages, 'keyUsages', (usage) => `${usage}`);
}

class AsymmetricKeyObject extends KeyObject {
  get asymmetricKeyType() {
    return keyKind(own(this).handle);
  }
  get asymmetricKeyDetails() {
    return detailsOf(this, () => freeze(detailed(own(this).handle)));
  }
  /** @param {any} algorithm @param {any} extractable @param {any} usages */
  toCryptoKey(algorithm, extractable, usages) {
    const { handle, type } = own(this);
    const normalized = normalize('importKey', algorithm);
    const format = type === 'public' ? 'spki' : 'pkcs8';
    const bytes = keyWrite(handle, format, false, undefined, undefined);
    return pairs.importKey(normalized, format, bytes, !!extractable, usagesIn(usages));
  }
}

/** @param {NativeKey} handle */
function detailed(handle) {
  const kind = keyKind(handle);
  const facts = keyDetails(handle);
  /** @type {any} */
  const details = {};
  if (kind === 'rsa' || kind === 'rsa-pss') {
    details.modulusLength = facts[0];
    details.publicExponent = BigInt(facts[2] ?? 0);
    if (facts[4] !== undefined) {
      details.hashAlgorithm = facts[4];
      details.mgf1HashAlgorithm = facts[5];
      details.saltLength = facts[6];
    }
  } else if (kind === 'dsa') {
    details.modulusLength = facts[0];
    details.divisorLength = facts[1];
  } else if (kind === 'ec') {
    details.namedCurve = facts[3];
  }
  return details;
}

class PublicKeyObject extends AsymmetricKeyObject {
  /** @param {any} options */
  export(options) {
    const { handle } = own(this);
    if (options?.format === 'jwk') return toJwk(handle, false);
    return written(handle, 'public', options, 'options');
  }
}

class PrivateKeyObject extends AsymmetricKeyObject {
  /** @param {any} options */
  export(options) {
    const { handle } = own(this);
    if (options?.format === 'jwk') {
      if (options.passphrase !== undefined || options.cipher !== undefined) {
        throw nodeError(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', 'The selected key encoding jwk does not support encryption.');
      }
      return toJwk(handle, true);
    }
    return written(handle, 'private', options, 'options');
  }
}

/** @param {'secret' | 'public' | 'private'} type @param {NativeKey} handle @returns {any} */
function made(type, handle) {
  if (type === 'secret') return new SecretKeyObject(type, handle);
  return type === 'public' ? new PublicKeyObject(type, handle) : new PrivateKeyObject(type, handle);
}

// ---- writing

/** @param {string} encoding @param {string} what */
function incompatible(encoding, what) {
  return nodeError(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS', `The selected key encoding ${encoding} ${what}.`);
}

/** What options say about a key that is written. @param {string} kind @param {'public' | 'private'} half @param {any} options @param {string} name */
function encodingIn(kind, half, options, name) {
  requireObject(options, name);
  const { format, type, cipher, passphrase } = options;
  if (format !== 'pem' && format !== 'der') throw invalidValue(`${name}.format`, format);
  const allowed = half === 'public' ? ['pkcs1', 'spki'] : ['pkcs1', 'pkcs8', 'sec1'];
  if (!includes(allowed, type)) throw invalidValue(`${name}.type`, type);
  if (type === 'pkcs1' && kind !== 'rsa') throw incompatible(type, 'can only be used for RSA keys');
  if (type === 'sec1' && kind !== 'ec') throw incompatible(type, 'can only be used for EC keys');
  let secret;
  if (half === 'private') {
    if (cipher !== undefined && cipher !== null) {
      if (typeof cipher !== 'string') throw invalidValue(`${name}.cipher`, cipher);
      if (format === 'der' && type !== 'pkcs8') throw incompatible(type, 'does not support encryption');
      if (typeof passphrase !== 'string' && !isSharedBufferSource(passphrase)) throw invalidValue(`${name}.passphrase`, passphrase);
      if (cipherFacts(cipher) === undefined) throw nodeError(Error, 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
      secret = bytesFrom(passphrase, `${name}.passphrase`);
    } else if (passphrase !== undefined) {
      throw invalidValue(`${name}.cipher`, cipher);
    }
  }
  return { format, type, cipher: cipher ?? undefined, secret };
}

/** @param {NativeKey} handle @param {'public' | 'private'} half @param {any} options @param {string} name */
function written(handle, half, options, name) {
  const encoding = encodingIn(keyKind(handle) ?? '', half, options, name);
  const result = keyWrite(handle, encoding.type, encoding.format === 'pem', encoding.cipher, encoding.secret);
  return typeof result === 'string' ? result : wrap(result);
}

/** @type {Record<string, string>} */
const jwkCurves = {
  __proto__: /** @type {any} */ (null),
  prime256v1: 'P-256',
  secp256k1: 'secp256k1',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};
/** @type {Record<string, string>} */
const okpNames = { __proto__: /** @type {any} */ (null), ed25519: 'Ed25519', ed448: 'Ed448', x25519: 'X25519', x448: 'X448' };
const rsaNames = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];

/** @param {NativeKey} handle @param {boolean} isPrivate */
function toJwk(handle, isPrivate) {
  const kind = keyKind(handle) ?? '';
  /** @type {any} */
  const jwk = {};
  if (kind === 'rsa') {
    jwk.kty = 'RSA';
    const numbers = keyRsaNumbers(handle);
    for (let index = 0; index < numbers.length; index += 1) jwk[rsaNames[index]] = base64UrlText(numbers[index]);
    return jwk;
  }
  if (kind === 'ec') {
    const curve = jwkCurves[keyDetails(handle)[3] ?? ''];
    if (curve === undefined)
      throw nodeError(Error, 'ERR_CRYPTO_JWK_UNSUPPORTED_CURVE', `Unsupported JWK EC curve: ${keyDetails(handle)[3]}.`);
    const point = keyPoint(handle, false);
    const width = (viewByteLength(point) - 1) / 2;
    jwk.kty = 'EC';
    jwk.x = base64UrlText(subarray(point, 1, 1 + width));
    jwk.y = base64UrlText(subarray(point, 1 + width));
    jwk.crv = curve;
    if (isPrivate) jwk.d = base64UrlText(keyNumber(handle));
    return jwk;
  }
  if (okpNames[kind] !== undefined) {
    jwk.crv = okpNames[kind];
    if (isPrivate) jwk.d = base64UrlText(keyRaw(handle, true));
    jwk.x = base64UrlText(keyRaw(handle, false));
    jwk.kty = 'OKP';
    return jwk;
  }
  if (isLattice(kind)) {
    jwk.kty = 'AKP';
    jwk.alg = `ML${kind[2]}${kind[3] === 'd' ? 'DSA' : 'KEM'}-${lastPart(kind)}`;
    jwk.pub = base64UrlText(keyRaw(handle, false));
    if (isPrivate) jwk.priv = base64UrlText(seedOf(handle));
    return jwk;
  }
  throw nodeError(Error, 'ERR_CRYPTO_JWK_UNSUPPORTED_KEY_TYPE', 'Unsupported JWK Key Type.');
}

/** What a JWK of ML-DSA or ML-KEM has for the private half; a key that was read without it has none. @param {NativeKey} handle */
function seedOf(handle) {
  try {
    return keyRaw(handle, true);
  } catch {
    throw nodeError(Error, 'ERR_CRYPTO_OPERATION_FAILED', 'key does not have an available seed');
  }
}

/** @param {string} kind */
const isLattice = (kind) => stringIncludes(kind, 'ml-');
/** @param {string} kind */
function lastPart(kind) {
  let part = '';
  for (let index = 7; index < kind.length; index += 1) part += kind[index];
  return part;
}

// ---- reading

const keyTypes = ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'string', 'KeyObject', 'CryptoKey'];

/** What stands behind a KeyObject or a CryptoKey. @param {any} value @returns {Held | undefined} */
function heldBy(value) {
  const held = heldOf(value);
  if (held !== undefined) return held;
  return isCryptoKey(value) ? recordOf(value) : undefined;
}

/** @param {string} type @param {string} expected */
function wrongType(type, expected) {
  return nodeError(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', `Invalid key object type ${type}, expected ${expected}.`);
}

/** The bytes of a secret key: a handle or bytes. @param {any} key @param {string} name @param {any} [encoding] @returns {NativeKey | Uint8Array} */
function secretOf(key, name, encoding) {
  const held = heldBy(key);
  if (held !== undefined) {
    if (held.type !== 'secret') throw wrongType(held.type, 'secret');
    return held.handle;
  }
  if (typeof key !== 'string' && !isSharedBufferSource(key)) {
    throw invalidType(name, ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'string', 'KeyObject', 'CryptoKey'], key);
  }
  return bytesFrom(key, name, encoding);
}

/**
 * The key that something given for one is.
 * @param {any} given @param {boolean} wantsPrivate @param {string} [name]
 * @returns {Held} of either half where a public one is wanted
 */
function keyOf(given, wantsPrivate, name = 'key') {
  const held = heldBy(given);
  if (held !== undefined) return checked(held, wantsPrivate);
  if (typeof given === 'string' || isSharedBufferSource(given)) return fromPem(bytesFrom(given, name), wantsPrivate, undefined);
  if (typeof given !== 'object' || given === null) throw invalidType(name, keyTypes, given);
  const { key, encoding, format, type, passphrase } = given;
  const inner = heldBy(key);
  if (inner !== undefined) return checked(inner, wantsPrivate);
  if (format === 'jwk') {
    requireObject(key, `${name}.key`);
    return fromJwk(key, wantsPrivate);
  }
  if (typeof key !== 'string' && !isSharedBufferSource(key)) {
    throw invalidType(`${name}.key`, ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'string', 'KeyObject', 'CryptoKey'], key);
  }
  if (format !== undefined && format !== 'pem' && format !== 'der') throw invalidValue('options.format', format);
  if (passphrase !== undefined && passphrase !== null && typeof passphrase !== 'string' && !isSharedBufferSource(passphrase)) {
    throw invalidValue('options.passphrase', passphrase);
  }
  const secret = passphrase === undefined || passphrase === null ? undefined : bytesFrom(passphrase, 'passphrase', encoding);
  if (secret !== undefined && viewByteLength(secret) > 1024) {
    throw nodeError(Error, 'ERR_OSSL_PEM_BAD_PASSWORD_READ', 'error:04800068:PEM routines::bad password read');
  }
  const bytes = bytesFrom(key, `${name}.key`, encoding);
  if (format !== 'der') return fromPem(bytes, wantsPrivate, secret);
  const allowed = wantsPrivate ? ['pkcs1', 'pkcs8', 'sec1'] : ['pkcs1', 'spki', 'pkcs8', 'sec1'];
  if (!includes(allowed, type)) throw invalidValue('options.type', type);
  if (!wantsPrivate && (type === 'pkcs8' || type === 'sec1')) return { handle: keyRead(true, bytes, type, secret), type: 'private' };
  return { handle: keyRead(wantsPrivate, bytes, type, secret), type: wantsPrivate ? 'private' : 'public' };
}

/** @param {Held} held @param {boolean} wantsPrivate @returns {Held} */
function checked(held, wantsPrivate) {
  if (held.type === 'secret') throw wrongType(held.type, wantsPrivate ? 'private' : 'private or public');
  if (wantsPrivate && held.type !== 'private') throw wrongType(held.type, 'private');
  return held;
}

/** @param {Uint8Array} bytes @param {boolean} wantsPrivate @param {Uint8Array | undefined} secret @returns {Held} */
function fromPem(bytes, wantsPrivate, secret) {
  if (!wantsPrivate && isPrivatePem(bytes)) return { handle: keyRead(true, bytes, undefined, secret), type: 'private' };
  return { handle: keyRead(wantsPrivate, bytes, undefined, secret), type: wantsPrivate ? 'private' : 'public' };
}

/** @param {Uint8Array} bytes */
function isPrivatePem(bytes) {
  return stringIncludes(wrap(bytesOf(bytes)).toString('latin1'), 'PRIVATE KEY-----');
}

/** @param {string} name */
function invalidJwk(name) {
  return nodeError(Error, 'ERR_CRYPTO_INVALID_JWK', `Invalid JWK ${name}`);
}

/** @param {any} jwk @param {string} member @returns {Uint8Array} */
function member(jwk, member) {
  const text = jwk[member];
  requireString(text, `key.${member}`);
  const bytes = base64UrlBytes(text);
  if (bytes === undefined) throw invalidJwk(`"${member}"`);
  return bytes;
}

/** @param {any} jwk @param {boolean} wantsPrivate @returns {Held} */
function fromJwk(jwk, wantsPrivate) {
  const { kty } = jwk;
  requireOneOf(kty, 'key.kty', ['RSA', 'EC', 'OKP', 'AKP']);
  // Where a public key is wanted, it is read from the public members alone.
  const isPrivate = wantsPrivate;
  const type = isPrivate ? 'private' : 'public';
  try {
    if (kty === 'RSA') {
      /** @type {Uint8Array[]} */
      const numbers = [];
      for (let index = 0; index < (isPrivate ? 8 : 2); index += 1) numbers[index] = member(jwk, rsaNames[index]);
      return { handle: keyFromNumbers(numbers), type };
    }
    if (kty === 'EC') {
      requireOneOf(jwk.crv, 'key.crv', ['P-256', 'secp256k1', 'P-384', 'P-521']);
      const x = member(jwk, 'x');
      const y = member(jwk, 'y');
      const width = viewByteLength(x);
      const point = new Uint8Array(1 + width + viewByteLength(y));
      point[0] = 4;
      for (let index = 0; index < width; index += 1) point[1 + index] = x[index];
      for (let index = 0; index < viewByteLength(y); index += 1) point[1 + width + index] = y[index];
      return { handle: keyFromPoint(jwk.crv, point, isPrivate ? member(jwk, 'd') : undefined), type };
    }
    if (kty === 'OKP') {
      requireOneOf(jwk.crv, 'key.crv', ['Ed25519', 'Ed448', 'X25519', 'X448']);
      member(jwk, 'x');
      return { handle: keyFromRaw(toLowerCase(jwk.crv), isPrivate, member(jwk, isPrivate ? 'd' : 'x')), type };
    }
    requireOneOf(jwk.alg, 'key.alg', ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'ML-KEM-512', 'ML-KEM-768', 'ML-KEM-1024']);
    const bytes = member(jwk, 'pub');
    return { handle: keyFromRaw(toLowerCase(jwk.alg), isPrivate, isPrivate ? member(jwk, 'priv') : bytes), type };
  } catch (error) {
    const { code } = /** @type {any} */ (error);
    if (code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_INVALID_ARG_VALUE' || code === 'ERR_CRYPTO_INVALID_JWK') throw error;
    throw invalidJwk(kty === 'RSA' ? 'RSA key' : kty === 'EC' ? 'EC key' : 'data');
  }
}

/** @param {any} key @param {any} [encoding] */
function createSecretKey(key, encoding) {
  if (heldBy(key) !== undefined) throw invalidType('key', ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'string'], key);
  const bytes = bytesFrom(key, 'key', encoding);
  return made('secret', keyFromSecret(bytes));
}

/** @param {any} key */
function createPublicKey(key) {
  const given = heldBy(key) ?? heldBy(key?.key);
  if (given !== undefined && given.type !== 'private') throw wrongType(given.type, 'private');
  const held = keyOf(key, false);
  return made('public', held.type === 'public' ? held.handle : keyPublic(held.handle));
}

/** @param {any} key */
function createPrivateKey(key) {
  if (heldBy(key) !== undefined || heldBy(key?.key) !== undefined) {
    throw invalidType('key', ['string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'Object'], key);
  }
  return made('private', keyOf(key, true).handle);
}

// As bytes, as a CryptoKey is.
defineSerializable(
  'node/crypto/keys',
  (value) => heldOf(value) !== undefined,
  (value) => {
    const { handle, type } = own(value);
    return {
      type,
      bytes: type === 'secret' ? keyBytes(handle) : keyWrite(handle, type === 'private' ? 'pkcs8' : 'spki', false, undefined, undefined),
    };
  },
  ({ type, bytes }) => {
    const format = type === 'private' ? 'pkcs8' : 'spki';
    return made(type, type === 'secret' ? keyFromSecret(bytes) : keyRead(type === 'private', bytes, format, undefined));
  },
  KeyObject,
);

/** @param {any} value */
const isKeyObject = (value) => heldOf(value) !== undefined;

module.exports = {
  KeyObject,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  encodingIn,
  heldBy,
  isKeyObject,
  keyOf,
  made,
  secretOf,
  written,
  wrongType,
};
