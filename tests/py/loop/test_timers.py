"""Timers: when they fire and in which order, their handles, and timers from other threads."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref

import pytest
import twinloop
from loop_support import run_until_stopped


def test_call_later_never_fires_early(loop):
    early = []

    def check(due):
        if loop.time() < due:
            early.append(due - loop.time())

    for microseconds in (0, 1, 50, 200, 999, 1000, 1500, 20_000):
        due = loop.time() + microseconds / 1e6
        loop.call_at(due, check, due)
    loop.call_later(0.03, loop.stop)
    loop.run_forever()
    assert early == []


def test_timers_fire_by_deadline_and_equal_deadlines_keep_their_order(loop):
    seen = []
    now = loop.time()
    for name, after in (("late", 0.003), ("early", 0.001), ("middle 1", 0.002), ("middle 2", 0.002)):
        loop.call_at(now + after, seen.append, name)
    loop.call_at(now + 0.004, loop.stop)
    loop.run_forever()
    assert seen == ["early", "middle 1", "middle 2", "late"]


def test_the_test_clock_jumps_to_the_next_timer():
    loop = twinloop.EventLoop(test_clock=True)
    seen = []
    loop.call_later(86_400, lambda: (seen.append(loop.time()), loop.stop()))
    started = time.monotonic()
    loop.run_forever()
    loop.close()
    assert seen == [86_400.0]
    assert time.monotonic() - started < 3600


def test_100_000_timers_fire_in_order(loop):
    count = 100_000
    seen = []
    now = loop.time()
    for number in range(count):
        # Inserted from both ends, due in the order of their numbers.
        index = number // 2 if number % 2 == 0 else count - 1 - number // 2
        loop.call_at(now + index * 1e-7, seen.append, index)
    loop.call_at(now + count * 1e-7 + 0.001, loop.stop)
    loop.run_forever()
    assert seen == list(range(count))


def test_100_000_cancelled_timers_leave_nothing_behind(loop):
    for _ in range(100_000):
        loop.call_later(3600, print).cancel()
    assert loop.statistics()["timers"] == 0


@pytest.mark.parametrize("debug", [False, True])
def test_a_timer_tells_its_time_as_it_was_given(loop, debug):
    loop.set_debug(debug)
    for when in (10**9, 1e9 + 0.5):
        handle = loop.call_at(when, print)
        assert handle.when() == handle._when == when and type(handle.when()) is type(when)
        handle.cancel()


def test_a_timer_at_nan_is_due_at_once_as_in_asyncio(loop):
    seen = []
    loop.call_later(float("nan"), seen.append, 1)
    loop.call_at(float("nan"), lambda: (seen.append(2), loop.stop()))
    loop.run_forever()
    assert seen == [1, 2]


@pytest.mark.parametrize("make", [twinloop.EventLoop, asyncio.SelectorEventLoop])
def test_timer_handles_compare_as_those_of_asyncio(make):
    loop = make()
    when = loop.time() + 1000
    first, second, same = (loop.call_at(time, print) for time in (when, when + 1, when))
    other = loop.call_at(when, repr)
    assert first < second and first <= second and second > first and second >= first
    assert sorted([second, first]) == [first, second]
    assert first == same and first <= same and first >= same and not first != same
    assert first != other and not first <= other
    assert hash(first) == hash(first.when()) == hash(same)
    assert first != when and loop.call_soon(print) != loop.call_soon(print)
    with pytest.raises(TypeError):
        first < when  # noqa: B015
    same.cancel()
    assert first != same
    loop.close()


def test_a_timer_from_another_thread_that_the_loop_never_took_is_let_go_by_close():
    class Callback:
        def __call__(self):
            raise AssertionError("the loop was closed before")

    loop = twinloop.new_event_loop()
    callback = Callback()
    known = weakref.ref(callback)

    def arrange():
        thread = threading.Thread(target=loop.call_later, args=(0, callback))
        thread.start()
        thread.join()
        loop.stop()

    run_until_stopped(loop, arrange)
    loop.close()
    callback = None
    gc.collect()
    assert known() is None


def test_a_timer_from_another_thread_fires(loop):
    seen = []
    run_until_stopped(
        loop, lambda: threading.Thread(target=loop.call_later, args=(0, lambda: (seen.append(1), loop.stop()))).start()
    )
    assert seen == [1]
