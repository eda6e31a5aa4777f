# Servers: redis
"""Django Channels under ``twinloop serve`` in two processes, whose groups meet in Redis: by lists and by pub/sub.

Consumers with and without ``async``, a view that tells a group, and a process that is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator

import twinloop


@contextlib.asynccontextmanager
async def serving(layer: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    words = ["-m", "twinloop", "serve", "channels_site:application", "--host", "127.0.0.1", "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LAYER": layer},
    )
    said, found = "", None
    while found is None:
        line = (await process.stderr.readline()).decode()
        assert line, said
        said += line
        found = re.search(r"http://[^\s:]+:\d+", said)
    # Nothing that it logs may fill the pipe.
    rest = asyncio.create_task(process.stderr.read())
    try:
        yield process, found[0]
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await rest


class Person:
    """A WebSocket, and what it has heard."""

    def __init__(self, socket: twinloop.WebSocket) -> None:
        self.socket = socket
        self.heard: list[str] = []

    async def until(self, text: str) -> None:
        while text not in self.heard:
            self.heard += json.loads(await self.socket.receive()).values()


async def meet(layer: str) -> None:
    print(f"{layer}:")
    async with serving(layer) as (first, one), serving(layer) as (second, two), contextlib.AsyncExitStack() as stack:

        async def enter(url: str, path: str) -> Person:
            return Person(await stack.enter_async_context(twinloop.WebSocket(url + path)))

        ada = await enter(one, "/rooms/tea/Ada")
        await ada.until("Ada is here")
        bob = await enter(two, "/rooms/tea/Bob")
        await asyncio.gather(ada.until("Bob is here"), bob.until("Bob is here"))
        eve = await enter(two, "/rooms/coffee/Eve")
        await eve.until("Eve is here")
        # Its group is joined before it is accepted.
        listener = await enter(one, "/listen")

        # What is said in one process is heard in both, in order, and in no other room.
        for number in range(100):
            await ada.socket.send_json({"say": number})
        await ada.until("Ada: 99")
        await bob.until("Ada: 99")
        await listener.until("Ada: 99")
        hundred = [f"Ada: {number}" for number in range(100)]
        print(*(person.heard[-100:] == hundred for person in (ada, bob, listener)), eve.heard)

        # So is what a view says.
        async with twinloop.fetch(f"{two}/announce/tea", params={"text": "the kettle is on"}) as response:
            print(response.status, await response.json())
        for person in (ada, bob, listener):
            await person.until("the kettle is on")

        await bob.socket.close(4000)
        await ada.until("Bob left (4000)")

        # A process dies; those of the other hear each other as before.
        second.send_signal(signal.SIGKILL)
        await second.wait()
        carl = await enter(one, "/rooms/tea/Carl")
        await ada.until("Carl is here")
        await carl.socket.send_json({"say": "grüße ☃"})
        await ada.until("Carl: grüße ☃")
        print(ada.heard[-3:])
    print("ended:", first.returncode, second.returncode)


async def main() -> None:
    for layer in ("core.RedisChannelLayer", "pubsub.RedisPubSubChannelLayer"):
        await meet(layer)


twinloop.run(main())
