// `dns.Resolver` (https://nodejs.org/api/dns.html#class-dnsresolver): name servers that are asked directly. Its settings are there; a question says that
// asking is not.
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { absent } = require('node/absent');
const { requireArray, requireInteger, requireObject, requireString } = require('node/arguments');
const { invalidAddress } = require('node/dns/codes');
const { isIP } = require('node/net/addresses');
const { arraySlice, assign, exec, hasOwn, includes, map, push, regExp } = require('builtins/primordials');
const { dnsServers } = ops;

const bracketed = regExp(/^\[([^[\]]*)\](?::(\d{1,5}))?$/);
const withPort = regExp(/^([^:]+):(\d{1,5})$/);
const kinds = ['A', 'AAAA', 'ANY', 'CAA', 'CNAME', 'MX', 'NAPTR', 'NS', 'PTR', 'SOA', 'SRV', 'TLSA', 'TXT'];

/** @param {any} server */
function serverOf(server) {
  if (isIP(server) !== 0) return server;
  const six = exec(bracketed, server);
  if (six !== null && isIP(six[1]) === 6) return six[2] === undefined || six[2] === '53' ? six[1] : server;
  const four = exec(withPort, server);
  if (four !== null && isIP(four[1]) === 4) return four[2] === '53' ? four[1] : server;
  throw invalidAddress(server);
}

class ResolverBase {
  /** @type {string[] | undefined} */
  #servers;

  /** @param {any} [options] */
  constructor(options) {
    const settings = options ?? {};
    requireObject(settings, 'options');
    const { timeout = -1, tries = 4, maxTimeout = 0 } = settings;
    requireInteger(timeout, 'options.timeout', -1, 2 ** 31 - 1);
    requireInteger(tries, 'options.tries', 1, 2 ** 31 - 1);
    requireInteger(maxTimeout, 'options.maxTimeout', 0, 2 ** 32 - 1);
  }
  cancel() {}
  getServers() {
    return arraySlice(this.#servers ?? dnsServers());
  }
  /** @param {any} servers */
  setServers(servers) {
    requireArray(servers, 'servers');
    /** @type {string[]} */
    const checked = [];
    for (let index = 0; index < servers.length; index += 1) {
      // Holes are nothing.
      if (!hasOwn(servers, index)) continue;
      requireString(servers[index], `servers[${index}]`);
      push(checked, servers[index]);
    }
    this.#servers = map(checked, serverOf);
  }
  /** @param {any} [ipv4] @param {any} [ipv6] */
  setLocalAddress(ipv4, ipv6) {
    requireString(ipv4, 'ipv4');
    if (ipv6 !== undefined) requireString(ipv6, 'ipv6');
    const kind = isIP(ipv4);
    if (kind === 0) throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', 'Invalid IP address.');
    if (ipv6 !== undefined && (isIP(ipv6) === 0 || isIP(ipv6) === kind)) {
      throw nodeError(Error, 'ERR_INVALID_ARG_VALUE', `Cannot specify two IPv${kind} addresses.`);
    }
  }
}

/** Checks a question; the answer is why there is none. @param {any} name @param {string} method */
function refused(name, method) {
  requireString(name, 'name');
  return absent(`dns.${method}`);
}

/** @param {any} address */
function refusedReverse(address) {
  requireString(address, 'name');
  if (isIP(address) === 0) {
    const error = /** @type {any} */ (new Error(`getHostByAddr EINVAL ${address}`));
    return { error: assign(error, { errno: -22, code: 'EINVAL', syscall: 'getHostByAddr', hostname: address }), isAtOnce: true };
  }
  return { error: absent('dns.reverse'), isAtOnce: false };
}

/** @param {any} kind */
function requireKind(kind) {
  if (typeof kind !== 'string') throw invalidType('rrtype', 'string', kind);
  if (!includes(kinds, kind)) throw invalidValue('rrtype', kind);
}

// In the order in which Node lists them.
const methods = [
  'resolve4',
  'resolve6',
  'resolveAny',
  'resolveCaa',
  'resolveCname',
  'resolveMx',
  'resolveNaptr',
  'resolveNs',
  'resolvePtr',
  'resolveSoa',
  'resolveSrv',
  'resolveTlsa',
  'resolveTxt',
];

module.exports = { methods, refused, refusedReverse, requireKind, ResolverBase };
