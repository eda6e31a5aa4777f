// Fields as programs have them (objects, lists) and as they cross to the native connection (https://nodejs.org/api/http2.html#headers-object): one text,
// names and values in turn with a zero character after each.
'use strict';

const { http2ErrorOf } = require('node/http2/errors');
const { nodeError } = require('node/errors');
const { isToken } = require('node/http/headers');
const { create, isArray, join, keys, map, push, regExp, setAdd, setHas, setOf, split, test, toLowerCase } = require('builtins/primordials');

const loadBuffer = () => /** @type {any} */ (require('node/buffer/buffer'));

/** The names of fields that no table on the way may keep. */
const sensitiveHeaders = /** @type {any} */ (Symbol('sensitiveHeaders'));

const requestPseudo = setOf([':method', ':authority', ':scheme', ':path', ':protocol']);
const responsePseudo = setOf([':status']);
const allPseudo = setOf([':status', ':method', ':authority', ':scheme', ':path', ':protocol']);

/** Fields of which there is one at most. */
const single = setOf([
  ':status',
  ':method',
  ':authority',
  ':scheme',
  ':path',
  ':protocol',
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
]);

const ofConnection = setOf(['connection', 'upgrade', 'http2-settings', 'keep-alive', 'proxy-connection', 'transfer-encoding']);
/** What ends a field, in HTTP/1 or here. */
const ending = regExp(/[\0\r\n]/);

const wide = regExp(/[^\0-\xff]/);

