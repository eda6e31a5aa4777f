// The parts of a pattern string, and what is made of them: a regular expression, and the normal form of the pattern
// (https://urlpattern.spec.whatwg.org/#pattern-strings).
'use strict';

const { charCodeAt, endsWith, exec, includes, join, map, regExp, replace, some } = require('builtins/primordials');
const { codePointsOf, isNamePoint, tokenize } = require('web/urlpattern/tokenizer');

/** @typedef {import('./tokenizer.js').Token} Token */
/** @typedef {'' | '?' | '*' | '+'} Modifier */
/** @typedef {{ delimiter: string, prefix: string }} Options the code points that end a segment, and that belong to a group behind them */

const inRegExp = regExp(/[.+*?^${}()[\]|/\\]/g);
const inPattern = regExp(/[+*?:{}()\\]/g);

/** @param {string} text */
const escapeRegExp = (text) => replace(text, inRegExp, '\\$&');
/** @param {string} text */
const escapePattern = (text) => replace(text, inPattern, '\\$&');

class Part {
  type;
  value;
  modifier;
  name;
  prefix;
  suffix;
  /**
   * @param {'fixed-text' | 'regexp' | 'segment-wildcard' | 'full-wildcard'} type
   * @param {string} value @param {Modifier} modifier @param {string} name @param {string} prefix @param {string} suffix
   */
  constructor(type, value, modifier, name = '', prefix = '', suffix = '') {
    this.type = type;
    this.value = value;
    this.modifier = modifier;
    this.name = name;
    this.prefix = prefix;
    this.suffix = suffix;
  }
}

/** @param {Options} options */
function segmentOf(options) {
  return `[^${escapeRegExp(options.delimiter)}]+?`;
}

class PatternParser {
  #tokens;
  #encode;
  #options;
  #segment;
  /** @type {Part[]} */
  parts = [];
  #at = 0;
  #fixed = '';
  #nextNumber = 0;

  /** @param {Token[]} tokens @param {(text: string) => string} encode @param {Options} options */
  constructor(tokens, encode, options) {
    this.#tokens = tokens;
    this.#encode = encode;
    this.#options = options;
    this.#segment = segmentOf(options);
  }

  run() {
    while (this.#at < this.#tokens.length) {
      const char = this.#consume('char');
      const name = this.#consume('name');
      const group = this.#consumeGroup(name);
      if (name !== null || group !== null) {
        let prefix = char === null ? '' : char.value;
        if (prefix !== '' && prefix !== this.#options.prefix) {
          this.#fixed += prefix;
          prefix = '';
        }
        this.#flush();
        this.#add(prefix, name, group, '', this.#consumeModifier());
        continue;
      }
      const fixed = char ?? this.#consume('escaped-char');
      if (fixed !== null) {
        this.#fixed += fixed.value;
        continue;
      }
      if (this.#consume('open') !== null) {
        const prefix = this.#consumeText();
        const inner = this.#consume('name');
        const innerGroup = this.#consumeGroup(inner);
        const suffix = this.#consumeText();
        this.#expect('close');
        this.#add(prefix, inner, innerGroup, suffix, this.#consumeModifier());
        continue;
      }
      this.#flush();
      this.#expect('end');
    }
    return this.parts;
  }

  /** @param {import('./tokenizer.js').TokenType} type @returns {Token | null} */
  #consume(type) {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.type !== type) return null;
    this.#at += 1;
    return token;
  }

  /** @param {import('./tokenizer.js').TokenType} type */
  #expect(type) {
    if (this.#consume(type) === null) {
      throw new TypeError(`URLPattern: ${this.#tokens[this.#at]?.value || 'the end'} is not where it may be in the pattern`);
    }
  }

  /** @param {Token | null} name */
  #consumeGroup(name) {
    const token = this.#consume('regexp');
    return name === null && token === null ? this.#consume('asterisk') : token;
  }

  /** @returns {Modifier} */
  #consumeModifier() {
    const token = this.#consume('other-modifier') ?? this.#consume('asterisk');
    return token === null ? '' : /** @type {Modifier} */ (token.value);
  }

  #consumeText() {
    let text = '';
    for (;;) {
      const token = this.#consume('char') ?? this.#consume('escaped-char');
      if (token === null) return text;
      text += token.value;
    }
  }

  #flush() {
    if (this.#fixed === '') return;
    const text = this.#encode(this.#fixed);
    this.#fixed = '';
    this.#push(new Part('fixed-text', text, ''));
  }

  /** @param {Part} part */
  #push(part) {
    this.parts[this.parts.length] = part;
  }

  /** @param {string} prefix @param {Token | null} name @param {Token | null} group @param {string} suffix @param {Modifier} modifier */
  #add(prefix, name, group, suffix, modifier) {
    if (name === null && group === null && modifier === '') {
      this.#fixed += prefix;
      return;
    }
    this.#flush();
    if (name === null && group === null) {
      if (prefix !== '') this.#push(new Part('fixed-text', this.#encode(prefix), modifier));
      return;
    }
    let value = group === null ? this.#segment : group.type === 'asterisk' ? '.*' : group.value;
    /** @type {Part['type']} */
    let type = 'regexp';
    if (value === this.#segment) type = 'segment-wildcard';
    else if (value === '.*') type = 'full-wildcard';
    if (type !== 'regexp') value = '';
    let label = '';
    if (name !== null) {
      label = name.value;
    } else {
      label = `${this.#nextNumber}`;
      this.#nextNumber += 1;
    }
    if (some(this.parts, (part) => part.name === label && part.type !== 'fixed-text')) {
      throw new TypeError(`URLPattern: the name ${label} stands there twice`);
    }
    this.#push(new Part(type, value, modifier, label, this.#encode(prefix), this.#encode(suffix)));
  }
}

