"""A server that runs: its application started, its sockets served, and both ended in order."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
from typing import Any

from .. import _native
from . import logs
from .applications import as_asgi3, made
from .forwarding import Proxies
from .lifespan import Lifespan
from .logs import access_logger, error_logger
from .settings import Settings
from .sockets import listening, url

#: What is refused of a request's head when nothing else was said.
HEAD_BYTES = 64 * 1024

#: The native half does not end while somebody serves: whoever began it may have let go of it.
_running: set[Server] = set()


class Server:
    """``await twinloop.serve(...)`` gives one that listens; it ends by ``close``, or at the end of ``async with``."""

    def __init__(self, application: Any, settings: Settings, *, is_mounted: bool = False) -> None:
        self.settings = settings
        self._is_mounted = is_mounted
        self._application = as_asgi3(application, settings.interface, settings)
        # Nobody but Python programs is told of start and end.
        self._lifespan = Lifespan(self._application, settings.lifespan)
        self._native: Any = None
        self._sockets: list[tuple[int, Any]] = []
        self._closed: asyncio.Task[bool] | None = None
        self._hooks = _Hooks(settings)
        #: Where it listens, as addresses of the socket module.
        self.addresses: list[Any] = []
        self.urls: list[str] = []

    # ---- for users

    @property
    def port(self) -> int:
        """The port that it listens on; 0 if it listens on none."""
        return next((name[1] for name in self.addresses if isinstance(name, tuple)), 0)

    @property
    def url(self) -> str:
        """The address for clients."""
        return self.urls[0] if self.urls else ""

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return 0 if self._native is None else int(self._native.connections())

    async def close(self) -> bool:
        """Accept no more, wait until what is under way has ended, and tell the application.

        After ``timeout_graceful_shutdown`` what has not ended is cut. False if the application has said that it failed to end.
        """
        if self._closed is None:
            self._closed = asyncio.create_task(self._close())
        return await asyncio.shield(self._closed)

    def abort(self) -> None:
        """Cut what is open; ``close`` then has nothing to wait for."""
        if self._native is not None:
            for task in self._native.tasks():
                task.cancel()
            self._native.abort()

    async def wait_closed(self) -> None:
        """Wait until somebody has closed it."""
        await self._hooks.closed.wait()

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<Server {', '.join(self.urls)}>"

    # ---- for `serve` and the command

    async def start(self, listeners: list[socket.socket] | None = None) -> Server:
        """Start the application and listen. Raises ``LifespanError`` if the application cannot start."""
        own = listeners is None
        try:
            # Before the application starts: that the port is in use should be known first.
            listeners = listening(self.settings) if listeners is None else listeners
            await self._lifespan.startup()
        except BaseException:
            if own:
                for listener in listeners or ():
                    listener.close()
            raise
        try:
            self._listen(listeners)
        except BaseException:
            # Who has heard of the start hears of the end.
            if self._native is not None:
                self._native.abort()
            await self._lifespan.shutdown()
            for listener in listeners:
                listener.close()
            raise
        return self

    @property
    def native(self) -> Any:
        """What answers requests, once it has started."""
        return self._native

    def on_enough(self, callback: Any) -> None:
        """Have ``callback`` called when ``limit_max_requests`` have come."""
        self._hooks.enough = callback

    def _listen(self, listeners: list[socket.socket]) -> None:
        settings = self.settings
        scheme = "https" if settings.is_secure else "http"
        self.urls = [url(listener, scheme) for listener in listeners]
        self.addresses = [listener.getsockname() for listener in listeners]
        self._native = _native.HttpServer(
            asyncio.get_running_loop(),
            self._application,
            self._hooks,
            http=_template(settings, self._lifespan.state),
            websocket=_socket_template(settings, self._lifespan.state),
            ws_max_size=settings.ws_max_size,
            ws_ping_s=settings.ws_ping_interval or 0,
            # Asked after so long without a word, and then waited for.
            ws_idle_s=(settings.ws_ping_interval or 0) + settings.ws_ping_timeout if settings.ws_ping_timeout else 0,
            ws_deflate=settings.ws_per_message_deflate,
            root_path=settings.root_path,
            headers=[(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in settings.headers],
            server_header=b"twinloop" if _has_server(settings) else None,
            date_header=settings.date_header,
            access_log=settings.access_log and access_logger.isEnabledFor(20) and access_logger.hasHandlers(),
            trusts_proxies=settings.proxy_headers,
            limit_concurrency=settings.limit_concurrency,
            limit_max_requests=settings.limit_max_requests,
            compress_from=settings.compress_min_size if settings.compress else None,
            is_mounted=self._is_mounted,
        )
        identity = _identity(settings)
        self._hooks.certificate = _first_certificate(identity[0]) if identity is not None else None
        for listener, address in zip(listeners, self.addresses, strict=True):
            name = tuple(address[:2]) if isinstance(address, tuple) else (address or None, None)
            self._native.listen(
                listener.detach(),
                name,
                backlog=settings.backlog,
                head_bytes=settings.h11_max_incomplete_event_size or HEAD_BYTES,
                idle_s=settings.timeout_keep_alive,
                identity=identity,
            )
        _running.add(self)

    async def _close(self) -> bool:
        loop = asyncio.get_running_loop()
        if self._native is not None:
            drained = loop.create_future()
            self._native.close(drained)
            limit = self.settings.timeout_graceful_shutdown
            deadline = None if limit is None else loop.time() + limit
            # First what clients wait for, then what applications do for themselves.
            await _wait([drained], deadline, loop)
            await _wait(self._native.tasks(), deadline, loop)
            left = self._native.tasks()
            if left or not drained.done():
                error_logger.error("Cancel %d running task(s), timeout graceful shutdown exceeded", len(left))
                self.abort()
                await _wait(left, None, loop)
            # The last to let go of the sockets.
            self._native.abort()
        is_well = await self._lifespan.shutdown()
        _running.discard(self)
        self._hooks.closed.set()
        return is_well


async def _wait(futures: list[Any], deadline: float | None, loop: asyncio.AbstractEventLoop) -> None:
    if futures:
        await asyncio.wait(futures, timeout=None if deadline is None else max(0.0, deadline - loop.time()))


def _template(settings: Settings, state: dict[str, Any]) -> dict[str, Any]:
    """What the scopes of all requests have in common, with places for what they have not."""
    extensions: dict[str, Any] = {
        "http.response.trailers": {},
        "http.response.early_hint": {},
        "http.response.pathsend": {},
    }
    return {
        "type": "http",
        # All of 2.5 is there, but Starlette and what stands on it listen for a client that goes while they stream only where they are told of less than 2.4:
        # elsewhere a generator that waits goes on for nobody, and what they do in the background afterwards is left out. `send` is silent to who listens.
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": None,
        "client": None,
        "scheme": "http",
        "method": "",
        "root_path": settings.root_path,
        "path": "",
        "raw_path": b"",
        "query_string": b"",
        "headers": [],
        "state": state,
        "extensions": extensions,
    }


def _socket_template(settings: Settings, state: dict[str, Any]) -> dict[str, Any]:
    scope = _template(settings, state)
    del scope["method"]
    return {
        **scope,
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "type": "websocket",
        "scheme": "ws",
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }


def _has_server(settings: Settings) -> bool:
    return settings.server_header and not any(name.lower() == "server" for name, _ in settings.headers)


def _identity(settings: Settings) -> tuple[bytes, bytes, str | None, bytes | None, bool] | None:
    if settings.ssl_certfile is None:
        return None
    chain = _content(settings.ssl_certfile)
    key = chain if settings.ssl_keyfile is None else _content(settings.ssl_keyfile)
    authorities = None
    if settings.ssl_ca_certs is not None and settings.ssl_cert_reqs != ssl.CERT_NONE:
        authorities = _content(settings.ssl_ca_certs)
    return chain, key, settings.ssl_keyfile_password, authorities, settings.ssl_cert_reqs == ssl.CERT_OPTIONAL


def _first_certificate(chain: bytes) -> str:
    text = chain.decode("latin-1")
    begin, end = text.find("-----BEGIN CERTIFICATE-----"), text.find("-----END CERTIFICATE-----")
    return text[begin : end + len("-----END CERTIFICATE-----")] + "\n"


def _content(path: str | os.PathLike[str]) -> bytes:
    with open(path, "rb") as file:
        return file.read()


class _Hooks:
    """What the native half asks when something rare happens."""

    def __init__(self, settings: Settings) -> None:
        self.closed = asyncio.Event()
        #: The server's own, in PEM.
        self.certificate: str | None = None
        self._proxies = Proxies(settings.forwarded_allow_ips or ())
        self._will_collect = False

    def enough(self) -> None:
        """As many requests have come as the server was to answer; replaced by who wants to know."""

    def failed(self, error: BaseException, is_gone: bool) -> None:
        """An application has raised an exception; ``is_gone`` if it had been told, by one, that its client has gone."""
        if isinstance(error, asyncio.CancelledError):
            return
        if is_gone and _is_of_disconnect(error):
            error_logger.debug("The client has gone", exc_info=error)
            return
        if isinstance(error, TypeError):
            from ..crossing.hints import add_hint

            add_hint(error)
        error_logger.error("Exception in ASGI application\n", exc_info=error)

    async def awaiting(self, awaitable: Any) -> Any:
        """What an application returns that is no coroutine, as one."""
        return await awaitable

    def complain(self, what: str) -> None:
        """An application has ended without doing what it has to."""
        error_logger.error(what)

    def vanished(self) -> None:
        """An application has ended in the middle of an answer because its client has gone.

        What it streamed may stand in a cycle now, with the exception that cancelled it (anyio's task groups leave one), and its ``finally`` waits for
        a collection. Such a cycle is young, and one collection does for many: what it finds in use counts as old from then on.
        """
        if gc.isenabled() and not self._will_collect:
            self._will_collect = True
            asyncio.get_running_loop().call_later(0.1, self._collect)

    def _collect(self) -> None:
        self._will_collect = False
        gc.collect(1)

    def access(self, scope: dict[str, Any], status: int) -> None:
        """A request is being answered."""
        if scope["type"] == "websocket":
            outcome = "[accepted]" if status == 101 else str(status)
            error_logger.info('%s - "WebSocket %s" %s', logs.client(scope), logs.request_line(scope), outcome)
            return
        access_logger.info(
            '%s - "%s %s HTTP/%s" %d',
            logs.client(scope),
            scope["method"],
            logs.request_line(scope),
            scope["http_version"],
            status,
        )

    def tls(self, version: int | None, suite: int | None, chain: list[bytes], name: str | None) -> dict[str, Any]:
        """What the extension ``tls`` says of a connection."""
        return {
            "server_cert": self.certificate,
            "client_cert_chain": [ssl.DER_cert_to_PEM_cert(each) for each in chain],
            "client_cert_name": name,
            "client_cert_error": None,
            "tls_version": version,
            "cipher_suite": suite,
        }

    def refused(self) -> None:
        """More requests than are allowed at a time."""
        error_logger.warning("Exceeded concurrency limit.")

    def forwarded(self, scope: dict[str, Any]) -> None:
        """Somebody says whom the request comes from."""
        self._proxies.apply(scope)


def _is_of_disconnect(error: BaseException | None) -> bool:
    for _ in range(20):
        if error is None or isinstance(error, OSError):
            break
        if isinstance(error, BaseExceptionGroup):
            return all(map(_is_of_disconnect, error.exceptions))
        error = error.__cause__ or error.__context__
    return isinstance(error, OSError)


async def serve(application: Any, **options: Any) -> Server:
    """Serve an application or a handler on the running loop; the options are those of ``Settings``."""
    settings = Settings(**options)
    # Logging is the program's own, unless it says something of it here.
    if settings.log_config is not None or settings.use_colors is not None:
        logs.configure(settings)
    else:
        logs.set_level(settings.log_level)
    if settings.factory:
        application = made(application, repr(application))
    return await Server(application, settings).start()
