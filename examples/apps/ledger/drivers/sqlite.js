// SQLite by node:sqlite, which computes where it is called: a query by its key takes some ten microseconds of the loop, one that takes long
// is asked in a process of its own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { until } from '../databases.js';

const BUSY = 5;
const CONSTRAINT = 19;

export function open(path) {
  const database = new DatabaseSync(path);
  // Another process writes: that is waited for between the attempts, and not in SQLite, which would stop the loop.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 0');
  const statements = new Map();
  const writing = new Turns();
  const reading = new Turns();

  function query(text, parameters = {}) {
    let statement = statements.get(text);
    if (statement === undefined) statements.set(text, (statement = database.prepare(text)));
    return statement.columns().length > 0 ? { rows: statement.all(parameters) } : { count: statement.run(parameters).changes };
  }

  return {
    // Two did the same at the same time. The low byte is the kind, the rest says more of it.
    isConflict: ({ errcode }) => [BUSY, CONSTRAINT].includes(errcode & 0xff),

    async take() {
      const giveBack = await writing.next();
      return {
        async query(text, parameters) {
          if (text === 'ROLLBACK' && !database.isTransaction) return {};
          return query(text === 'BEGIN' ? 'BEGIN IMMEDIATE' : text, parameters);
        },
        cancel: async () => {},
        end() {},
        giveBack,
      };
    },

    async slowRows(signal, text) {
      const turn = reading.next();
      try {
        await until(signal, turn);
        const reader = fork(new URL('sqlite_reader.js', import.meta.url), [path, text], { signal, killSignal: 'SIGKILL' });
        const [rows] = await once(reader, 'message');
        return rows;
      } catch (error) {
        throw signal.aborted ? signal.reason : error;
      } finally {
        turn.then((giveBack) => giveBack());
      }
    },
  };
}

/** One at a time. */
class Turns {
  #last = Promise.resolve();

  /** Waits for its turn, and gives what ends it. */
  async next() {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers();
    this.#last = promise;
    await before;
    return resolve;
  }
}
