"""TLS: each case with libssl called directly and over memory BIOs, against our own loop or a plain blocking peer."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import threading

import pytest
from twinloop import _tls

CERTIFICATES = pathlib.Path(__file__).parent / "certificates"
HOST = "127.0.0.1"


@pytest.fixture(autouse=True, params=["direct", "memory-bio"])
def way(request, monkeypatch):
    """How connections reach the library."""
    monkeypatch.setattr(_tls, "direct", request.param == "direct")
    return request.param


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


# ---- the two ways ----------------------------------------------------------------------------------------------------------


def test_the_library_is_called_directly_unless_that_is_switched_off(run, server_tls, client_tls, way):
    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            transport, _ = await connect(Recorder, port, client_tls)
            assert (transport._ssl_protocol._tls_state is not None) == (way == "direct")
            assert isinstance(transport, asyncio.Transport)
            assert isinstance(transport.get_extra_info("ssl_object"), ssl.SSLObject)
            transport.abort()

    run(main())


def test_the_environment_chooses_the_way():
    script = "from twinloop import _tls; print(_tls.direct)"
    for value, expected in [("memory-bio", "False\n"), ("", "True\n")]:
        environment = {**os.environ, "TWINLOOP_TLS": value}
        printed = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        assert printed.stdout == expected


def test_an_ssl_object_with_methods_of_its_own_is_respected(run, server_tls, client_tls):
    reads = []

    class Watched(ssl.SSLObject):
        def read(self, *arguments):
            data = super().read(*arguments)
            reads.append(data)
            return data

    client_tls.sslobject_class = Watched

    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            transport.write(b"through the subclass")
            await protocol.wait_for(20)
            transport.close()
            await protocol.lost

    run(main())
    assert b"".join(reads) == b"through the subclass"


# ---- bytes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 1000, 16384, 16385, 100_000, 1 << 20])
def test_messages_of_every_size_come_back(run, server_tls, client_tls, size):
    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            message = os.urandom(size)
            for _ in range(3):
                protocol.received.clear()
                transport.write(message)
                assert await protocol.wait_for(size) == message
            transport.close()
            assert await protocol.lost is None

    run(main())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_protocol_versions_work_against_a_blocking_client(run, server_tls, client_tls, version):
    client_tls.minimum_version = client_tls.maximum_version = version

    def talk(port):
        with blocking_client(port, client_tls) as client:
            client.sendall(b"a" * 50_000)
            received = b""
            while len(received) < 50_000:
                received += client.recv(65536)
            spoken = client.version()
            client.unwrap()
            return received, spoken

    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            received, spoken = await in_thread(talk, port)
        assert received == b"a" * 50_000
        assert spoken == version.name.replace("_", ".")

    run(main())


def test_bytes_that_arrive_one_at_a_time_are_put_together(run, server_tls, client_tls):
    """Records that are split anywhere: a proxy passes each byte on alone."""

    async def main():
        server, port = await serve(Echo, server_tls)
        loop = asyncio.get_running_loop()

        async def pump(source, target, piece):
            while data := await loop.sock_recv(source, 65536):
                for start in range(0, len(data), piece):
                    await loop.sock_sendall(target, data[start : start + piece])
                    await asyncio.sleep(0)
            target.shutdown(socket.SHUT_WR)

        async def proxy(listener):
            near, _ = await loop.sock_accept(listener)
            far = socket.socket()
            far.setblocking(False)
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(far, (HOST, port))
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with near, far:
                await asyncio.gather(pump(near, far, 7), pump(far, near, 1))

        async with server:
            with socket.create_server((HOST, 0)) as listener:
                listener.setblocking(False)
                passing = asyncio.create_task(proxy(listener))
                transport, protocol = await connect(Recorder, listener.getsockname()[1], client_tls)
                message = os.urandom(3000)
                transport.write(message)
                assert await protocol.wait_for(len(message)) == message
                transport.close()
                await protocol.lost
                await passing

    run(main())


def test_every_kind_of_bytes_is_taken_and_copied(run, server_tls, client_tls):
    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            changed = bytearray(b"bytearray,")
            transport.write(changed)
            changed[:] = b"##########"
            transport.write(memoryview(b"xmemoryview,")[1:])
            transport.write(b"")
            transport.writelines([b"a,", bytearray(b"b,"), memoryview(b"c")])
            for wrong in ["text", 5, None]:
                with pytest.raises(TypeError, match="data: expecting a bytes-like instance, got"):
                    transport.write(wrong)
            with pytest.raises(TypeError):
                transport.writelines(["text"])
            expected = b"bytearray,memoryview,a,b,c"
            assert await protocol.wait_for(len(expected)) == expected
            transport.abort()

    run(main())


def test_a_write_from_another_thread_is_passed_on(run, server_tls, client_tls):
    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            await in_thread(transport.write, b"from a thread")
            assert await protocol.wait_for(13) == b"from a thread"
            transport.abort()

    run(main())


def test_a_buffered_protocol_receives_into_its_own_memory(run, server_tls, client_tls):
    class Buffered(asyncio.BufferedProtocol):
        def __init__(self, size):
            self.memory = bytearray(size)
            self.received = bytearray()
            self.done = asyncio.get_running_loop().create_future()

        def get_buffer(self, _hint):
            return self.memory

        def buffer_updated(self, count):
            assert 0 < count <= len(self.memory)
            self.received += self.memory[:count]
            if len(self.received) >= 200_000:
                self.done.set_result(None)

        def connection_made(self, transport):
            pass

        def connection_lost(self, error):
            pass

    async def main(size):
        server, port = await serve(Echo, server_tls)
        async with server:
            transport, protocol = await connect(lambda: Buffered(size), port, client_tls)
            message = os.urandom(200_000)
            transport.write(message)
            await protocol.done
            assert bytes(protocol.received) == message
            transport.abort()

    for size in (100, 5000, 300_000):
        run(main(size))


def test_streams_work_over_tls(run, server_tls, client_tls):
    async def main():
        async def echo_lines(reader, writer):
            while line := await reader.readline():
                writer.writelines([b"> ", line])
                await writer.drain()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(echo_lines, HOST, 0, ssl=server_tls)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("localhost", port, ssl=client_tls)
            for number in range(50):
                writer.write(b"line %d\n" % number)
                assert await reader.readline() == b"> line %d\n" % number
            assert not writer.can_write_eof()
            writer.close()
            await writer.wait_closed()

    run(main())


def test_unix_sockets_carry_tls(run, server_tls, client_tls, tmp_path):
    async def main():
        loop = asyncio.get_running_loop()
        path = str(tmp_path / "socket")
        server = await loop.create_unix_server(Echo, path, ssl=server_tls)
        async with server:
            transport, protocol = await loop.create_unix_connection(
                Recorder, path, ssl=client_tls, server_hostname="localhost"
            )
            transport.write(b"unix")
            assert await protocol.wait_for(4) == b"unix"
            transport.close()
            await protocol.lost

    run(main())


def test_many_connections_at_once(run, server_tls, client_tls):
    async def main():
        server, port = await serve(Echo, server_tls)

        async def talk(number):
            transport, protocol = await connect(Recorder, port, client_tls)
            message = bytes([number]) * 5000
            for _ in range(5):
                protocol.received.clear()
                transport.write(message)
                assert await protocol.wait_for(5000) == message
            transport.close()
            await protocol.lost

        async with server:
            await asyncio.gather(*(talk(number) for number in range(60)))

    run(main())


# ---- what the handshake settles --------------------------------------------------------------------------------------------


def test_extra_info_describes_the_connection(run, server_tls, client_tls):
    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            transport, _ = await connect(Recorder, port, client_tls)
            information = transport.get_extra_info
            assert information("sslcontext") is client_tls
            assert information("peername") == (HOST, port)
            assert information("socket").fileno() >= 0
            assert ("DNS", "localhost") in information("peercert")["subjectAltName"]
            assert information("cipher")[0] == information("ssl_object").cipher()[0]
            assert information("compression") is None
            assert information("ssl_object").version() == "TLSv1.3"
            assert information("nonsense", "default") == "default"
            transport.abort()

    run(main())


def test_alpn_is_agreed(run, server_tls, client_tls):
    server_tls.set_alpn_protocols(["h2", "http/1.1"])
    client_tls.set_alpn_protocols(["spdy", "http/1.1"])

    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            transport, _ = await connect(Recorder, port, client_tls)
            assert transport.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
            transport.abort()

    run(main())


def test_an_sni_callback_can_change_the_context(run, server_tls, client_tls):
    names, other = [], ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.load_cert_chain(CERTIFICATES / "server.pem")

    def choose(ssl_object, name, context):
        names.append(name)
        assert context is server_tls
        ssl_object.context = other

    server_tls.sni_callback = choose
    seen = []

    class Server(Echo):
        def connection_made(self, transport):
            super().connection_made(transport)
            seen.append(transport.get_extra_info("ssl_object").context is other)

    async def main():
        server, port = await serve(Server, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls, server_hostname="api.example.com")
            transport.write(b"hello")
            assert await protocol.wait_for(5) == b"hello"
            transport.close()
            await protocol.lost

    run(main())
    assert names == ["api.example.com"] and seen == [True]


def test_sessions_are_resumed(run, server_tls, client_tls):
    client_tls.maximum_version = ssl.TLSVersion.TLSv1_2

    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            session = transport.get_extra_info("ssl_object").session
            transport.close()
            await protocol.lost
        assert session is not None and session.has_ticket

    run(main())


def test_client_certificates_are_verified_and_reported(run, server_tls, client_tls):
    server_tls.verify_mode = ssl.CERT_REQUIRED
    server_tls.load_verify_locations(CERTIFICATES / "authority.pem")
    client_tls.load_cert_chain(CERTIFICATES / "server.pem")
    reported = []

    class Server(Echo):
        def connection_made(self, transport):
            super().connection_made(transport)
            reported.append(transport.get_extra_info("peercert"))

    async def main():
        server, port = await serve(Server, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            transport.write(b"x")
            await protocol.wait_for(1)
            transport.close()
            await protocol.lost

    run(main())
    assert ("DNS", "localhost") in reported[0]["subjectAltName"]


def test_a_missing_client_certificate_is_told_to_the_client(run, server_tls, client_tls, errors):
    """In TLS 1.3 the client's handshake is done before the server objects: its alert arrives as a failed read."""
    server_tls.verify_mode = ssl.CERT_REQUIRED
    server_tls.load_verify_locations(CERTIFICATES / "authority.pem")

    async def main():
        errors.collect(asyncio.get_running_loop())
        server, port = await serve(Echo, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            error = await protocol.lost
            assert isinstance(error, ssl.SSLError)
            assert (error.library, error.reason) == ("SSL", "TLSV13_ALERT_CERTIFICATE_REQUIRED")
            assert "certificate required (_ssl.c:" in str(error)
            assert protocol.calls == ["made", "lost"]

    run(main())
    assert errors == []


@pytest.mark.parametrize(
    "hostname, trusted, text",
    [
        ("localhost", False, r"certificate verify failed: unable to get local issuer certificate"),
        (
            "wrong.example",
            True,
            r"certificate verify failed: Hostname mismatch, certificate is not valid for 'wrong.example'",
        ),
    ],
)
def test_a_bad_certificate_is_refused_in_pythons_words(run, server_tls, client_tls, hostname, trusted, text):
    context = client_tls if trusted else ssl.create_default_context()

    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            with pytest.raises(ssl.SSLCertVerificationError, match=text):
                await connect(Recorder, port, context, server_hostname=hostname)

    run(main())


def test_the_peer_of_a_refused_certificate_gets_the_alert(run, server_tls):
    alerts = []

    def serve_once(connection):
        try:
            server_tls.wrap_socket(connection, server_side=True)
        except ssl.SSLError as error:
            alerts.append(error.reason)

    async def main():
        peer = BlockingPeer(serve_once)
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(Recorder, peer.port, ssl.create_default_context())
        await peer.done()

    run(main())
    assert alerts == ["TLSV1_ALERT_UNKNOWN_CA"]


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100, b"\x16\x03\x01\xff\xff" + b"\x01" * 200])
def test_garbage_instead_of_a_handshake_ends_only_that_connection(run, server_tls, client_tls, garbage):
    def shout(port):
        with socket.create_connection((HOST, port), timeout=20) as client:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            try:
                while client.recv(4096):
                    pass
            except ConnectionResetError:
                pass

    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            await in_thread(shout, port)
            transport, protocol = await connect(Recorder, port, client_tls)
            transport.write(b"still here")
            assert await protocol.wait_for(10) == b"still here"
            transport.close()
            await protocol.lost

    run(main())


