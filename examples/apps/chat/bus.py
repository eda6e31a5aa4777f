"""What is said in one process is heard in all.

Alone a process hears itself; with a URL the others hear it too, by a BroadcastChannel: ``local:NAME`` among the processes of this machine,
with nothing to install or start, and ``redis://...`` or ``nats://...`` among machines. Any of them may lose something: a server was away, a
process stood still. Then ``returned`` is called, and the rooms look for what they lack.
"""

import asyncio

import twinloop
from store import cannot_open


class Bus:
    """``heard(news)`` gets what anybody says."""

    def __init__(self, url, heard, returned):
        self.heard = heard
        self.returned = returned
        self.url = url
        self.channel = twinloop.BroadcastChannel("chat", url=url) if url else None

    async def __aenter__(self):
        if self.channel is not None:
            self.first_cut = asyncio.get_running_loop().create_future()
            self.listening = asyncio.create_task(self.listen())
            ready = asyncio.ensure_future(self.channel.ready())
            try:
                # Once it has been there it is waited for. One that is not there at the start is more likely a wrong address, which is told at once.
                await asyncio.wait([ready, self.first_cut], return_when=asyncio.FIRST_COMPLETED)
                await (ready if ready.done() else self.first_cut)
            except Exception as error:
                ready.cancel()
                await self.__aexit__()
                raise cannot_open("BUS_URL", self.url, error) from None
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
                if not self.first_cut.done():
                    self.first_cut.set_exception(ConnectionError(event.reason))
                    self.first_cut.exception()  # which the start looks at, and nobody later
                print(f"chat: the other servers are away ({event.reason}); people hear only those of their own", flush=True)
