"""Cancellation across the border: a signal that the end of a block aborts, and a block that a signal cancels.

A Promise cannot be cancelled, so what is to end with the Task that awaits it takes an AbortSignal, as everything in JavaScript does that
can be ended. Both ways stand on public parts alone: AbortController, and `Task.cancel` as `asyncio.timeout` uses it. A signal of Python's own
cancels a block too: `request.signal` of a server's handler.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from _twinloop import _native

if TYPE_CHECKING:
    import types


class Aborting:
    """``with aborting() as signal``: an AbortSignal that is aborted when an exception leaves the block, cancellation above all."""

    def __init__(self) -> None:
        self._controller = _native.js_eval("new AbortController()")

    def __enter__(self) -> Any:
        return self._controller.signal

    def __exit__(
        self,
        _class: type[BaseException] | None,
        exception: BaseException | None,
        _traceback: types.TracebackType | None,
    ) -> None:
        if exception is not None:
            # With JavaScript's own reason, which its code knows: an error called AbortError.
            self._controller.abort()


class CancelledBy:
    """``async with cancelled_by(signal)``: the block is cancelled when the signal is aborted, and raises the signal's reason."""

    def __init__(self, signal: Any) -> None:
        self._signal = signal
        # Twinloop's own of Python, and not one of JavaScript.
        self._is_of_python = hasattr(signal, "add_listener")
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self._aborted = False

    async def __aenter__(self) -> CancelledBy:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("cancelled_by() is used in a Task")
        self._task = task
        self._cancelling = task.cancelling()
        if self._signal.aborted:
            self._abort()
        elif self._is_of_python:
            self._signal.add_listener(self._on_abort)
        else:
            self._signal.addEventListener("abort", self._on_abort)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, _traceback: types.TracebackType | None
    ) -> None:
        if self._is_of_python:
            self._signal.remove_listener(self._on_abort)
        else:
            self._signal.removeEventListener("abort", self._on_abort)
        task, self._task = self._task, None
        if not self._aborted or task is None:
            return
        # As `asyncio.timeout`: a cancellation of somebody else's goes on as one.
        if task.uncancel() <= self._cancelling and kind is not None and issubclass(kind, asyncio.CancelledError):
            if self._is_of_python:
                self._signal.throw_if_aborted()
            else:
                self._signal.throwIfAborted()

    def _on_abort(self, _event_or_reason: Any) -> None:
        self._abort()

    def _abort(self) -> None:
        if self._task is not None and not self._aborted:
            self._aborted = True
            self._task.cancel()
