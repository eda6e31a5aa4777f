// URL (https://url.spec.whatwg.org/). Rust parses; here are the serialized URL and the offsets of its parts, of which the
// getters cut slices.
'use strict';

const { customInspect, regExp, slice, startsWith, test } = require('builtins/primordials');
const { defineInterface, hasEqualState, requireArguments, toDOMString, toUSVString } = require('builtins/webidl');
const { baseUrl, canParseUrl, changeUrl, parseUrl } = ops;
const loadObjectUrls = () => require('web/file/object_urls');
const loadSearchParams = () => require('web/url/search_params');
const loadInspect = () => require('builtins/inspect/inspect');

// Where in a UrlRecord the serialized URL stands, and where its parts end or start. The protocol's colon is before SCHEME_END, the `@` of
// credentials before HOST_START; parts that are missing are empty.
const HREF = 0;
const SCHEME_END = 1;
const USERNAME_END = 2;
const HOST_START = 3;
const HOST_END = 4;
const PORT_END = 5;
const PATH_START = 6;
const PATH_END = 7;
const QUERY_END = 8;

const withOrigin = regExp(/^(?:https?|wss?|ftp):$/);
const withInnerOrigin = regExp(/^https?:$/);
// Tells the constructor that `makeUrl` calls; no value of a program can be it.
const construction = Symbol('construction');

/** @type {(url: URL, query: string) => void} */
let setQuery;
/** @type {(value: any) => value is URL} */
let isUrl;
/** @type {(url: URL) => string} */
let hrefOfUrl;
/** @type {(parts: UrlRecord) => URL} */
let makeUrl;

class URL {
  /** @type {UrlRecord} */
  #parts;
  /** @type {any} */
  #searchParams = null;

  /** @param {any} url @param {any} [base] */
  constructor(url, base = undefined) {
    if (url === construction) {
      this.#parts = base;
      return;
    }
    requireArguments(arguments.length, 1, 'URL');
    const input = toDOMString(url);
    const against = base === undefined ? undefined : toDOMString(base);
    const parts = parse(input, against);
    if (parts === undefined) throw invalidUrl(toUSVString(input), against === undefined ? undefined : toUSVString(against));
    this.#parts = parts;
  }

  /** @param {any} url @param {any} [base] */
  static canParse(url, base = undefined) {
    requireArguments(arguments.length, 1, 'URL.canParse');
    return canParseUrl(toDOMString(url), base === undefined ? undefined : toDOMString(base));
  }

  /** @param {any} url @param {any} [base] */
  static parse(url, base = undefined) {
    requireArguments(arguments.length, 1, 'URL.parse');
    const parts = parse(toDOMString(url), base === undefined ? undefined : toDOMString(base));
    return parts === undefined ? null : makeUrl(parts);
  }

  /** @param {any} blob */
  static createObjectURL(blob) {
    return loadObjectUrls().createObjectURL(blob, originHere());
  }

  /** @param {any} url */
  static revokeObjectURL(url) {
    requireArguments(arguments.length, 1, 'URL.revokeObjectURL');
    loadObjectUrls().revokeObjectURL(url);
  }

