"""Signals: which runs and handlers they reach, and whose the process's wake-up descriptor is.

What asyncio's own loop does is what is expected; only that a signal in another thread wakes the loop is Twinloop's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading

import pytest
import twinloop


@pytest.fixture
def own_wakeup_fd():
    """A pair of sockets, non-blocking: the program's own idea of where signals are written."""
    pair = socket.socketpair()
    for sock in pair:
        sock.setblocking(False)
    with pair[0], pair[1]:
        yield pair
        signal.set_wakeup_fd(-1)


@pytest.fixture
def ignored_usr2():
    before = signal.signal(signal.SIGUSR2, lambda *_: None)
    yield
    signal.signal(signal.SIGUSR2, before)


def test_a_signal_between_two_runs_reaches_a_handler_that_was_added_in_the_first(loop):
    seen = []

    async def add():
        loop.add_signal_handler(signal.SIGUSR1, seen.append, "handled")

    loop.run_until_complete(add())
    for count in (1, 2):
        os.kill(os.getpid(), signal.SIGUSR1)
        loop.run_until_complete(asyncio.sleep(0.01))
        assert seen == ["handled"] * count
    assert loop.remove_signal_handler(signal.SIGUSR1)
    assert signal.set_wakeup_fd(-1) == -1


def test_a_handler_is_not_called_for_a_signal_from_before_it(loop):
    seen = []

    async def add():
        loop.add_signal_handler(signal.SIGINT, seen.append, "handled")
        await asyncio.sleep(0.01)
        loop.remove_signal_handler(signal.SIGINT)

    loop.call_soon(signal.raise_signal, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()
    loop.run_until_complete(add())
    assert seen == []


def test_a_program_with_a_fast_timer_signal_computes_in_a_coroutine_without_warnings():
    # The wake-up socket is full after some hundred signals that nobody reads.
    source = """
        import signal, time, twinloop
        count = 0
        def handle(*_):
            global count
            count += 1
        signal.signal(signal.SIGALRM, handle)
        async def main():
            signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
            while count < 600: pass
            signal.setitimer(signal.ITIMER_REAL, 0)
        twinloop.run(main())
        """
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (finished.returncode, finished.stderr) == (0, "")


def test_the_programs_own_wakeup_descriptor_receives_during_a_run(loop, own_wakeup_fd, ignored_usr2):
    reader, writer = own_wakeup_fd
    signal.set_wakeup_fd(writer.fileno())

    async def main():
        signal.raise_signal(signal.SIGUSR2)
        await asyncio.sleep(0.01)
        assert reader.recv(10) == bytes([signal.SIGUSR2])

    loop.run_until_complete(main())
    assert signal.set_wakeup_fd(-1) == writer.fileno()


def test_a_wakeup_descriptor_that_is_set_in_a_run_stays(loop, own_wakeup_fd):
    async def main():
        signal.set_wakeup_fd(own_wakeup_fd[1].fileno())

    loop.run_until_complete(main())
    assert signal.set_wakeup_fd(-1) == own_wakeup_fd[1].fileno()


def test_a_run_leaves_no_wakeup_descriptor_behind(loop):
    async def main():
        loop.add_signal_handler(signal.SIGUSR1, print)
        loop.remove_signal_handler(signal.SIGUSR1)
        with contextlib.suppress(RuntimeError, OSError):
            loop.add_signal_handler(signal.SIGKILL, print)

    loop.run_until_complete(asyncio.sleep(0))
    assert signal.set_wakeup_fd(-1) == -1
    loop.run_until_complete(main())
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize("handlers", ["none", "removed", "refused"])
def test_a_signal_in_another_thread_wakes_a_loop_that_waits(run, handlers):
    # No system call of the main thread is interrupted by it: only what it writes can wake the loop.
    async def main():
        loop = asyncio.get_running_loop()
        if handlers == "removed":
            loop.add_signal_handler(signal.SIGUSR1, print)
            loop.remove_signal_handler(signal.SIGUSR1)
        if handlers == "refused":
            with contextlib.suppress(RuntimeError, OSError):
                loop.add_signal_handler(signal.SIGKILL, print)
        done = loop.create_future()
        before = signal.signal(signal.SIGUSR2, lambda *_: done.set_result(None))
        over = threading.Event()
        was_woken = []

        def kill():
            signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)
            was_woken.append(over.wait(5))
            loop.call_soon_threadsafe(int)

        thread = threading.Timer(0.05, kill)
        thread.start()
        try:
            await done
        finally:
            over.set()
            thread.join()
            signal.signal(signal.SIGUSR2, before)
        assert was_woken == [True]

    run(main())


def test_a_loop_that_signals_could_wake_closes_what_they_are_written_into(count_descriptors):
    before = count_descriptors()
    for _ in range(3):
        event_loop = twinloop.new_event_loop()
        event_loop.run_until_complete(asyncio.sleep(0))
        event_loop.run_until_complete(asyncio.sleep(0))
        event_loop.close()
    assert count_descriptors() == before
