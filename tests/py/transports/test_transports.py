"""Socket transports: streams and protocols over TCP, Unix sockets and TLS, their flow control and their ends."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import socket
import struct
import sys
import threading
import time
import warnings

import pytest


class Recorder(asyncio.Protocol):
    """Records every call."""

    def __init__(self):
        self.calls = []
        self.received = bytearray()
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.calls.append("connection_made")

    def data_received(self, data):
        assert type(data) is bytes
        self.received += data
        if self.calls[-1] != "data_received":
            self.calls.append("data_received")

    def eof_received(self):
        self.calls.append("eof_received")

    def pause_writing(self):
        self.calls.append("pause_writing")

    def resume_writing(self):
        self.calls.append("resume_writing")

    def connection_lost(self, error):
        self.calls.append("connection_lost")
        if not self.lost.done():
            self.lost.set_result(error)


async def connected(factory=Recorder):
    """A transport and its protocol, and the plain socket at the other end."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    transport, protocol = await asyncio.get_running_loop().create_connection(factory, sock=ours)
    return transport, protocol, theirs


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("size", [1, 1024, 16_384, 65_536, 102_400, 5_000_000])
def test_streams_echo_messages_of_every_size_over_tcp(run, size):
    async def echo(reader, writer):
        while data := await reader.read(100_000):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        message = os.urandom(size)
        for _ in range(3):
            writer.write(message)
            received = await reader.readexactly(size)
            assert received == message
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()

    run(main())


def test_streams_over_a_unix_socket(run, tmp_path):
    async def main():
        path = str(tmp_path / "socket")
        server = await asyncio.start_unix_server(lambda reader, writer: (writer.write(b"hello"), writer.close()), path)
        reader, writer = await asyncio.open_unix_connection(path)
        assert await reader.read() == b"hello"
        writer.close()
        server.close()
        await server.wait_closed()

    run(main())


def test_streams_over_tls(run, server_tls, client_tls):
    async def echo(reader, writer):
        writer.write(await reader.readexactly(300_000))
        await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server_tls)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client_tls, server_hostname="localhost")
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
        message = os.urandom(300_000)
        writer.write(message)
        assert await reader.read() == message
        writer.close()
        server.close()
        await server.wait_closed()

    run(main())


def test_start_tls_upgrades_a_connection(run, server_tls, client_tls):
    async def serve(reader, writer):
        assert await reader.readline() == b"STARTTLS\n"
        writer.write(b"go\n")
        await writer.drain()
        await writer.start_tls(server_tls)
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        writer.write(b"STARTTLS\n")
        assert await reader.readline() == b"go\n"
        await writer.start_tls(client_tls, server_hostname="localhost")
        writer.write(b"secret\n")
        assert await reader.readline() == b"SECRET\n"
        writer.close()
        server.close()

    run(main())


def test_a_certificate_of_an_unknown_authority_is_refused(run, server_tls):
    import ssl

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=server_tls)
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1], ssl=True)
        server.close()

    run(main())


def test_a_refused_connection_is_an_os_error_with_its_number(run):
    async def main():
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
            with pytest.raises(ConnectionRefusedError) as caught:
                await asyncio.open_connection("127.0.0.1", port)
        assert caught.value.errno == 111

    run(main())


def test_a_name_that_does_not_exist_is_a_gaierror(run):
    async def main():
        with pytest.raises(socket.gaierror):
            await asyncio.open_connection("does-not-exist.invalid", 80)

    run(main())


