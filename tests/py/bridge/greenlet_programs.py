"""Programs that have greenlets, each a function that ``test_greenlets.py`` runs in a process: a coroutine begins otherwise where they are."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import greenlet
import pytest
import twinloop
from twinloop import js


async def spawn(function: Callable[[], Any]) -> Any:
    """Runs a function in a greenlet, which waits by :func:`wait`, as SQLAlchemy's ``greenlet_spawn`` and ``await_only`` do."""
    inner = greenlet.greenlet(function)
    value = inner.switch()
    while not inner.dead:
        value = inner.switch(await value)
    return value


def wait(awaitable: Awaitable[Any]) -> Any:
    return greenlet.getcurrent().parent.switch(awaitable)


async def two() -> int:
    await asyncio.sleep(0.001)
    js.eval("for (let i = 0; i < 100; i += 1) ({ i })")
    return 2


def a_greenlet_that_waits_uses_javascript_before_and_behind() -> None:
    async def main() -> None:
        def work() -> list[int]:
            return [js.function("(n) => n + 1")(wait(two())) + js.function("(f) => f()")(lambda: 1) for _ in range(3)]

        assert await asyncio.gather(*[spawn(work) for _ in range(5)]) == [[4, 4, 4]] * 5

    twinloop.run(main())


def a_greenlet_is_not_left_by_what_javascript_calls() -> None:
    async def main() -> None:
        call = js.function("(f) => f()")
        seen: list[str] = []

        def work() -> Any:
            try:
                return call(lambda: wait(two()))
            except RuntimeError as error:
                seen.append(str(error))
                raise

        # Each time: the watching goes on behind an error.
        for count in range(1, 4):
            with pytest.raises(RuntimeError, match="cannot be left while JavaScript is on its stack"):
                await spawn(work)
            assert len(seen) == count
            js.collect()
        caught = js.function("(f) => { try { return f(); } catch (error) { return error.message; } }")
        with pytest.raises(RuntimeError, match="cannot be left"):
            await spawn(lambda: seen.append(caught(lambda: wait(two()))))
        assert "cannot be left" in seen[-1]
        assert await spawn(lambda: wait(two())) == 2
        assert await js.eval("new Promise((resolve) => setTimeout(resolve, 1, 'ticks'))") == "ticks"

    with pytest.warns(RuntimeWarning, match="never awaited"):
        twinloop.run(main())


def greenlets_that_begin_within_a_call_of_javascript_run_there() -> None:
    async def main() -> None:
        call = js.function("(f) => f()")

        def generate() -> Any:
            parent = greenlet.getcurrent().parent
            for i in range(3):
                parent.switch(call(lambda i=i: i * 10))
            return "end"

        def use() -> list[Any]:
            inner = greenlet.greenlet(generate)
            return [inner.switch() for _ in range(4)]

        assert call(use) == [0, 10, 20, "end"]

    twinloop.run(main())


def a_greenlet_that_goes_on_within_a_call_of_javascript_cannot_use_javascript_there() -> None:
    async def main() -> None:
        call = js.function("(f) => f()")

        def work() -> str:
            greenlet.getcurrent().parent.switch()
            with pytest.raises(RuntimeError, match="began outside of a call by JavaScript"):
                js.eval("1")
            return "went on"

        inner = greenlet.greenlet(work)
        js.eval("1")
        inner.switch()
        assert call(inner.switch) == "went on"
        assert js.eval("2") == 2

    twinloop.run(main())


if __name__ == "__main__":
    globals()[sys.argv[1]]()
