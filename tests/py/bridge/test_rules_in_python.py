"""The rules by which Python uses JavaScript's values, one a case; docs/design/bridge-rules.md says where they are those of other bridges."""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import twinloop
from twinloop import js


class Answer(int):
    pass


class Name(str):
    pass


def method(this: js.JsProxy) -> Any:
    detached = this.add
    return detached(1)


def replaced(array: js.JsProxy) -> Any:
    array[-1] = 7
    return array.to_py()


def without(mapping: js.JsProxy) -> Any:
    del mapping["a"]
    return "a" in mapping


def matched(value: js.JsProxy) -> Any:
    match value:
        case [first, *rest]:
            return first, rest


def written(value: js.JsProxy) -> Any:
    value.f = lambda number: number + 1
    return js.function("(o) => o.f(2)")(value)


# A claim, what JavaScript gives, what Python does with it, and what that is.
RULES: list[tuple[str, str, Callable[[Any], Any], Any]] = [
    ("undefined and null are None", "[undefined, null]", lambda both: (both[0], both[1]), (None, None)),
    ("None is undefined", "(x) => x === undefined", lambda f: f(None), True),
    ("a Number without a fraction is an int", "() => [1.0, -0.5, 2 ** 53 - 1]", lambda f: [type(n) for n in f()], [int, float, int]),
    ("a Number beyond the safe integers is a float", "2 ** 53", lambda n: type(n), float),
    ("minus zero keeps its sign", "(x) => x", lambda f: math.copysign(1, f(-0.0)), -1.0),
    ("NaN is no number's equal", "NaN", lambda n: math.isnan(n) and n != n, True),
    ("a BigInt is an int of any size", "2n ** 2000n", lambda n: n == 2**2000, True),
    ("an int beyond the safe ones is a BigInt", "(x) => typeof x", lambda f: [f(2**53 - 1), f(2**53), f(-(2**53))], ["number", "bigint", "bigint"]),
    ("a bool is no number", "(x) => [typeof x, typeof 1]", lambda f: f(True).to_py(), ["boolean", "number"]),
    ("classes derived from int and str are primitives", "(x) => typeof x", lambda f: [f(Answer(42)), f(Name("x"))], ["number", "string"]),
    ("a str of each width is the same text", "(x) => x.length", lambda f: [f("ab"), f("é"), f("碘"), f("🐍"), f("\ufeff")], [2, 1, 1, 2, 1]),
    ("a lone surrogate survives", r"'\ud800'", lambda text: text == "\ud800", True),
    ("a boxed primitive stays an object", "new Number(5)", lambda n: (isinstance(n, js.JsProxy), n.valueOf()), (True, 5)),
    ("a symbol is a key", "[{ [Symbol.for('k')]: 5 }, Symbol.for('k')]", lambda pair: pair[0][pair[1]], 5),
    ("a symbol is true", "Symbol()", bool, True),
    ("0n and the empty text are false", "() => [0n, '', 0, false, null]", lambda f: [bool(x) for x in f()], [False] * 5),
    ("the same object is the same, for hashes too", "(() => { const o = {}; return [o, o, {}]; })()", lambda a: (a[0] == a[1], hash(a[0]) == hash(a[1]), a[0] == a[2]), (True, True, False)),
    ("a property is never equal to its copy", "[1, 2]", lambda a: (a == [1, 2], a.to_py() == [1, 2]), (False, True)),
    ("a property that is undefined is there", "({ a: undefined })", lambda o: (hasattr(o, "a"), hasattr(o, "b"), getattr(o, "b", 5)), (True, False, 5)),
    ("a property called typeof is a property", "({ typeof: 7 })", lambda o: js.function("(o) => o.typeof")(o), 7),
    ("a property with the name of a keyword has an underscore", "({ from: 1, class: 2 })", lambda o: (o.from_, o.class_), (1, 2)),
    ("dir lists properties that are no names too", "Object.assign([1], { abcd: 1, ':': 2 })", lambda a: {"abcd", ":"} <= set(dir(a)), True),
    ("a deleted property is gone", "({ a: 1 })", without, False),
    ("a method keeps its receiver", "({ n: 2, add(x) { return this.n + x; } })", method, 3),
    ("a function of Python's as a property is called", "({})", written, 3),
    ("a function takes any number of arguments", "(function () { return arguments.length; })", lambda f: [f(*range(n)) for n in range(6)], [*range(6)]),
    ("keyword arguments are the last object", "(x, { a = 1, b = 1 } = {}) => [x, a, b]", lambda f: (f(0, b=2).to_py(), f(0).to_py()), ([0, 1, 2], [0, 1, 1])),
    ("a function of Python's comes back as itself", "(x) => x", lambda f: f(string.capwords) is string.capwords, True),
    ("a hole is no item, and None in a copy", "[1, , 2]", lambda a: (a.to_py(), len(a)), ([1, None, 2], 3)),
    ("sequences of both kinds go into sorted, sum, zip and a star", "[3, 1, 2]", lambda a: (sorted(a), sum(a), [*zip(a, "abc", strict=True)][0], [*a]), ([1, 2, 3], 6, (3, "a"), [3, 1, 2])),
    ("reversed begins at the end", "[1, 2, 3]", lambda a: [*reversed(a)], [3, 2, 1]),
    ("index and count are those of a list", "[1, 2, 1]", lambda a: (a.index(1, 1), a.count(1)), (2, 2)),
    ("an item of a typed array is written", "new Uint8Array(2)", replaced, b"\0\7"),
    ("a slice of a typed array", "new Uint8Array([1, 2, 3])", lambda a: [*a[1:]], [2, 3]),
    ("a typed array is a sequence", "new Uint8Array([1, 2, 1])", lambda a: (isinstance(a, Sequence), a.index(2), a.count(1), matched(a)), (True, 1, 2, (1, [2, 1]))),
    ("a getter is not read until it is asked for", "({ get size() { throw new Error('read'); }, get length() { throw new Error('read'); } })", lambda o: hasattr(o, "__len__"), True),
    ("the text of an object is String's", "[[1, [2]], Object.create(null), { toString: null, [Symbol.toStringTag]: 'Tag' }]", lambda a: [str(x) for x in a], ["1,2", "[object Object]", "[object Tag]"]),
    ("an object that cannot be asked for its text has one", "({ toString() { throw new Error('no'); } })", str, "[object Object]"),
    ("a generator is iterated", "(function* () { yield 1; yield* [2, 3]; return 4; })()", list, [1, 2, 3]),
    ("what is new is made by new", "Date", lambda made: made.new(5).getTime(), 5),
]  # fmt: skip


