"""Transports that another thread writes to and closes: what it wrote arrives, as with asyncio.

Writing was passed on to the loop and closing was not, so that the end overtook the data, and that was lost without a word.
"""

from __future__ import annotations

import asyncio
import socket

import pytest


@pytest.fixture(params=["plain", "tls"])
def secrets(request, server_tls, client_tls):
    """Arguments for both sides of a connection."""
    if request.param == "plain":
        return {}, {}
    return {"ssl": server_tls}, {"ssl": client_tls, "server_hostname": "localhost"}


@pytest.mark.parametrize("size", [1, 3_000_000])
def test_what_another_thread_writes_and_closes_arrives(run, secrets, size):
    for_server, for_client = secrets

    async def main():
        received = asyncio.get_running_loop().create_future()

        async def serve(reader, writer):
            received.set_result(await reader.read())
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, **for_server)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), **for_client)

        def write_and_close():
            writer.write(b"a")
            writer.writelines([b"b", b"c" * size])
            writer.close()
            return writer.transport.is_closing()

        assert await asyncio.to_thread(write_and_close)
        assert await received == b"ab" + b"c" * size
        await writer.wait_closed()
        server.close()

    run(main())


def test_what_another_thread_writes_before_write_eof_arrives(run):
    async def main():
        async def serve(reader, writer):
            writer.write((await reader.read()).upper())
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await asyncio.to_thread(lambda: (writer.write(b"abc"), writer.write_eof()))
        assert await reader.read() == b"ABC"
        writer.close()
        await writer.wait_closed()
        server.close()

    run(main())


def test_what_another_thread_writes_to_a_child_and_closes_arrives(run):
    async def main():
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec("cat", stdin=pipe, stdout=pipe)
        await asyncio.to_thread(lambda: (child.stdin.write(b"x" * 300_000), child.stdin.close()))
        assert await child.stdout.read() == b"x" * 300_000
        assert await child.wait() == 0

    run(main())


def test_datagrams_that_another_thread_sends_before_it_closes_arrive(run):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            transport, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=receiver.getsockname()
            )
            await asyncio.to_thread(lambda: (transport.sendto(b"one"), transport.sendto(b"two"), transport.close()))
            receiver.settimeout(10)
            assert [receiver.recv(10) for _ in range(2)] == [b"one", b"two"]

    run(main())


def test_reading_that_another_thread_resumes_goes_on_while_the_loop_waits(run):
    async def main():
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        came = loop.create_future()

        class Protocol(asyncio.Protocol):
            def data_received(self, data):
                came.set_result(data)

        transport, _ = await loop.create_connection(Protocol, sock=left)
        transport.pause_reading()
        with right:
            right.send(b"waits")
            await asyncio.sleep(0.02)
            assert not came.done()
            loop.run_in_executor(None, transport.resume_reading)
            assert await came == b"waits"
            transport.close()
            await asyncio.sleep(0)

    run(main())
