// One way to three databases: `postgresql://user@host/database`, `mysql://user@host/database`, and the path of a file for SQLite.
//
// A connection is lent from a pool, for one query or a transaction. A signal ends the wait for one and what runs on it, in the server too;
// and what the database gave up, or whose connection was cut, is done again from its beginning, until the signal.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cannotOpen, reasonOf } from '../faults.js';

const [, ...parts] = readFileSync(new URL('queries.sql', import.meta.url), 'utf8').split(/^-- (\w+)\n/m);
const QUERIES = {};
while (parts.length > 0) QUERIES[parts.shift()] = parts.shift().trim();

/** How long a database may take until the tables are there. */
const START_MS = 5000;
const DRIVERS = { postgresql: 'postgresql', postgres: 'postgresql', mysql: 'mysql' };

export async function openDatabase(address, size) {
  const scheme = /^([\w+.-]+):\/\//.exec(address)?.[1];
  const name = scheme === undefined ? 'sqlite' : DRIVERS[scheme];
  if (name === undefined)
    throw new Error(`DATABASE_URL begins with ${scheme}://, and not with postgresql:// or mysql://; else it is the path of a file`);
  const { open } = await import(`./drivers/${name}.js`);
  const signal = AbortSignal.timeout(START_MS);
  try {
    const driver = await open(address, size);
    // Later it is waited for. One that is not there at the start is more likely a wrong address, which is told at once.
    const { giveBack } = await until(signal, driver.take());
    giveBack();
    const database = new Database(driver);
    for (const table of ['make_accounts', 'make_transfers']) await database.transaction(signal, ({ change }) => change(table));
    return database;
  } catch (error) {
    throw cannotOpen('DATABASE_URL', address, error === signal.reason ? new Error(`no answer in ${START_MS / 1000} s`) : error);
  }
}

/** A connection that was cut, or could not be had. */
class Gone extends Error {}

class Database {
  #driver;

  constructor(driver) {
    this.#driver = driver;
  }

  /** The rows of a query. */
  rows(signal, name, parameters) {
    return this.#insist(signal, ({ rows }) => rows(name, parameters));
  }

  /** The same of a query that takes long. SQLite computes where it is called, so that one is called elsewhere. */
  slowRows(signal, name, parameters) {
    return this.#driver.slowRows?.(signal, QUERIES[name], parameters) ?? this.rows(signal, name, parameters);
  }

  /** What `work` does by `rows`, and by `change`, which gives a count of rows, is done whole or not at all. It may be called again. */
  transaction(signal, work) {
    return this.#insist(signal, async (connection) => {
      await connection.begin();
      const result = await work(connection);
      await connection.commit();
      return result;
    });
  }

  async #insist(signal, work) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#lend(signal, work);
      } catch (error) {
        // Others were first, or the connection was cut: perhaps after the end of the transaction, so `work` looks for what it has done.
        if (!(error instanceof Gone) && !this.#driver.isConflict(error)) throw error;
        if (error instanceof Gone) console.error(`ledger: ${error.message}`);
        await until(signal, sleep(Math.random() * Math.min(10 * 2 ** attempt, 500)));
      }
    }
  }

  async #lend(signal, work) {
    const taking = this.#driver.take();
    const connection = await until(signal, taking).catch((error) => {
      taking.then(
        ({ giveBack }) => giveBack(),
        () => {},
      );
      throw error === signal.reason ? error : new Gone(reasonOf(error));
    });
    // What begins after the signal would be ended by nobody: the order to end what runs may have come while nothing did.
    const query = async (text, parameters) => {
      signal.throwIfAborted();
      return await connection.query(text, parameters);
    };
    let cancelling;
    const cancel = () => {
      cancelling = connection.cancel().catch(connection.end);
    };
    signal.addEventListener('abort', cancel);
    try {
      return await work({
        begin: () => query('BEGIN'),
        commit: () => query('COMMIT'),
        rows: async (name, parameters) => (await query(QUERIES[name], parameters)).rows,
        change: async (name, parameters) => (await query(QUERIES[name], parameters)).count,
      });
    } catch (error) {
      signal.removeEventListener('abort', cancel);
      // The cancelling comes to its end first: it must not meet who is lent the connection next.
      await cancelling;
      const isThere = await connection.query('ROLLBACK').then(
        () => true,
        () => false,
      );
      if (!isThere) connection.end();
      if (signal.aborted) throw signal.reason;
      throw isThere ? error : new Gone(reasonOf(error));
    } finally {
      signal.removeEventListener('abort', cancel);
      await cancelling;
      connection.giveBack();
    }
  }
}

/** What a promise gives, or the signal's reason if that comes first. */
export function until(signal, promise) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
