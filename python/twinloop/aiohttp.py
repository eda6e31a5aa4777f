"""A middleware for aiohttp: its client sessions, with Twinloop's connections below them.

``aiohttp.ClientSession(middlewares=[twinloop.aiohttp.Middleware()])`` sends by the client that ``twinloop.fetch`` is. Everything above stays aiohttp's: redirects,
cookies, auth, timeouts, traces, and its ``ClientResponse``. A connector would not do: aiohttp asks one for a socket, and reads and writes HTTP over
it in its own code; a middleware (aiohttp 3.12) answers the whole request. aiohttp itself is not installed with Twinloop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from os import PathLike
from typing import Any

import aiohttp
from _twinloop import _native
from _twinloop.fetch import errors, session
from aiohttp import hdrs, payload
from aiohttp.client_reqrep import ClientRequest, ClientResponse
from aiohttp.http import HttpVersion, HttpVersion11
from aiohttp.streams import StreamReader
from multidict import CIMultiDict, CIMultiDictProxy

__all__ = ["Middleware"]

#: How much of a body is read ahead, as by aiohttp.
_AHEAD = 64 * 1024
_HTTP2 = HttpVersion(2, 0)


class Middleware:
    """Sends the requests of an ``aiohttp.ClientSession`` over Twinloop's connections; it stands last among the middlewares.

    The arguments are those of ``twinloop.Session``. What only aiohttp can do it does: a request by a proxy, with ``ssl=``, compressed, with ``expect100``, and
    WebSockets.
    """

    def __init__(
        self,
        *,
        proxy: str | Mapping[str, str] | None = None,
        trust_env: bool = True,
        max_connections: int = 256,
        connect_timeout: float | None = 30.0,
        idle_timeout: float = 15.0,
        http2: bool = True,
        ca_file: str | PathLike[str] | None = None,
    ) -> None:
        self._core = _native.SessionCore(
            None,
            headers=None,
            cookies=None,
            auth=None,
            timeout=None,
            proxies=session.proxies(proxy, trust_env),
            max_connections=max_connections,
            connect_timeout=connect_timeout,
            idle_timeout=idle_timeout,
            http2=http2,
            ca_file=ca_file,
            user_agent=None,
            # Those of the session go with its requests.
            keeps_cookies=False,
            wrapped=False,
        )

    async def __call__(
        self, request: ClientRequest, handler: Callable[[ClientRequest], Awaitable[ClientResponse]]
    ) -> ClientResponse:
        """Send a request, and give its response once its head is here."""
        if _is_aiohttps(request):
            return await handler(request)
        headers = [(name, value) for name, value in request.headers.items() if name != hdrs.TRANSFER_ENCODING]
        owner: Any = request._session
        options = {
            "headers": headers,
            "content": await _content(request),
            "redirect": "manual",
            "decompress": owner.auto_decompress,
        }
        with _translated(request):
            answer = await self._core._send(request.method, str(request.url), options)
        return _response(request, owner, answer)

    def close(self) -> None:
        """Close the connections that are not in use. They close with the loop, and after ``idle_timeout``."""
        self._core.close()


def _is_aiohttps(request: ClientRequest) -> bool:
    """Whether a request asks for what is aiohttp's alone."""
    return bool(
        request.proxy
        or request.ssl is not True
        or request.compress
        or request._continue is not None
        or request.server_hostname
        or hdrs.UPGRADE in request.headers
        or request.url.scheme not in ("http", "https")
    )


async def _content(request: ClientRequest) -> Any:
    """The body of a request: bytes if it is, else what gives its pieces."""
    body = request._body
    if not body:
        return None
    if isinstance(body, payload.BytesPayload):
        return await body.as_bytes()
    return _pieces(body, request._get_content_length())


async def _pieces(body: payload.Payload, length: int | None) -> AsyncIterator[bytes]:
    """What a payload writes, piece by piece as it is taken."""
    pieces: asyncio.Queue[bytes | None] = asyncio.Queue(1)

    class Writer:
        async def write(self, piece: Any) -> None:
            await pieces.put(bytes(piece))

        async def drain(self) -> None:
            pass

    async def write() -> None:
        writer: Any = Writer()
        try:
            await body.write_with_length(writer, length)
        finally:
            await pieces.put(None)

    task = asyncio.create_task(write())
    try:
        while (piece := await pieces.get()) is not None:
            yield piece
        await task
    finally:
        task.cancel()


