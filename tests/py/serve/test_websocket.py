"""The WebSocket half of ASGI, with the client of the package websockets; what no client does is sent by hand."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import socket

import pytest
from serve_support import connected, serving, until

websockets = pytest.importorskip("websockets")
from websockets.asyncio.client import connect  # noqa: E402


async def accept(receive, send, **options):
    assert await receive() == {"type": "websocket.connect"}
    await send({"type": "websocket.accept", **options})


async def echo(scope, receive, send):
    await accept(receive, send)
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


def url_of(server, path="/"):
    return f"ws://127.0.0.1:{server.port}{path}"


HANDSHAKE = (
    "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    f"sec-websocket-key: {base64.b64encode(bytes(16)).decode()}\r\n\r\n"
)


def test_the_scope_says_what_was_asked(run):
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)
        await accept(receive, send, subprotocol="two", headers=[(b"x-name", b"value")])
        await send({"type": "websocket.close"})

    async def main():
        async with serving(application, root_path="/base") as server:
            headers = {"X-Mine": "1"}
            async with connect(
                url_of(server, "/a%20b?x=1"), subprotocols=["one", "two"], additional_headers=headers
            ) as client:
                assert client.subprotocol == "two"
                assert client.response.headers["x-name"] == "value"
                assert client.response.headers["server"] == "twinloop"
                assert client.response.headers.get_all("sec-websocket-protocol") == ["two"]
            return server.port

    port = run(main())
    (scope,) = scopes
    assert "method" not in scope
    assert (scope["type"], scope["scheme"], scope["http_version"]) == ("websocket", "ws", "1.1")
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/base/a b", b"/base/a%20b", b"x=1")
    assert scope["subprotocols"] == ["one", "two"] and scope["server"] == ("127.0.0.1", port)
    assert (b"x-mine", b"1") in scope["headers"] and scope["extensions"] == {"websocket.http.response": {}}


@pytest.mark.parametrize("deflate", [True, False])
def test_texts_and_bytes_of_all_sizes_are_echoed(run, deflate):
    async def main():
        async with serving(echo, ws_per_message_deflate=deflate) as server:
            async with connect(url_of(server), max_size=None) as client:
                assert bool(client.protocol.extensions) == deflate
                for message in ("", "ä€😀", b"", b"\0\xff", "x" * 70_000, b"y" * 3_000_000):
                    await client.send(message)
                    assert await client.recv() == message
                await client.send(["a", "b", "c"])
                assert await client.recv() == "abc"
                for number in range(500):
                    await client.send(str(number))
                for number in range(500):
                    assert await client.recv() == str(number)

    run(main())


def test_a_message_has_the_key_of_its_kind_alone(run):
    got = []

    async def application(scope, receive, send):
        await accept(receive, send)
        got.extend([await receive(), await receive(), await receive(), await receive()])

    async def main():
        async with serving(application) as server, connect(url_of(server)) as client:
            await client.send("a")
            await client.send(b"b")
            await client.close(3000, "reason")
            await until(lambda: got)

    run(main())
    assert got == [
        {"type": "websocket.receive", "text": "a"},
        {"type": "websocket.receive", "bytes": b"b"},
        {"type": "websocket.disconnect", "code": 3000, "reason": "reason"},
        {"type": "websocket.disconnect", "code": 3000, "reason": "reason"},
    ]


def test_codes_of_closing_go_either_way(run):
    told = []

    async def application(scope, receive, send):
        await accept(receive, send)
        if scope["path"] == "/close":
            await send({"type": "websocket.close", "code": 4001, "reason": "enough"})
        told.append(await receive())

    async def main():
        async with serving(application) as server:
            async with connect(url_of(server, "/close")) as client:
                with pytest.raises(websockets.ConnectionClosed) as raised:
                    await client.recv()
                assert (raised.value.rcvd.code, raised.value.rcvd.reason) == (4001, "enough")
            await until(lambda: len(told) == 1)
            async with connect(url_of(server)) as client:
                client.transport.abort()
            await until(lambda: len(told) == 2)
            async with connected(server) as client:
                await client.send(HANDSHAKE)
                await client.head()
                # A close without a code.
                await client.send(b"\x88\x80\0\0\0\0")
                await until(lambda: len(told) == 3)

    run(main())
    assert [message["code"] for message in told] == [4001, 1006, 1005]


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (b"\x81\x82\0\0\0\0\xc3\x28", 1007),  # a text that is none
        (b"\x88\x83\0\0\0\0\x03\xe8\xff", 1007),  # a reason that is none
        (b"\x81\x02hi", 1002),  # not masked
        (b"\x88\x81\0\0\0\0\x03", 1002),  # half a code
        (b"\x82\xfe\x03\xe9\0\0\0\0" + bytes(1001), 1009),  # too long
    ],
)
def test_a_client_that_breaks_a_rule_is_closed_with_the_code_that_it_is_told(run, frames, code):
    told = []

    async def application(scope, receive, send):
        await accept(receive, send)
        told.append(await receive())

    async def main():
        async with serving(application, ws_max_size=1000) as server, connected(server) as client:
            await client.send(HANDSHAKE)
            await client.head()
            await client.send(frames)
            assert await client.rest() == b"\x88\x02" + code.to_bytes(2)
            await until(lambda: told)

    run(main())
    assert (told[0]["type"], told[0]["code"]) == ("websocket.disconnect", code)


def test_an_application_that_closes_before_it_accepts_refuses_by_403(run):
    told = []

    async def application(scope, receive, send):
        await receive()
        await send({"type": "websocket.close"})
        told.append(await receive())

    async def main():
        async with serving(application) as server:
            with pytest.raises(websockets.InvalidStatus) as raised:
                await connect(url_of(server))
            assert raised.value.response.status_code == 403
            await until(lambda: told)

    run(main())
    assert told[0]["type"] == "websocket.disconnect" and told[0]["code"] == 1006


def test_an_application_may_refuse_by_an_answer_of_its_own(run):
    async def application(scope, receive, send):
        await receive()
        headers = [(b"x-why", b"because")]
        await send({"type": "websocket.http.response.start", "status": 418, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b"no ", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"tea"})
        assert (await receive())["type"] == "websocket.disconnect"

    async def main():
        async with serving(application) as server:
            with pytest.raises(websockets.InvalidStatus) as raised:
                await connect(url_of(server))
            response = raised.value.response
            assert (response.status_code, response.body, response.headers["x-why"]) == (418, b"no tea", "because")

    run(main())


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (("sec-websocket-version: 13", "sec-websocket-version: 8"), 426),
        (("sec-websocket-key: AAAA", "sec-websocket-key: A"), 400),
        (("sec-websocket-key", "x-key"), 400),
    ],
)
def test_a_handshake_that_is_none_never_reaches_the_application(run, change, status):
    async def application(scope, receive, send):
        raise AssertionError("called")

    async def main():
        async with serving(application) as server, connected(server) as client:
            await client.send(HANDSHAKE.replace(*change))
            answer = await client.answer()
            assert answer[0] == status and answer[1]["sec-websocket-version"] == "13"

    run(main())


def test_a_client_that_goes_before_it_is_accepted_is_told_of(run):
    told = []

    async def application(scope, receive, send):
        await receive()
        if scope["path"] == "/receive":
            told.append(await receive())
            return
        await until(lambda: gone)
        await send({"type": "websocket.accept"})
        told.append(await receive())

    gone = []

    async def main():
        async with serving(application) as server:
            for path in ("/", "/receive"):
                async with connected(server) as client:
                    await client.send(HANDSHAKE.replace("GET /", f"GET {path}"))
                    await asyncio.sleep(0.02)
                await asyncio.sleep(0.02)
                gone.append(path)
                await until(lambda: len(told) == len(gone))

    run(main())
    assert told == [{"type": "websocket.disconnect", "code": 1006, "reason": ""}] * 2


def test_a_client_that_goes_is_told_of_to_who_receives_and_not_to_who_sends(run, caplog):
    outcome = []

    async def application(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})

        async def listen():
            assert (await receive())["type"] == "websocket.disconnect"
            outcome.append("heard")

        async def push():
            await asyncio.sleep(0.02)
            clients.pop().cut()
            while not outcome:
                await send({"type": "websocket.send", "text": "x" * 1000})
                # So the server finds out, and the next message is there before who receives has its turn.
                await asyncio.sleep(0)

        outcome.extend(await asyncio.gather(listen(), push(), return_exceptions=True))
        # Now it is known.
        with pytest.raises(ConnectionResetError):
            await send({"type": "websocket.send", "text": "x"})
        outcome.append("told")

    clients = []

    async def main():
        async with serving(application) as server, connected(server) as client:
            clients.append(client)
            await client.send(HANDSHAKE)
            await until(lambda: "told" in outcome)

    run(main())
    assert outcome == ["heard", None, None, "told"]
    assert caplog.text == ""


def test_who_closes_a_websocket_that_its_client_has_left_has_done_nothing_wrong(run, caplog):
    outcome = []

    async def application(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        await until(lambda: servers[0].connections == 0)
        if scope["path"] == "/heard":
            assert (await receive())["type"] == "websocket.disconnect"
        await send({"type": "websocket.close", "code": 1011})
        outcome.append(scope["path"])

    servers = []

    async def main():
        async with serving(application) as server:
            servers.append(server)
            for path in ("/", "/heard"):
                async with connected(server) as client:
                    await client.send(HANDSHAKE.replace("GET /", f"GET {path}"))
                    await client.reader.readuntil(b"\r\n\r\n")
                    client.cut()
                await until(lambda path=path: path in outcome)

    run(main())
    assert outcome == ["/", "/heard"]
    assert caplog.text == ""


def test_another_upgrade_is_an_ordinary_request(run):
    async def application(scope, receive, send):
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"plain"})

    async def main():
        async with serving(application) as server, connected(server) as client:
            assert (await client.get("/", "Connection: upgrade, http2-settings", "Upgrade: h2c"))[2] == b"plain"

    run(main())


def test_a_websocket_comes_by_a_stream_of_http_2(run):
    connection = pytest.importorskip("h2.connection")
    events = pytest.importorskip("h2.events")
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)
        await echo(scope, receive, send)

    async def main():
        async with serving(application) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            client = connection.H2Connection()
            client.initiate_connection()
            pending = []

            async def hear(kind):
                while True:
                    writer.write(client.data_to_send())
                    while pending:
                        if isinstance(event := pending.pop(0), kind):
                            return event
                    pending.extend(client.receive_data(await reader.read(65536)))

            await hear(events.RemoteSettingsChanged)
            asked = {
                ":method": "CONNECT",
                ":protocol": "websocket",
                ":scheme": "http",
                ":authority": "x",
                ":path": "/a?b",
            }
            client.send_headers(1, [*asked.items(), ("sec-websocket-version", "13")])
            response = await hear(events.ResponseReceived)
            assert dict(response.headers)[b":status"] == b"200"
            client.send_data(1, b"\x81\x82\0\0\0\0hi")
            assert (await hear(events.DataReceived)).data == b"\x81\x02hi"
            client.send_data(1, b"\x88\x82\0\0\0\0\x03\xe8", end_stream=True)
            await hear(events.StreamEnded)
            writer.close()

    run(main())
    assert [scopes[0][key] for key in ("type", "http_version", "path", "query_string")] == [
        "websocket",
        "2",
        "/a",
        b"b",
    ]


# ---- what applications do wrong ----------------------------------------------------------------------------------------


async def raises_at_once(scope, receive, send):
    raise ValueError("a fault of the application")


async def ends_at_once(scope, receive, send):
    await receive()


async def sends_before_it_accepts(scope, receive, send):
    await send({"type": "websocket.send", "text": "a"})


@pytest.mark.parametrize(
    ("application", "said"),
    [
        (raises_at_once, "a fault of the application"),
        (ends_at_once, "ASGI callable returned without sending handshake."),
        (sends_before_it_accepts, "but got 'websocket.send'"),
    ],
)
def test_a_fault_before_the_handshake_is_answered_by_500(run, caplog, application, said):
    async def main():
        async with serving(application) as server:
            with pytest.raises(websockets.InvalidStatus) as raised:
                await connect(url_of(server))
            assert raised.value.response.status_code == 500

    run(main())
    assert said in caplog.text


async def raises_later(receive, send):
    await receive()
    raise ValueError("a fault of the application")


async def returns(receive, send):
    pass


async def accepts_twice(receive, send):
    await send({"type": "websocket.accept"})


async def sends_nothing(receive, send):
    await send({"type": "websocket.send"})


async def sends_a_number(receive, send):
    await send({"type": "websocket.send", "text": 5})


async def sends_after_closing(receive, send):
    await send({"type": "websocket.close", "code": 1011})
    await send({"type": "websocket.send", "text": "a"})


async def closes_by_a_code_that_is_none(receive, send):
    await send({"type": "websocket.close", "code": 1006})


@pytest.mark.parametrize(
    ("rest", "code", "said"),
    [
        (raises_later, 1011, "a fault of the application"),
        (returns, 1000, None),
        (
            accepts_twice,
            1011,
            "Expected ASGI message 'websocket.send' or 'websocket.close', but got 'websocket.accept'.",
        ),
        (sends_nothing, 1011, "has neither 'bytes' nor 'text'"),
        (sends_a_number, 1011, "is a str, not 'int'"),
        (sends_after_closing, 1011, "Unexpected ASGI message 'websocket.send', after sending 'websocket.close'"),
        (closes_by_a_code_that_is_none, 1011, "the close code 1006 may not be sent"),
    ],
)
def test_the_end_of_an_application_closes_the_socket(run, caplog, rest, code, said):
    async def application(scope, receive, send):
        await accept(receive, send)
        await rest(receive, send)

    async def main():
        async with serving(application) as server, connect(url_of(server)) as client:
            with contextlib.suppress(websockets.ConnectionClosed):
                await client.send("go")
            with pytest.raises(websockets.ConnectionClosed) as raised:
                await client.recv()
            assert raised.value.rcvd.code == code

    run(main())
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == (said is not None) and (said or "") in caplog.text


def test_who_sends_to_a_socket_that_is_closed_gets_an_error_that_is_not_logged(run, caplog):
    ended = []

    async def application(scope, receive, send):
        await accept(receive, send)
        assert (await receive())["type"] == "websocket.disconnect"
        try:
            await send({"type": "websocket.send", "text": "a"})
        except OSError as error:
            ended.append(error)
            raise

    async def main():
        async with serving(application) as server:
            async with connect(url_of(server)):
                pass
            await until(lambda: ended)
            await asyncio.sleep(0.01)

    run(main())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


# ---- limits ------------------------------------------------------------------------------------------------------------


def test_a_message_beyond_the_limit_closes_the_socket(run):
    told = []

    async def application(scope, receive, send):
        await accept(receive, send)
        told.append(await receive())

    async def main():
        async with serving(application, ws_max_size=1000) as server, connect(url_of(server)) as client:
            await client.send(b"x" * 1001)
            with pytest.raises(websockets.ConnectionClosed) as raised:
                await client.recv()
            assert raised.value.rcvd.code == 1009
            await until(lambda: told)

    run(main())
    assert told[0]["type"] == "websocket.disconnect"


def test_a_client_waits_for_an_application_that_does_not_receive(run):
    go = asyncio.Event()
    count = 0

    async def application(scope, receive, send):
        nonlocal count
        await accept(receive, send)
        await go.wait()
        while (await receive())["type"] == "websocket.receive":
            count += 1
            if count == 2000:
                await send({"type": "websocket.send", "text": "all"})

    async def main():
        async with serving(application) as server, connect(url_of(server), compression=None) as client:
            sent = 0

            async def send():
                nonlocal sent
                for _ in range(2000):
                    await client.send(bytes(20_000))
                    sent += 20_000

            sending = asyncio.create_task(send())
            await asyncio.sleep(0.3)
            assert sent < 20_000_000
            go.set()
            assert await client.recv() == "all"
            await sending

    run(main())


def test_an_application_waits_for_a_client_that_does_not_read(run):
    sent = 0

    async def application(scope, receive, send):
        nonlocal sent
        await accept(receive, send)
        for _ in range(1000):
            await send({"type": "websocket.send", "bytes": bytes(50_000)})
            sent += 50_000
        await receive()

    async def main():
        async with serving(application) as server, connected(server) as client:
            await client.send(HANDSHAKE)
            await client.head()
            await asyncio.sleep(0.3)
            assert sent < 20_000_000
            await client.reader.readexactly(50_000_000)
            await until(lambda: sent == 50_000_000)

    run(main())


def test_a_client_that_does_not_answer_is_told_so_and_given_up(run):
    told = []

    async def application(scope, receive, send):
        await accept(receive, send)
        told.append(await receive())

    async def main():
        options = {"ws_ping_interval": 1, "ws_ping_timeout": 1}
        async with serving(application, **options) as server, connected(server) as client:
            await client.send(HANDSHAKE)
            await client.head()
            # A ping, and then the end in uvicorn's words: once the connection was cut without any.
            assert await client.rest() == b"\x89\0\x88\x18" + (1011).to_bytes(2) + b"keepalive ping timeout"
            await until(lambda: told)

    run(main())
    assert told[0]["code"] == 1011


def test_a_hundred_sockets_are_served_at_once_and_leave_nothing(run, count_descriptors):
    async def main():
        async with serving(echo) as server:
            before = count_descriptors()
            async with contextlib.AsyncExitStack() as stack:
                clients = [await stack.enter_async_context(connect(url_of(server))) for _ in range(100)]
                for round_number in range(20):
                    await asyncio.gather(*(client.send(f"{round_number}") for client in clients))
                    assert await asyncio.gather(*(client.recv() for client in clients)) == [f"{round_number}"] * 100
            await until(lambda: server.connections == 0)
            await asyncio.sleep(0.05)
            assert count_descriptors() <= before + 1

    run(main())


def test_the_end_of_the_server_closes_its_sockets(run):
    told = []

    async def application(scope, receive, send):
        await accept(receive, send)
        told.append(await receive())

    async def main():
        async with serving(application) as server, connect(url_of(server)) as client:
            closing = asyncio.create_task(server.close())
            with pytest.raises(websockets.ConnectionClosed) as raised:
                await client.recv()
            assert raised.value.rcvd.code == 1001
            await closing

    run(main())
    assert told[0]["type"] == "websocket.disconnect"


def test_messages_that_come_with_the_handshake_are_not_lost(run):
    async def main():
        async with serving(echo) as server:
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.sendall(HANDSHAKE.encode() + b"\x81\x81\0\0\0\0a\x81\x81\0\0\0\0b")
                client.setblocking(False)
                loop = asyncio.get_running_loop()
                data = b""
                while not data.endswith(b"\x81\x01a\x81\x01b"):
                    data += await loop.sock_recv(client, 4096)

    run(main())
