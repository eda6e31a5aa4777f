"""What a JavaScript object is in Python: its class says what it can do, and writing to it tells the truth."""

from __future__ import annotations

import asyncio
import collections.abc
import hashlib
import inspect
import json
import struct
from typing import Any

import pytest
import twinloop
from twinloop import js

KINDS: dict[str, set[str]] = {
    "({ a: 1 })": {"iterable", "sized"},
    "Object.create(null)": {"iterable", "sized"},
    "new (class A {})()": set(),
    "new Date(0)": set(),
    "Symbol('s')": set(),
    "() => 1": {"callable"},
    "class A {}; A": {"callable"},
    "Promise.resolve(1)": {"awaitable"},
    "({ then(f) { f(1); } })": {"awaitable"},
    "Object.assign(() => 1, { then(f) { f(1); } })": {"callable", "awaitable"},
    "[1, 2]": {"iterable", "sized", "sequence"},
    "new Map([[1, 2]])": {"iterable", "sized"},
    "new Set([1])": {"iterable", "sized"},
    "new Uint8Array(2)": {"iterable", "sized", "bytes"},
    "new ArrayBuffer(2)": {"bytes"},
    "(function* () { yield 1; })()": {"iterable"},
    "(async function* () { yield 1; })()": {"async iterable"},
    "new Headers()": {"iterable"},
    "({ length: 3 })": {"iterable", "sized"},
    "new (class A { length = 3; })()": {"sized"},
}


@pytest.mark.parametrize("code", KINDS)
def test_an_object_is_what_its_class_says(code: str) -> None:
    # Every JsProxy was callable, awaitable, iterable and a sequence to whoever asked its class.
    async def main() -> set[str]:
        proxy = js.eval(code if code.startswith("class") else f"({code})")
        assert isinstance(proxy, js.JsProxy)
        answers = {
            "callable": callable(proxy),
            "awaitable": inspect.isawaitable(proxy),
            "iterable": isinstance(proxy, collections.abc.Iterable),
            "async iterable": isinstance(proxy, collections.abc.AsyncIterable),
            "sized": isinstance(proxy, collections.abc.Sized),
            "bytes": hasattr(type(proxy), "__bytes__"),
        }
        try:
            reversed(proxy)
            answers["sequence"] = True
        except TypeError:
            answers["sequence"] = False
        return {name for name, answer in answers.items() if answer}

    assert twinloop.run(main()) == KINDS[code]


def test_mixtures_do_what_they_say() -> None:
    async def main() -> None:
        both = js.eval("Object.assign((x) => x * 2, { then(f) { f('awaited'); } })")
        assert both(4) == 8
        assert await both == "awaited"
        everything = js.eval(
            "({ size: 2, then(f) { f(1); }, *[Symbol.iterator]() { yield 5; }, async *[Symbol.asyncIterator]() { yield 6; } })"
        )
        assert (len(everything), list(everything), await everything) == (2, [5], 1)
        assert [item async for item in everything] == [6]
        assert type(everything) is type(
            js.eval("({ size: 3, then() {}, *[Symbol.iterator]() {}, async *[Symbol.asyncIterator]() {} })")
        )
        with pytest.raises(TypeError):
            type(everything)()
        with pytest.raises(TypeError):
            js.JsProxy()

    twinloop.run(main())


def test_an_ability_that_throws_tells_when_it_is_used() -> None:
    async def main() -> None:
        hostile = js.eval("new Proxy({}, { get() { throw new RangeError('no'); } })")
        with pytest.raises(js.JsException, match="no"):
            await hostile
        with pytest.raises(js.JsException, match="no"):
            next(hostile)

    twinloop.run(main())


def test_what_cannot_be_written_raises() -> None:
    async def main() -> None:
        frozen = js.eval("Object.freeze({ a: 1 })")
        with pytest.raises(js.JsException, match="TypeError"):
            frozen.a = 2
        with pytest.raises(js.JsException, match="TypeError"):
            frozen.b = 2
        with pytest.raises(js.JsException, match="TypeError"):
            frozen["a"] = 2
        with pytest.raises(js.JsException, match="TypeError"):
            del frozen.a
        with pytest.raises(js.JsException, match="TypeError"):
            del frozen["a"]
        assert frozen.a == 1
        namespace = await js.import_module("node:path")
        with pytest.raises(js.JsException, match="TypeError"):
            namespace.sep = "x"
        with pytest.raises(js.JsException, match="TypeError"):
            js.eval("({ get only() { return 1; } })").only = 2

    twinloop.run(main())


