// What connections are made of (https://nodejs.org/api/tls.html#tlscreatesecurecontextoptions): a program's options, checked and in the native context.
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireInteger, requireString } = require('node/arguments');
const { bytesOf } = require('builtins/webidl');
const { construct, includes, isArray, isView, join, push, split, startsWith } = require('builtins/primordials');
const { named } = require('node/absent');
const exported = require('node/tls/exported');
const { emitWarning } = require('node/process/warnings');
const { tlsContext, tlsContextCertificate, tlsContextSet } = ops;
const loadAuthorities = () => require('node/tls/authorities');
const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));
const loadInspect = () => require('builtins/inspect/inspect');
const loadRandom = () => /** @type {any} */ (require('node/crypto/random'));

/** OpenSSL's bit: the server's order of ciphers counts. */
const SERVER_PREFERENCE = 0x400000;

const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

/** The versions behind the methods that programs of old name. @type {Record<string, [least: string | undefined, most: string | undefined]>} */
const methods = {
  __proto__: /** @type {any} */ (null),
  TLS: [undefined, undefined],
  TLSv1: ['TLSv1', 'TLSv1'],
  TLSv1_1: ['TLSv1.1', 'TLSv1.1'],
  TLSv1_2: ['TLSv1.2', 'TLSv1.2'],
  TLSv1_3: ['TLSv1.3', 'TLSv1.3'],
};

/** @param {string} message */
const invalidMethod = (message) => nodeError(TypeError, 'ERR_TLS_INVALID_PROTOCOL_METHOD', message);

/** @param {any} name `TLSv1_2_client_method` @returns {[least: string | undefined, most: string | undefined]} */
function versionsOfMethod(name) {
  const parts = split(`${name}`, '_');
  const last = parts[parts.length - 1];
  const before = parts[parts.length - 2];
  const hasSide = before === 'server' || before === 'client';
  /** @type {string[]} */
  const kept = [];
  for (let index = 0; index < parts.length - (hasSide ? 2 : 1); index += 1) push(kept, parts[index]);
  const kind = join(kept, '_');
  if (last === 'method' && (kind === 'SSLv2' || kind === 'SSLv3')) throw invalidMethod(`${kind} methods disabled`);
  // From the least that counts for all, as in Node.
  if (last === 'method' && kind === 'SSLv23') return [exported.DEFAULT_MIN_VERSION, 'TLSv1.2'];
  const found = last === 'method' ? methods[kind] : undefined;
  if (found === undefined) throw invalidMethod(`Unknown method: ${name}`);
  return found;
}

/** @param {any} version @param {string} least or most @param {string} fallback */
function checkedVersion(version, least, fallback) {
  const wanted = version ?? fallback;
  if (includes(versions, wanted)) return wanted;
  throw nodeError(
    TypeError,
    'ERR_TLS_INVALID_PROTOCOL_VERSION',
    `${loadInspect().inspect(wanted)} is not a valid ${least} TLS protocol version`,
  );
}

/** @this {any} @param {any} secureProtocol @param {any} secureOptions @param {any} minVersion @param {any} maxVersion */
function SecureContext(secureProtocol, secureOptions, minVersion, maxVersion) {
  if (!(this instanceof /** @type {any} */ (SecureContext))) {
    return construct(/** @type {any} */ (SecureContext), [secureProtocol, secureOptions, minVersion, maxVersion]);
  }
  let bounds;
  if (secureProtocol) {
    const given = minVersion ?? maxVersion;
    if (given !== undefined && given !== null) {
      const message = `TLS protocol version ${loadInspect().inspect(given)} conflicts with secureProtocol ${loadInspect().inspect(secureProtocol)}`;
      throw nodeError(TypeError, 'ERR_TLS_PROTOCOL_VERSION_CONFLICT', message);
    }
    bounds = versionsOfMethod(secureProtocol);
  } else {
    bounds = [
      checkedVersion(minVersion, 'minimum', exported.DEFAULT_MIN_VERSION),
      checkedVersion(maxVersion, 'maximum', exported.DEFAULT_MAX_VERSION),
    ];
  }
  this.context = new NativeContext(bounds[0], bounds[1]);
  if (secureOptions) {
    requireInteger(secureOptions, 'secureOptions');
    this.context.set('options', secureOptions);
  }
}

