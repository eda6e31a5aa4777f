// `StatementSync` (https://nodejs.org/api/sqlite.html#class-statementsync).
'use strict';

const { nodeError } = require('node/errors');
const { flagOf, invalidState, optionsOf, requireFlag, requireText } = require('node/sqlite/arguments');
const { create, defineProperty, indexOf, isView, IteratorPrototype, keys, map, push, slice } = require('builtins/primordials');
const {
  statementAll,
  statementBegin,
  statementClose,
  statementColumns,
  statementNext,
  statementParameters,
  statementPrepare,
  statementReset,
  statementRun,
  statementStatus,
  statementText,
} = ops;

const token = {};
/** What SQLite counts, in the order of the operation. */
const counters = ['fullscanStep', 'sort', 'autoindex', 'vmStep', 'reprepare', 'run', 'filterMiss', 'filterHit', 'memused'];
/** Names of a database's options that a statement has as well. */
const settings = ['readBigInts', 'returnArrays', 'allowBareNamedParameters', 'allowUnknownNamedParameters'];

/** @typedef {{ readBigInts: boolean, returnArrays: boolean, allowBareNamedParameters: boolean, allowUnknownNamedParameters: boolean }} Settings */

/** @param {any} given @param {Settings} [otherwise] @returns {Settings} */
function settingsOf(given, otherwise) {
  const options = optionsOf(given);
  /** @type {any} */
  const read = {};
  for (let index = 0; index < settings.length; index += 1) {
    const name = settings[index];
    const standard = otherwise === undefined ? name === 'allowBareNamedParameters' : /** @type {any} */ (otherwise)[name];
    read[name] = flagOf(options, name, standard);
  }
  return read;
}

/** Whether a first argument holds named parameters. @param {any} value */
function isNamed(value) {
  return typeof value === 'object' && value !== null && !isView(value);
}

class StatementSync {
  /** @type {NativeStatement} */
  #statement;
  /** @type {Settings} */
  #settings;
  /** @type {() => void} throws if the database is not open */
  #requireOpen;
  #sql;
  /** @type {(string | undefined)[] | undefined} */
  #parameters;
  /** @type {Record<string, string> | undefined} */
  #bare;
  /** Of executions: an iterator of an earlier one is over. */
  #executions = 0;

