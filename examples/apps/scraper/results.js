// What was found and what is still to be looked at, in SQLite: so a scrape goes on where it was stopped. The table is that of `results.py`.
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const COLUMNS = ['url', 'state', 'status', 'title', 'size', 'sha256', 'note'];

export class Results {
  #database;
  #insert;
  #next;
  #begin;
  #again;
  #done;
  #same;

  constructor(path) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS pages (
        url TEXT PRIMARY KEY, depth INTEGER, state TEXT DEFAULT 'waiting', attempts INTEGER DEFAULT 0, status INTEGER,
        title TEXT, size INTEGER, sha256 TEXT, note TEXT
      );
      CREATE INDEX IF NOT EXISTS following ON pages (state, depth);
      CREATE INDEX IF NOT EXISTS content ON pages (sha256);
      -- What was under way when the last run ended.
      UPDATE pages SET state = 'waiting' WHERE state = 'under way';
    `);
    const prepare = (text) => this.#database.prepare(text);
    this.#insert = prepare('INSERT OR IGNORE INTO pages (url, depth) VALUES (?, ?)');
    this.#next = prepare("SELECT url, depth, attempts FROM pages WHERE state = 'waiting' ORDER BY depth, rowid LIMIT ?");
    this.#begin = prepare("UPDATE pages SET state = 'under way' WHERE url = ?");
    this.#again = prepare("UPDATE pages SET state = 'waiting', attempts = attempts + 1, note = ? WHERE url = ?");
    this.#done = prepare(`
      UPDATE pages SET state = :state, status = :status, title = :title, size = :size, sha256 = :sha256, note = :note WHERE url = :url`);
    this.#same = prepare("SELECT url FROM pages WHERE sha256 = ? AND state = 'found'");
  }

  add(urls, depth) {
    this.#database.exec('BEGIN');
    try {
      for (const url of urls) this.#insert.run(url, depth);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** The next pages to look at, those that are nearest to the start first. */
  take(count) {
    const rows = this.#next.all(count);
    for (const { url } of rows) this.#begin.run(url);
    return rows;
  }

  again(url, note) {
    this.#again.run(note, url);
  }

  done(url, state, { status = null, title = null, size = null, sha256 = null, note = null }) {
    this.#done.run({ url, state, status, title, size, sha256, note });
  }

  /** The page that was found with this content before. */
  withContent(sha256) {
    return this.#same.get(sha256)?.url;
  }

  /** Why a page was not had, if it was not. */
  fault(url) {
    return this.#database.prepare("SELECT status, note FROM pages WHERE url = ? AND state = 'failed'").get(url);
  }

  counts() {
    return this.#database.prepare('SELECT state, count(*) AS count FROM pages GROUP BY state ORDER BY state').all();
  }

  /** All that was looked at, as CSV: the file is there whole, or as it was before. */
  async export(path) {
    const rows = this.#database.prepare(`SELECT ${COLUMNS} FROM pages WHERE state != 'waiting' ORDER BY url`);
    function* lines() {
      yield `${COLUMNS}\r\n`;
      for (const row of rows.iterate()) yield `${COLUMNS.map((name) => quoted(harmless(row[name])))}\r\n`;
    }
    const begun = `${path}.part`;
    try {
      await pipeline(Readable.from(lines()), createWriteStream(begun));
      await rename(begun, path);
    } catch (error) {
      await rm(begun, { force: true });
      throw error;
    }
  }

  close() {
    this.#database.close();
  }
}

/** A title that begins as a formula does would be one, to the program that opens the table. */
function harmless(value) {
  return typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
}

function quoted(value) {
  const text = `${value ?? ''}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