def test_transports_are_asyncio_transports_with_all_extra_information(run):
    async def main():
        server = await asyncio.get_running_loop().create_server(Recorder, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        transport, _protocol = await asyncio.get_running_loop().create_connection(Recorder, *address)
        assert isinstance(transport, asyncio.Transport)
        assert transport.get_extra_info("peername") == address
        assert transport.get_extra_info("sockname")[0] == "127.0.0.1"
        assert transport.get_extra_info("socket").fileno() >= 0
        assert transport.get_extra_info("nothing", "default") == "default"
        assert transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        transport.abort()
        server.close()

    run(main())


def test_the_calls_of_a_protocol_come_in_order(run):
    async def main():
        transport, protocol, peer = await connected()
        peer.send(b"hello")
        await until(lambda: protocol.received)
        peer.close()
        assert await protocol.lost is None
        assert protocol.calls == ["connection_made", "data_received", "eof_received", "connection_lost"]
        assert transport.is_closing()

    run(main())


def test_several_writes_of_one_turn_arrive_in_order_and_copies_were_taken(run):
    async def main():
        transport, _protocol, peer = await connected()
        data = bytearray(b"first ")
        transport.write(data)
        data[:] = b"CHANGE"
        transport.write(memoryview(b"second "))
        transport.writelines([b"third ", bytearray(b"fourth")])
        transport.write(b"")
        await asyncio.sleep(0.01)
        assert peer.recv(1000) == b"first second third fourth"
        peer.close()
        transport.close()

    run(main())


def test_close_sends_what_is_queued_first(run):
    async def main():
        transport, protocol, peer = await connected()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        message = os.urandom(3_000_000)
        transport.write(message)
        transport.close()
        assert transport.is_closing() and transport.get_write_buffer_size() > 0
        received = bytearray()
        while len(received) < len(message):
            received += await asyncio.get_running_loop().sock_recv(peer, 1 << 20)
        assert received == message
        assert await protocol.lost is None
        peer.close()

    run(main())


def test_much_that_is_written_as_bytes_is_not_copied_and_is_let_go_when_it_has_been_sent(run):
    async def main():
        transport, protocol, theirs = await connected()
        much = os.urandom(3_000_000)
        changing = bytearray(much)
        unused = sys.getrefcount(much)
        transport.write(b"first ")
        transport.write(much)
        transport.write(changing)
        transport.write(b" last")
        changing[:] = bytes(len(changing))
        assert sys.getrefcount(much) == unused + 1
        received = b""
        while len(received) < 2 * len(much) + 11:
            received += await asyncio.get_running_loop().sock_recv(theirs, 1 << 20)
        assert received == b"first " + much + much + b" last"
        assert transport.get_write_buffer_size() == 0
        assert sys.getrefcount(much) == unused

        transport.write(much)
        transport.abort()
        await protocol.lost
        assert sys.getrefcount(much) == unused
        theirs.close()

    run(main())


def test_abort_drops_what_is_queued(run):
    async def main():
        transport, protocol, peer = await connected()
        transport.write(bytes(10_000_000))
        transport.abort()
        assert protocol.calls == ["connection_made", "pause_writing"]
        assert await protocol.lost is None
        received = 0
        while data := await asyncio.get_running_loop().sock_recv(peer, 1 << 20):
            received += len(data)
        assert received < 10_000_000
        peer.close()

    run(main())


def test_a_full_queue_pauses_the_protocol_and_an_emptied_one_resumes_it(run):
    async def main():
        transport, protocol, peer = await connected()
        transport.set_write_buffer_limits(high=1000, low=100)
        assert transport.get_write_buffer_limits() == (100, 1000)
        # The kernel takes this: more than the limit, but nothing is left waiting.
        transport.write(bytes(5000))
        assert "pause_writing" not in protocol.calls
        transport.write(bytes(5_000_000))
        assert protocol.calls[-1] == "pause_writing"
        assert transport.get_write_buffer_size() > 1000
        left = 5_005_000
        while left:
            left -= len(await asyncio.get_running_loop().sock_recv(peer, 1 << 20))
        await until(lambda: protocol.calls[-1] == "resume_writing")
        assert transport.get_write_buffer_size() == 0
        with pytest.raises(ValueError, match="high"):
            transport.set_write_buffer_limits(high=1, low=2)
        transport.close()
        peer.close()

    run(main())


def test_paused_reading_delivers_nothing_until_it_is_resumed(run):
    async def main():
        transport, protocol, peer = await connected()
        transport.pause_reading()
        transport.pause_reading()
        assert not transport.is_reading()
        peer.send(b"waits")
        await asyncio.sleep(0.02)
        assert protocol.received == b""
        transport.resume_reading()
        await until(lambda: protocol.received == b"waits")
        assert transport.is_reading()
        transport.close()
        peer.close()

    run(main())


def test_a_protocol_can_pause_reading_in_connection_made(run):
    class Paused(Recorder):
        def connection_made(self, transport):
            super().connection_made(transport)
            transport.pause_reading()

    async def main():
        transport, protocol, peer = await connected(Paused)
        peer.send(b"waits")
        await asyncio.sleep(0.02)
        assert protocol.received == b""
        transport.resume_reading()
        await until(lambda: protocol.received == b"waits")
        transport.close()
        peer.close()

    run(main())


def test_half_closed_connections_go_on_in_the_other_direction(run):
    class KeepOpen(Recorder):
        def eof_received(self):
            super().eof_received()
            return True

    async def main():
        transport, protocol, peer = await connected(KeepOpen)
        peer.shutdown(socket.SHUT_WR)
        await until(lambda: "eof_received" in protocol.calls)
        transport.write(b"still writing")
        transport.write_eof()
        with pytest.raises(RuntimeError, match="after write_eof"):
            transport.write(b"late")
        loop = asyncio.get_running_loop()
        assert await loop.sock_recv(peer, 100) == b"still writing"
        assert await loop.sock_recv(peer, 100) == b""
        assert transport.can_write_eof()
        transport.close()
        await protocol.lost
        peer.close()

    run(main())


@pytest.mark.parametrize("closed_by", ["us", "the peer"])
def test_the_loop_calls_a_protocol_in_the_context_of_its_transport_and_others_in_their_own(run, closed_by):
    where = contextvars.ContextVar("where")

    def noting(name):
        def note(self, *arguments):
            self.calls.append((name, where.get()))
            if name == "connection_lost":
                self.lost.set_result(None)

        return note

    methods = ["data_received", "eof_received", "pause_writing", "resume_writing", "connection_lost"]
    Placed = type("Placed", (Recorder,), {name: noting(name) for name in methods})

    def within(place, function, *arguments):
        def call():
            where.set(place)
            function(*arguments)

        contextvars.copy_context().run(call)

    async def main():
        where.set("transport")
        transport, protocol, peer = await connected(Placed)
        where.set("elsewhere")
        within("pauses", transport.pause_reading)
        await asyncio.sleep(0)
        within("resumes", transport.resume_reading)
        peer.send(b"data")
        await until(lambda: len(protocol.calls) == 2)
        within("writes", transport.write, bytes(10_000_000))
        left = 10_000_000
        while left:
            left -= len(await asyncio.get_running_loop().sock_recv(peer, left))
        await until(lambda: len(protocol.calls) == 4)
        within("closes", transport.close if closed_by == "us" else peer.close)
        await protocol.lost
        peer.close()
        return protocol.calls

    assert run(main())[1:] == [
        ("data_received", "transport"),
        ("pause_writing", "writes"),
        ("resume_writing", "transport"),
        *([("connection_lost", "closes")] if closed_by == "us" else []),
        *([("eof_received", "transport"), ("connection_lost", "transport")] if closed_by == "the peer" else []),
    ]


def test_a_reset_reaches_the_protocol_as_the_error_of_connection_lost(run):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            _transport, protocol = await loop.create_connection(Recorder, *listener.getsockname())
            peer, _ = listener.accept()
            # No lingering: closing sends a reset.
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
            error = await protocol.lost
        assert isinstance(error, ConnectionResetError) and error.errno == 104

    run(main())


def test_writes_after_the_connection_was_lost_are_ignored_and_then_warned_about(run, caplog):
    async def main():
        transport, protocol, peer = await connected()
        transport.abort()
        for _ in range(7):
            transport.write(b"late")
        await protocol.lost
        transport.write(b"later")
        transport.close()
        transport.abort()
        peer.close()

    run(main())
    assert "socket.send() raised exception" in caplog.text


def test_what_is_not_bytes_like_is_a_type_error(run):
    async def main():
        transport, _protocol, peer = await connected()
        for wrong in ("text", 42, None, [1]):
            with pytest.raises(TypeError, match="bytes-like"):
                transport.write(wrong)
        transport.abort()
        peer.close()

    run(main())


@pytest.mark.parametrize("method", ["data_received", "eof_received"])
def test_a_protocol_that_raises_loses_its_connection_and_is_reported(run, errors, method):
    class Failing(Recorder):
        pass

    def fail(self, *_):
        raise ValueError(f"in {method}")

    setattr(Failing, method, fail)

    async def main():
        errors.collect(asyncio.get_running_loop())
        _transport, protocol, peer = await connected(Failing)
        peer.send(b"x")
        peer.close()
        assert str(await protocol.lost) == f"in {method}"

    run(main())
    assert [str(context["exception"]) for context in errors] == [f"in {method}"]
    assert method in errors[0]["message"]


def test_an_exit_in_data_received_leaves_the_loop(loop):
    class Leaving(asyncio.Protocol):
        def data_received(self, data):
            raise SystemExit(7)

    ours, theirs = socket.socketpair()
    transport, _ = loop.run_until_complete(loop.create_connection(Leaving, sock=ours))
    theirs.send(b"x")
    with pytest.raises(SystemExit):
        loop.run_forever()
    transport.abort()
    loop.run_until_complete(asyncio.sleep(0.01))
    theirs.close()


def test_the_protocol_can_be_replaced_in_mid_stream(run):
    async def main():
        transport, first, peer = await connected()
        peer.send(b"one")
        await until(lambda: first.received)
        second = Recorder()
        second.calls.append("set")
        transport.set_protocol(second)
        assert transport.get_protocol() is second
        peer.send(b"two")
        await until(lambda: second.received)
        assert (first.received, second.received) == (b"one", b"two")
        peer.close()
        await second.lost

    run(main())


def test_connections_send_without_delay_however_their_socket_was_made(run):
    async def main():
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
        client = socket.socket()
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, server.sockets[0].getsockname())
        transport, _protocol = await loop.create_connection(asyncio.Protocol, sock=client)
        assert transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        transport.close()
        server.close()

    run(main())


