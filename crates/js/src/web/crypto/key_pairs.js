// The algorithms of key pairs: RSA, curves of NIST (ECDSA, ECDH), Edwards' and Montgomery's curves (Ed25519, Ed448, X25519, X448), and ML-DSA.
'use strict';

const { codedError } = require('builtins/coded_error');
const { DOMException } = require('builtins/domexception');
const { copyBytes, includes, startsWith, subarray, toHex, toLowerCase, viewByteLength } = require('builtins/primordials');
const { notSupported, requireUsages } = require('web/crypto/algorithms');
const { checkJwk, dataError, numberIn } = require('web/crypto/jwk');
const { makeKey, recordOf } = require('web/crypto/key');
const { operationError } = require('web/crypto/secret_keys');
const { agreeSecret, asymmetricCrypt, base64UrlText, keyDetails, keyFromNumbers, keyFromPoint, keyFromRaw, keyKind, keyNumber } = ops;
const { keyPair, keyPoint, keyPublic, keyRaw, keyRead, keyRsaNumbers, keyWrite, signBytes, verifyBytes } = ops;

/** @typedef {import('./algorithms').Algorithm} Algorithm */
/** @typedef {{ handle: NativeKey, type: 'secret' | 'public' | 'private', algorithm: any, usages: string[], extractable: boolean }} KeyRecord */

const isRsa = (/** @type {string} */ name) => startsWith(name, 'RSA');
const isEc = (/** @type {string} */ name) => name === 'ECDSA' || name === 'ECDH';
const isLattice = (/** @type {string} */ name) => startsWith(name, 'ML-');
const isKem = (/** @type {string} */ name) => startsWith(name, 'ML-KEM');

