"""The ``_selector`` attribute that asyncio's own transports expect to look into.

Nothing is polled here: descriptors are registered with the native loop, and this only tells what it watches.
"""

from __future__ import annotations

import selectors
import weakref


class LoopSelector:
    """A read-only view of the descriptors that a loop watches."""

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
