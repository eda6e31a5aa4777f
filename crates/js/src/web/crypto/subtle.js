// SubtleCrypto (https://w3c.github.io/webcrypto/#subtlecrypto-interface): which algorithm, whether the key may, and the work in `secret_keys` and
// `key_pairs`. A failure of OpenSSL's is an OperationError without its words: they would tell an attacker what was wrong.
'use strict';

const { codedError } = require('builtins/coded_error');
const { DOMException } = require('builtins/domexception');
const {
  slice,
  copyBytes,
  defineProperty,
  hasInstance,
  includes,
  parseJson,
  startsWith,
  stringify,
  viewBuffer,
  viewByteLength,
} = require('builtins/primordials');
const {
  bytesOf,
  defineInterface,
  invalidThis,
  isBufferSource,
  isObject,
  isSharedView,
  requireArguments,
  toDOMString,
  toEnumeration,
  toSequence,
} = require('builtins/webidl');
const { encodeUtf8 } = require('web/encoding/utf8');
const { does, normalize, notSupported } = require('web/crypto/algorithms');
const { toJwk } = require('web/crypto/jwk');
const { isCryptoKey, recordOf } = require('web/crypto/key');
const pairs = require('web/crypto/key_pairs');
const secrets = require('web/crypto/secret_keys');
const { decapsulateSecret, decodeText, digestBytes, encapsulateSecret } = ops;

/** @typedef {import('./algorithms').Algorithm} Algorithm */

const secret = Symbol('there is one object');
const formats = ['raw', 'spki', 'pkcs8', 'jwk', 'raw-public', 'raw-private', 'raw-seed', 'raw-secret'];
const usageNames = [
  'encrypt',
  'decrypt',
  'sign',
  'verify',
  'deriveKey',
  'deriveBits',
  'wrapKey',
  'unwrapKey',
  'encapsulateKey',
  'encapsulateBits',
  'decapsulateKey',
  'decapsulateBits',
];

/** @param {any} value @param {string} what @returns {Uint8Array} */
function toBytes(value, what) {
  if (!isBufferSource(value) || isSharedView(value))
    throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', `${what} is not an ArrayBuffer or a view of one`);
  return bytesOf(value);
}

/** @param {any} value @param {string} what */
function toKey(value, what) {
  if (!isCryptoKey(value)) throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', `${what} is not a CryptoKey`);
  return recordOf(value);
}

/** @param {any} value */
function toUsages(value) {
  return toSequence(value, 'keyUsages', (usage) => toEnumeration(usage, usageNames, 'keyUsages'));
}

/** @param {any} value @returns {string} */
function toFormat(value) {
  const format = toDOMString(value);
  if (includes(formats, format)) return format;
  throw codedError(TypeError, 'ERR_INVALID_ARG_VALUE', `format: '${format}' is not a valid enum value of type KeyFormat`);
}

/** The buffer of bytes that are nobody else's. @param {Uint8Array} bytes */
function bufferOf(bytes) {
  return viewBuffer(bytes);
}

/** @param {string} message */
function invalidAccess(message) {
  return new DOMException(message, 'InvalidAccessError');
}

/** @param {{ usages: string[], algorithm: { name: string } }} key @param {string} name @param {string} usage */
function requireUse(key, name, usage) {
  const isRight = key.algorithm.name === name;
  const may = includes(key.usages, usage);
  if (isRight && may) return;
  if (usage === 'sign' || usage === 'verify') throw invalidAccess(`Unable to use this key to ${usage}`);
  if (usage === 'encrypt' || usage === 'decrypt') throw invalidAccess('The requested operation is not valid for the provided key');
  if (!isRight) throw invalidAccess('Key algorithm mismatch');
  throw invalidAccess(startsWith(usage, 'derive') ? `baseKey does not have ${usage} usage` : `Unable to use this key to ${usage}`);
}

/** The algorithm, normalized, for a key that may be used with it. @param {any} key @param {string} usage @param {any} algorithm @returns {any} */
function usable(key, usage, algorithm) {
  const normalized = normalize(usage, algorithm);
  requireUse(key, normalized.name, usage);
  return normalized;
}

/** What OpenSSL refuses becomes an OperationError. @template T @param {() => T | Promise<T>} work @returns {Promise<T>} */
async function guarded(work) {
  try {
    return /** @type {any} */ (await work());
  } catch (error) {
    if (hasInstance(DOMException, error) || hasInstance(TypeError, error)) throw error;
    throw new DOMException('The operation failed for an operation-specific reason', { name: 'OperationError', cause: error });
  }
}

