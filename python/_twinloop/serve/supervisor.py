"""Several processes on one socket (``--workers``), or one that begins again when a file changes (``--reload``).

The parent binds the sockets and hands them to every child, so that nothing is lost while children come and go: whoever connects
meanwhile waits in the socket's queue. It runs no loop and no application. A child tells by a pipe that it serves, and learns by another one
that its parent has gone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fnmatch
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from ..broadcast.places import new_group
from .logs import error_logger
from .settings import Settings
from .sockets import SocketFile, listening, url

#: What a worker finds its place by: the descriptors of its sockets, of the pipe to its parent, and of the one from it.
VARIABLE = "TWINLOOP_SERVE_WORKER"

#: A worker that ends sooner than this after its beginning is not begun again at once.
HASTY_S = 1.0


class Place:
    """What a worker has of its parent."""

    def __init__(self, listeners: list[socket.socket], tell: int, lifeline: int) -> None:
        self.listeners = listeners
        self._tell = tell
        self._lifeline = lifeline

    @staticmethod
    def of_worker() -> Place | None:
        """The place of this process, if it is a worker."""
        words = os.environ.pop(VARIABLE, "").split()
        if len(words) < 3:
            return None
        tell, lifeline, *sockets = map(int, words)
        for number in (tell, lifeline):
            os.set_inheritable(number, False)
        # Ctrl-C goes to all processes of a terminal: it is for the parent to say what follows from it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return Place([socket.socket(fileno=number) for number in sockets], tell, lifeline)

    def ready(self) -> None:
        """Tell the parent that this worker serves."""
        with contextlib.suppress(OSError):
            os.write(self._tell, b"1")
        os.close(self._tell)

    def watch(self, end: Callable[[], None]) -> None:
        """Call ``end`` when the parent has gone."""
        loop = asyncio.get_running_loop()

        def gone() -> None:
            loop.remove_reader(self._lifeline)
            end()

        loop.add_reader(self._lifeline, gone)


class _Worker:
    """A child, and whether it serves already."""

    def __init__(self, command: list[str], listeners: list[socket.socket]) -> None:
        ready, tell = os.pipe()
        lifeline, self._lifeline = os.pipe()
        self._ready = ready
        numbers = [listener.fileno() for listener in listeners]
        environment = {**os.environ, VARIABLE: " ".join(map(str, [tell, lifeline, *numbers]))}
        try:
            self.process = subprocess.Popen(command, env=environment, pass_fds=[tell, lifeline, *numbers])
        finally:
            os.close(tell)
            os.close(lifeline)
        self.serves = False
        self.began = time.monotonic()
        self.is_ending = False

    def look(self) -> None:
        """See whether it serves by now."""
        if not self.serves and select.select([self._ready], [], [], 0)[0]:
            self.serves = os.read(self._ready, 1) == b"1"

    def end(self) -> None:
        """Ask it to end."""
        self.is_ending = True
        if self.process.poll() is None:
            self.process.terminate()

    def forget(self) -> None:
        """It has ended."""
        for number in (self._ready, self._lifeline):
            with contextlib.suppress(OSError):
                os.close(number)


class _Signals:
    """Signals as something to wait for."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        for end in (self._ours, self._theirs):
            end.setblocking(False)
        self.came: list[int] = []

    def __enter__(self) -> _Signals:
        signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU)
        for number in numbers:
            signal.signal(number, lambda number, _frame: self.came.append(number))
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)

    def wait(self, limit_s: float) -> Iterator[int]:
        """Wait for a signal, or for so long, and give those that came."""
        select.select([self._ours], [], [], limit_s)
        with contextlib.suppress(BlockingIOError):
            while self._ours.recv(4096):
                pass
        while self.came:
            yield self.came.pop(0)


def supervise(options: argparse.Namespace, settings: Settings, words: list[str]) -> int:
    """Run the workers until a signal ends them; returns the exit status."""
    try:
        listeners = listening(settings)
        file = SocketFile(settings)
        for listener in listeners:
            # Who connects before a worker is there waits.
            listener.listen(settings.backlog)
    except OSError as error:
        error_logger.error("%s", error)
        return 1
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    command = [sys.executable, *flags, "-m", "twinloop", *_own_options(), "serve", *words]
    for listener in listeners:
        address = url(listener, "https" if settings.is_secure else "http")
        error_logger.info("Twinloop running on %s (Press CTRL+C to quit)", address)
    with _Signals() as signals:
        if options.reload:
            status = _reload(options, command, listeners, signals)
        else:
            status = _Workers(options.workers, command, listeners, signals).run()
    file.remove()
    return status


def _own_options() -> list[str]:
    """The words before ``serve``, which hold for workers too."""
    words = sys.orig_argv[1:]
    with contextlib.suppress(ValueError):
        place = words.index("serve")
        before = words[:place]
        names = ("--connect-to", "--ca-file")
        return [
            word
            for number, word in enumerate(before)
            if word.partition("=")[0] in names or (number and before[number - 1] in names)
        ]
    return []


