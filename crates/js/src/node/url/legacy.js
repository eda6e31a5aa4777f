// `url.parse`, `url.format` and `url.resolve` (https://nodejs.org/api/url.html#legacy-url-api), which older packages use: a URL cut into its parts
// by Node's own rules, not the standard's.
'use strict';

const { callable } = require('node/prototypes');
const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireObject, requireString } = require('node/arguments');
const {
  arraySlice,
  assign,
  charCodeAt,
  defineProperty,
  endsWith,
  exec,
  filter,
  forEach,
  includes,
  join,
  keys,
  map,
  min,
  push,
  regExp,
  replace,
  shift,
  slice,
  split,
  startsWith,
  stringIncludes,
  stringIndexOf,
  test,
  toLowerCase,
  unshift,
  create,
} = require('builtins/primordials');
const { URL } = require('web/url/url');
const { URLSearchParams } = require('web/url/search_params');
const loadPunycode = () => require('node/punycode/codec');
const loadCallers = () => require('node/process/callers');

const protocolPattern = regExp(/^[a-z0-9.+-]+:/i);
const portPattern = regExp(/:[0-9]*$/);
// A host without a protocol before it: `//user@host`.
const hostPattern = regExp(/^\/\/[^@/]+@[^@/]+/);
// Characters that are escaped wherever they stand behind the host.
const unwise = regExp(/[\t\n\r "'<>\\^`{|}]/g);
const outsideOfHost = regExp(/[\0-\x1f "#%/:;<>?@[\\\]^`{|}]/);
const backslashes = regExp(/\\/g);
// Control characters and spaces around a URL are no part of it.
const outside = regExp(/^[\0- \u00a0\ufeff]+|[\0- \u00a0\ufeff]+$/g);
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
    return assign(this, parsed(text, parseQuery, slashesDenoteHost));
  }
  format() {
    return formatParts(this);
  }
  /** @param {any} link */
  resolve(link) {
    return recordOf(this.resolveObject(link)).format();
  }
  /** @param {any} link */
  resolveObject(link) {
    return resolved(this, recordOf(link));
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
  const query = stringIndexOf(text, '?');
  const hash = stringIndexOf(text, '#');
  const end = min(query === -1 ? text.length : query, hash === -1 ? text.length : hash);
  return replace(slice(text, 0, end), backslashes, '/') + slice(text, end);
}

/**
 * @param {string} text @param {boolean} [parseQuery] whether `query` becomes an object
 * @param {boolean} [slashesDenoteHost] whether `//a/b` has the host a
 */
function parse(text, parseQuery = false, slashesDenoteHost = false) {
  if (!deprecation.isSaid) loadCallers().warnOfCall(deprecation);
  return parsed(text, parseQuery, slashesDenoteHost);
}

const deprecation = {
  message:
    '`url.parse()` behavior is not standardized and prone to errors that have security implications. Use the WHATWG URL API instead. ' +
    'CVEs are not issued for `url.parse()` vulnerabilities.',
  code: 'DEP0169',
  isSaid: false,
  looks: 0,
};

/** @param {any} text @param {boolean} parseQuery @param {boolean} slashesDenoteHost */
function parsed(text, parseQuery, slashesDenoteHost) {
  requireString(text, 'url');
  const url = new Url();
  let rest = withForwardSlashes(replace(text, outside, ''));
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

const breaks = regExp(/[\t\n\r]/g);
const hostsEnd = regExp(/[/?#]/);

/** Tabs and line breaks are no part of credentials and hosts. @param {string} rest */
function withoutBreaks(rest) {
  const end = exec(hostsEnd, rest)?.index ?? rest.length;
  return replace(slice(rest, 0, end), breaks, '') + slice(rest, end);
}

/** Takes credentials, host and port from the front of what is left. @param {Url} url @param {string} given @param {string} whole */
function takeHost(url, given, whole) {
  const rest = withoutBreaks(given);
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
  if (isIpv6 && test(outsideOfIpv6, host)) throw invalidUrl(whole);
  let left = slice(rest, end);
  if (!isIpv6) {
    // What no host name may have begins the path.
    const odder = exec(outsideOfHost, host)?.index ?? -1;
    if (odder !== -1) {
      // In Node's words, which have the two the other way round.
      if (host[odder] === ':') throw invalidValue('url', 'Invalid port in url', whole);
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

const outsideOfIpv6 = regExp(/[\0\t\n\r #%/<>?@\\^|]/);

/** @param {string} input */
function invalidUrl(input) {
  const error = nodeError(TypeError, 'ERR_INVALID_URL', 'Invalid URL');
  error.input = input;
  return error;
}

/** In lower case and in ASCII. @param {string} host @param {string} whole */
function hostnameOf(host, whole) {
  if (host.length > 255) return '';
  for (let index = 0; index < host.length; index += 1) {
    if (charCodeAt(host, index) < 128) continue;
    try {
      return new URL(`http://${host}`).hostname;
    } catch {
      throw invalidUrl(whole);
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
  if (typeof value === 'string') return parsed(value, false, false).href;
  if (typeof value !== 'object' || value === null) throw invalidType('urlObject', ['object', 'string'], value);
  return value instanceof URL ? formatStandard(value, options) : formatParts(value);
}

/** A host's name as it is written. @param {string} hostname */
function withoutPunycode(hostname) {
  const { decode } = loadPunycode();
  const labels = map(split(hostname, '.'), (label) => (startsWith(label, 'xn--') ? decode(slice(label, 4)) : label));
  return join(labels, '.');
}

/** @param {any} url @param {any} [options] */
function formatStandard(url, options) {
  if (options !== undefined && options !== null) requireObject(options, 'options');
  const { auth = true, fragment = true, search = true, unicode = false } = options ?? {};
  const copy = new URL(url.href);
  if (!fragment) copy.hash = '';
  if (!search) copy.search = '';
  if (!auth) {
    copy.username = '';
    copy.password = '';
  }
  const { host, hostname, href } = copy;
  if (!unicode || !stringIncludes(hostname, 'xn--')) return href;
  const start = stringIndexOf(href, host);
  return `${slice(href, 0, start)}${withoutPunycode(hostname)}${slice(href, start + hostname.length)}`;
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

/** @param {any} value a record, or text @param {boolean} [slashesDenoteHost] */
const recordOf = (value, slashesDenoteHost = true) =>
  typeof value === 'string' ? parsed(value, false, slashesDenoteHost) : assign(new Url(), value);

/** Where a link leads that stands on a page. @param {any} from @param {any} to */
function resolve(from, to) {
  return recordOf(recordOf(from).resolveObject(to)).format();
}

/** The same with records on either side. @param {any} from @param {any} to */
function resolveObject(from, to) {
  // What comes from nowhere is where it says.
  return from ? recordOf(from).resolveObject(to) : to;
}

/** Takes over parts of another record. @param {Url} url @param {any} other @param {string[]} names */
function take(url, other, names) {
  for (let index = 0; index < names.length; index += 1) /** @type {any} */ (url)[names[index]] = other[names[index]];
}

const all = ['protocol', 'slashes', 'auth', 'host', 'port', 'hostname', 'hash', 'search', 'query', 'pathname', 'path', 'href'];
const allButProtocol = filter(all, (name) => name !== 'protocol');

/** The parts that follow from the others. @param {Url} url */
function completed(url) {
  if (url.pathname !== null || url.search !== null) url.path = (url.pathname || '') + (url.search || '');
  url.href = url.format();
  return url;
}

/** The part of the web's own kind of URL: `scheme://host`. @param {string | null} protocol */
const hasSlashes = (protocol) => protocol !== null && includes(withSlashes, protocol);

/** @param {Url} base @param {any} link */
function resolved(base, link) {
  const result = assign(new Url(), base);
  result.hash = link.hash;
  if (link.href === '') return completed(result);
  if (link.slashes && !link.protocol) {
    take(result, link, allButProtocol);
    if (hasSlashes(result.protocol) && result.hostname && !result.pathname) result.pathname = '/';
    return completed(result);
  }
  if (link.protocol && link.protocol !== result.protocol) return elsewhere(result, link);
  return beside(result, link);
}

/** A link with a scheme of its own. @param {Url} result @param {any} link */
function elsewhere(result, link) {
  if (!hasSlashes(link.protocol)) {
    take(result, link, all);
    result.href = result.format();
    return result;
  }
  const { host, pathname } = link;
  take(result, link, ['protocol', 'auth', 'port', 'search', 'query']);
  result.pathname = pathname;
  result.host = host || '';
  if (!host && link.protocol !== 'file:') {
    // `https:/p/a` means the host p.
    const given = split(pathname || '', '/');
    const parts = filter(given, (part, index) => part !== '' || index === given.length - 1);
    result.host = parts.length > 0 ? parts[0] : '';
    result.pathname = `/${join(arraySlice(parts, 1), '/')}`;
  }
  result.hostname = link.hostname || result.host;
  result.slashes = result.slashes || link.slashes;
  return completed(result);
}

/** Gives a record without slashes its host back, which stood as the first part of its path. @param {Url} result @param {string | undefined} first */
function takeHostOfPath(result, first) {
  const at = first === undefined ? -1 : stringIndexOf(first, '@');
  result.host = first === undefined ? '' : at > 0 ? slice(first, at + 1) : first;
  result.hostname = result.host;
  if (at > 0) result.auth = slice(/** @type {string} */ (first), 0, at);
}

/** A link of the same scheme, or without one. @param {Url} result @param {any} link */
function beside(result, link) {
  const isOpaque = !!result.protocol && !hasSlashes(result.protocol);
  const startsAtRoot = !!link.host || startsWith(link.pathname ?? '', '/');
  let isAbsolute = startsAtRoot || startsWith(result.pathname ?? '', '/') || !!(result.host && link.pathname);
  const dropsDots = isAbsolute;
  let parts = result.pathname ? split(result.pathname, '/') : [];
  let linkParts = link.pathname ? split(link.pathname, '/') : [];
  let { host, hostname } = link;
  if (isOpaque) {
    // Without slashes the host is where the path begins.
    parts = withHost(result.host, parts);
    result.host = '';
    result.hostname = '';
    result.port = null;
    if (link.protocol) {
      linkParts = withHost(host, linkParts);
      host = null;
      hostname = null;
      result.auth = null;
    }
    isAbsolute = isAbsolute && (linkParts[0] === '' || parts[0] === '');
  }
  if (startsAtRoot) {
    if (host || host === '') {
      if (result.host !== host) result.auth = null;
      result.host = host;
      result.port = link.port;
    }
    if (hostname || hostname === '') {
      if (result.hostname !== hostname) result.auth = null;
      result.hostname = hostname;
    }
    take(result, link, ['search', 'query']);
    parts = linkParts;
  } else if (linkParts.length > 0) {
    parts = arraySlice(parts, 0, -1);
    forEach(linkParts, (part) => push(parts, part));
    take(result, link, ['search', 'query']);
  } else if (link.search !== null && link.search !== undefined) {
    if (isOpaque) takeHostOfPath(result, shift(parts));
    take(result, link, ['search', 'query']);
    if (isOpaque) result.pathname = parts.length > 0 ? `/${join(parts, '/')}` : null;
    return completed(result);
  }
  if (parts.length === 0) {
    result.pathname = null;
    result.path = result.search ? `/${result.search}` : null;
    result.href = result.format();
    return result;
  }
  const last = parts[parts.length - 1];
  const isFolder = last === '' || ((last === '.' || last === '..') && !!(result.host || host || parts.length > 1));
  const walked = withoutDots(parts, isAbsolute || dropsDots);
  if (isAbsolute && !startsWith(`${walked[0]}`, '/') && walked[0] !== '') unshift(walked, '');
  if (isFolder && !endsWith(join(walked, '/'), '/')) push(walked, '');
  const isRooted = walked[0] === '' || startsWith(`${walked[0]}`, '/');
  if (isOpaque) takeHostOfPath(result, isRooted || walked.length === 0 ? undefined : shift(walked));
  if ((isAbsolute || (result.host && walked.length > 0)) && !isRooted && walked[0] !== '') unshift(walked, '');
  result.pathname = walked.length > 0 ? join(walked, '/') : null;
  if (result.pathname === null) result.path = null;
  result.auth = link.auth || result.auth;
  result.slashes = result.slashes || link.slashes;
  return completed(result);
}

/** @param {string | null} host @param {string[]} parts */
function withHost(host, parts) {
  if (!host) return parts;
  const whole = parts[0] === '' ? arraySlice(parts, 1) : arraySlice(parts);
  unshift(whole, host);
  return whole;
}

/**
 * Walks `.` and `..`.
 * @param {string[]} parts @param {boolean} staysInside whether there is nothing above the first part
 */
function withoutDots(parts, staysInside) {
  /** @type {string[]} */
  const walked = [];
  let above = 0;
  for (let index = parts.length - 1; index >= 0; index -= 1) {
    if (parts[index] === '..') above += 1;
    else if (parts[index] !== '.') {
      if (above > 0) above -= 1;
      else unshift(walked, parts[index]);
    }
  }
  if (!staysInside) for (; above > 0; above -= 1) unshift(walked, '..');
  return walked;
}

module.exports = { Url: callable(Url), format, parse, resolve, resolveObject };
