// X509Certificate (https://nodejs.org/api/crypto.html#class-x509certificate).
'use strict';

const { invalidType, invalidValue } = require('node/errors');
const { requireBoolean, requireObject, requireString } = require('node/arguments');
const { wrap } = /** @type {any} */ (require('node/buffer/buffer'));
const { heldBy, made } = require('node/crypto/keys');
const { bytesFrom } = require('node/crypto/values');
const { customInspect, fromCharCode, map, numberToString, split, stringIncludes, toUpperCase } = require('builtins/primordials');
const { defineSerializable, isObject, isSharedBufferSource } = require('builtins/webidl');
const {
  certificateBytes,
  certificateCheck,
  certificateFacts,
  certificateIssuedBy,
  certificateKey,
  certificateOpen,
  certificateVerify,
  keyEquals,
  keyPublic,
} = ops;
const { decodeText, pkcs12Open } = ops;
const { keyRsaNumbers, keyDetails, keyKind, keyPoint, keyWrite } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

class X509Certificate {
  #handle;
  /** @type {CertificateFacts} */
  #facts;
  /** @type {any} */
  #key;
  /** Who issued it, as far as whoever showed it showed that too. @type {X509Certificate | undefined} */
  #issuer;
  /** @param {any} buffer */
  constructor(buffer) {
    if (typeof buffer !== 'string' && !isSharedBufferSource(buffer)) {
      throw invalidType('buffer', ['string', 'Buffer', 'TypedArray', 'DataView'], buffer);
    }
    this.#handle = certificateOpen(bytesFrom(buffer, 'buffer'));
    this.#facts = certificateFacts(this.#handle);
  }
  /** @param {any} value @returns {any} */
  static handle(value) {
    return isObject(value) && #handle in value ? value.#handle : undefined;
  }
  get subject() {
    return this.#facts.subject;
  }
  get subjectAltName() {
    return this.#facts.alternatives;
  }
  get issuer() {
    return this.#facts.issuer;
  }
  get issuerCertificate() {
    return this.#issuer;
  }
  /** @param {X509Certificate} certificate @param {X509Certificate} issuer */
  static setIssuer(certificate, issuer) {
    certificate.#issuer = issuer;
  }
  get infoAccess() {
    return this.#facts.access;
  }
  get validFrom() {
    return this.#facts.from;
  }
  get validTo() {
    return this.#facts.to;
  }
  get validFromDate() {
    return new Date(this.#facts.from);
  }
  get validToDate() {
    return new Date(this.#facts.to);
  }
  get fingerprint() {
    return this.#facts.sha1;
  }
  get fingerprint256() {
    return this.#facts.sha256;
  }
  get fingerprint512() {
    return this.#facts.sha512;
  }
  get keyUsage() {
    return this.#facts.purposes.length === 0 ? undefined : split(this.#facts.purposes, ' ');
  }
  get serialNumber() {
    return this.#facts.serial;
  }
  get signatureAlgorithm() {
    return this.#facts.algorithm;
  }
  get signatureAlgorithmOid() {
    return this.#facts.algorithmObject;
  }
  get raw() {
    return wrap(certificateBytes(this.#handle));
  }
  get publicKey() {
    this.#key ??= made('public', certificateKey(this.#handle));
    return this.#key;
  }
  get ca() {
    return this.#facts.isAuthority;
  }
  toString() {
    return this.#facts.pem;
  }
  toJSON() {
    return this.#facts.pem;
  }
  /** @param {any} other */
  checkIssued(other) {
    if (!isCertificate(other)) throw invalidType('otherCert', 'X509Certificate', other);
    return certificateIssuedBy(this.#handle, other.#handle);
  }
  /** @param {any} key */
  checkPrivateKey(key) {
    const held = heldBy(key);
    if (held === undefined) throw invalidType('pkey', 'KeyObject', key);
    if (held.type !== 'private') throw invalidValue('pkey', key);
    return keyEquals(keyPublic(held.handle), certificateKey(this.#handle));
  }
  /** @param {any} key */
  verify(key) {
    const held = heldBy(key);
    if (held === undefined) throw invalidType('pkey', 'KeyObject', key);
    if (held.type !== 'public') throw invalidValue('pkey', key);
    return certificateVerify(this.#handle, held.handle);
  }
  /** @param {any} name @param {any} [options] */
  checkHost(name, options) {
    requireString(name, 'name');
    const flags = checked(options);
    requireNoZero(name, 'name');
    return certificateCheck(this.#handle, 'host', name, flags);
  }
  /** @param {any} email @param {any} [options] */
  checkEmail(email, options) {
    requireString(email, 'email');
    const flags = checked(options);
    requireNoZero(email, 'email');
    return certificateCheck(this.#handle, 'email', email, flags);
  }
  /** @param {any} ip */
  checkIP(ip) {
    requireString(ip, 'ip');
    const result = certificateCheck(this.#handle, 'ip', ip, 0);
    if (result === null) throw invalidValue('ip', ip);
    return result;
  }
  toLegacyObject() {
    return legacy(this, this.#facts, certificateKey(this.#handle));
  }
  /** @param {number} depth @param {any} options */
  [customInspect](depth, options) {
    if (depth < 0) return this;
    const shown = {
      subject: this.subject,
      subjectAltName: this.subjectAltName,
      issuer: this.issuer,
      infoAccess: this.infoAccess,
      validFrom: this.validFrom,
      validTo: this.validTo,
      validFromDate: this.validFromDate,
      validToDate: this.validToDate,
      fingerprint: this.fingerprint,
      fingerprint256: this.fingerprint256,
      fingerprint512: this.fingerprint512,
      keyUsage: this.keyUsage,
      serialNumber: this.serialNumber,
      signatureAlgorithm: this.signatureAlgorithm,
      signatureAlgorithmOid: this.signatureAlgorithmOid,
    };
    return `X509Certificate ${loadInspect().inspect(shown, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
  }
  /** @param {any} value */
  static isCertificate(value) {
    return isObject(value) && #handle in value;
  }
}
const { isCertificate, setIssuer } = X509Certificate;
delete (/** @type {any} */ (X509Certificate).setIssuer);
delete (/** @type {any} */ (X509Certificate).isCertificate);

/** @param {string} text @param {string} name */
function requireNoZero(text, name) {
  if (stringIncludes(text, fromCharCode(0))) throw invalidValue(name, text);
}

/** What options say of names: OpenSSL's bits. @param {any} options */
function checked(options) {
  if (options === undefined) return 0;
  requireObject(options, 'options');
  const {
    subject = 'default',
    wildcards = true,
    partialWildcards = true,
    multiLabelWildcards = false,
    singleLabelSubdomains = false,
  } = options;
  requireString(subject, 'options.subject');
  requireBoolean(wildcards, 'options.wildcards');
  requireBoolean(partialWildcards, 'options.partialWildcards');
  requireBoolean(multiLabelWildcards, 'options.multiLabelWildcards');
  requireBoolean(singleLabelSubdomains, 'options.singleLabelSubdomains');
  let flags = 0;
  if (subject === 'always') flags |= 1;
  else if (subject === 'never') flags |= 0x20;
  else if (subject !== 'default') throw invalidValue('options.subject', subject);
  if (!wildcards) flags |= 2;
  if (!partialWildcards) flags |= 4;
  if (multiLabelWildcards) flags |= 8;
  if (singleLabelSubdomains) flags |= 16;
  return flags;
}

/** Lines of `name=value` as an object; what stands several times is a list. @param {string | undefined} text @param {string} separator @param {boolean} always */
function pairs(text, separator, always) {
  /** @type {any} */
  const record = { __proto__: null };
  if (text === undefined) return undefined;
  const lines = split(text, '\n');
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    let at = 0;
    while (at < line.length && line[at] !== separator) at += 1;
    let name = '';
    let value = '';
    for (let unit = 0; unit < line.length; unit += 1) {
      if (unit < at) name += line[unit];
      else if (unit > at) value += line[unit];
    }
    if (record[name] === undefined) record[name] = always ? [value] : value;
    else if (typeof record[name] === 'string') record[name] = [record[name], value];
    else record[name][record[name].length] = value;
  }
  return record;
}

/** What NIST calls curves, and how long their numbers are, in bits. @type {Record<string, [name: string, bits: number] | undefined>} */
const standardCurves = {
  __proto__: /** @type {any} */ (null),
  prime256v1: ['P-256', 256],
  secp224r1: ['P-224', 224],
  secp384r1: ['P-384', 384],
  secp521r1: ['P-521', 521],
};

/** @param {any} certificate @param {CertificateFacts} facts @param {NativeKey} key */
function legacy(certificate, facts, key) {
  /** @type {any} */
  const object = {
    subject: pairs(facts.subject, '=', false),
    issuer: pairs(facts.issuer, '=', false),
    subjectaltname: facts.alternatives,
    infoAccess: pairs(facts.access, ':', true),
    ca: facts.isAuthority,
  };
  const kind = keyKind(key);
  if (kind === 'rsa') {
    const numbers = keyRsaNumbers(key);
    let exponent = 0;
    for (let index = 0; index < numbers[1].length; index += 1) exponent = exponent * 256 + numbers[1][index];
    object.modulus = toUpperCase(wrap(numbers[0]).toString('hex'));
    object.bits = keyDetails(key)[0];
    object.exponent = `0x${numberToString(exponent, 16)}`;
    object.pubkey = wrap(keyWrite(key, 'spki', false, undefined, undefined));
  } else if (kind === 'ec') {
    const curve = keyDetails(key)[3];
    object.asn1Curve = curve;
    if (curve !== undefined && standardCurves[curve] !== undefined) {
      object.nistCurve = standardCurves[curve][0];
      object.bits = standardCurves[curve][1];
    }
    object.pubkey = wrap(keyPoint(key, false));
  }
  object.valid_from = facts.from;
  object.valid_to = facts.to;
  object.fingerprint = facts.sha1;
  object.fingerprint256 = facts.sha256;
  object.fingerprint512 = facts.sha512;
  object.ext_key_usage = certificate.keyUsage;
  object.serialNumber = facts.serial;
  object.raw = certificate.raw;
  return object;
}

/** A key and its certificates (https://nodejs.org/api/crypto.html#cryptoparsepkcs12bundle-options). @param {any} bundle @param {any} [options] */
function parsePKCS12(bundle, options = {}) {
  if (!isSharedBufferSource(bundle)) throw invalidType('bundle', ['ArrayBuffer', 'TypedArray', 'DataView', 'Buffer'], bundle);
  requireObject(options, 'options');
  const { passphrase } = options;
  const secret = passphrase === undefined ? '' : decodeText('utf-8', bytesFrom(passphrase, 'options.passphrase'), false, true);
  if (stringIncludes(secret, '\0')) throw invalidValue('options.passphrase', passphrase, 'must not contain null bytes');
  const [key, certificate, others] = pkcs12Open(bytesFrom(bundle, 'bundle'), secret);
  return {
    privateKey: key === undefined ? null : made('private', key),
    certificate: certificate === undefined ? null : new X509Certificate(certificate),
    additionalCertificates: map(others, (bytes) => new X509Certificate(bytes)),
  };
}

const { handle: handleOf } = X509Certificate;
delete (/** @type {any} */ (X509Certificate).handle);
// As bytes, which another thread can have.
defineSerializable(
  'node/crypto/certificate',
  (value) => handleOf(value) !== undefined,
  (value) => certificateBytes(/** @type {any} */ (handleOf(value))),
  (bytes) => new X509Certificate(bytes),
  X509Certificate,
);

module.exports = { X509Certificate, parsePKCS12, setIssuer };
