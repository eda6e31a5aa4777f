"""``ReadPipeTransport`` and ``WritePipeTransport``: the transports of pipes, FIFOs, sockets and character devices.

Reading and writing are native; what happens once in a transport's life is here. Real subclasses of asyncio's
``ReadTransport`` and ``WriteTransport``.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import warnings
from asyncio.log import logger

from .. import _native
from .failures import report_transport
from .flow import Ending, FlowControl, start_later


def _is_device(pipe, allowed):
    """Whether ``pipe`` is a character device; ValueError if it is none of the kinds that can be waited for."""
    mode = os.fstat(pipe.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)):
        raise ValueError(f"Pipe transport is {allowed}.")
    return stat.S_ISCHR(mode)


class _PipeTransport(Ending):
    """What both directions have."""

    __slots__ = ()

    def _open(self, loop, pipe, protocol, waiter, extra, state, is_device):
        self._extra = {} if extra is None else extra
        self._extra["pipe"] = pipe
        self._loop = loop
        self._fileno = pipe.fileno()
        self._protocol = protocol
        # Before the native half, which keeps its owner alive and the descriptor taken.
        made = protocol.connection_made
        os.set_blocking(self._fileno, False)
        self._state = state(loop, self, pipe, is_device)
        self._pipe = pipe
        loop._pipes.add(self)
        loop.call_soon(made, self)

    def _words(self):
        if self._pipe is None:
            state = "closed"
        elif self.is_closing() and not self._loop.is_closed():
            state = "closing"
        else:
            # Also when the loop was closed and left the pipe open.
            state = "open"
        return [type(self).__name__, state, f"fd={self._fileno}"]

    def __del__(self, _warn=warnings.warn):
        if getattr(self, "_pipe", None) is not None:
            _warn(f"unclosed transport {self!r}", ResourceWarning, source=self)
            self._state.release()
            self._pipe.close()

    def get_protocol(self):
        """The current protocol."""
        return self._protocol

    def is_closing(self):
        """True once the transport is closing or closed."""
        return self._state.is_closing()

    def _report(self, error, message):
        report_transport(self._loop, self, self._protocol, message, error)

    def _call_connection_lost(self, error):
        try:
            self._protocol.connection_lost(error)
        finally:
            self._state.release()
            self._pipe.close()
            self._pipe = self._protocol = self._loop = None


class ReadPipeTransport(_PipeTransport, asyncio.ReadTransport):
    """The reading end of a pipe, with asyncio's behaviour."""

    def __init__(self, loop, pipe, protocol, waiter=None, extra=None):
        self._pipe = None  # Nothing to close yet if one of the next lines fails.
        is_device = _is_device(pipe, "for pipes/sockets only")
        self._open(loop, pipe, protocol, waiter, extra, _native.ReadPipeState, is_device)
        self._state.set_protocol(protocol)
        # Nothing is read before connection_made was called.
        start_later(loop, waiter, self._state.start)

    def __repr__(self):
        words = self._words()
        if self._pipe is not None:
            words.append("polling" if self.is_reading() else "idle")
        return f"<{' '.join(words)}>"

    def set_protocol(self, protocol):
        """Send everything to another protocol from now on."""
        self._protocol = protocol
        self._state.set_protocol(protocol)

    def is_reading(self):
        """True unless reading is paused or the transport is closing."""
        return not self._state.is_paused() and not self._state.is_closing()

    def pause_reading(self):
        """Stop calls of data_received until resume_reading."""
        if self.is_reading():
            self._state.pause()

    def resume_reading(self):
        """Go on with calls of data_received."""
        if not self._state.is_closing():
            self._state.resume()

    def close(self):
        """Close the transport; what was not read is lost."""
        if not self._state.is_closing():
            self._close(None)

    def _close(self, error):
        self._state.end()
        self._schedule_connection_lost(error)

    def _ended(self):
        if self._loop.get_debug():
            logger.info("%r was closed by peer", self)
        self._state.end()
        self._loop.call_soon(self._protocol.eof_received)
        self._schedule_connection_lost(None)

    def _protocol_failed(self, error, message):
        self._report(error, message)

    def _fatal_error(self, error, message):
        # A terminal whose other side has closed answers EIO.
        if isinstance(error, OSError) and error.errno == errno.EIO:
            if self._loop.get_debug():
                logger.debug("%r: %s", self, message, exc_info=error)
        else:
            self._report(error, message)
        if not self._state.is_closing():
            self._close(error)


class WritePipeTransport(_PipeTransport, FlowControl, asyncio.Transport):
    """The writing end of a pipe, with asyncio's behaviour; asyncio's own is an ``asyncio.Transport`` too."""

    def __init__(self, loop, pipe, protocol, waiter=None, extra=None):
        self._pipe = None  # Nothing to close yet if one of the next lines fails.
        is_device = _is_device(pipe, "only for pipes, sockets and character devices")
        self._open(loop, pipe, protocol, waiter, extra, _native.WritePipeState, is_device)
        # A device is both ends in one: that it can be read does not mean that anybody has gone.
        start_later(loop, waiter, None if is_device else self._state.start)

    def __repr__(self):
        words = self._words()
        if self._pipe is not None:
            words.append(f"bufsize={self.get_write_buffer_size()}")
        return f"<{' '.join(words)}>"

    def set_protocol(self, protocol):
        """Tell another protocol of everything from now on."""
        self._protocol = protocol

    def write(self, data):
        """Send data, or queue a copy of what the kernel does not take now."""
        self._state.write(data)

    def writelines(self, list_of_data):
        """Send each item, in order."""
        self._state.write(b"".join(list_of_data))

    def get_write_buffer_size(self):
        """How many bytes the kernel has not taken yet."""
        return self._state.queued()

    def can_write_eof(self):
        """True: closing the pipe is the end of the stream."""
        return True

    def write_eof(self):
        """Close the pipe once everything queued has been sent."""
        self._state.close()

    def close(self):
        """Close the pipe once everything queued has been sent."""
        self._state.close()

    def abort(self):
        """Close at once; what is queued is lost."""
        self._state.force_close(None)

    def _peer_closed(self):
        if self._loop.get_debug():
            logger.info("%r was closed by peer", self)
        self._state.force_close(BrokenPipeError() if self.get_write_buffer_size() else None)

    def _fatal_error(self, error, message):
        if isinstance(error, OSError):
            if self._loop.get_debug():
                logger.debug("%r: %s", self, message, exc_info=error)
        else:
            self._report(error, message)
        self._state.force_close(error)
