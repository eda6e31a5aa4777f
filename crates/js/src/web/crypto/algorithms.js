// Which algorithm does what, and how what a program says of one is read (https://w3c.github.io/webcrypto/#algorithm-normalization-normalize-an-algorithm).
'use strict';

const { codedError } = require('builtins/coded_error');
const { DOMException } = require('builtins/domexception');
const { copyBytes, floor, hasOwn, includes, keys, toLowerCase } = require('builtins/primordials');
const { bytesOf, isBufferSource, isObject, isSharedView, isUint8Array, toDOMString } = require('builtins/webidl');
const { isCryptoKey } = require('web/crypto/key');

/** @typedef {{ name: string, [member: string]: any }} Algorithm */
/** @typedef {(source: any, what: string) => any} Member */

/** @param {string} message */
function notSupported(message) {
  return new DOMException(message, 'NotSupportedError');
}

// ---- members of dictionaries

/** @param {string} what @param {any} value @param {number} most */
function integer(what, value, most) {
  const number = +value;
  const whole = number < 0 ? -floor(-number) : floor(number);
  if (!(whole >= 0 && whole <= most)) throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', `${what} is not an integer from 0 to ${most}`);
  return whole + 0;
}
/** @type {Member} */
const octet = (value, what) => integer(what, value, 255);
/** @type {Member} */
const unsignedShort = (value, what) => integer(what, value, 65535);
/** @type {Member} */
const unsignedLong = (value, what) => integer(what, value, 4294967295);
/** @type {Member} */
const text = (value) => toDOMString(value);
/** @type {Member} */
const bytes = (value, what) => {
  if (!isBufferSource(value) || isSharedView(value))
    throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', `${what} is not an ArrayBuffer or a view of one`);
  return copyBytes(bytesOf(value));
};
/** @type {Member} */
const bigInteger = (value, what) => {
  if (!isUint8Array(value)) throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', `${what} is not a Uint8Array`);
  return copyBytes(value);
};
/** @type {Member} */
const hash = (value) => normalize('digest', value);
/** @type {Member} */
const cryptoKey = (value, what) => {
  if (!isCryptoKey(value)) throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', `${what} is not a CryptoKey`);
  return value;
};

/** A dictionary: its members in their order; those that must be there begin with `!`. @type {Record<string, [string, Member][]>} */
const dictionaries = {
  __proto__: /** @type {any} */ (null),
  AeadParams: [
    ['additionalData', bytes],
    ['!iv', bytes],
    ['tagLength', octet],
  ],
  AesCbcParams: [['!iv', bytes]],
  AesCtrParams: [
    ['!counter', bytes],
    ['!length', octet],
  ],
  AesKeyParams: [['!length', unsignedShort]],
  Argon2Params: [
    ['associatedData', bytes],
    ['!memory', unsignedLong],
    ['!nonce', bytes],
    ['!parallelism', unsignedLong],
    ['!passes', unsignedLong],
    ['secretValue', bytes],
    ['version', octet],
  ],
  ContextParams: [['context', bytes]],
  CShakeParams: [
    ['customization', bytes],
    ['functionName', bytes],
    ['!length', unsignedLong],
  ],
  EcKeyParams: [['!namedCurve', text]],
  EcdhParams: [['!public', cryptoKey]],
  EcdsaParams: [['!hash', hash]],
  HashedParams: [['!hash', hash]],
  HkdfParams: [
    ['!hash', hash],
    ['!info', bytes],
    ['!salt', bytes],
  ],
  HmacKeyParams: [
    ['!hash', hash],
    ['length', unsignedLong],
  ],
  KmacKeyParams: [['length', unsignedLong]],
  KmacParams: [
    ['customization', bytes],
    ['!length', unsignedLong],
  ],
  None: [],
  Pbkdf2Params: [
    ['!hash', hash],
    ['!iterations', unsignedLong],
    ['!salt', bytes],
  ],
  RsaKeyGenParams: [
    ['!modulusLength', unsignedLong],
    ['!publicExponent', bigInteger],
    ['!hash', hash],
  ],
  RsaOaepParams: [['label', bytes]],
  RsaPssParams: [['!saltLength', unsignedLong]],
};

/** What each algorithm does, and the dictionary for it. @type {Record<string, Record<string, string>>} */
const table = { __proto__: /** @type {any} */ (null) };
/** The names in small letters. @type {Record<string, string>} */
const spellings = { __proto__: /** @type {any} */ (null) };

/** @param {string[]} names @param {Record<string, string>} does */
function declare(names, does) {
  for (let index = 0; index < names.length; index += 1) {
    table[names[index]] = does;
    spellings[toLowerCase(names[index])] = names[index];
  }
}

