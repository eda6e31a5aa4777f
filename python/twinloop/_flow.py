"""``FlowControl``: the limits of a write queue and telling the protocol of them, over a native ``_state``."""

from __future__ import annotations


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
        try:
            getattr(self._protocol, method)()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._loop.call_exception_handler(
                {
                    "message": f"protocol.{method}() failed",
                    "exception": error,
                    "transport": self,
                    "protocol": self._protocol,
                }
            )
