"""What is said in one process is heard in all.

Alone a process hears itself; with a URL the others hear it too: ``local:NAME`` among the processes of this machine, with nothing to install
or start, and ``redis://...`` through Redis. Either may lose something: Redis was away, a process stood still. Then ``returned`` is called,
and the rooms look for what they lack.
"""

import asyncio
import json
import uuid

import twinloop


def open_bus(url, heard, returned):
    """A bus, to be entered with ``async with``; ``heard(news)`` gets what anybody says."""
    if not url:
        return Bus(heard, returned)
    return LocalBus(url, heard, returned) if url.startswith("local:") else RedisBus(url, heard, returned)


class Bus:
    """That of a process alone."""

    def __init__(self, heard, returned):
        self.heard = heard
        self.returned = returned

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    def say(self, news):
        self.heard(news)


class LocalBus(Bus):
    """That of the processes of this machine."""

    def __init__(self, url, heard, returned):
        super().__init__(heard, returned)
        self.channel = twinloop.BroadcastChannel("chat", url=url)

    async def __aenter__(self):
        await self.channel.ready()
        self.listening = asyncio.create_task(self.listen())
        return self

    async def __aexit__(self, *_):
        self.channel.close()
        await self.listening

    def say(self, news):
        self.heard(news)
        self.channel.post_message(news)

    async def listen(self):
        async for event in self.channel.events():
            if event.type == "message":
                self.heard(event.data)
            elif event.type == "lost":
                self.returned()


class RedisBus(Bus):
    """That of all who use one Redis."""

    def __init__(self, url, heard, returned):
        super().__init__(heard, returned)
        import redis.asyncio

        self.redis = redis.asyncio.from_url(url)
        self.me = str(uuid.uuid4())
        # What waits to be said; more than this is lost, and `returned` makes up for it.
        self.waiting = asyncio.Queue(1000)

    async def __aenter__(self):
        await self.redis.ping()
        self.tasks = [asyncio.create_task(each) for each in (self.listen(), self.speak())]
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.redis.aclose()

    def say(self, news):
        self.heard(news)
        try:
            self.waiting.put_nowait(json.dumps({"from": self.me, "news": news}))
        except asyncio.QueueFull:
            pass

    async def listen(self):
        import redis

        is_away = False
        while True:
            try:
                async with self.redis.pubsub() as subscription:
                    await subscription.subscribe("chat")
                    if is_away:
                        is_away = False
                        self.returned()
                    async for message in subscription.listen():
                        if message["type"] == "message":
                            said = json.loads(message["data"])
                            if said["from"] != self.me:
                                self.heard(said["news"])
            except (redis.RedisError, OSError) as error:
                if not is_away:
                    print(f"chat: Redis is away ({error}); people hear only those of their own server", flush=True)
                is_away = True
                await asyncio.sleep(0.5)

    async def speak(self):
        import redis

        is_away = False
        while True:
            text = await self.waiting.get()
            try:
                await self.redis.publish("chat", text)
                if is_away:
                    is_away = False
                    self.returned()
            except (redis.RedisError, OSError):
                is_away = True
