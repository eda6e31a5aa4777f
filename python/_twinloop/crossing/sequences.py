"""The methods of Python's mutable sequences, for a JavaScript Array: those that Arrays do not have under the same name.

``pop``, ``reverse`` and ``sort`` are Array's own, as every property is that the object has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def append(array: Any, value: Any) -> None:
    array[len(array) :] = [value]


def extend(array: Any, values: Iterable[Any]) -> None:
    array[len(array) :] = list(values)


def insert(array: Any, index: int, value: Any) -> None:
    array[index:index] = [value]


def remove(array: Any, value: Any) -> None:
    del array[Sequence.index(array, value)]


def clear(array: Any) -> None:
    del array[:]


METHODS = {
    "append": append,
    "clear": clear,
    "count": Sequence.count,
    "extend": extend,
    "index": Sequence.index,
    "insert": insert,
    "remove": remove,
}
