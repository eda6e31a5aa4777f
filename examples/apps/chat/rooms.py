"""The rooms: who is in them, what they may do, and what becomes of it.

A message is stored before its sender is told so and before anybody hears it. Each member has a queue of what it has not read yet, and a
task that sends it: who reads so slowly that the queue is full is cut, asks for the rest when back, and keeps nobody waiting.
"""

import asyncio
import itertools
import json
import re
import time
import uuid
from dataclasses import dataclass, field

from bus import Bus

MOST_TEXT = 2000
MOST_PAGE = 100
MOST_NAMES = 50
MOST_SOCKETS = 20_000
MOST_WAITING = 256
# Messages at once, and a second.
BURST = 10
RATE = 2
# How often a process says who is in its rooms, and when one that says nothing is gone; seconds.
HERE_EVERY = 10
GONE_AFTER = 30
ROOM = re.compile(r"[\w-]{1,32}", re.ASCII)


@dataclass(eq=False)
class Member:
    room: str
    name: str
    waiting: asyncio.Queue = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))
    # Why its connection has to end: a code and a reason.
    over: asyncio.Future = field(default_factory=asyncio.Future)
    tokens: float = BURST
    at: float = field(default_factory=time.monotonic)
    typed_at: float = 0

    def tell(self, text):
        try:
            self.waiting.put_nowait(text)
        except asyncio.QueueFull:
            self.end(1013, "too slow")

    def end(self, code, reason):
        if not self.over.done():
            self.over.set_result((code, reason))

    def may_go_on(self):
        """A bucket that fills with time: whether another message may go out of it."""
        now = time.monotonic()
        self.tokens = min(BURST, self.tokens + (now - self.at) * RATE)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class Room:
    """A room that somebody is in: those who are, and what other processes say of theirs."""

    name: str
    members: set = field(default_factory=set)
    here: dict = field(default_factory=dict)
    # The number of the last message that was heard.
    newest: int = 0
    saying: asyncio.TimerHandle | None = None

    def tell(self, news):
        text = json.dumps(news)
        for member in self.members:
            member.tell(text)


class Rooms:
    def __init__(self, store, bus_url=None):
        self.me = str(uuid.uuid4())
        self.store = store
        self.rooms = {}
        self.count = 0
        self.bus = Bus(bus_url, self.heard, self.returned)
        self.saying_again = self.catching_up = None

    async def __aenter__(self):
        await self.bus.__aenter__()
        self.saying_again = asyncio.create_task(self._say_again())
        return self

    async def __aexit__(self, *_):
        for task in (self.saying_again, self.catching_up):
            if task is not None:
                task.cancel()
        await self.bus.__aexit__()

    # ---- what is heard, from this process or another

    def heard(self, news):
        room = self.rooms.get(news["room"])
        if room is None:
            return
        if news.get("call"):
            self.say_who_is_here(room)
        elif "here" in news:
            self.show_who_is_here(room, news["from"], news["here"])
        else:
            if "message" in news:
                room.newest = max(room.newest, news["message"]["number"])
            room.tell({key: value for key, value in news.items() if key != "room"})

    def say_who_is_here(self, room):
        # The more there are, the more it costs to tell them all, and the seldomer they are told.
        if room.saying is None:
            pause = 0.05 + len(room.members) / 2000
            room.saying = asyncio.get_running_loop().call_later(pause, self._say_who_is_here, room)

    def _say_who_is_here(self, room):
        room.saying = None
        names = sorted({member.name for member in room.members})[:MOST_NAMES]
        self.bus.say({"room": room.name, "from": self.me, "here": {"count": len(room.members), "names": names}})
        if not room.members:
            self.rooms.pop(room.name, None)

    def show_who_is_here(self, room, process, here):
        now = time.monotonic()
        names = [str(name) for name in here["names"]]
        room.here[process] = {"count": int(here["count"]), "names": names, "until": now + GONE_AFTER}
        room.here = {key: each for key, each in room.here.items() if each["count"] > 0 and each["until"] > now}
        names = {name for each in room.here.values() for name in each["names"]}
        count = sum(each["count"] for each in room.here.values())
        room.tell({"here": {"count": count, "names": sorted(names)[:MOST_NAMES]}, "newest": room.newest})

    async def _say_again(self):
        while True:
            await asyncio.sleep(HERE_EVERY)
            for room in self.rooms.values():
                self.say_who_is_here(room)

    def returned(self):
        if self.catching_up is not None:
            self.catching_up.cancel()  # this one begins again
        self.catching_up = asyncio.create_task(self._catch_up())

    async def _catch_up(self):
        """Processes could not hear each other: pages are told how far their rooms are, and ask for what they lack."""
        for room in self.rooms.values():
            self.say_who_is_here(room)
        for name in list(self.rooms):
            # The database may be away as well, as it is when a machine begins anew: then until it answers.
            for attempt in itertools.count():
                try:
                    self.bus.say({"room": name, "newest": await self.store.newest(name)})
                    break
                except Exception as error:
                    if attempt == 0:
                        print(f"chat: it is not known how far the rooms are, which is asked until it is: {error}", flush=True)
                    await asyncio.sleep(0.5)

    # ---- what people do

    def enter(self, member):
        self.count += 1
        room = self.rooms.get(member.room)
        if room is None:
            room = self.rooms[member.room] = Room(member.room)
            self.bus.say({"room": room.name, "call": True})
        room.members.add(member)
        self.say_who_is_here(room)

    def leave(self, member):
        self.count -= 1
        room = self.rooms[member.room]
        room.members.discard(member)
        self.say_who_is_here(room)

    async def do(self, member, news):
        """What a page sent."""
        if isinstance(news, dict) and "say" in news:
            await self.say(member, news["say"], news.get("id"))
        elif isinstance(news, dict) and "since" in news:
            await self.since(member, news["since"])
        elif isinstance(news, dict) and news.get("typing"):
            self.typing(member)
        else:
            member.end(1008, "that was no message of the chat")

    async def say(self, member, text, id):
        def refuse(why, later=False):
            member.tell(json.dumps({"refused": id, "why": why, "later": later}))

        if not isinstance(id, str) or len(id) > 64:
            return refuse("a message needs an id of 64 characters at most")
        if not isinstance(text, str) or not text.strip():
            return refuse("a message needs a text")
        if len(text) > MOST_TEXT:
            return refuse(f"a message has {MOST_TEXT} characters at most")
        if not member.may_go_on():
            return refuse("not so fast", later=True)
        try:
            message = await self.store.add(member.room, member.name, id, text)
        except Exception as error:
            print(f"chat: a message was not stored: {error}", flush=True)
            return refuse("the server could not store it", later=True)
        member.tell(json.dumps({"stored": id, "number": message["number"]}))
        self.bus.say({"room": member.room, "message": message})

    async def since(self, member, number):
        if not isinstance(number, int) or number < 0:
            return
        try:
            newest = await self.store.newest(member.room)
            start = max(0, newest - MOST_PAGE) if number == 0 else number
            messages = await self.store.since(member.room, start, MOST_PAGE)
        except Exception as error:
            print(f"chat: messages were not found: {error}", flush=True)
            return member.end(1013, "the history is away")
        member.tell(json.dumps({"messages": messages, "newest": newest}))

    def typing(self, member):
        now = time.monotonic()
        if now - member.typed_at >= 1:
            member.typed_at = now
            self.bus.say({"room": member.room, "typing": member.name})
