"""A chat with rooms, in Python with FastAPI: ``twinloop serve chat.py``."""

import asyncio
import contextlib
import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from rooms import MOST_SOCKETS, ROOM, Member, Rooms
from store import open_store

HERE = Path(__file__).parent
ORIGINS = os.environ.get("ORIGINS", "").split(",")


@contextlib.asynccontextmanager
async def lifespan(app):
    store = await open_store(os.environ.get("DATABASE_URL", "chat.sqlite"))
    async with Rooms(store, os.environ.get("BUS_URL")) as app.state.rooms:
        yield
    await store.close()


app = FastAPI(title="Chat", lifespan=lifespan)


@app.websocket("/rooms/{room}")
async def room(socket: WebSocket, room: str, name: str = ""):
    rooms = app.state.rooms
    name = name.strip()
    if not is_from_here(socket):
        return await socket.send_denial_response(PlainTextResponse("not from this page", 403))
    if not ROOM.fullmatch(room) or not 1 <= len(name) <= 32 or not name.isprintable():
        return await socket.send_denial_response(PlainTextResponse("a room and a name, please", 400))
    if rooms.count >= MOST_SOCKETS:
        return await socket.send_denial_response(PlainTextResponse("full", 503, {"retry-after": "10"}))
    await socket.accept()
    member = Member(room, name)
    rooms.enter(member)
    tasks = [asyncio.create_task(read(socket, rooms, member)), asyncio.create_task(write(socket, member))]
    try:
        code, reason = await member.over
    finally:
        rooms.leave(member)
        for task in tasks:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it is closed already
        await socket.close(code, reason)


async def read(socket, rooms, member):
    try:
        async for text in socket.iter_text():
            await rooms.do(member, json.loads(text))
        member.end(1000, "")
    except (json.JSONDecodeError, KeyError):  # no JSON, or bytes
        member.end(1008, "that was no message of the chat")
    except Exception as error:
        member.end(1011, "a fault of the server")
        print(f"chat: {error!r}", flush=True)


async def write(socket, member):
    try:
        while True:
            await socket.send_text(await member.waiting.get())
    except (RuntimeError, WebSocketDisconnect):
        member.end(1000, "")


def is_from_here(socket):
    """Browsers say which page opens a WebSocket. Pages of others may not speak for those who look at them; programs name no page."""
    origin = socket.headers.get("origin")
    return origin is None or origin in ORIGINS or urlsplit(origin).netloc == socket.headers.get("host")


@app.get("/page.css")
async def style():
    return FileResponse(HERE.parent / "page.css")


app.mount("/", StaticFiles(directory=HERE / "public", html=True))