class _Workers:
    """So many workers, of which each that dies is begun again."""

    def __init__(self, count: int, command: list[str], listeners: list[socket.socket], signals: _Signals) -> None:
        self._count = count
        self._command = command
        self._listeners = listeners
        self._signals = signals
        self._workers: list[_Worker] = []
        #: Workers to be replaced, one after the other, and the one that takes the place of the first.
        self._outdated: list[_Worker] = []
        self._successor: _Worker | None = None
        self._is_ending = False
        self._has_served = False
        self._status = 0

    def run(self) -> int:
        error_logger.info("Started parent process [%d]", os.getpid())
        # Their broadcast channels hear each other.
        os.environ.update(new_group())
        for _ in range(self._count):
            self._begin()
        while self._workers:
            for number in self._signals.wait(0.5):
                self._handle(number)
            self._look()
        error_logger.info("Stopping parent process [%d]", os.getpid())
        return self._status

    def _begin(self) -> _Worker:
        worker = _Worker(self._command, self._listeners)
        self._workers.append(worker)
        return worker

    def _handle(self, number: int) -> None:
        if number in (signal.SIGINT, signal.SIGTERM):
            # Who is asked a second time cuts what is open.
            self._is_ending = True
            self._outdated.clear()
            for worker in self._workers:
                worker.end()
        elif self._is_ending:
            return
        elif number == signal.SIGHUP:
            error_logger.info("Received SIGHUP, restarting workers.")
            self._outdated = [worker for worker in self._workers if not worker.is_ending]
        elif number == signal.SIGTTIN:
            self._count += 1
        elif number == signal.SIGTTOU and self._count > 1:
            self._count -= 1

    def _look(self) -> None:
        for worker in list(self._workers):
            worker.look()
            self._has_served |= worker.serves
            if worker.process.poll() is not None:
                self._ended(worker)
        if self._is_ending:
            return
        self._replace_outdated()
        present = [worker for worker in self._workers if not worker.is_ending and worker is not self._successor]
        for worker in present[self._count :]:
            worker.end()
        for _ in range(self._count - len(present) - (self._successor is not None)):
            self._begin()

    def _ended(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.forget()
        if worker in self._outdated:
            self._outdated.remove(worker)
        if worker is self._successor:
            self._successor = None
        status = worker.process.returncode
        if worker.is_ending or self._is_ending:
            return
        if not worker.serves and not self._has_served:
            # None has ever served: beginning again would not help.
            self._status = status if status > 0 else 1
            self._handle(signal.SIGTERM)
            return
        error_logger.info("Child process [%d] died (status %d)", worker.process.pid, status)
        if time.monotonic() - worker.began < HASTY_S:
            time.sleep(HASTY_S)

    def _replace_outdated(self) -> None:
        if self._successor is not None and self._successor.serves:
            self._successor = None
            if self._outdated:
                self._outdated.pop(0).end()
        if self._outdated and self._successor is None:
            self._successor = self._begin()


# ---- reloading ---------------------------------------------------------------------------------------------------------


def _reload(options: argparse.Namespace, command: list[str], listeners: list[socket.socket], signals: _Signals) -> int:
    folders = [os.path.abspath(folder) for folder in options.reload_dirs or [options.app_dir or "."]]
    files = _Files(folders, options.reload_includes or ["*.py"], options.reload_excludes or [".*", "*.pyc"])
    error_logger.info("Will watch for changes in these directories: %s", folders)
    error_logger.info("Started reloader process [%d]", os.getpid())
    worker: _Worker | None = _Worker(command, listeners)
    while True:
        for number in signals.wait(options.reload_delay):
            if number in (signal.SIGINT, signal.SIGTERM):
                if worker is not None:
                    _end(worker, signals)
                error_logger.info("Stopping reloader process [%d]", os.getpid())
                return 0
        if worker is not None and worker.process.poll() is not None:
            # It could not start, or has ended by itself: the next change may help.
            worker.forget()
            worker = None
        changed = files.changed()
        if changed:
            error_logger.warning("Detected changes in %s. Reloading...", ", ".join(map(repr, changed)))
            if worker is not None:
                _end(worker, signals)
            worker = _Worker(command, listeners)


def _end(worker: _Worker, signals: _Signals) -> None:
    worker.end()
    while worker.process.poll() is None:
        for number in signals.wait(0.2):
            if number in (signal.SIGINT, signal.SIGTERM):
                worker.end()
    worker.forget()


class _Files:
    """The files that count, and when each was changed."""

    def __init__(self, folders: list[str], includes: list[str], excludes: list[str]) -> None:
        self._folders = folders
        self._includes = includes
        self._excludes = excludes
        self._times = self._look()

    def changed(self) -> list[str]:
        """The files that were changed, made or removed since the last look."""
        now = self._look()
        before, self._times = self._times, now
        return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))

    def _look(self) -> dict[str, int]:
        times = {}
        for folder in self._folders:
            for path, folders, names in os.walk(folder):
                folders[:] = [name for name in folders if not self._is_excluded(name) and name != "__pycache__"]
                for name in names:
                    if self._is_excluded(name) or not any(fnmatch.fnmatch(name, each) for each in self._includes):
                        continue
                    full_path = os.path.join(path, name)
                    with contextlib.suppress(OSError):
                        times[full_path] = os.stat(full_path).st_mtime_ns
        return times

    def _is_excluded(self, name: str) -> bool:
        return any(fnmatch.fnmatch(name, each) for each in self._excludes)
