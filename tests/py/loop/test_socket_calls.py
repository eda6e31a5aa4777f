"""sock_accept, sock_connect and the methods for datagrams: operations on the program's own sockets."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading

import pytest
import twinloop

NO_IPV6 = pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here")


def non_blocking(family=socket.AF_INET, kind=socket.SOCK_DGRAM, address=("127.0.0.1", 0)):
    sock = socket.socket(family, kind)
    sock.setblocking(False)
    if address is not None:
        sock.bind(address)
    return sock


@pytest.fixture(params=["plain", "debug"])
def both_modes(request, run):
    """In debug mode asyncio's own implementations run: both must behave alike."""
    return lambda coroutine: run(coroutine, debug=request.param == "debug")


def test_datagrams_are_sent_and_received_with_their_addresses(both_modes):
    async def main():
        loop = asyncio.get_running_loop()
        with non_blocking() as left, non_blocking() as right:
            assert await loop.sock_sendto(left, b"hello", right.getsockname()) == 5
            assert await loop.sock_recvfrom(right, 100) == (b"hello", left.getsockname())
            waiting = asyncio.create_task(loop.sock_recvfrom(left, 100))
            await asyncio.sleep(0)
            await loop.sock_sendto(right, b"back", left.getsockname())
            assert await waiting == (b"back", right.getsockname())

    both_modes(main())


def test_datagrams_are_received_into_buffers(both_modes):
    async def main():
        loop = asyncio.get_running_loop()
        with non_blocking() as left, non_blocking() as right:
            buffer = bytearray(10)
            waiting = asyncio.create_task(loop.sock_recvfrom_into(right, buffer))
            await asyncio.sleep(0)
            await loop.sock_sendto(left, b"hello", right.getsockname())
            assert await waiting == (5, left.getsockname())
            assert buffer == b"hello\0\0\0\0\0"
            await loop.sock_sendto(left, b"again", right.getsockname())
            assert await loop.sock_recvfrom_into(right, buffer, 3) == (3, left.getsockname())
            assert buffer == b"agalo\0\0\0\0\0"
            with pytest.raises((TypeError, BufferError)):
                await loop.sock_sendto(left, b"x", right.getsockname())
                await loop.sock_recvfrom_into(right, b"read-only")

    both_modes(main())


@NO_IPV6
def test_ipv6_and_unix_datagrams(both_modes, tmp_path):
    async def main():
        loop = asyncio.get_running_loop()
        with non_blocking(socket.AF_INET6, address=("::1", 0)) as six:
            await loop.sock_sendto(six, b"six", six.getsockname())
            assert await loop.sock_recvfrom(six, 10) == (b"six", six.getsockname())
        with non_blocking(socket.AF_UNIX, address=str(tmp_path / "socket")) as unix:
            await loop.sock_sendto(unix, b"unix", str(tmp_path / "socket"))
            assert await loop.sock_recvfrom(unix, 10) == (b"unix", str(tmp_path / "socket"))

    both_modes(main())


def test_a_full_unix_receiver_is_waited_for(run, tmp_path):
    async def main():
        loop = asyncio.get_running_loop()
        address = str(tmp_path / "socket")
        with (
            non_blocking(socket.AF_UNIX, address=address) as receiver,
            non_blocking(socket.AF_UNIX, address=None) as sender,
        ):

            async def send():
                for number in range(1000):
                    await loop.sock_sendto(sender, b"%d" % number, address)

            sending = asyncio.create_task(send())
            received = [int((await loop.sock_recvfrom(receiver, 10))[0]) for _ in range(1000)]
            assert received == list(range(1000))
            await sending

    run(main())


def test_a_cancelled_receive_loses_nothing(run):
    async def main():
        loop = asyncio.get_running_loop()
        with non_blocking() as left, non_blocking() as right:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(loop.sock_recvfrom(right, 10), 0.01)
            await loop.sock_sendto(left, b"kept", right.getsockname())
            assert (await loop.sock_recvfrom(right, 10))[0] == b"kept"

    run(main())


