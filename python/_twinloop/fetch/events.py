"""``EventSource``: server-sent events (https://html.spec.whatwg.org/#server-sent-events), received again where a connection ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from .. import _native
from . import errors
from .session import PASSING, Retry, Session, seconds_of

#: Seconds before a connection is made again where the server does not say, as in browsers.
_USUAL_PAUSE = 3.0


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """An event: its ``type`` ("message" unless the server says otherwise), its ``data``, and the ``id`` of the last event that had one."""

    type: str
    data: str
    id: str

    def json(self) -> Any:
        """The value that the data is."""
        return json.loads(self.data)


class EventSource:
    """Server-sent events of a url: ``async with`` connects, ``async for`` gives them as they come.

    A connection that ends or breaks is made again, with the id of the last event, after the pause that the server has asked for; ``retry`` says how
    often without an event in between (without end, unless told), and how long the pauses may grow. ``reconnect=False`` ends with the first connection.
    ``read_timeout`` is how many seconds a connection may be silent before it counts as broken. All else is as for ``fetch``.
    """

    def __init__(
        self,
        url: Any,
        *,
        last_event_id: str = "",
        reconnect: bool = True,
        retry: Retry | None = None,
        open_timeout: float | None = 30.0,
        read_timeout: float | None = None,
        max_size: int = 16 * 1024 * 1024,
        session: Session | None = None,
        headers: Any = None,
        **options: Any,
    ) -> None:
        if "timeout" in options:
            raise TypeError("an EventSource has open_timeout and read_timeout, and no timeout: a stream has no end")
        self._url = url
        self._reconnect = reconnect
        self._retry = retry or Retry(attempts=sys.maxsize, backoff=_USUAL_PAUSE)
        self._open_timeout = open_timeout
        self._read_timeout = read_timeout
        self._max_size = max_size
        self._fetch = session.fetch if session is not None else _native.fetch
        self._headers = headers
        self._options = options
        self._stream = _native.EventStream(last_event_id, max_size)
        self._pause: float | None = None
        self._attempt = 0
        self._events: deque[tuple[str, str, str]] = deque()
        self._response: Any = None
        self._is_closed = False

    @property
    def url(self) -> str:
        """Where the events come from."""
        return str(self._url)

    @property
    def last_event_id(self) -> str:
        """The id of the last event that had one: what another source may go on from."""
        known: str = self._stream.last_id
        return known

    @property
    def response(self) -> Any:
        """The response whose events come; None while there is no connection."""
        return self._response

    @property
    def closed(self) -> bool:
        """Whether no more events come."""
        return self._is_closed

    async def __aenter__(self) -> EventSource:
        await self._connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; an iteration ends with what has come."""
        self._is_closed = True
        if self._response is not None:
            self._response.close()
            self._response = None

    def __aiter__(self) -> EventSource:
        return self

    async def __anext__(self) -> ServerSentEvent:
        while not self._events:
            if self._is_closed:
                raise StopAsyncIteration
            if self._response is None:
                await self._connect()
                continue
            try:
                async with _within(self._read_timeout, f"{self._url} was silent for"):
                    piece = await anext(self._response)
            except StopAsyncIteration:
                await self._lost(None)
            except (OSError, errors.FetchError) as error:
                await self._lost(error)
            else:
                self._take(piece)
        return ServerSentEvent(*self._events.popleft())

    def _take(self, piece: bytes) -> None:
        try:
            events = self._stream.feed(piece)
        except BaseException:
            self.close()
            raise
        if events:
            self._attempt = 0
            self._events.extend(events)

    async def _connect(self) -> None:
        """Ask for the stream. What fails is raised, but for a server that is away after it was there."""
        headers = _native.Headers(self._headers)
        headers.setdefault("accept", "text/event-stream")
        headers.setdefault("cache-control", "no-store")
        if self.last_event_id:
            headers["last-event-id"] = self.last_event_id.encode()
        try:
            async with _within(self._open_timeout, f"{self._url} did not answer within"):
                response = await self._fetch(self._url, headers=headers, **self._options)
        except (OSError, errors.FetchError) as error:
            if self._attempt == 0 or isinstance(error, errors.FetchCertificateError):
                self.close()
                raise
            await self._lost(error)
            return
        if response.status == 204:
            # The server wants nobody to come again.
            response.close()
            self.close()
        elif response.status == 200 and _is_event_stream(response):
            self._response = response
        else:
            await self._refused(response)

    async def _refused(self, response: Any) -> None:
        response.close()
        error: errors.FetchError
        if response.status == 200:
            kind = response.headers.get("content-type") or "without a content type"
            error = errors.FetchDecodeError(f"{response.url} answered {kind}, not text/event-stream")
        else:
            message = f"{response.url} answered {response.status} {response.reason}".rstrip()
            error = errors.HTTPStatusError(message, response)
        if self._attempt == 0 or response.status not in PASSING:
            self.close()
            raise error
        await self._lost(error, seconds_of(response.headers.get("retry-after")))

    async def _lost(self, error: BaseException | None, asked: float = 0.0) -> None:
        """Wait before the connection is made again, or end."""
        if self._response is not None:
            self._response.close()
            self._response = None
        if not self._reconnect or self._attempt >= self._retry.attempts:
            self.close()
            if error is not None:
                raise error
            return
        self._attempt += 1
        known = self._stream.retry
        self._pause = known if known is not None else self._pause
        pause = self._retry.pause(self._attempt, None)
        if self._pause is not None:
            # The server's word, and its doubles while it does not answer.
            longest = max(self._pause, self._retry.max_backoff)
            pause = min(self._pause * 2.0 ** min(self._attempt - 1, 64), longest)
        # What has not ended is no event, and the next stream begins with a line of its own.
        self._stream = _native.EventStream(self.last_event_id, self._max_size)
        await asyncio.sleep(max(pause, min(asked, self._retry.max_backoff)))

    def __repr__(self) -> str:
        stage = "closed" if self._is_closed else "connecting" if self._response is None else "open"
        return f"<EventSource {stage} {self._url}>"


@contextlib.asynccontextmanager
async def _within(limit: float | None, what: str) -> AsyncIterator[None]:
    """A limit of time, whose end is an error that says so."""
    try:
        async with asyncio.timeout(limit):
            yield
    except TimeoutError as error:
        if isinstance(error, errors.FetchError):
            raise
        raise errors.FetchTimeoutError(f"{what} {limit} s") from None


def _is_event_stream(response: Any) -> bool:
    kind: str = response.headers.get("content-type") or ""
    return kind.partition(";")[0].strip().lower() == "text/event-stream"
