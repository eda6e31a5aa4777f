# Servers: redis
"""socket.io with its Redis adapter in two processes, beside a BroadcastChannel of both languages through the same Redis.

Rooms across processes, what JavaScript posts and Python hears and the reverse, Redis restarted, and a process that is killed. The
clients are socket.io's own, used from Python.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import twinloop
from twinloop import js

servers = json.loads(os.environ["SERVERS"])
URL = f"redis://{servers['redis']['host']}:{servers['redis']['port']}"
io = js.require("socket.io-client").io


class Process:
    """A server of socket.io, by its name."""

    @classmethod
    async def start(cls, name: str) -> Process:
        self = cls()
        self.name = name
        words = ["-m", "twinloop", "rooms.mjs"]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *words, stdout=asyncio.subprocess.PIPE, env={**os.environ, "NAME": name}
        )
        self.port = int(await self.process.stdout.readline())
        return self

    async def end(self, number: int) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.process.wait()


class Person:
    """A client, and what it has heard."""

    def __init__(self, name: str, place: Process) -> None:
        self.heard: list[str] = []
        options = {"auth": {"name": name}, "forceNew": True, "transports": ["websocket"]}
        self.socket = io(f"http://127.0.0.1:{place.port}", options)
        self.socket.on("heard", self.heard.append)

    def say(self, text: str) -> None:
        self.socket.emit("say", "tea", text)

    async def until(self, text: str) -> None:
        await until(lambda: text in self.heard)


async def until(condition) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def order(line: str) -> None:
    """Has a server restarted."""
    reader, writer = await asyncio.open_connection(servers["control"]["host"], servers["control"]["port"])
    writer.write(f"{line}\n".encode())
    print(line, (await reader.read()).decode().strip())
    writer.close()


async def listen(channel: twinloop.BroadcastChannel, heard: list) -> None:
    async for event in channel.events():
        heard.append(event.data if event.type == "message" else event.type)


async def main() -> None:
    first, second = await asyncio.gather(Process.start("first"), Process.start("second"))
    async with twinloop.BroadcastChannel("desk", url=URL) as desk:
        heard: list = []
        listening = asyncio.create_task(listen(desk, heard))
        ada, bob, eve = Person("Ada", first), Person("Bob", second), Person("Eve", second)
        print(await ada.socket.emitWithAck("join", "tea"), await eve.socket.emitWithAck("join", "coffee"))
        # The processes have found each other when one sees who is in the other.
        while list(await ada.socket.emitWithAck("who", "coffee")) != ["Eve"]:
            await asyncio.sleep(0.01)
        print(await bob.socket.emitWithAck("join", "tea"), list(await bob.socket.emitWithAck("who", "tea")))
        await ada.until("Bob joined")

        # What is said in one process the room hears in both, and the channel in the other and in Python, each in its order.
        for number in range(100):
            ada.say(f"{number}")
        await bob.until("Ada: 99")
        await bob.until("channel: 99")
        posted = [{"process": "first", "room": "tea", "text": f"{number}"} for number in range(100)]
        await until(lambda: posted[-1] in heard)
        room = [text for text in bob.heard if text.startswith("Ada: ")]
        channel = [text for text in bob.heard if text.startswith("channel: ")]
        print(
            room == [f"Ada: {number}" for number in range(100)],
            channel == [f"channel: {number}" for number in range(100)],
        )
        print(heard == ["open", *posted])
        print([text for text in eve.heard if "Ada" in text], [text for text in ada.heard if "channel" in text])

        # What Python posts is heard in both.
        desk.post_message({"text": "the kettle is on"})
        await ada.until("the desk of first: the kettle is on")
        await eve.until("the desk of second: the kettle is on")

        # Redis is away for a moment; then all of them find each other again.
        heard.clear()
        await order("restart redis")
        tries = 0
        while "Ada: again" not in bob.heard or {"process": "first", "room": "tea", "text": "again"} not in heard:
            tries += 1
            ada.say("again")
            await asyncio.sleep(0.05)
        print([kind for kind in ("cut", "open") if kind in heard], tries < 1000)

        # A process dies; the other's people hear each other, and the desk is heard there.
        print("killed", await first.end(signal.SIGKILL))
        carl = Person("Carl", second)
        print(await carl.socket.emitWithAck("join", "tea"))
        carl.say("grüße ☃")
        await bob.until("Carl: grüße ☃")
        await until(lambda: {"process": "second", "room": "tea", "text": "grüße ☃"} in heard)
        desk.post_message({"text": "closing"})
        await carl.until("the desk of second: closing")
        for person in (ada, bob, carl, eve):
            person.socket.disconnect()
        print("ended", await second.end(signal.SIGTERM))
        listening.cancel()


twinloop.run(main())
