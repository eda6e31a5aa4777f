"""Child processes: started by ``subprocess.Popen``, watched through a pidfd on the loop.

asyncio asks a watcher that belongs to the whole process, on 3.11 with a thread a child. Here each loop watches its own
children, in whatever thread it runs, without a thread and without SIGCHLD, which stays the program's. Where the kernel has
no pidfd a thread waits for the one child instead. What a child writes goes straight into the readers of
``asyncio.subprocess.Process``. Loop thread, except ``_wait_in_thread``.
"""

from __future__ import annotations

import contextlib
import os
import threading
from asyncio import base_subprocess, subprocess, unix_events
from asyncio.log import logger

from . import readers
from .pipes import ReadPipeTransport

# What asyncio reports for a child whose status somebody else has taken.
_UNKNOWN_STATUS = 255

_DATA_RECEIVED = base_subprocess.ReadSubprocessPipeProto.data_received
_PIPE_DATA_RECEIVED = subprocess.SubprocessStreamProtocol.pipe_data_received
_READERS = {1: "stdout", 2: "stderr"}


class _UnixSubprocessTransport(unix_events._UnixSubprocessTransport):
    """asyncio's, under the name that its ``repr`` tells, except that pipes may feed readers themselves."""

    def feed_readers(self):
        """Let the pipes of a child feed the readers of its ``Process``, where asyncio makes two calls later for each read.

        Calls that are queued already come first all the same: the next read is an entry of the ready queue behind them.
        """
        protocol = self._protocol
        if type(protocol) is not subprocess.SubprocessStreamProtocol:
            return
        if not readers.calls(protocol.pipe_data_received, _PIPE_DATA_RECEIVED):
            return
        for fd, pipe_protocol in self._read_pipes():
            if readers.calls(pipe_protocol.data_received, _DATA_RECEIVED):
                name = _READERS[fd]
                state = readers.adopt_reader(getattr(protocol, name))
                if state is not None:
                    pipe_protocol.pipe._state.feed(state, protocol, name)

    def _process_exited(self, returncode):
        super()._process_exited(returncode)
        # Who waits for the child does not wait for what it has left behind: a grandchild may hold the pipes for long. asyncio
        # wakes them once the pipes are closed too, and like this in versions to come.
        for waiter in self._exit_waiters:
            if not waiter.done():
                waiter.set_result(returncode)
        self._exit_waiters = []

    def set_protocol(self, protocol):
        """Send everything to another protocol from now on."""
        super().set_protocol(protocol)
        for _, pipe_protocol in self._read_pipes():
            pipe_protocol.pipe.set_protocol(pipe_protocol)

    def _read_pipes(self):
        """The protocols of the pipes of ours that can still be read."""
        for fd in _READERS.keys() & self._pipes.keys():
            pipe_protocol = self._pipes[fd]
            pipe = pipe_protocol and pipe_protocol.pipe
            if type(pipe) is ReadPipeTransport and pipe.get_protocol() is pipe_protocol:
                yield fd, pipe_protocol


async def start(loop, protocol, args, shell, stdin, stdout, stderr, bufsize, extra, options):
    """Start a child and return its transport once its pipes are connected."""
    waiter = loop.create_future()
    transport = _UnixSubprocessTransport(
        loop, protocol, args, shell, stdin, stdout, stderr, bufsize, waiter=waiter, extra=extra, **options
    )
    watch(loop, transport)
    try:
        await waiter
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException:
        transport.close()
        await transport._wait()
        raise
    transport.feed_readers()
    return transport


def watch(loop, transport):
    """Tell ``transport`` when its child ends."""
    process = transport._proc
    try:
        pidfd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        # With SIGCHLD ignored the kernel keeps no status of a child that has ended.
        loop.call_soon(_report, loop, transport, process)
    except (OSError, AttributeError):
        threading.Thread(
            target=_wait_in_thread,
            args=(loop, transport, process),
            name=f"twinloop-waitpid-{process.pid}",
            daemon=True,
        ).start()
    else:
        loop._children.add(pidfd)
        loop._add_reader(pidfd, _ended, loop, transport, process, pidfd)


def forget_all(loop):
    """Stop watching, for the loop is being closed."""
    while loop._children:
        os.close(loop._children.pop())


def _ended(loop, transport, process, pidfd):
    loop._remove_reader(pidfd)
    loop._children.discard(pidfd)
    os.close(pidfd)
    _report(loop, transport, process)


def _report(loop, transport, process):
    transport._process_exited(_take_status(process))


def _take_status(process):
    """The exit status of a child that has ended; blocks if it has not."""
    # Popen's own lock: `transport.close` polls the child, and so may the program.
    with process._waitpid_lock:
        if process.returncode is not None:
            return process.returncode
        try:
            _, status = os.waitpid(process.pid, 0)
        except ChildProcessError:
            logger.warning(
                "child process pid %d exit status already read: will report returncode %d",
                process.pid,
                _UNKNOWN_STATUS,
            )
            process.returncode = _UNKNOWN_STATUS
        else:
            process.returncode = unix_events.waitstatus_to_exitcode(status)
        return process.returncode


def _wait_in_thread(loop, transport, process):
    # Without the lock: a poll of the child must not have to wait for its end.
    with contextlib.suppress(ChildProcessError):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        loop.call_soon_threadsafe(_report, loop, transport, process)
    except RuntimeError:
        logger.warning("Loop %r that handles pid %r is closed", loop, process.pid)
