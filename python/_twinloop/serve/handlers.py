"""``Request``, and what becomes of a ``Response``: for a program that answers with one function, ``async def handler(request) -> Response``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from .._native import Headers, Response
from ..fetch.signals import AbortSignal


def _watch(receive: Any, listener: Callable[[], object]) -> bool:
    """Whether the client has gone; if not, ``listener`` is called when it goes before it has its answer. Only the server's own ``receive`` knows of it."""
    watch = getattr(getattr(receive, "__self__", None), "_watch", None)
    return watch is not None and watch(listener)


class Request:
    """What a client asks. Its body is read when it is asked for: whole, by ``body``, ``text`` and ``json``, or in pieces, by ``async for``."""

    def __init__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        self.scope = scope
        self._receive = receive
        self._headers: Headers | None = None
        self._body: bytes | None = None
        self._is_read = False
        self._signal: AbortSignal | None = None
        # What was raised to who read the body of a client that had gone.
        self._gone: ConnectionResetError | None = None

    @property
    def method(self) -> str:
        """In capitals."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """The path, with its percent-encodings undone."""
        return str(self.scope["path"])

    @property
    def query_string(self) -> str:
        """What stands behind the question mark."""
        return str(self.scope["query_string"].decode("latin-1"))

    @property
    def query(self) -> dict[str, list[str]]:
        """The values of each name in the query."""
        return parse_qs(self.query_string, keep_blank_values=True)

    @property
    def url(self) -> str:
        """As the client sees it."""
        host = self.headers.get("host") or ":".join(map(str, self.scope["server"] or ("localhost",)))
        path = self.scope["raw_path"].decode("latin-1")
        query = self.query_string
        return f"{self.scope['scheme']}://{host}{path}" + (f"?{query}" if query else "")

    @property
    def headers(self) -> Headers:
        """The headers, by name."""
        if self._headers is None:
            self._headers = Headers(self.scope["headers"])
        return self._headers

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the client, if it has any."""
        client: tuple[str, int] | None = self.scope["client"]
        return client

    @property
    def signal(self) -> AbortSignal:
        """Aborted, with an ``AbortError``, when the client goes before it has its whole answer."""
        if self._signal is None:
            self._signal = AbortSignal()
            if _watch(self._receive, self._went):
                self._went()
        return self._signal

    def _went(self) -> None:
        self.signal._abort("the client has gone")

    def _is_why(self, error: BaseException) -> bool:
        """Whether this was raised because the client has gone."""
        if isinstance(error, BaseExceptionGroup):
            return all(map(self._is_why, error.exceptions))
        return error is self._gone or (self._signal is not None and error is self._signal.reason)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._is_read:
            raise RuntimeError("the body of the request was read already")
        self._is_read = True
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._gone = ConnectionResetError("the client has gone")
                raise self._gone
            more = message["more_body"]
            if message["body"]:
                yield message["body"]

    async def body(self) -> bytes:
        """The whole body."""
        if self._body is None:
            self._body = b"".join([piece async for piece in self])
        return self._body

    async def text(self) -> str:
        """The whole body as UTF-8."""
        return (await self.body()).decode()

    async def json(self) -> Any:
        """The value that the whole body is."""
        return json.loads(await self.body())

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path}>"


#: What a connection says for itself, and no answer that is handed on (RFC 9110, section 7.6.1).
_OF_THE_CONNECTION = {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}

#: What describes a body as it was before its coding was undone.
_OF_THE_CODING = {b"content-encoding", b"content-length"}


def _headers(response: Response) -> list[tuple[bytes, bytes]]:
    """The headers to send with a response."""
    headers = response.headers.raw
    if not response.url:
        return headers
    # One that was fetched is handed on.
    own = _OF_THE_CONNECTION | _OF_THE_CODING if response._is_decoded else _OF_THE_CONNECTION
    return [(name, value) for name, value in headers if name not in own]


class Handler:
    """A function from request to response, as an ASGI application."""

    def __init__(self, function: Callable[[Request], Awaitable[Any]]) -> None:
        self._function = function

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close"})
                return
            # It has nothing to do at the server's start and end.
            return
        request = Request(scope, receive)
        try:
            response = await self._function(request)
        except Exception as error:
            if request._is_why(error):
                # There is nobody to tell.
                return
            raise
        if isinstance(response, (str, bytes)):
            response = Response(response)
        elif response is None:
            name = getattr(self._function, "__qualname__", type(self._function).__name__)
            raise TypeError(
                f"the handler {name!r} returned None: is a return missing? twinloop.Response(status=204) is an answer without content"
            )
        elif not isinstance(response, Response):
            raise TypeError(f"a handler returns a Response, text or bytes, not {type(response).__name__!r}")
        await send({"type": "http.response.start", "status": response.status, "headers": _headers(response)})
        body = response.body
        if isinstance(body, (str, bytes, bytearray, memoryview)):
            await send({"type": "http.response.body", "body": _bytes(body)})
            return
        if scope["method"] == "HEAD" or response.status in (204, 304):
            # Nobody reads it: it might have no end.
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            await _close(body)
        else:
            await _stream(body, receive, send)
        await send({"type": "http.response.body", "body": b""})


async def _stream(body: Any, receive: Any, send: Any) -> None:
    """Send an iterable, which ends with its client: one that waits is cancelled at its ``await``, as nothing else would tell it."""
    task = asyncio.current_task()
    if task is not None and _watch(receive, task.cancel):
        await _close(body)
        return
    if hasattr(body, "__aiter__"):
        pieces = aiter(body)
        try:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": _bytes(piece), "more_body": True})
        finally:
            await _close(pieces)
    else:
        pieces = iter(body)
        try:
            for piece in pieces:
                await send({"type": "http.response.body", "body": _bytes(piece), "more_body": True})
        finally:
            await _close(pieces)


async def _close(pieces: Any) -> None:
    """Let a generator, a file or a response that is handed on give up what it has."""
    if hasattr(pieces, "aclose"):
        await pieces.aclose()
    elif hasattr(pieces, "close"):
        pieces.close()


def _bytes(piece: Any) -> Any:
    return piece.encode() if isinstance(piece, str) else piece
