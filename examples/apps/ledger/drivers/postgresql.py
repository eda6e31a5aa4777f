"""PostgreSQL by asyncpg, which has the server end what runs when a task is cancelled."""

import asyncio
import re

import asyncpg

LIMIT_S = 1


async def open_driver(address, size):
    return Driver(await asyncpg.create_pool(address, min_size=0, max_size=size, timeout=LIMIT_S))


class Driver:
    def __init__(self, pool):
        self.pool = pool

    async def close(self):
        try:
            async with asyncio.timeout(LIMIT_S):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()  # it says nothing any more, not even goodbye

    def is_conflict(self, error):
        # Two did the same at the same time.
        return isinstance(error, (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError))

    async def take(self):
        return Connection(self.pool, await self.pool.acquire())


class Connection:
    def __init__(self, pool, connection):
        self.pool = pool
        self.connection = connection

    async def rows(self, text, parameters):
        return [dict(row) for row in await self.connection.fetch(*numbered(text, parameters))]

    async def change(self, text, parameters):
        status = await self.connection.execute(*numbered(text, parameters))  # "UPDATE 1"
        return int(status.split()[-1]) if parameters else 0

    async def begin(self):
        await self.connection.execute("BEGIN")

    async def commit(self):
        await self.connection.execute("COMMIT")

    async def rollback(self):
        await self.connection.execute("ROLLBACK")

    async def cancel(self):
        pass

    async def give_back(self):
        # What was begun ends with it. A connection that does not answer is closed.
        await self.pool.release(self.connection, timeout=LIMIT_S)


def numbered(text, parameters):
    """``:name`` as ``$1``, and the values in that order."""
    values = []

    def number(found):
        values.append(parameters[found[1]])
        return f"${len(values)}"

    return re.sub(r":(\w+)", number, text), *values