/** The native context, with the names that Node gives it. */
class NativeContext {
  /** @param {string | undefined} least @param {string | undefined} most */
  constructor(least, most) {
    this.native = tlsContext(least, most);
    this.least = least;
    this.most = most;
    /** @type {any} */
    this.keys = undefined;
  }
  /** @param {any} what @param {any} [value] @param {any} [passphrase] @returns {any} */
  set(what, value, passphrase) {
    const set = /** @type {any} */ (tlsContextSet);
    return set(this.native, what, value, passphrase);
  }
  getCertificate() {
    return bufferOf(tlsContextCertificate(this.native, false));
  }
  getIssuer() {
    return bufferOf(tlsContextCertificate(this.native, true));
  }
  /** @param {any} pem */
  addCACert(pem) {
    this.set('authorities', pemOf(pem, 'cert'));
  }
  addRootCerts() {
    this.set('defaultAuthorities');
  }
  /** @param {any} pem */
  setCert(pem) {
    this.set('certificate', pemOf(pem, 'cert'));
  }
  /** @param {any} pem @param {any} [passphrase] */
  setKey(pem, passphrase) {
    this.set('key', pemOf(pem, 'key'), isGiven(passphrase) ? pemOf(passphrase, 'passphrase') : undefined);
  }
  /** @param {any} keys 48 bytes; they may be set while there are connections */
  setTicketKeys(keys) {
    this.keys = loadBuffer().Buffer.from(keys);
    this.set('ticketKeys', this.keys);
  }
  getTicketKeys() {
    if (this.keys === undefined) this.setTicketKeys(loadRandom().randomBytes(48));
    return loadBuffer().Buffer.from(this.keys);
  }
  close() {}
}

/** @param {Uint8Array<ArrayBuffer> | undefined} bytes */
function bufferOf(bytes) {
  return bytes === undefined ? null : loadBuffer().wrap(bytes);
}

/** @param {any} value @param {string} name @returns {Uint8Array} */
function pemOf(value, name) {
  if (typeof value === 'string') return loadBuffer().Buffer.from(value);
  if (!isView(value)) throw invalidType(name, ['string', 'Buffer', 'TypedArray', 'DataView'], value);
  return bytesOf(value);
}

/** Each of one or many. @param {any} value @param {(each: any) => void} visit */
function each(value, visit) {
  if (!isArray(value)) {
    visit(value);
    return;
  }
  for (let index = 0; index < value.length; index += 1) visit(value[index]);
}

const isGiven = (/** @type {any} */ value) => value !== undefined && value !== null;

/** @param {NativeContext} context @param {any} given */
function setCiphers(context, given) {
  if (isGiven(given)) requireString(given, 'options.ciphers');
  const names = split(given || exported.DEFAULT_CIPHERS, ':');
  /** @type {string[]} */
  const suites = [];
  /** @type {string[]} */
  const others = [];
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index];
    if (name === '') continue;
    if (startsWith(name, 'TLS_')) push(suites, name);
    else push(others, startsWith(name, '!TLS_') ? '' : name);
  }
  const list = join(others, ':');
  if (suites.length === 0 && list === '') throw invalidValue('options.ciphers', given);
  if (suites.length > 0) context.set('suites', join(suites, ':'));
  if (list !== '') context.set('ciphers', list);
  // Older versions are out of the question without a cipher; the newest has those that are always there.
  else if (context.most === undefined || context.most === 'TLSv1.3') context.set('least', 'TLSv1.3');
}

/** @param {any} options */
function checkTypes(options) {
  const { ticketKeys, sessionTimeout, sessionIdContext, clientCertEngine, privateKeyEngine, privateKeyIdentifier } = options;
  if (isGiven(sessionIdContext)) requireString(sessionIdContext, 'options.sessionIdContext');
  if (isGiven(ticketKeys)) {
    if (!isView(ticketKeys)) throw invalidType('options.ticketKeys', ['Buffer', 'TypedArray', 'DataView'], ticketKeys);
    if (ticketKeys.byteLength !== 48) {
      throw invalidValue('options.ticketKeys', ticketKeys.byteLength, 'must be exactly 48 bytes');
    }
  }
  if (isGiven(sessionTimeout)) requireInteger(sessionTimeout, 'options.sessionTimeout', 0, 2 ** 31 - 1);
  const engines = [
    ['clientCertEngine', clientCertEngine],
    ['privateKeyEngine', privateKeyEngine],
    ['privateKeyIdentifier', privateKeyIdentifier],
  ];
  for (let index = 0; index < engines.length; index += 1) {
    const name = engines[index][0];
    const value = engines[index][1];
    if (!isGiven(value)) continue;
    if (typeof value !== 'string') throw invalidType(`options.${name}`, ['string', 'null', 'undefined'], value);
    if (name === 'clientCertEngine' || (isGiven(privateKeyEngine) && isGiven(privateKeyIdentifier))) {
      throw nodeError(Error, 'ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED', 'Custom engines not supported by this OpenSSL');
    }
  }
}

