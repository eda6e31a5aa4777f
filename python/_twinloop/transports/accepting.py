"""Accepting connections on a listening socket, and what a server does when the process has no descriptors left.

A plain connection gets its transport at once, in a copy of the context that the server was started in; only a TLS
handshake needs a task. asyncio's own loop reports a lack of descriptors once for each place of its backlog, and listens
again a second later even if the server was closed meanwhile. Here one error is one report and one pause. Loop thread.
"""

from __future__ import annotations

import contextvars
import errno
import os
import socket
from asyncio import constants, trsock
from asyncio.log import logger

from .. import _native
from .sockets import SocketTransport

_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_KNOWN_NATIVELY = frozenset({socket.AF_INET, socket.AF_INET6})


class Listener:
    """A listening socket of a server: ``accept`` is called while connections wait at it."""

    __slots__ = ("_arguments", "_backlog", "_kind", "_loop", "_sock")

    def __init__(self, loop, protocol_factory, sock, sslcontext, server, backlog, timeouts):
        self._loop = loop
        self._sock = sock
        # The kernel's queue holds one more than the backlog, and a backlog of zero is one too.
        self._backlog = backlog
        self._arguments = (protocol_factory, sslcontext, server, *timeouts)
        # What it accepts natively, as numbers: a socket object makes enumerations of them each time. None for a class that may accept
        # in its own way, and where only Python knows what an address is.
        self._kind = None
        if type(sock) is socket.socket and sock.family in _KNOWN_NATIVELY:
            self._kind = (int(sock.family), int(sock.type), sock.proto)

    def accept(self):
        """Accept what waits, at most as many connections as the backlog holds."""
        for _ in range(self._backlog + 1):
            if self._sock.fileno() < 0:
                return  # What was called for the last connection closed the server.
            try:
                accepted = self._accept_by_method() if self._kind is None else self._accept_natively()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _OUT_OF_RESOURCES:
                    raise
                self._pause(error)
                return
            if accepted is None:
                return
            contextvars.copy_context().run(_serve, self._loop, *accepted, *self._arguments)

    def _accept_natively(self):
        accepted = _native.accept(self._sock.fileno())
        if accepted is None:
            return None
        fd, address = accepted
        try:
            connection = socket.socket(*self._kind, fileno=fd)
        except BaseException:
            os.close(fd)
            raise
        connection.setblocking(False)  # It does not block, but does not know it yet.
        return connection, address

    def _accept_by_method(self):
        connection, address = self._sock.accept()
        connection.setblocking(False)
        return connection, _native.Address(address)

    def _pause(self, error):
        self._loop.call_exception_handler(
            {
                "message": "socket.accept() out of system resource",
                "exception": error,
                "socket": trsock.TransportSocket(self._sock),
            }
        )
        # The connections stay in the kernel's queue; they would be reported in every turn.
        self._loop._remove_reader(self._sock.fileno())
        self._loop.call_later(constants.ACCEPT_RETRY_DELAY, self._resume)

    def _resume(self):
        was_closed = self._sock.fileno() < 0
        if not was_closed:
            self._loop._add_reader(self._sock.fileno(), self.accept)


def _serve(loop, connection, address, protocol_factory, sslcontext, server, *timeouts):
    if loop._debug:
        logger.debug("%r got a new connection from %r: %r", server, address.to_python(), connection)
    try:
        protocol = protocol_factory()
        if not sslcontext:
            if type(connection) is socket.socket:
                # Nothing else has this descriptor, which the kernel has just given.
                SocketTransport(loop, connection, protocol, server=server, peer=address)
            else:
                extra = {"peername": address.to_python()}
                loop._make_socket_transport(connection, protocol, extra=extra, server=server)
            return
    except (SystemExit, KeyboardInterrupt):
        connection.close()
        raise
    except BaseException as error:
        connection.close()
        _report(loop, error)
    else:
        extra = {"peername": address.to_python()}
        loop.create_task(_shake_hands(loop, protocol, connection, extra, sslcontext, server, *timeouts))


async def _shake_hands(loop, protocol, connection, extra, sslcontext, server, handshake_timeout, shutdown_timeout):
    transport = None
    try:
        waiter = loop.create_future()
        transport = loop._make_ssl_transport(
            connection,
            protocol,
            sslcontext,
            waiter=waiter,
            server_side=True,
            extra=extra,
            server=server,
            ssl_handshake_timeout=handshake_timeout,
            ssl_shutdown_timeout=shutdown_timeout,
        )
        await waiter
    except BaseException as error:
        # The exception that is set in the waiter keeps the protocol alive by its traceback.
        waiter = None
        if transport is None:
            connection.close()
        else:
            transport.close()
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            raise
        # A peer that fails its handshake is no error of this program.
        if loop.get_debug():
            _report(loop, error, protocol=protocol, transport=transport)


def _report(loop, error, **more):
    present = {name: value for name, value in more.items() if value is not None}
    loop.call_exception_handler(
        {"message": "Error on transport creation for incoming connection", "exception": error, **present}
    )
