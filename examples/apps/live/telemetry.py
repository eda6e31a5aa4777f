"""What the server measures of itself, twice a second, as server-sent events.

All viewers look at one list of the last measurements, each with a place of its own in it: a viewer who is slow misses some and sees by the
ids that it did, and one who was away says where it was (``Last-Event-ID``) and gets what is still there.
"""

import asyncio
import json
import os
import time
from collections import deque
from pathlib import Path

EVERY_MS = float(os.environ.get("TELEMETRY_MS", "500"))
KEPT = 120

last = deque(maxlen=KEPT)
number = 0
viewers = 0
measuring = None
# Set when there is a new one, for those who have seen all.
news = asyncio.Event()


async def measure():
    global number, news
    while True:
        await asyncio.sleep(EVERY_MS / 1000)
        memory = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        measurement = {"cpu_s": time.process_time(), "memory": memory, "viewers": viewers, "at": int(time.time() * 1000)}
        number += 1
        last.append(f"id: {number}\ndata: {json.dumps(measurement)}\n\n")
        news.set()
        news = asyncio.Event()


async def events(last_id):
    global viewers, measuring
    seen = int(last_id) if last_id.isdecimal() and len(last_id) <= 15 else 0
    # Who was not here before begins with the newest. A number from before the server's start is not one of this list.
    following = seen + 1 if 0 < seen <= number else max(1, number)
    viewers += 1
    measuring = measuring or asyncio.create_task(measure())
    try:
        yield "retry: 1000\n\n"
        while True:
            while following > number:
                await news.wait()
            oldest = number - len(last) + 1
            following = max(following, oldest)
            yield last[following - oldest]
            following += 1
    finally:
        viewers -= 1
        if viewers == 0:
            measuring.cancel()
            measuring = None
