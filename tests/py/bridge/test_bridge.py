"""One program of both languages: values, calls, errors, awaiting, and the order in which things happen."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import math
import pathlib
import threading
import traceback
import weakref
from typing import Any

import pytest
import twinloop
import twinloop.js
from _twinloop import _native


def run(main: Any) -> Any:
    """Run a coroutine function with the test library as its argument."""

    async def with_library() -> Any:
        return await main(await twinloop.js.import_module("./lib.mjs"))

    return twinloop.run(with_library())


def test_python_awaits_a_javascript_promise() -> None:
    async def main(lib: Any) -> Any:
        data = await lib.fetchData()
        return data.answer, data.list.to_py()

    assert run(main) == (42, [1, 2.5, "three", None, True])


def test_immutable_values_are_converted() -> None:
    async def main(lib: Any) -> None:
        c = lib.constants
        assert (c.integer, type(c.integer)) == (7, int)
        assert (c.float, c.text, c.no) == (1.5, "héllo 😀", False)
        assert math.copysign(1, c.minusZero) == -1 and isinstance(c.minusZero, float)
        assert c.big == 2**70
        assert c.lone == "\ud800"
        assert c.nothing is None and c.none is None
        assert (c.safe, type(c.safe)) == (2**53 - 1, int)
        assert isinstance(c.unsafe, float)
        kinds = [lib.typeName(value) for value in (1, 2**53 - 1, 2**53, -(2**80), 1.5, "x", True, None)]
        assert kinds == ["number", "number", "bigint", "bigint", "number", "string", "boolean", "undefined"]

    run(main)


@pytest.mark.parametrize(
    "value", [0, -1, 2**53 - 1, 2**53, 2**63, -(2**200), 1.5, math.inf, "", "a\0b", "\ud800x", True, None]
)
def test_immutable_values_survive_a_round_trip(value: Any) -> None:
    async def main(lib: Any) -> None:
        back = lib.identity(value)
        assert back == value and type(back) is type(value)

    run(main)


def test_mutable_values_keep_their_identity() -> None:
    async def main(lib: Any) -> None:
        mine = {"a": [1]}
        assert lib.identity(mine) is mine
        assert lib.same(mine, mine) is True
        assert lib.same([1], [1]) is False
        assert lib.constants is lib.constants
        assert lib.constants == lib.identity(lib.constants)
        assert lib.map != lib.set
        assert len({lib.map, lib.map, lib.set}) == 2

    run(main)


def test_a_python_object_dies_when_javascript_lets_go() -> None:
    class Thing:
        pass

    async def main(lib: Any) -> Any:
        thing = Thing()
        reference = weakref.ref(thing)
        assert lib.identity(thing) is thing
        del thing
        for _ in range(10):
            _native.js_collect_garbage()
            await asyncio.sleep(0.01)
            gc.collect()
            if reference() is None:
                return
        pytest.fail("the object is still alive")

    run(main)


def test_methods_properties_and_constructors() -> None:
    async def main(lib: Any) -> None:
        counter = lib.Counter.new(5)
        assert counter.increment() == 6
        increment = counter.increment
        assert increment(4) == 10 and counter.value == 10
        counter.value = 1
        assert counter.value == 1
        assert lib.options(1, depth=2, name="n").to_py() == [1, 2, "n"]
        with pytest.raises(AttributeError, match="nonsense"):
            lib.nonsense
        with pytest.raises(TypeError, match="not callable"):
            lib.constants()
        assert not hasattr(lib.constants, "missing") and lib.constants.nothing is None

    run(main)


def test_containers_behave_as_pythons() -> None:
    async def main(lib: Any) -> None:
        data = await lib.fetchData()
        assert len(data.list) == 5 and data.list[0] == 1 and data.list[-1] is True
        with pytest.raises(IndexError):
            data.list[5]
        data.list[0] = "first"
        del data.list[1]
        assert list(data.list) == ["first", "three", None, True]
        assert "three" in data.list
        assert lib.map["a"] == 1 and "b" in lib.map and len(lib.map) == 2
        with pytest.raises(KeyError):
            lib.map["c"]
        assert lib.map.to_py() == {"a": 1, "b": {"nested": [1]}}
        assert lib.map.to_py(depth=1)["b"].nested.to_py() == [1]
        assert lib.set.to_py() == {1, 2, 3}
        assert lib.bytes.to_py() == b"\1\2\3"
        assert list(lib.numbers(3)) == [0, 1, 2]
        assert [n async for n in lib.slowNumbers(3)] == [0, 1, 2]

    run(main)


def test_python_objects_behave_as_javascripts() -> None:
    class Thing:
        def __init__(self) -> None:
            self.x = 1

        def method(self, factor: int) -> int:
            return self.x * factor

    async def ticks() -> Any:
        for n in range(3):
            await asyncio.sleep(0)
            yield n

    async def main(lib: Any) -> None:
        thing = Thing()
        assert lib.attributes(thing).to_py() == [1, 2, True, False, None]
        lib.setAttribute(thing)
        assert thing.y == "set from JavaScript"  # type: ignore[attr-defined]
        assert lib.dictionary({"a": 1}).to_py() == [1, True, None, None]
        assert lib.array([1, 2, 3]).to_py() == [3, 1, 3, [2, 4, 6], "1-2-3"]
        assert lib.iterate(range(3)).to_py() == [0, 1, 2]
        assert lib.iterate(n * n for n in range(3)).to_py() == [0, 1, 4]
        assert (await lib.iterateAsync(ticks())).to_py() == [0, 1, 2]
        assert lib.copy({"a": [1, (2, 3)], "b": {"c": None}}) == '{"a":[1,[2,3]],"b":{}}'
        assert lib.call(lambda *values: sum(values), 1, 2, 3) == 6
        assert lib.callNamed(lambda a, b: a - b) == -1
        assert lib.describe([1, "two"]) == "[1, 'two']"
        assert lib.typeName(print) == "function" and lib.typeName([]) == "object"

    run(main)


def test_javascript_awaits_a_coroutine() -> None:
    async def double(n: int) -> int:
        await asyncio.sleep(0.001)
        return n * 2

    async def main(lib: Any) -> None:
        assert await lib.awaitIt(double(4)) == 8
        assert (await lib.awaitCall(double, 5)).to_py() == [10, "from JavaScript"]
        future = asyncio.get_running_loop().create_future()
        waiting = asyncio.ensure_future(lib.awaitIt(future))
        await asyncio.sleep(0)
        future.set_result("later")
        assert await waiting == "later"

    run(main)


def test_a_javascript_error_keeps_name_message_cause_and_frames() -> None:
    async def main(lib: Any) -> None:
        with pytest.raises(twinloop.js.JsException) as caught:
            lib.fail("too far")
        error = caught.value
        assert (error.name, error.message, str(error)) == ("RangeError", "too far", "RangeError: too far")
        assert error.js_error.cause.message == "the reason"
        text = "".join(traceback.format_exception(error))
        assert "lib.mjs" in text and "in fail" in text and "test_bridge.py" in text

        with pytest.raises(twinloop.js.JsException, match="TypeError: soon"):
            await lib.failLater("soon")
        with pytest.raises(twinloop.js.JsException) as caught:
            lib.throwText()
        assert (caught.value.name, caught.value.message, caught.value.js_error) == ("", "just text", "just text")

    run(main)


def test_a_python_exception_keeps_name_message_and_frames() -> None:
    async def broken() -> None:
        raise ValueError("bad value")

    async def main(lib: Any) -> None:
        name, message, stack, error = await lib.catchIt(broken)
        assert (name, message) == ("ValueError", "bad value")
        assert "broken" in stack and "test_bridge.py" in stack
        assert isinstance(error, ValueError)

    run(main)


def test_the_same_exception_comes_back() -> None:
    async def main(lib: Any) -> None:
        original = LookupError("mine")

        async def broken() -> None:
            raise original

        with pytest.raises(LookupError) as caught:
            await lib.rethrow(broken)
        assert caught.value is original

    run(main)


def test_the_same_javascript_error_comes_back() -> None:
    async def main(lib: Any) -> None:
        def broken() -> None:
            lib.fail("round trip")

        caught = (await lib.catchIt(broken))[3]
        assert caught.message == "round trip" and caught.name == "RangeError"
        assert isinstance(caught, twinloop.js.JsException) and not hasattr(caught, "pythonException")

    run(main)


def test_microtasks_come_before_the_next_callback() -> None:
    async def main(lib: Any) -> list[str]:
        log: list[str] = []
        loop = asyncio.get_running_loop()

        def step() -> None:
            log.append("python callback")
            lib.order(log.append)

        loop.call_soon(step)
        loop.call_soon(log.append, "python next")
        await asyncio.sleep(0.02)
        return log

    assert run(main) == ["python callback", "js start", "js microtask", "python next", "js timer"]


def test_a_cancelled_wait_leaves_the_promise_alone() -> None:
    async def main(lib: Any) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(lib.never(), 0.01)
        assert await lib.awaitIt(asyncio.sleep(0, "fine")) == "fine"

    run(main)


def test_infinite_recursion_is_a_catchable_error() -> None:
    async def main(lib: Any) -> None:
        with pytest.raises(twinloop.js.JsException, match="Maximum call stack size exceeded"):
            lib.recurse()
        assert lib.identity(1) == 1

    run(main)


def test_a_missing_module_is_an_error_that_names_it() -> None:
    async def main(_: Any) -> None:
        with pytest.raises(twinloop.js.JsException, match="missing.mjs"):
            await twinloop.js.import_module("./missing.mjs")

    run(main)


def test_without_a_loop_the_error_says_what_to_do() -> None:
    # On the main thread there is one by then: `test_before_a_loop.py`.
    with concurrent.futures.ThreadPoolExecutor() as pool, pytest.raises(RuntimeError, match="twinloop.run"):
        pool.submit(twinloop.js.eval, "1").result()

    async def main() -> None:
        twinloop.js.eval("1")

    other = asyncio.SelectorEventLoop()
    try:
        with pytest.raises(RuntimeError, match="Twinloop's event loop"):
            other.run_until_complete(main())
    finally:
        other.close()


def test_a_proxy_of_an_ended_loop_says_so() -> None:
    async def main(lib: Any) -> Any:
        return lib.constants

    constants = run(main)
    with pytest.raises(RuntimeError, match="ended"):
        constants.integer


def test_a_second_run_starts_afresh() -> None:
    async def main(lib: Any) -> Any:
        lib.constants.mark = "seen"
        return lib.identity(1)

    assert run(main) == 1
    assert run(main) == 1


def test_python_threads_go_on_while_javascript_keeps_the_loop_busy(tmp_path: pathlib.Path) -> None:
    # No turn of this blocks, so the loop has no wait in which to give the GIL up.
    (tmp_path / "busy.mjs").write_text("""
        export async function spin(milliseconds) {
            const end = performance.now() + milliseconds;
            while (performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
        }
    """)
    steps = []
    over = threading.Event()

    def count() -> None:
        while not over.wait(0.001):
            steps.append(1)

    async def main() -> int:
        busy = await twinloop.js.import_module(str(tmp_path / "busy.mjs"))
        thread = threading.Thread(target=count)
        thread.start()
        before = len(steps)
        await busy.spin(1500)
        during = len(steps) - before
        over.set()
        thread.join()
        return during

    # The loop gives the GIL up every 10 ms; a busy machine makes less of it. Without that there is one step at most.
    assert twinloop.run(main()) > 3