@pytest.mark.parametrize("family", ["inet", "inet6", "unix"])
def test_accept_and_connect(both_modes, family, tmp_path):
    if family == "inet6" and not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("no IPv6 here")
    kind, address = {
        "inet": (socket.AF_INET, ("127.0.0.1", 0)),
        "inet6": (socket.AF_INET6, ("::1", 0)),
        "unix": (socket.AF_UNIX, str(tmp_path / "socket")),
    }[family]

    async def main():
        loop = asyncio.get_running_loop()
        with non_blocking(kind, socket.SOCK_STREAM, address) as listener:
            listener.listen(100)
            clients = [non_blocking(kind, socket.SOCK_STREAM, None) for _ in range(20)]
            # In asyncio's own, which debug mode runs, one operation at a time may wait for a socket.
            together = 1 if loop.get_debug() else 10
            accepting = [asyncio.create_task(loop.sock_accept(listener)) for _ in range(together)]
            await asyncio.sleep(0)
            connecting = [loop.sock_connect(client, listener.getsockname()) for client in clients]
            assert await asyncio.gather(*connecting) == [None] * 20
            accepted = await asyncio.gather(*accepting)
            accepted += [await loop.sock_accept(listener) for _ in range(20 - together)]
            if family != "unix":
                assert {peer for _, peer in accepted} == {client.getsockname() for client in clients}
            for sock, _ in accepted:
                assert sock.gettimeout() == 0
                await loop.sock_sendall(sock, b"welcome")
            for client in clients:
                assert await loop.sock_recv(client, 100) == b"welcome"
            for sock in [sock for sock, _ in accepted] + clients:
                sock.close()

    both_modes(main())


def test_names_are_resolved_by_connect(both_modes):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with non_blocking(kind=socket.SOCK_STREAM, address=None) as client:
                await loop.sock_connect(client, ("localhost", listener.getsockname()[1]))
                assert client.getpeername() == listener.getsockname()
            with non_blocking(kind=socket.SOCK_STREAM, address=None) as client:
                with pytest.raises(socket.gaierror):
                    await loop.sock_connect(client, ("name.invalid", 1))

    both_modes(main())


def test_refused_and_impossible_connections_are_errors(both_modes):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            address = reserved.getsockname()
            for _ in range(2):
                with non_blocking(kind=socket.SOCK_STREAM, address=None) as client:
                    with pytest.raises(ConnectionRefusedError) as caught:
                        await loop.sock_connect(client, address)
                    assert caught.value.errno == errno.ECONNREFUSED
        with non_blocking(kind=socket.SOCK_STREAM, address=None) as client:
            with pytest.raises((TypeError, OverflowError)):
                await loop.sock_connect(client, ("127.0.0.1", 70_000))
            with pytest.raises((TypeError, ValueError, AttributeError, OSError)):
                await loop.sock_connect(client, 5)
            client.close()
            with pytest.raises(OSError, match="Bad file descriptor"):
                await loop.sock_connect(client, ("127.0.0.1", 1))

    both_modes(main())


@NO_IPV6
@pytest.mark.parametrize("given", [2, 3, 4])
def test_a_refused_connection_names_the_whole_ipv6_address(both_modes, given):
    async def main():
        loop = asyncio.get_running_loop()
        with (
            socket.socket(socket.AF_INET6) as reserved,
            non_blocking(socket.AF_INET6, socket.SOCK_STREAM, None) as client,
        ):
            reserved.bind(("::1", 0))
            address = reserved.getsockname()
            with pytest.raises(ConnectionRefusedError) as caught:
                await loop.sock_connect(client, address[:given])
            assert caught.value.strerror == f"Connect call failed {address}"

    both_modes(main())


def test_a_datagram_socket_is_connected_at_once(both_modes):
    async def main():
        loop = asyncio.get_running_loop()
        with non_blocking() as left, non_blocking() as right:
            await loop.sock_connect(left, right.getsockname())
            await loop.sock_sendall(left, b"hello")
            assert await loop.sock_recvfrom(right, 10) == (b"hello", left.getsockname())

    both_modes(main())


def test_a_listening_socket_that_is_closed_gives_its_port_free(run):
    async def main():
        loop = asyncio.get_running_loop()
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        address = listener.getsockname()
        accepting = asyncio.create_task(loop.sock_accept(listener))
        await asyncio.sleep(0)
        listener.close()
        socket.create_server(address).close()
        accepting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await accepting

    run(main())


