"""The rules by which JavaScript uses Python's objects, one a case; docs/design/bridge-rules.md says where they are those of other bridges."""

from __future__ import annotations

import collections
import decimal
import enum
import fractions
import io
import operator
import pathlib
import uuid
from typing import Any

import pytest
import twinloop
from twinloop import js


class Box:
    shared = 42

    def __init__(self) -> None:
        self.own = 1

    def double(self, value: int) -> int:
        return 2 * value

    @property
    def broken(self) -> None:
        raise LookupError("on purpose")


class Named:
    name, length, caller, prototype, type, arguments = "me", 7, "c", "p", "t", "a"

    def __call__(self, value: int) -> int:
        return value + 1


class Slots:
    __slots__ = ("a",)


class Color(enum.Enum):
    RED = "r"


class Level(enum.IntEnum):
    HIGH = 3


class Unready:
    def __iter__(self) -> Any:
        raise ArithmeticError("not now")


def give(*values: Any) -> tuple[Any, ...]:
    return values


def point(x: int = 2, y: int = 3) -> tuple[int, int]:
    return x, y


def counting() -> Any:
    total = 0
    for _ in range(2):
        total += yield total
    return "end"


def failing() -> Any:
    yield 1
    raise ValueError("hi")


Pair = collections.namedtuple("Pair", "x y")

