"""What transports over a native ``_state`` share: the limits of the write queue (``FlowControl``), how they start and how they end."""

from __future__ import annotations

from asyncio import futures

from .failures import report_transport, reported


class FlowControl:
    """Methods of a transport whose native state counts what is queued."""

    __slots__ = ()

    def set_write_buffer_limits(self, high=None, low=None):
        """Set the sizes of the write queue at which the protocol is told to pause and to resume."""
        if high is None:
            high = 64 * 1024 if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._state.set_limits(high, low)

    def get_write_buffer_limits(self):
        """The limits as (low, high)."""
        return self._state.limits()

    @property
    def _protocol_paused(self):
        return self._state.is_protocol_paused()

    def _tell_protocol(self, method):
        with reported(self._loop, self, self._protocol, f"protocol.{method}() failed"):
            getattr(self._protocol, method)()


class Ending:
    """How a transport ends; it brings ``_call_connection_lost``."""

    __slots__ = ()

    def _schedule_connection_lost(self, error):
        self._loop.call_soon(self._call_connection_lost, error)

    def _lose_connection(self, error):
        """End now, inside a callback of the loop: what the protocol raises is reported and the loop goes on."""
        loop, protocol = self._loop, self._protocol
        try:
            self._call_connection_lost(error)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as raised:
            # Every connection ends here: the words are made for one that fails alone.
            message = f"Exception in callback {type(protocol).__name__}.connection_lost({error!r})"
            report_transport(loop, self, protocol, message, raised)


def start_later(loop, waiter, start):
    """Tell ``waiter`` that its transport is ready, and call ``start`` so that nothing is read before whoever waits goes on.

    That is asyncio's order: programs make what their protocol needs after they have awaited the transport. What is ready when
    a transport starts is read in the same turn, so it starts a turn after ``waiter`` was told.
    """
    if waiter is not None:
        loop.call_soon(_tell_and_start, loop, waiter, start)
    elif start is not None:
        loop.call_soon(start)


def _tell_and_start(loop, waiter, start):
    futures._set_result_unless_cancelled(waiter, None)
    if start is not None:
        loop.call_soon(start)
