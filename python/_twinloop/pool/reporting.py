"""``progress``: what a function tells of itself while it runs in a pool."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple


class JobCancelled(BaseException):
    """Raised by ``progress`` in a function that runs in a pool's thread, when nobody wants its result any more. No Exception, so that only who means it catches it."""


class Reporter(NamedTuple):
    """What a function that runs in a pool knows of who waits for it."""

    #: Tells of a step, and raises if the job was cancelled.
    tell: Callable[[Any], None]
    #: Whether it was.
    is_cancelled: Callable[[], bool]


#: Not set outside of a pool.
CURRENT: ContextVar[Reporter] = ContextVar("twinloop_pool_reporter")


def progress(value: Any = None) -> None:
    """Tell how far the call is, in whatever words: ``async for`` over the job gives them. In a thread this is also where a cancelled job ends.

    Does nothing in a function that no pool runs.
    """
    reporter = CURRENT.get(None)
    if reporter is not None:
        reporter.tell(value)


def is_cancelled() -> bool:
    """Whether nobody waits for the call any more; False in a process, which is killed then, and in a function that no pool runs."""
    reporter = CURRENT.get(None)
    return reporter is not None and reporter.is_cancelled()
