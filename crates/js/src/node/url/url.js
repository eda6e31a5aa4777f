// `node:url`: file paths to URLs and back, and the global classes.
'use strict';

const { invalidType, nodeError } = require('node/errors');
const { requireString } = require('node/arguments');
const { endsWith, regExp, replace, test } = require('builtins/primordials');
const { URL } = require('web/url/url');
const { URLSearchParams } = require('web/url/search_params');
const loadLegacy = () => require('node/url/legacy');
const loadPath = () => require('node/path/path');

const encodedSlash = regExp(/%2f/i);
const unusual = regExp(/[%\\\n\r\t?#]/g);
const brackets = regExp(/^\[(.*)\]$/);

/** @param {any} value @returns {string} */
function fileURLToPath(value) {
  if (typeof value !== 'string' && !(value instanceof URL)) throw invalidType('path', ['string', 'URL'], value);
  /** @type {any} */
  const url = typeof value === 'string' ? new URL(value) : value;
  if (url.protocol !== 'file:') throw nodeError(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
  if (url.hostname !== '') {
    throw nodeError(TypeError, 'ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux');
  }
  if (test(encodedSlash, url.pathname)) {
    throw nodeError(TypeError, 'ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters');
  }
  return decodeURIComponent(url.pathname);
}

// What a path may hold and a URL's path means otherwise.
/** @type {Record<string, string>} */
const special = { '%': '%25', '\\': '%5C', '\n': '%0A', '\r': '%0D', '\t': '%09', '?': '%3F', '#': '%23' };

/** @param {string} path */
function pathToFileURL(path) {
  requireString(path, 'path');
  let resolved = loadPath().resolve(path);
  if (endsWith(path, '/') && !endsWith(resolved, '/')) resolved += '/';
  return new URL(`file://${replace(resolved, unusual, (/** @type {string} */ unit) => special[unit])}`);
}

/** @param {any} url */
function urlToHttpOptions(url) {
  const { protocol, hostname, hash, search, pathname, href, port, username, password } = url;
  /** @type {Record<string, any>} */
  const options = { protocol, hostname: replace(hostname, brackets, '$1'), hash, search, pathname, path: pathname + search, href };
  if (port !== '') options.port = Number(port);
  if (username !== '' || password !== '') options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

module.exports = {
  URL,
  URLSearchParams,
  fileURLToPath,
  pathToFileURL,
  urlToHttpOptions,
  get Url() {
    return loadLegacy().Url;
  },
  /** @param {string} text @param {boolean} [parseQuery] @param {boolean} [slashesDenoteHost] */
  parse: (text, parseQuery, slashesDenoteHost) => loadLegacy().parse(text, parseQuery, slashesDenoteHost),
  /** @param {any} value @param {any} [options] */
  format: (value, options) => loadLegacy().format(value, options),
  /** @param {string} from @param {string} to */
  resolve: (from, to) => loadLegacy().resolve(from, to),
};
