"""``JSON.stringify`` of Python objects: what JSON can say is said, and anything else is an error that tells what to write instead."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import json
import pathlib
import types
import uuid
from typing import Any

import pytest
import twinloop
from twinloop import js


class Fields:
    kind = "of the class"

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    @property
    def computed(self) -> int:
        return 1

    def method(self) -> None: ...


@dataclasses.dataclass
class Point:
    x: int
    y: Any


@dataclasses.dataclass(slots=True)
class Slotted:
    x: int


class Money:
    def toJSON(self, key: str) -> Any:  # noqa: N802
        return {"money": decimal.Decimal("1.5") if key == "broken" else 2, "key": key}


class Colour(enum.Enum):
    RED = 1


class Size(enum.IntEnum):
    BIG = 3


Pair = collections.namedtuple("Pair", "left right")
utc = datetime.UTC

FORMS: list[tuple[Any, Any]] = [
    (
        {"a": None, "b": [None, (1, 2.5)], "c": True, "d": "ä\ud800"},
        {"a": None, "b": [None, [1, 2.5]], "c": True, "d": "ä\ud800"},
    ),
    ([None], [None]),
    ((1, [2, {"x": 3}]), [1, [2, {"x": 3}]]),
    ({True: "z", 2.5: "y", 3: "x", None: "n"}, {"true": "z", "2.5": "y", "3": "x", "null": "n"}),
    ({}, {}),
    (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    (types.MappingProxyType({"a": Point(1, None)}), {"a": {"x": 1, "y": None}}),
    (collections.ChainMap({"a": 1}, {"b": 2}), {"b": 2, "a": 1}),
    (collections.deque([1, 2]), [1, 2]),
    (Pair(1, None), [1, None]),
    (datetime.date(2020, 1, 2), "2020-01-02"),
    (datetime.time(3, 4), "03:04:00"),
    (datetime.datetime(2020, 1, 2, 3, 4, 5, 6, utc), "2020-01-02T03:04:05.000006+00:00"),
    ([datetime.date(2020, 1, 2)], ["2020-01-02"]),
    (Point(1, [Slotted(2)]), {"x": 1, "y": [{"x": 2}]}),
    (Fields(a=1, b=Fields(c=None), __private=1), {"a": 1, "b": {"c": None}}),
    (types.SimpleNamespace(a=[1]), {"a": [1]}),
    ([Size.BIG], [3]),
    ({"f": len, "g": [lambda: 1, Point, functools.partial(len)]}, {"g": [None, None, None]}),
    (Money(), {"money": 2, "key": ""}),
    ([Money(), {"m": Money()}], [{"money": 2, "key": "0"}, {"m": {"money": 2, "key": "m"}}]),
    (float("nan"), None),
]


@pytest.mark.parametrize(("value", "form"), FORMS, ids=lambda value: type(value).__name__)
def test_a_python_value_has_the_json_that_it_says(value: Any, form: Any) -> None:
    # None was left out of a dict, and a dataclass was whatever attributes it has.
    async def main() -> Any:
        stringify = js.eval("JSON.stringify")
        return json.loads(stringify(value)), json.loads(stringify([value]).encode("utf-8", "surrogatepass"))

    alone, within = twinloop.run(main())
    if not isinstance(value, Money):
        assert within == [form]
    assert alone == form


def test_an_object_of_attrs_has_the_json_of_its_fields() -> None:
    # Its classes have slots and no `__dict__`: it was refused.
    attrs = pytest.importorskip("attrs")

    async def main() -> Any:
        point = attrs.make_class("Point", ["x", "y"])
        return js.JSON.stringify([point(1, None), {"at": point(2, (3,))}])

    assert twinloop.run(main()) == '[{"x":1,"y":null},{"at":{"x":2,"y":[3]}}]'


REFUSED: list[tuple[Any, str]] = [
    (decimal.Decimal("1.5"), r"a Python Decimal has no form in JSON; .*: str\(value\) or float\(value\)"),
    (fractions.Fraction(1, 3), "Fraction.*float"),
    (3 + 4j, r"complex.*\[value.real, value.imag\]"),
    (b"ab", r"bytes.*value\.hex\(\)"),
    (bytearray(b"ab"), "bytearray"),
    (memoryview(b"ab"), "memoryview"),
    (array.array("i", [1]), "array"),
    (range(3), r"range.*list\(value\)"),
    ({1, 2}, r"set.*list\(value\)"),
    (frozenset(), "frozenset"),
    ((n for n in [1]), r"generator.*list\(value\)"),
    (datetime.timedelta(1), r"timedelta.*total_seconds\(\)"),
    (Colour.RED, "Colour.*its name or its value"),
    (uuid.UUID(int=1), r"UUID.*str\(value\)"),
    (pathlib.PurePosixPath("/a"), r"PurePosixPath.*str\(value\)"),
    (object(), r"object.*toJSON\(self, key\)"),
    (json, "module"),
    ({(1, 2): 3}, "a dict's key is a str or a number, not tuple"),
    ({"a": [{"b": decimal.Decimal(1)}]}, "Decimal"),
    ({"broken": Money()}, "Decimal"),
    (2**70, "BigInt"),
]


@pytest.mark.parametrize(("value", "message"), REFUSED, ids=lambda value: type(value).__name__)
def test_what_json_cannot_say_is_a_type_error_that_says_what_to_write(value: Any, message: str) -> None:
    # A Decimal ran for minutes: its `real` and `imag` are Decimals with a `real` and `imag` of their own. A datetime was
    # "cyclic object value", bytes and a range were objects of their methods.
    async def main() -> None:
        for stringify in ("JSON.stringify", "(v) => JSON.stringify([v])", "(v) => JSON.stringify({ v })"):
            with pytest.raises(js.JsException, match=message) as caught:
                js.eval(stringify)(value)
            assert caught.value.name == "TypeError"

    twinloop.run(main())


def test_a_cycle_is_a_type_error_and_any_depth_is_converted() -> None:
    async def main() -> None:
        cycle: list[Any] = []
        cycle.append({"back": cycle})
        with pytest.raises(js.JsException, match=r"(?i)TypeError: .*cycl"):
            js.eval("JSON.stringify")(cycle)
        fields = Fields()
        fields.__dict__["self"] = fields
        with pytest.raises(js.JsException, match=r"(?i)TypeError: .*cycl"):
            js.eval("JSON.stringify")(fields)
        shared = [1]
        assert js.eval("JSON.stringify")([shared, shared]) == "[[1],[1]]"
        nested: list[Any] = [None]
        for _ in range(100_000):
            nested = [nested]
        count = js.eval("(l) => { let n = 0; for (let c = l.toJSON(''); c !== null; c = c[0]) n++; return n; }")
        assert count(nested) == 100_001
        while nested != [None]:
            (nested,) = nested

    twinloop.run(main())


def test_javascript_values_in_a_python_structure_keep_their_own_json() -> None:
    async def main() -> None:
        values = js.eval(
            "({ date: new Date(0), map: { toJSON: (key) => `asked for ${key}` }, f() {}, list: [undefined] })"
        )
        text = js.eval("JSON.stringify")({"date": values.date, "map": values.map, "f": values.f, "list": values.list})
        assert json.loads(text) == {"date": "1970-01-01T00:00:00.000Z", "map": "asked for map", "list": [None]}
        replaced = js.eval("(d) => JSON.stringify(d, (key, value) => (key === 'b' ? undefined : value), 1)")(
            {"a": 1, "b": 2}
        )
        assert replaced == '{\n "a": 1\n}'
        own = js.eval("(d) => JSON.stringify(d)")({"toJSON": js.eval("() => 'own'"), "a": 1})
        assert own == '"own"'

    twinloop.run(main())


def test_the_properties_of_a_python_object_are_its_fields() -> None:
    # All that `dir` lists was its own, so a walk over a number's properties never ended.
    async def main() -> None:
        keys = js.eval(
            "(v) => { const names = []; for (const name in v) names.push(name); return [Object.keys(v).join(), names.join()]; }"
        )
        for value, expected in [
            (Fields(a=1, _b=2), "a,_b"),
            (Slotted(1), "x"),
            (Point(1, 2), "x,y"),
            (decimal.Decimal(1), ""),
            (datetime.datetime(2020, 1, 1), ""),
            (3 + 4j, ""),
            ({"a": 1, 2: 3}, "a"),
            (Fields, "computed,kind,method"),
        ]:
            assert list(keys(value)) == [expected, expected], value
        walk = js.eval(
            "(v) => { let n = 0; const walk = (o) => { for (const k of Object.keys(o)) { n++; walk(Object(o[k])); } }; walk(v); return n; }"
        )
        assert walk(decimal.Decimal("1.5")) == walk(datetime.datetime(2020, 1, 1)) == walk(range(3)) == 0
        about = js.eval(
            "(v) => [Object.hasOwn(v, 'a'), Object.hasOwn(v, 'method'), 'method' in v, typeof v.method, JSON.stringify({ ...v })].join()"
        )
        assert about(Fields(a=1)) == 'true,false,true,function,{"a":1}'

    twinloop.run(main())
