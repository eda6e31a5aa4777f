"""The loop that JavaScript gets before the program runs one: ``js.require`` at the top of a module.

A loop is made and kept, and what the program makes next with ``new_event_loop`` (``twinloop.run``, the policy) is that one, so that
modules which were loaded at the top are there when the program runs. On the main thread only: elsewhere a call before a loop runs is a
mistake, and would start an engine that nobody ends.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_waiting: Any = None
_closes_at_exit = False

# Runs a coroutine on Twinloop's loop although another one runs: a notebook sets it, whose kernel has a loop that cannot be replaced.
elsewhere: Callable[[Coroutine[Any, Any, Any]], Any] | None = None


def run(make: Callable[[], Any], operation: Callable[..., Any], *arguments: Any) -> Any:
    """Call ``operation`` in a turn of the early loop, which ``make`` makes if there is none, and await what it gives if it is a coroutine."""
    global _waiting, _closes_at_exit
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("twinloop.js needs a running event loop: call it from a coroutine that twinloop.run() runs")
    if _waiting is None or _waiting.is_closed():
        _waiting = make()
        if not _closes_at_exit:
            atexit.register(_close)
            _closes_at_exit = True
    return _waiting.run_until_complete(_call(operation, arguments))


def run_elsewhere(operation: Callable[..., Any], *arguments: Any) -> Any:
    """As :func:`run`, while a loop runs that is not Twinloop's."""
    assert elsewhere is not None, "asked by the caller"
    return elsewhere(_call(operation, arguments))


async def _call(operation: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    result = operation(*arguments)
    return await result if asyncio.iscoroutine(result) else result


def take() -> Any:
    """The loop that waits for its program; None if there is none, or this is another thread."""
    global _waiting
    if _waiting is None or threading.current_thread() is not threading.main_thread():
        return None
    loop, _waiting = _waiting, None
    return None if loop.is_closed() else loop


def _close() -> None:
    loop = take()
    if loop is not None:
        loop.close()
