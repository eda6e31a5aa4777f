// `node:dns`: the form with callbacks.
'use strict';

const { missingArguments } = require('node/errors');
const { requireFunction } = require('node/arguments');
const { nextTick } = require('node/process/ticks');
const { codes } = require('node/dns/codes');
const { ADDRCONFIG, ALL, getDefaultResultOrder, lookup: find, lookupService: findService } = require('node/dns/lookup');
const { questionOf, requireService, setDefaultResultOrder, V4MAPPED } = require('node/dns/lookup');
const { methods, refused, refusedReverse, requireKind, ResolverBase } = require('node/dns/resolver');
const { defineProperty, forEach, isArray, symbolFor, then } = require('builtins/primordials');
const loadPromises = () => /** @type {any} */ (require('node/dns/promises'));

/** In a tick of its own, so that what the callback throws is an uncaught exception. @param {Promise<any>} promise @param {(value: any) => void} succeed @param {Function} callback */
function settle(promise, succeed, callback) {
  then(
    promise,
    (value) => nextTick(() => succeed(value)),
    (error) => nextTick(callback, error),
  );
}

/** @param {any} hostname @param {any} [options] @param {any} [callback] */
function lookup(hostname, options, callback) {
  const tell = typeof options === 'function' ? options : callback;
  const given = typeof options === 'function' ? undefined : options;
  if (given === undefined || typeof given === 'number') requireFunction(tell, 'callback');
  const question = questionOf(hostname, given);
  requireFunction(tell, 'callback');
  settle(
    find(question),
    (found) => {
      if (isArray(found)) tell(null, found);
      else tell(null, found.address, found.family);
    },
    tell,
  );
  return {};
}

/** @param {any} address @param {any} port @param {any} callback */
function lookupService(address, port, callback) {
  if (arguments.length < 3) throw missingArguments('address', 'port', 'callback');
  const number = requireService(address, port);
  requireFunction(callback, 'callback');
  settle(findService(address, number), (found) => callback(null, found.hostname, found.service), callback);
  return {};
}

class Resolver extends ResolverBase {
  /** @param {any} name @param {any} kind @param {any} [callback] */
  resolve(name, kind, callback) {
    if (typeof kind !== 'function') requireKind(kind);
    const tell = typeof kind === 'function' ? kind : callback;
    const error = refused(name, 'resolve');
    requireFunction(tell, 'callback');
    nextTick(tell, error);
  }
  /** @param {any} address @param {any} callback */
  reverse(address, callback) {
    const { error, isAtOnce } = refusedReverse(address);
    requireFunction(callback, 'callback');
    if (isAtOnce) throw error;
    nextTick(callback, error);
  }
}
forEach(methods, (method) => {
  const ask = (/** @type {any} */ name, /** @type {any} */ options, /** @type {any} */ callback) => {
    const tell = typeof options === 'function' ? options : callback;
    const error = refused(name, method);
    requireFunction(tell, 'callback');
    nextTick(tell, error);
  };
  defineProperty(ask, 'name', { value: method, configurable: true });
  defineProperty(Resolver.prototype, method, { value: ask, writable: true, configurable: true });
});

/** The resolver of the functions without one. @type {any} */
const shared = new Resolver();
/** @type {Record<string, any>} */
const dns = {
  lookup,
  lookupService,
  Resolver,
  getDefaultResultOrder,
  setDefaultResultOrder,
  setServers: (/** @type {any} */ servers) => shared.setServers(servers),
  ADDRCONFIG,
  ALL,
  V4MAPPED,
  ...codes,
  getServers: () => shared.getServers(),
  resolve: (/** @type {any} */ name, /** @type {any} */ kind, /** @type {any} */ callback) => shared.resolve(name, kind, callback),
};
forEach(methods, (method) => {
  dns[method] = shared[method];
});
dns.reverse = (/** @type {any} */ address, /** @type {any} */ callback) => shared.reverse(address, callback);
defineProperty(dns, 'promises', { get: () => loadPromises(), enumerable: true, configurable: true });
const custom = symbolFor('nodejs.util.promisify.custom');
defineProperty(lookup, custom, { get: () => loadPromises().lookup, configurable: true });
defineProperty(lookupService, custom, { get: () => loadPromises().lookupService, configurable: true });

module.exports = dns;
