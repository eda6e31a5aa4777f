"""Cycles that go through both heaps: freed when nothing else holds them, and never before."""

from __future__ import annotations

import asyncio
import functools
import gc
import random
import weakref
from typing import TYPE_CHECKING, Any

import pytest
import twinloop
from twinloop import js

if TYPE_CHECKING:
    from collections.abc import Callable


class Thing:
    """A Python object that can refer to others."""

    def __init__(self) -> None:
        self.other: Any = None

    def method(self) -> Any:
        return self.other


class Linked:
    """A node of a random graph."""

    def __init__(self) -> None:
        self.edges: list[Any] = []


class Slotted:
    __slots__ = ("__weakref__", "other")

    def __init__(self) -> None:
        self.other: Any = None


def by_attribute() -> Any:
    thing, other = Thing(), js.eval("({})")
    thing.other, other.thing = other, thing
    return thing


def by_slot() -> Any:
    thing, other = Slotted(), js.eval("({})")
    thing.other, other.thing = other, thing
    return thing


def by_list() -> Any:
    thing, other = Thing(), js.eval("[]")
    thing.other = [[other]]
    other.push(thing)
    return thing


def by_dict_and_map() -> Any:
    thing, other = Thing(), js.eval("new Map()")
    thing.other = {"other": (other,)}
    other.set("thing", thing)
    return thing


def by_bound_method() -> Any:
    thing, other = Thing(), js.eval("new EventTarget()")
    thing.other = other
    other.addEventListener("change", thing.method)
    return thing


def by_method_of_javascript() -> Any:
    thing, other = Thing(), js.eval("({ method() {} })")
    thing.other = other.method
    other.thing = thing
    return thing


def by_closures() -> Any:
    thing = Thing()

    def callback() -> Any:
        return thing

    thing.other = js.function("(callback) => () => callback()")(callback)
    return thing


def by_partial() -> Any:
    thing, other = Thing(), js.eval("({})")
    other.call = functools.partial(Thing.method, thing)
    thing.other = other
    return thing


def by_class() -> Any:
    class Local(Thing):
        pass

    Local.handler = js.function("(held) => () => held")(Local)  # type: ignore[attr-defined]
    return Local


def by_generator() -> Any:
    thing = Thing()

    def count() -> Any:
        yield 1
        yield thing

    generator = count()
    next(generator)
    thing.other = js.eval("({})")
    thing.other.generator = generator
    return thing


def by_promise() -> Any:
    thing = Thing()
    thing.other = js.function(
        "(held) => { const { promise } = Promise.withResolvers(); promise.held = held; return promise }"
    )(thing)
    return thing


def by_javascript_class() -> Any:
    thing = Thing()
    thing.other = js.function("(held) => new (class { #held = held; get held() { return this.#held } })()")(thing)
    return thing


def by_proxy_of_a_program() -> Any:
    thing = Thing()
    thing.other = js.function("(held) => new Proxy({ held }, {})")(thing)
    return thing


def around_twice() -> Any:
    first, second = Thing(), Thing()
    first.other, second.other = js.eval("({})"), js.eval("({})")
    first.other.next, second.other.next = second, first
    return first


def with_itself_inside() -> Any:
    thing, inner = Thing(), Thing()
    thing.other, inner.other = inner, thing
    inner.held = js.eval("({})")  # type: ignore[attr-defined]
    inner.held.thing = thing  # type: ignore[attr-defined]
    return thing


SHAPES: list[Callable[[], Any]] = [
    by_attribute,
    by_slot,
    by_list,
    by_dict_and_map,
    by_bound_method,
    by_method_of_javascript,
    by_closures,
    by_partial,
    by_class,
    by_generator,
    by_promise,
    by_javascript_class,
    by_proxy_of_a_program,
    around_twice,
    with_itself_inside,
]


def alive(references: list[weakref.ref[Any]]) -> int:
    return sum(reference() is not None for reference in references)


@pytest.mark.parametrize("make", SHAPES, ids=lambda make: make.__name__)
def test_nothing_of_a_cycle_is_left(make: Callable[[], Any]) -> None:
    async def main() -> None:
        references = [weakref.ref(make()) for _ in range(100)]
        await asyncio.sleep(0)
        assert alive(references) == 100
        assert js.collect() >= 100
        assert alive(references) == 0

    twinloop.run(main())


