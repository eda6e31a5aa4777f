"""A list is an Array and a dict an object of its keys, by every way in which a package asks."""

from __future__ import annotations

import collections
import json
from typing import Any

import pytest
import twinloop
from twinloop import js


def test_a_list_is_an_array() -> None:
    # zod, ajv and lodash took it for an object: "expected array, received Object".
    async def main() -> None:
        look = js.eval(
            """(l) => JSON.stringify([
                Array.isArray(l), l instanceof Array, Object.getPrototypeOf(l) === Array.prototype,
                Object.prototype.toString.call(l), l.constructor === Array, l.length, l[1], l.at(-1), l[9] === undefined,
                Object.keys(l), Object.getOwnPropertyNames(l), 1 in l, 3 in l, 'length' in l, [0].concat(l), Math.max(...l),
                Math.max.apply(null, l), l.map((n) => n * 2), [...l.entries()], [[l]].flat(Infinity), Array.from(l), l.type === undefined,
                Object.getOwnPropertyDescriptor(l, 'length').value, Object.getOwnPropertyDescriptor(l, 1).value,
                Object.getOwnPropertyDescriptor(l, 3) === undefined,
            ])"""
        )
        expected = [
            True, True, True, "[object Array]", True, 3, 1, 2, True, ["0", "1", "2"], ["0", "1", "2", "length"], True, False,
            True, [0, 3, 1, 2], 3, 3, [6, 2, 4], [[0, 3], [1, 1], [2, 2]], [3, 1, 2], [3, 1, 2], True, 3, 1, True,
        ]  # fmt: skip
        for sequence in ([3, 1, 2], (3, 1, 2), collections.namedtuple("Point", "x y z")(3, 1, 2)):
            assert json.loads(look(sequence)) == expected, sequence
        # What is no list has Array's methods, and is none.
        assert js.eval("(r) => !Array.isArray(r) && r.map((n) => n).length === 3")(range(3))
        # A namedtuple's fields are there too.
        assert js.eval("(p) => p.x")(collections.namedtuple("Point", "x")(5)) == 5

    twinloop.run(main())


@pytest.mark.parametrize(
    ("code", "result", "left"),
    [
        ("l.push(9, 8)", 5, [3, 1, 2, 9, 8]),
        ("l.pop()", 2, [3, 1]),
        ("l.shift()", 3, [1, 2]),
        ("l.unshift(7)", 4, [7, 3, 1, 2]),
        ("l.splice(1, 1, 'a', 'b').join()", "1", [3, "a", "b", 2]),
        ("l.splice(0, 2).join()", "3,1", [2]),
        ("l.sort() === l", True, [1, 2, 3]),
        ("l.sort((a, b) => b - a) === l", True, [3, 2, 1]),
        ("l.reverse() === l", True, [2, 1, 3]),
        ("l.fill(0, 1) === l", True, [3, 0, 0]),
        ("l.copyWithin(0, 1) === l", True, [1, 2, 2]),
        ("l.length = 1", 1, [3]),
        ("l.length = 0", 0, []),
        ("l[0] = 'first'", "first", ["first", 1, 2]),
        ("l[l.length] = 4", 4, [3, 1, 2, 4]),
        ("delete l[2]", True, [3, 1]),
        ("delete l[7]", True, [3, 1, 2]),
        ("l.append(5)", None, [3, 1, 2, 5]),
    ],
)
def test_methods_of_arrays_change_the_list(code: str, result: Any, left: list[Any]) -> None:
    async def main() -> None:
        numbers = [3, 1, 2]
        assert js.eval(f"(l) => {code}")(numbers) == result
        assert numbers == left

    twinloop.run(main())


def test_a_list_has_no_holes_and_a_tuple_does_not_change() -> None:
    async def main() -> None:
        numbers = [1, 2]
        with pytest.raises(IndexError, match="no holes: index 5"):
            js.eval("(l) => { l[5] = 1; }")(numbers)
        with pytest.raises(ValueError, match=r"no holes.*cannot be 5"):
            js.eval("(l) => { l.length = 5; }")(numbers)
        with pytest.raises(js.JsException, match="TypeError"):
            js.eval("(l) => { 'use strict'; delete l[0]; }")(numbers)
        assert numbers == [1, 2]
        for code in ("l.push(1)", "l[0] = 1", "l.length = 0", "l.pop()"):
            with pytest.raises((TypeError, AttributeError)):
                js.eval(f"(l) => {{ 'use strict'; {code}; }}")((1, 2))

    twinloop.run(main())


