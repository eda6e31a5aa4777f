"""``EventLoop``: the native core with asyncio's own implementation of everything that is not hot.

``_native.LoopCore`` comes first in the method resolution order and brings callbacks, timers, readers and writers, futures
and tasks, and the run itself. ``asyncio.SelectorEventLoop`` brings the rest (addresses, executors, subprocesses,
datagrams, pipes, asynchronous generators), built on those. Its selector is never polled.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import socket
import sys
import threading
import weakref
from asyncio import (
    SelectorEventLoop,
    Task,
    base_events,
    constants,
    events,
    format_helpers,
    futures,
    selector_events,
    tasks,
)
from asyncio.log import logger

from .. import _native
from ..names import addresses, connect_to
from ..transports import accepting, children
from ..transports.datagrams import DatagramTransport
from ..transports.failures import report
from ..transports.pipes import ReadPipeTransport, WritePipeTransport
from ..transports.sockets import SocketTransport, send_file, transport_class
from ..transports.tls import TlsProtocol, start_tls
from . import tasks as task_trees
from .selector import LoopSelector


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


class EventLoop(_native.LoopCore, SelectorEventLoop):
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
        # The process that this loop was left to by a fork.
        self._left_to = None
        self._tasks_of_parent = ()
        # What signals are written into while nobody else asks for their numbers: the end to read, and the end to write.
        self._wake_pair = None
        self._is_woken_by_signals = False
        SelectorEventLoop.__init__(self, LoopSelector(self))
        self._set_redirects_connections(bool(connect_to.texts))
        _open_loops.add(self)

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
            self._run()
        finally:
            self._thread_id = None
            events._set_running_loop(None)
            self._set_coroutine_origin_tracking(False)
            sys.set_asyncgen_hooks(*hooks)
            self._end_waking()
            if self._left_to is not None:
                self._end_in_child(sys.exc_info()[1])

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

    # ---- fork --------------------------------------------------------------------------------------------------------

    def _leave_to_parent(self, process):
        """In a forked process: part from the descriptors and registrations, which are the parent's."""
        if self.is_closed():
            return
        if events._get_running_loop() is self:
            events._set_running_loop(None)
        self._left_to = process
        self._part_from_parent(f"the event loop belongs to process {process}, which forked this one: make a new loop")
        self._thread_id = None
        # Signals of this process must not be written into a socket that the parent reads; the program's own is its affair.
        sockets = [self._ssock, self._csock, *(self._wake_pair or ())]
        wakeup_fd = signal.set_wakeup_fd(-1)
        if all(wakeup_fd != sock.fileno() for sock in sockets):
            _put_wakeup_fd_back(wakeup_fd)
        self._is_woken_by_signals = False
        for sock in sockets:
            sock.close()
        for pidfd in self._children:
            os.close(pidfd)
        self._children.clear()
        # The tasks too are for the parent to end. They are taken from the list that `asyncio.Runner` cancels and waits for.
        self._tasks_of_parent = tasks.all_tasks(self)
        for task in self._tasks_of_parent:
            tasks._unregister_task(task)
            task._log_destroy_pending = False
        self.run_until_complete = self._run_until_complete_in_child

    def _call_soon_in_child(self, callback, *args, context=None):
        """Refuse to call anything, but let a future that ends in this process, such as that of a task that exits, end."""
        if len(args) != 1 or not futures.isfuture(args[0]) or not args[0].done():
            self._check_closed()
        if callback is base_events._run_until_complete_cb and not isinstance(args[0]._exception, RuntimeError):
            # `run_until_complete`, which the fork happened in, has what it waits for. (With a RuntimeError it has probably
            # tried to go on, and then the reason why it cannot is the better error.)
            self._end_run_in_child()
        return events.Handle(callback, args, self, context)

    def _end_in_child(self, leaving):
        """In a forked process, when the run that the fork happened in is over: let its tasks complain only of what is new."""
        lacks_cause = isinstance(leaving, RuntimeError) and leaving.__cause__ is None
        for task in self._tasks_of_parent:
            error = getattr(task, "_exception", None)
            if isinstance(error, (SystemExit, KeyboardInterrupt)):
                # It has left the loop by itself; asyncio notes that in a callback of the task.
                task._log_traceback = False
            elif lacks_cause and isinstance(error, RuntimeError) and error is not leaving:
                # Where the program tried to go on.
                leaving.__cause__ = error
                task._log_traceback = lacks_cause = False
        self._tasks_of_parent = ()

    def _run_until_complete_in_child(self, future):
        if getattr(future, "cr_code", None) not in _ENDINGS:
            return super().run_until_complete(future)
        # `asyncio.Runner` on the way out. The asynchronous generators and the executor are the parent's.
        future.close()
        return None

    def _check_closed(self):
        self._check_open()

    # ---- signals -----------------------------------------------------------------------------------------------------

    def _begin_waking(self):
        """Let every signal wake the loop from now on: one that arrives just before it blocks, or in another thread, would not.

        A process has one wake-up descriptor. If somebody else has set it, it is left alone, as asyncio does: the program
        for itself, or a loop for its signal handlers, which learns the numbers of the signals from it.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        if self._wake_pair is None:
            self._wake_pair = _non_blocking_pair()
            self._watch_self_pipe(self._wake_pair[0].fileno(), "_empty_wake_pair")
        ours = self._wake_pair[1].fileno()
        # When it is full, the loop has been woken already.
        others = signal.set_wakeup_fd(ours, warn_on_full_buffer=False)
        self._is_woken_by_signals = others in (-1, ours) or not _put_wakeup_fd_back(others)

    def _end_waking(self):
        if self._is_woken_by_signals:
            self._is_woken_by_signals = False
            others = signal.set_wakeup_fd(-1)
            if others != self._wake_pair[1].fileno():
                _put_wakeup_fd_back(others)

    def _empty_wake_pair(self):
        # The numbers in it mean nothing: Python runs its handlers by itself, and asyncio's handlers have a pair of their own.
        with contextlib.suppress(BlockingIOError):
            while self._wake_pair[0].recv(4096):
                pass

    def add_signal_handler(self, sig, callback, *args):
        """Call ``callback(*args)`` on the loop when the signal arrives."""
        try:
            super().add_signal_handler(sig, callback, *args)
        finally:
            self._follow_signal_handlers()

    def remove_signal_handler(self, sig):
        """Remove the handler of a signal; True if there was one."""
        removed = super().remove_signal_handler(sig)
        if removed:
            self._follow_signal_handlers()
        return removed

    def _follow_signal_handlers(self):
        # asyncio sets its own descriptor with the first handler, leaves it between runs, and takes it away with the last.
        if self._signal_handlers:
            self._is_woken_by_signals = False
        elif self._thread_id == threading.get_ident():
            self._begin_waking()

    def _signal_sockets(self):
        """The descriptors from which this loop learns of signals, for who has to notice that it does not."""
        return [sock.fileno() for sock in (self._ssock, *(self._wake_pair or ())[:1])]

    def _make_self_pipe(self):
        self._ssock, self._csock = _non_blocking_pair()
        self._internal_fds += 1
        self._watch_self_pipe(self._ssock.fileno(), "_read_from_self")

    def _close_self_pipe(self):
        super()._close_self_pipe()
        for sock in self._wake_pair or ():
            sock.close()

    # ---- debug mode: handles are asyncio's own, which remember where they were made ------------------------------------

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


def _await_chain(handle):
    """Where the coroutine of a task's step is now, for the report of a slow one."""
    task = getattr(handle._callback, "__self__", None)
    if not isinstance(task, Task) or task.done():
        return ""
    return "".join(f"\n  in {frame}" for frame in task_trees.await_chain(task.get_coro()))


