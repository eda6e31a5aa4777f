"""``Session``: what several requests have in common; retries and hooks, which are the only part of a request that is Python's."""

from __future__ import annotations

import asyncio
import email.utils
import inspect
import os
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import _native
from . import errors

#: What is tried again. Nobody can know whether a body that was cut had done its work, so only methods that may be sent twice are.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
PASSING = frozenset({429, 502, 503, 504})
_FAILURES = (errors.FetchConnectionError, errors.FetchNameError, errors.FetchTimeoutError)

Hook = Callable[[Any], Awaitable[None] | None]


@dataclass(frozen=True)
class Retry:
    """When a request is sent again, and after how long.

    ``attempts`` is how often at most, after the first; before the second attempt it waits about ``backoff`` seconds, before each further one
    twice as long, never more than ``max_backoff``. ``Retry-After`` of an answer counts if it asks for more, up to ``max_backoff``.
    """

    attempts: int = 3
    backoff: float = 0.2
    max_backoff: float = 30.0
    statuses: frozenset[int] = PASSING
    methods: frozenset[str] = IDEMPOTENT

    def pause(self, attempt: int, response: Any) -> float:
        """Seconds before the attempt of this number, the first of which is 1."""
        # Not the same for all clients of a server that was away.
        pause = self.backoff * 2.0 ** min(attempt - 1, 64) * random.uniform(0.75, 1.25)
        asked = 0.0 if response is None else seconds_of(response.headers.get("retry-after"))
        return min(max(pause, asked), self.max_backoff)


def seconds_of(text: str | None) -> float:
    """What ``Retry-After`` says: a number of seconds, or a date."""
    if text is None:
        return 0.0
    if text.isdecimal():
        return float(text)
    try:
        return email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return 0.0


@dataclass
class Outgoing:
    """A request before it is sent, which hooks may change: its method, its url, and the arguments that it was made with."""

    method: str
    url: str
    headers: Any
    options: dict[str, Any] = field(default_factory=dict)


class Session(_native.SessionCore):  # type: ignore[misc]
    """What several requests have in common: a base url, headers, cookies, connections, and what is done about failures."""

    _retry: Retry
    _hooks: dict[str, list[Hook]]

    def __new__(
        cls,
        base_url: str | None = None,
        *,
        headers: Any = None,
        cookies: Any = None,
        auth: tuple[str, str] | None = None,
        timeout: Any = None,
        retries: int | Retry = 0,
        hooks: Mapping[str, Hook | Iterable[Hook]] | None = None,
        proxy: str | Mapping[str, str] | None = None,
        trust_env: bool = True,
        max_connections: int = 256,
        max_total_connections: int | None = None,
        connect_timeout: float | None = 30.0,
        idle_timeout: float = 15.0,
        http2: bool = True,
        ca_file: Any = None,
        user_agent: str | None = None,
    ) -> Session:
        retry = retries if isinstance(retries, Retry) else Retry(attempts=retries)
        known = _hooks_of(hooks or {})
        session: Session = super().__new__(
            cls,
            base_url,
            headers=headers,
            cookies=cookies,
            auth=auth,
            timeout=timeout,
            proxies=proxies(proxy, trust_env),
            max_connections=max_connections,
            connect_timeout=connect_timeout,
            idle_timeout=idle_timeout,
            http2=http2,
            ca_file=ca_file,
            user_agent=user_agent,
            keeps_cookies=True,
            wrapped=bool(retry.attempts or any(known.values())),
            max_total_connections=max_total_connections,
        )
        session._retry = retry
        session._hooks = known
        return session

    @property
    def cookies(self) -> Cookies:
        """The cookies that answers have set."""
        return Cookies(self)

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def _fetch(self, method: str | None, url: str, options: dict[str, Any]) -> Pending:
        """One request of a session that has hooks, or repeats requests."""
        return Pending(self._attempts(method, url, options))

    async def _attempts(self, method: str | None, url: str, options: dict[str, Any]) -> Any:
        method = method or options.pop("method", None)
        if method is None:
            has_body = any(options.get(name) is not None for name in ("json", "data", "content", "files"))
            method = "POST" if has_body else "GET"
        headers = options.pop("headers", None)
        retry = self._retry
        attempts = retry.attempts if _can_be_sent_again(options) else 0
        for attempt in range(attempts + 1):
            request = Outgoing(method.upper(), url, _native.Headers(headers), dict(options))
            await self._call("request", request)
            is_last = attempt == attempts or request.method not in retry.methods
            response = None
            try:
                response = await self._send(
                    request.method, request.url, {**request.options, "headers": request.headers}
                )
            except _FAILURES as error:
                if is_last or isinstance(error, errors.FetchCertificateError):
                    raise
            else:
                if is_last or response.status not in retry.statuses:
                    await self._call("response", response)
                    return response
                response.close()
            await asyncio.sleep(retry.pause(attempt + 1, response))
        raise AssertionError("the last attempt has returned or raised")

    async def _call(self, name: str, argument: Any) -> None:
        for hook in self._hooks[name]:
            outcome = hook(argument)
            if inspect.isawaitable(outcome):
                await outcome

    def __repr__(self) -> str:
        return f"<Session{' closed' if self.closed else ''}>"


