"""``examples/apps/chat``: three servers with one behaviour, two browsers, two processes, and what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import uuid

import pytest
import twinloop
from apps_support import OUTWARDS, ask, is_full, status_of, until, words_of
from databases_support import Line

SERVERS = ("chat.js", "chat.py", "mixed.mjs")


@pytest.fixture(params=SERVERS)
def chat(request, serve):
    pytest.importorskip("fastapi")
    return serve(f"chat/{request.param}")


class Person:
    """Somebody in a room, by the words that the page uses."""

    def __init__(self, socket):
        self.socket = socket
        self.heard = []
        self.close = None

    async def listen(self):
        try:
            async for text in self.socket:
                self.heard.append(json.loads(text))
        except twinloop.ConnectionClosed:
            pass

    async def until(self, key, condition=lambda news: True):
        """The first news of a kind that a condition holds for."""
        found = []
        await until(lambda: found.extend(news for news in self.heard if key in news and condition(news[key])) or found)
        return next(news for news in self.heard if key in news and condition(news[key]))

    async def send(self, **news):
        await self.socket.send_json(news)

    async def say(self, text, id=None):
        """Says something, and waits for the server's word that it is stored; gives its number."""
        id = id or str(uuid.uuid4())
        await self.send(say=text, id=id)
        return (await self.until("stored", lambda stored: stored == id))["number"]

    async def insist(self, text, id):
        """As :meth:`say`, and again after each refusal that asks for it, as the page does."""
        while True:
            known = len(self.answers(id))
            await self.send(say=text, id=id)
            await until(lambda known=known: len(self.answers(id)) > known)
            answer = self.answers(id)[-1]
            if "stored" in answer:
                return answer["number"]
            assert answer["later"] is True
            await asyncio.sleep(0.2)

    def answers(self, id):
        return [news for news in self.heard if id in (news.get("stored"), news.get("refused"))]

    @property
    def messages(self):
        return [news["message"]["text"] for news in self.heard if "message" in news]


@contextlib.asynccontextmanager
async def person(app, name, room="lobby", **options):
    async with twinloop.WebSocket(f"{app.url}/rooms/{room}", params={"name": name}, **options) as socket:
        somebody = Person(socket)
        listening = asyncio.create_task(somebody.listen())
        yield somebody
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def test_a_room_hears_what_is_said_and_no_other_room_does(chat, run):
    async def main():
        async with person(chat, "Ada") as ada, person(chat, "Bob") as bob, person(chat, "Eve", "other") as eve:
            await bob.until("here", lambda here: here == {"count": 2, "names": ["Ada", "Bob"]})
            assert await ada.say("<b>grüße</b> ☃") == 1
            assert await bob.say("hello") == 2
            message = (await bob.until("message"))["message"]
            assert (message["number"], message["name"], message["text"]) == (1, "Ada", "<b>grüße</b> ☃")
            await ada.until("message", lambda message: message["text"] == "hello")
            await ada.send(typing=True)
            assert (await bob.until("typing"))["typing"] == "Ada"
            assert await eve.say("alone") == 1 and eve.messages == ["alone"]
        async with person(chat, "Bob") as bob:
            # Ada has gone, and what was said is still there.
            await bob.until("here", lambda here: here == {"count": 1, "names": ["Bob"]})
            await bob.send(since=0)
            found = await bob.until("messages")
            assert [each["text"] for each in found["messages"]] == ["<b>grüße</b> ☃", "hello"] and found["newest"] == 2
            await bob.send(since=1)
            await bob.until("messages", lambda messages: [each["number"] for each in messages] == [2])

    run(main())


def test_what_is_sent_twice_is_stored_once_and_what_was_acknowledged_survives_a_cut_of_power(chat, run):
    async def main():
        async with person(chat, "Ada") as ada:
            assert [await ada.say(f"message {n}", f"id-{n}") for n in range(5)] == [1, 2, 3, 4, 5]
        chat.kill()
        chat.start()
        async with person(chat, "Ada") as ada:
            # The page did not know whether these had arrived.
            assert await ada.say("message 4", "id-4") == 5
            assert await ada.say("message 5", "id-5") == 6
            await ada.send(since=0)
            found = await ada.until("messages")
            assert [each["text"] for each in found["messages"]] == [f"message {n}" for n in range(6)]

    run(main())


