"""Classes of either language's library as bases for the other's: what the library calls, in what order, and what is freed."""

from __future__ import annotations

import asyncio
import collections.abc
import contextlib
import datetime
import gc
import html.parser
import io
import logging
import unittest
import weakref
from typing import TYPE_CHECKING, Any

import pytest
import twinloop
from twinloop import js

if TYPE_CHECKING:
    from collections.abc import Callable


def derive(base: type, body: str) -> Any:
    return js.function("(Base, body) => eval(`(class Derived extends Base { ${body} })`)")(base, body)


def read_all(raw: Any) -> bytes:
    return io.BufferedReader(raw).read()


def fill(mapping: Any) -> dict[str, int]:
    mapping.update({"a": 1})
    mapping.setdefault("b", 2)
    return dict(mapping)


def written(file: Any) -> str:
    with contextlib.redirect_stdout(file):
        print("hello")
    return file.getvalue()


def tags(parser: Any) -> list[str]:
    parser.feed("<a><b>")
    return list(parser.tags)


def failures(case: Any) -> tuple[int, int]:
    result = unittest.TestResult()
    case.run(result)
    return result.testsRun, len(result.failures)


def queued(queue: Any) -> int:
    queue.put_nowait(4)
    return queue.get_nowait()


@pytest.mark.parametrize(
    ("base", "body", "arguments", "use", "expected"),
    [
        (
            io.RawIOBase,
            "readable() { return true } readinto(buffer) { if (this.done) return 0; this.done = true; buffer.toJs()[0] = 65; return 1 }",
            (),
            read_all,
            b"A",
        ),
        (
            collections.abc.MutableMapping,
            "#map = new Map(); __getitem__(key) { return this.#map.get(key) } __setitem__(key, value) { this.#map.set(key, value) }"
            "__delitem__(key) { this.#map.delete(key) } __iter__() { return this.#map.keys() } __len__() { return this.#map.size }"
            "__contains__(key) { return this.#map.has(key) } setdefault(key, value) { this.#map.set(key, value) }",
            (),
            fill,
            {"a": 1, "b": 2},
        ),
        (io.StringIO, "write(text) { return super.write(text.toUpperCase()) }", (), written, "HELLO\n"),
        (html.parser.HTMLParser, "tags = []; handle_starttag(tag, attributes) { this.tags.push(tag) }", (), tags, ["a", "b"]),
        (unittest.TestCase, "setUp() { this.wanted = 1 } test() { this.assertEqual(this.wanted, 2) }", ("test",), failures, (1, 1)),
        (asyncio.Queue, "_put(item) { super._put(item * 2) }", (), queued, 8),
        (
            logging.Formatter,
            "format(record) { return `js: ${super.format(record)}` }",
            ("%(message)s",),
            lambda formatter: formatter.format(logging.LogRecord("name", 10, "path", 1, "text", None, None)),
            "js: text",
        ),
        (
            datetime.datetime,
            "get quarter() { return Math.ceil(this.month / 3) }",
            (2024, 5, 1),
            lambda value: (value.quarter, value < datetime.datetime(2024, 6, 1)),
            (2, True),
        ),
    ],
    ids=["RawIOBase", "MutableMapping", "StringIO", "HTMLParser", "TestCase", "Queue", "Formatter", "datetime"],
)  # fmt: skip
def test_pythons_library_calls_what_javascript_defines(
    base: type, body: str, arguments: tuple[Any, ...], use: Callable[[Any], Any], expected: Any
) -> None:
    async def main() -> None:
        assert use(derive(base, body).new(*arguments)) == expected

    twinloop.run(main())


def test_levels_of_both_languages_stand_in_one_order() -> None:
    class Base:
        def who(self) -> str:
            return "Base"

        def ask(self) -> str:
            return self.who()

    class Mixin:
        def who(self) -> str:
            return "Mixin " + super().who()  # type: ignore[misc]

    async def main() -> None:
        first = derive(Base, "who() { return 'first ' + super.who() }").new()

        class Second(Mixin, type(first)):  # type: ignore[misc]
            def who(self) -> str:
                return "Second " + super().who()

        third = derive(Second, "who() { return 'third ' + super.who() } later() { return (() => super.who())() }").new()
        assert third.who() == third.ask() == "third Second Mixin first Base"
        assert (third.later(), Second().ask()) == ("Second Mixin first Base", "Second Mixin first Base")

    twinloop.run(main())


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Date", ()), ("RegExp", ("x",)), ("ArrayBuffer", (4,)), ("WeakMap", ()), ("URLSearchParams", ("a=1",)), ("Headers", ()),
        ("FormData", ()), ("Blob", ()), ("Event", ("x",)), ("AbortController", ()), ("ReadableStream", ()), ("Response", ("text",)),
        ("TextDecoder", ()), ("MessageChannel", ()),
    ],
)  # fmt: skip
def test_a_python_class_extends_what_javascript_has(name: str, arguments: tuple[Any, ...]) -> None:
    async def main() -> None:
        parent = getattr(js, name)

        class Child(parent):
            def added(self) -> int:
                return self.value + 1

        child = Child(*arguments)
        child.value = 1
        assert (child.added(), isinstance(child, parent)) == (2, True)
        look = js.function(
            "(child, Parent) => [child.value, child.added(), child instanceof Parent, child.constructor.name]"
        )
        assert look(child, parent).to_py() == [1, 2, True, "Child"]

    twinloop.run(main())


def test_what_is_thrown_into_a_javascript_generator_leaves_a_with() -> None:
    async def main() -> None:
        log: list[str] = []
        make = js.function(
            "(log) => (function* () { try { yield 1; } catch (error) { log(error.name); throw error; } finally { log('finally'); } })()"
        )
        manager = contextlib.contextmanager(lambda: make(log.append))
        for error in (
            ValueError("x"),
            StopIteration("x"),
            asyncio.CancelledError(),
            GeneratorExit(),
            KeyboardInterrupt(),
        ):
            with pytest.raises(type(error)) as caught, manager() as value:
                assert value == 1
                raise error
            assert caught.value is error
            assert log == [type(error).__name__, "finally"]
            log.clear()

    twinloop.run(main())


def test_cycles_through_classes_of_both_are_freed() -> None:
    class Thing:
        held: Any = None

    def own_attribute(thing: Any) -> None:
        class Child(js.EventTarget):
            pass

        child = Child()
        child.thing, child._thing, thing.held = thing, thing, child
        child.addEventListener("x", lambda _: thing)

    def method(thing: Any) -> None:
        class Child(js.EventTarget):
            def look(self) -> Any:
                return thing

        thing.held = Child()

    def private(thing: Any) -> None:
        thing.held = derive(Thing, "#thing; keep(thing) { this.#thing = thing; return this }").new().keep(thing)

    def static(thing: Any) -> None:
        derived = derive(Thing, "static all = new Map()")
        thing.held = derived.new()
        derived.all.set("thing", thing)

    def parent_method(thing: Any) -> None:
        thing.held = (
            derive(Thing, "keep(thing) { this.look = () => [thing, super.toString]; return this }").new().keep(thing)
        )

    async def main() -> None:
        for make in (own_attribute, method, private, static, parent_method):
            thing = Thing()
            make(thing)
            gone = weakref.ref(thing)
            del thing
            for _ in range(3):
                js.collect()
            gc.collect()
            assert gone() is None, make.__name__

    twinloop.run(main())