def test_a_socket_with_methods_of_its_own_is_used_through_them(run, tmp_path):
    class Shouting(socket.socket):
        def send(self, data, *flags):
            return super().send(bytes(data).upper(), *flags)

        def recv(self, *arguments):
            return super().recv(*arguments).upper()

    (tmp_path / "file").write_bytes(b"file")

    async def main():
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=Shouting(fileno=ours.detach()))
        assert isinstance(writer.transport, asyncio.Transport)
        writer.write(b"question")
        assert await loop.sock_recv(theirs, 100) == b"QUESTION"
        await loop.sock_sendall(theirs, b"answer")
        assert await reader.readexactly(6) == b"ANSWER"
        with open(tmp_path / "file", "rb") as file:
            assert await loop.sendfile(writer.transport, file) == 4
        assert await loop.sock_recv(theirs, 100) == b"file"
        writer.close()
        await writer.wait_closed()
        theirs.close()

    run(main())


def test_a_protocol_gets_no_more_in_one_piece_than_from_asyncio(run):
    async def main():
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
        sizes = []

        class Sizes(asyncio.Protocol):
            def data_received(self, data):
                sizes.append(len(data))

        transport, _protocol = await loop.create_connection(Sizes, sock=ours)
        for _ in range(20):
            await loop.sock_sendall(theirs, bytes(1_500_000))
        await until(lambda: sum(sizes) == 30_000_000)
        assert max(sizes) <= 256 * 1024
        transport.close()
        theirs.close()

    run(main())


