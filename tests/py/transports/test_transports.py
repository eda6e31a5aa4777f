"""Socket transports: the calls of a protocol, writing, flow control, contexts and ends."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import socket
import struct
import sys
import threading
import time

import pytest
from transports_support import Recorder, connected, until


def test_transports_are_asyncio_transports_with_all_extra_information(run):
    async def main():
        server = await asyncio.get_running_loop().create_server(Recorder, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        transport, _protocol = await asyncio.get_running_loop().create_connection(Recorder, *address)
        assert isinstance(transport, asyncio.Transport)
        assert transport.get_extra_info("peername") == address
        assert transport.get_extra_info("sockname")[0] == "127.0.0.1"
        assert transport.get_extra_info("socket").fileno() >= 0
        assert transport.get_extra_info("nothing", "default") == "default"
        assert transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        transport.abort()
        server.close()

    run(main())


def test_the_calls_of_a_protocol_come_in_order(run):
    async def main():
        transport, protocol, peer = await connected()
        peer.send(b"hello")
        await until(lambda: protocol.received)
        peer.close()
        assert await protocol.lost is None
        assert protocol.calls == ["connection_made", "data_received", "eof_received", "connection_lost"]
        assert transport.is_closing()

    run(main())


def test_several_writes_of_one_turn_arrive_in_order_and_copies_were_taken(run):
    async def main():
        transport, _protocol, peer = await connected()
        data = bytearray(b"first ")
        transport.write(data)
        data[:] = b"CHANGE"
        transport.write(memoryview(b"second "))
        transport.writelines([b"third ", bytearray(b"fourth")])
        transport.write(b"")
        await asyncio.sleep(0.01)
        assert peer.recv(1000) == b"first second third fourth"
        peer.close()
        transport.close()

    run(main())


def test_close_sends_what_is_queued_first(run):
    async def main():
        transport, protocol, peer = await connected()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        message = os.urandom(3_000_000)
        transport.write(message)
        transport.close()
        assert transport.is_closing() and transport.get_write_buffer_size() > 0
        received = bytearray()
        while len(received) < len(message):
            received += await asyncio.get_running_loop().sock_recv(peer, 1 << 20)
        assert received == message
        assert await protocol.lost is None
        peer.close()

    run(main())


def test_much_that_is_written_as_bytes_is_not_copied_and_is_let_go_when_it_has_been_sent(run):
    async def main():
        transport, protocol, theirs = await connected()
        much = os.urandom(3_000_000)
        changing = bytearray(much)
        unused = sys.getrefcount(much)
        transport.write(b"first ")
        transport.write(much)
        transport.write(changing)
        transport.write(b" last")
        changing[:] = bytes(len(changing))
        assert sys.getrefcount(much) == unused + 1
        received = b""
        while len(received) < 2 * len(much) + 11:
            received += await asyncio.get_running_loop().sock_recv(theirs, 1 << 20)
        assert received == b"first " + much + much + b" last"
        assert transport.get_write_buffer_size() == 0
        assert sys.getrefcount(much) == unused

        transport.write(much)
        transport.abort()
        await protocol.lost
        assert sys.getrefcount(much) == unused
        theirs.close()

    run(main())


def test_abort_drops_what_is_queued(run):
    async def main():
        transport, protocol, peer = await connected()
        transport.write(bytes(10_000_000))
        transport.abort()
        assert protocol.calls == ["connection_made", "pause_writing"]
        assert await protocol.lost is None
        received = 0
        while data := await asyncio.get_running_loop().sock_recv(peer, 1 << 20):
            received += len(data)
        assert received < 10_000_000
        peer.close()

    run(main())


def test_a_full_queue_pauses_the_protocol_and_an_emptied_one_resumes_it(run):
    async def main():
        transport, protocol, peer = await connected()
        transport.set_write_buffer_limits(high=1000, low=100)
        assert transport.get_write_buffer_limits() == (100, 1000)
        # The kernel takes this: more than the limit, but nothing is left waiting.
        transport.write(bytes(5000))
        assert "pause_writing" not in protocol.calls
        transport.write(bytes(5_000_000))
        assert protocol.calls[-1] == "pause_writing"
        assert transport.get_write_buffer_size() > 1000
        left = 5_005_000
        while left:
            left -= len(await asyncio.get_running_loop().sock_recv(peer, 1 << 20))
        await until(lambda: protocol.calls[-1] == "resume_writing")
        assert transport.get_write_buffer_size() == 0
        with pytest.raises(ValueError, match="high"):
            transport.set_write_buffer_limits(high=1, low=2)
        transport.close()
        peer.close()

    run(main())


def test_paused_reading_delivers_nothing_until_it_is_resumed(run):
    async def main():
        transport, protocol, peer = await connected()
        transport.pause_reading()
        transport.pause_reading()
        assert not transport.is_reading()
        peer.send(b"waits")
        await asyncio.sleep(0.02)
        assert protocol.received == b""
        transport.resume_reading()
        await until(lambda: protocol.received == b"waits")
        assert transport.is_reading()
        transport.close()
        peer.close()

    run(main())


def test_a_protocol_can_pause_reading_in_connection_made(run):
    class Paused(Recorder):
        def connection_made(self, transport):
            super().connection_made(transport)
            transport.pause_reading()

    async def main():
        transport, protocol, peer = await connected(Paused)
        peer.send(b"waits")
        await asyncio.sleep(0.02)
        assert protocol.received == b""
        transport.resume_reading()
        await until(lambda: protocol.received == b"waits")
        transport.close()
        peer.close()

    run(main())


def test_half_closed_connections_go_on_in_the_other_direction(run):
    class KeepOpen(Recorder):
        def eof_received(self):
            super().eof_received()
            return True

    async def main():
        transport, protocol, peer = await connected(KeepOpen)
        peer.shutdown(socket.SHUT_WR)
        await until(lambda: "eof_received" in protocol.calls)
        transport.write(b"still writing")
        transport.write_eof()
        with pytest.raises(RuntimeError, match="after write_eof"):
            transport.write(b"late")
        loop = asyncio.get_running_loop()
        assert await loop.sock_recv(peer, 100) == b"still writing"
        assert await loop.sock_recv(peer, 100) == b""
        assert transport.can_write_eof()
        transport.close()
        await protocol.lost
        peer.close()

    run(main())


@pytest.mark.parametrize("closed_by", ["us", "the peer"])
def test_the_loop_calls_a_protocol_in_the_context_of_its_transport_and_others_in_their_own(run, closed_by):
    where = contextvars.ContextVar("where")

    def noting(name):
        def note(self, *arguments):
            self.calls.append((name, where.get()))
            if name == "connection_lost":
                self.lost.set_result(None)

        return note

    methods = ["data_received", "eof_received", "pause_writing", "resume_writing", "connection_lost"]
    Placed = type("Placed", (Recorder,), {name: noting(name) for name in methods})

    def within(place, function, *arguments):
        def call():
            where.set(place)
            function(*arguments)

        contextvars.copy_context().run(call)

    async def main():
        where.set("transport")
        transport, protocol, peer = await connected(Placed)
        where.set("elsewhere")
        within("pauses", transport.pause_reading)
        await asyncio.sleep(0)
        within("resumes", transport.resume_reading)
        peer.send(b"data")
        await until(lambda: len(protocol.calls) == 2)
        within("writes", transport.write, bytes(10_000_000))
        left = 10_000_000
        while left:
            left -= len(await asyncio.get_running_loop().sock_recv(peer, left))
        await until(lambda: len(protocol.calls) == 4)
        within("closes", transport.close if closed_by == "us" else peer.close)
        await protocol.lost
        peer.close()
        return protocol.calls

    assert run(main())[1:] == [
        ("data_received", "transport"),
        ("pause_writing", "writes"),
        ("resume_writing", "transport"),
        *([("connection_lost", "closes")] if closed_by == "us" else []),
        *([("eof_received", "transport"), ("connection_lost", "transport")] if closed_by == "the peer" else []),
    ]


def test_a_reset_reaches_the_protocol_as_the_error_of_connection_lost(run):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            _transport, protocol = await loop.create_connection(Recorder, *listener.getsockname())
            peer, _ = listener.accept()
            # No lingering: closing sends a reset.
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
            error = await protocol.lost
        assert isinstance(error, ConnectionResetError) and error.errno == 104

    run(main())


def test_writes_after_the_connection_was_lost_are_ignored_and_then_warned_about(run, caplog):
    async def main():
        transport, protocol, peer = await connected()
        transport.abort()
        for _ in range(7):
            transport.write(b"late")
        await protocol.lost
        transport.write(b"later")
        transport.close()
        transport.abort()
        peer.close()

    run(main())
    assert "socket.send() raised exception" in caplog.text


def test_what_is_not_bytes_like_is_a_type_error(run):
    async def main():
        transport, _protocol, peer = await connected()
        for wrong in ("text", 42, None, [1]):
            with pytest.raises(TypeError, match="bytes-like"):
                transport.write(wrong)
        transport.abort()
        peer.close()

    run(main())


@pytest.mark.parametrize("method", ["data_received", "eof_received"])
def test_a_protocol_that_raises_loses_its_connection_and_is_reported(run, errors, method):
    class Failing(Recorder):
        pass

    def fail(self, *_):
        raise ValueError(f"in {method}")

    setattr(Failing, method, fail)

    async def main():
        errors.collect(asyncio.get_running_loop())
        _transport, protocol, peer = await connected(Failing)
        peer.send(b"x")
        peer.close()
        assert str(await protocol.lost) == f"in {method}"

    run(main())
    assert [str(context["exception"]) for context in errors] == [f"in {method}"]
    assert method in errors[0]["message"]


def test_an_exit_in_data_received_leaves_the_loop(loop):
    class Leaving(asyncio.Protocol):
        def data_received(self, data):
            raise SystemExit(7)

    ours, theirs = socket.socketpair()
    transport, _ = loop.run_until_complete(loop.create_connection(Leaving, sock=ours))
    theirs.send(b"x")
    with pytest.raises(SystemExit):
        loop.run_forever()
    transport.abort()
    loop.run_until_complete(asyncio.sleep(0.01))
    theirs.close()


def test_the_protocol_can_be_replaced_in_mid_stream(run):
    async def main():
        transport, first, peer = await connected()
        peer.send(b"one")
        await until(lambda: first.received)
        second = Recorder()
        second.calls.append("set")
        transport.set_protocol(second)
        assert transport.get_protocol() is second
        peer.send(b"two")
        await until(lambda: second.received)
        assert (first.received, second.received) == (b"one", b"two")
        peer.close()
        await second.lost

    run(main())


def test_a_socket_with_methods_of_its_own_is_used_through_them(run, tmp_path):
    class Shouting(socket.socket):
        def send(self, data, *flags):
            return super().send(bytes(data).upper(), *flags)

        def recv(self, *arguments):
            return super().recv(*arguments).upper()

    (tmp_path / "file").write_bytes(b"file")

    async def main():
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=Shouting(fileno=ours.detach()))
        assert isinstance(writer.transport, asyncio.Transport)
        writer.write(b"question")
        assert await loop.sock_recv(theirs, 100) == b"QUESTION"
        await loop.sock_sendall(theirs, b"answer")
        assert await reader.readexactly(6) == b"ANSWER"
        with open(tmp_path / "file", "rb") as file:
            assert await loop.sendfile(writer.transport, file) == 4
        assert await loop.sock_recv(theirs, 100) == b"file"
        writer.close()
        await writer.wait_closed()
        theirs.close()

    run(main())


def test_a_write_from_another_thread_is_passed_on_to_the_loop(run):
    async def main():
        transport, _protocol, peer = await connected()
        thread = threading.Thread(target=transport.write, args=(b"from a thread",))
        thread.start()
        assert await asyncio.get_running_loop().sock_recv(peer, 100) == b"from a thread"
        thread.join()
        transport.close()
        peer.close()

    run(main())


def test_the_descriptor_of_a_transport_is_refused_elsewhere(run):
    async def main():
        transport, _protocol, peer = await connected()
        loop = asyncio.get_running_loop()
        with pytest.raises(RuntimeError, match="used by transport"):
            loop.add_reader(transport.get_extra_info("socket").fileno(), print)
        transport.abort()
        peer.close()

    run(main())


def test_a_transport_that_nobody_closed_warns(loop):
    ours, theirs = socket.socketpair()
    transport, _ = loop.run_until_complete(loop.create_connection(asyncio.Protocol, sock=ours))
    with pytest.warns(ResourceWarning, match="unclosed transport"):
        loop.close()
        del transport, _
        gc.collect()
    theirs.close()


@pytest.mark.parametrize("tls", [False, True])
def test_writing_takes_its_argument_by_keyword_and_refuses_others(run, server_tls, client_tls, tls):
    async def echo(reader, writer):
        writer.write(await reader.readexactly(6))
        writer.close()

    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server_tls if tls else None)
        options = {"ssl": client_tls, "server_hostname": "localhost"} if tls else {}
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), **options)
        transport = writer.transport
        transport.write(data=b"ab")
        transport.writelines(list_of_data=[b"cd", b"ef"])
        assert await reader.read() == b"abcdef"
        for method, arguments, keywords in (
            ("write", (), {}),
            ("write", (b"a", b"b"), {}),
            ("write", (b"a",), {"data": b"b"}),
            ("write", (b"a",), {"x": 1}),
            ("writelines", ([], []), {}),
            ("pause_reading", (1,), {}),
            ("resume_reading", (), {"x": 1}),
            ("is_reading", (1,), {}),
            ("is_closing", (), {"x": 1}),
            ("get_write_buffer_size", (1,), {}),
            ("close", (1,), {}),
        ):
            with pytest.raises(TypeError, match=rf"{method}\(\)"):
                getattr(transport, method)(*arguments, **keywords)
        writer.close()
        server.close()

    run(main())


def test_a_slow_protocol_is_reported_in_debug_mode(run, caplog):
    class Slow(Recorder):
        def data_received(self, data):
            time.sleep(0.002)
            super().data_received(data)

    async def main():
        asyncio.get_running_loop().slow_callback_duration = 0.001
        transport, protocol, theirs = await connected(Slow)
        caplog.clear()
        theirs.send(b"x")
        await until(lambda: protocol.received)
        theirs.close()
        await protocol.lost
        messages = [record.getMessage() for record in caplog.records if "Slow" in record.getMessage()]
        assert any(
            message.startswith("Executing") and "SocketTransport" in message and " took 0.0" in message
            for message in messages
        ), messages

    run(main(), debug=True)
