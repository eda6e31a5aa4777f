// QuotaExceededError (https://webidl.spec.whatwg.org/#quotaexceedederror): a DOMException that says how much there may be, and how much was asked for.
'use strict';

const { defineProperty } = require('builtins/primordials');
const { defineInterface, defineSerializable, hidden, toDOMString, toDictionary } = require('builtins/webidl');
const { DOMException } = require('builtins/domexception');

/** @param {any} value @param {string} what @returns {number | null} */
function amount(value, what) {
  if (value === undefined) return null;
  const number = +value;
  if (number !== number || number === Infinity || number === -Infinity) {
    throw new TypeError(`QuotaExceededError: ${what} is not a finite number`);
  }
  if (number < 0) throw new RangeError(`QuotaExceededError: ${what} must not be negative`);
  return number;
}

class QuotaExceededError extends DOMException {
  #quota;
  #requested;

  /** @param {any} [message] @param {any} [options] */
  constructor(message = '', options = undefined) {
    super(toDOMString(message), 'QuotaExceededError');
    const { quota, requested } = toDictionary(options, 'QuotaExceededError');
    this.#quota = amount(quota, 'quota');
    this.#requested = amount(requested, 'requested');
    if (this.#quota !== null && this.#requested !== null && this.#requested < this.#quota) {
      throw new RangeError('QuotaExceededError: requested must not be less than quota');
    }
  }

  get quota() {
    return this.#quota;
  }
  get requested() {
    return this.#requested;
  }

  static {
    defineSerializable(
      'web/html/quota_exceeded',
      (/** @type {any} */ value) => #quota in value,
      (error) => ({ message: error.message, quota: error.#quota, requested: error.#requested, stack: `${error.stack}` }),
      ({ message, quota: most, requested: wanted, stack }) => {
        const copy = new QuotaExceededError(message);
        copy.#quota = most;
        copy.#requested = wanted;
        defineProperty(copy, 'stack', hidden(stack));
        return copy;
      },
    );
  }
}

defineInterface(QuotaExceededError);

module.exports = { QuotaExceededError };
