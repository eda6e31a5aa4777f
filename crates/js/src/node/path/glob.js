// `path.matchesGlob` (https://nodejs.org/api/path.html#pathmatchesglobpath-pattern): `*`, `?`, `**`, `[a-z]`, `{a,b}` and `!(a|b)` as an expression.
'use strict';

const { requireString } = require('node/arguments');
const { abs, map, pop, push, regExp, replace, slice, split, stringIncludes, stringIndexOf, test } = require('builtins/primordials');

const special = regExp(/[\\^$.*+?()[\]{}|/]/g);

/** The patterns that braces stand for. @param {string} pattern @returns {string[]} */
function withoutBraces(pattern) {
  let depth = 0;
  let open = -1;
  /** @type {number[]} */
  let commas = [];
  for (let index = 0; index < pattern.length; index += 1) {
    const unit = pattern[index];
    if (unit === '\\') {
      index += 1;
    } else if (unit === '{') {
      if (depth === 0) {
        open = index;
        commas = [];
      }
      depth += 1;
    } else if (unit === ',' && depth === 1) {
      push(commas, index);
    } else if (unit === '}' && depth > 0) {
      depth -= 1;
      if (depth > 0) continue;
      const before = slice(pattern, 0, open);
      const after = slice(pattern, index + 1);
      const choices = commas.length > 0 ? choicesOf(pattern, open, commas, index) : rangeOf(slice(pattern, open + 1, index));
      if (choices === undefined) continue;
      /** @type {string[]} */
      const all = [];
      for (let at = 0; at < choices.length; at += 1) {
        const more = withoutBraces(before + choices[at] + after);
        for (let each = 0; each < more.length; each += 1) push(all, more[each]);
      }
      return all;
    }
  }
  return [pattern];
}

/** @param {string} pattern @param {number} open @param {number[]} commas @param {number} close */
function choicesOf(pattern, open, commas, close) {
  /** @type {string[]} */
  const choices = [];
  let start = open + 1;
  for (let index = 0; index <= commas.length; index += 1) {
    const end = index < commas.length ? commas[index] : close;
    push(choices, slice(pattern, start, end));
    start = end + 1;
  }
  return choices;
}

/** `1..3` as a list. BOUNDED: as long as a person would write. @param {string} text @returns {string[] | undefined} */
function rangeOf(text) {
  const dots = stringIndexOf(text, '..');
  const first = Number(slice(text, 0, dots));
  const last = Number(slice(text, dots + 2));
  if (dots <= 0 || !(abs(last - first) < 10000)) return undefined;
  /** @type {string[]} */
  const all = [];
  for (let number = first; first <= last ? number <= last : number >= last; number += first <= last ? 1 : -1) push(all, `${number}`);
  return all;
}

/** A segment as the text of an expression. @param {string} segment @param {string} slash what no wildcard matches */
function segmentText(segment, slash) {
  let text = '';
  // A dot in front has to be written.
  if (segment[0] === '*' || segment[0] === '?' || segment[0] === '[') text += '(?!\\.)';
  /** @type {string[]} */
  const open = [];
  for (let index = 0; index < segment.length; index += 1) {
    const unit = segment[index];
    const next = segment[index + 1];
    if (next === '(' && stringIncludes('?*+@!', unit)) {
      push(open, unit);
      text += unit === '!' ? '(?:(?!(?:' : '(?:';
      index += 1;
    } else if (unit === ')' && open.length > 0) {
      const kind = pop(open);
      text += kind === '!' ? `)(?:$|${slash}))[^${slash}]*?)` : `)${kind === '@' ? '' : kind}`;
    } else if (unit === '|' && open.length > 0) {
      text += '|';
    } else if (unit === '*') {
      text += `[^${slash}]*?`;
    } else if (unit === '?') {
      text += `[^${slash}]`;
    } else if (unit === '[') {
      const close = stringIndexOf(segment, ']', segment[index + 1] === '!' || segment[index + 1] === '^' ? index + 3 : index + 2);
      if (close === -1) {
        text += '\\[';
      } else {
        let inside = slice(segment, index + 1, close);
        if (inside[0] === '!') inside = `^${slice(inside, 1)}`;
        inside = replace(
          inside,
          regExp(/\[:(\w+):\]?/g),
          (/** @type {string} */ whole, /** @type {string} */ name) => classes[name] ?? whole,
        );
        text += `[${replace(inside, regExp(/\\/g), '\\\\')}]`;
        index = close;
      }
    } else if (unit === '\\' && next !== undefined) {
      text += replace(next, special, '\\$&');
      index += 1;
    } else {
      text += replace(unit, special, '\\$&');
    }
  }
  return text;
}

/** @type {Record<string, string>} */
const classes = { alpha: 'a-zA-Z', digit: '0-9', alnum: 'a-zA-Z0-9', lower: 'a-z', upper: 'A-Z', space: '\\s', word: '\\w' };

/** @param {string} pattern @param {string} slash */
function expressionOf(pattern, slash) {
  const separator = slash === '/' ? '/' : '[\\\\/]';
  const inner = slash === '/' ? '/' : '\\\\/';
  const segments = split(pattern, slash === '/' ? '/' : regExp(/[\\/]/));
  let text = '^';
  for (let index = 0; index < segments.length; index += 1) {
    const isLast = index === segments.length - 1;
    if (segments[index] === '**') {
      // Any folders; those whose name begins with a dot have to be written.
      text += isLast
        ? `(?:(?:(?!\\.)[^${inner}]+)(?:${separator}(?!\\.)[^${inner}]+)*)?${separator}?`
        : `(?:(?!\\.)[^${inner}]*${separator})*?`;
    } else {
      text += segmentText(segments[index], inner) + (isLast ? '' : separator);
    }
  }
  return regExp(new RegExp(`${text}$`));
}

/** @param {string} path @param {string} pattern @param {string} slash */
function matchesGlob(path, pattern, slash) {
  requireString(path, 'path');
  requireString(pattern, 'pattern');
  const patterns = map(withoutBraces(pattern), (each) => expressionOf(each, slash));
  for (let index = 0; index < patterns.length; index += 1) if (test(patterns[index], path)) return true;
  return false;
}

module.exports = { matchesGlob };
