"""What the tests of socket transports share: a protocol that takes notes, and a connection to a plain socket."""

from __future__ import annotations

import asyncio
import socket


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