def test_bytes_of_buffers_are_one_copy() -> None:
    async def main() -> None:
        assert bytes(js.eval("new Uint8Array([1, 2, 255])")) == b"\x01\x02\xff"
        assert bytes(js.eval("new Uint8Array([1, 2, 255]).buffer")) == b"\x01\x02\xff"
        assert bytes(js.eval("new Uint16Array([1, 2])")) == b"\x01\x00\x02\x00"
        assert bytes(js.eval("new DataView(new Uint8Array([1, 2, 255]).buffer, 1)")) == b"\x02\xff"

    twinloop.run(main())


def test_a_buffer_is_read_by_whatever_reads_bytes() -> None:
    async def main() -> None:
        array = js.eval("new Uint8Array([104, 105])")
        assert memoryview(array) == b"hi"
        assert hashlib.sha256(array).digest() == hashlib.sha256(b"hi").digest()
        struct.pack_into("B", array, 0, 72)
        assert bytes(array) == b"Hi" and b"".join([array, array]) == b"HiHi"

    twinloop.run(main())


def test_iteration_follows_what_the_loop_does_to_the_array() -> None:
    async def main() -> None:
        numbers = js.eval("[1, 2, 3]")
        seen = []
        for number in numbers:
            seen.append(number)
            if number < 3:
                numbers.push(number + 10)
        assert seen == [1, 2, 3, 11, 12]
        iterator = iter(numbers)
        assert list(iterator) == [1, 2, 3, 11, 12]
        numbers.push(13)
        assert list(iterator) == []
        assert list(js.eval("[1, , 3]")) == [1, None, 3]
        own = js.eval("Object.assign([1, 2], { *[Symbol.iterator]() { yield 'own'; } })")
        assert list(own) == ["own"]
        changed = js.eval(
            "(() => { const p = Object.getPrototypeOf([][Symbol.iterator]()); const next = p.next;"
            " p.next = function () { const s = next.call(this); return s.done ? s : { done: false, value: -s.value }; };"
            " return () => { p.next = next; }; })()"
        )
        try:
            assert list(js.eval("[1, 2]")) == [-1, -2]
        finally:
            changed()

    twinloop.run(main())


def test_a_proxy_of_an_ended_loop_can_be_printed() -> None:
    async def main() -> Any:
        return js.eval("({ a: 1 })")

    proxy = twinloop.run(main())
    assert "ended" in repr(proxy) and "ended" in str(proxy)


def test_an_object_of_data_is_a_mapping() -> None:
    # `dict`, `len` and `list` of it failed, and said nothing of what to call.
    async def main() -> None:
        record = js.eval("({ a: 1, b: { c: [2] }, [Symbol('s')]: 3 })")
        assert isinstance(record, collections.abc.Mapping)
        assert (len(record), list(record), dict(record)) == (2, ["a", "b"], {"a": 1, "b": record["b"]})
        assert ("a" in record, "z" in record, "toString" in record) == (True, False, False)
        assert {**record}.keys() == {"a", "b"}
        assert list(record.keys()) == ["a", "b"] and list(record.values()) == [1, record.b]
        assert dict(record.items()) == dict(record)
        assert (record.get("a"), record.get("z"), record.get("z", 5)) == (1, None, 5)
        match record:
            case {"a": number, "b": {"c": _}}:
                assert number == 1
            case _:
                pytest.fail("a mapping did not match")
        # A property of the name wins, and a length is data as any other.
        named = js.eval("({ items: 1, get: 2, length: 7, size: 8 })")
        assert (named.items, named.get, named.length, len(named)) == (1, 2, 7, 4)
        assert dict(named) == {"items": 1, "get": 2, "length": 7, "size": 8}
        assert dict(js.eval("Object.freeze(Object.create(null))")) == {}
        # A namespace of the language is none.
        assert not isinstance(js.JSON, collections.abc.Mapping)
        assert json.dumps(record.b, default=lambda value: value.to_py()) == '{"c": [2]}'

    twinloop.run(main())