_ENDINGS = {
    SelectorEventLoop.shutdown_asyncgens.__code__,
    SelectorEventLoop.shutdown_default_executor.__code__,
}


def _seek_to_start(file, offset):
    is_seekable = getattr(file, "seekable", None)
    if offset == 0 and is_seekable is not None and is_seekable():
        file.seek(0)


def _non_blocking_pair():
    pair = socket.socketpair()
    for sock in pair:
        sock.setblocking(False)
    return pair


def _put_wakeup_fd_back(fd):
    """Set the wake-up descriptor that somebody else had set; false if it cannot be one any more."""
    try:
        signal.set_wakeup_fd(fd)
    except (OSError, ValueError):
        return False
    return True


_open_loops: weakref.WeakSet[EventLoop] = weakref.WeakSet()


def _after_fork_in_child():
    parent = os.getppid()
    for loop in list(_open_loops):
        loop._leave_to_parent(parent)


os.register_at_fork(after_in_child=_after_fork_in_child)


#: The files of add_reader and of what makes its handle.
_WATCHING = (__file__, selector_events.__file__)


def _forget_own_frames(handle, count):
    """Let a debug handle's source traceback end at the caller of the loop's method."""
    if handle._source_traceback:
        del handle._source_traceback[-count:]


def new_event_loop() -> EventLoop:
    """A new event loop; a loop factory for ``asyncio.Runner`` and others."""
    return EventLoop()
