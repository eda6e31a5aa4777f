"""The cases of this folder in Python: README.md says what steps and values mean."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import re

import pytest
import twinloop
from twinloop import js

FILES = sorted((pathlib.Path(__file__).parent / "cases").glob("*.json"))
CASES = [(file.stem, case) for file in FILES for case in json.loads(file.read_text())]
LIMIT_S = 30


class Run:
    """One run of a case."""

    def __init__(self, texts):
        self.log = []
        self.loop = asyncio.get_running_loop()
        self.texts = texts
        self.names = {}
        self.marks = {}
        self.timers = {}
        self.tasks = {}
        self.queues = {}
        self.error = None

    async def steps(self, steps):
        for kind, *rest in steps:
            await getattr(self, f"step_{kind}")(*rest)

    async def step_log(self, value):
        self.log.append(await self.value(value))

    async def step_let(self, name, value):
        self.names[name] = await self.value(value)

    async def step_do(self, value):
        await self.value(value)

    async def step_sleep(self, milliseconds):
        await asyncio.sleep(milliseconds / 1000)

    async def step_mark(self, name):
        self.marks[name] = self.loop.time()

    async def step_timer(self, name, milliseconds, *steps):
        self.timers[name] = self.loop.call_later(milliseconds / 1000, self.fire, steps)

    def fire(self, steps):
        # A timer's steps do not wait, so this runs them to their end, in the callback itself.
        with pytest.raises(StopIteration):
            self.steps(steps).send(None)

    async def step_clear(self, name):
        self.timers[name].cancel()

    async def step_task(self, name, *steps):
        self.tasks[name] = self.loop.create_task(self.steps(steps))
        # It begins at once, as an async function of JavaScript.
        await asyncio.sleep(0)

    async def step_cancel(self, name):
        self.tasks[name].cancel()

    async def step_join(self, name):
        await self.tasks[name]

    async def step_try(self, steps, handler):
        try:
            await self.steps(steps)
        except (Exception, asyncio.CancelledError) as error:
            self.error = error
            await self.steps(handler)

    async def step_finally(self, steps, last):
        try:
            await self.steps(steps)
        finally:
            await self.steps(last)

    async def step_listen(self, name, target, kind):
        queue = self.queues.setdefault(name, asyncio.Queue())
        self.at(target).addEventListener(kind, queue.put_nowait)

    async def value(self, value):
        if isinstance(value, str):
            return re.sub(r"\{(\w+)\}", lambda match: self.texts[match[1]], value)
        if not isinstance(value, dict):
            return value
        (kind, content), *more = value.items()
        return await getattr(self, f"value_{kind}")(content, **dict(more))

    async def value_is(self, path):
        return self.at(path)

    async def value_call(self, path, **options):
        return self.at(path)(*await self.values(**options))

    async def value_new(self, path, **options):
        return self.at(path).new(*await self.values(**options))

    async def values(self, **options):
        return [await self.value(value) for value in options.get("with", [])]

    async def value_await(self, value):
        return await (await self.value(value))

    async def value_next(self, name):
        return await self.queues[name].get()

    async def value_object(self, content):
        made = js.eval("({})")
        for name, value in content.items():
            made[name] = await self.value(value)
        return made

    async def value_import(self, name):
        return js.import_module(name)

    async def value_elapsed(self, name, at_least):
        return self.loop.time() - self.marks[name] >= at_least / 1000

    async def value_error(self, name):
        if isinstance(self.error, asyncio.CancelledError):
            return {"name": "cancelled"}[name]
        assert isinstance(self.error, js.JsException), self.error
        return getattr(self.error.js_error, name)

    def at(self, path):
        """What a path leads to."""
        head, *properties = path.split(".")
        value = self.names[head] if head in self.names else js.eval(head)
        for name in properties:
            value = getattr(value, name)
        return value


@pytest.mark.parametrize(("file", "case"), CASES, ids=[f"{file}: {case['case']}" for file, case in CASES])
def test_a_case_of_both_languages(file, case, tmp_path):
    if "FIXTURES" not in os.environ:
        pytest.skip("FIXTURES names no local servers; cargo xtask test starts them")

    async def main():
        run = Run({**json.loads(os.environ["FIXTURES"]), "folder": str(tmp_path)})
        run.loop.set_exception_handler(lambda _loop, context: reported.append(context))
        await asyncio.wait_for(run.steps(case["steps"]), LIMIT_S)
        return run.log

    reported = []
    assert twinloop.run(main()) == case["log"]
    assert reported == []
