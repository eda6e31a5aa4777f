// Whether a certificate is for a host name (https://nodejs.org/api/tls.html#tlscheckserveridentityhostname-cert, RFC 6125).
'use strict';

const { nodeError } = require('node/errors');
const { isIP, numberOfV6, textOfV6 } = require('node/net/addresses');
const {
  endsWith,
  includes,
  join,
  parseJson,
  push,
  regExp,
  slice,
  split,
  startsWith,
  stringIncludes,
  test,
  toLowerCase,
} = require('builtins/primordials');

const invalidCharacter = regExp(/[\u0000-\u0020]/);

/** @param {string} name */
const withoutDot = (name) => toLowerCase(name[name.length - 1] === '.' ? slice(name, 0, name.length - 1) : name);

/** @param {string[]} host the labels of the host name @param {string} pattern @param {boolean} wildcards */
function matches(host, pattern, wildcards) {
  if (pattern === '') return false;
  const parts = split(withoutDot(pattern), '.');
  if (host.length !== parts.length || includes(parts, '')) return false;
  if (test(invalidCharacter, pattern)) return false;
  for (let index = host.length - 1; index > 0; index -= 1) if (host[index] !== parts[index]) return false;
  const name = host[0];
  const pieces = split(parts[0], '*', 3);
  // A star in an internationalised label is no wildcard.
  if (pieces.length === 1 || stringIncludes(parts[0], 'xn--')) return name === parts[0];
  if (!wildcards || pieces.length > 2 || parts.length <= 2) return false;
  const prefix = pieces[0];
  const suffix = pieces[1];
  return prefix.length + suffix.length <= name.length && startsWith(name, prefix) && endsWith(name, suffix);
}

/** The entries of `subjectaltname`; a comma may stand inside quotes. @param {string} text @returns {string[]} */
function alternativeNames(text) {
  /** @type {string[]} */
  const names = [];
  if (!stringIncludes(text, '"')) return split(text, ', ');
  let current = '';
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '"') {
      let end = index + 1;
      while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
      current += parseJson(slice(text, index, end + 1));
      index = end;
    } else if (text[index] === ',' && text[index + 1] === ' ') {
      push(names, current);
      current = '';
      index += 1;
    } else {
      current += text[index];
    }
  }
  push(names, current);
  return names;
}

/** An address in one form of several; an empty text for what is none. @param {string} address */
function canonical(address) {
  const family = isIP(address);
  return family === 6 ? textOfV6(numberOfV6(address)) : family === 4 ? address : '';
}

/** What is wrong with the certificate for this host; undefined when it fits. @param {string} hostname @param {any} cert @returns {Error | undefined} */
function checkServerIdentity(hostname, cert) {
  const { subject, subjectaltname } = cert;
  /** @type {string[]} */
  const dnsNames = [];
  /** @type {string[]} */
  const addresses = [];
  const host = `${hostname}`;
  if (subjectaltname) {
    const names = alternativeNames(subjectaltname);
    for (let index = 0; index < names.length; index += 1) {
      if (startsWith(names[index], 'DNS:')) push(dnsNames, slice(names[index], 4));
      else if (startsWith(names[index], 'IP Address:')) push(addresses, canonical(slice(names[index], 11)));
    }
  }
  let reason = 'Unknown reason';
  let valid = false;
  const plain = withoutDot(host);
  if (isIP(plain) !== 0) {
    valid = includes(addresses, canonical(plain));
    if (!valid) reason = `IP: ${plain} is not in the cert's list: ${join(addresses, ', ')}`;
  } else if (dnsNames.length > 0 || subject?.CN) {
    const labels = split(plain, '.');
    if (dnsNames.length > 0) {
      for (let index = 0; index < dnsNames.length && !valid; index += 1) valid = matches(labels, dnsNames[index], true);
      if (!valid) reason = `Host: ${plain}. is not in the cert's altnames: ${subjectaltname}`;
    } else {
      const names = typeof subject.CN === 'string' ? [subject.CN] : subject.CN;
      for (let index = 0; index < names.length && !valid; index += 1) valid = matches(labels, names[index], true);
      if (!valid) reason = `Host: ${plain}. is not cert's CN: ${subject.CN}`;
    }
  } else {
    reason = 'Cert does not contain a DNS name';
  }
  if (valid) return undefined;
  const message = `Hostname/IP does not match certificate's altnames: ${reason}`;
  const error = nodeError(Error, 'ERR_TLS_CERT_ALTNAME_INVALID', message);
  error.reason = reason;
  error.host = host;
  error.cert = cert;
  return error;
}

module.exports = { checkServerIdentity };
