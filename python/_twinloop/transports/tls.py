"""TLS transports: asyncio's own state machine, on native code while the connection is open.

``asyncio.sslproto.SSLProtocol`` does the handshake, the shutdown and their timeouts, in every version as that version does
it. What is different here: the library's buffers are native where Python's libssl can be called directly (``_tls_state``),
no connection owns a receive buffer, reading stops at the socket as soon as the program pauses, and what waits to be sent
is counted and limited in one place, the socket's queue.

``TWINLOOP_TLS=memory-bio`` in the environment makes every connection use ``ssl.MemoryBIO``, which is also what happens
where the library cannot be called directly. All methods run on the loop's thread.
"""

from __future__ import annotations

import contextvars
import os
import ssl
import warnings
from asyncio import BufferedProtocol, StreamReaderProtocol, sslproto

from .. import _native
from . import readers
from .failures import reported
from .sockets import SocketTransport

_RECEIVE_SIZE = 256 * 1024
_RECORD_SIZE = 16 * 1024
# What a peer may go on sending after close(): about what was on its way. One that sends more is not downloaded to its end.
_DISCARD_AT_MOST = 1024 * 1024

#: False where connections must not call libssl directly.
direct = os.environ.get("TWINLOOP_TLS", "") != "memory-bio"

# What a finished connection has instead of its buffers.
_nothing = ssl.MemoryBIO()


class SSLTransport(sslproto._SSLProtocolTransport):
    """The transport that a program sees, over memory BIOs."""

    def is_closing(self):
        """True once the program has closed the transport, or the connection below it has ended.

        Without the second a program that writes and drains in a loop would never leave it: ``drain`` gives the loop a turn, in
        which the end is told, only if the transport is closing or its queue is full. asyncio does so since 3.13.1.
        """
        if self._closed:
            return True
        below = self._ssl_protocol._transport
        return below is not None and below.is_closing()

    def close(self):
        """Send what was written, then the end of the TLS connection, and close."""
        if not self._closed:
            self._closed = True
            if self._ssl_protocol._loop_is_here():
                self._ssl_protocol._start_shutdown()
            else:
                # Behind what this thread has written.
                self._loop.call_soon_threadsafe(self._ssl_protocol._start_shutdown)

    def write(self, data):
        """Encrypt a copy of data and queue it to be sent."""
        _check_data(data)
        if self._ssl_protocol._loop_is_here():
            self._ssl_protocol._write_appdata((data,))
        else:
            self._write_threadsafe(data)

    def writelines(self, list_of_data):
        """Encrypt a copy of each item and queue it to be sent, in order."""
        for data in list_of_data:
            self.write(data)

    def _write_threadsafe(self, data):
        self._loop.call_soon_threadsafe(self.write, bytes(data))

    def _test__append_write_backlog(self, data):
        super()._test__append_write_backlog(data)
        self._ssl_protocol._note_backlog()

    def __repr__(self):
        words = [type(self).__name__]
        below = self._ssl_protocol._transport
        if below is None:
            words.append("closed" if self._closed else "not connected")
        else:
            words.append(f"closing over {below!r}" if self._closed else f"over {below!r}")
        return f"<{' '.join(words)}>"

    def __del__(self, _warn=warnings.warn):
        if not self._closed:
            self._closed = True
            _warn(f"unclosed transport {self!r}", ResourceWarning, source=self)


class DirectSSLTransport(SSLTransport):
    """The transport that a program sees; ``write`` and ``writelines`` are native."""

    __slots__ = ("_state",)

    def __init__(self, loop, ssl_protocol, state):
        super().__init__(loop, ssl_protocol)
        self._state = state


_native.install_tls_transport_methods(DirectSSLTransport)


