// What a header's name and value may hold (https://nodejs.org/api/http.html#httpvalidateheadernamename-label).
'use strict';

const { requireObject, requireOneOf } = require('node/arguments');
const { invalidValue, nodeError } = require('node/errors');
const { isArray, regExp, test } = require('builtins/primordials');

const token = regExp(/^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/);
const ending = regExp(/[\0\r\n]|[^\x00-\xff]/);
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

/** @param {any} value @param {any} [options] */
function isValidHeaderValue(value, options) {
  if (options !== undefined) {
    requireObject(options, 'options');
    const { httpValidation } = options;
    if (httpValidation !== undefined) requireOneOf(httpValidation, 'options.httpValidation', ['strict', 'relaxed']);
    // What could end the field, and what is no byte.
    if (httpValidation === 'relaxed') return value !== undefined && typeof value !== 'symbol' && !test(ending, `${value}`);
  }
  return value !== undefined && typeof value !== 'symbol' && !hasUnfit(value);
}

const linkValue = regExp(/^(?:<[^>]*>)(?:\s*;\s*[^;"\s]+(?:=(")?[^;"\s]*\1)?)*$/);

/** The `Link` field of early hints. @param {any} given one, or a list @returns {string} */
function linkOf(given) {
  const links = isArray(given) ? given : [given];
  let text = '';
  for (let i = 0; i < links.length; i += 1) {
    if (typeof links[i] !== 'string' || !test(linkValue, links[i])) {
      throw invalidValue('hints', given, 'must be an array or string of format "</styles.css>; rel=preload; as=style"');
    }
    text += `${i === 0 ? '' : ', '}${links[i]}`;
  }
  return text;
}

module.exports = { hasUnfit, isToken, isValidHeaderValue, linkOf, validateHeaderName, validateHeaderValue };