/** @param {string} name */
function isPair(name) {
  return startsWith(name, 'RSA') || startsWith(name, 'EC') || startsWith(name, 'Ed') || startsWith(name, 'X') || startsWith(name, 'ML-');
}

/** @param {Algorithm} algorithm @param {any} key @param {Uint8Array} data @param {boolean} encrypts @returns {Promise<Uint8Array>} */
function crypt(algorithm, key, data, encrypts) {
  return guarded(() =>
    isPair(algorithm.name) ? pairs.crypt(algorithm, key, data, encrypts) : secrets.crypt(algorithm, key, data, encrypts),
  );
}

/** @param {string} format @param {any} data @param {Algorithm} algorithm @param {boolean} extractable @param {string[]} usages */
function imported(format, data, algorithm, extractable, usages) {
  const family = isPair(algorithm.name) ? pairs : secrets;
  return family.importKey(algorithm, format, data, extractable, usages);
}

/** @param {any} key @param {string} format @returns {any} bytes, or the record of a JWK */
function exported(key, format) {
  const { name } = key.algorithm;
  if (!does(name, 'exportKey')) throw notSupported(`Unable to export ${name} keys`);
  if (!key.extractable) throw invalidAccess('key is not extractable');
  if (format !== 'jwk') return (isPair(name) ? pairs : secrets).exportKey(key, format);
  const jwk = (isPair(name) ? pairs : secrets).exportKey(key, format);
  /** @type {any} */
  const usages = [];
  for (let index = 0; index < key.usages.length; index += 1) usages[index] = key.usages[index];
  jwk.key_ops = usages;
  jwk.ext = true;
  return jwk;
}

/** @param {Algorithm} algorithm @param {any} key @param {number | null} length @returns {Promise<Uint8Array>} */
function derived(algorithm, key, length) {
  return guarded(() => (isPair(algorithm.name) ? pairs.deriveBits(algorithm, key, length) : secrets.deriveBits(algorithm, key, length)));
}

/** @param {any} value @returns {number | null} */
function toLength(value) {
  return value === undefined || value === null ? null : +value >>> 0;
}

