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
