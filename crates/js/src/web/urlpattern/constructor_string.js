// The parts of a pattern that is written as a URL (https://urlpattern.spec.whatwg.org/#constructor-string-parsing).
'use strict';

const { arraySlice, includes, indexOf, join } = require('builtins/primordials');
const { protocol: canonicalProtocol } = require('web/urlpattern/canonical');
const { compileComponent, matchesSpecialScheme } = require('web/urlpattern/parts');
const { codePointsOf, tokenize } = require('web/urlpattern/tokenizer');

/** @typedef {'protocol' | 'username' | 'password' | 'hostname' | 'port' | 'pathname' | 'search' | 'hash'} PartName */
/** @typedef {'init' | 'authority' | 'done' | PartName} State */

class ConstructorStringParser {
  #points;
  #tokens;
  /** @type {Partial<Record<PartName, string>>} */
  result = /** @type {any} */ ({ __proto__: null });
  #start = 0;
  #at = 0;
  #increment = 1;
  #depth = 0;
  #brackets = 0;
  #isSpecial = false;
  /** @type {State} */
  #state = 'init';

  /** @param {string} text */
  constructor(text) {
    this.#points = codePointsOf(text);
    this.#tokens = tokenize(this.#points, false);
  }

  run() {
    while (this.#at < this.#tokens.length) {
      this.#increment = 1;
      const { type } = this.#tokens[this.#at];
      if (type === 'end' && this.#isAtEnd()) break;
      if (type !== 'end') this.#step(type);
      this.#at += this.#increment;
    }
    if (this.result.hostname !== undefined && this.result.port === undefined) this.result.port = '';
    return this.result;
  }

  /** Whether that was all. */
  #isAtEnd() {
    if (this.#state === 'init') {
      this.#rewind();
      if (this.#isChar(this.#at, '#')) this.#change('hash', 1);
      else if (this.#isSearchPrefix()) this.#change('search', 1);
      else this.#change('pathname', 0);
      return false;
    }
    if (this.#state === 'authority') {
      this.#rewind();
      this.#state = 'hostname';
      return false;
    }
    this.#change('done', 0);
    return true;
  }

  /** @param {import('./tokenizer.js').TokenType} type */
  #step(type) {
    if (type === 'open') {
      this.#depth += 1;
      return;
    }
    if (this.#depth > 0) {
      if (type !== 'close') return;
      this.#depth -= 1;
    }
    const at = this.#at;
    switch (this.#state) {
      case 'init':
        if (this.#isChar(at, ':')) {
          this.#rewind();
          this.#state = 'protocol';
        }
        break;
      case 'protocol':
        if (this.#isChar(at, ':')) this.#endProtocol();
        break;
      case 'authority':
        if (this.#isChar(at, '@')) {
          this.#rewind();
          this.#state = 'username';
        } else if (this.#isChar(at, '/') || this.#isSearchPrefix() || this.#isChar(at, '#')) {
          this.#rewind();
          this.#state = 'hostname';
        }
        break;
      case 'username':
        if (this.#isChar(at, ':')) this.#change('password', 1);
        else if (this.#isChar(at, '@')) this.#change('hostname', 1);
        break;
      case 'password':
        if (this.#isChar(at, '@')) this.#change('hostname', 1);
        break;
      case 'hostname':
        if (this.#isChar(at, '[')) this.#brackets += 1;
        else if (this.#isChar(at, ']')) this.#brackets -= 1;
        else if (this.#isChar(at, ':') && this.#brackets === 0) this.#change('port', 1);
        else this.#endBefore('pathname');
        break;
      case 'port':
        this.#endBefore('pathname');
        break;
      case 'pathname':
        this.#endBefore('search');
        break;
      case 'search':
        this.#endBefore('hash');
        break;
    }
  }

  #endProtocol() {
    const protocol = compileComponent(this.#text(), canonicalProtocol, { delimiter: '', prefix: '' });
    this.#isSpecial = matchesSpecialScheme(protocol);
    if (this.#isChar(this.#at + 1, '/') && this.#isChar(this.#at + 2, '/')) this.#change('authority', 3);
    else this.#change(this.#isSpecial ? 'authority' : 'pathname', 1);
  }

  /** The part may end here, before the first of these that begins. @param {'pathname' | 'search' | 'hash'} first */
  #endBefore(first) {
    if (first === 'pathname' && this.#isChar(this.#at, '/')) this.#change('pathname', 0);
    else if (first !== 'hash' && this.#isSearchPrefix()) this.#change('search', 1);
    else if (this.#isChar(this.#at, '#')) this.#change('hash', 1);
  }

  #rewind() {
    this.#at = this.#start;
    this.#increment = 0;
  }

  /** @param {number} index */
  #token(index) {
    return this.#tokens[index] ?? this.#tokens[this.#tokens.length - 1];
  }

  /** Whether that stands there, and is no part of the syntax of patterns. @param {number} index @param {string} point */
  #isChar(index, point) {
    const { type, value } = this.#token(index);
    return value === point && (type === 'char' || type === 'escaped-char' || type === 'invalid-char');
  }

  #isSearchPrefix() {
    if (this.#isChar(this.#at, '?')) return true;
    if (this.#token(this.#at).value !== '?') return false;
    // Behind a group it is a modifier.
    return this.#at === 0 || !includes(['name', 'regexp', 'close', 'asterisk'], this.#token(this.#at - 1).type);
  }

  #text() {
    return join(arraySlice(this.#points, this.#token(this.#start).index, this.#tokens[this.#at].index), '');
  }

  /** @param {State} next @param {number} skipped */
  #change(next, skipped) {
    const state = this.#state;
    if (state !== 'init' && state !== 'authority' && state !== 'done') this.result[state] = this.#text();
    if (state !== 'init' && next !== 'done') {
      const order = ['protocol', 'authority', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'];
      const isBefore = (/** @type {string} */ name) => indexOf(order, state) < indexOf(order, name);
      const isFrom = (/** @type {string} */ name) => indexOf(order, next) >= indexOf(order, name);
      if (isBefore('hostname') && isFrom('port')) this.result.hostname ??= '';
      if (isBefore('pathname') && isFrom('search')) this.result.pathname ??= this.#isSpecial ? '/' : '';
      if (isBefore('search') && isFrom('hash')) this.result.search ??= '';
    }
    this.#state = next;
    this.#at += skipped;
    this.#start = this.#at;
    this.#increment = 0;
  }
}

/** @param {string} text */
function parseConstructorString(text) {
  return new ConstructorStringParser(text).run();
}

module.exports = { parseConstructorString };
