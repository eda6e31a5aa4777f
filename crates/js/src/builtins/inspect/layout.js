// The lines that the parts of an object make: one line, groups in columns, or a line each.
'use strict';

const {
  floor,
  max,
  min,
  round,
  sqrt,
  join,
  padEnd,
  padStart,
  push,
  regExp,
  repeat,
  replace,
  stringIncludes,
} = require('builtins/primordials');
const color = regExp(/\u001b\[\d+m/g);
const loadStringWidth = () => require('builtins/inspect/string_width');

/**
 * Joins the parts on one line when they are short and shallow enough, else one to a line; long lists become columns.
 * @param {InspectContext} context @param {string[]} parts @param {string} base @param {string[]} braces
 * @param {boolean} isList @param {number} depth @param {any} value
 */
function layOut(context, parts, base, braces, isList, depth, value) {
  const before = base === '' ? '' : `${base} `;
  if (context.compact === true) return layOutCompact(context, parts, base, braces);
  if (typeof context.compact === 'number' && context.compact >= 1) {
    const { length } = parts;
    if (isList && length > 6) parts = columns(context, parts, value);
    if (context.currentDepth - depth < context.compact && length === parts.length) {
      const start = parts.length + context.indentation + braces[0].length + base.length + 10;
      if (fitsOnOneLine(context, parts, start, base)) {
        const joined = join(parts, ', ');
        if (!stringIncludes(joined, '\n')) return `${before}${braces[0]} ${joined} ${braces[1]}`;
      }
    }
  }
  const margin = `\n${repeat(' ', context.indentation)}`;
  return `${before}${braces[0]}${margin}  ${join(parts, `,${margin}  `)}${margin}${braces[1]}`;
}

/** @param {InspectContext} context @param {string[]} parts @param {string} base @param {string[]} braces */
function layOutCompact(context, parts, base, braces) {
  if (fitsOnOneLine(context, parts, 0, base)) {
    return `${braces[0]}${base === '' ? '' : ` ${base}`} ${join(parts, ', ')} ${braces[1]}`;
  }
  const margin = `\n${repeat(' ', context.indentation)}`;
  const start = base === '' && braces[0].length === 1 ? ' ' : `${base === '' ? '' : ` ${base}`}${margin}  `;
  return `${braces[0]}${start}${join(parts, `,${margin}  `)} ${braces[1]}`;
}

/** @param {InspectContext} context @param {string[]} parts @param {number} start @param {string} base */
function fitsOnOneLine(context, parts, start, base) {
  let total = parts.length + start;
  if (total + parts.length > context.breakLength) return false;
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index];
    total += context.colors ? withoutColors(part).length : part.length;
    if (total > context.breakLength) return false;
  }
  return base === '' || !stringIncludes(base, '\n');
}

/** @param {string} text */
function withoutColors(text) {
  return replace(text, color, '');
}

/** Groups the elements of a long list into aligned columns, if they are similar enough in width. @param {InspectContext} context @param {string[]} parts @param {any} value */
function columns(context, parts, value) {
  const width = loadStringWidth();
  const hasTrailer = context.maxArrayLength < parts.length;
  const count = hasTrailer ? parts.length - 1 : parts.length;
  const gap = 2;
  /** @type {number[]} */
  const widths = [];
  let total = 0;
  let widest = 0;
  for (let index = 0; index < count; index += 1) {
    const length = width(context.colors ? withoutColors(parts[index]) : parts[index]);
    push(widths, length);
    total += length + gap;
    if (length > widest) widest = length;
  }
  const cell = widest + gap;
  if (!(cell * 3 + context.indentation < context.breakLength && (total / cell > 5 || widest <= 6))) return parts;
  // A block about as wide as high (a character is 2.5 times as high as wide); cells that are mostly short count as narrower.
  const narrowed = max(cell - 3 - sqrt(cell - total / parts.length), 1);
  const perRow = min(
    round(sqrt(2.5 * narrowed * count) / narrowed),
    floor((context.breakLength - context.indentation) / cell),
    +context.compact * 4,
    15,
  );
  if (perRow <= 1) return parts;
  return rows(parts, widths, count, perRow, gap, alignsRight(value, parts.length), hasTrailer);
}

/** @param {any} value @param {number} length */
function alignsRight(value, length) {
  if (value === undefined) return true;
  for (let index = 0; index < length; index += 1) {
    if (typeof value[index] !== 'number' && typeof value[index] !== 'bigint') return false;
  }
  return true;
}

/**
 * @param {string[]} parts @param {number[]} widths @param {number} count @param {number} perRow @param {number} gap
 * @param {boolean} right @param {boolean} hasTrailer
 */
function rows(parts, widths, count, perRow, gap, right, hasTrailer) {
  /** @type {number[]} */
  const columnWidths = [];
  for (let column = 0; column < perRow; column += 1) {
    let widest = 0;
    for (let index = column; index < count; index += perRow) widest = max(widest, widths[index]);
    push(columnWidths, widest + gap);
  }
  /** @type {string[]} */
  const lines = [];
  for (let first = 0; first < count; first += perRow) {
    const end = min(first + perRow, count);
    let line = '';
    for (let index = first; index < end - 1; index += 1) {
      // Padding counts code units, widths count columns of the terminal.
      const padded = columnWidths[index - first] + parts[index].length - widths[index];
      line += right ? padStart(`${parts[index]}, `, padded) : padEnd(`${parts[index]}, `, padded);
    }
    const last = end - 1;
    line += right ? padStart(parts[last], columnWidths[last - first] + parts[last].length - widths[last] - gap) : parts[last];
    push(lines, line);
  }
  if (hasTrailer) push(lines, parts[count]);
  return lines;
}

module.exports = { layOut, withoutColors };
