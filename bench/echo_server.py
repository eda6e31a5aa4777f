"""A TCP echo server on one event loop and one of asyncio's three styles; prints its port, ends when stdin closes.

Usage: echo_server.py LOOP protocol|buffered|streams|sockets [busy] [CERTIFICATE]

busy: beside a thread that computes in Python; a certificate with its key (PEM): over TLS
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import threading

from loops import new_loop

READ_SIZE = 100 * 1024


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


async def serve_buffered(loop, listener, tls):
    return await loop.create_server(BufferedEchoProtocol, sock=listener, ssl=tls)


async def serve_protocol(loop, listener, tls):
    return await loop.create_server(EchoProtocol, sock=listener, ssl=tls)


async def serve_streams(_loop, listener, tls):
    async def echo(reader, writer):
        while data := await reader.read(READ_SIZE):
            writer.write(data)
        writer.close()

    return await asyncio.start_server(echo, sock=listener, ssl=tls)


async def serve_sockets(loop, listener, _tls):
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


def compute():
    while True:
        sum(range(1000))


def server_tls(others):
    for file in others:
        if file.endswith(".pem"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            return context
    return None


def main():
    kind, style, *others = sys.argv[1:]
    serve = {
        "protocol": serve_protocol,
        "buffered": serve_buffered,
        "streams": serve_streams,
        "sockets": serve_sockets,
    }[style]
    if "busy" in others:
        threading.Thread(target=compute, daemon=True).start()
    loop = new_loop(kind)
    asyncio.set_event_loop(loop)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port = listener.getsockname()[1]
    server = loop.run_until_complete(serve(loop, listener, server_tls(others)))
    print(port, flush=True)

    def stop_with_stdin():
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(loop.stop)

    threading.Thread(target=stop_with_stdin, daemon=True).start()
    loop.run_forever()
    del server


main()
