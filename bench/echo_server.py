"""An echo server on one event loop, in one of asyncio's styles; prints its address, ends when stdin closes.

Usage: echo_server.py LOOP STYLE [busy] [FILE.sock | FILE.pem]

STYLE: protocol, buffered, streams or sockets; protocol-send and streams-send answer the first byte with BULK bytes,
protocol-receive and streams-receive answer BULK bytes with one
busy: beside a thread that computes in Python
FILE.sock: a Unix socket instead of TCP; FILE.pem, a certificate with its key: over TLS
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import threading

from loops import new_loop

READ_SIZE = 100 * 1024
BULK = 512 * 1024 * 1024
PIECE = bytes(256 * 1024)


class EchoProtocol(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class BufferedEchoProtocol(asyncio.BufferedProtocol):
    def connection_made(self, transport):
        self.transport = transport
        self.buffer = bytearray(READ_SIZE)
        self.view = memoryview(self.buffer)

    def get_buffer(self, _sizehint):
        return self.buffer

    def buffer_updated(self, count):
        self.transport.write(self.view[:count])


class SendingProtocol(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.left = 0
        self.is_paused = False

    def data_received(self, _data):
        self.left += BULK
        self.send()

    def pause_writing(self):
        self.is_paused = True

    def resume_writing(self):
        self.is_paused = False
        self.send()

    def send(self):
        while self.left and not self.is_paused:
            self.transport.write(PIECE)
            self.left -= len(PIECE)


class ReceivingProtocol(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.left = BULK

    def data_received(self, data):
        self.left -= len(data)
        if not self.left:
            self.transport.write(b".")
            self.left = BULK


async def send_by_stream(reader, writer):
    while await reader.read(1):
        for _ in range(BULK // len(PIECE)):
            writer.write(PIECE)
            await writer.drain()
    writer.close()


async def receive_by_stream(reader, writer):
    left = BULK
    while data := await reader.read(len(PIECE)):
        left -= len(data)
        if not left:
            writer.write(b".")
            left = BULK
    writer.close()


async def echo_by_stream(reader, writer):
    while data := await reader.read(READ_SIZE):
        writer.write(data)
    writer.close()


async def serve_sockets(loop, listener):
    listener.setblocking(False)

    async def echo(client):
        with client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := await loop.sock_recv(client, READ_SIZE):
                await loop.sock_sendall(client, data)

    async def accept():
        clients = set()
        while True:
            client, _ = await loop.sock_accept(listener)
            client.setblocking(False)
            task = loop.create_task(echo(client))
            clients.add(task)
            task.add_done_callback(clients.discard)

    return loop.create_task(accept())


PROTOCOLS = {
    "protocol": EchoProtocol,
    "buffered": BufferedEchoProtocol,
    "protocol-send": SendingProtocol,
    "protocol-receive": ReceivingProtocol,
}
STREAMS = {
    "streams": echo_by_stream,
    "streams-send": send_by_stream,
    "streams-receive": receive_by_stream,
}


async def serve(loop, style, listener, tls):
    if style == "sockets":
        return await serve_sockets(loop, listener)
    if style in PROTOCOLS:
        return await loop.create_server(PROTOCOLS[style], sock=listener, ssl=tls)
    return await asyncio.start_server(STREAMS[style], sock=listener, ssl=tls)


def compute():
    while True:
        sum(range(1000))


def listen(path):
    if path is None:
        return socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1024)
    return listener


def server_tls(certificate):
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def main():
    kind, style, *others = sys.argv[1:]
    if "busy" in others:
        threading.Thread(target=compute, daemon=True).start()
    loop = new_loop(kind)
    asyncio.set_event_loop(loop)
    path = next((file for file in others if file.endswith(".sock")), None)
    tls = server_tls(next((file for file in others if file.endswith(".pem")), None))
    listener = listen(path)
    address = path or listener.getsockname()[1]
    server = loop.run_until_complete(serve(loop, style, listener, tls))
    print(address, flush=True)

    def stop_with_stdin():
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(loop.stop)

    threading.Thread(target=stop_with_stdin, daemon=True).start()
    loop.run_forever()
    del server


main()
