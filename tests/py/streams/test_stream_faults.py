"""Streams: faults, and the end of readers and connections.

Most tests are a scenario that runs on asyncio's loop and on ours;
what it records, results and exceptions with their messages and attributes, must be the same.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import warnings
import weakref

import pytest
import twinloop
from streams_support import same_as_asyncio, turns

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
            # The server waits for the end of its connections from 3.12 on.
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            reader.set_exception(StopIteration("value"))
            with pytest.raises(RuntimeError, match="coroutine raised StopIteration"):
                await asyncio.wait_for(asyncio.create_task(reader.read(1)), 5)
            with pytest.raises(RuntimeError, match="coroutine raised StopIteration"):
                await reader.read(1)
            writer.close()

    run(main())
