"""What is in an archive: a table in SQLite. A row is written when its file is stored, so the job goes on where it was."""

import sqlite3
from pathlib import Path


class Index:
    def __init__(self, archive: Path):
        self.database = sqlite3.connect(archive / "index.sqlite", isolation_level=None)
        self.database.executescript("""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            CREATE TABLE IF NOT EXISTS files (
              name TEXT PRIMARY KEY, size INTEGER, changed_ns INTEGER, sha256 TEXT, stored INTEGER
            )""")
        self.waiting = []

    def has(self, found) -> bool:
        """Whether a file is stored as it is now."""
        row = self.database.execute("SELECT size, changed_ns FROM files WHERE name = ?", (found.name,)).fetchone()
        return row == (found.size, found.changed_ns)

    def add(self, packed):
        """Takes in a file that is stored; a hundred at a time, since each transaction costs as much as many rows."""
        found = packed.found
        self.waiting.append((found.name, packed.size, found.changed_ns, packed.sha256, packed.stored))
        if len(self.waiting) >= 100:
            self.write()

    def write(self):
        rows, self.waiting = self.waiting, []
        with self.database:  # commits, or takes all of it back
            self.database.execute("BEGIN")
            self.database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)

    def find(self, text):
        select = "SELECT name, size, stored, sha256 FROM files WHERE instr(name, ?) > 0 OR sha256 = ? ORDER BY name"
        return self.database.execute(select, (text, text))

    def hashes(self):
        return self.database.execute("SELECT DISTINCT sha256 FROM files ORDER BY sha256")

    def forget(self, sha256):
        self.database.execute("DELETE FROM files WHERE sha256 = ?", (sha256,))

    def totals(self):
        """How many files there are, their bytes, and the bytes that are stored for them."""
        row = self.database.execute("SELECT count(*), coalesce(sum(size), 0) FROM files").fetchone()
        stored = self.database.execute("SELECT coalesce(sum(stored), 0) FROM (SELECT DISTINCT sha256, stored FROM files)").fetchone()
        return *row, *stored

    def close(self):
        self.database.close()