# A claim, what JavaScript does with Python's values, how those are made, and what it gives as text.
RULES: list[tuple[str, str, Any, str]] = [
    ("attributes are properties, and a class's are inherited", "(b) => [b.own, b.shared, 'shared' in b, 'none' in b, b.none, Object.keys(b)]", lambda: (Box(),), '[1,42,true,false,null,["own"]]'),
    ("own properties are the object's, not its class's", "(b) => ['own', 'shared'].map((name) => Object.hasOwn(b, name))", lambda: (Box(),), "[true,false]"),
    ("writing and deleting reach Python", "(b) => { b.more = 3; const was = b.more; delete b.more; return [was, 'more' in b]; }", lambda: (Box(),), "[3,false]"),
    ("what a property raises is thrown", "(b) => { try { b.broken; } catch (e) { return [e.name, e.message, e instanceof Error]; } }", lambda: (Box(),), '["LookupError","on purpose",true]'),
    ("a method that is taken off keeps its self", "(b) => { const f = b.double; return [f(1), f.call({}, 2), f.apply(null, [3]), f.bind(null, 4)()]; }", lambda: (Box(),), "[2,4,6,8]"),
    ("the receiver is no argument", "(f) => ({ f }).f().length", lambda: (give,), "0"),
    ("apply takes what JavaScript's takes", "(f) => [undefined, null, {}, { 0: 1, length: 2 }, [1, 7]].map((list) => f.apply(undefined, list))", lambda: (give,), "[[],[],[],[1,null],[1,7]]"),
    ("callKwargs takes the names from the last object", "(f) => [f.callKwargs({}), f.callKwargs(7, {}), f.callKwargs({ y: 4 })]", lambda: (point,), "[[2,3],[7,3],[2,4]]"),
    ("callKwargs without names says so", "(f) => { try { f.callKwargs(); } catch (e) { return [e.name, e.message.includes('keyword arguments')]; } }", lambda: (point,), '["TypeError",true]'),
    ("an argument too many is Python's error", "(f) => { try { f(1, 2, 3); } catch (e) { return [e.name, e.message.includes('takes from 0 to 2')]; } }", lambda: (point,), '["TypeError",true]'),
    ("functions and classes are functions", "(f, C, o) => [f, C, o].map((x) => [typeof x, x instanceof Function, x instanceof Object])", lambda: (len, Box, Box()), '[["function",true,true],["function",true,true],["object",false,true]]'),
    ("a function has Function's methods", "(f) => ['apply', 'bind', 'call'].map((name) => typeof f[name])", lambda: (len,), '["function","function","function"]'),
    ("attributes win over what functions have", "(n) => [n.name, n.length, n.caller, n.prototype, n.type, n.arguments, n(7)]", lambda: (Named(),), '["me",7,"c","p","t","a",8]'),
    ("new and a call make the same", "(C) => [new C().own, C().own]", lambda: (Box,), "[1,1]"),
    ("one object is one object, in Map and WeakMap too", "(a, b) => [a === b, new Map([[a, 1]]).get(b), new WeakMap([[a, 2]]).get(b)]", lambda: (operator, operator), "[true,1,2]"),
    ("objects are equal only to themselves", "(a, b) => [a == b, a === a, Object.is(a, a)]", lambda: (decimal.Decimal(1), decimal.Decimal(1)), "[false,true,true]"),
    ("the text is Python's", "(...all) => all.map(String)", lambda: (decimal.Decimal("1.50"), fractions.Fraction(1, 2), uuid.UUID(int=5), pathlib.PurePosixPath("/a"), 1 + 2j, Color.RED), '["1.50","1/2","00000000-0000-0000-0000-000000000005","/a","(1+2j)","Color.RED"]'),
    ("Number asks Python", "(...all) => all.map(Number)", lambda: (decimal.Decimal("1.5"), fractions.Fraction(1, 2)), "[1.5,0.5]"),
    ("a member of an Enum is an object, of an IntEnum a number", "(c, l) => [c.name, c.value, typeof l, l]", lambda: (Color.RED, Level.HIGH), '["RED","r","number",3]'),
    ("type is the name of the class", "(...all) => all.map((x) => x.type)", lambda: (Box(), len, io, b""), '["Box","builtin_function_or_method","module","bytes"]'),
    ("toString of Object tells data from the rest", "(...all) => all.map((x) => Object.prototype.toString.call(x).slice(8, -1))", lambda: ({}, [], (1,), set(), Box()), '["Object","Array","Array","PyProxy","PyProxy"]'),
    ("valueOf is the object", "(d, o) => [d.valueOf() === d, o.valueOf() === o]", lambda: ({}, Box()), "[true,true]"),
    ("a thrown exception is an Error, one that is passed an object", "(e) => { try { throw e; } catch (caught) { return [e instanceof Error, caught === e]; } }", lambda: (ValueError("x"),), "[false,true]"),
    ("what iter raises is thrown when the loop begins", "(u) => { try { for (const x of u); } catch (e) { return [e.name, e.message]; } }", lambda: (Unready(),), '["ArithmeticError","not now"]'),
    ("next sends, and the return value comes with the end", "(g) => [g.next(), g.next(5), g.next(6), g.next()]", lambda: (counting(),), '[{"done":false,"value":0},{"done":false,"value":5},{"done":true,"value":"end"},{"done":true}]'),
    ("a generator that raised is over", "(g) => [g.next().value, (() => { try { g.next(); } catch (e) { return e.name; } })(), g.next().done]", lambda: (failing(),), '[1,"ValueError",true]'),
    ("an iterator goes on where a loop left it", "(i) => { for (const x of i) break; return [...i]; }", lambda: (iter([1, 2, 3]),), "[2,3]"),
    ("a mapping that is no dict has get and its keys", "(c) => [c.get('a'), [...c].sort(), c.has('b'), c.length]", lambda: (collections.ChainMap({"a": 2}, {"b": 3}),), '[2,["a","b"],true,2]'),
    ("a set has has and is iterated", "(s) => [s.has(1), s.has('x'), [...s], s.size]", lambda: ({1},), "[true,false,[1],1]"),
    ("a range has an Array's methods and is none", "(r) => [Array.isArray(r), r.length, r[1], r.at(-1), r.map((n) => 2 * n), [...r]]", lambda: (range(3),), "[false,3,1,2,[0,2,4],[0,1,2]]"),
    ("a dict is read by its string keys", "(d) => [d[1], d['1'], Object.keys(d), 1 in d, d.$get(1)]", lambda: ({1: "int", "1": "text", "items": 0},), '["text","text",["1","items"],true,"int"]'),
    ("a key that begins with a dollar is a key", "(d) => [d.$dollar, d.items]", lambda: ({"$dollar": 8, "items": 9},), "[8,9]"),
    ("a key of a dict's wins over what every object has", "(d) => [d.toString, d.constructor, d.hasOwnProperty]", lambda: ({"toString": 1, "constructor": 2, "hasOwnProperty": 3},), "[1,2,3]"),
    ("keys have the dict's order", "(d) => Object.keys(d)", lambda: ({"b": 1, "2": 2, "a": 3, "1": 4},), '["b","2","a","1"]'),
    ("assign, entries and structuredClone know a dict", "(d) => [Object.assign(d, { b: 2 }), Object.entries(d), structuredClone(d)]", lambda: ({"a": 1},), '[{"a":1,"b":2},[["a",1],["b",2]],{"a":1,"b":2}]'),
    ("keys that are added while a loop runs are not seen by it", "(d) => { for (const key in d) d[key + key] = 1; return Object.keys(d); }", lambda: ({"a": 1},), '["a","aa"]'),
    ("a named tuple has names and indices", "(p) => [p.x, p[1], p.length, Array.isArray(p)]", lambda: (Pair(1, 2),), "[1,2,2,true]"),
    ("a negative index is a name that is not there", "(l) => [l[-1] === undefined, l.at(-1)]", lambda: ([1, 2],), "[true,2]"),
    ("None in a list is undefined", "(l) => [l.includes(undefined), l.includes(null), l.indexOf(undefined)]", lambda: ([None],), "[true,false,0]"),
    ("a list is taken apart and spread", "(l) => { const [a, , b = 7] = l; return [a, b, Math.max(...l), [0].concat(l), [l].flat()]; }", lambda: ([1, 5],), "[1,7,5,[0,1,5],[1,5]]"),
    ("the newer methods of Arrays give Arrays", "(l) => [l.toSorted(), l.with(0, 7), l.toReversed(), l.findLast((n) => n > 1), l.length]", lambda: ([3, 1, 2],), "[[1,2,3],[7,1,2],[2,1,3],2,3]"),
    ("sort is JavaScript's and compares texts", "(l) => l.sort()", lambda: ([10, 9, 1],), "[1,10,9]"),
    ("own names of a list are its indices and length", "(l) => Reflect.ownKeys(l)", lambda: ([5],), '["0","length"]'),
    ("toJs makes Sets and Arrays, and leaves what has no copy", "(s, t, b) => [s.toJs() instanceof Set, t.toJs() instanceof Array, b.toJs() === b]", lambda: ({1}, (1,), Box()), "[true,true,true]"),
    ("toJs with a depth leaves what lies deeper", "(l) => { const copy = l.toJs({ depth: 1 }); return [copy instanceof Array, copy[0] === l[0]]; }", lambda: ([[1]],), "[true,true]"),
    ("operators are functions of Python's", "(op, D, l) => [String(op.add(D('1.1'), D('2.2'))), op.eq(l, python.builtins.list([3, 1])), [...l.get(python.builtins.slice(1, null))]]", lambda: (operator, decimal.Decimal, [3, 1]), '["3.3",true,[1]]'),
    ("a file is used by its methods", "(f) => { f.write('a\\nb'); f.seek(0); return [f.readline(), f.tell(), [...f]]; }", lambda: (io.StringIO(),), '["a\\n",2,["b"]]'),
]  # fmt: skip


