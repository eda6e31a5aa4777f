// `url.parse`, `url.format` and `url.resolve` (https://nodejs.org/api/url.html#legacy-url-api), which older packages use: a URL cut into its parts
// by Node's own rules, not the standard's.
'use strict';

const { invalidType, nodeError } = require('node/errors');
const { requireString } = require('node/arguments');
const {
  assign,
  charCodeAt,
  defineProperty,
  exec,
  forEach,
  includes,
  keys,
  regExp,
  replace,
  slice,
  startsWith,
  stringIncludes,
  stringIndexOf,
  test,
  toLowerCase,
  trim,
  create,
} = require('builtins/primordials');
const { URL } = require('web/url/url');
const { URLSearchParams } = require('web/url/search_params');

const protocolPattern = regExp(/^[a-z0-9.+-]+:/i);
const portPattern = regExp(/:[0-9]*$/);
// A host without a protocol before it: `//user@host`.
const hostPattern = regExp(/^\/\/[^@/]+@[^@/]+/);
// Characters that are escaped wherever they stand behind the host.
const unwise = regExp(/[\t\n\r "'<>\\^`{|}]/g);
const outsideOfHost = regExp(/[^a-z0-9.+_\-\u0080-\uffff]/i);
const backslashes = regExp(/\\/g);
// Schemes whose URLs always have a host.
const withSlashes = ['http:', 'https:', 'ftp:', 'gopher:', 'file:', 'ws:', 'wss:'];

/** @param {string} unit */
const escaped = (unit) => (unit === "'" ? '%27' : encodeURIComponent(unit));

class Url {
  protocol = /** @type {string | null} */ (null);
  slashes = /** @type {boolean | null} */ (null);
  auth = /** @type {string | null} */ (null);
  host = /** @type {string | null} */ (null);
  port = /** @type {string | null} */ (null);
  hostname = /** @type {string | null} */ (null);
  hash = /** @type {string | null} */ (null);
  search = /** @type {string | null} */ (null);
  query = /** @type {any} */ (null);
  pathname = /** @type {string | null} */ (null);
  path = /** @type {string | null} */ (null);
  href = '';

  /** Becomes what the text says. @param {any} text @param {boolean} [parseQuery] @param {boolean} [slashesDenoteHost] */
  parse(text, parseQuery = false, slashesDenoteHost = false) {
    return assign(this, parse(text, parseQuery, slashesDenoteHost));
  }
  format() {
    return formatParts(this);
  }
  /** @param {any} relative */
  resolve(relative) {
    return resolve(formatParts(this), relative);
  }
  /** @param {any} relative */
  resolveObject(relative) {
    return resolveObject(formatParts(this), typeof relative === 'string' ? relative : formatParts(relative));
  }
  /** Takes the port off `host`. */
  parseHost() {
    let host = this.host ?? '';
    const port = exec(portPattern, host)?.[0];
    if (port !== undefined) {
      if (port !== ':') this.port = slice(port, 1);
      host = slice(host, 0, host.length - port.length);
    }
    if (host !== '') this.hostname = host;
  }
}
forEach(['parse', 'format', 'resolve', 'resolveObject', 'parseHost'], (name) => {
  defineProperty(Url.prototype, name, { enumerable: true });
});

/** Backslashes before the query are slashes, as browsers have it. @param {string} text */
function withForwardSlashes(text) {
  let end = stringIndexOf(text, '?');
  const hash = stringIndexOf(text, '#');
  if (hash !== -1 && (end === -1 || hash < end)) return text;
  if (end === -1) end = text.length;
  return replace(slice(text, 0, end), backslashes, '/') + slice(text, end);
}

/**
 * @param {string} text @param {boolean} [parseQuery] whether `query` becomes an object
 * @param {boolean} [slashesDenoteHost] whether `//a/b` has the host a
 */
function parse(text, parseQuery = false, slashesDenoteHost = false) {
  requireString(text, 'url');
  const url = new Url();
  let rest = withForwardSlashes(trim(text));
  const protocol = exec(protocolPattern, rest)?.[0];
  if (protocol !== undefined) {
    url.protocol = toLowerCase(protocol);
    rest = slice(rest, protocol.length);
  }
  const isScript = url.protocol === 'javascript:';
  const slashes = (slashesDenoteHost || protocol !== undefined || test(hostPattern, rest)) && startsWith(rest, '//');
  if (slashes && !isScript) {
    url.slashes = true;
    rest = slice(rest, 2);
  }
  if (!isScript && (slashes || (url.protocol !== null && !includes(withSlashes, url.protocol)))) {
    rest = takeHost(url, rest, text);
  }
  if (!isScript) rest = replace(rest, unwise, escaped);
  const hash = stringIndexOf(rest, '#');
  if (hash !== -1) {
    url.hash = slice(rest, hash);
    rest = slice(rest, 0, hash);
  }
  const query = stringIndexOf(rest, '?');
  if (query !== -1) {
    url.search = slice(rest, query);
    url.query = parseQuery ? parsedQuery(slice(rest, query + 1)) : slice(rest, query + 1);
    rest = slice(rest, 0, query);
  } else if (parseQuery) {
    url.search = null;
    url.query = create(null);
  }
  if (rest !== '') url.pathname = rest;
  if (url.protocol !== null && includes(withSlashes, url.protocol) && url.hostname && rest === '') url.pathname = '/';
  if (url.pathname !== null || url.search !== null) url.path = (url.pathname ?? '') + (url.search ?? '');
  url.href = format(url);
  return url;
}

/** Takes credentials, host and port from the front of what is left. @param {Url} url @param {string} rest @param {string} whole */
function takeHost(url, rest, whole) {
  let end = rest.length;
  let at = -1;
  let odd = -1;
  for (let index = 0; index < rest.length; index += 1) {
    const unit = rest[index];
    if (unit === '/' || unit === '?' || unit === '#') {
      end = index;
      break;
    }
    if (unit === '@') {
      at = index;
      odd = -1;
    } else if (odd === -1 && stringIncludes('\t\n\r "%\';<>\\^`{|}', unit)) {
      odd = index;
    }
  }
  if (at !== -1) url.auth = decodeURIComponent(slice(rest, 0, at));
  if (odd !== -1 && odd < end) end = odd;
  let host = slice(rest, at + 1, end);
  const port = exec(portPattern, host)?.[0];
  if (port !== undefined) {
    if (port !== ':') url.port = slice(port, 1);
    host = slice(host, 0, host.length - port.length);
  }
  const isIpv6 = host[0] === '[' && host[host.length - 1] === ']';
  let left = slice(rest, end);
  if (!isIpv6) {
    // What no host name may have begins the path.
    const odder = exec(outsideOfHost, host)?.index ?? -1;
    if (odder !== -1) {
      left = `/${slice(host, odder)}${left}`;
      host = slice(host, 0, odder);
    }
  }
  const name = isIpv6 ? toLowerCase(host) : hostnameOf(host, whole);
  url.hostname = isIpv6 ? slice(name, 1, name.length - 1) : name;
  url.host = name + (url.port === null ? '' : `:${url.port}`);
  if (isIpv6) {
    if (left[0] !== '/') left = `/${left}`;
  }
  return left;
}

/** In lower case and in ASCII. @param {string} host @param {string} whole */
function hostnameOf(host, whole) {
  if (host.length > 255) return '';
  for (let index = 0; index < host.length; index += 1) {
    if (charCodeAt(host, index) < 128) continue;
    try {
      return new URL(`http://${host}`).hostname;
    } catch {
      const error = nodeError(TypeError, 'ERR_INVALID_URL', 'Invalid URL');
      error.input = whole;
      throw error;
    }
  }
  return toLowerCase(host);
}

/** @param {string} text @returns {Record<string, string | string[]>} */
function parsedQuery(text) {
  /** @type {Record<string, any>} */
  const query = create(null);
  new URLSearchParams(text).forEach((/** @type {string} */ value, /** @type {string} */ name) => {
    if (query[name] === undefined) query[name] = value;
    else if (typeof query[name] === 'string') query[name] = [query[name], value];
    else query[name][query[name].length] = value;
  });
  return query;
}

/** @param {any} value an object of parts, a URL or a string @param {any} [options] for a URL: `auth`, `fragment`, `search` */
function format(value, options) {
  if (typeof value === 'string') return parse(value).href;
  if (typeof value !== 'object' || value === null) throw invalidType('urlObject', ['object', 'string'], value);
  return value instanceof URL ? formatStandard(value, options) : formatParts(value);
}

/** @param {any} url @param {{ auth?: boolean, fragment?: boolean, search?: boolean }} [options] */
function formatStandard(url, options = {}) {
  const copy = new URL(url.href);
  if (options.fragment === false) copy.hash = '';
  if (options.search === false) copy.search = '';
  if (options.auth === false) {
    copy.username = '';
    copy.password = '';
  }
  return copy.href;
}

/** @param {any} url */
function formatParts(url) {
  const auth = url.auth ? `${replace(encodeURIComponent(url.auth), regExp(/%3A/i), ':')}@` : '';
  let protocol = url.protocol || '';
  if (protocol !== '' && protocol[protocol.length - 1] !== ':') protocol += ':';
  let host = '';
  if (url.host) host = auth + url.host;
  else if (url.hostname) {
    const isIpv6 = stringIncludes(url.hostname, ':') && url.hostname[0] !== '[';
    host = auth + (isIpv6 ? `[${url.hostname}]` : url.hostname) + (url.port ? `:${url.port}` : '');
  }
  let search = url.search || '';
  if (search === '' && typeof url.query === 'object' && url.query !== null) search = queryText(url.query);
  if (search !== '' && search[0] !== '?') search = `?${search}`;
  let pathname = replace(replace(url.pathname || '', regExp(/#/g), '%23'), regExp(/\?/g), '%3F');
  if (url.slashes || (includes(withSlashes, protocol) && host !== '') || protocol === 'file:') {
    if (url.slashes || host !== '') {
      if (pathname !== '' && pathname[0] !== '/') pathname = `/${pathname}`;
      host = `//${host}`;
    } else {
      host = '//';
    }
  }
  let hash = url.hash || '';
  if (hash !== '' && hash[0] !== '#') hash = `#${hash}`;
  return protocol + host + pathname + replace(search, regExp(/#/g), '%23') + hash;
}

/** @param {Record<string, any>} query */
function queryText(query) {
  const pairs = new URLSearchParams();
  const names = keys(query);
  for (let index = 0; index < names.length; index += 1) {
    const value = query[names[index]];
    const count = typeof value === 'object' && value !== null ? value.length : 1;
    for (let item = 0; item < count; item += 1)
      pairs.append(names[index], typeof value === 'object' && value !== null ? value[item] : `${value}`);
  }
  return pairs.toString();
}

/** A URL as a browser takes it on a page. @param {string} from @param {string} to */
function resolve(from, to) {
  /** @type {any} */
  const Standard = URL;
  const resolved = new Standard(to, new Standard(from, 'resolve://'));
  return resolved.protocol === 'resolve:' ? resolved.pathname + resolved.search + resolved.hash : resolved.href;
}

/** The same with records on either side. @param {any} from @param {any} to */
function resolveObject(from, to) {
  const text = (/** @type {any} */ value) => (typeof value === 'string' ? value : format(value));
  return parse(resolve(text(from), text(to)), false, true);
}

module.exports = { Url, format, parse, resolve, resolveObject };
