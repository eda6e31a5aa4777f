"""What asyncio and uvloop let other threads do to a running loop, without a promise: it takes effect.

Jupyter's kernels add readers to the loop of another thread; before, that was a RuntimeError here and no kernel started.
"""

from __future__ import annotations

import socket
import threading

import pytest
import twinloop


@pytest.fixture
def elsewhere():
    """A loop that runs, and waits, in a thread of its own."""
    loop = twinloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    begun = threading.Event()
    loop.call_soon(begun.set)
    thread.start()
    assert begun.wait(10)
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    assert not thread.is_alive()
    loop.close()


@pytest.fixture
def pair():
    left, right = socket.socketpair()
    left.setblocking(False)
    with left, right:
        yield left, right


def on(loop, function):
    """What ``function`` returns in the loop's thread."""
    done = threading.Event()
    results = []
    loop.call_soon_threadsafe(lambda: (results.append(function()), done.set()))
    assert done.wait(10)
    return results[0]


def test_a_reader_added_from_another_thread_is_called_while_the_loop_waits(elsewhere, pair):
    left, right = pair
    got, came = [], threading.Event()
    elsewhere.add_reader(left, lambda: (got.append(left.recv(10)), came.set()))
    right.send(b"one")
    assert came.wait(10)
    assert got == [b"one"]
    assert elsewhere.remove_reader(left) is True
    came.clear()
    right.send(b"two")
    assert not came.wait(0.1)
    assert elsewhere.remove_reader(left) is False


def test_a_writer_added_from_another_thread_is_called_and_can_be_removed(elsewhere, pair):
    left, _right = pair
    called = threading.Event()
    elsewhere.add_writer(left, lambda: (elsewhere.remove_writer(left), called.set()))
    assert called.wait(10)
    assert on(elsewhere, lambda: elsewhere.remove_writer(left)) is False


def test_readers_may_be_replaced_from_another_thread_while_data_comes(elsewhere, pair):
    left, right = pair
    counts = [0, 0]
    stop = threading.Event()

    def count(index):
        try:
            counts[index] += len(left.recv(4096))
        except BlockingIOError:
            pass

    def send():
        sent = 0
        while not stop.is_set():
            sent += right.send(b"x")
        totals.append(sent)

    totals = []
    sender = threading.Thread(target=send)
    sender.start()
    for turn in range(500):
        elsewhere.add_reader(left, count, turn % 2)
    stop.set()
    sender.join()
    elsewhere.remove_reader(left)
    rest = 0
    while True:
        try:
            rest += len(left.recv(4096))
        except BlockingIOError:
            break
    assert on(elsewhere, lambda: sum(counts)) + rest == totals[0]


def test_timers_and_tasks_of_another_thread_run(elsewhere):
    called = threading.Event()

    async def work():
        called.set()

    elsewhere.call_later(0.001, called.set)
    assert called.wait(10)
    called.clear()
    task = elsewhere.create_task(work())
    assert called.wait(10)
    on(elsewhere, lambda: task)
