"""MySQL and MariaDB by SQLAlchemy, over aiomysql."""

import asyncio
import contextlib

from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

LIMIT_S = 1
# ER_DUP_ENTRY, ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK: two did the same at the same time.
CONFLICTS = {1062, 1205, 1213}


async def open_driver(address, size):
    return Driver(address.replace("mysql:", "mysql+aiomysql:", 1), size)


class Driver:
    def __init__(self, url, size):
        # A transaction that is not over ends with its connection's return. Another ROLLBACK, of none, is asked for by nobody, and SQLAlchemy tells
        # at length that it failed where the line was cut.
        options = {"connect_args": {"connect_timeout": LIMIT_S}, "isolation_level": "REPEATABLE READ", "pool_reset_on_return": None}
        # The time that somebody waits for a connection is the caller's.
        self.engine = create_async_engine(url, pool_size=size, max_overflow=0, pool_timeout=3600, **options)
        self.others = create_async_engine(url, poolclass=NullPool, **options)
        self.close = self.engine.dispose

    def is_conflict(self, error):
        return isinstance(error, exc.DBAPIError) and error.orig.args[0] in CONFLICTS

    async def take(self):
        connection = await self.engine.connect()
        raw = await connection.get_raw_connection()
        return Connection(self, connection, raw.driver_connection.thread_id())


class Connection:
    """A transaction begins with the first query."""

    def __init__(self, driver, connection, thread):
        self.driver = driver
        self.connection = connection
        self.thread = thread

    async def rows(self, query, parameters):
        return [dict(row) for row in (await self.connection.execute(text(query), parameters)).mappings()]

    async def change(self, query, parameters):
        return (await self.connection.execute(text(query), parameters)).rowcount

    async def begin(self):
        pass

    async def commit(self):
        await self.connection.commit()

    async def rollback(self):
        # SQLAlchemy's own has nothing against a connection that was cut.
        if self.connection.invalidated:
            raise ConnectionError("the connection was cut")
        await self.connection.rollback()

    async def cancel(self):
        """Has the server end what runs, by another connection: it does not see that this one has been closed."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(LIMIT_S), self.driver.others.connect() as other:
                await other.execute(text(f"KILL QUERY {self.thread}"))

    async def give_back(self):
        await self.connection.close()
