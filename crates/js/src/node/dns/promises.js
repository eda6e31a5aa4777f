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
const { ask, askKind, methods, ResolverBase, reverse, shared } = require('node/dns/resolver');
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

/** The methods that ask. @param {any} target @param {InstanceType<typeof ResolverBase> | undefined} resolver itself if there is none */
function defineQuestions(target, resolver) {
  /** @param {string} name @param {Function} value */
  const define = (name, value) => {
    defineProperty(value, 'name', { value: name, configurable: true });
    defineProperty(target, name, { value, writable: true, enumerable: resolver !== undefined, configurable: true });
  };
  define(
    'resolve',
    /** @this {any} @param {any} name @param {any} [kind] */ function (name, kind) {
      return askKind(resolver ?? this, name, kind === undefined ? 'A' : kind);
    },
  );
  define(
    'reverse',
    /** @this {any} @param {any} address */ function (address) {
      try {
        return reverse(resolver ?? this, address);
      } catch (error) {
        // What is no address is no wrong argument.
        if (/** @type {any} */ (error).code === 'EINVAL') return reject(error);
        throw error;
      }
    },
  );
  forEach(methods, (method) => {
    define(
      method,
      /** @this {any} @param {any} name @param {any} [options] */ function (name, options) {
        return ask(resolver ?? this, method, name, options);
      },
    );
  });
}

class Resolver extends ResolverBase {}
defineQuestions(Resolver.prototype, undefined);

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
};
defineQuestions(promises, shared);

module.exports = promises;