def test_a_dict_has_nothing_but_its_keys() -> None:
    # A JSON schema has an `items`, options a `length`, a form a `set`: where there was no such key, a method of the dict was found.
    async def main() -> None:
        names = [
            "get",
            "set",
            "has",
            "delete",
            "length",
            "size",
            "type",
            "items",
            "keys",
            "values",
            "pop",
            "then",
            "name",
            "x",
        ]
        look = js.eval("(d, names) => names.filter((name) => d[name] !== undefined || name in d).join()")
        assert look({"a": 1}, names) == ""
        assert look({"a": 1, "items": 2, "x": None}, names) == "items,x"
        plain = js.eval(
            """(d) => [Object.getPrototypeOf(d) === Object.prototype, Object.prototype.toString.call(d), d.constructor === Object,
                typeof d[Symbol.iterator], Object.hasOwn(d, 'a'), d.hasOwnProperty('a'), d.hasOwnProperty('get')].join()"""
        )
        assert plain({"a": 1}) == "true,[object Object],true,undefined,true,true,false"
        # Python's own are there by name.
        assert (
            js.eval("(d) => [...d.$items()].flat().join() + d.$get(3) + d.$missing")({"a": 1, 3: 4})
            == "a,1,3,44undefined"
        )

    twinloop.run(main())


def test_a_dict_of_a_class_of_its_own_has_what_the_class_adds() -> None:
    class Settings(dict[str, int]):
        def total(self) -> int:
            return sum(self.values())

    async def main() -> None:
        look = js.eval("(d) => [d.total(), 'total' in d, d.items === undefined, Object.keys(d).join()].join()")
        assert look(Settings(a=1, b=2)) == "3,true,true,a,b"
        assert js.eval("(d) => d.most_common(1)[0][0]")(collections.Counter("aab")) == "a"

    twinloop.run(main())


def test_lists_and_dicts_keep_their_identity() -> None:
    async def main() -> None:
        numbers, table = [1], {"a": [2]}
        assert js.eval("(x) => x")(numbers) is numbers
        assert js.eval("(x) => x")(table) is table
        assert js.eval("(d) => d.a")(table) is table["a"]
        assert js.eval("(d) => d.a === d.a && [d].includes(d)")(table)
        # What JavaScript puts in is what it was.
        there = js.eval("({ b: 1 })")
        js.eval("(d, x) => { d.there = x; d.a.push(x); }")(table, there)
        assert table["there"] is there and table["a"][1] is there  # type: ignore[comparison-overlap]

    twinloop.run(main())


def test_data_of_python_is_cloned_and_sent() -> None:
    # "#<Object> could not be cloned."
    async def main() -> None:
        shared: list[Any] = [1]
        table = {"a": shared, "b": shared, "s": {1}, "bytes": b"ab"}
        clone = js.structuredClone(table)
        look = js.eval(
            "(o) => [o.a === o.b, Array.isArray(o.a), o.s instanceof Set, o.bytes instanceof Uint8Array].join()"
        )
        assert look(clone) == "true,true,true,true" and isinstance(clone, js.JsProxy)
        assert js.eval("(l) => structuredClone({ inside: [l] }).inside[0] !== l")(shared)
        send = js.eval(
            """(value) => new Promise((resolve) => {
                const { port1, port2 } = new MessageChannel();
                port2.onmessage = ({ data }) => { port1.close(); resolve(data); };
                port1.postMessage(value);
            })"""
        )
        assert (await send({"a": [1, {"b": None}]})).to_py() == {"a": [1, {"b": None}]}
        for value in (object(), {"f": print}):
            with pytest.raises(js.JsException, match="could not be cloned"):
                js.structuredClone(value)

    twinloop.run(main())