def test_who_says_too_much_is_slowed_down_and_who_says_nonsense_is_shown_the_door(chat, run):
    async def main():
        async with person(chat, "Bob") as bob:
            async with person(chat, "Ada") as ada:
                for n in range(20):
                    await ada.send(say=f"{n}", id=f"{n}")
                refused = await ada.until("refused")
                assert refused["later"] is True and refused["why"] == "not so fast"
                for wrong in (
                    {"say": "x" * 2001, "id": "a"},
                    {"say": "", "id": "b"},
                    {"say": 1, "id": "c"},
                    {"say": "x"},
                ):
                    await ada.send(**wrong)
                    refused = await ada.until("refused", lambda id, wrong=wrong: id == wrong.get("id"))
                    assert refused["later"] is False, refused
                await ada.send(since="all")
            for wrong in ("no JSON", "[1]", "null", '{"other": 1}', b"\xff\x00"):
                async with person(chat, "Eve") as eve:
                    await eve.socket.send(wrong)
                    await until(lambda eve=eve: eve.socket.closed)
                    assert eve.socket.close_code == 1008, wrong
            assert await bob.say("still here") > 0

    run(main())


def test_pages_of_others_and_names_that_are_none_are_refused(chat, run):
    async def refusal(path, **headers):
        with pytest.raises(twinloop.WebSocketHandshakeError) as caught:
            async with twinloop.WebSocket(chat.url + path, headers=headers):
                pass
        return caught.value.status

    async def main():
        assert await refusal("/rooms/lobby?name=Ada", origin="https://evil.example") == 403
        assert await refusal("/rooms/lobby?name=Ada", origin="null") == 403
        for path in (
            "/rooms/lobby",
            "/rooms/lobby?name=",
            "/rooms/lobby?name=%00",
            f"/rooms/lobby?name={'x' * 33}",
            "/rooms/a%20b?name=x",
        ):
            assert await refusal(path) == 400, path
        async with person(chat, "Ada", headers={"origin": chat.url}) as ada:
            assert await ada.say("from the page itself") == 1
        page = await ask(chat, "/")
        assert page.status == 200 and "default-src 'self'" in await page.text()
        for path in (each.format(name) for each in OUTWARDS for name in ("chat.sqlite", "store.js", "etc/passwd")):
            assert await status_of(chat, path) in (400, 403, 404), path

    run(main())


def person_who_sleeps(app):
    """Eve, who reads only when she is asked to; uncompressed, so that what she does not read is as long as it looks."""
    return twinloop.WebSocket(f"{app.url}/rooms/lobby?name=Eve", compress=False)


@pytest.mark.parametrize("chat", SERVERS[:2], indirect=True)
def test_nobody_waits_for_who_does_not_read_and_who_reads_again_can_ask_for_the_rest(chat, run):
    async def talk(name):
        async with person(chat, name) as somebody:
            for _ in range(10):
                await somebody.say("☃" * 2000)

    async def enter_again_and_again():
        while True:
            async with person(chat, "Zoe"):
                await asyncio.sleep(0.2)

    async def main():
        async with person(chat, "Bob") as bob, person_who_sleeps(chat) as eve:
            # What Eve does not read fills the system's buffers, and then those of the server.
            said = 0
            while said < 2000:
                await asyncio.gather(*(talk(f"{n}") for n in range(4)))
                said += 40
            await bob.until("message", lambda message: message["number"] == said)
            assert [news["message"]["number"] for news in bob.heard if "message" in news] == list(range(1, said + 1))
            assert chat.memory() < 400
            # Eve wakes up: she is told how far the room is, or that the line was cut, and not all that she missed is kept for her.
            heard = 0
            entering = asyncio.create_task(enter_again_and_again())
            try:
                async for text in eve:
                    news = json.loads(text)
                    heard += "message" in news
                    if news.get("newest") == said:
                        break
            except twinloop.ConnectionClosedError as closed:
                assert closed.code in (1006, 1013)
            finally:
                entering.cancel()
            assert 0 < heard < said
        async with person(chat, "Eve") as eve:
            await eve.send(since=heard)
            found = await eve.until("messages")
            assert [each["number"] for each in found["messages"]] == list(range(heard + 1, heard + 101))[: said - heard]

    run(main())