@pytest.mark.parametrize("kind", ["stream", "datagram", "pipe"])
def test_who_makes_a_connection_goes_on_before_what_is_there_arrives(run, kind):
    calls = []

    class Early(asyncio.Protocol):
        def connection_made(self, _transport):
            calls.append("made")

        def data_received(self, *_data):
            calls.append("received")

        datagram_received = data_received

        def connection_lost(self, _error):
            calls.append("lost")

    async def main():
        loop = asyncio.get_running_loop()
        if kind == "pipe":
            descriptor, theirs = os.pipe()
            ours = os.fdopen(descriptor, "rb", 0)
            os.write(theirs, b"early")
            make = loop.connect_read_pipe(Early, ours)
        else:
            ours, theirs = socket.socketpair(type=socket.SOCK_DGRAM if kind == "datagram" else socket.SOCK_STREAM)
            ours.setblocking(False)
            theirs.send(b"early")
            create = loop.create_datagram_endpoint if kind == "datagram" else loop.create_connection
            make = create(Early, sock=ours)
        transport, _protocol = await make
        calls.append("going on")
        await until(lambda: "received" in calls)
        transport.close()
        await until(lambda: "lost" in calls)
        theirs.close() if kind != "pipe" else os.close(theirs)

    run(main())
    assert calls[:2] == ["made", "going on"]


