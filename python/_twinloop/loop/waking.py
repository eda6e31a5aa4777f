"""Signals: that they wake a loop which waits, and whose the process's wake-up descriptor is. Main thread only, where Python has its handlers."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading


class Waking:
    """What a loop does so that signals wake it."""

    # What signals are written into while nobody else asks for their numbers: the end to read, and the end to write.
    _wake_pair = None
    _is_woken_by_signals = False

    def _begin_waking(self):
        """Let every signal wake the loop from now on: one that arrives just before it blocks, or in another thread, would not.

        A process has one wake-up descriptor. If somebody else has set it, it is left alone, as asyncio does: the program
        for itself, or a loop for its signal handlers, which learns the numbers of the signals from it.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        if self._wake_pair is None:
            self._wake_pair = _non_blocking_pair()
            self._watch_self_pipe(self._wake_pair[0].fileno(), "_empty_wake_pair")
        ours = self._wake_pair[1].fileno()
        # When it is full, the loop has been woken already.
        others = signal.set_wakeup_fd(ours, warn_on_full_buffer=False)
        self._is_woken_by_signals = others in (-1, ours) or not put_wakeup_fd_back(others)

    def _end_waking(self):
        if self._is_woken_by_signals:
            self._is_woken_by_signals = False
            others = signal.set_wakeup_fd(-1)
            if others != self._wake_pair[1].fileno():
                put_wakeup_fd_back(others)

    def _empty_wake_pair(self):
        # The numbers in it mean nothing: Python runs its handlers by itself, and asyncio's handlers have a pair of their own.
        with contextlib.suppress(BlockingIOError):
            while self._wake_pair[0].recv(4096):
                pass

    def add_signal_handler(self, sig, callback, *args):
        """Call ``callback(*args)`` on the loop when the signal arrives."""
        try:
            super().add_signal_handler(sig, callback, *args)
        finally:
            self._follow_signal_handlers()

    def remove_signal_handler(self, sig):
        """Remove the handler of a signal; True if there was one."""
        removed = super().remove_signal_handler(sig)
        if removed:
            self._follow_signal_handlers()
        return removed

    def _follow_signal_handlers(self):
        # asyncio sets its own descriptor with the first handler, leaves it between runs, and takes it away with the last.
        if self._signal_handlers:
            self._is_woken_by_signals = False
        elif self._thread_id == threading.get_ident():
            self._begin_waking()

    def _signal_sockets(self):
        """The descriptors from which this loop learns of signals, for who has to notice that it does not."""
        return [sock.fileno() for sock in (self._ssock, *(self._wake_pair or ())[:1])]

    def _make_self_pipe(self):
        self._ssock, self._csock = _non_blocking_pair()
        self._internal_fds += 1
        self._watch_self_pipe(self._ssock.fileno(), "_read_from_self")

    def _close_self_pipe(self):
        super()._close_self_pipe()
        for sock in self._wake_pair or ():
            sock.close()


def _non_blocking_pair():
    pair = socket.socketpair()
    for sock in pair:
        sock.setblocking(False)
    return pair


def put_wakeup_fd_back(fd):
    """Set the wake-up descriptor that somebody else had set; false if it cannot be one any more."""
    try:
        signal.set_wakeup_fd(fd)
    except (OSError, ValueError):
        return False
    return True
