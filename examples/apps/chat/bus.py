"""What is said in one process is heard in all. Alone a process hears itself; with a URL the others hear it through Redis.

Redis forgets: what is said while it is away is lost. So ``returned`` is called when it is back, and the rooms look for what they lack.
"""

import asyncio
import json
import uuid


class Bus:
    """``heard(news)`` gets what anybody says."""

    def __init__(self, url, heard, returned):
        self.url = url
        self.heard = heard
        self.returned = returned
        self.me = str(uuid.uuid4())
        # What waits to be said; more than this is lost, and `returned` makes up for it.
        self.waiting = asyncio.Queue(1000)
        self.tasks = []

    async def __aenter__(self):
        if self.url:
            import redis.asyncio

            self.redis = redis.asyncio.from_url(self.url)
            await self.redis.ping()
            self.tasks = [asyncio.create_task(each) for each in (self._listen(), self._speak())]
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.url:
            await self.redis.aclose()

    def say(self, news):
        self.heard(news)
        if self.url:
            try:
                self.waiting.put_nowait(json.dumps({"from": self.me, "news": news}))
            except asyncio.QueueFull:
                pass

    async def _listen(self):
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

    async def _speak(self):
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
