"""Child processes: started by ``subprocess.Popen``, watched through a pidfd on the loop.

asyncio asks a watcher that belongs to the whole process, on 3.11 with a thread a child. Here each loop watches its own
children, in whatever thread it runs, without a thread and without SIGCHLD, which stays the program's. Where the kernel has
no pidfd a thread waits for the one child instead. Loop thread, except ``_wait_in_thread``.
"""

from __future__ import annotations

import contextlib
import os
import threading
from asyncio import unix_events
from asyncio.log import logger

# What asyncio reports for a child whose status somebody else has taken.
_UNKNOWN_STATUS = 255


async def start(loop, protocol, args, shell, stdin, stdout, stderr, bufsize, extra, options):
    """Start a child and return its transport once its pipes are connected."""
    waiter = loop.create_future()
    transport = unix_events._UnixSubprocessTransport(
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