class TlsProtocol(sslproto.SSLProtocol):
    """Stands between a transport and the program's protocol."""

    # A read gives no more than one record, whatever is asked for.
    max_size = _RECORD_SIZE
    _tls_state = None
    # In which the program's protocol is called.
    _context = None
    _first_read_waits = False
    _was_open = False
    _discarded = 0

    def __init__(self, *arguments, **options):
        self.max_size = 0  # asyncio sets that much aside for each connection.
        super().__init__(*arguments, **options)
        del self.max_size
        self._ssl_buffer = self._ssl_buffer_view = None
        # A deque costs more than half a KiB while it is empty, and this one nearly always is.
        self._write_backlog = []

    def _get_app_transport(self):
        if self._app_transport is None:
            if self._app_transport_created:
                raise RuntimeError("the transport of a TLS connection was already made")
            self._app_transport_created = True
            state = self._adopt()
            if state is None:
                self._app_transport = SSLTransport(self._loop, self)
            else:
                self._app_transport = DirectSSLTransport(self._loop, self, state)
        return self._app_transport

    def _adopt(self):
        kind = type(self._sslobj)
        if not direct or kind.read is not ssl.SSLObject.read or kind.write is not ssl.SSLObject.write:
            return None
        state = _native.TlsState.adopt(self._loop, self._sslobj)
        if state is not None:
            self._tls_state = state
            self._incoming, self._outgoing = state.incoming(), state.outgoing()
        return state

    def _loop_is_here(self):
        return self._loop._is_here()

    # ---- the transport below -----------------------------------------------------------------------------------------

    def connection_made(self, transport):
        """Begin the handshake."""
        if self._tls_state is not None and isinstance(transport, SocketTransport):
            self._tls_state.attach(transport._state)
        self._transport = transport
        self._context = contextvars.copy_context()
        self._limit_transport()
        super().connection_made(transport)

    def connection_lost(self, exc):
        """End everything and tell the program's protocol."""
        program = self._app_protocol
        tell = self._state is not sslproto.SSLProtocolState.DO_HANDSHAKE and self._app_state in (
            sslproto.AppProtocolState.STATE_CON_MADE,
            sslproto.AppProtocolState.STATE_EOF,
        )
        # After a handshake that failed start_tls() raises first, as in asyncio.
        tell = tell and self._was_open
        if tell:
            # Told below instead of in the next turn: a loop that stops here leaves no callback that keeps all this alive.
            self._app_state = sslproto.AppProtocolState.STATE_CON_LOST
        super().connection_lost(exc)
        self._incoming = self._outgoing = _nothing
        if self._tls_state is not None:
            self._tls_state.detach()
        if tell:
            program.connection_lost(exc)

    def get_buffer(self, n):
        """Lend the loop's buffer to the transport below."""
        buffer = self._loop._tls_receive_buffer
        if buffer is None:
            buffer = self._loop._tls_receive_buffer = memoryview(bytearray(_RECEIVE_SIZE))
        return buffer

    def buffer_updated(self, nbytes):
        """Take the received bytes out of the loop's buffer and go on."""
        self._incoming.write(self._loop._tls_receive_buffer[:nbytes])
        self._ciphertext_received()

    def _ciphertext_received(self):
        state = self._state
        if state is sslproto.SSLProtocolState.WRAPPED:
            self._do_read()
        elif state is sslproto.SSLProtocolState.DO_HANDSHAKE:
            self._do_handshake()
        elif state is sslproto.SSLProtocolState.FLUSHING:
            self._do_flush()
        elif state is sslproto.SSLProtocolState.SHUTDOWN:
            self._do_shutdown()

    def _close_notify_received(self):
        self._call_eof_received()
        self._start_shutdown()

    # ---- the state machine -------------------------------------------------------------------------------------------

    def _set_state(self, new_state):
        super()._set_state(new_state)
        self._was_open |= new_state is sslproto.SSLProtocolState.WRAPPED
        if self._tls_state is not None:
            self._tls_state.set_open(new_state is sslproto.SSLProtocolState.WRAPPED)

    def _set_app_protocol(self, app_protocol):
        super()._set_app_protocol(app_protocol)
        if type(app_protocol) is StreamReaderProtocol:
            readers.adopt(app_protocol)
        elif _is_buffered_by_its_methods(app_protocol):
            self._app_protocol_get_buffer = app_protocol.get_buffer
            self._app_protocol_buffer_updated = app_protocol.buffer_updated
            self._app_protocol_is_buffer = True
        if self._tls_state is not None:
            self._tls_state.protocol_changed()

    def _do_flush(self):
        if self._eof_received and not self._app_transport._closed:
            # The peer has ended the connection: what came before that belongs to the program.
            self._do_read()
            if self._app_reading_paused or self._state is not sslproto.SSLProtocolState.FLUSHING:
                return
        else:
            # The program has: it gets nothing more, and all that it wrote has to leave before close_notify.
            self._resume_transport()
            try:
                self._discard()
                self._do_write()
            except Exception as error:
                self._on_shutdown_complete(error)
                return
            if self._write_backlog and not self._eof_received:
                return  # In a renegotiation, of which the peer's part is still to come.
        self._set_state(sslproto.SSLProtocolState.SHUTDOWN)
        self._do_shutdown()

    def _do_shutdown(self):
        # The peer's answer has to be read, even if the program has paused reading.
        self._resume_transport()
        try:
            self._discard()
        except ssl.SSLError as error:
            self._on_shutdown_complete(error)
            return
        super()._do_shutdown()
        if self._discarded > _DISCARD_AT_MOST and not self._get_write_buffer_size():
            self._on_shutdown_complete(None)

    def _discard(self):
        """Read past what the peer sent before it knew of the end: its own close_notify comes after that."""
        try:
            while data := self._sslobj.read(_RECORD_SIZE):
                self._discarded += len(data)
        except (*sslproto.SSLAgainErrors, ssl.SSLZeroReturnError):
            pass

    def _fatal_error(self, exc, message="Fatal error on transport"):
        # The library's alert tells the peer why; it is worth one attempt.
        if isinstance(exc, ssl.SSLError) and self._transport is not None and self._outgoing.pending:
            self._transport.write(self._outgoing.read())
            self._transport.get_write_buffer_size()
        super()._fatal_error(exc, message)

    def _do_read(self):
        if not self._first_read_waits:
            super()._do_read()

    def _do_read__buffered(self):
        # Not asyncio's, which loses bytes when the protocol's buffer is not a memoryview and holds more than one record.
        protocol, count = self._app_protocol, None
        while count != 0:
            memory = memoryview(self._app_protocol_get_buffer(-1))
            if not memory.nbytes:
                raise RuntimeError("get_buffer() returned an empty buffer")
            filled = 0
            try:
                while filled < len(memory) and count != 0:
                    count = self._sslobj.read(len(memory) - filled, memory[filled:])
                    filled += count
                again = True
            except sslproto.SSLAgainErrors:
                again = False
            if filled:
                self._app_protocol_buffer_updated(filled)
            if not again or self._app_reading_paused or self._app_transport is None or self._app_transport._closed:
                return
            if self._app_protocol is not protocol:
                self._loop.call_soon(self._do_read)
                return
        self._close_notify_received()

    def _on_handshake_complete(self, handshake_exc):
        # The program has the upgraded transport once start_tls() has returned, and needs it for an answer to the first data.
        self._first_read_waits = self._app_state is not sslproto.AppProtocolState.STATE_INIT
        super()._on_handshake_complete(handshake_exc)
        if self._first_read_waits:
            self._first_read_waits = False
            self._loop.call_soon(self._do_read)
        # asyncio sends neither the end of the handshake nor what waited for it if connection_made has paused reading.
        if self._state is sslproto.SSLProtocolState.WRAPPED:
            if self._write_backlog:
                self._do_write()
            else:
                self._process_outgoing()

    # ---- reading: paused at the socket -------------------------------------------------------------------------------

    def _pause_reading(self):
        self._app_reading_paused = True
        if self._tls_state is not None:
            self._tls_state.set_reading_paused(True)
        self._control_ssl_reading()

    def _resume_reading(self):
        if self._app_reading_paused:
            self._app_reading_paused = False
            # What comes is the loop's call, as all other data, and not that of who resumes.
            self._loop.call_soon(self._resume, context=self._context)

    def _resume(self):
        if self._app_reading_paused:
            return
        if self._tls_state is not None:
            self._tls_state.set_reading_paused(False)
        # First what was received before the pause.
        self._ciphertext_received()
        if not self._app_reading_paused:
            self._resume_transport()

    def _control_ssl_reading(self):
        if self._app_reading_paused and self._state is sslproto.SSLProtocolState.WRAPPED:
            self._pause_transport()

    def _pause_transport(self):
        if not self._ssl_reading_paused and self._transport is not None:
            self._ssl_reading_paused = True
            self._transport.pause_reading()

    def _resume_transport(self):
        if self._ssl_reading_paused and self._transport is not None:
            self._ssl_reading_paused = False
            self._transport.resume_reading()

    # ---- writing: limited at the socket ------------------------------------------------------------------------------

    def _set_write_buffer_limits(self, high=None, low=None):
        super()._set_write_buffer_limits(high, low)
        self._limit_transport()

    def _limit_transport(self):
        if self._transport is not None:
            self._transport.set_write_buffer_limits(self._outgoing_high_water, self._outgoing_low_water)

    def _get_write_buffer_size(self):
        below = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return below + self._outgoing.pending + self._write_buffer_size

    def pause_writing(self):
        """The queue of the transport below is full: pass that on."""
        self._ssl_writing_paused = True
        self._control_app_writing()

    def resume_writing(self):
        """The queue of the transport below has room again: pass that on."""
        self._ssl_writing_paused = False
        self._control_app_writing()

    def _process_outgoing(self):
        data = self._outgoing.read()
        if data and self._transport is not None:
            self._transport.write(data)

    def _control_app_writing(self):
        if self._app_protocol is None or self._app_state is not sslproto.AppProtocolState.STATE_CON_MADE:
            return
        full = self._ssl_writing_paused or self._write_buffer_size > self._outgoing_high_water
        if full and not self._app_writing_paused:
            self._app_writing_paused = True
            self._tell_protocol("pause_writing")
        elif not full and self._app_writing_paused:
            self._app_writing_paused = False
            self._tell_protocol("resume_writing")

    def _tell_protocol(self, method):
        with reported(self._loop, self._app_transport, self, f"protocol.{method}() failed"):
            getattr(self._app_protocol, method)()

    def _write_appdata(self, list_of_data):
        # Copies, as the program may change what it has written.
        super()._write_appdata([bytes(data) for data in list_of_data])
        self._note_backlog()
        self._control_app_writing()

    def _write_later(self, data):
        self._write_backlog.append(data)
        self._write_buffer_size += len(data)
        self._note_backlog()
        self._control_app_writing()

    def _do_write(self):
        try:
            super()._do_write()
        finally:
            self._note_backlog()

    def _note_backlog(self):
        if self._tls_state is not None:
            self._tls_state.set_backlog(bool(self._write_backlog))