  get href() {
    return this.#parts[HREF];
  }
  set href(value) {
    const input = toUSVString(value);
    const parts = parse(input, undefined);
    if (parts === undefined) throw invalidUrl(input, undefined);
    this.#replace(parts);
  }
  get origin() {
    return originOf(this.#parts);
  }
  get protocol() {
    return protocolOf(this.#parts);
  }
  set protocol(value) {
    this.#set('protocol', value);
  }
  get username() {
    return usernameOf(this.#parts);
  }
  set username(value) {
    this.#set('username', value);
  }
  get password() {
    return passwordOf(this.#parts);
  }
  set password(value) {
    this.#set('password', value);
  }
  get host() {
    return hostOf(this.#parts);
  }
  set host(value) {
    this.#set('host', value);
  }
  get hostname() {
    return cut(this.#parts, this.#parts[HOST_START], this.#parts[HOST_END]);
  }
  set hostname(value) {
    this.#set('hostname', value);
  }
  get port() {
    return cut(this.#parts, this.#parts[HOST_END] + 1, this.#parts[PORT_END]);
  }
  set port(value) {
    this.#set('port', value);
  }
  get pathname() {
    return pathOf(this.#parts);
  }
  set pathname(value) {
    this.#set('pathname', value);
  }
  get search() {
    return searchOf(this.#parts);
  }
  set search(value) {
    this.#set('search', value);
  }
  get searchParams() {
    return (this.#searchParams ??= loadSearchParams().paramsOf(
      (/** @type {string} */ query) => setQuery(this, query),
      searchOf(this.#parts),
    ));
  }
  get hash() {
    const fragment = slice(this.#parts[HREF], this.#parts[QUERY_END]);
    return fragment.length === 1 ? '' : fragment;
  }
  set hash(value) {
    this.#set('hash', value);
  }
  toString() {
    return this.#parts[HREF];
  }
  toJSON() {
    return this.#parts[HREF];
  }

  /** @param {string} part @param {any} value */
  #set(part, value) {
    const parts = change(this.#parts[HREF], part, toDOMString(value));
    if (parts !== undefined) this.#replace(parts);
  }

  /** @param {UrlRecord} parts */
  #replace(parts) {
    this.#parts = parts;
    if (this.#searchParams !== null) loadSearchParams().setPairs(this.#searchParams, searchOf(parts));
  }

  /** @param {any} other */
  [hasEqualState](other) {
    return isUrl(other) && other.#parts[HREF] === this.#parts[HREF];
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    if (typeof depth === 'number' && depth < 0) return `${this.constructor.name} {}`;
    const { href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash } = this;
    const members = { href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash };
    return loadInspect().inspectMembers(this.constructor.name, members, depth, options);
  }

  static {
    makeUrl = (parts) => new URL(construction, parts);
    isUrl = /** @type {any} */ ((/** @type {any} */ value) => typeof value === 'object' && value !== null && #parts in value);
    hrefOfUrl = (url) => url.#parts[HREF];
    // The URLSearchParams of a URL was changed.
    setQuery = (url, query) => {
      url.#parts = change(url.#parts[HREF], 'search', query) ?? url.#parts;
    };
  }
}

defineInterface(URL);

// Rust writes the offsets here, and JavaScript makes the record of them: an array that the engine's C++ makes takes three times as long.
const offsets = new Uint32Array(8);

/** @param {string | undefined} href @returns {UrlRecord | undefined} */
function recordOf(href) {
  if (href === undefined) return undefined;
  return [href, offsets[0], offsets[1], offsets[2], offsets[3], offsets[4], offsets[5], offsets[6], offsets[7]];
}

/** Lone surrogates are replaced in Rust. @param {string} input @param {string | undefined} base */
function parse(input, base) {
  return recordOf(parseUrl(input, base, offsets));
}

/** @param {string} href @param {string} part @param {string} value */
function change(href, part, value) {
  return recordOf(changeUrl(href, part, value, offsets));
}

/** @param {UrlRecord} parts @param {number} start @param {number} end */
function cut(parts, start, end) {
  return end > start ? slice(parts[HREF], start, end) : '';
}

/** @param {UrlRecord} parts */
function protocolOf(parts) {
  return cut(parts, 0, parts[SCHEME_END]);
}

/** @param {UrlRecord} parts */
function usernameOf(parts) {
  return cut(parts, parts[SCHEME_END] + 2, parts[USERNAME_END]);
}

/** @param {UrlRecord} parts */
function passwordOf(parts) {
  return cut(parts, parts[USERNAME_END] + 1, parts[HOST_START] - 1);
}

/** Whether there is a username or a password. @param {UrlRecord} parts */
function hasCredentials(parts) {
  return parts[USERNAME_END] > parts[SCHEME_END] + 2 || parts[HOST_START] - 1 > parts[USERNAME_END] + 1;
}

/** @param {UrlRecord} parts */
function hostOf(parts) {
  return cut(parts, parts[HOST_START], parts[PORT_END]);
}

/** @param {UrlRecord} parts */
function pathOf(parts) {
  return cut(parts, parts[PATH_START], parts[PATH_END]);
}

/** @param {UrlRecord} parts */
function searchOf(parts) {
  const query = cut(parts, parts[PATH_END], parts[QUERY_END]);
  return query.length === 1 ? '' : query;
}

/** @param {UrlRecord} parts @returns {string} */
function originOf(parts) {
  const protocol = protocolOf(parts);
  if (test(withOrigin, protocol)) return `${protocol}//${hostOf(parts)}`;
  if (protocol !== 'blob:') return 'null';
  const inner = parse(pathOf(parts), undefined);
  return inner !== undefined && test(withInnerOrigin, protocolOf(inner)) ? originOf(inner) : 'null';
}

/** Where `--location` says the program is; undefined for what is no origin of the web. */
function originHere() {
  const href = baseUrl();
  const parts = href === undefined ? undefined : parse(href, undefined);
  return parts !== undefined && test(withInnerOrigin, protocolOf(parts)) ? originOf(parts) : undefined;
}

/** A URL object of an absolute one. @param {string} href */
function makeUrlOf(href) {
  return makeUrl(/** @type {UrlRecord} */ (parse(href, undefined)));
}

/** The URL that a text means where the program is (`--location`); only absolute ones mean any without that. @param {string} text */
function parseHere(text) {
  return parse(text, baseUrl());
}

/** The same, serialized; undefined for what is none. @param {string} text */
function hrefOf(text) {
  return parseUrl(text, baseUrl(), offsets);
}

/** What the files above ask of such a URL, whatever a program did to `URL.prototype`; undefined for what is none. @param {string} text */
function partsOf(text) {
  const parts = parseHere(text);
  if (parts === undefined) return undefined;
  return {
    href: parts[HREF],
    protocol: protocolOf(parts),
    username: usernameOf(parts),
    password: passwordOf(parts),
    host: hostOf(parts),
    origin: originOf(parts),
    hash: slice(parts[HREF], parts[QUERY_END]),
  };
}

/** The same with another scheme. @param {string} href @param {string} protocol */
function withProtocol(href, protocol) {
  return partsOf(changeUrl(href, 'protocol', protocol, offsets) ?? href);
}

/** All parts of a URL, as its getters give them; undefined for what is none. @param {string} text @param {string | undefined} base */
function componentsOf(text, base) {
  return components(parse(text, base));
}

/** The same after a setter; undefined when it ignores the value. @param {string} href @param {string} part @param {string} value */
function changedComponents(href, part, value) {
  return components(change(href, part, value));
}

/** @param {UrlRecord | undefined} parts */
function components(parts) {
  if (parts === undefined) return undefined;
  const hash = slice(parts[HREF], parts[QUERY_END]);
  const pathname = pathOf(parts);
  return {
    protocol: protocolOf(parts),
    username: usernameOf(parts),
    password: passwordOf(parts),
    hostname: cut(parts, parts[HOST_START], parts[HOST_END]),
    port: cut(parts, parts[HOST_END] + 1, parts[PORT_END]),
    pathname,
    search: searchOf(parts),
    hash: hash.length === 1 ? '' : hash,
    hasOpaquePath: pathname !== '' && !startsWith(pathname, '/'),
  };
}

/** @param {string} input @param {string | undefined} base */
function invalidUrl(input, base) {
  // Programs compare the message; the values stand beside it.
  const error = /** @type {any} */ (new TypeError('Invalid URL'));
  error.code = 'ERR_INVALID_URL';
  error.input = input;
  if (base !== undefined) error.base = base;
  return error;
}

/** What an API throws that wanted the URL of a resource, as Node's `fetch` does. @param {string} input */
function unreadable(input) {
  return new TypeError(`Failed to parse URL from ${input}`, { cause: invalidUrl(input, undefined) });
}

module.exports = {
  URL,
  changedComponents,
  componentsOf,
  hasCredentials,
  hostOf,
  hrefOf,
  hrefOfUrl,
  isUrl,
  makeUrlOf,
  parse,
  parseHere,
  partsOf,
  unreadable,
  withProtocol,
};
