"""Random operations of both languages on each other's values, with collections in between: nothing crashes, and what a value is holds."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import time
from typing import Any

import pytest
import twinloop
from twinloop import js

# Minutes of them in `cargo xtask test python --full`, and elsewhere so many.
SECONDS = 100 if os.environ.get("TWINLOOP_FULL") else 0
OPERATIONS = 2000

MAKERS = """({
  object: (value) => ({ value }), array: (value) => [value, 1], map: (value) => new Map([[1, value]]), set: (value) => new Set([value]),
  closure: (value) => () => value, promise: (value) => Promise.resolve({ value }), error: (value) => Object.assign(new Error('e'), { value }),
  bytes: () => new Uint8Array(64), generator: (value) => (function* () { yield value; yield value; })(),
  frozen: (value) => Object.freeze({ value }), proxy: (value) => new Proxy({ value }, {}), instance: (value) => new (class Made { value = value; })(),
})"""


class Made:
    def __init__(self, value: Any) -> None:
        self.value = value


class Player:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.values: list[Any] = [1, "text", None]
        self.makers = js.eval(MAKERS)
        self.same = js.function("(value) => value")
        self.calls = js.function("(f, value) => { try { return f(value); } catch (error) { throw error; } }")
        self.awaits = js.function("async (f, value) => { const got = await f(value); return [got, await null]; }")
        self.looks = js.function("""(value) => {
            const seen = [];
            for (const key in value) { seen.push(key); if (seen.length > 5) break; }
            return [typeof value, Object.prototype.toString.call(value), String(Array.isArray(value)), seen];
        }""")

    def any(self) -> Any:
        return self.random.choice(self.values)

    def keep(self, value: Any) -> None:
        self.values.append(value)
        if len(self.values) > 60:
            del self.values[self.random.randrange(3, len(self.values))]

    async def play(self) -> None:
        value = self.any()
        match self.random.randrange(12):
            case 0:
                self.keep(getattr(self.makers, self.random.choice(list(self.makers)))(value))
            case 1:
                made: Any = self.random.choice(
                    [Made, lambda v: [v], lambda v: {"value": v}, lambda v: (v, 1), lambda v: lambda *_: v]
                )
                self.keep(made(value))
            case 2:
                back = self.same(value)
                assert back is value or (isinstance(value, (int, str)) and back == value)
            case 3:
                holder = self.any()
                with_value = getattr(holder, "__setattr__", None)
                if with_value is not None and not isinstance(holder, (int, str)):
                    with_value("value", value)
            case 4:
                self.keep(self.calls(lambda *_: value, 1))
            case 5:

                async def give(got: Any) -> Any:
                    await asyncio.sleep(0)
                    return [got]

                self.keep((await self.awaits(give, value))[0])
            case 6:

                def fail(*_: Any) -> None:
                    raise LookupError(value)

                with pytest.raises(LookupError):
                    self.calls(fail, value)
            case 7:
                self.looks(value)
            case 8:
                repr(value)
                js.to_py(js.to_js(value, 1), 1)
            case 9:
                js.collect() if self.random.random() < 0.1 else gc.collect(0)
            case 10:
                task = asyncio.ensure_future(self.awaits(lambda *_: asyncio.sleep(0.001), value))
                await asyncio.sleep(0)
                task.cancel()
            case 11:
                del self.values[3 + len(self.values) // 2 :]


@pytest.mark.parametrize("seed", [1, 2] if SECONDS == 0 else [random.randrange(1 << 30)])
def test_random_operations_of_both_languages(seed: int) -> None:
    async def main() -> None:
        player = Player(seed)
        end = time.monotonic() + SECONDS
        count = 0
        while count < OPERATIONS or time.monotonic() < end:
            count += 1
            try:
                await player.play()
            except (js.JsException, TypeError, AttributeError, RecursionError) as error:
                # What the operation may say of a value that cannot do it.
                assert "could not be described" not in str(error), f"seed {seed}, operation {count}"
        await asyncio.sleep(0.01)

    twinloop.run(main())