/** @param {string} text @param {(text: string) => string} encode @param {Options} options */
function parsePattern(text, encode, options) {
  return new PatternParser(tokenize(codePointsOf(text), true), encode, options).run();
}

/** The source of the regular expression. @param {Part[]} parts @param {Options} options */
function expressionOf(parts, options) {
  const segment = segmentOf(options);
  return `^${join(
    map(parts, (part) => expressionOfPart(part, segment)),
    '',
  )}$`;
}

/** @param {Part} part @param {string} segment */
function expressionOfPart({ type, value, modifier, prefix, suffix }, segment) {
  if (type === 'fixed-text') return modifier === '' ? escapeRegExp(value) : `(?:${escapeRegExp(value)})${modifier}`;
  const inner = type === 'segment-wildcard' ? segment : type === 'full-wildcard' ? '.*' : value;
  const isOnce = modifier === '' || modifier === '?';
  if (prefix === '' && suffix === '') return isOnce ? `(${inner})${modifier}` : `((?:${inner})${modifier})`;
  const before = escapeRegExp(prefix);
  const behind = escapeRegExp(suffix);
  if (isOnce) return `(?:${before}(${inner})${behind})${modifier}`;
  return `(?:${before}((?:${inner})(?:${behind}${before}(?:${inner}))*)${behind})${modifier === '*' ? '?' : ''}`;
}

/** @param {string} name */
function isNumber(name) {
  const first = charCodeAt(name, 0);
  return first >= 48 && first <= 57;
}

/** The pattern in its normal form. @param {Part[]} parts @param {Options} options */
function patternOf(parts, options) {
  let result = '';
  for (let i = 0; i < parts.length; i += 1) result += patternOfPart(parts[i], parts[i - 1], parts[i + 1], options);
  return result;
}

/** @param {Part} part @param {Part | undefined} previous @param {Part | undefined} next @param {Options} options */
function patternOfPart(part, previous, next, options) {
  const { type, value, modifier, name, prefix, suffix } = part;
  if (type === 'fixed-text') return modifier === '' ? escapePattern(value) : `{${escapePattern(value)}}${modifier}`;
  const isNamed = !isNumber(name);
  const isGrouped = needsGroup(part, previous, next, isNamed, options);
  let text = isGrouped ? '{' : '';
  text += escapePattern(prefix);
  if (isNamed) text += `:${name}`;
  if (type === 'regexp') {
    text += `(${value})`;
  } else if (type === 'segment-wildcard') {
    if (!isNamed) text += `(${segmentOf(options)})`;
  } else {
    const isPlain = previous === undefined || previous.type === 'fixed-text' || previous.modifier !== '' || isGrouped || prefix !== '';
    text += !isNamed && isPlain ? '*' : '(.*)';
  }
  if (type === 'segment-wildcard' && isNamed && suffix !== '' && isNamePoint(codePointsOf(suffix)[0], false)) text += '\\';
  text += escapePattern(suffix);
  return `${text}${isGrouped ? '}' : ''}${modifier}`;
}

/** Whether the braces must stand there. @param {Part} part @param {Part | undefined} previous @param {Part | undefined} next @param {boolean} isNamed @param {Options} options */
function needsGroup({ type, modifier, prefix, suffix }, previous, next, isNamed, options) {
  if (suffix !== '' || (prefix !== '' && prefix !== options.prefix)) return true;
  const isBare = isNamed && type === 'segment-wildcard' && modifier === '';
  if (isBare && next !== undefined && next.prefix === '' && next.suffix === '') {
    if (next.type === 'fixed-text' ? isNamePoint(codePointsOf(next.value)[0], false) : isNumber(next.name)) return true;
  }
  return prefix === '' && previous?.type === 'fixed-text' && options.prefix !== '' && endsWith(previous.value, options.prefix);
}

class Component {
  pattern;
  expression;
  names;
  hasRegExpGroups;
  /** @param {string} pattern @param {RegExp} expression @param {string[]} names @param {boolean} hasRegExpGroups */
  constructor(pattern, expression, names, hasRegExpGroups) {
    this.pattern = pattern;
    this.expression = expression;
    this.names = names;
    this.hasRegExpGroups = hasRegExpGroups;
  }

  /** @param {string} text */
  exec(text) {
    return exec(this.expression, text);
  }
}

/** https://urlpattern.spec.whatwg.org/#compile-a-component @param {string} text @param {(text: string) => string} encode @param {Options} options */
function compileComponent(text, encode, options, ignoreCase = false) {
  const parts = parsePattern(text, encode, options);
  /** @type {RegExp} */
  let expression;
  try {
    expression = new RegExp(expressionOf(parts, options), ignoreCase ? 'vi' : 'v');
  } catch (error) {
    throw new TypeError(`URLPattern: ${/** @type {any} */ (error).message}`);
  }
  /** @type {string[]} */
  const names = [];
  for (let i = 0; i < parts.length; i += 1) if (parts[i].type !== 'fixed-text') names[names.length] = parts[i].name;
  const hasRegExpGroups = some(parts, (part) => part.type === 'regexp');
  return new Component(patternOf(parts, options), expression, names, hasRegExpGroups);
}

/** @type {readonly string[]} */
const specialSchemes = ['http', 'https', 'ws', 'wss', 'ftp', 'file'];

/** @param {Component} protocol */
function matchesSpecialScheme(protocol) {
  return some(/** @type {string[]} */ (specialSchemes), (scheme) => protocol.exec(scheme) !== null);
}

/** @param {string} scheme */
const isSpecialScheme = (scheme) => includes(specialSchemes, scheme);

module.exports = { Component, compileComponent, escapePattern, isSpecialScheme, matchesSpecialScheme };
