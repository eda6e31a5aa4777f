"""Datagram transports: UDP and AF_UNIX, connected and not, their flow control, errors and ends."""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import gc
import os
import socket
import sys
import time
import warnings

import pytest

NO_IPV6 = pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here")


class Recorder(asyncio.DatagramProtocol):
    def __init__(self):
        self.received = []
        self.errors = []
        self.calls = []
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.calls.append("connection_made")

    def datagram_received(self, data, address):
        assert type(data) is bytes
        self.received.append((data, address))

    def error_received(self, error):
        self.errors.append(error)

    def pause_writing(self):
        self.calls.append("pause_writing")

    def resume_writing(self):
        self.calls.append("resume_writing")

    def connection_lost(self, error):
        self.calls.append("connection_lost")
        self.lost.set_result(error)


class Echo(Recorder):
    def datagram_received(self, data, address):
        self.transport.sendto(data, address)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


async def endpoint(factory=Recorder, **options):
    return await asyncio.get_running_loop().create_datagram_endpoint(factory, **options)


async def closed(*transports):
    for transport in transports:
        protocol = transport.get_protocol()
        transport.close()
        await protocol.lost


@pytest.mark.parametrize("size", [0, 1, 1024, 9000, 65_000])
def test_messages_of_every_size_are_echoed(run, size):
    async def main():
        server, _ = await endpoint(Echo, local_addr=("127.0.0.1", 0))
        address = server.get_extra_info("sockname")
        for options in ({"remote_addr": address}, {"local_addr": ("127.0.0.1", 0)}):
            client, protocol = await endpoint(**options)
            to = None if "remote_addr" in options else address
            message = os.urandom(size)
            if size == 0 and sys.version_info < (3, 13):
                # Empty datagrams are sent since 3.13, and ignored before.
                client.sendto(b"", to)
                client.sendto(b"x", to)
                message = b"x"
            else:
                client.sendto(message, to)
            await until(lambda protocol=protocol: protocol.received)
            assert protocol.received == [(message, address)]
            await closed(client)
        await closed(server)

    run(main())


def test_bytes_like_objects_are_sent_and_everything_else_is_refused(run):
    async def main():
        server, received = await endpoint(local_addr=("127.0.0.1", 0))
        client, _ = await endpoint(remote_addr=server.get_extra_info("sockname"))
        for data in (b"bytes", bytearray(b"bytearray"), memoryview(b"memoryview"), memoryview(b"a-b-c")[::1]):
            client.sendto(data)
        for data in ("text", 5, None, [b"x"]):
            with pytest.raises(TypeError, match="data argument must be a bytes-like object"):
                client.sendto(data)
        await until(lambda: len(received.received) == 4)
        assert [data for data, _ in received.received] == [b"bytes", b"bytearray", b"memoryview", b"a-b-c"]
        await closed(client, server)

    run(main())


def test_a_datagram_transport_is_asyncios_and_knows_its_socket(run):
    async def main():
        server, protocol = await endpoint(local_addr=("127.0.0.1", 0))
        address = server.get_extra_info("sockname")
        client, _ = await endpoint(remote_addr=address)
        assert isinstance(server, asyncio.DatagramTransport) and isinstance(server, asyncio.Transport)
        assert server.get_extra_info("socket").getsockname() == address
        assert server.get_extra_info("peername") is None
        assert client.get_extra_info("peername") == address
        assert server.get_extra_info("nothing", "default") == "default"
        assert server.get_protocol() is protocol
        assert not server.is_closing()
        assert "fd=" in repr(server)
        server.abort()
        assert server.is_closing()
        await protocol.lost
        assert "closed" in repr(server)
        await closed(client)
        assert protocol.calls == ["connection_made", "connection_lost"]

    run(main())


def test_a_connected_transport_sends_to_its_peer_alone(run):
    async def main():
        server, received = await endpoint(local_addr=("127.0.0.1", 0))
        address = server.get_extra_info("sockname")
        client, _ = await endpoint(remote_addr=address)
        client.sendto(b"one")
        client.sendto(b"two", address)
        with pytest.raises(ValueError, match="Invalid address: must be None or"):
            client.sendto(b"three", ("127.0.0.1", 9))
        await until(lambda: len(received.received) == 2)
        await closed(client, server)

    run(main())


