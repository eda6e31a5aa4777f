"""Calls in threads, for the trace of a process that is traced: when each waited for its thread, and ran."""

from __future__ import annotations

import time

from .. import _native


class Recorded:
    """A function whose one call is written down by ``tell``, a done callback of its future."""

    def __init__(self, function):
        self.function = function
        self.queued = time.monotonic_ns()
        self.started = self.ended = 0

    def __call__(self, *arguments):
        self.started = time.monotonic_ns()
        try:
            return self.function(*arguments)
        finally:
            self.ended = time.monotonic_ns()

    def tell(self, _future):
        # Not of one that was cancelled before it began, or goes on though nobody waits for it any more.
        if self.ended:
            _native.record_work(self.function, self.queued, self.started, self.ended)