def test_two_browsers_meet_and_one_of_them_sleeps(chat, browsers, run):
    async def main():
        first, second = browsers(2)
        async with (
            first.page(f"{chat.url}/?room=tea&name=Ada") as ada,
            second.page(f"{chat.url}/?room=tea&name=Bob") as bob,
        ):
            await ada.wait("document.querySelector('#count').textContent === '2 here'")
            await ada.type("#text", "<img src=x onerror=alert(1)> hello")
            await bob.wait("document.querySelector('#typing').textContent === 'Ada typing ...'")
            await ada.press_enter()
            await bob.wait("document.querySelectorAll('#messages li').length === 1")
            # Text of others is text: no element was made of it.
            assert await bob.texts("#messages li") == ["Ada <img src=x onerror=alert(1)> hello"]
            assert await bob.value("document.querySelector('#messages img')") is None
            second.sleep()
            try:
                for n in range(3):
                    await ada.type("#text", f"while you slept {n}")
                    await ada.press_enter()
                await ada.wait("document.querySelectorAll('#messages li').length === 4")
                # Meanwhile the server begins again, and nobody tells the sleeper.
                chat.kill()
                await ada.wait("document.querySelector('#state').textContent.includes('trying again')")
                await ada.type("#text", "said while nobody listened")
                await ada.press_enter()
                chat.start()
                await ada.wait("document.querySelectorAll('#messages li').length === 5")
            finally:
                second.wake()
            await bob.wait("document.querySelectorAll('#messages li').length === 5")
            assert (await bob.texts("#messages li span"))[1:] == [
                *(f"while you slept {n}" for n in range(3)),
                "said while nobody listened",
            ]
            await bob.type("#text", "good morning")
            await bob.press_enter()
            await ada.wait("document.querySelectorAll('#messages li').length === 6")
            assert await ada.value("sessionStorage.getItem('unsent tea Ada')") == "[]"

    run(main())


def test_the_search_of_the_mixed_chat_finds_what_javascript_stored(serve, run):
    pytest.importorskip("fastapi")
    chat = serve("chat/mixed.mjs")

    async def main():
        async with person(chat, "Ada") as ada:
            await ada.say("buy Bread")
            await ada.say("100% of it")
            await ada.say("elsewhere")
            found = await (await ask(chat, "/api/search", params={"room": "lobby", "text": "bread"})).json()
            assert [each["text"] for each in found] == ["buy Bread"]
            assert len(await (await ask(chat, "/api/search", params={"room": "lobby", "text": "%"})).json()) == 1
            assert (await ask(chat, "/api/search", params={"room": "lobby", "text": ""})).status == 422

    run(main())


@pytest.mark.parametrize("name", SERVERS)
def test_one_says_something_and_ten_thousand_hear_it(name, serve, run):
    pytest.importorskip("fastapi")
    # Compression takes some hundred KiB for each connection; JavaScript's servers have it where it is asked for.
    options = ("--ws-per-message-deflate", "false") if name == "chat.py" else ()
    chat = serve(f"chat/{name}", *options)
    count = 10_000 if is_full else 300

    async def main():
        memory = chat.memory()
        async with contextlib.AsyncExitStack() as stack, person(chat, "Ada") as ada:
            listeners = []
            while len(listeners) < count:
                new = [twinloop.WebSocket(f"{chat.url}/rooms/lobby?name=n{n}", open_timeout=120) for n in range(100)]
                listeners += await asyncio.gather(*(stack.enter_async_context(each) for each in new))
            await ada.until("here", lambda here: here["count"] == count + 1)

            async def hear(socket):
                async for text in socket:
                    if (news := json.loads(text)).get("message"):
                        return news["message"]["text"]

            hearing = asyncio.gather(*(hear(each) for each in listeners))
            computed = chat.computed()
            await ada.say("to everybody")
            assert set(await hearing) == {"to everybody"}
            # For the README: pytest -s shows it.
            print(
                f"{count} connections in {chat.memory() - memory:.0f} MiB, {chat.computed() - computed:.2f} s for a message to all"
            )

    run(main(), limit_s=600)


