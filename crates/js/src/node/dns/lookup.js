// `dns.lookup` and `dns.lookupService` (https://nodejs.org/api/dns.html#dnslookuphostname-options-callback), as promises: both faces stand on them.
'use strict';

const { invalidType, invalidValue } = require('node/errors');
const { requireBoolean, requireOneOf, requirePort, requireString } = require('node/arguments');
const { dnsError } = require('node/dns/codes');
const { isIP } = require('node/net/addresses');
const { filter, map, resolve, then } = require('builtins/primordials');
const { beginMeasure, endMeasure } = require('web/performance/measured');
const { dnsLookup, dnsNames } = ops;

/** @typedef {{ address: string, family: number }} Address */

// glibc's numbers.
const V4MAPPED = 8;
const ALL = 16;
const ADDRCONFIG = 32;

/** @type {any[]} */
const orders = ['verbatim', 'ipv4first', 'ipv6first'];
let defaultOrder = 'verbatim';
const getDefaultResultOrder = () => defaultOrder;
/** @param {any} order */
function setDefaultResultOrder(order) {
  requireOneOf(order, 'dnsOrder', orders);
  defaultOrder = order;
}

/** @param {any} hints */
function requireHints(hints) {
  if ((hints & ~(ADDRCONFIG | ALL | V4MAPPED)) !== 0) throw invalidValue('hints', hints);
}

/** What is asked for. @param {any} hostname @param {any} options */
function questionOf(hostname, options) {
  if (hostname !== undefined && hostname !== null && hostname !== false) requireString(hostname, 'hostname');
  const question = { hostname, family: 0, hints: 0, all: false, order: defaultOrder };
  if (typeof options === 'number') {
    requireOneOf(options, 'family', [/** @type {any} */ (0), 4, 6]);
    question.family = options;
  } else if (options !== undefined && typeof options !== 'object') {
    throw invalidType('options', ['integer', 'object'], options);
  } else if (options) {
    const { hints, family, all, verbatim, order } = options;
    if (hints !== undefined && hints !== null) {
      if (typeof hints !== 'number') throw invalidType('options.hints', 'number', hints);
      question.hints = hints >>> 0;
      requireHints(question.hints);
    }
    if (family !== undefined && family !== null) {
      if (family === 'IPv4') question.family = 4;
      else if (family === 'IPv6') question.family = 6;
      else {
        requireOneOf(family, 'options.family', [/** @type {any} */ (0), 4, 6]);
        question.family = family;
      }
    }
    if (all !== undefined && all !== null) {
      requireBoolean(all, 'options.all');
      question.all = all;
    }
    if (verbatim !== undefined && verbatim !== null) {
      requireBoolean(verbatim, 'options.verbatim');
      question.order = verbatim ? 'verbatim' : 'ipv4first';
    }
    if (order !== undefined && order !== null) {
      requireOneOf(order, 'options.order', orders);
      question.order = order;
    }
  }
  if (!hostname) throw invalidValue('hostname', hostname, 'must be a non-empty string');
  return question;
}

/** @param {Address[]} addresses @param {string} order */
function inOrder(addresses, order) {
  if (order === 'verbatim') return addresses;
  const first = order === 'ipv4first' ? 4 : 6;
  const sorted = filter(addresses, (each) => each.family === first);
  for (let index = 0; index < addresses.length; index += 1) {
    if (addresses[index].family !== first) sorted[sorted.length] = addresses[index];
  }
  return sorted;
}

/** All addresses, or the first. @param {ReturnType<typeof questionOf>} question @returns {Promise<Address | Address[]>} */
function lookup({ hostname, family, hints, all, order }) {
  const literal = isIP(hostname);
  if (literal !== 0) {
    const address = { address: hostname, family: literal };
    return resolve(all ? [address] : address);
  }
  const start = beginMeasure('dns');
  return then(
    dnsLookup(hostname, family, hints),
    (found) => {
      const addresses = inOrder(
        map(found, (address) => ({ address, family: isIP(address) })),
        order,
      );
      if (start !== undefined) {
        const detail = { hostname, family, hints, verbatim: order === 'verbatim', order, addresses: found };
        endMeasure('dns', 'lookup', start, detail);
      }
      return all ? addresses : addresses[0];
    },
    (failure) => {
      throw dnsError(failure, 'getaddrinfo', hostname);
    },
  );
}

/** @param {any} address @param {any} port */
function requireService(address, port) {
  if (isIP(address) === 0) throw invalidValue('address', address);
  return requirePort(port, 'Port');
}

/** @param {string} address @param {number} port @returns {Promise<{ hostname: string, service: string }>} */
function lookupService(address, port) {
  const start = beginMeasure('dns');
  return then(
    dnsNames(address, port),
    (names) => {
      const found = { hostname: names[0], service: names[1] };
      if (start !== undefined) endMeasure('dns', 'lookupService', start, { host: address, port, ...found });
      return found;
    },
    (failure) => {
      throw dnsError(failure, 'getnameinfo', address);
    },
  );
}

module.exports = {
  ADDRCONFIG,
  ALL,
  getDefaultResultOrder,
  lookup,
  lookupService,
  questionOf,
  requireService,
  setDefaultResultOrder,
  V4MAPPED,
};
