"""How a callback handle describes itself; called by the native handle type's ``repr``."""

from __future__ import annotations

from asyncio import format_helpers

from .. import _native


def describe(handle) -> str:
    """The same text as ``repr`` of asyncio's own handles."""
    is_timer = isinstance(handle, _native.TimerHandle)
    words = ["TimerHandle" if is_timer else "Handle"]
    if handle._cancelled:
        words.append("cancelled")
    if is_timer:
        words.append(f"when={handle._when}")
    if handle._callback is not None:
        words.append(format_helpers._format_callback_source(handle._callback, handle._args))
    return f"<{' '.join(words)}>"