const curves = ['P-256', 'P-384', 'P-521'];
/** OpenSSL's names. @type {Record<string, string>} */
const curveNames = { __proto__: /** @type {any} */ (null), 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' };
/** The bytes of a coordinate. @type {Record<string, number>} */
const widths = { __proto__: /** @type {any} */ (null), 'P-256': 32, 'P-384': 48, 'P-521': 66 };

/** What the private and the public half may be used for. @param {string} name @returns {{ private: string[], public: string[] }} */
function usagesFor(name) {
  if (name === 'RSA-OAEP') return { private: ['decrypt', 'unwrapKey'], public: ['encrypt', 'wrapKey'] };
  if (name === 'ECDH' || name === 'X25519' || name === 'X448') return { private: ['deriveKey', 'deriveBits'], public: [] };
  if (isKem(name)) return { private: ['decapsulateKey', 'decapsulateBits'], public: ['encapsulateKey', 'encapsulateBits'] };
  return { private: ['sign'], public: ['verify'] };
}

/** @param {string[]} usages @param {string[]} allowed */
function intersection(usages, allowed) {
  /** @type {string[]} */
  const both = [];
  for (let index = 0; index < usages.length; index += 1) if (includes(allowed, usages[index])) both[both.length] = usages[index];
  return both;
}

/** @param {Algorithm} algorithm @param {boolean} extractable @param {string[]} usages @returns {Promise<any>} */
async function generate(algorithm, extractable, usages) {
  const { name } = algorithm;
  const allowed = usagesFor(name);
  requireUsages(usages, [allowed.private[0], allowed.private[1] ?? '', allowed.public[0] ?? '', allowed.public[1] ?? ''], name);
  /** @type {any} */
  const shown = { name };
  /** @type {any} */
  let made;
  if (isRsa(name)) {
    const { modulusLength, publicExponent, hash } = algorithm;
    const exponent = numberOf(publicExponent);
    if (exponent < 3 || exponent % 2 === 0 || modulusLength < 256) throw operationError('Invalid modulus length or public exponent');
    shown.modulusLength = modulusLength;
    shown.publicExponent = publicExponent;
    shown.hash = { name: hash.name };
    requireSome(usages, allowed);
    made = keyPair('rsa', [modulusLength, exponent], true);
  } else if (isEc(name)) {
    const { namedCurve } = algorithm;
    if (!includes(curves, namedCurve)) throw notSupported('Unrecognized namedCurve');
    shown.namedCurve = namedCurve;
    requireSome(usages, allowed);
    made = keyPair('ec', [curveNames[namedCurve], false], namedCurve !== 'P-256');
  } else {
    requireSome(usages, allowed);
    made = keyPair(toLowerCase(name), [], false);
  }
  /** @type {NativeKey} */
  const handle = await made;
  return {
    privateKey: makeKey(handle, 'private', extractable, shown, intersection(usages, allowed.private)),
    publicKey: makeKey(keyPublic(handle), 'public', true, shown, intersection(usages, allowed.public)),
  };
}

/** @param {string[]} usages @param {{ private: string[] }} allowed */
function requireSome(usages, allowed) {
  if (intersection(usages, allowed.private).length === 0) {
    throw new DOMException('Usages cannot be empty when creating a key.', 'SyntaxError');
  }
}

/** @param {Uint8Array} bytes */
function numberOf(bytes) {
  let number = 0;
  for (let index = 0; index < viewByteLength(bytes); index += 1) number = number * 256 + bytes[index];
  return number > 0xffffffff ? 0 : number;
}

/** Reads what OpenSSL understands, or a DataError. @template T @param {() => T} read @returns {T} */
function understood(read) {
  try {
    return read();
  } catch {
    throw dataError('Invalid keyData');
  }
}

/** @param {Algorithm} algorithm @param {string} format @param {any} data @param {boolean} extractable @param {string[]} usages */
function importKey(algorithm, format, data, extractable, usages) {
  const { name } = algorithm;
  const allowed = usagesFor(name);
  if (isEc(name) && !includes(curves, algorithm.namedCurve)) throw notSupported('Unrecognized namedCurve');
  /** @type {NativeKey} */
  let handle;
  let isPrivate = false;
  if (format === 'spki') {
    requireUsages(usages, allowed.public, name);
    handle = understood(() => keyRead(false, data, 'spki', undefined));
  } else if (format === 'pkcs8') {
    requireUsages(usages, allowed.private, name);
    isPrivate = true;
    handle = understood(() => keyRead(true, data, 'pkcs8', undefined));
  } else if (format === 'jwk') {
    isPrivate = (isLattice(name) ? data.priv : data.d) !== undefined;
    requireUsages(usages, isPrivate ? allowed.private : allowed.public, name);
    handle = fromJwk(algorithm, data, isPrivate, extractable, usages);
  } else if ((format === 'raw' && !isRsa(name) && !isLattice(name)) || (format === 'raw-public' && !isRsa(name))) {
    requireUsages(usages, allowed.public, name);
    handle = understood(() => (isEc(name) ? fromPoint(algorithm, data) : keyFromRaw(toLowerCase(name), false, data)));
  } else if (format === 'raw-seed' && isLattice(name)) {
    requireUsages(usages, allowed.private, name);
    isPrivate = true;
    if (viewByteLength(data) !== (isKem(name) ? 64 : 32)) throw dataError('Invalid keyData');
    handle = understood(() => keyFromRaw(toLowerCase(name), true, data));
  } else {
    throw notSupported(`Unable to import ${name} using ${format} format`);
  }
  /** @type {any} */
  const shown = { name };
  const kind = keyKind(handle);
  const details = keyDetails(handle);
  if (isRsa(name)) {
    if (kind !== 'rsa') throw dataError('Invalid key type');
    const exponent = keyRsaNumbers(handle)[1];
    shown.modulusLength = details[0];
    shown.publicExponent = exponent;
    shown.hash = { name: algorithm.hash.name };
  } else if (isEc(name)) {
    if (kind !== 'ec') throw dataError('Invalid key type');
    if (details[3] !== curveNames[algorithm.namedCurve]) throw dataError('Named curve mismatch');
    // A point that was compressed is written whole.
    if (format === 'spki') handle = fromPoint(algorithm, keyPoint(handle, false));
    // OpenSSL reads a private number that is not less than the curve's order.
    else if (format === 'pkcs8')
      handle = understood(() => keyFromPoint(curveNames[algorithm.namedCurve], keyPoint(handle, false), keyNumber(handle)));
    shown.namedCurve = algorithm.namedCurve;
  } else if (kind !== toLowerCase(name)) {
    throw dataError('Invalid key type');
  }
  if (isPrivate && usages.length === 0) {
    throw new DOMException('Usages cannot be empty when importing a private key.', 'SyntaxError');
  }
  return makeKey(handle, isPrivate ? 'private' : 'public', extractable, shown, usages);
}

/** @param {Algorithm} algorithm @param {Uint8Array} data */
function fromPoint(algorithm, data) {
  return keyFromPoint(curveNames[algorithm.namedCurve], data, undefined);
}

/** @type {Record<string, Record<string, string>>} */
const rsaNames = {
  __proto__: /** @type {any} */ (null),
  'RSASSA-PKCS1-v1_5': { 'SHA-1': 'RS1', 'SHA-256': 'RS256', 'SHA-384': 'RS384', 'SHA-512': 'RS512' },
  'RSA-PSS': { 'SHA-1': 'PS1', 'SHA-256': 'PS256', 'SHA-384': 'PS384', 'SHA-512': 'PS512' },
  'RSA-OAEP': {
    'SHA-1': 'RSA-OAEP',
    'SHA-256': 'RSA-OAEP-256',
    'SHA-384': 'RSA-OAEP-384',
    'SHA-512': 'RSA-OAEP-512',
  },
};

/** @param {Algorithm} algorithm @param {any} jwk @param {boolean} isPrivate @param {boolean} extractable @param {string[]} usages @returns {NativeKey} */
function fromJwk(algorithm, jwk, isPrivate, extractable, usages) {
  const { name } = algorithm;
  const use = name === 'RSA-OAEP' || name === 'ECDH' || startsWith(name, 'X') || isKem(name) ? 'enc' : 'sig';
  if (isRsa(name)) {
    checkJwk(jwk, 'RSA', use, extractable, usages, rsaNames[name][algorithm.hash.name]);
    const names = isPrivate ? ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] : ['n', 'e'];
    /** @type {Uint8Array[]} */
    const numbers = [];
    for (let index = 0; index < names.length; index += 1) numbers[index] = numberIn(jwk, names[index]);
    return understood(() => keyFromNumbers(numbers));
  }
  if (isEc(name)) {
    checkJwk(jwk, 'EC', use, extractable, usages);
    const { namedCurve } = algorithm;
    if (jwk.crv !== namedCurve) throw dataError('JWK "crv" does not match the requested algorithm');
    const alg =
      name === 'ECDSA' ? { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }[/** @type {'P-256'} */ (namedCurve)] : undefined;
    if (alg !== undefined && jwk.alg !== undefined && jwk.alg !== alg) throw dataError('JWK "alg" does not match the requested algorithm');
    const width = widths[namedCurve];
    const x = numberIn(jwk, 'x');
    const y = numberIn(jwk, 'y');
    if (viewByteLength(x) !== width || viewByteLength(y) !== width) throw dataError('Invalid keyData');
    const point = new Uint8Array(1 + 2 * width);
    point[0] = 4;
    for (let index = 0; index < width; index += 1) {
      point[1 + index] = x[index];
      point[1 + width + index] = y[index];
    }
    const number = isPrivate ? numberIn(jwk, 'd') : undefined;
    return understood(() => keyFromPoint(curveNames[namedCurve], point, number));
  }
  if (isLattice(name)) {
    if (jwk.alg !== name) throw dataError('JWK "alg" Parameter and algorithm name mismatch');
    checkJwk(jwk, 'AKP', use, extractable, usages);
    if (isPrivate && jwk.pub === undefined) throw dataError('Invalid JWK');
    return halves(name, jwk, isPrivate, 'priv', 'pub');
  }
  checkJwk(jwk, 'OKP', use, extractable, usages);
  if (jwk.crv !== name) throw dataError('JWK "crv" Parameter and algorithm name mismatch');
  const isSigning = startsWith(name, 'Ed');
  if (isSigning && jwk.alg !== undefined && jwk.alg !== name && jwk.alg !== 'EdDSA') {
    throw dataError('JWK "alg" does not match the requested algorithm');
  }
  return halves(name, jwk, isPrivate, 'd', 'x');
}