@pytest.mark.parametrize("make", SHAPES, ids=lambda make: make.__name__)
def test_what_python_holds_stays(make: Callable[[], Any]) -> None:
    async def main() -> None:
        things = [make() for _ in range(10)]
        await asyncio.sleep(0)
        assert js.collect() == 0
        assert alive([weakref.ref(thing) for thing in things]) == 10
        for thing in things:
            if isinstance(thing, (Thing, Slotted)) and isinstance(thing.other, js.JsProxy):
                assert repr(thing.other)

    twinloop.run(main())


@pytest.mark.parametrize("make", SHAPES, ids=lambda make: make.__name__)
def test_what_javascript_holds_stays(make: Callable[[], Any]) -> None:
    async def main() -> None:
        held = js.eval("globalThis.held = []")
        references = []
        for _ in range(10):
            thing = make()
            references.append(weakref.ref(thing))
            held.push(thing)
        del thing
        await asyncio.sleep(0)
        assert js.collect() == 0
        assert alive(references) == 10
        for index in range(10):
            assert held[index] is references[index]()
        held.length = 5
        await asyncio.sleep(0)
        assert js.collect() > 0
        assert [reference() is not None for reference in references] == [True] * 5 + [False] * 5

    twinloop.run(main())


def test_ten_thousand_cycles_are_collected_unasked() -> None:
    async def main() -> int:
        references = []
        for number in range(10_000):
            references.append(weakref.ref(SHAPES[number % len(SHAPES)]()))
            if number % 100 == 0:
                await asyncio.sleep(0)
        gc.collect()
        return alive(references)

    assert twinloop.run(main()) < 5000


def test_random_graphs() -> None:
    """Whatever refers to whatever: what can be reached from a root lives, and nothing else does."""
    random.seed(20261130)

    async def main() -> None:
        link = js.function("(from, to) => { from.edges.push(to) }")
        make = js.function("() => { const made = { edges: [] }; globalThis.made.push(new WeakRef(made)); return made }")
        lives = js.function("(index) => globalThis.made[index].deref() !== undefined")
        for _ in range(40):
            js.eval("globalThis.made = []; globalThis.roots = []")
            size = random.randint(2, 60)
            is_python = [random.random() < 0.5 for _ in range(size)]
            python: dict[int, weakref.ref[Any]] = {}
            javascript: dict[int, int] = {}
            nodes: list[Any] = []
            for index in range(size):
                if is_python[index]:
                    nodes.append(Linked())
                    python[index] = weakref.ref(nodes[index])
                else:
                    javascript[index] = len(javascript)
                    nodes.append(make())
            edges = [(random.randrange(size), random.randrange(size)) for _ in range(random.randint(0, 2 * size))]
            for start, end in edges:
                if is_python[start]:
                    nodes[start].edges.append(nodes[end])
                else:
                    link(nodes[start], nodes[end])
            held_here = random.sample(range(size), random.randint(0, 2))
            held_there = random.sample(range(size), random.randint(0, 2))
            roots = [nodes[index] for index in held_here]
            for index in held_there:
                js.roots.push(nodes[index])
            del nodes
            await asyncio.sleep(0)
            js.collect()
            reached, left = set(), held_here + held_there
            while left:
                index = left.pop()
                if index not in reached:
                    reached.add(index)
                    left += [end for start, end in edges if start == index]
            found = {index for index, reference in python.items() if reference() is not None}
            found |= {index for index, place in javascript.items() if lives(place)}
            assert found == reached
            del roots

    twinloop.run(main())


def test_a_destructor_may_ask_for_what_is_gone() -> None:
    said: list[str] = []

    class Last(Thing):
        def __del__(self) -> None:
            try:
                self.other.name
            except RuntimeError as error:
                said.append(str(error))

    async def main() -> None:
        thing, other = Last(), js.eval("({ name: 1 })")
        thing.other, other.thing = other, thing
        del thing, other
        await asyncio.sleep(0)
        assert js.collect() == 1

    twinloop.run(main())
    assert said == ["this JavaScript value is gone: it was collected together with what held it"]


def test_under_a_call_of_javascript_nothing_is_collected() -> None:
    async def main() -> None:
        reference = weakref.ref(by_attribute())
        assert js.function("(collect) => collect()")(js.collect) == 0
        assert reference() is not None
        await asyncio.sleep(0)
        assert js.collect() == 1
        assert reference() is None

    twinloop.run(main())
