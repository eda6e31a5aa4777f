"""JavaScript from Python: modules, values, promises and errors, on the running loop.

``await import_module("./lib.mjs")`` loads an ES module and gives its namespace as a :class:`JsProxy`; a JavaScript
Promise can be awaited, and JavaScript awaits Python coroutines. Both run on the one loop of this thread, so neither side
ever waits for another thread.

Immutable values are converted, everything else is a proxy that keeps its identity on a round trip. See
``docs/bridge.md`` for the table of conversions.

Other names are JavaScript's globals: ``js.fetch``, ``js.JSON``, ``from twinloop.js import URL``. At the top of a module, before
any loop runs, everything that does not wait works too: ``handlebars = js.require("handlebars")``; the loop that
``twinloop.run()`` makes next is the one on which that was done. ``from twinloop.js.modules import handlebars`` says the same.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
import types
from typing import TYPE_CHECKING, Any, cast

from _twinloop import _native
from _twinloop.crossing import jobs
from _twinloop.crossing.cancelling import Aborting, CancelledBy
from _twinloop.crossing.isolation import Context, ContextEndedError, ContextMemoryError, ContextTimeoutError
from _twinloop.loop import early
from _twinloop.names import connect_to

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence

    from typing_extensions import TypeVar

    _Interface = TypeVar("_Interface", default=_native.JsProxy)

JsProxy = _native.JsProxy

#: JavaScript's ``null``, for code that tells it from undefined, which None is: ``stream.push(js.null)``. It comes back as None.
null = _native.js_null

# Threads of the engine that still run when the process destroys its globals would abort it.
atexit.register(_native.js_shut_down)

# What users meet in tracebacks, `repr` and `help` is the name that they import it by.
for _public in (Context, ContextEndedError, ContextMemoryError, ContextTimeoutError):
    _public.__module__ = __name__

__all__ = [
    "Context",
    "ContextEndedError",
    "ContextMemoryError",
    "ContextTimeoutError",
    "JsException",
    "JsProxy",
    "aborting",
    "cancelled_by",
    "collect",
    "eval",
    "function",
    "import_module",
    "import_now",
    "null",
    "require",
    "run_in_worker",
    "to_js",
    "to_py",
]


class JsException(Exception):
    """A value that JavaScript threw.

    ``name``, ``message`` and ``stack`` are those of the JavaScript error (for a thrown value that is no error, ``name``
    is empty and ``message`` is its text); ``js_error`` is the thrown value itself, of which every other property is an attribute
    here. The JavaScript frames stand in the traceback. An exception that began in Python is never wrapped in this: the same object
    comes back.

    An Error that JavaScript gives as a value is one too, so that it can be raised, and goes back as the Error that it is.
    """

    name: str
    message: str
    stack: str
    js_error: Any

    def __init__(self, name: str, message: str, stack: str = "", js_error: Any = None) -> None:
        super().__init__(f"{name}: {message}" if name and message else name or message)
        self._describe(name, message, stack, js_error)

    def _describe(self, name: str, message: str, stack: str, js_error: Any) -> None:
        # Not by `self.name = name`, which writes to the JavaScript error too.
        fields = {"name": name, "message": message, "stack": stack, "js_error": js_error}
        for field, value in fields.items():
            if field != "message" or not isinstance(self, ExceptionGroup):
                object.__setattr__(self, field, value)

    # Whether JavaScript threw it or gave it, and not Python.
    _is_of_javascript = False

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _OWN_NAMES:
            if not name.startswith("_") and isinstance(self.js_error, JsProxy):
                setattr(self.js_error, name, value)
                return
        elif name != "js_error" and isinstance(self.js_error, JsProxy):
            setattr(self.js_error, name, value)
        object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the error itself, which stays in its process.
        return type(self), (self.name, self.message, self.stack)

    def __getattr__(self, name: str) -> Any:
        """What else the JavaScript error has: ``error.code``."""
        if name in _OWN_NAMES or name.startswith("__") or not isinstance(self.js_error, JsProxy):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.js_error, name)


# What an exception may lack while it is made.
_OWN_NAMES = frozenset({"name", "message", "stack", "js_error"})


class JsExceptionGroup(JsException, ExceptionGroup):
    """An AggregateError of JavaScript's: what its ``errors`` are in Python, for ``except*``."""

    def __new__(
        cls, name: str, message: str, stack: str, js_error: Any, errors: Sequence[Exception]
    ) -> JsExceptionGroup:
        return super().__new__(cls, f"{name}: {message}" if message else name, errors)

    def __init__(self, name: str, message: str, stack: str, js_error: Any, errors: Sequence[Exception]) -> None:
        # `message` is the group's own, which cannot be set.
        Exception.__init__(self, f"{name}: {message}" if message else name, errors)
        self._describe(name, message, stack, js_error)

    def __reduce__(self) -> tuple[Any, ...]:
        message = self.message.removeprefix(f"{self.name}: ")
        return type(self), (self.name, message, self.stack, None, self.exceptions)

    # The first base would give its own.
    __str__ = ExceptionGroup.__str__
    __repr__ = ExceptionGroup.__repr__


