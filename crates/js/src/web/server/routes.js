// `routes` of `twinloop.serve`: paths with `:names` and a `*` at the end, to handlers, Responses, or handlers by method (as Bun's).
'use strict';

const { Map, charCodeAt, decodeURIComponent, entries, isArray, mapGet, mapSet, min, push, slice, sort } = require('builtins/primordials');
const { split, startsWith, stringIndexOf } = require('builtins/primordials');
const { asResponse } = require('web/fetch/response');
const { place } = require('web/server/mounts');

/** @typedef {{ parts: string[], target: any, rank: number }} Pattern */

/** What a table of routes is turned into. */
class Routes {
  /** @type {Map<string, any>} */
  exact = new Map();
  /** @type {Pattern[]} */
  patterns = [];

  /** @param {any} table */
  constructor(table) {
    const pairs = entries(table);
    for (let i = 0; i < pairs.length; i += 1) {
      const path = pairs[i][0];
      const target = checked(path, pairs[i][1]);
      place(target, path);
      if (charCodeAt(path, 0) !== 47) throw new TypeError(`serve: the route '${path}' must begin with '/'`);
      if (stringIndexOf(path, ':') < 0 && stringIndexOf(path, '*') < 0) mapSet(this.exact, path, target);
      else push(this.patterns, { parts: split(slice(path, 1), '/'), target, rank: i });
    }
    // What is more exact comes first: text before names, names before the rest.
    sort(this.patterns, compare);
  }

  /** The target of a path, and what its names stand for. @param {string} path @returns {{ target: any, params: any } | undefined} */
  find(path) {
    const target = mapGet(this.exact, path);
    if (target !== undefined) return { target, params: {} };
    if (this.patterns.length === 0) return undefined;
    const parts = split(slice(path, 1), '/');
    for (let i = 0; i < this.patterns.length; i += 1) {
      const params = match(this.patterns[i].parts, parts);
      if (params !== undefined) return { target: this.patterns[i].target, params };
    }
    return undefined;
  }
}

/** @param {string} path @param {any} target */
function checked(path, target) {
  if (typeof target === 'function' || target === false || asResponse(target) !== undefined) return target;
  if (typeof target === 'object' && target !== null && !isArray(target)) return target;
  throw new TypeError(`serve: the route '${path}' must be a function, a Response or an object of functions by method`);
}

/** @param {Pattern} a @param {Pattern} b */
function compare(a, b) {
  const length = min(a.parts.length, b.parts.length);
  for (let i = 0; i < length; i += 1) {
    const difference = kindOf(a.parts[i]) - kindOf(b.parts[i]);
    if (difference !== 0) return difference;
  }
  return b.parts.length - a.parts.length || a.rank - b.rank;
}

/** @param {string} part */
function kindOf(part) {
  if (part === '*') return 2;
  return startsWith(part, ':') ? 1 : 0;
}

/** @param {string[]} pattern @param {string[]} parts */
function match(pattern, parts) {
  /** @type {any} */
  const params = {};
  for (let i = 0; i < pattern.length; i += 1) {
    const part = pattern[i];
    if (part === '*' && i === pattern.length - 1) return params;
    if (i >= parts.length) return undefined;
    if (startsWith(part, ':')) {
      if (parts[i] === '') return undefined;
      params[slice(part, 1)] = decoded(parts[i]);
    } else if (part !== parts[i] && part !== '*') return undefined;
  }
  return pattern.length === parts.length ? params : undefined;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

module.exports = { Routes };
