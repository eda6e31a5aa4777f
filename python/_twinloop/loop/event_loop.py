"""``EventLoop``: the native core with asyncio's own implementation of everything that is not hot.

``_native.LoopCore`` comes first in the method resolution order and brings callbacks, timers, readers and writers, futures
and tasks, and the run itself. ``Waking`` (signals), ``Forking`` and ``Debugging`` bring one concern each.
``asyncio.SelectorEventLoop`` brings the rest (addresses, executors, subprocesses, datagrams, pipes, asynchronous generators),
built on those. Its selector is never polled.
"""

from __future__ import annotations

import functools
import socket
import sys
import threading
import weakref
from asyncio import (
    SelectorEventLoop,
    base_events,
    constants,
    events,
    format_helpers,
)
from concurrent.futures import ThreadPoolExecutor

from .. import _native
from ..names import addresses, connect_to
from ..transports import accepting, children
from ..transports.datagrams import DatagramTransport
from ..transports.failures import report
from ..transports.pipes import ReadPipeTransport, WritePipeTransport
from ..transports.sockets import SocketTransport, send_file, transport_class
from ..transports.tls import TlsProtocol, start_tls
from . import early, tracing
from . import tasks as task_trees
from .debugging import Debugging
from .forking import Forking
from .selector import LoopSelector
from .waking import Waking


def _closing_later(operation):
    """A method on a socket that counts as a user of it, as ``socket.makefile`` does, so that it stays open meanwhile."""

    @functools.wraps(operation)
    async def operate(self, sock, *arguments, **options):
        # Not isinstance, which takes what only pretends to be a socket.
        if not issubclass(type(sock), socket.socket):
            return await operation(self, sock, *arguments, **options)
        sock._io_refs += 1
        try:
            return await operation(self, sock, *arguments, **options)
        finally:
            sock._decref_socketios()

    return operate


def _ending_when_closed(operation):
    """A method on a socket that is closed at once meanwhile, which ends it with the error of a closed socket."""

    @functools.wraps(operation)
    async def operate(self, sock, *arguments, **options):
        if not issubclass(type(sock), socket.socket) or not self._notice_closing(sock):
            return await operation(self, sock, *arguments, **options)
        try:
            return await operation(self, sock, *arguments, **options)
        finally:
            self._leave_to_be_closed(sock)

    return operate


