// What answers requests, found in what a program gives: the default export of a module that is served, or what Python mounts.
'use strict';

const { getPrototypeOf, isArray } = require('builtins/primordials');
const { isObject } = require('builtins/webidl');
const { listenerOf } = require('node/serve/listeners');

/** @typedef {import('./listeners.js').Listener} Listener */
/** What answers: options of `twinloop.serve`, or an app that is made for Node's server. @typedef {{ options: any, listener: undefined } | { options: undefined, listener: () => Promise<Listener> }} Handlers */

/** What a module has to say; what is none says it itself. @param {any} given */
function exported(given) {
  if (!isObject(given) || given.default === undefined) return given;
  const isModule = given[Symbol.toStringTag] === 'Module';
  if (!isModule && (typeof given === 'function' || typeof given.fetch === 'function')) return given;
  const target = given.default;
  // A CommonJS file compiled from an ES module.
  return isObject(target) && target.__esModule === true && target.default !== undefined ? target.default : target;
}

/** Finds what answers; nothing, if nothing does. @param {any} target @returns {Handlers | undefined} */
function handlersOf(target) {
  if (!isObject(target)) return undefined;
  if (typeof target.fetch === 'function') return { options: optionsOf(target), listener: undefined };
  if (typeof target.listen === 'function') return { options: undefined, listener: () => listenerOf(target) };
  if (typeof target === 'function') return { options: { fetch: target }, listener: undefined };
  if (target.routes !== undefined || target.handler !== undefined) return { options: optionsOf(target), listener: undefined };
  return undefined;
}

/** @param {any} target */
function optionsOf(target) {
  const { hostname, port, websocket } = target;
  const fetch = target.fetch === undefined ? undefined : (/** @type {any[]} */ ...list) => target.fetch(...list);
  // Frameworks have lists and methods of their own under the other names.
  if (fetch !== undefined && !isPlain(target)) return { fetch, hostname, port, websocket };
  const routes = isArray(target.routes) ? undefined : target.routes;
  return { ...target, fetch, handler: fetch === undefined ? target.handler : undefined, routes };
}

/** No object of a class. @param {any} target */
function isPlain(target) {
  const prototype = getPrototypeOf(target);
  return prototype === null || prototype === Object.prototype;
}

module.exports = { exported, handlersOf };