def test_a_protocol_is_buffered_by_its_methods_too(run):
    class Buffered(asyncio.BaseProtocol):
        def __init__(self):
            self.buffer, self.received = bytearray(10), b""
            self.done = asyncio.get_running_loop().create_future()

        def get_buffer(self, size_hint):
            return self.buffer

        def buffer_updated(self, count):
            self.received += self.buffer[:count]

        def eof_received(self):
            self.done.set_result(self.received)

    async def main():
        _transport, protocol, peer = await connected(Buffered)
        await asyncio.get_running_loop().sock_sendall(peer, b"more than ten bytes")
        peer.close()
        assert await protocol.done == b"more than ten bytes"

    run(main())


def test_a_buffered_protocol_receives_into_its_own_buffer(run):
    class Buffered(asyncio.BufferedProtocol):
        def __init__(self):
            self.buffer = bytearray(1000)
            self.received = bytearray()
            self.lost = asyncio.get_running_loop().create_future()

        def connection_made(self, transport):
            self.transport = transport

        def get_buffer(self, hint):
            return memoryview(self.buffer)

        def buffer_updated(self, count):
            self.received += self.buffer[:count]

        def connection_lost(self, error):
            self.lost.set_result(error)

    async def main():
        _transport, protocol, peer = await connected(Buffered)
        message = os.urandom(200_000)
        await asyncio.get_running_loop().sock_sendall(peer, message)
        peer.close()
        assert await protocol.lost is None
        assert protocol.received == message

    run(main())


@pytest.mark.parametrize(
    ("buffer", "error"),
    [
        (bytearray(), RuntimeError("get_buffer() returned an empty buffer")),
        (b"read-only", TypeError("recv_into() argument 1 must be read-write bytes-like object, not bytes")),
        ("text", TypeError("recv_into() argument 1 must be read-write bytes-like object, not str")),
    ],
)
def test_a_buffered_protocol_with_a_wrong_buffer_is_reported(run, errors, buffer, error):
    class Wrong(asyncio.BufferedProtocol):
        def __init__(self):
            self.lost = asyncio.get_running_loop().create_future()

        def get_buffer(self, hint):
            return buffer

        def connection_lost(self, error):
            self.lost.set_result(error)

    async def main():
        errors.collect(asyncio.get_running_loop())
        _transport, protocol, peer = await connected(Wrong)
        peer.send(b"x")
        lost = await protocol.lost
        assert (type(lost), str(lost)) == (type(error), str(error))
        peer.close()

    run(main())
    assert len(errors) == 1


def test_a_write_from_another_thread_is_passed_on_to_the_loop(run):
    async def main():
        transport, _protocol, peer = await connected()
        thread = threading.Thread(target=transport.write, args=(b"from a thread",))
        thread.start()
        assert await asyncio.get_running_loop().sock_recv(peer, 100) == b"from a thread"
        thread.join()
        transport.close()
        peer.close()

    run(main())


def test_the_descriptor_of_a_transport_is_refused_elsewhere(run):
    async def main():
        transport, _protocol, peer = await connected()
        loop = asyncio.get_running_loop()
        with pytest.raises(RuntimeError, match="used by transport"):
            loop.add_reader(transport.get_extra_info("socket").fileno(), print)
        transport.abort()
        peer.close()

    run(main())


