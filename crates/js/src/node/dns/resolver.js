// `dns.Resolver` (https://nodejs.org/api/dns.html#class-dnsresolver): name servers that are asked directly. Both faces of the module stand on
// this: `ask`, `askKind` and `reverse` give promises, and check their arguments at once.
'use strict';

const { invalidType, invalidValue, nodeError } = require('node/errors');
const { requireArray, requireInteger, requireObject, requireString } = require('node/arguments');
const { invalidAddress, queryError } = require('node/dns/codes');
const { isIP } = require('node/net/addresses');
const { arraySlice, assign, copyBytes, exec, hasOwn, join, keys, map, push, regExp } = require('builtins/primordials');
const { resolve: resolved, setAdd, setDelete, setForEach, setOf, setSize, slice, test, then, viewBuffer } = require('builtins/primordials');
const { withResolvers } = require('builtins/primordials');
const { beginMeasure, endMeasure } = require('web/performance/measured');
const loadPunycode = () => require('node/punycode/punycode');
const { dnsAsk, dnsCancel, dnsHostNames, dnsQuestion, dnsReverseName, dnsServers } = ops;

const bracketed = regExp(/^\[([^[\]]*)\](?::(\d{1,5}))?$/);
const withPort = regExp(/^([^:]+):(\d{1,5})$/);

/** @param {any} server */
function serverOf(server) {
  if (isIP(server) !== 0) return server;
  const six = exec(bracketed, server);
  if (six !== null && isIP(six[1]) === 6) return six[2] === undefined || six[2] === '53' ? six[1] : server;
  const four = exec(withPort, server);
  if (four !== null && isIP(four[1]) === 4) return four[2] === '53' ? four[1] : server;
  throw invalidAddress(server);
}

/** What is asked of name servers while the program waits. @type {(resolver: any, syscall: string, hostname: string, name: string, kind: string) => Promise<DnsRecord[]>} */
let query;

class ResolverBase {
  /** @type {string[] | undefined} */
  #servers;
  #settings;
  /** What ends each question on its way. @type {Set<() => void>} */
  #pending = setOf(/** @type {any[]} */ ([]));

  static {
    query = (resolver, syscall, hostname, name, kind) => resolver.#query(syscall, hostname, name, kind);
  }

