"""The sock_* methods: operations on the program's own sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import threading

import pytest


@pytest.fixture
def pair():
    left, right = socket.socketpair()
    left.setblocking(False)
    right.setblocking(False)
    yield left, right
    left.close()
    right.close()


def test_data_that_is_there_is_received_without_a_turn_of_the_loop(run, pair):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        right.send(b"ready")
        turns = loop.statistics()["turns"]
        assert await loop.sock_recv(left, 100) == b"ready"
        assert loop.statistics()["turns"] == turns

    run(main())


@pytest.mark.parametrize("size", [1, 1024, 16_384, 102_400, 10_000_000])
def test_messages_of_every_size_are_echoed(run, pair, size):
    left, right = pair
    message = os.urandom(size)

    async def main():
        loop = asyncio.get_running_loop()

        async def echo():
            while data := await loop.sock_recv(right, 65_536):
                await loop.sock_sendall(right, data)

        echoing = asyncio.create_task(echo())
        for _ in range(2):
            sending = asyncio.create_task(loop.sock_sendall(left, message))
            received = bytearray()
            while len(received) < size:
                received += await loop.sock_recv(left, 1 << 20)
            await sending
            assert received == message
        left.shutdown(socket.SHUT_WR)
        await echoing

    run(main())


def test_receiving_waits_for_data_and_sees_the_end(run, pair):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, right.send, b"late")
        assert await loop.sock_recv(left, 100) == b"late"
        loop.call_later(0.01, right.shutdown, socket.SHUT_WR)
        assert await loop.sock_recv(left, 100) == b""
        assert await loop.sock_recv(left, 100) == b""

    run(main())


def test_the_end_that_came_with_the_last_bytes_is_seen(run, pair):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        receiving = asyncio.create_task(loop.sock_recv(left, 100))
        await asyncio.sleep(0.01)
        right.send(b"last")
        right.close()
        assert await receiving == b"last"
        assert await loop.sock_recv(left, 100) == b""

    run(main())


def test_receiving_into_a_buffer(run, pair):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        buffer = bytearray(10)
        right.send(b"hello")
        assert await loop.sock_recv_into(left, buffer) == 5
        assert buffer == b"hello\0\0\0\0\0"
        with pytest.raises((TypeError, BufferError)):
            await loop.sock_recv_into(left, b"read-only")

    run(main())


def test_datagrams_keep_their_borders(run):
    async def main():
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with left, right:
            left.setblocking(False)
            for message in (b"one", b"two", b"three"):
                right.send(message)
            assert [await loop.sock_recv(left, 100) for _ in range(3)] == [b"one", b"two", b"three"]
            await loop.sock_sendall(left, b"answer")
            assert right.recv(100) == b"answer"

    run(main())


@pytest.mark.parametrize("bound", ["wait_for", "timeout", "cancel"])
def test_a_cancelled_operation_loses_no_data(run, pair, bound):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        if bound == "wait_for":
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(loop.sock_recv(left, 100), 0.01)
        elif bound == "timeout":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await loop.sock_recv(left, 100)
        else:
            task = asyncio.create_task(loop.sock_recv(left, 100))
            await asyncio.sleep(0.01)
            task.cancel("why")
            with pytest.raises(asyncio.CancelledError, match="why"):
                await task
        right.send(b"kept")
        assert await loop.sock_recv(left, 100) == b"kept"

    run(main())


@pytest.mark.parametrize("into", [False, True])
def test_a_socket_that_is_closed_under_an_operation_closes_after_it(run, pair, into):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        buffer = bytearray(100)
        task = asyncio.create_task(loop.sock_recv_into(left, buffer) if into else loop.sock_recv(left, 100))
        await asyncio.sleep(0.01)
        left.close()
        await loop.sock_sendall(right, b"late")
        assert await task == (4 if into else b"late")
        assert left.fileno() == -1
        assert await loop.sock_recv(right, 1) == b""

    run(main())


def test_cancelling_an_operation_on_a_closed_socket_closes_it(run, pair):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(loop.sock_recv(left, 100))
        await asyncio.sleep(0.01)
        left.close()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert left.fileno() == -1
        assert await loop.sock_recv(right, 1) == b""

    run(main())


def test_an_operation_is_a_coroutine_and_not_a_future(run, pair):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        operation = loop.sock_recv(left, 100)
        assert asyncio.iscoroutine(operation) and not asyncio.isfuture(operation)
        assert "sock_recv" in repr(operation)
        right.send(b"x")
        assert await operation == b"x"
        with pytest.raises(RuntimeError, match="already awaited"):
            await operation

    run(main())


def test_an_operation_works_inside_gather_and_shield(run, pair):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, right.send, b"x")
        results = await asyncio.gather(loop.sock_recv(left, 1), asyncio.sleep(0, "y"))
        assert results == [b"x", "y"]
        loop.call_later(0.01, right.send, b"z")
        assert await asyncio.shield(loop.sock_recv(left, 1)) == b"z"

    run(main())


def test_reading_and_writing_the_same_socket_at_once(run, pair):
    left, right = pair
    message = os.urandom(3_000_000)

    async def receive(loop, sock):
        received = bytearray()
        while len(received) < len(message):
            received += await loop.sock_recv(sock, 1 << 20)
        return received

    async def main():
        loop = asyncio.get_running_loop()
        results = await asyncio.gather(
            loop.sock_sendall(left, message),
            loop.sock_sendall(right, message),
            receive(loop, left),
            receive(loop, right),
        )
        assert results[2] == message and results[3] == message

    run(main())


def test_readers_and_operations_share_a_descriptor(run, pair):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        receiving = asyncio.create_task(loop.sock_recv(left, 100))
        await asyncio.sleep(0)
        writable = asyncio.Event()
        loop.add_writer(left, writable.set)
        await writable.wait()
        right.send(b"x")
        assert await receiving == b"x"
        assert loop.remove_writer(left)
        right.send(b"y")
        assert await loop.sock_recv(left, 100) == b"y"

    run(main())


def test_a_descriptor_number_that_is_used_again_is_another_socket(run):
    async def main():
        loop = asyncio.get_running_loop()
        numbers = set()
        for round_number in range(20):
            left, right = socket.socketpair()
            left.setblocking(False)
            numbers.add(left.fileno())
            receiving = asyncio.create_task(loop.sock_recv(left, 100))
            await asyncio.sleep(0)
            right.send(b"%d" % round_number)
            assert await receiving == b"%d" % round_number
            left.close()
            right.close()
        assert len(numbers) < 20

    run(main())


def test_connect_accept_and_then_a_transport_on_the_same_socket(run):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
            listener.setblocking(False)
            client.setblocking(False)
            accepting = asyncio.create_task(loop.sock_accept(listener))
            await loop.sock_connect(client, listener.getsockname())
            peer, address = await accepting
            assert address == client.getsockname()
            await loop.sock_sendall(peer, b"first ")
            assert await loop.sock_recv(client, 100) == b"first "
            reader, writer = await asyncio.open_connection(sock=client)
            await loop.sock_sendall(peer, b"second")
            peer.close()
            assert await reader.read() == b"second"
            writer.close()
            await writer.wait_closed()

    run(main())


def test_errors_are_those_of_the_socket(run, pair):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        right.close()
        with pytest.raises(BrokenPipeError):
            await loop.sock_sendall(left, b"x")
        left.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            await loop.sock_recv(left, 1)

    run(main())


def test_a_tls_socket_is_refused(run, client_tls):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.socket() as plain, client_tls.wrap_socket(plain, server_hostname="localhost") as wrapped:
            with pytest.raises(TypeError, match="SSLSocket"):
                await loop.sock_recv(wrapped, 1)

    run(main())


def test_debug_mode_refuses_a_blocking_socket(run):
    async def main():
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        with left, right, pytest.raises(ValueError, match="non-blocking"):
            await loop.sock_recv(left, 1)

    run(main(), debug=True)


def test_closing_the_loop_under_a_waiting_operation_is_harmless(loop, pair):
    left, _right = pair

    async def main():
        task = loop.create_task(loop.sock_recv(left, 100))
        await asyncio.sleep(0.01)
        return task

    task = loop.run_until_complete(main())
    task._log_destroy_pending = False
    loop.close()
    del task


def test_using_an_operation_in_another_thread_than_the_loops_is_an_error(run, pair):
    left, _right = pair

    async def main():
        loop = asyncio.get_running_loop()
        caught = []

        def use():
            try:
                loop.sock_recv(left, 1).send(None)
            except RuntimeError as error:
                caught.append(str(error))

        thread = threading.Thread(target=use)
        thread.start()
        await asyncio.to_thread(thread.join)
        assert caught and "Non-thread-safe" in caught[0]

    run(main())


# ---- a short read does not always mean that nothing is left ------------------------------------------------------------


def tcp_pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        left = socket.create_connection(listener.getsockname())
        right, _ = listener.accept()
    for sock in (left, right):
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return left, right


async def received_in_two(left, send):
    """What two operations receive of what `send` sends while the first one waits: its event is the only one."""
    loop = asyncio.get_running_loop()
    first = asyncio.create_task(loop.sock_recv(left, 100))
    await asyncio.sleep(0.01)
    send()
    return await first, await asyncio.wait_for(loop.sock_recv(left, 100), 5)


def test_what_follows_passed_descriptors_is_received(run, pair):
    left, right = pair

    def send():
        socket.send_fds(right, [b"abc"], [0])
        right.send(b"def")

    assert run(received_in_two(left, send)) == (b"abc", b"def")


@pytest.mark.parametrize("inline", [False, True])
def test_what_follows_urgent_data_is_received(run, inline):
    left, right = tcp_pair()
    left.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, inline)

    def send():
        right.send(b"abc")
        right.send(b"!", socket.MSG_OOB)
        right.send(b"def")

    with left, right:
        assert run(received_in_two(left, send)) == (b"abc", b"!def" if inline else b"def")


# ---- arguments and buffers are treated as asyncio treats them ----------------------------------------------------------

LARGE = 8 << 20


async def known_to_be_empty(sock):
    """Lets an operation find out that nothing is there, so that the next one need not ask."""
    waiting = asyncio.create_task(asyncio.get_running_loop().sock_recv(sock, 1))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait([waiting])


@pytest.mark.parametrize(
    ("ends", "debug"),
    # In debug mode the traceback of the failure keeps asyncio's own view of the buffer.
    [("sent", False), ("sent", True), ("cancelled", False), ("cancelled", True), ("failed", False)],
)
def test_a_buffer_is_locked_until_it_is_sent(run, pair, ends, debug):
    left, right = pair
    content = os.urandom(LARGE)
    data = bytearray(content)

    async def main():
        loop = asyncio.get_running_loop()
        sending = asyncio.create_task(loop.sock_sendall(left, data))
        await asyncio.sleep(0.01)
        with pytest.raises(BufferError):
            data.clear()
        if ends == "sent":
            received = bytearray()
            while len(received) < LARGE:
                received += await loop.sock_recv(right, 1 << 20)
            assert received == content
            await sending
        elif ends == "cancelled":
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
        else:
            right.close()
            with pytest.raises(OSError):
                await sending
        await asyncio.sleep(0)
        data.clear()

    run(main(), debug=debug)


def test_a_buffer_is_free_once_its_operation_is_dropped(run, pair):
    left, _right = pair
    data = bytearray(LARGE)

    async def main():
        operation = asyncio.get_running_loop().sock_sendall(left, data)
        operation.send(None)
        with pytest.raises(BufferError):
            data.clear()
        operation.close()
        data.clear()

    run(main())


@pytest.mark.parametrize("debug", [False, True])
def test_sending_nothing_makes_the_call(run, debug):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.socket(type=socket.SOCK_DGRAM) as sender, socket.socket(type=socket.SOCK_DGRAM) as receiver:
            receiver.settimeout(5)
            receiver.bind(("127.0.0.1", 0))
            sender.setblocking(False)
            sender.connect(receiver.getsockname())
            await loop.sock_sendall(sender, b"")
            assert receiver.recv(10) == b""
        with socket.socket() as unconnected:
            unconnected.setblocking(False)
            with pytest.raises(BrokenPipeError):
                await loop.sock_sendall(unconnected, bytearray())

    run(main(), debug=debug)


def test_sending_nothing_does_not_wait_for_a_full_socket(run, pair):
    left, _right = pair

    async def main():
        loop = asyncio.get_running_loop()
        filling = asyncio.create_task(loop.sock_sendall(left, bytes(LARGE)))
        await asyncio.sleep(0.01)
        filling.cancel()
        await asyncio.wait([filling])
        await asyncio.wait_for(loop.sock_sendall(left, b""), 5)

    run(main())


@pytest.mark.parametrize("debug", [False, True])
def test_receiving_nothing_does_not_wait(run, pair, debug):
    left, _right = pair

    async def main():
        loop = asyncio.get_running_loop()
        await known_to_be_empty(left)
        with socket.socket() as unconnected:
            unconnected.setblocking(False)
            for sock in (left, unconnected):
                assert await asyncio.wait_for(loop.sock_recv(sock, 0), 5) == b""
                assert await asyncio.wait_for(loop.sock_recv_into(sock, bytearray()), 5) == 0

    run(main(), debug=debug)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("method", "argument", "error"),
    [
        ("sock_recv", -1, (ValueError, "negative buffersize in recv")),
        ("sock_recv", 2**63, (OverflowError, "too large to convert to C ssize_t")),
        ("sock_recv", 1.5, (TypeError, "'float' object cannot be interpreted as an integer")),
        ("sock_recv_into", b"abc", (TypeError, "argument 1 must be read-write bytes-like object, not bytes")),
        (
            "sock_recv_into",
            None,
            (TypeError, r"recv_into\(\) argument 1 must be read-write bytes-like object, not None"),
        ),
        ("sock_sendall", "abc", (TypeError, "a bytes-like object is required, not 'str'")),
        ("sock_sendall", memoryview(b"abc")[::2], (BufferError, "not C-contiguous")),
    ],
)
def test_wrong_arguments_are_errors_before_anything_waits(run, pair, method, argument, error, debug):
    left, _right = pair

    async def main():
        loop = asyncio.get_running_loop()
        await known_to_be_empty(left)
        filling = asyncio.create_task(loop.sock_sendall(left, bytes(LARGE)))
        await asyncio.sleep(0.01)
        filling.cancel()
        await asyncio.wait([filling])
        with pytest.raises(error[0], match=error[1]):
            await asyncio.wait_for(getattr(loop, method)(left, argument), 5)

    run(main(), debug=debug)


@pytest.mark.parametrize("debug", [False, True])
def test_arguments_have_names_and_their_number_is_checked(run, pair, debug):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock=right, data=b"named")
        assert await loop.sock_recv(sock=left, n=10) == b"named"
        await loop.sock_sendall(right, data=b"named")
        buffer = bytearray(10)
        assert await loop.sock_recv_into(left, buf=buffer) == 5
        for method, arguments in (("sock_recv", (1,)), ("sock_recv_into", (buffer,)), ("sock_sendall", (b"",))):
            operation = getattr(loop, method)
            with pytest.raises(TypeError, match=rf"{method}\(\) takes 3 positional arguments but 5 were given"):
                await operation(left, *arguments, 2, 3)
            with pytest.raises(TypeError, match="unexpected keyword argument 'flags'"):
                await operation(left, *arguments, flags=0)
            with pytest.raises(TypeError, match=rf"{method}\(\) missing 1 required positional argument"):
                await operation(left)

    run(main(), debug=debug)


@pytest.mark.parametrize("debug", [False, True])
def test_only_waiting_for_the_socket_of_a_transport_is_refused(run, pair, debug):
    left, right = pair

    async def main():
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=left)
        await loop.sock_sendall(left, b"hello")
        assert await loop.sock_recv(right, 10) == b"hello"
        with pytest.raises(RuntimeError) as caught:
            await loop.sock_recv(left, 10)
        assert str(caught.value) == f"File descriptor {left.fileno()!r} is used by transport {transport!r}"
        transport.abort()

    run(main(), debug=debug)