def test_a_server_that_speaks_no_tls_is_an_ssl_error(run, client_tls):
    async def main():
        peer = BlockingPeer(lambda connection: connection.sendall(b"220 smtp.example ESMTP\r\n"))
        with pytest.raises(ssl.SSLError) as caught:
            await connect(Recorder, peer.port, client_tls)
        assert caught.value.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
        await peer.done()

    run(main())


def test_garbage_after_the_handshake_is_a_fatal_error(run, server_tls, client_tls, errors):
    def corrupt(connection):
        tls = server_tls.wrap_socket(connection, server_side=True)
        tls.recv(10)
        os.write(tls.fileno(), b"\x17\x03\x03\x00\x20" + b"z" * 32)
        tls.settimeout(20)
        try:
            os.read(tls.fileno(), 1000)
        except OSError:
            pass
        tls.close()

    async def main():
        errors.collect(asyncio.get_running_loop())
        peer = BlockingPeer(corrupt)
        transport, protocol = await connect(Recorder, peer.port, client_tls)
        transport.write(b"go")
        error = await protocol.lost
        assert isinstance(error, ssl.SSLError)
        assert error.reason == "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"
        assert "decryption failed or bad record mac (_ssl.c:" in str(error)
        assert protocol.calls == ["made", "lost"] and not protocol.received
        await peer.done()

    run(main())
    assert errors == []


