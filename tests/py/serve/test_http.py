"""The HTTP half of ASGI by what applications are told and clients get; the cases are those that uvicorn's and hypercorn's suites look at."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import logging
import os
import weakref

import pytest
import twinloop
from serve_support import ask, connected, serving, until


def responding(body=b"hello", status=200, headers=()):
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    return application


async def read_body(receive):
    pieces, more = [], True
    while more:
        message = await receive()
        assert message["type"] == "http.request"
        pieces.append(message["body"])
        more = message["more_body"]
    return b"".join(pieces)


def test_the_scope_says_what_was_asked(run):
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)
        await responding()(scope, receive, send)

    async def main():
        async with serving(application) as server:
            async with connected(server) as client:
                client_address = client.writer.get_extra_info("sockname")
                await client.get("/caf%C3%A9/a%2Fb%zz?x=1&y=%20", "X-Two: a", "x-two: b", "Accept:  text/html ")
                await client.get("/", method="REPORT")
            await ask(server, "http://example.org:80/there?q")
            await ask(server, "*", method="OPTIONS")
            return server.port, client_address

    port, client = run(main())
    scope = scopes[0]
    assert scope == {
        "type": "http",
        # As of servers that Starlette knows: it listens for clients that go then.
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/café/a/b%zz",
        "raw_path": b"/caf%C3%A9/a%2Fb%zz",
        "query_string": b"x=1&y=%20",
        "root_path": "",
        "headers": [(b"host", b"example.org"), (b"x-two", b"a"), (b"x-two", b"b"), (b"accept", b"text/html")],
        "client": client,
        "server": ("127.0.0.1", port),
        "state": {},
        "extensions": scope["extensions"],
    }
    assert scopes[1]["method"] == "REPORT" and scopes[1]["query_string"] == b""
    assert (scopes[2]["path"], scopes[2]["query_string"]) == ("/there", b"q")
    assert scopes[3]["path"] == "*"
    assert scope["state"] is not scopes[1]["state"] and scope["extensions"] is not scopes[1]["extensions"]


def test_a_root_path_stands_before_the_path(run):
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)
        await responding()(scope, receive, send)

    async def main():
        async with serving(application, root_path="/app") as server:
            await ask(server, "/one%20")

    run(main())
    assert scopes[0]["root_path"] == "/app"
    assert (scopes[0]["path"], scopes[0]["raw_path"]) == ("/app/one ", b"/app/one%20")


def test_an_answer_in_one_piece_has_its_length_and_the_servers_headers(run):
    async def main():
        async with serving(responding(headers=[(b"x-name", b"value")])) as server:
            status, headers, body = await ask(server)
            assert (status, body) == (200, b"hello")
            assert headers.pop("date").endswith("GMT")
            assert headers == {"x-name": "value", "server": "twinloop", "content-length": "5"}
        options = {"server_header": False, "date_header": False, "headers": [("X-All", "1")]}
        async with serving(responding(), **options) as server:
            assert (await ask(server))[1] == {"x-all": "1", "content-length": "5"}
        async with serving(responding(headers=[(b"server", b"mine"), (b"date", b"now")])) as server:
            assert (await ask(server))[1] == {"server": "mine", "date": "now", "content-length": "5"}

    run(main())


def test_a_body_comes_whole_or_in_pieces(run):
    async def application(scope, receive, send):
        body = await read_body(receive)
        await responding(b"%d %d" % (len(body), sum(body)))(scope, receive, send)

    async def main():
        async with serving(application) as server, connected(server) as client:
            assert (await client.get(method="POST", body=b"\x01" * 10))[2] == b"10 10"
            assert (await client.get(method="POST", body=b"\x01" * 500_000))[2] == b"500000 500000"
            head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
            await client.send(head + b"3\r\n\x01\x01\x01\r\n")
            await asyncio.sleep(0.02)
            await client.send(b"2\r\n\x02\x02\r\n0\r\n\r\n")
            assert (await client.answer())[2] == b"5 7"
            assert (await client.get())[2] == b"0 0"

    run(main())


def test_a_client_that_waits_to_be_asked_for_the_body_is_asked_when_it_is_wanted(run):
    async def application(scope, receive, send):
        if scope["path"] == "/read":
            await read_body(receive)
        await responding()(scope, receive, send)

    async def main():
        async with serving(application) as server:
            async with connected(server) as client:
                await client.send("POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n")
                assert (await client.head())[0] == "HTTP/1.1 100 Continue"
                await client.send("abc")
                assert (await client.answer())[0] == 200
            async with connected(server) as client:
                await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n")
                status, headers, _ = await client.answer()
                assert (status, headers["connection"]) == (200, "close")

    run(main())


def test_an_answer_in_pieces_is_sent_by_chunks_or_by_its_length(run):
    async def application(scope, receive, send):
        headers = [(b"content-length", b"6")] if scope["path"] == "/length" else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in (b"one", b"", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body"})

    async def main():
        async with serving(application) as server, connected(server) as client:
            status, headers, body = await client.get("/")
            assert (status, headers["transfer-encoding"], body) == (200, "chunked", b"onetwo")
            status, headers, body = await client.get("/length")
            assert ("transfer-encoding" in headers, headers["content-length"], body) == (False, "6", b"onetwo")
            await client.send("HEAD / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await client.head())[0] == "HTTP/1.1 200 OK"
            # HTTP/1.0 has no chunks: the end of the connection ends the body.
            await client.send("GET / HTTP/1.0\r\n\r\n")
            assert (await client.rest()).endswith(b"\r\n\r\nonetwo")

    run(main())


def test_head_and_statuses_without_a_body_send_none(run):
    async def main():
        async with serving(responding(b"hello", headers=[(b"content-length", b"5")])) as server:
            async with connected(server) as client:
                await client.send("HEAD / HTTP/1.1\r\nhost: x\r\n\r\n")
                assert (await client.head())[1]["content-length"] == "5"
                assert (await client.get())[2] == b"hello"
        async with serving(responding(b"", 204)) as server, connected(server) as client:
            await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            first, headers = await client.head()
            assert first == "HTTP/1.1 204 No Content" and "content-length" not in headers

    run(main())


def test_pipelined_requests_are_answered_in_their_order(run):
    async def application(scope, receive, send):
        await asyncio.sleep(0.01 if scope["path"] == "/0" else 0)
        await responding(scope["path"].encode())(scope, receive, send)

    async def main():
        async with serving(application) as server, connected(server) as client:
            await client.send("".join(f"GET /{number} HTTP/1.1\r\nhost: x\r\n\r\n" for number in range(50)))
            for number in range(50):
                assert (await client.answer())[2] == b"/%d" % number

    run(main())


# ---- what applications do wrong ----------------------------------------------------------------------------------------


async def raises(scope, receive, send):
    raise ValueError("a fault of the application")


async def raises_after_start(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ValueError("a fault of the application")


async def says_nothing(scope, receive, send):
    pass


async def only_starts(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def returns_something(scope, receive, send):
    await responding()(scope, receive, send)
    return 1


async def begins_with_a_body(scope, receive, send):
    await send({"type": "http.response.body", "body": b""})


async def starts_twice(scope, receive, send):
    for _ in range(2):
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def says_too_much(scope, receive, send):
    headers = [(b"content-length", b"3")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"four"})


async def says_too_little(scope, receive, send):
    headers = [(b"content-length", b"3")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ab"})


async def splits_the_head(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\r\nset-cookie: c")]})


async def has_headers_of_text(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [("a", "b")]})


async def has_a_body_of_text(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": "text"})


async def has_no_status(scope, receive, send):
    await send({"type": "http.response.start", "headers": []})


async def has_no_type(scope, receive, send):
    await send({"status": 200})


async def sends_no_dictionary(scope, receive, send):
    await send("http.response.start")


def is_no_coroutine(scope, receive, send):
    return 5


def takes_too_little(scope, receive, /):
    raise AssertionError("never called")


@pytest.mark.parametrize(
    ("application", "said"),
    [
        (raises, "a fault of the application"),
        (raises_after_start, "a fault of the application"),
        (says_nothing, "ASGI callable returned without starting response."),
        (only_starts, "ASGI callable returned without completing response."),
        (begins_with_a_body, "Expected ASGI message 'http.response.start', but got 'http.response.body'."),
        (starts_twice, "Expected ASGI message 'http.response.body', but got 'http.response.start'."),
        (says_too_much, "Response content longer than Content-Length"),
        (says_too_little, "Response content shorter than Content-Length"),
        (splits_the_head, "the header 'a' has a value with a line end or a zero byte in it"),
        (has_headers_of_text, "names and values of headers are bytes, not 'str'"),
        (has_a_body_of_text, "the body of a response is bytes, not 'str'"),
        (has_no_status, "has no 'status'"),
        (has_no_type, "the message has no 'type'"),
        (sends_no_dictionary, "a message is a dict, not 'str'"),
        (is_no_coroutine, "object int can't be used in 'await' expression"),
    ],
)
def test_a_fault_of_an_application_is_logged_and_answered_by_500(run, caplog, application, said):
    async def main():
        async with serving(application, interface="asgi3") as server:
            async with connected(server) as client:
                status, headers, body = await client.get()
                assert (status, body) == (500, b"Internal Server Error")
                assert headers["content-type"] == "text/plain; charset=utf-8"
                # The connection goes on.
                assert (await client.get())[0] == 500
            assert server.connections <= 1

    run(main())
    records = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(records) == 2
    text = "".join(logging.Formatter().format(record) for record in records)
    assert said in text


def test_a_fault_in_the_middle_of_an_answer_cuts_the_connection(run, caplog):
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        if scope["path"] == "/raise":
            raise ValueError("in the middle")

    async def main():
        async with serving(application) as server:
            for path in ("/raise", "/end"):
                async with connected(server) as client:
                    await client.send(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")
                    with contextlib.suppress(ConnectionResetError):
                        assert not (await client.rest()).endswith(b"0\r\n\r\n")

    run(main())
    assert "in the middle" in caplog.text and "returned without completing response" in caplog.text


def test_what_is_sent_or_returned_after_the_answer_is_an_error_that_the_client_does_not_see(run, caplog):
    async def sends_more(scope, receive, send):
        await responding()(scope, receive, send)
        await send({"type": "http.response.body", "body": b"more"})

    async def main():
        for application in (sends_more, returns_something):
            async with serving(application) as server, connected(server) as client:
                for _ in range(2):
                    assert (await client.get())[2] == b"hello"

    run(main())
    assert "Unexpected ASGI message 'http.response.body' sent, after response already completed." in caplog.text
    assert "ASGI callable should return None, but returned '1'." in caplog.text


def test_an_exception_that_ends_programs_ends_the_run(run):
    async def application(scope, receive, send):
        if scope["path"] == "/later":
            await asyncio.sleep(0.001)
        raise SystemExit(7)

    for path in ("/", "/later"):

        async def main(path=path):
            server = await twinloop.serve(application, port=0, lifespan="off")
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET %s HTTP/1.1\r\nhost: x\r\n\r\n" % path.encode())
            await reader.read()

        with pytest.raises(SystemExit, match="7"):
            run(main())


# ---- clients that go, and clients that do not read ---------------------------------------------------------------------


def test_receive_tells_of_a_client_that_goes(run):
    told = []

    async def application(scope, receive, send):
        told.append(await receive())
        told.append(await receive())
        told.append(await receive())

    async def main():
        async with serving(application) as server:
            async with connected(server) as client:
                await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                await until(lambda: told)
                client.cut()
            await until(lambda: len(told) == 3)

    run(main())
    assert [message["type"] for message in told] == ["http.request", "http.disconnect", "http.disconnect"]


def test_receive_tells_of_a_client_that_goes_in_the_middle_of_its_body(run):
    told = []

    async def application(scope, receive, send):
        while True:
            message = await receive()
            told.append(message["type"])
            if message["type"] == "http.disconnect":
                return

    async def main():
        async with serving(application) as server:
            async with connected(server) as client:
                await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nabc")
                await until(lambda: told)
                client.cut()
            await until(lambda: "http.disconnect" in told)

    run(main())


def test_receive_gives_the_end_once_the_answer_is_complete(run):
    told = []

    async def application(scope, receive, send):
        await receive()
        waiting = [asyncio.create_task(receive()) for _ in range(3)]
        await asyncio.sleep(0)
        await responding()(scope, receive, send)
        told.extend(await asyncio.gather(*waiting, receive()))

    async def main():
        async with serving(application) as server:
            assert (await ask(server))[0] == 200
            await until(lambda: told)

    run(main())
    assert told == [{"type": "http.disconnect"}] * 4


def test_who_goes_on_sending_to_nobody_gets_an_error_that_is_not_logged(run, caplog):
    ended = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
                await asyncio.sleep(0.001)
        except OSError as error:
            ended.append(error)
            raise

    async def main():
        async with serving(application) as server:
            async with connected(server) as client:
                await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                await client.head()
                client.cut()
            await until(lambda: ended)

    run(main())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_who_listens_hears_of_the_end_from_receive_and_send_is_silent(run, caplog):
    heard = []

    async def application(scope, receive, send):
        await receive()

        async def listen():
            heard.append(await receive())

        listener = asyncio.ensure_future(listen())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        # It never waits by itself.
        while not heard:
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
        await listener
        await send({"type": "http.response.body", "body": b"for nobody", "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        heard.append("ended")

    async def main():
        async with serving(application) as server:
            async with connected(server) as client:
                await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                await client.head()
                client.cut()
            await until(lambda: "ended" in heard)

    run(main())
    assert heard == [{"type": "http.disconnect"}, "ended"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_who_gave_up_listening_is_told_of_the_end_by_send(run):
    ended = []

    async def application(scope, receive, send):
        await receive()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(receive(), 0.01)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                await asyncio.sleep(0.001)
        except OSError as error:
            ended.append(error)
            raise

    async def main():
        async with serving(application) as server:
            async with connected(server) as client:
                await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                await client.head()
                client.cut()
            await until(lambda: ended)

    run(main())


def test_what_follows_an_answer_that_nobody_waited_for_is_still_done(run):
    done = []

    async def application(scope, receive, send):
        await receive()
        while (await receive())["type"] != "http.disconnect":
            pass
        await responding()(scope, receive, send)
        done.append("the background task")

    async def main():
        async with serving(application) as server:
            async with connected(server) as client:
                await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                await asyncio.sleep(0.02)
                client.cut()
            await until(lambda: done)

    run(main())


def test_an_application_waits_for_a_client_that_does_not_read(run):
    sent = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(2000):
            await send({"type": "http.response.body", "body": bytes(50_000), "more_body": True})
            sent.append(50_000)
        await send({"type": "http.response.body"})

    async def main():
        async with serving(application) as server, connected(server) as client:
            await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            await asyncio.sleep(0.3)
            before = sum(sent)
            # What the sockets and the server's queue hold, and not all of it.
            assert before < 20_000_000
            _, _, body = await client.answer()
            assert len(body) == 100_000_000

    run(main())


def test_a_client_waits_for_an_application_that_does_not_receive(run):
    go = asyncio.Event()
    received = []

    async def application(scope, receive, send):
        await go.wait()
        received.append(len(await read_body(receive)))
        await responding()(scope, receive, send)

    async def main():
        async with serving(application) as server, connected(server) as client:
            client.writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 50000000\r\n\r\n")
            client.writer.write(bytes(50_000_000))
            await asyncio.sleep(0.3)
            assert client.writer.transport.get_write_buffer_size() > 30_000_000
            go.set()
            assert (await client.answer())[0] == 200

    run(main())
    assert received == [50_000_000]


def test_a_cancelled_receive_loses_no_message(run):
    async def application(scope, receive, send):
        waiting = asyncio.create_task(receive())
        await asyncio.sleep(0)
        waiting.cancel()
        never_begun = asyncio.create_task(receive())
        never_begun.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(receive(), 0.01)
        await responding(await read_body(receive))(scope, receive, send)

    async def main():
        async with serving(application) as server, connected(server) as client:
            await client.send("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
            await asyncio.sleep(0.05)
            await client.send("3\r\nabc\r\n0\r\n\r\n")
            assert (await client.answer())[2] == b"abc"

    run(main())


# ---- extensions --------------------------------------------------------------------------------------------------------


def test_hints_come_before_the_answer_and_trailers_behind_it(run):
    async def application(scope, receive, send):
        assert {"http.response.trailers", "http.response.early_hint"} <= scope["extensions"].keys()
        await send({"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload", b"</b.js>"]})
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
        await send({"type": "http.response.body", "body": b"hello"})
        await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"5")]})

    async def main():
        async with serving(application) as server, connected(server) as client:
            await client.send("GET / HTTP/1.1\r\nhost: x\r\nte: trailers\r\n\r\n")
            first, headers = await client.head()
            assert first == "HTTP/1.1 103 Early Hints" and headers == {"link": "</b.js>"}
            status, headers, body = await client.answer()
            assert (status, body, headers["x-sum"]) == (200, b"hello", "5")

    run(main())


def test_a_file_is_sent_by_its_path(run, tmp_path, caplog):
    content = bytes(range(256)) * 8192
    (tmp_path / "file").write_bytes(content)
    (tmp_path / "empty").write_bytes(b"")

    async def application(scope, receive, send):
        path = tmp_path / scope["path"].removeprefix("/")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-name", b"value")]})
        await send({"type": "http.response.pathsend", "path": str(path)})

    async def main():
        async with serving(application) as server:
            async with connected(server) as client:
                for _ in range(2):
                    status, headers, body = await client.get("/file")
                    assert (status, headers["x-name"], len(body)) == (200, "value", len(content)) and body == content
                assert (await client.get("/empty"))[1:] == (
                    {**headers, "content-length": "0", "date": headers["date"]},
                    b"",
                )
                await client.send("HEAD /file HTTP/1.1\r\nhost: x\r\n\r\n")
                assert (await client.head())[1]["content-length"] == str(len(content))
                assert (await client.get("/none"))[0] == 500
            async with connected(server) as client:
                await client.send("GET /file HTTP/1.1\r\nhost: x\r\n\r\n")
                await client.head()
                client.cut()
            await until(lambda: server.connections == 0)

    run(main())
    assert "FileNotFoundError" in caplog.text and caplog.text.count("Traceback") == 1


@pytest.mark.parametrize("length", [300, 100_000, 3_000_000])
def test_of_a_file_that_has_grown_as_much_is_sent_as_was_promised(run, tmp_path, caplog, length):
    content = bytes(range(100)) * (length // 100)
    (tmp_path / "log").write_bytes(content + b"later" * 100_000)

    async def application(scope, receive, send):
        promised = (b"content-length", str(length).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [promised]})
        await send({"type": "http.response.pathsend", "path": str(tmp_path / "log")})

    async def main():
        async with serving(application) as server, connected(server) as client:
            for _ in range(2):
                status, headers, body = await client.get("/")
                assert (status, headers["content-length"], len(body)) == (200, str(length), length) and body == content

    run(main())
    assert caplog.text == ""


def test_what_has_no_length_is_sent_by_its_path_too(run, tmp_path, caplog):
    os.mkfifo(tmp_path / "pipe")
    paths = {"/kernel": "/proc/version", "/pipe": tmp_path / "pipe", "/folder": tmp_path}

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": str(paths[scope["path"]])})

    async def main():
        async with serving(application) as server, connected(server) as client:
            with open("/proc/version", "rb") as file:
                assert (await client.get("/kernel"))[2] == file.read()
            written = asyncio.create_task(asyncio.to_thread((tmp_path / "pipe").write_bytes, b"from a pipe"))
            assert (await client.get("/pipe"))[2] == b"from a pipe"
            await written
            assert (await client.get("/folder"))[0] == 500

    run(main())
    assert "Is a directory" in caplog.text and caplog.text.count("Traceback") == 1


# ---- tasks and contexts ------------------------------------------------------------------------------------------------


def test_an_application_runs_in_a_task_with_a_context_of_its_own(run):
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []

    async def application(scope, receive, send):
        seen.append((variable.get(), asyncio.current_task() is not None, asyncio.get_running_loop().is_running()))
        variable.set("of a request")
        async with asyncio.timeout(1):
            await asyncio.sleep(0)
        await responding()(scope, receive, send)

    async def main():
        variable.set("of the server")
        async with serving(application) as server, connected(server) as client:
            for _ in range(3):
                await client.get()

    run(main())
    assert seen == [("of the server", True, True)] * 3


def test_an_application_may_be_a_class_whose_instances_are_awaited(run):
    class Application:
        def __init__(self, scope, receive, send):
            self.arguments = scope, receive, send

        def __await__(self):
            return responding()(*self.arguments).__await__()

    async def main():
        async with serving(Application) as server:
            assert (await ask(server))[2] == b"hello"

    run(main())


def test_a_task_factory_and_debug_mode_are_respected(run):
    made = []

    async def application(scope, receive, send):
        await responding()(scope, receive, send)

    async def main():
        loop = asyncio.get_running_loop()

        def factory(loop, coroutine, **options):
            made.append(coroutine)
            return asyncio.Task(coroutine, loop=loop, **options)

        async with serving(application) as server:
            loop.set_task_factory(factory)
            assert (await ask(server))[0] == 200
            loop.set_task_factory(None)
        assert made

    run(main())
    made.clear()

    async def in_debug_mode():
        async with serving(application) as server:
            assert (await ask(server))[0] == 200

    run(in_debug_mode(), debug=True)


def test_nothing_of_a_request_is_left_behind(run):
    kept = []

    class Marker:
        pass

    async def application(scope, receive, send):
        marker = Marker()
        kept.append(weakref.ref(marker))
        scope["marker"] = marker
        waiting = None
        if scope["path"] == "/wait":
            await receive()
            waiting = asyncio.create_task(receive())
            await asyncio.sleep(0)
        await responding()(scope, receive, send)
        if waiting is not None:
            await waiting

    async def main():
        async with serving(application) as server, connected(server) as client:
            for path in ("/", "/wait", "/"):
                await client.get(path)
            await asyncio.sleep(0.01)
        gc.collect()
        assert [reference() for reference in kept] == [None] * 3

    run(main())


def test_ten_thousand_requests_leave_memory_as_it_was(run):
    async def application(scope, receive, send):
        await receive()
        await responding()(scope, receive, send)

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    async def main():
        async with serving(application) as server, connected(server) as client:

            async def many(count):
                for _ in range(count // 100):
                    await client.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc" * 100)
                    for _ in range(100):
                        await client.answer()

            await many(2000)
            gc.collect()
            before = resident()
            await many(10_000)
            gc.collect()
            assert resident() - before < 4_000_000

    run(main(), limit_s=120)


def test_a_function_that_returns_nothing_has_forgotten_to(run, caplog):
    """As in Flask, aiohttp and Starlette: its client gets 500, and the log says which function it was."""

    async def forgetful(request):
        twinloop.Response.json({"hello": "world"})

    async def main():
        async with serving(forgetful) as server, connected(server) as client:
            assert (await client.get("/"))[0] == 500

    run(main())
    assert "forgetful' returned None: is a return missing? twinloop.Response(status=204) is" in caplog.text


def test_a_whole_program_serves_a_function(run):
    async def handler(request):
        if request.path == "/json":
            return twinloop.Response.json({"method": request.method, "got": await request.json()}, 201)
        if request.path == "/stream":

            async def pieces():
                async for piece in request:
                    yield piece.upper()
                yield "!"

            return twinloop.Response(pieces(), headers={"X-Name": "a"}, content_type="text/plain")
        if request.path == "/empty":
            return twinloop.Response(status=204)
        return f"{request.query} {request.headers['ACCEPT']} {request.url}"

    async def main():
        async with serving(handler) as server, connected(server) as client:
            status, headers, body = await client.get("/json", method="POST", body=b"[1]")
            assert (status, headers["content-type"]) == (201, "application/json")
            assert body == b'{"method":"POST","got":[1]}'
            _, headers, body = await client.get("/stream", method="POST", body=b"abc")
            assert (headers["x-name"], headers["content-type"], body) == ("a", "text/plain", b"ABC!")
            await client.send("GET /empty HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await client.head())[0] == "HTTP/1.1 204 No Content"
            _, headers, body = await client.get("/a%20b?x=1&x=2", "accept: text/css")
            assert body == b"{'x': ['1', '2']} text/css http://example.org/a%20b?x=1&x=2"
            assert headers["content-type"] == "text/plain; charset=utf-8"

    run(main())
