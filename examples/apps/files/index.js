// What is in an archive: a table in SQLite, that of `index.py`. A row is written when its file is stored, so the job goes on where it was.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export class Index {
  #database;
  #has;
  #insert;
  #waiting = [];

  constructor(archive) {
    this.#database = new DatabaseSync(join(archive, 'index.sqlite'));
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS files (
        name TEXT PRIMARY KEY, size INTEGER, changed_ns INTEGER, sha256 TEXT, stored INTEGER
      )`);
    this.#has = this.#database.prepare('SELECT 1 FROM files WHERE name = ? AND size = ? AND changed_ns = ?');
    this.#insert = this.#database.prepare('INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)');
  }

  /** Whether a file is stored as it is now. */
  has({ name, size, changedNs }) {
    return this.#has.get(name, size, changedNs) !== undefined;
  }

  /** Takes in a file that is stored; a hundred at a time, since each transaction costs as much as many rows. */
  add({ name, changedNs }, { size, sha256, stored }) {
    this.#waiting.push([name, size, changedNs, sha256, stored]);
    if (this.#waiting.length >= 100) this.write();
  }

  write() {
    const rows = this.#waiting;
    this.#waiting = [];
    this.#database.exec('BEGIN');
    try {
      for (const row of rows) this.#insert.run(...row);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  find(text) {
    const select = 'SELECT name, size, stored, sha256 FROM files WHERE instr(name, ?) > 0 OR sha256 = ? ORDER BY name';
    return this.#database.prepare(select).iterate(text, text);
  }

  hashes() {
    return this.#database.prepare('SELECT DISTINCT sha256 FROM files ORDER BY sha256').iterate();
  }

  forget(sha256) {
    this.#database.prepare('DELETE FROM files WHERE sha256 = ?').run(sha256);
  }

  /** How many files there are, their bytes, and the bytes that are stored for them. */
  totals() {
    const select = `
      SELECT count(*) AS files, coalesce(sum(size), 0) AS size,
        (SELECT coalesce(sum(stored), 0) FROM (SELECT DISTINCT sha256, stored FROM files)) AS stored
      FROM files`;
    return this.#database.prepare(select).get();
  }

  close() {
    this.#database.close();
  }
}
