"""``DatagramTransport``: the transport of UDP and of Unix datagram sockets.

Sending and the whole way of a received datagram are native; what happens once in a transport's life is here. A real
subclass of ``asyncio.DatagramTransport``, and of ``asyncio.Transport`` as asyncio's own is.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from asyncio import trsock
from asyncio.log import logger

from .. import _native
from .failures import report_transport
from .flow import Ending, FlowControl, start_later

# Since 3.13 asyncio sends empty datagrams, and counts the header of each in the size of its queue.
_SENDS_EMPTY = sys.version_info >= (3, 13)
_OVERHEAD = 8 if _SENDS_EMPTY else 0


class DatagramTransport(FlowControl, Ending, asyncio.Transport, asyncio.DatagramTransport):
    """A datagram socket, with asyncio's behaviour."""

    __slots__ = ("__dict__", "__weakref__", "_state")

    def __init__(self, loop, sock, protocol, address=None, waiter=None, extra=None):
        asyncio.DatagramTransport.__init__(self, extra)
        self._sock = None  # Nothing to close yet if one of the next lines fails.
        self._loop = loop
        self._set_extra_info(sock)
        self._state = _native.DatagramState(
            loop,
            self,
            sock,
            address=address,
            connected=bool(self._extra["peername"]),
            sends_empty=_SENDS_EMPTY,
            overhead=_OVERHEAD,
        )
        self._sock_fd = sock.fileno()
        try:
            self.set_protocol(protocol)
            made = protocol.connection_made
        except BaseException:
            # The native half keeps its owner alive and the descriptor taken.
            self._state.release()
            raise
        self._sock = sock
        loop._transports[self._sock_fd] = self
        loop.call_soon(made, self)
        # Nothing is read before connection_made was called.
        start_later(loop, waiter, self._state.start)

    def _set_extra_info(self, sock):
        self._extra["socket"] = trsock.TransportSocket(sock)
        for name, ask in (("sockname", sock.getsockname), ("peername", sock.getpeername)):
            if name not in self._extra:
                try:
                    self._extra[name] = ask()
                except OSError:
                    self._extra[name] = None

    def __repr__(self):
        words = [type(self).__name__]
        if self._sock is None:
            words.append("closed")
        elif self.is_closing():
            words.append("closing")
        words.append(f"fd={self._sock_fd}")
        if self._sock is not None:
            words.append("read=polling" if self.is_reading() else "read=idle")
            size = self.get_write_buffer_size()
            words.append(f"write=<{'polling' if size else 'idle'}, bufsize={size}>")
        return f"<{' '.join(words)}>"

    def __del__(self, _warn=warnings.warn):
        if getattr(self, "_sock", None) is not None:
            _warn(f"unclosed transport {self!r}", ResourceWarning, source=self)
            self._state.release()
            self._sock.close()

    # ---- protocol ----------------------------------------------------------------------------------------------------

    def set_protocol(self, protocol):
        """Send everything to another protocol from now on."""
        self._protocol = protocol
        self._state.set_protocol(protocol)

    def get_protocol(self):
        """The current protocol."""
        return self._protocol

    def is_reading(self):
        """True unless reading is paused or the transport is closing."""
        return self._state.is_reading()

    def pause_reading(self):
        """Stop calls of datagram_received until resume_reading; what comes meanwhile stays with the kernel."""
        self._state.pause_reading()

    def resume_reading(self):
        """Go on with calls of datagram_received."""
        self._state.resume_reading()

    def _error_received(self, error):
        self._protocol.error_received(error)

    def _report(self, error, method):
        message = f"Exception in callback protocol.{method}()"
        report_transport(self._loop, self, self._protocol, message, error)

    # ---- writing -----------------------------------------------------------------------------------------------------

    def get_write_buffer_size(self):
        """How many bytes wait because the socket is full."""
        return self._state.queued()

    # ---- the end -----------------------------------------------------------------------------------------------------

    def is_closing(self):
        """True once the transport is closing or closed."""
        return self._state.is_closing()

    def close(self):
        """Close the transport once everything queued has been sent."""
        self._state.close()

    def abort(self):
        """Close at once; what is queued is lost."""
        self._state.force_close(None)

    def _fatal_error(self, error, message="Fatal error on transport"):
        if isinstance(error, OSError):
            if self._loop.get_debug():
                logger.debug("%r: %s", self, message, exc_info=error)
        else:
            report_transport(self._loop, self, self._protocol, message, error)
        self._state.force_close(error)

    def _call_connection_lost(self, error):
        try:
            self._protocol.connection_lost(error)
        finally:
            self._state.release()
            self._sock.close()
            self._sock = self._protocol = self._loop = None


_native.install_datagram_methods(DatagramTransport)
