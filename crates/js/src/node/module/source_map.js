// `module.SourceMap` (https://nodejs.org/api/module.html#class-modulesourcemap): where generated code comes from, by the third version of the
// format (https://tc39.es/ecma426/).
'use strict';

const { invalidType } = require('node/errors');
const { requireObject } = require('node/arguments');
const { arraySlice, assign, isArray, push, sort, stringIndexOf } = require('builtins/primordials');

/** @typedef {{ line: number, column: number, source?: string, sourceLine?: number, sourceColumn?: number, name?: string }} Entry */

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** @param {string} text @param {(fields: number[], line: number) => void} visit */
function eachSegment(text, visit) {
  let line = 0;
  /** @type {number[]} */
  let fields = [];
  let value = 0;
  let shift = 0;
  for (let index = 0; index <= text.length; index += 1) {
    const unit = text[index];
    if (unit === undefined || unit === ',' || unit === ';') {
      if (fields.length > 0) visit(fields, line);
      fields = [];
      if (unit === ';') {
        line += 1;
        visit([], line);
      }
      continue;
    }
    const digit = stringIndexOf(digits, unit);
    value += (digit & 31) * 2 ** shift;
    shift += 5;
    if ((digit & 32) !== 0) continue;
    push(fields, value % 2 === 1 ? -Math.floor(value / 2) : value / 2);
    value = 0;
    shift = 0;
  }
}

/** @param {any} map @param {number} firstLine @param {number} firstColumn @param {Entry[]} entries */
function addEntries(map, firstLine, firstColumn, entries) {
  let column = 0;
  let source = 0;
  let sourceLine = 0;
  let sourceColumn = 0;
  let name = 0;
  const { names = [], sourceRoot = '', sources = [] } = map;
  eachSegment(map.mappings, (fields, line) => {
    if (fields.length === 0) {
      column = 0;
      return;
    }
    column += fields[0];
    /** @type {Entry} */
    const entry = { line: line + firstLine, column: column + (line === 0 ? firstColumn : 0) };
    if (fields.length > 1) {
      source += fields[1];
      sourceLine += fields[2];
      sourceColumn += fields[3];
      assign(entry, { source: sourceRoot === '' ? sources[source] : `${sourceRoot}${sources[source]}`, sourceLine, sourceColumn });
    }
    if (fields.length > 4) {
      name += fields[4];
      entry.name = names[name];
    }
    push(entries, entry);
  });
}

class SourceMap {
  /** @type {Entry[]} */
  #entries = [];
  #payload;
  /** @type {number[] | undefined} */
  #lineLengths;

  /** @param {any} payload @param {{ lineLengths?: number[] }} [options] */
  constructor(payload, { lineLengths } = {}) {
    requireObject(payload, 'payload');
    this.#payload = assign({}, payload);
    if (lineLengths !== undefined) this.#lineLengths = arraySlice(lineLengths);
    if (isArray(payload.sections)) {
      for (let index = 0; index < payload.sections.length; index += 1) {
        const { map, offset } = payload.sections[index];
        addEntries(map, offset.line, offset.column, this.#entries);
      }
    } else {
      if (typeof payload.mappings !== 'string') throw invalidType('payload.mappings', 'string', payload.mappings);
      addEntries(payload, 0, 0, this.#entries);
    }
    sort(this.#entries, (left, right) => left.line - right.line || left.column - right.column);
  }

  get payload() {
    return assign({}, this.#payload);
  }
  get lineLengths() {
    return this.#lineLengths === undefined ? undefined : arraySlice(this.#lineLengths);
  }

  /** The last entry that begins at or before a place, both counted from 0. @param {number} line @param {number} column */
  findEntry(line, column) {
    const entries = this.#entries;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const entry = entries[middle];
      if (entry.line < line || (entry.line === line && entry.column <= column)) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return {};
    const { source, sourceLine, sourceColumn, name, ...generated } = entries[low - 1];
    return {
      generatedLine: generated.line,
      generatedColumn: generated.column,
      originalSource: source,
      originalLine: sourceLine,
      originalColumn: sourceColumn,
      name,
    };
  }

  /** The place in the source, all counted from 1. @param {number} line @param {number} column */
  findOrigin(line, column) {
    /** @type {any} */
    const entry = this.findEntry(line - 1, column - 1);
    if (entry.originalSource === undefined) return {};
    const { name, originalColumn, originalLine, originalSource } = entry;
    return {
      name,
      fileName: originalSource,
      lineNumber: originalLine + (line - 1 - entry.generatedLine) + 1,
      columnNumber: originalColumn + (column - 1 - entry.generatedColumn) + 1,
    };
  }
}

module.exports = { SourceMap };
