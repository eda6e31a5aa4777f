"""``examples/apps/ledger``: both programs on three databases, and what databases do: lock, conflict, cut, fall silent, restart."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import pathlib
import random
import re
import subprocess
import uuid

import pytest
from apps_support import OUTWARDS, App, ask, is_full, status_of, words_of
from databases_support import Line, Mysql, Postgresql, Sqlite

COUNT = 1000 if is_full else 100
SERVERS = {"postgresql": Postgresql, "mysql": Mysql}


class Ledger:
    """A program, its database, and questions to it."""

    def __init__(self, app, database):
        self.app = app
        self.database = database

    async def put(self, path, body):
        answer = await ask(self.app, path, method="PUT", json=body)
        if answer.status == 500:
            await asyncio.sleep(1)  # the traceback comes after the answer
            raise AssertionError(self.app.text)
        return answer.status, await answer.json()

    async def transfer(self, source, target, amount, id=None):
        body = {"source": source, "target": target, "amount": amount}
        return await self.put(f"/transfers/{id or uuid.uuid4()}", body)

    async def insist(self, source, target, amount):
        """A transfer that succeeds in the end, whatever time there is for an attempt."""
        id = str(uuid.uuid4())
        while (found := await self.transfer(source, target, amount, id))[0] == 503:
            pass
        assert found[0] == 200, found

    async def balances(self):
        """As the database has them."""
        return dict(await self.database.run("SELECT name, balance FROM accounts"))

    async def accounts(self):
        while (answer := await ask(self.app, "/accounts")).status == 503:
            pass
        return {row["name"]: row["balance"] for row in await answer.json()}

    async def storm(self, count=COUNT):
        """Transfers to and fro at the same time, each sent twice; gives those that were acknowledged, by their ids."""
        people = ("ada", "bob", "eve")
        done = {}

        async def one(number):
            source, target = random.sample(people, 2)
            amount, id = random.randrange(1, 50), f"storm-{number}"
            for status, answer in await asyncio.gather(*(self.transfer(source, target, amount, id) for _ in range(2))):
                if status == 200:
                    assert answer == {"id": id, "source": source, "target": target, "amount": amount}
                    done[id] = answer
                else:
                    assert status == 503 or (status == 409 and "does not have" in answer["error"]), answer

        limit = asyncio.Semaphore(20)

        async def bounded(number):
            async with limit:
                await one(number)

        await asyncio.gather(*(bounded(number) for number in range(count)))
        return done

    async def check(self, done):
        """What was acknowledged has happened, once, and what is in the accounts is the sum of what has happened."""
        await self.check_stored(done)
        assert await self.accounts() == dict(await self.database.run("SELECT name, balance FROM accounts"))

    async def check_stored(self, done):
        rows = await self.database.run("SELECT id, source, target, amount FROM transfers")
        balances = dict.fromkeys(("ada", "bob", "eve"), 1000)
        for _, source, target, amount in rows:
            balances[source] -= amount
            balances[target] += amount
        assert dict(await self.database.run("SELECT name, balance FROM accounts")) == balances
        assert set(done) <= {id for id, *_ in rows}


@pytest.fixture(params=["ledger.js", "ledger.py"])
def ledger(request, apps, place_of, tmp_path):
    """``async with ledger("mysql") as it``: a program on a database of its own, perhaps by a line."""
    pytest.importorskip("sqlalchemy")

    @contextlib.asynccontextmanager
    async def begin(kind, **environment):
        async with contextlib.AsyncExitStack() as stack:
            if kind == "sqlite":
                database, port = Sqlite(tmp_path / "ledger.sqlite"), None
            else:
                place = place_of("mariadb" if kind == "mysql" else kind)
                database = SERVERS[kind](place, f"ledger_{uuid.uuid4().hex[:12]}")
                line = await stack.enter_async_context(Line(place["port"]))
                port = line.port
            await database.begin()
            stack.push_async_callback(database.end)
            environment = {"DATABASE_URL": database.url(port), "TIMEOUT": "30", **environment}
            words = [*words_of(request.param), "serve", request.param]
            app = await asyncio.to_thread(App, apps / "ledger", words, environment)
            stack.push_async_callback(asyncio.to_thread, app.end)
            it = Ledger(app, database)
            it.line = None if port is None else line
            for name in ("ada", "bob", "eve"):
                while (await it.put(f"/accounts/{name}", {"balance": 1000}))[0] == 503:
                    pass
            yield it

    return begin


everywhere = pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mysql"])
on_servers = pytest.mark.parametrize("kind", list(SERVERS))


@everywhere
def test_a_transfer_happens_whole_and_once_or_not_at_all(ledger, run, kind):
    async def main():
        async with ledger(kind) as it:
            done = {"id": "1", "source": "ada", "target": "bob", "amount": 400}
            assert await it.transfer("ada", "bob", 400, "1") == (200, done)
            assert await it.transfer("ada", "bob", 400, "1") == (200, done)
            assert await it.transfer("ada", "bob", 401, "1") == (409, {"error": "1 is another transfer"})
            assert await it.transfer("ada", "bob", 601) == (409, {"error": "ada does not have 601"})
            assert await it.transfer("ada", "zoe", 1) == (404, {"error": "zoe has no account"})
            assert await it.put("/accounts/ada", {"balance": 5}) == (409, {"error": "ada has an account"})
            for source, target, amount in [
                ("ada", "ada", 1),
                ("ada", "bob", 0),
                ("ada", "bob", -1),
                ("ada", "bob", 1.5),
                ("ada", "bob", "1"),
                ("ada", "bob", 10**12),
                ("ada' OR '1'='1", "bob", 1),
                (None, "bob", 1),
            ]:
                status, answer = await it.transfer(source, target, amount)
                assert status == 400 and answer["error"], answer
            assert (await it.transfer("ada", "bob", 1, "x'%3B--"))[0] == 400
            assert (await it.put("/accounts/Zoe", {"balance": 1}))[0] == (await it.put("/accounts/zoe", []))[0] == 400
            assert await it.accounts() == {"ada": 600, "bob": 1400, "eve": 1000}
            for path in (each.format("ledger.js") for each in OUTWARDS):
                assert await status_of(it.app, path) in (400, 403, 404), path
            await it.check(await it.storm())

    run(main())


@everywhere
def test_money_that_comes_back_is_found(ledger, run, kind):
    async def main():
        async with ledger(kind) as it:
            for source, target in [("ada", "bob"), ("bob", "eve"), ("eve", "ada"), ("bob", "ada")]:
                assert (await it.transfer(source, target, 1))[0] == 200
            answer = await ask(it.app, "/circles")
            assert await answer.json() == [{"one": "ada", "two": "bob", "three": "eve", "times": 1}]

    run(main())


@everywhere
def test_who_waits_too_long_is_told_and_nothing_has_happened(ledger, run, kind):
    async def main():
        async with ledger(kind, TIMEOUT="0.5", POOL="2") as it:
            async with it.database.locked("ada"):
                # More than the pool has connections for.
                answers = await asyncio.gather(*(it.transfer("ada", "bob", 1) for _ in range(5)))
                assert answers == [(503, {"error": "no answer of the database in 0.5 s"})] * 5
                if kind != "sqlite":
                    await it.database.until_running(0)
                assert await it.accounts() == dict.fromkeys(("ada", "bob", "eve"), 1000)
            await it.insist("ada", "bob", 1)
            await it.check({})

    run(main())


@everywhere
def test_what_nobody_waits_for_any_more_ends_in_the_server_too(ledger, run, kind):
    def load(it):
        """Whether a long query runs: for SQLite in a process or a thread of the program."""
        tasks = pathlib.Path(f"/proc/{it.app.process.pid}/task").glob("*/children")
        return "".join(each.read_text() for each in tasks) or it.app.computed()

    async def main():
        async with ledger(kind, POOL="2") as it:
            people = ("ada", "bob", "eve")
            rows = [(f"{n}", people[n % 3], people[(n + 1) % 3], 0, float(n)) for n in range(20_000)]
            await it.database.run("INSERT INTO transfers VALUES (?, ?, ?, ?, ?)", rows)
            for _ in range(3):
                before = load(it)
                reader, writer = await asyncio.open_connection("127.0.0.1", it.app.port)
                writer.write(f"GET /circles HTTP/1.1\r\nHost: 127.0.0.1:{it.app.port}\r\n\r\n".encode())
                if kind == "sqlite":
                    while load(it) == before:
                        await asyncio.sleep(0.05)
                    # Meanwhile the others are served.
                    assert (await it.transfer("ada", "bob", 1))[0] == 200
                    writer.transport.abort()
                    async with asyncio.timeout(30):
                        now = load(it)
                        while await asyncio.sleep(0.3, load(it)) != now:
                            now = load(it)
                else:
                    await it.database.until_running(1)
                    assert (await it.transfer("ada", "bob", 1))[0] == 200
                    writer.transport.abort()
                    await it.database.until_running(0)
            assert (await it.transfer("ada", "bob", 1))[0] == 200

    run(main())


@on_servers
def test_an_answer_that_is_too_late_at_any_stage_keeps_no_connection(ledger, run, kind):
    async def main():
        # So short that it is over between two queries as well, and with fewer connections than are wanted.
        async with ledger(kind, TIMEOUT="0.03", POOL="3") as it:
            done = set()

            async def one(number):
                assert (await it.transfer("ada", "bob", 1, f"late-{number}"))[0] == 503
                if (await it.transfer("eve", "ada", 1, f"free-{number}"))[0] == 200:
                    done.add(f"free-{number}")

            async with it.database.locked("bob"):
                for number in range(0, 120, 8):
                    await asyncio.gather(*(one(number + each) for each in range(8)))
                # Nothing is left that waits for the account: neither here nor in the server.
                await it.database.until_running(0)
            await it.check_stored(done)

    run(main(), limit_s=60)


@on_servers
def test_a_connection_that_is_cut_in_a_transaction_costs_nothing(ledger, run, kind):
    async def main():
        async with ledger(kind) as it:
            async with it.database.locked("ada"):
                transfer = asyncio.create_task(it.transfer("ada", "bob", 1, "1"))
                (number,) = await it.database.until_running(1)
                await it.database.cut(number)
                # Again from its beginning, on another connection.
                while await it.database.until_running(1) == [number]:
                    await asyncio.sleep(0.02)
                assert not transfer.done()
            assert (await transfer)[0] == 200
            await it.check({"1"})

            # At every stage of a transaction, also between its end and the word of it.
            async def cut():
                while True:
                    await asyncio.sleep(random.random() * 0.4)
                    it.line.cut()

            cutting = asyncio.create_task(cut())
            done = await it.storm(COUNT // 3)
            cutting.cancel()
            assert len(done) > COUNT / 6
            await it.check(done)

    run(main())


@on_servers
@pytest.mark.parametrize("how", ["cut", "unheard", "ended"])
def test_a_line_that_is_cut_at_each_message_of_a_transaction_costs_nothing(ledger, run, kind, how):
    async def main():
        async with ledger(kind, POOL="1") as it:
            done = set()
            for number in itertools.count(1):
                it.line.fail_at(number, it.database.cut_all if how == "ended" else how)
                said = len(it.app.text)
                id, balances = f"{how}-{number}", await it.balances()
                assert (await it.transfer("ada", "bob", 1, id)) == (
                    200,
                    {"id": id, "source": "ada", "target": "bob", "amount": 1},
                )
                # The last one was over before there were so many messages.
                if not it.line.has_failed:
                    break
                done.add(id)
                # Once, whole, and told in a line.
                assert await it.balances() == {**balances, "ada": balances["ada"] - 1, "bob": balances["bob"] + 1}
                news = it.app.text[said:]
                assert "Traceback" not in news and "    at " not in news, news
                it.line.left = None
                assert (await it.transfer("bob", "eve", 1))[0] == 200
            # Whether it is known, three changes, and the end.
            assert len(done) >= 5, done
            assert re.search("^ledger: .*[a-z]", it.app.text, re.M), it.app.text
            await it.check(done)

    run(main())


@on_servers
@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_server_that_starts_anew_loses_nothing_that_was_acknowledged(ledger, run, control, kind, how):
    server = "mariadb" if kind == "mysql" else kind

    async def main():
        async with ledger(kind) as it:
            storm = asyncio.create_task(it.storm())
            await asyncio.sleep(0.1)
            await asyncio.to_thread(control, f"{how} {server}")
            if how == "kill":
                await asyncio.to_thread(control, f"start {server}")
            await it.check(await storm)

    run(main())


@on_servers
def test_a_server_that_stands_still_holds_nobody_longer_than_the_time_for_an_answer(ledger, run, control, kind):
    server = "mariadb" if kind == "mysql" else kind

    async def main():
        async with ledger(kind, TIMEOUT="0.5", POOL="2") as it:
            await it.insist("ada", "bob", 1)
            await asyncio.to_thread(control, f"pause {server}")
            try:
                answers = await asyncio.gather(*(it.transfer("ada", "bob", 1, f"{number}") for number in range(5)))
                assert answers == [(503, {"error": "no answer of the database in 0.5 s"})] * 5
            finally:
                await asyncio.to_thread(control, f"continue {server}")
            await it.insist("ada", "bob", 1)
            await it.check({})

    run(main())


@on_servers
def test_a_database_that_says_nothing_any_more_holds_nobody(ledger, run, kind):
    async def main():
        async with ledger(kind, TIMEOUT="0.5", POOL="2") as it:
            it.line.is_silent = True
            answers = await asyncio.gather(*(it.transfer("ada", "bob", 1, f"{number}") for number in range(5)))
            assert {status for status, _ in answers} == {503}
            it.line.is_silent = False
            it.line.cut()
            await it.insist("ada", "bob", 1)
            await it.check({})

    run(main())


@on_servers
def test_a_database_that_says_nothing_any_more_keeps_no_server_from_its_end(ledger, run, kind):
    async def main():
        async with ledger(kind) as it:
            await asyncio.gather(*(it.transfer("ada", "bob", 1) for _ in range(3)))
            it.line.is_silent = True
            it.app.process.terminate()
            assert await asyncio.to_thread(it.app.process.wait, 30) == 0, it.app.text
            assert "Traceback" not in it.app.text, it.app.text

    run(main())


def test_a_page_transfers_and_stops_what_takes_long(ledger, browsers, run):
    async def main():
        (browser,) = browsers(1)
        async with ledger("sqlite") as it, browser.page(f"{it.app.url}/") as page:
            await page.wait("document.querySelectorAll('#accounts tr').length === 3")
            await page.type("#open [name=name]", "zoe")
            await page.click("#open button")
            await page.wait("document.querySelectorAll('#accounts tr').length === 4")
            await page.type("#transfer [name=source]", "ada")
            await page.type("#transfer [name=target]", "zoe")
            await page.click("#transfer button")
            await page.wait("document.querySelector('#accounts').innerText.includes('zoe\\t110')")
            assert page.faults == []
            await page.value("document.querySelector('#transfer [name=amount]').value = 5000")
            await page.click("#transfer button")
            await page.wait("document.querySelector('#fault').textContent === 'ada does not have 5000'")
            people = ("ada", "bob", "eve")
            rows = [(f"{n}", people[n % 3], people[(n + 1) % 3], 0, float(n)) for n in range(20_000)]
            await it.database.run("INSERT INTO transfers VALUES (?, ?, ?, ?, ?)", rows)
            await page.click("#look")
            await page.wait("!document.querySelector('#stop').disabled")
            await page.click("#stop")
            await page.wait("document.querySelector('#stop').disabled")
            assert await page.value("document.querySelector('#fault').textContent") == ""

    run(main())


@pytest.mark.parametrize("program", ["ledger.js", "ledger.py"])
def test_a_database_that_nothing_here_speaks_to_is_named_and_makes_no_file(apps, program):
    environment = {**os.environ, "DATABASE_URL": "oracle://me:secret@host/database"}
    command = [*words_of(program), "serve", program, "--host", "127.0.0.1", "--port", "0"]
    done = subprocess.run(command, cwd=apps / "ledger", env=environment, capture_output=True, text=True, timeout=60)
    assert (
        done.returncode != 0 and "DATABASE_URL begins with oracle://" in done.stderr and "secret" not in done.stderr
    ), done
    assert not [file for file in (apps / "ledger").iterdir() if file.name.startswith("oracle")]
