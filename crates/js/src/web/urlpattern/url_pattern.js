// URLPattern (https://urlpattern.spec.whatwg.org/#urlpattern-class).
'use strict';

const { customInspect, endsWith, lastIndexOf, regExp, slice, startsWith, test } = require('builtins/primordials');
const { defineInterface, isObject, toDictionary, toUSVString } = require('builtins/webidl');
const { componentsOf } = require('web/url/url');
const canonical = require('web/urlpattern/canonical');
const { compileComponent, escapePattern, isSpecialScheme, matchesSpecialScheme } = require('web/urlpattern/parts');
const { parseConstructorString } = require('web/urlpattern/constructor_string');
const loadInspect = () => require('builtins/inspect/inspect');

/** @typedef {import('./constructor_string.js').PartName} PartName */
/** @typedef {Partial<Record<PartName | 'baseURL', string>>} Init */
/** @typedef {InstanceType<typeof import('./parts.js').Component>} Component */

/** @type {readonly PartName[]} */
const names = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'];
/** The members of URLPatternInit, in the order in which they are read. @type {readonly (PartName | 'baseURL')[]} */
const members = ['baseURL', 'hash', 'hostname', 'password', 'pathname', 'port', 'protocol', 'search', 'username'];
const ordinary = { delimiter: '', prefix: '' };
const ofHostname = { delimiter: '.', prefix: '' };
const ofPathname = { delimiter: '/', prefix: '/' };
const ipv6Pattern = regExp(/^(?:\[|\{\[|\\\[)/);
/** @type {Record<string, string>} */
const usualPorts = { __proto__: /** @type {any} */ (null), http: '80', https: '443', ws: '80', wss: '443', ftp: '21' };

/** @param {any} value @returns {Init} */
function readInit(value) {
  const given = toDictionary(value, 'URLPattern');
  /** @type {Init} */
  const init = /** @type {any} */ ({ __proto__: null });
  for (let i = 0; i < members.length; i += 1) {
    const member = given[members[i]];
    if (member !== undefined) init[members[i]] = toUSVString(member);
  }
  return init;
}

/**
 * https://urlpattern.spec.whatwg.org/#process-a-urlpatterninit
 * @param {Init} init @param {boolean} isPattern @param {Init} result what a part is that nothing says
 */
function processInit(init, isPattern, result) {
  const base = init.baseURL === undefined ? undefined : baseOf(init.baseURL);
  const { protocol, username, password, hostname, port, search, hash } = init;
  let { pathname } = init;
  if (base !== undefined) {
    const take = (/** @type {string} */ text) => (isPattern ? escapePattern(text) : text);
    if (protocol === undefined) result.protocol = take(slice(base.protocol, 0, -1));
    let isOpen = protocol === undefined && hostname === undefined;
    const hasNoUser = isOpen && port === undefined && username === undefined;
    if (!isPattern && hasNoUser) result.username = base.username;
    if (!isPattern && hasNoUser && password === undefined) result.password = base.password;
    if (isOpen) result.hostname = take(base.hostname);
    isOpen &&= port === undefined;
    if (isOpen) result.port = take(base.port);
    isOpen &&= pathname === undefined;
    if (isOpen) result.pathname = take(base.pathname);
    isOpen &&= search === undefined;
    if (isOpen) result.search = take(slice(base.search, 1));
    if (isOpen && hash === undefined) result.hash = take(slice(base.hash, 1));
  }
  if (protocol !== undefined) {
    const scheme = endsWith(protocol, ':') ? slice(protocol, 0, -1) : protocol;
    result.protocol = isPattern ? scheme : canonical.protocol(scheme);
  }
  if (username !== undefined) result.username = isPattern ? username : canonical.username(username);
  if (password !== undefined) result.password = isPattern ? password : canonical.password(password);
  const isSpecial = result.protocol === undefined || result.protocol === '' || isSpecialScheme(result.protocol);
  if (hostname !== undefined) {
    result.hostname = isPattern ? hostname : startsWith(hostname, '[') ? canonical.ipv6(hostname) : hostnameOf(hostname, isSpecial);
  }
  if (port !== undefined) result.port = isPattern ? port : canonical.port(port, result.protocol);
  if (pathname !== undefined) {
    if (base !== undefined && !base.hasOpaquePath && !isAbsolutePath(pathname, isPattern)) {
      const path = isPattern ? escapePattern(base.pathname) : base.pathname;
      pathname = slice(path, 0, lastIndexOf(path, '/') + 1) + pathname;
    }
    if (isPattern) result.pathname = pathname;
    else result.pathname = isSpecial ? canonical.pathname(pathname) : canonical.opaquePathname(pathname);
  }
  if (search !== undefined) {
    const text = startsWith(search, '?') ? slice(search, 1) : search;
    result.search = isPattern ? text : canonical.search(text);
  }
  if (hash !== undefined) {
    const text = startsWith(hash, '#') ? slice(hash, 1) : hash;
    result.hash = isPattern ? text : canonical.hash(text);
  }
  return result;
}

/** @param {string} hostname @param {boolean} isSpecial */
function hostnameOf(hostname, isSpecial) {
  return isSpecial ? canonical.hostname(hostname) : canonical.opaqueHostname(hostname);
}

/** @param {string} text */
function baseOf(text) {
  const base = componentsOf(text, undefined);
  if (base === undefined) throw new TypeError(`URLPattern: the base ${text} is no URL`);
  return base;
}

/** @param {string} path @param {boolean} isPattern */
function isAbsolutePath(path, isPattern) {
  return startsWith(path, '/') || (isPattern && (startsWith(path, '\\/') || startsWith(path, '{/')));
}

class URLPattern {
  /** @type {Record<PartName, Component>} */
  #parts;

  /** @param {any} [input] @param {any} [baseOrOptions] @param {any} [options] */
  constructor(input = undefined, baseOrOptions = undefined, options = undefined) {
    const hasBase = arguments.length >= 3 || (baseOrOptions !== undefined && baseOrOptions !== null && !isObject(baseOrOptions));
    const base = hasBase ? toUSVString(baseOrOptions) : undefined;
    const { ignoreCase } = toDictionary(hasBase ? options : baseOrOptions, 'URLPattern');
    this.#parts = compile(initOf(input, base), !!ignoreCase);
  }

  get protocol() {
    return this.#parts.protocol.pattern;
  }
  get username() {
    return this.#parts.username.pattern;
  }
  get password() {
    return this.#parts.password.pattern;
  }
  get hostname() {
    return this.#parts.hostname.pattern;
  }
  get port() {
    return this.#parts.port.pattern;
  }
  get pathname() {
    return this.#parts.pathname.pattern;
  }
  get search() {
    return this.#parts.search.pattern;
  }
  get hash() {
    return this.#parts.hash.pattern;
  }
  get hasRegExpGroups() {
    for (let i = 0; i < names.length; i += 1) if (this.#parts[names[i]].hasRegExpGroups) return true;
    return false;
  }

  /** @param {any} [input] @param {any} [baseURL] */
  test(input = undefined, baseURL = undefined) {
    return match(this.#parts, input, baseURL) !== null;
  }

  /** @param {any} [input] @param {any} [baseURL] */
  exec(input = undefined, baseURL = undefined) {
    return match(this.#parts, input, baseURL);
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    /** @type {Record<string, string>} */
    const shown = {};
    for (let i = 0; i < names.length; i += 1) shown[names[i]] = this.#parts[names[i]].pattern;
    return loadInspect().inspectMembers('URLPattern', shown, depth, options);
  }
}

defineInterface(URLPattern);

/** @param {any} input @param {string | undefined} base @returns {Init} */
function initOf(input, base) {
  if (input === undefined || isObject(input) || input === null) {
    if (base !== undefined) throw new TypeError('URLPattern: a base is for a pattern that is a string');
    return readInit(input);
  }
  /** @type {Init} */
  const init = parseConstructorString(toUSVString(input));
  if (base === undefined && init.protocol === undefined) {
    throw new TypeError('URLPattern: a pattern without a protocol needs a base');
  }
  if (base !== undefined) init.baseURL = base;
  return init;
}

/** @param {Init} given @param {boolean} ignoreCase @returns {Record<PartName, Component>} */
function compile(given, ignoreCase) {
  const init = processInit(given, true, /** @type {Init} */ ({ __proto__: null }));
  for (let i = 0; i < names.length; i += 1) init[names[i]] ??= '*';
  const { protocol, username, password, hostname, port, pathname, search, hash } = /** @type {Record<PartName, string>} */ (init);
  const scheme = compileComponent(protocol, canonical.protocol, ordinary);
  const isSpecial = matchesSpecialScheme(scheme);
  const isUsual = isSpecialScheme(protocol) && usualPorts[protocol] === port;
  const encodeHost = test(ipv6Pattern, hostname) ? canonical.ipv6 : isSpecial ? canonical.hostname : canonical.opaqueHostname;
  return {
    protocol: scheme,
    username: compileComponent(username, canonical.username, ordinary),
    password: compileComponent(password, canonical.password, ordinary),
    hostname: compileComponent(hostname, encodeHost, ofHostname),
    port: compileComponent(isUsual ? '' : port, (text) => canonical.port(text), ordinary),
    pathname: isSpecial
      ? compileComponent(pathname, canonical.pathname, ofPathname, ignoreCase)
      : compileComponent(pathname, canonical.opaquePathname, ordinary, ignoreCase),
    search: compileComponent(search, canonical.search, ordinary, ignoreCase),
    hash: compileComponent(hash, canonical.hash, ordinary, ignoreCase),
  };
}

/** What the parts of a URL are, and what stood in the call; null for what is no URL. @param {any} input @param {any} baseURL */
function partsOfInput(input, baseURL) {
  const empty = { protocol: '', username: '', password: '', hostname: '', port: '', pathname: '', search: '', hash: '' };
  if (input === undefined || isObject(input) || input === null) {
    const init = readInit(input);
    if (baseURL !== undefined) throw new TypeError('URLPattern: a base is for a URL that is a string');
    try {
      return { inputs: [input === undefined || input === null ? {} : input], parts: /** @type {any} */ (processInit(init, false, empty)) };
    } catch {
      return null;
    }
  }
  const text = toUSVString(input);
  const base = baseURL === undefined ? undefined : toUSVString(baseURL);
  const url = componentsOf(text, base);
  if (url === undefined) return null;
  const { protocol, username, password, hostname, port, pathname, search, hash } = url;
  const parts = {
    protocol: slice(protocol, 0, -1),
    username,
    password,
    hostname,
    port,
    pathname,
    search: slice(search, 1),
    hash: slice(hash, 1),
  };
  return { inputs: base === undefined ? [text] : [text, base], parts };
}

/** https://urlpattern.spec.whatwg.org/#url-pattern-match @param {Record<PartName, Component>} components @param {any} input @param {any} baseURL */
function match(components, input, baseURL) {
  const given = partsOfInput(input, baseURL);
  if (given === null) return null;
  /** @type {any} */
  const result = { inputs: given.inputs };
  for (let i = 0; i < names.length; i += 1) {
    const name = names[i];
    const component = components[name];
    const found = component.exec(given.parts[name]);
    if (found === null) return null;
    /** @type {Record<string, string | undefined>} */
    const groups = {};
    for (let g = 0; g < component.names.length; g += 1) groups[component.names[g]] = found[g + 1];
    result[name] = { input: given.parts[name], groups };
  }
  return result;
}

module.exports = { URLPattern };
