"""Forks: the child of a fork leaves its parent's loop alone, and gets a clear error when it does not.

What the child may do is to end in the coroutine that forked, and to run a loop of its own. Everything here runs in the child, in the thread
that forked, the only one that it has.
"""

from __future__ import annotations

import os
import signal
import weakref
from asyncio import SelectorEventLoop, base_events, events, futures, tasks

from .waking import put_wakeup_fd_back

_ENDINGS = {
    SelectorEventLoop.shutdown_asyncgens.__code__,
    SelectorEventLoop.shutdown_default_executor.__code__,
}

# Every loop of the process that has not been collected.
_open_loops: weakref.WeakSet[Forking] = weakref.WeakSet()


class Forking:
    """What a loop does when its process was forked."""

    # The process that this loop was left to, and the tasks that are that one's to end.
    _left_to = None
    _tasks_of_parent = ()

    def _leave_to_parents_when_forked(self):
        _open_loops.add(self)

    def _leave_to_parent(self, process):
        """In a forked process: part from the descriptors and registrations, which are the parent's."""
        if self.is_closed():
            return
        if events._get_running_loop() is self:
            events._set_running_loop(None)
        self._left_to = process
        self._part_from_parent(f"the event loop belongs to process {process}, which forked this one: make a new loop")
        self._thread_id = None
        # Signals of this process must not be written into a socket that the parent reads; the program's own is its affair.
        sockets = [self._ssock, self._csock, *(self._wake_pair or ())]
        wakeup_fd = signal.set_wakeup_fd(-1)
        if all(wakeup_fd != sock.fileno() for sock in sockets):
            put_wakeup_fd_back(wakeup_fd)
        self._is_woken_by_signals = False
        for sock in sockets:
            sock.close()
        for pidfd in self._children:
            os.close(pidfd)
        self._children.clear()
        # The tasks too are for the parent to end. They are taken from the list that `asyncio.Runner` cancels and waits for.
        self._tasks_of_parent = tasks.all_tasks(self)
        for task in self._tasks_of_parent:
            tasks._unregister_task(task)
            task._log_destroy_pending = False
        self.run_until_complete = self._run_until_complete_in_child

    def _call_soon_in_child(self, callback, *args, context=None):
        """Refuse to call anything, but let a future that ends in this process, such as that of a task that exits, end."""
        if len(args) != 1 or not futures.isfuture(args[0]) or not args[0].done():
            self._check_closed()
        if callback is base_events._run_until_complete_cb and not isinstance(args[0]._exception, RuntimeError):
            # `run_until_complete`, which the fork happened in, has what it waits for. (With a RuntimeError it has probably
            # tried to go on, and then the reason why it cannot is the better error.)
            self._end_run_in_child()
        return events.Handle(callback, args, self, context)

    def _end_in_child(self, leaving):
        """In a forked process, when the run that the fork happened in is over: let its tasks complain only of what is new."""
        lacks_cause = isinstance(leaving, RuntimeError) and leaving.__cause__ is None
        for task in self._tasks_of_parent:
            error = getattr(task, "_exception", None)
            if isinstance(error, (SystemExit, KeyboardInterrupt)):
                # It has left the loop by itself; asyncio notes that in a callback of the task.
                task._log_traceback = False
            elif lacks_cause and isinstance(error, RuntimeError) and error is not leaving:
                # Where the program tried to go on.
                leaving.__cause__ = error
                task._log_traceback = lacks_cause = False
        self._tasks_of_parent = ()

    def _run_until_complete_in_child(self, future):
        if getattr(future, "cr_code", None) not in _ENDINGS:
            return super().run_until_complete(future)
        # `asyncio.Runner` on the way out. The asynchronous generators and the executor are the parent's.
        future.close()
        return None


def _after_fork_in_child():
    parent = os.getppid()
    for loop in list(_open_loops):
        loop._leave_to_parent(parent)


os.register_at_fork(after_in_child=_after_fork_in_child)
