"""Copies of containers: what stands twice stands twice in the copy, at any depth."""

from __future__ import annotations

import array
import decimal
from typing import Any

import pytest
import twinloop
from twinloop import js


def test_a_cycle_is_copied_as_a_cycle() -> None:
    # Any depth beyond a thousand levels overflowed the stack.
    async def main() -> None:
        numbers: list[Any] = [1]
        numbers.append(numbers)
        for depth in ("", "{ depth: 1e6 }", "{ depth: Infinity }"):
            copy = js.eval(f"(l) => {{ const c = l.toJs({depth}); return c[1] === c && c.length === 2; }}")
            assert copy(numbers), depth
        table: dict[str, Any] = {"a": {}}
        table["a"]["back"] = table
        assert js.eval("(d) => { const c = d.toJs(); return c.a.back === c; }")(table)

        there = js.eval("(() => { const o = { n: 1, list: [] }; o.self = o; o.list.push(o.list, o); return o; })()")
        for depth in (-1, 1_000_000):
            here = there.to_py(depth)
            assert here["self"] is here and here["list"][0] is here["list"] and here["list"][1] is here
        table_of_itself = js.eval("(() => { const m = new Map(); m.set('m', m); return m; })()").to_py()
        assert table_of_itself["m"] is table_of_itself

    twinloop.run(main())


def test_any_depth_is_copied() -> None:
    depth = 100_000

    async def main() -> None:
        nested: list[Any] = []
        for _ in range(depth):
            nested = [nested]
        count = js.eval("(l) => { let n = 0; for (let c = l.toJs(); c.length > 0; c = c[0]) n++; return n; }")
        assert count(nested) == depth
        copy = js.eval(f"(() => {{ let l = []; for (let i = 0; i < {depth}; i++) l = [l]; return l; }})()").to_py()
        levels = 0
        while copy:
            (copy,) = copy
            levels += 1
        assert levels == depth
        # Taken apart from the outside: CPython frees nested lists by recursion of its own.
        while nested:
            (nested,) = nested

    twinloop.run(main())


def test_a_depth_leaves_what_lies_deeper() -> None:
    async def main() -> None:
        there = js.eval("({ a: { b: { c: 1 } } })")
        assert isinstance(there.to_py(1)["a"], js.JsProxy)
        assert isinstance(there.to_py(2)["a"]["b"], js.JsProxy)
        assert there.to_py(0) is there
        inner = [1]
        shallow = js.eval("(l, inner) => { const c = l.toJs({ depth: 1 }); return c !== l && c[0] === inner; }")
        assert shallow([inner], inner)

    twinloop.run(main())


def test_keys_of_a_map_and_members_of_a_set_stay_hashable() -> None:
    async def main() -> None:
        (key,) = js.eval("new Map([[[1, 1], 2]])").to_py()
        assert key.to_py() == [1, 1]
        (member,) = js.eval("new Set([[1]])").to_py()
        assert member.to_py() == [1]

    twinloop.run(main())


def test_a_key_called_proto_is_a_key() -> None:
    async def main() -> None:
        own = js.eval("(o) => Object.hasOwn(o, '__proto__') && Object.getPrototypeOf(o) === Object.prototype")
        assert own(__proto__=js.eval("({ x: 1 })"))
        assert js.eval("(d) => { const o = d.toJs(); return Object.hasOwn(o, '__proto__'); }")({"__proto__": {}})

    twinloop.run(main())


def test_integers_of_any_size_cross() -> None:
    # Python refuses to turn more than 4,300 decimal digits into text.
    async def main() -> None:
        identity = js.eval("(n) => n")
        for number in (10**5000, -(10**5000), 2**64, -(2**63), 2**53, 1 << 100_000):
            assert identity(number) == number
        assert js.eval("(n) => n === 10n ** 5000n")(10**5000)

    twinloop.run(main())


def test_a_converter_gives_what_stands_for_what_has_no_copy() -> None:
    class Point:
        def __init__(self, x: object, y: object) -> None:
            self.x, self.y = x, y

    async def main() -> None:
        asked: list[object] = []

        def convert(value: object) -> object:
            asked.append(value)
            if isinstance(value, decimal.Decimal):
                return str(value)
            return {"x": value.x, "y": value.y} if isinstance(value, Point) else value

        shared = Point(decimal.Decimal("1.50"), [1])
        kept = object()
        there = js.to_js(
            {"a": shared, "b": [shared], "n": 1, "f": 0.5, "t": "x", "none": None, "o": kept}, converter=convert
        )
        assert js.JSON.stringify(there.a) == '{"x":"1.50","y":[1]}'
        assert js.function("(o) => o.a === o.b[0] && o.n === 1 && o.none === undefined")(there)
        assert there.o is kept
        # Each once, and nothing that JavaScript has itself.
        assert asked.count(shared) == 1 and asked.count(kept) == 1 and len(asked) == 3
        assert js.to_js(decimal.Decimal(2), converter=float) == 2
        with pytest.raises(ZeroDivisionError):
            js.to_js([object()], converter=lambda _: 1 / 0)
        # One that gives ever new objects is asked no more for what it gave.
        assert isinstance(js.to_js(object(), converter=lambda _: object()), object)
        assert js.to_js([[kept]], 1, converter=convert)[0] == [[kept]][0]

    twinloop.run(main())


def test_a_typed_array_is_copied_with_its_elements() -> None:
    # It was bytes, of which pandas and NumPy made objects and texts.
    async def main() -> None:
        for name, code in [
            ("Int8Array", "b"), ("Int16Array", "h"), ("Uint16Array", "H"), ("Int32Array", "i"), ("Uint32Array", "I"),
            ("Float32Array", "f"), ("Float64Array", "d"),
        ]:  # fmt: skip
            assert js.eval(f"({{ part: new {name}([9, 1, 2]).subarray(1) }})").to_py() == {
                "part": array.array(code, [1, 2])
            }
        big = js.eval("[new BigInt64Array([-1n]), new BigUint64Array([2n ** 64n - 1n])]").to_py()
        assert big == [array.array("q", [-1]), array.array("Q", [2**64 - 1])]
        for code in ("new Uint8Array([1])", "new Uint8ClampedArray([1])", "new Uint8Array([1]).buffer"):
            assert js.eval(code).to_py() == b"\x01"
        assert js.eval("new DataView(new Uint8Array([1]).buffer)").to_py() == b"\x01"
        assert js.eval("new Float16Array([1])").to_py() == b"\x00\x3c"
        assert js.to_js(js.eval("new Float64Array([1.5])").to_py())[0] == 1.5

    twinloop.run(main())
