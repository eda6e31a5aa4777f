"""JavaScript handlers as ASGI applications.

The exchange with the client itself goes over; a handler behind a server or a middleware that is not this server's own is spoken to by messages.
"""

from __future__ import annotations

import asyncio
from typing import Any

from .. import _native


class JsApplication:
    """A JavaScript handler as an ASGI application: ``{ fetch }``, ``{ routes }``, a function of a request, or an app."""

    def __init__(self, handler: Any, *, direct: bool = False) -> None:
        if not isinstance(handler, _native.JsProxy):
            raise TypeError(f"js_app takes a handler of JavaScript, not {type(handler).__name__!r}")
        self._handler = handler
        self._direct = direct
        # Made on first need, as it takes the running loop.
        self._mounted: Any = None
        self._number = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer a request."""
        kind = scope["type"]
        if kind == "lifespan":
            await _live(receive, send)
            return
        if self._mounted is None:
            self._mounted = _native.js_mounted(self._handler)
            self._number = self._mounted.number
        # A middleware that looks at the answer has a `send` of its own; there is nothing of it to see in a websocket.
        is_own = (
            kind == "websocket" or self._direct or getattr(send, "__self__", send) is getattr(receive, "__self__", None)
        )
        if is_own and _native.js_hand_over(self._number, receive):
            # Until it is answered.
            await receive()
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            await _Answer(receive, send).give(self._mounted, scope)

    def __repr__(self) -> str:
        return f"<JsApplication {self._handler!r}>"


async def _live(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


class _Answer:
    """One request that is answered by messages."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive = receive
        self._send = send
        self._more = True
        self._is_gone = False

    async def give(self, mounted: Any, scope: dict[str, Any]) -> None:
        first = await self._piece()
        body = None if first is None and not self._more else self._rest
        self._first = first
        asked = mounted.ask(scope["method"], _url(scope), _fields(scope), body)
        watch = asyncio.ensure_future(self._gone(asked)) if body is None else None
        try:
            answer = await asked.answer
            headers = [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, _, value in (line.partition(":") for line in answer.fields.splitlines())
            ]
            await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
            if watch is None and not self._more:
                watch = asyncio.ensure_future(self._gone(asked))
            while not self._is_gone and (piece := await answer.next()) is not None:
                await self._send({"type": "http.response.body", "body": bytes(piece), "more_body": True})
            await self._send({"type": "http.response.body", "body": b""})
        except BaseException as error:
            asked.cancel()
            # What a handler does about a client that has gone is nothing to tell of.
            if not (self._is_gone and _is_of_going(error)):
                raise
        finally:
            if watch is not None:
                watch.cancel()

    async def _gone(self, asked: Any) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        asked.cancel()

    async def _rest(self) -> bytes | None:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return await self._piece() if self._more else None

    async def _piece(self) -> bytes | None:
        while self._more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._more = False
                self._is_gone = True
                raise ConnectionResetError("the client has gone")
            self._more = message.get("more_body", False)
            if body := message.get("body", b""):
                return bytes(body)
        return None


def _is_of_going(error: BaseException) -> bool:
    return isinstance(error, OSError) or getattr(error, "name", "") == "AbortError"


def _url(scope: dict[str, Any]) -> str:
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), None)
    if host is None:
        host = ":".join(str(part) for part in scope.get("server") or ("localhost",) if part is not None)
    path = scope.get("raw_path")
    path = scope["path"] if path is None else path.decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}{path}" + (f"?{query}" if query else "")


def _fields(scope: dict[str, Any]) -> str:
    return "".join(f"{name.decode('latin-1')}:{value.decode('latin-1')}\n" for name, value in scope["headers"])


def js_app(handler: Any, *, direct: bool = False) -> JsApplication:
    """A JavaScript handler as an ASGI application: ``app.mount("/pages", js_app(module.default))``.

    ``handler`` is what ``twinloop serve app.mjs`` takes: ``{ fetch }``, ``{ routes }``, a function of a Request, an app of Hono, Express, Koa
    or Fastify, or a module that exports one of them. Under this very server it answers its clients itself. A middleware that looks at answers, as those of Starlette do, is told by messages of what the handler
    answers; with ``direct`` the handler answers past it.
    """
    return JsApplication(handler, direct=direct)
