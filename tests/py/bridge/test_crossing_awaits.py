"""Promises that Python holds before it awaits them, and those that it never does."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import os
import pathlib
import subprocess
import sys
from collections.abc import Generator
from typing import Any

import pytest
import twinloop
from twinloop import js

REJECT = "async (word) => { await null; throw new Error(word); }"


def test_a_rejection_that_python_handles_later_is_delivered() -> None:
    # JavaScript reports what nobody handles by the end of its microtasks; a Task, gather and wait_for come later.
    async def main() -> None:
        reject = js.eval(REJECT)
        first, second = await asyncio.gather(reject("a"), reject("b"), return_exceptions=True)
        assert (str(first), str(second)) == ("Error: a", "Error: b")
        with pytest.raises(js.JsException, match="c"):
            await asyncio.wait_for(reject("c"), 5)
        task = asyncio.ensure_future(reject("d"))
        await asyncio.sleep(0.01)
        with pytest.raises(js.JsException, match="d"):
            await task
        promise = reject("e")
        await asyncio.sleep(0.01)
        with pytest.raises(js.JsException, match="e"):
            await promise

    twinloop.run(main())


@pytest.mark.parametrize("last", ["reject('lost')", "promise = reject('lost'); await asyncio.sleep(0.02); del promise"])
def test_a_rejection_that_python_lets_go_is_reported(tmp_path: pathlib.Path, last: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, twinloop\nfrom twinloop import js\n\n"
        f"async def main():\n    reject = js.eval({REJECT!r})\n    {last}\n    await asyncio.sleep(1)\n\n"
        "twinloop.run(main())\n"
    )
    result = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=60, env=os.environ, check=False
    )
    assert result.stderr.startswith("Error: lost\n    at "), result.stderr
    assert result.returncode == 1


def test_what_javascript_handles_itself_is_not_reported_when_python_lets_go() -> None:
    async def main() -> str:
        keep = js.eval(
            "() => { const p = Promise.reject(new Error('handled')); setTimeout(() => p.catch(() => {}), 5); return p; }"
        )
        promise = keep()
        await asyncio.sleep(0.02)
        del promise
        await asyncio.sleep(0.02)
        return "alive"

    assert twinloop.run(main()) == "alive"


def test_a_rejection_that_is_awaited_by_the_last_that_holds_it_is_not_reported() -> None:
    # It was kept for Python, and when Python let go of the promise nobody asked whether a handler was there by now.
    async def main() -> None:
        promises = [js.eval(REJECT)("a")]
        await asyncio.sleep(0.01)
        with pytest.raises(js.JsException, match="a"):
            await promises.pop()
        with pytest.raises(js.JsException, match="b"):
            await js.eval(REJECT)("b")
        await asyncio.sleep(0.01)

    twinloop.run(main())


def test_a_rejection_that_python_awaits_is_not_told_of_as_handled_late(capfd: pytest.CaptureFixture[str]) -> None:
    # Where the program has a `process` to tell, a proxy that only the `await` held was let go before its handler was told of.
    async def main() -> None:
        late: list[Any] = []
        js.process.on("rejectionHandled", lambda *promises: late.extend(promises))
        fail = js.function("async () => { await null; throw new Error('x'); }")
        with pytest.raises(js.JsException, match="x"):
            await fail()
        await asyncio.sleep(0.01)
        assert late == []

    twinloop.run(main())
    assert capfd.readouterr().err == ""


def test_awaiting_what_microtasks_settle_runs_them_and_costs_no_turn() -> None:
    async def main() -> None:
        turned = []
        asyncio.get_running_loop().call_soon(turned.append, True)
        order = js.eval("globalThis.order = []")
        js.eval("queueMicrotask(() => order.push('queued before'))")
        assert await js.eval("(async () => { await null; order.push('settled'); return 7; })()") == 7
        assert order.to_py() == ["queued before", "settled"]
        assert not turned
        # Also a value that StopIteration would take for its arguments.
        given = (1, 2)
        assert await js.eval("(value) => Promise.resolve(value)")(given) is given
        error = ValueError("a value")
        assert await js.eval("(value) => Promise.resolve(value)")(error) is error
        await asyncio.sleep(0)
        assert turned

    twinloop.run(main())


def test_a_program_that_waits_for_what_a_microtask_sets_goes_on() -> None:
    async def main() -> None:
        state = js.eval("({ done: false })")
        js.eval("(state) => { Promise.resolve().then(() => Promise.resolve()).then(() => { state.done = true; }); }")(
            state
        )
        settled = js.eval("Promise.resolve()")
        for _ in range(100):
            if state.done:
                break
            await settled
        assert state.done

    twinloop.run(main())


def test_javascript_that_awaits_python_that_awaits_a_settled_promise_goes_on() -> None:
    # JavaScript is on the stack while it calls Python: nothing may run in between there.
    async def main() -> None:
        async def double(promise: object) -> int:
            return 2 * await promise  # type: ignore[misc]

        assert await js.eval("async (double) => await double(Promise.resolve(21))")(double) == 42

    twinloop.run(main())


class Pool:
    """As asyncpg's: awaiting it gives itself, begun."""

    begun = 0

    def __await__(self) -> Generator[Any, None, Pool]:
        yield from asyncio.sleep(0).__await__()
        self.begun += 1
        return self


