// `node:url`: file paths to URLs and back, and the global classes.
(function (ops, use) {
  'use strict';

  const { URL } = use('url');
  const { URLSearchParams } = use('url_search_params');

  function failure(Class, code, message) {
    const error = new Class(message);
    error.code = code;
    return error;
  }

  function fileURLToPath(value) {
    if (typeof value !== 'string' && !(value instanceof URL)) {
      throw failure(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "path" argument must be of type string or an instance of URL');
    }
    const url = typeof value === 'string' ? new URL(value) : value;
    if (url.protocol !== 'file:') throw failure(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
    if (url.hostname !== '') {
      throw failure(TypeError, 'ERR_INVALID_FILE_URL_HOST', `File URL host must be "localhost" or empty: ${url.hostname}`);
    }
    if (/%2f/i.test(url.pathname)) {
      throw failure(TypeError, 'ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters');
    }
    return decodeURIComponent(url.pathname);
  }

  // What a path may hold and a URL's path means otherwise.
  const special = { '%': '%25', '\\': '%5C', '\n': '%0A', '\r': '%0D', '\t': '%09', '?': '%3F', '#': '%23' };

  function pathToFileURL(path) {
    if (typeof path !== 'string') throw failure(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "path" argument must be of type string');
    let resolved = use('node_path').resolve(path);
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

  return { URL, URLSearchParams, fileURLToPath, pathToFileURL, urlToHttpOptions };
})
