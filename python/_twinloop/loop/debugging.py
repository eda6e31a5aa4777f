"""Debug mode: handles are asyncio's own, which remember where they were made, and what takes long is reported.

The native core hands over to this class while debug mode is on; without it nothing here is called.
"""

from __future__ import annotations

from asyncio import Task, base_events, events, selector_events
from asyncio.log import logger

from . import tasks as task_trees

#: The files of add_reader and of what makes its handle.
_WATCHING = (__file__, selector_events.__file__)


class Debugging:
    """What a loop does in debug mode."""

    def set_debug(self, enabled):
        """Turn asyncio's debug mode on or off."""
        self._set_native_debug(bool(enabled))
        super().set_debug(enabled)

    def _call_soon_debug(self, callback, *args, context=None):
        self._check_thread()
        if self._left_to is not None:
            return self._call_soon_in_child(callback, *args, context=context)
        return self._add_debug_handle(callback, args, context, "call_soon")

    def _call_soon_threadsafe_debug(self, callback, *args, context=None):
        return self._add_debug_handle(callback, args, context, "call_soon_threadsafe")

    def _add_debug_handle(self, callback, args, context, method):
        self._check_closed()
        self._check_callback(callback, method)
        handle = events.Handle(callback, args, self, context)
        _forget_own_frames(handle, 2)
        self._add_callback(handle)
        return handle

    def _call_at_debug(self, when, callback, *args, context=None):
        self._check_closed()
        self._check_thread()
        self._check_callback(callback, "call_at")
        handle = events.TimerHandle(when, callback, args, self, context)
        _forget_own_frames(handle, 1)
        self._add_timer(when, handle)
        return handle

    def _make_reader_handle(self, callback, args):
        handle = events.Handle(callback, args, self)
        # Let its source traceback end at the caller of add_reader or add_writer, which are asyncio's.
        while handle._source_traceback and handle._source_traceback[-1].filename in _WATCHING:
            del handle._source_traceback[-1]
        return handle

    def _run_foreign_handle(self, handle):
        if handle._cancelled:
            return
        if not self._debug:
            handle._run()
            return
        self._current_handle = handle
        try:
            started = self.time()
            handle._run()
            duration = self.time() - started
            if duration >= self.slow_callback_duration:
                what = base_events._format_handle(handle)
                logger.warning("Executing %s took %.3f seconds%s", what, duration, _await_chain(handle))
        finally:
            self._current_handle = None

    def _transport_took(self, transport, protocol, duration):
        if duration >= self.slow_callback_duration:
            logger.warning("Executing callbacks of %r by %r took %.3f seconds", protocol, transport, duration)


def _await_chain(handle):
    """Where the coroutine of a task's step is now, for the report of a slow one."""
    task = getattr(handle._callback, "__self__", None)
    if not isinstance(task, Task) or task.done():
        return ""
    return "".join(f"\n  in {frame}" for frame in task_trees.await_chain(task.get_coro()))


def _forget_own_frames(handle, count):
    """Let a debug handle's source traceback end at the caller of the loop's method."""
    if handle._source_traceback:
        del handle._source_traceback[-count:]