/** A key of one piece of bytes a half: both must belong together. @param {string} name @param {any} jwk @param {boolean} isPrivate @param {string} privateName @param {string} publicName */
function halves(name, jwk, isPrivate, privateName, publicName) {
  const kind = toLowerCase(name);
  const publicBytes = numberIn(jwk, publicName);
  if (!isPrivate) return understood(() => keyFromRaw(kind, false, publicBytes));
  const privateBytes = numberIn(jwk, privateName);
  const handle = understood(() => keyFromRaw(kind, true, privateBytes));
  const own = keyRaw(handle, false);
  let isSame = viewByteLength(own) === viewByteLength(publicBytes);
  for (let index = 0; isSame && index < viewByteLength(own); index += 1) isSame = own[index] === publicBytes[index];
  if (!isSame) throw dataError('Invalid keyData');
  return handle;
}

/** @param {KeyRecord} key @param {string} format */
function exportKey(key, format) {
  const { name } = key.algorithm;
  const isPublic = key.type === 'public';
  if (format === 'spki') {
    requireHalf(isPublic);
    return keyWrite(key.handle, 'spki', false, undefined, undefined);
  }
  if (format === 'pkcs8') {
    requireHalf(!isPublic);
    return keyWrite(key.handle, isLattice(name) ? 'pkcs8-seed' : 'pkcs8', false, undefined, undefined);
  }
  if (format === 'jwk') return toJwk(key);
  if ((format === 'raw' && !isRsa(name) && !isLattice(name)) || (format === 'raw-public' && !isRsa(name))) {
    requireHalf(isPublic);
    return isEc(name) ? keyPoint(key.handle, false) : keyRaw(key.handle, false);
  }
  if (format === 'raw-seed' && isLattice(name)) {
    requireHalf(!isPublic);
    return keyRaw(key.handle, true);
  }
  throw notSupported(`Unable to export ${name} ${key.type} key using ${format} format`);
}

