"""What a fetch raises: one class for all that a network can do, and below it one for each thing that a program may want to tell apart.

Each is at the same time the built-in exception that Python programs know for it, by the table of kinds in ``crates/web/src/error.rs``. What is
wrong with the arguments of a call is a ``TypeError`` or ``ValueError`` as everywhere, and no ``FetchError``.
"""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any


class FetchError(Exception):
    """A request that failed: no connection, no answer, an answer that is none, or one whose status is an error."""


class FetchConnectionError(FetchError, ConnectionError):
    """No connection could be made, it was cut in the middle of an answer, or what came over it was not HTTP."""


class FetchConnectionResetError(FetchConnectionError, ConnectionResetError):
    """The connection was closed before the answer came."""


class FetchNameError(FetchError, socket.gaierror):
    """The host's name has no address."""


class FetchTLSError(FetchError, ssl.SSLError):
    """TLS failed."""


class FetchCertificateError(FetchTLSError, ssl.SSLCertVerificationError):
    """The peer's certificate was not accepted, or the trusted authorities could not be loaded."""


class FetchTimeoutError(FetchError, TimeoutError):
    """A time was over: the request's own, or that for making a connection."""


class FetchRedirectError(FetchError, OSError):
    """Too many redirects, one where none is allowed, or one that cannot be followed."""


class FetchDecodeError(FetchError, ValueError):
    """A body that is not what it is labelled as."""


class FetchJSONError(FetchDecodeError, json.JSONDecodeError):
    """A body that is no JSON; ``pos``, ``lineno`` and ``colno`` say where."""


class HTTPStatusError(FetchError):
    """An answer whose status is 400 or more; ``response`` is the answer, ``status`` its status."""

    def __init__(self, message: str, response: Any) -> None:
        super().__init__(message)
        self.response = response
        self.status: int = response.status


class AbortError(FetchError):
    """What a signal has ended; ``reason`` is what its controller was given."""

    reason: object = None


class WebSocketError(FetchError):
    """What goes wrong with a WebSocket that is not the network's alone."""


class WebSocketHandshakeError(WebSocketError, FetchConnectionError):
    """The server refuses to open a WebSocket, with ``status``, or what it answers is no handshake: then ``status`` is None."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ConnectionClosed(WebSocketError, ConnectionError):
    """A WebSocket has ended: ``code`` and ``reason`` say how.

    They are the server's; 1006 where the connection was cut, and where this side ended it what it told the server: 1009 for a message that is too
    long, 1011 for a ping without an answer, 1002 and 1007 for one that breaks the rules.
    """

    def __init__(self, code: int, reason: str = "", failure: str | None = None) -> None:
        said = f"{code} {reason}".rstrip()
        super().__init__(f"the websocket was closed: {said}" if failure is None else f"{failure} ({said})")
        self.code = code
        self.reason = reason


class ConnectionClosedOK(ConnectionClosed):
    """A WebSocket has ended as one does: with 1000, 1001 or without a code."""


class ConnectionClosedError(ConnectionClosed):
    """A WebSocket has ended with a code of an error, or was cut."""


#: The class for each kind of failure that a fetch may end with. Those that are missing have only the built-in of the table: they are
#: a mistake of the program, or one of Twinloop's.
BY_KIND: dict[str, type[FetchError]] = {
    "Connect": FetchConnectionError,
    "Dns": FetchNameError,
    "Tls": FetchTLSError,
    "Certificate": FetchCertificateError,
    "Timeout": FetchTimeoutError,
    "Redirect": FetchRedirectError,
    "Body": FetchConnectionError,
    "Decode": FetchDecodeError,
    "Json": FetchDecodeError,
    "Protocol": FetchConnectionError,
    "Closed": FetchConnectionResetError,
}

# What users meet in tracebacks is the name that they import it by.
for _class in (
    *(AbortError, FetchError, FetchJSONError, HTTPStatusError, *BY_KIND.values()),
    *(WebSocketError, WebSocketHandshakeError, ConnectionClosed, ConnectionClosedOK, ConnectionClosedError),
):
    _class.__module__ = "twinloop"


def json_error(url: str, error: BaseException) -> BaseException:
    """What a body raises that ``json.loads`` could not read."""
    if isinstance(error, json.JSONDecodeError):
        made: FetchError = FetchJSONError(f"the body of {url} is not json: {error.msg}", error.doc, error.pos)
    elif isinstance(error, UnicodeDecodeError):
        made = FetchDecodeError(f"the body of {url} is not json: {error}")
    else:
        return error
    made.__cause__ = error
    return made
