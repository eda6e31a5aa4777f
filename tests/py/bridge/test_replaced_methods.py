"""A program that replaces the language's own methods breaks nothing of the bridge, whose JavaScript took them before."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import twinloop
from twinloop import js

# Every method of the classes that the bridge uses throws from now on, and so do the static ones. What a `for ... of` or an `await` of the
# program itself asks for stays.
REPLACE = """
(() => {
  const { getOwnPropertyDescriptor, defineProperty, ownKeys } = Reflect;
  const kept = new Set(['constructor', 'toString', 'valueOf', Symbol.iterator, Symbol.toPrimitive, 'next', 'resolve', 'from', 'prototype']);
  const classes = [Object, Function, Array, String, Number, BigInt, RegExp, Map, Set, WeakMap, WeakRef, Promise, Error, Uint8Array,
    Object.getPrototypeOf(Uint8Array), ArrayBuffer, Symbol];
  const targets = classes.flatMap((c) => [c, c.prototype]).concat([Reflect, JSON]);
  globalThis.restore = [];
  const saved = [];
  for (const target of targets) {
    for (const key of ownKeys(target)) {
      const descriptor = getOwnPropertyDescriptor(target, key);
      if (kept.has(key) || !descriptor.configurable || typeof descriptor.value !== 'function') continue;
      saved[saved.length] = [target, key, descriptor];
    }
  }
  for (let i = 0; i < saved.length; i += 1) {
    const name = `${typeof saved[i][1] === 'symbol' ? 'a symbol' : saved[i][1]}`;
    defineProperty(saved[i][0], saved[i][1], {
      configurable: true,
      writable: true,
      value() {
        throw new globalThis.Error(`the bridge called a replaced ${name}`);
      },
    });
  }
  globalThis.String = globalThis.Map = globalThis.Set = globalThis.WeakRef = globalThis.Proxy = globalThis.BigInt = undefined;
  return saved[0].length;
})()
"""


class Point:
    """Something with attributes, items, a length and an iteration."""

    def __init__(self) -> None:
        self.x = 1
        self.parts = ["a", "b"]

    def add(self, *values: int, scale: int = 1) -> int:
        return sum(values) * scale

    def fail(self) -> None:
        raise ValueError("a fault") from KeyError("its cause")


def test_a_program_that_replaces_every_method_can_use_the_bridge() -> None:
    async def main() -> None:
        # What is evaluated later may call no method itself: these are plain expressions.
        read = js.eval("(p) => p.x + p.parts.length + p.parts[1]")
        write = js.eval("(p) => { p.x = 7; delete p.x; return 'x' in p; }")
        call = js.eval("(p) => p.add() + p.add(1) + p.add(1, 2) + p.add(1, 2, 3) + p.add.callKwargs(1, { scale: 2 })")
        names = js.eval("(p) => { let all = ''; for (const name in p) all += name; return all; }")
        text = js.eval("(p) => `${p}`")
        each = js.eval("(l) => { let all = ''; for (const part of l) all += part; return all; }")
        record = js.eval(
            "((keys) => (d) => { d.b = 2; delete d.a; const l = keys(d); return l.length + l[0] + d.c + l[1] + d.b; })(Object.keys)"
        )
        items = js.eval("(m) => { m.a = 1; m.$update({ b: 2 }); return m.a + ('b' in m ? 1 : 0); }")
        caught = js.eval("(p) => { try { p.fail(); } catch (error) { return error; } }")
        rethrow = js.eval("(error) => { throw error; }")
        thrown = js.eval("() => { throw new RangeError('too far'); }")
        waits = js.eval("async (f) => (await f()) + (await f().then((value) => value))")
        later = js.eval("async (f) => (await f().finally(() => {})) + (await f().catch(() => 0))")
        loops = js.eval("async (g) => { let all = 0; for await (const value of g) all += value; return all; }")
        big = js.eval("(value) => value + 1n")
        made = js.eval(
            "({ list: [1, { a: [2] }], map: new Map([['k', new Set([1])]]), bytes: new Uint8Array([1, 2]), big: 2n ** 70n })"
        )
        plain = js.eval("({ a: 1, then_: 2 })")
        assert js.eval(REPLACE) == 3

        point = Point()
        assert read(point) == "3b"
        assert write(Point()) is False
        assert call(point) == 0 + 1 + 3 + 6 + 2
        assert names(point) == "xparts"
        assert text([1, 2]) == "[1, 2]"
        assert each(["a", "b"]) == each(c for c in "ab") == "ab"
        assert record({"a": 1, "c": 3}) == "2c3b2"
        assert items({"a": 0}) == 2
        error = caught(point)
        assert repr(error) == "ValueError('a fault')"
        assert isinstance(error.__cause__ or error.__context__, KeyError)
        with pytest.raises(ValueError, match="a fault"):
            rethrow(error)
        with pytest.raises(js.JsException, match="RangeError: too far"):
            thrown()

        async def four() -> int:
            await asyncio.sleep(0)
            return 4

        async def generate() -> Any:
            yield 1
            yield 2

        assert await waits(four) == 8
        assert await later(four) == 8
        assert await loops(generate()) == 3
        assert big(1 << 70) == (1 << 70) + 1

        assert made.to_py() == {"list": [1, {"a": [2]}], "map": {"k": {1}}, "bytes": b"\x01\x02", "big": 1 << 70}
        assert made.map["k"] is made.map["k"]
        made.map["n"] = 5
        assert "n" in made.map and made.map["n"] == 5
        del made.map["n"]
        assert "n" not in made.map and len(made.map) == 1
        assert (list(made.list)[0], len(made.list), 1 in made.list) == (1, 2, True)
        del made.list[0]
        assert len(made.list) == 1
        assert "a" in dir(plain) and plain.a == 1
        del plain.a
        assert not hasattr(plain, "a")
        assert str(plain) and bytes(made.bytes) == b"\x01\x02"
        # Enough of them that those which are gone are forgotten.
        for index in range(500):
            assert read(Point()) == "3b", index

    twinloop.run(main())