def test_names_are_resolved_where_asyncio_resolves_them(run):
    async def main():
        server, received = await endpoint(local_addr=("127.0.0.1", 0))
        port = server.get_extra_info("sockname")[1]
        client, _ = await endpoint(family=socket.AF_INET, remote_addr=("localhost", port))
        client.sendto(b"connected")
        other, _ = await endpoint(local_addr=("127.0.0.1", 0))
        other.sendto(b"by name", ("localhost", port))
        await until(lambda: len(received.received) == 2)
        await closed(client, other, server)

    run(main())


@NO_IPV6
def test_ipv6_addresses_have_four_parts(run):
    async def main():
        server, received = await endpoint(Echo, local_addr=("::1", 0))
        address = server.get_extra_info("sockname")
        client, protocol = await endpoint(local_addr=("::1", 0))
        for target in (address, address[:2], (*address[:2], 0, socket.if_nametoindex("lo"))):
            client.sendto(b"six", target)
        await until(lambda: len(protocol.received) == 3)
        assert set(protocol.received) == {(b"six", address)}
        await closed(client, server)

    run(main())


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_unix_datagrams(run, tmp_path, kind):
    def name(number):
        return str(tmp_path / f"socket{number}") if kind == "path" else f"\0twinloop-{os.getpid()}-{number}"

    async def main():
        server, _ = await endpoint(Echo, local_addr=name(1), family=socket.AF_UNIX)
        for options in ({"remote_addr": name(1)}, {}):
            client, protocol = await endpoint(local_addr=name(2), family=socket.AF_UNIX, **options)
            client.sendto(b"hello", None if options else name(1))
            client.sendto(b"again", None if options else name(1).encode())
            await until(lambda protocol=protocol: len(protocol.received) == 2)
            seen = protocol.received[0][1]
            assert (seen if isinstance(seen, str) else seen.decode()) == name(1)
            await closed(client)
        await closed(server)

    run(main())


def test_unix_datagrams_of_nameless_sockets(run):
    async def main():
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        transport, protocol = await endpoint(sock=left)
        with right:
            right.send(b"one")
            right.send(b"")
            right.send(b"two")
            await until(lambda: len(protocol.received) == 3)
            assert [data for data, _ in protocol.received] == [b"one", b"", b"two"]
            assert {address for _, address in protocol.received} <= {None, ""}
            transport.sendto(b"back")
            assert right.recv(100) == b"back"
        await closed(transport)

    run(main())


def test_a_full_socket_pauses_the_protocol_and_an_emptied_one_resumes_it(run):
    async def main():
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        transport, protocol = await endpoint(sock=left)
        assert transport.get_write_buffer_limits() == (16_384, 65_536)
        transport.set_write_buffer_limits(high=10_000, low=1_000)
        assert transport.get_write_buffer_limits() == (1_000, 10_000)
        with pytest.raises(ValueError, match="must be >="):
            transport.set_write_buffer_limits(high=1, low=2)
        sent = 0
        changing = bytearray(1000)
        while "pause_writing" not in protocol.calls:
            changing[:4] = sent.to_bytes(4, "big")
            transport.sendto(changing)
            sent += 1
        assert 10_000 < transport.get_write_buffer_size() < 12_500
        received = []
        right.setblocking(False)
        while len(received) < sent:
            data = await asyncio.get_running_loop().sock_recv(right, 2000)
            received.append(int.from_bytes(data[:4], "big"))
        assert received == list(range(sent))
        await until(lambda: "resume_writing" in protocol.calls)
        assert transport.get_write_buffer_size() == 0
        right.close()
        await closed(transport)
        assert protocol.calls == ["connection_made", "pause_writing", "resume_writing", "connection_lost"]

    run(main())


