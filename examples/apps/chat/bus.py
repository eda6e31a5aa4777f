"""What is said in one process is heard in all.

Alone a process hears itself; with a URL the others hear it too, by a BroadcastChannel: ``local:NAME`` among the processes of this machine,
with nothing to install or start, and ``redis://...`` or ``nats://...`` among machines. Any of them may lose something: a server was away, a
process stood still. Then ``returned`` is called, and the rooms look for what they lack.
"""

import asyncio

import twinloop


class Bus:
    """``heard(news)`` gets what anybody says."""

    def __init__(self, url, heard, returned):
        self.heard = heard
        self.returned = returned
        self.channel = twinloop.BroadcastChannel("chat", url=url) if url else None

    async def __aenter__(self):
        if self.channel is not None:
            await self.channel.ready()
            self.listening = asyncio.create_task(self.listen())
        return self

    async def __aexit__(self, *_):
        if self.channel is not None:
            self.channel.close()
            await self.listening

    def say(self, news):
        self.heard(news)
        if self.channel is not None:
            try:
                self.channel.post_message(news)
            except (BufferError, OSError):
                pass  # too much waits already; `returned` makes up for it

    async def listen(self):
        async for event in self.channel.events():
            if event.type == "message":
                try:
                    self.heard(event.data)
                except Exception as error:
                    print(f"chat: what another program said on this channel is nothing of the chat: {error!r}", flush=True)
            elif event.type in ("open", "lost"):
                self.returned()
            elif event.type == "cut":
                print(f"chat: the other servers are away ({event.reason}); people hear only those of their own", flush=True)