def import_module(specifier: str) -> Awaitable[_Interface]:
    """Import an ES module; awaiting the result gives its namespace, a :class:`JsProxy`.

    To a type checker it is what it is assigned to, a Protocol of what the module exports: ``lib: Lib = await js.import_module("./lib.mjs")``.

    ``specifier`` is a path that starts with ``./``, ``../`` or ``/`` (relative to the file of the caller), a ``file:``
    URL, a ``node:`` module, or the name of a package in a ``node_modules`` folder above the caller's file.

    Raises :class:`JsException` when the module cannot be found, does not parse, or throws while it runs, and
    ``RuntimeError`` when the running loop is not Twinloop's.
    """
    # Not a coroutine function: the frame above a coroutine's is whoever drives it, not the caller.
    return _import_module(specifier, _file_of(sys._getframe(1)))


async def _import_module(specifier: str, referrer: str) -> Any:
    return await _native.js_import(specifier, referrer)


def import_now(specifier: str) -> JsProxy:
    """Import an ES module before any loop runs, at the top of a Python module; :func:`import_module` is its form for coroutines.

    Blocks until the module is there, also if it awaits at its top level. Raises ``RuntimeError`` while a loop runs, which could
    not go on meanwhile.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError(
            f"a loop is running: write await js.import_module({specifier!r}), or js.require({specifier!r})"
        )
    return _import_before_a_loop(specifier, _file_of(sys._getframe(1)))


def _import_before_a_loop(specifier: str, referrer: str) -> JsProxy:
    namespace: JsProxy = early.run(_new_loop, _import_module, specifier, referrer)
    return namespace


def require(specifier: str) -> Any:
    """Load a module as CommonJS does and return its exports, at once; ``specifier`` means what it means to :func:`import_module`.

    An ES module gives its namespace, unless it awaits at its top level. A package that is an ES module to ``import`` and a
    CommonJS module to ``require`` may be loaded twice by programs that do both.
    """
    return _on_a_loop(_native.js_require, specifier, _file_of(sys._getframe(1)))


def eval(code: str) -> Any:
    """Run ``code`` as a JavaScript script on the running loop and return the value of its last expression.

    Raises :class:`JsException` when it does not parse or throws.
    """
    return _on_a_loop(_native.js_eval, code)


def function(code: str) -> JsProxy:
    """The JavaScript function that ``code`` is: ``js.function("(a, b) => a + b")``, ``js.function("async function f() { ... }")``.

    Raises :class:`JsException` when it does not parse, and ``TypeError`` when it is no function.
    """
    made = _on_a_loop(_native.js_eval, f"({code}\n)")
    if not isinstance(made, JsProxy) or made.typeof != "function":
        raise TypeError(f"js.function() takes the code of one JavaScript function, not {code!r}")
    return made


def run_in_worker(work: Any, *arguments: Any, name: str = "default", transfer: Iterable[Any] = ()) -> Awaitable[Any]:
    """Run a JavaScript function in another thread, so that the loop goes on meanwhile; awaiting the result gives what it gives.

    ``work`` is a function, which goes over as its text and has nothing of where it stood, or the specifier of a module, of which
    ``name`` is the export to call. Arguments and the result are copied; buffers in ``transfer``, and those of the result, move and are not copied.
    There are as many threads as processors, which wait for the next call. When the Task that waits is cancelled, the function ends at once.
    """
    frame = sys._getframe(1)
    return jobs.run(work, arguments, name, transfer, (_file_of(frame), frame.f_lineno))


def aborting() -> Aborting:
    """An AbortSignal for what JavaScript does in a ``with`` block; it is aborted when the block is cancelled or fails.

    ``with js.aborting() as signal: await js.fetch(url, {"signal": signal})``
    """
    return Aborting()


def cancelled_by(signal: Any) -> CancelledBy:
    """Cancel an ``async with`` block when the AbortSignal ``signal``, of either language, is aborted, which then raises the signal's reason.

    ``async with js.cancelled_by(signal): await work()``; a Task that is cancelled otherwise meanwhile stays cancelled.
    """
    return CancelledBy(signal)


def to_js(value: Any, depth: float = -1, *, converter: Callable[[Any], Any] | None = None) -> Any:
    """Copy a Python value to JavaScript's own types, and return it as JavaScript has it: a :class:`JsProxy`, unless it is a text or number.

    Lists and tuples become Arrays, dicts objects, sets Sets, dates and times Dates, and buffers (``bytearray``, NumPy arrays)
    typed arrays over the same memory. ``depth`` limits how many levels are copied; what lies deeper stays as it is.
    ``converter`` is called with each object of which there is no copy, and what it gives is copied in its place: ``converter=str`` for Decimals.
    """
    return _on_a_loop(_native.js_to_js, value, depth, converter)


def collect() -> int:
    """Collect the garbage of both languages now, and with it cycles that go through both; the number of JavaScript values that Python held in such.

    A Python object that JavaScript holds and that leads back to it is freed when nothing else holds either. That happens by itself from
    time to time, when the Python objects that JavaScript holds have doubled (from a thousand on). Called by a Python function that
    JavaScript called, whose values are in use, it collects nothing and returns 0.
    """
    freed: int | None = _on_a_loop(_native.js_collect)
    return freed or 0


def to_py(value: Any, depth: float = -1) -> Any:
    """Copy a JavaScript value to Python's own types: ``JsProxy.to_py`` of a proxy, and anything else as it is.

    JavaScript finds it as ``import { to_py } from "python:twinloop.js"``, for what Python code takes no proxy for:
    ``json.dumps(to_py({ a: [1] }))``. ``depth`` limits how many levels are copied; what lies deeper stays a proxy.
    """
    return value.to_py(depth) if isinstance(value, (JsProxy, _native.JsInstance)) else value


def __getattr__(name: str) -> Any:
    """JavaScript's globals, and ``globals``, the object of which they are properties."""
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        everything = _on_a_loop(_native.js_eval, "globalThis")
    except RuntimeError as error:
        # What looks through all modules (`pickle` for one, on any thread) expects this error and no other.
        raise AttributeError(f"module {__name__!r} cannot look for {name!r}: {error}") from error
    if name == "globals":
        return everything
    try:
        return getattr(everything, name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}, and JavaScript no global") from None


