"""Forks: a child leaves its parent's loop alone, gets a clear error when it does not, and can make a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import textwrap
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


def run_source(source):
    """Runs a program of its own; returns what it wrote to standard output and error. It has to end with 0."""
    # From 3.12 on a fork in a process with threads warns.
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(source)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout, finished.stderr


@pytest.mark.parametrize("ending", ["sys.exit(4)", "os._exit(4)"])
@pytest.mark.parametrize("way", ["fork()", "asyncio.create_task(fork())", "asyncio.gather(fork())"])
@pytest.mark.parametrize(
    "run",
    [
        "twinloop.run(main())",
        "twinloop.run(main(), debug=True)",
        "asyncio.set_event_loop(loop := twinloop.new_event_loop()) or loop.run_until_complete(main()), loop.close()",
    ],
)
def test_a_child_that_exits_in_a_coroutine_ends_with_its_status_and_says_nothing(ending, way, run):
    output, errors = run_source(
        f"""
        import asyncio, os, sys, twinloop
        async def other():
            try:
                await asyncio.sleep(3600)
            finally:
                print("ended by the parent:", os.getpid() == parent, flush=True)
        async def fork():
            if os.fork() == 0:
                {ending}
            return os.waitstatus_to_exitcode(os.wait()[1])
        async def main():
            task = asyncio.create_task(other())
            await asyncio.to_thread(int)
            print("status:", await {way})
            task.cancel()
            await asyncio.wait([task])
        parent = os.getpid()
        {run}
        """
    )
    assert output.replace("[4]", "4").splitlines() == ["status: 4", "ended by the parent: True"]
    # Debug mode's reports of slow steps, with the frames they were in, are of a busy machine.
    assert [line for line in errors.splitlines() if not line.startswith(("Executing ", "  in "))] == []


def test_an_interrupt_in_a_child_ends_it_as_one_without_a_fork():
    output, errors = run_source(
        """
        import os, signal, twinloop
        async def main():
            if os.fork() == 0:
                raise KeyboardInterrupt
            return os.waitstatus_to_exitcode(os.wait()[1])
        print(twinloop.run(main()) == -signal.SIGINT)
        """
    )
    assert output == "True\n"
    assert errors.rstrip().endswith("KeyboardInterrupt") and "RuntimeError" not in errors and "retrieved" not in errors


@pytest.mark.parametrize(("ending", "outcome"), [("return 'mine'", "mine"), ("raise LookupError('mine')", "mine")])
def test_a_main_coroutine_that_ends_in_the_child_ends_the_run_there_as_on_asyncio(ending, outcome):
    output, errors = run_source(
        f"""
        import os, twinloop
        async def main():
            if os.fork() == 0:
                {ending}
            os.wait()
            return "the parent's"
        try:
            print(twinloop.run(main()))
        except LookupError as error:
            print(error)
        """
    )
    assert (output.splitlines(), errors) == ([outcome, "the parent's"], "")


def test_a_child_that_waits_on_its_parents_loop_is_told_where():
    output, errors = run_source(
        """
        import asyncio, os, twinloop
        async def main():
            if os.fork() == 0:
                await asyncio.sleep(0.01)
            return os.waitstatus_to_exitcode(os.wait()[1])
        print(twinloop.run(main()))
        """
    )
    assert output == "1\n"
    assert errors.rstrip().splitlines()[-1].startswith("RuntimeError: the event loop belongs to process")
    assert "line 5, in main" in errors and "retrieved" not in errors
