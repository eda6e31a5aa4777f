"""Programs that run a loop by steps of their own: asyncio's ``_run_once``, and runs inside a run as nest_asyncio makes them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from asyncio import tasks

import pytest
import twinloop


def test_a_step_runs_what_is_ready_and_waits_for_what_is_not(loop):
    order = []
    loop.call_soon(order.append, "ready")
    loop.call_later(0.01, order.append, "timer")
    loop._run_once()
    assert order == ["ready"]
    while len(order) < 2:
        loop._run_once()
    threading.Timer(0.01, loop.call_soon_threadsafe, (order.append, "thread")).start()
    while len(order) < 3:
        loop._run_once()
    assert order == ["ready", "timer", "thread"]
    assert not loop._ready and not loop._scheduled


def test_stop_and_what_leaves_the_loop_are_seen_by_who_steps_it(loop):
    loop.call_soon(loop.stop)
    loop._run_once()
    assert loop._stopping
    loop._stopping = False

    def leave():
        raise KeyboardInterrupt

    loop.call_soon(leave)
    with pytest.raises(KeyboardInterrupt):
        loop._run_once()
    # Neither is left over.
    assert loop.run_until_complete(asyncio.sleep(0, "usable")) == "usable"


def nested(loop, coroutine):
    """Runs a coroutine inside a callback or a task's step of the loop."""
    task = loop.create_task(coroutine)
    while not task.done():
        loop._run_once()
    return task.result()


def test_a_loop_runs_inside_its_own_run(loop):
    order = []

    async def inner(depth):
        await asyncio.sleep(0.001)
        order.append(("in", depth, asyncio.current_task().get_name()))
        if depth:
            nested(loop, named(depth - 1))
        order.append(("out", depth, asyncio.current_task().get_name()))
        return depth

    async def named(depth):
        asyncio.current_task().set_name(f"depth {depth}")
        return await inner(depth)

    async def main():
        beside = asyncio.create_task(asyncio.sleep(0.002, "beside"))
        me = asyncio.current_task()
        assert nested(loop, named(2)) == 2
        assert asyncio.current_task() is me
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"line\n")
        assert nested(loop, reader.readline()) == b"line\n"
        writer.close()
        return await beside

    async def echo(reader, writer):
        writer.write(await reader.readline())
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(echo, "127.0.0.1", 0))
    assert loop.run_until_complete(main()) == "beside"
    server.close()
    assert order == [
        (way, depth, f"depth {depth}")
        for way, depth in [("in", 2), ("in", 1), ("in", 0), ("out", 0), ("out", 1), ("out", 2)]
    ]
    assert loop not in tasks._current_tasks


def test_an_exception_leaves_the_inner_run_and_may_be_caught_there(loop):
    async def fails():
        await asyncio.sleep(0)
        raise LookupError("inner")

    async def exits():
        await asyncio.sleep(0)
        raise SystemExit(3)

    async def main():
        for coroutine, kind in ((fails(), LookupError), (exits(), SystemExit)):
            with pytest.raises(kind):
                nested(loop, coroutine)
        await asyncio.sleep(0.001)
        return "unharmed"

    assert loop.run_until_complete(main()) == "unharmed"


def test_stop_in_an_inner_run_ends_the_outer_one_too(loop):
    async def main():
        loop.call_soon(loop.stop)
        loop._run_once()
        loop._run_once()
        await asyncio.sleep(60)

    task = loop.create_task(main())
    loop.run_forever()
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)


PATCHED = """
    import asyncio, sys
    import nest_asyncio, twinloop

    async def inner(value):
        await asyncio.sleep(0.001)
        return value

    async def main():
        if sys.argv[1] == "inside":
            nest_asyncio.apply()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, twinloop.EventLoop)
        return loop.run_until_complete(inner(1)) + asyncio.run(inner(2)) + await inner(3)

    first = twinloop.new_event_loop()
    if sys.argv[1] == "before":
        nest_asyncio.apply(first)
    print(first.run_until_complete(main()))
    first.close()
    # Later loops of the process have the patched class.
    second = twinloop.new_event_loop()
    print(second.run_until_complete(inner(4)))
    second.call_soon(second.stop)
    second.run_forever()
    second.close()
    print(twinloop.run(inner(5)))
"""


@pytest.mark.parametrize("when", ["before", "inside"])
def test_nest_asyncio_nests_runs_and_leaves_later_loops_usable(tmp_path, when):
    # It replaces run_forever and run_until_complete of the loop's class by its own, which looked for asyncio's queues.
    pytest.importorskip("nest_asyncio")
    (tmp_path / "program.py").write_text(textwrap.dedent(PATCHED))
    words = [sys.executable, "-W", "ignore", "program.py", when]
    finished = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (finished.returncode, finished.stdout) == (0, "6\n4\n5\n"), finished.stderr


async def value_after(delay, value):
    await asyncio.sleep(delay)
    return value


def test_a_selector_that_the_program_has_wrapped_is_asked_in_every_turn(loop):
    # As looptime does, which moves a clock of its own from there.
    selector, asked = loop._selector, []
    select = selector.select

    def wrapped(timeout=None):
        asked.append(timeout)
        return select(timeout)

    selector.select = wrapped
    assert loop.run_until_complete(value_after(0.01, "done")) == "done"
    assert asked[0] == 0
    assert any(timeout is not None and 0 < timeout <= 0.01 for timeout in asked)
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert loop._stopping is False


def test_a_wrapped_selector_may_move_a_time_of_the_programs_own():
    # In small, what looptime does: where the loop would wait, the time jumps instead.
    class Jumping(twinloop.EventLoop):
        now = 0.0

        def time(self):
            return self.now

    loop = Jumping()
    select = loop._selector.select

    def jump(timeout=None):
        called = select(0)
        if not called and timeout:
            loop.now += timeout
        return called

    loop._selector.select = jump
    fired = []

    async def main():
        loop.call_later(1000, fired.append, "timer")
        await asyncio.sleep(5000)
        return loop.time()

    assert loop.run_until_complete(main()) == pytest.approx(5000)
    assert fired == ["timer"]
    loop.close()


def test_a_subclass_that_overrides_run_once_is_asked_in_every_turn():
    class Counting(twinloop.EventLoop):
        turns = 0

        def _run_once(self):
            self.turns += 1
            super()._run_once()

    loop = Counting()
    assert loop.run_until_complete(value_after(0.001, "done")) == "done"
    assert loop.turns > 1
    loop.close()
