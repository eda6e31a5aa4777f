// `node:dns/promises`.
'use strict';

const { missingArguments } = require('node/errors');
const { codes } = require('node/dns/codes');
const {
  getDefaultResultOrder,
  lookup: find,
  lookupService: findService,
  questionOf,
  requireService,
  setDefaultResultOrder,
} = require('node/dns/lookup');
const { methods, refused, refusedReverse, requireKind, ResolverBase } = require('node/dns/resolver');
const { defineProperty, forEach, reject } = require('builtins/primordials');

/** @param {any} hostname @param {any} [options] */
function lookup(hostname, options) {
  return find(questionOf(hostname, options));
}

/** @param {any} address @param {any} port */
function lookupService(address, port) {
  if (arguments.length !== 2) throw missingArguments('address', 'port');
  return findService(address, requireService(address, port));
}

class Resolver extends ResolverBase {
  /** @param {any} name @param {any} [kind] */
  resolve(name, kind) {
    if (kind !== undefined) requireKind(kind);
    return reject(refused(name, 'resolve'));
  }
  /** @param {any} address */
  reverse(address) {
    return reject(refusedReverse(address).error);
  }
}
forEach(methods, (method) => {
  const ask = (/** @type {any} */ name) => reject(refused(name, method));
  defineProperty(ask, 'name', { value: method, configurable: true });
  defineProperty(Resolver.prototype, method, { value: ask, writable: true, configurable: true });
});

/** @type {any} */
const shared = new Resolver();
/** @type {Record<string, any>} */
const promises = {
  lookup,
  lookupService,
  Resolver,
  getDefaultResultOrder,
  setDefaultResultOrder,
  setServers: (/** @type {any} */ servers) => shared.setServers(servers),
  ...codes,
  getServers: () => shared.getServers(),
  resolve: (/** @type {any} */ name, /** @type {any} */ kind) => shared.resolve(name, kind),
};
forEach(methods, (method) => {
  promises[method] = shared[method];
});
promises.reverse = (/** @type {any} */ address) => shared.reverse(address);

module.exports = promises;