def test_what_is_empty_is_false_and_nothing_is_written_beyond_an_end() -> None:
    async def main() -> None:
        for code in ("[]", "new Map()", "new Set()", "new Uint8Array()", "({})", "Object.create(null)"):
            assert not js.eval(f"({code})"), code
        for code in (
            "[0]",
            "new Map([[1, 2]])",
            "new Uint8Array(1)",
            "({ a: 0 })",
            "() => 1",
            "Math",
            "Temporal",
            "globalThis",
            "new (class { size = 0 })()",
            "new Date(0)",
        ):
            assert js.eval(f"({code})"), code
        for code in ("[1]", "new Uint8Array(1)"):
            items = js.eval(code)
            for index in (1, 5, -2):
                with pytest.raises(IndexError, match="out of range"):
                    items[index] = 7
            items[0], items[-1] = 3, 4
            assert list(items) == [4]
        # A property is one all the same.
        items = js.eval("[1]")
        items["name"] = "x"
        assert items.name == "x" and len(items) == 1
        same = items
        items += (2, 3)
        assert items is same and list(items) == [1, 2, 3]

    twinloop.run(main())


def test_a_map_is_a_mutable_mapping() -> None:
    # It gave pairs, as in JavaScript, and its `get` ignored the default.
    async def main() -> None:
        made = js.eval("new Map([['a', 1], [2, { b: 3 }]])")
        assert isinstance(made, collections.abc.MutableMapping) and not isinstance(
            js.eval("new Set()"), collections.abc.Mapping
        )
        assert (list(made), len(made), dict(made)) == (["a", 2], 2, {"a": 1, 2: made[2]})
        assert list(made.keys()) == ["a", 2] and list(made.values()) == [1, made[2]]
        assert list(made.items()) == [("a", 1), (2, made[2])]
        assert [list(pair) for pair in made.entries()] == [["a", 1], [2, made[2]]]
        assert (made.get("a"), made.get("z"), made.get("z", 5), "a" in made, "z" in made) == (1, None, 5, True, False)
        assert (made.pop("a"), made.pop("a", None), made.setdefault("c", [4])[0]) == (1, None, 4)
        made.update({"d": 5}, e=6)
        assert list(made) == [2, "c", "d", "e"] and js.eval("(map) => map.get('e')")(made) == 6
        with pytest.raises(KeyError):
            made.pop("a")
        match made:
            case {"d": number}:
                assert number == 5
            case _:
                pytest.fail("a mapping did not match")

        def named(**values: int) -> dict[str, int]:
            return values

        assert named(**js.eval("new Map([['x', 1]])")) == {"x": 1}
        # A class of the program's own is one too, by its own methods.
        upper = js.eval("new (class extends Map { get(key) { return super.get(key.toUpperCase()); } })([['A', 1]])")
        assert list(upper) == ["A"] and upper["A"] == 1 and isinstance(upper, collections.abc.Mapping)
        made.clear()
        assert list(made) == []

    twinloop.run(main())


def test_dict_takes_iterables_of_pairs_for_what_they_are() -> None:
    # An Array has a method `keys`, by which `dict` took it for a mapping: {0: ..., 1: ...}.
    async def main() -> None:
        pairs = js.eval("[['a', 1], ['b', 2]]")
        for iterable in (pairs, js.eval("new Set([['a', 1], ['b', 2]])"), js.eval("new Map([['a', 1], ['b', 2]])")):
            assert dict(iterable) == {"a": 1, "b": 2}
        assert not hasattr(pairs, "keys") and not hasattr(js.eval("new Uint8Array(2)"), "keys")
        with pytest.raises(AttributeError, match=r"list\(\.\.\.\) or range\(len"):
            pairs.keys()
        with pytest.raises(TypeError):
            dict(**pairs)
        # What has Map's methods is a mapping by them.
        for code in ("new Headers({ a: '1', b: '2' })", "new URLSearchParams('a=1&b=2')"):
            like_a_map = js.eval(code)
            assert dict(like_a_map) == {"a": "1", "b": "2"} and list(like_a_map.keys()) == ["a", "b"]
            assert like_a_map["a"] == "1" and "a" in like_a_map
            with pytest.raises(KeyError):
                like_a_map["z"]
            like_a_map["c"] = "3"
            del like_a_map["a"]
            assert dict(like_a_map) == {"b": "2", "c": "3"}
            with pytest.raises(KeyError):
                del like_a_map["a"]
        nothing = js.eval("new Map([['null', null], ['undefined', undefined]])")
        assert dict(nothing) == {"null": None, "undefined": None}
        with pytest.raises(KeyError):
            nothing["other"]

    twinloop.run(main())