def test_blocking_and_tls_sockets_are_refused(run, client_tls):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.socket() as blocking:
            for operation in (
                loop.sock_recv(blocking, 1),
                loop.sock_recv_into(blocking, bytearray(1)),
                loop.sock_sendall(blocking, b"x"),
                loop.sock_accept(blocking),
                loop.sock_connect(blocking, ("127.0.0.1", 1)),
                loop.sock_recvfrom(blocking, 1),
                loop.sock_recvfrom_into(blocking, bytearray(1)),
                loop.sock_sendto(blocking, b"x", ("127.0.0.1", 1)),
            ):
                with pytest.raises(ValueError, match="non-blocking"):
                    await operation
        with socket.socket() as plain, client_tls.wrap_socket(plain, server_hostname="localhost") as wrapped:
            wrapped.setblocking(False)
            with pytest.raises(TypeError, match="SSLSocket"):
                await loop.sock_connect(wrapped, ("127.0.0.1", 1))
            with pytest.raises(TypeError, match="SSLSocket"):
                await loop.sock_accept(wrapped)
            with pytest.raises(TypeError, match="SSLSocket"):
                await loop.sock_recvfrom(wrapped, 1)

    run(main(), debug=True)


def test_wrong_numbers_of_arguments_are_type_errors(loop):
    for call in (
        lambda: loop.sock_accept(),
        lambda: loop.sock_connect(socket.socket()),
        lambda: loop.sock_recvfrom(),
        lambda: loop.sock_sendto(socket.socket(), b""),
    ):
        with pytest.raises(TypeError):
            coroutine = call()
            coroutine.send(None)


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("sock_recvfrom", (-1,), (ValueError, "negative buffersize in recvfrom")),
        ("sock_recvfrom_into", (b"ro",), (TypeError, "argument 1 must be read-write bytes-like object, not bytes")),
        ("sock_recvfrom_into", (bytearray(2), 5), (ValueError, "nbytes is greater than the length of the buffer")),
    ],
)
def test_wrong_arguments_are_errors_before_anything_waits(both_modes, method, arguments, error):
    async def main():
        loop = asyncio.get_running_loop()
        with non_blocking() as sock:
            # An operation that waited has found that nothing is there.
            waiting = asyncio.create_task(loop.sock_recvfrom(sock, 1))
            await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.wait([waiting])
            with pytest.raises(error[0], match=error[1]):
                await asyncio.wait_for(getattr(loop, method)(sock, *arguments), 5)

    both_modes(main())


def test_arguments_have_names_and_their_number_is_checked(both_modes):
    async def main():
        loop = asyncio.get_running_loop()
        with non_blocking() as left, non_blocking() as right:
            await loop.sock_sendto(sock=left, data=b"hello", address=right.getsockname())
            assert (await loop.sock_recvfrom(right, bufsize=10))[0] == b"hello"
            with pytest.raises(TypeError, match="unexpected keyword argument 'timeout'"):
                await loop.sock_connect(left, right.getsockname(), timeout=1)
            with pytest.raises(TypeError, match=r"sock_connect\(\) takes 3 positional arguments but 4 were given"):
                await loop.sock_connect(left, right.getsockname(), 1)

    both_modes(main())


def test_operations_of_a_closed_loop_are_errors():
    loop = twinloop.new_event_loop()
    loop.close()
    with non_blocking() as sock, pytest.raises(RuntimeError, match="closed"):
        loop.sock_recvfrom(sock, 1).send(None)


# ---- sockets that are closed under an operation ------------------------------------------------------------------------


def listener():
    sock = non_blocking(kind=socket.SOCK_STREAM)
    sock.listen()
    return sock


WAITING = {
    "sock_accept": (listener, ()),
    "sock_recvfrom": (non_blocking, (10,)),
    "sock_recvfrom_into": (non_blocking, (bytearray(10),)),
}


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("method", WAITING)
@pytest.mark.parametrize("way", ["close", "with", "another thread"])
def test_an_operation_ends_when_its_socket_is_closed(both_modes, method, way):
    make, arguments = WAITING[method]

    async def main():
        loop = asyncio.get_running_loop()
        sock = make()
        waiting = [asyncio.create_task(getattr(loop, method)(sock, *arguments)) for _ in range(2)]
        await turns()
        if way == "close":
            sock.close()
        elif way == "with":
            with sock:
                pass
        else:
            # The loop sleeps meanwhile: nothing but the end of the operations wakes it.
            threading.Timer(0.05, sock.close).start()
        for task in waiting[1:] if loop.get_debug() else waiting:
            with pytest.raises(OSError) as caught:
                await task
            assert caught.value.errno == errno.EBADF
        # Of two operations of asyncio's own the second takes the place of the first.
        waiting[0].cancel()

    both_modes(main())