@pytest.mark.parametrize(
    ("server", "pair"),
    [("redis", ("chat.js", "chat.py")), ("redis", ("mixed.mjs", "chat.js")), ("nats", ("chat.py", "chat.js"))],
)
def test_processes_hear_each_other_through_a_server_and_lose_nothing_when_it_restarts(
    server, pair, serve, url_of, control, run
):
    pytest.importorskip("fastapi")
    first, second = (serve(f"chat/{name}", BUS_URL=url_of(server)) for name in pair)
    room = uuid.uuid4().hex[:8]

    async def main():
        async with person(first, "Ada", room) as ada, person(second, "Bob", room) as bob:
            await ada.until("here", lambda here: here == {"count": 2, "names": ["Ada", "Bob"]})
            await bob.until("here", lambda here: here == {"count": 2, "names": ["Ada", "Bob"]})
            await ada.say("through it")
            await bob.until("message", lambda message: message["text"] == "through it")
            await asyncio.to_thread(control, f"stop {server}")
            # Stored and acknowledged, although nobody elsewhere hears it now.
            assert await ada.say("while it is away") == 2
            await asyncio.to_thread(control, f"start {server}")
            # Both sides tell how far the room is; a page would ask for what it lacks.
            await bob.until("newest", lambda newest: newest == 2)
            await bob.send(since=1)
            found = await bob.until("messages")
            assert [each["text"] for each in found["messages"]] == ["while it is away"]
            # Bob's side may not be back yet: then Ada is told how far the room is as soon as it has.
            number = await bob.say("again")
            await until(
                lambda: any(
                    news.get("newest") == number or news.get("message", {}).get("text") == "again" for news in ada.heard
                )
            )

    run(main())
    if first.folder == second.folder:
        assert "the other servers are away" in first.text


@pytest.mark.parametrize("how", ["kill", "pause"])
@pytest.mark.parametrize(
    ("server", "pair"),
    [("redis", ("chat.js", "chat.py")), ("redis", ("mixed.mjs", "chat.js")), ("nats", ("chat.py", "chat.js"))],
)
def test_a_conversation_goes_on_while_what_is_between_the_processes_is_killed_or_stands_still(
    server, pair, how, serve, url_of, control, run
):
    pytest.importorskip("fastapi")
    first, second = (serve(f"chat/{name}", BUS_URL=url_of(server)) for name in pair)
    room = uuid.uuid4().hex[:8]
    # More would be told to go slower.
    count = 9

    async def talk(somebody, name):
        for n in range(count):
            await somebody.say(f"{name} {n}")
            await asyncio.sleep(0.15)

    async def main():
        memory = [each.memory() for each in (first, second)]
        async with (
            person(first, "Ada", room) as ada,
            person(first, "Eve", room) as eve,
            person(second, "Bob", room) as bob,
            person(second, "Zoe", room) as zoe,
        ):
            everybody = {"Ada": ada, "Eve": eve, "Bob": bob, "Zoe": zoe}
            for each in everybody.values():
                await each.until("here", lambda here: here["count"] == 4)
            talking = asyncio.gather(*(talk(each, name) for name, each in everybody.items()))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(control, f"{how} {server}")
            # Those of one process go on hearing each other meanwhile, and nobody waits for a word that something is stored.
            await talking
            for one, other, name in ((ada, eve, "Eve"), (zoe, bob, "Bob")):
                await one.until("message", lambda message, name=name: message["text"] == f"{name} {count - 1}")
                assert set(other.messages) >= {f"{name} {n}" for n in range(count)}
            if how == "pause":
                assert len(ada.messages) < 4 * count
                await asyncio.sleep(2)
            await asyncio.to_thread(control, f"{'start' if how == 'kill' else 'continue'} {server}")
            # All four hear it or are told how far the room is, and what they ask for then is everything, each once.
            total = 4 * count
            everything = {f"{name} {n}" for name in everybody for n in range(count)}
            for each in everybody.values():
                await until(
                    lambda each=each: any(
                        news.get("newest") == total or news.get("message", {}).get("number") == total
                        for news in each.heard
                    )
                )
                await each.send(since=0)
                found = await each.until("messages")
                assert [message["number"] for message in found["messages"]] == list(range(1, total + 1))
                assert {message["text"] for message in found["messages"]} == everything
            if how == "pause":
                # Nothing was lost on the way, so nobody has to ask.
                for each in everybody.values():
                    await until(lambda each=each: sorted(each.messages) == sorted(everything))
            # And from now on as before.
            await bob.insist("again", f"{room}-again")
            await until(
                lambda: any(
                    news.get("newest") == total + 1 or news.get("message", {}).get("text") == "again"
                    for news in ada.heard
                )
            )
        assert max(each.memory() - before for each, before in zip((first, second), memory, strict=True)) < 64

    run(main())
    if how == "kill":
        assert "the other servers are away" in first.text and "the other servers are away" in second.text
    for each in (first, second):
        assert "Traceback" not in each.text and "    at " not in each.text, each.text