def _is_buffered_by_its_methods(protocol):
    """Whether a protocol has a buffer without being asyncio's ``BufferedProtocol``, as programs for uvloop may."""
    if isinstance(protocol, BufferedProtocol) or hasattr(protocol, "data_received"):
        return False
    return hasattr(protocol, "get_buffer") and hasattr(protocol, "buffer_updated")


def _check_data(data):
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"data: expecting a bytes-like instance, got {type(data).__name__}")


async def start_tls(loop, transport, protocol, sslcontext, **options):
    """Put TLS between a connected transport and its protocol; the new transport, once the handshake is done."""
    if not isinstance(sslcontext, ssl.SSLContext):
        raise TypeError(f"sslcontext is expected to be an instance of ssl.SSLContext, got {sslcontext!r}")
    if not getattr(transport, "_start_tls_compatible", False):
        raise TypeError(f"transport {transport!r} is not supported by start_tls()")
    waiter = loop.create_future()
    tls = TlsProtocol(loop, protocol, sslcontext, waiter, call_connection_made=False, **options)
    # The queue may be full of the protocol's own plaintext, of which it was told already.
    tls._ssl_writing_paused = tls._app_writing_paused = transport._protocol_paused
    # Nothing may arrive before the handshake has begun.
    transport.pause_reading()
    if isinstance(protocol, StreamReaderProtocol):
        # What the reader has got and nobody has read is the peer's side of the handshake, sent right behind the command.
        tls._incoming.write(readers.take_all(protocol._stream_reader))
    transport.set_protocol(tls)
    begin = loop.call_soon(tls.connection_made, transport)
    go_on = loop.call_soon(transport.resume_reading)
    try:
        await waiter
    except BaseException:
        transport.close()
        begin.cancel()
        go_on.cancel()
        raise
    return tls._app_transport
