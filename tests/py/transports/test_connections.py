"""Connections from end to end: streams over TCP, Unix sockets and TLS, what refuses them, and what a thousand of them leave behind."""

from __future__ import annotations

import asyncio
import os
import socket
import warnings

import pytest
from transports_support import connected, until


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
