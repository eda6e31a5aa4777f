"""pytest plugin: uvicorn's tests of what clients see, with ``twinloop.serve`` in the place of its server.

They start their server by ``tests.utils.run_server``, with a ``Config`` whose names are those of our options. The classes that read HTTP and WebSocket
are parameters there, which mean nothing here: each is asked once.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

import twinloop
from _twinloop.serve.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

#: Options that the two have under one name and in one form.
OPTIONS = (
    {field.name for field in dataclasses.fields(Settings)}
    - {"app", "fd", "reload", "workers", "log_config", "log_level", "use_colors", "access_log"}
    - {"limit_max_requests", "limit_max_requests_jitter"}
)
#: All implementations but one, in the names of tests.
OTHERS = ("wsproto", "httptools", "zttp")


class Served:
    """What tests ask of the server."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.started = True

    async def shutdown(self) -> None:
        """End it in order."""
        await self._server.close()


@contextlib.asynccontextmanager
async def run_server(config: Any, sockets: Any = None) -> AsyncIterator[Served]:
    """As uvicorn's own."""
    assert sockets is None
    told = {name: getattr(config, name) for name in OPTIONS if hasattr(config, name)}
    server = await twinloop.serve(config.app, access_log=False, **told)
    try:
        yield Served(server)
    finally:
        await server.close()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before the modules of the tests take the function from there."""
    from tests import utils

    utils.run_server = run_server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what asks a server."""
    kept = []
    for item in items:
        asks = (
            "run_server"
            in getattr(getattr(item, "function", None), "__code__", run_server.__wrapped__.__code__).co_names
        )
        if asks and not any(word in item.name for word in OTHERS):
            kept.append(item)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