def test_close_sends_what_is_queued_and_abort_does_not(run):
    async def main():
        for method in ("close", "abort"):
            left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            transport, protocol = await endpoint(sock=left)
            count = 0
            while transport.get_write_buffer_size() < 5_000:
                transport.sendto(b"x" * 1000)
                count += 1
            getattr(transport, method)()
            assert transport.is_closing()
            if method == "abort":
                await protocol.lost
            received = 0
            right.setblocking(False)
            with right:
                for _ in range(count):
                    try:
                        received += bool(await asyncio.wait_for(asyncio.get_running_loop().sock_recv(right, 2000), 0.2))
                    except (TimeoutError, ConnectionError):
                        break
                await protocol.lost
                assert (received == count) is (method == "close")

    run(main())


def test_a_refusal_is_told_to_error_received_and_the_transport_goes_on(run):
    async def main():
        with socket.socket(type=socket.SOCK_DGRAM) as reserved:
            reserved.bind(("127.0.0.1", 0))
            address = reserved.getsockname()
            client, protocol = await endpoint(remote_addr=address)
            reserved.close()
            client.sendto(b"nobody")
            await until(lambda: protocol.errors)
            assert isinstance(protocol.errors[0], ConnectionRefusedError)
            assert not client.is_closing()
        server, received = await endpoint(local_addr=address)
        while not received.received:
            client.sendto(b"somebody")
            await asyncio.sleep(0.001)
        await closed(client, server)

    run(main())


def test_a_datagram_that_is_too_large_is_told_to_error_received(run):
    async def main():
        server, _ = await endpoint(local_addr=("127.0.0.1", 0))
        client, protocol = await endpoint(remote_addr=server.get_extra_info("sockname"))
        client.sendto(b"x" * 70_000)
        await until(lambda: protocol.errors)
        assert protocol.errors[0].errno == 90
        await closed(client, server)

    run(main())


def test_reading_stops_with_close_and_abort_in_datagram_received(run):
    class Once(Recorder):
        def datagram_received(self, data, address):
            super().datagram_received(data, address)
            self.transport.abort()

    async def main():
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        _, protocol = await endpoint(Once, sock=left)
        with right:
            for _ in range(5):
                right.send(b"x")
            await protocol.lost
        assert len(protocol.received) == 1

    run(main())


@pytest.mark.parametrize("method", ["datagram_received", "error_received"])
def test_a_protocol_that_raises_is_reported(run, errors, method):
    class Failing(Recorder):
        def datagram_received(self, data, address):
            if method == "datagram_received" and not self.received:
                super().datagram_received(data, address)
                raise ValueError("from the protocol")
            super().datagram_received(data, address)

        def error_received(self, error):
            raise ValueError("from the protocol")

    async def main():
        asyncio.get_running_loop().set_exception_handler(errors.report)
        server, _ = await endpoint(local_addr=("127.0.0.1", 0))
        client, protocol = await endpoint(Failing, remote_addr=server.get_extra_info("sockname"))
        if method == "error_received":
            with pytest.raises(ValueError, match="from the protocol"):
                client.sendto(b"x" * 70_000)
        else:
            server.sendto(b"1", client.get_extra_info("sockname"))
            await until(lambda: errors)
            assert str(errors[0]["exception"]) == "from the protocol"
            server.sendto(b"2", client.get_extra_info("sockname"))
            await until(lambda: len(protocol.received) == 2)
        await closed(client, server)

    run(main())


def test_an_exit_in_datagram_received_leaves_the_loop(loop):
    class Leaving(Recorder):
        def datagram_received(self, data, address):
            raise KeyboardInterrupt

    async def main():
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        transport, _ = await endpoint(Leaving, sock=left)
        right.send(b"x")
        right.close()
        made.append(transport)
        await asyncio.sleep(10)

    made = []
    task = loop.create_task(main())
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(task)
    task.cancel()
    made[0].abort()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))


def test_a_socket_closed_under_its_transport_harms_nobody(run):
    async def main():
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        transport, protocol = await endpoint(sock=left)
        left.close()
        transport.sendto(b"x")
        await asyncio.sleep(0.01)
        transport.abort()
        await protocol.lost
        right.close()

    run(main())


