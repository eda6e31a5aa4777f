"""An iteration of a JavaScript generator that Python leaves early is closed: its ``finally`` runs, as ``for ... of`` has it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import sys
import threading
from typing import Any

import pytest
import twinloop
from twinloop import js

GENERATORS = """({
  log: [],
  *numbers() { try { yield 0; yield 1; yield 2; } finally { this.log.push('closed'); } },
  async *slowly() { try { yield 0; yield 1; yield 2; } finally { await null; this.log.push('closed'); } },
  *refuses() { try { yield 0; } finally { throw new Error('not closed'); } },
  counted() { const { log } = this; return { [Symbol.iterator]() { let i = 0; return { next: () => ({ done: i === 2, value: i++ }), return() { log.push('returned'); return {}; } }; } }; },
})"""


def test_leaving_a_loop_closes_the_generator() -> None:
    # Its `finally` never ran: files and locks that it held stayed held.
    async def main() -> None:
        library = js.eval(GENERATORS)
        for number in library.numbers():
            if number == 1:
                break
        assert list(library.log) == ["closed"]
        with pytest.raises(KeyError):
            for number in library.numbers():
                raise KeyError(number)
        assert list(library.log) == ["closed"] * 2
        assert list(itertools.islice(library.numbers(), 2)) == [0, 1]
        assert list(library.log) == ["closed"] * 3
        for _ in library.counted():
            break
        assert list(library.log)[3:] == ["returned"]

    twinloop.run(main())


def test_an_iteration_that_ends_by_itself_is_not_closed_again() -> None:
    async def main() -> None:
        library = js.eval(GENERATORS)
        assert list(library.counted()) == [0, 1] and list(library.log) == []
        assert list(library.numbers()) == [0, 1, 2] and list(library.log) == ["closed"]
        # One that was never begun is as JavaScript left it.
        generator = library.numbers()
        iter(generator)
        assert list(generator) == [0, 1, 2]

    twinloop.run(main())


def test_a_generator_that_python_still_holds_goes_on() -> None:
    async def main() -> None:
        library = js.eval(GENERATORS)
        generator = library.numbers()
        for _ in generator:
            break
        assert next(iter(generator)) == 1 and list(library.log) == []
        del generator
        gc.collect()
        assert list(library.log) == ["closed"]

    twinloop.run(main())


def test_close_and_aclose() -> None:
    async def main() -> None:
        library = js.eval(GENERATORS)
        with contextlib.closing(iter(library.numbers())) as numbers:
            assert next(numbers) == 0
        assert list(library.log) == ["closed"]
        assert list(numbers) == []
        numbers.close()
        with pytest.raises(js.JsException, match="not closed"), contextlib.closing(iter(library.refuses())) as refuses:
            next(refuses)
        async with contextlib.aclosing(aiter(library.slowly())) as slowly:
            assert await anext(slowly) == 0
        assert list(library.log) == ["closed"] * 2
        assert [number async for number in slowly] == []
        await slowly.aclose()
        assert list(library.log) == ["closed"] * 2
        numbers = iter(js.eval("[1, 2]"))
        next(numbers)
        numbers.close()
        assert list(numbers) == []

    twinloop.run(main())


def test_leaving_an_async_loop_closes_the_generator() -> None:
    async def main() -> None:
        library = js.eval(GENERATORS)
        async for number in library.slowly():
            if number == 1:
                break
        await asyncio.sleep(0.01)
        assert list(library.log) == ["closed"]
        assert [number async for number in library.slowly()] == [0, 1, 2]
        assert list(library.log) == ["closed"] * 2

        async def take() -> None:
            async for _ in library.waiting():
                pass

        library.waiting = js.eval(
            "(async function* () { try { yield 0; await new Promise((resolve) => setTimeout(resolve, 20)); yield 1; } finally { this.log.push('after'); } })"
        )
        task = asyncio.ensure_future(take())
        await asyncio.sleep(0.005)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        del task
        await asyncio.sleep(0.1)
        assert list(library.log)[2:] == ["after"]

    twinloop.run(main())


def test_a_failure_to_close_has_nobody_to_go_to_but_the_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        reports: list[Any] = []
        monkeypatch.setattr(sys, "unraisablehook", lambda report: reports.append(str(report.exc_value)))
        with pytest.raises(KeyError, match="mine"):
            for _ in js.eval(GENERATORS).refuses():
                raise KeyError("mine")
        assert reports == ["Error: not closed"]

    twinloop.run(main())


def test_an_iterator_that_goes_away_on_another_thread_is_closed_on_its_own() -> None:
    async def main() -> None:
        library = js.eval(GENERATORS)
        held = [iter(library.numbers())]
        next(held[0])
        thread = threading.Thread(target=held.clear)
        thread.start()
        await asyncio.to_thread(thread.join)
        await asyncio.sleep(0.01)
        assert list(library.log) == ["closed"]

    twinloop.run(main())


def test_iterators_that_outlive_their_loop_are_let_go() -> None:
    held: list[Any] = []

    async def main() -> None:
        library = js.eval(GENERATORS)
        held.append(iter(library.numbers()))
        next(held[0])
        held.append(library.numbers())
        for _ in held[1]:
            break

    twinloop.run(main())
    held.clear()
    gc.collect()

    async def again() -> int:
        return js.eval("1 + 1")

    assert twinloop.run(again()) == 2
