"""WSGI applications (PEP 3333), each request in a thread of a pool.

An answer that is whole when its thread has ended crosses to the loop once; one that comes in pieces crosses with each, so the client's
pace is the application's. The body of a request is read as the application asks for it.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_to_bytes


class WsgiApplication:
    """An ASGI application that calls a WSGI one."""

    def __init__(self, application: Any, *, threads: int, multiprocess: bool) -> None:
        self._application = application
        self._multiprocess = multiprocess
        self._pool = ThreadPoolExecutor(threads, "twinloop-wsgi")

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] == "websocket":
            # WSGI has none.
            await receive()
            await send({"type": "websocket.close"})
            return
        loop = asyncio.get_running_loop()
        exchange = _Exchange(loop, receive, send, await receive())
        environ = environment(scope, exchange.input, self._multiprocess)
        context = contextvars.copy_context()
        await loop.run_in_executor(self._pool, context.run, exchange.run, self._application, environ)
        await exchange.finish()

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._pool.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})


def environment(scope: dict[str, Any], body: Any, multiprocess: bool) -> dict[str, Any]:
    """The ``environ`` of a request; its texts hold bytes, as PEP 3333 wants it."""
    root = scope["root_path"].encode().decode("latin-1")
    path = unquote_to_bytes(scope["raw_path"]).decode("latin-1")
    server = scope["server"] or ("localhost", None)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root,
        "PATH_INFO": path.removeprefix(root),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or (443 if scope["scheme"] == "https" else 80)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }
    if scope["client"]:
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = scope["client"][0], str(scope["client"][1])
    for name_bytes, value_bytes in scope["headers"]:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        if "_" in name:
            # Somebody who wants to be taken for the header with a dash.
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key
        if key in environ:
            separator = "; " if key == "HTTP_COOKIE" else ","
            value = environ[key] + separator + value
        environ[key] = value
    return environ


class FileWrapper:
    """``wsgi.file_wrapper``: a file in pieces."""

    def __init__(self, file: Any, block_size: int = 65536) -> None:
        self._file = file
        self._block_size = block_size
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self) -> FileWrapper:
        return self

    def __next__(self) -> bytes:
        block: bytes = self._file.read(self._block_size)
        if not block:
            raise StopIteration
        return block


class _Input:
    """``wsgi.input``: the body as a file, for the thread."""

    def __init__(self, exchange: _Exchange, first: dict[str, Any]) -> None:
        self._exchange = exchange
        self._buffer = bytearray()
        self._more = True
        self._take(first)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.disconnect":
            self._more = False
            raise ConnectionResetError("the client has gone")
        self._buffer += message.get("body", b"")
        self._more = message.get("more_body", False)

    def _fill(self) -> bool:
        if self._more:
            self._take(self._exchange.on_loop(self._exchange.receive))
            return True
        return False

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            while self._fill():
                pass
            size = len(self._buffer)
        while len(self._buffer) < size and self._fill():
            pass
        return self._cut(size)

    def readline(self, size: int | None = -1) -> bytes:
        searched = 0
        while True:
            end = self._buffer.find(b"\n", searched) + 1
            limit = len(self._buffer) if size is None or size < 0 else size
            if end or (size is not None and 0 <= size <= len(self._buffer)):
                return self._cut(min(end or limit, limit))
            searched = len(self._buffer)
            if not self._fill():
                return self._cut(limit)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        lines = []
        total = 0
        for line in self:
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines

    def __iter__(self) -> Any:
        return iter(self.readline, b"")

    def _cut(self, size: int) -> bytes:
        piece = bytes(self._buffer[:size])
        del self._buffer[:size]
        return piece


class _Exchange:
    """One request and its answer. ``run`` is called in a thread, everything else on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Any, send: Any, first: dict[str, Any]) -> None:
        self._loop = loop
        self.receive = receive
        self._send = send
        self.input = _Input(self, first) if first["type"] == "http.request" else None
        self._start: dict[str, Any] | None = None
        self._length: str | None = None
        self._is_begun = False
        # The body, if all of it is known without waiting.
        self._whole: bytes | None = None

    def on_loop(self, function: Any, *arguments: Any) -> Any:
        async def call() -> Any:
            return await function(*arguments)

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    def run(self, application: Any, environ: dict[str, Any]) -> None:
        if self.input is None:
            # The client had gone before it had said what it wanted.
            return
        pieces = application(environ, self._start_response)
        try:
            is_single = isinstance(pieces, (list, tuple)) and len(pieces) == 1
            for piece in pieces:
                if not piece:
                    continue
                if self._whole is None and not self._is_begun:
                    length = self._started()
                    if is_single or length == str(len(piece)):
                        self._whole = piece
                        continue
                self._write(piece)
            self._started()
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def _started(self) -> str | None:
        if self._start is None:
            raise AssertionError("the application has not called start_response")
        return self._length

    def _start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if exc_info is not None:
            try:
                if self._is_begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                # It would refer to this very frame.
                exc_info = None
        elif self._start is not None:
            raise AssertionError("start_response was called again without an exception")
        if not (len(status) >= 3 and status[:3].isdecimal()):
            raise ValueError(f"{status!r} is no status")
        self._length = next((value for name, value in headers if name.lower() == "content-length"), None)
        self._start = {
            "type": "http.response.start",
            "status": int(status[:3]),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }
        return self._write

    def _write(self, piece: bytes) -> None:
        self._started()
        if self._whole is not None:
            whole, self._whole = self._whole, None
            self.on_loop(self._send_piece, whole)
        if piece:
            self.on_loop(self._send_piece, piece)

    async def _send_piece(self, piece: bytes) -> None:
        if not self._is_begun:
            self._is_begun = True
            await self._send(self._start)
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def finish(self) -> None:
        if self._start is None:
            return
        if not self._is_begun:
            await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._whole or b""})
