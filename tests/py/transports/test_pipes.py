"""Pipe transports: pipes, FIFOs, sockets, terminals and other character devices, in both directions."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import sys
import threading
import tty
import warnings

import pytest


class Reading(asyncio.Protocol):
    def __init__(self):
        self.received = bytearray()
        self.calls = []
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.calls.append("connection_made")

    def data_received(self, data):
        assert type(data) is bytes
        self.received += data

    def eof_received(self):
        self.calls.append("eof_received")

    def connection_lost(self, error):
        self.calls.append("connection_lost")
        self.lost.set_result(error)


class Writing(asyncio.BaseProtocol):
    def __init__(self):
        self.calls = []
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.calls.append("connection_made")

    def pause_writing(self):
        self.calls.append("pause_writing")

    def resume_writing(self):
        self.calls.append("resume_writing")

    def connection_lost(self, error):
        self.calls.append("connection_lost")
        self.lost.set_result(error)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


async def reader_of(fd, factory=Reading):
    return await asyncio.get_running_loop().connect_read_pipe(factory, os.fdopen(fd, "rb", 0))


async def writer_of(fd, factory=Writing):
    return await asyncio.get_running_loop().connect_write_pipe(factory, os.fdopen(fd, "wb", 0))


@pytest.mark.parametrize("size", [1, 1024, 65_536, 1_000_000])
def test_bytes_go_through_a_pipe_and_its_end_is_seen(run, size):
    async def main():
        read, write = os.pipe()
        reading, reader = await reader_of(read)
        writing, writer = await writer_of(write)
        assert isinstance(reading, asyncio.ReadTransport) and isinstance(writing, asyncio.WriteTransport)
        assert reading.get_protocol() is reader and writing.get_protocol() is writer
        assert reading.get_extra_info("pipe").fileno() == read
        message = os.urandom(size)
        for _ in range(3):
            writing.write(message)
        writing.write_eof()
        assert writing.is_closing()
        assert await writer.lost is None
        assert await reader.lost is None
        assert bytes(reader.received) == message * 3
        assert reader.calls == ["connection_made", "eof_received", "connection_lost"]
        for fd in (read, write):
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(fd)

    run(main())


def test_a_write_leaves_at_once_and_in_order_with_others(run):
    async def main():
        read, write = os.pipe()
        os.set_blocking(read, False)
        writing, writer = await writer_of(write)
        writing.write(b"one ")
        os.write(write, b"two ")
        writing.writelines([b"three ", bytearray(b"four")])
        assert os.read(read, 100) == b"one two three four"
        writing.close()
        await writer.lost
        os.close(read)

    run(main())


def test_a_full_pipe_pauses_the_protocol_and_copies_were_taken(run):
    async def main():
        read, write = os.pipe()
        writing, writer = await writer_of(write)
        assert writing.get_write_buffer_limits() == (16_384, 65_536)
        writing.set_write_buffer_limits(high=100_000)
        assert writing.get_write_buffer_limits() == (25_000, 100_000)
        os.set_blocking(read, False)
        data = bytearray(b"x" * 300_000)
        writing.write(data)
        data[:] = b"y" * 300_000
        assert writer.calls[-1] == "pause_writing" and writing.get_write_buffer_size() > 100_000
        assert "bufsize=" in repr(writing)
        received = bytearray()
        while len(received) < 300_000:
            with contextlib.suppress(BlockingIOError):
                received += os.read(read, 50_000)
            await asyncio.sleep(0)
        assert received == b"x" * 300_000
        await until(lambda: writer.calls[-1] == "resume_writing")
        writing.close()
        await writer.lost
        assert writer.calls == ["connection_made", "pause_writing", "resume_writing", "connection_lost"]
        os.close(read)

    run(main())


def test_close_sends_what_is_queued_and_abort_does_not(run):
    async def main():
        for method in ("close", "abort"):
            read, write = os.pipe()
            writing, writer = await writer_of(write)
            writing.write(b"x" * 300_000)
            getattr(writing, method)()
            received = 0
            while piece := await asyncio.to_thread(os.read, read, 100_000):
                received += len(piece)
            await writer.lost
            assert (received == 300_000) is (method == "close")
            os.close(read)

    run(main())


@pytest.mark.parametrize("queued", [False, True])
def test_a_reader_that_goes_away_ends_the_writer(run, queued, caplog):
    async def main():
        read, write = os.pipe()
        writing, writer = await writer_of(write)
        if queued:
            writing.write(b"x" * 300_000)
        os.close(read)
        error = await writer.lost
        assert isinstance(error, BrokenPipeError) if queued else error is None
        for _ in range(10):
            writing.write(b"too late")
        assert "pipe closed by peer" in caplog.text

    run(main())


def test_a_write_into_a_broken_pipe_is_told_to_connection_lost(run):
    async def main():
        read, write = os.pipe()
        writing, writer = await writer_of(write)
        os.close(read)
        writing.write(b"x")
        assert isinstance(await writer.lost, BrokenPipeError)

    run(main())


def test_a_pipe_that_a_closed_loop_left_open_says_so(loop):
    async def main():
        read, write = os.pipe()
        return (await reader_of(read))[0], (await writer_of(write))[0]

    transports = loop.run_until_complete(main())
    loop.close()
    with pytest.raises(NotImplementedError):
        transports[1].pause_reading()
    for transport in transports:
        assert "open" in repr(transport)
        with pytest.warns(ResourceWarning, match="unclosed"):
            transport.__del__()
        transport._pipe = None


def test_paused_reading_delivers_nothing_until_it_is_resumed(run):
    async def main():
        read, write = os.pipe()
        reading, reader = await reader_of(read)
        assert reading.is_reading()
        reading.pause_reading()
        reading.pause_reading()
        assert not reading.is_reading()
        os.write(write, b"later")
        await asyncio.sleep(0.01)
        assert not reader.received
        reading.resume_reading()
        reading.resume_reading()
        await until(lambda: reader.received == b"later")
        assert "polling" in repr(reading)
        reading.close()
        assert reading.is_closing() and not reading.is_reading()
        await reader.lost
        os.close(write)

    run(main())


def test_closing_stops_reading_at_once(run):
    class Once(Reading):
        def data_received(self, data):
            super().data_received(data)
            self.transport.close()

    async def main():
        read, write = os.pipe()
        os.write(write, b"x" * 10)
        _, reader = await reader_of(read, Once)
        await reader.lost
        assert reader.received == b"x" * 10 and "eof_received" not in reader.calls
        os.close(write)

    run(main())


def test_a_named_fifo(run, tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)

    async def main():
        reading, reader = await reader_of(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        writing, writer = await writer_of(os.open(path, os.O_WRONLY))
        writing.write(b"through a fifo")
        await until(lambda: reader.received == b"through a fifo")
        writing.close()
        assert await reader.lost is None
        await writer.lost
        assert reading.is_closing()

    run(main())


def test_a_socket_as_a_pipe(run):
    async def main():
        left, right = socket.socketpair()
        loop = asyncio.get_running_loop()
        writing, writer = await loop.connect_write_pipe(Writing, left)
        reading, reader = await loop.connect_read_pipe(Reading, right)
        writing.write(b"over a socket")
        await until(lambda: reader.received == b"over a socket")
        reading.close()
        await reader.lost
        await writer.lost

    run(main())


def test_a_terminal_in_both_directions_over_one_descriptor(run):
    async def main():
        master, slave = os.openpty()
        tty.setraw(slave)
        loop = asyncio.get_running_loop()
        terminal = os.fdopen(master, "r+b", 0)
        reading, reader = await loop.connect_read_pipe(Reading, terminal)
        writing, writer = await loop.connect_write_pipe(Writing, os.fdopen(os.dup(master), "wb", 0))
        writing.write(b"to the slave")
        assert await asyncio.to_thread(os.read, slave, 100) == b"to the slave"
        os.write(slave, b"from the slave")
        await until(lambda: reader.received == b"from the slave")
        os.close(slave)
        # EIO is how the kernel says that nobody has the terminal open; it is no error to report.
        error = await reader.lost
        assert isinstance(error, OSError) and error.errno == 5
        writing.close()
        await writer.lost

    run(main())


def test_reader_and_writer_of_the_same_descriptor(run):
    async def main():
        left, right = socket.socketpair()
        loop = asyncio.get_running_loop()
        reading, reader = await loop.connect_read_pipe(Reading, left)
        writing, writer = await loop.connect_write_pipe(Writing, left)
        writing.write(b"out")
        right.send(b"in")
        await until(lambda: reader.received == b"in")
        assert right.recv(10) == b"out"
        right.close()
        await reader.lost
        await writer.lost

    run(main())


def test_lines_of_a_terminal_are_all_read(run):
    async def main():
        master, slave = os.openpty()
        reading, reader = await reader_of(slave)
        # In canonical mode each read ends with a line, though more lines wait.
        os.write(master, b"one\ntwo\nthree\n")
        await until(lambda: reader.received == b"one\ntwo\nthree\n")
        reading.close()
        await reader.lost
        os.close(master)

    run(main())


def test_devices_that_cannot_be_waited_for(run):
    async def main():
        writing, writer = await writer_of(os.open("/dev/null", os.O_WRONLY))
        writing.write(b"x" * 1_000_000)
        writing.close()
        await writer.lost

    run(main())


def test_a_regular_file_is_refused_and_left_open(run, tmp_path):
    async def main():
        loop = asyncio.get_running_loop()
        with open(tmp_path / "file", "w+b") as file:
            with pytest.raises(ValueError, match="Pipe transport is for pipes/sockets only"):
                await loop.connect_read_pipe(Reading, file)
            with pytest.raises(ValueError, match="only for pipes, sockets and character devices"):
                await loop.connect_write_pipe(Writing, file)
            assert not file.closed

    run(main())


def test_what_is_not_bytes_like_is_refused(run):
    async def main():
        read, write = os.pipe()
        writing, writer = await writer_of(write)
        for data in ("text", 5, None):
            with pytest.raises((TypeError, AssertionError)):
                writing.write(data)
        writing.write(memoryview(b"fine"))
        assert os.read(read, 10) == b"fine"
        writing.abort()
        await writer.lost
        os.close(read)

    run(main())


@pytest.mark.parametrize("method", ["data_received", "eof_received", "connection_made", "connection_lost"])
def test_a_protocol_that_raises_is_reported(run, errors, method):
    class Failing(Reading):
        pass

    def fail(self, *arguments):
        getattr(Reading, method)(self, *arguments)
        raise ValueError("from the protocol")

    setattr(Failing, method, fail)

    async def main():
        asyncio.get_running_loop().set_exception_handler(errors.report)
        read, write = os.pipe()
        _, reader = await reader_of(read, Failing)
        os.write(write, b"one")
        await until(lambda: reader.received == b"one")
        os.write(write, b"two")
        os.close(write)
        await reader.lost
        await asyncio.sleep(0)
        assert reader.received == b"onetwo"
        assert str(errors[0]["exception"]) == "from the protocol"

    run(main())


def test_an_exit_in_data_received_leaves_the_loop(loop):
    class Leaving(Reading):
        def data_received(self, data):
            raise SystemExit(3)

    async def main():
        read, write = os.pipe()
        made.append((await reader_of(read, Leaving))[0])
        os.write(write, b"x")
        os.close(write)
        await asyncio.sleep(10)

    made = []
    task = loop.create_task(main())
    with pytest.raises(SystemExit):
        loop.run_until_complete(task)
    task.cancel()
    made[0].close()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))


def test_streams_over_pipes_as_programs_do_for_standard_input(run):
    async def main():
        loop = asyncio.get_running_loop()
        read, write = os.pipe()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb", 0))
        transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(write, "wb", 0))
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        lines = [b"line %d\n" % number for number in range(20_000)]
        collecting = asyncio.create_task(collect(reader))
        for line in lines:
            writer.write(line)
            await writer.drain()
        writer.close()
        assert await collecting == lines

    async def collect(reader):
        return [line async for line in reader]

    run(main())


def test_a_write_from_another_thread_is_passed_on(run):
    async def main():
        read, write = os.pipe()
        writing, writer = await writer_of(write)
        thread = threading.Thread(target=writing.write, args=(b"from a thread",))
        thread.start()
        assert await asyncio.to_thread(os.read, read, 100) == b"from a thread"
        thread.join()
        writing.close()
        await writer.lost
        os.close(read)

    run(main())


def test_transports_that_nobody_closed_warn_and_close(run, count_descriptors):
    before = count_descriptors()

    async def main():
        read, write = os.pipe()
        await reader_of(read)
        await writer_of(write)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(main())
        gc.collect()
    assert sum("unclosed transport" in str(warning.message) for warning in caught) == 2
    assert count_descriptors() == before


def test_a_pipe_closed_under_its_transport_harms_nobody(run):
    async def main():
        read, write = os.pipe()
        loop = asyncio.get_running_loop()
        pipe = os.fdopen(write, "wb", 0)
        writing, writer = await loop.connect_write_pipe(Writing, pipe)
        pipe.close()
        writing.write(b"x")
        await writer.lost
        reading, reader = await reader_of(read)
        reading.get_extra_info("pipe").close()
        await asyncio.sleep(0.001)
        reading.close()
        await reader.lost

    run(main())


def test_standard_streams_of_a_program(run):
    code = """
import asyncio, sys, twinloop

async def main():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    async for line in reader:
        writer.write(line.upper())
        await writer.drain()

twinloop.run(main())
"""

    async def main():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate(b"one\ntwo\n")
        assert output == b"ONE\nTWO\n"

    run(main())
