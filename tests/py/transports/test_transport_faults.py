"""Where transports meet what seldom happens: short reads that are not the end, protocols that cannot be, raise or change."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import os
import socket
import warnings

import pytest
from transports_support import Recorder, connected, until

# ---- short reads -------------------------------------------------------------------------------------------------------


def test_what_follows_descriptors_on_a_unix_socket_arrives(run):
    async def main():
        transport, protocol, theirs = await connected()
        socket.send_fds(theirs, [b"abc"], [0])
        theirs.send(b"def")
        await until(lambda: bytes(protocol.received) == b"abcdef")
        transport.abort()
        theirs.close()

    run(main())


def test_what_follows_urgent_data_over_tcp_arrives(run):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            theirs = socket.create_connection(listener.getsockname())
            ours, _ = listener.accept()
        ours.setblocking(False)
        transport, protocol = await loop.create_connection(Recorder, sock=ours)
        theirs.send(b"abc")
        theirs.send(b"!", socket.MSG_OOB)
        theirs.send(b"def")
        await until(lambda: bytes(protocol.received) == b"abcdef")
        transport.abort()
        theirs.close()

    run(main())


@pytest.mark.parametrize("kind", ["packet pipe", "datagram socket"])
def test_packets_that_wait_in_something_read_as_a_pipe_all_arrive(run, kind):
    async def main():
        loop = asyncio.get_running_loop()
        if kind == "packet pipe":
            reading, writing = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
            source = os.fdopen(reading, "rb", 0)
            send = functools.partial(os.write, writing)
        else:
            source, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            send = theirs.send
        send(b"one")
        send(b"two")
        transport, protocol = await loop.connect_read_pipe(Recorder, source)
        await until(lambda: bytes(protocol.received) == b"onetwo")
        transport.close()
        await asyncio.sleep(0.01)
        os.close(writing) if kind == "packet pipe" else theirs.close()

    run(main())


# ---- protocols that cannot be --------------------------------------------------------------------------------------------


class Greeting(asyncio.Protocol):
    def connection_made(self, transport):
        transport.write(b"hello")
        transport.close()


def test_a_server_outlives_a_protocol_factory_that_fails_once(run, errors):
    async def main():
        errors.collect(asyncio.get_running_loop())
        loop = asyncio.get_running_loop()
        made = []

        def factory():
            made.append(None)
            return None if len(made) == 1 else Greeting()

        server = await loop.create_server(factory, "127.0.0.1", 0)
        for expected in (b"", b"hello", b"hello"):
            # Each gets the descriptor's number of the one before.
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            assert await reader.read() == expected
            writer.close()
            await writer.wait_closed()
        server.close()

    run(main())
    assert [context["message"] for context in errors] == ["Error on transport creation for incoming connection"]


@pytest.mark.parametrize("kind", ["stream", "datagram", "read pipe", "write pipe"])
def test_a_protocol_without_methods_leaves_no_descriptor_behind(run, count_descriptors, kind):
    async def main():
        loop = asyncio.get_running_loop()

        async def attempt():
            if kind == "stream":
                ours, theirs = socket.socketpair()
                await loop.create_connection(lambda: None, sock=ours)
            elif kind == "datagram":
                await loop.create_datagram_endpoint(lambda: None, local_addr=("127.0.0.1", 0))
            else:
                reading, writing = os.pipe()
                with os.fdopen(reading, "rb", 0) as source, os.fdopen(writing, "wb", 0) as target:
                    if kind == "read pipe":
                        await loop.connect_read_pipe(lambda: None, source)
                    else:
                        await loop.connect_write_pipe(lambda: None, target)

        with pytest.raises(AttributeError):
            await attempt()
        gc.collect()
        before = count_descriptors()
        for _ in range(5):
            with pytest.raises(AttributeError):
                await attempt()
        gc.collect()
        assert count_descriptors() == before

    run(main())


def test_the_number_of_a_transport_that_failed_can_be_used_again(run):
    async def main():
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        number = ours.fileno()
        with pytest.raises(AttributeError):
            await loop.create_connection(lambda: None, sock=ours)
        theirs.send(b"abc")
        assert ours.fileno() == number
        assert await loop.sock_recv(ours, 10) == b"abc"
        ours.close()
        theirs.close()

    run(main())


def test_a_factory_may_close_its_server(run, errors):
    async def main():
        errors.collect(asyncio.get_running_loop())
        loop = asyncio.get_running_loop()

        def factory():
            server.close()
            return Recorder()

        server = await loop.create_server(factory, "127.0.0.1", 0)
        _reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await asyncio.sleep(0.05)
        writer.close()

    run(main())
    assert not [context for context in errors if isinstance(context["exception"], OSError)]


# ---- protocols that raise ------------------------------------------------------------------------------------------------


class Raising(Recorder, asyncio.DatagramProtocol):
    def connection_lost(self, error):
        super().connection_lost(error)
        raise ValueError("in connection_lost")


def test_connection_lost_that_raises_after_a_queue_was_sent_is_reported(run, errors):
    async def main():
        errors.collect(asyncio.get_running_loop())
        transport, protocol, theirs = await connected(Raising)
        transport.write(b"x" * 1_000_000)
        transport.close()
        loop = asyncio.get_running_loop()
        left = 1_000_000
        while left:
            left -= len(await loop.sock_recv(theirs, left))
        await protocol.lost
        await asyncio.sleep(0)
        theirs.close()

    run(main())
    assert [str(context["exception"]) for context in errors] == ["in connection_lost"]


def test_connection_lost_of_a_datagram_transport_that_raises_after_a_queue_was_sent_is_reported(run, errors):
    async def main():
        errors.collect(asyncio.get_running_loop())
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.setblocking(False)
        theirs.setblocking(False)
        transport, protocol = await loop.create_datagram_endpoint(Raising, sock=ours)
        while not transport.get_write_buffer_size():
            transport.sendto(b"x" * 1000)
        transport.close()
        while not protocol.lost.done():
            await loop.sock_recv(theirs, 2000)
        await asyncio.sleep(0)
        theirs.close()

    run(main())
    assert [str(context["exception"]) for context in errors] == ["in connection_lost"]


def test_connection_lost_of_a_pipe_that_raises_after_a_queue_was_sent_is_reported(run, errors):
    async def main():
        errors.collect(asyncio.get_running_loop())
        loop = asyncio.get_running_loop()
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        transport, protocol = await loop.connect_write_pipe(Raising, os.fdopen(writing, "wb", 0))
        transport.write(b"x" * 1_000_000)
        transport.close()
        while not protocol.lost.done():
            with contextlib.suppress(BlockingIOError):
                os.read(reading, 100_000)
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        os.close(reading)

    run(main())
    assert [str(context["exception"]) for context in errors] == ["in connection_lost"]


# ---- protocols that change -----------------------------------------------------------------------------------------------


def test_a_protocol_may_replace_its_own_methods(run):
    class Changing(asyncio.Protocol):
        def __init__(self):
            self.calls = []

        def data_received(self, data):
            self.calls.append(("first", data))
            self.data_received = self.second

        def second(self, data):
            self.calls.append(("second", data))

    async def main():
        transport, protocol, theirs = await connected(Changing)
        theirs.send(b"1")
        await until(lambda: len(protocol.calls) == 1)
        theirs.send(b"2")
        await until(lambda: len(protocol.calls) == 2)
        assert protocol.calls == [("first", b"1"), ("second", b"2")]
        transport.abort()
        theirs.close()

    run(main())


def test_a_datagram_protocol_may_get_its_methods_after_it_was_made(run):
    async def main():
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_datagram_endpoint(Raising, local_addr=("127.0.0.1", 0))
        received = loop.create_future()
        protocol.datagram_received = lambda data, address: received.set_result(data)
        transport.sendto(b"hello", transport.get_extra_info("sockname"))
        assert await received == b"hello"
        transport.close()

    run(main())


# ---- writes --------------------------------------------------------------------------------------------------------------


def test_what_is_written_while_the_loop_does_not_run_leaves_at_once(loop):
    transport, _protocol, theirs = loop.run_until_complete(connected())
    transport.write(b"hello")
    assert theirs.recv(100) == b"hello"
    transport.abort()
    loop.run_until_complete(asyncio.sleep(0))
    theirs.close()


def test_writelines_with_a_wrong_item_sends_nothing(run):
    async def main():
        transport, _protocol, theirs = await connected()
        with pytest.raises(TypeError):
            transport.writelines([b"ab", "x", b"cd"])
        transport.write(b"after")
        assert await asyncio.get_running_loop().sock_recv(theirs, 100) == b"after"
        transport.abort()
        theirs.close()

    run(main())


# ---- transports that nobody uses -----------------------------------------------------------------------------------------


class Keeping(Recorder):
    def eof_received(self):
        super().eof_received()
        return True


class Pausing(Recorder):
    def connection_made(self, transport):
        super().connection_made(transport)
        transport.pause_reading()


@pytest.mark.parametrize("factory", [Keeping, Pausing])
def test_a_transport_that_neither_reads_nor_sends_is_collected_when_nobody_uses_it(run, count_descriptors, factory):
    async def main():
        before = count_descriptors()
        for _ in range(5):
            transport, protocol, theirs = await connected(factory)
            theirs.close()
            await asyncio.sleep(0.01)
            del transport, protocol
        with pytest.warns(ResourceWarning, match="unclosed transport"):
            gc.collect()
        assert count_descriptors() == before

    run(main())


def test_a_stream_that_was_read_to_its_end_is_collected_when_nobody_uses_it(run, count_descriptors):
    async def serve(reader, writer):
        writer.close()

    async def main():
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            before = count_descriptors()
            for _ in range(5):
                reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
                assert await reader.read() == b""
                del reader, writer
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()
                await asyncio.sleep(0.01)
                assert count_descriptors() == before

    run(main())


def test_a_paused_transport_that_is_resumed_or_written_to_works_as_before(run):
    async def main():
        loop = asyncio.get_running_loop()
        transport, protocol, theirs = await connected(Pausing)
        gc.collect()
        theirs.send(b"waiting")
        transport.write(b"answer")
        assert await loop.sock_recv(theirs, 100) == b"answer"
        transport.resume_reading()
        await until(lambda: bytes(protocol.received) == b"waiting")
        transport.pause_reading()
        replacement = Recorder()
        replacement.calls.append("set")
        transport.set_protocol(replacement)
        theirs.send(b"more")
        transport.resume_reading()
        await until(lambda: bytes(replacement.received) == b"more")
        transport.close()
        assert await replacement.lost is None
        theirs.close()

    run(main())


def test_what_a_paused_transport_still_sends_keeps_it_alive(run):
    async def main():
        loop = asyncio.get_running_loop()
        transport, protocol, theirs = await connected(Pausing)
        transport.write(b"x" * 1_000_000)
        del transport, protocol
        gc.collect()
        left = 1_000_000
        while left:
            left -= len(await loop.sock_recv(theirs, left))
        theirs.close()
        await asyncio.sleep(0.01)
        with pytest.warns(ResourceWarning, match="unclosed transport"):
            gc.collect()

    run(main())


# ---- operations that the end of the connection ends ------------------------------------------------------------------------


def test_aborting_a_connection_ends_the_file_that_it_sends(run, tmp_path):
    async def main():
        loop = asyncio.get_running_loop()
        transport, protocol, theirs = await connected()
        path = tmp_path / "file"
        path.write_bytes(bytes(5_000_000))
        with path.open("rb") as file:
            sending = asyncio.create_task(loop.sendfile(transport, file))
            await asyncio.sleep(0.05)
            transport.abort()
            with pytest.raises(ConnectionError, match="Connection is closed by peer"):
                await asyncio.wait_for(sending, 5)
        received = 0
        while data := await loop.sock_recv(theirs, 1_000_000):
            received += len(data)
        assert received < 5_000_000
        theirs.close()

    run(main())


def test_start_tls_raises_before_the_protocol_is_told_of_the_end(run, client_tls):
    async def main():
        loop = asyncio.get_running_loop()
        events = []

        class Client(Recorder):
            def connection_lost(self, error):
                events.append("connection_lost")
                super().connection_lost(error)

        async def upgrade():
            try:
                await loop.start_tls(transport, protocol, client_tls, server_hostname="localhost")
            except OSError:
                events.append("raised")

        transport, protocol, theirs = await connected(Client)
        upgrading = asyncio.create_task(upgrade())
        await loop.sock_recv(theirs, 10_000)
        theirs.close()
        await upgrading
        await protocol.lost
        assert events == ["raised", "connection_lost"]

    run(main())
