// What a header's name and value may hold (https://nodejs.org/api/http.html#httpvalidateheadernamename-label).
'use strict';

const { nodeError } = require('node/errors');
const { regExp, test } = require('builtins/primordials');

const token = regExp(/^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/);
const unfit = regExp(/[^\t\x20-\x7e\x80-\xff]/);

/** Whether it can be a name, or a method. @param {any} text */
function isToken(text) {
  return typeof text === 'string' && test(token, text);
}

/** Whether a character of it cannot be in a value. @param {any} value */
function hasUnfit(value) {
  return test(unfit, `${value}`);
}

/** @param {any} name @param {string} [label] */
function validateHeaderName(name, label) {
  if (!isToken(name)) {
    throw nodeError(TypeError, 'ERR_INVALID_HTTP_TOKEN', `${label || 'Header name'} must be a valid HTTP token ["${String(name)}"]`);
  }
}

/** @param {string} name @param {any} value */
function validateHeaderValue(name, value) {
  if (value === undefined) throw nodeError(TypeError, 'ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "${value}" for header "${name}"`);
  if (hasUnfit(value)) throw nodeError(TypeError, 'ERR_INVALID_CHAR', `Invalid character in header content ["${name}"]`);
}

module.exports = { hasUnfit, isToken, validateHeaderName, validateHeaderValue };
