"""The lifespan of an application (https://asgi.readthedocs.io/en/latest/specs/lifespan.html): it is told of start and end, in a task of its own."""

from __future__ import annotations

import asyncio
from typing import Any

from .logs import error_logger


class LifespanError(Exception):
    """The application has failed to start, and has said so in the log."""


class Lifespan:
    """``state`` is what the application may fill at its start; every request gets a copy."""

    def __init__(self, application: Any, mode: str) -> None:
        self.state: dict[str, Any] = {}
        self._application = application
        self._mode = mode
        self._task: asyncio.Task[None] | None = None
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        # Set by what the application says, or by its end.
        self._started: asyncio.Future[bool] | None = None
        self._ended: asyncio.Future[bool] | None = None

    async def startup(self) -> None:
        """Tell the application to start; raises ``LifespanError`` if it cannot."""
        if self._mode == "off":
            return
        error_logger.info("Waiting for application startup.")
        self._started = asyncio.get_running_loop().create_future()
        self._messages.put_nowait({"type": "lifespan.startup"})
        self._task = asyncio.create_task(self._run())
        if not await self._started:
            await asyncio.wait([self._task])
            error_logger.error("Application startup failed. Exiting.")
            raise LifespanError
        error_logger.info("Application startup complete.")

    async def shutdown(self) -> bool:
        """Tell the application that it ends; false if it has failed to."""
        if self._task is None or self._task.done():
            return True
        error_logger.info("Waiting for application shutdown.")
        self._ended = asyncio.get_running_loop().create_future()
        self._messages.put_nowait({"type": "lifespan.shutdown"})
        is_well = await self._ended
        await asyncio.wait([self._task])
        if is_well:
            error_logger.info("Application shutdown complete.")
        else:
            error_logger.error("Application shutdown failed. Exiting.")
        return is_well

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._application(scope, self._messages.get, self._send)
        except BaseException as error:
            self._failed(error)
            if not isinstance(error, Exception):
                raise
        else:
            # It has ended without an answer: it has nothing to say of its start or its end.
            self._settle(self._started, True)
            self._settle(self._ended, True)

    def _failed(self, error: BaseException) -> None:
        is_starting = self._started is not None and not self._started.done()
        if is_starting and self._mode == "auto" and isinstance(error, Exception):
            error_logger.info("ASGI 'lifespan' protocol appears unsupported.")
            self._settle(self._started, True)
            return
        if not isinstance(error, asyncio.CancelledError):
            error_logger.error("Exception in 'lifespan' protocol\n", exc_info=error)
        self._settle(self._started, False)
        self._settle(self._ended, False)

    async def _send(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        future = self._started if kind.startswith("lifespan.startup.") else self._ended
        if kind not in _ANSWERS or future is None or future.done():
            raise RuntimeError(f"Unexpected ASGI message '{kind}' sent in the lifespan.")
        if kind.endswith(".failed") and message.get("message"):
            error_logger.error(message["message"])
        self._settle(future, kind.endswith(".complete"))

    @staticmethod
    def _settle(future: asyncio.Future[bool] | None, is_well: bool) -> None:
        if future is not None and not future.done():
            future.set_result(is_well)


_ANSWERS = (
    "lifespan.startup.complete",
    "lifespan.startup.failed",
    "lifespan.shutdown.complete",
    "lifespan.shutdown.failed",
)
