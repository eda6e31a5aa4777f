"""What a Python object is in JavaScript: bytes are bytes, a dict is a record, and names are those of its attributes."""

from __future__ import annotations

import array
import asyncio
import collections
import decimal
import json
import pathlib
import types
from typing import Any

import pytest
import twinloop
from twinloop import js

BUFFERS: list[Any] = [b"\x00\xff", bytearray(b"\x00\xff"), memoryview(b"\x00\xff"), array.array("B", b"\x00\xff")]


@pytest.mark.parametrize("buffer", BUFFERS, ids=lambda buffer: type(buffer).__name__)
def test_a_python_buffer_is_a_buffer_source(buffer: Any, tmp_path: pathlib.Path) -> None:
    # Web APIs took its text: the body of a request was `b'\\x00\\xff'`.
    async def main() -> None:
        assert bytes(await js.eval("(b) => new Response(b).arrayBuffer()")(buffer)) == b"\x00\xff"
        assert (
            bytes(await js.eval("(b) => new Request('http://x', { method: 'POST', body: b }).arrayBuffer()")(buffer))
            == b"\x00\xff"
        )
        assert bytes(await js.eval("(b) => new Blob([b, b]).arrayBuffer()")(buffer)) == b"\x00\xff\x00\xff"
        assert js.eval("(b) => new TextDecoder('latin1').decode(b)")(buffer) == "\x00\xff"
        fs = await js.import_module("node:fs/promises")
        await fs.writeFile(str(tmp_path / "file"), buffer)
        assert (tmp_path / "file").read_bytes() == b"\x00\xff"

    twinloop.run(main())


def test_a_body_of_bytes_arrives_as_bytes() -> None:
    async def main() -> bytes:
        received = asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = [line.partition(b":") for line in head.split(b"\r\n")]
            length = int(next(value for name, _, value in lines if name.lower() == b"content-length"))
            received.set_result(head.split(b" ")[0] + b" " + await reader.readexactly(length))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert (
            await js.eval("fetch")(url, {"method": "PUT", "body": b"\x00\xff", "headers": {"x-a": "b"}})
        ).status == 204
        server.close()
        return await received

    assert twinloop.run(main()) == b"PUT \x00\xff"


def test_a_dict_is_the_dictionary_that_an_api_wants() -> None:
    # Its options were ignored in silence.
    async def main() -> None:
        request = js.eval("Request").new("http://x/", {"method": "POST", "body": "text", "headers": {"A": "b"}})
        assert (request.method, request.headers.get("a"), await request.text()) == ("POST", "b", "text")
        assert js.eval("URLSearchParams").new({"q": "1", "r": "ä"}).toString() == "q=1&r=%C3%A4"
        assert js.eval("Blob").new(["x"], {"type": "text/plain"}).type == "text/plain"

    twinloop.run(main())


@pytest.mark.parametrize(
    "use", ["new Response(d)", "new Blob([d])", "new Request('http://x', { method: 'POST', body: d })"]
)
def test_a_dict_is_never_sent_as_its_text(use: str) -> None:
    async def main() -> None:
        with pytest.raises(js.JsException, match="TypeError.*dict"):
            js.eval(f"(d) => {use}")({"a": 1})

    twinloop.run(main())


def test_the_string_keys_of_a_dict_are_its_properties() -> None:
    async def main() -> None:
        table: dict[Any, Any] = {"a": 1, "type": "own", "get": 2, "none": None, 3: 4}
        look = js.eval(
            "(d) => JSON.stringify([d.a, d.type, d.get, d.none === undefined, 'a' in d, 'z' in d, Object.keys(d), { ...d }, d.$get('a'), d.length])"
        )
        assert json.loads(look(table)) == [
            1, "own", 2, True, True, False, ["a", "type", "get", "none"], {"a": 1, "type": "own", "get": 2}, 1, None,
        ]  # fmt: skip
        js.eval("(d) => { 'use strict'; d.b = 5; d['new'] = 6; delete d.a; }")(table)
        assert table["b"] == 5 and table["new"] == 6 and "a" not in table
        # Looking does not make the item of a defaultdict.
        made = collections.defaultdict(list)
        assert js.eval("(d) => d.anything")(made) is None and not made

    twinloop.run(main())