def _new_loop() -> asyncio.AbstractEventLoop:
    from _twinloop.loop.event_loop import EventLoop

    return EventLoop()  # type: ignore[no-untyped-call]


def _on_a_loop(operation: Callable[..., Any], *arguments: Any) -> Any:
    """Call ``operation`` on the running loop, or on the one that the program runs next."""
    running = asyncio._get_running_loop()
    if running is not None:
        if early.elsewhere is not None and not isinstance(running, _native.LoopCore):
            return early.run_elsewhere(operation, *arguments)
        return operation(*arguments)
    return early.run(_new_loop, operation, *arguments)


def _file_of(frame: types.FrameType) -> str:
    """The file whose imports are relative to this frame: its own, or the working directory for code without one."""
    file = frame.f_globals.get("__file__")
    if isinstance(file, str):
        return os.path.abspath(file)
    return os.path.join(os.getcwd(), "<python>")


def _keep_output_in_order() -> None:
    """Write whole lines at once from now on, as ``console.log`` does, so that both languages' output keeps its order."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(line_buffering=True)
        sys.stdout.flush()


# ---- called by the bridge ---------------------------------------------------------------------------------------------


def _exception(
    name: str, message: str, stack: str, js_error: Any, errors: Sequence[BaseException] | None, frames: str
) -> JsException:
    """Make the exception for a thrown JavaScript value, with the ``frames`` that it left as a traceback; a group of ``errors`` if it has any."""
    exception: JsException
    if errors and all(isinstance(error, Exception) for error in errors):
        exception = JsExceptionGroup(name, message, stack, js_error, cast("Sequence[Exception]", errors))
    else:
        exception = JsException(name, message, stack, js_error)
    object.__setattr__(exception, "_is_of_javascript", True)
    return exception.with_traceback(_traceback(_frames(frames)))


def _leave_frames(exception: BaseException, frames: str) -> None:
    """Note that ``exception`` has left these frames too."""
    exception.__traceback__ = _traceback(_frames(frames), exception.__traceback__)


def _frames(stack: str) -> list[tuple[str, str, int, str]]:
    """Parse ``    at function (file:line:column)`` lines: (function, file, line, column), innermost first."""
    frames = []
    for line in stack.splitlines():
        line = line.strip()
        if not line.startswith("at "):
            continue
        function, bracket, place = line[3:].rpartition(" (")
        if not bracket:
            function, place = "async " if line.startswith("at async ") else "", line[3:].removeprefix("async ")
        place = place.rstrip(")")
        file, _, position = place.partition(":") if place.count(":") < 2 else _split_place(place)
        number, _, column = position.partition(":")
        if number.isdigit():
            name = function if bracket else f"{function}<module>"
            frames.append((name, file.removeprefix("file://"), int(number), column))
    return frames


def _split_place(place: str) -> tuple[str, str, str]:
    file, line, column = place.rsplit(":", 2)
    return file, ":", f"{line}:{column}"


def _traceback(
    frames: Sequence[tuple[str, str, int, str]], traceback: types.TracebackType | None = None
) -> types.TracebackType | None:
    """A traceback with one entry per JavaScript frame above ``traceback``, so that both languages' frames print as one trace."""
    for function, file, line, column in frames:
        frame = _frame(function, file, line, column)
        traceback = types.TracebackType(traceback, frame, frame.f_lasti, line)
    return traceback


