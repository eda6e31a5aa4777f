// atob and btoa (https://html.spec.whatwg.org/#atob): base64 of strings whose characters are bytes.
'use strict';

const { requireArguments, toDOMString } = require('builtins/webidl');
const { decodeBase64, encodeBase64 } = ops;
const loadDOMException = () => require('builtins/domexception');

/** @param {string} message */
function invalidCharacter(message) {
  return new (loadDOMException().DOMException)(message, 'InvalidCharacterError');
}

/** @param {any} data */
function atob(data) {
  requireArguments(arguments.length, 1, 'atob');
  const decoded = decodeBase64(toDOMString(data));
  if (decoded === undefined) throw invalidCharacter('atob: the string is not correctly encoded');
  return decoded;
}

/** @param {any} data */
function btoa(data) {
  requireArguments(arguments.length, 1, 'btoa');
  const encoded = encodeBase64(toDOMString(data));
  if (encoded === undefined) throw invalidCharacter('btoa: the string has characters above U+00FF');
  return encoded;
}

module.exports = { atob, btoa };
