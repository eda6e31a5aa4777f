"""``WebSocket``: its arguments and how one is opened again; all else is native."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterable
from typing import Any

from .. import _native
from . import errors
from .session import Retry, Session

#: What a server that is away for a moment answers.
_PASSING = frozenset({429, 500, 502, 503, 504})


class WebSocket(_native.WebSocketCore):  # type: ignore[misc]
    """A WebSocket: ``async with`` or ``await`` opens it, ``async for`` receives until it ends.

    An iteration ends with the connection if that ends as one does (1000, 1001 or no code), and raises ``ConnectionClosedError`` otherwise;
    ``receive`` raises ``ConnectionClosed`` either way.
    """

    def __new__(
        cls,
        url: Any,
        *,
        protocols: str | Iterable[str] | None = None,
        headers: Any = None,
        params: Any = None,
        cookies: Any = None,
        auth: tuple[str, str] | None = None,
        compress: bool = True,
        max_size: int | None = 16 * 1024 * 1024,
        open_timeout: float | None = 30.0,
        ping_interval: float | None = 20.0,
        ping_timeout: float | None = 20.0,
        close_timeout: float | None = 10.0,
        session: Session | None = None,
    ) -> WebSocket:
        socket: WebSocket = super().__new__(
            cls,
            url,
            protocols=protocols,
            headers=headers,
            params=params,
            cookies=cookies,
            auth=auth,
            compress=compress,
            max_size=max_size,
            open_timeout=open_timeout,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
            session=session,
        )
        return socket

    @classmethod
    async def reconnecting(cls, url: Any, *, retry: Retry | None = None, **options: Any) -> AsyncGenerator[WebSocket]:
        """Open WebSockets, one after the other: when one has ended, ``async for`` opens the next.

        What fails in passing is tried again after the pauses of ``retry``, as often as it says: without end, unless told. A connection that lasts
        for longer than the next pause would be ends the count.
        """
        retry = retry or Retry(attempts=sys.maxsize)
        clock = asyncio.get_running_loop().time
        attempt = 0
        while True:
            try:
                socket = await cls(url, **options)
            except OSError as error:
                if not _is_passing(error) or attempt == retry.attempts:
                    raise
            else:
                opened = clock()
                try:
                    yield socket
                finally:
                    await socket.close()
                if clock() - opened > retry.pause(attempt + 1, None):
                    attempt = 0
                    continue
            attempt += 1
            await asyncio.sleep(retry.pause(attempt, None))


def _is_passing(error: OSError) -> bool:
    if isinstance(error, errors.WebSocketHandshakeError):
        return error.status in _PASSING
    return not isinstance(error, errors.FetchTLSError)
