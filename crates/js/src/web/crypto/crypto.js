// Crypto (https://w3c.github.io/webcrypto/#crypto-interface): random values, and the door to SubtleCrypto.
'use strict';

const { codedError } = require('builtins/coded_error');
const { DOMException } = require('builtins/domexception');
const { defineProperty, isView, viewByteLength, viewName } = require('builtins/primordials');
const { QuotaExceededError } = require('web/html/quota_exceeded');
const { defineInterface, invalidThis, isObject, requireArguments } = require('builtins/webidl');
const { randomFill, randomUuid } = ops;
const loadSubtle = () => require('web/crypto/subtle');

const secret = Symbol('there is one object');

class Crypto {
  #isOurs;
  /** @param {any} token */
  constructor(token) {
    if (token !== secret) throw codedError(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
    this.#isOurs = true;
  }
  get subtle() {
    if (!isOurs(this)) throw invalidThis('Crypto');
    return loadSubtle().subtle;
  }
  /** @param {any} array */
  getRandomValues(array) {
    if (!isOurs(this)) throw invalidThis('Crypto');
    requireArguments(arguments.length, 1, 'Crypto.getRandomValues');
    const name = viewName(array);
    if (name === undefined && !isView(array)) {
      throw new DOMException('The data argument must be an integer-type TypedArray', 'TypeMismatchError');
    }
    if (name === undefined || name === 'Float32Array' || name === 'Float64Array' || name === 'Float16Array') {
      throw new DOMException('The data argument must be an integer-type TypedArray', 'TypeMismatchError');
    }
    const length = viewByteLength(array);
    if (length > 65536) throw new QuotaExceededError(`The requested length exceeds 65,536 bytes: ${length}`);
    randomFill(array, 0, length);
    return array;
  }
  randomUUID() {
    if (!isOurs(this)) throw invalidThis('Crypto');
    return randomUuid();
  }
  /** @param {any} value */
  static isOurs(value) {
    return isObject(value) && #isOurs in value && value.#isOurs;
  }
}
const { isOurs } = Crypto;
delete (/** @type {any} */ (Crypto).isOurs);
defineInterface(Crypto);
defineProperty(Crypto, 'length', { value: 0, configurable: true });

module.exports = { Crypto, crypto: new Crypto(secret) };
