// `Session` (https://nodejs.org/api/sqlite.html#class-session): what changes in a database, as bytes that another can apply.
'use strict';

const { nodeError } = require('node/errors');
const { sessionChanges, sessionClose, sessionOpen } = ops;

const token = {};

class Session {
  /** @type {NativeSession} */
  #session;
  /** @type {() => NativeDatabase} throws if it is not open */
  #opened;

  /** @param {any} given @param {() => NativeDatabase} opened @param {string | undefined} table @param {string} name */
  constructor(given, opened, table, name) {
    if (given !== token) throw nodeError(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
    this.#session = sessionOpen(opened(), table, name);
    this.#opened = opened;
  }

  changeset() {
    this.#opened();
    return sessionChanges(this.#session, false);
  }

  patchset() {
    this.#opened();
    return sessionChanges(this.#session, true);
  }

  close() {
    this.#opened();
    sessionClose(this.#session);
  }

  [Symbol.dispose]() {
    try {
      sessionClose(this.#session);
    } catch {
      // It was closed already.
    }
  }
}

/** @param {() => NativeDatabase} opened @param {string | undefined} table @param {string} name */
const createSession = (opened, table, name) => new Session(token, opened, table, name);

module.exports = { createSession, Session };
