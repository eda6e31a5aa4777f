// `DatabaseSync` (https://nodejs.org/api/sqlite.html#class-databasesync) and `backup`.
'use strict';

const { nodeError } = require('node/errors');
const { setImmediate } = require('node/timers/timers');
const {
  flagOf,
  invalid,
  invalidState,
  isBytes,
  optionsOf,
  pathBytes,
  requireCallable,
  requireFlag,
  requireText,
  requireWhole,
} = require('node/sqlite/arguments');
const constants = require('node/sqlite/constants');
const { limitsOf, requireLimits } = require('node/sqlite/limits');
const { createSession } = require('node/sqlite/session');
const { prepare, settingsOf } = require('node/sqlite/statement');
const { construct, defineProperty, max, Promise, symbolFor, viewByteLength } = require('builtins/primordials');
const loadTagStore = () => require('node/sqlite/tag_store');
const { backupBegin, backupStep, databaseAggregate, databaseApply, databaseAuthorizer, databaseBytes, databaseClose } = ops;
const { databaseDefend, databaseReplace } = ops;
const { databaseFunction, databaseIsInTransaction, databaseLimit, databaseLocation, databaseOpen, databaseRun } = ops;

const DETERMINISTIC = 0x800;
const DIRECT_ONLY = 0x80000;

/** What `new DatabaseSync` was given. @param {any} options */
function openingOf(options) {
  const { timeout = 0 } = options;
  return {
    readOnly: flagOf(options, 'readOnly', false),
    timeout: requireWhole(timeout, 'options.timeout'),
    foreignKeys: flagOf(options, 'enableForeignKeyConstraints', true),
    doubleQuotes: flagOf(options, 'enableDoubleQuotedStringLiterals', false),
    allowExtension: flagOf(options, 'allowExtension', false),
    defensive: flagOf(options, 'defensive', true),
    limits: requireLimits(options.limits),
    statements: settingsOf(options),
  };
}

/** What is open of a database. @type {(database: any) => NativeDatabase} */
let openedOf;
/** @type {(value: any) => boolean} */
let isDatabase;

class Database {
  #path;
  #opening;
  /** @type {NativeDatabase | undefined} */
  #database;
  /** @type {object | undefined} */
  #limits;
  #extensionsAllowed;

  static {
    openedOf = (database) => database.#opened();
    isDatabase = (value) => typeof value === 'object' && value !== null && #path in value;
  }

  /** @param {any} path @param {any} options */
  constructor(path, options) {
    this.#path = pathBytes(path);
    const given = optionsOf(options);
    const isOpen = flagOf(given, 'open', true);
    this.#opening = openingOf(given);
    this.#extensionsAllowed = this.#opening.allowExtension;
    if (isOpen) this.open();
  }

  #opened() {
    if (this.#database === undefined) throw invalidState('database is not open');
    return this.#database;
  }

