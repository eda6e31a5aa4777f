"""Python functions in threads and processes for who must not wait, JavaScript above all: with progress, and cancellation by an AbortSignal.

A thread is asked to stop, as nothing can end one: at the next ``report`` the function raises. A process is ended. Both run on threads of an executor: that of
a process waits at its pipe, whose messages are too large to be read in a turn of the loop.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import multiprocessing
import os
import threading
from typing import TYPE_CHECKING, Any, ClassVar

from _twinloop import _native

from .cancelling import CancelledBy

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

# Reports that the loop has not heard yet; beyond, who reports waits.
_MOST_REPORTS = 256


class Stopped(BaseException):
    """Nobody waits for this function any more; raised by ``report``. No Exception, so that only who means it catches it."""


class _Job:
    """What a function that runs knows of who waits for it."""

    def __init__(self, hear: Callable[[Any], object] | None) -> None:
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self._room = threading.BoundedSemaphore(_MOST_REPORTS)
        self.stopped = threading.Event()

    def report(self, value: Any) -> None:
        """On any thread."""
        if self.stopped.is_set():
            raise Stopped("nobody waits for the function any more")
        if self._hear is None:
            return
        while not self._room.acquire(timeout=0.1):
            if self.stopped.is_set():
                raise Stopped("nobody waits for the function any more")
        self._loop.call_soon_threadsafe(self._told, self._hear, value)

    def _told(self, hear: Callable[[Any], object], value: Any) -> None:
        self._room.release()
        if not self.stopped.is_set():
            hear(value)

    def stop(self) -> None:
        self.stopped.set()


class _ThreadJob(_Job):
    def __init__(
        self, function: Callable[..., Any], arguments: list[Any], hear: Callable[[Any], object] | None
    ) -> None:
        super().__init__(hear)
        self._call = (function, arguments)
        self._context = contextvars.copy_context()

    def run(self) -> Any:
        return self._context.run(self._run)

    def _run(self) -> Any:
        _CURRENT.set(self)
        function, arguments = self._call
        return function(*arguments)


class _ProcessJob(_Job):
    def __init__(
        self, function: Callable[..., Any], arguments: list[Any], hear: Callable[[Any], object] | None
    ) -> None:
        super().__init__(hear)
        self._call = (function, arguments)
        self._worker: _Worker | None = None
        self._lock = threading.Lock()

    def run(self) -> Any:
        worker = _Worker.take()
        with self._lock:
            self._worker = worker
            if self.stopped.is_set():
                worker.end()
        try:
            kind, value = self._talk(worker.connection)
        except (EOFError, OSError):
            worker.end()
            raise RuntimeError("the process ended before its function was done") from None
        except BaseException:
            worker.end()
            raise
        with self._lock:
            self._worker = None
        worker.give_back()
        if kind == "failed":
            raise value
        return value

    def _talk(self, connection: Connection[Any, Any]) -> tuple[str, Any]:
        connection.send(self._call)
        while True:
            kind, value = connection.recv()
            if kind != "report":
                return kind, value
            self.report(value)

    def stop(self) -> None:
        super().stop()
        with self._lock:
            if self._worker is not None:
                self._worker.end()


class _Worker:
    """A process that runs one function after the other."""

    _idle: ClassVar[list[_Worker]] = []

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other,), daemon=True, name="twinloop worker")
        self._process.start()
        other.close()

    @classmethod
    def take(cls) -> _Worker:
        while cls._idle:
            worker = cls._idle.pop()
            if worker._process.is_alive():
                return worker
        return cls()

    def give_back(self) -> None:
        self._idle.append(self)

    def end(self) -> None:
        self._process.kill()


def _serve(connection: Connection[Any, Any]) -> None:
    """What a process does."""
    import signal

    # Ctrl-C is for who waits.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reporter = _Reporter(connection)
    while True:
        try:
            function, arguments = connection.recv()
        except EOFError:
            return
        except Exception as error:
            connection.send(("failed", _portable(error)))
            continue
        token = _CURRENT.set(reporter)
        try:
            answer = ("done", function(*arguments))
        except Exception as error:
            answer = ("failed", _portable(error))
        _CURRENT.reset(token)
        try:
            connection.send(answer)
        except Exception as error:
            # What cannot be pickled.
            connection.send(("failed", _portable(error)))


def _portable(error: Exception) -> Exception:
    import pickle

    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


class _Reporter:
    """Reports go by the pipe, which is as long as the loop can hear."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self.stopped = threading.Event()

    def report(self, value: Any) -> None:
        self._connection.send(("report", value))


_CURRENT: contextvars.ContextVar[_Job | _Reporter | None] = contextvars.ContextVar("twinloop job", default=None)

_threads = concurrent.futures.ThreadPoolExecutor(max_workers=32, thread_name_prefix="twinloop-job")
_processes = concurrent.futures.ThreadPoolExecutor(
    max_workers=os.cpu_count() or 1, thread_name_prefix="twinloop-process"
)


async def run_in_thread(
    function: Callable[..., Any],
    *arguments: Any,
    signal: Any = None,
    progress: Callable[[Any], object] | None = None,
) -> Any:
    """Call a Python function in a thread and return what it gives; ``progress`` is called with what the function reports."""
    return await _run(_ThreadJob(_checked(function), _copies(arguments), progress), _threads, signal)


async def run_in_process(
    function: Callable[..., Any],
    *arguments: Any,
    signal: Any = None,
    progress: Callable[[Any], object] | None = None,
) -> Any:
    """Call a Python function in a process and return what it gives: the function of a module, with arguments that can be pickled."""
    return await _run(_ProcessJob(_checked(function), _copies(arguments), progress), _processes, signal)


async def _run(job: _ThreadJob | _ProcessJob, executor: concurrent.futures.Executor, signal: Any) -> Any:
    by_signal: Any = contextlib.nullcontext() if signal is None else CancelledBy(signal)
    try:
        async with by_signal:
            return await asyncio.get_running_loop().run_in_executor(executor, job.run)
    except BaseException:
        # Also where the function itself failed, for which this says nothing.
        job.stop()
        raise


def _checked(function: Any) -> Callable[..., Any]:
    if isinstance(function, _native.JsProxy) or not callable(function):
        raise TypeError(f"a Python function is needed, not {function!r}: js.run_in_worker() runs those of JavaScript")
    return function  # type: ignore[no-any-return]


def _copies(arguments: tuple[Any, ...]) -> list[Any]:
    """Objects of JavaScript's belong to their thread: data of theirs is copied."""
    return [each.to_py() if isinstance(each, _native.JsProxy) else each for each in arguments]


def report(value: Any = None) -> None:
    """In a function that runs so: tell ``progress`` of ``value``. Raises :class:`Stopped` once nobody waits any more."""
    job = _CURRENT.get()
    if job is not None:
        job.report(value)


def is_stopped() -> bool:
    """Whether nobody waits for this function any more."""
    job = _CURRENT.get()
    return job is not None and job.stopped.is_set()
