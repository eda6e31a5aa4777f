"""Context variables and AsyncLocalStorage are one context, through what either language awaits."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest
import twinloop
from twinloop import js

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")

WAYS = {
    "an await of a timer": "async (f) => { await new Promise((resolve) => setTimeout(resolve, 2)); return f(); }",
    "two awaits": "async (f) => { await new Promise((resolve) => setTimeout(resolve, 1)); await null; return f(); }",
    "a settled promise": "async (f) => { await null; return f(); }",
    "then": "(f) => Promise.resolve().then(() => f())",
    "a timer": "(f) => new Promise((resolve) => setTimeout(() => resolve(f()), 2))",
    "an immediate": "(f) => new Promise((resolve) => setImmediate(() => resolve(f())))",
    "a microtask": "(f) => new Promise((resolve) => queueMicrotask(() => resolve(f())))",
    "a tick": "(f) => new Promise((resolve) => process.nextTick(() => resolve(f())))",
    "a tick with arguments": "(f) => new Promise((resolve) => process.nextTick((a, b, c) => resolve(f()), 1, 2, 3))",
    "a file": "async (f) => { await process.getBuiltinModule('node:fs/promises').readFile('/dev/null'); return f(); }",
    "a store": """async (f) => { const { AsyncLocalStorage } = process.getBuiltinModule('node:async_hooks');
        return new AsyncLocalStorage().run(1, async () => { await new Promise((resolve) => setTimeout(resolve, 1)); return f(); }); }""",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_python_sees_the_variables_of_who_started_it(way: str) -> None:
    # It saw those of whatever the loop ran just then.
    async def task(name: str, call: Any, function: Any) -> list[str]:
        WHO.set(name)
        seen = [await call(function)]
        WHO.set(name + "!")
        seen.append(await call(function))
        assert WHO.get() == name + "!"
        return seen

    async def later() -> str:
        before = WHO.get()
        await asyncio.sleep(0.001)
        return before if before == WHO.get() else "another's"

    async def main() -> None:
        call = js.function(way)
        for function in (WHO.get, later):
            tasks = [task(name, call, function) for name in ("a", "b", "c")]
            assert await asyncio.gather(*tasks) == [["a", "a!"], ["b", "b!"], ["c", "c!"]]
        # Who has no variables has none after the others.
        assert await contextvars.Context().run(asyncio.ensure_future, call(WHO.get)) == "nobody"

    twinloop.run(asyncio.wait_for(main(), 30))


def test_what_a_called_function_sets_is_seen_by_the_next() -> None:
    async def main() -> None:
        WHO.set("first")
        run = js.function(
            "async (set, get) => { await new Promise((resolve) => setTimeout(resolve, 1)); set('second'); await null; return get(); }"
        )
        assert await run(lambda name: WHO.set(name) and None, WHO.get) == "second"
        # As for a Task: the caller keeps its own.
        assert WHO.get() == "first"

    twinloop.run(main())


def test_a_store_of_javascript_goes_through_python() -> None:
    async def main() -> None:
        make = js.function(
            """() => {
                const { AsyncLocalStorage } = process.getBuiltinModule('node:async_hooks');
                const storage = new AsyncLocalStorage();
                const get = () => storage.getStore() ?? 'none';
                const wait = async () => { await new Promise((resolve) => setTimeout(resolve, 1)); return get(); };
                return { get, wait, run: (store, f, ...given) => storage.run(store, f, ...given),
                    both: (f) => Promise.all(['a', 'b'].map((store) => storage.run(store, async () => await f(store)))) };
            }"""
        )
        there = make()

        async def python(_store: str) -> str:
            seen = [there.get()]
            await asyncio.sleep(0.001)
            seen.append(there.get())
            seen.append(await there.wait())
            await asyncio.gather(asyncio.sleep(0), asyncio.create_task(inner(seen)))
            return " ".join(seen)

        async def inner(seen: list[str]) -> None:
            await asyncio.sleep(0)
            seen.append(there.get())

        assert (await there.both(python)).to_py() == ["a a a a", "b b b b"]
        assert there.run("sync", there.get) == "sync" and there.run("sync", lambda: there.get()) == "sync"
        assert there.get() == "none" and await there.wait() == "none"
        # Both at once.
        WHO.set("python")
        seen = await there.run(
            "store", js.function("async (f) => { await null; return await f(); }"), lambda: f"{WHO.get()} {there.get()}"
        )
        assert seen == "python store"

    twinloop.run(asyncio.wait_for(main(), 30))


def test_a_call_that_starts_nothing_has_no_context_to_carry() -> None:
    async def main() -> None:
        WHO.set("somebody")
        frame = js.function("() => process.getBuiltinModule('node:async_hooks').AsyncLocalStorage.snapshot()(() => 1)")
        assert frame() == 1
        assert js.function("(f) => f()")(WHO.get) == "somebody"
        WHO.set("other")
        assert js.function("(f) => [1].map(() => f())[0]")(WHO.get) == "other"

    twinloop.run(main())