SLICES = [
    (None, None, None),
    (0, 2, None),
    (1, -1, 1),
    (-2, None, None),
    (None, None, -1),
    (4, 0, -2),
    (1, 1, None),
    (5, 99, 3),
]


@pytest.mark.parametrize("start, stop, step", SLICES)
def test_slices_of_an_array_are_those_of_a_list(start: int | None, stop: int | None, step: int | None) -> None:
    # "index out of range of the JavaScript array".
    part = slice(start, stop, step)
    numbers = [0, 1, 2, 3, 4, 5]

    async def main() -> None:
        array = js.eval("[0, 1, 2, 3, 4, 5]")
        sliced = array[part]
        assert isinstance(sliced, js.JsProxy) and js.eval("Array.isArray")(sliced) and list(sliced) == numbers[part]
        typed = js.eval("new Uint8Array([0, 1, 2, 3, 4, 5])")[part]
        assert bytes(typed) == bytes(numbers)[part]
        for items in ([], [7], [7] * len(numbers[part]), [7, 8, 9, 10, 11, 12, 13]):
            expected, array = list(numbers), js.eval("[0, 1, 2, 3, 4, 5]")
            try:
                expected[part] = items
            except ValueError as error:
                with pytest.raises(ValueError, match=str(error)):
                    array[part] = items
            else:
                array[part] = items
            assert list(array) == expected
        expected, array = list(numbers), js.eval("[0, 1, 2, 3, 4, 5]")
        del expected[part]
        del array[part]
        assert list(array) == expected

    twinloop.run(main())


def test_a_property_that_is_not_there_is_named() -> None:
    # The error was the bare name.
    async def main() -> None:
        with pytest.raises(AttributeError, match='the JavaScript object has no property "nosuch"'):
            js.eval("({ a: 1 })").nosuch
        with pytest.raises(AttributeError, match="object has no attribute '__nosuch__'"):
            js.eval("({ a: 1 })").__nosuch__

    twinloop.run(main())


def test_what_cannot_be_sliced_says_so() -> None:
    async def main() -> None:
        for code in ("new Map()", "({ a: 1 })", "new Set()", "new DataView(new ArrayBuffer(2))"):
            with pytest.raises(TypeError, match=r"only an Array or typed array .* to_py\(\)"):
                js.eval(code)[0:1]
        typed = js.eval("new Uint8Array([1, 2])")
        assert typed[-1] == 2
        with pytest.raises(TypeError, match="only slices of an Array"):
            typed[0:1] = [3]
        with pytest.raises(TypeError, match="only slices of an Array"):
            del typed[0:1]
        with pytest.raises(IndexError):
            typed[-3]

    twinloop.run(main())


def test_repr_shows_what_a_value_is() -> None:
    # `<JsProxy 1,2>`, `<JsProxy [object Object]>`.
    async def main() -> None:
        shown = {
            "[1, 'two', null]": "[ 1, 'two', null ]",
            "({ a: 1, b: { c: { d: 1 } } })": "{ a: 1, b: { c: [Object] } }",
            "new Map([[1, 2]])": "Map(1) { 1 => 2 }",
            "function f() {}; f": "[Function: f]",
            "Promise.resolve(1)": "Promise { 1 }",
            "new Date(0)": "1970-01-01T00:00:00.000Z",
            "Symbol('s')": "Symbol(s)",
            "({ get broken() { throw new Error('no'); } })": "{ broken: [Getter] }",
            "({ [Symbol.for('nodejs.util.inspect.custom')]() { throw 1; } })": "[object Object]",
        }
        for code, text in shown.items():
            assert repr(js.eval(f"({code})" if code.startswith("{") else code)) == f"<JsProxy {text}>"
        for long in (
            "Array.from({ length: 1e5 }, (_, i) => i)",
            "['x'.repeat(1e6)]",
            "Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => [`k${i}`, i]))",
        ):
            assert len(repr(js.eval(long))) < 400
        table: dict[str, Any] = {}
        table["back"] = js.eval("(table) => ({ table })")(table)
        assert repr(table).startswith("{'back': <JsProxy { table: ")

    twinloop.run(main())


