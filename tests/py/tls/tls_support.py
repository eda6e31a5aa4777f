"""What the tests of TLS share: a protocol that takes notes, and the other ends."""

from __future__ import annotations

import asyncio
import pathlib
import socket
import threading

CERTIFICATES = pathlib.Path(__file__).parents[1] / "certificates"
HOST = "127.0.0.1"


class Recorder(asyncio.Protocol):
    """Notes what is called, keeps what arrives."""

    def __init__(self):
        self.calls = []
        self.received = bytearray()
        self.lost = asyncio.get_running_loop().create_future()
        self.arrived = asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport
        self.calls.append("made")

    def data_received(self, data):
        assert type(data) is bytes and data
        self.received += data
        self.arrived.set()

    def eof_received(self):
        self.calls.append("eof")

    def pause_writing(self):
        self.calls.append("pause")

    def resume_writing(self):
        self.calls.append("resume")

    def connection_lost(self, error):
        self.calls.append("lost")
        if not self.lost.done():
            self.lost.set_result(error)

    async def wait_for(self, size):
        while len(self.received) < size:
            self.arrived.clear()
            await self.arrived.wait()
        return bytes(self.received)


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def serve(protocol, tls, **options):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, HOST, 0, ssl=tls, **options)
    return server, server.sockets[0].getsockname()[1]


async def connect(protocol, port, tls, **options):
    options.setdefault("server_hostname", "localhost")
    return await asyncio.get_running_loop().create_connection(protocol, HOST, port, ssl=tls, **options)


class BlockingPeer:
    """Runs `body(connected socket)` in a thread: the other end, on Python's own ssl module."""

    def __init__(self, body):
        self.listener = socket.create_server((HOST, 0))
        self.listener.settimeout(20)
        self.port = self.listener.getsockname()[1]
        self.error = None
        self.thread = threading.Thread(target=self._run, args=(body,), daemon=True)
        self.thread.start()

    def _run(self, body):
        try:
            connection, _ = self.listener.accept()
            with connection:
                connection.settimeout(20)
                body(connection)
        except BaseException as error:
            self.error = error
        finally:
            self.listener.close()

    async def done(self):
        await asyncio.to_thread(self.thread.join, 20)
        assert not self.thread.is_alive()
        if self.error is not None:
            raise self.error


def in_thread(body, *arguments):
    return asyncio.to_thread(body, *arguments)


def blocking_client(port, tls):
    return tls.wrap_socket(socket.create_connection((HOST, port), timeout=20), server_hostname="localhost")