# ---- the end ---------------------------------------------------------------------------------------------------------------


def test_close_sends_close_notify_and_waits_for_the_peers(run, server_tls, client_tls):
    seen = []

    def serve_once(connection):
        tls = server_tls.wrap_socket(connection, server_side=True)
        seen.append(tls.recv(100))
        seen.append(tls.recv(100))
        tls.unwrap().close()

    async def main():
        peer = BlockingPeer(serve_once)
        transport, protocol = await connect(Recorder, peer.port, client_tls)
        transport.write(b"last words")
        transport.close()
        assert transport.is_closing()
        transport.close()
        assert await protocol.lost is None
        assert protocol.calls[-1] == "lost"
        await peer.done()

    run(main())
    assert seen == [b"last words", b""]


@pytest.mark.parametrize("size", [8, 100_000])
@pytest.mark.parametrize("paused", [False, True])
def test_what_arrives_after_close_is_read_past(run, server_tls, client_tls, paused, size):
    """asyncio takes it for a failure of the connection (bpo-39951), and so did we."""
    closed = threading.Event()

    def serve_once(connection):
        tls = server_tls.wrap_socket(connection, server_side=True)
        assert tls.recv(4) == b"ping"
        closed.wait(20)
        tls.sendall(b"x" * size)
        tls.unwrap().close()

    async def main():
        peer = BlockingPeer(serve_once)
        transport, protocol = await connect(Recorder, peer.port, client_tls)
        transport.write(b"ping")
        if paused:
            transport.pause_reading()
        transport.close()
        timeout = transport._ssl_protocol._shutdown_timeout_handle
        closed.set()
        assert await protocol.lost is None
        assert protocol.calls == ["made", "eof", "lost"] and not protocol.received
        assert timeout.cancelled()
        await peer.done()

    run(main())