def test_to_py_converts_on_either_side() -> None:
    # JavaScript had no way to give `json.dumps` what it takes, and its error said nothing of one.
    async def main() -> None:
        assert js.to_py(js.eval("({ a: [1, { b: 2 }] })")) == {"a": [1, {"b": 2}]}
        assert js.to_py(5) == 5 and js.to_py(None) is None
        assert isinstance(js.to_py(js.eval("({ a: [1] })"), 1)["a"], js.JsProxy)
        dumps = js.eval(
            "(value, copied) => Promise.all([import('python:json'), import('python:twinloop.js')]).then(([json, { to_py }]) => json.dumps(copied ? to_py(value) : value))"
        )
        assert await dumps(js.eval("({ a: [1, { b: null }] })"), True) == '{"a": [1, {"b": null}]}'
        seen = await js.eval(
            "import('python:json').then((json) => { try { json.dumps({ a: 1 }); } catch (error) { return error.message; } })"
        )
        assert seen.endswith(
            "is not JSON serializable; to_py(value) of python:twinloop.js copies a JavaScript value to Python's types"
        )
        with pytest.raises(RuntimeError, match=r"another thread.*copied with to_py\(\)"):
            await asyncio.to_thread(len, js.eval("[1, 2]"))

    twinloop.run(main())


def test_code_that_knows_nothing_of_javascript_gets_a_hint_with_its_complaint() -> None:
    # `json.dumps` says that a JsRecord is not serializable, and nobody found out from that what is.
    async def dumps() -> str:
        return json.dumps({"a": js.eval("({ b: 1 })")})

    async def complains() -> None:
        raise TypeError("unhashable type: 'list'")

    # A function of JavaScript's that gives a value, or a Promise of it.
    async def awaits() -> None:
        await js.eval("new (class Response {})()")

    with pytest.raises(TypeError, match="JsRecord is not JSON serializable") as caught:
        twinloop.run(dumps())
    # Newer versions of Python add where it stands.
    assert caught.value.__notes__[-1] == "value.to_py() copies a JavaScript value to Python's types"
    with pytest.raises(TypeError, match="can't be used in 'await' expression") as caught:
        twinloop.run(awaits())
    assert caught.value.__notes__ == ["await js.Promise.resolve(value) takes what is no Promise too"]
    with pytest.raises(TypeError) as caught:
        twinloop.run(complains())
    assert not hasattr(caught.value, "__notes__")


def test_an_array_is_a_mutable_sequence() -> None:
    async def main() -> None:
        array = js.eval("[1, 2, 3, 2]")
        assert isinstance(array, collections.abc.MutableSequence)
        array.append(4)
        array.extend(n for n in (5, 6))
        array.insert(0, 0)
        array.insert(-1, "late")
        array.remove(2)
        assert array.to_py() == [0, 1, 3, 2, 4, 5, "late", 6]
        assert (array.index(3), array.count(2), array[-1], list(reversed(array[:2]))) == (2, 1, 6, [1, 0])
        with pytest.raises(ValueError):
            array.remove("absent")
        match array:
            case [0, 1, *rest]:
                assert len(rest) == 6
            case _:
                raise AssertionError("an Array matched no sequence")
        array.clear()
        assert len(array) == 0
        # A property of that name is the property.
        assert js.eval("Object.assign([1], { append: 'own' })").append == "own"
        with pytest.raises(AttributeError):
            js.eval("({})").append

    twinloop.run(main())


def test_an_iteration_goes_on_behind_an_element_that_throws() -> None:
    async def main() -> None:
        array = js.eval(
            "(() => { const a = [1, 2, 3]; Object.defineProperty(a, 1, { get() { throw new RangeError('no') } }); return a; })()"
        )
        elements = iter(array)
        assert next(elements) == 1
        with pytest.raises(js.JsException, match="no"):
            next(elements)
        assert next(elements) == 3
        array.push(4)
        assert next(elements) == 4
        # What is over stays over, however long the Array grows.
        assert list(elements) == []
        array.push(5)
        assert list(elements) == []

    twinloop.run(main())
