"""Messages of 64 bytes that a server echoes, over WebSockets from Python; prints one JSON object.

Usage: websocket_client.py CONTESTANT URL CONNECTIONS SECONDS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager

MESSAGE = b"x" * 64

#: The first is not counted; each lasts so much of the seconds.
PHASES = (0.5, 1.0)


@asynccontextmanager
async def twinloop(url):
    from twinloop import WebSocket

    async with WebSocket(url, compress=False) as socket:

        async def echo():
            await socket.send(MESSAGE)
            return await socket.receive()

        yield echo


@asynccontextmanager
async def websockets(url):
    from websockets.asyncio.client import connect

    async with connect(url, compression=None) as socket:

        async def echo():
            await socket.send(MESSAGE)
            return await socket.recv()

        yield echo


@asynccontextmanager
async def aiohttp(url):
    from aiohttp import ClientSession

    async with ClientSession() as session, session.ws_connect(url) as socket:

        async def echo():
            await socket.send_bytes(MESSAGE)
            return await socket.receive_bytes()

        yield echo


@asynccontextmanager
async def picows(url):
    """It calls back, and knows no await; what a program that awaits makes of it, as the others are used."""
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

    loop = asyncio.get_running_loop()

    class Listener(WSListener):
        def on_ws_frame(self, transport: WSTransport, frame: WSFrame):
            self.waiting.set_result(frame.get_payload_as_bytes())

    transport, listener = await ws_connect(Listener, url)

    async def echo():
        listener.waiting = loop.create_future()
        transport.send(WSMsgType.BINARY, MESSAGE)
        return await listener.waiting

    yield echo
    transport.disconnect()


@asynccontextmanager
async def picows_callbacks(url):
    """Its own way: the next message is sent in the callback of the last one, and nothing is awaited between."""
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

    class Listener(WSListener):
        left = 0

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame):
            self.answer = frame.get_payload_as_bytes()
            self.left -= 1
            if self.left:
                transport.send(WSMsgType.BINARY, MESSAGE)
            else:
                self.done.set_result(None)

    transport, listener = await ws_connect(Listener, url)

    async def echo():
        listener.done = asyncio.get_running_loop().create_future()
        listener.left = 100
        transport.send(WSMsgType.BINARY, MESSAGE)
        await listener.done
        return listener.answer

    echo.messages = 100
    yield echo
    transport.disconnect()


#: By their names in the tables.
CONTESTANTS = {
    "twinloop": twinloop,
    "websockets": websockets,
    "aiohttp": aiohttp,
    "picows": picows,
    "picows, callbacks": picows_callbacks,
}


async def main(contestant, url, connections, seconds):
    messages = 0
    end = 0.0

    async def client():
        nonlocal messages
        async with CONTESTANTS[contestant](url) as echo:
            each = getattr(echo, "messages", 1)
            for _ in PHASES:
                await barrier.wait()
                await barrier.wait()
                while time.perf_counter() < end:
                    if await echo() != MESSAGE:
                        raise RuntimeError("another message came back")
                    messages += each
                await barrier.wait()

    async def clock():
        nonlocal messages, end
        for share in PHASES:
            # Whoever is not connected yet keeps the others waiting here.
            await barrier.wait()
            messages = 0
            start = time.perf_counter()
            end = start + seconds * share
            await barrier.wait()
            await barrier.wait()
            rate = messages / (time.perf_counter() - start)
        return rate

    barrier = asyncio.Barrier(connections + 1)
    rate, *_ = await asyncio.gather(clock(), *(client() for _ in range(connections)))
    print(json.dumps({"per_second": rate}))


def new_loop(contestant):
    if contestant == "twinloop":
        from twinloop import new_event_loop
    else:
        from uvloop import new_event_loop
    return new_event_loop()


contestant, url, connections, seconds = sys.argv[1:]
with asyncio.Runner(loop_factory=lambda: new_loop(contestant)) as runner:
    runner.run(main(contestant, url, int(connections), float(seconds)))
