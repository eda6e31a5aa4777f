"""A loop whose ``time`` is another one: timers follow it, as in asyncio (looptime and tests with a clock of their own need it)."""

from __future__ import annotations

import asyncio
import time

import pytest
import twinloop


class Shifted(twinloop.EventLoop):
    """A thousand seconds ahead."""

    def time(self):
        return super().time() + 1000


class Controlled(twinloop.EventLoop):
    """A clock that stands still until the program moves it."""

    now = 5.0

    def time(self):
        return self.now


@pytest.mark.parametrize("made", [Shifted, twinloop.EventLoop])
def test_timers_of_an_overridden_time_fire_when_that_time_has_come(made):
    loop = made()
    if made is twinloop.EventLoop:
        loop.time = lambda: time.monotonic() + 1000
    fired = []

    async def main():
        began = loop.time()
        loop.call_at(loop.time() + 0.02, lambda: fired.append(loop.time() - began))
        loop.call_later(0.01, lambda: fired.append(loop.time() - began))
        await asyncio.sleep(0.05)
        return loop.time() - began

    assert 0.05 <= loop.run_until_complete(main()) < 5
    assert len(fired) == 2
    assert fired[0] >= 0.01
    assert fired[1] >= 0.02
    loop.close()


def test_a_time_that_stands_still_fires_nothing_and_one_that_jumps_fires_what_is_due():
    loop = Controlled()
    fired = []

    async def main():
        loop.call_later(10, fired.append, "ten")
        loop.call_at(20.0, fired.append, "twenty")
        for _turn in range(50):
            await asyncio.sleep(0)
        assert fired == []
        loop.now = 15.0
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert fired == ["ten"]
        loop.now = 20.0
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    loop.run_until_complete(main())
    assert fired == ["ten", "twenty"]
    loop.close()


def test_a_time_that_moves_by_itself_wakes_a_loop_that_waits():
    loop = Controlled()

    class Moving(float):
        pass

    async def main():
        # The loop has nothing to do but to wait for this, and looks at the time again after a second by the real clock.
        waiting = asyncio.ensure_future(asyncio.sleep(0.05))
        await asyncio.sleep(0)
        loop.run_in_executor(None, move)
        await waiting

    def move():
        time.sleep(0.02)
        loop.now = Moving(100.0)

    loop.run_until_complete(asyncio.wait_for(main(), 1000))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def test_an_error_in_time_leaves_the_run():
    class Broken(twinloop.EventLoop):
        def time(self):
            if self.is_running():
                raise ZeroDivisionError("no time")
            return 0.0

    loop = Broken()
    loop.call_at(1.0, print)
    with pytest.raises(ZeroDivisionError, match="no time"):
        loop.run_forever()
    loop.close()
