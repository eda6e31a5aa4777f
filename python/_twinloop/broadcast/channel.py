"""``BroadcastChannel``: where it reaches and what comes out of it; the rest is native."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from .. import _native
from .places import usual_url


class MessagesLost(Exception):
    """Messages of others that did not come and will not: ``count`` of them. What comes next is in order again."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} broadcast message{'s were' if count > 1 else ' was'} lost before the next")
        self.count = count


@dataclass(frozen=True, slots=True)
class BroadcastEvent:
    """What happens on a channel.

    With ``presence`` they are also "join" and "leave", of somebody who is seen by ``data`` and has an ``id``.
    ``type`` is "message" (with its ``data``, and its ``position`` where a server keeps messages), "open" (everything that others post is heard from
    here on), "cut" (the connection, for a ``reason``; it is made again), "refused" (a message that was posted here, by the server for a ``reason``), "lost" (``count`` messages) or "unreadable" (something that is no message,
    for a ``reason``).
    """

    type: str
    data: Any = None
    position: str | None = None
    count: int = 0
    reason: str = ""
    id: str | None = None


class BroadcastChannel(_native.BroadcastCore):  # type: ignore[misc]
    """A channel: what one posts reaches all others of its name, and not itself.

    ``async with`` waits until it hears of everything, ``async for`` gives the messages of others: what was posted, of None, bool, int, float, str,
    bytes, lists and dicts. The url says where the others are: "local:NAME" for the processes of this machine, "redis://HOST"
    or "nats://HOST" for all that use that server. With ``history`` the server keeps so many messages, and reading may begin in the past (``since="start"``, or the
    position of a message). Without a url it is what the variable
    TWINLOOP_BROADCAST says, or else the loops of this process and of those that ``twinloop serve`` has started with it.
    """

    def __new__(
        cls,
        name: str,
        *,
        url: str | None = None,
        history: int | None = None,
        since: str | None = None,
        presence: Any = None,
        beat: float = 10.0,
        open_timeout: float = 10.0,
        stall_timeout: float = 5.0,
    ) -> BroadcastChannel:
        channel: BroadcastChannel = super().__new__(
            cls,
            name,
            url or usual_url(),
            history=history,
            since=since,
            presence=presence,
            beat=beat,
            open_timeout=open_timeout,
            stall_timeout=stall_timeout,
        )
        return channel

    async def __aenter__(self) -> BroadcastChannel:
        await self.ready()
        return self

    def __aiter__(self) -> BroadcastChannel:
        return self

    async def __anext__(self) -> Any:
        while True:
            event = await self.next_event()
            if event is None:
                raise StopAsyncIteration
            match event[0]:
                case "message":
                    return event[1]
                case "lost":
                    raise MessagesLost(event[1])

    async def events(self) -> AsyncIterator[BroadcastEvent]:
        """Give everything that happens, until the channel is closed."""
        while (event := await self.next_event()) is not None:
            match event:
                case ("message", data, position):
                    yield BroadcastEvent("message", data, position)
                case ("join" | "leave" as kind, data, member):
                    yield BroadcastEvent(kind, data, id=member)
                case ("lost", count):
                    yield BroadcastEvent("lost", count=count)
                case (kind, reason):
                    yield BroadcastEvent(kind, reason=reason)
                case (kind,):
                    yield BroadcastEvent(kind)

    def __repr__(self) -> str:
        return f"<BroadcastChannel {self.name!r}{' closed' if self.closed else ''}>"
