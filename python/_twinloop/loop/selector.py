"""The ``_selector`` attribute that asyncio's own transports expect to look into.

Nothing is polled here: descriptors are registered with the native loop, and this only tells what it watches, and lets
programs step it.
"""

from __future__ import annotations

import selectors
import weakref
from asyncio import tasks


class LoopSelector:
    """A view of the descriptors that a loop watches, and asyncio's way to step it."""

    def __init__(self, loop) -> None:
        self._loop = weakref.ref(loop)

    def get_key(self, fileobj):
        """The registration of a descriptor, or KeyError."""
        key = self.get_map().get(fileobj)
        if key is None:
            raise KeyError(f"{fileobj!r} is not registered")
        return key

    def get_map(self):
        """A mapping from descriptors to their registrations."""
        return _WatchedMap(self._loop())

    def select(self, timeout=None):
        """One turn of the native loop, which waits for at most ``timeout`` seconds. Reports no events, for it has called what they
        were for; the list is empty if nothing was called.

        Programs step a loop by ``_run_once``, asyncio's own or their copy of it (nest_asyncio), or this method. All find that
        nothing is ready but what is asked for here; asyncio's own lists, ``_ready`` and ``_scheduled``, are always empty.
        """
        loop = self._loop()
        # A turn inside a task's step runs other tasks, which asyncio forbids while there is a current one.
        current = tasks._current_tasks.pop(loop, None)
        try:
            return [None] if loop._step(timeout) else []
        finally:
            if current is not None:
                tasks._current_tasks[loop] = current

    def close(self) -> None:
        """Nothing to close: the native loop owns the descriptors."""


class _WatchedMap:
    def __init__(self, loop) -> None:
        self._loop = loop

    def get(self, fd, default=None):
        reads, writes = (False, False) if self._loop is None else self._loop._watched(fd)
        if not (reads or writes):
            return default
        events = (selectors.EVENT_READ if reads else 0) | (selectors.EVENT_WRITE if writes else 0)
        return selectors.SelectorKey(fd, fd, events, None)
