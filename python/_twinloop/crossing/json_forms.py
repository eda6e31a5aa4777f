"""The JSON form of a Python object, for JavaScript's ``JSON.stringify``.

The bridge (``crates/runtime/src/crossing/json.rs``) walks lists, tuples and dicts and converts str and numbers itself; here is what
anything else is to it. Loaded when the first such value is asked for.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import inspect
import types
from typing import Any

from _twinloop._native import JsInstance, JsProxy

# What may be written instead of a value that has no form, by its class; the first that fits.
_INSTEAD: list[tuple[Any, str]] = [
    (enum.Enum, "its name or its value"),
    ((decimal.Decimal, fractions.Fraction), "str(value) or float(value)"),
    (complex, "[value.real, value.imag]"),
    (datetime.timedelta, "value.total_seconds()"),
    ((bytes, bytearray, memoryview), "list(value), value.hex() or its base64"),
    (collections.abc.Iterable, "list(value)"),
]


def form_of(value: Any, key: str, *, asked: bool = False) -> tuple[str, Any]:
    """What ``JSON.stringify`` makes of ``value``, which stands under ``key``.

    ``("value", form)`` where the form is a str, a number, a list, tuple or dict, a ``JsProxy`` or None; ``("absent", None)`` for
    what JavaScript leaves out as it does functions; ``("none", advice)`` for what has no form. ``asked`` is true when ``value``
    is itself what a method ``toJSON`` gave, which is not asked again.
    """
    if value is None or isinstance(value, (str, int, float, list, tuple, dict, JsProxy)):
        return "value", value
    # What is of JavaScript's in another form.
    if isinstance(value, JsInstance):
        return "value", value.__twinloop_half__
    js_error = getattr(value, "js_error", None) if isinstance(value, BaseException) else None
    if isinstance(js_error, JsProxy):
        return "value", js_error
    to_json = None if asked or isinstance(value, type) else getattr(value, "toJSON", None)
    if callable(to_json):
        return form_of(to_json(key), key, asked=True)
    if isinstance(value, (datetime.date, datetime.time)):
        return "value", value.isoformat()
    if isinstance(value, (type, functools.partial)) or inspect.isroutine(value):
        return "absent", None
    if isinstance(value, collections.abc.Mapping):
        return "value", {name: value[name] for name in value}
    if not _is_opaque(value):
        if isinstance(value, collections.abc.Sequence):
            return "value", list(value)
        if dataclasses.is_dataclass(value):
            return "value", {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        # Of attrs, whose objects have no `__dict__` unless they are asked to.
        if isinstance(described := getattr(type(value), "__attrs_attrs__", None), tuple):
            return "value", {field.name: getattr(value, field.name) for field in described}
        fields = getattr(value, "__dict__", None)
        if isinstance(fields, dict):
            return "value", {name: fields[name] for name in fields if isinstance(name, str) and name[:2] != "__"}
    instead = next((advice for kind, advice in _INSTEAD if isinstance(value, kind)), None)
    return "none", instead or "str(value), or give its class a method toJSON(self, key)"


def _is_opaque(value: Any) -> bool:
    """Whether neither a value's items nor its fields say what it is."""
    if isinstance(value, (range, enum.Enum, decimal.Decimal, fractions.Fraction, types.ModuleType)):
        return True
    try:
        memoryview(value).release()
    except TypeError:
        return False
    return True
