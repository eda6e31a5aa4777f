// `SQLTagStore` (https://nodejs.org/api/sqlite.html#class-sqltagstore): statements by the texts of template literals, the latest used of them kept.
'use strict';

const { invalid } = require('node/sqlite/arguments');
const { arraySlice, isArray, join, map, Map, mapDelete, mapForEach, mapGet, mapSet, mapSize } = require('builtins/primordials');
const { apply } = require('builtins/primordials');

class SQLTagStore {
  #database;
  #capacity;
  /** The longest unused first. @type {Map<string, any>} */
  #statements = new Map();

  /** @param {any} database @param {number} capacity */
  constructor(database, capacity) {
    this.#database = database;
    this.#capacity = capacity;
  }

  get db() {
    return this.#database;
  }
  get capacity() {
    return this.#capacity;
  }
  get size() {
    return mapSize(this.#statements);
  }
  clear() {
    this.#statements = new Map();
  }

  /** @param {any} texts @param {...any} values */
  run(texts, ...values) {
    return this.#execute('run', texts, values);
  }
  /** @param {any} texts @param {...any} values */
  get(texts, ...values) {
    return this.#execute('get', texts, values);
  }
  /** @param {any} texts @param {...any} values */
  all(texts, ...values) {
    return this.#execute('all', texts, values);
  }
  /** @param {any} texts @param {...any} values */
  iterate(texts, ...values) {
    return this.#execute('iterate', texts, values);
  }

  /** @param {string} method @param {any} texts @param {any[]} values */
  #execute(method, texts, values) {
    if (!isArray(texts)) throw invalid('strings', 'an array of strings');
    const sql = join(
      map(arraySlice(texts), (text) => `${text}`),
      '?',
    );
    let statement = mapGet(this.#statements, sql);
    if (statement === undefined) statement = this.#database.prepare(sql);
    else mapDelete(this.#statements, sql);
    mapSet(this.#statements, sql, statement);
    if (mapSize(this.#statements) > this.#capacity) this.#forgetOne();
    return apply(statement[method], statement, values);
  }

  #forgetOne() {
    /** @type {string | undefined} */
    let oldest;
    mapForEach(this.#statements, (_, sql) => {
      oldest ??= sql;
    });
    if (oldest !== undefined) mapDelete(this.#statements, oldest);
  }
}

module.exports = { SQLTagStore };
