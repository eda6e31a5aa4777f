// `console.table`: rows of an object, array, Map or Set as a table drawn with box characters.
'use strict';

const { invalidType } = require('builtins/invalid_type');
const { inspect } = require('builtins/inspect/inspect');
const stringWidth = require('builtins/inspect/string_width');
const {
  forEach,
  hasOwn,
  isArray,
  join,
  keys,
  Map,
  map,
  mapForEach,
  mapGet,
  mapHas,
  mapSet,
  max,
  push,
  repeat,
  setForEach,
} = require('builtins/primordials');

const indexHeader = '(index)';
const iterationHeader = '(iteration index)';
const valuesHeader = 'Values';

/** @typedef {{ header: string, cells: string[] }} Column */

/** @param {any} value */
function cellText(value) {
  const nested = typeof value === 'object' && value !== null && !isArray(value) && keys(value).length > 2;
  return inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth: nested ? -1 : 0 });
}

/** @param {any} data @param {string[]} [wanted] names of the columns to show */
function table(data, wanted) {
  if (wanted !== undefined && !isArray(wanted)) throw invalidType('properties', 'Array', wanted);
  /** @type {Column} */
  const numbers = { header: iterationHeader, cells: [] };
  /** @type {Column} */
  const values = { header: valuesHeader, cells: [] };
  if (data instanceof Map) {
    /** @type {Column} */
    const names = { header: 'Key', cells: [] };
    mapForEach(data, (value, key) => {
      push(numbers.cells, `${numbers.cells.length}`);
      push(names.cells, cellText(key));
      push(values.cells, cellText(value));
    });
    return draw([numbers, names, values]);
  }
  if (data instanceof Set) {
    setForEach(data, (value) => {
      push(numbers.cells, `${numbers.cells.length}`);
      push(values.cells, cellText(value));
    });
    return draw([numbers, values]);
  }
  return draw(columnsOf(data, wanted, values));
}

/**
 * One column a property of the rows, and one for rows that are not objects.
 * @param {any} data @param {string[] | undefined} wanted @param {Column} plain
 */
function columnsOf(data, wanted, plain) {
  const rows = keys(data);
  /** @type {Map<string, Column>} */
  const columns = new Map();
  if (wanted !== undefined) forEach(wanted, (name) => mapSet(columns, `${name}`, { header: `${name}`, cells: [] }));
  forEach(rows, (name, row) => {
    const item = data[name];
    if ((typeof item !== 'object' && typeof item !== 'function') || item === null) {
      plain.cells[row] = cellText(item);
      return;
    }
    forEach(wanted ?? keys(item), (key) => {
      if (!mapHas(columns, key)) mapSet(columns, key, { header: key, cells: [] });
      const column = /** @type {Column} */ (mapGet(columns, key));
      if (hasOwn(item, key)) column.cells[row] = cellText(item[key]);
    });
  });
  /** @type {Column[]} */
  const all = [{ header: indexHeader, cells: rows }];
  mapForEach(columns, (column) => push(all, column));
  if (plain.cells.length > 0 && wanted === undefined) push(all, plain);
  return all;
}

/** @param {Column[]} columns */
function draw(columns) {
  const rowCount = columns[0].cells.length;
  const widths = map(columns, ({ header, cells }) => {
    let widest = stringWidth(header);
    for (let row = 0; row < rowCount; row += 1) {
      const width = stringWidth(cells[row] ?? '');
      if (width > widest) widest = width;
    }
    return widest + 2;
  });
  const rule = (/** @type {string} */ left, /** @type {string} */ middle, /** @type {string} */ right) =>
    left +
    join(
      map(widths, (width) => repeat('─', width)),
      middle,
    ) +
    right;
  const line = (/** @type {(column: Column) => string} */ cellOf) =>
    `│${join(
      map(columns, (column, index) => padded(cellOf(column), widths[index])),
      '│',
    )}│`;
  const lines = [rule('┌', '┬', '┐'), line(({ header }) => header), rule('├', '┼', '┤')];
  for (let row = 0; row < rowCount; row += 1)
    push(
      lines,
      line(({ cells }) => cells[row] ?? ''),
    );
  push(lines, rule('└', '┴', '┘'));
  return join(lines, '\n');
}

/** @param {string} text @param {number} width */
function padded(text, width) {
  return ` ${text}${repeat(' ', max(0, width - stringWidth(text) - 1))}`;
}

module.exports = table;
