// `console.table`: rows of an object, array, Map or Set as a table drawn with box characters.
'use strict';

const { inspect } = require('builtins/inspect/inspect');
const stringWidth = require('builtins/inspect/string_width');
const indexHeader = '(index)';
const iterationHeader = '(iteration index)';
const valuesHeader = 'Values';

function cellText(value) {
  const nested = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 2;
  return inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth: nested ? -1 : 0 });
}

function table(data, wantedColumns) {
  if (wantedColumns !== undefined && !Array.isArray(wantedColumns)) {
    throw new TypeError('The "properties" argument must be an instance of Array');
  }
  if (data instanceof Map) {
    const entries = [...data];
    return draw([
      [iterationHeader, entries.map((_, index) => String(index))],
      ['Key', entries.map(([key]) => cellText(key))],
      [valuesHeader, entries.map(([, value]) => cellText(value))],
    ]);
  }
  if (data instanceof Set) {
    const values = [...data];
    return draw([
      [iterationHeader, values.map((_, index) => String(index))],
      [valuesHeader, values.map(cellText)],
    ]);
  }
  return draw(columnsOf(data, wantedColumns));
}

/** One column a property of the rows, and one for rows that are not objects. */
function columnsOf(data, wantedColumns) {
  const names = Object.keys(data);
  const columns = new Map((wantedColumns ?? []).map((name) => [String(name), []]));
  const plainValues = [];
  names.forEach((name, row) => {
    const item = data[name];
    if ((typeof item !== 'object' && typeof item !== 'function') || item === null) {
      plainValues[row] = cellText(item);
      return;
    }
    for (const key of wantedColumns === undefined ? Object.keys(item) : columns.keys()) {
      if (!columns.has(key)) columns.set(key, []);
      if (Object.hasOwn(item, key)) columns.get(key)[row] = cellText(item[key]);
    }
  });
  const all = [[indexHeader, names], ...columns];
  if (plainValues.length > 0) all.push([valuesHeader, plainValues]);
  return all;
}

function draw(columns) {
  const rowCount = columns[0][1].length;
  const widths = columns.map(([header, cells]) => {
    let widest = stringWidth(header);
    for (let row = 0; row < rowCount; row += 1) widest = Math.max(widest, stringWidth(cells[row] ?? ''));
    return widest + 2;
  });
  const rule = (left, middle, right) => left + widths.map((width) => '─'.repeat(width)).join(middle) + right;
  const line = (cells) => `│${cells.map((cell, column) => padded(cell, widths[column])).join('│')}│`;
  const lines = [rule('┌', '┬', '┐'), line(columns.map(([header]) => header)), rule('├', '┼', '┤')];
  for (let row = 0; row < rowCount; row += 1) lines.push(line(columns.map(([, cells]) => cells[row] ?? '')));
  lines.push(rule('└', '┴', '┘'));
  return lines.join('\n');
}

function padded(text, width) {
  return ` ${text}${' '.repeat(Math.max(0, width - stringWidth(text) - 1))}`;
}

module.exports = table;