const none = 'None';
const hashes = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];
const sha3 = ['SHA3-256', 'SHA3-384', 'SHA3-512'];
declare(hashes, { digest: none });
declare(sha3, { digest: none });
declare(['cSHAKE128', 'cSHAKE256'], { digest: 'CShakeParams' });
const aesKeys = { generateKey: 'AesKeyParams', importKey: none, exportKey: none, getKeyLength: 'AesKeyParams' };
declare(['AES-CBC'], { ...aesKeys, encrypt: 'AesCbcParams', decrypt: 'AesCbcParams' });
declare(['AES-CTR'], { ...aesKeys, encrypt: 'AesCtrParams', decrypt: 'AesCtrParams' });
declare(['AES-GCM', 'AES-OCB'], { ...aesKeys, encrypt: 'AeadParams', decrypt: 'AeadParams' });
declare(['AES-KW'], { ...aesKeys, wrapKey: none, unwrapKey: none });
declare(['ChaCha20-Poly1305'], {
  generateKey: none,
  importKey: none,
  exportKey: none,
  getKeyLength: none,
  encrypt: 'AeadParams',
  decrypt: 'AeadParams',
});
declare(['HMAC'], {
  generateKey: 'HmacKeyParams',
  importKey: 'HmacKeyParams',
  exportKey: none,
  getKeyLength: 'HmacKeyParams',
  sign: none,
  verify: none,
});
declare(['KMAC128', 'KMAC256'], {
  generateKey: 'KmacKeyParams',
  importKey: 'KmacKeyParams',
  exportKey: none,
  getKeyLength: 'KmacKeyParams',
  sign: 'KmacParams',
  verify: 'KmacParams',
});
const rsaKeys = { generateKey: 'RsaKeyGenParams', importKey: 'HashedParams', exportKey: none };
declare(['RSASSA-PKCS1-v1_5'], { ...rsaKeys, sign: none, verify: none });
declare(['RSA-PSS'], { ...rsaKeys, sign: 'RsaPssParams', verify: 'RsaPssParams' });
declare(['RSA-OAEP'], { ...rsaKeys, encrypt: 'RsaOaepParams', decrypt: 'RsaOaepParams' });
const ecKeys = { generateKey: 'EcKeyParams', importKey: 'EcKeyParams', exportKey: none };
declare(['ECDSA'], { ...ecKeys, sign: 'EcdsaParams', verify: 'EcdsaParams' });
declare(['ECDH'], { ...ecKeys, deriveBits: 'EcdhParams' });
const plainKeys = { generateKey: none, importKey: none, exportKey: none };
declare(['Ed25519'], { ...plainKeys, sign: none, verify: none });
declare(['Ed448'], { ...plainKeys, sign: 'ContextParams', verify: 'ContextParams' });
declare(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'], { ...plainKeys, sign: 'ContextParams', verify: 'ContextParams' });
declare(['ML-KEM-512', 'ML-KEM-768', 'ML-KEM-1024'], { ...plainKeys, encapsulate: none, decapsulate: none });
declare(['X25519', 'X448'], { ...plainKeys, deriveBits: 'EcdhParams' });
declare(['HKDF'], { importKey: none, getKeyLength: none, deriveBits: 'HkdfParams' });
declare(['PBKDF2'], { importKey: none, getKeyLength: none, deriveBits: 'Pbkdf2Params' });
declare(['Argon2d', 'Argon2i', 'Argon2id'], { importKey: none, getKeyLength: none, deriveBits: 'Argon2Params' });

/**
 * Reads what a program says of an algorithm.
 * @param {string} operation
 * @param {any} given
 * @returns {Algorithm}
 */
function normalize(operation, given) {
  const isRecord = isObject(given);
  let named = given;
  if (isRecord) {
    named = given.name;
    if (named === undefined) throw new TypeError('the algorithm has no name');
  }
  const wanted = toDOMString(named);
  const name = spellings[toLowerCase(wanted)];
  if (name === undefined || !hasOwn(table[name], operation)) throw notSupported(`Unrecognized algorithm name: ${wanted} for ${operation}`);
  const members = dictionaries[table[name][operation]];
  /** @type {Algorithm} */
  const algorithm = /** @type {any} */ ({ __proto__: null, name });
  for (let index = 0; index < members.length; index += 1) {
    const label = members[index][0];
    const convert = members[index][1];
    const isRequired = label[0] === '!';
    const member = isRequired ? labels[label] : label;
    const value = isRecord ? given[member] : undefined;
    if (value !== undefined) algorithm[member] = convert(value, `${name}: ${member}`);
    else if (isRequired) throw codedError(TypeError, 'ERR_MISSING_OPTION', `${name}: ${member} is required`);
  }
  return algorithm;
}

/** Members that must be there, without their sign. @type {Record<string, string>} */
const labels = { __proto__: /** @type {any} */ (null) };
const dictionaryNames = keys(dictionaries);
for (let index = 0; index < dictionaryNames.length; index += 1) {
  const members = dictionaries[dictionaryNames[index]];
  for (let at = 0; at < members.length; at += 1) {
    const label = members[at][0];
    let plain = '';
    for (let unit = 1; unit < label.length; unit += 1) plain += label[unit];
    labels[label] = plain;
  }
}

/** Whether an algorithm does something, by its exact name. @param {string} name @param {string} operation */
function does(name, operation) {
  return name in table && hasOwn(table[name], operation);
}

/** @param {string[]} usages @param {string[]} allowed @param {string} kind of key */
function requireUsages(usages, allowed, kind) {
  for (let index = 0; index < usages.length; index += 1) {
    if (!includes(allowed, usages[index])) {
      throw new DOMException(`Unsupported key usage for ${kind} key`, 'SyntaxError');
    }
  }
}

module.exports = { does, normalize, notSupported, requireUsages };
