"""Python applications in a server of JavaScript.

``mount`` is for ``twinloop.asgi`` in JavaScript: a Python application that a JavaScript server has requests for. The exchange with the
client itself goes over. The other way round is ``js_handlers``.
"""

from __future__ import annotations

from typing import Any

from .. import _native
from .applications import ApplicationError
from .lifespan import LifespanError
from .server import Server
from .settings import Settings


async def mount(application: Any, prefix: str, interface: str, lifespan: str, threads: float) -> Mounted:
    """Start an application that JavaScript has mounted at ``prefix``."""
    if isinstance(application, _native.JsProxy):
        raise TypeError("the application must be one of Python")
    settings = Settings(
        root_path=prefix,
        interface=interface,
        lifespan=lifespan,
        wsgi_threads=int(threads),
        access_log=False,
        server_header=False,
        # Whom to believe is said by nobody here.
        proxy_headers=False,
        # The server has waited for its clients.
        timeout_graceful_shutdown=5,
    )
    try:
        server = await Server(application, settings, is_mounted=True).start([])
    except LifespanError:
        raise RuntimeError("the mounted application could not start") from None
    except ApplicationError as error:
        raise TypeError(str(error)) from None
    return Mounted(server)


class Mounted:
    """A Python application as JavaScript has it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._native = server.native

    def answer(self, number: float) -> None:
        """Have the application answer the request that JavaScript knows by this number."""
        _native.js_take_exchange(self._native, number)

    async def end(self, at_once: bool) -> None:
        """Tell the application that it ends."""
        if at_once:
            self._server.abort()
        await self._server.close()
