"""The documented use of ``fetch``, for mypy: `cargo xtask lint` checks that it passes. It is not run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, assert_type

import twinloop


async def use() -> None:
    response = await twinloop.fetch("http://localhost/", method="PUT", headers={"a": "b"}, params={"n": 1}, timeout=1.5)
    assert_type(response, twinloop.Response)
    assert_type(response.status, int)
    assert_type(response.headers, twinloop.Headers)
    assert_type(response.headers.get("a"), str | None)
    assert_type(response.headers.get("a", "b"), str)
    assert_type(await response.bytes(), bytes)
    assert_type(await response.text(), str)
    assert_type(await response.json(), Any)
    assert_type(await response.json(loads=bytes.decode), Any)
    assert_type(twinloop.Response.json({"a": 1}), twinloop.Response)
    async for piece in response:
        assert_type(piece, bytes)
    async with await twinloop.fetch("http://localhost/", data={"a": ["b"]}, auth=("user", "password")) as answer:
        assert_type(answer.raise_for_status(), twinloop.Response)
    try:
        await twinloop.fetch("http://localhost/", json=[1], redirect="manual")
    except twinloop.HTTPStatusError as error:
        assert_type(error.response, twinloop.Response)
    except twinloop.FetchError:
        pass


async def upload() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b""

    with open("file", "rb") as file:
        await twinloop.fetch("http://localhost/", content=file)
        await twinloop.fetch("http://localhost/", files={"a": file, "b": ("name", b"bytes", "a/b")}, data={"c": 1})
    await twinloop.fetch("http://localhost/", content=pieces())
    await twinloop.fetch("http://localhost/", content=Path("file"))


async def share() -> None:
    retry = twinloop.Retry(attempts=2)

    def sign(request: Any) -> None:
        request.headers["x-signed"] = request.method

    async with twinloop.Session("http://localhost", retries=retry, hooks={"request": sign}) as session:
        assert_type(await session.get("/", params={"a": 1}), twinloop.Response)
        assert_type(await session.request("POST", "/", json=[]), twinloop.Response)
        assert_type(dict(session.cookies), dict[str, str])
        await session.close()


async def talk() -> None:
    async with twinloop.WebSocket("ws://localhost/", protocols=["chat"], headers={"a": "b"}, max_size=None) as ws:
        await ws.send("text")
        await ws.send(b"bytes")
        await ws.send_json([1])
        assert_type(await ws.receive(), str | bytes)
        assert_type(await ws.ping(), float)
        async for message in ws:
            assert_type(message, str | bytes)
        await ws.close(1000, "why")
    assert_type(await twinloop.WebSocket("ws://localhost/"), twinloop.WebSocket)
    async for socket in twinloop.WebSocket.reconnecting("ws://localhost/", compress=False):
        try:
            await socket.send("again")
        except twinloop.ConnectionClosed as closed:
            assert_type(closed.code, int)
    async with twinloop.EventSource("http://localhost/", read_timeout=60, headers={"a": "b"}) as source:
        async for event in source:
            assert_type(event, twinloop.ServerSentEvent)
            assert_type(event.json(), Any)


async def handler(request: twinloop.Request) -> twinloop.Response:
    return twinloop.Response(request.headers["a"], 201, [("a", "b")])