def _running() -> Generator[types.FrameType]:
    """What a frame that stands for one of JavaScript runs. CPython makes frames only by running code; that of a generator has no caller
    whose variables it would keep."""
    yield current()  # type: ignore[name-defined]  # noqa: F821


# Entries of a code's table of lines that say "the first line, no columns" of eight instructions each.
_ON_FIRST_LINE = b"\xef\x00" * (len(_running.__code__.co_code) // 16 + 1)


def _frame(function: str, file: str, line: int, column: str) -> types.FrameType:
    """A Python frame that names a JavaScript function and line. JavaScript reads what Python has no place for: the column, and whether it waited."""
    name = function.removeprefix("async ")
    code = _running.__code__.replace(
        co_name=name, co_qualname=name, co_filename=file, co_firstlineno=line, co_linetable=_ON_FIRST_LINE
    )
    # Nothing in it leads back to the frame, nor to the builtins, by which a module's variables are known.
    names = {"__name__": "javascript", "__file__": file, "current": sys._getframe, "column": column}
    if name != function:
        names["waited"] = "async "
    generator = types.FunctionType(code, names)()
    frame: types.FrameType = next(generator)
    generator.close()
    return frame


def _exported_names(module: types.ModuleType) -> list[str]:
    """The names that ``import { name } from "python:module"`` finds."""
    names = getattr(module, "__all__", None)
    if names is None:
        names = [name for name in dir(module) if not name.startswith("_")]
    # Once each: some list a name twice (bs4).
    return [name for name in dict.fromkeys(names) if name != "default" and _can_be_read(module, name)]


def _can_be_read(module: types.ModuleType, name: str) -> bool:
    # Some modules make what they export when it is asked for, and refuse (sklearn's experimental classes are an ImportError).
    try:
        getattr(module, name)
    except Exception:
        return False
    return True


async def _async_step(step: Awaitable[Any], iterator: Any) -> Any:
    """Await one step of a JavaScript async iterator, which is told of its end unless it is None."""
    try:
        result = await step
        done = result.done
    except Exception:
        # One that fails has ended itself.
        if iterator is not None:
            iterator._finish()
        raise
    if done:
        if iterator is not None:
            iterator._finish()
        raise StopAsyncIteration
    return result.value


def _thrown(kind: Any, value: Any, traceback: types.TracebackType | None) -> BaseException:
    """The exception that a generator's ``throw(kind, value, traceback)`` means."""
    exception = kind if isinstance(kind, BaseException) else value
    if not isinstance(exception, BaseException):
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise TypeError(
                f"exceptions must be classes or instances deriving from BaseException, not {type(kind).__name__}"
            )
        exception = kind() if value is None else kind(*value) if isinstance(value, tuple) else kind(value)
    return exception if traceback is None else exception.with_traceback(traceback)


async def _async_close(closed: Awaitable[Any] | None) -> None:
    """Await what a JavaScript async iterator gave for its end."""
    if closed is not None:
        await closed


def _raise(exception: BaseException) -> None:
    """The callback by which an exception that JavaScript cannot catch ends the loop."""
    raise exception


# ---- JavaScript programs ------------------------------------------------------------------------------------------------


def run_program(path: str, arguments: Sequence[str] = (), *, code: str | None = None) -> int:
    """Run the JavaScript program in ``path``, or ``code``, on a new event loop until nothing is left to do.

    Returns its exit status; a program that calls ``process.exit`` raises ``SystemExit`` with it.
    """
    program = [] if code is not None else [os.path.abspath(path)]
    _configure([*program, *arguments])
    return _run_until_idle(_native.js_begin, path, code)


def _serve(words: Sequence[str]) -> int:
    """Run the command ``serve`` for an application in JavaScript; returns its exit status."""
    _configure(words)
    return _run_until_idle(_native.js_begin_serving)


def _run_until_idle(begin: Callable[..., None], *arguments: Any) -> int:
    from _twinloop.loop.event_loop import new_event_loop

    loop = new_event_loop()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    try:
        loop.call_soon(begin, *arguments)
        more = True
        while more:
            loop._stop_when_idle()
            loop.run_forever()
            more = _native.js_before_exit(loop)
        return _native.js_conclude(loop)
    finally:
        loop.close()


def _interrupted(number: int, frame: types.FrameType | None) -> None:
    # A program that listens to Ctrl-C says itself what follows from it.
    if not _native.js_hears_interrupt():
        signal.default_int_handler(number, frame)


# --connect-to rules and --ca-file of the command line.
_connections: tuple[list[str], str | None] = ([], None)


def _connect(rules: list[str], ca_file: str | None) -> None:
    """Let the JavaScript of this process connect as the command line says."""
    global _connections
    _connections = (rules, ca_file)
    # Where Python is embedded there may be none.
    _configure(getattr(sys, "argv", []))


def _configure(words: Sequence[str]) -> None:
    """Have the JavaScript of this process see these words, and what starts another such process."""
    import subprocess

    rules, ca_file = _connections
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    written = [*flags, "-m", "twinloop"]
    for rule in rules:
        written += ["--connect-to", rule]
    if ca_file is not None:
        written += ["--ca-file", ca_file]
    # Words that are no UTF-8 cannot be told as they are.
    words = [os.fsencode(word).decode("utf-8", "replace") for word in words]
    program = [sys.executable, *words] if sys.executable else []
    _native.js_configure(program, written, *_connections)


# Of a Python program too: --ca-file reaches it as SSL_CERT_FILE.
_connect(connect_to.texts, None)
