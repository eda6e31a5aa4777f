"""One way to three databases: ``postgresql://user@host/database``, ``mysql://user@host/database``, and the path of a file for SQLite.

A connection is lent from a pool, for one query or a transaction. Whoever is cancelled ends what runs, in the server too; and what the
database gave up, or whose connection was cut, is done again from its beginning, until the caller's time is over.
"""

import asyncio
import contextlib
import importlib
import random
import re
from pathlib import Path

_, *parts = re.split(r"^-- (\w+)\n", Path(__file__).with_name("queries.sql").read_text(), flags=re.M)
QUERIES = {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}

# How long a database may take until the tables are there; seconds.
START = 5
DRIVERS = {None: "sqlite", "postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql"}


async def open_database(address, size):
    found = re.match(r"([\w+.-]+)://", address)
    scheme = found and found[1]
    if scheme not in DRIVERS:
        raise ValueError(f"DATABASE_URL begins with {scheme}://, and not with postgresql:// or mysql://; else it is the path of a file")
    module = importlib.import_module(f"drivers.{DRIVERS[scheme]}")
    try:
        async with asyncio.timeout(START) as limit:
            driver = await module.open_driver(address, size)
            # Later it is waited for. One that is not there at the start is more likely a wrong address, which is told at once.
            await (await driver.take()).give_back()
            database = Database(driver)
            for table in ("make_accounts", "make_transfers"):
                await database.transaction(lambda connection, table=table: connection.change(table))
            return database
    except Exception as error:
        reason = f"no answer in {START} s" if limit.expired() else reason_of(error)
        place = re.sub(r"\?.*", "", re.sub(r"//.*@", "//", address, flags=re.S), flags=re.S)  # without a password
        raise ConnectionError(f"cannot open {place} (DATABASE_URL): {reason}") from None


class Gone(Exception):
    """A connection that was cut, or could not be had."""


def reason_of(error):
    """Why something failed: what the system said, and not what a package made of it."""
    reason = type(error).__name__
    while error is not None:
        reason = str(error) or reason
        error = error.__cause__
    return reason


class Lent:
    """A connection, as those who use it see it."""

    def __init__(self, connection):
        self.connection = connection

    async def rows(self, query, /, **parameters):
        check_whether_cancelled()
        return await self.connection.rows(QUERIES[query], parameters)

    async def change(self, query, /, **parameters):
        """Gives how many rows were changed."""
        check_whether_cancelled()
        return await self.connection.change(QUERIES[query], parameters)


class Database:
    def __init__(self, driver):
        self.driver = driver
        self.close = driver.close

    async def rows(self, query, /, **parameters):
        """The rows of a query."""
        return await self._insist(lambda lent: lent.rows(query, **parameters))

    async def slow_rows(self, query, /, **parameters):
        """The same of a query that takes long; SQLite has a connection for it alone."""
        if hasattr(self.driver, "slow_rows"):
            return await self.driver.slow_rows(QUERIES[query], parameters)
        return await self.rows(query, **parameters)

    async def transaction(self, work):
        """What ``work`` does with its connection is done whole or not at all. It may be called again."""

        async def whole(lent):
            check_whether_cancelled()
            await lent.connection.begin()
            result = await work(lent)
            check_whether_cancelled()
            await lent.connection.commit()
            return result

        return await self._insist(whole)

    async def _insist(self, work):
        attempt = 0
        while True:
            try:
                return await self._lend(work)
            except Exception as error:
                if asyncio.current_task().cancelling():  # which some drivers make another error of
                    raise asyncio.CancelledError from error
                # Others were first, or the connection was cut: perhaps after the end of the transaction, so `work` looks for what it has done.
                if isinstance(error, Gone):
                    print(f"ledger: {error}", flush=True)
                elif not self.driver.is_conflict(error):
                    raise
                await asyncio.sleep(random.random() * min(0.01 * 2**attempt, 0.5))
                attempt += 1

    async def _lend(self, work):
        try:
            connection = await self.driver.take()
        except Exception as error:
            raise Gone(reason_of(error)) from error
        try:
            return await work(Lent(connection))
        except asyncio.CancelledError:
            await connection.cancel()
            raise
        except Exception as error:
            if not await is_rolled_back(connection):
                raise Gone(reason_of(error)) from error
            raise
        finally:
            with contextlib.suppress(Exception):  # it is gone; the pool makes another
                await connection.give_back()


def check_whether_cancelled():
    """Some drivers keep the cancelling of what was just done to themselves (``wait_for`` of Python 3.11 does). What begins after it would be
    ended by nobody."""
    if asyncio.current_task().cancelling():
        raise asyncio.CancelledError


async def is_rolled_back(connection):
    """Whether the connection is still there."""
    try:
        await connection.rollback()
        return True
    except Exception:
        return False
