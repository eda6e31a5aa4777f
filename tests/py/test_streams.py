"""Streams: readers with a native hot path behave as asyncio's own.

Most tests are a scenario that runs on asyncio's loop and on ours; what it records, results and exceptions with their
messages and attributes, must be the same.
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import inspect
import os
import random
import re
import socket
import sys
import types
import warnings
import weakref

import pytest
import twinloop

LIMIT_S = 20


class Record(list):
    """What a scenario saw."""

    async def outcome(self, awaitable):
        try:
            self.append(await awaitable)
        except (Exception, asyncio.CancelledError) as error:
            self.append(describe(error))

    def call(self, function, *arguments):
        try:
            self.append(function(*arguments))
        except Exception as error:
            self.append(describe(error))


def describe(error):
    attributes = {name: getattr(error, name) for name in ("partial", "expected", "consumed") if hasattr(error, name)}
    context = type(error.__context__).__name__ if error.__context__ else None
    return type(error).__name__, str(error), attributes, context


def run_scenario(factory, scenario, limit=2**16):
    async def main():
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left, limit=limit)
        record = Record()
        try:
            await asyncio.wait_for(
                scenario(record, types.SimpleNamespace(reader=reader, writer=writer, peer=right)), LIMIT_S
            )
        finally:
            right.close()
            writer.close()
        return type(reader), record

    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main())


def same_as_asyncio(scenario, *, limit=2**16):
    _, expected = run_scenario(asyncio.SelectorEventLoop, scenario, limit)
    kind, ours = run_scenario(twinloop.new_event_loop, scenario, limit)
    # The reader is the native one, or the comparison proves nothing.
    assert kind is not asyncio.StreamReader
    assert issubclass(kind, asyncio.StreamReader)
    assert ours == expected
    assert expected
    return expected


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


async def arrival(reader, length):
    """Waits until the reader holds that many bytes."""
    while len(reader._buffer) < length:
        await asyncio.sleep(0.001)


# ---- what reading gives ------------------------------------------------------------------------------------------------


def test_read_gives_what_is_there_up_to_its_size():
    async def scenario(record, stream):
        stream.peer.sendall(b"abcdefgh")
        for size in (2, 0, 1, 100):
            await record.outcome(stream.reader.read(size))
        stream.peer.sendall(b"more")
        await record.outcome(stream.reader.read(n=3))
        await record.outcome(stream.reader.read(True))
        stream.peer.shutdown(socket.SHUT_WR)
        await record.outcome(stream.reader.read(5))
        await record.outcome(stream.reader.read(5))
        record.append(stream.reader.at_eof())

    assert same_as_asyncio(scenario)[3] == b"defgh"


def test_read_without_a_size_gives_everything_until_the_end():
    async def scenario(record, stream):
        reading = asyncio.ensure_future(stream.reader.read())
        await turns()
        for _ in range(3):
            stream.peer.sendall(b"piece")
            await turns()
        stream.peer.shutdown(socket.SHUT_WR)
        await record.outcome(reading)
        await record.outcome(stream.reader.read(-1))

    same_as_asyncio(scenario)


@pytest.mark.parametrize("arguments", [("x",), (1.5,), (None,), (1, 2), (-7,), (2**70,)])
def test_unusual_sizes_are_treated_alike(arguments):
    async def scenario(record, stream):
        stream.peer.sendall(b"data")
        stream.peer.shutdown(socket.SHUT_WR)
        for method in (stream.reader.read, stream.reader.readexactly):
            try:
                coroutine = method(*arguments)
            except TypeError:
                record.append("refused at once")
            else:
                await record.outcome(coroutine)

    same_as_asyncio(scenario)


def test_readexactly_waits_for_all_of_it():
    async def scenario(record, stream):
        reading = asyncio.ensure_future(stream.reader.readexactly(10))
        for _ in range(5):
            stream.peer.sendall(b"abc")
            await turns()
        await record.outcome(reading)
        await record.outcome(stream.reader.readexactly(5))
        await record.outcome(stream.reader.readexactly(0))
        await record.outcome(stream.reader.readexactly(-1))
        stream.peer.sendall(b"xyz")
        stream.peer.shutdown(socket.SHUT_WR)
        await record.outcome(stream.reader.readexactly(4))
        await record.outcome(stream.reader.readexactly(4))

    assert same_as_asyncio(scenario)[-2][2] == {"partial": b"xyz", "expected": 4}


def test_readuntil_finds_separators_across_pieces():
    async def scenario(record, stream):
        reading = asyncio.ensure_future(stream.reader.readuntil(b"END"))
        for piece in (b"some E", b"N", b"D and", b" E", b"NEND", b"rest"):
            stream.peer.sendall(piece)
            await turns()
        await record.outcome(reading)
        await record.outcome(stream.reader.readuntil(separator=b"END"))
        await record.outcome(stream.reader.readuntil(b""))
        await record.outcome(stream.reader.readuntil("text"))
        await record.outcome(stream.reader.readuntil(bytearray(b"s")))
        stream.peer.sendall(b"\nlast")
        await record.outcome(stream.reader.readuntil())
        stream.peer.shutdown(socket.SHUT_WR)
        await record.outcome(stream.reader.readuntil())
        await record.outcome(stream.reader.readuntil())

    assert same_as_asyncio(scenario)[1] == b" and ENEND"


def test_a_tuple_of_separators_is_what_this_python_makes_of_it():
    async def scenario(record, stream):
        stream.peer.sendall(b"one,two;three")
        for separator in ((b",", b";"), (b";", b","), ()):
            await record.outcome(stream.reader.readuntil(separator))

    same_as_asyncio(scenario)


def test_a_separator_beyond_the_limit_is_an_error_that_leaves_the_data():
    async def scenario(record, stream):
        stream.peer.sendall(b"x" * 20)
        await arrival(stream.reader, 20)
        await record.outcome(stream.reader.readuntil(b"\n"))
        stream.peer.sendall(b"\nrest")
        await arrival(stream.reader, 25)
        await record.outcome(stream.reader.readuntil(b"\n"))
        await record.outcome(stream.reader.readexactly(21))
        stream.peer.sendall(b"y" * 9 + b"AB")
        await record.outcome(stream.reader.readuntil(b"AB"))

    assert [entry[2]["consumed"] for entry in same_as_asyncio(scenario, limit=16)[:2]] == [20, 20]


def test_lines_end_with_the_stream_and_overlong_ones_are_dropped():
    async def scenario(record, stream):
        stream.peer.sendall(b"one\n\ntwo\n" + b"z" * 30 + b"\nthree\n")
        await arrival(stream.reader, 46)
        for _ in range(5):
            await record.outcome(stream.reader.readline())
        stream.peer.sendall(b"w" * 40)
        await arrival(stream.reader, 40)
        await record.outcome(stream.reader.readline())
        stream.peer.sendall(b"no end")
        stream.peer.shutdown(socket.SHUT_WR)
        await record.outcome(stream.reader.readline())
        await record.outcome(stream.reader.readline())

    expected = same_as_asyncio(scenario, limit=24)
    assert expected[3][0] == "ValueError"
    assert expected[3][3] == "LimitOverrunError"


def test_iteration_gives_the_lines():
    async def scenario(record, stream):
        stream.peer.sendall(b"a\nb\n\nc")
        stream.peer.shutdown(socket.SHUT_WR)
        async for line in stream.reader:
            record.append(line)
        await record.outcome(stream.reader.__anext__())

    assert same_as_asyncio(scenario)[:4] == [b"a\n", b"b\n", b"\n", b"c"]


@pytest.mark.parametrize("size", [1, 1024, 65_536, 102_400, 3_000_000])
def test_messages_of_every_size_are_echoed_over_tcp_and_unix(run, tmp_path, size):
    message = os.urandom(size)

    async def echo(reader, writer):
        assert isinstance(reader, asyncio.StreamReader)
        assert isinstance(writer, asyncio.StreamWriter)
        while data := await reader.read(102_400):
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def exchange(reader, writer):
        async def send():
            writer.write(message)
            await writer.drain()
            writer.write_eof()

        sending = asyncio.create_task(send())
        assert await reader.readexactly(size) == message
        await sending
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    async def main():
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            await exchange(*await asyncio.open_connection(*server.sockets[0].getsockname()))
        path = str(tmp_path / "socket")
        async with await asyncio.start_unix_server(echo, path):
            await exchange(*await asyncio.open_unix_connection(path))

    run(main())


@pytest.mark.parametrize("limit", [40, 1000, 2**16])
def test_however_it_is_cut_and_read_the_bytes_are_the_same(run, limit):
    choice = random.Random(limit)
    sent = b"".join(os.urandom(choice.randrange(30)).replace(b"\n", b"") + b"\n" for _ in range(20_000))

    async def serve(reader, writer):
        received = bytearray()
        while not reader.at_eof():
            size = choice.randrange(1, 3 * limit)
            ways = [reader.read(size), reader.readline(), reader.readexactly(size), reader.readuntil()]
            chosen = ways.pop(choice.randrange(4))
            for way in ways:
                way.close()
            try:
                received += await chosen
            except asyncio.IncompleteReadError as error:
                received += error.partial
            if choice.random() < 0.01:
                await asyncio.sleep(0.001)
        assert received == sent
        writer.write(b"all of it")
        writer.close()

    async def main():
        async with await asyncio.start_server(serve, "127.0.0.1", 0, limit=limit) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            position = 0
            while position < len(sent):
                size = choice.choice([1, 10, 100, 10_000, 100_000])
                writer.write(sent[position : position + size])
                position += size
                await writer.drain()
            writer.write_eof()
            assert await reader.read() == b"all of it"
            writer.close()

    run(main())


def test_a_hand_written_http_server_answers(run):
    async def serve(reader, writer):
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1])) if length else b"nothing"
            writer.writelines([b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body])
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    def ask(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
        answers = []
        for body in (None, b"posted", b"x" * 200_000):
            connection.request("GET" if body is None else "POST", "/", body)
            answers.append(connection.getresponse().read())
        connection.close()
        return answers

    async def main():
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            for answers in await asyncio.gather(*(asyncio.to_thread(ask, port) for _ in range(8))):
                assert answers == [b"nothing", b"posted", b"x" * 200_000]

    run(main())


def test_data_that_is_there_is_read_without_a_turn(run):
    async def main():
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left)
        right.sendall(b"one\ntwo")
        await arrival(reader, 7)
        before = asyncio.get_running_loop().statistics()["turns"]
        assert await reader.readline() == b"one\n"
        assert await reader.read(100) == b"two"
        assert asyncio.get_running_loop().statistics()["turns"] == before
        writer.close()
        right.close()

    run(main())


# ---- faults -------------------------------------------------------------------------------------------------------------


def test_a_second_reader_is_refused_while_the_first_waits():
    async def scenario(record, stream):
        reader = stream.reader
        first = asyncio.ensure_future(reader.read(10))
        await turns()
        record.append(reader._waiter is not None)
        for second in (reader.read(1), reader.read(), reader.readexactly(1), reader.readuntil(), reader.readline()):
            await record.outcome(second)
        await record.outcome(reader.__anext__())
        stream.peer.sendall(b"for the first")
        await record.outcome(first)
        await record.outcome(reader.read(10))
        record.append(reader._waiter)

    assert same_as_asyncio(scenario)[1][1].startswith("read() called while another coroutine is already waiting")


def test_a_cancelled_read_loses_nothing():
    async def scenario(record, stream):
        reader = stream.reader
        for method in (reader.read, reader.readexactly):
            reading = asyncio.ensure_future(method(4))
            await turns()
            reading.cancel("not now")
            # Until the task has gone on it still waits.
            await record.outcome(reader.read(1))
            await record.outcome(reading)
            record.append(reading.cancelled())
            stream.peer.sendall(b"data")
            await record.outcome(method(4))

    assert same_as_asyncio(scenario)[0][0] == "RuntimeError"


def test_a_read_that_is_cancelled_in_the_turn_of_its_data_leaves_the_data():
    async def scenario(record, stream):
        reader = stream.reader
        reading = asyncio.ensure_future(reader.read(100))
        await turns()
        reader.feed_data(b"kept")
        record.append(reading.cancel())
        await record.outcome(reading)
        await record.outcome(reader.read(100))
        reading = asyncio.ensure_future(reader.read(100))
        await turns()
        record.append(reading.cancel())
        reader.feed_data(b"kept too")
        await record.outcome(reading)
        await record.outcome(reader.read(100))

    assert b"kept" in same_as_asyncio(scenario)


def test_timeouts_end_reads():
    async def scenario(record, stream):
        await record.outcome(asyncio.wait_for(stream.reader.readline(), 0.01))
        try:
            async with asyncio.timeout(0.01):
                await stream.reader.readexactly(3)
        except TimeoutError as error:
            record.append(str(error))
        stream.peer.sendall(b"line\n")
        await record.outcome(asyncio.wait_for(stream.reader.readline(), 5))

    # Each Python words the context of a timeout in its own way.
    expected = same_as_asyncio(scenario)
    assert expected[0][0] == "TimeoutError"


def test_an_exception_reaches_waiting_and_later_reads():
    async def scenario(record, stream):
        reader = stream.reader
        record.append(reader.exception())
        reading = asyncio.ensure_future(reader.readline())
        await turns()
        error = ValueError("broken")
        reader.set_exception(error)
        record.append(reader.exception() is error)
        record.append(reader._exception is error)
        await record.outcome(reading)
        for later in (reader.read(1), reader.read(0), reader.read(), reader.readexactly(1), reader.readexactly(0)):
            await record.outcome(later)
        await record.outcome(reader.readuntil())
        await record.outcome(reader.readline())
        await record.outcome(stream.writer.drain())

    assert same_as_asyncio(scenario)[3][1] == "broken"


def test_an_exception_does_not_reach_a_read_that_was_cancelled():
    async def scenario(record, stream):
        reading = asyncio.ensure_future(stream.reader.readline())
        await turns()
        reading.cancel()
        stream.reader.set_exception(ValueError("broken"))
        await record.outcome(reading)

    assert same_as_asyncio(scenario)[0][0] == "CancelledError"


def test_a_reset_connection_fails_the_waiting_read(run):
    async def main():
        lost = []

        async def serve(reader, writer):
            try:
                await reader.readexactly(100)
            except ConnectionResetError as error:
                lost.append((reader.exception() is error, error.errno))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        client = socket.create_connection(server.sockets[0].getsockname())
        client.sendall(b"part")
        await asyncio.sleep(0.05)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        while not lost:
            await asyncio.sleep(0.001)
        server.close()
        assert lost == [(True, 104)]

    run(main())


# ---- filling by hand, and looking inside --------------------------------------------------------------------------------


def test_data_fed_by_hand_is_read():
    async def scenario(record, stream):
        reader = stream.reader
        reading = asyncio.ensure_future(reader.read(100))
        await turns()
        record.call(reader.feed_data, b"")
        await turns()
        record.append(reading.done())
        record.call(reader.feed_data, b"bytes")
        record.call(reader.feed_data, bytearray(b" bytearray"))
        await record.outcome(reading)
        record.call(reader.feed_data, memoryview(b"view"))
        record.call(reader.feed_data, "text")
        record.call(reader.feed_data, [33, 34])
        record.call(reader.feed_data, None)
        await record.outcome(reader.read(100))
        reading = asyncio.ensure_future(reader.readline())
        await turns()
        record.call(reader.feed_data, b"end")
        record.call(reader.feed_eof)
        record.append(reader.at_eof())
        await record.outcome(reading)
        record.append(reader.at_eof())
        record.call(reader.feed_data, b"late")
        record.call(reader.feed_eof)

    same_as_asyncio(scenario)


def test_a_read_that_was_woken_for_data_that_another_took_is_empty():
    async def scenario(record, stream):
        reader = stream.reader
        first = asyncio.ensure_future(reader.read(100))
        await turns()
        reader.feed_data(b"taken")
        await record.outcome(reader.read(100))
        await record.outcome(first)

    assert same_as_asyncio(scenario) == [b"taken", b""]


def test_the_private_attributes_show_and_take_the_state():
    async def scenario(record, stream):
        reader = stream.reader
        reader.feed_data(b"abcdef")
        record.append(bytes(reader._buffer))
        buffer = reader._buffer
        buffer.extend(b"ghi")
        del buffer[:2]
        await record.outcome(reader.read(3))
        reader.feed_data(b"jkl")
        record.append(bytes(buffer))
        await record.outcome(reader.readexactly(7))
        record.append([reader._eof, reader._paused, reader._waiter, reader._exception, reader._limit])
        reader._buffer = bytearray(b"replaced\n")
        await record.outcome(reader.readline())
        reader._limit = 4
        reader.feed_data(b"too long\n")
        await record.outcome(reader.readuntil())
        reader._limit = float("inf")
        await record.outcome(reader.readuntil())
        view = memoryview(reader._buffer)
        record.call(reader.feed_data, b"locked")
        view.release()
        reader._eof = True
        await record.outcome(reader.read(10))
        record.append(isinstance(reader._loop, asyncio.AbstractEventLoop))

    same_as_asyncio(scenario)


def test_the_repr_says_what_asyncio_says():
    async def scenario(record, stream):
        reader = stream.reader

        def note():
            record.append(re.sub(r"transport=<[^<]*(<[^>]*>)?[^>]*>", "transport", repr(reader)))

        note()
        reader.feed_data(b"12345")
        note()
        await reader.read(100)
        reading = asyncio.ensure_future(reader.read(100))
        await turns()
        record.append("waiter=" in repr(reader))
        reader.feed_eof()
        await reading
        note()
        reader.set_exception(OSError("gone"))
        note()
        record.append(type(reader).__name__)

    assert same_as_asyncio(scenario, limit=100)[1] == "<StreamReader 5 bytes limit=100 transport>"


def test_asyncios_own_methods_work_on_the_same_state():
    async def scenario(record, stream):
        reader = stream.reader
        reading = asyncio.ensure_future(asyncio.StreamReader.readexactly(reader, 6))
        await turns()
        record.append(type(reader._waiter).__name__)
        stream.peer.sendall(b"abc")
        await turns()
        stream.peer.sendall(b"defgh")
        await record.outcome(reading)
        await record.outcome(reader.read(10))
        reading = asyncio.ensure_future(asyncio.StreamReader.readline(reader))
        await turns()
        await record.outcome(reader.readline())
        reader.set_exception(OSError("gone"))
        await record.outcome(reading)

    same_as_asyncio(scenario)


def test_a_full_reader_pauses_its_transport_and_resumes_it():
    async def scenario(record, stream):
        reader, transport = stream.reader, stream.writer.transport
        stream.peer.sendall(b"x" * 2000 + b"\n")
        while transport.is_reading():
            await asyncio.sleep(0.001)
        record.append((reader._paused, len(reader._buffer)))
        await record.outcome(reader.readexactly(1800))
        record.append((reader._paused, transport.is_reading()))
        await record.outcome(reader.readexactly(150))
        record.append((reader._paused, transport.is_reading()))
        # More than the limit at once: waiting while paused resumes.
        stream.peer.sendall(b"y" * 3000)
        await asyncio.sleep(0.05)
        await record.outcome(reader.readexactly(3051))
        record.append((reader._paused, transport.is_reading()))

    assert same_as_asyncio(scenario, limit=100)[0] == (True, 2001)


def test_a_transport_that_cannot_pause_is_forgotten():
    async def scenario(record, stream):
        reader = stream.reader

        class Stubborn(asyncio.Transport):
            pass

        transport, reader._transport = reader._transport, None
        reader.set_transport(Stubborn())
        reader.feed_data(b"x" * 1000)
        record.append((reader._transport, reader._paused))
        record.append(len(await reader.read(1000)))
        reader._transport = transport

    assert same_as_asyncio(scenario, limit=10) == [(None, False), 1000]


# ---- order, and what coroutines are ---------------------------------------------------------------------------------------


def test_a_woken_reader_runs_in_the_next_turn_in_its_place():
    async def scenario(record, stream):
        loop = asyncio.get_running_loop()

        async def read():
            while data := await stream.reader.read(10):
                record.append(data)

        reading = asyncio.ensure_future(read())
        await turns()
        loop.call_soon(record.append, "queued before")
        stream.reader.feed_data(b"fed")
        record.append("still here")
        loop.call_soon(record.append, "queued after")
        await turns()
        stream.reader.feed_data(b"one")
        stream.reader.feed_data(b"two")
        loop.call_soon(stream.reader.feed_data, b"three")
        await turns()
        stream.reader.feed_eof()
        await reading

    assert same_as_asyncio(scenario)[:4] == ["still here", "queued before", b"fed", "queued after"]


def test_reads_are_coroutines():
    async def scenario(record, stream):
        reader = stream.reader
        for make in (reader.read, reader.readline, reader.readuntil):
            coroutine = make()
            record.append((asyncio.iscoroutine(coroutine), inspect.isawaitable(coroutine), asyncio.isfuture(coroutine)))
            coroutine.close()
        stream.peer.sendall(b"a\nb\nc\n")
        await arrival(reader, 6)
        # Nothing happens before it is awaited.
        first, second = reader.readline(), reader.readline()
        await record.outcome(second)
        await record.outcome(first)
        await record.outcome(first)
        await record.outcome(asyncio.create_task(reader.readline()))
        coroutine = reader.read(1)
        record.append((coroutine.__name__, coroutine.__qualname__))
        coroutine.close()
        await record.outcome(coroutine)

    assert same_as_asyncio(scenario)[3:5] == [b"a\n", b"b\n"]


@pytest.mark.parametrize("kind", ["python", "eager"])
def test_tasks_of_every_kind_read(run, kind):
    def factory(loop, coroutine, **options):
        if kind == "eager":
            return asyncio.Task(coroutine, loop=loop, eager_start=True, **options)
        return asyncio.tasks._PyTask(coroutine, loop=loop, **options)

    if kind == "eager" and sys.version_info < (3, 12):
        pytest.skip("eager tasks came with 3.12")

    async def main():
        asyncio.get_running_loop().set_task_factory(factory)
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left)
        reading = asyncio.get_running_loop().create_task(reader.readline())
        await turns()
        right.sendall(b"line\n")
        assert await reading == b"line\n"
        reading = asyncio.get_running_loop().create_task(reader.readexactly(4))
        await turns()
        reading.cancel("enough")
        with pytest.raises(asyncio.CancelledError):
            await reading
        reading = asyncio.get_running_loop().create_task(reader.read(4))
        await turns()
        reader.set_exception(OSError("gone"))
        with pytest.raises(OSError, match="gone"):
            await reading
        writer.close()
        right.close()

    run(main())


def test_the_waiter_is_a_future_that_tells_who_asks(run):
    async def main():
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left)
        reading = asyncio.create_task(reader.read(10))
        await turns()
        waiter = reader._waiter
        assert asyncio.isfuture(waiter)
        assert not waiter.done()
        told = []
        waiter.add_done_callback(told.append)
        waiter.add_done_callback(lambda waiter: told.append(waiter.result()))
        right.sendall(b"data")
        assert await reading == b"data"
        assert told == [waiter, None]
        reading = asyncio.create_task(reader.read(10))
        await turns()
        assert reader._waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        writer.close()
        right.close()

    run(main())


def test_a_read_of_another_loop_is_refused(run):
    async def main():
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left)

        def elsewhere():
            async def read():
                with pytest.raises(RuntimeError, match="attached to a different loop"):
                    await reader.read(1)

            asyncio.run(read())

        await asyncio.to_thread(elsewhere)
        writer.close()
        right.close()

    run(main())


def test_a_read_that_is_never_awaited_is_warned_about(run):
    async def main():
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left)
        with pytest.warns(RuntimeWarning, match=r"coroutine 'StreamReader\.read' was never awaited"):
            reader.read(1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reader.read(1).close()
            right.sendall(b"x")
            await reader.read(1)
        writer.close()
        right.close()

    run(main())


def test_context_variables_are_those_of_the_reading_task(run):
    import contextvars

    variable = contextvars.ContextVar("variable", default="none")

    async def main():
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left)

        async def read(name):
            variable.set(name)
            await reader.read(10)
            return variable.get()

        reading = asyncio.create_task(read("reading"))
        await turns()
        variable.set("main")
        right.sendall(b"x")
        assert await reading == "reading"
        assert variable.get() == "main"
        writer.close()
        right.close()

    run(main())


PIECES = [b"a", b"\n", b"END", b"E", b"EN", b"bcd" * 3, b"\nEND\n"]


async def play(seed, record, stream):
    """A random sequence of reads, data, cancellations and looks inside, and what came of each."""
    choice = random.Random(seed)
    reader, tasks = stream.reader, []

    async def read(number, coroutine):
        try:
            record.append((number, await coroutine))
        except (Exception, asyncio.CancelledError) as error:
            record.append((number, describe(error)[:3]))

    def read_somehow():
        size = choice.choice([0, 1, 2, 5, 9, 40])
        ways = [
            lambda: reader.read(size),
            lambda: reader.read(-1),
            lambda: reader.readexactly(size),
            lambda: reader.readline(),
            lambda: reader.readuntil(),
            lambda: reader.readuntil(choice.choice([b"E", b"END"])),
            lambda: reader.__anext__(),
        ]
        tasks.append(asyncio.ensure_future(read(len(tasks), choice.choice(ways)())))

    def feed():
        data = b"".join(choice.choices(PIECES, k=choice.randrange(5)))
        record.call(reader.feed_data, bytearray(data) if choice.random() < 0.2 else data)

    def cancel():
        if tasks:
            record.append(choice.choice(tasks).cancel())

    def look():
        record.append((bytes(reader._buffer), reader._eof, reader._paused, reader.at_eof(), reader._waiter is None))

    def meddle():
        del reader._buffer[: choice.randrange(3)]
        reader._buffer.extend(b"Q" * choice.randrange(2))
        reader._limit = choice.choice([3, 20, 100])

    steps = [feed, read_somehow, cancel, look, meddle, reader.feed_eof, lambda: reader.set_exception(OSError("gone"))]
    for _ in range(choice.randrange(5, 60)):
        choice.choices(steps, [10, 8, 3, 2, 1, 0.5, 0.3])[0]()
        await turns(choice.choice([0, 0, 1, 2]))
    await turns()
    record.append((bytes(reader._buffer), [task.done() for task in tasks]))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("seed", range(200))
def test_random_sequences_go_as_on_asyncio(seed):
    # The warning is for reads whose task was cancelled before it began.
    same_as_asyncio(lambda record, stream: play(seed, record, stream), limit=20)


# ---- what is left alone -------------------------------------------------------------------------------------------------


def test_subclasses_and_changed_classes_keep_their_own_methods(run, monkeypatch):
    class Reader(asyncio.StreamReader):
        fed = 0

        def feed_data(self, data):
            self.fed += len(data)
            super().feed_data(data)

    class Protocol(asyncio.StreamReaderProtocol):
        seen = b""

        def data_received(self, data):
            self.seen += data
            super().data_received(data)

    async def connect(reader_class, protocol_class):
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        reader = reader_class(loop=loop)
        protocol = protocol_class(reader, loop=loop)
        transport, _ = await loop.create_connection(lambda: protocol, sock=left)
        right.sendall(b"hello")
        assert await reader.readexactly(5) == b"hello"
        transport.close()
        right.close()
        return reader, protocol

    async def main():
        reader, _ = await connect(Reader, asyncio.StreamReaderProtocol)
        assert type(reader) is Reader
        assert reader.fed == 5
        _, protocol = await connect(asyncio.StreamReader, Protocol)
        assert protocol.seen == b"hello"
        calls = []
        original = asyncio.StreamReader.readexactly

        async def patched(self, n):
            calls.append(n)
            return await original(self, n)

        monkeypatch.setattr(asyncio.StreamReader, "readexactly", patched)
        reader, _ = await connect(asyncio.StreamReader, asyncio.StreamReaderProtocol)
        assert type(reader) is asyncio.StreamReader
        assert calls == [5]

    run(main())


def test_debug_mode_keeps_asyncios_own_reader(run):
    async def main():
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left)
        assert type(reader) is asyncio.StreamReader
        right.sendall(b"data")
        assert await reader.read(10) == b"data"
        writer.close()
        right.close()

    run(main(), debug=True)


def test_the_class_makes_asyncios_readers(run):
    async def main():
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left)
        made = type(reader)(limit=7)
        assert type(made) is asyncio.StreamReader
        assert made._limit == 7
        writer.close()
        right.close()

    run(main())


def test_a_protocol_that_is_set_later_is_fed_too(run):
    async def main():
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=left)
        reader = asyncio.StreamReader(loop=loop)
        reader.feed_data(b"before ")
        reading = asyncio.create_task(reader.readexactly(12))
        await turns()
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        assert type(reader) is not asyncio.StreamReader
        right.sendall(b"after")
        assert await reading == b"before after"
        right.sendall(b"more")
        assert await reader.read(10) == b"more"
        transport.close()
        right.close()

    run(main())


# ---- the end of things ----------------------------------------------------------------------------------------------------


def test_data_for_a_reader_that_is_gone_is_dropped(run):
    async def main():
        left, right = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=left)
        gone = weakref.ref(reader)
        transport = writer.transport
        writer._reader = None
        del reader
        gc.collect()
        assert gone() is None
        right.sendall(b"x" * 10_000)
        await asyncio.sleep(0.02)
        transport.close()
        right.close()

    run(main())


def test_a_waiting_task_that_nothing_can_reach_is_collected():
    loop = twinloop.new_event_loop()
    left, right = socket.socketpair()
    gone = []

    async def wait_for_ever():
        reader, writer = await asyncio.open_connection(sock=left)
        gone.append(weakref.ref(reader))
        await reader.read(1)
        writer.close()

    task = loop.create_task(wait_for_ever())
    task._log_destroy_pending = False
    gone.append(weakref.ref(task))
    loop.run_until_complete(asyncio.sleep(0.01))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        loop.close()
        del task
        gc.collect()
        assert [reference() for reference in gone] == [None, None]
    right.close()


def test_connections_leave_no_memory_behind(run):
    async def main():
        async def echo(reader, writer):
            while line := await reader.readline():
                writer.write(line)
            writer.close()

        async def talk(address):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"line\n")
            assert await reader.readline() == b"line\n"
            waiting = asyncio.create_task(reader.read(1))
            await asyncio.sleep(0)
            waiting.cancel()
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            address = server.sockets[0].getsockname()
            counts = []
            for _ in range(4):
                for _ in range(20):
                    await talk(address)
                await asyncio.sleep(0.02)
                gc.collect()
                counts.append(sum(isinstance(thing, asyncio.StreamReader) for thing in gc.get_objects()))
            assert counts[-1] <= counts[0]

    run(main())


def test_streams_speak_tls_and_turn_to_it_midway(run, server_tls, client_tls):
    async def main():
        async def echo(reader, writer):
            while line := await reader.readline():
                if line == b"STARTTLS\n":
                    writer.write(b"go\n")
                    await writer.start_tls(server_tls)
                    continue
                writer.write(line)
            writer.close()

        async with await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server_tls) as server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("localhost", port, ssl=client_tls)
            writer.write(b"secret\n")
            assert await reader.readline() == b"secret\n"
            writer.close()
            await writer.wait_closed()
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"plain\n")
            assert await reader.readline() == b"plain\n"
            writer.write(b"STARTTLS\n")
            assert await reader.readline() == b"go\n"
            await writer.start_tls(client_tls, server_hostname="localhost")
            writer.write(b"secret\n")
            assert await reader.readline() == b"secret\n"
            writer.close()

    run(main())


def test_a_stream_reader_on_a_pipe_is_native_too(run):
    async def main():
        loop = asyncio.get_running_loop()
        reading_end, writing_end = os.pipe()
        reader = asyncio.StreamReader(loop=loop, limit=100)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader, loop=loop), os.fdopen(reading_end, "rb")
        )
        assert type(reader) is not asyncio.StreamReader
        line = asyncio.create_task(reader.readline())
        await turns()
        os.write(writing_end, b"a line\n" + b"x" * 5000)
        assert await line == b"a line\n"
        while transport.is_reading():
            await asyncio.sleep(0.001)
        os.close(writing_end)
        assert await reader.read() == b"x" * 5000
        transport.close()

    run(main())


def test_the_streams_of_a_subprocess_work(run):
    async def main():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print(input())", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate(b"hello\n")
        assert output == b"hello\n"

    run(main())


def test_stop_iteration_set_as_the_exception_of_a_reader_is_a_runtime_error(run):
    async def main():
        async def serve(_reader, writer):
            await writer.drain()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            reader.set_exception(StopIteration("value"))
            with pytest.raises(RuntimeError, match="coroutine raised StopIteration"):
                await asyncio.wait_for(asyncio.create_task(reader.read(1)), 5)
            with pytest.raises(RuntimeError, match="coroutine raised StopIteration"):
                await reader.read(1)
            writer.close()

    run(main())
