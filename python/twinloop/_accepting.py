"""Accepting connections on a listening socket, and what a server does when the process has no descriptors left.

A plain connection gets its transport at once, in a copy of the context that the server was started in; only a TLS
handshake needs a task. asyncio's own loop reports a lack of descriptors once for each place of its backlog, and listens
again a second later even if the server was closed meanwhile. Here one error is one report and one pause. Loop thread.
"""

from __future__ import annotations

import contextvars
import errno
from asyncio import constants, trsock
from asyncio.log import logger

_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def accept_connections(loop, protocol_factory, sock, sslcontext, server, backlog, *timeouts):
    """Accept what waits at ``sock``, at most as many connections as its backlog holds."""
    # The kernel's queue holds one more than the backlog, and a backlog of zero is one too.
    for _ in range(backlog + 1):
        if sock.fileno() < 0:
            return  # What was called for the last connection closed the server.
        try:
            connection, address = sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in _OUT_OF_RESOURCES:
                raise
            _pause(loop, error, protocol_factory, sock, sslcontext, server, backlog, *timeouts)
            return
        connection.setblocking(False)
        if loop.get_debug():
            logger.debug("%r got a new connection from %r: %r", server, address, connection)
        extra = {"peername": address}
        contextvars.copy_context().run(_serve, loop, protocol_factory, connection, extra, sslcontext, server, *timeouts)


def _serve(loop, protocol_factory, connection, extra, sslcontext, server, *timeouts):
    try:
        protocol = protocol_factory()
        if not sslcontext:
            loop._make_socket_transport(connection, protocol, extra=extra, server=server)
            return
    except (SystemExit, KeyboardInterrupt):
        connection.close()
        raise
    except BaseException as error:
        connection.close()
        _report(loop, error)
    else:
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


def _pause(loop, error, protocol_factory, sock, *arguments):
    loop.call_exception_handler(
        {
            "message": "socket.accept() out of system resource",
            "exception": error,
            "socket": trsock.TransportSocket(sock),
        }
    )
    # The connections stay in the kernel's queue; they would be reported in every turn.
    loop._remove_reader(sock.fileno())
    loop.call_later(constants.ACCEPT_RETRY_DELAY, _resume, loop, protocol_factory, sock, *arguments)


def _resume(loop, protocol_factory, sock, *arguments):
    was_closed = sock.fileno() < 0
    if not was_closed:
        loop._start_serving(protocol_factory, sock, *arguments)
