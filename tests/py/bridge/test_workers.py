"""Work for the processors: JavaScript functions in threads from Python, and Python's in threads and processes from JavaScript."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pathlib
import threading
import time
from typing import Any

import pool_work as work
import pytest
import twinloop
from twinloop import js
from twinloop.js import workers


def test_a_function_runs_in_another_thread_while_the_loop_goes_on() -> None:
    async def main() -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0.002)
                turns += 1

        counting = asyncio.create_task(count())
        busy = js.function(
            "(ms, add) => { const end = Date.now() + ms; while (Date.now() < end); return { sum: add.a + add.b, list: [1, 'x'] }; }"
        )
        result = await js.run_in_worker(busy, 60, {"a": 1, "b": 2})
        assert result.to_py() == {"sum": 3, "list": [1, "x"]} and turns > 3
        counting.cancel()
        assert await js.run_in_worker(js.function("async (n) => { await null; return n + 1; }"), 1) == 2
        thread = js.function("() => process.getBuiltinModule('node:worker_threads').isMainThread")
        # Text alone goes over: not what the function saw where it stood.
        with pytest.raises(js.JsException, match="captured is not defined"):
            await js.run_in_worker(js.eval("(() => { const captured = 1; return () => captured; })()"))
        assert await js.run_in_worker(js.function("() => typeof document"), *[]) == "undefined"
        assert thread() is True and await js.run_in_worker(thread) is False

    twinloop.run(main())


def test_a_module_is_loaded_in_the_worker(tmp_path: pathlib.Path) -> None:
    (tmp_path / "work.mjs").write_text(
        "import { isMainThread } from 'node:worker_threads'; export default (a) => [a, isMainThread]; export const twice = (n) => 2 * n;"
    )
    (tmp_path / "node_modules" / "pad").mkdir(parents=True)
    (tmp_path / "node_modules" / "pad" / "index.js").write_text(
        "module.exports = (text) => text + '!'; module.exports.three = () => 3;"
    )
    file = str(tmp_path / "program.py")
    code = "def run(js, *words, **named): return js.run_in_worker(*words, **named)"
    names: dict[str, object] = {"__file__": file}
    exec(code, names)
    run = names["run"]

    async def main() -> None:
        assert (await run(js, "./work.mjs", 5)).to_py() == [5, False]  # type: ignore[operator]
        assert await run(js, "./work.mjs", 21, name="twice") == 42  # type: ignore[operator]
        assert await run(js, "pad", "a") == "a!"  # type: ignore[operator]
        assert await run(js, "pad", name="three") == 3  # type: ignore[operator]
        assert await run(js, "node:path", "a/b/", name="basename") == "b"  # type: ignore[operator]
        with pytest.raises(js.JsException, match="exports no function nothing"):
            await run(js, "./work.mjs", name="nothing")  # type: ignore[operator]
        # Who asked is named, whatever is asked for.
        for absent, said in [
            ("./absent.mjs", f"Cannot find module '{tmp_path / 'absent.mjs'}'"),
            ("absent", "Cannot find package 'absent'"),
            ("node:absent", "No such built-in module: node:absent"),
        ]:
            with pytest.raises(js.JsException) as caught:
                await run(js, absent)  # type: ignore[operator]
            assert caught.value.message == f"{said} imported from {file}:1:1"
        with pytest.raises(js.JsException, match="Python is the main thread's"):
            await run(js, "python:json")  # type: ignore[operator]

    twinloop.run(main())


def test_errors_come_back_and_what_cannot_go_over_is_named() -> None:
    async def main() -> None:
        with pytest.raises(js.JsException) as caught:
            await js.run_in_worker(js.function("() => { throw new RangeError('on purpose'); }"))
        assert (caught.value.name, caught.value.message) == ("RangeError", "on purpose")
        with pytest.raises(js.JsException, match="could not be cloned"):
            await js.run_in_worker(js.function("() => () => 1"))
        with pytest.raises(js.JsException, match="could not be cloned"):
            await js.run_in_worker(js.function("(f) => f"), js.function("() => 1"))
        with pytest.raises(js.JsException, match="left with status 3"):
            await js.run_in_worker(js.function("() => process.exit(3)"))
        for bad in (1, None, print):
            with pytest.raises(TypeError, match="a JavaScript function or the name of a module"):
                await js.run_in_worker(bad)
        # The threads are whole after all of that.
        assert await js.run_in_worker(js.function("(n) => n"), 7) == 7

    twinloop.run(main())


def test_buffers_move() -> None:
    async def main() -> None:
        buffer = js.eval("new Uint8Array(1 << 20).fill(1).buffer")
        work = js.function(
            "(buffer) => { const bytes = new Uint8Array(buffer); bytes[0] = 5; return { bytes, size: buffer.byteLength }; }"
        )
        result = await js.run_in_worker(work, buffer, transfer=[buffer])
        assert buffer.byteLength == 0 and result.size == 1 << 20
        assert bytes(memoryview(result.bytes)[:2]) == b"\x05\x01"
        # Python's own are copied.
        mine = bytearray(b"ab")
        back = await js.run_in_worker(js.function("(bytes) => { bytes[0] = 0; return bytes; }"), mine)
        assert bytes(back) == b"\0b" and mine == b"ab"

    twinloop.run(main())


def test_a_call_that_is_cancelled_ends_with_its_thread() -> None:
    async def main() -> None:
        endless = js.function("() => { while (true); }")
        many = [asyncio.ensure_future(js.run_in_worker(endless)) for _ in range(6)]
        await asyncio.sleep(0.05)
        # Those that run and those that wait for a thread.
        for each in many:
            each.cancel()
        assert all(
            isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*many, return_exceptions=True)
        )
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(js.run_in_worker(endless), 0.05)
        async with asyncio.timeout(30):
            results = await asyncio.gather(*(js.run_in_worker(js.function("(n) => n * n"), n) for n in range(20)))
        assert results == [n * n for n in range(20)]

    twinloop.run(main())


def test_a_program_ends_while_threads_wait() -> None:
    async def main() -> int:
        return await js.run_in_worker(js.function("(n) => n"), 1)

    assert twinloop.run(main()) == 1 and twinloop.run(main()) == 1


KINDS = ["run_in_thread", "run_in_process"]


async def script(code: str, kind: str) -> Any:
    """Runs JavaScript that has the module `pool_work` and the function of this kind."""
    text = f"(async () => {{ const work = python.import('pool_work'), run = python.import('twinloop.js.workers').{kind}; {code} }})()"
    result = await js.eval(text)
    return result.to_py() if isinstance(result, js.JsProxy) else result


@pytest.mark.parametrize("kind", KINDS)
def test_python_functions_run_elsewhere_for_javascript(kind: str) -> None:
    async def main() -> None:
        assert await script("return await Promise.all([1, 2, 3].map((n) => run(work.square, n)))", kind) == [1, 4, 9]
        process, thread, value = await script("return [...await run(work.where, { a: [1] })]", kind)
        assert (
            value == {"a": [1]}
            and (process == os.getpid()) == (kind == "run_in_thread")
            and thread != threading.get_ident()
        )
        told = await script(
            "const heard = []; const done = await run.callKwargs(work.count, 1000, { progress: (v) => heard.push(v.at) });"
            "await new Promise((resolve) => setTimeout(resolve, 20)); return [done, heard.length, heard.at(-1)]",
            kind,
        )
        assert told == ["counted", 1000, 999]
        with pytest.raises(LookupError, match="no such thing"):
            await script("await run(work.fail, 'no such thing')", kind)
        told = await script("return await run(() => 1).catch((error) => error.message)", kind)
        assert told.startswith("a Python function is needed, not <JsProxy")

    twinloop.run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_an_abort_signal_ends_what_runs(kind: str) -> None:
    async def main() -> None:
        work.stopped.clear()
        code = (
            "const controller = new AbortController(); setTimeout(() => controller.abort(), 150);"
            "return await run.callKwargs(work.FUNCTION, { signal: controller.signal }).catch((error) => error.name)"
        )
        assert await script(code.replace("FUNCTION", "endless"), kind) == "AbortError"
        if kind == "run_in_thread":
            assert await asyncio.to_thread(work.stopped.wait, 10)
        else:
            assert await script(code.replace("FUNCTION", "busy"), kind) == "AbortError"
        assert await script("return await run(work.square, 5)", kind) == 25

    twinloop.run(main())


def test_a_process_that_dies_or_gives_what_cannot_be_pickled_is_an_error() -> None:
    async def main() -> None:
        with pytest.raises(twinloop.WorkerDied, match="ran leave ended with exit code 3"):
            await workers.run_in_process(work.leave)
        with pytest.raises(Exception, match="pickle|local object"):
            await workers.run_in_process(work.odd)
        with pytest.raises(Exception, match="pickle|local object"):
            await workers.run_in_process(lambda: 1)
        assert await workers.run_in_process(work.square, 6) == 36

    twinloop.run(main())


def test_contexts_are_those_of_the_call_and_pools_end_with_their_loop() -> None:
    async def main() -> list[str]:
        seen = []
        for name in ("first", "second"):
            work.name.set(name)
            seen.append(await workers.run_in_thread(work.name.get))
        assert await workers.run_in_process(work.square, 2) == 4
        # Nothing of the pools is a task while nothing runs.
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return seen

    for _ in range(2):
        assert twinloop.run(main()) == ["first", "second"]
        # They were ended, which the system may not have told yet.
        for child in multiprocessing.active_children():
            child.join(10)
            assert not child.is_alive()


def test_what_cannot_be_sent_to_a_worker_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        with pytest.raises(js.JsException, match="could not be cloned"):
            await js.run_in_worker(js.function("(x) => x"), js.function("() => 1"))
        await asyncio.sleep(0.01)

    twinloop.run(main())
    assert capfd.readouterr().err == ""


def test_a_thread_waits_while_the_loop_has_not_heard_its_reports() -> None:
    async def main() -> None:
        heard: list[Any] = []
        call = asyncio.ensure_future(workers.run_in_thread(work.count, 1000, progress=heard.append))
        while not heard:
            await asyncio.sleep(0)
        time.sleep(0.2)
        assert not call.done() and work.reached < 900
        assert await call == "counted" and len(heard) == 1000

    twinloop.run(main())