class SubtleCrypto {
  #isOurs;
  /** @param {any} token */
  constructor(token) {
    if (token !== secret) throw codedError(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
    this.#isOurs = true;
  }
  /** @param {any} algorithm @param {any} key @param {any} data @returns {Promise<any>} */
  async encrypt(algorithm, key, data) {
    check(this, arguments.length, 3, 'encrypt');
    const record = toKey(key, 'key');
    const bytes = toBytes(data, 'data');
    const normalized = usable(record, 'encrypt', algorithm);
    return bufferOf(await crypt(normalized, record, bytes, true));
  }
  /** @param {any} algorithm @param {any} key @param {any} data @returns {Promise<any>} */
  async decrypt(algorithm, key, data) {
    check(this, arguments.length, 3, 'decrypt');
    const record = toKey(key, 'key');
    const bytes = toBytes(data, 'data');
    const normalized = usable(record, 'decrypt', algorithm);
    return bufferOf(await crypt(normalized, record, bytes, false));
  }
  /** @param {any} algorithm @param {any} key @param {any} data @returns {Promise<any>} */
  async sign(algorithm, key, data) {
    check(this, arguments.length, 3, 'sign');
    const record = toKey(key, 'key');
    const bytes = toBytes(data, 'data');
    const normalized = usable(record, 'sign', algorithm);
    const isOne = isPair(normalized.name);
    return bufferOf(await guarded(() => (isOne ? pairs.sign(normalized, record, bytes) : secrets.code(normalized, record, bytes))));
  }
  /** @param {any} algorithm @param {any} key @param {any} signature @param {any} data @returns {Promise<any>} */
  async verify(algorithm, key, signature, data) {
    check(this, arguments.length, 4, 'verify');
    const record = toKey(key, 'key');
    const given = toBytes(signature, 'signature');
    const bytes = toBytes(data, 'data');
    const normalized = usable(record, 'verify', algorithm);
    const isOne = isPair(normalized.name);
    return await guarded(() => (isOne ? pairs.verify(normalized, record, given, bytes) : secrets.isCode(normalized, record, given, bytes)));
  }
  /** @param {any} algorithm @param {any} data @returns {Promise<any>} */
  async digest(algorithm, data) {
    check(this, arguments.length, 2, 'digest');
    const bytes = toBytes(data, 'data');
    const normalized = normalize('digest', algorithm);
    const { name, length, functionName, customization } = normalized;
    const isLong = viewByteLength(bytes) > 64 * 1024;
    if (!startsWith(name, 'cSHAKE')) return bufferOf(await digestBytes(name, bytes, undefined, isLong, undefined, undefined));
    if (length % 8 !== 0) throw notSupported('Unsupported CShakeParams length');
    const none = new Uint8Array(0);
    const kind = name === 'cSHAKE128' ? 'cshake128' : 'cshake256';
    return bufferOf(await digestBytes(kind, bytes, length / 8, isLong, functionName ?? none, customization ?? none));
  }
  /** @param {any} algorithm @param {any} extractable @param {any} keyUsages @returns {Promise<any>} */
  async generateKey(algorithm, extractable, keyUsages) {
    check(this, arguments.length, 3, 'generateKey');
    const usages = toUsages(keyUsages);
    const normalized = normalize('generateKey', algorithm);
    const family = isPair(normalized.name) ? pairs : secrets;
    return await guarded(() => family.generate(normalized, !!extractable, usages));
  }
  /** @param {any} algorithm @param {any} baseKey @param {any} derivedKeyType @param {any} extractable @param {any} keyUsages @returns {Promise<any>} */
  async deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
    check(this, arguments.length, 5, 'deriveKey');
    const record = toKey(baseKey, 'baseKey');
    const usages = toUsages(keyUsages);
    const normalized = normalize('deriveBits', algorithm);
    const kind = normalize('importKey', derivedKeyType);
    const lengthKind = normalize('getKeyLength', derivedKeyType);
    requireUse(record, normalized.name, 'deriveKey');
    const length = secrets.keyLength(lengthKind);
    const bytes = await derived(normalized, record, length);
    return imported('raw-secret', bytes, kind, !!extractable, usages);
  }
  /** @param {any} algorithm @param {any} baseKey @param {any} [length] @returns {Promise<any>} */
  async deriveBits(algorithm, baseKey, length = null) {
    check(this, arguments.length, 2, 'deriveBits');
    const record = toKey(baseKey, 'baseKey');
    const bits = toLength(length);
    const normalized = usable(record, 'deriveBits', algorithm);
    return bufferOf(await derived(normalized, record, bits));
  }
  // https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-encapsulateKey
  /** @param {any} algorithm @param {any} encapsulationKey @returns {Promise<any>} */
  async encapsulateBits(algorithm, encapsulationKey) {
    check(this, arguments.length, 2, 'encapsulateBits');
    const record = toKey(encapsulationKey, 'encapsulationKey');
    const { name } = normalize('encapsulate', algorithm);
    requireUse(record, name, 'encapsulateBits');
    const made = await guarded(() => encapsulateSecret(record.handle, false));
    return { sharedKey: bufferOf(made[0]), ciphertext: bufferOf(made[1]) };
  }
  /**
   * @param {any} algorithm @param {any} encapsulationKey @param {any} sharedKeyAlgorithm @param {any} extractable @param {any} keyUsages
   * @returns {Promise<any>}
   */
  async encapsulateKey(algorithm, encapsulationKey, sharedKeyAlgorithm, extractable, keyUsages) {
    check(this, arguments.length, 5, 'encapsulateKey');
    const record = toKey(encapsulationKey, 'encapsulationKey');
    const usages = toUsages(keyUsages);
    const { name } = normalize('encapsulate', algorithm);
    const kind = normalize('importKey', sharedKeyAlgorithm);
    requireUse(record, name, 'encapsulateKey');
    const made = await guarded(() => encapsulateSecret(record.handle, false));
    return { sharedKey: imported('raw-secret', made[0], kind, !!extractable, usages), ciphertext: bufferOf(made[1]) };
  }
  /** @param {any} algorithm @param {any} decapsulationKey @param {any} ciphertext @returns {Promise<any>} */
  async decapsulateBits(algorithm, decapsulationKey, ciphertext) {
    check(this, arguments.length, 3, 'decapsulateBits');
    const record = toKey(decapsulationKey, 'decapsulationKey');
    const bytes = copyBytes(toBytes(ciphertext, 'ciphertext'));
    const { name } = normalize('decapsulate', algorithm);
    requireUse(record, name, 'decapsulateBits');
    return bufferOf(await guarded(() => decapsulateSecret(record.handle, bytes, false)));
  }
  /**
   * @param {any} algorithm @param {any} decapsulationKey @param {any} ciphertext @param {any} sharedKeyAlgorithm @param {any} extractable @param {any} keyUsages
   * @returns {Promise<any>}
   */
  async decapsulateKey(algorithm, decapsulationKey, ciphertext, sharedKeyAlgorithm, extractable, keyUsages) {
    check(this, arguments.length, 6, 'decapsulateKey');
    const record = toKey(decapsulationKey, 'decapsulationKey');
    const bytes = copyBytes(toBytes(ciphertext, 'ciphertext'));
    const usages = toUsages(keyUsages);
    const { name } = normalize('decapsulate', algorithm);
    const kind = normalize('importKey', sharedKeyAlgorithm);
    requireUse(record, name, 'decapsulateKey');
    const secret = await guarded(() => decapsulateSecret(record.handle, bytes, false));
    return imported('raw-secret', secret, kind, !!extractable, usages);
  }
  /** @param {any} format @param {any} keyData @param {any} algorithm @param {any} extractable @param {any} keyUsages @returns {Promise<any>} */
  async importKey(format, keyData, algorithm, extractable, keyUsages) {
    check(this, arguments.length, 5, 'importKey');
    const kind = toFormat(format);
    const usages = toUsages(keyUsages);
    /** @type {any} */
    let data;
    if (kind === 'jwk') {
      if (isBufferSource(keyData)) throw new TypeError('keyData is not a JsonWebKey');
      data = toJwk(keyData);
    } else {
      data = toBytes(keyData, 'keyData');
    }
    const normalized = normalize('importKey', algorithm);
    return imported(kind, data, normalized, !!extractable, usages);
  }
  /** @param {any} format @param {any} key @returns {Promise<any>} */
  async exportKey(format, key) {
    check(this, arguments.length, 2, 'exportKey');
    const kind = toFormat(format);
    const record = toKey(key, 'key');
    const result = await guarded(() => exported(record, kind));
    return kind === 'jwk' ? result : bufferOf(result);
  }
  /** @param {any} format @param {any} key @param {any} wrappingKey @param {any} wrapAlgorithm @returns {Promise<any>} */
  async wrapKey(format, key, wrappingKey, wrapAlgorithm) {
    check(this, arguments.length, 4, 'wrapKey');
    const kind = toFormat(format);
    const record = toKey(key, 'key');
    const wrapping = toKey(wrappingKey, 'wrappingKey');
    const normalized = normalizeEither('wrapKey', 'encrypt', wrapAlgorithm);
    requireUse(wrapping, normalized.name, 'wrapKey');
    const plain = await guarded(() => exported(record, kind));
    const bytes = kind === 'jwk' ? padded(encodeUtf8(/** @type {string} */ (stringify(plain))), normalized.name === 'AES-KW') : plain;
    if (normalized.name === 'AES-KW') return bufferOf(await guarded(() => secrets.wrap(wrapping, bytes, true)));
    return bufferOf(await crypt(normalized, wrapping, bytes, true));
  }
  /** @param {any} format @param {any} wrappedKey @param {any} unwrappingKey @param {any} unwrapAlgorithm @param {any} unwrappedKeyAlgorithm @param {any} extractable @param {any} keyUsages @returns {Promise<any>} */
  async unwrapKey(format, wrappedKey, unwrappingKey, unwrapAlgorithm, unwrappedKeyAlgorithm, extractable, keyUsages) {
    check(this, arguments.length, 7, 'unwrapKey');
    const kind = toFormat(format);
    const wrapped = toBytes(wrappedKey, 'wrappedKey');
    const unwrapping = toKey(unwrappingKey, 'unwrappingKey');
    const usages = toUsages(keyUsages);
    const normalized = normalizeEither('unwrapKey', 'decrypt', unwrapAlgorithm);
    const keyKind = normalize('importKey', unwrappedKeyAlgorithm);
    requireUse(unwrapping, normalized.name, 'unwrapKey');
    const isWrap = normalized.name === 'AES-KW';
    const bytes = isWrap
      ? await guarded(() => secrets.wrap(unwrapping, wrapped, false))
      : await crypt(normalized, unwrapping, wrapped, false);
    if (kind !== 'jwk') return imported(kind, bytes, keyKind, !!extractable, usages);
    let jwk;
    try {
      jwk = parseJson(decodeText('utf-8', bytes, true, false));
    } catch {
      throw new DOMException('Invalid wrapped JWK key', 'DataError');
    }
    return imported(kind, toJwk(jwk), keyKind, !!extractable, usages);
  }
  /** @param {any} key @param {any} keyUsages @returns {Promise<any>} */
  async getPublicKey(key, keyUsages) {
    check(this, arguments.length, 2, 'getPublicKey');
    const record = toKey(key, 'key');
    const usages = toUsages(keyUsages);
    if (record.type !== 'private')
      throw record.type === 'secret' ? notSupported('key must be a private key') : invalidAccess('key must be a private key');
    return pairs.publicOf(record, usages);
  }
  /** Whether an operation works with an algorithm, and with the length or the other algorithm that it needs. @param {any} operation @param {any} algorithm @param {any} [more] */
  static supports(operation, algorithm, more = null) {
    // biome-ignore lint/complexity/noThisInStatic: as in Node, it is called on the class and on nothing else
    if (this !== SubtleCrypto) throw invalidThis('SubtleCrypto constructor');
    requireArguments(arguments.length, 2, 'SubtleCrypto.supports');
    const named = `${operation}`;
    try {
      return isSupported(named, algorithm, more);
    } catch {
      return false;
    }
  }
  /** @param {any} value */
  static isOurs(value) {
    return isObject(value) && #isOurs in value && value.#isOurs;
  }
}
const { isOurs } = SubtleCrypto;
delete (/** @type {any} */ (SubtleCrypto).isOurs);

