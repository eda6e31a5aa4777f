// `location` (https://html.spec.whatwg.org/#workerlocation): the address that `--location` says the program is at; undefined without it.
'use strict';

const { customInspect } = require('builtins/primordials');
const { defineInterface } = require('builtins/webidl');
const { makeUrlOf } = require('web/url/url');
const { baseUrl } = ops;
const loadInspect = () => require('builtins/inspect/inspect');

// Tells the constructor that this file calls; no value of a program can be it.
const construction = Symbol('construction');

class Location {
  #url;
  /** @param {any} [key] @param {any} [url] */
  constructor(key = undefined, url = undefined) {
    if (key !== construction) throw new TypeError('Location: illegal constructor');
    this.#url = url;
  }
  get href() {
    return this.#url.href;
  }
  get origin() {
    return this.#url.origin;
  }
  get protocol() {
    return this.#url.protocol;
  }
  get host() {
    return this.#url.host;
  }
  get hostname() {
    return this.#url.hostname;
  }
  get port() {
    return this.#url.port;
  }
  get pathname() {
    return this.#url.pathname;
  }
  get search() {
    return this.#url.search;
  }
  get hash() {
    return this.#url.hash;
  }
  toString() {
    return this.#url.href;
  }

  /** @param {any} depth @param {any} options */
  [customInspect](depth, options) {
    return loadInspect().inspectMembers('Location', { href: this.#url.href }, depth, options);
  }
}

defineInterface(Location);

const href = baseUrl();

module.exports = { Location, location: href === undefined ? undefined : new Location(construction, makeUrlOf(href)) };