@pytest.mark.parametrize(("code", "values", "wanted"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_what_javascript_does_with_an_object(code: str, values: Any, wanted: str) -> None:
    async def main() -> Any:
        return js.JSON.stringify(js.function(code)(*values()))

    assert twinloop.run(main()) == wanted


REFUSALS: list[tuple[str, str, Any, type[Exception], str]] = [
    ("an attribute that a class does not take", "(s) => { 'use strict'; s.b = 1; }", lambda: (Slots(),), AttributeError, "no attribute 'b'"),
    ("deleting what only the class has", "(b) => { 'use strict'; delete b.shared; }", lambda: (Box(),), AttributeError, "shared"),
    ("a property on a list", "(l) => { 'use strict'; l.foo = 1; }", lambda: ([],), AttributeError, "no attribute 'foo'"),
    ("a length that a list cannot have", "(l) => { l.length = 5; }", lambda: ([1],), ValueError, "no holes"),
    ("a dict that is frozen", "Object.freeze", lambda: ({"a": 1},), js.JsException, "preventExtensions"),
    ("another prototype", "(d) => Object.setPrototypeOf(d, null)", lambda: ({},), js.JsException, "setPrototypeOf"),
    ("a symbol as a key of a dict", "(d) => { 'use strict'; d[Symbol.for('q')] = 1; }", lambda: ({},), js.JsException, "Symbol"),
    ("a keyword that a function does not take", "(f) => f.callKwargs({ z: 1 })", lambda: (point,), TypeError, "unexpected keyword argument 'z'"),
    ("what a callback of an Array's method raises", "(f) => [1].forEach(f)", lambda: (lambda *_: [][1],), IndexError, "out of range"),
    ("JSON of a range", "JSON.stringify", lambda: (range(3),), js.JsException, "list(value)"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "values", "error", "text"), [rule[1:] for rule in REFUSALS], ids=[rule[0] for rule in REFUSALS])  # fmt: skip
def test_what_javascript_is_refused(code: str, values: Any, error: type[Exception], text: str) -> None:
    async def main() -> None:
        with pytest.raises(error) as caught:
            js.eval(f"({code})")(*values())
        assert type(caught.value) is error and text in str(caught.value)

    twinloop.run(main())


def test_a_coroutine_can_be_awaited_again_and_gives_the_same() -> None:
    async def double(value: int) -> int:
        return 2 * value

    async def main() -> None:
        code = "async (f) => { const p = f(2); return [typeof p.then, await p, await p, await Promise.all([p, p])]; }"
        assert (await js.eval(code)(double)).to_py() == ["function", 4, 4, [4, 4]]

    twinloop.run(main())


def test_a_function_of_javascripts_gives_python_its_this() -> None:
    async def main() -> None:
        def describe(this: Any, *values: int) -> str:
            return f"{this.name} {sum(values)}"

        method = js.function("(f) => function (...values) { return f(this, ...values); }")(describe)
        assert js.function("(method) => ({ name: 'Ann', method }).method(1, 2)")(method) == "Ann 3"

    twinloop.run(main())
