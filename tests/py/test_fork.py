"""Forks: a child leaves its parent's loop alone, gets a clear error when it does not, and can make a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import signal
import socket
import traceback
import warnings

import pytest
import twinloop

# From 3.12 on a fork in a process with threads warns; these processes have none of their own.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def status_of_child(body):
    """Forks, runs ``body`` in the child, and returns the child's exit status: 0 if it returned."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            body()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def expect_refusal(function, *arguments):
    try:
        result = function(*arguments)
        if asyncio.iscoroutine(result):
            with contextlib.closing(result):
                result.send(None)
    except RuntimeError as error:
        assert "forked" in str(error), error
    else:
        raise AssertionError(f"{function} was not refused")


def test_a_child_that_uses_the_running_loop_of_its_parent_gets_a_clear_error(run):
    async def main():
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        left.setblocking(False)

        def child():
            assert loop.is_closed() and not loop.is_running()
            expect_refusal(loop.call_soon, print)
            expect_refusal(loop.call_soon_threadsafe, print)
            expect_refusal(loop.call_later, 1, print)
            expect_refusal(loop.add_reader, left, print)
            expect_refusal(loop.run_forever)
            expect_refusal(loop.sock_recv, left, 1)
            expect_refusal(loop.run_in_executor, None, print)
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop()
                raise AssertionError("a loop runs in the child")
            loop.close()

        with left, right:
            assert status_of_child(child) == 0

    run(main())


def test_a_child_that_goes_on_in_the_callback_of_its_parents_loop_leaves_the_loop(loop):
    processes = []

    def fork():
        processes.append(os.fork())
        # What follows in the queue is for the parent to run.
        loop.call_soon(loop.stop) if processes[0] else None

    ran = []
    loop.call_soon(fork)
    loop.call_soon(ran.append, "next")
    try:
        loop.run_forever()
    except RuntimeError as error:
        os._exit(0 if "forked" in str(error) and not ran else 1)
    if processes[0] == 0:
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(processes[0], 0)[1]) == 0
    assert ran == ["next"]


def test_the_parent_goes_on_with_connections_timers_and_signals(run):
    async def main():
        loop = asyncio.get_running_loop()
        seen = asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, seen.set)
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        watched, other = socket.socketpair()
        readable = asyncio.Event()
        loop.add_reader(watched, readable.set)

        def child():
            # What a child that ends does to its copies: none of it may reach the kernel's list of the parent.
            nonlocal reader, writer
            loop.remove_reader(watched)
            writer.transport._state.release()
            del reader, writer
            gc.collect()
            # A signal of the child is the child's alone.
            signal.signal(signal.SIGUSR1, lambda *_: None)
            os.kill(os.getpid(), signal.SIGUSR1)

        with theirs, watched, other, warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            assert status_of_child(child) == 0
            await asyncio.sleep(0.02)
            assert not seen.is_set()
            theirs.send(b"still here")
            assert await reader.read(100) == b"still here"
            other.send(b"x")
            await readable.wait()
            loop.remove_reader(watched)
            os.kill(os.getpid(), signal.SIGUSR1)
            await seen.wait()
            assert await loop.run_in_executor(None, int, "7") == 7
            writer.close()
            await writer.wait_closed()
        loop.remove_signal_handler(signal.SIGUSR1)

    run(main())


def test_a_child_runs_a_loop_of_its_own_inside_its_parents_callback(run):
    async def in_child():
        loop = asyncio.get_running_loop()
        assert isinstance(loop, twinloop.EventLoop)
        assert await loop.run_in_executor(None, int, "7") == 7
        process = await asyncio.create_subprocess_exec("true")
        assert await process.wait() == 0
        server = await asyncio.start_server(lambda _, writer: (writer.write(b"hi"), writer.close()), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await reader.read() == b"hi"
        writer.close()
        server.close()
        return "done"

    async def main():
        def child():
            assert twinloop.run(in_child()) == "done"

        assert status_of_child(child) == 0
        await asyncio.sleep(0.001)

    run(main())


def own_loop(queue):
    async def main():
        await asyncio.sleep(0.001)
        return os.getpid()

    queue.put(twinloop.run(main()))


def test_multiprocessing_by_fork_within_a_running_loop(run):
    async def main():
        context = multiprocessing.get_context("fork")
        queue = context.SimpleQueue()
        process = context.Process(target=own_loop, args=(queue,))
        process.start()
        assert await asyncio.to_thread(queue.get) == process.pid
        await asyncio.to_thread(process.join)
        assert process.exitcode == 0
        queue.close()

    run(main())


def test_a_fork_without_a_running_loop_leaves_idle_loops_to_the_parent(loop):
    def child():
        expect_refusal(loop.run_forever)
        own = twinloop.new_event_loop()
        own.call_soon(own.stop)
        own.run_forever()
        own.close()

    assert status_of_child(child) == 0
    loop.call_soon(loop.stop)
    loop.run_forever()