/** @param {boolean} isRight */
function requireHalf(isRight) {
  if (!isRight) throw new DOMException('The key is not of the expected type', 'InvalidAccessError');
}

/** @param {KeyRecord} key */
function toJwk(key) {
  const { name, namedCurve, hash } = key.algorithm;
  const isPrivate = key.type === 'private';
  /** @type {any} */
  const jwk = {};
  if (isRsa(name)) {
    jwk.kty = 'RSA';
    const names = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];
    const numbers = keyRsaNumbers(key.handle);
    for (let index = 0; index < numbers.length; index += 1) jwk[names[index]] = base64UrlText(numbers[index]);
    const alg = rsaNames[name][hash.name];
    if (alg !== undefined) jwk.alg = alg;
  } else if (isEc(name)) {
    const point = keyPoint(key.handle, false);
    const width = widths[namedCurve];
    jwk.kty = 'EC';
    jwk.x = base64UrlText(subarray(point, 1, 1 + width));
    jwk.y = base64UrlText(subarray(point, 1 + width));
    jwk.crv = namedCurve;
    if (isPrivate) jwk.d = base64UrlText(keyNumber(key.handle));
  } else if (isLattice(name)) {
    jwk.kty = 'AKP';
    jwk.alg = name;
    jwk.pub = base64UrlText(keyRaw(key.handle, false));
    if (isPrivate) jwk.priv = base64UrlText(keyRaw(key.handle, true));
  } else {
    jwk.kty = 'OKP';
    jwk.crv = name;
    jwk.x = base64UrlText(keyRaw(key.handle, false));
    if (isPrivate) jwk.d = base64UrlText(keyRaw(key.handle, true));
    if (startsWith(name, 'Ed')) jwk.alg = name;
  }
  return jwk;
}

// What takes long: a signature with RSA, or on the larger curves.
/** @param {KeyRecord} key */
function isSlow(key) {
  const { name, namedCurve } = key.algorithm;
  return (isRsa(name) && key.type === 'private') || (isEc(name) && namedCurve !== 'P-256') || name === 'Ed448' || isLattice(name);
}

/** The bytes of a digest. @type {Record<string, number>} */
const digestLengths = {
  __proto__: /** @type {any} */ (null),
  'SHA-1': 20,
  'SHA-256': 32,
  'SHA-384': 48,
  'SHA-512': 64,
  'SHA3-256': 32,
  'SHA3-384': 48,
  'SHA3-512': 64,
};

const pss = 6;
const pkcs1 = 1;
const oaep = 4;

/** @param {Algorithm} algorithm @param {KeyRecord} key @returns {[string | undefined, number | undefined, number | undefined, boolean, Uint8Array | undefined]} */
function signing(algorithm, key) {
  const { name } = algorithm;
  if (name === 'ECDSA') return [algorithm.hash.name, undefined, undefined, true, undefined];
  if (name === 'RSA-PSS') {
    requireSaltLength(algorithm.saltLength, key.algorithm);
    return [key.algorithm.hash.name, pss, algorithm.saltLength, false, undefined];
  }
  if (isRsa(name)) return [key.algorithm.hash.name, pkcs1, undefined, false, undefined];
  const { context } = algorithm;
  if (context !== undefined && viewByteLength(context) > 255) {
    const cause = codedError(RangeError, 'ERR_OUT_OF_RANGE', 'context string must be at most 255 bytes');
    throw new DOMException('context string must be at most 255 bytes', /** @type {any} */ ({ name: 'OperationError', cause }));
  }
  return [undefined, undefined, undefined, false, context];
}

