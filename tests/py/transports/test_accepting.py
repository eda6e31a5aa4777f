"""What a server's transports know of their connections, however these were accepted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct

import pytest

NO_IPV6 = pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here")
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Peer(asyncio.Protocol):
    """Passes its transport on, and the end of it."""

    def __init__(self, made, lost):
        self.made = made
        self.lost = lost

    def connection_made(self, transport):
        self.made.set_result(transport)

    def connection_lost(self, error):
        self.lost.set_result(error)


async def served(listener=None, **options):
    """A server, the transport that it will make, and the end of that."""
    loop = asyncio.get_running_loop()
    made, lost = loop.create_future(), loop.create_future()
    if listener is not None:
        options["sock"] = listener
    server = await loop.create_server(lambda: Peer(made, lost), **options)
    return server, made, lost


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=NO_IPV6)])
@pytest.mark.parametrize("asked", ["while it is open", "when it is gone"])
def test_both_names_are_known_while_a_connection_is_open_and_after_it(run, host, asked):
    async def main():
        server, made, lost = await served(host=host, port=0)
        with socket.create_connection(server.sockets[0].getsockname()[:2]) as client:
            names = client.getpeername(), client.getsockname()
            transport = await made
            if asked == "while it is open":
                sock = transport.get_extra_info("socket")
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                assert sock.gettimeout() == 0
                assert not os.get_inheritable(sock.fileno())
        await lost
        server.close()
        assert transport.get_extra_info("sockname") == names[0]
        assert transport.get_extra_info("peername") == names[1]
        assert transport.get_extra_info("socket").fileno() == -1

    run(main())


def test_a_connection_that_was_reset_while_it_waited_still_has_its_peers_name(run):
    async def main():
        server, made, lost = await served(host="127.0.0.1", port=0, start_serving=False)
        server.sockets[0]._sock.listen()
        client = socket.create_connection(server.sockets[0].getsockname())
        name = client.getsockname()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        client.close()
        await server.start_serving()
        transport = await made
        assert transport.get_extra_info("peername") == name
        assert isinstance(await lost, ConnectionResetError)
        server.close()

    run(main())


@pytest.mark.parametrize("name", ["client", ""])
def test_a_peer_at_a_unix_socket_has_the_name_that_python_gives_it(run, tmp_path, name):
    async def main():
        loop = asyncio.get_running_loop()
        made, lost = loop.create_future(), loop.create_future()
        path = str(tmp_path / "server")
        server = await loop.create_unix_server(lambda: Peer(made, lost), path)
        client = socket.socket(socket.AF_UNIX)
        peername = str(tmp_path / name) if name else ""
        if name:
            client.bind(peername)
        client.connect(path)
        transport = await made
        assert transport.get_extra_info("sockname") == path
        assert transport.get_extra_info("peername") == peername
        client.close()
        await lost
        server.close()

    run(main())


class Listener(socket.socket):
    """Accepts in its own way."""

    def accept(self):
        connection, address = super().accept()
        return connection, (*address, "through a proxy")


def test_a_socket_class_that_accepts_in_its_own_way_is_asked(run):
    async def main():
        listener = Listener()
        listener.bind(("127.0.0.1", 0))
        server, made, lost = await served(listener)
        client = socket.create_connection(listener.getsockname())
        transport = await made
        assert transport.get_extra_info("peername") == (*client.getsockname(), "through a proxy")
        client.close()
        await lost
        server.close()

    run(main())


class Renamed(socket.socket):
    """Says itself what its names are, as the sockets of proxies do."""

    def getpeername(self):
        return ("behind.the.proxy", 80)

    def getsockname(self):
        raise OSError("nobody knows")


def test_a_socket_class_that_knows_its_names_is_asked(run):
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            sock = Renamed()
            sock.connect(listener.getsockname())
            sock.setblocking(False)
            transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=sock)
            assert transport.get_extra_info("peername") == ("behind.the.proxy", 80)
            assert transport.get_extra_info("sockname") is None
            transport.abort()

    run(main())


class Unnamed(socket.socket):
    """Fails at its names, not as a socket does."""

    def getsockname(self):
        raise ValueError("no names here")


def test_a_socket_that_fails_at_its_names_is_free_again(run):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener, Unnamed() as sock:
            sock.connect(listener.getsockname())
            sock.setblocking(False)
            with pytest.raises(ValueError, match="no names here"):
                await loop.create_connection(asyncio.Protocol, sock=sock)
            loop.add_reader(sock, print)
            assert loop.remove_reader(sock)

    run(main())


def test_a_factory_that_closes_the_server_ends_the_accepting(run):
    async def main():
        loop = asyncio.get_running_loop()
        made = []

        def factory():
            made.append(asyncio.Protocol())
            server.close()
            return made[-1]

        server = await loop.create_server(factory, "127.0.0.1", 0, start_serving=False)
        server.sockets[0]._sock.listen()
        name = server.sockets[0].getsockname()
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(socket.create_connection(name))
            await server.start_serving()
            await asyncio.sleep(0.05)
            assert len(made) == 1

    run(main())


def test_a_socket_has_one_transport_until_that_is_closing(run):
    async def main():
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        left.setblocking(False)
        first, _ = await loop.create_connection(asyncio.Protocol, sock=left)
        with pytest.raises(RuntimeError) as caught:
            await loop.create_connection(asyncio.Protocol, sock=left)
        assert str(caught.value) == f"File descriptor {left!r} is used by transport {first!r}"
        with pytest.raises(RuntimeError, match="is used by transport"):
            loop.add_reader(left, print)
        first.abort()
        await asyncio.sleep(0)
        right.close()

    run(main())
