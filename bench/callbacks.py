"""What an event loop costs a callback, a timer, a task and a future; prints one JSON object of nanoseconds an operation.

Usage: callbacks.py LOOP [SCALE]     SCALE multiplies the number of operations (1 by default)
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time

from loops import new_loop

BENCHMARKS = {}


def benchmark(count):
    """Registers a function that does `count` operations on a loop."""

    def register(function):
        BENCHMARKS[function.__name__] = (function, count)
        return function

    return register


def noop(*_):
    pass


async def noop_coroutine():
    pass


def run_what_is_queued(loop):
    loop.call_soon(loop.stop)
    loop.run_forever()


# Each call is written out: unpacking arguments would cost as much as some loops do.


@benchmark(100_000)
def call_soon_no_arguments(loop, count):
    for _ in range(count):
        loop.call_soon(noop)
    run_what_is_queued(loop)


@benchmark(100_000)
def call_soon_1_argument(loop, count):
    for _ in range(count):
        loop.call_soon(noop, 1)
    run_what_is_queued(loop)


@benchmark(100_000)
def call_soon_2_arguments(loop, count):
    for _ in range(count):
        loop.call_soon(noop, 1, 2)
    run_what_is_queued(loop)


@benchmark(100_000)
def call_soon_3_arguments(loop, count):
    for _ in range(count):
        loop.call_soon(noop, 1, 2, 3)
    run_what_is_queued(loop)


@benchmark(100_000)
def call_soon_chain(loop, count):
    """Each callback schedules the next, so this is the cost of a turn of the loop."""
    left = count

    def step():
        nonlocal left
        left -= 1
        if left:
            loop.call_soon(step)
        else:
            loop.stop()

    loop.call_soon(step)
    loop.run_forever()


@benchmark(50_000)
def call_soon_threadsafe_same_thread(loop, count):
    for _ in range(count):
        loop.call_soon_threadsafe(noop)
    run_what_is_queued(loop)


@benchmark(50_000)
def call_soon_threadsafe_other_thread(loop, count):
    def post():
        for _ in range(count):
            loop.call_soon_threadsafe(noop)
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=post)
    thread.start()
    loop.run_forever()
    thread.join()


@benchmark(100_000)
def call_later_and_cancel(loop, count):
    for _ in range(count):
        loop.call_later(60, noop).cancel()
    run_what_is_queued(loop)


@benchmark(20_000)
def call_later_and_run(loop, count):
    for index in range(count):
        loop.call_later(index * 1e-9, noop)
    loop.call_later(count * 1e-9 + 1e-3, loop.stop)
    loop.run_forever()


@benchmark(50_000)
def task_created_and_awaited(loop, count):
    async def main():
        for _ in range(count):
            await loop.create_task(noop_coroutine())

    loop.run_until_complete(main())


def gather(loop, count, size):
    async def main():
        for _ in range(count // size):
            await asyncio.gather(*(noop_coroutine() for _ in range(size)))

    loop.run_until_complete(main())


@benchmark(50_000)
def gather_100_coroutines(loop, count):
    gather(loop, count, 100)


@benchmark(50_000)
def gather_1000_coroutines(loop, count):
    gather(loop, count, 1000)


@benchmark(100_000)
def gather_100_000_coroutines(loop, count):
    gather(loop, count, count)


@benchmark(50_000)
def future_resolved_by_call_soon(loop, count):
    async def main():
        for _ in range(count):
            future = loop.create_future()
            loop.call_soon(future.set_result, None)
            await future

    loop.run_until_complete(main())


@benchmark(50_000)
def sleep_zero(loop, count):
    async def main():
        for _ in range(count):
            await asyncio.sleep(0)

    loop.run_until_complete(main())


@benchmark(5_000)
def run_in_executor(loop, count):
    async def main():
        for _ in range(count):
            await loop.run_in_executor(None, noop)

    loop.run_until_complete(main())


def main():
    kind = sys.argv[1]
    scale = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    loop = new_loop(kind)
    asyncio.set_event_loop(loop)
    results = {}
    for name, (function, count) in BENCHMARKS.items():
        count = max(1000, int(count * scale))
        # At full size, so that nobody is measured while the heap grows: it grew most for what came first.
        function(loop, count)
        start = time.perf_counter_ns()
        function(loop, count)
        results[name] = (time.perf_counter_ns() - start) / count
    loop.close()
    print(json.dumps(results))


main()
