// URL (https://url.spec.whatwg.org/). Rust parses; here are the serialized URL and the offsets of its parts, of which the
// getters cut slices.
'use strict';

const { defineInterface, requireArguments, toUSVString } = require('builtins/webidl');
const { canParseUrl, changeUrl, parseUrl } = ops;
const loadBlob = () => require('web/file/blob');
const loadSearchParams = () => require('web/url/search_params');
const loadInspect = () => require('builtins/inspect/inspect');

/**
 * What the operations give: the serialized URL, and where in it the parts end or start. The protocol's colon is before `schemeEnd`, the
 * `@` of credentials before `hostStart`; parts that are missing are empty.
 * @typedef {[href: string, schemeEnd: number, usernameEnd: number, hostStart: number, hostEnd: number, portEnd: number,
 *   pathStart: number, pathEnd: number, queryEnd: number]} UrlRecord
 */
const HREF = 0;
const SCHEME_END = 1;
const USERNAME_END = 2;
const HOST_START = 3;
const HOST_END = 4;
const PORT_END = 5;
const PATH_START = 6;
const PATH_END = 7;
const QUERY_END = 8;

// Tells the constructor that `URL.parse` calls; no user value can be it.
const construction = Symbol('construction');

let setQuery;

class URL {
  /** @type {UrlRecord} */
  #parts;
  #searchParams = null;

  constructor(url, base = undefined) {
    if (url === construction) return;
    requireArguments(arguments.length, 1, 'URL');
    const input = toUSVString(url);
    const parts = parseUrl(input, base === undefined ? undefined : toUSVString(base));
    if (parts === undefined) throw invalidUrl(input, base);
    this.#parts = parts;
  }

  static canParse(url, base = undefined) {
    requireArguments(arguments.length, 1, 'URL.canParse');
    return canParseUrl(toUSVString(url), base === undefined ? undefined : toUSVString(base));
  }

  static parse(url, base = undefined) {
    requireArguments(arguments.length, 1, 'URL.parse');
    const parts = parseUrl(toUSVString(url), base === undefined ? undefined : toUSVString(base));
    if (parts === undefined) return null;
    const result = new URL(construction);
    result.#parts = parts;
    return result;
  }

  static createObjectURL(blob) {
    return loadBlob().createObjectURL(blob);
  }

  static revokeObjectURL(url) {
    loadBlob().revokeObjectURL(url);
  }

  get href() {
    return this.#parts[HREF];
  }
  set href(value) {
    const input = toUSVString(value);
    const parts = parseUrl(input, undefined);
    if (parts === undefined) throw invalidUrl(input, undefined);
    this.#replace(parts);
  }
  get origin() {
    const { protocol } = this;
    if (/^(?:https?|wss?|ftp):$/.test(protocol)) return `${protocol}//${this.host}`;
    if (protocol !== 'blob:') return 'null';
    const inner = URL.parse(this.pathname);
    return inner !== null && /^https?:$/.test(inner.protocol) ? inner.origin : 'null';
  }
  get protocol() {
    return this.#slice(0, this.#parts[SCHEME_END]);
  }
  set protocol(value) {
    this.#set('protocol', value);
  }
  get username() {
    const parts = this.#parts;
    return this.#slice(parts[SCHEME_END] + 2, parts[USERNAME_END]);
  }
  set username(value) {
    this.#set('username', value);
  }
  get password() {
    const parts = this.#parts;
    return this.#slice(parts[USERNAME_END] + 1, parts[HOST_START] - 1);
  }
  set password(value) {
    this.#set('password', value);
  }
  get host() {
    const parts = this.#parts;
    return this.#slice(parts[HOST_START], parts[PORT_END]);
  }
  set host(value) {
    this.#set('host', value);
  }
  get hostname() {
    const parts = this.#parts;
    return this.#slice(parts[HOST_START], parts[HOST_END]);
  }
  set hostname(value) {
    this.#set('hostname', value);
  }
  get port() {
    const parts = this.#parts;
    return this.#slice(parts[HOST_END] + 1, parts[PORT_END]);
  }
  set port(value) {
    this.#set('port', value);
  }
  get pathname() {
    const parts = this.#parts;
    return this.#slice(parts[PATH_START], parts[PATH_END]);
  }
  set pathname(value) {
    this.#set('pathname', value);
  }
  get search() {
    const parts = this.#parts;
    const query = this.#slice(parts[PATH_END], parts[QUERY_END]);
    return query.length === 1 ? '' : query;
  }
  set search(value) {
    this.#set('search', value);
  }
  get searchParams() {
    return (this.#searchParams ??= loadSearchParams().paramsOf((query) => setQuery(this, query), this.search));
  }
  get hash() {
    const fragment = this.#parts[HREF].slice(this.#parts[QUERY_END]);
    return fragment.length === 1 ? '' : fragment;
  }
  set hash(value) {
    this.#set('hash', value);
  }
  toString() {
    return this.href;
  }
  toJSON() {
    return this.href;
  }

  #slice(start, end) {
    return end > start ? this.#parts[HREF].slice(start, end) : '';
  }

  #set(part, value) {
    const parts = changeUrl(this.#parts[HREF], part, toUSVString(value));
    if (parts !== undefined) this.#replace(parts);
  }

  #replace(parts) {
    this.#parts = parts;
    if (this.#searchParams !== null) loadSearchParams().setPairs(this.#searchParams, this.search);
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const { href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash } = this;
    const members = { href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash };
    return loadInspect().inspectMembers(this.constructor.name, members, depth, options);
  }

  static {
    // The URLSearchParams of a URL was changed.
    setQuery = (url, query) => {
      url.#parts = changeUrl(url.#parts[HREF], 'search', query) ?? url.#parts;
    };
  }
}

function invalidUrl(input, base) {
  const against = base === undefined ? '' : ` against ${JSON.stringify(String(base))}`;
  const error = new TypeError(`Invalid URL: cannot parse ${JSON.stringify(input)}${against}`);
  error.code = 'ERR_INVALID_URL';
  error.input = input;
  if (base !== undefined) error.base = String(base);
  return error;
}

defineInterface(URL);

module.exports = {
  URL,
};
