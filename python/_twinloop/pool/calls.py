"""Single calls in threads and processes for who must not wait and has no pool, JavaScript above all: a pool of each kind for a loop.

With progress, and cancellation by an AbortSignal.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Any, Literal

from _twinloop import _native
from _twinloop.crossing.cancelling import CancelledBy

from .jobs import Job, Pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_Kind = Literal["process", "thread"]

#: A thread may wait for something that is not the processor.
_MOST_THREADS = 32

_POOLS: dict[tuple[asyncio.AbstractEventLoop, _Kind], tuple[Pool, AsyncIterator[None]]] = {}


async def run_in_thread(
    function: Callable[..., Any],
    *arguments: Any,
    signal: Any = None,
    progress: Callable[[Any], object] | None = None,
) -> Any:
    """Call a Python function in a thread and return what it gives; ``progress`` is called with what the function reports."""
    return await _run("thread", function, arguments, signal, progress)


async def run_in_process(
    function: Callable[..., Any],
    *arguments: Any,
    signal: Any = None,
    progress: Callable[[Any], object] | None = None,
) -> Any:
    """Call a Python function in a process and return what it gives: the function of a module, with arguments that can be pickled."""
    return await _run("process", function, arguments, signal, progress)


async def _run(
    kind: _Kind,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    signal: Any,
    progress: Callable[[Any], object] | None,
) -> Any:
    if isinstance(function, _native.JsProxy) or not callable(function):
        raise TypeError(f"a Python function is needed, not {function!r}: js.run_in_worker() runs those of JavaScript")
    # Objects of JavaScript's belong to their thread: data of theirs is copied.
    copies = tuple(each.to_py() if isinstance(each, _native.JsProxy) else each for each in arguments)
    pool = await _pool(kind)
    job = Job(function, copies, {})
    job._hear = progress
    by_signal: Any = contextlib.nullcontext() if signal is None else CancelledBy(signal)
    async with by_signal:
        return await (await pool._add(job))


async def _pool(kind: _Kind) -> Pool:
    """The pool of this loop, which ends with it."""
    loop = asyncio.get_running_loop()
    known = _POOLS.get((loop, kind))
    if known is not None:
        return known[0]
    # Of loops that were closed without a word.
    for key in [key for key in _POOLS if key[0].is_closed()]:
        del _POOLS[key]
    pool = Pool(_MOST_THREADS if kind == "thread" else None, kind=kind, waiting=sys.maxsize)
    life = _life(loop, kind, pool)
    _POOLS[loop, kind] = (pool, life)
    await anext(life)
    return pool


async def _life(loop: asyncio.AbstractEventLoop, kind: _Kind, pool: Pool) -> AsyncIterator[None]:
    """A loop that ends closes the generators that it has begun, and tells of its end in no other way."""
    try:
        yield
    finally:
        _POOLS.pop((loop, kind), None)
        await pool.terminate()