@pytest.mark.parametrize("cancelled", [False, True])
def test_an_operation_that_is_over_leaves_its_socket_as_it_was(both_modes, cancelled):
    async def main():
        loop = asyncio.get_running_loop()
        with non_blocking() as left, non_blocking() as right:
            for _ in range(3):
                task = asyncio.create_task(loop.sock_recvfrom(left, 10))
                await turns()
                if cancelled:
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                else:
                    right.sendto(b"data", left.getsockname())
                    assert (await task)[0] == b"data"
                assert type(left._io_refs) is int
                assert left._io_refs == 0

    both_modes(main())


def test_a_file_made_of_a_socket_keeps_it_open_under_an_operation(both_modes):
    async def main():
        loop = asyncio.get_running_loop()
        left = non_blocking()
        before = left.makefile("rb", buffering=0)
        waiting = asyncio.create_task(loop.sock_recvfrom(left, 10))
        await turns()
        during = left.makefile("rb", buffering=0)
        left.close()
        before.close()
        await turns()
        assert not waiting.done()
        during.close()
        with pytest.raises(OSError) as caught:
            await waiting
        assert caught.value.errno == errno.EBADF
        assert left.fileno() == -1

    both_modes(main())


def test_a_connection_that_is_closed_while_it_is_made_closes_once_it_is(both_modes):
    async def main():
        loop = asyncio.get_running_loop()
        with listener() as server:
            sock = non_blocking(kind=socket.SOCK_STREAM, address=None)
            connecting = asyncio.create_task(loop.sock_connect(sock, server.getsockname()))
            loop.call_soon(sock.close)
            await connecting
            assert sock.fileno() == -1
            accepted, _ = await loop.sock_accept(server)
            with accepted:
                assert await loop.sock_recv(accepted, 1) == b""

    both_modes(main())


def test_a_cancelled_connection_of_a_closed_socket_is_closed(both_modes):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.socket() as server:
            # A queue that is full: the connection is not made while the test runs.
            server.bind(("127.0.0.1", 0))
            server.listen(0)
            fillers = [non_blocking(kind=socket.SOCK_STREAM, address=None) for _ in range(3)]
            for filler in fillers:
                filler.connect_ex(server.getsockname())
            sock = fillers.pop()
            connecting = asyncio.create_task(loop.sock_connect(sock, server.getsockname()))
            await asyncio.sleep(0.05)
            assert not connecting.done()
            sock.close()
            assert sock.fileno() != -1
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            assert sock.fileno() == -1
            for filler in fillers:
                filler.close()

    both_modes(main())


def test_a_number_that_is_used_again_is_another_socket(run):
    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(20):
            old = non_blocking()
            number = old.fileno()
            waiting = asyncio.create_task(loop.sock_recvfrom(old, 10))
            await turns()
            old.close()
            with non_blocking() as new, non_blocking() as sender:
                assert new.fileno() == number
                receiving = asyncio.create_task(loop.sock_recvfrom(new, 10))
                with pytest.raises(OSError):
                    await waiting
                sender.sendto(b"new", new.getsockname())
                assert (await receiving)[0] == b"new"

    run(main())


def test_a_closed_loop_closes_sockets_that_only_its_operations_kept_open(loop, count_descriptors):
    left, right = socket.socketpair()
    left.setblocking(False)
    before = count_descriptors()

    async def main():
        task = loop.create_task(loop.sock_recv(left, 10))
        await turns()
        left.close()
        assert left.fileno() != -1
        return task

    task = loop.run_until_complete(main())
    task._log_destroy_pending = False
    loop.close()
    assert left.fileno() == -1
    assert count_descriptors() < before
    assert right.recv(1) == b""
    right.close()
