"""What a JavaScript object is in Python: its class says what it can do, and writing to it tells the truth."""

from __future__ import annotations

import collections.abc
import hashlib
import inspect
import struct
from typing import Any

import pytest
import twinloop
from twinloop import js

KINDS: dict[str, set[str]] = {
    "({ a: 1 })": set(),
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
    "({ length: 3 })": {"sized"},
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
            len(hostile)
        with pytest.raises(js.JsException, match="no"):
            await hostile

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
        view = memoryview(array)
        assert view.readonly and view == b"hi"
        assert hashlib.sha256(array).digest() == hashlib.sha256(b"hi").digest()
        # A copy: what JavaScript does to its memory is not seen, and not dangerous.
        js.eval("(a) => { a[0] = 0; structuredClone(a.buffer, { transfer: [a.buffer] }); }")(array)
        assert view == b"hi" and bytes(array) == b""
        with pytest.raises(TypeError, match="read-write"):
            struct.pack_into("B", js.eval("new Uint8Array(1)"), 0, 1)

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
