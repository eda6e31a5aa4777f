"""The databases of ``examples/apps/ledger`` as their administrator sees them, and a line to one that may be cut."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3


class Sqlite:
    def __init__(self, path):
        self.path = path

    def url(self, port):
        return str(self.path)

    async def begin(self):
        pass

    async def run(self, text, rows=None):
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as connection, connection:
            return connection.execute(text).fetchall() if rows is None else connection.executemany(text, rows)

    @contextlib.asynccontextmanager
    async def locked(self, account):
        """While an account (here: all of the database) is another's."""
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    async def end(self):
        pass


class Server:
    """A database with a name of its own on a server."""

    def __init__(self, place, name):
        self.port = place["port"]
        self.name = name

    async def begin(self):
        admin = await self.connect(self.main)
        await self.ask(admin, f"CREATE DATABASE {self.name}")
        await self.close(admin)

    async def end(self):
        admin = await self.connect(self.main)
        await self.ask(admin, f"DROP DATABASE {self.name}{self.force}")
        await self.close(admin)

    async def run(self, text, rows=None):
        connection = await self.connect(self.name)
        found = await (self.ask(connection, text) if rows is None else self.many(connection, text, rows))
        await self.close(connection)
        return found

    @contextlib.asynccontextmanager
    async def locked(self, account):
        connection = await self.connect(self.name)
        await self.ask(connection, "BEGIN")
        await self.ask(connection, f"SELECT * FROM accounts WHERE name = '{account}' FOR UPDATE")
        yield
        await self.ask(connection, "ROLLBACK")
        await self.close(connection)

    async def running(self):
        """The program's connections on which something waits for a lock, or takes long."""
        admin = await self.connect(self.main)
        found = [row[0] for row in await self.ask(admin, self.select_running)]
        await self.close(admin)
        return found

    async def until_running(self, count):
        async with asyncio.timeout(30):
            while len(found := await self.running()) != count:
                await asyncio.sleep(0.02)
            return found

    async def cut(self, number):
        """Ends a connection of the program."""
        admin = await self.connect(self.main)
        await self.ask(admin, self.cut_one.format(number))
        await self.close(admin)

    async def cut_all(self):
        """Ends all connections of the program, as an administrator does; it is told so where the database has words for it."""
        admin = await self.connect(self.main)
        for (number,) in await self.ask(admin, self.select_all):
            await self.ask(admin, self.cut_one.format(number))
        while await self.ask(admin, self.select_all):
            await asyncio.sleep(0.01)
        await self.close(admin)


class Postgresql(Server):
    main = "postgres"
    force = " WITH (FORCE)"
    cut_one = "SELECT pg_terminate_backend({})"

    @property
    def select_running(self):
        return f"""
            SELECT pid FROM pg_stat_activity
            WHERE datname = '{self.name}' AND state = 'active' AND (wait_event_type = 'Lock' OR query LIKE '%JOIN%')"""

    @property
    def select_all(self):
        return f"SELECT pid FROM pg_stat_activity WHERE datname = '{self.name}'"

    def url(self, port):
        return f"postgresql://postgres@127.0.0.1:{port}/{self.name}"

    async def connect(self, name):
        import asyncpg

        return await asyncpg.connect(host="127.0.0.1", port=self.port, user="postgres", database=name)

    async def ask(self, connection, text):
        return [tuple(row) for row in await connection.fetch(text)]

    async def many(self, connection, text, rows):
        columns = ", ".join(f"${number + 1}" for number in range(text.count("?")))
        await connection.executemany(text.partition("(")[0] + f"({columns})", rows)

    async def close(self, connection):
        await connection.close()


class Mysql(Server):
    main = "mysql"
    force = ""
    cut_one = "KILL {}"

    @property
    def select_running(self):
        return f"""
            SELECT id FROM information_schema.processlist
            WHERE db = '{self.name}' AND command IN ('Query', 'Execute') AND (info LIKE 'UPDATE%' OR info LIKE '%JOIN%')"""

    @property
    def select_all(self):
        return f"SELECT id FROM information_schema.processlist WHERE db = '{self.name}'"

    def url(self, port):
        return f"mysql://root@127.0.0.1:{port}/{self.name}"

    async def connect(self, name):
        import aiomysql

        return await aiomysql.connect(host="127.0.0.1", port=self.port, user="root", db=name, autocommit=True)

    async def ask(self, connection, text):
        async with connection.cursor() as cursor:
            await cursor.execute(text)
            return list(await cursor.fetchall())

    async def many(self, connection, text, rows):
        async with connection.cursor() as cursor:
            await cursor.executemany(text.replace("?", "%s"), rows)

    async def close(self, connection):
        connection.close()


class Line:
    """The way from the program to its database, which may be cut, or swallow what comes."""

    def __init__(self, port):
        self.target = port
        self.writers = set()
        self.is_silent = False
        self.left = None

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        self.cut()

    def fail_at(self, number, how):
        """Has something happen at the message of this number that the program sends from now on: ``"cut"`` before the database has it;
        ``"unheard"``: the database has it, and the line is cut before the program has the answer; or a coroutine function, which is awaited before."""
        self.left, self.how = number, how

    @property
    def has_failed(self):
        return self.left == 0

    async def serve(self, reader, writer):
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return writer.transport.abort()
        both = {writer, back}
        self.writers |= both
        await asyncio.gather(self.pass_on(reader, back, self.count), self.pass_on(there, writer, self.is_unheard))
        self.writers -= both

    async def pass_on(self, reader, writer, is_fault):
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                if await is_fault():
                    self.cut()
                    break
                if not self.is_silent:
                    writer.write(piece)
                    await writer.drain()
        writer.close()

    async def count(self):
        """A message of the program comes: whether the line is to be cut."""
        if not self.left:
            return False
        self.left -= 1
        if self.left > 0 or self.how == "unheard":
            return False
        if self.how == "cut":
            return True
        await self.how()
        return False

    async def is_unheard(self):
        """An answer comes: whether it is the one that is not to be heard."""
        if self.left != 0 or self.how != "unheard":
            return False
        self.how = None
        return True

    def cut(self):
        for writer in self.writers:
            writer.transport.abort()
