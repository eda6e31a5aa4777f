// The tokens of a pattern string (https://urlpattern.spec.whatwg.org/#tokenizing). Strings are lists of code points here.
'use strict';

const { codePointAt, join, arraySlice, regExp, slice, test } = require('builtins/primordials');

/** @typedef {'open' | 'close' | 'regexp' | 'name' | 'char' | 'escaped-char' | 'other-modifier' | 'asterisk' | 'end' | 'invalid-char'} TokenType */
/** @typedef {{ type: TokenType, index: number, value: string }} Token */

const nameStart = regExp(/^[\p{ID_Start}$_]$/u);
const namePart = regExp(/^[\p{ID_Continue}$\u200c\u200d]$/u);
const nonAscii = regExp(/[^\x00-\x7f]/);

/** @param {string} text @returns {string[]} */
function codePointsOf(text) {
  /** @type {string[]} */
  const points = [];
  for (let i = 0; i < text.length; ) {
    const width = /** @type {number} */ (codePointAt(text, i)) > 0xffff ? 2 : 1;
    points[points.length] = slice(text, i, i + width);
    i += width;
  }
  return points;
}

/** @param {string} point @param {boolean} isFirst */
function isNamePoint(point, isFirst) {
  return point !== undefined && point !== '' && test(isFirst ? nameStart : namePart, point);
}

class Tokenizer {
  points;
  #isStrict;
  /** @type {Token[]} */
  tokens = [];
  /** @param {string[]} points @param {boolean} isStrict */
  constructor(points, isStrict) {
    this.points = points;
    this.#isStrict = isStrict;
  }

  /** @param {TokenType} type @param {number} index @param {number} from @param {number} to */
  #add(type, index, from, to) {
    this.tokens[this.tokens.length] = { type, index, value: join(arraySlice(this.points, from, to), '') };
  }

  /** What cannot be a token; where to go on. @param {number} next @param {number} index */
  #invalid(next, index) {
    if (this.#isStrict) throw new TypeError(`URLPattern: the pattern is not valid at ${index}: ${join(this.points, '')}`);
    this.#add('invalid-char', index, index, next);
    return next;
  }

  run() {
    const { points } = this;
    let index = 0;
    while (index < points.length) index = this.#step(index);
    this.#add('end', index, index, index);
    return this.tokens;
  }

  /** @param {number} index */
  #step(index) {
    const { points } = this;
    const next = index + 1;
    switch (points[index]) {
      case '*':
        this.#add('asterisk', index, index, next);
        return next;
      case '+':
      case '?':
        this.#add('other-modifier', index, index, next);
        return next;
      case '\\':
        if (next === points.length) return this.#invalid(next, index);
        this.#add('escaped-char', index, next, next + 1);
        return next + 1;
      case '{':
        this.#add('open', index, index, next);
        return next;
      case '}':
        this.#add('close', index, index, next);
        return next;
      case ':': {
        let end = next;
        while (end < points.length && isNamePoint(points[end], end === next)) end += 1;
        if (end === next) return this.#invalid(next, index);
        this.#add('name', index, next, end);
        return end;
      }
      case '(': {
        const end = this.#endOfRegExp(next);
        if (end < 0) return this.#invalid(next, index);
        this.#add('regexp', index, next, end - 1);
        return end;
      }
      default:
        this.#add('char', index, index, next);
        return next;
    }
  }

  /** Behind the parenthesis that closes; -1 for what is no group. @param {number} start */
  #endOfRegExp(start) {
    const { points } = this;
    let depth = 1;
    let at = start;
    while (at < points.length) {
      const point = points[at];
      if (test(nonAscii, point) || (at === start && point === '?')) return -1;
      at += 1;
      if (point === '\\') {
        if (at === points.length || test(nonAscii, points[at])) return -1;
        at += 1;
      } else if (point === ')') {
        depth -= 1;
        if (depth === 0) return at - 1 > start ? at : -1;
      } else if (point === '(') {
        depth += 1;
        // Only groups that capture nothing.
        if (points[at] !== '?') return -1;
      }
    }
    return -1;
  }
}

/** @param {string[]} points @param {boolean} isStrict whether what is no token is an error */
function tokenize(points, isStrict) {
  return new Tokenizer(points, isStrict).run();
}

module.exports = { codePointsOf, isNamePoint, tokenize };