def test_attributes_keep_their_names() -> None:
    # JSON and spreading took the class's name for an attribute `type`; a callable's attribute `name` was ''.
    async def main() -> None:
        thing = types.SimpleNamespace(type="mine", name="thing", length=7, toString="hidden")
        assert js.eval("(o) => o.type + o.name + o.length")(thing) == "minething7"
        assert json.loads(js.eval("JSON.stringify")(thing)) == vars(thing)
        assert js.eval("(o) => ({ ...o })")(thing).to_py() == {"type": "mine", "name": "thing", "length": 7}
        assert js.eval("(o) => o.type")(types.SimpleNamespace()) == "SimpleNamespace"

        class Call:
            name = "called"

            def __call__(self) -> int:
                return 1

        assert js.eval("(f) => [f.name, f()]")(Call()).to_py() == ["called", 1]

        def function() -> None: ...

        assert js.eval("(f) => f.name")(function) == "function"

    twinloop.run(main())


def test_what_a_generator_returns_arrives() -> None:
    def count() -> Any:
        yield 1
        yield 2
        return "returned"

    async def main() -> None:
        collect = js.eval(
            "(g) => { const all = []; const r = (function* () { return yield* g; })(); for (;;) { const s = r.next(); all.push(s.value); if (s.done) return all; } }"
        )
        assert collect(count()).to_py() == [1, 2, "returned"]
        assert js.eval("(l) => [...l]")([1, None, 2]).to_py() == [1, None, 2]
        with pytest.raises(ZeroDivisionError):
            js.eval("(l) => [...l]")(1 // 0 for _ in range(1))

    twinloop.run(main())


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def step(self) -> int:
        self.count += 1
        return self.count


def test_a_bound_method_is_one_object_to_javascript() -> None:
    # Each look at it made another, so what was added as a listener could not be removed by the same name.
    async def main() -> None:
        counter, other = Counter(), Counter()
        assert js.eval("(c, d) => c.step === c.step && c.step !== d.step")(counter, other)
        assert js.eval("(c) => [c.step(), c.step()].join()")(counter) == "1,2"
        target = js.eval("new EventTarget()")
        target.addEventListener("tick", counter.step)
        target.removeEventListener("tick", counter.step)
        target.dispatchEvent(js.eval("new Event('tick')"))
        assert counter.count == 2
        Counter.step = lambda self: -1  # type: ignore[method-assign]
        assert js.eval("(c) => c.step()")(counter) == -1

    step = Counter.step
    try:
        twinloop.run(main())
    finally:
        Counter.step = step  # type: ignore[method-assign]


def test_calls_pass_any_number_of_values() -> None:
    async def main() -> None:
        def values(*given: object, **named: object) -> str:
            return f"{given} {named}"

        count = js.eval("(f, n) => f(...Array(n).keys())")
        for number in (0, 1, 2, 3, 300):
            assert count(values, number) == f"{tuple(range(number))} {{}}"
        assert js.eval("(f) => f.callKwargs({ a: 1 })")(values) == "() {'a': 1}"
        assert js.eval("(f) => f.callKwargs(1, 2, 3, { a: 1 })")(values) == "(1, 2, 3) {'a': 1}"
        assert js.eval("(f) => new f(1)")(lambda value: [value]) == [1]

    twinloop.run(main())


def test_numbers_of_other_kinds_are_added_and_compared_as_numbers() -> None:
    # `np.int64(2) + 1` was "21".
    class Number:
        def __float__(self) -> float:
            return 2.5

        def __str__(self) -> str:
            return "two and a half"

    class Many(Number):
        def __float__(self) -> float:
            raise TypeError("only one of them can be a number")

    async def main() -> None:
        ask = js.eval("(n) => [n + 1, n == 2.5, `${n}`, n * 2, n > 2]")
        assert ask(Number()).to_py() == [3.5, True, "two and a half", 5, True]
        assert js.eval("(n) => n + 1")(decimal.Decimal("1.5")) == 2.5
        assert js.eval("(n) => n + '!'")(Many()) == "two and a half!"
        assert js.eval("(n) => n + '!'")(pathlib.PurePosixPath("a")) == "a!"

    twinloop.run(main())


def test_what_has_a_length_and_indices_is_iterated_over() -> None:
    # Python's older way to be iterable; JavaScript said that it was not.
    class Squares:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> int:
            if index >= 3:
                raise IndexError(index)
            return index * index

    class Keyed:
        def __getitem__(self, key: str) -> str:
            return key

    async def main() -> None:
        squares = Squares()
        assert (
            list(squares)
            == js.function("(s) => { const all = []; for (const one of s) all.push(one); return all; }")(
                squares
            ).to_py()
        )
        assert js.function("(s) => [s.length, s.get(2), ...s]")(squares).to_py() == [3, 4, 0, 1, 4]
        assert js.function("(k) => Symbol.iterator in k")(Keyed()) is False

    twinloop.run(main())
