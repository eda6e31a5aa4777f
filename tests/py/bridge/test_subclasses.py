"""Classes across the languages: a JavaScript class that extends one of Python's, ``instanceof`` and ``isinstance``."""

from __future__ import annotations

import abc
import asyncio
import dataclasses
import functools
import gc
import inspect
import json
import weakref
from collections.abc import MutableMapping, MutableSequence
from typing import Any

import pytest
import twinloop
from twinloop import js


class Base:
    shared = "of the class"

    def __init__(self, x: int) -> None:
        self.x = x

    def hello(self, name: str) -> str:
        return f"hello {name} {self.x}"

    def call_hello(self, name: str) -> str:
        return self.hello(name)

    def read(self, name: str) -> Any:
        return getattr(self, name)


DERIVED = """((Base) => {
  class Derived extends Base {
    field = 5;
    #secret = 42;
    static kind = 'static';
    static make() { return new this(1); }
    constructor(x) { super(x); this.extra = x * 2; }
    hello(name, options) { return `js ${super.hello(name)} ${this.#secret} ${options?.loud ?? ''}`; }
    get doubled() { return this.x * 2; }
    set doubled(value) { this.x = value / 2; }
    async later() { await null; return this.x; }
  }
  class Further extends Derived { hello(name) { return `further ${super.hello(name)}`; } }
  return { Derived, Further };
})"""


def test_a_class_of_javascripts_extends_one_of_pythons() -> None:
    async def main() -> None:
        classes = js.eval(DERIVED)(Base)
        made = classes.Derived(3)
        # An object of Python's, which has what JavaScript's class adds.
        assert isinstance(made, Base) and type(made).__name__ == "Derived"
        assert (made.x, made.field, made.extra, made.shared) == (3, 5, 6, "of the class")
        assert made.hello("you") == made.call_hello("you") == "js hello you 3 42 "
        assert made.hello("you", loud="!") == "js hello you 3 42 !"
        assert (made.read("doubled"), await made.later()) == (6, 3)
        made.doubled = 20
        assert (made.x, type(made).kind, vars(made)["extra"]) == (10, "static", 6)
        assert classes.Derived.make().x == 1

        further = classes.Further(4)
        assert further.call_hello("you") == "further js hello you 4 42 "
        assert isinstance(further, type(made)) and not isinstance(made, type(further))

        check = js.function("""({ Derived, Further }, Base, made) => {
          const further = new Further(1);
          return JSON.stringify([
            made instanceof Derived, made instanceof Base, made instanceof Further, further instanceof Derived,
            new Base(1) instanceof Derived, ({}) instanceof Base, made.constructor === Derived, Object.keys(made).join(),
            (made.doubled = 4, made.x), made.hello('it'), Base.prototype.hello(made, 'plain'),
          ]);
        }""")
        assert check(classes, Base, made) == (
            '[true,true,false,true,false,false,true,"x,field,extra",2,"js hello it 2 42 ","hello plain 2"]'
        )

    twinloop.run(main())


def test_python_code_calls_what_a_javascript_class_overrides() -> None:
    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self) -> float: ...

        def __len__(self) -> int:
            return 0

    async def main() -> None:
        protocols = js.eval("""((Protocol, Shape) => {
          class Echo extends Protocol {
            connection_made(transport) { this.transport = transport; }
            data_received(data) { this.transport.write(data); this.transport.close(); }
          }
          class Square extends Shape { area() { return 4; } __len__() { return 7; } __repr__() { return 'Square!'; } }
          class Abstract extends Shape {}
          return { echo: () => new Echo(), square: new Square(), abstract: () => new Abstract() };
        })""")(asyncio.Protocol, Shape)
        square = protocols.square
        assert (square.area(), len(square), repr(square)) == (4, 7, "Square!")
        with pytest.raises(TypeError, match="abstract"):
            protocols.abstract()

        loop = asyncio.get_running_loop()
        server = await loop.create_server(protocols.echo, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"echo")
            assert await reader.read() == b"echo"
            writer.close()

    twinloop.run(main())


def test_a_class_that_cannot_be_extended_says_so() -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="not an acceptable base type"):
            js.function("(C) => new (class D extends C {})()")(type(None))
        with pytest.raises(TypeError, match="cannot extend 'int'"):
            js.function("(C) => new (class D extends C {})(1)")(int)

    twinloop.run(main())


