// The messages, in SQLite or, by its URL, in PostgreSQL. Those of a room are numbered 1, 2, 3 ... without a gap, so that whoever
// lacks one knows it; and a message that is sent twice, because nobody knew whether it had arrived, is stored once.
import { DatabaseSync } from 'node:sqlite';
import { cannotOpen } from '../faults.js';

/** What opens `chat.sqlite` and `postgresql://user@host/database`. */
export async function openStore(address) {
  const scheme = /^([\w+.-]+):\/\//.exec(address)?.[1];
  if (scheme !== undefined && scheme !== 'postgresql' && scheme !== 'postgres')
    throw new Error(`DATABASE_URL begins with ${scheme}://, and not with postgresql://; else it is the path of a file`);
  try {
    return await (scheme === undefined ? openSqlite(address) : openPostgres(address));
  } catch (error) {
    throw cannotOpen('DATABASE_URL', address, error);
  }
}

function openSqlite(path) {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA busy_timeout = 5000;
    CREATE TABLE IF NOT EXISTS messages (
      room TEXT, number INTEGER, name TEXT, id TEXT, text TEXT, at REAL,
      PRIMARY KEY (room, number), UNIQUE (room, id)
    )`);
  const insert = database.prepare(`
    INSERT INTO messages SELECT :room, coalesce(max(number), 0) + 1, :name, :id, :text, :at FROM messages WHERE room = :room
    ON CONFLICT (room, id) DO NOTHING`);
  const stored = database.prepare('SELECT number, name, text, at FROM messages WHERE room = ? AND id = ?');
  const newest = database.prepare('SELECT coalesce(max(number), 0) AS newest FROM messages WHERE room = ?');
  const since = database.prepare('SELECT number, name, text, at FROM messages WHERE room = ? AND number > ? ORDER BY number LIMIT ?');
  return {
    async add(room, name, id, text) {
      insert.run({ room, name, id, text, at: Date.now() });
      return stored.get(room, id);
    },
    newest: async (room) => newest.get(room).newest,
    since: async (room, number, limit) => since.all(room, number, limit),
    close: async () => database.close(),
  };
}

async function openPostgres(address) {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString: address, max: 10, connectionTimeoutMillis: 5000, query_timeout: 10_000 });
  // A connection that breaks while nobody uses it; the pool makes another.
  pool.on('error', (error) => console.error(`chat: a connection to PostgreSQL broke: ${error.message}`));
  // The lock: two processes that start at the same time would both make the tables.
  await pool.query(`
    SELECT pg_advisory_xact_lock(15);
    CREATE TABLE IF NOT EXISTS rooms (room text PRIMARY KEY, newest integer);
    CREATE TABLE IF NOT EXISTS messages (
      room text, number integer, name text, id text, text text, at double precision,
      PRIMARY KEY (room, number), UNIQUE (room, id)
    )`);
  return {
    async add(room, name, id, text) {
      // One statement is one transaction: if the id is known, the number is not taken.
      const insert = `
        WITH next AS (
          INSERT INTO rooms VALUES ($1, 1) ON CONFLICT (room) DO UPDATE SET newest = rooms.newest + 1 RETURNING newest
        )
        INSERT INTO messages SELECT $1, newest, $2, $3, $4, $5 FROM next`;
      try {
        await pool.query(insert, [room, name, id, text, Date.now()]);
      } catch (error) {
        if (error.code !== '23505') throw error; // unique_violation
      }
      const { rows } = await pool.query('SELECT number, name, text, at FROM messages WHERE room = $1 AND id = $2', [room, id]);
      return rows[0];
    },
    async newest(room) {
      const { rows } = await pool.query('SELECT newest FROM rooms WHERE room = $1', [room]);
      return rows[0]?.newest ?? 0;
    },
    async since(room, number, limit) {
      const select = 'SELECT number, name, text, at FROM messages WHERE room = $1 AND number > $2 ORDER BY number LIMIT $3';
      return (await pool.query(select, [room, number, limit])).rows;
    },
    close: () => pool.end(),
  };
}
