// Errors with a `code` that programs compare, as Node's have (https://nodejs.org/api/errors.html#errorcode).
'use strict';

/** An error of this class and message with the code; the caller throws it. */
function codedError(Class, code, message) {
  const error = new Class(message);
  error.code = code;
  return error;
}

module.exports = { codedError };
