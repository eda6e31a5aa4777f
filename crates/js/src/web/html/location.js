// `location` (https://html.spec.whatwg.org/#workerlocation): the address that `--location` says the program is at; undefined without it. A
// worker's (web/workers) is of the same shape under another name.
'use strict';

const { customInspect } = require('builtins/primordials');
const { defineInterface } = require('builtins/webidl');
const { baseUrl } = ops;
const loadUrl = () => require('web/url/url');
const loadInspect = () => require('builtins/inspect/inspect');

// Tells a constructor that this file calls; no value of a program can be it.
const construction = Symbol('construction');

/** An interface of this name, and what makes its objects. @param {string} name */
function locationInterface(name) {
  // The class takes its name from the key.
  const { [name]: Interface } = {
    [name]: class {
      #url;
      /** @param {any} [key] @param {any} [url] */
      constructor(key = undefined, url = undefined) {
        if (key !== construction) throw new TypeError(`${name}: illegal constructor`);
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
        return loadInspect().inspectMembers(name, { href: this.#url.href }, depth, options);
      }
    },
  };
  defineInterface(Interface);
  return { Interface, make: (/** @type {string} */ href) => new Interface(construction, loadUrl().makeUrlOf(href)) };
}

const { Interface: Location, make } = locationInterface('Location');
const href = baseUrl();

module.exports = { Location, location: href === undefined ? undefined : make(href), locationInterface };