/** @param {NativeContext} context @param {any} options */
function setAuthorities(context, options) {
  const { ca, allowPartialTrustChain } = options;
  // A file may come as an empty list; then nobody is trusted.
  if (ca) each(ca, (authority) => context.set('authorities', pemOf(authority, 'options.ca')));
  else {
    loadAuthorities().apply();
    context.set('defaultAuthorities');
  }
  if (allowPartialTrustChain) context.set('partialChains');
}

/** @param {NativeContext} context @param {any} options */
function setKeys(context, options) {
  const { cert, key, passphrase, pfx } = options;
  if (cert) each(cert, (certificate) => context.set('certificate', pemOf(certificate, 'options.cert')));
  if (isGiven(passphrase)) requireString(passphrase, 'options.passphrase');
  const secretOf = (/** @type {any} */ own) => {
    const secret = own !== undefined ? own : passphrase;
    if (!isGiven(secret)) return undefined;
    requireString(secret, 'options.passphrase');
    return secret;
  };
  if (key) {
    each(key, (given) => {
      // In a list each may have a passphrase of its own.
      const isRecord = isArray(key) && given?.pem !== undefined;
      const pem = isRecord ? given.pem : given;
      const secret = secretOf(isRecord ? given.passphrase : undefined);
      context.set('key', pemOf(pem, 'options.key'), secret === undefined ? undefined : loadBuffer().Buffer.from(secret));
    });
  }
  if (isGiven(pfx)) {
    each(pfx, (given) => {
      const bytes = given.buf ?? given;
      try {
        context.set('bundle', pemOf(bytes, 'options.pfx'), secretOf(given.passphrase) ?? '');
      } catch (error) {
        const isOld = /** @type {any} */ (error).code === 'ERR_OSSL_EVP_UNSUPPORTED';
        throw isOld ? nodeError(Error, 'ERR_CRYPTO_UNSUPPORTED_OPERATION', 'Unsupported PKCS12 PFX data') : error;
      }
    });
  }
}

/** @param {NativeContext} context @param {any} options */
function setAlgorithms(context, options) {
  const { sigalgs, ecdhCurve, dhparam } = options;
  if (isGiven(sigalgs)) {
    requireString(sigalgs, 'options.sigalgs');
    if (sigalgs === '') throw invalidValue('options.sigalgs', sigalgs);
    context.set('signatures', sigalgs);
  }
  const curve = ecdhCurve === undefined ? exported.DEFAULT_ECDH_CURVE : ecdhCurve;
  requireString(curve, 'options.ecdhCurve');
  if (curve !== 'auto') {
    try {
      context.set('groups', curve);
    } catch {
      throw nodeError(Error, 'ERR_CRYPTO_OPERATION_FAILED', 'Failed to set ECDH curve');
    }
  }
  if (!isGiven(dhparam)) return;
  const parameters = pemOf(dhparam, 'options.dhparam');
  if (dhparam === 'auto') {
    context.set('dhAuto');
    return;
  }
  let bits;
  try {
    bits = context.set('dh', parameters);
  } catch {
    // Parameters that cannot be read are none, as in Node.
    return;
  }
  if (bits < 1024) throw invalidValue('options.dhparam', bits, 'DH parameter is less than 1024 bits');
  if (bits < 2048) emitWarning('DH parameter is less than 2048 bits', 'SecurityWarning');
}

/** @param {NativeContext} context @param {any} options */
function configure(context, options) {
  checkTypes(options);
  // First, as `@SECLEVEL` in a list of ciphers counts for what keys and certificates are taken.
  setCiphers(context, options.ciphers);
  setAuthorities(context, options);
  setKeys(context, options);
  setAlgorithms(context, options);
  const { crl, sessionIdContext, sessionTimeout, ticketKeys } = options;
  if (isGiven(crl)) each(crl, (list) => context.set('revoked', pemOf(list, 'options.crl')));
  if (isGiven(sessionIdContext)) context.set('sessionContext', loadBuffer().Buffer.from(sessionIdContext));
  if (isGiven(sessionTimeout)) context.set('sessionTimeout', sessionTimeout);
  // The last: with it the native context is whole.
  if (isGiven(ticketKeys)) context.setTicketKeys(bytesOf(ticketKeys));
}

/** @param {any} [given] */
function createSecureContext(given) {
  const options = given || {};
  let { secureOptions } = options;
  if (options.honorCipherOrder) secureOptions |= SERVER_PREFERENCE;
  const made = construct(/** @type {any} */ (SecureContext), [
    options.secureProtocol,
    secureOptions,
    options.minVersion,
    options.maxVersion,
  ]);
  configure(made.context, options);
  return made;
}

/** The native context behind one of ours. @param {any} context */
const nativeOf = (context) => (context?.context ?? context)?.native;

exported.SecureContext = named(SecureContext, 'SecureContext', 4);
exported.createSecureContext = createSecureContext;

module.exports = { nativeOf };