  open() {
    if (this.#database !== undefined) throw invalidState('database is already open');
    const { readOnly, timeout, foreignKeys, doubleQuotes, defensive, limits } = this.#opening;
    const database = databaseOpen(this.#path, readOnly, timeout, foreignKeys, doubleQuotes, defensive);
    for (let index = 0; index < limits.length; index += 1) databaseLimit(database, limits[index][0], limits[index][1]);
    this.#database = database;
  }

  close() {
    databaseClose(this.#opened());
    this.#database = undefined;
  }

  [Symbol.dispose]() {
    if (this.#database !== undefined) this.close();
  }

  get isOpen() {
    return this.#database !== undefined;
  }

  get isTransaction() {
    return databaseIsInTransaction(this.#opened());
  }

  get limits() {
    this.#limits ??= limitsOf(() => this.#opened());
    return this.#limits;
  }

  /** @param {any} [dbName] */
  location(dbName = 'main') {
    const database = this.#opened();
    return databaseLocation(database, requireText(dbName, 'dbName')) ?? null;
  }

  /** @param {any} [dbName] @returns {Uint8Array<ArrayBuffer>} */
  serialize(dbName = 'main') {
    const database = this.#opened();
    return databaseBytes(database, requireText(dbName, 'dbName'));
  }

  /** @param {any} buffer @param {any} [options] */
  deserialize(buffer, options) {
    const database = this.#opened();
    if (!isBytes(buffer)) throw invalid('buffer', 'a Uint8Array');
    if (viewByteLength(buffer) === 0) throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', 'The "buffer" argument must not be empty.');
    const { dbName = 'main' } = optionsOf(options);
    databaseReplace(database, buffer, requireText(dbName, 'options.dbName'));
  }

  /** @param {any} sql */
  exec(sql) {
    databaseRun(this.#opened(), requireText(sql, 'sql'));
  }

  /** @param {any} sql @param {any} [options] */
  prepare(sql, options) {
    const database = this.#opened();
    requireText(sql, 'sql');
    const chosen = settingsOf(options, this.#opening.statements);
    return prepare(database, sql, chosen, () => {
      this.#opened();
    });
  }

  /** @param {any} [capacity] */
  createTagStore(capacity = 1000) {
    this.#opened();
    const { SQLTagStore } = loadTagStore();
    return new SQLTagStore(this, requireWhole(capacity, 'maxSize'));
  }

  /** @param {any} name @param {any} options @param {any} [given] */
  function(name, options, given) {
    const database = this.#opened();
    requireText(name, 'name');
    const callable = arguments.length < 3 ? options : given;
    const chosen = arguments.length < 3 ? {} : options;
    if (typeof chosen !== 'object' || chosen === null) throw invalid('options', 'an object');
    const asBigInt = flagOf(chosen, 'useBigIntArguments', false);
    const isVariadic = flagOf(chosen, 'varargs', false);
    const deterministic = flagOf(chosen, 'deterministic', false) ? DETERMINISTIC : 0;
    const directOnly = flagOf(chosen, 'directOnly', false) ? DIRECT_ONLY : 0;
    requireCallable(callable, 'function');
    databaseFunction(database, name, isVariadic ? -1 : callable.length, deterministic | directOnly, asBigInt, callable);
  }

  /** @param {any} name @param {any} options */
  aggregate(name, options) {
    const database = this.#opened();
    requireText(name, 'name');
    if (typeof options !== 'object' || options === null) throw invalid('options', 'an object');
    const { start, step, inverse, result } = options;
    if (start === undefined) throw invalid('options.start', 'a function or a primitive value');
    requireCallable(step, 'options.step');
    if (result !== undefined) requireCallable(result, 'options.result');
    const asBigInt = flagOf(options, 'useBigIntArguments', false);
    const isVariadic = flagOf(options, 'varargs', false);
    const directOnly = flagOf(options, 'directOnly', false) ? DIRECT_ONLY : 0;
    if (inverse !== undefined) requireCallable(inverse, 'options.inverse');
    // The value on its way comes before the arguments.
    const arity = isVariadic ? -1 : max(step.length, inverse === undefined ? 0 : inverse.length, 1) - 1;
    databaseAggregate(database, name, arity, directOnly, asBigInt, start, step, inverse, result);
  }

  /** @param {any} callback */
  setAuthorizer(callback) {
    const database = this.#opened();
    if (callback !== null) requireCallable(callback, 'callback');
    databaseAuthorizer(database, callback === null ? undefined : callback);
  }

  /** @param {any} [options] */
  createSession(options) {
    this.#opened();
    const given = optionsOf(options);
    const { table, db = 'main' } = given;
    if (table !== undefined) requireText(table, 'options.table');
    requireText(db, 'options.db');
    return createSession(() => this.#opened(), table, db);
  }

  /** @param {any} changeset @param {any} [options] */
  applyChangeset(changeset, options) {
    const database = this.#opened();
    if (!isBytes(changeset)) throw invalid('changeset', 'a Uint8Array');
    const { filter, onConflict } = optionsOf(options);
    if (filter !== undefined) requireCallable(filter, 'options.filter');
    if (onConflict !== undefined) requireCallable(onConflict, 'options.onConflict');
    return databaseApply(database, changeset, filter, onConflict);
  }

  /** @param {any} isDefensive */
  enableDefensive(isDefensive) {
    databaseDefend(this.#opened(), requireFlag(isDefensive, 'active'));
  }

  /** @param {any} allow */
  enableLoadExtension(allow) {
    this.#opened();
    const isAllowed = requireFlag(allow, 'allow');
    if (isAllowed && !this.#extensionsAllowed) {
      throw invalidState('Cannot enable extension loading because it was disabled at database creation.');
    }
  }

  /** @param {any} path @param {any} [entryPoint] */
  loadExtension(path, entryPoint) {
    this.#opened();
    if (!this.#extensionsAllowed) throw invalidState('extension loading is not allowed');
    requireText(path, 'path');
    if (entryPoint !== undefined) requireText(entryPoint, 'entryPoint');
    throw nodeError(Error, 'ERR_LOAD_SQLITE_EXTENSION', `cannot load ${path}: extensions are native code, which is not loaded`);
  }
}
const type = /** @type {any} */ ({ __proto__: null, value: 'node:sqlite', configurable: true });
defineProperty(Database.prototype, symbolFor('sqlite-type'), type);

DatabaseSync.prototype = Database.prototype;
const itself = /** @type {any} */ ({ __proto__: null, value: DatabaseSync, writable: true, configurable: true });
defineProperty(Database.prototype, 'constructor', itself);

/** A class that says in Node's words that it wants `new`. @param {any} path @param {any} options @this {any} */
function DatabaseSync(path, options) {
  if (new.target === undefined) {
    throw nodeError(TypeError, 'ERR_CONSTRUCT_CALL_REQUIRED', 'Cannot call constructor without `new`');
  }
  return construct(Database, [path, options], new.target);
}

/** @param {any} source @param {any} path @param {any} [options] */
function backup(source, path, options = undefined) {
  if (typeof source !== 'object' || source === null) throw invalid('sourceDb', 'an object');
  if (!isDatabase(source)) throw invalid('sourceDb', 'a DatabaseSync');
  const database = openedOf(source);
  const file = pathBytes(path);
  const given = optionsOf(options);
  const { rate = 100, progress, source: from = 'main', target = 'main' } = given;
  requireText(from, 'options.source');
  requireText(target, 'options.target');
  requireWhole(rate, 'options.rate');
  if (progress !== undefined) requireCallable(progress, 'options.progress');
  return copy(database, file, rate, progress, from, target);
}

/** @param {NativeDatabase} database @param {Uint8Array} file @param {number} rate @param {any} progress @param {string} from @param {string} to */
async function copy(database, file, rate, progress, from, to) {
  const running = backupBegin(database, file, from, to);
  for (;;) {
    const state = backupStep(running, rate);
    if (state[2]) return state[0];
    if (progress !== undefined && state[1] !== 0) progress({ totalPages: state[0], remainingPages: state[1] });
    // The program goes on in between.
    await new Promise((done) => setImmediate(done));
  }
}

module.exports = { backup, constants, DatabaseSync };
