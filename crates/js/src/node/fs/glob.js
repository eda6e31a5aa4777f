// `glob` (https://nodejs.org/api/fs.html#fsglobpattern-options-callback): files whose paths match shell patterns: `*`, `?`, `[a-z]`, `{a,b}`, `**`, and
// the groups `@(a|b)`, `?(a)`, `*(a)`, `+(a)`, `!(a)`.
'use strict';

const { charCodeAt, every, filter, forEach, includes, indexOf, isArray, join, map, push, regExp } = require('builtins/primordials');
const { slice, some, split, startsWith, stringIncludes, test } = require('builtins/primordials');
const { invalidType } = require('node/errors');
const { operations } = require('node/fs/operations');
const { run } = require('node/fs/copy');
const { textOfPath, toPath } = require('node/fs/values');
const path = /** @type {any} */ (require('node/path/path'));

/** A part of a pattern between slashes: `**`, or what a name is tested by. @typedef {null | RegExp} Segment */

/** `{a,b}` and `{1..3}` written out. @param {string} pattern @returns {string[]} */
function expandBraces(pattern) {
  let depth = 0;
  let open = -1;
  /** @type {number[]} */
  let commas = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const mark = pattern[at];
    if (mark === '\\') at += 1;
    else if (mark === '{') {
      if (depth === 0) {
        open = at;
        commas = [];
      }
      depth += 1;
    } else if (mark === ',' && depth === 1) push(commas, at);
    else if (mark === '}' && depth > 0) {
      depth -= 1;
      if (depth > 0) continue;
      const choices = choicesOf(pattern, open, at, commas);
      if (choices === undefined) continue;
      /** @type {string[]} */
      const all = [];
      const before = slice(pattern, 0, open);
      const rest = expandBraces(slice(pattern, at + 1));
      forEach(choices, (choice) =>
        forEach(expandBraces(choice), (inner) =>
          forEach(rest, (after) => {
            push(all, before + inner + after);
          }),
        ),
      );
      return all;
    }
  }
  return [pattern];
}

const range = regExp(/^(-?\d+)\.\.(-?\d+)$/);

/** @param {string} pattern @param {number} open @param {number} close @param {number[]} commas @returns {string[] | undefined} */
function choicesOf(pattern, open, close, commas) {
  const inside = slice(pattern, open + 1, close);
  if (commas.length === 0) {
    if (!test(range, inside)) return undefined;
    const ends = split(inside, '..');
    const first = +ends[0];
    const last = +ends[1];
    /** @type {string[]} */
    const numbers = [];
    const step = first <= last ? 1 : -1;
    for (let number = first; number !== last + step; number += step) push(numbers, `${number}`);
    return numbers;
  }
  /** @type {string[]} */
  const choices = [];
  let from = open + 1;
  forEach(commas, (comma) => {
    push(choices, slice(pattern, from, comma));
    from = comma + 1;
  });
  push(choices, slice(pattern, from, close));
  return choices;
}

const special = '\\^$.|?*+()[]{}/';

/** @param {string} text */
const literal = (text) => (stringIncludes(special, text) ? `\\${text}` : text);

/**
 * The text of a regular expression for a part of a pattern, from `at` to its end or to an unmatched `)` or `|`.
 * @param {string} pattern @param {number} at @param {boolean} nested
 * @returns {{ source: string, at: number }}
 */
function translate(pattern, at, nested) {
  let source = '';
  while (at < pattern.length) {
    const mark = pattern[at];
    if (nested && (mark === ')' || mark === '|')) break;
    if (stringIncludes('@?*+!', mark) && pattern[at + 1] === '(') {
      const group = translateGroup(pattern, at);
      source += group.source;
      at = group.at;
    } else if (mark === '*') {
      source += '[^/]*?';
      at += 1;
    } else if (mark === '?') {
      source += '[^/]';
      at += 1;
    } else if (mark === '[') {
      const set = translateSet(pattern, at);
      source += set.source;
      at = set.at;
    } else {
      if (mark === '\\' && at + 1 < pattern.length) at += 1;
      source += literal(pattern[at]);
      at += 1;
    }
  }
  return { source, at };
}

