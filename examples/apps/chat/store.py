"""The messages, in SQLite or, by its URL, in PostgreSQL.

Those of a room are numbered 1, 2, 3 ... without a gap, so that whoever lacks one knows it; and a message that is sent twice, because
nobody knew whether it had arrived, is stored once. The tables are those of ``store.js``: both servers may use them at the same time.
"""

import asyncio
import re
import sqlite3
import time


async def open_store(address):
    """What opens ``chat.sqlite`` and ``postgresql://user@host/database``."""
    if re.match(r"postgres(ql)?:", address):
        import asyncpg

        # None is kept in store: for each that it cannot make again, asyncpg would tell at length.
        try:
            pool = await asyncpg.create_pool(address, min_size=0, max_size=10, timeout=5, command_timeout=10)
            store = PostgresStore(pool)
            await store.make_tables()
            return store
        except Exception as error:
            raise cannot_open("DATABASE_URL", address, error) from None
    if found := re.match(r"([\w+.-]+)://", address):
        raise ValueError(f"DATABASE_URL begins with {found[1]}://, and not with postgresql://; else it is the path of a file")
    try:
        return SqliteStore(address)
    except sqlite3.Error as error:
        raise cannot_open("DATABASE_URL", address, error) from None


def cannot_open(setting, address, error):
    """What the program cannot do without is not there when it starts: where that is, without a password, and why it is not had."""
    place = re.sub(r"\?.*", "", re.sub(r"//.*@", "//", address, flags=re.S), flags=re.S)
    return ConnectionError(f"cannot open {place} ({setting}): {str(error) or type(error).__name__}")


class SqliteStore:
    def __init__(self, path):
        self.database = sqlite3.connect(path, isolation_level=None, timeout=5)
        self.database.row_factory = sqlite3.Row
        self.database.executescript("""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            CREATE TABLE IF NOT EXISTS messages (
              room TEXT, number INTEGER, name TEXT, id TEXT, text TEXT, at REAL,
              PRIMARY KEY (room, number), UNIQUE (room, id)
            )""")

    # The calls are short, a row takes some ten microseconds: less than the way to a thread and back.

    async def add(self, room, name, id, text):
        insert = """
            INSERT INTO messages SELECT :room, coalesce(max(number), 0) + 1, :name, :id, :text, :at FROM messages WHERE room = :room
            ON CONFLICT (room, id) DO NOTHING"""
        self.database.execute(insert, {"room": room, "name": name, "id": id, "text": text, "at": time.time() * 1000})
        select = "SELECT number, name, text, at FROM messages WHERE room = ? AND id = ?"
        return dict(self.database.execute(select, (room, id)).fetchone())

    async def newest(self, room):
        return self.database.execute("SELECT coalesce(max(number), 0) FROM messages WHERE room = ?", (room,)).fetchone()[0]

    async def since(self, room, number, limit):
        select = "SELECT number, name, text, at FROM messages WHERE room = ? AND number > ? ORDER BY number LIMIT ?"
        return [dict(row) for row in self.database.execute(select, (room, number, limit))]

    async def search(self, room, text, limit):
        select = """
            SELECT number, name, text, at FROM messages WHERE room = ? AND instr(lower(text), lower(?)) > 0
            ORDER BY number DESC LIMIT ?"""
        return [dict(row) for row in self.database.execute(select, (room, text, limit))]

    async def close(self):
        self.database.close()


class PostgresStore:
    def __init__(self, pool):
        self.pool = pool

    async def make_tables(self):
        # The lock: two processes that start at the same time would both make the tables.
        await self.pool.execute("""
            SELECT pg_advisory_xact_lock(15);
            CREATE TABLE IF NOT EXISTS rooms (room text PRIMARY KEY, newest integer);
            CREATE TABLE IF NOT EXISTS messages (
              room text, number integer, name text, id text, text text, at double precision,
              PRIMARY KEY (room, number), UNIQUE (room, id)
            )""")

    async def add(self, room, name, id, text):
        import asyncpg

        # One statement is one transaction: if the id is known, the number is not taken.
        insert = """
            WITH next AS (
              INSERT INTO rooms VALUES ($1, 1) ON CONFLICT (room) DO UPDATE SET newest = rooms.newest + 1 RETURNING newest
            )
            INSERT INTO messages SELECT $1, newest, $2, $3, $4, $5 FROM next"""
        try:
            await self.pool.execute(insert, room, name, id, text, time.time() * 1000)
        except asyncpg.UniqueViolationError:
            pass
        select = "SELECT number, name, text, at FROM messages WHERE room = $1 AND id = $2"
        return dict(await self.pool.fetchrow(select, room, id))

    async def newest(self, room):
        return await self.pool.fetchval("SELECT newest FROM rooms WHERE room = $1", room) or 0

    async def since(self, room, number, limit):
        select = "SELECT number, name, text, at FROM messages WHERE room = $1 AND number > $2 ORDER BY number LIMIT $3"
        return [dict(row) for row in await self.pool.fetch(select, room, number, limit)]

    async def search(self, room, text, limit):
        select = """
            SELECT number, name, text, at FROM messages WHERE room = $1 AND strpos(lower(text), lower($2)) > 0
            ORDER BY number DESC LIMIT $3"""
        return [dict(row) for row in await self.pool.fetch(select, room, text, limit)]

    async def close(self):
        try:
            async with asyncio.timeout(1):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()  # it says nothing any more, not even goodbye
