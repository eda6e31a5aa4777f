"""``AbortController`` and ``AbortSignal`` (https://dom.spec.whatwg.org/#interface-AbortController), and what a fetch listens to."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from . import errors

#: The signals that somebody listens to, by who does: one that nobody else has lives as long as its fetch.
_heard: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


class AbortSignal:
    """Says that what it was given to shall end: ``aborted``, with ``reason``, the exception that is raised then."""

    def __init__(self) -> None:
        self._reason: BaseException | None = None
        self._hooks: weakref.WeakSet[Any] = weakref.WeakSet()
        self._listeners: list[Callable[[BaseException], object]] = []
        self._source: Any = None

    @classmethod
    def abort(cls, reason: object = None) -> AbortSignal:
        """A signal that is aborted already."""
        signal = cls()
        signal._abort(reason)
        return signal

    @classmethod
    def timeout(cls, seconds: float) -> AbortSignal:
        """A signal that is aborted after so many seconds, with a ``TimeoutError``."""
        signal = cls()
        reason = TimeoutError(f"the signal's {seconds} s are over")
        known = weakref.ref(signal)

        def end() -> None:
            if (signal := known()) is not None:
                signal._abort(reason)

        asyncio.get_running_loop().call_later(seconds, end)
        return signal

    @classmethod
    def any(cls, signals: Iterable[Any]) -> AbortSignal:
        """A signal that is aborted with the first of these."""
        whole = cls()
        # As long as it is there, so are those that tell it.
        whole._source = _Hook(whole)
        for signal in signals:
            listen(signal, whole._source)
        return whole

    @property
    def aborted(self) -> bool:
        """Whether it was aborted."""
        return self._reason is not None

    @property
    def reason(self) -> BaseException | None:
        """What is raised where it ends something; None before."""
        return self._reason

    def throw_if_aborted(self) -> None:
        """Raise the reason if there is one."""
        if self._reason is not None:
            raise self._reason

    def add_listener(self, listener: Callable[[BaseException], object]) -> None:
        """Have ``listener`` called with the reason: at once if there is one."""
        if self._reason is not None:
            listener(self._reason)
        else:
            self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[BaseException], object]) -> None:
        """Have ``listener`` called no more, if it was to be."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _abort(self, reason: object) -> None:
        if self._reason is not None:
            return
        self._reason = exception_of(reason)
        hooks, self._hooks = list(self._hooks), weakref.WeakSet()
        for hook in hooks:
            hook(self._reason)
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(self._reason)

    def __repr__(self) -> str:
        return f"<AbortSignal{' aborted' if self.aborted else ''}>"


class AbortController:
    """Ends what has its ``signal``."""

    def __init__(self) -> None:
        self._signal = AbortSignal()

    @property
    def signal(self) -> AbortSignal:
        """What is given to ``fetch`` and others."""
        return self._signal

    def abort(self, reason: object = None) -> None:
        """End it. An exception is raised as it is, anything else as the words of an ``AbortError``. Only the first call counts."""
        self._signal._abort(reason)


class _Hook:
    """Hands on what one signal is told to another."""

    def __init__(self, signal: AbortSignal) -> None:
        self._signal = weakref.ref(signal)

    def __call__(self, reason: BaseException) -> None:
        if (signal := self._signal()) is not None:
            signal._abort(reason)


def exception_of(reason: object) -> BaseException:
    """What is raised for a reason."""
    if isinstance(reason, BaseException):
        return reason
    error = errors.AbortError("the operation was aborted" if reason is None else str(reason))
    error.reason = reason
    return error


def listen(signal: Any, hook: Callable[[BaseException], None]) -> None:
    """Have ``hook`` called with what a signal aborts with, now or later, as long as somebody else has it too."""
    if isinstance(signal, AbortSignal):
        if signal._reason is not None:
            hook(signal._reason)
        else:
            signal._hooks.add(hook)
            _heard.setdefault(hook, []).append(signal)
        return
    if not all(hasattr(signal, name) for name in ("aborted", "throwIfAborted", "addEventListener")):
        raise TypeError(f"signal is an AbortSignal, not {type(signal).__name__!r}")
    if signal.aborted:
        hook(_reason_in_javascript(signal))
        return

    def told(*_: Any) -> None:
        if (hook := known()) is not None:
            hook(_reason_in_javascript(signal))

    def forgotten(_: Any) -> None:
        # JavaScript may have ended before.
        with contextlib.suppress(Exception):
            signal.removeEventListener("abort", told)

    known = weakref.ref(hook, forgotten)
    signal.addEventListener("abort", told)


def _reason_in_javascript(signal: Any) -> BaseException:
    """The reason of a signal of JavaScript's, as the exception that it is in Python."""
    # A DOMException says by its name what it is.
    kind = {"AbortError": errors.AbortError, "TimeoutError": TimeoutError}.get(getattr(signal.reason, "name", ""))
    if kind is not None:
        return kind(signal.reason.message)
    try:
        signal.throwIfAborted()
    except Exception as error:
        return error
    return exception_of(None)
