// `node:url`: file paths to URLs and back, and the global classes.
'use strict';

const { invalidType, nodeError } = require('node/errors');
const { URL } = require('web/url/url');
const { URLSearchParams } = require('web/url/search_params');
const loadPath = () => require('node/path/path');

function fileURLToPath(value) {
  if (typeof value !== 'string' && !(value instanceof URL)) {
    throw invalidType('path', 'of type string or an instance of URL', value);
  }
  const url = typeof value === 'string' ? new URL(value) : value;
  if (url.protocol !== 'file:') throw nodeError(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
  if (url.hostname !== '') {
    throw nodeError(TypeError, 'ERR_INVALID_FILE_URL_HOST', `File URL host must be "localhost" or empty: ${url.hostname}`);
  }
  if (/%2f/i.test(url.pathname)) {
    throw nodeError(TypeError, 'ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters');
  }
  return decodeURIComponent(url.pathname);
}

// What a path may hold and a URL's path means otherwise.
const special = { '%': '%25', '\\': '%5C', '\n': '%0A', '\r': '%0D', '\t': '%09', '?': '%3F', '#': '%23' };

function pathToFileURL(path) {
  if (typeof path !== 'string') throw invalidType('path', 'of type string', path);
  let resolved = loadPath().resolve(path);
  if (path.endsWith('/') && !resolved.endsWith('/')) resolved += '/';
  return new URL(`file://${resolved.replace(/[%\\\n\r\t?#]/g, (unit) => special[unit])}`);
}

function urlToHttpOptions(url) {
  const { protocol, hostname, hash, search, pathname, href, port, username, password } = url;
  const options = { protocol, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), hash, search, pathname, path: pathname + search, href };
  if (port !== '') options.port = Number(port);
  if (username !== '' || password !== '') options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

module.exports = { URL, URLSearchParams, fileURLToPath, pathToFileURL, urlToHttpOptions };
