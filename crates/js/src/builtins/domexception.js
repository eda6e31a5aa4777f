// DOMException (https://webidl.spec.whatwg.org/#idl-DOMException): an Error of the engine, with its stack, that has the
// interface's attributes. Rust operations make one through the engine when their error has a DOMException name.
'use strict';

const { defineConstants, defineInterface, toDOMString } = require('builtins/webidl');

const codes = {
  IndexSizeError: ['INDEX_SIZE_ERR', 1],
  DOMStringSizeError: ['DOMSTRING_SIZE_ERR', 2],
  HierarchyRequestError: ['HIERARCHY_REQUEST_ERR', 3],
  WrongDocumentError: ['WRONG_DOCUMENT_ERR', 4],
  InvalidCharacterError: ['INVALID_CHARACTER_ERR', 5],
  NoDataAllowedError: ['NO_DATA_ALLOWED_ERR', 6],
  NoModificationAllowedError: ['NO_MODIFICATION_ALLOWED_ERR', 7],
  NotFoundError: ['NOT_FOUND_ERR', 8],
  NotSupportedError: ['NOT_SUPPORTED_ERR', 9],
  InUseAttributeError: ['INUSE_ATTRIBUTE_ERR', 10],
  InvalidStateError: ['INVALID_STATE_ERR', 11],
  SyntaxError: ['SYNTAX_ERR', 12],
  InvalidModificationError: ['INVALID_MODIFICATION_ERR', 13],
  NamespaceError: ['NAMESPACE_ERR', 14],
  InvalidAccessError: ['INVALID_ACCESS_ERR', 15],
  ValidationError: ['VALIDATION_ERR', 16],
  TypeMismatchError: ['TYPE_MISMATCH_ERR', 17],
  SecurityError: ['SECURITY_ERR', 18],
  NetworkError: ['NETWORK_ERR', 19],
  AbortError: ['ABORT_ERR', 20],
  URLMismatchError: ['URL_MISMATCH_ERR', 21],
  QuotaExceededError: ['QUOTA_EXCEEDED_ERR', 22],
  TimeoutError: ['TIMEOUT_ERR', 23],
  InvalidNodeTypeError: ['INVALID_NODE_TYPE_ERR', 24],
  DataCloneError: ['DATA_CLONE_ERR', 25],
};

class Same {
  constructor(object) {
    return object;
  }
}

/** Puts the private attributes on an Error that the engine made: the object is its own kind and ours. */
class Attributes extends Same {
  #name;
  #message;
  constructor(error, message, name) {
    super(error);
    this.#name = name;
    this.#message = message;
  }
  static name(error) {
    return error.#name;
  }
  static message(error) {
    return error.#message;
  }
}

class DOMException {
  constructor(message = '', nameOrOptions = 'Error') {
    const error = Reflect.construct(Error, [], new.target);
    let name = nameOrOptions;
    if (typeof nameOrOptions === 'object' && nameOrOptions !== null) {
      // Beyond the interface, as Node: `{ name, cause }`.
      ({ name = 'Error' } = nameOrOptions);
      if ('cause' in nameOrOptions) {
        const { cause } = nameOrOptions;
        Object.defineProperty(error, 'cause', { value: cause, writable: true, enumerable: false, configurable: true });
      }
    }
    new Attributes(error, toDOMString(message), toDOMString(name));
    return error;
  }
  get name() {
    return Attributes.name(this);
  }
  get message() {
    return Attributes.message(this);
  }
  get code() {
    return codes[Attributes.name(this)]?.[1] ?? 0;
  }
}

Object.setPrototypeOf(codes, null);
Object.setPrototypeOf(DOMException.prototype, Error.prototype);
defineInterface(DOMException);
defineConstants(DOMException, Object.fromEntries(Object.values(codes)));

module.exports = { DOMException };
