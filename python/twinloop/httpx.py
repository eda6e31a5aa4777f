"""A transport for httpx: its clients, with Twinloop's connections below them.

``httpx.AsyncClient(transport=twinloop.httpx.Transport())`` sends by the client that ``twinloop.fetch`` is, natively on the loop. Everything
above the transport stays httpx's: redirects, cookies, auth, content codings, limits of time for each read. httpx itself is not installed
with Twinloop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from os import PathLike
from typing import Any

import httpx
from _twinloop import _native
from _twinloop.fetch import errors, session

__all__ = ["Transport"]


class Transport(httpx.AsyncBaseTransport):
    """Sends the requests of an ``httpx.AsyncClient``; ``async with`` or ``aclose`` of the client closes it.

    The arguments are those of ``twinloop.Session``.
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
            # The client's own go with its requests.
            keeps_cookies=False,
            wrapped=False,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and give its response once its head is here."""
        times: dict[str, float | None] = request.extensions.get("timeout", {})
        options = {
            "headers": request.headers.raw,
            "content": _content(request),
            "redirect": "manual",
            "decompress": False,
        }
        with _translated(request):
            async with asyncio.timeout(_until_the_head(times)):
                response = await self._core._send(request.method, str(request.url), options)
        body = response.body
        return httpx.Response(
            response.status,
            headers=response.headers.raw,
            stream=httpx.ByteStream(body) if isinstance(body, bytes) else _Body(request, response, times.get("read")),
            extensions={
                "http_version": response.http_version.encode(),
                "reason_phrase": response.reason.encode("latin-1", "replace"),
            },
        )

    async def aclose(self) -> None:
        """Close the connections."""
        self._core.close()


class _Body(httpx.AsyncByteStream):
    """A body that arrives."""

    def __init__(self, request: httpx.Request, response: Any, limit: float | None) -> None:
        self._request = request
        self._response = response
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            with _translated(self._request):
                try:
                    async with asyncio.timeout(self._limit):
                        piece = await anext(self._response)
                except StopAsyncIteration:
                    return
            yield piece

    async def aclose(self) -> None:
        self._response.close()


def _content(request: httpx.Request) -> Any:
    """The body of a request: bytes if it is, else what gives its pieces."""
    stream = request.stream
    if isinstance(stream, httpx.ByteStream):
        return b"".join(stream) or None
    # Some are iterables of both kinds; one that does not wait needs no task.
    return iter(stream) if isinstance(stream, httpx.SyncByteStream) else stream


def _until_the_head(times: Mapping[str, float | None]) -> float | None:
    """httpx counts the wait for a connection, its making, each write and each read; here they are one time."""
    known = [times.get(name) for name in ("pool", "connect", "write", "read")]
    return None if None in known else sum(time for time in known if time is not None)


@contextlib.contextmanager
def _translated(request: httpx.Request) -> Iterator[None]:
    """What Twinloop raises, in httpx's words."""
    try:
        yield
    except errors.FetchError as error:
        raise _class_of(error)(str(error), request=request) from error
    except TimeoutError as error:
        raise httpx.ReadTimeout("the server did not answer in time", request=request) from error
    except ValueError as error:
        if "scheme" in str(error):
            raise httpx.UnsupportedProtocol(str(error), request=request) from error
        raise


def _class_of(error: errors.FetchError) -> type[httpx.TransportError]:
    is_new = str(error).startswith("cannot connect")
    if isinstance(error, errors.FetchTimeoutError):
        return httpx.ConnectTimeout if is_new else httpx.ReadTimeout
    if is_new or isinstance(error, (errors.FetchNameError, errors.FetchTLSError)):
        return httpx.ConnectError
    return httpx.RemoteProtocolError
