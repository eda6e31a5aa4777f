// CryptoKey (https://w3c.github.io/webcrypto/#cryptokey-interface): a key of Rust's with what it may be used for. The attributes give one copy each of
// what the key is, so that a program that changes them changes nothing of the key.
'use strict';

const { codedError } = require('builtins/coded_error');
const { arraySlice, copyBytes, customInspect, defineProperty, hasOwn, keys, stringify } = require('builtins/primordials');
const { defineInterface, defineSerializable, hasEqualState, hidden, invalidThis, isObject, isUint8Array } = require('builtins/webidl');
const { keyBytes, keyFromSecret, keyRead, keyWrite } = ops;
const { keyEquals } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

/** @typedef {{ name: string, [member: string]: any }} KeyAlgorithm */
/** @typedef {'secret' | 'public' | 'private'} KeyType */

const secret = Symbol('only we make keys');

class CryptoKey {
  /** @type {NativeKey} */
  #handle;
  /** @type {KeyType} */
  #type;
  #extractable;
  /** @type {KeyAlgorithm} */
  #algorithm;
  /** @type {string[]} */
  #usages;
  /** @type {any} */
  #shownAlgorithm;
  /** @type {any} */
  #shownUsages;
  /** @param {any} token @param {any} handle @param {any} type @param {any} extractable @param {any} algorithm @param {any} usages */
  constructor(token, handle, type, extractable, algorithm, usages) {
    if (token !== secret) throw codedError(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
    this.#handle = handle;
    this.#type = type;
    this.#extractable = extractable;
    this.#algorithm = algorithm;
    this.#usages = usages;
  }
  get type() {
    return recordOf(this).type;
  }
  get extractable() {
    return recordOf(this).extractable;
  }
  get algorithm() {
    if (!is(this)) throw invalidThis('CryptoKey');
    this.#shownAlgorithm ??= copied(this.#algorithm);
    return this.#shownAlgorithm;
  }
  get usages() {
    if (!is(this)) throw invalidThis('CryptoKey');
    this.#shownUsages ??= arraySlice(this.#usages);
    return this.#shownUsages;
  }
  /** @param {any} other */
  [hasEqualState](other) {
    if (!is(other) || other.#type !== this.#type || other.#extractable !== this.#extractable) return false;
    // Of what each shows: flat records and lists of names.
    const isSame = stringify([other.#algorithm, other.#usages]) === stringify([this.#algorithm, this.#usages]);
    return isSame && keyEquals(this.#handle, other.#handle);
  }
  /** @param {number} depth @param {any} options */
  [customInspect](depth, options) {
    if (depth < 0) return this;
    const { type, extractable, algorithm, usages } = recordOf(this);
    const shown = loadInspect().inspect(
      { type, extractable, algorithm, usages },
      { ...options, depth: options.depth == null ? null : options.depth - 1 },
    );
    return `CryptoKey ${shown}`;
  }
  /** @param {any} value @returns {value is CryptoKey} */
  static is(value) {
    return isObject(value) && #handle in value;
  }
  /** @param {any} key */
  static record(key) {
    return {
      handle: key.#handle,
      type: key.#type,
      extractable: key.#extractable,
      algorithm: key.#algorithm,
      usages: key.#usages,
    };
  }
}
const { is, record } = CryptoKey;
delete (/** @type {any} */ (CryptoKey).is);
delete (/** @type {any} */ (CryptoKey).record);

/** What a key is, or the TypeError. @param {any} key @returns {{ handle: NativeKey, type: KeyType, extractable: boolean, algorithm: KeyAlgorithm, usages: string[] }} */
function recordOf(key) {
  if (!is(key)) throw invalidThis('CryptoKey');
  return record(key);
}

/** @param {KeyAlgorithm} algorithm @returns {any} */
function copied(algorithm) {
  /** @type {any} */
  const copy = {};
  const names = keys(algorithm);
  for (let index = 0; index < names.length; index += 1) {
    const value = algorithm[names[index]];
    const isRecord = typeof value === 'object' && value !== null;
    copy[names[index]] = isUint8Array(value) ? copyBytes(value) : isRecord ? copied(value) : value;
  }
  return copy;
}

const order = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'];
const pqOrder = ['encapsulateKey', 'encapsulateBits', 'decapsulateKey', 'decapsulateBits'];

/**
 * A key; its usages in the order of the specification, each once.
 * @param {NativeKey} handle @param {KeyType} type @param {boolean} extractable @param {KeyAlgorithm} algorithm @param {string[]} usages
 * @returns {CryptoKey}
 */
function makeKey(handle, type, extractable, algorithm, usages) {
  /** @type {any} */
  const given = { __proto__: null };
  for (let index = 0; index < usages.length; index += 1) given[usages[index]] = true;
  /** @type {string[]} */
  const sorted = [];
  const all = [order, pqOrder];
  for (let list = 0; list < 2; list += 1) {
    for (let index = 0; index < all[list].length; index += 1) {
      if (hasOwn(given, all[list][index])) sorted[sorted.length] = all[list][index];
    }
  }
  return new CryptoKey(secret, handle, type, extractable, algorithm, sorted);
}

defineInterface(CryptoKey);
defineProperty(CryptoKey, 'length', { value: 0, configurable: true });
defineProperty(CryptoKey.prototype, customInspect, hidden(/** @type {any} */ (CryptoKey.prototype)[customInspect]));
// As bytes, which another thread can have: a handle is its thread's own.
defineSerializable(
  'web/crypto/key',
  is,
  (key) => {
    const { handle, type, extractable, algorithm, usages } = record(key);
    const bytes = type === 'secret' ? keyBytes(handle) : keyWrite(handle, formatOf(type), false, undefined, undefined);
    return { bytes, type, extractable, algorithm, usages };
  },
  ({ bytes, type, extractable, algorithm, usages }) => {
    const handle = type === 'secret' ? keyFromSecret(bytes) : keyRead(type === 'private', bytes, formatOf(type), undefined);
    return makeKey(handle, type, extractable, algorithm, usages);
  },
  CryptoKey,
);

/** @param {KeyType} type */
function formatOf(type) {
  return type === 'private' ? 'pkcs8' : 'spki';
}

module.exports = { CryptoKey, isCryptoKey: is, makeKey, recordOf };