def test_sendfile_sends_a_file_between_other_writes(run, tmp_path):
    path = tmp_path / "file"
    content = os.urandom(1_000_000)
    path.write_bytes(content)

    async def main():
        transport, _protocol, peer = await connected()
        loop = asyncio.get_running_loop()

        async def receive():
            received = bytearray()
            while len(received) < len(content) + 12:
                received += await loop.sock_recv(peer, 1 << 20)
            return received

        receiving = asyncio.create_task(receive())
        transport.write(b"before")
        with open(path, "rb") as file:
            assert await loop.sendfile(transport, file) == len(content)
        transport.write(b"behind")
        assert await receiving == b"before" + content + b"behind"
        transport.close()
        peer.close()

    run(main())


def test_a_transport_that_nobody_closed_warns(loop):
    ours, theirs = socket.socketpair()
    transport, _ = loop.run_until_complete(loop.create_connection(asyncio.Protocol, sock=ours))
    with pytest.warns(ResourceWarning, match="unclosed transport"):
        loop.close()
        del transport, _
        gc.collect()
    theirs.close()


def test_datagrams_and_pipes_work_through_asyncios_own_transports(run):
    class Datagrams(asyncio.DatagramProtocol):
        def __init__(self):
            self.received = asyncio.get_running_loop().create_future()

        def datagram_received(self, data, address):
            self.received.set_result(data)

    async def main():
        loop = asyncio.get_running_loop()
        server, protocol = await loop.create_datagram_endpoint(Datagrams, local_addr=("127.0.0.1", 0))
        client, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=server.get_extra_info("sockname")
        )
        client.sendto(b"datagram")
        assert await protocol.received == b"datagram"
        client.close()
        server.close()
        reader, writer = os.pipe()
        stream = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reader, "rb")
        )
        os.write(writer, b"through a pipe")
        os.close(writer)
        assert await stream.read() == b"through a pipe"
        transport.close()

    run(main())


def test_a_thousand_connections_leave_no_descriptor_behind(run, count_descriptors):
    async def main(count):
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        for _ in range(count // 50):
            pairs = await asyncio.gather(*(asyncio.open_connection(*address) for _ in range(50)))
            for reader, writer in pairs:
                assert await reader.read() == b""
                writer.close()
        server.close()
        await server.wait_closed()

    run(main(50))
    before = count_descriptors()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(main(1000))
    assert count_descriptors() == before


# ---- arguments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True])
def test_writing_takes_its_argument_by_keyword_and_refuses_others(run, server_tls, client_tls, tls):
    async def echo(reader, writer):
        writer.write(await reader.readexactly(6))
        writer.close()

    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server_tls if tls else None)
        options = {"ssl": client_tls, "server_hostname": "localhost"} if tls else {}
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), **options)
        transport = writer.transport
        transport.write(data=b"ab")
        transport.writelines(list_of_data=[b"cd", b"ef"])
        assert await reader.read() == b"abcdef"
        for method, arguments, keywords in (
            ("write", (), {}),
            ("write", (b"a", b"b"), {}),
            ("write", (b"a",), {"data": b"b"}),
            ("write", (b"a",), {"x": 1}),
            ("writelines", ([], []), {}),
            ("pause_reading", (1,), {}),
            ("resume_reading", (), {"x": 1}),
            ("is_reading", (1,), {}),
            ("is_closing", (), {"x": 1}),
            ("get_write_buffer_size", (1,), {}),
            ("close", (1,), {}),
        ):
            with pytest.raises(TypeError, match=rf"{method}\(\)"):
                getattr(transport, method)(*arguments, **keywords)
        writer.close()
        server.close()

    run(main())


# ---- debug mode --------------------------------------------------------------------------------------------------------


def test_a_slow_protocol_is_reported_in_debug_mode(run, caplog):
    class Slow(Recorder):
        def data_received(self, data):
            time.sleep(0.002)
            super().data_received(data)

    async def main():
        asyncio.get_running_loop().slow_callback_duration = 0.001
        transport, protocol, theirs = await connected(Slow)
        caplog.clear()
        theirs.send(b"x")
        await until(lambda: protocol.received)
        theirs.close()
        await protocol.lost
        messages = [record.getMessage() for record in caplog.records if "Slow" in record.getMessage()]
        assert any(
            message.startswith("Executing") and "SocketTransport" in message and " took 0.0" in message
            for message in messages
        ), messages

    run(main(), debug=True)
