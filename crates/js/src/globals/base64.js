// atob and btoa (https://html.spec.whatwg.org/#atob): base64 of strings whose characters are bytes.
(function (ops, use) {
  'use strict';

  const { requireArguments, toDOMString } = use('interfaces');

  function invalidCharacter(message) {
    return new (use('domexception').DOMException)(message, 'InvalidCharacterError');
  }

  function atob(data) {
    requireArguments(arguments.length, 1, 'atob');
    const decoded = ops.decodeBase64(toDOMString(data));
    if (decoded === undefined) throw invalidCharacter('atob: the string is not correctly encoded');
    return decoded;
  }

  function btoa(data) {
    requireArguments(arguments.length, 1, 'btoa');
    const encoded = ops.encodeBase64(toDOMString(data));
    if (encoded === undefined) throw invalidCharacter('btoa: the string has characters above U+00FF');
    return encoded;
  }

  return { atob, btoa };
})
