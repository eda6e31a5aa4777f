"""``SocketTransport``: the transport of TCP and Unix stream sockets.

The hot methods (write, pause and resume, close, and the whole read path) are native and installed into this class; what
happens once in a connection's life is here. A real subclass of ``asyncio.Transport``.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import warnings
from asyncio import constants, selector_events, transports, trsock
from asyncio.log import logger

from .. import _native
from .failures import report_transport
from .flow import Ending, FlowControl, start_later

_SERVER_COUNTS_TRANSPORTS = sys.version_info >= (3, 13)


class SocketTransport(Ending, FlowControl, transports._FlowControlMixin, asyncio.Transport):
    """A connected stream socket, with asyncio's behaviour.

    The mixin is a base because asyncio's sendfile fallback insists on it; its flow control is replaced by the native one.
    """

    __slots__ = ("__dict__", "__weakref__", "_state")

    _start_tls_compatible = True
    _sendfile_compatible = constants._SendfileMode.TRY_NATIVE

    # What most connections never have of their own.
    _sock = None
    _server = None
    _empty_waiter = None
    _sending = None
    _given_extra = None
    _made_extra = None

    def __init__(self, loop, sock, protocol, waiter=None, extra=None, server=None, peer=None):
        # There is nothing to close yet, no `_sock`, if one of the next lines fails.
        self._state = _native.TransportState(loop, self, sock, peer)
        self._loop = loop
        self._kept_sock = sock
        self._sock_fd = sock.fileno()
        if extra is not None:
            self._given_extra = extra
        try:
            self.set_protocol(protocol)
            made = protocol.connection_made
            if server is not None:
                server._attach(self) if _SERVER_COUNTS_TRANSPORTS else server._attach()
                self._server = server
        except BaseException:
            # The native half keeps its owner alive and the descriptor taken.
            self._state.release()
            raise
        self._sock = sock
        loop.call_soon(made, self)
        # Nothing is read before connection_made was called.
        start_later(loop, waiter, self._state.start)

    @property
    def _extra(self):
        # What `get_extra_info` looks into, by asyncio's name; made when somebody asks for the first time.
        if self._made_extra is None:
            sockname, peername = self._state.names()
            extra = {} if self._given_extra is None else self._given_extra
            extra["socket"] = trsock.TransportSocket(self._kept_sock)
            extra["sockname"] = sockname
            extra.setdefault("peername", peername)
            self._made_extra = extra
        return self._made_extra

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
        if self._sock is not None:
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

    # ---- writing -----------------------------------------------------------------------------------------------------

    def can_write_eof(self):
        """True: a socket's sending side can be closed alone."""
        return True

    def write_eof(self):
        """Close the sending side once everything queued has been sent."""
        self._state.write_eof()

    # asyncio's names, at which programs look.

    @property
    def _paused(self):
        return not self.is_reading() and not self.is_closing()

    @property
    def _closing(self):
        return self.is_closing()

    # ---- sending a file: the loop waits for the queue to be empty and keeps writers out --------------------------------

    def _make_empty_waiter(self):
        if self._empty_waiter is not None:
            raise RuntimeError("Empty waiter is already set")
        self._empty_waiter = self._loop.create_future()
        if self._state.set_sending_file(True):
            self._empty_waiter.set_result(None)
        return self._empty_waiter

    def _reset_empty_waiter(self):
        self._empty_waiter = None
        self._state.set_sending_file(False)

    def _drained(self):
        if self._empty_waiter is not None and not self._empty_waiter.done():
            self._empty_waiter.set_result(None)

    # ---- the end -----------------------------------------------------------------------------------------------------

    def abort(self):
        """Close at once; what is queued may be lost."""
        self._force_close(None)

    def _force_close(self, error):
        self._state.force_close(error)

    def _eof_received(self):
        if self._loop.get_debug():
            logger.debug("%r received EOF", self)
        try:
            keep_open = self._protocol.eof_received()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fatal_error(error, "Fatal error: protocol.eof_received() call failed.")
            return
        if not keep_open:
            self.close()

    def _fatal_error(self, error, message="Fatal error on transport"):
        if isinstance(error, OSError):
            if self._loop.get_debug():
                logger.debug("%r: %s", self, message, exc_info=error)
        else:
            report_transport(self._loop, self, self._protocol, message, error)
        self._force_close(error)

    def _call_connection_lost(self, error):
        try:
            self._protocol.connection_lost(error)
        finally:
            self._state.release()
            self._sock.close()
            if self._empty_waiter is not None and not self._empty_waiter.done():
                self._empty_waiter.set_exception(ConnectionError("Connection is closed by peer"))
            if self._sending is not None:
                self._sending.cancel()
            if self._server is not None:
                server, self._server = self._server, None
                server._detach(self) if _SERVER_COUNTS_TRANSPORTS else server._detach()
            self._sock = self._protocol = self._loop = None


_native.install_transport_methods(SocketTransport)


_IN_PLACE_OF_THE_SYSTEM_CALLS = ("recv", "recv_into", "send", "sendmsg")


def transport_class(sock):
    """The class for a socket: asyncio's own, which calls the socket's methods, if a subclass brings methods of its own."""
    kind = type(sock)
    if kind is socket.socket or all(
        getattr(kind, name, None) is getattr(socket.socket, name) for name in _IN_PLACE_OF_THE_SYSTEM_CALLS
    ):
        return SocketTransport
    return selector_events._SelectorSocketTransport


async def send_file(loop, transport, file, offset, count):
    """Send a file with the kernel's sendfile over a socket transport whose queue is kept empty meanwhile."""
    resume = transport.is_reading()
    transport.pause_reading()
    await transport._make_empty_waiter()
    try:
        # A descriptor of its own, as the transport's is registered with the loop already.
        with socket.socket(fileno=_duplicate(transport._sock)) as sock:
            sock.setblocking(False)
            # A task, so that the end of the connection can end it.
            transport._sending = loop.create_task(loop.sock_sendfile(sock, file, offset, count, fallback=False))
            return await transport._sending
    except asyncio.CancelledError:
        if transport._sock is None:
            raise ConnectionError("Connection is closed by peer") from None
        raise
    finally:
        transport._sending = None
        transport._reset_empty_waiter()
        if resume:
            transport.resume_reading()


def _duplicate(sock):
    return sock.dup().detach()