def test_a_closed_connection_is_not_kept_by_a_peer_that_goes_on_sending(run, server_tls, client_tls):
    def serve_once(connection):
        tls = server_tls.wrap_socket(connection, server_side=True)
        with pytest.raises(OSError):
            while True:
                tls.sendall(b"x" * 65536)

    async def main():
        peer = BlockingPeer(serve_once)
        transport, protocol = await connect(Recorder, peer.port, client_tls)
        await protocol.wait_for(1)
        transport.close()
        assert await protocol.lost is None
        await peer.done()

    run(main())


@pytest.mark.parametrize("paused", [False, True])
def test_what_waits_to_be_written_leaves_before_close_notify(run, server_tls, client_tls, paused):
    """With reading paused asyncio drops what waits, as in a renegotiation, and closes."""
    seen = bytearray()

    def serve_once(connection):
        tls = server_tls.wrap_socket(connection, server_side=True)
        while data := tls.recv(65536):
            seen.extend(data)
        tls.unwrap().close()

    async def main():
        peer = BlockingPeer(serve_once)
        transport, protocol = await connect(Recorder, peer.port, client_tls)
        transport._test__append_write_backlog(b"x" * 5_000_000)
        if paused:
            transport.pause_reading()
        transport.close()
        assert await protocol.lost is None
        await peer.done()

    run(main())
    assert seen == b"x" * 5_000_000