@pytest.mark.parametrize("name", SERVERS)
def test_processes_whose_bus_comes_back_before_their_database_catch_up_when_that_is_there(
    name, serve, url_of, postgres_url, control, run
):
    pytest.importorskip("asyncpg")
    pytest.importorskip("fastapi")
    place = {"BUS_URL": url_of("redis"), "DATABASE_URL": postgres_url}
    first, second = serve("chat/chat.js", **place), serve(f"chat/{name}", **place)
    room = uuid.uuid4().hex[:8]
    not_known = "it is not known how far the rooms are"

    async def main():
        async with person(first, "Ada", room) as ada, person(second, "Bob", room) as bob:
            await bob.until("here", lambda here: here["count"] == 2)
            await asyncio.to_thread(control, "stop redis")
            assert await ada.say("while it is away") == 1
            await asyncio.to_thread(control, "stop postgresql")
            await asyncio.to_thread(control, "start redis")
            await until(lambda: not_known in first.text and not_known in second.text)
            await asyncio.to_thread(control, "start postgresql")
            await bob.until("newest", lambda newest: newest == 1)
            assert await bob.insist("again", f"{room}-again") == 2

    run(main())
    # It is told once, and not as long as it lasts.
    assert "Traceback" not in second.text and second.text.count(not_known) <= 2, second.text


def test_processes_of_one_machine_hear_each_other_with_nothing_between_them(serve, tmp_path, run):
    pytest.importorskip("fastapi")
    place = {"BUS_URL": f"local:{tmp_path}/bus", "DATABASE_URL": f"{tmp_path}/all.sqlite"}
    first, second, third = (serve(f"chat/{name}", **place) for name in SERVERS)

    async def main():
        async with person(first, "Ada") as ada, person(second, "Bob") as bob, person(third, "Eve") as eve:
            for each in (ada, bob, eve):
                await each.until("here", lambda here: here == {"count": 3, "names": ["Ada", "Bob", "Eve"]})
            for number, each in enumerate((ada, bob, eve, ada), 1):
                assert await each.say(f"message {number}") == number
            # In any order: each process has its own, and the page puts them in that of their numbers.
            for each in (ada, bob, eve):
                await until(lambda each=each: sorted(each.messages) == [f"message {number}" for number in range(1, 5)])
            # One of them dies, and the others go on.
            second.kill()
            assert await eve.say("still here") == 5
            await ada.until("message", lambda message: message["text"] == "still here")

    run(main())


@pytest.mark.parametrize("name", SERVERS)
def test_what_another_program_says_on_the_same_channel_harms_nobody(name, serve, tmp_path, run):
    pytest.importorskip("fastapi")
    bus = f"local:{tmp_path}/bus"
    chat = serve(f"chat/{name}", BUS_URL=bus)

    async def main():
        async with person(chat, "Ada") as ada, twinloop.BroadcastChannel("chat", url=bus) as channel:
            for strange in (None, 5, "text", [], {}, {"room": ["lobby"]}, {"room": "lobby", "from": "x", "here": 5}):
                channel.post_message(strange)
            channel.post_message({"room": "lobby", "from": "x", "here": {}})
            channel.post_message({"room": "lobby", "message": 5})
            channel.post_message({"room": "lobby", "typing": "Zoe"})
            # What comes after it is heard.
            await ada.until("typing", lambda name: name == "Zoe")
            assert await ada.say("still here") == 1
            async with person(chat, "Bob") as bob:
                await bob.until("here", lambda here: here == {"count": 2, "names": ["Ada", "Bob"]})
                await bob.until("newest", lambda newest: newest == 1)

    run(main())
    assert chat.process.poll() is None
    assert chat.text.count("chat: what another program said on this channel is nothing of the chat") >= 6, chat.text


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("name", SERVERS[:2])
def test_messages_in_postgresql_outlive_a_database_that_goes_and_one_that_drops_the_line(
    name, how, serve, postgres_url, control, run
):
    asyncpg = pytest.importorskip("asyncpg")
    pytest.importorskip("fastapi")
    chat = serve(f"chat/{name}", DATABASE_URL=postgres_url)
    room = uuid.uuid4().hex[:8]

    async def main():
        async with person(chat, "Ada", room) as ada:
            numbers = await asyncio.gather(*(ada.say(f"{n}", f"{room}-{n}") for n in range(8)))
            assert sorted(numbers) == list(range(1, 9))
            # The line is cut in the middle of the transaction that stores a message.
            other, watcher = await asyncpg.connect(postgres_url), await asyncpg.connect(postgres_url)
            async with other.transaction():
                await other.execute("UPDATE rooms SET newest = newest WHERE room = $1", room)
                await ada.send(say="cut", id=f"{room}-cut")
                cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO messages%'"
                while not await watcher.fetch(cut):
                    await asyncio.sleep(0.01)
                refused = await ada.until("refused", lambda id: id == f"{room}-cut")
                assert refused["later"] is True and refused["why"] == "the server could not store it"
            await asyncio.gather(other.close(), watcher.close())
            assert await ada.insist("cut", f"{room}-cut") == 9
            await asyncio.to_thread(control, f"{how} postgresql")
            await ada.send(say="lost?", id=f"{room}-lost")
            assert (await ada.until("refused", lambda id: id == f"{room}-lost"))["later"] is True
            await asyncio.to_thread(control, "start postgresql")
            assert await ada.insist("lost?", f"{room}-lost") == 10
            await ada.send(since=0)
            found = await ada.until("messages")
            assert [each["number"] for each in found["messages"]] == list(range(1, 11))

    run(main())


