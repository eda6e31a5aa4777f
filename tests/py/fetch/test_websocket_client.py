"""``twinloop.WebSocket`` against the servers of ``websockets``, of aiohttp, of Twinloop itself and the fixtures, which misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref

import pytest
import twinloop
from fetch_support import asked, fixtures, talking
from twinloop import WebSocket


@contextlib.asynccontextmanager
async def peer(talk, **options):
    """A server of ``websockets`` that has ``talk(connection)`` speak with each client; its url."""
    server = pytest.importorskip("websockets.asyncio.server")
    async with server.serve(talk, "127.0.0.1", 0, **options) as serving:
        yield f"ws://127.0.0.1:{serving.sockets[0].getsockname()[1]}/"


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def silent(connection):
    await connection.wait_closed()


def test_text_and_bytes_of_all_sizes_come_back(run):
    async def main():
        for compression in ("deflate", None):
            async with peer(echo, compression=compression, max_size=None) as url, WebSocket(url) as ws:
                assert ws.extensions.startswith("permessage-deflate") == (compression is not None)
                for size in (0, 1, 125, 126, 65_535, 65_536, 1_000_000):
                    for message in ("añ漢🎈 " * (size // 5 + 1), bytes(range(256)) * (size // 256 + 1), b""):
                        await ws.send(message)
                        assert await ws.receive() == message
                await ws.send(bytearray(b"array"))
                assert await ws.recv() == b"array"
                await ws.send(memoryview(b"..view")[2:])
                assert await ws.recv() == b"view"
                await ws.send_json({"a": [1, "ü"]})
                assert await ws.receive() == '{"a":[1,"ü"]}'

    run(main())


def test_an_iteration_ends_with_an_ordinary_close_and_raises_for_another(run):
    async def main():
        async def talk(connection):
            code = int(await connection.recv())
            await connection.send("last")
            await connection.close(code, "why")

        async with peer(talk) as url:
            for code in (1000, 1001):
                async with WebSocket(url) as ws:
                    await ws.send(str(code))
                    assert [message async for message in ws] == ["last"]
                    assert (ws.closed, ws.close_code, ws.close_reason) == (True, code, "why")
                    with pytest.raises(twinloop.ConnectionClosedOK) as closed:
                        await ws.receive()
                    assert (closed.value.code, closed.value.reason) == (code, "why")
                    with pytest.raises(twinloop.ConnectionClosedOK):
                        await ws.send("late")
            async with WebSocket(url) as ws:
                await ws.send("4004")
                messages = []
                with pytest.raises(twinloop.ConnectionClosedError, match="4004 why") as closed:
                    async for message in ws:
                        messages.append(message)
                assert (messages, closed.value.code) == (["last"], 4004)
                assert isinstance(closed.value, ConnectionError) and isinstance(closed.value, twinloop.FetchError)

    run(main())


def test_closing_tells_the_server_and_waits_for_it(run):
    async def main():
        ended = asyncio.get_running_loop().create_future()

        async def talk(connection):
            messages = []
            with contextlib.suppress(Exception):
                async for message in connection:
                    messages.append(message)
            if not ended.done():
                ended.set_result((messages, connection.close_code, connection.close_reason))

        async with peer(talk) as url:
            ws = await WebSocket(url)
            assert not ws.closed and ws.close_code is None and "open" in repr(ws)
            ws.send("not awaited")
            await ws.send("awaited")
            await ws.close(4001, "enough")
            assert (ws.closed, ws.close_code) == (True, 4001) and "closed" in repr(ws)
            assert await ended == (["not awaited", "awaited"], 4001, "enough")
            await ws.close()
            async with WebSocket(url) as ws:
                for wrong in (1005, 999, 5000):
                    with pytest.raises(ValueError, match=str(wrong)):
                        ws.close(wrong)
                with pytest.raises(ValueError, match="123 bytes"):
                    ws.close(1000, "x" * 124)

    run(main())


def test_a_server_that_never_answers_the_close_is_left_after_a_while(run):
    async def main():
        async with WebSocket(f"ws://{fixtures()['http']}/ws-stall", close_timeout=0.05) as ws:
            pass
        assert ws.close_code == 1006

    run(main())


def test_a_cut_and_what_breaks_the_rules_are_errors_with_their_codes(run):
    async def main():
        base = f"ws://{fixtures()['http']}"
        for route, code, text in [
            ("ws-cut?n=2", 1006, "was cut"),
            ("ws-bad-opcode", 1002, "failed"),
            ("ws-bad-utf8", 1007, "utf-8"),
            ("ws-half-frame", 1006, "was cut"),
        ]:
            async with WebSocket(f"{base}/{route}") as ws:
                with pytest.raises(twinloop.ConnectionClosedError, match=text) as closed:
                    async for _ in ws:
                        pass
                assert (closed.value.code, ws.close_code) == (code, code)
        async with WebSocket(f"{base}/ws-flood?size=5000", max_size=1000) as ws:
            with pytest.raises(twinloop.ConnectionClosedError) as closed:
                await ws.receive()
            assert closed.value.code == 1009
        async with WebSocket(f"{base}/ws-fragments") as ws:
            assert [message async for message in ws] == ["one two three"]

    run(main())


def test_what_cannot_be_opened_says_why(run):
    async def main():
        servers = fixtures()
        for url, error, text in [
            (f"ws://{servers['refused']}/", twinloop.FetchConnectionError, "cannot connect"),
            ("ws://no-such-host.invalid/", (twinloop.FetchNameError, twinloop.FetchTimeoutError), "no-such-host"),
            (f"wss://{servers['bad_tls']}/", twinloop.FetchCertificateError, "certificate"),
            (f"ws://{servers['http']}/ws-bad-accept", twinloop.WebSocketHandshakeError, "sec-websocket-accept"),
            (f"ws://{servers['http']}/data", twinloop.WebSocketHandshakeError, "200 OK"),
        ]:
            with pytest.raises(error, match=text):
                await WebSocket(url)
        with pytest.raises(twinloop.WebSocketHandshakeError, match="403 Forbidden") as refused:
            async with WebSocket(f"ws://{servers['http']}/ws-refuse"):
                pass
        assert refused.value.status == 403 and isinstance(refused.value, twinloop.FetchConnectionError)

        async def nothing(reader, writer):
            await reader.read()

        async with talking(nothing) as url:
            with pytest.raises(twinloop.FetchTimeoutError, match="was not opened within 0.05 s"):
                await WebSocket(url, open_timeout=0.05)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await WebSocket(url)

    run(main())


def test_wrong_arguments_are_errors_at_the_call():
    for wrong, error in [
        (lambda: WebSocket("ftp://localhost/"), ValueError),
        (lambda: WebSocket("localhost"), ValueError),
        (lambda: WebSocket(1), TypeError),
        (lambda: WebSocket("ws://localhost/", protocols=3), TypeError),
        (lambda: WebSocket("ws://localhost/", ping_interval=0), ValueError),
        (lambda: WebSocket("ws://localhost/", close_timeout=-1), ValueError),
        (lambda: WebSocket("ws://localhost/", nonsense=1), TypeError),
        (lambda: WebSocket("ws://localhost/").send("early"), RuntimeError),
        (lambda: WebSocket("ws://localhost/").receive(), RuntimeError),
    ]:
        with pytest.raises(error):
            wrong()
    with pytest.raises(RuntimeError, match="twinloop.run"):
        asyncio.run(WebSocket("ws://localhost/").__aenter__())
    assert WebSocket("http://user:secret@localhost/a#b").url == "ws://user@localhost/a"


def test_headers_cookies_auth_params_and_protocols_are_sent(run):
    async def main():
        seen = {}

        async def talk(connection):
            request = connection.request
            seen.update(path=request.path, headers=dict(request.headers), protocol=connection.subprotocol)

        async with peer(talk, subprotocols=["chat.v2"]) as url:
            async with WebSocket(
                url,
                protocols=["chat.v2", "chat.v1"],
                headers={"X-A": "1"},
                params={"room": "ä"},
                cookies={"a": "b"},
                auth=("user", "password"),
                compress=False,
            ) as ws:
                assert (ws.protocol, ws.extensions) == ("chat.v2", "")
                await asyncio.sleep(0)
                [message async for message in ws]
            assert (seen["path"], seen["protocol"]) == ("/?room=%C3%A4", "chat.v2")
            headers = {name.lower(): value for name, value in seen["headers"].items()}
            assert (headers["x-a"], headers["cookie"]) == ("1", "a=b")
            assert headers["authorization"] == "Basic dXNlcjpwYXNzd29yZA=="
            base = url.replace("ws:", "http:")
            async with twinloop.Session(base, headers={"x-b": "2"}, auth=("a", "b")) as session:
                async with WebSocket("/below", session=session, headers={"x-a": "3"}, protocols="chat.v2") as ws:
                    [message async for message in ws]
                headers = {name.lower(): value for name, value in seen["headers"].items()}
                assert (seen["path"], headers["x-a"], headers["x-b"]) == ("/below", "3", "2")
                assert headers["authorization"] == "Basic YTpi"
            with pytest.raises(RuntimeError, match="session is closed"):
                await WebSocket("/", session=session)

    run(main())


def test_a_server_that_asks_is_answered_while_the_program_does_something_else(run):
    async def main():
        async def talk(connection):
            await asyncio.wait_for(await connection.ping(), 10)
            await connection.send("answered")

        async with peer(talk) as url, WebSocket(url) as ws:
            async with asyncio.timeout(10):
                while not ws.closed:
                    await asyncio.sleep(0.01)
            assert await ws.receive() == "answered"

    run(main())


def test_ping_gives_the_seconds_until_the_answer(run):
    async def main():
        async with peer(silent) as url, WebSocket(url) as ws:
            assert all([0 < await ws.ping() < 10 for _ in range(3)])
        with pytest.raises(twinloop.ConnectionClosedOK):
            await ws.ping()

    run(main())


def test_a_server_that_does_not_answer_pings_is_given_up(run):
    async def main():
        base = f"ws://{fixtures()['http']}"
        async with WebSocket(f"{base}/ws-stall", ping_interval=0.01, ping_timeout=0.05) as ws:
            with pytest.raises(twinloop.ConnectionClosedError, match="ping") as closed:
                await ws.receive()
            assert closed.value.code == 1011
        async with peer(silent) as url, WebSocket(url, ping_interval=0.01, ping_timeout=0.05) as ws:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await ws.receive()
            assert not ws.closed

    run(main())


def test_a_server_that_floods_waits_for_the_program(run):
    async def main():
        sent = 0

        async def talk(connection):
            nonlocal sent
            for _ in range(2000):
                await connection.send(bytes(10_000))
                sent += 1

        async with peer(talk, compression=None) as url, WebSocket(url) as ws:
            await asyncio.sleep(0.3)
            assert sent < 1500
            assert len([message async for message in ws]) == sent == 2000

    run(main())


def test_send_waits_for_a_server_that_does_not_read(run):
    async def main():
        async with WebSocket(f"ws://{fixtures()['http']}/ws-stall", close_timeout=0.05, compress=False) as ws:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    while True:
                        await ws.send(bytes(100_000))
            assert ws.buffered_amount >= 64 * 1024
            with pytest.raises(BufferError, match="bytes wait already"):
                for _ in range(1000):
                    ws.send(bytes(100_000)).close()

    run(main())


def test_two_coroutines_send_and_one_receives(run):
    async def main():
        async with peer(echo) as url, WebSocket(url) as ws:

            async def send(name):
                for number in range(200):
                    await ws.send(f"{name}{number}")

            async with asyncio.TaskGroup() as group:
                group.create_task(send("a"))
                group.create_task(send("b"))
                found = [await ws.receive() for _ in range(400)]
            assert [each for each in found if each[0] == "a"] == [f"a{number}" for number in range(200)]
            first = asyncio.create_task(ws.receive())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="another coroutine waits"):
                await ws.receive()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            await ws.send("nothing is lost")
            assert await asyncio.wait_for(ws.receive(), 5) == "nothing is lost"

    run(main())


def test_a_receiver_is_told_of_a_close_of_its_own_side(run):
    async def main():
        async with peer(silent) as url, WebSocket(url) as ws:
            receiving = asyncio.create_task(ws.receive())
            await asyncio.sleep(0)
            await ws.close()
            with pytest.raises(twinloop.ConnectionClosedOK):
                await receiving
        async with peer(silent) as url, WebSocket(url) as ws:
            ws.abort()
            with pytest.raises(twinloop.ConnectionClosedError):
                await ws.receive()

    run(main())


def test_a_websocket_that_is_forgotten_is_cut(run, count_descriptors):
    async def main():
        codes = []

        async def talk(connection):
            await connection.wait_closed()
            codes.append(connection.close_code)

        async with peer(talk) as url:
            before = count_descriptors()
            ws = await WebSocket(url)
            known = weakref.ref(ws)
            del ws
            gc.collect()
            assert known() is None
            async with asyncio.timeout(10):
                while not codes:
                    await asyncio.sleep(0.01)
            assert codes == [1006] and count_descriptors() <= before

    run(main())


def test_connections_are_made_again_when_one_ends(run):
    async def main():
        served = 0

        async def talk(connection):
            nonlocal served
            served += 1
            await connection.send(f"hello {served}")
            if served == 2:
                connection.transport.abort()
            await connection.close()

        async with peer(talk) as url:
            found = []
            retry = twinloop.Retry(attempts=5, backoff=0.01)
            async for ws in WebSocket.reconnecting(url, retry=retry):
                try:
                    async for message in ws:
                        found.append(message)
                except twinloop.ConnectionClosed as closed:
                    assert closed.code == 1006
                if served == 4:
                    break
            assert found[0] == "hello 1" and found[-1] == "hello 4" and len(found) >= 3

    run(main())


def test_reconnecting_waits_for_a_server_that_is_away_and_gives_up_for_good_reasons(run):
    async def main():
        servers = fixtures()
        retry = twinloop.Retry(attempts=3, backoff=0.01)
        with pytest.raises(twinloop.FetchConnectionError):
            async for _ in WebSocket.reconnecting(f"ws://{servers['refused']}/", retry=retry):
                raise AssertionError("nobody is there")
        with pytest.raises(twinloop.WebSocketHandshakeError, match="403"):
            async for _ in WebSocket.reconnecting(f"ws://{servers['http']}/ws-refuse"):
                raise AssertionError("it refuses")

        requests = 0

        def refuse_twice(connection, request):
            nonlocal requests
            requests += 1
            return connection.respond(503, "later") if requests < 3 else None

        async with peer(echo, process_request=refuse_twice) as url:
            async for ws in WebSocket.reconnecting(url, retry=retry):
                await ws.send("there")
                assert await ws.receive() == "there"
                break
            assert requests == 3

    run(main())


def test_aiohttps_server_and_twinloops_own_answer(run):
    web = pytest.importorskip("aiohttp.web")

    async def main():
        async def handler(request):
            socket = web.WebSocketResponse(protocols=["echo"])
            await socket.prepare(request)
            async for message in socket:
                await (socket.send_str if message.type.name == "TEXT" else socket.send_bytes)(message.data)
            return socket

        application = web.Application()
        application.router.add_get("/", handler)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        async with WebSocket(f"ws://127.0.0.1:{port}/", protocols="echo") as ws:
            for message in ("text" * 1000, b"bytes"):
                await ws.send(message)
                assert await ws.receive() == message
            assert ws.protocol == "echo"
        await runner.cleanup()

        async def asgi(scope, receive, send):
            await receive()
            await send({"type": "websocket.accept"})
            while (event := await receive())["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": event["text"] + "!"})

        async with (
            await twinloop.serve(asgi, port=0, access_log=False, lifespan="off") as server,
            WebSocket(server.url) as ws,
        ):
            await ws.send("from Python")
            assert await ws.receive() == "from Python!"

    run(main())


def test_it_goes_over_tls(run):
    async def main():
        servers = fixtures()
        async with twinloop.Session(ca_file=servers["ca_file"]) as session:
            url = f"wss://{servers['https']}/ws-echo"
            async with WebSocket(url, session=session) as ws:
                await ws.send("secret")
                assert await ws.receive() == "secret"

    run(main())


def test_the_loop_may_end_before_the_websocket(run, count_descriptors):
    kept = []

    async def main():
        async with asked():
            pass
        kept.append(await WebSocket(f"ws://{fixtures()['http']}/ws-echo"))

    before = count_descriptors()
    run(main())
    with pytest.raises(RuntimeError):
        asyncio.run(kept[0].receive())
    kept.clear()
    assert count_descriptors() <= before
