// `node:url`: file paths to URLs and back, and the global classes.
'use strict';

const { invalidType, missingArguments, nodeError } = require('node/errors');
const { requireObject, requireString } = require('node/arguments');
const {
  assign,
  create,
  endsWith,
  join: joinParts,
  map,
  regExp,
  replace,
  replaceAll,
  slice,
  split,
  startsWith,
  test,
} = require('builtins/primordials');
const { URL } = require('web/url/url');
const { URLSearchParams } = require('web/url/search_params');
const loadPattern = () => require('web/urlpattern/url_pattern');
const loadLegacy = () => require('node/url/legacy');
const loadPunycode = () => require('node/punycode/codec');
const loadQuerystring = () => require('node/querystring/querystring');
const loadPath = () => require('node/path/path');

const encodedSlash = regExp(/%2f/i);
const unusual = regExp(/[%\\\n\r\t?#[\]^|~]/g);
const brackets = regExp(/^\[(.*)\]$/);

/** @param {any} value @returns {any} */
function fileUrlOf(value) {
  const isUrl =
    value instanceof URL || (typeof value === 'object' && value !== null && value.href && value.protocol && value.auth === undefined);
  if (typeof value !== 'string' && !isUrl) throw invalidType('path', ['string', 'URL'], value);
  /** @type {any} */
  const url = typeof value === 'string' ? new URL(value) : value;
  if (url.protocol !== 'file:') throw nodeError(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
  return url;
}

/** @param {any} value @param {{ windows?: boolean }} [options] @returns {string} */
function fileURLToPath(value, options) {
  const url = fileUrlOf(value);
  if (options?.windows) return windowsPath(url);
  if (url.hostname !== '') {
    throw nodeError(TypeError, 'ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux');
  }
  if (test(encodedSlash, url.pathname)) throw invalidFilePath('must not include encoded / characters', url);
  return decodeURIComponent(url.pathname);
}

/** @param {string} problem @param {any} input */
function invalidFilePath(problem, input) {
  const error = nodeError(TypeError, 'ERR_INVALID_FILE_URL_PATH', `File URL path ${problem}`);
  error.input = input;
  return error;
}

const encodedSlashes = regExp(/%2f|%5c/i);
const driveLetter = regExp(/^\/[a-z]:/i);

/** @param {any} url */
function windowsPath(url) {
  if (test(encodedSlashes, url.pathname)) throw invalidFilePath('must not include encoded \\ or / characters', url);
  const path = decodeURIComponent(replaceAll(url.pathname, '/', '\\'));
  if (url.hostname !== '') return `\\\\${domainToUnicode(url.hostname)}${path}`;
  if (!test(driveLetter, replaceAll(path, '\\', '/'))) throw invalidFilePath('must be absolute', url);
  return slice(path, 1);
}

// What a path may hold and a URL's path means otherwise.
/** @type {Record<string, string>} */
const special = {
  '%': '%25',
  '\\': '%5C',
  '\n': '%0A',
  '\r': '%0D',
  '\t': '%09',
  '?': '%3F',
  '#': '%23',
  '[': '%5B',
  ']': '%5D',
  '^': '%5E',
  '|': '%7C',
  '~': '%7E',
};

/** @param {string} path @param {{ windows?: boolean }} [options] */
function pathToFileURL(path, options) {
  requireString(path, 'path');
  const isWindows = options?.windows === true;
  const paths = isWindows ? loadPath().win32 : loadPath();
  const slash = isWindows ? '\\' : '/';
  let resolved = paths.resolve(path);
  if ((endsWith(path, '/') || endsWith(path, slash)) && !endsWith(resolved, slash)) resolved += slash;
  if (!isWindows) return new URL(`file://${replace(resolved, unusual, (/** @type {string} */ unit) => special[unit])}`);
  return windowsUrl(resolved, path);
}

const longDrive = regExp(/^\\\\\?\\[a-z]:\\/i);

/** @param {string} resolved @param {string} input */
function windowsUrl(resolved, input) {
  // A path that goes past the limits of paths.
  if (test(longDrive, resolved)) return windowsUrl(slice(resolved, 4), input);
  const shown = replace(replaceAll(resolved, '\\', '/'), unusual, (/** @type {string} */ unit) => special[unit]);
  if (!startsWith(shown, '//')) return new URL(`file:///${shown}`);
  const parts = split(startsWith(resolved, '\\\\?\\UNC\\') ? slice(resolved, 8) : slice(resolved, 2), '\\');
  if (parts.length < 2)
    throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'path' Missing UNC resource path. Received '${input}'`);
  if (parts[0] === '') throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'path' Empty UNC servername. Received '${input}'`);
  const url = new URL(`file://${joinParts(parts, '/')}`);
  return url;
}

/** @param {any} url */
function urlToHttpOptions(url) {
  requireObject(url, 'url');
  const { hostname, pathname, port, username, password, search } = url;
  /** @type {Record<string, any>} */
  const options = assign(create(null), url, {
    protocol: url.protocol,
    hostname: typeof hostname === 'string' && hostname[0] === '[' ? replace(hostname, brackets, '$1') : hostname,
    hash: url.hash,
    search,
    pathname,
    path: `${pathname || ''}${search || ''}`,
    href: url.href,
  });
  if (port !== '') options.port = Number(port);
  if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

/** A host's name in ASCII; nothing when it is none. @param {any} domain */
function domainToASCII(domain) {
  if (arguments.length === 0) throw missingArguments('domain');
  try {
    return new URL(`ws://${domain}`).hostname;
  } catch {
    return '';
  }
}

/** @param {any} domain */
function domainToUnicode(domain) {
  if (arguments.length === 0) throw missingArguments('domain');
  const labels = split(domainToASCII(domain), '.');
  const { decode } = loadPunycode();
  return joinParts(
    map(labels, (label) => (startsWith(label, 'xn--') ? decode(slice(label, 4)) : label)),
    '.',
  );
}

/** The path as bytes, which need not be UTF-8. @param {any} value */
function fileURLToPathBuffer(value) {
  const url = fileUrlOf(value);
  return loadQuerystring().unescapeBuffer(url.pathname);
}

module.exports = {
  get Url() {
    return loadLegacy().Url;
  },
  /** @param {string} text @param {boolean} [parseQuery] @param {boolean} [slashesDenoteHost] */
  parse: (text, parseQuery, slashesDenoteHost) => loadLegacy().parse(text, parseQuery, slashesDenoteHost),
  /** @param {string} from @param {string} to */
  resolve: (from, to) => loadLegacy().resolve(from, to),
  /** @param {any} from @param {any} to */
  resolveObject: (from, to) => loadLegacy().resolveObject(from, to),
  /** @param {any} value @param {any} [options] */
  format: (value, options) => loadLegacy().format(value, options),
  URL,
  get URLPattern() {
    return loadPattern().URLPattern;
  },
  URLSearchParams,
  domainToASCII,
  domainToUnicode,
  pathToFileURL,
  fileURLToPath,
  fileURLToPathBuffer,
  urlToHttpOptions,
};