/** @param {any} self @param {number} given @param {number} needed @param {string} name */
function check(self, given, needed, name) {
  if (!isOurs(self)) throw invalidThis('SubtleCrypto');
  if (given < needed) {
    const count = `${needed} arguments required, but only ${given} present`;
    throw codedError(TypeError, 'ERR_MISSING_ARGS', `SubtleCrypto.${name}: ${count}`);
  }
}

/** @param {string} first @param {string} second @param {any} given */
function normalizeEither(first, second, given) {
  try {
    return normalize(first, given);
  } catch {
    return normalize(second, given);
  }
}

/** JSON filled up with spaces to what AES-KW takes. @param {Uint8Array} bytes @param {boolean} isWrap */
function padded(bytes, isWrap) {
  const length = viewByteLength(bytes);
  if (!isWrap || length % 8 === 0) return bytes;
  const whole = new Uint8Array(length + 8 - (length % 8));
  for (let index = 0; index < whole.length; index += 1) whole[index] = index < length ? bytes[index] : 32;
  // The last brace stays last.
  whole[length - 1] = 32;
  whole[whole.length - 1] = 125;
  return whole;
}

/** @param {string} operation @param {any} algorithm @param {any} more @returns {boolean} */
function isSupported(operation, algorithm, more) {
  if (operation === 'deriveKey') {
    normalize('importKey', more);
    const length = secrets.keyLength(normalize('getKeyLength', more));
    return isSupported('deriveBits', algorithm, length);
  }
  if (operation === 'wrapKey' || operation === 'unwrapKey') {
    normalizeEither(operation, operation === 'wrapKey' ? 'encrypt' : 'decrypt', algorithm);
    if (more !== null) {
      if (operation === 'wrapKey') return isSupported('exportKey', more, null);
      normalize('importKey', more);
    }
    return true;
  }
  if (operation === 'getPublicKey') {
    const { name } = normalize('exportKey', algorithm);
    return isPair(name);
  }
  if (startsWith(operation, 'encapsulate') || startsWith(operation, 'decapsulate')) {
    normalize(slice(operation, 0, 11), algorithm);
    if (operation === 'encapsulateKey' || operation === 'decapsulateKey') return more !== null && isSupported('importKey', more, null);
    return operation === 'encapsulateBits' || operation === 'decapsulateBits';
  }
  const names = ['encrypt', 'decrypt', 'sign', 'verify', 'digest', 'generateKey', 'deriveBits', 'importKey', 'exportKey'];
  if (!includes(names, operation)) return false;
  const normalized = normalize(operation, algorithm);
  const { name } = normalized;
  if (operation === 'generateKey') {
    if (startsWith(name, 'AES')) secrets.keyLength(normalized);
    if (pairs.isEc(name) && !includes(['P-256', 'P-384', 'P-521'], normalized.namedCurve)) return false;
  }
  if (operation === 'importKey' && pairs.isEc(name) && !includes(['P-256', 'P-384', 'P-521'], normalized.namedCurve)) return false;
  if (operation === 'deriveBits') {
    const length = toLength(more);
    if (!isPair(name)) return length !== null && length % 8 === 0;
  }
  return true;
}

defineInterface(SubtleCrypto);
defineProperty(SubtleCrypto, 'length', { value: 0, configurable: true });

module.exports = { SubtleCrypto, subtle: new SubtleCrypto(secret) };
