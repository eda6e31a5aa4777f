"""``progress``: what a function tells of itself while it runs in a pool."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any


class JobCancelled(BaseException):
    """Raised in a function that runs in a pool's thread, by ``progress``, when nobody wants its result any more."""


#: Tells the pool, and raises if the job was cancelled. Not set outside of a pool.
report: ContextVar[Callable[[Any], None]] = ContextVar("twinloop_pool_report")


def progress(value: Any = None) -> None:
    """Tell how far the call is, in whatever words: ``async for`` over the job gives them. In a thread this is also where a cancelled job ends.

    Does nothing in a function that no pool runs.
    """
    tell = report.get(None)
    if tell is not None:
        tell(value)