@pytest.mark.parametrize("name", SERVERS)
def test_a_database_that_stands_still_keeps_messages_waiting_and_stores_each_once(
    name, serve, postgres_url, control, run
):
    pytest.importorskip("asyncpg")
    pytest.importorskip("fastapi")
    chat = serve(f"chat/{name}", DATABASE_URL=postgres_url)
    room = uuid.uuid4().hex[:8]

    async def main():
        async with person(chat, "Ada", room) as ada, person(chat, "Bob", room) as bob:
            assert await ada.say("before") == 1
            await asyncio.to_thread(control, "pause postgresql")
            try:
                saying = [asyncio.create_task(ada.insist(f"{n}", f"{room}-{n}")) for n in range(6)]
                # What needs no database goes on, and nobody is told that something is stored which is not.
                await ada.send(typing=True)
                await bob.until("typing", lambda name: name == "Ada")
                await asyncio.sleep(2)
                assert not any(each.done() for each in saying) and bob.messages == ["before"]
                # Sent again by who is impatient: still one message.
                await ada.send(say="0", id=f"{room}-0")
            finally:
                await asyncio.to_thread(control, "continue postgresql")
            assert sorted(await asyncio.gather(*saying)) == list(range(2, 8))
            await ada.send(since=0)
            found = await ada.until("messages")
            assert sorted(each["text"] for each in found["messages"]) == sorted(["before", *"012345"])

    run(main())
    assert "Traceback" not in chat.text, chat.text


@pytest.mark.parametrize("name", SERVERS)
def test_a_database_that_says_nothing_any_more_keeps_no_server_from_its_end(name, serve, place_of, run):
    pytest.importorskip("asyncpg")
    pytest.importorskip("fastapi")
    place = place_of("postgresql")

    async def main():
        async with Line(place["port"]) as line:
            url = f"postgresql://postgres@127.0.0.1:{line.port}/postgres"
            chat = await asyncio.to_thread(serve, f"chat/{name}", DATABASE_URL=url)
            async with person(chat, "Ada", uuid.uuid4().hex[:8]) as ada:
                assert await ada.say("hello") == 1
                line.is_silent = True
                chat.process.terminate()
                assert await asyncio.to_thread(chat.process.wait, 30) == 0, chat.text
            assert "Traceback" not in chat.text, chat.text

    run(main())


@pytest.mark.parametrize("program", ["chat.js", "chat.py"])
def test_a_database_that_nothing_here_speaks_to_is_named_and_makes_no_file(apps, program):
    environment = {**os.environ, "DATABASE_URL": "oracle://me:secret@host/database"}
    command = [*words_of(program), "serve", program, "--host", "127.0.0.1", "--port", "0"]
    done = subprocess.run(command, cwd=apps / "chat", env=environment, capture_output=True, text=True, timeout=60)
    assert (
        done.returncode != 0 and "DATABASE_URL begins with oracle://" in done.stderr and "secret" not in done.stderr
    ), done
    assert not [file for file in (apps / "chat").iterdir() if file.name.startswith("oracle")]