class _Sent:
    """The writer of a request that has left."""

    output_size = 0


class _Flow:
    """What aiohttp's stream knows of a connection: that it can wait."""

    upgraded = False
    connected = True
    _reading_paused = False

    def __init__(self) -> None:
        self.may_read = asyncio.Event()
        self.may_read.set()

    def pause_reading(self) -> None:
        self._reading_paused = True
        self.may_read.clear()

    def resume_reading(self, resume_parser: bool = True) -> None:
        self._reading_paused = False
        self.may_read.set()


class _Arriving:
    """A body that arrives: the connection of a ``ClientResponse``."""

    transport = None

    def __init__(self, answer: Any, content: StreamReader, flow: _Flow) -> None:
        self.protocol = flow
        self._answer = answer
        self._callbacks: list[Callable[[], None]] = []
        self._task = asyncio.get_running_loop().create_task(self._read(content, flow))

    async def _read(self, content: StreamReader, flow: _Flow) -> None:
        try:
            async for piece in self._answer:
                content.feed_data(piece)
                await flow.may_read.wait()
        except (OSError, errors.FetchError) as error:
            told = aiohttp.ClientPayloadError(f"Response payload is not completed: {error}")
            told.__cause__ = error
            content.set_exception(told)
        else:
            content.feed_eof()

    def add_callback(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def close(self) -> None:
        self._task.cancel()
        self._answer.close()
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    # What was not read is not worth a connection.
    release = close


def _response(request: ClientRequest, owner: Any, answer: Any) -> ClientResponse:
    assert request.response_class is not None
    sent: Any = _Sent
    response = request.response_class(
        request.method,
        request.original_url,
        writer=None,
        continue100=None,
        timer=request._timer,
        request_info=request.request_info,
        traces=request._traces,
        loop=request.loop,
        session=owner,
        stream_writer=sent,
    )
    request.response = response
    pairs = answer.headers.multi_items()
    response.version = _HTTP2 if answer.http_version == "HTTP/2" else HttpVersion11
    response.status = answer.status
    response.reason = answer.reason
    response._headers = CIMultiDictProxy(CIMultiDict(pairs))
    response._raw_headers = tuple(answer.headers.raw)
    if cookies := answer.headers.get_all("set-cookie"):
        response._raw_cookie_headers = tuple(cookies)
    flow: Any = _Flow()
    content = StreamReader(flow, _AHEAD, timer=request._timer, loop=request.loop)
    response.content = content
    body = answer.body
    if isinstance(body, bytes):
        response._closed = True
        if body:
            content.feed_data(body)
        content.feed_eof()
    else:
        connection: Any = _Arriving(answer, content, flow)
        response._closed = False
        response._connection = connection
        content.on_eof(response._response_eof)
    return response


@contextlib.contextmanager
def _translated(request: ClientRequest) -> Iterator[None]:
    """What Twinloop raises, in aiohttp's words."""
    try:
        yield
    except errors.FetchError as error:
        raise _told(request, error) from error


def _told(request: ClientRequest, error: Any) -> Exception:
    key: Any = request.connection_key
    is_new = str(error).startswith("cannot connect")
    if isinstance(error, errors.FetchTimeoutError):
        return aiohttp.ConnectionTimeoutError(str(error)) if is_new else aiohttp.ServerTimeoutError(str(error))
    if isinstance(error, errors.FetchCertificateError):
        return aiohttp.ClientConnectorCertificateError(key, error)
    if isinstance(error, errors.FetchTLSError):
        return aiohttp.ClientConnectorSSLError(key, error)
    if isinstance(error, errors.FetchNameError):
        return aiohttp.ClientConnectorDNSError(key, error)
    if is_new:
        return aiohttp.ClientConnectorError(key, error)
    if isinstance(error, errors.FetchConnectionResetError):
        return aiohttp.ServerDisconnectedError(str(error))
    return aiohttp.ClientOSError(error.errno if isinstance(error, OSError) else None, str(error))