def test_a_buffered_protocol_that_closes_gets_nothing_more(run, server_tls, client_tls):
    class Closing(asyncio.BufferedProtocol):
        def __init__(self):
            self.counts = []
            self.lost = asyncio.get_running_loop().create_future()

        def connection_made(self, transport):
            self.transport = transport

        def get_buffer(self, _hint):
            return bytearray(1000)

        def buffer_updated(self, count):
            self.counts.append(count)
            self.transport.close()

        def connection_lost(self, error):
            self.lost.set_result(error)

    def serve_once(connection):
        tls = server_tls.wrap_socket(connection, server_side=True)
        tls.sendall(b"x" * 10_000)
        tls.unwrap().close()

    async def main():
        peer = BlockingPeer(serve_once)
        _, protocol = await connect(Closing, peer.port, client_tls)
        assert await protocol.lost is None
        assert protocol.counts == [1000]
        await peer.done()

    run(main())


def test_a_close_notify_of_the_peer_is_the_end_of_the_stream(run, server_tls, client_tls):
    def serve_once(connection):
        tls = server_tls.wrap_socket(connection, server_side=True)
        tls.sendall(b"all there is")
        tls.unwrap()

    async def main():
        peer = BlockingPeer(serve_once)
        _, protocol = await connect(Recorder, peer.port, client_tls)
        assert await protocol.lost is None
        assert bytes(protocol.received) == b"all there is"
        assert protocol.calls == ["made", "eof", "lost"]
        await peer.done()

    run(main())


def test_a_truncated_connection_ends_as_in_asyncio(run, server_tls, client_tls):
    def serve_once(connection):
        tls = server_tls.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)
        tls.sendall(b"cut o")
        tls.shutdown(socket.SHUT_RDWR)
        tls.close()

    async def main():
        peer = BlockingPeer(serve_once)
        _, protocol = await connect(Recorder, peer.port, client_tls)
        assert await protocol.lost is None
        assert bytes(protocol.received) == b"cut o"
        assert protocol.calls == ["made", "eof", "lost"]
        await peer.done()

    run(main())


def test_a_truncated_handshake_is_a_connection_reset(run, client_tls):
    def hang_up(connection):
        connection.recv(10)

    async def main():
        peer = BlockingPeer(hang_up)
        with pytest.raises(ConnectionError):
            await connect(Recorder, peer.port, client_tls)
        await peer.done()

    run(main())


def test_abort_ends_at_once(run, server_tls, client_tls):
    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            transport, protocol = await connect(Recorder, port, client_tls)
            transport.write(b"x" * 5_000_000)
            transport.abort()
            assert await protocol.lost is None
            assert protocol.calls[0] == "made" and protocol.calls[-1] == "lost" and "eof" not in protocol.calls
            for _ in range(8):
                transport.write(b"too late")

    run(main())


def test_a_peer_that_ends_only_its_own_side_ends_the_connection(run, server_tls, client_tls):
    """TLS has no half-close: the end of TCP without close_notify ends both directions, as in asyncio."""
    seen = []

    def serve_once(connection):
        tls = server_tls.wrap_socket(connection, server_side=True)
        seen.append(tls.recv(100))
        connection_fd = socket.socket(fileno=os.dup(tls.fileno()))
        with connection_fd:
            connection_fd.shutdown(socket.SHUT_WR)
            connection_fd.settimeout(20)
            while connection_fd.recv(4096):
                pass
        seen.append("closed")

    async def main():
        peer = BlockingPeer(serve_once)
        transport, protocol = await connect(Recorder, peer.port, client_tls)
        transport.write(b"hello")
        assert await protocol.lost is None
        assert protocol.calls == ["made", "eof", "lost"]
        await peer.done()

    run(main())
    assert seen == [b"hello", "closed"]


