// Cipheriv, Decipheriv and encryption with public keys (https://nodejs.org/api/crypto.html#class-cipheriv).
'use strict';

const { invalidType, invalidValue, nodeError, unknownEncoding } = require('node/errors');
const { requireInteger, requireObject, requireString } = require('node/arguments');
const { encodingOf, wrap } = /** @type {any} */ (require('node/buffer/buffer'));
const loadDecoder = () => /** @type {any} */ (require('node/string_decoder/string_decoder'));
const { keyOf, secretOf } = require('node/crypto/keys');
const { LazyTransform, makeLazy } = require('node/crypto/lazy');
const { bytesFrom, dataOf, textEncoding } = require('node/crypto/values');
const { deprecated } = require('node/process/warnings');
const { bytesOf, isSharedBufferSource } = require('builtins/webidl');
const { apply, isInteger } = require('builtins/primordials');
const { asymmetricCrypt, cipherFacts, cipherFinish, cipherNames, cipherOpen, cipherSetData } = ops;
const { cipherSetPadding, cipherSetTag, cipherUpdate, hashOpen } = ops;

/** @typedef {{ handle: NativeCipher, facts: CipherFacts, encrypts: boolean, isOver: boolean, hasBegun: boolean, hasTag: boolean, hasTagLength: boolean, tag: any, decoder: any, encoding: any }} CipherState */

const own = Symbol('the cipher');

/** @param {string} what */
function invalidState(what) {
  return nodeError(Error, 'ERR_CRYPTO_INVALID_STATE', `Invalid state for operation ${what}`);
}

