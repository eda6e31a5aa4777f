// The fields of messages that came (https://nodejs.org/api/http.html#messageheaders): names in small letters, values joined or dropped as Node does.
'use strict';

const { create, push, split, toLowerCase } = require('builtins/primordials');

/** Of these the first counts. */
const single = /** @type {any} */ ({
  __proto__: null,
  age: true,
  authorization: true,
  'content-length': true,
  'content-type': true,
  etag: true,
  expires: true,
  from: true,
  host: true,
  'if-modified-since': true,
  'if-unmodified-since': true,
  'last-modified': true,
  location: true,
  'max-forwards': true,
  'proxy-authorization': true,
  referer: true,
  'retry-after': true,
  server: true,
  'user-agent': true,
});

/** Adds a field to an object of fields. @param {any} fields @param {string} name @param {string} value @param {boolean} joins whether all duplicates are joined */
function addField(fields, name, value, joins) {
  const field = toLowerCase(name);
  const before = fields[field];
  if (field === 'set-cookie') {
    if (before === undefined) fields[field] = [value];
    else push(before, value);
  } else if (before === undefined || typeof before !== 'string') fields[field] = value;
  else if (field === 'cookie') fields[field] = `${before}; ${value}`;
  else if (joins || single[field] !== true) fields[field] = `${before}, ${value}`;
}

/** @param {any} fields @param {string} name @param {string} value */
function addDistinct(fields, name, value) {
  const field = toLowerCase(name);
  if (fields[field] === undefined) fields[field] = [value];
  else push(fields[field], value);
}

/** The names and values of a parser's text, no more than so many pairs (0: all). @param {string} text @param {number} [most] @returns {string[]} */
function listOf(text, most = 0) {
  if (text === '') return [];
  const list = split(text, '\0');
  // The last separator is an end.
  list.length -= 1;
  if (most > 0 && list.length > 2 * most) list.length = 2 * most;
  return list;
}

/** @param {string[]} list @param {boolean} joins */
function objectOf(list, joins) {
  /** @type {Record<string, any>} */
  const fields = {};
  for (let i = 0; i < list.length; i += 2) addField(fields, list[i], list[i + 1], joins);
  return fields;
}

/** @param {string[]} list */
function distinctOf(list) {
  const fields = create(null);
  for (let i = 0; i < list.length; i += 2) addDistinct(fields, list[i], list[i + 1]);
  return fields;
}

module.exports = { addField, distinctOf, listOf, objectOf };