def test_an_awaitable_that_gives_itself_is_there_once_it_is_awaited() -> None:
    # Its promise took it for a thenable again, for ever.
    async def main() -> None:
        pool = Pool()
        async with asyncio.timeout(30):
            assert await js.eval("async (pool) => await pool === pool && await pool === pool")(pool) is True
            assert pool.begun == 1
            # Through a function that returns it, and by `then`.
            again = Pool()
            begin = js.eval("async (make) => { const pool = await make(); return [pool.begun, typeof pool.then]; }")
            assert (await begin(lambda: again)).to_py() == [1, "undefined"]
            third = Pool()
            assert await js.eval("(pool) => pool.then((given) => given === pool)")(third) is True

    twinloop.run(main())


def test_a_coroutine_is_taken_for_a_promise() -> None:
    # `instanceof Promise` said no, by which packages ask: an asynchronous check was taken for a value that is true.
    async def later() -> int:
        return 4

    async def main() -> None:
        ask = js.eval(
            "async (made) => [made instanceof Promise, await made, await Promise.all([made]).then(([n]) => n)]"
        )
        assert (await ask(later())).to_py() == [True, 4, 4]
        assert js.eval("(value) => value instanceof Promise")(Pool) is False
        assert js.eval("(value) => value instanceof Promise")({"then": 1}) is False

    twinloop.run(main())


def test_a_coroutine_that_javascript_awaits_begins_at_once() -> None:
    # As an async function of JavaScript's own: what it does before it waits is done before any other turn of the loop.
    steps: list[str] = []

    async def work(name: str) -> str:
        steps.append(f"{name} begins")
        task = asyncio.current_task()
        assert task is not None and not task.done()
        if name == "waits":
            await asyncio.sleep(0)
        steps.append(f"{name} ends")
        return name

    async def main() -> None:
        both = js.eval("(f) => Promise.all([f('waits'), f('ends')])")
        asyncio.get_running_loop().call_soon(steps.append, "a turn")
        found = await both(work)
        assert list(found) == ["waits", "ends"]

    twinloop.run(main())
    assert steps == ["waits begins", "ends begins", "ends ends", "a turn", "waits ends"]


def test_coroutines_that_never_wait_leave_others_their_turns() -> None:
    async def main() -> None:
        fired: list[int] = []
        asyncio.get_running_loop().call_later(0.02, fired.append, 1)

        async def has_fired() -> bool:
            return bool(fired)

        poll = js.eval("async (f) => { let count = 1; while (!(await f())) count += 1; return count; }")
        assert await asyncio.wait_for(poll(has_fired), 20) > 1

    twinloop.run(main())


@pytest.mark.parametrize("waits", [False, True])
def test_what_a_coroutine_raises_and_ignores_reaches_who_awaits_it(waits: bool) -> None:
    async def main() -> None:
        async def fails() -> None:
            if waits:
                await asyncio.sleep(0)
            raise LookupError("not there")

        caught = js.eval("async (f) => { try { await f(); } catch (error) { return error; } }")
        error = await caught(fails)
        assert isinstance(error, LookupError) and str(error) == "not there"

        async def cancelled() -> None:
            if waits:
                await asyncio.sleep(0)
            raise asyncio.CancelledError

        assert (
            await js.eval("async (f) => { try { await f(); } catch (error) { return error.name; } }")(cancelled)
        ) == ("CancelledError")

    twinloop.run(main())


def test_a_coroutine_that_exits_at_once_ends_the_program(tmp_path: pathlib.Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, twinloop\nfrom twinloop import js\n\n"
        "async def leave():\n    sys.exit(7)\n\n"
        "async def main():\n"
        '    await js.eval(\'async (f) => { try { await f(); } catch { console.log("seen"); } finally { console.log("seen"); } }\')(leave)\n\n'
        "twinloop.run(main())\n"
    )
    result = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=60, env=os.environ, check=False
    )
    assert (result.returncode, result.stdout) == (7, ""), result.stderr


def test_a_coroutine_begins_with_the_stores_and_the_variables_of_who_awaits_it() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")

    async def main() -> None:
        stored = js.eval("""async (read) => {
            const { AsyncLocalStorage } = await import('node:async_hooks');
            const storage = new AsyncLocalStorage();
            return storage.run('stored', async () => [await read(() => storage.getStore()), storage.getStore()]);
        }""")

        async def read(store: Any) -> str:
            seen = f"{variable.get()} {store()}"
            variable.set("of the coroutine")
            return seen

        variable.set("of the caller")
        assert list(await stored(read)) == ["of the caller stored", "stored"]
        assert variable.get() == "of the caller"

    twinloop.run(main())


def test_an_async_function_of_javascript_is_a_coroutine_function() -> None:
    async def main() -> None:
        names = [
            "async () => 1",
            "async function f() {}",
            "(async () => 1).bind(null)",
            "Object.assign(async () => 1, { a: 1 })",
        ]
        marks = [js.eval(f"({name})") for name in names]
        # Of what is no function of Python's, `inspect` asks from 3.12 on.
        asks = [asyncio.iscoroutinefunction, *([inspect.iscoroutinefunction] if sys.version_info >= (3, 12) else [])]
        for ask in asks:
            assert all(ask(function) for function in marks)
            assert ask(functools.partial(marks[0], 1)) or ask is asyncio.iscoroutinefunction
            assert not any(
                ask(js.eval(f"({name})"))
                for name in ["() => 1", "class {}", "async function* f() {}", "function* f() {}"]
            )
        assert ask(js.eval("({ async method() { return 1; } })").method)

    twinloop.run(main())
