// URL (https://url.spec.whatwg.org/). Rust parses; here are the serialized URL and the offsets of its parts, of which the
// getters cut slices.
'use strict';

const { defineInterface, requireArguments, toUSVString } = require('builtins/webidl');
const { changeUrl, parseUrl } = ops;
const loadBlob = () => require('web/file/blob');
const loadSearchParams = () => require('web/url/search_params');
const loadInspect = () => require('builtins/inspect/inspect');

// Where in the array that the operations return each offset stands; the first element is the serialized URL.
const HREF = 0;
const SCHEME_END = 1;
const USERNAME_START = 2;
const USERNAME_END = 3;
const PASSWORD_START = 4;
const PASSWORD_END = 5;
const HOST_START = 6;
const HOST_END = 7;
const PORT_START = 8;
const PORT_END = 9;
const PATH_START = 10;
const PATH_END = 11;
const QUERY_END = 12;

let setQuery;

class URL {
  #parts;
  #searchParams = null;

  constructor(url, base = undefined) {
    requireArguments(arguments.length, 1, 'URL');
    const input = toUSVString(url);
    const parts = parseUrl(input, base === undefined ? undefined : toUSVString(base));
    if (parts === undefined) throw invalidUrl(input, base);
    this.#parts = parts;
  }

  static canParse(url, base = undefined) {
    requireArguments(arguments.length, 1, 'URL.canParse');
    return parseUrl(toUSVString(url), base === undefined ? undefined : toUSVString(base)) !== undefined;
  }

  static parse(url, base = undefined) {
    requireArguments(arguments.length, 1, 'URL.parse');
    const parts = parseUrl(toUSVString(url), base === undefined ? undefined : toUSVString(base));
    if (parts === undefined) return null;
    const result = new URL('about:blank');
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
    return this.#parts[HREF].slice(0, this.#parts[SCHEME_END] + 1);
  }
  set protocol(value) {
    this.#set('protocol', value);
  }
  get username() {
    return this.#slice(USERNAME_START, USERNAME_END);
  }
  set username(value) {
    this.#set('username', value);
  }
  get password() {
    return this.#slice(PASSWORD_START, PASSWORD_END);
  }
  set password(value) {
    this.#set('password', value);
  }
  get host() {
    return this.#slice(HOST_START, PORT_END);
  }
  set host(value) {
    this.#set('host', value);
  }
  get hostname() {
    return this.#slice(HOST_START, HOST_END);
  }
  set hostname(value) {
    this.#set('hostname', value);
  }
  get port() {
    return this.#slice(PORT_START, PORT_END);
  }
  set port(value) {
    this.#set('port', value);
  }
  get pathname() {
    return this.#slice(PATH_START, PATH_END);
  }
  set pathname(value) {
    this.#set('pathname', value);
  }
  get search() {
    const query = this.#slice(PATH_END, QUERY_END);
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
    const parts = this.#parts;
    return parts[HREF].slice(parts[start], parts[end]);
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