@pytest.mark.parametrize(("code", "use", "wanted"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_what_python_does_with_a_value(code: str, use: Callable[[Any], Any], wanted: Any) -> None:
    async def main() -> Any:
        return use(js.eval(f"({code})"))

    assert twinloop.run(main()) == wanted


def delete_first(value: Any) -> None:
    del value[0]


REFUSALS: list[tuple[str, str, Callable[[Any], Any], type[Exception], str]] = [
    ("an index that is not there", "[]", lambda a: a[0], IndexError, "out of range"),
    ("a negative index that is not there", "[1]", lambda a: a[-2], IndexError, "out of range"),
    ("deleting an index that is not there", "[]", delete_first, IndexError, "out of range"),
    ("a hole", "[1, , 2]", lambda a: a[1], IndexError, ""),
    ("a key that is no index", "[1]", lambda a: a["x"], KeyError, "x"),
    ("a key that a Map does not have", "new Map()", lambda m: m["x"], KeyError, "x"),
    ("a key that an object does not have", "({ a: 1 })", lambda o: o["b"], KeyError, "b"),
    ("a header that is not there", "new Headers()", lambda h: h["x"], KeyError, "x"),
    ("a value that an Array does not have", "[1]", lambda a: a.remove(5), ValueError, ""),
    ("a property that is not there", "({})", lambda o: o.nothing, AttributeError, "nothing"),
    ("deleting a property that is not there", "({})", lambda o: delattr(o, "nothing"), AttributeError, "nothing"),
    ("new of what makes nothing", "() => 1", lambda f: f.new(), TypeError, "not a constructor"),
    ("a class that is called", "class A {}", lambda a: a(), js.JsException, "new"),
    ("a call of what is no function", "({})", lambda o: o(), TypeError, "not callable"),
    ("iterating what cannot be", "new (class A {})()", iter, TypeError, "not iterable"),
    ("a length that is negative", "({ length: -2, [Symbol.iterator]() {} })", len, OverflowError, "length"),
    ("a length that is no whole number", "({ length: 1.5, [Symbol.iterator]() {} })", len, OverflowError, "length"),
    ("a proxy that was revoked", "(() => { const p = Proxy.revocable({}, {}); p.revoke(); return p.proxy; })()", lambda p: p.x, js.JsException, "revoked"),
    ("a list and an Array added", "[1]", lambda a: [0] + a, TypeError, "concatenate"),
    ("a copy by the module copy", "({ a: 1 })", lambda o: __import__("copy").copy(o), TypeError, "pickle"),
    ("arithmetic on an object", "({ valueOf() { return 3; } })", lambda o: o + 1, TypeError, "unsupported operand"),
    ("an order of objects", "new Date(1)", lambda d: d < d, TypeError, "not supported"),
    ("what is thrown and no Error", "() => { throw { a: 1 }; }", lambda f: f(), js.JsException, "object Object"),
    ("null that is thrown", "() => { throw null; }", lambda f: f(), js.JsException, "null"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "use", "error", "text"), [rule[1:] for rule in REFUSALS], ids=[rule[0] for rule in REFUSALS])  # fmt: skip
def test_what_python_is_refused(code: str, use: Callable[[Any], Any], error: type[Exception], text: str) -> None:
    async def main() -> None:
        with pytest.raises(error) as caught:
            use(js.eval(f"({code})"))
        assert type(caught.value) is error and text in str(caught.value)

    twinloop.run(main())


def test_an_error_carries_its_object_and_its_properties() -> None:
    async def main() -> None:
        with pytest.raises(js.JsException) as caught:
            js.eval("(() => { throw Object.assign(new TypeError('x'), { code: 'E' }); })()")
        error = caught.value
        assert (error.name, error.message, error.js_error.code) == ("TypeError", "x", "E")
        assert js.eval("(e) => e instanceof TypeError")(error.js_error) is True

    twinloop.run(main())
