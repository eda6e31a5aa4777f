"""``js.Context``: JavaScript that somebody else wrote, in a thread with a heap of its own that reaches nothing it was not given.

What is in the thread, and what leaves it, is ``crates/js/src/node/isolation``. Here are the limits of time, functions of the host, which run on the loop
that asked, and what became of an evaluation. A context that met a limit is over: what it was in the middle of is nothing to go on with.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import os
import re
import sys
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from _twinloop import _native

if TYPE_CHECKING:
    import types
    from collections.abc import Awaitable, Callable, Iterable

# What computes, and reaches nothing beyond the heap. `structuredClone` and `Blob` have memory of their own, `crypto` threads of the host's.
_GLOBALS = [
    "AbortController",
    "AbortSignal",
    "CustomEvent",
    "DOMException",
    "Event",
    "EventTarget",
    "TextDecoder",
    "TextEncoder",
    "URL",
    "URLSearchParams",
    "atob",
    "btoa",
    "clearInterval",
    "clearTimeout",
    "queueMicrotask",
    "self",
    "setInterval",
    "setTimeout",
]
_NETWORK = [
    "Blob",
    "CloseEvent",
    "EventSource",
    "File",
    "FormData",
    "Headers",
    "MessageEvent",
    "ReadableStream",
    "Request",
    "Response",
    "WebSocket",
    "fetch",
]
_FILES = ["node:fs", "node:fs/promises", "node:path"]

_LEAST_MEMORY = 8 << 20
_MOST_MEMORY = (4 << 30) - 1
_NAME = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*", re.ASCII)


class ContextEndedError(RuntimeError):
    """The context is over: it was closed, or met a limit before."""


class ContextTimeoutError(ContextEndedError, TimeoutError):
    """The code ran longer than the context's ``time_limit``; the context is over."""


class ContextMemoryError(ContextEndedError, MemoryError):
    """The code needed more than the context's ``memory_limit``; the context is over."""


