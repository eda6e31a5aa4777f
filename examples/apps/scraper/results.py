"""What was found and what is still to be looked at, in SQLite: so a scrape goes on where it was stopped."""

import csv
import os
import sqlite3
from pathlib import Path


class Results:
    def __init__(self, path):
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.executescript("""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            CREATE TABLE IF NOT EXISTS pages (
              url TEXT PRIMARY KEY, depth INTEGER, state TEXT DEFAULT 'waiting', attempts INTEGER DEFAULT 0, status INTEGER,
              title TEXT, size INTEGER, sha256 TEXT, note TEXT
            );
            CREATE INDEX IF NOT EXISTS following ON pages (state, depth);
            CREATE INDEX IF NOT EXISTS content ON pages (sha256);
        """)
        # What was under way when the last run ended.
        self.database.execute("UPDATE pages SET state = 'waiting' WHERE state = 'under way'")

    def add(self, urls, depth):
        with self.database:  # commits, or takes all of it back
            self.database.execute("BEGIN")
            self.database.executemany("INSERT OR IGNORE INTO pages (url, depth) VALUES (?, ?)", [(url, depth) for url in urls])

    def take(self, count):
        """The next pages to look at, those that are nearest to the start first."""
        rows = self.database.execute(
            "SELECT url, depth, attempts FROM pages WHERE state = 'waiting' ORDER BY depth, rowid LIMIT ?", (count,)
        ).fetchall()
        self.database.executemany("UPDATE pages SET state = 'under way' WHERE url = ?", [row[:1] for row in rows])
        return rows

    def again(self, url, note):
        self.database.execute("UPDATE pages SET state = 'waiting', attempts = attempts + 1, note = ? WHERE url = ?", (note, url))

    def done(self, url, state, *, status=None, title=None, size=None, sha256=None, note=None):
        self.database.execute(
            "UPDATE pages SET state = ?, status = ?, title = ?, size = ?, sha256 = ?, note = ? WHERE url = ?",
            (state, status, title, size, sha256, note, url),
        )

    def with_content(self, sha256):
        """The page that was found with this content before."""
        row = self.database.execute("SELECT url FROM pages WHERE sha256 = ? AND state = 'found'", (sha256,)).fetchone()
        return row and row[0]

    def fault(self, url):
        """Why a page was not had, if it was not: a status, if there was one, and a note."""
        return self.database.execute("SELECT status, note FROM pages WHERE url = ? AND state = 'failed'", (url,)).fetchone()

    def counts(self):
        return dict(self.database.execute("SELECT state, count(*) FROM pages GROUP BY state"))

    def export(self, path):
        """All that was looked at, as CSV: the file is there whole, or as it was before."""
        begun = Path(f"{path}.part")
        columns = "url, state, status, title, size, sha256, note"
        try:
            with open(begun, "w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(columns.split(", "))
                for row in self.database.execute(f"SELECT {columns} FROM pages WHERE state != 'waiting' ORDER BY url"):
                    writer.writerow([harmless(value) for value in row])
            os.replace(begun, path)
        finally:
            begun.unlink(missing_ok=True)

    def close(self):
        self.database.close()


def harmless(value):
    """A title that begins as a formula does would be one, to the program that opens the table."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
