"""TLS: bytes, and what the handshake settles, against our own loop or a plain blocking peer. Each case with libssl called directly and over memory BIOs."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import sys

import pytest
from tls_support import CERTIFICATES, HOST, BlockingPeer, Echo, Recorder, blocking_client, connect, in_thread, serve

pytestmark = pytest.mark.usefixtures("way")


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
    script = "from _twinloop.transports import tls; print(tls.direct)"
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