/** The salt and the digest stand beside each other in what is signed (RFC 8017, 9.1.1). @param {number} given @param {any} algorithm of the key */
function requireSaltLength(given, { modulusLength, hash }) {
  const most = (modulusLength + 7 - ((modulusLength + 7) % 8)) / 8 - digestLengths[hash.name] - 2;
  if (given <= most) return;
  const what = 'The value of "algorithm.saltLength" is out of range.';
  const cause = codedError(RangeError, 'ERR_OUT_OF_RANGE', `${what} It must be >= 0 && <= ${most}. Received ${given}`);
  throw new DOMException('algorithm.saltLength is too long', /** @type {any} */ ({ name: 'OperationError', cause }));
}

/** @param {Algorithm} algorithm @param {KeyRecord} key @param {Uint8Array} data */
function sign(algorithm, key, data) {
  requireHalf(key.type === 'private');
  const how = signing(algorithm, key);
  const later = isSlow(key) || viewByteLength(data) > 65536;
  return signBytes(key.handle, how[0], how[1], how[2], how[3], how[4], data, false, later);
}

/** The y of the points of Ed25519 whose order divides 8, also as numbers that are not reduced; in hexadecimal, the lowest byte first. */
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

/**
 * Whether the point at the beginning is one that signs everything: WebCrypto has it so that such a signature is none, and OpenSSL does not look.
 * @param {Uint8Array} bytes
 */
function isOfSmallOrder(bytes) {
  if (viewByteLength(bytes) < 32) return false;
  const point = copyBytes(subarray(bytes, 0, 32));
  // The last bit is the sign of x.
  point[31] &= 0x7f;
  return includes(smallOrder, toHex(point));
}

/** @param {Algorithm} algorithm @param {KeyRecord} key @param {Uint8Array} signature @param {Uint8Array} data */
function verify(algorithm, key, signature, data) {
  requireHalf(key.type === 'public');
  if (algorithm.name === 'Ed25519' && (isOfSmallOrder(keyRaw(key.handle, false)) || isOfSmallOrder(signature))) return false;
  const how = signing(algorithm, key);
  const later = isSlow(key) || viewByteLength(data) > 65536;
  return verifyBytes(key.handle, how[0], how[1], how[2], how[3], how[4], data, false, signature, later);
}

/** @param {Algorithm} algorithm @param {KeyRecord} key @param {Uint8Array} data @param {boolean} encrypts */
function crypt(algorithm, key, data, encrypts) {
  requireHalf(key.type === (encrypts ? 'public' : 'private'));
  return asymmetricCrypt(encrypts ? 0 : 1, key.handle, oaep, key.algorithm.hash.name, algorithm.label, data, !encrypts);
}

/** @param {Algorithm} algorithm @param {KeyRecord} key @param {number | null} length @returns {Promise<Uint8Array>} */
async function deriveBits(algorithm, key, length) {
  const { name } = algorithm;
  const other = recordOf(algorithm.public);
  if (key.type !== 'private') throw new DOMException('The base key is not a private key', 'InvalidAccessError');
  if (other.type !== 'public') throw new DOMException('algorithm.public must be a public key', 'InvalidAccessError');
  if (other.algorithm.name !== key.algorithm.name) throw new DOMException('key algorithm mismatch', 'InvalidAccessError');
  if (name === 'ECDH' && other.algorithm.namedCurve !== key.algorithm.namedCurve) {
    throw new DOMException('Named curve mismatch', 'InvalidAccessError');
  }
  /** @type {any} */
  const agreed = agreeSecret(key.handle, other.handle, name === 'ECDH' && key.algorithm.namedCurve !== 'P-256');
  /** @type {Uint8Array} */
  const secret = await agreed;
  if (length === null) return secret;
  const bytes = (length + 7 - ((length + 7) % 8)) / 8;
  if (bytes > viewByteLength(secret)) throw operationError('derived bit length is too small');
  const part = new Uint8Array(bytes);
  for (let index = 0; index < bytes; index += 1) part[index] = secret[index];
  const rest = length % 8;
  if (rest !== 0) part[bytes - 1] &= 0xff << (8 - rest);
  return part;
}

/** @param {KeyRecord} key @param {string[]} usages */
function publicOf(key, usages) {
  const { name } = key.algorithm;
  requireUsages(usages, usagesFor(name).public, name);
  return makeKey(keyPublic(key.handle), 'public', true, key.algorithm, usages);
}

module.exports = { crypt, deriveBits, exportKey, generate, importKey, isEc, isRsa, publicOf, sign, verify };