def test_wrong_arguments_of_endpoints(run):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            for options, error, text in [
                ({}, ValueError, "unexpected address family"),
                ({"sock": stream}, ValueError, "ocket was expected"),
                (
                    {"sock": datagram, "local_addr": ("127.0.0.1", 0)},
                    ValueError,
                    "can not be used when sock is specified",
                ),
                ({"local_addr": "127.0.0.1"}, TypeError, "2-tuple is expected"),
                (
                    {"local_addr": ("127.0.0.1", 0), "remote_addr": ("::1", 1)},
                    ValueError,
                    "can not get address information",
                ),
                ({"local_addr": 5, "family": socket.AF_UNIX}, TypeError, "string is expected"),
                ({"local_addr": ("192.0.2.1", 0)}, OSError, "Cannot assign requested address"),
            ]:
                with pytest.raises(error, match=text):
                    await loop.create_datagram_endpoint(Recorder, **options)
        first, _ = await endpoint(local_addr=("127.0.0.1", 0), reuse_port=True)
        second, _ = await endpoint(local_addr=first.get_extra_info("sockname"), reuse_port=True)
        broadcasting, _ = await endpoint(local_addr=("127.0.0.1", 0), allow_broadcast=True)
        assert broadcasting.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST)
        await closed(first, second, broadcasting)

    run(main())


def test_the_protocol_can_be_replaced(run):
    async def main():
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        transport, first = await endpoint(sock=left)
        second = Recorder()
        with right:
            right.send(b"one")
            await until(lambda: first.received)
            transport.set_protocol(second)
            assert transport.get_protocol() is second
            right.send(b"two")
            await until(lambda: second.received)
        assert [data for data, _ in first.received] == [b"one"]
        await closed(transport)

    run(main())


def test_a_receiver_that_is_full_is_tried_again(run, tmp_path):
    async def main():
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.bind(str(tmp_path / "receiver"))
            receiver.setblocking(False)
            transport, _ = await endpoint(local_addr=str(tmp_path / "sender"), family=socket.AF_UNIX)
            count = 0
            while transport.get_write_buffer_size() < 5_000:
                transport.sendto(b"%4d" % count + b"x" * 1000, str(tmp_path / "receiver"))
                count += 1
            turns = asyncio.get_running_loop().statistics()["turns"]
            await asyncio.sleep(0.05)
            assert asyncio.get_running_loop().statistics()["turns"] - turns < 200
            received = [await asyncio.get_running_loop().sock_recv(receiver, 2000) for _ in range(count)]
            assert [int(data[:4]) for data in received] == list(range(count))
            await closed(transport)

    run(main())


def test_many_datagrams_keep_their_order_and_other_callbacks_their_turn(run):
    async def main():
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        transport, protocol = await endpoint(sock=left)
        right.setblocking(False)
        loop = asyncio.get_running_loop()
        with right:
            ticks = []

            def tick():
                ticks.append(len(protocol.received))
                if len(protocol.received) < 2000:
                    loop.call_soon(tick)

            tick()
            for number in range(2000):
                await loop.sock_sendall(right, b"%d" % number)
            await until(lambda: len(protocol.received) == 2000)
        assert [int(data) for data, _ in protocol.received] == list(range(2000))
        assert len(ticks) > 10
        await closed(transport)

    run(main())


def test_a_transport_that_nobody_closed_warns(run, count_descriptors):
    before = count_descriptors()

    async def main():
        await endpoint(local_addr=("127.0.0.1", 0))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(main())
        gc.collect()
    assert any("unclosed transport" in str(warning.message) for warning in caught)
    assert count_descriptors() == before


def test_the_context_of_the_creator_is_the_context_of_the_calls(run):
    variable = contextvars.ContextVar("variable", default="outside")
    seen = []

    class Reading(Recorder):
        def datagram_received(self, data, address):
            seen.append(variable.get())

    async def main():
        variable.set("inside")
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        transport, _ = await endpoint(Reading, sock=left)
        variable.set("later")
        with right:
            right.send(b"x")
            await until(lambda: seen)
        assert seen == ["inside"]
        await closed(transport)

    run(main())


