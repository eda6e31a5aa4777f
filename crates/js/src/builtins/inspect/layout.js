// The lines that the parts of an object make: one line, groups in columns, or a line each.
'use strict';

const loadStringWidth = () => require('builtins/inspect/string_width');

/** Joins the parts on one line when they are short and shallow enough, else one to a line; long lists become columns. */
function layOut(context, parts, base, braces, isList, depth, value) {
  const before = base === '' ? '' : `${base} `;
  if (context.compact === true) return layOutCompact(context, parts, base, braces);
  if (typeof context.compact === 'number' && context.compact >= 1) {
    const { length } = parts;
    if (isList && length > 6) parts = columns(context, parts, value);
    if (context.currentDepth - depth < context.compact && length === parts.length) {
      const start = parts.length + context.indentation + braces[0].length + base.length + 10;
      if (fitsOnOneLine(context, parts, start, base)) {
        const joined = parts.join(', ');
        if (!joined.includes('\n')) return `${before}${braces[0]} ${joined} ${braces[1]}`;
      }
    }
  }
  const margin = `\n${' '.repeat(context.indentation)}`;
  return `${before}${braces[0]}${margin}  ${parts.join(`,${margin}  `)}${margin}${braces[1]}`;
}

function layOutCompact(context, parts, base, braces) {
  if (fitsOnOneLine(context, parts, 0, base)) {
    return `${braces[0]}${base === '' ? '' : ` ${base}`} ${parts.join(', ')} ${braces[1]}`;
  }
  const margin = `\n${' '.repeat(context.indentation)}`;
  const start = base === '' && braces[0].length === 1 ? ' ' : `${base === '' ? '' : ` ${base}`}${margin}  `;
  return `${braces[0]}${start}${parts.join(`,${margin}  `)} ${braces[1]}`;
}

function fitsOnOneLine(context, parts, start, base) {
  let total = parts.length + start;
  if (total + parts.length > context.breakLength) return false;
  for (const part of parts) {
    total += context.colors ? withoutColors(part).length : part.length;
    if (total > context.breakLength) return false;
  }
  return base === '' || !base.includes('\n');
}

function withoutColors(text) {
  return text.replace(/\u001b\[\d+m/g, '');
}

/** Groups the elements of a long list into aligned columns, if they are similar enough in width. */
function columns(context, parts, value) {
  const width = loadStringWidth();
  const hasTrailer = context.maxArrayLength < parts.length;
  const count = hasTrailer ? parts.length - 1 : parts.length;
  const gap = 2;
  const widths = [];
  let total = 0;
  let widest = 0;
  for (let index = 0; index < count; index += 1) {
    const length = width(context.colors ? withoutColors(parts[index]) : parts[index]);
    widths.push(length);
    total += length + gap;
    if (length > widest) widest = length;
  }
  const cell = widest + gap;
  if (!(cell * 3 + context.indentation < context.breakLength && (total / cell > 5 || widest <= 6))) return parts;
  // A block about as wide as high (a character is 2.5 times as high as wide); cells that are mostly short count as narrower.
  const narrowed = Math.max(cell - 3 - Math.sqrt(cell - total / parts.length), 1);
  const perRow = Math.min(
    Math.round(Math.sqrt(2.5 * narrowed * count) / narrowed),
    Math.floor((context.breakLength - context.indentation) / cell),
    context.compact * 4,
    15,
  );
  if (perRow <= 1) return parts;
  return rows(parts, widths, count, perRow, gap, alignsRight(value, parts.length), hasTrailer);
}

function alignsRight(value, length) {
  if (value === undefined) return true;
  for (let index = 0; index < length; index += 1) {
    if (typeof value[index] !== 'number' && typeof value[index] !== 'bigint') return false;
  }
  return true;
}

function rows(parts, widths, count, perRow, gap, right, hasTrailer) {
  const columnWidths = [];
  for (let column = 0; column < perRow; column += 1) {
    let widest = 0;
    for (let index = column; index < count; index += perRow) widest = Math.max(widest, widths[index]);
    columnWidths.push(widest + gap);
  }
  const lines = [];
  for (let first = 0; first < count; first += perRow) {
    const end = Math.min(first + perRow, count);
    let line = '';
    for (let index = first; index < end - 1; index += 1) {
      // Padding counts code units, widths count columns of the terminal.
      const padded = columnWidths[index - first] + parts[index].length - widths[index];
      line += right ? `${parts[index]}, `.padStart(padded) : `${parts[index]}, `.padEnd(padded);
    }
    const last = end - 1;
    line += right ? parts[last].padStart(columnWidths[last - first] + parts[last].length - widths[last] - gap) : parts[last];
    lines.push(line);
  }
  if (hasTrailer) lines.push(parts[count]);
  return lines;
}

module.exports = { layOut, withoutColors };
