// Object URLs (https://w3c.github.io/FileAPI/#url): they live until they are revoked or the program ends.
'use strict';

const { Map, floor, mapDelete, mapGet, mapSet, numberToString, random, slice, stringIndexOf } = require('builtins/primordials');
const { codedError } = require('builtins/coded_error');
const { toDOMString } = require('builtins/webidl');
const { isBlob } = require('web/file/blob');

/** @type {Map<string, any>} */
const objects = new Map();

/**
 * https://w3c.github.io/FileAPI/#dfn-createObjectURL
 * @param {any} blob @param {string | undefined} origin where the program is, if it is anywhere on the web
 */
function createObjectURL(blob, origin) {
  if (!isBlob(blob)) throw codedError(TypeError, 'ERR_INVALID_ARG_TYPE', 'URL.createObjectURL: the argument is not a Blob');
  const url = origin === undefined ? `blob:twinloop:${randomUuid()}` : `blob:${origin}/${randomUuid()}`;
  mapSet(objects, url, blob);
  return url;
}

/** @param {any} url */
function revokeObjectURL(url) {
  mapDelete(objects, toDOMString(url));
}

/** The Blob behind an object URL, or undefined. @param {string} url */
function objectOf(url) {
  return mapGet(objects, withoutFragment(url));
}

/** @param {string} url */
function withoutFragment(url) {
  const at = stringIndexOf(url, '#');
  return at < 0 ? url : slice(url, 0, at);
}

/** @param {number} count */
function digits(count) {
  let text = '';
  for (let i = 0; i < count; i += 1) text += numberToString(floor(random() * 16), 16);
  return text;
}

function randomUuid() {
  return `${digits(8)}-${digits(4)}-4${digits(3)}-${'89ab'[floor(random() * 4)]}${digits(3)}-${digits(12)}`;
}

module.exports = { createObjectURL, objectOf, revokeObjectURL };
