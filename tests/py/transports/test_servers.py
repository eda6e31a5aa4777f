"""Servers and the ways to connect: their arguments, their life, what happens when descriptors run out, and sending files."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import resource
import socket
import sys
import warnings

import pytest

SINCE_3_13 = pytest.mark.skipif(sys.version_info < (3, 13), reason="came with 3.13")
SINCE_3_12 = pytest.mark.skipif(sys.version_info < (3, 12), reason="Server.wait_closed works since 3.12")
NO_IPV6 = pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here")


class Echo(asyncio.Protocol):
    made = 0

    def connection_made(self, transport):
        Echo.made += 1
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Recorder(asyncio.Protocol):
    def __init__(self):
        self.received = bytearray()
        self.made = asyncio.Event()
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.made.set()

    def data_received(self, data):
        self.received += data

    def connection_lost(self, error):
        if not self.lost.done():
            self.lost.set_result(error)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


async def exchange(host, port, **options):
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_connection(Recorder, host, port, **options)
    transport.write(b"hello")
    await until(lambda: protocol.received == b"hello")
    transport.close()
    await protocol.lost


def test_start_serving_and_close_and_the_sockets(run):
    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Echo, "127.0.0.1", 0, start_serving=False, backlog=7)
        assert not server.is_serving() and server.get_loop() is loop
        address = server.sockets[0].getsockname()
        with pytest.raises(ConnectionRefusedError):
            await loop.create_connection(Echo, *address)
        await server.start_serving()
        await server.start_serving()
        assert server.is_serving()
        await exchange(*address)
        server.close()
        server.close()
        assert not server.is_serving() and server.sockets == ()
        await server.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await loop.create_connection(Echo, *address)
        with pytest.raises(RuntimeError, match="closed"):
            await server.serve_forever()

    run(main())


def test_serve_forever_ends_by_cancellation_and_closes_the_server(run):
    async def main():
        loop = asyncio.get_running_loop()
        async with await loop.create_server(Echo, "127.0.0.1", 0, start_serving=False) as server:
            serving = asyncio.create_task(server.serve_forever())
            await asyncio.sleep(0)
            await exchange(*server.sockets[0].getsockname())
            with pytest.raises(RuntimeError, match="already being awaited"):
                await server.serve_forever()
            serving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await serving
            assert not server.is_serving()

    run(main())


@SINCE_3_12
def test_wait_closed_waits_for_the_last_connection(run):
    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        transport, protocol = await loop.create_connection(Recorder, *server.sockets[0].getsockname())
        transport.write(b"x")
        await until(lambda: protocol.received)
        server.close()
        waiting = asyncio.create_task(server.wait_closed())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        transport.close()
        await waiting

    run(main())


@SINCE_3_13
@pytest.mark.parametrize("method", ["close_clients", "abort_clients"])
def test_close_and_abort_clients_end_the_connections(run, method):
    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        clients = [await loop.create_connection(Recorder, *server.sockets[0].getsockname()) for _ in range(3)]
        for transport, protocol in clients:
            transport.write(b"x")
            await until(lambda protocol=protocol: protocol.received)
        server.close()
        getattr(server, method)()
        for _, protocol in clients:
            await protocol.lost
        await server.wait_closed()

    run(main())


def test_options_of_the_listening_socket(run):
    async def main():
        loop = asyncio.get_running_loop()
        first = await loop.create_server(Echo, "127.0.0.1", 0, reuse_port=True)
        port = first.sockets[0].getsockname()[1]
        assert first.sockets[0].getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
        second = await loop.create_server(Echo, "127.0.0.1", port, reuse_port=True)
        with pytest.raises(OSError) as caught:
            await loop.create_server(Echo, "127.0.0.1", port)
        assert caught.value.errno == errno.EADDRINUSE and "127.0.0.1" in str(caught.value)
        for server in (first, second):
            server.close()
        both = await loop.create_server(Echo, ["127.0.0.1", "127.0.0.2"], 0)
        assert len(both.sockets) == 2
        both.close()
        everywhere = await loop.create_server(Echo, None, 0, family=socket.AF_INET)
        assert everywhere.sockets[0].getsockname()[0] == "0.0.0.0"
        everywhere.close()
        assert everywhere.sockets == ()
        if sys.version_info >= (3, 13):
            kept = await loop.create_server(Echo, "127.0.0.1", 0, keep_alive=True)
            assert kept.sockets[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            kept.close()

    run(main())


def test_wrong_arguments_of_servers_and_connections(run, tmp_path):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.socket(type=socket.SOCK_DGRAM) as datagram, socket.socket() as stream:
            for arguments, options, error in [
                ((), {}, "Neither host/port nor sock were specified"),
                (("127.0.0.1", 0), {"sock": stream}, "host/port and sock can not be specified at the same time"),
                ((), {"sock": datagram}, "A Stream Socket was expected"),
                (("127.0.0.1", 0), {"ssl_handshake_timeout": 1}, "only meaningful with ssl"),
                (("127.0.0.1", 0), {"ssl_shutdown_timeout": 1}, "only meaningful with ssl"),
            ]:
                with pytest.raises(ValueError, match=error):
                    await loop.create_server(Echo, *arguments, **options)
            with pytest.raises(TypeError, match="ssl argument must be an SSLContext or None"):
                await loop.create_server(Echo, "127.0.0.1", 0, ssl=True)
            for arguments, options, error in [
                ((), {}, "host and port was not specified and no sock specified"),
                (("127.0.0.1", 0), {"sock": stream}, "host/port and sock can not be specified at the same time"),
                ((), {"sock": datagram}, "A Stream Socket was expected"),
                (("127.0.0.1", 0), {"server_hostname": "x"}, "server_hostname is only meaningful with ssl"),
                (("127.0.0.1", 0), {"ssl_handshake_timeout": 1}, "only meaningful with ssl"),
                ((), {"ssl": True, "sock": stream}, "You must set server_hostname"),
            ]:
                with pytest.raises(ValueError, match=error):
                    await loop.create_connection(Echo, *arguments, **options)
            path = str(tmp_path / "socket")
            for options, error in [
                ({}, "path was not specified, and no sock specified"),
                ({"path": path, "sock": stream}, "path and sock can not be specified at the same time"),
                ({"sock": stream}, "A UNIX Domain Stream Socket was expected"),
            ]:
                with pytest.raises(ValueError, match=error):
                    await loop.create_unix_server(Echo, **options)
            with pytest.raises(ValueError, match="no path and sock were specified"):
                await loop.create_unix_connection(Echo)
            with pytest.raises(FileNotFoundError):
                await loop.create_unix_connection(Echo, path)
            with pytest.raises(ValueError, match="A Stream Socket was expected"):
                await loop.connect_accepted_socket(Echo, datagram)

    run(main())


@pytest.mark.parametrize("kind", ["str", "path", "bytes", "abstract"])
def test_unix_servers_by_every_kind_of_path(run, tmp_path, kind):
    path = tmp_path / "socket"
    name = {"str": str(path), "path": path, "bytes": bytes(path), "abstract": f"\0twinloop-{os.getpid()}"}[kind]

    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(Echo, name)
        transport, protocol = await loop.create_unix_connection(Recorder, name)
        transport.write(b"hello")
        await until(lambda: protocol.received == b"hello")
        transport.close()
        await protocol.lost
        # A socket that nobody listens at is replaced; a live one of another server is in use.
        server.close()
        again = await loop.create_unix_server(Echo, name)
        again.close()

    run(main())


def test_an_accepted_socket_becomes_a_transport(run):
    async def main():
        loop = asyncio.get_running_loop()
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname()) as peer,
        ):
            accepted, _ = listener.accept()
            transport, protocol = await loop.connect_accepted_socket(Recorder, accepted)
            peer.sendall(b"hello")
            await until(lambda: protocol.received == b"hello")
            assert transport.get_extra_info("peername") == peer.getsockname()
            transport.close()
            await protocol.lost

    run(main())


@NO_IPV6
def test_happy_eyeballs_tries_the_next_address(run):
    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        for options in (
            {},
            {"happy_eyeballs_delay": 0.01},
            {"happy_eyeballs_delay": 0.01, "interleave": 1},
            {"interleave": 2},
            {"family": socket.AF_INET},
            {"local_addr": ("127.0.0.1", 0), "family": socket.AF_INET},
        ):
            # `localhost` is ::1 first where that exists, and nobody listens there.
            await exchange("localhost", port, **options)
        with pytest.raises(OSError):
            await loop.create_connection(Echo, "127.0.0.1", port, local_addr=("192.0.2.1", 0))
        server.close()
        if sys.version_info >= (3, 12):
            with pytest.raises(ExceptionGroup):
                await loop.create_connection(Echo, "localhost", port, all_errors=True)

    run(main())


# ---- errors ------------------------------------------------------------------------------------------------------------


def test_a_server_without_descriptors_pauses_says_so_once_and_recovers(run, errors, monkeypatch):
    monkeypatch.setattr(asyncio.constants, "ACCEPT_RETRY_DELAY", 0.05)

    async def main():
        loop = asyncio.get_running_loop()
        errors.collect(loop)
        Echo.made = 0
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        clients = [socket.socket() for _ in range(3)]
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        ballast = []
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
            with contextlib.suppress(OSError):
                while True:
                    ballast.append(os.dup(0))
            for client in clients:
                client.connect(address)
            turns = loop.statistics()["turns"]
            await until(lambda: errors)
            await asyncio.sleep(0.02)
            # One report and no spinning; the delay of the retry has not passed yet.
            assert [context["message"] for context in errors] == ["socket.accept() out of system resource"]
            assert errors[0]["exception"].errno == errno.EMFILE
            assert loop.statistics()["turns"] - turns < 100
        finally:
            for fd in ballast:
                os.close(fd)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await until(lambda: Echo.made == 3)
        for client in clients:
            client.setblocking(False)
            await loop.sock_sendall(client, b"x")
            assert await loop.sock_recv(client, 1) == b"x"
            client.close()
        server.close()

    run(main())


def test_a_server_that_is_closed_during_the_pause_stays_closed(run, errors, monkeypatch):
    monkeypatch.setattr(asyncio.constants, "ACCEPT_RETRY_DELAY", 0.01)

    async def main():
        loop = asyncio.get_running_loop()
        errors.collect(loop)
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        ballast = []
        with socket.socket() as client:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
                with contextlib.suppress(OSError):
                    while True:
                        ballast.append(os.dup(0))
                client.connect(address)
                await until(lambda: errors)
                server.close()
            finally:
                for fd in ballast:
                    os.close(fd)
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            await asyncio.sleep(0.05)
            assert len(errors) == 1

    run(main())


@pytest.mark.parametrize("failing", ["factory", "connection_made", "connection_lost"])
def test_a_protocol_that_raises_is_reported_and_the_server_goes_on(run, errors, failing):
    class Failing(Echo):
        def __init__(self):
            if failing == "factory":
                raise ValueError("from the protocol")

        def connection_made(self, transport):
            super().connection_made(transport)
            if failing == "connection_made":
                raise ValueError("from the protocol")

        def connection_lost(self, error):
            if failing == "connection_lost":
                raise ValueError("from the protocol")

    async def main():
        loop = asyncio.get_running_loop()
        errors.collect(loop)
        server = await loop.create_server(Failing, "127.0.0.1", 0)
        for _ in range(2):
            transport, protocol = await loop.create_connection(Recorder, *server.sockets[0].getsockname())
            transport.write(b"x")
            if failing != "factory":
                await until(lambda: protocol.received == b"x")
                transport.close()
            await protocol.lost
        await until(lambda: len(errors) >= 2)
        assert all(str(context["exception"]) == "from the protocol" for context in errors)
        server.close()

    run(main())


def test_a_listening_socket_closed_under_its_server_harms_nobody(run, errors):
    async def main():
        loop = asyncio.get_running_loop()
        errors.collect(loop)
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        os.close(server.sockets[0].fileno())
        other = await loop.create_server(Echo, "127.0.0.1", 0)
        await exchange(*other.sockets[0].getsockname())
        with contextlib.suppress(OSError):
            server._sockets[0].detach()
        other.close()

    run(main())


def test_a_number_that_is_used_again_belongs_to_the_new_transport(run):
    async def main():
        loop = asyncio.get_running_loop()
        for attempt in range(3):
            ours, theirs = socket.socketpair()
            number = ours.fileno()
            transport, protocol = await loop.create_connection(Recorder, sock=ours)
            # The program closes the socket under its transport, and the number goes to the next one at once.
            ours.close()
            transport.abort()
            again, peer = socket.socketpair()
            assert again.fileno() == number
            if attempt == 2:
                readable = asyncio.Event()
                loop.add_reader(again, readable.set)
            else:
                new_transport, new_protocol = await loop.create_connection(Recorder, sock=again)
            await protocol.lost
            await asyncio.sleep(0)
            peer.send(b"to the new one")
            if attempt == 2:
                await asyncio.wait_for(readable.wait(), 5)
                assert loop.remove_reader(again)
                again.close()
            else:
                await asyncio.wait_for(until(lambda: new_protocol.received == b"to the new one"), 5)
                new_transport.close()
                await new_protocol.lost
            theirs.close()
            peer.close()

    run(main())


# ---- sending files -----------------------------------------------------------------------------------------------------


@pytest.fixture
def big_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(os.urandom(600_000))
    with open(path, "rb") as file:
        yield file, path.read_bytes()


async def read_all(loop, sock):
    received = bytearray()
    while data := await loop.sock_recv(sock, 1 << 16):
        received += data
    return bytes(received)


@pytest.mark.parametrize(("offset", "count"), [(0, None), (1000, None), (0, 5000), (599_000, 100_000), (700_000, None)])
def test_sock_sendfile_sends_the_asked_part_and_moves_the_file(run, big_file, offset, count):
    file, content = big_file
    expected = content[offset:] if count is None else content[offset : offset + count]

    async def main():
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        with left, right:
            left.setblocking(False)
            right.setblocking(False)
            receiving = asyncio.create_task(read_all(loop, right))
            assert await loop.sock_sendfile(left, file, offset, count) == len(expected)
            left.shutdown(socket.SHUT_WR)
            assert await receiving == expected
            assert file.tell() == (offset + len(expected) if expected else 0)

    run(main())


def test_sendfile_falls_back_where_the_kernel_cannot_and_only_if_it_may(run, big_file):
    import io

    file, content = big_file

    async def main():
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        with left, right:
            left.setblocking(False)
            right.setblocking(False)
            memory = io.BytesIO(content)
            with pytest.raises(asyncio.SendfileNotAvailableError):
                await loop.sock_sendfile(left, memory, fallback=False)
            receiving = asyncio.create_task(read_all(loop, right))
            assert await loop.sock_sendfile(left, memory) == len(content)
            left.shutdown(socket.SHUT_WR)
            assert await receiving == content
        for source in (file, memory):
            source.seek(0)
            ours, theirs = socket.socketpair()
            transport, _ = await loop.create_connection(Recorder, sock=ours)
            with theirs:
                theirs.setblocking(False)
                receiving = asyncio.create_task(read_all(loop, theirs))
                if source is memory:
                    with pytest.raises(RuntimeError):
                        await loop.sendfile(transport, source, fallback=False)
                transport.write(b"head")
                assert await loop.sendfile(transport, source) == len(content)
                transport.write(b"tail")
                transport.close()
                assert await receiving == b"head" + content + b"tail"

    run(main())


@pytest.mark.parametrize("stands_at", [0, 100])
def test_sendfile_without_the_kernel_begins_at_its_offset_wherever_the_file_stands(run, stands_at):
    # asyncio's fallback moved the file only to offsets other than 0, so the default sent what lay behind its position.
    import io

    content = os.urandom(5000)

    async def main():
        loop = asyncio.get_running_loop()
        for offset, count, sent in ((0, 1000, content[:1000]), (7, 1000, content[7:1007]), (0, None, content)):
            memory = io.BytesIO(content)
            left, right = socket.socketpair()
            with left, right:
                left.setblocking(False)
                memory.seek(stands_at)
                assert await loop.sock_sendfile(left, memory, offset, count) == len(sent)
                assert right.recv(10_000) == sent and memory.tell() == offset + len(sent)
            left, right = socket.socketpair()
            transport, protocol = await loop.create_connection(Recorder, sock=left)
            with right:
                memory.seek(stands_at)
                assert await loop.sendfile(transport, memory, offset, count) == len(sent)
                right.setblocking(False)
                assert await loop.sock_recv(right, 10_000) == sent and memory.tell() == offset + len(sent)
                transport.close()
                await protocol.lost
        # What cannot be moved is sent from where it stands.
        left, right = socket.socketpair()
        with left, right:
            left.setblocking(False)
            assert await loop.sock_sendfile(left, Stream(content[:100])) == 100
            assert right.recv(10_000) == content[:100]

    class Stream:
        def __init__(self, content):
            self.readinto = io.BytesIO(content).readinto

    run(main())


def test_arguments_of_sendfile_are_checked(run, big_file, tmp_path):
    file, _ = big_file

    async def main():
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        with left, right:
            left.setblocking(False)
            with pytest.raises(TypeError, match="count must be a positive integer"):
                await loop.sock_sendfile(left, file, count=1.5)
            with pytest.raises(ValueError, match="count must be a positive integer"):
                await loop.sock_sendfile(left, file, count=0)
            with pytest.raises(TypeError, match="offset must be a non-negative integer"):
                await loop.sock_sendfile(left, file, offset=1.5)
            with pytest.raises(ValueError, match="offset must be a non-negative integer"):
                await loop.sock_sendfile(left, file, offset=-1)
            with open(tmp_path / "text", "w+") as text, pytest.raises(ValueError, match="binary mode"):
                await loop.sock_sendfile(left, text)
            with socket.socket(type=socket.SOCK_DGRAM) as datagram:
                datagram.setblocking(False)
                with pytest.raises(ValueError, match="only SOCK_STREAM"):
                    await loop.sock_sendfile(datagram, file)
        ours, theirs = socket.socketpair()
        transport, protocol = await loop.create_connection(Recorder, sock=ours)
        theirs.close()
        transport.close()
        with pytest.raises(RuntimeError, match="Transport is closing"):
            await loop.sendfile(transport, file)
        await protocol.lost

    run(main())


def test_warnings_are_not_raised_by_a_clean_server(run):
    async def main():
        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
        await exchange(*server.sockets[0].getsockname())
        server.close()
        await server.wait_closed()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(main())
