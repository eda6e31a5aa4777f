"""A client that vanishes before, in and after the body of its request, while its handler waits and while the answer streams: the handler hears of it."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct

import pytest
import twinloop
from serve_support import ask, connected, serving, until

HEAD = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n"


@pytest.fixture(params=["cut", "end"])
def leave(request):
    """The two ways in which a client goes: with a reset, and with a farewell."""
    return lambda client: client.cut() if request.param == "cut" else client.writer.close()


def errors(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def vanish(application, sent, begun, leave, ended, **options):
    """Sends that much of a request, waits for the handler to be so far, goes, and waits until it has heard of it."""
    async with serving(application, **options) as server:
        async with connected(server) as client:
            await client.send(sent)
            await until(begun)
            leave(client)
            await until(ended)
        await until(lambda: server.connections == 0)


@pytest.mark.parametrize("sent", [HEAD, HEAD + "abc", HEAD + "a" * 300_000], ids=["before", "in", "far in"])
def test_who_reads_the_body_of_a_client_that_goes_gets_an_error_that_is_not_logged(run, caplog, leave, sent):
    begun, ended = [], []

    async def handler(request):
        signal = request.signal
        begun.append(request)
        try:
            await request.body()
        except ConnectionResetError as error:
            await until(lambda: signal.aborted)
            ended.append(str(error))
            raise

    run(vanish(handler, sent, lambda: begun, leave, lambda: ended))
    assert ended == ["the client has gone"]
    assert errors(caplog) == []


@pytest.mark.parametrize(
    "sent", ["GET / HTTP/1.1\r\nhost: x\r\n\r\n", HEAD, HEAD + "abc"], ids=["no", "none of", "some of"]
)
def test_the_signal_of_a_request_is_aborted_when_its_client_goes(run, caplog, leave, sent):
    reasons = []
    begun = []

    async def handler(request):
        request.signal.add_listener(reasons.append)
        assert request.signal is request.signal and not request.signal.aborted
        begun.append(True)
        await until(lambda: request.signal.aborted)
        request.signal.throw_if_aborted()

    run(vanish(handler, sent, lambda: begun, leave, lambda: reasons))
    assert [type(reason) for reason in reasons] == [twinloop.AbortError]
    assert str(reasons[0]) == "the client has gone"
    assert errors(caplog) == []


def test_a_signal_that_is_asked_for_when_the_client_has_gone_is_aborted(run):
    begun, seen = [], []

    async def handler(request):
        begun.append(True)
        await asyncio.sleep(0.05)
        seen.append(request.signal.aborted)

    run(vanish(handler, "GET / HTTP/1.1\r\nhost: x\r\n\r\n", lambda: begun, lambda client: client.cut(), lambda: seen))
    assert seen == [True]


def test_the_signal_of_a_request_that_was_answered_is_never_aborted(run):
    signals = []

    async def handler(request):
        signals.append(request.signal)
        if request.path == "/stream":
            return twinloop.Response(iter(["a", "b"]))
        return twinloop.Response("whole")

    async def main():
        async with serving(handler) as server:
            async with connected(server) as client:
                assert (await client.get("/"))[2] == b"whole"
                assert (await client.get("/stream"))[2] == b"ab"
                client.cut()
            await until(lambda: server.connections == 0)
            await asyncio.sleep(0.02)

    run(main())
    assert [signal.aborted for signal in signals] == [False, False]


def test_a_block_of_the_handler_is_cancelled_when_its_client_goes(run, caplog, leave):
    begun, ended = [], []

    async def handler(request):
        async with twinloop.js.cancelled_by(request.signal):
            begun.append(True)
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError as error:
                ended.append(error)
                raise

    run(vanish(handler, "GET / HTTP/1.1\r\nhost: x\r\n\r\n", lambda: begun, leave, lambda: ended))
    assert errors(caplog) == []


def test_a_fetch_of_the_handler_leaves_with_its_client(run, caplog, leave):
    begun, ended = [], []

    async def far(request):
        begun.append(True)
        await until(lambda: request.signal.aborted)
        ended.append(True)
        return ""

    async def main():
        async with serving(far) as other:

            async def handler(request):
                return await twinloop.fetch(other.url, signal=request.signal)

            await vanish(handler, "GET / HTTP/1.1\r\nhost: x\r\n\r\n", lambda: begun, leave, lambda: ended)

    run(main())
    assert errors(caplog) == []


def test_a_fault_after_the_client_has_gone_is_logged(run, caplog):
    begun = []

    async def handler(request):
        signal = request.signal
        begun.append(True)
        await until(lambda: signal.aborted)
        raise ValueError("a real fault")

    run(
        vanish(
            handler,
            "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
            lambda: begun,
            lambda client: client.cut(),
            lambda: caplog.records,
        )
    )
    assert errors(caplog) == ["Exception in ASGI application\n"]


@pytest.mark.parametrize("pause", [60, 0.001], ids=["that waits", "that gives"])
def test_a_generator_ends_with_its_client(run, caplog, leave, pause):
    begun, ended = [], []

    async def count():
        try:
            while True:
                yield "x" * 100
                begun.append(True)
                await asyncio.sleep(pause)
        finally:
            # It may wait for what it has to do last.
            await asyncio.sleep(0)
            ended.append(True)

    async def handler(request):
        return twinloop.Response(count())

    run(vanish(handler, "GET / HTTP/1.1\r\nhost: x\r\n\r\n", lambda: begun, leave, lambda: ended))
    assert ended == [True]
    assert errors(caplog) == []


def test_a_generator_that_waits_for_a_slow_reader_ends_with_it(run, caplog):
    given, ended = [], []

    async def flood():
        try:
            while True:
                given.append(True)
                yield b"x" * 65536
        finally:
            ended.append(True)

    async def handler(request):
        return twinloop.Response(flood())

    async def is_full():
        count = 0
        while not given or len(given) != count:
            count = len(given)
            await asyncio.sleep(0.05)

    async def main():
        async with serving(handler) as server, connected(server) as client:
            client.writer.transport.pause_reading()
            await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            await is_full()
            client.cut()
            await until(lambda: ended)

    run(main())
    assert errors(caplog) == []


def test_a_generator_without_await_is_closed_when_its_client_goes(run, caplog, leave):
    begun, ended = [], []

    def flood():
        try:
            while True:
                begun.append(True)
                yield b"x" * 65536
        finally:
            ended.append(True)

    async def handler(request):
        return twinloop.Response(flood())

    run(vanish(handler, "GET / HTTP/1.1\r\nhost: x\r\n\r\n", lambda: begun, leave, lambda: ended))
    assert errors(caplog) == []


def test_a_response_that_is_handed_on_is_given_up_with_the_client(run, caplog, leave):
    begun, ended = [], []

    async def count():
        try:
            yield b"first"
            begun.append(True)
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def far(request):
        return twinloop.Response(count())

    async def main():
        async with serving(far) as other:

            async def handler(request):
                return await twinloop.fetch(other.url)

            await vanish(handler, "GET / HTTP/1.1\r\nhost: x\r\n\r\n", lambda: begun, leave, lambda: ended)

    run(main())
    assert errors(caplog) == []


def test_a_stream_is_not_begun_for_head(run):
    begun = []

    async def endless():
        while True:
            begun.append(True)
            yield b"x"
            await asyncio.sleep(0.001)

    async def handler(request):
        return twinloop.Response(endless(), headers={"x-name": "value"})

    async def main():
        async with serving(handler) as server, connected(server) as client:
            for _ in range(2):
                await client.send("HEAD / HTTP/1.1\r\nhost: x\r\n\r\n")
                first, headers = await client.head()
                assert first == "HTTP/1.1 200 OK"
                assert headers["x-name"] == "value" and headers.get("content-length") is None

    run(main())
    assert begun == []


def test_an_answer_in_pieces_ends_what_it_was_made_of(run):
    ended = []

    class File:
        def __iter__(self):
            return self

        def __next__(self):
            raise StopIteration

        def close(self):
            ended.append("file")

    async def pieces():
        try:
            yield "a"
            raise ValueError("in the middle")
        finally:
            ended.append("generator")

    async def handler(request):
        return twinloop.Response(File() if request.path == "/file" else pieces())

    async def main():
        async with serving(handler) as server:
            assert (await ask(server, "/file"))[2] == b""
            async with connected(server) as client:
                await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                assert not (await client.rest()).endswith(b"0\r\n\r\n")

    run(main())
    assert ended == ["file", "generator"]


@pytest.mark.parametrize("kind", ["handler", "stream"])
def test_over_http2_a_stream_that_is_reset_is_a_client_that_goes(run, caplog, kind):
    begun, ended = [], []

    async def count():
        try:
            while True:
                yield "x"
                begun.append(True)
                await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def handler(request):
        if kind == "stream":
            return twinloop.Response(count())
        request.signal.add_listener(ended.append)
        begun.append(True)
        await until(lambda: request.signal.aborted)
        request.signal.throw_if_aborted()

    h2 = pytest.importorskip("h2.connection")

    async def main():
        async with serving(handler) as server, connected(server) as client:
            connection = h2.H2Connection()
            connection.initiate_connection()
            headers = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "x")]
            connection.send_headers(1, headers, end_stream=True)
            await client.send(connection.data_to_send())
            await until(lambda: begun)
            connection.reset_stream(1)
            await client.send(connection.data_to_send())
            await until(lambda: ended)

    run(main())
    assert errors(caplog) == []


def test_send_is_silent_also_when_another_has_given_up_listening(run, caplog):
    """As Starlette's `request.is_disconnected()` does, in a generator that a StreamingResponse sends: it begins to receive, and gives up at once."""
    outcome = []

    async def application(scope, receive, send):
        client = clients.pop()

        async def listen():
            while (await receive())["type"] != "http.disconnect":
                pass
            outcome.append("heard")

        async def stream():
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            other = asyncio.create_task(receive())
            await asyncio.sleep(0.01)
            other.cancel()
            await asyncio.wait([other])
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            while not outcome:
                await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
                # So the server finds out, and the next piece is there before who listens has its turn.
                await asyncio.sleep(0)

        outcome.extend(await asyncio.gather(listen(), stream(), return_exceptions=True))

    clients = []

    async def main():
        async with serving(application) as server:
            client = socket.create_connection(("127.0.0.1", server.port))
            clients.append(client)
            client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            await until(lambda: len(outcome) == 3)

    run(main())
    assert outcome == ["heard", None, None]
    assert errors(caplog) == []
