"""The loop's side of a pool: what waits, what runs, and what came of it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import multiprocessing
import os
import pickle
import socket
import threading
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable
from typing import Any, Literal

from . import reporting, worker

#: What a job keeps of its progress that nobody has asked for, and what a thread may tell that the loop has not heard yet.
_MOST_STEPS = 256


class WorkerDied(RuntimeError):
    """A worker's process ended in the middle of a call: it was killed, or has crashed."""

    # What users meet in tracebacks is the name that they import it by.
    __module__ = "twinloop"


class Job:
    """A call in a pool: ``await`` gives its result, ``async for`` what it tells of its progress, ``cancel()`` ends it."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.function = function
        self.arguments = arguments
        self.named = named
        self._context = contextvars.copy_context()
        # Called with each step, in the place of who would ask for them.
        self._hear: Callable[[Any], object] | None = None
        self._result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._result.add_done_callback(self._ended)
        self._steps: deque[Any] = deque(maxlen=_MOST_STEPS)
        self._changed = asyncio.Event()
        self._stop: Callable[[], None] | None = None

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._result.__await__()

    def cancel(self) -> bool:
        """End it: one that waits is not begun, a process is killed, a thread ends with its next ``progress``."""
        return self._result.cancel()

    def done(self) -> bool:
        """Whether it has ended."""
        return self._result.done()

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._result.cancelled()

    def __aiter__(self) -> Job:
        return self

    async def __anext__(self) -> Any:
        while not self._steps:
            if self._result.done():
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._steps.popleft()

    def _told(self, step: Any) -> None:
        if self._hear is None:
            self._steps.append(step)
            self._changed.set()
        elif not self._result.done():
            self._hear(step)

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self._result.done():
            return
        if error is None:
            self._result.set_result(result)
        elif isinstance(error, (StopIteration, asyncio.CancelledError)):
            # What a future does not take.
            told = RuntimeError(f"the call raised {type(error).__name__}")
            told.__cause__ = error
            self._result.set_exception(told)
        else:
            self._result.set_exception(error)

    def _ended(self, result: asyncio.Future[Any]) -> None:
        self._changed.set()
        if result.cancelled() and self._stop is not None:
            self._stop()

    def __repr__(self) -> str:
        stage = "cancelled" if self.cancelled() else "done" if self.done() else "pending"
        return f"<Job {stage} {getattr(self.function, '__qualname__', self.function)}>"


class Pool:
    """Workers for calls that compute: ``async with`` ends them.

    ``kind`` is "process", for Python code, or "thread", for code that gives the GIL away. Beside what runs, up to ``waiting`` jobs wait; ``submit`` and
    ``run`` wait for room before they add another.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        kind: Literal["process", "thread"] = "process",
        waiting: int | None = None,
    ) -> None:
        if kind not in _KINDS:
            raise ValueError(f"kind is 'process' or 'thread', not {kind!r}")
        workers = len(os.sched_getaffinity(0)) if workers is None else workers
        waiting = workers if waiting is None else waiting
        if workers < 1 or waiting < 1:
            raise ValueError("a pool has at least one worker, and room for one job that waits")
        self._kind = _KINDS[kind]
        self._count = workers
        self._room = waiting
        self._queue: asyncio.Queue[Job] | None = None
        # Those at work; the others wait without a task, which a loop that ends would have to cancel.
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: list[_Process | _Thread] = []
        self._running: set[Job] = set()
        self._is_closed = False

    @property
    def workers(self) -> int:
        """How many calls run at a time."""
        return self._count

    async def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Job:
        """Add a call, once there is room; its job."""
        return await self._add(Job(function, arguments, named))

    async def _add(self, job: Job) -> Job:
        if self._is_closed:
            raise RuntimeError("the pool is closed")
        if self._queue is None:
            self._queue = asyncio.Queue(self._room)
        await self._queue.put(job)
        if len(self._tasks) < self._count:
            self._tasks.add(asyncio.create_task(self._work(self._queue)))
        return job

    async def run(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        """Call the function in a worker, and give its result. Who is cancelled meanwhile cancels the call."""
        return await (await self.submit(function, *arguments, **named))

    async def map(
        self, function: Callable[[Any], Any], items: Iterable[Any] | AsyncIterable[Any], *, ordered: bool = True
    ) -> AsyncIterator[Any]:
        """The results for each item, in their order or as they come; no more items are taken than there is room for."""
        jobs: deque[Job] = deque()
        futures: dict[asyncio.Future[Any], Job] = {}
        most = self._count + self._room
        try:
            async for item in _each(items):
                while len(jobs) >= most:
                    yield await self._next_of(jobs, futures, ordered)
                job = await self.submit(function, item)
                jobs.append(job)
                futures[job._result] = job
                # What is done already need not wait for the pool to be full.
                while jobs and (jobs[0].done() if ordered else any(each.done() for each in jobs)):
                    yield await self._next_of(jobs, futures, ordered)
            while jobs:
                yield await self._next_of(jobs, futures, ordered)
        finally:
            for job in jobs:
                job.cancel()

    async def _next_of(self, jobs: deque[Job], futures: dict[asyncio.Future[Any], Job], ordered: bool) -> Any:
        if ordered:
            job = jobs[0]
        else:
            done, _ = await asyncio.wait([job._result for job in jobs], return_when=asyncio.FIRST_COMPLETED)
            job = futures[next(iter(done))]
        try:
            return await job
        finally:
            jobs.remove(job)
            del futures[job._result]

    async def _work(self, queue: asyncio.Queue[Job]) -> None:
        """A worker: one job after the other, as long as there are any."""
        own = self._idle.pop() if self._idle else self._kind()
        try:
            while not queue.empty():
                job = queue.get_nowait()
                if not job.done():
                    self._running.add(job)
                    try:
                        await own.run(job)
                    except Exception as error:
                        job._settle(None, error)
                    finally:
                        self._running.discard(job)
                        if not job.done():
                            job.cancel()
                queue.task_done()
            self._idle.append(own)
        except BaseException:
            own.close()
            raise
        finally:
            # Before anybody runs who may add a job.
            self._tasks.discard(asyncio.current_task())

    async def close(self) -> None:
        """Wait for what was added, and end the workers."""
        self._is_closed = True
        if self._queue is not None:
            await self._queue.join()
        await self._end()

    async def terminate(self) -> None:
        """End the workers at once, and what they run; what waits is not begun."""
        self._is_closed = True
        while self._queue is not None and not self._queue.empty():
            self._queue.get_nowait().cancel()
            self._queue.task_done()
        for job in list(self._running):
            job.cancel()
        await self._end()

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._idle:
            self._idle.pop().close()

    async def __aenter__(self) -> Pool:
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        if kind is None:
            await self.close()
        else:
            await self.terminate()


async def _each(items: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


class _Process:
    """A process, started with its first job and again after one that was killed."""

    def __init__(self) -> None:
        self._process: Any = None
        self._has_begun = False
        self._reader: Any = None
        self._writer: Any = None

    async def run(self, job: Job) -> None:
        message = worker.pack((job.function, job.arguments, job.named))
        if self._process is None:
            await self._start()
        process = self._process
        job._stop = process.kill
        try:
            if job.done():
                return
            self._writer.write(message)
            await self._writer.drain()
            while True:
                kind, value = await self._receive()
                if kind == "begun":
                    self._has_begun = True
                elif kind == "progress":
                    job._told(value)
                else:
                    job._settle(*((value, None) if kind == "result" else (None, value)))
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            self.close()
            await asyncio.get_running_loop().run_in_executor(None, process.join)
            name = getattr(job.function, "__qualname__", job.function)
            told = f"the worker that ran {name} ended with {_told_end(process.exitcode)}"
            if not self._has_begun and process.exitcode > 0:
                told = (
                    f"the worker for {name} could not start, {_told_end(process.exitcode)}: it imports the program's file, "
                    'whose own start must stand behind if __name__ == "__main__":'
                )
            job._settle(None, WorkerDied(told))
        except asyncio.CancelledError:
            # In the middle of a message.
            self.close()
            raise
        finally:
            job._stop = None

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        # A fresh interpreter: what a fork of a process with threads and a loop would find is nobody's to say.
        process = multiprocessing.get_context("spawn").Process(target=worker.serve, args=(theirs,), daemon=True)
        try:
            await asyncio.get_running_loop().run_in_executor(None, process.start)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._process = process
        self._has_begun = False
        self._reader, self._writer = await asyncio.open_connection(sock=ours)

    async def _receive(self) -> tuple[str, Any]:
        head = await self._reader.readexactly(worker.LENGTH.size)
        data = await self._reader.readexactly(worker.LENGTH.unpack(head)[0])
        message: tuple[str, Any] = pickle.loads(data)
        return message

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._writer.close()
            self._process = None


def _told_end(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


class _Thread:
    """A thread."""

    def __init__(self) -> None:
        self._executor = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="twinloop-pool")

    async def run(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        stopped = threading.Event()
        job._stop = stopped.set
        ended = loop.create_future()
        room = threading.BoundedSemaphore(_MOST_STEPS)

        def tell(value: Any) -> None:
            while not (stopped.is_set() or room.acquire(timeout=0.1)):
                pass
            if stopped.is_set():
                raise reporting.JobCancelled("nobody waits for the call any more")
            loop.call_soon_threadsafe(heard, value)

        def heard(value: Any) -> None:
            room.release()
            job._told(value)

        def call() -> None:
            reporting.CURRENT.set(reporting.Reporter(tell, stopped.is_set))
            try:
                outcome: tuple[Any, BaseException | None] = job.function(*job.arguments, **job.named), None
            except reporting.JobCancelled:
                outcome = None, None
                stopped.set()
            except BaseException as error:
                outcome = None, error
            loop.call_soon_threadsafe(_set, ended, outcome)

        self._executor.submit(job._context.run, call)
        result, error = await ended
        if not stopped.is_set():
            job._settle(result, error)

    def close(self) -> None:
        """Let the thread end after its job."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _set(future: asyncio.Future[Any], outcome: Any) -> None:
    if not future.done():
        future.set_result(outcome)


_KINDS: dict[str, Callable[[], _Process | _Thread]] = {"process": _Process, "thread": _Thread}


def pool(
    workers: int | None = None, *, kind: Literal["process", "thread"] = "process", waiting: int | None = None
) -> Pool:
    """A :class:`Pool`: ``async with twinloop.pool() as pool: await pool.run(function, argument)``."""
    return Pool(workers, kind=kind, waiting=waiting)