  /** @param {any} [options] */
  constructor(options) {
    const settings = options ?? {};
    requireObject(settings, 'options');
    const { timeout = -1, tries = 4, maxTimeout = 0 } = settings;
    requireInteger(timeout, 'options.timeout', -1, 2 ** 31 - 1);
    requireInteger(tries, 'options.tries', 1, 2 ** 31 - 1);
    requireInteger(maxTimeout, 'options.maxTimeout', 0, 2 ** 32 - 1);
    // Without a word it is what c-ares takes.
    this.#settings = { timeout: timeout === -1 ? 2000 : timeout, tries, maxTimeout };
  }
  /** @param {string} syscall @param {string} hostname for errors @param {string} name @param {string} kind @returns {Promise<DnsRecord[]>} */
  #query(syscall, hostname, name, kind) {
    const { promise, resolve, reject } = /** @type {PromiseWithResolvers<DnsRecord[]>} */ (withResolvers());
    const question = dnsQuestion();
    const cancel = () => {
      dnsCancel(question);
      setDelete(this.#pending, cancel);
      reject(queryError('ECANCELLED', syscall, hostname));
    };
    setAdd(this.#pending, cancel);
    const { timeout, tries, maxTimeout } = this.#settings;
    then(
      dnsAsk(question, this.getServers(), name, kind, timeout, tries, maxTimeout),
      (records) => {
        setDelete(this.#pending, cancel);
        resolve(records);
      },
      (failure) => {
        setDelete(this.#pending, cancel);
        reject(queryError(failure.code, syscall, hostname));
      },
    );
    return promise;
  }
  cancel() {
    setForEach(this.#pending, (cancel) => cancel());
  }
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
    const wanted = map(checked, serverOf);
    // Questions of the module itself go on with the servers that they began with.
    if (setSize(this.#pending) > 0 && this !== shared) {
      const message = `c-ares failed to set servers: "There are pending queries." [${join(checked, ',')}]`;
      throw nodeError(Error, 'ERR_DNS_SET_SERVERS_FAILED', message);
    }
    this.#servers = wanted;
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

const unicode = regExp(/[^\0-\x7f]/);

/** @param {DnsRecord[]} records @param {any} options */
function addresses(records, options) {
  return map(records, ({ address, ttl }) => (options?.ttl ? { address, ttl } : address));
}

/** @param {DnsRecord[]} records */
const values = (records) => map(records, ({ value }) => value);

/** A record without its type. @param {DnsRecord} record */
function untyped(record) {
  const { type: _, ...rest } = record;
  return rest;
}

/** @param {DnsRecord[]} records */
const untypedAll = (records) => map(records, untyped);

/** @param {DnsRecord} record */
function withBuffer(record) {
  return record.type === 'TLSA' ? assign({}, record, { data: viewBuffer(copyBytes(new Uint8Array(record.data))) }) : record;
}

/**
 * In the order in which Node lists them: the kind of record, and what is given of the records.
 * @type {Record<string, { kind: string, give: (records: DnsRecord[], options?: any) => any }>}
 */
const questions = {
  resolve4: { kind: 'A', give: addresses },
  resolve6: { kind: 'AAAA', give: addresses },
  resolveAny: { kind: 'ANY', give: (records) => map(records, withBuffer) },
  resolveCaa: { kind: 'CAA', give: untypedAll },
  resolveCname: { kind: 'CNAME', give: values },
  resolveMx: { kind: 'MX', give: untypedAll },
  resolveNaptr: { kind: 'NAPTR', give: untypedAll },
  resolveNs: { kind: 'NS', give: values },
  resolvePtr: { kind: 'PTR', give: values },
  resolveSoa: { kind: 'SOA', give: (records) => untyped(records[0]) },
  resolveSrv: { kind: 'SRV', give: untypedAll },
  resolveTlsa: { kind: 'TLSA', give: (records) => map(records, (record) => untyped(withBuffer(record))) },
  resolveTxt: { kind: 'TXT', give: (records) => map(records, ({ entries }) => entries) },
};
const methods = keys(questions);

/** `queryMx`. @param {string} method */
function syscallOf(method) {
  return method === 'resolve4' ? 'queryA' : method === 'resolve6' ? 'queryAaaa' : `query${slice(method, 7)}`;
}

/** What a method asks. @param {ResolverBase} resolver @param {string} method @param {any} name @param {any} [options] @returns {Promise<any>} */
function ask(resolver, method, name, options) {
  requireString(name, 'name');
  const { kind, give } = questions[method];
  const ascii = test(unicode, name) ? loadPunycode().toASCII(name) : name;
  const start = beginMeasure('dns');
  return then(query(resolver, syscallOf(method), name, ascii, kind), (records) => {
    const result = give(records, options);
    if (start !== undefined) endMeasure('dns', syscallOf(method), start, { host: name, ttl: !!options?.ttl, result });
    return result;
  });
}

/** The same by the kind of record. @param {ResolverBase} resolver @param {any} name @param {any} kind */
function askKind(resolver, name, kind) {
  requireKind(kind);
  for (let index = 0; index < methods.length; index += 1) {
    if (questions[methods[index]].kind === kind) return ask(resolver, methods[index], name);
  }
  throw invalidValue('rrtype', kind);
}

/** The names of an address; what is no address is an error at once. @param {ResolverBase} resolver @param {any} address @returns {Promise<string[]>} */
function reverse(resolver, address) {
  requireString(address, 'name');
  if (isIP(address) === 0) {
    const error = /** @type {any} */ (new Error(`getHostByAddr EINVAL ${address}`));
    throw assign(error, { errno: -22, code: 'EINVAL', syscall: 'getHostByAddr', hostname: address });
  }
  const known = dnsHostNames(address);
  if (known.length > 0) return resolved(known);
  return then(query(resolver, 'getHostByAddr', address, dnsReverseName(address), 'PTR'), values);
}

/** @param {any} kind */
function requireKind(kind) {
  if (typeof kind !== 'string') throw invalidType('rrtype', 'string', kind);
  for (let index = 0; index < methods.length; index += 1) if (questions[methods[index]].kind === kind) return;
  throw invalidValue('rrtype', kind);
}

/** The resolver of the functions without one, in both faces. */
const shared = new ResolverBase();

module.exports = { ask, askKind, methods, requireKind, ResolverBase, reverse, shared };
