"""TLS: how connections end, and that nothing of them is left. Each case with libssl called directly and over memory BIOs."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import socket
import struct
import threading

import pytest
from _twinloop.transports.tls import TlsProtocol
from tls_support import HOST, BlockingPeer, Echo, Recorder, connect, serve

pytestmark = pytest.mark.usefixtures("way")


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


# ---- nothing is left behind ------------------------------------------------------------------------------------------------


def connections_kept():
    """How many live TLS connections there are, after a collection."""
    gc.collect()
    return sum(isinstance(thing, TlsProtocol) for thing in gc.get_objects())


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


def test_a_program_that_writes_and_drains_for_ever_learns_of_a_reset(run, server_tls, client_tls):
    # drain() gives the loop no turn unless the transport is closing or full, and the transport said neither (gh-118950).
    async def main():
        reset = asyncio.Event()

        async def answer_by_reset(reader, writer):
            await reader.readexactly(1)
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            reset.set()

        server = await asyncio.start_server(answer_by_reset, HOST, 0, ssl=server_tls)
        async with server:
            port = server.sockets[0].getsockname()[1]
            _, writer = await asyncio.open_connection(HOST, port, ssl=client_tls, server_hostname="localhost")
            writer.write(b"x")
            await reset.wait()
            with pytest.raises(ConnectionError):
                for _ in range(100_000):
                    writer.write(b"y" * 1000)
                    await writer.drain()
            assert writer.is_closing()
            with pytest.raises(ConnectionError):
                await writer.wait_closed()

    run(main())
