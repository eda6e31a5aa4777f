"""Python's async generators and other async iterators, as JavaScript resumes them: ``{done, value}`` of each step.

JavaScript's async generators take a request while another waits, and answer one after the other (``Promise.all([g.next(), g.next()])``, a stream
that is destroyed while it reads). Python's raise "asynchronous generator is already running", so each has a lock here.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from _twinloop import _native

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

_locks: weakref.WeakKeyDictionary[Any, asyncio.Lock] = weakref.WeakKeyDictionary()


def _turn(iterator: Any) -> AbstractAsyncContextManager[None]:
    """The turn of a request. An iterator that is no generator gets them as they come, as JavaScript's own does."""
    if not isinstance(iterator, AsyncGenerator):
        return nullcontext()
    lock = _locks.get(iterator)
    if lock is None:
        lock = _locks[iterator] = asyncio.Lock()
    return lock


async def next_step(iterator: Any) -> _native.JsProxy:
    """``next()``."""
    async with _turn(iterator):
        return await _stepped(iterator)


async def _stepped(iterator: Any) -> _native.JsProxy:
    try:
        return _native.js_step(False, await iterator.__anext__())
    except StopAsyncIteration:
        return _native.js_step(True, None)


async def send(iterator: Any, value: Any) -> _native.JsProxy:
    """``next(value)``."""
    async with _turn(iterator):
        try:
            return _native.js_step(False, await iterator.asend(value))
        except StopAsyncIteration:
            return _native.js_step(True, None)
        except TypeError as error:
            # JavaScript ignores what is sent before anything waits for it.
            if "just-started" not in str(error):
                raise
            return await _stepped(iterator)


async def throw(iterator: Any, error: BaseException) -> _native.JsProxy:
    """``throw(error)``; an iterator that takes none raises it."""
    athrow = getattr(iterator, "athrow", None)
    if athrow is None:
        raise error
    async with _turn(iterator):
        try:
            return _native.js_step(False, await athrow(error))
        except StopAsyncIteration:
            return _native.js_step(True, None)


async def close(iterator: Any) -> None:
    """What ``return()`` does, which a loop calls that is left early; what is no generator has nothing to close."""
    if hasattr(iterator, "aclose"):
        async with _turn(iterator):
            await iterator.aclose()