/** @param {string} pattern @param {number} at */
function translateGroup(pattern, at) {
  const kind = pattern[at];
  /** @type {string[]} */
  const choices = [];
  let end = at + 1;
  do {
    const inner = translate(pattern, end + 1, true);
    push(choices, inner.source);
    end = inner.at;
  } while (pattern[end] === '|');
  if (pattern[end] !== ')') return { source: literal(kind), at: at + 1 };
  const body = join(choices, '|');
  const rest = slice(pattern, end + 1);
  if (kind === '!') return { source: `(?:(?!(?:${body})${translate(rest, 0, false).source}$)[^/]*?)`, at: end + 1 };
  return { source: `(?:${body})${kind === '@' ? '' : kind}`, at: end + 1 };
}

/** @param {string} pattern @param {number} at */
function translateSet(pattern, at) {
  let end = at + 1;
  let not = '';
  if (pattern[end] === '!' || pattern[end] === '^') {
    not = '^';
    end += 1;
  }
  let body = '';
  const first = end;
  while (end < pattern.length && (pattern[end] !== ']' || end === first)) {
    if (pattern[end] === '[' && pattern[end + 1] === ':') {
      const close = classEnd(pattern, end);
      const known = classes[slice(pattern, end + 2, close)];
      if (close !== -1 && known !== undefined) {
        body += known;
        end = close + 2;
        continue;
      }
    }
    const mark = pattern[end];
    body += mark === '\\' || mark === '[' || mark === '^' ? `\\${mark}` : mark;
    end += 1;
  }
  if (end >= pattern.length) return { source: '\\[', at: at + 1 };
  return { source: `[${not}${body}]`, at: end + 1 };
}

/** @type {Record<string, string>} */
const classes = {
  __proto__: /** @type {any} */ (null),
  alnum: 'a-zA-Z0-9',
  alpha: 'a-zA-Z',
  digit: '0-9',
  lower: 'a-z',
  space: '\\s',
  upper: 'A-Z',
  word: '\\w',
  xdigit: '0-9a-fA-F',
};

/** @param {string} pattern @param {number} at */
function classEnd(pattern, at) {
  for (let end = at + 2; end < pattern.length; end += 1) if (pattern[end] === ':' && pattern[end + 1] === ']') return end;
  return -1;
}

/** @param {string} part @returns {Segment} */
function segmentOf(part) {
  if (part === '**') return null;
  const { source } = translate(part, 0, false);
  // A dot at the beginning is matched by a dot only.
  const dot = part[0] === '.' || part[0] === '\\' ? '' : '(?!\\.)';
  return regExp(new RegExp(`^${dot}${source}$`));
}

/** @typedef {{ absolute: boolean, segments: Segment[], literals: (string | null)[], foldersOnly: boolean }} Pattern */

const magic = regExp(/[*?[\]{}()!+@\\]/);

/** @param {string} pattern @returns {Pattern} */
function patternOf(pattern) {
  const absolute = startsWith(pattern, '/');
  const parts = filter(split(pattern, '/'), (part) => part !== '' && part !== '.');
  const foldersOnly = pattern.length > 1 && charCodeAt(pattern, pattern.length - 1) === 47;
  return {
    absolute,
    segments: map(parts, segmentOf),
    literals: map(parts, (part) => (part === '**' || test(magic, part) ? null : part)),
    foldersOnly,
  };
}

/** Whether a path's parts match from some place of each. @param {Pattern} pattern @param {number} at @param {string[]} parts @param {number} from @returns {boolean} */
function matches(pattern, at, parts, from) {
  const { segments } = pattern;
  while (at < segments.length) {
    const segment = segments[at];
    if (segment === null) {
      if (at === segments.length - 1) return every(arrayFrom(parts, from), (part) => part[0] !== '.');
      for (let skip = from; skip <= parts.length; skip += 1) {
        if (matches(pattern, at + 1, parts, skip)) return true;
        if (skip < parts.length && parts[skip][0] === '.') return false;
      }
      return false;
    }
    if (from >= parts.length || !test(segment, parts[from])) return false;
    at += 1;
    from += 1;
  }
  return from === parts.length;
}