/** @param {string} text */
function fromLatin1(text) {
  const { Buffer } = loadBuffer();
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** Whether a field speaks of a connection of HTTP/1. @param {string} name in small letters @param {any} value */
function isOfConnection(name, value) {
  return name === 'te' ? value !== 'trailers' : setHas(ofConnection, name);
}

/** @param {string} name */
const invalidPseudo = (name) =>
  http2ErrorOf(TypeError, 'INVALID_PSEUDOHEADER', `"${name}" is an invalid pseudoheader or is used incorrectly`);

/** @param {string} name */
const moreThanOne = (name) => http2ErrorOf(TypeError, 'HEADER_SINGLE_VALUE', `Header field "${name}" must only have a single value`);

/**
 * @typedef {object} Wire fields as the native connection takes them
 * @property {string} text
 * @property {string} sensitive names, with a zero character after each
 * @property {number} size about that of its block
 * @property {boolean} isUnfit whether a value holds what ends one: nothing of it may be sent
 */

/** What nghttp2 reckons for a field beside its text, at most. */
const OVERHEAD = 12;

class Writer {
  pseudo = '';
  regular = '';
  isUnfit = false;
  size = 0;
  #seen = setOf(/** @type {string[]} */ ([]));
  #allowed;
  #isStrict;

  /** @param {Set<string>} allowed pseudo-header fields @param {boolean} isStrict whether single fields must be single */
  constructor(allowed, isStrict) {
    this.#allowed = allowed;
    this.#isStrict = isStrict;
  }

  /** @param {string} given @param {any} value */
  add(given, value) {
    const name = toLowerCase(given);
    if (value === undefined || name === '') return;
    let list = value;
    if (isArray(list)) {
      if (list.length === 0) return;
      if (list.length === 1) list = list[0];
      else if (this.#isStrict && setHas(single, name)) throw moreThanOne(name);
    }
    if (this.#isStrict && setHas(single, name)) {
      if (setHas(this.#seen, name)) throw moreThanOne(name);
      setAdd(this.#seen, name);
    }
    if (name[0] === ':') {
      if (!setHas(this.#allowed, name)) throw invalidPseudo(name);
      this.pseudo += this.#field(name, list);
      return;
    }
    if (!isToken(name)) throw nodeError(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Header name must be a valid HTTP token ["${name}"]`);
    if (isOfConnection(name, list)) {
      throw http2ErrorOf(TypeError, 'INVALID_CONNECTION_HEADERS', `HTTP/1 Connection specific headers are forbidden: "${name}"`);
    }
    if (isArray(list)) for (let i = 0; i < list.length; i += 1) this.regular += this.#field(name, list[i]);
    else this.regular += this.#field(name, list);
  }

  /** @param {string} name @param {any} value */
  #field(name, value) {
    let text = String(value);
    if (test(ending, text)) this.isUnfit = true;
    if (test(wide, text)) {
      // The low byte of each character is what Node sends. If that ends a field, a peer would pass over it at best.
      text = fromLatin1(text);
      if (test(ending, text)) return '';
    }
    this.size += name.length + text.length + OVERHEAD;
    return `${name}\0${text}\0`;
  }
}

/**
 * Fields for the wire: pseudo-header fields first.
 * @param {any} headers an object, or names and values in turn @param {Set<string>} allowed @param {boolean} [isStrict] @returns {Wire}
 */
function toWire(headers, allowed, isStrict = true) {
  const writer = new Writer(allowed, isStrict);
  if (isArray(headers)) for (let i = 0; i + 1 < headers.length; i += 2) writer.add(`${headers[i]}`, headers[i + 1]);
  else {
    const names = keys(headers);
    for (let i = 0; i < names.length; i += 1) writer.add(names[i], headers[names[i]]);
  }
  const secret = headers[sensitiveHeaders];
  let sensitive = '';
  if (isArray(secret))
    sensitive = join(
      map(secret, (name) => `${toLowerCase(`${name}`)}\0`),
      '',
    );
  return { text: writer.pseudo + writer.regular, sensitive, size: writer.size + OVERHEAD, isUnfit: writer.isUnfit };
}

/** @param {string} name */
const unfitContent = (name) => nodeError(TypeError, 'ERR_INVALID_CHAR', `Invalid character in ${name}`);

/** The same, for what a server sends: it is told at once. @param {any} headers @param {Set<string>} allowed @param {boolean} [isStrict] */
function toFitWire(headers, allowed, isStrict) {
  const wire = toWire(headers, allowed, isStrict);
  if (wire.isUnfit) throw unfitContent('header content');
  return wire;
}

/** Names and values in turn. @param {string} text @returns {string[]} */
function listOfText(text) {
  const list = split(text, '\0');
  list.length -= 1;
  return list;
}

/**
 * Fields as an object.
 * @param {string[]} list @param {number[] | undefined} places of those that no table may keep
 */
function toObject(list, places) {
  /** @type {Record<any, any>} */
  const made = create(null);
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i];
    const value = list[i + 1];
    const before = made[name];
    if (before === undefined) {
      if (name === ':status') made[name] = +value | 0;
      else made[name] = name === 'set-cookie' ? [value] : value;
    } else if (name === 'set-cookie') push(before, value);
    else if (name === 'cookie') made[name] = `${before}; ${value}`;
    else if (!setHas(single, name)) made[name] = `${before}, ${value}`;
  }
  /** @type {string[]} */
  const secret = [];
  for (let i = 0; places !== undefined && i < places.length; i += 1) push(secret, list[places[i] * 2]);
  made[sensitiveHeaders] = secret;
  return made;
}

/** A copy that programs cannot change behind our back, with the names that are given and those that no table may keep. @param {any} headers */
function copyOf(headers) {
  const made = create(null);
  if (headers === undefined || headers === null) return made;
  const names = keys(headers);
  for (let i = 0; i < names.length; i += 1) made[names[i]] = headers[names[i]];
  if (headers[sensitiveHeaders] !== undefined) made[sensitiveHeaders] = headers[sensitiveHeaders];
  return made;
}

/** Names and values in turn as an object, with the names as they are given. @param {any} list */
function objectOfList(list) {
  const made = create(null);
  for (let i = 0; i + 1 < list.length; i += 2) {
    const before = made[list[i]];
    if (before === undefined) made[list[i]] = list[i + 1];
    else if (isArray(before)) push(before, list[i + 1]);
    else made[list[i]] = [before, list[i + 1]];
  }
  if (list[sensitiveHeaders] !== undefined) made[sensitiveHeaders] = list[sensitiveHeaders];
  return made;
}

/** @param {string} name @param {any} value */
function requireFieldValue(name, value) {
  if (value === undefined || value === null) {
    throw http2ErrorOf(TypeError, 'INVALID_HEADER_VALUE', `Invalid value "${value}" for header "${name}"`);
  }
}

module.exports = {
  allPseudo,
  copyOf,
  isOfConnection,
  listOfText,
  objectOfList,
  requestPseudo,
  requireFieldValue,
  responsePseudo,
  sensitiveHeaders,
  toFitWire,
  toObject,
  toWire,
  unfitContent,
};
