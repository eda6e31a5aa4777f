"""WSGI applications, as PEP 3333 has them."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
import time

import pytest
from serve_support import ask, connected, serving, until


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def test_the_environ_says_what_was_asked(run):
    environs = []

    def application(environ, start_response):
        environs.append(environ)
        return hello(environ, start_response)

    async def main():
        async with serving(application, root_path="/root") as server, connected(server) as client:
            address = client.writer.get_extra_info("sockname")
            headers = ["X-Two: a", "x-two: b", "X_Two: c", "Cookie: d=1", "cookie: e=2", "Content-Type: text/css"]
            status, headers, body = await client.get("/caf%C3%A9%ff?x=%20", *headers, method="POST", body=b"abc")
            assert (status, headers["content-type"], body) == (200, "text/plain", b"hello")
            return server.port, address

    port, client = run(main())
    environ = environs[0]
    assert environ.pop("wsgi.errors") is sys.stderr and callable(environ.pop("wsgi.file_wrapper"))
    environ.pop("wsgi.input")
    assert environ == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/root",
        "PATH_INFO": "/caf\xc3\xa9\xff",
        "QUERY_STRING": "x=%20",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "CONTENT_TYPE": "text/css",
        "CONTENT_LENGTH": "3",
        "HTTP_HOST": "example.org",
        "HTTP_X_TWO": "a,b",
        "HTTP_COOKIE": "d=1; e=2",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


@pytest.mark.parametrize(
    ("read", "result"),
    [
        (lambda body: [body.read()], [b"one\ntwo\n\nfour"]),
        (lambda body: [body.read(2), body.read(3), body.read(0), body.read(-1)], [b"on", b"e\nt", b"", b"wo\n\nfour"]),
        (lambda body: [body.readline() for _ in range(5)], [b"one\n", b"two\n", b"\n", b"four", b""]),
        (lambda body: [body.readline(2), body.readline(9), body.readline(0)], [b"on", b"e\n", b""]),
        (lambda body: body.readlines(), [b"one\n", b"two\n", b"\n", b"four"]),
        (lambda body: body.readlines(5), [b"one\n", b"two\n"]),
        (list, [b"one\n", b"two\n", b"\n", b"four"]),
    ],
)
def test_the_body_is_a_file(run, read, result):
    got = []

    def application(environ, start_response):
        got.append(read(environ["wsgi.input"]))
        return hello(environ, start_response)

    async def main():
        async with serving(application) as server:
            async with connected(server) as client:
                await client.get(method="POST", body=b"one\ntwo\n\nfour")
            async with connected(server) as client:
                await client.send("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
                for piece in (b"one\nt", b"w", b"o\n\nfo", b"ur"):
                    await client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
                    await asyncio.sleep(0.005)
                await client.send("0\r\n\r\n")
                await client.answer()

    run(main())
    assert got == [result, result]


def test_answers_in_pieces_leave_piece_by_piece(run):
    go = threading.Event()
    closed = []

    def application(environ, start_response):
        write = start_response("200 OK", [])
        write(b"written ")

        class Pieces:
            def __iter__(self):
                yield b""
                yield b"one "
                go.wait(10)
                yield b"two"

            def close(self):
                closed.append(threading.current_thread().name)

        return Pieces()

    async def main():
        async with serving(application) as server, connected(server) as client:
            await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await client.head())[1]["transfer-encoding"] == "chunked"
            assert await client.reader.readuntil(b"one \r\n") == b"8\r\nwritten \r\n4\r\none \r\n"
            go.set()
            assert await client.reader.readuntil(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"

    run(main())
    assert closed[0].startswith("twinloop-wsgi")


def test_a_body_of_the_length_that_was_said_leaves_as_one(run):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        return iter([b"hello"])

    async def main():
        async with serving(application) as server:
            _, headers, body = await ask(server)
            assert headers["content-length"] == "5" and body == b"hello"

    run(main())


def test_files_are_sent_by_the_wrapper_and_closed(run):
    file = io.BytesIO(bytes(200_000))

    def application(environ, start_response):
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](file)

    async def main():
        async with serving(application) as server:
            assert len((await ask(server))[2]) == 200_000

    run(main())
    assert file.closed


def test_an_answer_may_be_replaced_until_it_has_begun(run, caplog):
    def application(environ, start_response):
        start_response("200 OK", [])
        try:
            raise ValueError("for the log")
        except ValueError:
            start_response("500 Oops", [("X-Why", "because")], sys.exc_info())
        return [b"sorry"]

    def too_late(environ, start_response):
        start_response("200 OK", [])(b"begun")
        try:
            raise ValueError("too late")
        except ValueError:
            start_response("500 Oops", [], sys.exc_info())
        return [b"never"]

    async def main():
        async with serving(application) as server:
            status, headers, body = await ask(server)
            assert (status, headers["x-why"], body) == (500, "because", b"sorry")
        async with serving(too_late) as server, connected(server) as client:
            await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert not (await client.rest()).endswith(b"0\r\n\r\n")

    run(main())
    assert "too late" in caplog.text and "for the log" not in caplog.text


def raises(environ, start_response):
    raise ValueError("a fault of the application")


def starts_twice(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])


def never_starts(environ, start_response):
    return [b"hello"]


def has_no_status(environ, start_response):
    start_response("OK", [])


@pytest.mark.parametrize(
    ("application", "said"),
    [
        (raises, "a fault of the application"),
        (starts_twice, "start_response was called again"),
        (never_starts, "has not called start_response"),
        (has_no_status, "'OK' is no status"),
    ],
)
def test_a_fault_of_an_application_is_logged_and_answered_by_500(run, caplog, application, said):
    async def main():
        async with serving(application) as server:
            assert (await ask(server))[0] == 500

    run(main())
    assert said in caplog.text and len([each for each in caplog.records if each.levelno >= logging.ERROR]) == 1


def test_requests_are_answered_at_the_same_time_and_the_loop_goes_on(run):
    barrier = threading.Barrier(4)

    def application(environ, start_response):
        barrier.wait(10)
        time.sleep(0.05)
        return hello(environ, start_response)

    async def main():
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.001)

        async with serving(application, wsgi_threads=4) as server:
            counting = asyncio.create_task(count())
            answers = await asyncio.gather(*(ask(server) for _ in range(8)))
            counting.cancel()
        assert [answer[2] for answer in answers] == [b"hello"] * 8
        assert turns > 10

    run(main())


def test_a_client_that_goes_ends_what_is_sent_to_it(run, caplog):
    ended = []

    def application(environ, start_response):
        start_response("200 OK", [])
        try:
            while True:
                yield b"x" * 10_000
        finally:
            ended.append(True)

    async def main():
        async with serving(application, interface="wsgi") as server:
            async with connected(server) as client:
                await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                await client.head()
                client.cut()
            await until(lambda: ended)

    run(main())