def test_sendto_takes_keywords_and_refuses_other_arguments(run):
    async def main():
        _, receiver = await endpoint(local_addr=("127.0.0.1", 0))
        address = receiver.transport.get_extra_info("sockname")
        transport, _ = await endpoint(local_addr=("127.0.0.1", 0))
        transport.sendto(addr=address, data=b"keywords")
        transport.sendto(b"mixed", addr=address)
        await until(lambda: len(receiver.received) == 2)
        assert sorted(data for data, _ in receiver.received) == [b"keywords", b"mixed"]
        for arguments, keywords in (((), {}), ((b"d", address, 3), {}), ((b"d",), {"address": address})):
            with pytest.raises(TypeError, match=r"sendto\(\)"):
                transport.sendto(*arguments, **keywords)
        with pytest.raises(TypeError, match=r"sendto\(\).*data"):
            transport.sendto(addr=address)
        transport.close()
        receiver.transport.close()

    run(main())


def test_a_slow_datagram_protocol_is_reported_in_debug_mode(run, caplog):
    class Slow(Recorder):
        def datagram_received(self, data, address):
            time.sleep(0.002)
            super().datagram_received(data, address)

    async def main():
        asyncio.get_running_loop().slow_callback_duration = 0.001
        transport, protocol = await endpoint(Slow, local_addr=("127.0.0.1", 0))
        transport.sendto(b"x", transport.get_extra_info("sockname"))
        await until(lambda: protocol.received)
        await asyncio.sleep(0)
        transport.close()
        messages = [record.getMessage() for record in caplog.records]
        assert any(
            "DatagramTransport" in message and "Slow" in message and " took 0.0" in message for message in messages
        )

    run(main(), debug=True)


@pytest.mark.parametrize("kind", ["udp", "unix"])
def test_a_datagram_to_nobody_ends_the_transport_as_in_asyncio(run, errors, tmp_path, kind):
    # The kernel's own word was told to error_received, and the transport went on.
    async def main():
        errors.collect(asyncio.get_running_loop())
        address = ("127.0.0.1", 0) if kind == "udp" else str(tmp_path / "socket")
        family = socket.AF_INET if kind == "udp" else socket.AF_UNIX
        transport, protocol = await endpoint(local_addr=address, family=family)
        transport.sendto(b"to nobody")
        lost = await protocol.lost
        assert isinstance(lost, TypeError) and "NoneType" in str(lost)
        assert protocol.errors == []
        assert [context["message"] for context in errors] == ["Fatal write error on datagram transport"]

    run(main())


def test_a_pair_of_datagram_sockets_needs_no_address(run):
    async def main():
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with right:
            transport, _ = await endpoint(sock=left)
            transport.sendto(b"to the other end")
            assert right.recv(100) == b"to the other end"
            await closed(transport)


@pytest.mark.parametrize("kind", ["nameless", "abstract", "longest path"])
def test_the_names_of_unix_senders_are_those_of_the_socket_module(run, tmp_path, kind):
    # A path that fills the kernel's field has no zero behind it: the library that read addresses took that for a defect and panicked.
    path = str(tmp_path / "receiver")
    name = {"nameless": None, "abstract": b"\0twinloop-" + os.urandom(4).hex().encode()}.get(kind)
    if kind == "longest path":
        name = str(tmp_path) + "/"
        name += "x" * (108 - len(name))
        if len(name) > 108:
            pytest.skip("the folder for temporary files has a long name itself")

    async def main():
        transport, protocol = await endpoint(Recorder, local_addr=path, family=socket.AF_UNIX)
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as judge,
        ):
            if kind == "abstract":
                sender.bind(name)
            elif kind == "longest path":
                # Python binds to shorter ones only, the kernel does not.
                address = socket.AF_UNIX.to_bytes(2, sys.byteorder) + name.encode()
                assert ctypes.CDLL(None).bind(sender.fileno(), address, len(address)) == 0
            judge.bind(path + "2")
            sender.sendto(b"x", path + "2")
            sender.sendto(b"x", path)
            await until(lambda: protocol.received)
            assert protocol.received == [judge.recvfrom(10)]
            assert protocol.received[0][1] == name
        transport.close()
        await protocol.lost

    run(main())
