"""Streams: what reading gives, and in which order.

Most tests are a scenario that runs on asyncio's loop and on ours;
what it records, results and exceptions with their messages and attributes, must be the same.
"""

from __future__ import annotations

import asyncio
import http.client
import inspect
import os
import random
import re
import socket
import sys
import warnings

import pytest
from streams_support import LIMIT_S, arrival, describe, same_as_asyncio, turns

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
