// DOMException (https://webidl.spec.whatwg.org/#idl-DOMException): an Error of the engine, with its stack, that has the
// interface's attributes. Rust operations make one through the engine when their error has a DOMException name.
'use strict';

const { construct, defineProperty, forEach, keys, setPrototypeOf } = require('builtins/primordials');
const { defineConstants, defineInterface, defineSerializable, hidden, toDOMString } = require('builtins/webidl');

/** The constants, of which some have no error any more. @type {Record<string, { constant: string, code: number, isPast?: true }>} */
const codes = {
  __proto__: /** @type {any} */ (null),
  IndexSizeError: { constant: 'INDEX_SIZE_ERR', code: 1 },
  DOMStringSizeError: { constant: 'DOMSTRING_SIZE_ERR', code: 2, isPast: true },
  HierarchyRequestError: { constant: 'HIERARCHY_REQUEST_ERR', code: 3 },
  WrongDocumentError: { constant: 'WRONG_DOCUMENT_ERR', code: 4 },
  InvalidCharacterError: { constant: 'INVALID_CHARACTER_ERR', code: 5 },
  NoDataAllowedError: { constant: 'NO_DATA_ALLOWED_ERR', code: 6, isPast: true },
  NoModificationAllowedError: { constant: 'NO_MODIFICATION_ALLOWED_ERR', code: 7 },
  NotFoundError: { constant: 'NOT_FOUND_ERR', code: 8 },
  NotSupportedError: { constant: 'NOT_SUPPORTED_ERR', code: 9 },
  InUseAttributeError: { constant: 'INUSE_ATTRIBUTE_ERR', code: 10 },
  InvalidStateError: { constant: 'INVALID_STATE_ERR', code: 11 },
  SyntaxError: { constant: 'SYNTAX_ERR', code: 12 },
  InvalidModificationError: { constant: 'INVALID_MODIFICATION_ERR', code: 13 },
  NamespaceError: { constant: 'NAMESPACE_ERR', code: 14 },
  InvalidAccessError: { constant: 'INVALID_ACCESS_ERR', code: 15 },
  ValidationError: { constant: 'VALIDATION_ERR', code: 16, isPast: true },
  TypeMismatchError: { constant: 'TYPE_MISMATCH_ERR', code: 17 },
  SecurityError: { constant: 'SECURITY_ERR', code: 18 },
  NetworkError: { constant: 'NETWORK_ERR', code: 19 },
  AbortError: { constant: 'ABORT_ERR', code: 20 },
  URLMismatchError: { constant: 'URL_MISMATCH_ERR', code: 21 },
  QuotaExceededError: { constant: 'QUOTA_EXCEEDED_ERR', code: 22 },
  TimeoutError: { constant: 'TIMEOUT_ERR', code: 23 },
  InvalidNodeTypeError: { constant: 'INVALID_NODE_TYPE_ERR', code: 24 },
  DataCloneError: { constant: 'DATA_CLONE_ERR', code: 25 },
};

class Same {
  /** @param {object} object */
  constructor(object) {
    return object;
  }
}

/** Puts the private attributes on an Error that the engine made: the object is its own kind and ours. */
class Attributes extends Same {
  #name;
  #message;
  /** @param {any} error @param {string} message @param {string} name */
  constructor(error, message, name) {
    super(error);
    this.#name = name;
    this.#message = message;
  }
  /** @param {any} value */
  static has(value) {
    return #name in value;
  }
  /** @param {any} error @returns {string} */
  static nameOf(error) {
    return error.#name;
  }
  /** @param {any} error @returns {string} */
  static messageOf(error) {
    return error.#message;
  }
}

class DOMException {
  /** @param {any} [message] @param {any} [nameOrOptions] */
  constructor(message = '', nameOrOptions = 'Error') {
    const error = construct(Error, [], new.target);
    let name = nameOrOptions;
    if (typeof nameOrOptions === 'object' && nameOrOptions !== null) {
      // Beyond the interface, as Node: `{ name, cause }`.
      ({ name = 'Error' } = nameOrOptions);
      if ('cause' in nameOrOptions) {
        const { cause } = nameOrOptions;
        defineProperty(error, 'cause', hidden(cause));
      }
    }
    new Attributes(error, toDOMString(message), toDOMString(name));
    return /** @type {any} */ (error);
  }
  get name() {
    return Attributes.nameOf(this);
  }
  get message() {
    return Attributes.messageOf(this);
  }
  get code() {
    const entry = codes[Attributes.nameOf(this)];
    return entry === undefined || entry.isPast ? 0 : entry.code;
  }
}

setPrototypeOf(DOMException.prototype, Error.prototype);
defineInterface(DOMException);
/** @type {Record<string, number>} */
const constants = { __proto__: /** @type {any} */ (null) };
forEach(keys(codes), (name) => {
  constants[codes[name].constant] = codes[name].code;
});
defineConstants(DOMException, constants);

defineSerializable(
  'builtins/domexception',
  Attributes.has,
  // The stack is where the original was made.
  (error) => ({ message: Attributes.messageOf(error), name: Attributes.nameOf(error), stack: `${error.stack}` }),
  ({ message, name, stack }) => {
    const copy = new DOMException(message, name);
    defineProperty(copy, 'stack', hidden(stack));
    return copy;
  },
  DOMException,
);

module.exports = { DOMException };