class Context:
    """A place for JavaScript that nobody read: a heap of its own, limits, and no way out but what is given here.

    ``memory_limit`` is in bytes, ``time_limit`` in seconds, for each :meth:`eval` and :meth:`call` with all that it awaits. ``globals`` are values, which
    are copied, and functions of the host by name (``"tools.search"`` is a function of an object): to the code they are async, and they run on the
    loop of who asked. ``modules`` are what the code may import: texts of modules by name, or names that are found as ever, such as ``node:path``.
    ``allow_net`` and ``allow_read`` are lists of hosts and of paths, or True for all: they bring ``fetch`` and its kin, and ``node:fs``. ``console`` gets
    what the code writes: a level (``"info"``, ``"error"`` ...) and a text.

    ``async with js.Context(time_limit=1) as context: print(await context.eval("6 * 7"))``
    """

    def __init__(
        self,
        *,
        memory_limit: int = 64 << 20,
        time_limit: float | None = None,
        modules: Mapping[str, str | None] | Iterable[str] = (),
        allow_net: bool | Iterable[str] = False,
        allow_read: bool | Iterable[str | os.PathLike[str]] = False,
        globals: Mapping[str, Any] | None = None,
        console: Callable[[str, str], object] | None = None,
    ) -> None:
        if not _LEAST_MEMORY <= memory_limit <= _MOST_MEMORY:
            raise ValueError(f"memory_limit is from {_LEAST_MEMORY} to {_MOST_MEMORY} bytes, not {memory_limit}")
        if time_limit is not None and not time_limit > 0:
            raise ValueError(f"time_limit is a number of seconds above 0, not {time_limit}")
        self._time_limit = time_limit
        self._console = console
        self._functions: dict[str, Callable[..., Any]] = {}
        values = {}
        for name, value in (globals or {}).items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of JavaScript's")
            if callable(value):
                self._functions[name] = value
            elif "." in name:
                raise ValueError(f"{name!r} has a dot, which names of functions alone may have")
            else:
                values[name] = value
        sources, names = _modules(modules)
        self._options = {
            "heapBytes": memory_limit,
            "permissions": ["--permission", "", "--deny-env", ""],
            "setup": {
                "functions": list(self._functions),
                "globals": list(_GLOBALS),
                "limit": memory_limit,
                "modules": names,
                "sources": sources,
                "values": values,
            },
        }
        self._allow("--allow-net", allow_net, "globals", _NETWORK)
        paths = allow_read if isinstance(allow_read, bool) else [os.path.abspath(path) for path in allow_read]
        self._allow("--allow-fs-read", paths, "modules", _FILES)
        # Made when it is first used, on the loop that runs then.
        self._isolation: Any = None
        self._tasks: set[asyncio.Future[Any]] = set()
        self._context = contextvars.copy_context()
        self._reason = ""

    def _allow(self, option: str, what: bool | Iterable[str], kind: str, names: list[str]) -> None:
        given = [""] if what is True else [] if what is False else list(what)
        for each in given:
            self._options["permissions"] += [option, each]  # type: ignore[operator]
        if given:
            self._options["setup"][kind] += names  # type: ignore[index]

    async def eval(self, code: str) -> Any:
        """Run a script, which may ``await`` and ``import``, and return a copy of its last value; of a Promise, what that gives.

        What it declares stays for the next one. Raises :class:`twinloop.js.JsException` for what it throws, :class:`ContextTimeoutError` and
        :class:`ContextMemoryError` at a limit. One that is cancelled ends the context.
        """
        return await self._run(lambda isolation: isolation.run(code))

    async def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the context by its name (``"f"``, ``"object.method"``) with copies of these values, and return a copy of what it gives."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of JavaScript's")
        values = _native.js_to_js(list(arguments), -1.0)
        return await self._run(lambda isolation: isolation.call(name, values))

    async def _run(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        if self._reason:
            raise self._ended()
        if self._isolation is None:
            self._start()
        # Functions of the host run as if who asks last had called them.
        self._context = contextvars.copy_context()
        timer = None
        if self._time_limit is not None:
            timer = asyncio.get_running_loop().call_later(self._time_limit, self._end, "time")
        try:
            value = await ask(self._isolation)
            return value.to_py() if isinstance(value, _native.JsProxy) else value
        except asyncio.CancelledError:
            # It could go on for ever, and nobody would hear of it.
            self._end("closed")
            raise
        except Exception as error:
            if getattr(error, "name", None) == "IsolationEnded":
                self._reason = self._reason or error.message  # type: ignore[attr-defined]
                self._drop()
                raise self._ended() from None
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _start(self) -> None:
        made = _native.js_builtin("node/isolation/host")
        # Weakly: the thread is to end with the last who holds this, and not when cycles through both heaps are looked for next.
        this = weakref.ref(self)

        def ask(*given: Any) -> None:
            context = this()
            if context is not None:
                context._asked(*given)

        def say(level: str, text: str) -> None:
            context = this()
            if context is not None:
                context._said(level, text)

        options = {**self._options, "ask": ask, "say": say}
        self._isolation = made.Isolation.new(_native.js_to_js(options, -1.0))

    def _ended(self) -> ContextEndedError:
        if self._reason == "time":
            return ContextTimeoutError(f"the code ran longer than {self._time_limit} s, and the context is over")
        if self._reason == "memory":
            limit = self._options["heapBytes"]
            return ContextMemoryError(f"the code needed more memory than {limit} bytes, and the context is over")
        return ContextEndedError(
            "the context is closed" if self._reason == "closed" else f"the context is over: {self._reason}"
        )

    def _end(self, reason: str) -> None:
        if self._reason:
            return
        self._reason = reason
        if self._isolation is not None:
            self._isolation.end(reason)
        self._drop()

    def _drop(self) -> None:
        for task in self._tasks:
            task.cancel()

    @property
    def closed(self) -> bool:
        """Whether it was closed or met a limit."""
        return bool(self._reason)

    def close(self) -> None:
        """End it at once, whatever it does; what waits for it raises :class:`ContextEndedError`."""
        self._end("closed")

    async def __aenter__(self) -> Context:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: types.TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # An interpreter that ends has ended its loops, and their threads.
        if getattr(self, "_isolation", None) is not None and not self._reason and not sys.is_finalizing():
            # Where that fails, its loop has ended, and the thread with it.
            with contextlib.suppress(RuntimeError):
                self.close()

    # ---- called by the context

    def _said(self, level: str, text: str) -> None:
        if self._console is not None and not self._reason:
            self._console(level, text)

    def _asked(self, number: int, name: str, values: Any, cost: float) -> None:
        """A function of the host is called."""
        if self._reason:
            return
        try:
            result = self._context.run(self._functions[name], *values.to_py())
            if inspect.isawaitable(result):
                task = self._context.run(asyncio.ensure_future, result)
                self._tasks.add(task)
                task.add_done_callback(lambda task: self._done(number, cost, task))
                return
        except Exception as error:
            self._refuse(number, cost, error)
            return
        self._answer(number, cost, result)

    def _done(self, number: int, cost: float, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            self._refuse(number, cost, asyncio.CancelledError("the function was cancelled"))
            return
        error = task.exception()
        if error is None:
            self._answer(number, cost, task.result())
        else:
            self._refuse(number, cost, error)

    def _answer(self, number: int, cost: float, value: Any) -> None:
        if self._reason:
            return
        try:
            self._isolation.answer(number, cost, _native.js_to_js(value, -1.0))
        except Exception as error:
            # What is no data.
            self._refuse(number, cost, error)

    def _refuse(self, number: int, cost: float, error: BaseException) -> None:
        if not self._reason:
            # Neither frames nor paths of the host.
            self._isolation.refuse(number, cost, type(error).__name__, str(error))


def _modules(given: Mapping[str, str | None] | Iterable[str]) -> tuple[dict[str, str], list[str]]:
    if not isinstance(given, Mapping):
        return {}, list(given)
    texts = {name: text for name, text in given.items() if text is not None}
    return texts, [name for name in given if name not in texts]
