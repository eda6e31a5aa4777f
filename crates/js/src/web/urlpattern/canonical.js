// The parts of a URL as the URL parser would have them (https://urlpattern.spec.whatwg.org/#canon), one by one.
'use strict';

const { regExp, replace, slice, startsWith, stringIncludes, stringIndexOf, test, parseInt, toLowerCase } = require('builtins/primordials');
const { changedComponents, componentsOf } = require('web/url/url');
const { isSpecialScheme } = require('web/urlpattern/parts');

const dummy = 'https://dummy.invalid/';
const ipv6Point = regExp(/^[0-9a-fA-F[\]:]*$/);
const digits = regExp(/^[0-9]/);
const schemePattern = regExp(/^[a-zA-Z][a-zA-Z0-9+\-.]*$/);
const controls = regExp(/[\t\n\r]/g);

/** @param {string} what @param {string} value */
function invalid(what, value) {
  return new TypeError(`URLPattern: ${value} is not a valid ${what}`);
}

/** @param {string} value */
function protocol(value) {
  if (value === '') return value;
  const parts = test(schemePattern, value) ? componentsOf(`${value}://dummy.invalid/`, undefined) : undefined;
  if (parts === undefined) throw invalid('protocol', value);
  return slice(parts.protocol, 0, -1);
}

/** @param {string} value */
function username(value) {
  return value === '' ? value : (changedComponents(dummy, 'username', value)?.username ?? value);
}

/** @param {string} value */
function password(value) {
  return value === '' ? value : (changedComponents(dummy, 'password', value)?.password ?? value);
}

/** As the parser reads one up to where it ends. @param {string} value @param {string} base */
function host(value, base) {
  if (value === '') return value;
  const plain = replace(value, controls, '');
  const end = endOfHost(plain);
  const text = slice(plain, 0, end);
  const changed = text === '' || stringIncludes(text, ':') ? undefined : changedComponents(base, 'hostname', text);
  if (changed === undefined) throw invalid('hostname', value);
  return changed.hostname;
}

/** @param {string} value */
function endOfHost(value) {
  let end = value.length;
  const marks = ['/', '?', '#', '\\'];
  for (let i = 0; i < marks.length; i += 1) {
    const at = stringIndexOf(value, marks[i]);
    if (at >= 0 && at < end) end = at;
  }
  return end;
}

/** Of a special scheme. @param {string} value */
function hostname(value) {
  return host(value, dummy);
}

/** @param {string} value */
function opaqueHostname(value) {
  return host(value, 'dummy://dummy.invalid/');
}

/** @param {string} value */
function ipv6(value) {
  if (!test(ipv6Point, value)) throw invalid('IPv6 address', value);
  return toLowerCase(value);
}

/** @param {string} value @param {string} [scheme] */
function port(value, scheme = undefined) {
  if (value === '') return value;
  const plain = replace(value, controls, '');
  // What stands behind the digits is not looked at, as with the setter of a URL.
  if (!test(digits, plain) || parseInt(plain, 10) > 65535) throw invalid('port', value);
  const base =
    scheme !== undefined && isSpecialScheme(scheme) && scheme !== 'file' ? `${scheme}://dummy.invalid/` : 'dummy://dummy.invalid/';
  return changedComponents(base, 'port', plain)?.port ?? '';
}

/** @param {string} value */
function pathname(value) {
  if (value === '') return value;
  const isAbsolute = startsWith(value, '/');
  const changed = changedComponents(dummy, 'pathname', isAbsolute ? value : `/-${value}`);
  const path = changed === undefined ? value : changed.pathname;
  return isAbsolute ? path : slice(path, 2);
}

/** @param {string} value */
function opaquePathname(value) {
  if (value === '') return value;
  const parts = componentsOf(`data:${value}`, undefined);
  if (parts === undefined) throw invalid('pathname', value);
  return parts.pathname;
}

/** @param {string} value */
function search(value) {
  return value === '' ? value : slice(changedComponents(dummy, 'search', value)?.search ?? '', 1);
}

/** @param {string} value */
function hash(value) {
  return value === '' ? value : slice(changedComponents(dummy, 'hash', value)?.hash ?? '', 1);
}

module.exports = { hash, hostname, ipv6, opaqueHostname, opaquePathname, password, pathname, port, protocol, search, username };