@pytest.mark.parametrize(
    "stage", ["connection_made", "data_received", "eof_received", "after close", "connection_lost"]
)
def test_abort_works_at_every_stage(run, server_tls, client_tls, errors, stage):
    class Client(Recorder):
        def connection_made(self, transport):
            super().connection_made(transport)
            self.end_in("connection_made")

        def data_received(self, data):
            super().data_received(data)
            self.end_in("data_received")

        def eof_received(self):
            super().eof_received()
            self.end_in("eof_received")

        def connection_lost(self, error):
            self.end_in("connection_lost")
            super().connection_lost(error)

        def end_in(self, method):
            if method == stage:
                self.transport.abort()

    class Server(asyncio.Protocol):
        def connection_made(self, transport):
            transport.write(b"data")
            if stage in ("eof_received", "connection_lost"):
                transport.close()

    async def main():
        errors.collect(asyncio.get_running_loop())
        server, port = await serve(Server, server_tls)
        async with server:
            try:
                transport, protocol = await connect(Client, port, client_tls)
            except ConnectionError:
                assert stage == "connection_made"
                return
            if stage == "after close":
                await protocol.wait_for(4)
                transport.close()
                transport.abort()
            await protocol.lost
            assert protocol.calls.count("made") == protocol.calls.count("lost") == 1
            transport.abort()
            transport.close()
            transport.write(b"x")
            assert transport.is_closing()
            assert "closed" in repr(transport)

    run(main())
    assert errors == []


def test_a_protocol_that_pauses_at_once_still_ends_the_handshake(run, server_tls, client_tls):
    """asyncio leaves the client's last message of the handshake unsent then, and the server runs into its timeout."""

    async def main():
        made = asyncio.get_running_loop().create_future()

        class Server(Echo):
            def connection_made(self, transport):
                super().connection_made(transport)
                made.set_result(transport)

        class Client(Recorder):
            def connection_made(self, transport):
                super().connection_made(transport)
                transport.pause_reading()

        server, port = await serve(Server, server_tls)
        async with server:
            transport, _ = await connect(Client, port, client_tls)
            await made
            transport.abort()

    run(main(), limit_s=5)


def test_small_items_of_writelines_share_a_record(run, server_tls, client_tls, way):
    arrived = []

    def serve_once(connection):
        tls = server_tls.wrap_socket(connection, server_side=True)
        while data := tls.recv(65536):
            arrived.append(data)
        tls.unwrap()

    async def main():
        peer = BlockingPeer(serve_once)
        transport, protocol = await connect(Recorder, peer.port, client_tls)
        transport.writelines([b"x" * 100, b"y" * 100, b"z" * 40_000, b"", b"w" * 5])
        with pytest.raises(TypeError):
            transport.writelines([b"before", 7, b"after"])
        transport.close()
        await protocol.lost
        await peer.done()

    run(main())
    if way == "direct":
        assert arrived[0] == b"x" * 100 + b"y" * 100
    assert b"".join(arrived) == b"x" * 100 + b"y" * 100 + b"z" * 40_000 + b"w" * 5 + b"before"


def test_a_peer_that_never_answers_the_handshake_runs_into_the_timeout(run, client_tls):
    async def main():
        peer = BlockingPeer(lambda connection: [None for _ in iter(lambda: connection.recv(4096), b"")])
        with pytest.raises(ConnectionAbortedError, match="SSL handshake is taking longer than 0.05 seconds"):
            await connect(Recorder, peer.port, client_tls, ssl_handshake_timeout=0.05)
        await peer.done()

    run(main())


def test_a_peer_that_never_answers_close_notify_runs_into_the_timeout(run, server_tls, client_tls):
    done = threading.Event()

    def hold(connection):
        tls = server_tls.wrap_socket(connection, server_side=True)
        done.wait(20)
        tls.close()

    async def main():
        peer = BlockingPeer(hold)
        transport, protocol = await connect(Recorder, peer.port, client_tls, ssl_shutdown_timeout=0.05)
        transport.close()
        error = await protocol.lost
        assert isinstance(error, TimeoutError) and str(error) == "SSL shutdown timed out"
        done.set()
        await peer.done()

    run(main())


@pytest.mark.parametrize("option", ["ssl_handshake_timeout", "ssl_shutdown_timeout"])
def test_timeouts_must_be_positive(run, client_tls, server_tls, option):
    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            for value in (0, -1):
                with pytest.raises(ValueError, match=f"{option} should be a positive number, got {value}"):
                    await connect(Recorder, port, client_tls, **{option: value})

    run(main())