  /** @param {any} given @param {NativeDatabase} database @param {string} sql @param {Settings} chosen @param {() => void} requireOpen */
  constructor(given, database, sql, chosen, requireOpen) {
    if (given !== token) throw nodeError(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
    this.#statement = statementPrepare(database, sql);
    this.#sql = sql;
    this.#settings = chosen;
    this.#requireOpen = requireOpen;
  }

  /** @param {...any} given */
  all(...given) {
    const rows = statementAll(this.#statement, this.#bound(given), this.#settings.readBigInts, 0);
    if (this.#settings.returnArrays) return rows;
    const names = this.#columnNames();
    return map(rows, (row) => objectOf(names, row));
  }

  /** @param {...any} given */
  get(...given) {
    const rows = statementAll(this.#statement, this.#bound(given), this.#settings.readBigInts, 1);
    if (rows.length === 0) return undefined;
    return this.#settings.returnArrays ? rows[0] : objectOf(this.#columnNames(), rows[0]);
  }

  /** @param {...any} given */
  run(...given) {
    const counts = statementRun(this.#statement, this.#bound(given), this.#settings.readBigInts);
    return { changes: counts[0], lastInsertRowid: counts[1] };
  }

  /** @param {...any} given */
  iterate(...given) {
    statementBegin(this.#statement, this.#bound(given));
    const execution = this.#executions;
    let isDone = false;
    const over = () => ({ __proto__: null, done: true, value: null });
    const iterator = create(IteratorPrototype);
    /** @param {string} name @param {() => any} method */
    const add = (name, method) =>
      defineProperty(
        iterator,
        name,
        /** @type {any} */ ({ __proto__: null, value: method, writable: true, enumerable: true, configurable: true }),
      );
    add('next', () => {
      this.#requireOpen();
      if (isDone) return over();
      if (execution !== this.#executions) throw invalidState('iterator was invalidated');
      const row = statementNext(this.#statement, this.#settings.readBigInts);
      if (row === undefined) {
        isDone = true;
        return over();
      }
      const value = this.#settings.returnArrays ? row : objectOf(this.#columnNames(), row);
      return { __proto__: null, done: false, value };
    });
    add('return', () => {
      this.#requireOpen();
      if (!isDone && execution === this.#executions) statementReset(this.#statement);
      isDone = true;
      return over();
    });
    return iterator;
  }

  close() {
    if (!statementClose(this.#statement)) throw invalidState('statement has been finalized');
  }

  [Symbol.dispose]() {
    statementClose(this.#statement);
  }

  /** @param {any} counter */
  stat(counter) {
    // It is gone with its database.
    statementParameters(this.#statement);
    const place = indexOf(counters, requireText(counter, 'counter'));
    if (place === -1) throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', 'The "counter" argument is not a valid statistic name.');
    return statementStatus(this.#statement, place, false);
  }

  resetStats() {
    for (let place = 0; place < counters.length; place += 1) statementStatus(this.#statement, place, true);
  }

  columns() {
    return map(statementColumns(this.#statement), (column) => ({
      __proto__: null,
      column: column[1] ?? null,
      database: column[3] ?? null,
      name: column[0],
      table: column[2] ?? null,
      type: column[4] ?? null,
    }));
  }

  get sourceSQL() {
    // It is gone with its database.
    statementParameters(this.#statement);
    return this.#sql;
  }

  get expandedSQL() {
    return statementText(this.#statement);
  }

  /** @param {any} enabled */
  setReadBigInts(enabled) {
    this.#settings = { ...this.#settings, readBigInts: requireFlag(enabled, 'readBigInts') };
  }

  /** @param {any} enabled */
  setReturnArrays(enabled) {
    this.#settings = { ...this.#settings, returnArrays: requireFlag(enabled, 'returnArrays') };
  }

  /** @param {any} enabled */
  setAllowBareNamedParameters(enabled) {
    this.#settings = { ...this.#settings, allowBareNamedParameters: requireFlag(enabled, 'allowBareNamedParameters') };
  }

  /** @param {any} enabled */
  setAllowUnknownNamedParameters(enabled) {
    this.#settings = { ...this.#settings, allowUnknownNamedParameters: requireFlag(enabled, 'enabled') };
  }

  /** The values of an execution, each behind its place. @param {any[]} given */
  #bound(given) {
    this.#parameters ??= statementParameters(this.#statement);
    this.#executions += 1;
    const parameters = this.#parameters;
    /** @type {any[]} */
    const bound = [];
    let first = 0;
    if (given.length > 0 && isNamed(given[0])) {
      first = 1;
      const values = given[0];
      const names = keys(values);
      for (let index = 0; index < names.length; index += 1) {
        const place = this.#placeOf(names[index], parameters);
        if (place !== 0) push(bound, place, values[names[index]]);
        else if (!this.#settings.allowUnknownNamedParameters) throw invalidState(`Unknown named parameter '${names[index]}'`);
      }
    }
    let place = 1;
    for (let index = first; index < given.length; index += 1) {
      // Those with a name are bound by it.
      while (place <= parameters.length && isTrulyNamed(parameters[place - 1])) place += 1;
      push(bound, place, given[index]);
      place += 1;
    }
    return bound;
  }

  /** The place of a named parameter; 0 for none. @param {string} name @param {(string | undefined)[]} parameters */
  #placeOf(name, parameters) {
    const exact = indexOfName(parameters, name);
    if (exact !== 0 || !this.#settings.allowBareNamedParameters) return exact;
    if (this.#bare === undefined) {
      /** @type {any} */
      const bare = { __proto__: null };
      for (let index = 0; index < parameters.length; index += 1) {
        const full = parameters[index];
        if (full === undefined) continue;
        const short = slice(full, 1);
        if (bare[short] !== undefined) {
          throw invalidState(`Cannot create bare named parameter '${short}' because of conflicting names '${bare[short]}' and '${full}'.`);
        }
        bare[short] = full;
      }
      this.#bare = bare;
    }
    const full = /** @type {Record<string, string>} */ (this.#bare)[name];
    return full === undefined ? 0 : indexOfName(parameters, full);
  }

  #columnNames() {
    // Others than at first if a table of `SELECT *` has changed.
    return map(statementColumns(this.#statement), (column) => /** @type {string} */ (column[0]));
  }
}

/** @param {string | undefined} name */
function isTrulyNamed(name) {
  return name !== undefined && name[0] !== '?';
}

/** @param {(string | undefined)[]} parameters @param {string} name */
function indexOfName(parameters, name) {
  for (let index = 0; index < parameters.length; index += 1) if (parameters[index] === name) return index + 1;
  return 0;
}

/** @param {string[]} names @param {any[]} row */
function objectOf(names, row) {
  /** @type {any} */
  const object = { __proto__: null };
  for (let index = 0; index < names.length; index += 1) object[names[index]] = row[index];
  return object;
}

/** @param {NativeDatabase} database @param {string} sql @param {Settings} chosen @param {() => void} requireOpen */
const prepare = (database, sql, chosen, requireOpen) => new StatementSync(token, database, sql, chosen, requireOpen);

module.exports = { prepare, settingsOf, StatementSync };