class Pending(Coroutine[Any, Any, Any]):
    """A request under way: a coroutine, which ``async with`` takes too, as it does those that are native."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self._response: Any = None

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        return self._coroutine.send(value)

    def throw(self, *exception: Any) -> Any:
        return self._coroutine.throw(*exception)

    def close(self) -> None:
        self._coroutine.close()

    async def __aenter__(self) -> Any:
        self._response = await self._coroutine
        return self._response

    async def __aexit__(self, *_: object) -> None:
        self._response.close()


class Cookies(Mapping[str, str]):
    """The cookies of a session by their names; of several of one name the last that was made."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def rows(self) -> list[tuple[str, str, str, str]]:
        """All of them, each as name, value, domain and path."""
        rows: list[tuple[str, str, str, str]] = self._session._cookies()
        return rows

    def clear(self) -> None:
        """Forget them."""
        self._session._clear_cookies()

    def __getitem__(self, name: str) -> str:
        return {row[0]: row[1] for row in self.rows()}[name]

    def __iter__(self) -> Any:
        return iter(dict.fromkeys(row[0] for row in self.rows()))

    def __len__(self) -> int:
        return len({row[0] for row in self.rows()})

    def __repr__(self) -> str:
        return f"<Cookies {dict(self)!r}>"


def _can_be_sent_again(options: Mapping[str, Any]) -> bool:
    """Whether the body is one that does not end with being read."""
    if options.get("files") is not None:
        return False
    bodies = (options.get("data"), options.get("content"))
    lasting = (type(None), str, bytes, bytearray, memoryview, os.PathLike, Mapping, list, tuple)
    return all(isinstance(body, lasting) for body in bodies)


def _hooks_of(given: Mapping[str, Hook | Iterable[Hook]]) -> dict[str, list[Hook]]:
    hooks: dict[str, list[Hook]] = {"request": [], "response": []}
    for name, value in given.items():
        if name not in hooks:
            raise ValueError(f"hooks are of 'request' and of 'response', not of {name!r}")
        hooks[name] = [value] if callable(value) else list(value)
    return hooks


def proxies(proxy: str | Mapping[str, str] | None, trust_env: bool) -> list[tuple[str, str]] | None:
    """What the variables of the environment would be that name this proxy; None for those that there are."""
    if proxy is None:
        return None if trust_env else []
    if isinstance(proxy, str):
        return [("all_proxy", proxy)]
    unknown = proxy.keys() - {"http", "https", "all", "no"}
    if unknown:
        raise ValueError(f"proxies are of 'http', 'https' and 'all', with exceptions in 'no', not of {min(unknown)!r}")
    return [(f"{name}_proxy", value) for name, value in proxy.items()]
