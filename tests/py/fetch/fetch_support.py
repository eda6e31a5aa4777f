"""What the tests of fetching share: the local servers, and a server that keeps what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os

import pytest
import twinloop


def fixtures():
    """The addresses of the local servers."""
    if "FIXTURES" not in os.environ:
        pytest.skip("FIXTURES names no local servers; cargo xtask test starts them")
    return json.loads(os.environ["FIXTURES"])


class Asked:
    """A server that answers with what it was asked, and keeps it."""

    def __init__(self):
        self.requests = []
        self.url = ""

    async def answer(self, request):
        text = (await request.body()).decode("utf-8", "replace")
        seen = {
            "method": request.method,
            "path": request.path,
            "query": request.query_string,
            "headers": dict(request.headers),
            "body": text,
        }
        self.requests.append(seen)
        if request.path.startswith("/to/"):
            status = int(request.path.rpartition("/")[2])
            return twinloop.Response("moved", status, {"location": request.query["url"][0]})
        return twinloop.Response.json(seen)


@contextlib.asynccontextmanager
async def serving(handler):
    """A server on a free port of loopback; its url."""
    async with await twinloop.serve(handler, port=0, access_log=False, lifespan="off") as server:
        yield server.url.rstrip("/")


@contextlib.asynccontextmanager
async def asked():
    """An :class:`Asked` that serves."""
    server = Asked()
    async with serving(server.answer) as server.url:
        yield server


@contextlib.asynccontextmanager
async def talking(talk):
    """A server that has ``talk(reader, writer)`` speak with each connection; its url."""
    tasks = set()

    async def begin(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            await talk(reader, writer)
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for task in tasks:
            task.cancel()


def answering(*pieces, then=None):
    """What :func:`talking` takes: reads a request, writes these bytes, and then waits for the client to go."""

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if then is None:
            await reader.read()
        else:
            await then(reader, writer)

    return talk