class EventLoop(_native.LoopCore, Waking, Forking, Debugging, SelectorEventLoop):
    """An asyncio event loop on Twinloop's native loop.

    With ``test_clock=True`` time stands still while anything is ready and jumps to the next timer when nothing is, so a
    program that sleeps for hours runs at once.
    """

    #: What TLS connections over memory BIOs receive into; made when the first one needs it.
    _tls_receive_buffer = None

    def __init__(self, *, test_clock=False):
        if test_clock and not self._has_test_clock():
            # The native half is made before; silently running on the real clock would be a trap.
            raise TypeError("test_clock=True comes too late in __init__: a subclass passes it to super().__new__")
        # The pidfds of children that have not ended.
        self._children = set()
        # The transports of pipes, which asyncio keeps in no list.
        self._pipes = weakref.WeakSet()
        SelectorEventLoop.__init__(self, LoopSelector(self))
        self._set_redirects_connections(bool(connect_to.texts))
        self._leave_to_parents_when_forked()

    # ---- running -----------------------------------------------------------------------------------------------------

    def run_forever(self) -> None:
        """Run until ``stop()`` is called."""
        self._check_closed()
        self._check_running()
        task_trees.register(self)
        self._set_coroutine_origin_tracking(self._debug)
        hooks = sys.get_asyncgen_hooks()
        self._begin_waking()
        try:
            self._thread_id = threading.get_ident()
            sys.set_asyncgen_hooks(firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook)
            events._set_running_loop(self)
            if self._is_stepped():
                self._step_until_stopped()
            else:
                self._run()
        finally:
            self._thread_id = None
            events._set_running_loop(None)
            self._set_coroutine_origin_tracking(False)
            sys.set_asyncgen_hooks(*hooks)
            self._end_waking()
            if self._left_to is not None:
                self._end_in_child(sys.exc_info()[1])

    # ---- stepping: for programs that run the loop turn by turn, or look at each turn, as asyncio's own loops let them --------

    def _run_once(self):
        """Run one turn."""
        self._process_events(self._selector.select(self._step_timeout()))

    def _process_events(self, event_list):
        # The turn has called what was to be called.
        pass

    def _is_stepped(self):
        """Whether a subclass or the program has put something of its own into each turn."""
        return type(self)._run_once is not EventLoop._run_once or "select" in vars(self._selector)

    def _step_until_stopped(self):
        try:
            # As in asyncio, one turn is run even if `stop` was called before.
            while True:
                self._run_once()
                if self._stopping:
                    break
        finally:
            self._stopping = False

    @property
    def _stopping(self):
        return self._is_stopping()

    @_stopping.setter
    def _stopping(self, stopping):
        self._set_stopping(stopping)

    def close(self) -> None:
        """Close the loop: discard what is queued, shut the executor down without waiting, close all descriptors."""
        if self.is_running():
            raise RuntimeError("Cannot close a running event loop")
        if not self.is_closed():
            _native.js_end(self)
            children.forget_all(self)
            super().close()
            self._release_transports()
            for transport in list(self._transports.values()):
                if isinstance(transport, DatagramTransport):
                    transport._state.release()
            for transport in list(self._pipes):
                transport._state.release()
            self._close()

    def __del__(self, _is_finalizing=sys.is_finalizing):
        # At the end of the interpreter modules are taken apart, this one too: what `close` calls may be gone. The
        # descriptors end with the process. Nor is there anything to close in what `__init__` refused to make.
        if not _is_finalizing() and hasattr(self, "_ssock"):
            super().__del__()

    def _check_closed(self):
        self._check_open()

    # ---- called by the native core -----------------------------------------------------------------------------------

    def _callback_failed(self, handle, error):
        callback = format_helpers._format_callback_source(handle._callback, handle._args)
        report(self, {"message": f"Exception in callback {callback}", "exception": error, "handle": handle})

    def _operation_failed(self, operation, error):
        message = "Exception in callback of a socket operation"
        report(self, {"message": message, "exception": error, "future": operation})

    # asyncio's own, for debug mode and unusual arguments.
    _create_task_in_python = base_events.BaseEventLoop.create_task
    _sock_recv_in_python = _closing_later(SelectorEventLoop.sock_recv)
    _sock_recv_into_in_python = _closing_later(SelectorEventLoop.sock_recv_into)
    _sock_sendall_in_python = _closing_later(SelectorEventLoop.sock_sendall)
    _sock_recvfrom_in_python = _ending_when_closed(SelectorEventLoop.sock_recvfrom)
    _sock_recvfrom_into_in_python = _ending_when_closed(SelectorEventLoop.sock_recvfrom_into)
    _sock_sendto_in_python = _ending_when_closed(SelectorEventLoop.sock_sendto)
    _sock_accept_in_python = _ending_when_closed(SelectorEventLoop.sock_accept)
    _sock_connect_in_python = _closing_later(SelectorEventLoop.sock_connect)

    # asyncio's own in every case.
    sock_sendfile = _closing_later(SelectorEventLoop.sock_sendfile)

    def set_task_factory(self, factory):
        """Set the factory that ``create_task`` uses; None for asyncio's own tasks."""
        super().set_task_factory(factory)
        self._set_has_task_factory(factory is not None)

    def run_in_executor(self, executor, func, *args):
        """Call a function in another thread or process, and give a future of its result."""
        in_thread = executor is None or isinstance(executor, ThreadPoolExecutor)
        if not in_thread or not _native.is_recorded():
            return super().run_in_executor(executor, func, *args)
        recorded = tracing.Recorded(func)
        future = super().run_in_executor(executor, recorded, *args)
        future.add_done_callback(recorded.tell)
        return future

    # ---- transports --------------------------------------------------------------------------------------------------

    def _ensure_fd_no_transport(self, fd):
        # asyncio's own looks at the transports that its selector loop keeps, and at what it was given.
        super()._ensure_fd_no_transport(fd)
        transport = self._transport_at(fd if isinstance(fd, int) else int(fd.fileno()))
        if transport is not None and not transport.is_closing():
            raise RuntimeError(f"File descriptor {fd!r} is used by transport {transport!r}")

    def _make_socket_transport(self, sock, protocol, waiter=None, *, extra=None, server=None):
        self._ensure_fd_no_transport(sock)
        return transport_class(sock)(self, sock, protocol, waiter, extra, server)

    def _make_ssl_transport(
        self,
        rawsock,
        protocol,
        sslcontext,
        waiter=None,
        *,
        server_side=False,
        server_hostname=None,
        extra=None,
        server=None,
        ssl_handshake_timeout=constants.SSL_HANDSHAKE_TIMEOUT,
        ssl_shutdown_timeout=constants.SSL_SHUTDOWN_TIMEOUT,
    ):
        self._ensure_fd_no_transport(rawsock)
        ssl_protocol = TlsProtocol(
            self,
            protocol,
            sslcontext,
            waiter,
            server_side,
            server_hostname,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )
        transport_class(rawsock)(self, rawsock, ssl_protocol, extra=extra, server=server)
        return ssl_protocol._app_transport

    def _start_serving(self, protocol_factory, sock, sslcontext=None, server=None, backlog=100, *timeouts):
        listener = accepting.Listener(self, protocol_factory, sock, sslcontext, server, backlog, timeouts)
        self._add_reader(sock.fileno(), listener.accept)

    async def _make_subprocess_transport(
        self, protocol, args, shell, stdin, stdout, stderr, bufsize, extra=None, **options
    ):
        return await children.start(self, protocol, args, shell, stdin, stdout, stderr, bufsize, extra, options)

    def _make_read_pipe_transport(self, pipe, protocol, waiter=None, extra=None):
        return self._make_pipe_transport(ReadPipeTransport, pipe, protocol, waiter, extra)

    def _make_write_pipe_transport(self, pipe, protocol, waiter=None, extra=None):
        return self._make_pipe_transport(WritePipeTransport, pipe, protocol, waiter, extra)

    def _make_pipe_transport(self, transport_class, pipe, protocol, waiter, extra):
        try:
            return transport_class(self, pipe, protocol, waiter, extra)
        except PermissionError:
            # A device that the kernel cannot wait for, such as /dev/null; asyncio's own can at least write to it.
            make = SelectorEventLoop._make_write_pipe_transport
            if transport_class is ReadPipeTransport:
                make = SelectorEventLoop._make_read_pipe_transport
            return make(self, pipe, protocol, waiter, extra)

    def _make_datagram_transport(self, sock, protocol, address=None, waiter=None, extra=None):
        self._ensure_fd_no_transport(sock)
        return DatagramTransport(self, sock, protocol, address, waiter, extra)

    async def start_tls(
        self,
        transport,
        protocol,
        sslcontext,
        *,
        server_side=False,
        server_hostname=None,
        ssl_handshake_timeout=None,
        ssl_shutdown_timeout=None,
    ):
        """Upgrade a connected transport to TLS; returns the new transport, which replaces the old one."""
        return await start_tls(
            self,
            transport,
            protocol,
            sslcontext,
            server_side=server_side,
            server_hostname=server_hostname,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )

    async def _sendfile_native(self, transp, file, offset, count):
        if not isinstance(transp, SocketTransport):
            return await super()._sendfile_native(transp, file, offset, count)
        return await send_file(self, transp, file, offset, count)

    # Without the kernel's sendfile asyncio begins where the file stands if the offset is 0, and with it at 0.

    async def _sendfile_fallback(self, transp, file, offset, count):
        _seek_to_start(file, offset)
        return await super()._sendfile_fallback(transp, file, offset, count)

    async def _sock_sendfile_fallback(self, sock, file, offset, count):
        _seek_to_start(file, offset)
        return await super()._sock_sendfile_fallback(sock, file, offset, count)

    # ---- addresses ---------------------------------------------------------------------------------------------------

    async def getaddrinfo(self, host, port, *, family=0, type=0, proto=0, flags=0):
        """As ``socket.getaddrinfo``, without blocking; literal addresses are answered at once."""
        if not addresses.are_the_systems():
            return await super().getaddrinfo(host, port, family=family, type=type, proto=proto, flags=flags)
        return await addresses.resolve(self, host, port, family, type, proto, flags)

    async def _ensure_resolved(self, address, **options):
        # asyncio answers address literals by itself; a literal can be redirected too.
        options.pop("loop", None)
        host, port = address[:2]
        redirected = connect_to.redirect(host, port)
        return await super()._ensure_resolved((*redirected, *address[2:]), loop=self, **options)


def _seek_to_start(file, offset):
    is_seekable = getattr(file, "seekable", None)
    if offset == 0 and is_seekable is not None and is_seekable():
        file.seek(0)


def new_event_loop() -> EventLoop:
    """A new event loop; a loop factory for ``asyncio.Runner`` and others.

    After JavaScript was used before any loop ran, it is the one on which that happened.
    """
    return early.take() or EventLoop()
