"""The methods of Python's mutable mappings, for a JavaScript Map: those that Maps do not have, and ``get``, which knows no default there.

``keys``, ``values`` and ``clear`` are the Map's own.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

_NOTHING = object()


def pop(made: Any, key: Any, default: Any = _NOTHING) -> Any:
    try:
        value = made[key]
    except KeyError:
        if default is _NOTHING:
            raise
        return default
    del made[key]
    return value


METHODS = {
    "get": MutableMapping.get,
    "items": MutableMapping.items,
    "pop": pop,
    "popitem": MutableMapping.popitem,
    "setdefault": MutableMapping.setdefault,
    "update": MutableMapping.update,
}