/** @param {any} self @param {any} cipher @param {any} key @param {any} iv @param {any} options @param {boolean} encrypts */
function open(self, cipher, key, iv, options, encrypts) {
  requireString(cipher, 'cipher');
  const secret = secretOf(key, 'key', options?.encoding);
  const vector = iv === null ? undefined : bytesFrom(iv, 'iv');
  const tagLength = options?.authTagLength;
  if (tagLength !== undefined && tagLength !== null) {
    if (typeof tagLength !== 'number' || !isInteger(tagLength) || tagLength < 0 || tagLength > 0x7fffffff) {
      throw invalidValue('options.authTagLength', tagLength);
    }
  }
  const facts = cipherFacts(cipher);
  if (facts === undefined) throw nodeError(Error, 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
  const handle = cipherOpen(cipher, encrypts, secret, vector, tagLength ?? undefined);
  /** @type {CipherState} */
  const state = {
    handle,
    facts,
    encrypts,
    isOver: false,
    hasBegun: false,
    hasTag: false,
    hasTagLength: tagLength !== undefined && tagLength !== null,
    tag: undefined,
    decoder: undefined,
    encoding: undefined,
  };
  self[own] = state;
  apply(/** @type {any} */ (LazyTransform), self, [options]);
}

/** @this {any} @param {any} cipher @param {any} key @param {any} iv @param {any} [options] */
function Cipheriv(cipher, key, iv, options) {
  if (!new.target) return new /** @type {any} */ (Cipheriv)(cipher, key, iv, options);
  open(this, cipher, key, iv, options, true);
}
/** @this {any} @param {any} cipher @param {any} key @param {any} iv @param {any} [options] */
function Decipheriv(cipher, key, iv, options) {
  if (!new.target) return new /** @type {any} */ (Decipheriv)(cipher, key, iv, options);
  open(this, cipher, key, iv, options, false);
}

/** Text in an encoding comes out in whole characters. @param {CipherState} state @param {Uint8Array} bytes @param {any} encoding @param {boolean} ends */
function output(state, bytes, encoding, ends) {
  if (!encoding || encoding === 'buffer') return wrap(bytes);
  if (state.decoder === undefined) {
    const { StringDecoder } = loadDecoder();
    state.decoder = new StringDecoder(encoding);
    state.encoding = textEncoding(encoding);
  } else if (encodingOf(encoding) === undefined) {
    throw unknownEncoding(encoding);
  } else if (state.encoding !== textEncoding(encoding)) {
    throw nodeError(Error, 'ERR_INTERNAL_ASSERTION', 'Cannot change encoding');
  }
  return ends ? state.decoder.end(wrap(bytes)) : state.decoder.write(wrap(bytes));
}

/** @this {any} @param {any} data @param {any} inputEncoding @param {any} outputEncoding */
function update(data, inputEncoding, outputEncoding) {
  /** @type {CipherState} */
  const state = this[own];
  const bytes = dataOf(data, inputEncoding);
  // OpenSSL counts in 31 bits, and what comes out may be a block longer.
  if (state.isOver || (typeof bytes !== 'string' && bytes.byteLength + state.facts[3] > 2 ** 31 - 1)) {
    throw nodeError(Error, 'ERR_CRYPTO_INVALID_STATE', 'Trying to add data in unsupported state');
  }
  state.hasBegun = true;
  return output(state, cipherUpdate(state.handle, bytes), outputEncoding, false);
}

/** @this {any} @param {any} [outputEncoding] */
function final(outputEncoding) {
  /** @type {CipherState} */
  const state = this[own];
  if (state.isOver) throw nodeError(Error, 'ERR_CRYPTO_INVALID_STATE', 'Unsupported state or unable to authenticate data');
  state.isOver = true;
  const result = cipherFinish(state.handle);
  if (result[1] !== undefined) state.tag = result[1];
  return output(state, result[0], outputEncoding, true);
}

/** @this {any} @param {boolean} [padding] */
function setAutoPadding(padding) {
  if (this[own].isOver) throw invalidState('setAutoPadding');
  cipherSetPadding(this[own].handle, padding === undefined ? true : !!padding);
  return this;
}

/** @this {any} @param {any} buffer @param {any} [options] */
function setAAD(buffer, options) {
  /** @type {CipherState} */
  const state = this[own];
  const encoding = options?.encoding;
  const length = options?.plaintextLength;
  if (length !== undefined && length !== null && !(isInteger(length) && length >= 0 && length < 2 ** 53)) {
    throw invalidValue('options.plaintextLength', length);
  }
  const bytes = bytesFrom(buffer, 'aadbuf', encoding);
  if (state.isOver || !state.facts[6]) throw invalidState('setAAD');
  cipherSetData(state.handle, bytes, length ?? undefined);
  return this;
}

const warnOfShortTag = deprecated(
  'Using AES-GCM authentication tags of less than 128 bits without specifying the authTagLength option when initializing decryption is ' +
    'deprecated.',
  'DEP0182',
);

/** @this {any} @param {any} tag @param {any} [encoding] */
function setAuthTag(tag, encoding) {
  /** @type {CipherState} */
  const state = this[own];
  const bytes = typeof tag === 'string' ? bytesFrom(tag, 'buffer', encoding) : viewOrBuffer(tag, 'buffer');
  if (state.isOver || state.hasTag || !state.facts[6]) throw invalidState('setAuthTag');
  cipherSetTag(state.handle, bytes);
  if (bytes.byteLength < 16 && !state.hasTagLength && state.facts[0] === 'gcm') warnOfShortTag();
  state.hasTag = true;
  return this;
}

/** @param {any} value @param {string} name */
function viewOrBuffer(value, name) {
  if (!isSharedBufferSource(value)) throw invalidType(name, ['string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], value);
  return bytesOf(value);
}

/** @this {any} */
function getAuthTag() {
  const { tag } = this[own];
  if (tag === undefined) throw invalidState('getAuthTag');
  return wrap(tag);
}

/** @this {any} @param {any} chunk @param {any} encoding @param {(error?: any) => void} callback */
function transform(chunk, encoding, callback) {
  const state = this[own];
  state.hasBegun = true;
  this.push(wrap(cipherUpdate(state.handle, dataOf(chunk, encoding))));
  callback();
}

/** @this {any} @param {(error?: any) => void} callback */
function flush(callback) {
  try {
    this.push(apply(final, this, []));
  } catch (error) {
    callback(error);
    return;
  }
  callback();
}

const both = [Cipheriv, Decipheriv];
for (let index = 0; index < 2; index += 1) {
  const Class = /** @type {any} */ (both[index]);
  makeLazy(Class);
  Class.prototype._transform = transform;
  Class.prototype._flush = flush;
  Class.prototype.update = update;
  Class.prototype.final = final;
  Class.prototype.setAutoPadding = setAutoPadding;
  Class.prototype.setAAD = setAAD;
}
/** @type {any} */ (Cipheriv).prototype.getAuthTag = getAuthTag;
/** @type {any} */ (Decipheriv).prototype.setAuthTag = setAuthTag;

/** @param {any} cipher @param {any} key @param {any} iv @param {any} [options] */
function createCipheriv(cipher, key, iv, options) {
  return new /** @type {any} */ (Cipheriv)(cipher, key, iv, options);
}
/** @param {any} cipher @param {any} key @param {any} iv @param {any} [options] */
function createDecipheriv(cipher, key, iv, options) {
  return new /** @type {any} */ (Decipheriv)(cipher, key, iv, options);
}

/** @param {any} nameOrNid @param {any} [options] */
function getCipherInfo(nameOrNid, options) {
  if (typeof nameOrNid !== 'string' && typeof nameOrNid !== 'number') throw invalidType('nameOrNid', ['string', 'number'], nameOrNid);
  if (typeof nameOrNid === 'number') requireInteger(nameOrNid, 'nameOrNid', -(2 ** 31), 2 ** 31 - 1);
  let { keyLength, ivLength } = /** @type {any} */ ({});
  if (options !== undefined) {
    requireObject(options, 'options');
    keyLength = options.keyLength;
    ivLength = options.ivLength;
    if (keyLength !== undefined) requireInteger(keyLength, 'options.keyLength');
    if (ivLength !== undefined) requireInteger(ivLength, 'options.ivLength');
  }
  const facts = cipherFacts(nameOrNid);
  if (facts === undefined) return undefined;
  const mode = facts[0];
  if (keyLength !== undefined && keyLength !== facts[5]) return undefined;
  let vector = facts[4];
  if (ivLength !== undefined) {
    const isFree = mode === 'gcm' || mode === 'ocb' || (mode === 'ccm' && ivLength >= 7 && ivLength <= 13);
    const isPoly = facts[1] === 'chacha20-poly1305' && ivLength <= 12;
    if (ivLength !== vector && !((isFree || isPoly) && ivLength > 0 && (mode !== 'ocb' || ivLength <= 15))) return undefined;
    vector = ivLength;
  }
  /** @type {any} */
  const info = { __proto__: null, mode, name: facts[1], nid: facts[2] };
  if (mode !== 'stream') info.blockSize = facts[3];
  if (vector !== 0) info.ivLength = vector;
  info.keyLength = facts[5];
  return info;
}

/** @type {string[] | undefined} */
let names;
function getCiphers() {
  names ??= cipherNames();
  /** @type {string[]} */
  const list = [];
  for (let index = 0; index < names.length; index += 1) list[index] = names[index];
  return list;
}

/** @param {number} kind @param {number} padding @param {boolean} wantsPrivate */
function asymmetric(kind, padding, wantsPrivate) {
  return (/** @type {any} */ options, /** @type {any} */ buffer) => {
    const isRecord = typeof options === 'object' && options !== null && options.key !== undefined;
    const wish = isRecord ? options : {};
    if (wish.oaepHash !== undefined) {
      requireString(wish.oaepHash, 'key.oaepHash');
      if (hashOpen(wish.oaepHash, undefined) === undefined) throw nodeError(Error, 'ERR_OSSL_EVP_INVALID_DIGEST', 'Invalid digest');
    }
    const label = wish.oaepLabel === undefined ? undefined : bytesFrom(wish.oaepLabel, 'key.oaepLabel', wish.encoding);
    const { handle } = keyOf(options, wantsPrivate);
    const bytes = bytesFrom(buffer, 'buffer', wish.encoding);
    const result = asymmetricCrypt(
      kind,
      handle,
      wish.padding ?? padding,
      wish.oaepHash ?? (padding === 4 ? 'sha1' : undefined),
      label,
      bytes,
      false,
    );
    return wrap(/** @type {Uint8Array} */ (result));
  };
}

module.exports = {
  Cipheriv,
  Decipheriv,
  createCipheriv,
  createDecipheriv,
  getCipherInfo,
  getCiphers,
  privateDecrypt: asymmetric(1, 4, true),
  privateEncrypt: asymmetric(2, 1, true),
  publicDecrypt: asymmetric(3, 1, false),
  publicEncrypt: asymmetric(0, 4, false),
};
