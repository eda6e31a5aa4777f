// The exports of `node:crypto` (https://nodejs.org/api/crypto.html).
'use strict';

const { nodeError } = require('node/errors');
const { constants } = require('node/crypto/constants');
const ciphers = require('node/crypto/cipher');
const derivations = require('node/crypto/derive');
const exchanges = require('node/crypto/exchange');
const generation = require('node/crypto/generate');
const hashes = require('node/crypto/hash');
const macs = require('node/crypto/mac');
const keys = require('node/crypto/keys');
const random = require('node/crypto/random');
const signatures = require('node/crypto/sign');
const { pendingDeprecation } = require('node/process/options');
const web = require('web/crypto/crypto');
const { defineProperties, sort } = require('builtins/primordials');
const { curveNames } = ops;
const loadUtil = () => /** @type {any} */ (require('node/util/util'));
const loadSpkac = () => require('node/crypto/spkac');
const loadCertificate = () => require('node/crypto/certificate');

/** @type {string[] | undefined} */
let curves;
function getCurves() {
  curves ??= sort(curveNames());
  /** @type {string[]} */
  const list = [];
  for (let index = 0; index < curves.length; index += 1) list[index] = curves[index];
  return list;
}

function getFips() {
  return 0;
}

/** @param {any} value */
function setFips(value) {
  if (value) throw nodeError(Error, 'ERR_CRYPTO_FIPS_UNAVAILABLE', 'Cannot set FIPS mode in a non-FIPS build.');
}

/** @returns {never} */
function setEngine() {
  throw nodeError(Error, 'ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED', 'Custom engines not supported by this OpenSSL');
}

function secureHeapUsed() {
  return undefined;
}

/** @param {any} array */
function getRandomValues(array) {
  return web.crypto.getRandomValues(array);
}

const exported = {
  argon2: derivations.argon2,
  argon2Sync: derivations.argon2Sync,
  checkPrime: generation.checkPrime,
  checkPrimeSync: generation.checkPrimeSync,
  createCipheriv: ciphers.createCipheriv,
  createDecipheriv: ciphers.createDecipheriv,
  createDiffieHellman: exchanges.createDiffieHellman,
  createDiffieHellmanGroup: exchanges.createDiffieHellmanGroup,
  createECDH: exchanges.createECDH,
  createHash: hashes.createHash,
  createHmac: hashes.createHmac,
  createMac: macs.createMac,
  createPrivateKey: keys.createPrivateKey,
  createPublicKey: keys.createPublicKey,
  createSecretKey: keys.createSecretKey,
  createSign: signatures.createSign,
  createVerify: signatures.createVerify,
  decapsulate: exchanges.decapsulate,
  diffieHellman: exchanges.diffieHellman,
  encapsulate: exchanges.encapsulate,
  generatePrime: generation.generatePrime,
  generatePrimeSync: generation.generatePrimeSync,
  getCiphers: ciphers.getCiphers,
  getCipherInfo: ciphers.getCipherInfo,
  getCurves,
  getDiffieHellman: exchanges.createDiffieHellmanGroup,
  getHashes: hashes.getHashes,
  getMacs: macs.getMacs,
  hkdf: derivations.hkdf,
  hkdfSync: derivations.hkdfSync,
  pbkdf2: derivations.pbkdf2,
  pbkdf2Sync: derivations.pbkdf2Sync,
  generateKeyPair: generation.generateKeyPair,
  generateKeyPairSync: generation.generateKeyPairSync,
  generateKey: generation.generateKey,
  generateKeySync: generation.generateKeySync,
  privateDecrypt: ciphers.privateDecrypt,
  privateEncrypt: ciphers.privateEncrypt,
  publicDecrypt: ciphers.publicDecrypt,
  publicEncrypt: ciphers.publicEncrypt,
  randomBytes: random.randomBytes,
  randomFill: random.randomFill,
  randomFillSync: random.randomFillSync,
  randomInt: random.randomInt,
  randomUUID: random.randomUUID,
  randomUUIDv7: random.randomUUIDv7,
  scrypt: derivations.scrypt,
  scryptSync: derivations.scryptSync,
  sign: signatures.sign,
  setEngine,
  timingSafeEqual: random.timingSafeEqual,
  getFips,
  setFips,
  verify: signatures.verify,
  hash: hashes.hash,
  Cipheriv: ciphers.Cipheriv,
  Decipheriv: ciphers.Decipheriv,
  DiffieHellman: exchanges.DiffieHellman,
  DiffieHellmanGroup: exchanges.DiffieHellmanGroup,
  ECDH: exchanges.ECDH,
  Hash: hashes.Hash,
  Hmac: hashes.Hmac,
  KeyObject: keys.KeyObject,
  Sign: signatures.Sign,
  Verify: signatures.Verify,
  secureHeapUsed,
};

/** @param {() => any} get */
const shown = (get) => ({ get, enumerable: true, configurable: true });
/** @param {any} value */
const quiet = (value) => ({ value, enumerable: false, configurable: true, writable: true });
/** A name of `randomBytes` that warns if the command asks for what will be deprecated. @param {string} name */
const oldName = (name) => {
  const { randomBytes } = random;
  return quiet(pendingDeprecation() ? loadUtil().deprecate(randomBytes, `crypto.${name} is deprecated.`, 'DEP0115') : randomBytes);
};
defineProperties(exported, {
  Certificate: shown(() => loadSpkac().Certificate),
  parsePKCS12: shown(() => loadCertificate().parsePKCS12),
  X509Certificate: shown(() => loadCertificate().X509Certificate),
  constants: { value: constants, enumerable: true },
  fips: { get: getFips, set: setFips, configurable: true },
  getRandomValues: shown(() => getRandomValues),
  prng: oldName('prng'),
  pseudoRandomBytes: oldName('pseudoRandomBytes'),
  rng: oldName('rng'),
  subtle: shown(() => web.crypto.subtle),
  webcrypto: shown(() => web.crypto),
});

module.exports = exported;