def test_a_cancelled_connect_closes_the_socket(run, client_tls, count_descriptors):
    async def main():
        peer = BlockingPeer(lambda connection: [None for _ in iter(lambda: connection.recv(4096), b"")])
        before = count_descriptors()
        task = asyncio.create_task(connect(Recorder, peer.port, client_tls))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await peer.done()
        await asyncio.sleep(0.01)
        assert count_descriptors() <= before

    run(main())


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
            assert isinstance(secure, _tls.SSLTransport)
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


# ---- nothing is left behind ------------------------------------------------------------------------------------------------


def connections_kept():
    """How many live TLS connections there are, after a collection."""
    gc.collect()
    return sum(isinstance(thing, _tls.TlsProtocol) for thing in gc.get_objects())


def resident_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_a_thousand_connections_leave_nothing(run, server_tls, client_tls, count_descriptors):
    async def main():
        server, port = await serve(Echo, server_tls)

        async def talk(ending):
            transport, protocol = await connect(Recorder, port, client_tls)
            transport.write(b"x" * 2000)
            await protocol.wait_for(2000)
            getattr(transport, ending)()
            await protocol.lost

        async def talk_many(count):
            for number in range(0, count, 20):
                ending = "close" if number % 40 else "abort"
                await asyncio.gather(*(talk(ending) for _ in range(20)))
            await asyncio.sleep(0.05)
            return count_descriptors(), connections_kept(), resident_kib()

        async with server:
            *counts, before = await talk_many(200)
            *counts_after, after = await talk_many(1000)
        assert counts_after == counts
        # A kept connection would be 30 KiB and more: 1000 of them are far above what an allocator wavers by.
        assert after - before < 8 * 1024

    run(main(), limit_s=100)


def test_a_closed_loop_lets_go_of_open_connections(server_tls, client_tls, count_descriptors):
    import twinloop

    def once():
        loop = twinloop.new_event_loop()

        async def main():
            _, port = await serve(Echo, server_tls)
            transport, protocol = await connect(Recorder, port, client_tls)
            transport.write(b"x")
            await protocol.wait_for(1)

        loop.run_until_complete(main())
        loop.close()

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        once()
        before = count_descriptors(), connections_kept()
        for _ in range(5):
            once()
        assert (count_descriptors(), connections_kept()) == before


def test_aiohttp_serves_and_fetches_over_tls(run, server_tls, client_tls):
    web = pytest.importorskip("aiohttp.web")
    aiohttp = pytest.importorskip("aiohttp")

    async def main():
        async def answer(request):
            return web.Response(body=await request.read() or b"nothing")

        application = web.Application()
        application.router.add_route("*", "/", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0, ssl_context=server_tls)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        async with aiohttp.ClientSession() as session:
            url = f"https://localhost:{port}/"
            for size in (0, 10, 100_000, 900_000):
                body = os.urandom(size)
                async with session.post(url, data=body, ssl=client_tls) as response:
                    assert response.status == 200
                    assert await response.read() == (body or b"nothing")
        await runner.cleanup()

    run(main())


@pytest.mark.parametrize("base", [asyncio.Protocol, asyncio.BufferedProtocol])
def test_data_that_waited_while_reading_was_paused_comes_in_the_context_of_the_transport(
    run, server_tls, client_tls, base
):
    where = contextvars.ContextVar("where", default="elsewhere")
    places = []

    class Client(base):
        def __init__(self):
            self.arrived = asyncio.Event()
            self.buffer = bytearray(100)

        def note(self, *_arguments):
            places.append(where.get())
            self.arrived.set()

        if base is asyncio.Protocol:
            data_received = note
        else:
            buffer_updated = note

            def get_buffer(self, size):
                places.append(where.get())
                return self.buffer

    async def main():
        server, port = await serve(Echo, server_tls)
        async with server:
            where.set("transport")
            transport, protocol = await connect(Client, port, client_tls)
            where.set("elsewhere")
            transport.pause_reading()
            transport.write(b"data")
            await asyncio.sleep(0.05)
            transport.resume_reading()
            await protocol.arrived.wait()
            assert set(places) == {"transport"}
            transport.close()

    run(main())
