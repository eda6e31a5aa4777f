// `navigator` (https://html.spec.whatwg.org/#the-navigator-object): what WinterTC asks for, and what Node has beyond it.
'use strict';

const { freeze } = require('builtins/primordials');
const { defineInterface, illegalConstructor } = require('builtins/webidl');
const { hostFacts, parallelism } = ops;
const loadLocks = () => require('web/locks/locks');

// Tells the constructor that this file calls; no value of a program can be it.
const construction = Symbol('construction');

class Navigator {
  #own = true;
  /** @param {any} [key] */
  constructor(key = undefined) {
    if (key !== construction) throw illegalConstructor();
  }
  get userAgent() {
    this.#own;
    return `Twinloop/${hostFacts().version}`;
  }
  get hardwareConcurrency() {
    this.#own;
    return parallelism();
  }
  get language() {
    this.#own;
    return languages[0];
  }
  get languages() {
    this.#own;
    return languages;
  }
  get locks() {
    this.#own;
    return loadLocks().locks;
  }
  get platform() {
    this.#own;
    return hostFacts().platform;
  }
}

/** The engine speaks no other: its Intl is as it was built. */
const languages = freeze(['en-US']);

defineInterface(Navigator);
module.exports = { Navigator, navigator: new Navigator(construction) };
