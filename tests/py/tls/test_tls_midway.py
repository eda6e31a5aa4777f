"""TLS: what a program may do while a connection is open, and start_tls. Each case with libssl called directly and over memory BIOs."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
import subprocess

import pytest
from _twinloop.transports.tls import SSLTransport
from tls_support import HOST, Echo, Recorder, connect, in_thread, serve

pytestmark = pytest.mark.usefixtures("way")


# ---- what a program may do in between --------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["close", "abort", "pause_reading", "set_protocol", "write"])
def test_a_protocol_may_do_anything_while_it_receives(run, server_tls, client_tls, action):
    async def main():
        server, port = await serve(Echo, server_tls)

        class Client(Recorder):
            def data_received(self, data):
                super().data_received(data)
                if action == "set_protocol":
                    self.second = Recorder()
                    self.transport.set_protocol(self.second)
                elif action == "write":
                    if len(self.received) < 100:
                        self.transport.write(b"more")
                else:
                    getattr(self.transport, action)()

        async with server:
            transport, protocol = await connect(Client, port, client_tls)
            transport.write(b"once")
            await protocol.wait_for(4)
            if action in ("close", "abort"):
                assert await protocol.lost is None
            elif action == "pause_reading":
                assert not transport.is_reading()
                transport.write(b"twice")
                await asyncio.sleep(0.05)
                assert bytes(protocol.received) == b"once"
                transport.resume_reading()
                assert transport.is_reading()
                assert await protocol.wait_for(9) == b"oncetwice"
            elif action == "set_protocol":
                assert transport.get_protocol() is protocol.second
                transport.write(b"twice")
                assert await protocol.second.wait_for(5) == b"twice"
                assert bytes(protocol.received) == b"once"
            else:
                assert await protocol.wait_for(100) == b"once" + b"more" * 24
            transport.abort()

    run(main())


@pytest.mark.parametrize("method", ["data_received", "eof_received", "connection_made", "pause_writing"])
def test_an_exception_of_the_protocol_is_reported(run, server_tls, client_tls, errors, method):
    class Wrong(Recorder):
        pass

    def fail(self, *_arguments):
        if method == "connection_made":
            self.transport = _arguments[0]
        raise ValueError(f"wrong in {method}")

    setattr(Wrong, method, fail)

    async def main():
        loop = asyncio.get_running_loop()
        errors.collect(loop)

        class Server(asyncio.Protocol):
            def connection_made(self, transport):
                paused.append(transport)
                if method != "pause_writing":
                    transport.write(b"data")
                    transport.close()
                else:
                    transport.pause_reading()

        paused = []
        server, port = await serve(Server, server_tls, ssl_shutdown_timeout=1)
        async with server:
            try:
                transport, protocol = await connect(Wrong, port, client_tls)
            except ValueError:
                assert method == "connection_made"
                return
            if method == "pause_writing":
                transport.write(b"x" * 20_000_000)
                transport.abort()
            error = await protocol.lost
            if method == "data_received":
                assert isinstance(error, ValueError)
            for server_side in paused:
                server_side.abort()

    run(main())
    reported = [context for context in errors if isinstance(context["exception"], ValueError)]
    if method != "connection_made":
        assert [str(context["exception"]) for context in reported] == [f"wrong in {method}"]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_an_exit_in_the_protocol_leaves_the_loop(loop, server_tls, client_tls, kind):
    class Leaving(Recorder):
        def data_received(self, data):
            raise kind("leave")

    async def main():
        _, port = await serve(Echo, server_tls)
        transport, protocol = await connect(Leaving, port, client_tls)
        transport.write(b"x")
        await protocol.lost

    with pytest.raises(kind, match="leave"):
        loop.run_until_complete(asyncio.wait_for(main(), 20))
    gc.collect()


def test_a_slow_reader_pauses_the_writer_and_resumes_it(run, server_tls, client_tls):
    async def main():
        server_side = []

        class Slow(Recorder):
            def connection_made(self, transport):
                super().connection_made(transport)
                transport.pause_reading()
                server_side.append(self)

        server, port = await serve(Slow, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            transport.set_write_buffer_limits(high=100_000, low=20_000)
            assert transport.get_write_buffer_limits() == (20_000, 100_000)
            written = 0
            while "pause" not in protocol.calls:
                transport.write(b"x" * 50_000)
                written += 50_000
                assert written < 50_000_000
            assert transport.get_write_buffer_size() > 100_000
            while not server_side:
                await asyncio.sleep(0.01)
            server_side[0].transport.resume_reading()
            await server_side[0].wait_for(written)
            assert protocol.calls == ["made", "pause", "resume"]
            assert len(server_side[0].received) == written
            assert transport.get_write_buffer_size() == 0
            for high, low in [(1, 2), (-1, None), (None, -1)]:
                with pytest.raises(ValueError):
                    transport.set_write_buffer_limits(high, low)
            transport.close()
            await protocol.lost

    run(main())


def test_a_paused_reader_stops_the_socket(run, server_tls, client_tls):
    """What the peer may send while the program has paused is bounded by the sockets' own buffers."""

    async def main():
        server_side = []

        class Paused(Recorder):
            def connection_made(self, transport):
                super().connection_made(transport)
                server_side.append(self)
                transport.pause_reading()

        server, port = await serve(Paused, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            message = os.urandom(30_000_000)
            transport.write(message)
            await asyncio.sleep(0.2)
            held = server_side[0].transport._ssl_protocol._incoming.pending
            assert held <= 512 * 1024
            assert transport.get_write_buffer_size() > 1_000_000
            for _ in range(3):
                server_side[0].transport.resume_reading()
                await asyncio.sleep(0.01)
                server_side[0].transport.pause_reading()
            server_side[0].transport.resume_reading()
            assert await server_side[0].wait_for(len(message)) == message
            transport.close()
            assert await protocol.lost is None

    run(main())


def test_a_client_that_begins_tls_right_behind_its_command_is_answered(run, server_tls, client_tls):
    # Its first TLS message was in the StreamReader when start_tls was called, and stayed there: both sides waited for ever.
    async def main():
        upgraded = asyncio.get_running_loop().create_future()

        async def serve_command(reader, writer):
            try:
                assert await reader.readline() == b"STARTTLS\n"
                while not reader._buffer:
                    await asyncio.sleep(0.001)
                await writer.start_tls(server_tls)
                writer.write(await reader.readline())
                await writer.drain()
                writer.close()
                upgraded.set_result(bytes(reader._buffer))
            except BaseException as error:
                upgraded.set_exception(error)

        def client(port):
            with socket.create_connection((HOST, port), timeout=20) as plain:
                plain.sendall(b"STARTTLS\n")
                with client_tls.wrap_socket(plain, server_hostname="localhost") as secure:
                    secure.sendall(b"over tls\n")
                    return secure.recv(100)

        server = await asyncio.start_server(serve_command, HOST, 0)
        async with server:
            answer = in_thread(client, server.sockets[0].getsockname()[1])
            received, rest = await asyncio.gather(answer, upgraded)
            assert (received, rest) == (b"over tls\n", b"")

    run(main())


def test_plaintext_that_a_peer_slipped_in_before_tls_is_no_message(run, server_tls, client_tls):
    # What stands in the reader goes to the handshake, which fails; as a line of the encrypted stream it would be an injection.
    async def main():
        server = await asyncio.get_running_loop().create_server(Echo, HOST, 0)
        async with server:
            reader, writer = await asyncio.open_connection(HOST, server.sockets[0].getsockname()[1])
            writer.write(b"250 forged\n")
            while not reader._buffer:
                await asyncio.sleep(0.001)
            with pytest.raises(ssl.SSLError):
                await writer.start_tls(client_tls, server_hostname="localhost")
            assert not reader._buffer

    run(main())


def test_sendfile_begins_at_its_offset_wherever_the_file_stands(run, server_tls, client_tls, tmp_path):
    # asyncio's fallback, which TLS needs, sent what lay behind the file's position if the offset was 0.
    content = os.urandom(3000)
    file = tmp_path / "file"
    file.write_bytes(content)

    async def main():
        peer = Recorder()
        server, port = await serve(lambda: peer, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            with file.open("rb") as opened:
                opened.seek(100)
                assert await asyncio.get_running_loop().sendfile(transport, opened, 0, 1000) == 1000
                assert opened.tell() == 1000
            assert await peer.wait_for(1000) == content[:1000]
            transport.close()
            await protocol.lost

    run(main())


def test_sendfile_falls_back_to_writing(run, server_tls, client_tls, tmp_path):
    file = tmp_path / "file"
    content = os.urandom(700_000)
    file.write_bytes(content)

    async def main():
        received = []

        class Server(Recorder):
            def __init__(self):
                super().__init__()
                received.append(self)

        server, port = await serve(Server, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            with file.open("rb") as opened:
                assert await asyncio.get_running_loop().sendfile(transport, opened) == len(content)
            with file.open("rb") as opened, pytest.raises(RuntimeError):
                await asyncio.get_running_loop().sendfile(transport, opened, fallback=False)
            transport.close()
            await protocol.lost
        assert bytes(received[0].received) == content

    run(main())


def test_a_key_update_in_mid_stream_goes_unnoticed(run, server_tls, client_tls):
    """TLS 1.3 sends session tickets after the handshake, and the peer may ask for new keys: neither is data."""
    program = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False)
    if program.returncode != 0:
        pytest.skip("needs the program openssl")

    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            client = await asyncio.create_subprocess_exec(
                *("openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", f"{HOST}:{port}", "-tls1_3"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            client.stdin.write(b"before\n")
            assert await client.stdout.readexactly(7) == b"before\n"
            # s_client: a line K asks for new keys in both directions, k for its own.
            for command in (b"K\n", b"k\n"):
                client.stdin.write(command)
                await asyncio.sleep(0.05)
                client.stdin.write(b"after\n")
                assert (await client.stdout.readline()).endswith(b"after\n")
            client.stdin.close()
            client.kill()
            await client.wait()

    run(main())


# ---- start_tls -------------------------------------------------------------------------------------------------------------


def test_both_sides_upgrade_a_connection(run, server_tls, client_tls):
    async def main():
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        class Server(Recorder):
            def data_received(self, data):
                super().data_received(data)
                if bytes(self.received) == b"STARTTLS":
                    self.transport.write(b"OK")
                    task = loop.create_task(self.upgrade())
                    task.add_done_callback(lambda task: task.result())
                elif bytes(self.received) == b"STARTTLSsecret":
                    self.secure.write(b"answer")
                    self.secure.close()

            async def upgrade(self):
                self.secure = await loop.start_tls(self.transport, self, server_tls, server_side=True)
                assert self.secure.get_extra_info("ssl_object").version() == "TLSv1.3"

            def connection_lost(self, error):
                done.set_result(error)

        server, port = await serve(Server, None)
        async with server:
            transport, protocol = await loop.create_connection(Recorder, HOST, port)
            transport.write(b"STARTTLS")
            await protocol.wait_for(2)
            secure = await loop.start_tls(transport, protocol, client_tls, server_hostname="localhost")
            assert isinstance(secure, SSLTransport)
            assert protocol.calls == ["made"]
            secure.write(b"secret")
            assert await protocol.lost is None
            assert bytes(protocol.received) == b"OKanswer"
            assert await done is None

    run(main())


def talk_with_the_handshake(connection, tls, data):
    """A client that sends `data` in one piece with the last message of its handshake; gives the function that reads."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls.wrap_bio(incoming, outgoing, server_hostname="localhost")

    def until_done(call):
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                received = connection.recv(65536)
                assert received, "the connection ended"
                incoming.write(received)

    until_done(client.do_handshake)
    client.write(data)
    connection.sendall(outgoing.read())
    return lambda: until_done(lambda: client.read(65536))


@pytest.mark.parametrize("is_buffered", [False, True])
def test_the_first_data_of_an_upgrade_comes_when_the_program_has_the_transport(
    run, server_tls, client_tls, is_buffered
):
    """Data that came with the end of the handshake was answered on the old transport, in plaintext."""

    class Upgrading(asyncio.BaseProtocol):
        def connection_made(self, transport):
            self.transport = transport
            # What begins the handshake may be here already, and is not for this protocol.
            transport.pause_reading()
            self.task = asyncio.get_running_loop().create_task(self.upgrade())

        async def upgrade(self):
            loop = asyncio.get_running_loop()
            self.transport = await loop.start_tls(self.transport, self, server_tls, server_side=True)

    class Data(Upgrading):
        def data_received(self, data):
            self.transport.write(data)

    class Buffered(Upgrading):
        """By its methods only, as programs for uvloop have it."""

        def get_buffer(self, _hint):
            self.memory = bytearray(2)
            return self.memory

        def buffer_updated(self, count):
            self.transport.write(self.memory[:count])

    def exchange(port):
        with socket.create_connection((HOST, port), timeout=20) as connection:
            read = talk_with_the_handshake(connection, client_tls, b"hello")
            answer = b""
            while len(answer) < 5 and (data := read()):
                answer += data
            return answer

    async def main():
        server, port = await serve(Buffered if is_buffered else Data, None)
        async with server:
            assert await in_thread(exchange, port) == b"hello"

    run(main())


def test_start_tls_checks_its_arguments(run, client_tls, server_tls):
    async def main():
        loop = asyncio.get_running_loop()
        server, port = await serve(Echo, None)
        async with server:
            transport, protocol = await loop.create_connection(Recorder, HOST, port)
            with pytest.raises(TypeError, match="sslcontext is expected to be an instance of ssl.SSLContext, got None"):
                await loop.start_tls(transport, protocol, None)
            with pytest.raises(TypeError, match="is not supported by start_tls"):
                await loop.start_tls(asyncio.Transport(), protocol, client_tls)
            with pytest.raises(ValueError, match="ssl_handshake_timeout should be a positive number, got 0"):
                await loop.start_tls(transport, protocol, client_tls, ssl_handshake_timeout=0)
            transport.abort()

    run(main())


def test_a_failed_upgrade_closes_the_connection(run, server_tls, errors):
    async def main():
        loop = asyncio.get_running_loop()
        errors.collect(loop)

        class Server(Recorder):
            def data_received(self, data):
                loop.create_task(self.upgrade())

            async def upgrade(self):
                with pytest.raises(ssl.SSLError):
                    await loop.start_tls(self.transport, self, server_tls, server_side=True)

        server, port = await serve(Server, None)
        async with server:
            transport, protocol = await loop.create_connection(Recorder, HOST, port)
            transport.write(b"x")
            await asyncio.sleep(0.01)
            with pytest.raises(ssl.SSLCertVerificationError):
                await loop.start_tls(transport, protocol, ssl.create_default_context(), server_hostname="localhost")
            assert transport.is_closing()

    run(main())


def test_tls_runs_over_tls(run, server_tls, client_tls):
    async def main():
        loop = asyncio.get_running_loop()
        server_sides = []

        class Server(Recorder):
            def __init__(self):
                super().__init__()
                server_sides.append(self)

            def data_received(self, data):
                if data == b"INNER":
                    self.transport.write(b"OK")
                    self.inner = loop.create_task(loop.start_tls(self.transport, self, server_tls, server_side=True))
                else:
                    self.inner.add_done_callback(lambda inner: inner.result().write(data))

        server, port = await serve(Server, server_tls)
        async with server:
            outer, protocol = await connect(Recorder, port, client_tls)
            outer.write(b"INNER")
            await protocol.wait_for(2)
            inner = await loop.start_tls(outer, protocol, client_tls, server_hostname="localhost")
            protocol.received.clear()
            message = os.urandom(400_000)
            inner.write(message)
            assert await protocol.wait_for(len(message)) == message
            assert inner.get_extra_info("peername") == (HOST, port)
            inner.close()
            assert await protocol.lost is None
            assert await server_sides[0].lost is None

    run(main())


def test_streams_upgrade_with_start_tls(run, server_tls, client_tls):
    async def main():
        async def handle(reader, writer):
            assert await reader.readline() == b"STARTTLS\n"
            writer.write(b"OK\n")
            await writer.drain()
            await writer.start_tls(server_tls)
            writer.write(b"secret: " + await reader.readline())
            writer.close()

        server = await asyncio.start_server(handle, HOST, 0)
        async with server:
            reader, writer = await asyncio.open_connection(HOST, server.sockets[0].getsockname()[1])
            writer.write(b"STARTTLS\n")
            assert await reader.readline() == b"OK\n"
            await writer.start_tls(client_tls, server_hostname="localhost")
            writer.write(b"hello\n")
            assert await reader.readline() == b"secret: hello\n"
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()

    run(main())
