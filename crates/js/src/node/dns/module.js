// `node:dns`: the form with callbacks.
'use strict';

const { missingArguments } = require('node/errors');
const { requireFunction, requireString } = require('node/arguments');
const { nextTick } = require('node/process/ticks');
const { codes } = require('node/dns/codes');
const { ADDRCONFIG, ALL, getDefaultResultOrder, lookup: find, lookupService: findService } = require('node/dns/lookup');
const { questionOf, requireService, setDefaultResultOrder, V4MAPPED } = require('node/dns/lookup');
const { ask, askKind, methods, requireKind, ResolverBase, reverse, shared } = require('node/dns/resolver');
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
  if (typeof given === 'object') requireFunction(tell, 'callback');
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

/** The methods that ask, with callbacks. @param {any} target @param {InstanceType<typeof ResolverBase> | undefined} resolver itself if there is none */
function defineQuestions(target, resolver) {
  /** @param {string} name @param {Function} value */
  const define = (name, value) => {
    defineProperty(value, 'name', { value: name, configurable: true });
    defineProperty(target, name, { value, writable: true, enumerable: resolver !== undefined, configurable: true });
  };
  define(
    'resolve',
    /** @this {any} @param {any} name @param {any} kind @param {any} [callback] */ function (name, kind, callback) {
      const tell = typeof kind === 'function' ? kind : callback;
      const wanted = typeof kind === 'function' ? 'A' : kind;
      if (typeof kind !== 'function') requireKind(wanted);
      requireString(name, 'name');
      requireFunction(tell, 'callback');
      settle(askKind(resolver ?? this, name, wanted), (found) => tell(null, found), tell);
      return {};
    },
  );
  define(
    'reverse',
    /** @this {any} @param {any} address @param {any} callback */ function (address, callback) {
      requireString(address, 'name');
      requireFunction(callback, 'callback');
      settle(reverse(resolver ?? this, address), (found) => callback(null, found), callback);
      return {};
    },
  );
  forEach(methods, (method) => {
    define(
      method,
      /** @this {any} @param {any} name @param {any} options @param {any} [callback] */ function (name, options, callback) {
        const tell = typeof options === 'function' ? options : callback;
        requireString(name, 'name');
        requireFunction(tell, 'callback');
        const given = typeof options === 'function' ? undefined : options;
        settle(ask(resolver ?? this, method, name, given), (found) => tell(null, found), tell);
        return {};
      },
    );
  });
}

class Resolver extends ResolverBase {}
defineQuestions(Resolver.prototype, undefined);

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
};
defineQuestions(dns, shared);
defineProperty(dns, 'promises', { get: () => loadPromises(), enumerable: true, configurable: true });
const custom = symbolFor('nodejs.util.promisify.custom');
defineProperty(lookup, custom, { get: () => loadPromises().lookup, configurable: true });
defineProperty(lookupService, custom, { get: () => loadPromises().lookupService, configurable: true });

module.exports = dns;
