"""Streams: readers that are filled by hand, looked into, derived from or debugged.

Most tests are a scenario that runs on asyncio's loop and on ours;
what it records, results and exceptions with their messages and attributes, must be the same.
"""

from __future__ import annotations

import asyncio
import re
import socket

from streams_support import same_as_asyncio, turns

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