/** @param {string[]} list @param {number} from */
function arrayFrom(list, from) {
  return filter(list, (_, index) => index >= from);
}

/** @param {string} file @param {string} pattern */
function matchesGlob(file, pattern) {
  const parts = filter(split(file, '/'), (part) => part !== '' && part !== '.');
  return some(expandBraces(pattern), (each) => {
    const one = patternOf(each);
    return one.absolute === startsWith(file, '/') && matches(one, 0, parts, 0);
  });
}

/** @param {any} given @param {string} name @returns {string[]} */
function patternsOf(given, name) {
  const list = isArray(given) ? given : [given];
  /** @type {string[]} */
  const all = [];
  forEach(list, (pattern) => {
    if (typeof pattern !== 'string') throw invalidType(name, 'string', pattern);
    forEach(expandBraces(pattern), (each) => push(all, each));
  });
  return all;
}

/** @param {boolean} sync @param {any} pattern @param {any} [options] */
function glob(sync, pattern, options) {
  const patterns = map(patternsOf(pattern, 'pattern'), patternOf);
  if (options !== undefined && (typeof options !== 'object' || options === null)) throw invalidType('options', 'object', options);
  const cwd = options?.cwd === undefined ? '.' : textOfPath(toPath(options.cwd, 'options.cwd'));
  const exclude = excluder(options?.exclude, !!options?.withFileTypes);
  return run(sync, walk(sync, patterns, cwd, exclude, !!options?.withFileTypes));
}

/** @param {any} exclude @param {boolean} typed @returns {(relative: string, entry: any) => boolean} */
function excluder(exclude, typed) {
  if (exclude === undefined) return () => false;
  if (typeof exclude === 'function') return (relative, entry) => exclude(typed ? entry : relative);
  if (!isArray(exclude)) throw invalidType('options.exclude', ['function', 'string[]'], exclude);
  const patterns = patternsOf(exclude, 'options.exclude');
  return (relative) => some(patterns, (pattern) => matchesGlob(relative, pattern));
}

/**
 * Walks each folder that some pattern may still match in.
 * @param {boolean} sync @param {Pattern[]} patterns @param {string} cwd @param {(relative: string, entry: any) => boolean} exclude @param {boolean} typed
 * @returns {Generator<any, any[], any>}
 */
function* walk(sync, patterns, cwd, exclude, typed) {
  /** @type {any[]} */
  const found = [];
  /** @type {string[]} */
  const seen = [];
  for (let index = 0; index < patterns.length; index += 1) {
    const pattern = patterns[index];
    const start = pattern.absolute ? '/' : '';
    yield* visit(sync, pattern, start, [], pattern.absolute ? '/' : cwd);
  }
  return found;

  /** @param {boolean} waits @param {Pattern} pattern @param {string} relative @param {string[]} parts @param {string} folder @returns {Generator<any, any, any>} */
  function* visit(waits, pattern, relative, parts, folder) {
    /** @type {any[]} */
    let entries;
    try {
      entries = yield operations.readdir(waits, folder, { withFileTypes: true });
    } catch {
      return;
    }
    const next = pattern.literals[parts.length];
    const isDeep = includes(pattern.segments, null);
    for (let index = 0; index < entries.length; index += 1) {
      const entry = entries[index];
      const { name } = entry;
      if (!isDeep && typeof next === 'string' && next !== name) continue;
      const shown = relative === '' || relative === '/' ? `${relative}${name}` : `${relative}/${name}`;
      const inner = [...parts, name];
      if (exclude(shown, entry)) continue;
      const isFolder = entry.isDirectory();
      if ((!pattern.foldersOnly || isFolder) && matches(pattern, 0, inner, 0) && indexOf(seen, shown) === -1) {
        push(seen, shown);
        push(found, typed ? entry : shown);
      }
      if (isFolder && (isDeep || inner.length < pattern.segments.length))
        yield* visit(waits, pattern, shown, inner, path.join(folder, name));
    }
  }
}

module.exports = { glob, matchesGlob };
