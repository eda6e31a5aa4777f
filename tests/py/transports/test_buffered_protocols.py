"""Protocols with a buffer of their own, by their class or by their methods, and how much the others get in one piece."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest
from transports_support import connected, until


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