def test_what_a_class_keeps_private_lives_as_long_as_its_object() -> None:
    async def main() -> None:
        made = js.eval("((C) => new (class D extends C { #n = 5; n() { return this.#n; } })(1))")(Base)
        # The proxy would be gone if nothing kept it, and the private field with it.
        js.collect()
        gc.collect()
        js.collect()
        assert made.n() == 5
        gone = weakref.ref(made)
        del made
        for _ in range(3):
            js.collect()
        assert gone() is None

    twinloop.run(main())


def test_instances_are_known_by_their_class() -> None:
    class Meta(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return instance == 5

    class Five(metaclass=Meta):
        pass

    async def main() -> None:
        is_instance = js.function("(value, C) => value instanceof C")
        assert is_instance(Base(1), Base) and is_instance([], list) and is_instance("x", str)
        assert not is_instance({}, Base) and not is_instance(js.eval("[]"), list)
        assert is_instance(5, Five) and not is_instance(6, Five)
        url = js.URL.new("http://localhost/")
        assert isinstance(url, js.URL) and not isinstance(url, js.Map) and not isinstance(3, js.URL)
        assert isinstance(js.eval("new TypeError('x')"), js.TypeError)
        with pytest.raises(js.JsException, match="prototype"):
            isinstance(url, js.eval("() => 1"))

    twinloop.run(main())


def test_a_class_of_pythons_extends_one_of_javascripts() -> None:
    async def main() -> None:
        events: list[Any] = []

        class Target(js.EventTarget):
            label = "default"

            def __init__(self, name: str) -> None:
                super().__init__()
                self.name = name
                self._own = [name]

            def dispatchEvent(self, event: Any) -> Any:
                events.append((self, event.type))
                return super().dispatchEvent(event)

            @property
            def twice(self) -> str:
                return self.name * 2

            @twice.setter
            def twice(self, value: str) -> None:
                self.name = value[: len(value) // 2]

            async def later(self) -> str:
                await asyncio.sleep(0)
                return self.name

        target = Target("it")
        target.addEventListener("x", lambda event: events.append((event.target, "heard")))
        use = js.function("""async (target) => {
          target.dispatchEvent(new Event('x'));
          target.twice = 'abab';
          const was = target.label;
          target.label = 'changed';
          return JSON.stringify([
            target instanceof EventTarget, target.constructor.name, target.name, target.twice, was, await target.later(), '_own' in target,
          ]);
        }""")
        assert await use(target) == '[true,"Target","ab","abab","default","ab",false]'
        assert events == [(target, "x"), (target, "heard")] and events[0][0] is target
        assert (target.name, target.label, target._own, Target.label) == ("ab", "changed", ["it"], "default")
        assert isinstance(target, Target) and isinstance(target, js.EventTarget)
        assert js.function("(value) => value")(target) is target
        del target.name
        assert not hasattr(target, "name")

    twinloop.run(main())


def test_javascript_calls_what_a_python_class_overrides() -> None:
    async def main() -> None:
        stream = js.require("node:stream")

        class Upper(stream.Transform):
            def __init__(self) -> None:
                super().__init__(decodeStrings=False, encoding="utf8")
                self._count = 0

            def _transform(self, chunk: str, _encoding: str, callback: Any) -> None:
                self._count += 1
                self.push(chunk.upper())
                callback()

        upper = Upper()
        upper.write("a")
        upper.end("b")
        assert "".join([chunk async for chunk in upper]) == "AB" and upper._count == 2

        # A method that the parent's constructor calls has its object.
        class Early(js.eval("(class { constructor() { this.told = this.tell(); } tell() { return 'parent'; } })")):
            def tell(self) -> str:
                assert isinstance(self, Early)
                return "child, over " + super().tell()

        assert Early().told == "child, over parent"

        class Further(Early):
            def tell(self) -> str:
                return "further, " + super().tell()

        assert Further().told == "further, child, over parent"

    twinloop.run(main())


def test_an_object_of_two_halves_lives_as_long_as_either() -> None:
    async def main() -> None:
        class Target(js.EventTarget):
            pass

        kept = Target()
        kept._own = 5
        js.globals.kept = kept
        reference = weakref.ref(kept)
        del kept
        js.collect()
        # Python's half is there as long as JavaScript's is.
        assert reference() is js.globals.kept and js.globals.kept._own == 5
        del js.globals.kept
        for _ in range(3):
            js.collect()
        assert reference() is None

    twinloop.run(main())


def test_what_cannot_be_extended_or_used_says_so() -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="no class of JavaScript's"):

            class _Bad(js.eval("() => 1")):
                pass

        class Unmade(js.EventTarget):
            def __init__(self) -> None:
                self.name = "too early"

        with pytest.raises(RuntimeError, match=r"super\(\).__init__\(\)"):
            Unmade()

        class Twice(js.EventTarget):
            def __init__(self) -> None:
                super().__init__()
                super().__init__()

        with pytest.raises(RuntimeError, match="before"):
            Twice()

        class Refused(js.URL):
            pass

        with pytest.raises(js.JsException, match="TypeError"):
            Refused("no url")
        assert Refused("http://localhost/a").pathname == "/a"

    twinloop.run(main())


def test_python_makes_objects_of_a_class_of_javascripts() -> None:
    async def main() -> None:
        made = js.eval("""((Base) => class Made extends Base {
          static made = 0;
          static #secret = 's';
          static get count() { return Made.made; }
          static told() { return this.#secret; }
          #own = 7;
          constructor(x) { super(x); Made.made += 1; }
          own() { return this.#own; }
        })""")(Base)
        # To Python it is the class, whose call is JavaScript's constructor.
        assert isinstance(made, type) and issubclass(made, Base)
        first = made(5)
        assert (first.x, first.own(), type(first)(6).own(), made.count, made.told()) == (5, 7, 7, 2, "s")
        assert (
            js.function("(M, first) => first instanceof M && first.constructor === M && M.name")(made, first) == "Made"
        )
        assert vars(first) == {"x": 5} and isinstance(first, made)
        assert js.function("(M) => M")(made) is made

        class Further(made):  # type: ignore[misc, valid-type]
            pass

        assert Further(1).hello("you") == "hello you 1"

    twinloop.run(main())


def test_a_class_method_has_the_class_that_extends() -> None:
    class Parsed:
        def __init__(self, text: str = "") -> None:
            self.text = text

        @classmethod
        def parse(cls, text: str) -> Any:
            return cls(text)

    async def main() -> None:
        result = js.function("""(Parsed) => {
          class Mine extends Parsed { loud() { return this.text.toUpperCase(); } }
          const mine = Mine.parse('text');
          return [mine instanceof Mine, mine.loud()].join();
        }""")(Parsed)
        assert result == "true,TEXT"

    twinloop.run(main())


def test_super_reads_writes_and_calls() -> None:
    class Tuned:
        def __init__(self) -> None:
            self._level = 1

        @property
        def level(self) -> int:
            return self._level

        @level.setter
        def level(self, value: int) -> None:
            self._level = value

    async def main() -> None:
        result = js.function("""(Tuned, list) => {
          class Mine extends Tuned {
            get level() { return super.level * 10; }
            set level(value) { super.level = value + 1; super.other = value; }
          }
          class Many extends list { push(x) { return super.push(x * 10); } sum() { return this.reduce((a, b) => a + b, 0); } }
          const mine = new Mine();
          mine.level = 4;
          const many = new Many([1]);
          many.push(2);
          return JSON.stringify([mine.level, mine._level, mine.other, [...many], many.sum(), Array.isArray(many), many instanceof Many]);
        }""")(Tuned, list)
        assert result == "[50,5,4,[1,20],21,true,true]"

    twinloop.run(main())


def test_what_a_javascript_class_can_do_its_python_class_can() -> None:
    async def main() -> None:
        class Table(js.Map):
            pass

        table = Table()
        table["x"] = 1
        table.set("y", 2)
        assert (len(table), "x" in table, list(table), dict(table), table.get("z", 0)) == (
            2,
            True,
            ["x", "y"],
            {"x": 1, "y": 2},
            0,
        )
        assert isinstance(table, MutableMapping) and js.to_py(table) == {"x": 1, "y": 2}

        class Row(js.Array):
            def double(self) -> Any:
                return self.map(lambda value, *_: value * 2)

        row = Row.of(1, 2, 3)
        assert isinstance(row, Row) and isinstance(row, MutableSequence)
        row.append(4)
        assert (len(row), row[0], row[-1], list(row[1:3]), 3 in row) == (4, 1, 4, [2, 3], True)
        # JavaScript makes another by the object's constructor, which is Python's class.
        assert isinstance(row.double(), Row) and list(row.double()) == [2, 4, 6, 8]

        class Later(js.Promise):
            pass

        assert await Later.resolve(5) == 5 and inspect.isawaitable(Later.resolve(5))

        class Held(js.eval("(class { [Symbol.dispose]() { globalThis.disposed = true; } })")):
            pass

        with Held():
            pass
        assert js.disposed

        with pytest.raises(js.JsException, match="extend Exception"):

            class _Raised(js.Error):
                pass

    twinloop.run(main())


def test_javascript_has_the_class_as_one_of_its_own() -> None:
    async def main() -> None:
        class Component(js.eval("(class { static isComponent = true; render() { return 'parent'; } })")):
            def __init__(self, text: str = "") -> None:
                super().__init__()
                self.text = text

            def render(self) -> str:
                return f"{super().render()} {self.text}"

        result = js.function("""(C, made) => {
          const own = new C('own');
          let refused = '';
          try { new (class Q extends C {})(); } catch (error) { refused = error.message; }
          return JSON.stringify([C.name, C.isComponent, own.render(), own instanceof C, made.constructor === C, refused]);
        }""")
        assert result(Component, Component("it")) == (
            '["Component",true,"parent own",true,true,"Component of Python\'s, which extends a class of JavaScript\'s, '
            'cannot be extended in JavaScript again"]'
        )
        assert js.function("(C) => C")(Component) is Component and Component.isComponent is True

    twinloop.run(main())


def test_an_exception_of_a_class_of_javascripts_is_itself() -> None:
    async def main() -> None:
        assert (
            js.function("""(ValueError, through) => {
          class Mine extends ValueError { code = 5; }
          const thrown = new Mine('text');
          try { through(() => { throw thrown; }); } catch (caught) { return caught === thrown && caught instanceof Mine && caught.code; }
        }""")(ValueError, lambda f: f())
            == 5
        )

    twinloop.run(main())


def test_what_a_derived_class_writes_is_its_own() -> None:
    # `D.registry = ...` set an attribute of Python's class, for all who use it.
    class Plain:
        registry = "of Python"

        async def handle(self) -> str:
            return "python"

    async def main() -> None:
        made = js.function("""(Plain) => {
          class Mine extends Plain {
            static count() { this.counted = (this.counted ?? 0) + 1; return this.counted; }
            async handle() { return 'js'; }
          }
          Mine.prototype.value = 0;
          Mine.registry = 'of Mine';
          Mine.count();
          const child = Object.create(new Mine());
          child.own = 5;
          return [Mine.registry, Mine.count(), child.own, new Mine()];
        }""")(Plain)
        assert (made[0], made[1], made[2], made[3].value) == ("of Mine", 2, 5, 0)
        assert Plain.registry == "of Python" and not hasattr(Plain, "counted")
        # As a coroutine function, which frameworks insist on.
        assert inspect.iscoroutinefunction(type(made[3]).handle) and await asyncio.create_task(made[3].handle()) == "js"

    twinloop.run(main())


def test_what_is_no_class_of_pythons_cannot_be_extended_and_says_what_it_is() -> None:
    async def main() -> None:
        make = js.function("(Parent) => { class Derived extends Parent {} return new Derived(); }")
        for parent, text in (
            (Base.hello, "<function Base.hello"),
            (len, "<built-in function len>"),
            (Base(1).hello, "<bound method Base.hello"),
            (functools.partial(int, "1"), "functools.partial"),
        ):
            with pytest.raises(
                js.JsException, match=f"TypeError: Python's {text}.* is no class: JavaScript's Derived cannot extend it"
            ):
                make(parent)
        # A call of JavaScript's with `new`, also through a Proxy, is a call.
        assert js.function("(f) => [...new f(2), ...new (new Proxy(f, {}))(3)].join()")(lambda n: [n]) == "2,3"
        assert js.function("(f) => !f.prototype && !('prototype' in f)")(len)

    twinloop.run(main())


def test_an_object_of_a_derived_class_has_properties_under_symbols() -> None:
    async def main() -> None:
        made = js.function("""(Base) => {
          'use strict';
          const field = Symbol('field'), written = Symbol('written'), fixed = Symbol('fixed'), counted = Symbol('counted');
          let count = 0;
          class Derived extends Base {
            [field] = 1;
            set [counted](value) { count += value; }
            get [Symbol.toStringTag]() { return 'Derived'; }
            static [field] = 'static';
          }
          Derived[written] = 'on the class';
          const derived = new Derived(5);
          derived[written] = 2;
          derived[written] += 1;
          derived[counted] = 4;
          Object.defineProperty(derived, fixed, { value: 6 });
          const refused = Reflect.set(derived, fixed, 7);
          const listed = Object.getOwnPropertySymbols(derived).map((symbol) => symbol.description).join();
          const child = Object.create(derived);
          child[written] = 'child';
          const kept = () => JSON.stringify([derived[field], derived[written], derived[fixed], field in derived]);
          const before = kept();
          const deleted = [delete derived[field], field in derived, delete derived[field], Reflect.deleteProperty(derived, fixed)];
          return { derived, written, before, rest: JSON.stringify([count, refused, listed, child[written], Object.prototype.toString.call(derived),
            Derived[field], Derived[written], deleted]) };
        }""")(Base)
        assert made["before"] == "[1,3,6,true]"
        assert (
            made["rest"]
            == '[4,false,"field,written,fixed","child","[object Derived]","static","on the class",[true,false,true,false]]'
        )
        # They live as long as the object, and Python lists none of them.
        derived, written = made["derived"], made["written"]
        assert vars(derived) == {"x": 5}
        del made
        js.collect()
        assert js.function("(derived, written) => derived[written]")(derived, written) == 3
        # Any other object of Python's has no place for them.
        with pytest.raises(js.JsException, match="returned false for property 'Symbol"):
            js.function("(object, symbol) => { 'use strict'; object[symbol] = 1; }")(Base(1), written)

    twinloop.run(main())


def test_keyword_arguments_reach_pythons_constructor_through_javascripts() -> None:
    # json.dumps(cls=D) calls it with nothing else.
    @dataclasses.dataclass
    class Point:
        x: int
        y: Any = None

    async def main() -> None:
        encoder = js.function("(Base) => class extends Base { default(value) { return `a ${value.type}`; } }")(
            json.JSONEncoder
        )
        assert json.dumps({"a": {1}}, cls=encoder, indent=None) == '{"a": "a set"}'
        made = js.function("""(Point) => ({
          Plain: class Plain extends Point { get sum() { return this.x + this.y; } },
          Reading: class Reading extends Point {
            constructor(x, options) { super(x, options); this.seen = JSON.stringify(options); options.y = 0; }
          },
          Choosing: class Choosing extends Point { constructor({ x }) { super(x, 1); } },
        })""")(Point)
        plain = made["Plain"](x=1, y=2)
        assert (plain.sum, dataclasses.replace(plain, y=5).sum, made["Plain"](3, y=4).sum) == (3, 6, 7)
        reading = made["Reading"](1, y=[2])
        assert (reading.y, reading.seen) == ([2], '{"y":[2]}')
        assert made["Choosing"](x=7).x == 7
        with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
            made["Plain"](x=1, z=2)

    twinloop.run(main())


def test_a_stream_of_pythons_ends_with_null() -> None:
    async def main() -> None:
        stream = js.require("node:stream")

        class Two(stream.Readable):
            def __init__(self) -> None:
                super().__init__(encoding="utf8")
                self._left = ["a", "b"]

            def _construct(self, callback: Any) -> None:
                callback()

            def _read(self, _size: int) -> None:
                self.push(self._left.pop(0) if self._left else js.null)

        assert "".join([chunk async for chunk in Two()]) == "ab"
        assert js.function("(value) => value === null")(js.null) and not js.null and repr(js.null) == "null"

    twinloop.run(asyncio.wait_for(main(), 30))


def test_a_float_that_python_wrote_stays_a_float_to_python() -> None:
    async def main() -> None:
        parent = js.eval(
            "(class C { constructor() { this.whole = 1; } halve() { this.scale /= 2; return this.scale; } })"
        )

        class Scaled(parent):  # type: ignore[misc]
            ratio = 2.0

            def __init__(self) -> None:
                super().__init__()
                self.scale = 4.0

        def kinds(*names: str) -> list[type]:
            return [type(getattr(scaled, name)) for name in names]

        scaled = Scaled()
        assert kinds("scale", "ratio", "whole") == [float, float, int]
        assert js.function("(s) => [s.scale, s.ratio].every(Number.isInteger)")(scaled)
        # What JavaScript makes of it is JavaScript's, and an int that Python writes is one.
        scaled.halve()
        scaled.ratio = 2
        assert kinds("scale", "ratio") == [int, int]
        scaled.ratio = 3.0
        scaled.whole = 5.0
        js.function("(s) => { s.whole = true; }")(scaled)
        assert kinds("ratio", "whole") == [float, bool]

    twinloop.run(main())
