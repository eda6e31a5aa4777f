"""SQLite by the sqlite3 of Python, in threads: one has the connection that writes, each long query a connection of its own."""

import asyncio
import sqlite3


async def open_driver(path, size):
    return Driver(path, size)


def connect(path):
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
    connection.row_factory = sqlite3.Row
    return connection


class Driver:
    def __init__(self, path, size):
        self.path = path
        self.connection = connect(path)
        self.connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
        self.turn = asyncio.Lock()
        self.readers = asyncio.Semaphore(size)

    def is_conflict(self, error):
        # Two did the same at the same time. The low byte is the kind, the rest says more of it.
        return isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CONSTRAINT)

    async def take(self):
        await self.turn.acquire()
        return Connection(self)

    async def slow_rows(self, text, parameters):
        async with self.readers:
            connection = connect(self.path)
            query = asyncio.create_task(asyncio.to_thread(lambda: [dict(row) for row in connection.execute(text, parameters)]))
            try:
                return await asyncio.shield(query)
            finally:
                connection.interrupt()
                await asyncio.wait([query])
                connection.close()

    async def close(self):
        self.connection.close()


class Connection:
    def __init__(self, driver):
        self.driver = driver
        self.connection = driver.connection

    async def execute(self, text, parameters=()):
        # The query has its end in any case: nobody else may have the connection before.
        query = asyncio.create_task(asyncio.to_thread(self.connection.execute, text, parameters))
        try:
            return await asyncio.shield(query)
        finally:
            await asyncio.wait([query])

    async def rows(self, text, parameters):
        return [dict(row) for row in await self.execute(text, parameters)]

    async def change(self, text, parameters):
        return (await self.execute(text, parameters)).rowcount

    async def begin(self):
        await self.execute("BEGIN IMMEDIATE")

    async def commit(self):
        await self.execute("COMMIT")

    async def rollback(self):
        if self.connection.in_transaction:
            await self.execute("ROLLBACK")

    async def cancel(self):
        await self.rollback()

    async def give_back(self):
        self.driver.turn.release()
